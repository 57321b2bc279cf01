//! Functions in pieces against doubles, over their whole domains.

use proptest::prelude::*;
use sharewell_mpc::protocols::rep3;
use sharewell_mpc::protocols::tally::Tally;
use sharewell_mpc::{Arithmetic, Error, Protocol, Result, Share};
use sharewell_ring::{Integer, Z64, Z128};
use sharewell_tensor::Tensor;
use sharewell_tensor::function::{
    Argument, Fit, Normal, NormalQuantile, Sigmoid, normal_cdf, normal_quantile, sigmoid, tanh,
};

use crate::{Program, Secret, everywhere, proven};

#[derive(Copy, Clone, Debug)]
enum Curve {
    Sigmoid(Sigmoid),
    Tanh(Sigmoid),
    Cdf(Normal),
    Quantile(NormalQuantile),
}

use Curve::{Cdf, Quantile, Tanh};

impl Curve {
    fn argument(&self) -> Argument {
        match self {
            Self::Sigmoid(spec) | Tanh(spec) => spec.argument,
            Cdf(spec) => spec.argument,
            Quantile(NormalQuantile { argument_frac_bits, .. }) => {
                Argument { bits: argument_frac_bits + 1, frac_bits: *argument_frac_bits }
            }
        }
    }
    fn frac_bits(&self) -> u32 {
        match self {
            Self::Sigmoid(spec) | Tanh(spec) => spec.frac_bits,
            Cdf(spec) => spec.frac_bits,
            Quantile(spec) => spec.frac_bits,
        }
    }
    fn fits(&self, bits: u32) -> bool {
        match self {
            Self::Sigmoid(spec) | Tanh(spec) => spec.fits(bits),
            Cdf(spec) => spec.fits(bits),
            Quantile(spec) => spec.fits(bits),
        }
    }
    fn error(&self, bits: u32) -> f64 {
        match self {
            Self::Sigmoid(spec) => spec.accuracy(bits),
            Tanh(spec) => 2.0 * spec.accuracy(bits),
            Cdf(spec) => spec.accuracy(bits),
            Quantile(spec) => spec.accuracy(bits),
        }
    }
    fn exact(&self, x: f64) -> f64 {
        match self {
            Self::Sigmoid(_) => 1.0 / (1.0 + (-x).exp()),
            Tanh(_) => x.tanh(),
            Cdf(_) if x > 0.0 => 1.0 - upper_tail(x),
            Cdf(_) => upper_tail(-x),
            Quantile(_) if x > 0.5 => upper_quantile((1.0 - x).max(2f64.powi(-30))),
            Quantile(_) => -upper_quantile(x.max(2f64.powi(-30))),
        }
    }
    /// The part of the domain that is not a matter of course, in units of the argument.
    fn most(&self) -> i128 {
        let argument = self.argument();
        let end = match self {
            Self::Sigmoid(_) => 20.0,
            Tanh(_) => 10.0,
            Cdf(_) => 8.0,
            Quantile(_) => 1.0,
        };
        ((1 << argument.bits) - 1).min((end * f64::from(argument.frac_bits).exp2()) as i128)
    }
}

impl Program for Curve {
    fn run<P: Protocol>(&self, p: &mut P, mut x: P::AShare, _: P::AShare) -> Result<P::AShare> {
        let shape = [x.len()];
        if let Quantile(spec) = self {
            p.note_bound(&mut x, 0, 1 << spec.argument_frac_bits);
        }
        let x = Tensor::new(x, &shape, self.argument().frac_bits);
        let y = match self {
            Self::Sigmoid(spec) => sigmoid(p, &x, *spec)?,
            Tanh(spec) => tanh(p, &x, *spec)?,
            Cdf(spec) => normal_cdf(p, &x, *spec)?,
            Quantile(spec) => normal_quantile(p, &x, *spec)?,
        };
        assert_eq!((y.shape(), y.frac_bits()), (&shape[..], self.frac_bits()));
        Ok(y.into_shares())
    }
}

fn density(x: f64) -> f64 {
    (-x * x / 2.0).exp() / std::f64::consts::TAU.sqrt()
}

/// The normal distribution above `x >= 0`: the series near 0, Laplace's fraction beyond.
fn upper_tail(x: f64) -> f64 {
    if x < 2.5 {
        let mut term = x;
        let mut sum = x;
        for k in 1..80 {
            term *= x * x / f64::from(2 * k + 1);
            sum += term;
        }
        return 0.5 - sum * density(x);
    }
    density(x) / (1..200).rev().fold(x, |rest, k| x + f64::from(k) / rest)
}

fn upper_quantile(q: f64) -> f64 {
    let (mut low, mut high) = (0.0, 10.0);
    for _ in 0..100 {
        let middle = (low + high) / 2.0;
        if upper_tail(middle) > q { low = middle } else { high = middle }
    }
    (low + high) / 2.0
}

/// The greatest error as a part of the error stated, which it does not exceed.
fn check<R: Integer>(curve: Curve, values: &[i128]) -> f64 {
    assert!(curve.fits(R::BITS), "{curve:?}");
    let argument = curve.argument();
    let x = Secret { values: values.to_vec(), bits: argument.bits };
    let y = Secret { values: vec![], bits: 0 };
    let bound = curve.error(R::BITS);
    let mut worst = 0.0f64;
    for opened in &everywhere::<R>(&curve, &x, &y).opened {
        for (&x, &got) in values.iter().zip(opened) {
            let x = x as f64 / f64::from(argument.frac_bits).exp2();
            let got = got as f64 / f64::from(curve.frac_bits()).exp2();
            let exact = curve.exact(x);
            if matches!(curve, Quantile(_)) && exact.abs() > 5.998 {
                // Beyond the domain: no nearer to the middle, and not much farther.
                let beyond = 5.997 - bound..6.02 + bound;
                assert!(beyond.contains(&got.abs()) && got * exact > 0.0, "{x}: {got}");
                continue;
            }
            let error = (got - exact).abs();
            assert!(
                error <= bound,
                "{x}: {got}, not {exact}: {} of {bound}, {curve:?}",
                error / bound
            );
            worst = worst.max(error / bound);
        }
    }
    worst
}

/// The whole domain evenly, its edges, each octave, and both sides of each eighth.
fn dense(curve: Curve) -> Vec<i128> {
    let argument = curve.argument();
    let (most, limit) = (curve.most(), (1 << argument.bits) - 1);
    let even = (0..=2000).map(|i| most / 2000 * i + most % 2000 * i / 2000);
    let octaves = (0..=argument.bits).flat_map(|k| [-1, 0, 1].map(|by| (1i128 << k) + by));
    let eighth = 1i128 << argument.frac_bits.saturating_sub(3);
    let eighths = (0..160).flat_map(|i| [-1, 0, 1].map(|by| eighth * i + by));
    let all = even.chain(octaves).chain(eighths).chain([limit]);
    let Quantile(_) = curve else {
        return all.filter(|x| (0..=limit).contains(x)).flat_map(|x| [x, -x]).collect();
    };
    let one = 1 << argument.frac_bits;
    all.filter(|x| (0..=one).contains(x)).flat_map(|x| [x, one - x]).collect()
}

fn argument(bits: u32, frac_bits: u32) -> Argument {
    Argument { bits, frac_bits }
}

fn curves(bits: u32) -> Vec<Curve> {
    let scales = if bits == 64 { [(16, 16), (20, 26)] } else { [(16, 16), (40, 45)] };
    let mut out = vec![];
    for (frac_bits, result) in scales {
        for range in [1, 3, 20] {
            let argument = argument(frac_bits + range, frac_bits);
            for fit in [Fit::Fast, Fit::Accurate, Fit::Fine, Fit::Finest] {
                let spec = Sigmoid { argument, frac_bits: result, fit };
                out.extend([Curve::Sigmoid(spec), Tanh(spec)]);
            }
            out.push(Cdf(Normal { argument, frac_bits: result }));
        }
    }
    for argument_frac_bits in if bits == 64 { [16, 32, 36] } else { [2, 40, 60] } {
        out.push(Quantile(NormalQuantile { argument_frac_bits, frac_bits: 22 }));
    }
    out
}

#[test]
fn functions_in_pieces_are_within_their_bound_over_the_whole_domain() {
    for curve in curves(64) {
        check::<Z64>(curve, &dense(curve));
    }
    for curve in curves(128) {
        check::<Z128>(curve, &dense(curve));
    }
}

#[test]
fn the_bounds_of_functions_in_pieces_are_small_and_nearly_reached() {
    let wide = argument(24, 16);
    let of = |fit| Sigmoid { argument: wide, frac_bits: 24, fit };
    for (fit, stated) in [(Fit::Fast, 4e-4), (Fit::Accurate, 4e-6), (Fit::Fine, 1e-7)] {
        let curve = Curve::Sigmoid(of(fit));
        assert!(curve.error(64) <= stated, "{} of {curve:?}", curve.error(64));
        assert!(check::<Z64>(curve, &dense(curve)) > 0.2, "{curve:?}");
    }
    let wide_ring = Sigmoid { argument: argument(48, 40), frac_bits: 42, fit: Fit::Finest };
    let finest = Curve::Sigmoid(wide_ring);
    assert!(finest.error(128) < 4e-12, "{}", finest.error(128));
    assert!(check::<Z128>(finest, &dense(finest)) > 0.2);
    let cdf = Cdf(Normal { argument: wide, frac_bits: 26 });
    assert!(cdf.error(64) < 1e-7 && check::<Z64>(cdf, &dense(cdf)) > 0.2, "{}", cdf.error(64));
    let quantile = Quantile(NormalQuantile { argument_frac_bits: 36, frac_bits: 24 });
    assert!(quantile.error(64) < 1e-6, "{}", quantile.error(64));
    assert!(check::<Z64>(quantile, &dense(quantile)) > 0.2);
}

#[test]
fn tables_of_statistics_are_met() {
    // Significance levels and their points, as in every textbook.
    let points =
        [(0.975, 1.959_963_985), (0.995, 2.575_829_304), (0.5, 0.0), (0.999, 3.090_232_306)];
    let spec = NormalQuantile { argument_frac_bits: 36, frac_bits: 24 };
    for (q, z) in points {
        assert!((Quantile(spec).exact(q) - z).abs() < 1e-8);
        check::<Z64>(Quantile(spec), &[(q * 36f64.exp2()) as i128]);
    }
    for q in [1e-9, 1.0 - 1e-9] {
        assert!((Quantile(spec).exact(q).abs() - 5.997_807).abs() < 1e-5);
        check::<Z64>(Quantile(spec), &[(q * 36f64.exp2()) as i128]);
    }
}

#[test]
fn arguments_that_could_be_beyond_what_is_promised_are_refused() {
    let spec = Sigmoid { argument: argument(20, 16), frac_bits: 16, fit: Fit::Fast };
    let none = Secret { values: vec![], bits: 0 };
    let refusal = |curve: Curve, bits| {
        proven::<Z64>(&curve, &Secret { values: vec![1, -1], bits }, &none).map(drop)
    };
    for curve in [Curve::Sigmoid(spec), Cdf(Normal { argument: argument(20, 16), frac_bits: 16 })] {
        assert!(refusal(curve, 20).is_ok());
        assert!(matches!(refusal(curve, 21), Err(Error::Overflow { step: "piecewise", .. })));
    }
}

/// Rounds, and bytes of one party for each element, as the documentation gives them.
fn price(curve: Curve) -> (u32, u64) {
    let n = 6400;
    let mut tally = Tally::<Z64>::new(&rep3::CARD, 3);
    let x = tally.public(&vec![Z64(0); n]);
    curve.run(&mut tally, x.clone(), x).expect("no links");
    let total: u64 = (0..3).map(|party| tally.tallied().bytes_sent_by(party)).sum();
    (tally.tallied().rounds, total / (3 * n as u64))
}

#[test]
fn functions_in_pieces_cost_what_their_documentation_says() {
    let argument = argument(21, 16);
    let of = |fit| Curve::Sigmoid(Sigmoid { argument, frac_bits: 16, fit });
    let quantile = NormalQuantile { argument_frac_bits: 36, frac_bits: 24 };
    let cdf = Cdf(Normal { argument, frac_bits: 24 });
    let prices = [of(Fit::Fast), of(Fit::Accurate), cdf, Quantile(quantile)].map(price);
    assert_eq!(prices, [(20, 119), (22, 160), (22, 201), (26, 412)]);
}

fn any_curve(bits: u32) -> impl Strategy<Value = Curve> {
    let fit = prop::sample::select(vec![Fit::Fast, Fit::Accurate, Fit::Fine, Fit::Finest]);
    (0..4, 0..bits, 0..bits, 0..bits, fit).prop_map(|(kind, bits, scale, frac_bits, fit)| {
        let argument = argument(bits, scale);
        match kind {
            0 => Curve::Sigmoid(Sigmoid { argument, frac_bits, fit }),
            1 => Tanh(Sigmoid { argument, frac_bits, fit }),
            2 => Cdf(Normal { argument, frac_bits }),
            _ => Quantile(NormalQuantile { argument_frac_bits: scale, frac_bits }),
        }
    })
}

/// A curve that fits, and arguments of all magnitudes.
fn cases(bits: u32) -> impl Strategy<Value = (Curve, Vec<i128>)> {
    any_curve(bits).prop_filter("fits", move |curve| curve.fits(bits)).prop_flat_map(|curve| {
        let argument = curve.argument();
        let value = crate::signed(argument.bits).prop_map(move |x| match curve {
            Quantile(_) => x.abs().min(1 << argument.frac_bits),
            _ => x,
        });
        (Just(curve), prop::collection::vec(value, 0..40))
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_function_in_pieces_that_fits_is_within_its_bound(narrow in cases(64), wide in cases(128)) {
        check::<Z64>(narrow.0, &narrow.1);
        check::<Z128>(wide.0, &wide.1);
    }
}
