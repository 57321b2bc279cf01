//! How far the noise may have moved a number: intervals that hold the noiseless one with 95 %.
//!
//! Of each sum behind it an interval is taken such that all hold at once with 95 % (Bonferroni), and
//! arithmetic on intervals does the rest. It knows of no correlation, and is wide rather than wrong.

use crate::outcome::{Cell, ResultTable};
use crate::plan::{Joint, Plan};

/// How often an interval misses.
const MISSES: f64 = 0.05;

type Interval = [f64; 2];

/// The intervals of the sums of one cell.
struct Sums<'a> {
    plan: &'a Plan,
    /// How often the interval of one sum misses.
    misses: f64,
    noisy: &'a dyn Fn(usize) -> Option<f64>,
}

/// Where the noiseless value of a column lies, given the noisy sums; none where there is no end.
pub(crate) fn interval(
    plan: &Plan,
    joint: &Joint,
    noisy: &dyn Fn(usize) -> Option<f64>,
) -> Option<Interval> {
    let mut behind = joint.slots();
    behind.sort_unstable();
    behind.dedup();
    Sums { plan, misses: MISSES / behind.len().max(1) as f64, noisy }.of(joint)
}

impl Sums<'_> {
    fn of(&self, joint: &Joint) -> Option<Interval> {
        Some(match joint {
            Joint::Slot(at) => self.slot(*at)?,
            Joint::Number(of) => [of.digits as f64 / 10f64.powi(of.scale.into()); 2],
            Joint::Neg(x) => self.of(x).map(|[lo, hi]| [-hi, -lo])?,
            Joint::Root(x) => self.of(x)?.map(|end| end.max(0.0).sqrt()),
            Joint::Add(x, y) => sum(self.of(x)?, self.of(y)?),
            Joint::Sub(x, y) => {
                let [lo, hi] = self.of(y)?;
                sum(self.of(x)?, [-hi, -lo])
            }
            Joint::Mul(x, y) => product(self.of(x)?, self.of(y)?),
            Joint::Div(x, y) => quotient(self.of(x)?, self.of(y)?)?,
            Joint::Mean { sum, count, lo, hi } => {
                let quantum = 10f64.powi(-self.plan.slots[*sum].decimals);
                let (lo, hi) = (*lo as f64 * quantum, *hi as f64 * quantum);
                let mean = quotient(self.slot(*sum)?, self.slot(*count)?);
                mean.map_or([lo, hi], |mean| mean.map(|end| end.clamp(lo, hi)))
            }
            // Differences of nearly equal sums: what arithmetic on intervals says of them says
            // nothing.
            _ => return None,
        })
    }

    fn slot(&self, at: usize) -> Option<Interval> {
        let (value, of) = ((self.noisy)(at)?, &self.plan.slots[at]);
        let quantum = 10f64.powi(-of.decimals);
        let within = self.plan.noise[at].within(self.misses) * quantum;
        // No records have a sum beyond the agreed ranges.
        let givers = self.plan.givers().len() as f64;
        let (lo, hi) = (of.lo as f64 * quantum * givers, of.hi as f64 * quantum * givers);
        Some([value - within, value + within].map(|end| end.clamp(lo, hi)))
    }
}

fn sum(x: Interval, y: Interval) -> Interval {
    [x[0] + y[0], x[1] + y[1]]
}

fn product(x: Interval, y: Interval) -> Interval {
    let ends = [x[0] * y[0], x[0] * y[1], x[1] * y[0], x[1] * y[1]];
    [ends.into_iter().fold(f64::INFINITY, f64::min), ends.into_iter().fold(f64::MIN, f64::max)]
}

fn quotient(x: Interval, y: Interval) -> Option<Interval> {
    let spans_zero = y[0] <= 0.0 && y[1] >= 0.0;
    (!spans_zero).then(|| product(x, [1.0 / y[1], 1.0 / y[0]]))
}

/// What a table of noisy numbers holds behind its own columns: both ends for each of these.
pub(crate) fn heads<'a>(of: impl Iterator<Item = &'a str>) -> Vec<String> {
    of.flat_map(|name| [format!("{name} from"), format!("{name} to")]).collect()
}

/// The ends as cells; of a count they are whole.
pub(crate) fn cells(plan: &Plan, joint: &Joint, of: Option<Interval>) -> [Cell; 2] {
    let is_whole = matches!(joint, Joint::Slot(at) if plan.slots[*at].decimals <= 0);
    let cell = |end: f64| if is_whole { Cell::Integer(end as i64) } else { Cell::Number(end) };
    of.map_or([Cell::Empty, Cell::Empty], |ends| ends.map(cell))
}

/// A table whose last columns are the ends of some others, named after them, with each pair behind
/// its own column.
pub(crate) fn interleaved(mut table: ResultTable) -> ResultTable {
    let place = |name: &str| table.columns.iter().position(|other| other == name);
    let mut order: Vec<usize> = vec![];
    for (at, name) in table.columns.iter().enumerate() {
        if !order.contains(&at) {
            order.push(at);
            order.extend([" from", " to"].iter().filter_map(|end| place(&format!("{name}{end}"))));
        }
    }
    fn pick<T: Clone>(order: &[usize], of: &[T]) -> Vec<T> {
        order.iter().map(|at| of[*at].clone()).collect()
    }
    table.columns = pick(&order, &table.columns);
    table.units = pick(&order, &table.units);
    table.error_bound = pick(&order, &table.error_bound);
    table.rows = table.rows.iter().map(|row| pick(&order, row)).collect();
    table
}
