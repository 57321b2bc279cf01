//! At which scale each number is kept, so that 128 bits hold all of them.

use sharewell_tensor::linear::Definite;

use super::{FRAC_BITS, Family, MOST_COLUMNS, Model, OFFSET_BITS, RECORD_BITS};

/// Coefficients stay below two to this in magnitude.
pub(super) const LIMIT_BITS: u32 = 12;
/// Fractional bits of the information, before its scale is taken out.
pub(super) const INFORMATION_BITS: u32 = 50;
/// Two to minus this is added to the information's trace, so that it is not zero.
pub(super) const LEAST_TRACE_BITS: u32 = 6;
/// Fractional bits of the information once its trace lies between 1/2 and 1.
pub(super) const UNIT_BITS: u32 = 46;
/// Two to minus this is the least eigenvalue then.
const CONDITION_BITS: u32 = 24;
/// Fractional bits of the inverse: for a step.
pub(super) const COARSE_BITS: u32 = 24;
/// And for the covariance.
pub(super) const INVERSE_BITS: u32 = 34;
/// Fractional bits of the covariance, if the ring has them.
pub(super) const COVARIANCE_BITS: u32 = 44;
/// Fractional bits of log-likelihoods.
pub(super) const LIKELIHOOD_BITS: u32 = 30;
/// Of each weight, if the ring has them.
const WEIGHT_BITS: u32 = 32;
const WEIGHT_BITS_MIN: u32 = 18;
/// Of the gradient over the trace, if the ring has them.
const GRADIENT_BITS: u32 = 44;
const GRADIENT_BITS_MIN: u32 = 24;
/// The greatest ridge.
const RIDGE_MAX: f64 = (1u32 << 20) as f64;

/// What follows from a model.
#[derive(Copy, Clone, Debug)]
pub(super) struct Scales {
    /// Records and columns are fewer than two to these.
    pub(super) row_bits: u32,
    pub(super) column_bits: u32,
    /// Means are at most two to this.
    pub(super) mean_bits: u32,
    /// Fractional bits of weights.
    pub(super) weight_bits: u32,
    /// The trace is below two to this, as an integer at its scale.
    pub(super) trace_bits: u32,
    /// Fractional bits of the gradient over the trace.
    pub(super) gradient_bits: u32,
    pub(super) definite: Definite,
}

impl Scales {
    /// For a ring of so many bits; `None` if it is too small.
    pub(super) fn of(model: &Model, bits: u32) -> Option<Self> {
        let Model { family, rows, columns, ref ridge, .. } = *model;
        let sound = (1..=MOST_COLUMNS).contains(&columns)
            && rows > 0
            && ridge.len() == columns
            && ridge.iter().all(|ridge| (0.0..=RIDGE_MAX).contains(ridge))
            && family.is_sound();
        if !sound {
            return None;
        }
        let (row_bits, column_bits) = (bits_of(rows as u64), bits_of(columns as u64));
        let mean_bits = family.mean_bits();
        let ridge_bits = bits_of(ridge.iter().copied().fold(0.0, f64::max).ceil() as u64);
        // Weights and residuals are at most twice the greatest mean.
        let sum_bits = row_bits + mean_bits + 1;
        let weight_bits =
            bits.checked_sub(5 + 2 * RECORD_BITS + sum_bits.max(ridge_bits))?.min(WEIGHT_BITS);
        let trace_bits = INFORMATION_BITS + sum_bits.max(ridge_bits) + column_bits + 2;
        let score_bits = sum_bits.max(ridge_bits + LIMIT_BITS) + 1;
        let definite = Definite {
            order: columns,
            trace_bits: UNIT_BITS + column_bits,
            condition_bits: CONDITION_BITS + column_bits,
            rhs_bits: 1,
        };
        // Elements of the inverse are below two to this.
        let inverse_bits = CONDITION_BITS + 1;
        let step_bits = COARSE_BITS + inverse_bits + score_bits + LEAST_TRACE_BITS + column_bits;
        let gradient_bits = bits.checked_sub(3 + step_bits)?.min(GRADIENT_BITS);
        let power_bits = trace_bits - INFORMATION_BITS + LEAST_TRACE_BITS;
        let largest = (power_bits + FRAC_BITS + score_bits)
            .max(power_bits + INVERSE_BITS + inverse_bits)
            .max(RECORD_BITS + FRAC_BITS + score_bits + 1)
            // The sum of the log-likelihood, each below 2^6 or an argument times a count.
            .max(RECORD_BITS + FRAC_BITS + sum_bits + 7)
            .max(FRAC_BITS + LIMIT_BITS + column_bits + sum_bits + 2);
        let out = Self {
            row_bits,
            column_bits,
            mean_bits,
            weight_bits,
            trace_bits,
            gradient_bits,
            definite,
        };
        let fits = weight_bits >= WEIGHT_BITS_MIN
            && gradient_bits >= GRADIENT_BITS_MIN
            && largest + 3 <= bits
            && definite.fits(bits)
            && out.means_fit(family, bits);
        fits.then_some(out)
    }

    /// An argument x'b is below two to this, as an integer at its scale.
    pub(super) fn argument_bits(&self) -> u32 {
        FRAC_BITS + LIMIT_BITS + self.column_bits
    }
}

impl Family {
    fn is_sound(self) -> bool {
        match self {
            Self::Logistic => true,
            Self::Poisson { most, offsets: (lo, hi) } => {
                let limit = 1 << (FRAC_BITS + OFFSET_BITS);
                most > 0 && most < 1 << 30 && -limit < lo && lo <= hi && hi < limit
            }
        }
    }

    /// Means are at most two to this; of counts four times the greatest, on the way to the maximum.
    fn mean_bits(self) -> u32 {
        match self {
            Self::Logistic => 0,
            Self::Poisson { most, .. } => bits_of(most) + 2,
        }
    }
}

fn bits_of(x: u64) -> u32 {
    64 - x.leading_zeros()
}
