//! Operations of order and movement, and what must come out of them.

use sharewell_mpc::order::{self, Key, Places, SortBy, Ties};
use sharewell_mpc::{Arithmetic, BitShare, Protocol, Result, Rows, Share};
use sharewell_ring::Integer;

/// What is done with the inputs; digits of so many bits where it sorts, none of them: by pairs.
#[derive(Copy, Clone, Debug)]
pub(super) enum Task {
    /// All columns, by the first: bits, and whether signed and descending.
    Sort { bits: u32, signed: bool, descending: bool, digit: usize },
    /// The third by the first two, of so many bits, signed and unsigned.
    TwoKeys([u32; 2], usize),
    /// The first there and back, by the order of the second; and by permutations of it.
    Permutations(u32),
    /// The first two, each sorted before.
    Merge(u32),
    /// The second, rows first whose lowest bit of the first is set.
    Compaction,
    /// The second, in segments that begin where the lowest bit of the first is set.
    Segments,
    /// Ranks of the first.
    Rank(u32, Ties),
    /// Least, median and greatest of the first.
    Quantiles(u32),
}

fn sorted<P: Protocol>(p: &mut P, keys: &[Key<P::BShare>], digit: usize) -> Result<Places<P>> {
    let by = if digit == 0 { SortBy::Pairs } else { SortBy::Digits(digit) };
    order::sort_by(p, keys, by)
}

impl Task {
    fn run<P: Protocol>(self, p: &mut P, x: &[P::AShare]) -> Result<Vec<P::AShare>> {
        let n = x[0].len();
        Ok(match self {
            Self::Sort { bits, signed, descending, digit } => {
                let mut key = match signed {
                    true => Key::signed(p, &x[0], bits)?,
                    false => Key::unsigned(p, &x[0], bits)?,
                };
                if descending {
                    key = key.descending(p);
                }
                let to = sorted(p, &[key], digit)?;
                order::apply(p, &to, Rows::ints(x.to_vec()))?.ints
            }
            Self::TwoKeys(bits, digit) => {
                let first = Key::signed(p, &x[0], bits[0])?;
                let second = Key::unsigned(p, &x[1], bits[1])?;
                let to = sorted(p, &[first, second], digit)?;
                order::apply(p, &to, Rows::ints(vec![x[2].clone()]))?.ints
            }
            Self::Permutations(bits) => {
                let key = Key::signed(p, &x[1], bits)?;
                let to = order::sort_by(p, &[key], SortBy::Digits(2))?;
                let back = order::inverse(p, &to)?;
                let twice = order::compose(p, &to, &to)?;
                let nothing = order::compose(p, &to, &back)?;
                let mut out = vec![];
                for to in [&to, &back, &twice, &nothing, &order::identity(p, n)?] {
                    let bits = p.a2b(&x[2], P::Ring::BITS)?;
                    let rows = Rows { ints: vec![x[0].clone()], bits: vec![bits] };
                    let there = order::apply(p, to, rows)?;
                    out.push(p.b2a(&there.bits[0].pick(&[1]))?);
                    out.extend(there.ints.clone());
                    out.extend(order::apply_inverse(p, to, there)?.ints);
                }
                out
            }
            Self::Merge(bits) => {
                let mut sorted = vec![];
                for x in &x[..2] {
                    let key = Key::signed(p, x, bits)?;
                    let to = order::sort(p, std::slice::from_ref(&key))?;
                    let rows = Rows { ints: vec![x.clone()], bits: vec![key.bits] };
                    sorted.push(order::apply(p, &to, rows)?);
                }
                let [first, second] =
                    [0, 1].map(|i| Key { bits: sorted[i].bits[0].clone(), width: bits as usize });
                let to = order::merge(p, [&first, &second])?;
                let both = P::AShare::concat(&[&sorted[0].ints[0], &sorted[1].ints[0]]);
                let numbers = p.public(
                    &(0..Share::len(&both) as u128).map(P::Ring::from_u128).collect::<Vec<_>>(),
                );
                order::apply(p, &to, Rows::ints(vec![both, numbers]))?.ints
            }
            Self::Compaction => {
                let flags = p.a2b(&x[0], 1)?;
                let (to, count) = order::compaction(p, &flags)?;
                let count = p.with_index(|q| q.reveal(&count))?[0].0;
                let mut out = order::apply(p, &to, Rows::ints(vec![x[1].clone()]))?.ints;
                out.push(p.public(&[P::Ring::from_u128(count.into())]));
                out
            }
            Self::Segments => {
                let starts = p.a2b(&x[0], 1)?;
                let mut out = order::propagate(p, &starts, x[1..].to_vec())?;
                out.extend(order::segmented_sum(p, &starts, &[&x[1], &x[2]])?);
                out
            }
            Self::Rank(bits, ties) => {
                let key = Key::signed(p, &x[0], bits)?;
                vec![order::rank(p, &key, ties)?]
            }
            Self::Quantiles(bits) => {
                let places: &[usize] = if n == 0 { &[] } else { &[0, n / 2, n - 1] };
                vec![order::order_statistics(p, &x[0], bits, places)?]
            }
        })
    }

    pub(super) fn open<P: Protocol>(
        self,
        p: &mut P,
        mine: &[P::Ring],
        lens: [usize; 3],
    ) -> Result<Vec<Vec<P::Ring>>> {
        let x = p.input(mine, &lens)?;
        let out = self.run(p, &x)?;
        out.iter().map(|x| p.reveal(x)).collect()
    }

    /// What must come out.
    pub(super) fn expected<R: Integer>(self, x: &[Vec<R>; 3]) -> Vec<Vec<R>> {
        let n = x[0].len();
        let [a, b, _] = x.each_ref().map(|x| x.iter().map(|x| x.to_i128()).collect::<Vec<_>>());
        let low = |x: i128, bits: u32| x as u128 & u128::MAX >> (128 - bits);
        let sorted_by = |key: &dyn Fn(usize) -> (i128, u128)| {
            let mut rows: Vec<usize> = (0..n).collect();
            rows.sort_by_key(|&row| key(row));
            rows
        };
        let take = |x: &[R], rows: &[usize]| rows.iter().map(|&row| x[row]).collect::<Vec<R>>();
        let flag = |row: usize| a[row] & 1 == 1;
        match self {
            Self::Sort { signed, descending, .. } => {
                let sign = |x: i128| if descending { !x } else { x };
                let rows = sorted_by(&|row| match signed {
                    true => (sign(a[row]), 0),
                    false => (0, sign(low(a[row], R::BITS) as i128) as u128 ^ 1 << 127),
                });
                x.iter().map(|x| take(x, &rows)).collect()
            }
            Self::TwoKeys(..) => {
                vec![take(&x[2], &sorted_by(&|row| (a[row], low(b[row], R::BITS))))]
            }
            Self::Permutations(_) => {
                let rows = sorted_by(&|row| (b[row], 0));
                let mut back = vec![0; n];
                rows.iter().enumerate().for_each(|(place, &row)| back[row] = place);
                let twice: Vec<usize> = rows.iter().map(|&row| rows[row]).collect();
                let same: Vec<usize> = (0..n).collect();
                let bit: Vec<R> = x[2].iter().map(|x| R::from_u128(x.to_u128() >> 1 & 1)).collect();
                let each = [&rows, &back, &twice, &same, &same];
                each.iter()
                    .flat_map(|rows| [take(&bit, rows), take(&x[0], rows), x[0].clone()])
                    .collect()
            }
            Self::Merge(_) => {
                let mut both: Vec<(i128, usize)> = vec![];
                for x in [&a, &b] {
                    let mut sorted = x.clone();
                    sorted.sort_unstable();
                    both.extend(sorted.into_iter().zip(both.len()..));
                }
                both.sort_unstable();
                let number = |(_, row): &(i128, usize)| R::from_u128(*row as u128);
                let numbers = both.iter().map(number).collect();
                vec![both.iter().map(|(x, _)| R::from_i128(*x)).collect(), numbers]
            }
            Self::Compaction => {
                let rows = sorted_by(&|row| (0, u128::from(!flag(row))));
                let count = (0..n).filter(|&row| flag(row)).count();
                vec![take(&x[1], &rows), vec![R::from_u128(count as u128)]]
            }
            Self::Segments => {
                let (mut out, mut at) = (vec![vec![]; 4], [[R::ZERO; 2]; 2]);
                for (row, values) in x[1].iter().zip(&x[2]).enumerate() {
                    for (column, &value) in [values.0, values.1].into_iter().enumerate() {
                        let [first, sum] = &mut at[column];
                        if flag(row) {
                            (*first, *sum) = (value, R::ZERO);
                        }
                        *sum = *sum + value;
                        out[column].push(*first);
                        out[column + 2].push(*sum);
                    }
                }
                out
            }
            Self::Rank(_, ties) => {
                let mut seen = a.clone();
                seen.sort_unstable();
                seen.dedup();
                let count = |than: &dyn Fn(i128) -> bool| a.iter().filter(|a| than(**a)).count();
                let rank = |x: i128| match ties {
                    Ties::Min => 1 + count(&|a| a < x),
                    Ties::DoubledMean => 1 + count(&|a| a < x) + count(&|a| a <= x),
                    Ties::Dense => 1 + seen.iter().filter(|a| **a < x).count(),
                };
                vec![a.iter().map(|&x| R::from_u128(rank(x) as u128)).collect()]
            }
            Self::Quantiles(_) => {
                let rows = sorted_by(&|row| (a[row], 0));
                let all = if n == 0 { vec![] } else { vec![rows[0], rows[n / 2], rows[n - 1]] };
                vec![take(&x[0], &all)]
            }
        }
    }
}
