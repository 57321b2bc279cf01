//! Differential privacy: noise on every pooled sum and count, before anything is made of it.
//!
//! The budget is shared out evenly among the pooled vectors. Within one vector a record lies in one
//! cell at most, so that its cells together cost what one costs; what is calculated from the noisy
//! sums afterwards, in secret or in the clear, costs nothing more. The gate compares noisy counts.
//! How many organisations stand behind a cell is not looked at: all that give count.
//!
//! Sensitivities come from the agreed ranges, to which every record is held: adding or leaving out
//! one record moves a sum by at most the greater end of its range, an organisation by `max_rows`
//! times that.
//!
//! Sources: Dwork, McSherry, Nissim, Smith 2006; Ghosh, Roughgarden, Sundararajan 2009 (discrete
//! Laplace); Canonne, Kamath, Steinke 2020 (discrete Gaussian, zero-concentrated privacy).

use serde::{Deserialize, Serialize};
use sharewell_analytics::Value;
use sharewell_analytics::clear::tails::normal_quantile;
use sharewell_dp::rho_for;
use sharewell_mpc::sample::{
    Ratio, discrete_gaussian, discrete_gaussian_bits, discrete_laplace, discrete_laplace_bits,
};
use sharewell_mpc::{Protocol, Result};
use sharewell_study::{Decimal, Objective, Privacy, PrivacyUnit, StatisticKind, Study};

use crate::plan::{Combine, Plan, Slot};
use crate::{Error, Refusal};

/// What is drawn is within `2^-64` of its exact distribution, a number.
const DISTANCE_BITS: u32 = 64;

/// The noise of one pooled vector.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Noise {
    mechanism: Mechanism,
    /// In quanta.
    sensitivity: u64,
    /// Bits of the greatest magnitude.
    bits: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mechanism {
    Laplace { scale: Ratio },
    Gaussian { variance: Ratio },
}

/// The noise in a released sum or count, for its reader.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq)]
pub struct NoiseOf {
    /// The sum or count.
    pub of: String,
    /// "discrete Laplace" or "discrete Gaussian".
    pub distribution: String,
    /// How far one unit can move it, in its own unit of measurement.
    pub sensitivity: f64,
    /// Laplace's scale or Gauss' standard deviation, likewise.
    pub scale: f64,
    /// The noise lies within this of zero with 95 %.
    pub within_95: f64,
    /// The unit of measurement; empty for none.
    pub unit: String,
}

impl Noise {
    /// Numbers that nobody knows.
    pub(crate) fn draw<P: Protocol>(&self, p: &mut P, cells: usize) -> Result<P::AShare> {
        match self.mechanism {
            Mechanism::Laplace { scale } => discrete_laplace(p, scale, cells, DISTANCE_BITS),
            Mechanism::Gaussian { variance } => {
                discrete_gaussian(p, variance, cells, DISTANCE_BITS)
            }
        }
    }

    /// A pooled vector with its noise.
    pub(crate) fn added<P: Protocol>(&self, of: &Value<P>, noise: &P::AShare) -> Value<P> {
        let mut shares = of.raw.shares().clone();
        shares += noise;
        let most = 1_i128 << self.bits;
        Value::exact(shares, of.decimals, of.lo - most, of.hi + most)
    }

    /// The greatest magnitude.
    pub(crate) fn most(&self) -> u64 {
        1_u64.checked_shl(self.bits).unwrap_or(u64::MAX)
    }

    /// The value below which it lies with this probability, as if it were continuous, in quanta.
    pub(crate) fn quantile(&self, probability: f64) -> f64 {
        let of = |ratio: Ratio| ratio.num as f64 / ratio.den as f64;
        let tail = probability.min(1.0 - probability);
        let beyond = match self.mechanism {
            Mechanism::Laplace { scale } => -of(scale) * (2.0 * tail).ln(),
            Mechanism::Gaussian { variance } => of(variance).sqrt() * normal_quantile(tail),
        };
        if probability < 0.5 { -beyond } else { beyond }
    }

    /// It lies within this of zero but for a share of so many, in quanta.
    pub(crate) fn within(&self, misses: f64) -> f64 {
        let of = |ratio: Ratio| ratio.num as f64 / ratio.den as f64;
        match self.mechanism {
            // Pr[|x| > t] is below exp(-t / scale) of the continuous one by a step at most.
            Mechanism::Laplace { scale } => (of(scale) * (1.0 / misses).ln()).ceil(),
            Mechanism::Gaussian { variance } => {
                (of(variance).sqrt() * normal_quantile(misses / 2.0)).ceil()
            }
        }
    }

    fn told(&self, slot: &Slot) -> NoiseOf {
        let quantum = 10f64.powi(-slot.decimals);
        let of = |ratio: Ratio| ratio.num as f64 / ratio.den as f64;
        let (distribution, scale) = match self.mechanism {
            Mechanism::Laplace { scale } => ("discrete Laplace", of(scale)),
            Mechanism::Gaussian { variance } => ("discrete Gaussian", of(variance).sqrt()),
        };
        NoiseOf {
            of: slot.name.clone(),
            distribution: distribution.to_owned(),
            sensitivity: self.sensitivity as f64 * quantum,
            scale: scale * quantum,
            within_95: self.within(0.05) * quantum,
            unit: slot.unit.clone(),
        }
    }
}

impl Plan {
    /// The noise in each released sum or count; none unless the study asks for privacy.
    #[must_use]
    pub fn noise_told(&self) -> Vec<NoiseOf> {
        self.noise.iter().zip(&self.slots).map(|(noise, slot)| noise.told(slot)).collect()
    }

    /// The promise in one sentence.
    #[must_use]
    pub fn promise(&self) -> Option<String> {
        let Privacy { epsilon, delta, unit } = self.study.privacy?;
        let delta = delta.map_or("no delta".to_owned(), |delta| format!("delta {delta}"));
        Some(format!(
            "whether one {} takes part changes the probability of any results by a factor of at most \
             e^{epsilon}, with {delta} beside it",
            unit.name()
        ))
    }
}

/// The noise of every pooled vector, if the study asks for privacy.
pub(crate) fn noise(study: &Study, plan: &Plan) -> std::result::Result<Vec<Noise>, Error> {
    let Some(privacy) = &study.privacy else { return Ok(vec![]) };
    refuse_others(study, plan)?;
    let shares = plan.slots.len() as u64;
    let slots = plan.slots.iter();
    slots.map(|slot| of_slot(study, privacy, slot, shares)).collect()
}

/// What has no noise yet, or what noise would spoil without a word.
fn refuse_others(study: &Study, plan: &Plan) -> std::result::Result<(), Error> {
    let of_sums = match &study.objective {
        Objective::Sql(_) => true,
        Objective::Statistic(of) => matches!(
            of.kind,
            StatisticKind::Histogram { .. } | StatisticKind::Linear { weights: None, .. }
        ),
        Objective::FailureRate { .. }
        | Objective::Quality(_)
        | Objective::Linkage(_)
        | Objective::Train(_) => false,
    };
    let help = "with [privacy] an objective is SQL of COUNT, SUM, AVG, VAR and what is calculated from \
                these, \"histogram\", or \"linear\" without weights";
    if !of_sums {
        let kind = study.objective.kind();
        let message = format!(
            "[privacy] adds noise to sums and counts, and the intervals and tests of an objective of \
             kind \"{kind}\" know nothing of it"
        );
        return Err(Refusal::new(message, help).into());
    }
    if !plan.opens_sums() {
        let message = "[privacy] adds noise to the sums, and what is made of noisy sums need not be \
                       hidden any more";
        let help = "set `sufficient = \"open\"` in [release]: it is the noise that protects now";
        return Err(Refusal::new(message.to_owned(), help).into());
    }
    let extreme = plan.slots.iter().find(|slot| slot.combine != Combine::Sum);
    let rows = !plan.rows.is_empty() || plan.grouped.is_some() || plan.linked.is_some();
    if extreme.is_some() || rows {
        let what = extreme.map_or("what is made of rows", |slot| slot.name.as_str());
        let message = format!("[privacy] adds noise to sums and counts; `{what}` is neither");
        return Err(Refusal::new(message, help).into());
    }
    Ok(())
}

fn of_slot(
    study: &Study,
    privacy: &Privacy,
    slot: &Slot,
    shares: u64,
) -> std::result::Result<Noise, Error> {
    let rows = u128::from(study.table.max_rows);
    let reach = slot.lo.unsigned_abs().max(slot.hi.unsigned_abs());
    let sensitivity = match privacy.unit {
        PrivacyUnit::Record => reach.div_ceil(rows.max(1)),
        PrivacyUnit::Organisation => reach,
    };
    let too_wide = || {
        let message = format!(
            "the noise of `{}` could reach beyond the largest ring: one {} moves it by up to \
             {sensitivity} of its smallest steps",
            slot.name,
            privacy.unit.name()
        );
        let help = "narrow the column's range, use fewer decimals, ask for a greater epsilon, or leave \
                    `delta` out";
        Error::from(Refusal::new(message, help))
    };
    let narrow = u64::try_from(sensitivity).map_err(|_| too_wide())?;
    let mechanism = match privacy.delta {
        None => {
            let Decimal { digits, scale } = privacy.epsilon;
            let num = sensitivity * u128::from(shares) * 10u128.pow(scale.into());
            Mechanism::Laplace { scale: ratio(num, digits.unsigned_abs()).ok_or_else(too_wide)? }
        }
        Some(delta) => {
            let rho = rho_for(to_f64(privacy.epsilon), to_f64(delta));
            // Three digits of rho as a whole number, never more than it: every party comes to the
            // same fraction.
            let places = u32::try_from((2 - rho.log10().floor() as i32).max(0)).unwrap_or(0);
            let digits = (rho * 10f64.powi(places as i32)).floor() as u128;
            let square = sensitivity.checked_mul(sensitivity);
            let num = square.and_then(|square| square.checked_mul(u128::from(shares)));
            let num = num.and_then(|num| num.checked_mul(10u128.checked_pow(places)?));
            let variance = num.and_then(|num| ratio(num, 2 * digits));
            Mechanism::Gaussian { variance: variance.ok_or_else(too_wide)? }
        }
    };
    let bits = match mechanism {
        Mechanism::Laplace { scale } => discrete_laplace_bits(scale, DISTANCE_BITS),
        Mechanism::Gaussian { variance } => discrete_gaussian_bits(variance, DISTANCE_BITS),
    };
    if bits > 60 {
        return Err(too_wide());
    }
    Ok(Noise { mechanism, sensitivity: narrow, bits })
}

/// A fraction in lowest terms, if it fits.
fn ratio(num: u128, den: u128) -> Option<Ratio> {
    let (mut a, mut b) = (num, den);
    while b > 0 {
        (a, b) = (b, a % b);
    }
    let divisor = a.max(1);
    let (num, den) = (u64::try_from(num / divisor).ok()?, u64::try_from(den / divisor).ok()?);
    (den > 0).then_some(Ratio { num, den })
}

fn to_f64(number: Decimal) -> f64 {
    number.digits as f64 / 10f64.powi(number.scale.into())
}

pub(crate) mod interval;
#[cfg(test)]
mod tests;
