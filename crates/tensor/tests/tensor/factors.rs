//! Cholesky's factors and eigenvectors, against the matrices that they come from.

use std::sync::atomic::{AtomicU32, Ordering};

use proptest::prelude::*;
use sharewell_mpc::protocols::rep3::{self, Rep3};
use sharewell_mpc::protocols::tally::Tally;
use sharewell_mpc::sim::Sim;
use sharewell_mpc::{Arithmetic, Protocol, Result, Share};
use sharewell_ring::{Integer, Z64, Z128};
use sharewell_tensor::Tensor;
use sharewell_tensor::linear::{Components, Definite, Spectrum, cholesky, leading_eigenvectors};

use crate::linear::{Matrix, allowed, norm, share_bits, specs, uniform, with_eigenvalues};
use crate::{Program, Secret, everywhere, plainly};

fn secret(values: Vec<i128>, bits: u32) -> [Secret; 2] {
    [values, vec![]].map(|values| Secret { values, bits })
}

/// The factor, then the flag; the scale of the matrix, and that of its factor.
#[derive(Debug)]
struct Factor {
    spec: Definite,
    scale: u32,
    found: AtomicU32,
}

impl Program for Factor {
    fn run<P: Protocol>(&self, p: &mut P, x: P::AShare, _: P::AShare) -> Result<P::AShare> {
        let n = self.spec.order;
        let (out, ok) = cholesky(p, &Tensor::new(x, &[n, n], self.scale), self.spec)?;
        assert_eq!(out.shape(), [n, n]);
        self.found.store(out.frac_bits(), Ordering::Relaxed);
        Ok(P::AShare::concat(&[out.shares(), &ok]))
    }
}

/// `A - L L^T` as a part of what is stated.
fn part_of_residual(case: &Factor, bits: u32, a: &[i128], opened: &[i128]) -> f64 {
    let n = case.spec.order;
    let (factor, ok) = opened.split_at(n * n);
    assert_eq!(ok, [1], "the promise holds: {case:?}");
    let up = 2 * case.found.load(Ordering::Relaxed) - case.scale;
    let row = |i: usize| &factor[i * n..][..n];
    for i in 0..n {
        assert!(row(i)[i] > 0 && row(i)[i + 1..].iter().all(|x| *x == 0), "{factor:?}");
    }
    let cell = |at: usize| {
        let product: i128 = row(at / n).iter().zip(row(at % n)).map(|(x, y)| x * y).sum();
        ((a[at] << up) - product) as f64 / f64::from(up).exp2()
    };
    norm((0..n * n).map(cell)) / case.spec.factor_residual(bits).expect("it fits")
}

fn check_factor<R: Integer>(spec: Definite, seed: u64) -> f64 {
    let case = Factor { spec, scale: seed as u32 % 4, found: AtomicU32::new(0) };
    let matrix = |proven| with_eigenvalues(&allowed(spec, proven, seed), seed);
    let [edge, none] = secret(matrix(false), 0);
    let [inner, _] = secret(matrix(true), share_bits(spec));
    let at_edge = plainly::<R>(&case, &edge, &none);
    let at_edge = part_of_residual(&case, R::BITS, &edge.values, &at_edge);
    let all = everywhere::<R>(&case, &inner, &none).opened;
    let parts = all.iter().map(|x| part_of_residual(&case, R::BITS, &inner.values, x));
    parts.fold(at_edge, f64::max)
}

fn factors(ring_bits: u32, order: usize) -> impl Strategy<Value = Definite> {
    let of_use = move |spec: &Definite| spec.factor_residual(ring_bits).is_some();
    specs(ring_bits, order).prop_filter("factor", of_use)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn factors_are_within_their_bound(
        narrow in factors(64, 5),
        wide in factors(128, 7),
        seed in any::<u64>(),
    ) {
        prop_assert!(check_factor::<Z64>(narrow, seed) <= 1.0, "{:?}", narrow);
        prop_assert!(check_factor::<Z128>(wide, seed) <= 1.0, "{:?}", wide);
    }

    #[test]
    fn no_factor_is_claimed_of_what_is_not_positive_definite(
        spec in factors(128, 6),
        seed in any::<u64>(),
    ) {
        let mut random = uniform(seed);
        let mut values = allowed(spec, false, seed);
        let at = seed as usize % spec.order;
        let sizes = [0.0, -1.0, -values[at], -(f64::from(spec.trace_bits) * random()).exp2()];
        values[at] = sizes[(seed >> 8) as usize % 4];
        let a = with_eigenvalues(&values, seed);
        let case = Factor { spec, scale: 0, found: AtomicU32::new(0) };
        let [x, none] = secret(a.clone(), 0);
        let opened = plainly::<Z128>(&case, &x, &none);
        // Rounding to integers may have lifted an eigenvalue of 0 or -1: then the factor is one.
        let right = opened.ends_with(&[1]) && values[at] >= -1.0;
        prop_assert!(opened.ends_with(&[0]) || right, "{:?} of {:?}", spec, values);
        if right {
            prop_assert!(part_of_residual(&case, 128, &a, &opened) <= 1.0);
        }
    }
}

#[test]
fn the_bound_of_a_factor_is_nearly_reached() {
    let spec = Definite { order: 7, trace_bits: 40, condition_bits: 12, rhs_bits: 0 };
    let worst = (0..20).map(|seed| check_factor::<Z128>(spec, seed)).fold(0.0, f64::max);
    assert!((0.01..=1.0).contains(&worst), "{worst}");
}

/// Vectors, then values, then the flag; and the scales of these.
#[derive(Debug)]
struct Eigen {
    spec: Spectrum,
    found: [AtomicU32; 2],
}

impl Program for Eigen {
    fn run<P: Protocol>(&self, p: &mut P, x: P::AShare, _: P::AShare) -> Result<P::AShare> {
        let Spectrum { order, count, .. } = self.spec;
        let a = Tensor::new(x, &[order, order], 4);
        let Components { vectors, values, ok } = leading_eigenvectors(p, &a, self.spec)?;
        assert_eq!((vectors.shape(), values.shape()), (&[count, order][..], &[count][..]));
        self.found[0].store(vectors.frac_bits(), Ordering::Relaxed);
        self.found[1].store(values.frac_bits(), Ordering::Relaxed);
        Ok(P::AShare::concat(&[vectors.shares(), values.shares(), &ok]))
    }
}

/// Eigenvalues and eigenvectors, one to a column, by Jacobi's rotations.
fn jacobi(a: &[i128], n: usize) -> (Matrix, Matrix) {
    let mut a: Matrix = a.iter().map(|x| *x as f64).collect();
    let mut v: Matrix = (0..n * n).map(|i| f64::from(u8::from(i % (n + 1) == 0))).collect();
    for (i, j) in (0..30).flat_map(|_| (0..n).flat_map(|j| (0..j).map(move |i| (i, j)))) {
        if a[i * n + j] == 0.0 {
            continue;
        }
        let theta = (a[j * n + j] - a[i * n + i]) / (2.0 * a[i * n + j]);
        let t = theta.signum() / (theta.abs() + theta.hypot(1.0));
        let (cos, sin) = (1.0 / t.hypot(1.0), t / t.hypot(1.0));
        let turn = |x: &mut Matrix, at: [usize; 2]| {
            let [p, q] = at.map(|at| x[at]);
            (x[at[0]], x[at[1]]) = (cos * p - sin * q, sin * p + cos * q);
        };
        (0..n).for_each(|k| turn(&mut a, [k * n + i, k * n + j]));
        (0..n).for_each(|k| turn(&mut a, [i * n + k, j * n + k]));
        (0..n).for_each(|k| turn(&mut v, [k * n + i, k * n + j]));
    }
    ((0..n).map(|i| a[i * (n + 1)]).collect(), v)
}

/// The greatest error of vectors, and that of values, each as a part of the one stated.
fn parts(case: &Eigen, bits: u32, a: &[i128], opened: &[i128]) -> [f64; 2] {
    let Spectrum { order: n, count, trace_bits, .. } = case.spec;
    let stated = case.spec.errors(bits);
    let (values, vectors) = jacobi(a, n);
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|i, j| values[*j].total_cmp(&values[*i]));
    let scale = |i: usize| f64::from(case.found[i].load(Ordering::Relaxed)).exp2();
    assert!(opened.ends_with(&[1]), "what was promised is found: {:?}", case.spec);
    let mut worst = [0.0f64; 2];
    for (i, at) in order[..count].iter().enumerate() {
        let got: Matrix = opened[i * n..][..n].iter().map(|x| *x as f64 / scale(0)).collect();
        let exact: Matrix = (0..n).map(|k| vectors[k * n + at]).collect();
        let same = got.iter().zip(&exact).map(|(x, y)| x * y).sum::<f64>().signum();
        let error = norm(got.iter().zip(&exact).map(|(x, y)| x - same * y));
        worst[0] = worst[0].max(error / stated[i]);
        let largest =
            got.iter().copied().fold(0.0, |a: f64, b| if b.abs() > a.abs() { b } else { a });
        assert!(largest > 0.0, "{got:?}");
        // The matrix has four fractional bits.
        let value = opened[count * n + i] as f64 / scale(1) * 16.0;
        let error = (value - values[*at]).abs() / f64::from(trace_bits).exp2();
        worst[1] = worst[1].max(error / (2.0 * stated[i]));
    }
    worst
}

/// Eigenvalues no farther apart than promised, at least for those asked for.
fn spectrum(spec: Spectrum, seed: u64) -> Vec<f64> {
    let mut random = uniform(seed);
    let ratio = 1.0 - 1.001 * (-f64::from(spec.gap_bits)).exp2();
    let order_bits = spec.order.next_power_of_two().ilog2();
    let mut value = 0.99 * f64::from(spec.trace_bits - order_bits).exp2();
    let mut next = |i: usize| {
        let now = value;
        value *=
            if i + 1 < spec.count || seed.is_multiple_of(2) { ratio } else { ratio * random() };
        now
    };
    (0..spec.order).map(&mut next).collect()
}

fn check_eigen<R: Integer>(spec: Spectrum, seed: u64) -> [f64; 2] {
    let case = Eigen { spec, found: [AtomicU32::new(0), AtomicU32::new(0)] };
    let order_bits = spec.order.next_power_of_two().ilog2();
    let a = with_eigenvalues(&spectrum(spec, seed), seed);
    let [x, none] = secret(a.clone(), spec.trace_bits - order_bits);
    let all = everywhere::<R>(&case, &x, &none).opened;
    let all = all.iter().map(|opened| parts(&case, R::BITS, &a, opened));
    all.fold([0.0; 2], |a, b| [a[0].max(b[0]), a[1].max(b[1])])
}

/// With a weight that the last eigenvalue asked for has.
fn spectra(ring_bits: u32, order: usize) -> impl Strategy<Value = Spectrum> {
    let weight = |order: usize, count: usize, gap_bits: u32| {
        let ratio = 1.0 - 1.001 * (-f64::from(gap_bits)).exp2();
        let least = 0.99 * ratio.powi(count as i32 - 1) / order.next_power_of_two() as f64;
        (-least.log2()).ceil() as u32
    };
    (1..=order, 1..4usize, 20..ring_bits / 2 - 4, 1..6u32)
        .prop_map(move |(order, count, trace_bits, gap_bits)| Spectrum {
            order,
            count,
            trace_bits,
            weight_bits: weight(order, count, gap_bits),
            gap_bits,
        })
        .prop_filter("fits", move |spec| spec.fits(ring_bits))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]

    #[test]
    fn eigenvectors_are_within_their_bound(
        narrow in spectra(64, 4),
        wide in spectra(128, 6),
        seed in any::<u64>(),
    ) {
        // Rotations in doubles turn a vector by their own error over the gap.
        let reference =
            |spec: Spectrum, bits| 1e-15 * f64::from(spec.gap_bits).exp2() / spec.errors(bits)[0];
        let (worst, most) = (check_eigen::<Z64>(narrow, seed), 1.0 + reference(narrow, 64));
        prop_assert!(worst.iter().all(|x| *x <= most), "{:?} of the bound, {:?}", worst, narrow);
        let (worst, most) = (check_eigen::<Z128>(wide, seed), 1.0 + reference(wide, 128));
        prop_assert!(worst.iter().all(|x| *x <= most), "{:?} of the bound, {:?}", worst, wide);
    }
}

#[test]
fn the_bound_of_an_eigenvector_is_nearly_reached() {
    let spec = Spectrum { order: 6, count: 1, trace_bits: 40, weight_bits: 6, gap_bits: 3 };
    let worst = (0..6).map(|seed| check_eigen::<Z128>(spec, seed)[0]).fold(0.0, f64::max);
    assert!((0.01..=1.0).contains(&worst), "{worst}");
}

#[test]
fn a_matrix_of_zeros_has_vectors_of_zeros_and_they_are_flagged() {
    let spec = Spectrum { order: 3, count: 2, trace_bits: 30, weight_bits: 3, gap_bits: 2 };
    let case = Eigen { spec, found: [AtomicU32::new(0), AtomicU32::new(0)] };
    let [x, none] = secret(vec![0; 9], 0);
    assert_eq!(plainly::<Z128>(&case, &x, &none), [0; 9]);
}

/// The flag alone, in the clear and at each party. Nothing is proven of a broken promise.
fn eigen_flags<R: Integer>(spec: Spectrum, a: &[i128]) -> Vec<i128> {
    let case = Eigen { spec, found: [AtomicU32::new(0), AtomicU32::new(0)] };
    let [x, none] = secret(a.to_vec(), spec.trace_bits - 3);
    let mut flags = vec![plainly::<R>(&case, &x, &none).pop()];
    let outcome = Sim::new(3).run(|party, entropy| {
        let mine = if party.me().0 == 0 { &x.values[..] } else { &[] };
        let mine: Vec<R> = mine.iter().map(|x| R::from_i128(*x)).collect();
        let mut p = Rep3::<R>::connect(party, &[0; 32], entropy)?;
        let mut inputs = p.input(&mine, &[x.values.len(), 0, 0])?;
        let (none, x) = (inputs.remove(1), inputs.remove(0));
        let out = case.run(&mut p, x, none)?;
        Ok(p.reveal(&out)?.pop().map(Integer::to_i128))
    });
    flags.extend(outcome.values().expect("honest links"));
    flags.into_iter().flatten().collect()
}

#[test]
fn eigenvalues_nearer_than_promised_are_flagged() {
    let narrow = Spectrum { order: 4, count: 1, trace_bits: 24, weight_bits: 4, gap_bits: 3 };
    let wide = Spectrum { count: 2, weight_bits: 5, ..narrow };
    for (second, third, [first, both]) in [
        (0.85, 0.7, [1, 1]),
        (0.5, 0.4, [1, 1]),
        // A mixture of two vectors, of one eigenvalue or nearly.
        (1.0, 0.5, [0, 0]),
        (0.999, 0.5, [0, 0]),
        (0.99, 0.5, [0, 0]),
        (0.5, 0.4999, [1, 0]),
        // Below zero, and too light for what was promised of its weight.
        (-1.2, 0.5, [0, 0]),
        (1e-6, 1e-7, [1, 0]),
    ] {
        let a = with_eigenvalues(&[2e6, 2e6 * second, 2e6 * third, 0.0], 5);
        assert_eq!(eigen_flags::<Z64>(narrow, &a), [first; 4], "{second}, {third}");
        assert_eq!(eigen_flags::<Z128>(wide, &a), [both; 4], "{second}, {third}");
    }
}

#[test]
fn rounds_of_eigenvectors_hardly_grow_with_the_order() {
    let rounds = |order| {
        let mut tally = Tally::<Z128>::new(&rep3::CARD, 3);
        let x = tally.public(&vec![Z128(0); order * order]);
        let none = tally.public(&[]);
        let spec = Spectrum { order, count: 1, trace_bits: 40, weight_bits: 8, gap_bits: 4 };
        let case = Eigen { spec, found: [AtomicU32::new(0), AtomicU32::new(0)] };
        case.run(&mut tally, x, none).expect("no links");
        tally.tallied().rounds
    };
    assert!(rounds(64) < 2 * rounds(4), "{} and {}", rounds(4), rounds(64));
}
