//! Pearson's correlation.

use sharewell_mpc::{Protocol, Result, Share};
use sharewell_ring::{Integer, Ring};
use sharewell_tensor::Tensor;
use sharewell_tensor::function::InverseRoot;

use super::Comoments;
use crate::Value;
use crate::value::{Fallible, Overflow, bits_of, fits};

const STEP: &str = "correlation";

/// Fractional bits of the result.
const FRAC_BITS: u32 = 40;

/// Pearson's correlation `C / sqrt(A B)`, with `C = n sum x y - sum x sum y` and the same of each
/// value with itself.
///
/// `A`, `B` and `C` are whole numbers, and none is rounded before it is about as large as it may
/// be, so that the error is the same for values that spread over little of their range.
///
/// Error: 2^-40 and that of two [`InverseRoot`]s. Cost: products, and one [`InverseRoot`] of both
/// variances at once. Undefined where one of the two does not vary.
///
/// # Errors
/// A link's failure outside, [`Overflow`] inside.
pub fn correlation<P: Protocol>(
    p: &mut P,
    of: &Comoments<P>,
    squares: &[Value<P>; 2],
) -> Fallible<Value<P>> {
    const { assert!(FRAC_BITS < 46) };
    let precision = InverseRoot::<P>::PRECISION;
    let cells = of.count.raw.len();
    let bits = fits!(variance_bits(of));
    if !InverseRoot::<P>::fits(bits, P::Ring::BITS) {
        return Ok(Err(Overflow { step: STEP, needs: bits + 2, limit: P::Ring::BITS - 3 }));
    }
    let [covariance, variances] = whole(p, of, squares, bits)?;
    let roots = InverseRoot::of(p, &variances, bits)?;

    // |C| is at most sqrt(A B), so that the powers of both make it no longer than one variance.
    let (first, second) = roots.power.split(cells);
    let mut scaled = p.mul(&covariance, &first)?;
    p.note_bound(&mut scaled, -(1 << roots.top), 1 << roots.top);
    scaled = p.mul(&scaled, &second)?;
    p.note_bound(&mut scaled, -(1 << roots.top), 1 << roots.top);
    let mut scaled = p.trunc(&scaled, roots.top.saturating_sub(precision))?;
    scaled.scale(&[P::Ring::ONE.shl(precision.saturating_sub(roots.top))]);

    let most = (1 << precision) + (1 << 6);
    let (first, second) = roots.mantissa.split(cells);
    for mantissa in [first, second] {
        scaled = p.mul_trunc(&scaled, &mantissa, precision)?;
        p.note_bound(&mut scaled, -most, most);
    }
    // Rounded at random so far: cut exactly, since it may be published.
    let shares = p.trunc_exact(&scaled, precision - FRAC_BITS)?;
    let (first, second) = roots.positive.split(cells);
    let defined = Some(p.mul(&first, &second)?);
    let ulp = (-f64::from(precision)).exp2();
    let absolute =
        2.01 * InverseRoot::<P>::accuracy(bits) + 8.0 * ulp + (-f64::from(FRAC_BITS)).exp2();
    let hi = (most >> (precision - FRAC_BITS)) + 1;
    Ok(Ok(Value {
        raw: Tensor::new(shares, &[cells], FRAC_BITS),
        decimals: 0,
        lo: -hi,
        hi,
        absolute,
        relative: 0.0,
        grain: (of.count.hi.max(1) as f64).powi(-2),
        defined,
    }))
}

/// Bits of the greater variance as a whole number.
fn variance_bits<P: Protocol>(of: &Comoments<P>) -> std::result::Result<u32, Overflow> {
    let [x, y] = of.deviations;
    let most = of.count.hi.checked_mul(x.max(y)).and_then(|most| most.checked_mul(most));
    let needs = 2 * (of.count.bits() + bits_of(0, x.max(y)));
    let overflow = Overflow { step: STEP, needs, limit: P::Ring::BITS - 3 };
    most.map(|most| bits_of(0, most).max(1)).ok_or(overflow)
}

/// `C`; then `A` and `B`.
fn whole<P: Protocol>(
    p: &mut P,
    of: &Comoments<P>,
    [xx, yy]: &[Value<P>; 2],
    bits: u32,
) -> Result<[P::AShare; 2]> {
    let shares = |value: &Value<P>| value.raw.shares().clone();
    let [x, y] = of.sums.each_ref().map(shares);
    let (n, cells) = (shares(&of.count), of.count.raw.len());
    let left = P::AShare::concat(&[&n, &n, &n, &x, &x, &y]);
    let right = P::AShare::concat(&[&shares(&of.products), &shares(xx), &shares(yy), &y, &x, &y]);
    let (mut found, less) = p.mul(&left, &right)?.split(3 * cells);
    found -= &less;
    let (mut covariance, mut variances) = found.split(cells);
    p.note_bound(&mut covariance, -(1 << bits), 1 << bits);
    p.note_bound(&mut variances, 0, (1 << bits) - 1);
    Ok([covariance, variances])
}
