//! Where the steps begin: the maximum among constant means, but for offsets.

use sharewell_mpc::{Protocol, Result, Share};
use sharewell_ring::{Integer, Ring};
use sharewell_tensor::Tensor;
use sharewell_tensor::function::{Base, Logarithm, logarithm};

use super::scales::LIKELIHOOD_BITS;
use super::step::Rows;
use super::{FRAC_BITS, Family, OFFSET_BITS, RECORD_BITS, scaled};

/// Logarithms of sums are below two to this.
const LOG_BITS: u32 = 7;

/// The start.
pub(super) struct Start<P: Protocol> {
    /// [columns, 1]: all zero but the first.
    pub(super) coefficients: Tensor<P>,
    /// The log-likelihood there, `[1]`.
    pub(super) log_likelihood: Tensor<P>,
    /// 1 if there is one.
    pub(super) ok: P::AShare,
}

impl<P: Protocol> Rows<'_, P> {
    /// Cost: logarithms of two or three numbers; with offsets the means of all records once.
    pub(super) fn start(&self, p: &mut P) -> Result<Start<P>> {
        let events = self.records.y.shares().sum(1);
        let (first, height, ok) = match self.model.family {
            Family::Logistic => self.log_odds(p, &events)?,
            Family::Poisson { offsets, .. } => self.log_rate(p, &events, offsets.1.max(0))?,
        };
        let zeros = p.public(&vec![P::Ring::ZERO; self.model.columns - 1]);
        let coefficients = P::AShare::concat(&[&first, &zeros]);
        let log_likelihood = height.rescale_down(p, LIKELIHOOD_BITS)?;
        let coefficients = Tensor::new(coefficients, &[self.model.columns, 1], FRAC_BITS);
        Ok(Start { coefficients, log_likelihood, ok })
    }

    /// `ln(E / R)` for `E` events and `R` other records, and `E ln E + R ln R - n ln n`.
    fn log_odds(&self, p: &mut P, events: &P::AShare) -> Result<(P::AShare, Tensor<P>, P::AShare)> {
        let all = self.constant.sum(1);
        let events = scaled::<P>(events, P::Ring::ONE.shl(RECORD_BITS));
        let mut others = all.clone();
        others -= &events;
        let bits = RECORD_BITS + self.scales.row_bits + 1;
        let counts = P::AShare::concat(&[&events, &others, &all]);
        let (logs, ok) = logarithms(p, &counts, bits, RECORD_BITS)?;
        let mut first = logs.take(0..1);
        first -= &logs.take(1..2);
        let minus = scaled::<P>(&all, -P::Ring::ONE);
        let height = p.dot(&P::AShare::concat(&[&events, &others, &minus]), &logs, 1)?;
        let ok = p.mul(&ok.take(0..1), &ok.take(1..2))?;
        Ok((first, Tensor::new(height, &[1], RECORD_BITS + FRAC_BITS), ok))
    }

    /// `ln(E / T)` for `E` events in `T = sum exp(offset)`, and `E ln(E / T) + sum y offset - E`;
    /// offsets less the greatest, so that no mean is above 1.
    fn log_rate(
        &self,
        p: &mut P,
        events: &P::AShare,
        greatest: i128,
    ) -> Result<(P::AShare, Tensor<P>, P::AShare)> {
        let (row_bits, mean_bits) = (self.scales.row_bits, self.scales.mean_bits);
        let scale = RECORD_BITS + FRAC_BITS;
        let (mut time, mut of_offsets) =
            (scaled::<P>(&self.constant.sum(1), P::Ring::ONE.shl(FRAC_BITS)), None);
        if let Some(offset) = self.records.offset {
            let mut below = offset.shares().clone();
            below -= &p.public(&vec![P::Ring::from_i128(greatest); below.len()]);
            let below = Tensor::new(below, offset.shape(), FRAC_BITS);
            let means = self.scales.means(p, self.model.family, &below, true)?;
            time = p.dot(&self.constant, means.shares(), 1)?;
            of_offsets = Some(p.dot(self.records.y.shares(), offset.shares(), 1)?);
        }
        let fine = scaled::<P>(events, P::Ring::ONE.shl(scale));
        let bits = scale + row_bits + mean_bits + 1;
        let (logs, ok) = logarithms(p, &P::AShare::concat(&[&fine, &time]), bits, scale)?;
        let mut first = logs.take(0..1);
        first -= &logs.take(1..2);
        if of_offsets.is_some() {
            first -= &p.public(&[P::Ring::from_i128(greatest)]);
        }
        let limit = 1 << (FRAC_BITS + LOG_BITS.max(OFFSET_BITS) + 2);
        p.note_bound(&mut first, -limit, limit);
        let mut height = p.mul(events, &first)?;
        height -= &scaled::<P>(events, P::Ring::ONE.shl(FRAC_BITS));
        of_offsets.iter().for_each(|sum| height += sum);
        let ok = p.mul(&ok.take(0..1), &ok.take(1..2))?;
        Ok((first, Tensor::new(height, &[1], FRAC_BITS), ok))
    }
}

/// Natural logarithms at [`FRAC_BITS`] of numbers below `2^bits` at a scale, and whether each is
/// positive.
fn logarithms<P: Protocol>(
    p: &mut P,
    x: &P::AShare,
    bits: u32,
    scale: u32,
) -> Result<(P::AShare, P::AShare)> {
    let spec = Logarithm { bits, scale, frac_bits: FRAC_BITS, base: Base::E };
    let (logs, positive) = logarithm(p, &Tensor::new(x.clone(), &[x.len()], scale), spec)?;
    let mut logs = logs.into_shares();
    p.note_bound(&mut logs, -(1 << (FRAC_BITS + LOG_BITS)), 1 << (FRAC_BITS + LOG_BITS));
    Ok((logs, positive))
}
