//! Which polynomials take a matrix to its inverse, and how far rounding can lead astray.

use super::Definite;

/// One step `X <- gain X ((1 + least) I - A X)`.
#[derive(Copy, Clone, Debug)]
pub(super) struct Step {
    /// Times `2^GAIN_BITS`.
    pub(super) gain: u32,
    /// A lower bound of the eigenvalues of `A X`, or 1: then this is Newton's step.
    pub(super) least: f64,
}

/// Fractional bits of a step's gain, which is at most 4.
pub(super) const GAIN_BITS: u32 = 6;
/// From here on Newton's step gains more.
const NEAR_ONE: f64 = 0.75;
/// A residual that is worth a step more.
const PROGRESS: f64 = 0.75;
/// The greatest residual of use.
const RESIDUAL_MAX: f64 = 1.0 / 256.0;

/// Scales, steps, and the residual `|I - A X|` that they leave at most, in the spectral norm.
#[derive(Clone, Debug)]
pub(super) struct Schedule {
    /// Fractional bits of `X`.
    pub(super) solution_bits: u32,
    /// Fractional bits of the factor that `X` is multiplied by in a step.
    pub(super) factor_bits: u32,
    pub(super) steps: Vec<Step>,
    pub(super) residual: f64,
}

/// What is known of `A X`: it is a matrix with eigenvalues in `[1 - gap, 1]` that commutes with
/// `A`, and something of norm `stray` more.
#[derive(Copy, Clone)]
struct Known {
    gap: f64,
    stray: f64,
}

impl Known {
    fn residual(&self) -> f64 {
        self.gap + self.stray
    }

    /// After a step that adds `noise`. The exact part `Y` goes to `g Y (u - Y)`, at most 1 at
    /// `u / 2`; the rest `F` to `g (F (u/2 - Y) + (u/2 - Y) F - F^2)`, and the norm of
    /// `u/2 - Y` is at most `gap / 2`, in Newton's step `gap`.
    fn after(&self, step: Step, noise: f64) -> Self {
        let gain = f64::from(step.gain) / f64::from(1 << GAIN_BITS);
        let Self { gap, stray } = *self;
        let (gap_after, slope) = if step.least == 1.0 {
            (gap * gap, 2.0 * gap)
        } else {
            (1.0 - gain * step.least, gain * (1.0 - step.least))
        };
        Self { gap: gap_after, stray: slope * stray + gain * stray * stray + noise }
    }
}

impl Schedule {
    /// For a ring of so many bits; `None` if it is too small.
    pub(super) fn of(spec: &Definite, bits: u32) -> Option<Self> {
        let Definite { order, trace_bits, condition_bits, rhs_bits } = *spec;
        let order_bits = order.next_power_of_two().ilog2();
        // X is below 2^(condition_bits + 1), A X below 2: each product stays below 2^(bits - 3),
        // and the sums of a product of anything in these ranges in the ring.
        let room = bits.checked_sub(condition_bits + 4)?;
        let solution_bits = (room / 2)
            .min(room.checked_sub(rhs_bits + order_bits.div_ceil(2))?)
            .min((room + condition_bits).checked_sub(trace_bits + GAIN_BITS + 3)?)
            .min(room.checked_sub(trace_bits + order_bits)?);
        let factor_bits = (room - solution_bits).min(trace_bits + solution_bits + GAIN_BITS);
        let mut out = Self { solution_bits, factor_bits, steps: vec![], residual: 1.0 };
        let mut known = Known { gap: 1.0 - (-f64::from(condition_bits)).exp2(), stray: 0.0 };
        loop {
            let step = out.step(&known, trace_bits);
            let after = known.after(step, out.noise(order, &known));
            if after.stray > 0.5 {
                return None;
            }
            if after.residual() > PROGRESS * known.residual() && step.least == 1.0 {
                break;
            }
            out.steps.push(step);
            known = after;
        }
        out.residual = known.residual();
        (out.residual <= RESIDUAL_MAX).then_some(out)
    }

    /// With the greatest gain under which no eigenvalue comes out above 1.
    fn step(&self, known: &Known, trace_bits: u32) -> Step {
        let least = 1.0 - known.gap;
        if least > NEAR_ONE {
            return Step { gain: 1 << GAIN_BITS, least: 1.0 };
        }
        let unit = f64::from(trace_bits + self.solution_bits).exp2();
        let least = (least * unit).floor() / unit;
        let gain = f64::from(4 << GAIN_BITS) / ((1.0 + least) * (1.0 + least));
        Step { gain: gain as u32, least }
    }

    /// A matrix of roundings of one unit has a norm of `order` units at most. Those of the factor
    /// meet `A X`, those of `X` meet `A`; the first step is made of the factor alone.
    fn noise(&self, order: usize, known: &Known) -> f64 {
        let unit = |bits: u32| order as f64 * (-f64::from(bits)).exp2();
        let of_factor = if self.steps.is_empty() { 0.0 } else { unit(self.factor_bits) };
        of_factor * (1.0 + known.stray) + unit(self.solution_bits)
    }
}
