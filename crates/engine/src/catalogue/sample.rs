//! Random numbers that nobody knows.

use sharewell_mpc::sample::{self, Probability, Ratio};
use sharewell_mpc::{Protocol, Result};
use sharewell_ring::Integer;

use super::check::{all, near};
use super::{Card, Draw, Given, Operand, Operation, Secret, Visitor, Wrong, bits, integers};

pub(super) fn each(visitor: &mut impl Visitor) {
    visitor.visit(&Sample::Uniform);
    visitor.visit(&Sample::Bernoulli);
    visitor.visit(&Sample::Laplace);
    visitor.visit(&Sample::Gaussian);
    visitor.visit(&Sample::Normal);
}

/// Total variation distance from the distribution stated.
const DISTANCE_BITS: u32 = 60;
const BOUND: u128 = 1_000;
const CHANCE: Ratio = Ratio { num: 1, den: 3 };
const SCALE: Ratio = Ratio { num: 20, den: 1 };
const VARIANCE: Ratio = Ratio { num: 400, den: 1 };
const FRAC_BITS: u32 = 16;

enum Sample {
    Uniform,
    Bernoulli,
    Laplace,
    Gaussian,
    Normal,
}

impl Sample {
    /// Where every number lies, its mean, its variance, and its fourth moment over the
    /// variance's square.
    fn distribution(&self) -> (i128, i128, [f64; 3]) {
        let of = |ratio: Ratio| ratio.num as f64 / ratio.den as f64;
        match self {
            Self::Uniform => {
                let n = BOUND as f64;
                (0, BOUND as i128 - 1, [(n - 1.0) / 2.0, (n * n - 1.0) / 12.0, 1.8])
            }
            Self::Bernoulli => {
                let q = of(CHANCE);
                let variance = q * (1.0 - q);
                (0, 1, [q, variance, (1.0 - 3.0 * variance) / variance])
            }
            Self::Laplace => {
                let a = (-1.0 / of(SCALE)).exp();
                (-2_048, 2_048, [0.0, 2.0 * a / (1.0 - a).powi(2), 6.0])
            }
            Self::Gaussian => (-512, 512, [0.0, of(VARIANCE), 3.0]),
            Self::Normal => {
                let limit = 16 << FRAC_BITS;
                (-limit, limit, [0.0, f64::from(2 * FRAC_BITS).exp2(), 3.0])
            }
        }
    }
}

impl Operation for Sample {
    fn card(&self) -> Card {
        const CKS: &str = "Canonne, Kamath, Steinke 2020 (arXiv 2004.00010)";
        let (name, what, source) = match self {
            Self::Uniform => ("uniform", "n uniform integers below 1000", "rejection"),
            Self::Bernoulli => (
                "bernoulli",
                "n coins of probability 1/3",
                "Champion, shelat, Ullman 2019 (eprint 2019/823)",
            ),
            Self::Laplace => (
                "discrete_laplace",
                "n integers x with odds exp(-|x| / 20)",
                "Dwork et al. 2006; Ghosh, Roughgarden, Sundararajan 2009",
            ),
            Self::Gaussian => ("discrete_gaussian", "n integers x with odds exp(-x^2 / 800)", CKS),
            Self::Normal => ("normal", "n normal deviates, 16 fractional bits", CKS),
        };
        Card {
            name,
            what,
            range: "none: parameters are public".into(),
            error: format!("distance 2^-{DISTANCE_BITS}"),
            source,
            ..Card::of("Sampling", 10_000)
        }
    }
    fn sizes(&self) -> Vec<usize> {
        vec![0, 1, 127, 2_003]
    }
    fn operands<R: Integer>(&self, _: usize, _: &mut Draw) -> Vec<Operand> {
        vec![]
    }
    fn run<P: Protocol>(&self, p: &mut P, on: &Given<P>) -> Result<Vec<Secret<P>>> {
        let n = on.n;
        Ok(match self {
            Self::Uniform => integers(sample::uniform(p, BOUND, n, DISTANCE_BITS)?),
            Self::Bernoulli => {
                let chance = Probability::ratio(CHANCE);
                bits(sample::bernoulli(p, &[chance], n, DISTANCE_BITS)?)
            }
            Self::Laplace => integers(sample::discrete_laplace(p, SCALE, n, DISTANCE_BITS)?),
            Self::Gaussian => integers(sample::discrete_gaussian(p, VARIANCE, n, DISTANCE_BITS)?),
            Self::Normal => integers(sample::normal(p, FRAC_BITS, n, DISTANCE_BITS)?),
        })
    }
    /// Range, and of more than a few numbers mean and variance to six standard errors; the
    /// distributions themselves are tested where they are made.
    fn check<R: Integer>(&self, n: usize, _: &[Operand], z: &[Vec<R>]) -> Result<(), Wrong> {
        let (lo, hi, [mean, variance, fourth]) = self.distribution();
        all(&z[0], n, |_| lo..=hi)?;
        if n < 100 {
            return Ok(());
        }
        let n = n as f64;
        let sums = [1, 2].map(|power| {
            let powers = z[0].iter().map(|z| (z.to_i128() as f64 - mean).powi(power));
            R::from_i128(powers.sum::<f64>() as i128)
        });
        let errors = [(n * variance).sqrt(), variance * (n * (fourth - 1.0)).sqrt()];
        let want = |i: usize| near([0.0, n * variance][i], 6.0 * errors[i] + 1.0);
        all(&sums, 2, want).map_err(|wrong| Wrong { at: n as usize, ..wrong })
    }
}
