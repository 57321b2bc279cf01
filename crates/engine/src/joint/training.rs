//! A network that is trained on the providers' rows.

mod examples;
mod tested;

use sharewell_analytics::models::{Batch, INVERSE_BITS, State, Training, feature_bits};
use sharewell_analytics::{Fallible, Overflow};
use sharewell_mpc::{Protocol, Result, Rows as Together, Share, Way};
use sharewell_ring::{Integer, Key, Prg, Ring, Z64};
use sharewell_study::{Keep, Metric, Shuffle};
use sharewell_tensor::Tensor;

use super::rows::Rows;
use crate::Plan;
use crate::learning::{Learning, Parts};
use examples::{Examples, examples};

/// What has been learnt, in the order of [`Parts`], not opened.
pub(super) struct Learnt<P: Protocol> {
    /// Which matrices ran away and which features do not vary.
    wrong: P::AShare,
    /// Weights, means and inverses, losses.
    network: P::AShare,
    /// The losses of the rows validated on.
    validated: P::AShare,
    /// What became of the tested rows.
    tested: P::AShare,
}

/// How far a training has come.
struct Standing<P: Protocol> {
    state: State<P>,
    /// How many epochs each matrix was beyond its limit in.
    beyond: P::AShare,
    losses: P::AShare,
    validations: P::AShare,
    /// The weights after the best epoch, and what it lost.
    best: Option<(P::AShare, P::AShare)>,
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
    let mut examples = examples(p, learning, rows, (plan, training.scales().frac))?;
    let of = Course { learning, training: &training };
    let mut standing = of.start(p, examples.trained.len());
    p.repeat(learning.epochs as usize, |p, epoch| {
        of.epoch(p, epoch, &mut examples, &mut standing)
    })?;
    let Standing { state, mut beyond, losses, validations, best } = standing;
    p.note_bound(&mut beyond, 0, learning.epochs.into());
    let never = p.is_zero(&beyond, u32::BITS - learning.epochs.leading_zeros())?;
    let mut wrong = p.public(&vec![P::Ring::ONE; beyond.len()]);
    wrong -= &p.b2a(&never)?;
    let wrong = match &examples.constant {
        Some(constant) => P::AShare::concat(&[&wrong, constant]),
        None => wrong,
    };
    let weights = match best {
        Some((weights, _)) => {
            let last = state.weights();
            Tensor::new(weights, last.shape(), last.frac_bits())
        }
        None => state.weights().clone(),
    };
    let tested = match learning.test {
        Some(_) => tested::tested(p, (learning, &training), &weights, &examples)?,
        None => p.public(&[]),
    };
    let standard = examples.standard.iter();
    let parts: Vec<&P::AShare> =
        [weights.shares()].into_iter().chain(standard).chain([&losses]).collect();
    let network = P::AShare::concat(&parts);
    Ok(Ok(Learnt { wrong, network, validated: validations, tested }))
}

/// What is learnt, and how.
struct Course<'a> {
    learning: &'a Learning,
    training: &'a Training,
}

impl Course<'_> {
    fn start<P: Protocol>(&self, p: &P, rows: usize) -> Standing<P> {
        let Self { learning, training } = self;
        let Parts { beyond, losses, validations, .. } = learning.parts();
        let zeros = |len: usize| p.public(&vec![P::Ring::ZERO; len]);
        let fresh = training.encoded::<P::Ring>(&learning.network.fresh(learning.seed));
        let state = training.start(p, p.public(&fresh), learning.steps(rows));
        let most = P::Ring::ONE.shl(P::Ring::BITS - 3);
        let best = (learning.keep == Keep::Best)
            .then(|| (state.weights().shares().clone(), p.public(&[most])));
        let (beyond, losses, validations) = (zeros(beyond), zeros(losses), zeros(validations));
        Standing { state, beyond, losses, validations, best }
    }

    /// All rows once, and how that went.
    fn epoch<P: Protocol>(
        &self,
        p: &mut P,
        epoch: usize,
        examples: &mut Examples<P>,
        standing: &mut Standing<P>,
    ) -> Result<()> {
        let Self { learning, training } = self;
        let order = match learning.order {
            Shuffle::Public => shuffled(examples.trained.len(), learning.seed, epoch as u64),
            Shuffle::Secret => {
                mixed(p, examples)?;
                (0..examples.trained.len()).collect()
            }
        };
        let loss = self.steps(p, epoch, (&order, examples), &mut standing.state)?;
        standing.beyond += &training.beyond(p, &mut standing.state)?;
        if let Some(loss) = loss {
            standing.losses.put(epoch, &loss);
        }
        if learning.validation.is_some() {
            self.validate(p, epoch, examples, standing)?;
        }
        p.verify()
    }

    /// The steps of an epoch; the sum of their losses, if it is asked for.
    fn steps<P: Protocol>(
        &self,
        p: &mut P,
        epoch: usize,
        (order, examples): (&[usize], &Examples<P>),
        state: &mut State<P>,
    ) -> Result<Option<P::AShare>> {
        let Self { learning, training } = self;
        let outputs = examples.y.shape()[1];
        let told = if learning.has(Metric::Loss) { order.len() * outputs } else { 0 };
        let mut missing = p.public(&vec![P::Ring::ZERO; told]);
        let rate = learning.descent.rate(epoch as u32, learning.epochs);
        let size = learning.descent.batch as usize;
        let mut step = |p: &mut P, at: usize| {
            let rows = &order[at * size..order.len().min((at + 1) * size)];
            let (x, y) = (gathered(&examples.x, rows), gathered(&examples.y, rows));
            let counts = examples.trained.gather(rows);
            let batch = Batch { x: &x, y: &y, counts: Some(&counts) };
            let of = training.step(p, state, &batch, rate)?;
            if told > 0 {
                missing.put(at * size * outputs, of.shares());
            }
            Ok(())
        };
        let whole = order.len() / size;
        p.repeat(whole, &mut step)?;
        if order.len() % size > 0 {
            step(p, whole)?;
        }
        if told == 0 {
            return Ok(None);
        }
        let frac = training.scales().frac;
        let missing = Tensor::new(missing, &[order.len(), outputs], frac);
        let (y, counts) = (gathered(&examples.y, order), examples.trained.gather(order));
        Ok(Some(training.loss(p, missing, (&y, &counts))?.into_shares()))
    }

    /// What the rows that are validated on lose after an epoch; the best weights so far are kept.
    fn validate<P: Protocol>(
        &self,
        p: &mut P,
        epoch: usize,
        examples: &Examples<P>,
        standing: &mut Standing<P>,
    ) -> Result<()> {
        let Self { training, .. } = self;
        let predicted = training.predict(p, standing.state.weights(), &examples.x)?;
        let missing = predicted.sub(&examples.y);
        let loss = training.loss(p, missing, (&examples.y, &examples.validated))?.into_shares();
        standing.validations.put(epoch, &loss);
        let Some((weights, least)) = &mut standing.best else { return Ok(()) };
        let mut above = loss.clone();
        above -= least;
        let less = p.msb(&above, P::Ring::BITS)?;
        let less = p.b2a(&less)?;
        let mut change = P::AShare::concat(&[standing.state.weights().shares(), &loss]);
        change -= &P::AShare::concat(&[weights, least]);
        let change = p.mul(&change, &less.gather(&vec![0; change.len()]))?;
        let (of_weights, of_loss) = change.split(weights.len());
        *weights += &of_weights;
        *least += &of_loss;
        let most = P::Ring::ONE.shl(P::Ring::BITS - 3).to_i128();
        p.note_bound(least, -most, most);
        Ok(())
    }
}

/// The stream of orders.
const DOMAIN: u64 = 3;

/// Fisher and Yates, by numbers that everybody can draw; 64 bits make its bias negligible.
fn shuffled(len: usize, seed: u64, epoch: u64) -> Vec<usize> {
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

/// All rows in an order that nobody knows.
fn mixed<P: Protocol>(p: &mut P, of: &mut Examples<P>) -> Result<()> {
    let rows = of.trained.len();
    let tensors = [Some(&of.x), Some(&of.y), of.classes.as_ref()];
    let across: Vec<_> =
        tensors.into_iter().flatten().map(|of| of.transpose().into_shares()).collect();
    let columns = across.iter().flat_map(|of| {
        (0..of.len() / rows.max(1)).map(move |at| of.take(at * rows..(at + 1) * rows))
    });
    let flags = [&of.trained, &of.validated, &of.tested].map(Clone::clone);
    let by = p.draw_shuffle(rows)?;
    let all = Together::ints(columns.chain(flags).collect());
    let mut all = p.shuffle(&by, Way::Forward, all)?.ints.into_iter();
    let mut tensor = |like: &Tensor<P>| {
        let columns = like.shape()[1];
        let taken: Vec<P::AShare> = all.by_ref().take(columns).collect();
        let taken = P::AShare::concat(&taken.iter().collect::<Vec<_>>());
        Tensor::<P>::new(taken, &[columns, rows], like.frac_bits()).transpose()
    };
    (of.x, of.y) = (tensor(&of.x), tensor(&of.y));
    of.classes = of.classes.as_ref().map(&mut tensor);
    for flag in [&mut of.trained, &mut of.validated, &mut of.tested] {
        *flag = all.next().expect("what was shuffled");
    }
    Ok(())
}

fn gathered<P: Protocol>(x: &Tensor<P>, rows: &[usize]) -> Tensor<P> {
    let columns = x.shape()[1];
    let index: Vec<usize> =
        rows.iter().flat_map(|row| row * columns..(row + 1) * columns).collect();
    Tensor::new(x.shares().gather(&index), &[rows.len(), columns], x.frac_bits())
}

/// All of it, where the gate lets it pass: what went wrong by the count of those trained on, the
/// network if nothing did, and what became of others by their count too.
pub(super) fn gated<P: Protocol>(
    p: &mut P,
    learnt: &Learnt<P>,
    (trained, validated, tested): (P::AShare, Option<P::AShare>, Option<P::AShare>),
) -> Result<P::AShare> {
    let wrong = learnt.wrong.len();
    let sum = learnt.wrong.sum(1);
    let right = p.is_zero(&sum, usize::BITS - wrong.leading_zeros())?;
    let right = p.b2a(&right)?;
    let network = p.mul(&right, &trained)?;
    let mut parts = vec![&learnt.wrong, &learnt.network];
    let mut passes = vec![trained.gather(&vec![0; wrong])];
    passes.push(network.gather(&vec![0; learnt.network.len()]));
    for (of, passed) in [(&learnt.validated, validated), (&learnt.tested, tested)] {
        if let Some(passed) = passed {
            let pass = p.mul(&network, &passed)?;
            passes.push(pass.gather(&vec![0; of.len()]));
            parts.push(of);
        }
    }
    p.mul(&P::AShare::concat(&parts), &P::AShare::concat(&passes.iter().collect::<Vec<_>>()))
}

/// Scales of means and of inverses.
pub(crate) fn standard_scales(learning: &Learning, plan: &Plan) -> [u32; 2] {
    let training = learning.training(plan.ring_bits()).expect("it was quoted in this ring");
    let rows = plan.rows_len() * plan.givers().len();
    [feature_bits(rows, training.scales().frac), INVERSE_BITS]
}
