//! Whether two samples of views are of one distribution: a battery of statistics, each of which
//! would be a standard normal deviate if they were.

use std::ops::Range;

use sharewell_mpc::sim::View;
use sharewell_net::{Lane, PartyId, Step};

/// Standard deviations beyond which two samples differ. A test makes up to 10^8 comparisons:
/// chance alone goes so far once in 10,000 changes of the bytes of a run.
const SIGMAS: f64 = 7.0;

/// Messages up to so many bytes are compared within themselves, all bytes with all others.
const SHORT: usize = 256;

/// What a set of parties sees of one run.
pub(super) struct Seen {
    /// Sender, step, lane and length of each message, in order.
    shape: Vec<(PartyId, Step, Lane, usize)>,
    bodies: Vec<Vec<u8>>,
    /// Randomness that these parties can compute without any message.
    known: Vec<Vec<u8>>,
}

impl Seen {
    /// The views of some parties together. Lanes run at once: only each one's order is determined.
    pub(super) fn new(views: &[&[View]], known: &[Vec<u8>]) -> Self {
        let mut seen = Self { shape: vec![], bodies: vec![], known: known.to_vec() };
        for view in views {
            let mut view: Vec<&View> = view.iter().collect();
            view.sort_by_key(|message| (message.lane, message.from));
            for View { from, step, lane, body } in view {
                seen.shape.push((*from, *step, *lane, body.len()));
                seen.bodies.push(body.clone());
            }
        }
        seen
    }
}

/// Bits over many runs, 64 to a word.
type Column<'a> = &'a [u64];

/// What is seen in many runs.
struct Sample<'a> {
    runs: &'a [Seen],
    words: usize,
    /// Columns of every bit, one after the other.
    columns: Vec<u64>,
}

impl<'a> Sample<'a> {
    fn new(runs: &'a [Seen]) -> Self {
        let words = runs.len().div_ceil(64);
        let each = |seen: &'a Seen| seen.bodies.iter().chain(&seen.known);
        let bits = 8 * each(&runs[0]).map(Vec::len).sum::<usize>();
        let mut columns = vec![0; bits * words];
        for (run, seen) in runs.iter().enumerate() {
            for (at, byte) in each(seen).flatten().enumerate() {
                for bit in 0..8 {
                    let one = u64::from(byte >> bit & 1) << (run % 64);
                    columns[(8 * at + bit) * words + run / 64] |= one;
                }
            }
        }
        Self { runs, words, columns }
    }

    fn column(&self, bit: usize) -> Column<'_> {
        &self.columns[bit * self.words..][..self.words]
    }

    fn ones(&self, bit: usize) -> u32 {
        self.column(bit).iter().map(|word| word.count_ones()).sum()
    }

    /// In how many runs two bits differ.
    fn unlike(&self, one: usize, other: usize) -> u32 {
        let pairs = self.column(one).iter().zip(self.column(other));
        pairs.map(|(x, y)| (x ^ y).count_ones()).sum()
    }

    /// How often each value of some bytes of a message occurs, seen through `of`.
    fn histogram(&self, message: usize, at: Range<usize>, of: fn(u8) -> u8) -> [u32; 256] {
        let mut out = [0; 256];
        let bytes = self.runs.iter().flat_map(|seen| &seen.bodies[message][at.clone()]);
        bytes.for_each(|byte| out[usize::from(of(*byte))] += 1);
        out
    }
}

/// Deviates of the difference of two frequencies among `runs` each.
fn frequencies(x: u32, y: u32, runs: usize) -> f64 {
    let (x, y, runs) = (f64::from(x), f64::from(y), runs as f64);
    let p = (x + y) / (2.0 * runs);
    let variance = 2.0 * runs * p * (1.0 - p);
    if variance == 0.0 { 0.0 } else { (x - y).abs() / variance.sqrt() }
}

/// Deviates of the chi square of two histograms of as many values, after Wilson and Hilferty.
fn histograms(x: &[u32; 256], y: &[u32; 256]) -> f64 {
    let (mut chi_square, mut bins) = (0.0, 0.0f64);
    for (&x, &y) in x.iter().zip(y).filter(|(x, y)| **x + **y > 0) {
        chi_square += (f64::from(x) - f64::from(y)).powi(2) / f64::from(x + y);
        bins += 1.0;
    }
    let spread = 2.0 / (9.0 * (bins - 1.0));
    if bins < 2.0 {
        0.0
    } else {
        ((chi_square / (bins - 1.0)).cbrt() - 1.0 + spread) / spread.sqrt()
    }
}

/// What tells two samples of equally many runs apart, if anything does.
pub(super) fn difference(one: &[Seen], other: &[Seen]) -> Option<String> {
    let shape = &one[0].shape;
    if one.iter().chain(other).any(|seen| seen.shape != *shape) {
        return Some("lengths or order of messages".into());
    }
    let (x, y) = (Sample::new(one), Sample::new(other));
    let starts: Vec<usize> = shape
        .iter()
        .scan(0, |end, message| Some(std::mem::replace(end, *end + message.3)))
        .collect();
    let found = alone(&x, &y, &starts).or_else(|| in_pairs(&x, &y, &starts));
    found.map(|(what, messages)| {
        let names: Vec<String> = messages.iter().map(|m| format!("{:?}", shape.get(*m))).collect();
        format!("{what} of {}", names.join(" and "))
    })
}

type Found = Option<(String, Vec<usize>)>;

fn judged(what: &str, deviates: f64, messages: &[usize]) -> Found {
    (deviates > SIGMAS).then(|| (format!("{what} ({deviates:.1} deviates)"), messages.to_vec()))
}

/// Every bit, every byte, and all bytes of a message together.
fn alone(x: &Sample<'_>, y: &Sample<'_>, starts: &[usize]) -> Found {
    for (message, &start) in starts.iter().enumerate() {
        let len = x.runs[0].bodies[message].len();
        let compared = |at: Range<usize>, of| {
            histograms(&x.histogram(message, at.clone(), of), &y.histogram(message, at, of))
        };
        for bit in 8 * start..8 * (start + len) {
            let deviates = frequencies(x.ones(bit), y.ones(bit), x.runs.len());
            if let Some(found) = judged("a bit", deviates, &[message]) {
                return Some(found);
            }
        }
        let halves: [fn(u8) -> u8; 2] = [|byte| byte & 15, |byte| byte >> 4];
        let bytes = (0..len).flat_map(|at| halves.map(|of| compared(at..at + 1, of)));
        let worst = bytes.fold(0.0, f64::max);
        let found = judged("a byte", worst, &[message])
            .or_else(|| judged("the bytes", compared(0..len, |byte| byte), &[message]));
        if found.is_some() {
            return found;
        }
    }
    None
}

/// Bits of the same place: in each pair of messages, in a message and in randomness that its
/// receiver knows, and in the bytes of each short message.
fn in_pairs(x: &Sample<'_>, y: &Sample<'_>, starts: &[usize]) -> Found {
    let Seen { bodies, known, .. } = &x.runs[0];
    let lens: Vec<usize> = bodies.iter().chain(known).map(Vec::len).collect();
    let mut starts = starts.to_vec();
    let mut end: usize = bodies.iter().map(Vec::len).sum();
    for stream in known {
        starts.push(end);
        end += stream.len();
    }
    let worst = |pairs: &mut dyn Iterator<Item = (usize, usize)>| {
        let deviates =
            pairs.map(|(i, j)| frequencies(x.unlike(i, j), y.unlike(i, j), x.runs.len()));
        deviates.fold(0.0, f64::max)
    };
    for one in 0..bodies.len() {
        for other in one + 1..lens.len() {
            let bits = 8 * lens[one].min(lens[other]);
            let mut pairs = (0..bits).map(|bit| (8 * starts[one] + bit, 8 * starts[other] + bit));
            if let Some(found) = judged("a bit of both", worst(&mut pairs), &[one, other]) {
                return Some(found);
            }
        }
        if lens[one] <= SHORT {
            let bits = 8 * starts[one]..8 * (starts[one] + lens[one]);
            let after = |bit: usize| (bit + 8..bits.end).step_by(8).map(move |next| (bit, next));
            let found = judged("two bits", worst(&mut bits.clone().flat_map(after)), &[one]);
            if found.is_some() {
                return found;
            }
        }
    }
    None
}
