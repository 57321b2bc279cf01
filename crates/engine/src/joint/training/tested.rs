//! What a trained network makes of the rows that it never saw.

use std::ops::Range;

use sharewell_analytics::models::Training;
use sharewell_mpc::circuit::{self, Extreme};
use sharewell_mpc::{Protocol, Result, Share};
use sharewell_ring::{Dims, Integer, Ring};
use sharewell_tensor::Tensor;

use super::examples::{Examples, one_hot};
use crate::learning::{LabelColumn, Learning, SCORED, THRESHOLDS};

/// The confusion of classes and what their probabilities came to, or the sum of the squares of what
/// is missing, of the tested rows.
pub(super) fn tested<P: Protocol>(
    p: &mut P,
    (learning, training): (&Learning, &Training),
    weights: &Tensor<P>,
    of: &Examples<P>,
) -> Result<P::AShare> {
    let z = training.outputs(p, weights, &of.x)?;
    let rows = z.shape()[0];
    let LabelColumn::Class { classes, .. } = learning.label else {
        return squares(p, (training, 0..1), &z, of);
    };
    let also = classes..classes + learning.also.len();
    let also = squares(p, (training, also), &z, of)?;
    let first = columns(&z, 0..classes);
    let bits = training.output_bits();
    let (_, told) = circuit::arg_extreme(
        p,
        first.shares(),
        circuit::Rows { rows, bits, extreme: Extreme::Max },
    )?;
    let told = one_hot(p, &told, classes)?;
    let counted = of.tested.gather(&(0..rows * classes).map(|i| i / classes).collect::<Vec<_>>());
    let right = p.mul(of.is().shares(), &counted)?;
    let right = Tensor::<P>::new(right, &[rows, classes], 0).transpose();
    let d = Dims { m: classes, k: rows, n: classes };
    let confusion = p.matmul(right.shares(), told.shares(), d)?;
    if learning.scored().is_empty() {
        return Ok(P::AShare::concat(&[&confusion, &also]));
    }
    let probabilities = training.probabilities(p, z)?;
    let scores = scores(p, learning, &probabilities, of)?;
    Ok(P::AShare::concat(&[&confusion, &also, &scores]))
}

/// Of each of these outputs, the sum of the squares of what is missing.
fn squares<P: Protocol>(
    p: &mut P,
    (training, which): (&Training, Range<usize>),
    z: &Tensor<P>,
    of: &Examples<P>,
) -> Result<P::AShare> {
    let (frac, rows, len) = (training.scales().frac, of.tested.len(), which.len());
    if len == 0 {
        return Ok(p.public(&[]));
    }
    let missing = columns(z, which.clone()).transpose().sub(&columns(&of.y, which).transpose());
    // Of what lies between -1 and 1 no more than all of it is missing.
    let ends = [-2, 2].map(|end| p.public(&vec![P::Ring::from_i128(end << frac); rows * len]));
    let bits = training.output_bits() + 2;
    let missing = circuit::clamp(p, missing.shares(), [&ends[0], &ends[1]], bits)?;
    let counted = of.tested.gather(&(0..rows * len).map(|i| i % rows).collect::<Vec<_>>());
    let own = p.mul(&missing, &counted)?;
    let squares = p.mul_trunc(&own, &missing, frac)?;
    Ok(squares.sum(len))
}

/// Some columns of all.
fn columns<P: Protocol>(x: &Tensor<P>, which: Range<usize>) -> Tensor<P> {
    let [rows, all] = *x.shape() else { panic!("a matrix, not {x:?}") };
    let index = (0..rows).flat_map(|row| which.clone().map(move |at| row * all + at));
    let shares = x.shares().gather(&index.collect::<Vec<_>>());
    Tensor::new(shares, &[rows, which.len()], x.frac_bits())
}

/// Of each class that is looked at, what is counted above each threshold.
fn scores<P: Protocol>(
    p: &mut P,
    learning: &Learning,
    probabilities: &Tensor<P>,
    of: &Examples<P>,
) -> Result<P::AShare> {
    let (rows, frac) = (of.tested.len(), probabilities.frac_bits());
    let (told, are) = (probabilities.transpose(), of.is().transpose());
    let classes = learning.scored();
    let most = THRESHOLDS.len();
    let len = SCORED * (most + 1);
    let mut scores = p.public(&vec![P::Ring::ZERO; classes.len() * len]);
    p.repeat(classes.len(), |p, at| {
        let class = classes.start + at;
        let [told, is] = [&told, &are].map(|of| of.shares().take(class * rows..(class + 1) * rows));
        let counted = P::AShare::concat(&[&of.tested, &of.tested]);
        let counted = p.mul(&counted, &P::AShare::concat(&[&is, &told]))?;
        let counted = P::AShare::concat(&[&of.tested, &counted]);
        let mut below = told.gather(&(0..most * rows).map(|i| i % rows).collect::<Vec<_>>());
        let unit = f64::from(frac).exp2();
        let thresholds: Vec<P::Ring> = (0..most * rows)
            .map(|i| P::Ring::from_i128((THRESHOLDS[i / rows] * unit).round() as i128))
            .collect();
        below -= &p.public(&thresholds);
        let below = p.msb(&below, frac + 3)?;
        let mut above = p.public(&vec![P::Ring::ONE; most * rows]);
        above -= &p.b2a(&below)?;
        let above = P::AShare::concat(&[&p.public(&vec![P::Ring::ONE; rows]), &above]);
        let across = Tensor::<P>::new(counted, &[SCORED, rows], 0).transpose();
        let d = Dims { m: most + 1, k: rows, n: SCORED };
        scores.put(at * len, &p.matmul(&above, across.shares(), d)?);
        Ok(())
    })?;
    Ok(scores)
}
