//! Shuffling, sorting, and what rests on them.

use sharewell_mpc::order::{self, Key, Ties};
use sharewell_mpc::{Arithmetic, Protocol, Result, Rows, Share, Way};
use sharewell_ring::{Integer, Z32};

use super::check::{all, exact};
use super::{Card, Draw, Given, Operand, Operation, Secret, Unit, Visitor, Wrong, bits, integers};

pub(super) fn each(visitor: &mut impl Visitor) {
    visitor.visit(&Shuffle);
    visitor.visit(&Permute::Apply);
    visitor.visit(&Permute::ApplyInverse);
    visitor.visit(&Permute::Inverse);
    visitor.visit(&Permute::Compose);
    visitor.visit(&Sort);
    visitor.visit(&SortWithPayload);
    visitor.visit(&SortByTwo);
    visitor.visit(&Merge);
    visitor.visit(&Rank(Ties::Min));
    visitor.visit(&Rank(Ties::DoubledMean));
    visitor.visit(&Rank(Ties::Dense));
    visitor.visit(&Median);
    visitor.visit(&Starts);
    visitor.visit(&Compact);
    visitor.visit(&PrefixSum);
    visitor.visit(&Propagate);
    visitor.visit(&SegmentedSum);
}

const SORT: &str = "Chida et al. 2019 (eprint 2019/695); Asharov et al. 2022 (eprint 2022/1595)";
const MOVES: &str = "Hamada et al. 2014 (eprint 2014/121); Chida et al. 2019 (eprint 2019/695)";
/// Bits of the shorter keys.
const KEY_BITS: u32 = 32;

fn card(name: &'static str, what: &'static str, range: &str, n: usize) -> Card {
    Card { name, what, range: range.into(), source: SORT, ..Card::of("Order", n) }
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

/// By destinations; what they are makes no difference to what is done.
enum Permute {
    Apply,
    ApplyInverse,
    Inverse,
    Compose,
}
impl Permute {
    /// Where row `i` of `n` goes: all in turn, for a step that has no factor in common with `n`.
    fn to(n: usize, i: usize) -> usize {
        let coprime =
            |step: &usize| (2..=*step).all(|f| !step.is_multiple_of(f) || !n.is_multiple_of(f));
        let step = (2..).find(coprime).expect("a step");
        (i * step + n / 3) % n
    }

    fn from(n: usize) -> Vec<usize> {
        let mut from = vec![0; n];
        (0..n).for_each(|i| from[Self::to(n, i)] = i);
        from
    }
}
impl Operation for Permute {
    fn card(&self) -> Card {
        let of = |name, what| Card { source: MOVES, ..card(name, what, "any", 1_000_000) };
        match self {
            Self::Apply => of("apply", "n rows of one column, moved by a secret permutation"),
            Self::ApplyInverse => of("apply_inverse", "the same, moved back"),
            Self::Inverse => of("inverse permutation", "what takes a secret permutation of n back"),
            Self::Compose => of("compose", "two secret permutations of n as one"),
        }
    }
    fn operands<R: Integer>(&self, n: usize, draw: &mut Draw) -> Vec<Operand> {
        match self {
            Self::Apply | Self::ApplyInverse => vec![draw.signed(n, R::BITS)],
            Self::Inverse | Self::Compose => vec![],
        }
    }
    fn run<P: Protocol>(&self, p: &mut P, on: &Given<P>) -> Result<Vec<Secret<P>>> {
        let numbers: Vec<Z32> = (0..on.n).map(|i| Z32(Self::to(on.n, i) as u32)).collect();
        let to = p.with_index(|q| Ok(q.public(&numbers)))?;
        let rows = || Rows::ints(vec![on.integers(0).clone()]);
        let rows = match self {
            Self::Apply => order::apply(p, &to, rows())?,
            Self::ApplyInverse => order::apply_inverse(p, &to, rows())?,
            Self::Inverse => return Ok(vec![Secret::Places(order::inverse(p, &to)?)]),
            Self::Compose => return Ok(vec![Secret::Places(order::compose(p, &to, &to)?)]),
        };
        Ok(rows.ints.into_iter().map(Secret::Integers).collect())
    }
    fn check<R: Integer>(&self, n: usize, x: &[Operand], z: &[Vec<R>]) -> Result<(), Wrong> {
        let (to, from) = (|i| Self::to(n, i), Self::from(n));
        all(&z[0], n, |i| {
            exact(match self {
                Self::Apply => x[0].at(from[i]),
                Self::ApplyInverse => x[0].at(to(i)),
                Self::Inverse => from[i] as i128,
                Self::Compose => to(to(i)) as i128,
            })
        })
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
        let to = order::sort(p, &[key])?;
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
        let to = order::sort(p, &[key])?;
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

/// The first key descending and unsigned, the second as usual.
struct SortByTwo;
impl SortByTwo {
    const FIRST_BITS: u32 = 8;
}
impl Operation for SortByTwo {
    fn card(&self) -> Card {
        let what = "n rows of two keys by the first, descending, then the second";
        card("sort by two keys", what, "unsigned, 8 bits; signed, 32 bits", 100_000)
    }
    fn operands<R: Integer>(&self, n: usize, draw: &mut Draw) -> Vec<Operand> {
        vec![draw.integers(n, 0, (1 << Self::FIRST_BITS) - 1), keys(n, draw)]
    }
    fn run<P: Protocol>(&self, p: &mut P, on: &Given<P>) -> Result<Vec<Secret<P>>> {
        let first = Key::unsigned(p, on.integers(0), Self::FIRST_BITS)?.descending(p);
        let second = Key::signed(p, on.integers(1), KEY_BITS)?;
        let to = order::sort(p, &[first, second])?;
        let columns = vec![on.integers(0).clone(), on.integers(1).clone()];
        let rows = order::apply(p, &to, Rows::ints(columns))?;
        Ok(rows.ints.into_iter().map(Secret::Integers).collect())
    }
    fn check<R: Integer>(&self, n: usize, x: &[Operand], z: &[Vec<R>]) -> Result<(), Wrong> {
        let mut rows: Vec<(i128, i128)> = x[0].values().zip(x[1].values()).collect();
        rows.sort_by_key(|(first, second)| (-first, *second));
        all(&z[0], n, |i| exact(rows[i].0))?;
        all(&z[1], n, |i| exact(rows[i].1))
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
        let to = order::merge(p, [&first, &second])?;
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

struct Rank(Ties);
impl Operation for Rank {
    fn card(&self) -> Card {
        let (name, what) = match self.0 {
            Ties::Min => ("rank", "the ranks of n keys, equal ones the least of theirs"),
            Ties::DoubledMean => {
                ("rank by mean", "the ranks of n keys, doubled, equal ones the mean of theirs")
            }
            Ties::Dense => ("dense rank", "the ranks of n keys, without gaps behind equal ones"),
        };
        card(name, what, "signed, 32 bits", 100_000)
    }
    fn operands<R: Integer>(&self, n: usize, draw: &mut Draw) -> Vec<Operand> {
        vec![keys(n, draw)]
    }
    fn run<P: Protocol>(&self, p: &mut P, on: &Given<P>) -> Result<Vec<Secret<P>>> {
        let key = Key::signed(p, on.integers(0), KEY_BITS)?;
        Ok(integers(order::rank(p, &key, self.0)?))
    }
    fn check<R: Integer>(&self, n: usize, x: &[Operand], z: &[Vec<R>]) -> Result<(), Wrong> {
        let order = sorted(&x[0]);
        let mut sorted: Vec<i128> = order.iter().map(|&i| x[0].at(i)).collect();
        if self.0 == Ties::Dense {
            sorted.dedup();
        }
        all(&z[0], n, |i| {
            let before = sorted.partition_point(|other| *other < x[0].at(i)) as i128;
            let until = sorted.partition_point(|other| *other <= x[0].at(i)) as i128;
            exact(if self.0 == Ties::DoubledMean { before + 1 + until } else { before + 1 })
        })
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
        Ok(integers(order::order_statistics(p, on.integers(0), KEY_BITS, &places)?))
    }
    fn check<R: Integer>(&self, n: usize, x: &[Operand], z: &[Vec<R>]) -> Result<(), Wrong> {
        let median = x[0].at(sorted(&x[0])[n / 2]);
        all(&z[0], 1, |_| exact(median))
    }
}

/// Of keys in order.
struct Starts;
impl Operation for Starts {
    fn card(&self) -> Card {
        let what = "which of n sorted keys differ from the one before, and the first";
        Card { source: "a tree of ANDs", ..card("starts", what, "32 bits", 1_000_000) }
    }
    fn operands<R: Integer>(&self, n: usize, _: &mut Draw) -> Vec<Operand> {
        vec![Operand::new_bits(n, KEY_BITS, |i| i as i128 / 3 * 7)]
    }
    fn run<P: Protocol>(&self, p: &mut P, on: &Given<P>) -> Result<Vec<Secret<P>>> {
        let key = Key { bits: on.bits(0).clone(), width: KEY_BITS as usize };
        Ok(bits(order::starts(p, &key)?))
    }
    fn check<R: Integer>(&self, n: usize, _: &[Operand], z: &[Vec<R>]) -> Result<(), Wrong> {
        all(&z[0], n, |i| exact(i.is_multiple_of(3).into()))
    }
}

struct Compact;
impl Operation for Compact {
    fn card(&self) -> Card {
        let what = "n rows, those with a flag first, all in their order; how many those are";
        card("compact", what, "any", 1_000_000)
    }
    fn operands<R: Integer>(&self, n: usize, draw: &mut Draw) -> Vec<Operand> {
        vec![draw.signed(n, R::BITS), draw.bits(n, 1)]
    }
    fn run<P: Protocol>(&self, p: &mut P, on: &Given<P>) -> Result<Vec<Secret<P>>> {
        let (to, count) = order::compaction(p, on.bits(1))?;
        let rows = order::apply(p, &to, Rows::ints(vec![on.integers(0).clone()]))?;
        let rows = rows.ints.into_iter().map(Secret::Integers);
        Ok(rows.chain([Secret::Places(count)]).collect())
    }
    fn check<R: Integer>(&self, n: usize, x: &[Operand], z: &[Vec<R>]) -> Result<(), Wrong> {
        let mut order: Vec<usize> = (0..n).collect();
        order.sort_by_key(|&i| x[1].at(i) == 0);
        all(&z[0], n, |i| exact(x[0].at(order[i])))?;
        all(&z[1], 1, |_| exact(x[1].values().sum()))
    }
}

struct PrefixSum;
impl Operation for PrefixSum {
    fn card(&self) -> Card {
        let what = "running sums of n elements";
        Card { source: "local", ..card("prefix_sum", what, "|sum| < 2^(k-1)", 1_000_000) }
    }
    fn operands<R: Integer>(&self, n: usize, draw: &mut Draw) -> Vec<Operand> {
        vec![draw.signed(n, 32)]
    }
    fn run<P: Protocol>(&self, _: &mut P, on: &Given<P>) -> Result<Vec<Secret<P>>> {
        let mut sums = on.integers(0).clone();
        sums.prefix_sum();
        Ok(integers(sums))
    }
    fn check<R: Integer>(&self, n: usize, x: &[Operand], z: &[Vec<R>]) -> Result<(), Wrong> {
        let sum = |sum: &mut i128, x: i128| {
            *sum += x;
            Some(*sum)
        };
        let sums: Vec<i128> = x[0].values().scan(0, sum).collect();
        all(&z[0], n, |i| exact(sums[i]))
    }
}

/// Flags of which the first is 1.
fn beginnings(n: usize, draw: &mut Draw) -> Operand {
    let flags = draw.bits(n, 1);
    Operand::new_bits(n, 1, move |i| i128::from(i == 0) | flags.at(i))
}

struct Propagate;
impl Operation for Propagate {
    fn card(&self) -> Card {
        card("propagate", "n elements, each become the last one with a flag", "any", 1_000_000)
    }
    fn operands<R: Integer>(&self, n: usize, draw: &mut Draw) -> Vec<Operand> {
        let numbers = draw.signed(n, R::BITS);
        vec![numbers, beginnings(n, draw)]
    }
    fn run<P: Protocol>(&self, p: &mut P, on: &Given<P>) -> Result<Vec<Secret<P>>> {
        let values = order::propagate(p, on.bits(1), vec![on.integers(0).clone()])?;
        Ok(values.into_iter().map(Secret::Integers).collect())
    }
    fn check<R: Integer>(&self, n: usize, x: &[Operand], z: &[Vec<R>]) -> Result<(), Wrong> {
        let last = |last: &mut usize, i: usize| {
            *last = if x[1].at(i) == 1 { i } else { *last };
            Some(*last)
        };
        let last: Vec<usize> = (0..n).scan(0, last).collect();
        all(&z[0], n, |i| exact(x[0].at(last[i])))
    }
}

struct SegmentedSum;
impl Operation for SegmentedSum {
    fn card(&self) -> Card {
        let what = "running sums of n elements, anew at each flag";
        card("segmented_sum", what, "|sum| < 2^(k-1)", 1_000_000)
    }
    fn operands<R: Integer>(&self, n: usize, draw: &mut Draw) -> Vec<Operand> {
        let numbers = draw.signed(n, 32);
        vec![numbers, beginnings(n, draw)]
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
