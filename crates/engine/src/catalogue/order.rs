//! Shuffling, sorting, and what rests on them.

use sharewell_mpc::order::{self, DIGIT, Key, Ties};
use sharewell_mpc::{Protocol, Result, Rows, Share, Way};
use sharewell_ring::Integer;

use super::check::{all, exact};
use super::{Card, Draw, Given, Operand, Operation, Secret, Unit, Visitor, Wrong, integers};

pub(super) fn each(visitor: &mut impl Visitor) {
    visitor.visit(&Shuffle);
    visitor.visit(&Sort);
    visitor.visit(&SortWithPayload);
    visitor.visit(&Merge);
    visitor.visit(&Rank);
    visitor.visit(&Median);
    visitor.visit(&Compact);
    visitor.visit(&SegmentedSum);
}

const SORT: &str = "Chida et al. 2019 (eprint 2019/695); Asharov et al. 2022 (eprint 2022/1595)";
/// Bits of the shorter keys.
const KEY_BITS: u32 = 32;

fn card(name: &'static str, what: &'static str, range: &str, n: usize) -> Card {
    Card {
        name,
        group: "Order",
        what,
        range: range.into(),
        error: "exact".into(),
        source: SORT,
        n,
        unit: Unit::Elements(1),
    }
}

/// Few of many are equal, many of few.
fn keys(n: usize, draw: &mut Draw) -> Operand {
    draw.signed(n, KEY_BITS)
}

/// The elements' places in stable order.
fn sorted(x: &Operand) -> Vec<usize> {
    let keys: Vec<i128> = x.values().collect();
    let mut order: Vec<usize> = (0..keys.len()).collect();
    order.sort_by_key(|&i| keys[i]);
    order
}

struct Shuffle;
impl Operation for Shuffle {
    fn card(&self) -> Card {
        let source = "Araki et al. CCS 2021: three pairs permute in turn";
        let what = "n elements in an order that nobody knows";
        Card { source, ..card("shuffle", what, "any", 1_000_000) }
    }
    fn operands<R: Integer>(&self, n: usize, draw: &mut Draw) -> Vec<Operand> {
        vec![draw.signed(n, R::BITS)]
    }
    fn run<P: Protocol>(&self, p: &mut P, on: &Given<P>) -> Result<Vec<Secret<P>>> {
        let by = p.draw_shuffle(on.n)?;
        let rows = p.shuffle(&by, Way::Forward, Rows::ints(vec![on.integers(0).clone()]))?;
        Ok(rows.ints.into_iter().map(Secret::Integers).collect())
    }
    fn check<R: Integer>(&self, n: usize, x: &[Operand], z: &[Vec<R>]) -> Result<(), Wrong> {
        let mut shuffled = z[0].clone();
        shuffled.sort_by_key(|z| z.to_i128());
        let order = sorted(&x[0]);
        all(&shuffled, n, |i| exact(x[0].at(order[i])))
    }
}

struct Sort;
impl Operation for Sort {
    fn card(&self) -> Card {
        card("sort", "n keys as wide as the ring in ascending order", "any", 100_000)
    }
    fn operands<R: Integer>(&self, n: usize, draw: &mut Draw) -> Vec<Operand> {
        vec![draw.signed(n, R::BITS)]
    }
    fn run<P: Protocol>(&self, p: &mut P, on: &Given<P>) -> Result<Vec<Secret<P>>> {
        let key = Key::signed(p, on.integers(0), P::Ring::BITS)?;
        let to = order::sort(p, &[key], DIGIT)?;
        let rows = order::apply(p, &to, Rows::ints(vec![on.integers(0).clone()]))?;
        Ok(rows.ints.into_iter().map(Secret::Integers).collect())
    }
    fn check<R: Integer>(&self, n: usize, x: &[Operand], z: &[Vec<R>]) -> Result<(), Wrong> {
        let order = sorted(&x[0]);
        all(&z[0], n, |i| exact(x[0].at(order[i])))
    }
}

struct SortWithPayload;
impl Operation for SortWithPayload {
    fn card(&self) -> Card {
        let what = "n rows of a key and a column by their keys, equal ones in their order";
        card("sort with payload", what, "keys signed, 32 bits", 1_000_000)
    }
    fn operands<R: Integer>(&self, n: usize, draw: &mut Draw) -> Vec<Operand> {
        vec![keys(n, draw), draw.signed(n, R::BITS)]
    }
    fn run<P: Protocol>(&self, p: &mut P, on: &Given<P>) -> Result<Vec<Secret<P>>> {
        let key = Key::signed(p, on.integers(0), KEY_BITS)?;
        let to = order::sort(p, &[key], DIGIT)?;
        let columns = vec![on.integers(0).clone(), on.integers(1).clone()];
        let rows = order::apply(p, &to, Rows::ints(columns))?;
        Ok(rows.ints.into_iter().map(Secret::Integers).collect())
    }
    fn check<R: Integer>(&self, n: usize, x: &[Operand], z: &[Vec<R>]) -> Result<(), Wrong> {
        let order = sorted(&x[0]);
        all(&z[0], n, |i| exact(x[0].at(order[i])))?;
        all(&z[1], n, |i| exact(x[1].at(order[i])))
    }
}

/// Of two halves.
struct Merge;
impl Operation for Merge {
    fn card(&self) -> Card {
        let what = "n keys in two sorted halves, merged";
        Card { source: "Batcher 1968", ..card("merge", what, "signed, 32 bits", 100_000) }
    }
    fn operands<R: Integer>(&self, n: usize, _: &mut Draw) -> Vec<Operand> {
        let limit = 1 << (KEY_BITS - 1);
        let half = |len: usize, step: i128| {
            Operand::new(len, (-limit, limit - 1), move |i| i as i128 * step - 1_000)
        };
        vec![half(n / 2, 5), half(n - n / 2, 3)]
    }
    fn run<P: Protocol>(&self, p: &mut P, on: &Given<P>) -> Result<Vec<Secret<P>>> {
        let first = Key::signed(p, on.integers(0), KEY_BITS)?;
        let second = Key::signed(p, on.integers(1), KEY_BITS)?;
        let to = order::merge(p, [&first, &second], DIGIT)?;
        let both = P::AShare::concat(&[on.integers(0), on.integers(1)]);
        let rows = order::apply(p, &to, Rows::ints(vec![both]))?;
        Ok(rows.ints.into_iter().map(Secret::Integers).collect())
    }
    fn check<R: Integer>(&self, n: usize, x: &[Operand], z: &[Vec<R>]) -> Result<(), Wrong> {
        let mut keys: Vec<i128> = x[0].values().chain(x[1].values()).collect();
        keys.sort_unstable();
        all(&z[0], n, |i| exact(keys[i]))
    }
}

struct Rank;
impl Operation for Rank {
    fn card(&self) -> Card {
        let what = "the ranks of n keys, equal ones the least of theirs";
        card("rank", what, "signed, 32 bits", 100_000)
    }
    fn operands<R: Integer>(&self, n: usize, draw: &mut Draw) -> Vec<Operand> {
        vec![keys(n, draw)]
    }
    fn run<P: Protocol>(&self, p: &mut P, on: &Given<P>) -> Result<Vec<Secret<P>>> {
        let key = Key::signed(p, on.integers(0), KEY_BITS)?;
        Ok(integers(order::rank(p, &key, Ties::Min, DIGIT)?))
    }
    fn check<R: Integer>(&self, n: usize, x: &[Operand], z: &[Vec<R>]) -> Result<(), Wrong> {
        let order = sorted(&x[0]);
        let sorted: Vec<i128> = order.iter().map(|&i| x[0].at(i)).collect();
        let before = |key: i128| sorted.partition_point(|x| *x < key);
        all(&z[0], n, |i| exact(before(x[0].at(i)) as i128 + 1))
    }
}

struct Median;
impl Operation for Median {
    fn card(&self) -> Card {
        let unit = Unit::Elements(1);
        Card { unit, ..card("median", "the upper median of n", "signed, 32 bits", 100_000) }
    }
    fn sizes(&self) -> Vec<usize> {
        vec![1, 2, 127, 8_209]
    }
    fn operands<R: Integer>(&self, n: usize, draw: &mut Draw) -> Vec<Operand> {
        vec![keys(n, draw)]
    }
    fn run<P: Protocol>(&self, p: &mut P, on: &Given<P>) -> Result<Vec<Secret<P>>> {
        let places = [on.n / 2];
        Ok(integers(order::order_statistics(p, on.integers(0), KEY_BITS, &places, DIGIT)?))
    }
    fn check<R: Integer>(&self, n: usize, x: &[Operand], z: &[Vec<R>]) -> Result<(), Wrong> {
        let median = x[0].at(sorted(&x[0])[n / 2]);
        all(&z[0], 1, |_| exact(median))
    }
}

struct Compact;
impl Operation for Compact {
    fn card(&self) -> Card {
        card("compact", "n rows, those with a flag first, all in their order", "any", 1_000_000)
    }
    fn operands<R: Integer>(&self, n: usize, draw: &mut Draw) -> Vec<Operand> {
        vec![draw.signed(n, R::BITS), draw.bits(n, 1)]
    }
    fn run<P: Protocol>(&self, p: &mut P, on: &Given<P>) -> Result<Vec<Secret<P>>> {
        let (to, _count) = order::compaction(p, on.bits(1))?;
        let rows = order::apply(p, &to, Rows::ints(vec![on.integers(0).clone()]))?;
        Ok(rows.ints.into_iter().map(Secret::Integers).collect())
    }
    fn check<R: Integer>(&self, n: usize, x: &[Operand], z: &[Vec<R>]) -> Result<(), Wrong> {
        let mut order: Vec<usize> = (0..n).collect();
        order.sort_by_key(|&i| x[1].at(i) == 0);
        all(&z[0], n, |i| exact(x[0].at(order[i])))
    }
}

struct SegmentedSum;
impl Operation for SegmentedSum {
    fn card(&self) -> Card {
        let what = "running sums of n elements, anew at each flag";
        card("segmented_sum", what, "|sum| < 2^(k-1)", 1_000_000)
    }
    fn operands<R: Integer>(&self, n: usize, draw: &mut Draw) -> Vec<Operand> {
        // The first row begins a segment.
        let flags = draw.bits(n, 1);
        vec![draw.signed(n, 32), Operand::new_bits(n, 1, move |i| i128::from(i == 0) | flags.at(i))]
    }
    fn run<P: Protocol>(&self, p: &mut P, on: &Given<P>) -> Result<Vec<Secret<P>>> {
        let sums = order::segmented_sum(p, on.bits(1), &[on.integers(0)])?;
        Ok(sums.into_iter().map(Secret::Integers).collect())
    }
    fn check<R: Integer>(&self, n: usize, x: &[Operand], z: &[Vec<R>]) -> Result<(), Wrong> {
        let mut sum = 0;
        let running = (0..n).map(|i| {
            sum = x[0].at(i) + if x[1].at(i) == 1 { 0 } else { sum };
            sum
        });
        let running: Vec<i128> = running.collect();
        all(&z[0], n, |i| exact(running[i]))
    }
}
