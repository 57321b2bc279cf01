//! Training: forward, back, and a step against the gradient, batch after batch.
//!
//! That no number left its range is proven by induction. If no matrix of weights is beyond its
//! limit before a step, nothing in the step wraps around, nor do the squares of the weights after
//! it: so their sum, compared with the limit's square, says rightly whether the same holds for the
//! next step. The comparisons are owed until [`Training::beyond`] makes all of them at once, after
//! an epoch, say; what was learnt means nothing before.

use sharewell_mpc::{Protocol, Result, Share};
use sharewell_ring::{Integer, Ring};
use sharewell_tensor::Tensor;

use super::layer::{At, Checked, backward, bits_of, forward, seen};
use super::loss::{Ends, Loss};
use super::network::{Network, Weights};
use super::optimiser::{Factor, Optimiser, Step};
use super::scales::{Course, Scales, TooFar};

/// Everything public about a training.
#[derive(Clone, Debug)]
pub struct Training {
    network: Network,
    course: Course,
    scales: Scales,
}

/// Examples that a step is made of.
pub struct Batch<'a, P: Protocol> {
    /// Inputs, [examples, numbers] at [`Scales::frac`].
    pub x: &'a Tensor<P>,
    /// Targets, [examples, outputs], integers or at [`Scales::frac`].
    pub y: &'a Tensor<P>,
    /// One for each example that counts and zero for others, if there are others.
    pub counts: Option<&'a P::AShare>,
}

impl<P: Protocol> std::fmt::Debug for Batch<'_, P> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Batch({:?}, {:?})", self.x, self.y)
    }
}

/// What has been learnt so far.
#[derive(Debug)]
pub struct State<P: Protocol> {
    /// All matrices of weights, one after the other, at [`Scales::weight`].
    weights: Tensor<P>,
    velocity: Option<Tensor<P>>,
    last_rate: Option<f64>,
    steps: u64,
    /// Of the steps since it was asked last, how much each sum of squares was below its limit.
    owed: Owed<P>,
}

/// Numbers that are none below zero if everything went well: as many for each step, with room for
/// as many steps as there may be.
#[derive(Debug)]
struct Owed<P: Protocol> {
    room: P::AShare,
    /// Of which matrix each of a step tells.
    of: Vec<usize>,
    steps: usize,
}

impl Training {
    /// In batches of `batch` examples at most, with learning rates up to `rate`, in a ring of
    /// `bits` bits.
    ///
    /// # Errors
    /// If no scale of use keeps every number inside the ring.
    pub fn new(
        network: Network,
        (loss, optimiser): (Loss, Optimiser),
        (batch, rate): (usize, f64),
        bits: u32,
    ) -> std::result::Result<Self, TooFar> {
        // Scales do not change how far anything reaches.
        let any = Scales { frac: 0, weight: 0 };
        let signal = loss.signal(Ends::of(&network, any));
        let network = network.with_signal(signal);
        let course = Course { batch, loss, optimiser, rate };
        let scales = Scales::of(&network, &course, bits)?;
        Ok(Self { network, course, scales })
    }

    /// What is trained.
    #[must_use]
    pub fn network(&self) -> &Network {
        &self.network
    }

    /// The scales of its numbers.
    #[must_use]
    pub fn scales(&self) -> Scales {
        self.scales
    }

    /// Bits of what comes out of the last layer, its sign included.
    #[must_use]
    pub fn output_bits(&self) -> u32 {
        let element = self.network.reach().map_or(1.0, |reach| reach.element);
        bits_of(element) + self.scales.frac + 1
    }

    /// All weights, at their scale, from numbers that everybody knows.
    ///
    /// # Panics
    /// If there are not as many as weights.
    #[must_use]
    pub fn encoded<R: Integer>(&self, weights: &[f64]) -> Vec<R> {
        let all: usize = self.network.weights().iter().map(Weights::len).sum();
        assert_eq!(weights.len(), all, "weights of {:?}", self.network.layers());
        let one = f64::from(self.scales.weight).exp2();
        weights.iter().map(|x| R::from_i128((x * one).round() as i128)).collect()
    }

    /// Where it begins: weights within their limits, one matrix after the other. No more than
    /// `steps` may be taken before [`Self::beyond`] is asked.
    pub fn start<P: Protocol>(&self, p: &P, weights: P::AShare, steps: usize) -> State<P> {
        let shape = [weights.len()];
        let zeros = |len: usize| p.public(&vec![P::Ring::ZERO; len]);
        let remembers = self.course.optimiser.remembers();
        let velocity = remembers.then(|| Tensor::new(zeros(shape[0]), &shape, self.scales.weight));
        let weights = Tensor::new(weights, &shape, self.scales.weight);
        let of = self.looked();
        let owed = Owed { room: zeros(of.len() * steps), of, steps: 0 };
        State { weights, velocity, last_rate: None, steps: 0, owed }
    }

    /// Of which matrix each sum of squares tells that a step looks at.
    fn looked(&self) -> Vec<usize> {
        let products = self.network.products();
        let seen = products.iter().filter(|of| of.seen.is_some());
        let heard = products.iter().filter(|of| of.heard.is_some());
        let examples = seen.chain(heard).flat_map(|of| vec![of.matrix; self.course.batch]);
        examples.chain(0..products.len()).collect()
    }

    /// One step; returns what is predicted less the targets, as [`Self::loss`] wants it.
    ///
    /// Cost: for each matrix three products (two for the first) of matrices and their
    /// truncations, [`Protocol::msb`] and three products for each number that a rectifier sees,
    /// and one or two truncations of every weight.
    ///
    /// # Errors
    /// If a link fails.
    ///
    /// # Panics
    /// If the batch does not fit the network, or the rate is greater than was said.
    pub fn step<P: Protocol>(
        &self,
        p: &mut P,
        state: &mut State<P>,
        batch: &Batch<'_, P>,
        rate: f64,
    ) -> Result<Tensor<P>> {
        assert!(rate <= self.course.rate, "a learning rate of {rate}");
        assert!(batch.x.shape()[0] <= self.course.batch, "{batch:?}");
        let matrices = self.matrices(p, &state.weights);
        let at = At { weights: &matrices, scales: self.scales, step: Some(state.steps) };
        let operations = self.network.operations();
        let (z, memories) = forward(p, operations, batch.x.clone(), &at)?;
        let mut looked = vec![];
        seen(operations, &memories, &mut looked);
        let of = Ends::of(&self.network, self.scales);
        let missing = self.course.loss.predicted(p, of, z)?.sub(batch.y);
        let mut signal = self.course.loss.backward(p, of, (missing.clone(), batch.y))?;
        if let Some(counts) = batch.counts {
            let outputs = self.network.output().len();
            let counts = counts.gather(&(0..signal.len()).map(|i| i / outputs).collect::<Vec<_>>());
            let counts = Tensor::new(counts, signal.shape(), 0);
            signal = signal.mul(p, &counts, self.scales.frac)?;
        }
        // Here there are few numbers to multiply, and gradients keep their room.
        let each = |rate: f64| rate / batch.x.shape()[0] as f64;
        let factor = Factor::of(each(rate), each(self.course.rate));
        let signal = factor.taken(p, signal)?;
        let mut gradients = vec![];
        backward(p, operations, (memories, signal), &at, (false, &mut gradients))?;
        gradients.sort_by_key(|gradient| gradient.matrix);
        for of in &mut gradients {
            looked.extend(of.heard.take().map(|(heard, signal)| (of.matrix, heard, signal)));
        }
        let mut owed = vec![];
        for (_, checked, x) in &looked {
            owed.push(self.left(p, checked, x)?);
        }
        let sums: Vec<&P::AShare> = gradients.iter().map(|of| of.sum.shares()).collect();
        let gradient = P::AShare::concat(&sums);
        let gradient = Tensor::new(gradient, state.weights.shape(), 2 * self.scales.frac);
        let change = rate / state.last_rate.unwrap_or(rate);
        let batch = batch.x.shape()[0];
        let step = Step { gradient, factor, batch, change, weights: &state.weights };
        let moved = self.course.optimiser.step(p, state.velocity.as_mut(), &step)?;
        self.bound(p, state);
        let mut weights = state.weights.shares().clone();
        weights -= &moved;
        owed.push(self.within(p, &weights)?);
        state.owed.put(&owed);
        state.weights = Tensor::new(weights, state.weights.shape(), self.scales.weight);
        state.last_rate = Some(rate);
        state.steps += 1;
        Ok(missing)
    }

    /// No velocity is longer than the longest step.
    fn bound<P: Protocol>(&self, p: &mut P, state: &mut State<P>) {
        let most = self.course.longest(&self.network) * f64::from(self.scales.weight).exp2();
        let Some(velocity) = state.velocity.take() else { return };
        let (shape, mut shares) = (velocity.shape().to_vec(), velocity.into_shares());
        // And a unit in the last place of each truncation of each step, which become less.
        let most = most.ceil() as i128 + (1 << 16);
        p.note_bound(&mut shares, -most, most);
        state.velocity = Some(Tensor::new(shares, &shape, self.scales.weight));
    }

    /// The matrices, of which the limits hold.
    fn matrices<P: Protocol>(&self, p: &mut P, weights: &Tensor<P>) -> Vec<Tensor<P>> {
        let mut from = 0;
        let one = f64::from(self.scales.weight).exp2();
        let mut matrices = vec![];
        for of in self.network.weights() {
            let mut matrix = weights.shares().take(from..from + of.len());
            let most = (of.limit * one).ceil() as i128;
            p.note_bound(&mut matrix, -most, most);
            matrices.push(Tensor::new(matrix, &[of.rows, of.columns], self.scales.weight));
            from += of.len();
        }
        matrices
    }

    /// How much the sum of the squares of each matrix is below its limit, in one round or two.
    fn within<P: Protocol>(&self, p: &mut P, weights: &P::AShare) -> Result<P::AShare> {
        let all = self.network.weights();
        let dropped = self.course.dropped(&self.network, self.scales.weight, P::Ring::BITS);
        let dropped = dropped.expect("the scales were chosen so");
        let coarse = if dropped > 0 { p.trunc(weights, dropped)? } else { weights.clone() };
        let longest = all.iter().map(Weights::len).max().unwrap_or(0);
        let mut index = vec![];
        let mut from = 0;
        for of in all {
            let place = |i| if i < of.len() { from + i } else { weights.len() };
            index.extend((0..longest).map(place));
            from += of.len();
        }
        let zero = p.public(&[P::Ring::ZERO]);
        let padded = P::AShare::concat(&[&coarse, &zero]).gather(&index);
        let mut squares = p.dot(&padded, &padded, all.len())?;
        let products = self.network.products();
        let scale = self.scales.weight - dropped;
        let ends = products.iter().map(|of| self.course.stretched(of).squares(scale));
        let ends: Vec<[i128; 2]> = ends.collect();
        let most = ends.iter().map(|[most, _]| *most).max().unwrap_or(0);
        p.note_bound(&mut squares, 0, most);
        let limits: Vec<P::Ring> =
            ends.iter().map(|[_, limit]| P::Ring::from_i128(*limit)).collect();
        let mut left = p.public(&limits);
        left -= &squares;
        Ok(left)
    }

    /// The same of rows of numbers, and nothing below zero for what is missing of a whole batch.
    fn left<P: Protocol>(&self, p: &mut P, checked: &Checked, x: &Tensor<P>) -> Result<P::AShare> {
        let rows = x.shape()[0];
        let dropped = checked.dropped(x.frac_bits(), P::Ring::BITS);
        let dropped = dropped.expect("the scales were chosen so");
        let coarse = if dropped > 0 { p.trunc(x.shares(), dropped)? } else { x.shares().clone() };
        let mut squares = p.dot(&coarse, &coarse, rows)?;
        let [most, limit] = checked.squares(x.frac_bits() - dropped);
        p.note_bound(&mut squares, 0, most);
        let mut left = p.public(&vec![P::Ring::from_i128(limit); rows]);
        left -= &squares;
        Ok(left.with_room(self.course.batch))
    }

    /// Of each matrix, one if it, what went into it or what came back to it was beyond its limit in
    /// a step since this was asked last, and else zero. What was learnt means nothing unless all
    /// are opened, and zero.
    ///
    /// Cost: [`Protocol::msb`] and [`Protocol::b2a`] of a number for each matrix and step that there
    /// is room for, and of one for each example where more than matrices is looked at;
    /// [`Protocol::is_zero`] of one for each matrix.
    ///
    /// # Errors
    /// If a link fails.
    pub fn beyond<P: Protocol>(&self, p: &mut P, state: &mut State<P>) -> Result<P::AShare> {
        let matrices = self.network.weights().len();
        let Owed { room: left, of, steps } = &mut state.owed;
        let of = of.repeat(left.len() / of.len());
        *steps = 0;
        let below = p.msb(left, P::Ring::BITS)?;
        let below = p.b2a(&below)?;
        *left = p.public(&vec![P::Ring::ZERO; left.len()]);
        let often = |matrix: usize| {
            let all = of.iter().enumerate().filter(|(_, of)| **of == matrix);
            below.gather(&all.map(|(i, _)| i).collect::<Vec<_>>()).sum(1)
        };
        let often: Vec<P::AShare> = (0..matrices).map(often).collect();
        let often = P::AShare::concat(&often.iter().collect::<Vec<_>>());
        let never = p.is_zero(&often, usize::BITS - of.len().leading_zeros())?;
        let mut beyond = p.public(&vec![P::Ring::ONE; matrices]);
        beyond -= &p.b2a(&never)?;
        Ok(beyond)
    }

    /// The sum of the losses of these examples: what was predicted less `y`, of those that count.
    ///
    /// Error: a few units of the last place for each example, and of cross-entropy no more than
    /// [`Scales::frac`] binary digits of it: no probability is taken to be less.
    ///
    /// Cost: of cross-entropy a logarithm of each example.
    ///
    /// # Errors
    /// If a link fails.
    pub fn loss<P: Protocol>(
        &self,
        p: &mut P,
        missing: Tensor<P>,
        (y, counts): (&Tensor<P>, &P::AShare),
    ) -> Result<Tensor<P>> {
        let of = Ends::of(&self.network, self.scales);
        self.course.loss.total(p, of, missing, (y, counts))
    }

    /// What the network predicts for inputs as in [`Batch::x`]: probabilities, or what comes out.
    ///
    /// # Errors
    /// If a link fails.
    ///
    /// # Panics
    /// As [`Self::outputs`].
    pub fn predict<P: Protocol>(
        &self,
        p: &mut P,
        weights: &Tensor<P>,
        x: &Tensor<P>,
    ) -> Result<Tensor<P>> {
        let z = self.outputs(p, weights, x)?;
        self.probabilities(p, z)
    }

    /// What [`Self::predict`] makes of what comes out of the last layer.
    ///
    /// # Errors
    /// If a link fails.
    pub fn probabilities<P: Protocol>(&self, p: &mut P, z: Tensor<P>) -> Result<Tensor<P>> {
        self.course.loss.predicted(p, Ends::of(&self.network, self.scales), z)
    }

    /// What comes out of the last layer, a batch of examples after the other, in memory for one.
    ///
    /// # Errors
    /// If a link fails.
    ///
    /// # Panics
    /// If `x` is no matrix of at least one example.
    pub fn outputs<P: Protocol>(
        &self,
        p: &mut P,
        weights: &Tensor<P>,
        x: &Tensor<P>,
    ) -> Result<Tensor<P>> {
        let matrices = self.matrices(p, weights);
        let at = At { weights: &matrices, scales: self.scales, step: None };
        let [rows, inputs] = *x.shape() else { panic!("a matrix, not {x:?}") };
        let mut parts = vec![];
        for from in (0..rows).step_by(self.course.batch) {
            let to = rows.min(from + self.course.batch);
            let part = x.shares().take(from * inputs..to * inputs);
            let part = Tensor::new(part, &[to - from, inputs], x.frac_bits());
            parts.push(forward(p, self.network.operations(), part, &at)?.0.into_shares());
        }
        let outputs = P::AShare::concat(&parts.iter().collect::<Vec<_>>());
        Ok(Tensor::new(outputs, &[rows, self.network.output().len()], self.scales.frac))
    }
}

impl<P: Protocol> Owed<P> {
    fn put(&mut self, parts: &[P::AShare]) {
        let parts = P::AShare::concat(&parts.iter().collect::<Vec<_>>());
        self.room.put(self.steps * self.of.len(), &parts);
        self.steps += 1;
    }
}

impl<P: Protocol> State<P> {
    /// All matrices of weights, one after the other.
    #[must_use]
    pub fn weights(&self) -> &Tensor<P> {
        &self.weights
    }

    /// Steps taken.
    #[must_use]
    pub fn steps(&self) -> u64 {
        self.steps
    }
}
