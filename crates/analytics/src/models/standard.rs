//! Features less their means and over their standard deviations, of all records together: neither
//! becomes known unless it is opened.

use sharewell_mpc::{Protocol, Result, Share, circuit};
use sharewell_ring::{Integer, Ring};
use sharewell_tensor::Tensor;
use sharewell_tensor::function::{Quotient, Root, divide, square_root};

/// No feature is taken to be farther from its mean than so many standard deviations.
pub const FARTHEST: u32 = 8;
/// A feature varies if its standard deviation is at least two to minus this.
pub const LEAST_BITS: u32 = 10;
/// Fractional bits of one over a standard deviation.
pub const INVERSE_BITS: u32 = 14;
/// Of a variance.
const VARIANCE_BITS: u32 = 30;
/// Most fractional bits of features.
const FRAC_BITS: u32 = 20;

/// Features as a network takes them.
#[derive(Debug)]
pub struct Standard<P: Protocol> {
    /// `[rows, features]`, within [`FARTHEST`].
    pub x: Tensor<P>,
    /// `[features]`.
    pub means: Tensor<P>,
    /// One over each standard deviation, `[features]` at [`INVERSE_BITS`].
    pub inverses: Tensor<P>,
    /// One for each feature that varies, and zero for others, of which the rest means nothing.
    pub varies: P::AShare,
}

/// Fractional bits of features from -1 to 1, for so many rows and numbers of `frac` bits.
#[must_use]
pub fn feature_bits(rows: usize, frac: u32) -> u32 {
    FRAC_BITS.min(frac).min((58 - row_bits(rows)) / 2)
}

fn row_bits(rows: usize) -> u32 {
    usize::BITS - rows.leading_zeros()
}

/// Takes features, `[rows, features]` from -1 to 1 at [`feature_bits`], to those of mean zero and
/// standard deviation one, of the records that count: `counts` is one for each of them and zero
/// for others. Variances are over how many there are, not over one less.
///
/// Error: means to a few units of the features' last place, inverses to `2^-13` of themselves;
/// what is in the result is what was used.
///
/// Cost: two products and [`circuit::clamp`] of every number; a division and an inverse root of
/// every feature.
///
/// # Errors
/// If a link fails.
///
/// # Panics
/// If the shapes do not fit, or there are more than 2^20 rows.
pub fn standardise<P: Protocol>(
    p: &mut P,
    x: &Tensor<P>,
    counts: &P::AShare,
    frac: u32,
) -> Result<Standard<P>> {
    let [rows, features] = *x.shape() else { panic!("a matrix, not {x:?}") };
    assert_eq!(x.frac_bits(), feature_bits(rows, frac), "the scale of {x:?}");
    let mut total = counts.sum(1);
    p.note_bound(&mut total, 0, rows as i128);
    let each = vec![0; features];
    let total = Tensor::new(total.gather(&each), &[features], 0);
    let across = x.transpose().into_shares();
    let counted = counts.gather(&(0..across.len()).map(|i| i % rows).collect::<Vec<_>>());
    let sums = p.dot(&counted, &across, features)?;
    let scale = x.frac_bits();
    let means = mean(p, sums, (scale, 1), (&total, rows))?;
    let by_feature: Vec<usize> = (0..across.len()).map(|i| i / rows).collect();
    let mut centred = across;
    centred -= &means.shares().gather(&by_feature);
    let most = (2i128 << scale) + 64;
    p.note_bound(&mut centred, -most, most);
    let own = p.mul(&centred, &counted)?;
    let squares = p.dot(&own, &centred, features)?;
    let squares = p.trunc(&squares, (2 * scale).saturating_sub(VARIANCE_BITS))?;
    let fine = VARIANCE_BITS.min(2 * scale);
    let variances = mean(p, squares, (fine, 4), (&total, rows))?;
    let (inverses, varies) = inverses(p, &variances)?;
    let spread = inverses.shares().gather(&by_feature);
    let full = scale + INVERSE_BITS;
    let z = p.mul_trunc(&centred, &spread, full.saturating_sub(frac))?;
    let z = Tensor::<P>::new(z, &[features, rows], full.min(frac)).rescale_up(frac);
    let limit = P::Ring::ONE.shl(frac).to_i128() * i128::from(FARTHEST);
    let ends = [-limit, limit].map(|end| p.public(&vec![P::Ring::from_i128(end); z.len()]));
    let z = circuit::clamp(p, z.shares(), [&ends[0], &ends[1]], frac + LEAST_BITS + 4)?;
    let x = Tensor::new(z, &[features, rows], frac).transpose();
    Ok(Standard { x, means, inverses, varies })
}

/// Sums of numbers up to `most` at a scale, over how many there are.
fn mean<P: Protocol>(
    p: &mut P,
    mut sums: P::AShare,
    (scale, most): (u32, i128),
    (total, rows): (&Tensor<P>, usize),
) -> Result<Tensor<P>> {
    let limit = (most * rows as i128) << scale;
    p.note_bound(&mut sums, -limit, limit);
    let numerator_bits = 128 - limit.leading_zeros();
    let spec = Quotient { numerator_bits, divisor_bits: row_bits(rows), frac_bits: 0 };
    let features = sums.len();
    let (mean, _) = divide(p, &Tensor::integers(sums), total, spec)?;
    let mut mean = mean.into_shares();
    let limit = (most << scale) + 16;
    p.note_bound(&mut mean, -limit, limit);
    Ok(Tensor::new(mean, &[features], scale))
}

/// One over the root of each variance, and whether that is large enough; zero where not.
fn inverses<P: Protocol>(p: &mut P, variances: &Tensor<P>) -> Result<(Tensor<P>, P::AShare)> {
    let (features, scale) = (variances.len(), variances.frac_bits());
    let least = P::Ring::ONE.shl(scale.saturating_sub(2 * LEAST_BITS));
    let mut above = variances.shares().clone();
    above -= &p.public(&vec![least; features]);
    let small = p.msb(&above, scale + 4)?;
    let mut varies = p.public(&vec![P::Ring::ONE; features]);
    varies -= &p.b2a(&small)?;
    let spec = Root { bits: scale + 3, scale, frac_bits: INVERSE_BITS, inverse: true };
    let (roots, _) = square_root(p, variances, spec)?;
    let mut inverses = p.mul(roots.shares(), &varies)?;
    p.note_bound(&mut inverses, 0, 17 << (INVERSE_BITS + LEAST_BITS - 4));
    Ok((Tensor::new(inverses, &[features], INVERSE_BITS), varies))
}
