//! A regression of which no step is opened, on the providers' rows.

use sharewell_analytics::glm::{self, FRAC_BITS, Family, RECORD_BITS, Records};
use sharewell_analytics::table::Column;
use sharewell_analytics::{Fallible, Overflow, Value};
use sharewell_mpc::{Protocol, Result, Share};
use sharewell_ring::Integer;
use sharewell_tensor::Tensor;
use sharewell_tensor::function::{Base, Logarithm, logarithm};

use super::rows::Rows;
use crate::Plan;
use crate::hidden::Hidden;

/// What is opened of it, in the order of [`Hidden::names`]; undefined where the steps came to no
/// end.
pub(super) fn fitted<P: Protocol>(
    p: &mut P,
    hidden: &Hidden,
    rows: &Rows<P>,
    plan: &Plan,
) -> Fallible<Vec<Value<P>>> {
    let model = &hidden.model;
    if !model.fits(P::Ring::BITS) {
        let (needs, limit) = (P::Ring::BITS + 1, P::Ring::BITS);
        return Ok(Err(Overflow { step: "regression", needs, limit }));
    }
    let x = explains(p, hidden, rows, plan);
    let y = Tensor::integers(rows.column(plan, hidden.response).values);
    let offset = match (hidden.exposure, model.family) {
        (Some((column, _)), Family::Poisson { offsets, .. }) => {
            Some(logarithms(p, rows.column(plan, column), offsets)?)
        }
        _ => None,
    };
    let fit = glm::fit(p, &Records { x: &x, y: &y, offset: offset.as_ref() }, model)?;
    let k = model.columns;
    let lower = (0..k).flat_map(|i| (0..=i).map(move |j| i * k + j));
    let single = |of: &Tensor<P>, at: usize| {
        let raw = Tensor::new(of.shares().gather(&[at]), &[1], of.frac_bits());
        let (lo, hi) = (i128::MIN >> 2, i128::MAX >> 2);
        let defined = Some(fit.converged.clone());
        // The error of each record's mean: how far that moves a coefficient, nobody knows before.
        let absolute = model.mean_error(P::Ring::BITS);
        Value { raw, decimals: 0, lo, hi, absolute, relative: 0.0, grain: 1.0, defined }
    };
    let coefficients = (0..k).map(|at| single(&fit.coefficients, at));
    let covariance = lower.map(|at| single(&fit.covariance, at));
    let heights = [&fit.log_likelihood, &fit.null_log_likelihood, &fit.saturated];
    let heights = heights.map(|height| single(height, 0));
    Ok(Ok(coefficients.chain(covariance).chain(heights).collect()))
}

/// The constant and the predictors, [rows, columns]; zeros where there is no record.
fn explains<P: Protocol>(p: &mut P, hidden: &Hidden, rows: &Rows<P>, plan: &Plan) -> Tensor<P> {
    let times = |x: &P::AShare, by: i128| {
        let mut x = x.clone();
        x.scale(&[P::Ring::from_i128(by)]);
        x
    };
    let (valid, one) = (rows.valid(), 1i128 << RECORD_BITS);
    let mut columns = vec![times(valid, one)];
    for predictor in &hidden.predictors {
        let mut x = times(&rows.column(plan, predictor.column).values, predictor.factor);
        x -= &times(valid, predictor.centre * predictor.factor);
        // Of records; and there is no value where there is none.
        p.note_bound(&mut x, -one, one);
        columns.push(x);
    }
    let across = P::AShare::concat(&columns.iter().collect::<Vec<_>>());
    Tensor::new(across, &[columns.len(), valid.len()], RECORD_BITS).transpose()
}

/// Logarithms of exposures in quanta; 0 where there is no record.
fn logarithms<P: Protocol>(
    p: &mut P,
    exposures: Column<P>,
    (lo, hi): (i128, i128),
) -> Result<Tensor<P>> {
    let spec = Logarithm { bits: exposures.bits, scale: 0, frac_bits: FRAC_BITS, base: Base::E };
    let (logs, _) = logarithm(p, &Tensor::integers(exposures.values), spec)?;
    let shape = logs.shape().to_vec();
    let mut logs = logs.into_shares();
    p.note_bound(&mut logs, lo.min(0), hi.max(0));
    Ok(Tensor::new(logs, &shape, FRAC_BITS))
}
