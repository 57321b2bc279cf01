//! Steps of networks that learn, and what they predict.

use sharewell_analytics::models::{
    Batch, HEADROOM, Layer, Loss, Network, Optimiser, Reach, Shape, Training,
};
use sharewell_mpc::protocols::plain::Plain;
use sharewell_mpc::{Protocol, Result};
use sharewell_ring::{Integer, Z128};
use sharewell_tensor::Tensor;

use super::check::{all, near};
use super::draw::mix;
use super::{Card, Draw, Given, Operand, Operation, Secret, Unit, Visitor, Wrong, integers};

pub(super) fn each(visitor: &mut impl Visitor) {
    visitor.visit(&Step(Kind::Dense));
    visitor.visit(&Step(Kind::LeNet));
    visitor.visit(&Predict(Kind::Dense));
    visitor.visit(&Predict(Kind::LeNet));
}

/// Fractional bits of pixels.
const PIXEL_BITS: u32 = 8;
const CLASSES: usize = 10;
const RATE: f64 = 0.05;
/// Of every weight and every probability.
const ERROR: f64 = 2e-3;

#[derive(Clone, Copy)]
enum Kind {
    /// Of `n` times 49/8 inputs, two hidden layers of `n`, ten outputs.
    Dense,
    /// Two convolutions, each with its maxima of squares, and two dense layers.
    LeNet,
}

impl Kind {
    /// The network that batches of `n` examples are of: so small ones are quick to test.
    fn training(self, n: usize, bits: u32) -> Training {
        let convolution = |of: usize| Layer::Convolution {
            channels: (n * of).div_ceil(128),
            kernel: 5,
            stride: 1,
            padding: 0,
        };
        let (shape, layers) = match self {
            Self::Dense => {
                let hidden = || [Layer::Dense { outputs: n.max(1) }, Layer::Relu];
                (Shape::flat((n * 49).div_ceil(8).max(1)), [hidden(), hidden()].concat())
            }
            Self::LeNet => {
                let side = 16 + 12 * n / 128;
                let pooled = |of| [convolution(of), Layer::MaxPool { size: 2 }, Layer::Relu];
                let dense = [Layer::Dense { outputs: (n * 500).div_ceil(128) }, Layer::Relu];
                let shape = Shape { height: side, width: side, channels: 1 };
                (shape, [&pooled(20)[..], &pooled(50), &dense].concat())
            }
        };
        let layers = [layers, vec![Layer::Dense { outputs: CLASSES }]].concat();
        let reach = Reach { norm: (shape.len() as f64).sqrt(), element: 1.0 };
        let network = Network::new((shape, reach), &layers, HEADROOM).expect("layers that fit");
        let sgd = Optimiser::Sgd { momentum: 0.9, nesterov: false, weight_decay: 0.0 };
        Training::new(network, (Loss::CrossEntropy, sgd), (n, RATE), bits)
            .expect("a ring that fits")
    }

    fn named(self, dense: &'static str, lenet: &'static str) -> &'static str {
        match self {
            Self::Dense => dense,
            Self::LeNet => lenet,
        }
    }

    fn operands(self, n: usize) -> Vec<Operand> {
        let numbers = n * self.training(n, Z128::BITS).network().input().len();
        // Strokes: most of an image is dark.
        let pixel = |at: usize| match mix(1, at as u64 / 7) % 5 {
            0 => (mix(2, at as u64) % 257) as i128,
            _ => 0,
        };
        let label = |at: usize| {
            let (row, class) = (at / CLASSES, at % CLASSES);
            i128::from(mix(3, row as u64) % CLASSES as u128 == class as u128)
        };
        let pixels = Operand::new(numbers, (0, 1 << PIXEL_BITS), pixel);
        vec![pixels, Operand::new(n * CLASSES, (0, 1), label)]
    }

    /// Images at the scale of the training.
    fn images<P: Protocol>(on: &Given<P>, training: &Training) -> Tensor<P> {
        let shape = [on.n, training.network().input().len()];
        on.tensor(0, &shape, PIXEL_BITS).rescale_up(training.scales().frac)
    }

    fn weights<P: Protocol>(p: &P, training: &Training) -> P::AShare {
        p.public(&training.encoded::<P::Ring>(&training.network().fresh(1)))
    }

    fn card(self) -> Card {
        Card {
            range: "0 <= x <= 1, one label of ten".into(),
            error: format!("{ERROR:.0e}"),
            source: "Keller, Sun 2022 (eprint 2022/933); norms of the weights prove the ranges",
            unit: Unit::Elements(1),
            ..Card::of("Programs", 128)
        }
    }

    fn sizes(self) -> Vec<usize> {
        match self {
            Self::Dense => vec![1, 8],
            Self::LeNet => vec![1, 4],
        }
    }
}

/// The same by the interpreter without parties, in a ring of 128 bits.
fn reference(operation: &impl Operation, n: usize, x: &[Operand]) -> Vec<Z128> {
    let mut plain = Plain::<Z128>::new(1);
    let given = Given::share(&mut plain, n, x, None).expect("no links");
    let found = operation.run(&mut plain, &given).expect("no links");
    super::open(&mut plain, &found).expect("no links").swap_remove(0)
}

/// All elements, of which the reference has `fine` fractional bits and the result `coarse`.
fn check<R: Integer>(
    reference: &[Z128],
    z: &[R],
    [fine, coarse]: [u32; 2],
) -> std::result::Result<(), Wrong> {
    let unit = f64::from(coarse).exp2();
    let number = |at: usize| reference[at].to_i128() as f64 / f64::from(fine).exp2();
    all(z, reference.len(), |at| near(number(at) * unit, ERROR * unit))
}

struct Step(Kind);
impl Operation for Step {
    fn card(&self) -> Card {
        let what = self.0.named(
            "a step with momentum on a batch of n examples, by a network of 49n/8 inputs, two \
             hidden layers of n and ten outputs: forward, back, and the new weights",
            "the same by two convolutions of 5 x 5 with maxima and two dense layers",
        );
        let name = self.0.named("train", "train LeNet");
        Card { name, what, ..self.0.card() }
    }
    fn sizes(&self) -> Vec<usize> {
        self.0.sizes()
    }
    fn operands<R: Integer>(&self, n: usize, _: &mut Draw) -> Vec<Operand> {
        self.0.operands(n)
    }
    fn run<P: Protocol>(&self, p: &mut P, on: &Given<P>) -> Result<Vec<Secret<P>>> {
        let training = self.0.training(on.n, P::Ring::BITS);
        let x = Kind::images(on, &training);
        let y = on.tensor(1, &[on.n, CLASSES], 0);
        let mut state = training.start(p, Kind::weights(p, &training), 1);
        training.step(p, &mut state, &Batch { x: &x, y: &y, counts: None }, RATE)?;
        Ok(integers(state.weights().shares().clone()))
    }
    fn check<R: Integer>(&self, n: usize, x: &[Operand], z: &[Vec<R>]) -> Result<(), Wrong> {
        let bits = [Z128::BITS, R::BITS].map(|bits| self.0.training(n, bits).scales().weight);
        check(&reference(self, n, x), &z[0], bits)
    }
}

struct Predict(Kind);
impl Operation for Predict {
    fn card(&self) -> Card {
        let what = self.0.named(
            "probabilities of ten classes for n examples, by the network of `train`",
            "the same by the network of `train LeNet`",
        );
        let name = self.0.named("predict", "predict LeNet");
        Card { name, what, ..self.0.card() }
    }
    fn sizes(&self) -> Vec<usize> {
        self.0.sizes()
    }
    fn operands<R: Integer>(&self, n: usize, _: &mut Draw) -> Vec<Operand> {
        self.0.operands(n)
    }
    fn run<P: Protocol>(&self, p: &mut P, on: &Given<P>) -> Result<Vec<Secret<P>>> {
        let training = self.0.training(on.n, P::Ring::BITS);
        let x = Kind::images(on, &training);
        let weights = Kind::weights(p, &training);
        let state = training.start(p, weights, 1);
        let predicted = training.predict(p, state.weights(), &x)?;
        Ok(integers(predicted.into_shares()))
    }
    fn check<R: Integer>(&self, n: usize, x: &[Operand], z: &[Vec<R>]) -> Result<(), Wrong> {
        let bits = [Z128::BITS, R::BITS].map(|bits| self.0.training(n, bits).scales().frac);
        check(&reference(self, n, x), &z[0], bits)
    }
}
