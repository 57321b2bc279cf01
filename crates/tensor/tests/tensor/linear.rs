//! Inverses and solutions against exact residuals, over all that their promise allows.

use std::sync::atomic::{AtomicU32, Ordering};

use proptest::prelude::*;
use sharewell_mpc::protocols::rep3;
use sharewell_mpc::protocols::tally::Tally;
use sharewell_mpc::{Arithmetic, Error, Protocol, Result, Share};
use sharewell_ring::{Integer, Z64, Z128};
use sharewell_tensor::Tensor;
use sharewell_tensor::linear::{Definite, inverse, solve};

use crate::{Program, Secret, everywhere, plainly, proven};

/// Square, row after row.
pub(crate) type Matrix = Vec<f64>;

/// The result, then the flag.
#[derive(Debug)]
enum Case {
    /// With the scale in which it came.
    Inverse(Definite, AtomicU32),
    /// To so many fractional bits.
    Solve(Definite, u32),
}

impl Case {
    fn inverse(spec: Definite) -> Self {
        Self::Inverse(spec, AtomicU32::new(0))
    }

    fn spec(&self) -> Definite {
        let (Self::Inverse(spec, _) | Self::Solve(spec, _)) = self;
        *spec
    }

    fn frac_bits(&self) -> u32 {
        match self {
            Self::Inverse(_, bits) => bits.load(Ordering::Relaxed),
            Self::Solve(_, bits) => *bits,
        }
    }
}

/// The scale of the matrix: it must make no difference.
const SCALE: u32 = 5;

impl Program for Case {
    fn run<P: Protocol>(&self, p: &mut P, x: P::AShare, y: P::AShare) -> Result<P::AShare> {
        let n = self.spec().order;
        let a = Tensor::<P>::new(x, &[n, n], SCALE);
        let (out, ok) = match self {
            Self::Inverse(spec, bits) => {
                let (out, ok) = inverse(p, &a, *spec)?;
                bits.store(out.frac_bits(), Ordering::Relaxed);
                (out, ok)
            }
            Self::Solve(spec, bits) => {
                let b = Tensor::new(y.clone(), &[n, y.len().checked_div(n).unwrap_or(0)], SCALE);
                let (out, ok) = solve(p, &a, &b, *spec, *bits)?;
                assert_eq!((out.shape(), out.frac_bits()), (b.shape(), *bits));
                (out, ok)
            }
        };
        Ok(P::AShare::concat(&[out.shares(), &ok]))
    }
}

/// Uniform in `[0, 1)`.
pub(crate) fn uniform(seed: u64) -> impl FnMut() -> f64 {
    let mut state = seed;
    move || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    }
}

/// The symmetric integers nearest to a matrix of these eigenvalues in a random basis.
pub(crate) fn with_eigenvalues(values: &[f64], seed: u64) -> Vec<i128> {
    let n = values.len();
    let mut random = uniform(seed);
    let mut a: Matrix =
        (0..n * n).map(|i| if i % (n + 1) == 0 { values[i / n] } else { 0.0 }).collect();
    for _ in 0..3 {
        // H A H with H = I - 2 v v^T.
        let v: Vec<f64> = (0..n).map(|_| random() - 0.5).collect();
        let norm = v.iter().map(|x| x * x).sum::<f64>();
        let av: Vec<f64> = (0..n).map(|i| (0..n).map(|j| a[i * n + j] * v[j]).sum()).collect();
        let vav = v.iter().zip(&av).map(|(x, y)| x * y).sum::<f64>();
        for i in 0..n {
            for j in 0..n {
                a[i * n + j] += -2.0 / norm * (av[i] * v[j] + v[i] * av[j])
                    + 4.0 / (norm * norm) * vav * v[i] * v[j];
            }
        }
    }
    (0..n * n).map(|i| a[(i / n).max(i % n) * n + (i / n).min(i % n)].round() as i128).collect()
}

/// Eigenvalues within a promise, the least one allowed among them. If intervals are to prove the
/// trace, no element may be above its part of it; else the trace is nearly the greatest.
pub(crate) fn allowed(spec: Definite, proven: bool, seed: u64) -> Vec<f64> {
    let n = spec.order;
    let mut random = uniform(seed);
    let least = f64::from(spec.trace_bits - spec.condition_bits).exp2() + n as f64;
    let most = f64::from(spec.trace_bits).exp2() - (2 * n) as f64;
    let each = if proven { f64::from(share_bits(spec)).exp2() - n as f64 } else { most };
    let mut values = vec![least; n];
    let mut rest = most - least * n as f64;
    for value in values.iter_mut().rev().take(n - 1) {
        let part = (rest - (random() * f64::from(spec.condition_bits)).exp2()).max(0.0);
        let part = part.min(each - least);
        *value += part;
        rest -= part;
    }
    values
}

/// Bits of an element, if nothing more is known of the trace.
pub(crate) fn share_bits(spec: Definite) -> u32 {
    spec.trace_bits - spec.order.next_power_of_two().ilog2()
}

/// By elimination.
fn inverted(a: &[i128], n: usize) -> Matrix {
    let width = 2 * n;
    let mut rows: Vec<Matrix> = (0..n)
        .map(|i| {
            let unit = (0..n).map(|j| f64::from(u8::from(i == j)));
            a[i * n..][..n].iter().map(|x| *x as f64).chain(unit).collect()
        })
        .collect();
    for k in 0..n {
        let pivot = (k..n).max_by(|i, j| rows[*i][k].abs().total_cmp(&rows[*j][k].abs()));
        rows.swap(k, pivot.expect("a row"));
        let scale = rows[k][k];
        rows[k].iter_mut().for_each(|x| *x /= scale);
        let base = rows[k].clone();
        for row in (0..n).filter(|i| *i != k) {
            let by = rows[row][k];
            (0..width).for_each(|j| rows[row][j] -= by * base[j]);
        }
    }
    rows.iter().flat_map(|row| row[n..].to_vec()).collect()
}

/// `2^frac_bits B - A X`, exactly.
fn residual(a: &[i128], x: &[i128], b: &[i128], n: usize, frac_bits: u32) -> Vec<f64> {
    let columns = x.len() / n;
    let cell = |i: usize, j: usize| -> i128 {
        let ax: i128 = (0..n).map(|k| a[i * n + k] * x[k * columns + j]).sum();
        (b[i * columns + j] << frac_bits) - ax
    };
    let cells = (0..n).flat_map(|i| (0..columns).map(move |j| (i, j)));
    cells.map(|(i, j)| cell(i, j) as f64).collect()
}

/// `A X` for a square `A`.
fn product(a: &[f64], x: &[f64], n: usize) -> Vec<f64> {
    let columns = x.len() / n;
    let cell = |i: usize, j: usize| (0..n).map(|k| a[i * n + k] * x[k * columns + j]).sum::<f64>();
    (0..n).flat_map(|i| (0..columns).map(move |j| cell(i, j))).collect()
}

/// Euclid's norm; of a matrix no less than the spectral one.
pub(crate) fn norm(x: impl IntoIterator<Item = f64>) -> f64 {
    x.into_iter().map(|x| x * x).sum::<f64>().sqrt()
}

/// The error as a part of the one stated, at most; the flag is 1.
fn judged<R: Integer>(case: &Case, a: &[i128], b: &[i128], opened: &[i128]) -> f64 {
    let spec = case.spec();
    let n = spec.order;
    let (x, ok) = opened.split_at(opened.len() - 1);
    assert_eq!(ok, [1], "the promise holds: {case:?}");
    let inverse = inverted(a, n);
    let stated = spec.residual(R::BITS);
    match case {
        Case::Inverse(..) => {
            // At the scale of the inverse of A / 2^SCALE.
            let up = case.frac_bits() + SCALE;
            let identity: Vec<i128> = (0..n * n).map(|i| i128::from(i % (n + 1) == 0)).collect();
            let error = product(&inverse, &residual(a, x, &identity, n, up), n);
            let bound = stated * norm(inverse) * f64::from(up).exp2();
            norm(error) / bound
        }
        Case::Solve(_, bits) => {
            let error = product(&inverse, &residual(a, x, b, n, *bits), n);
            let columns = x.len() / n;
            let part = |j: usize| {
                let column = |x: &[f64]| norm(x.iter().skip(j).step_by(columns).copied());
                let exact: Vec<f64> = x.iter().zip(&error).map(|(x, e)| *x as f64 + e).collect();
                column(&error) / (stated * column(&exact) + (n as f64).sqrt())
            };
            (0..columns).map(part).fold(0.0, f64::max)
        }
    }
}

fn right_hand_sides(spec: Definite, columns: usize, seed: u64) -> Vec<i128> {
    let mut random = uniform(!seed);
    let limit = f64::from(spec.rhs_bits).exp2() - 1.0;
    (0..spec.order * columns).map(|_| ((random() * 2.0 - 1.0) * limit).round() as i128).collect()
}

/// At the edge of the trace on values only; well within it also on shares and intervals.
fn check<R: Integer>(case: &Case, seed: u64) -> f64 {
    let spec = case.spec();
    let columns = if matches!(case, Case::Inverse(..)) { 0 } else { 1 + seed as usize % 3 };
    let b = Secret { values: right_hand_sides(spec, columns, seed), bits: spec.rhs_bits };
    let secret = |proven| Secret {
        values: with_eigenvalues(&allowed(spec, proven, seed), seed),
        bits: share_bits(spec),
    };
    let (edge, inner) = (secret(false), secret(true));
    let opened = plainly::<R>(case, &edge, &b);
    let at_edge = judged::<R>(case, &edge.values, &b.values, &opened);
    let everywhere = everywhere::<R>(case, &inner, &b).opened;
    let all = everywhere.iter().map(|opened| judged::<R>(case, &inner.values, &b.values, opened));
    all.fold(at_edge, f64::max)
}

/// Anything that fits a ring of so many bits.
pub(crate) fn specs(ring_bits: u32, order: usize) -> impl Strategy<Value = Definite> {
    (1..=order, 2..ring_bits / 2, 2..ring_bits / 3, 0..ring_bits / 3)
        .prop_map(|(order, trace_bits, condition_bits, rhs_bits)| Definite {
            order,
            trace_bits,
            condition_bits,
            rhs_bits,
        })
        .prop_filter("fits", move |spec| {
            // The least eigenvalue must be more than the roundings of a random matrix.
            let order_bits = spec.order.next_power_of_two().ilog2();
            let apart = spec.trace_bits >= spec.condition_bits + 2 * order_bits + 3;
            apart && spec.condition_bits > 2 * order_bits + 1 && spec.fits(ring_bits)
        })
}

fn cases(ring_bits: u32, order: usize) -> impl Strategy<Value = (Case, u64)> {
    (specs(ring_bits, order), 0..12u32, any::<u64>()).prop_map(|(spec, frac_bits, seed)| {
        let solve = Case::Solve(spec, frac_bits);
        (if seed % 3 == 0 { Case::inverse(spec) } else { solve }, seed)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn inverses_and_solutions_are_within_their_bound(
        (narrow, a) in cases(64, 6),
        (wide, b) in cases(128, 9),
    ) {
        for part in [check::<Z64>(&narrow, a), check::<Z128>(&wide, b)] {
            prop_assert!(part <= 1.0, "{part} of the bound, {narrow:?}, {wide:?}");
        }
    }
}

pub(crate) fn spec(order: usize, trace_bits: u32, condition_bits: u32, rhs_bits: u32) -> Definite {
    Definite { order, trace_bits, condition_bits, rhs_bits }
}

#[test]
fn the_bound_of_an_inverse_is_nearly_reached_at_every_condition() {
    let at = |case: Case| {
        let parts = (0..20).map(|seed| {
            let a = with_eigenvalues(&allowed(case.spec(), false, seed), seed);
            let x = Secret { values: a.clone(), bits: 0 };
            let none = Secret { values: vec![], bits: 0 };
            if case.spec().trace_bits < 30 {
                judged::<Z64>(&case, &a, &[], &plainly::<Z64>(&case, &x, &none))
            } else {
                judged::<Z128>(&case, &a, &[], &plainly::<Z128>(&case, &x, &none))
            }
        });
        let worst = parts.fold(0.0, f64::max);
        assert!((0.01..=1.0).contains(&worst), "{worst} of the bound: {case:?}");
    };
    [4, 8, 12, 14].into_iter().for_each(|condition| at(Case::inverse(spec(3, 22, condition, 0))));
    [6, 14, 22, 30].into_iter().for_each(|condition| at(Case::inverse(spec(8, 40, condition, 0))));
}

#[test]
fn a_hundred_equations_of_condition_two_to_the_twenty_are_solved_to_twelve_digits() {
    let case = Case::Solve(spec(100, 44, 20, 30), 24);
    assert!(case.spec().residual(128) < 1e-12, "{}", case.spec().residual(128));
    let part = check::<Z128>(&case, 7);
    assert!(part <= 1.0, "{part} of the bound");
}

#[test]
fn rounds_do_not_grow_with_the_order() {
    let rounds = |order| {
        let mut tally = Tally::<Z128>::new(&rep3::CARD, 3);
        let x = tally.public(&vec![Z128(0); order * order]);
        let y = tally.public(&vec![Z128(0); order]);
        Case::Solve(spec(order, 40, 20, 20), 20).run(&mut tally, x, y).expect("no links");
        tally.tallied().rounds
    };
    // What counts the elements outside their limits has a bit more for each doubling.
    assert!(rounds(100) <= rounds(2) + 4 && rounds(100) < 100, "{} and {}", rounds(2), rounds(100));
}

/// Whether the flag is 0, or what it vouches for is an inverse all the same: a negative number
/// may come to its own after wrapping around.
fn is_flagged<R: Integer>(spec: Definite, a: &[i128]) -> bool {
    let [x, none] = [a.to_vec(), vec![]].map(|values| Secret { values, bits: 0 });
    let case = Case::inverse(spec);
    let opened = plainly::<R>(&case, &x, &none);
    opened.ends_with(&[0]) || judged::<R>(&case, a, &[], &opened) <= spec.order as f64
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn what_is_not_positive_definite_is_flagged(
        wide in specs(128, 8),
        narrow in specs(64, 5),
        seed in any::<u64>(),
    ) {
        let mut random = uniform(seed);
        type Check = fn(Definite, &[i128]) -> bool;
        for (spec, check) in [(wide, is_flagged::<Z128> as Check), (narrow, is_flagged::<Z64>)] {
            let mut values = allowed(spec, false, seed);
            let at = seed as usize % spec.order;
            let sizes = [0.0, -1.0, -values[at], -(f64::from(spec.trace_bits) * random()).exp2()];
            values[at] = sizes[(seed >> 8) as usize % 4];
            let a = with_eigenvalues(&values, seed);
            // Rounding itself may bring an eigenvalue of 0 or -1 above 0, but never far.
            prop_assert!(check(spec, &a), "{:?} of eigenvalues {:?}", spec, values);
        }
    }

    #[test]
    fn what_is_called_an_inverse_is_one_whatever_the_matrix(
        spec in specs(64, 4),
        seed in any::<u64>(),
    ) {
        let n = spec.order;
        let mut random = uniform(seed);
        let limit = f64::from(spec.trace_bits).exp2() - 1.0;
        let mut a: Vec<i128> =
            (0..n * n).map(|_| ((random() * 2.0 - 1.0) * limit * random()) as i128).collect();
        for i in 0..n {
            a[i * (n + 1)] = a[i * (n + 1)].abs();
            (0..i).for_each(|j| a[i * n + j] = a[j * n + i]);
        }
        let [x, none] = [a.clone(), vec![]].map(|values| Secret { values, bits: 0 });
        let case = Case::inverse(spec);
        let opened = plainly::<Z64>(&case, &x, &none);
        if opened.ends_with(&[1]) {
            prop_assert!(judged::<Z64>(&case, &a, &[], &opened) <= n as f64);
        }
    }
}

#[test]
fn a_ring_too_small_is_said_beforehand() {
    assert!(spec(8, 24, 12, 20).fits(64) && spec(100, 44, 30, 40).fits(128));
    assert!(!spec(8, 24, 20, 20).fits(64) && !spec(100, 44, 42, 40).fits(128));
    assert!(!spec(8, 50, 12, 20).fits(64) && !spec(8, 24, 12, 48).fits(64));
    // Twice the order, twice the norm of a matrix of roundings.
    let ratio = spec(64, 40, 20, 0).residual(128) / spec(32, 40, 20, 0).residual(128);
    assert!((1.9..2.1).contains(&ratio), "{ratio}");
}

#[test]
fn a_matrix_that_could_be_larger_than_promised_is_refused() {
    let case = Case::inverse(spec(4, 20, 10, 0));
    let none = Secret { values: vec![], bits: 0 };
    let verdict = |bits| proven::<Z64>(&case, &Secret { values: vec![-1; 16], bits }, &none);
    assert!(verdict(18).is_ok());
    assert!(matches!(verdict(19), Err(Error::Overflow { step: "trace", .. })));
    assert!(matches!(verdict(21), Err(Error::Overflow { step: "definite", .. })));
    let case = Case::Solve(spec(4, 20, 10, 8), 8);
    let a = Secret { values: vec![-1; 16], bits: 18 };
    let wide = Secret { values: vec![-1; 4], bits: 9 };
    let refused = proven::<Z64>(&case, &a, &wide);
    assert!(matches!(refused, Err(Error::Overflow { step: "right-hand side", .. })));
}
