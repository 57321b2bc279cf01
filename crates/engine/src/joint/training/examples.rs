//! The providers' rows as a network takes them.

use sharewell_analytics::glm::RECORD_BITS;
use sharewell_analytics::models::{feature_bits, standardise};
use sharewell_mpc::{Protocol, Result, Share};
use sharewell_ring::{Integer, Ring};
use sharewell_tensor::Tensor;

use super::Rows;
use crate::Plan;
use crate::hidden::Predictor;
use crate::learning::{LabelColumn, Learning};

/// Columns that are brought to scale at a time.
const COLUMNS: usize = 64;

/// The rows as a network takes them.
pub(super) struct Examples<P: Protocol> {
    pub x: Tensor<P>,
    pub y: Tensor<P>,
    /// The classes among the targets as zeros and ones, where the targets are at another scale.
    pub classes: Option<Tensor<P>>,
    /// One for each row that is trained on; for each that is validated on; that is tested on.
    pub trained: P::AShare,
    pub validated: P::AShare,
    pub tested: P::AShare,
    /// One for each feature that does not vary.
    pub constant: Option<P::AShare>,
    /// Means, and inverses of deviations.
    pub standard: Vec<P::AShare>,
}

pub(super) fn examples<P: Protocol>(
    p: &mut P,
    learning: &Learning,
    rows: &Rows<P>,
    (plan, frac): (&Plan, u32),
) -> Result<Examples<P>> {
    let valid = rows.valid();
    let mut flag = |of: Option<usize>| match of {
        Some(of) => rows.flag(p, of),
        None => Ok(p.public(&vec![P::Ring::ZERO; valid.len()])),
    };
    let (validated, tested) = (flag(learning.validation)?, flag(learning.test)?);
    let mut trained = valid.clone();
    trained -= &validated;
    trained -= &tested;
    // A row that is tested or validated on is a record, and not both.
    p.note_bound(&mut trained, 0, 1);
    let scale = match learning.standardise {
        true => feature_bits(valid.len(), frac),
        false => frac,
    };
    let mut x = by_range(p, &learning.features, rows, scale)?;
    let (mut constant, mut standard) = (None, vec![]);
    if learning.standardise {
        let found = standardise(p, &x, &trained, frac)?;
        let mut same = p.public(&vec![P::Ring::ONE; learning.features.len()]);
        same -= &found.varies;
        (x, constant) = (found.x, Some(same));
        standard = vec![found.means.into_shares(), found.inverses.into_shares()];
    }
    let mut of_class = None;
    let y = match learning.label {
        LabelColumn::Number(label) => by_range(p, &[label], rows, frac)?,
        LabelColumn::Class { column, classes } => {
            let is = one_hot(p, &rows.column(plan, column).values, classes)?;
            match learning.also.is_empty() {
                true => is,
                false => {
                    let also = by_range(p, &learning.also, rows, frac)?;
                    of_class = Some(is.clone());
                    beside(&is.rescale_up(frac), &also)
                }
            }
        }
    };
    Ok(Examples { x, y, classes: of_class, trained, validated, tested, constant, standard })
}

/// Columns by their ranges, from -1 to 1, `[rows, columns]`; zeros where there is no record.
fn by_range<P: Protocol>(
    p: &mut P,
    columns: &[Predictor],
    rows: &Rows<P>,
    frac: u32,
) -> Result<Tensor<P>> {
    let one = 1i128 << RECORD_BITS;
    let times = |x: &P::AShare, by: i128| {
        let mut x = x.clone();
        x.scale(&[P::Ring::from_i128(by)]);
        x
    };
    // So many columns at a time that little is held beside the rows and what becomes of them.
    let mut parts = vec![];
    for columns in columns.chunks(COLUMNS) {
        let mut across = vec![];
        for of in columns {
            let mut x = times(rows.values(of.column), of.factor);
            x -= &times(rows.valid(), of.centre * of.factor);
            p.note_bound(&mut x, -one, one);
            across.push(x);
        }
        let all = P::AShare::concat(&across.iter().collect::<Vec<_>>());
        drop(across);
        let all = Tensor::<P>::new(all, &[columns.len() * rows.valid().len()], RECORD_BITS);
        let all = match frac < RECORD_BITS {
            true => all.rescale_down(p, frac)?,
            false => all.rescale_up(frac),
        };
        parts.push(all.into_shares());
    }
    let all = P::AShare::concat(&parts.iter().collect::<Vec<_>>());
    drop(parts);
    Ok(Tensor::<P>::new(all, &[columns.len(), rows.valid().len()], frac).transpose())
}

impl<P: Protocol> Examples<P> {
    /// One at the place of each row's class, zeros elsewhere.
    pub(super) fn is(&self) -> &Tensor<P> {
        self.classes.as_ref().unwrap_or(&self.y)
    }
}

/// Columns beside columns.
fn beside<P: Protocol>(first: &Tensor<P>, others: &Tensor<P>) -> Tensor<P> {
    let across = [first, others].map(|of| of.transpose().into_shares());
    let columns = first.shape()[1] + others.shape()[1];
    let all = P::AShare::concat(&[&across[0], &across[1]]);
    Tensor::<P>::new(all, &[columns, first.shape()[0]], first.frac_bits()).transpose()
}

/// One at the place of each row's class, zeros elsewhere, `[rows, classes]`.
pub(super) fn one_hot<P: Protocol>(
    p: &mut P,
    codes: &P::AShare,
    classes: usize,
) -> Result<Tensor<P>> {
    let rows = codes.len();
    let index: Vec<usize> = (0..rows * classes).map(|i| i / classes).collect();
    let places: Vec<P::Ring> =
        (0..rows * classes).map(|i| P::Ring::from_u128((i % classes) as u128)).collect();
    let mut apart = codes.gather(&index);
    apart -= &p.public(&places);
    let is = p.is_zero(&apart, usize::BITS - classes.leading_zeros())?;
    Ok(Tensor::new(p.b2a(&is)?, &[rows, classes], 0))
}
