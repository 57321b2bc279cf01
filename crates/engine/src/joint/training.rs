//! A network that is trained on the providers' rows.

use sharewell_analytics::glm::RECORD_BITS;
use sharewell_analytics::models::{Batch, INVERSE_BITS, Training, feature_bits, standardise};
use sharewell_analytics::{Fallible, Overflow};
use sharewell_mpc::circuit::{self, Extreme};
use sharewell_mpc::{Protocol, Result, Share};
use sharewell_ring::{Dims, Integer, Key, Prg, Ring, Z64};
use sharewell_tensor::Tensor;

use super::rows::Rows;
use crate::Plan;
use crate::hidden::Predictor;
use crate::learning::{LabelColumn, Learning};

/// What has been learnt, in the order of [`crate::learning::Parts`], not opened.
pub(super) struct Learnt<P: Protocol> {
    /// Which matrices ran away and which features do not vary.
    pub wrong: P::AShare,
    /// Weights, means and inverses.
    pub network: P::AShare,
    /// What became of the tested rows.
    pub tested: Option<P::AShare>,
}

/// The rows as a network takes them.
struct Examples<P: Protocol> {
    x: Tensor<P>,
    y: Tensor<P>,
    /// One for each row that is trained on, and for each that is tested on.
    trained: P::AShare,
    tested: P::AShare,
    constant: Option<P::AShare>,
    standard: Vec<P::AShare>,
}

pub(super) fn learnt<P: Protocol>(
    p: &mut P,
    learning: &Learning,
    rows: &Rows<P>,
    plan: &Plan,
) -> Fallible<Learnt<P>> {
    let Ok(training) = learning.training(P::Ring::BITS) else {
        let (needs, limit) = (P::Ring::BITS + 1, P::Ring::BITS);
        return Ok(Err(Overflow { step: "training", needs, limit }));
    };
    let examples = examples(p, learning, rows, (plan, training.scales().frac))?;
    let fresh = training.encoded::<P::Ring>(&learning.network.fresh(learning.seed));
    let mut state = training.start(p, p.public(&fresh));
    let batches = batches(learning, examples.trained.len());
    p.repeat(batches.len(), |p, at| {
        let (x, y) = (gathered(&examples.x, &batches[at]), gathered(&examples.y, &batches[at]));
        let counts = examples.trained.gather(&batches[at]);
        let batch = Batch { x: &x, y: &y, counts: Some(&counts) };
        training.step(p, &mut state, &batch, learning.descent.learning_rate)
    })?;
    let beyond = training.beyond(p, &mut state)?;
    let wrong = match &examples.constant {
        Some(constant) => P::AShare::concat(&[&beyond, constant]),
        None => beyond,
    };
    let tested = match learning.test {
        Some(_) => Some(tested(p, (learning, &training), state.weights(), &examples)?),
        None => None,
    };
    let parts: Vec<&P::AShare> =
        [state.weights().shares()].into_iter().chain(&examples.standard).collect();
    Ok(Ok(Learnt { wrong, network: P::AShare::concat(&parts), tested }))
}

/// Which rows each step takes: all of them once in each epoch, in an order of its own.
fn batches(learning: &Learning, rows: usize) -> Vec<Vec<usize>> {
    let batch = learning.descent.batch as usize;
    let epoch = |epoch: u32| {
        let order = shuffled(rows, learning.seed, epoch);
        order.chunks(batch).map(<[usize]>::to_vec).collect::<Vec<_>>()
    };
    (0..learning.epochs).flat_map(epoch).collect()
}

/// The stream of orders.
const DOMAIN: u64 = 3;

/// Fisher and Yates, by numbers that everybody can draw; 64 bits make its bias negligible.
fn shuffled(len: usize, seed: u64, epoch: u32) -> Vec<usize> {
    let mut drawn = vec![Z64::ZERO; len];
    let key = Key((u128::from(epoch) << 64 | u128::from(seed)).to_le_bytes());
    Prg::new(&key).fill(DOMAIN, 0, &mut drawn);
    let mut order: Vec<usize> = (0..len).collect();
    for (i, drawn) in (1..len).rev().zip(drawn) {
        let below = (u128::from(drawn.0) * (i as u128 + 1)) >> 64;
        order.swap(i, below as usize);
    }
    order
}

fn gathered<P: Protocol>(x: &Tensor<P>, rows: &[usize]) -> Tensor<P> {
    let columns = x.shape()[1];
    let index: Vec<usize> =
        rows.iter().flat_map(|row| row * columns..(row + 1) * columns).collect();
    Tensor::new(x.shares().gather(&index), &[rows.len(), columns], x.frac_bits())
}

fn examples<P: Protocol>(
    p: &mut P,
    learning: &Learning,
    rows: &Rows<P>,
    (plan, frac): (&Plan, u32),
) -> Result<Examples<P>> {
    let valid = rows.valid();
    let tested = match learning.test {
        Some(test) => rows.flag(p, test)?,
        None => p.public(&vec![P::Ring::ZERO; valid.len()]),
    };
    let mut trained = valid.clone();
    trained -= &tested;
    // A row that is tested on is a record.
    p.note_bound(&mut trained, 0, 1);
    let scale = match learning.standardise {
        true => feature_bits(valid.len(), frac),
        false => frac,
    };
    let mut x = by_range(p, &learning.features, (rows, plan), scale)?;
    let (mut constant, mut standard) = (None, vec![]);
    if learning.standardise {
        let found = standardise(p, &x, &trained, frac)?;
        let mut same = p.public(&vec![P::Ring::ONE; learning.features.len()]);
        same -= &found.varies;
        (x, constant) = (found.x, Some(same));
        standard = vec![found.means.into_shares(), found.inverses.into_shares()];
    }
    let y = match learning.label {
        LabelColumn::Number(label) => by_range(p, &[label], (rows, plan), frac)?,
        LabelColumn::Class { column, classes } => {
            one_hot(p, &rows.column(plan, column).values, classes)?
        }
    };
    Ok(Examples { x, y, trained, tested, constant, standard })
}

/// Columns by their ranges, from -1 to 1, `[rows, columns]`; zeros where there is no record.
fn by_range<P: Protocol>(
    p: &mut P,
    columns: &[Predictor],
    (rows, plan): (&Rows<P>, &Plan),
    frac: u32,
) -> Result<Tensor<P>> {
    let one = 1i128 << RECORD_BITS;
    let times = |x: &P::AShare, by: i128| {
        let mut x = x.clone();
        x.scale(&[P::Ring::from_i128(by)]);
        x
    };
    let mut across = vec![];
    for of in columns {
        let mut x = times(&rows.column(plan, of.column).values, of.factor);
        x -= &times(rows.valid(), of.centre * of.factor);
        p.note_bound(&mut x, -one, one);
        across.push(x);
    }
    let all = P::AShare::concat(&across.iter().collect::<Vec<_>>());
    let all = Tensor::<P>::new(all, &[columns.len(), rows.valid().len()], RECORD_BITS);
    Ok(match frac < RECORD_BITS {
        true => all.rescale_down(p, frac)?,
        false => all.rescale_up(frac),
    }
    .transpose())
}

/// One at the place of each row's class, zeros elsewhere, `[rows, classes]`.
fn one_hot<P: Protocol>(p: &mut P, codes: &P::AShare, classes: usize) -> Result<Tensor<P>> {
    let rows = codes.len();
    let index: Vec<usize> = (0..rows * classes).map(|i| i / classes).collect();
    let places: Vec<P::Ring> =
        (0..rows * classes).map(|i| P::Ring::from_u128((i % classes) as u128)).collect();
    let mut apart = codes.gather(&index);
    apart -= &p.public(&places);
    let is = p.is_zero(&apart, usize::BITS - classes.leading_zeros())?;
    Ok(Tensor::new(p.b2a(&is)?, &[rows, classes], 0))
}

/// The confusion of classes, or the sum of the squares of what is missing, of the tested rows.
fn tested<P: Protocol>(
    p: &mut P,
    (learning, training): (&Learning, &Training),
    weights: &Tensor<P>,
    of: &Examples<P>,
) -> Result<P::AShare> {
    let z = training.outputs(p, weights, &of.x)?;
    let rows = z.shape()[0];
    let LabelColumn::Class { classes, .. } = learning.label else {
        // Of what lies between -1 and 1 no more than all of it is missing.
        let frac = training.scales().frac;
        let ends = [-2, 2].map(|end| p.public(&vec![P::Ring::from_i128(end << frac); rows]));
        let missing = z.sub(&of.y);
        let bits = training.output_bits() + 2;
        let missing = circuit::clamp(p, missing.shares(), [&ends[0], &ends[1]], bits)?;
        let own = p.mul(&missing, &of.tested)?;
        let missing = p.mul_trunc(&own, &missing, frac)?;
        return Ok(missing.sum(1));
    };
    let bits = training.output_bits();
    let (_, told) =
        circuit::arg_extreme(p, z.shares(), circuit::Rows { rows, bits, extreme: Extreme::Max })?;
    let told = one_hot(p, &told, classes)?;
    let counted = of.tested.gather(&(0..rows * classes).map(|i| i / classes).collect::<Vec<_>>());
    let right = p.mul(of.y.shares(), &counted)?;
    let right = Tensor::<P>::new(right, &[rows, classes], 0).transpose();
    let d = Dims { m: classes, k: rows, n: classes };
    p.matmul(right.shares(), told.shares(), d)
}

/// All of it, where the gate lets it pass: what went wrong by the count of those trained on, the
/// network if nothing did, and the test by the count of those tested on too.
pub(super) fn gated<P: Protocol>(
    p: &mut P,
    learnt: &Learnt<P>,
    (trained, tested): (P::AShare, Option<P::AShare>),
) -> Result<P::AShare> {
    let wrong = learnt.wrong.len();
    let sum = learnt.wrong.sum(1);
    let right = p.is_zero(&sum, usize::BITS - wrong.leading_zeros())?;
    let right = p.b2a(&right)?;
    let network = p.mul(&right, &trained)?;
    let mut parts = vec![&learnt.wrong, &learnt.network];
    let mut passes = vec![trained.gather(&vec![0; wrong])];
    passes.push(network.gather(&vec![0; learnt.network.len()]));
    if let (Some(of), Some(tested)) = (&learnt.tested, tested) {
        let pass = p.mul(&network, &tested)?;
        passes.push(pass.gather(&vec![0; of.len()]));
        parts.push(of);
    }
    p.mul(&P::AShare::concat(&parts), &P::AShare::concat(&passes.iter().collect::<Vec<_>>()))
}

/// Scales of means and of inverses.
pub(crate) fn standard_scales(learning: &Learning, plan: &Plan) -> [u32; 2] {
    let training = learning.training(plan.ring_bits()).expect("it was quoted in this ring");
    let rows = plan.rows_len() * plan.givers().len();
    [feature_bits(rows, training.scales().frac), INVERSE_BITS]
}
