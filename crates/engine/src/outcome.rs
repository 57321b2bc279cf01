//! What a party may know after a run: the released table if it is a recipient, what the run
//! cost, and what it learned.

use serde::{Deserialize, Serialize};
use sharewell_analytics::poisson;
use sharewell_analytics::stats::Divisor;
use sharewell_study::{Missing, Objective, Truncation};

use crate::grouped::{self, Filled, Grouped};
use crate::hidden::UNDEFINED;
use crate::joint::{Opened, Scale};
use crate::noise::{NoiseOf, interval};
use crate::plan::{Column, Combine, Joint};
use crate::{Commitment, Countersigned, Plan, Plot, Quote, Withstands, arrange, statistic};

/// One party's account of a run.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq)]
pub struct Outcome {
    /// The party.
    pub party: String,
    /// The result, if the party is a recipient.
    pub results: Vec<ResultTable>,
    /// What the run cost.
    pub actual: Actual,
    /// What this party learned beyond its own rows.
    pub learned: Vec<String>,
    /// Data parties that count as if they had no records, because their shares did not fit
    /// together.
    pub left_out: Vec<String>,
    /// What each data party committed to before the first share moved.
    pub commitments: Vec<Commitment>,
    /// The account of the run that every party has signed.
    pub receipt: Countersigned,
    /// Of a recipient: what its results were salted with in the receipt.
    pub salt: Option<String>,
}

/// A run as its user sees it: stable JSON, documented in `docs/json.md`.
#[derive(Clone, Debug, Serialize, PartialEq)]
pub struct Report {
    /// The study's hash.
    pub study: String,
    /// The protocol that ran.
    pub protocol: &'static str,
    /// What it withstood.
    pub withstands: Withstands,
    /// The result.
    pub results: Vec<ResultTable>,
    /// Data parties that are not in it, because their shares did not fit together.
    pub left_out: Vec<String>,
    /// What each data party committed to before the first share moved.
    pub commitments: Vec<Commitment>,
    /// The noise in each released sum or count, where the study asks for privacy.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub noise: Vec<NoiseOf>,
    /// The account of the run that every party has signed.
    pub receipt: Countersigned,
    /// What the results were salted with in the receipt, at a recipient.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub salt: Option<String>,
    /// The price that was quoted.
    pub quote: Quote,
    /// The price that was paid.
    pub actual: Actual,
}

/// A released table.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq)]
pub struct ResultTable {
    /// The study's name.
    pub name: String,
    /// Names of the columns.
    pub columns: Vec<String>,
    /// Units of the columns; empty where there is none.
    pub units: Vec<String>,
    /// Rows; `null` where a cell is suppressed or undefined.
    pub rows: Vec<Vec<Cell>>,
    /// Per column the worst absolute error of its released values; `null` for texts.
    pub error_bound: Vec<Option<f64>>,
    /// Why cells are empty.
    pub notes: Vec<Note>,
    /// How it is best drawn, if at all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plot: Option<Plot>,
}

/// Why a cell is empty.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
pub struct Note {
    /// Row, from 0.
    pub row: usize,
    /// Column name.
    pub column: String,
    /// The reason, as far as the release rule lets it be told.
    pub reason: String,
}

/// One value of a result.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq)]
#[serde(untagged)]
pub enum Cell {
    /// A whole number, exact.
    Integer(i64),
    /// Any other number.
    Number(f64),
    /// A group's name.
    Text(String),
    /// Suppressed or undefined; a note says why.
    Empty,
}

/// What a run cost.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq)]
pub struct Actual {
    /// The longest chain of dependent messages.
    pub rounds: u32,
    /// Payload bytes of the party that sent most.
    pub bytes_per_party: u64,
    /// Payload bytes that this party sent.
    pub bytes_sent: u64,
    /// The same with frame headers, encryption left out.
    pub wire_bytes_sent: u64,
    /// Seconds from the first shared input to the result.
    pub wall_s: f64,
    /// Processor seconds of this process for the same.
    pub cpu_s: f64,
    /// Seconds that this party waited for others.
    pub blocked_s: f64,
    /// What a round was worth in bytes, as the parties found their links: [`Plan::quote_at`].
    pub round_bytes: u64,
    /// Whether rounds and bytes of every party are exactly those quoted at that.
    pub as_quoted: bool,
    /// The same by step of the protocol, this party's part.
    pub steps: Vec<StepCost>,
}

/// What one named step cost this party.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq)]
pub struct StepCost {
    /// The step.
    pub step: String,
    /// Payload bytes sent.
    pub bytes_sent: u64,
    /// Frames sent.
    pub frames_sent: u64,
    /// Rounds that ended in it.
    pub rounds: u32,
    /// Seconds waited.
    pub blocked_s: f64,
}

/// The opened integers of a recipient, by meaning.
struct Decoder<'a> {
    plan: &'a Plan,
    integers: &'a [i128],
    scales: &'a [Scale],
}

/// A number with its worst error, or why there is none.
type Decoded = Result<(f64, f64), String>;

const UNVARIED: &str = "undefined: one of the two does not vary";

/// Rounding of arithmetic on doubles in the clear.
const CLEAR_RELATIVE: f64 = 1e-14;

/// The released tables; one, of the selected columns, unless a statistic is made of it.
pub(crate) fn tables(plan: &Plan, opened: &Opened) -> Option<Vec<ResultTable>> {
    Some(match &plan.study.objective {
        Objective::Statistic(statistic) => {
            let released = released(plan, opened)?;
            let decoder = Decoder::of(plan, opened)?;
            if plan.is_veiled {
                let table = &plan.study.table;
                return Some(statistic::finish_veiled(statistic, table, &|output| {
                    decoder.output(output, 0)
                }));
            }
            let number = |output| decoder.output(output, 0).map(|(value, _)| value);
            let hidden = plan.hidden.as_ref().map(|hidden| hidden.fit(plan, number));
            let fit = hidden.as_ref().or(opened.fit.as_ref());
            statistic::finish(plan, statistic, &released, opened, fit)
        }
        Objective::Sql(query) => {
            let found = plan.grouped.is_some();
            let table = Decoder::of(plan, opened)?.table();
            let table = arrange::arranged(query, found, table);
            vec![if plan.noise.is_empty() { table } else { interval::interleaved(table) }]
        }
        Objective::FailureRate { .. } => vec![Decoder::of(plan, opened)?.table()],
        Objective::Linkage(asked) => {
            let decoder = Decoder::of(plan, opened)?;
            statistic::linkage(plan, asked, &|output| decoder.output(output, 0))
        }
        Objective::Train(asked) => {
            let decoder = Decoder::of(plan, opened)?;
            let released = |output| decoder.output(output, 0);
            statistic::training(plan, asked, &released, decoder.learnt())
        }
        Objective::Quality(asked) => {
            let decoder = Decoder::of(plan, opened)?;
            statistic::quality(plan, asked, &|output| decoder.output(output, 0))
        }
    })
}

/// The numbers that a statistic asks for, by item and cell; none if nothing was opened here.
pub(crate) fn released<'a>(
    plan: &'a Plan,
    opened: &'a Opened,
) -> Option<impl Fn(usize, usize) -> Result<f64, String> + 'a> {
    let decoder = Decoder::of(plan, opened)?;
    Some(move |item: usize, cell: usize| {
        let column = &plan.columns[item].1;
        match decoder.column(column, cell) {
            Ok(Value::Number(value, _)) => Ok(value),
            Ok(Value::Text(_)) => unreachable!("a statistic asks for numbers"),
            Err(_) if decoder.is_known_empty(column) => Ok(0.0),
            Err(reason) => Err(reason),
        }
    })
}

impl<'a> Decoder<'a> {
    fn of(plan: &'a Plan, opened: &'a Opened) -> Option<Self> {
        let integers = opened.integers.as_deref()?;
        Some(Self { plan, integers, scales: &opened.scales })
    }
}

impl Decoder<'_> {
    /// Whether suppression of a count or sum says that it is 0.
    fn is_known_empty(&self, column: &Column) -> bool {
        let is_sum = |slot: &usize| matches!(self.plan.slots[*slot].combine, Combine::Sum);
        !self.plan.hides_cells()
            && matches!(column, Column::Clear(Joint::Slot(slot)) if is_sum(slot))
    }

    /// The selected columns, cell by cell.
    fn table(&self) -> ResultTable {
        let plan = self.plan;
        let mut bounds: Vec<Option<f64>> = vec![None; plan.columns.len()];
        let (mut rows, mut notes) = (vec![], vec![]);
        for cell in (0..plan.cells()).filter(|cell| self.is_shown(*cell)) {
            let mut row = vec![];
            for (at, (name, column)) in plan.columns.iter().enumerate() {
                row.push(match self.column(column, cell) {
                    Ok(Value::Text(text)) => Cell::Text(text),
                    Ok(Value::Number(value, error)) => {
                        let bound = bounds[at].get_or_insert(0.0);
                        *bound = bound.max(error);
                        number(value, error)
                    }
                    Err(reason) => {
                        notes.push(Note { row: rows.len(), column: name.clone(), reason });
                        Cell::Empty
                    }
                });
            }
            row.extend(self.noisy().flat_map(|(_, joint)| {
                let noisy =
                    |slot| self.clear(&Joint::Slot(slot), cell).ok().map(|(value, _)| value);
                interval::cells(plan, joint, interval::interval(plan, joint, &noisy))
            }));
            rows.push(row);
        }
        let mut columns: Vec<String> = plan.columns.iter().map(|(name, _)| name.clone()).collect();
        columns.extend(interval::heads(self.noisy().map(|(name, _)| name)));
        let mut units: Vec<String> = plan.columns.iter().map(|of| unit(plan, &of.1)).collect();
        let of_ends = |name: &str| plan.columns.iter().position(|of| of.0 == name);
        let ends = self.noisy().filter_map(|(name, _)| of_ends(name));
        let ends: Vec<String> =
            ends.flat_map(|at| [units[at].clone(), units[at].clone()]).collect();
        units.extend(ends);
        bounds.resize(columns.len(), None);
        let name = plan.study.name.clone();
        let plot = matches!(plan.study.objective, Objective::FailureRate { .. }).then(|| {
            let [estimate, lower, upper] = ["rate", "lower", "upper"].map(str::to_owned);
            Plot::Forest { estimate, lower, upper, ratio: false }
        });
        ResultTable { name, columns, units, rows, error_bound: bounds, notes, plot }
    }
}

enum Value {
    Text(String),
    Number(f64, f64),
}

impl Decoder<'_> {
    fn column(&self, column: &Column, cell: usize) -> Result<Value, String> {
        let number = |(value, error)| Value::Number(value, error);
        match column {
            Column::Group(column) => {
                let name = format!("\"{}\"", self.plan.study.table.columns[*column].name);
                let place = self.plan.local.group_by.iter().position(|group| *group == name);
                let place = place.expect("group columns of the result make its groups");
                Ok(Value::Text(self.plan.group_name(cell, place).to_owned()))
            }
            Column::Key { of, first } => self.key(*of, *first, cell),
            Column::Opened { output, root: false } => self.output(*output, cell).map(number),
            Column::Opened { output, root: true } => {
                self.output(*output, cell).map(root).map(number)
            }
            Column::Clear(joint) => self.clear(joint, cell).map(number),
            Column::Rate { events, exposure, per } => {
                let (events, _) = self.output(*events, cell)?;
                let (exposure, error) = self.output(*exposure, cell)?;
                let (rate, error) = quotient(((events * per, 0.0), (exposure, error)))
                    .map_err(|_| "no exposure".to_owned())?;
                Ok(Value::Number(rate, error))
            }
            Column::Limit { events, exposure, per, upper, confidence, truncation } => {
                let (rate, error) =
                    self.rate(*events, *exposure, cell, *confidence, *truncation)?;
                let limit = if *upper { rate.upper } else { rate.lower } * per;
                if limit.is_infinite() {
                    return Err("no failure: a failure-truncated upper limit does not exist".into());
                }
                // The quantile's own error, beside that of the exposure.
                Ok(Value::Number(limit, (error + 1e-10) * limit))
            }
        }
    }

    /// The columns that noise is in.
    fn noisy(&self) -> impl Iterator<Item = (&str, &Joint)> {
        let columns = self.plan.columns.iter().filter(|_| !self.plan.noise.is_empty());
        columns.filter_map(|(name, column)| match column {
            Column::Clear(joint) => Some((name.as_str(), joint)),
            _ => None,
        })
    }

    /// Of secret groups only those that pass the gate are there.
    fn is_shown(&self, cell: usize) -> bool {
        let all_of_group = |of: &Grouped| {
            let is_rows = |support: &crate::plan::Support| of.slots[support.slot] == Filled::Rows;
            self.plan.supports.iter().position(is_rows)
        };
        let groups = self.plan.grouped.as_ref().filter(|of| !of.keys.is_empty());
        let Some(support) = groups.and_then(all_of_group) else {
            return true;
        };
        self.integers[support * self.plan.cells() + cell] != 0
    }

    fn key(&self, of: usize, first: usize, cell: usize) -> Result<Value, String> {
        // The columns of pairs are those of the schema, twice.
        let table = &self.plan.study.table;
        let of = of % table.columns.len();
        let outputs = first..first + grouped::numbers(table, of);
        let mut parts: Vec<i128> = outputs.map(|output| self.raw(output, cell)).collect();
        if table.columns[of].missing == Missing::Allow && parts.remove(0) == 0 {
            return Err("no value".to_owned());
        }
        Ok(match grouped::text(table, of, &parts) {
            Some(text) => Value::Text(text),
            None => {
                let decimals = table.columns[of].quanta().map_or(0, |(_, _, decimals)| decimals);
                Value::Number(decimal(parts[0], decimals.into()), 0.0)
            }
        })
    }

    /// The rate and its relative error.
    fn rate(
        &self,
        events: usize,
        exposure: usize,
        cell: usize,
        confidence: f64,
        truncation: Truncation,
    ) -> Result<(poisson::Rate, f64), String> {
        let (events, _) = self.output(events, cell)?;
        let (exposure, error) = self.output(exposure, cell)?;
        let truncation = match truncation {
            Truncation::Time => poisson::Truncation::Time,
            Truncation::Failure => poisson::Truncation::Failure,
        };
        poisson::rate(events as u64, exposure, confidence, truncation)
            .map(|rate| (rate, error / exposure + CLEAR_RELATIVE))
            .ok_or_else(|| "no exposure".to_owned())
    }

    /// One opened value of one cell.
    fn output(&self, output: usize, cell: usize) -> Decoded {
        let plan = self.plan;
        let (cells, supports) = (plan.cells(), plan.supports.len());
        let flag = |block: usize| self.integers[block * cells + cell] != 0;
        if !plan.outputs[output].supports.iter().all(|&s| flag(s)) {
            return Err(plan.why_suppressed(cell));
        }
        let divides = |outputs: &[crate::plan::Output]| {
            outputs.iter().filter(|output| output.joint.divides()).count()
        };
        let before = divides(&plan.outputs[..output]);
        if plan.outputs[output].joint.divides() && !flag(supports + before) {
            return Err(match &plan.outputs[output].joint {
                Joint::Linked(_) => {
                    format!("suppressed: fewer than {} records", plan.study.release.min_records)
                }
                Joint::Fitted(_) => UNDEFINED.to_owned(),
                Joint::Correlation { .. } => UNVARIED.to_owned(),
                _ => "undefined: division by zero".to_owned(),
            });
        }
        let scale = &self.scales[output];
        let raw = self.raw(output, cell);
        let value = decimal(raw, scale.decimals) / f64::from(scale.frac_bits).exp2();
        let exact = scale.absolute == 0.0 && scale.relative == 0.0;
        // Reading the integer as a double and moving its point rounds once each.
        let shown = if exact && raw.unsigned_abs() < 1 << 53 { 0.0 } else { value.abs() * 2.3e-16 };
        // The stated error is relative to the exact value, which only the opened one tells of.
        let error = (scale.absolute + scale.relative * value.abs()) / (1.0 - scale.relative);
        // No variance is negative, whatever rounding says.
        let is_variance = matches!(plan.outputs[output].joint, Joint::Variance { .. });
        Ok((if is_variance { value.max(0.0) } else { value }, error + shown))
    }

    /// What was opened of a model.
    fn learnt(&self) -> &[i128] {
        let len = self.plan.learning.as_ref().map_or(0, |learning| learning.parts().len());
        let end = self.plan.opened_len() - self.plan.binding_len();
        &self.integers[end - len..end]
    }

    /// The opened integer of an output.
    fn raw(&self, output: usize, cell: usize) -> i128 {
        let plan = self.plan;
        let undefined = plan.outputs.iter().filter(|output| output.joint.divides()).count();
        let block = plan.supports.len() + undefined + output;
        self.integers[block * plan.cells() + cell]
    }

    /// Arithmetic over opened sums.
    fn clear(&self, joint: &Joint, cell: usize) -> Decoded {
        let slot = |slot: &usize| {
            let outputs = &self.plan.outputs;
            let is_slot = |joint: &Joint| matches!(joint, Joint::Slot(s) if s == slot);
            let output = outputs.iter().position(|output| is_slot(&output.joint));
            self.output(output.expect("sums behind clear columns are opened"), cell)
        };
        let pair =
            |x: &Joint, y: &Joint| Ok::<_, String>((self.clear(x, cell)?, self.clear(y, cell)?));
        let rounded = |value: f64, error: f64| Ok((value, error + CLEAR_RELATIVE * value.abs()));
        match joint {
            Joint::Slot(at) => slot(at),
            Joint::Rows(of) => {
                let is_that = |joint: &Joint| matches!(joint, Joint::Rows(other) if other == of);
                let output = self.plan.outputs.iter().position(|output| is_that(&output.joint));
                self.output(output.expect("what is made of rows is opened"), cell)
            }
            Joint::Repeats
            | Joint::Drift(_)
            | Joint::Linked(_)
            | Joint::Fitted(_)
            | Joint::Key { .. } => {
                unreachable!("calculated on shares alone")
            }
            Joint::Number(number) => Ok((decimal(number.digits, number.scale.into()), 0.0)),
            Joint::Neg(x) => self.clear(x, cell).map(|(x, error)| (-x, error)),
            Joint::Root(x) => self.clear(x, cell).map(root),
            Joint::Add(x, y) => {
                let ((x, ex), (y, ey)) = pair(x, y)?;
                Ok((x + y, ex + ey + CLEAR_RELATIVE * (x.abs() + y.abs())))
            }
            Joint::Sub(x, y) => {
                let ((x, ex), (y, ey)) = pair(x, y)?;
                Ok((x - y, ex + ey + CLEAR_RELATIVE * (x.abs() + y.abs())))
            }
            Joint::Mul(x, y) => {
                let ((x, ex), (y, ey)) = pair(x, y)?;
                rounded(x * y, ex * y.abs() + ey * x.abs() + ex * ey)
            }
            Joint::Div(x, y) => quotient(pair(x, y)?),
            // The count first: if it is suppressed, it tells every reason.
            Joint::Mean { sum, count, lo, hi } => {
                let count = slot(count)?;
                let (mean, error) = quotient((slot(sum)?, count))?;
                if self.plan.noise.is_empty() {
                    return Ok((mean, error));
                }
                // Noise may carry it to where no record is.
                let ends = [*lo, *hi].map(|end| decimal(end, self.plan.slots[*sum].decimals));
                Ok((mean.clamp(ends[0], ends[1]), error))
            }
            Joint::Variance { sum, squares, count, divisor, .. } => {
                let ((n, _), (sum, _), (squares, _)) = (slot(count)?, slot(sum)?, slot(squares)?);
                let (variance, error) = comoment([sum, sum], squares, n, *divisor)?;
                Ok((variance.max(0.0), error))
            }
            Joint::Covariance { sums: [x, y], products, count, divisor, .. } => {
                let ((n, _), (x, _), (y, _)) = (slot(count)?, slot(x)?, slot(y)?);
                comoment([x, y], slot(products)?.0, n, *divisor)
            }
            Joint::Correlation { sums: [x, y], squares: [xx, yy], products, count, .. } => {
                let ((n, _), (x, _), (y, _)) = (slot(count)?, slot(x)?, slot(y)?);
                let of = |sums, products: &usize| {
                    comoment(sums, slot(products)?.0, n, Divisor::Population)
                };
                correlation(of([x, y], products)?, of([x, x], xx)?, of([y, y], yy)?)
            }
        }
    }
}

/// A variance or covariance of sums around a centre.
fn comoment([x, y]: [f64; 2], products: f64, n: f64, divisor: Divisor) -> Decoded {
    let divisor = match divisor {
        Divisor::Sample => n - 1.0,
        Divisor::Population => n,
    };
    if divisor <= 0.0 {
        return Err("undefined: division by zero".into());
    }
    // Cancellation: the error is relative to what is subtracted.
    let error = CLEAR_RELATIVE * (products.abs() + (x * y / n).abs()) / divisor;
    Ok(((products - x * y / n) / divisor, error))
}

/// Of a covariance and two variances, each with its error.
fn correlation((xy, exy): (f64, f64), (xx, exx): (f64, f64), (yy, eyy): (f64, f64)) -> Decoded {
    // What rounding alone could have left is no variance.
    if xx <= exx || yy <= eyy {
        return Err(UNVARIED.to_owned());
    }
    let scale = xx.sqrt() * yy.sqrt();
    let r = (xy / scale).clamp(-1.0, 1.0);
    let error = exy / scale + r.abs() * (exx / xx + eyy / yy) + CLEAR_RELATIVE;
    Ok((r, error))
}

fn quotient(((x, ex), (y, ey)): ((f64, f64), (f64, f64))) -> Decoded {
    if y == 0.0 {
        return Err("undefined: division by zero".into());
    }
    let value = x / y;
    Ok((value, (ex + ey * value.abs()) / y.abs() + CLEAR_RELATIVE * value.abs()))
}

/// The root of a variance and its error; a rounded variance may lie just below zero.
fn root((variance, error): (f64, f64)) -> (f64, f64) {
    let root = variance.max(0.0).sqrt();
    // |sqrt(a) - sqrt(b)| <= |a - b| / (sqrt(a) + sqrt(b)) and <= sqrt(|a - b|)
    (root, if root > 0.0 { (error / root).min(error.sqrt()) } else { error.sqrt() })
}

fn decimal(raw: i128, decimals: i32) -> f64 {
    match u32::try_from(decimals) {
        // One correctly rounded division where both operands are exact.
        Ok(digits) if digits <= 22 => raw as f64 / 10f64.powi(decimals),
        _ => raw as f64 * 10f64.powi(-decimals),
    }
}

fn number(value: f64, error: f64) -> Cell {
    let whole = error == 0.0 && value.fract() == 0.0 && value.abs() < 2f64.powi(53);
    if whole { Cell::Integer(value as i64) } else { Cell::Number(value) }
}

/// The unit of a column that shows one study column as it is.
fn unit(plan: &Plan, column: &Column) -> String {
    let of_slot = |slot: usize| plan.slots[slot].unit.clone();
    let of_joint = |joint: &Joint, root: bool| match (joint, root) {
        (Joint::Slot(slot) | Joint::Mean { sum: slot, .. }, _) => of_slot(*slot),
        (Joint::Rows(of), _) => plan.of_rows[*of].unit.clone(),
        (Joint::Variance { sum, .. }, true) => of_slot(*sum),
        (Joint::Variance { sum, .. }, false) => {
            let unit = of_slot(*sum);
            if unit.is_empty() { unit } else { format!("{unit}^2") }
        }
        _ => String::new(),
    };
    match column {
        Column::Group(_) => String::new(),
        Column::Key { of, .. } => {
            let columns = &plan.study.table.columns;
            let unit = columns[*of % columns.len()].kind.unit();
            unit.filter(|unit| *unit != "1").unwrap_or_default().to_owned()
        }
        Column::Opened { output, root } => of_joint(&plan.outputs[*output].joint, *root),
        Column::Clear(Joint::Root(variance)) => of_joint(variance, true),
        Column::Clear(joint) => of_joint(joint, false),
        Column::Rate { exposure, per, .. } | Column::Limit { exposure, per, .. } => {
            let unit = of_joint(&plan.outputs[*exposure].joint, false);
            format!("per {per} {unit}").trim_end().to_owned()
        }
    }
}
