//! Layers: what each makes of its input, what it sends back, and how far both can reach.
//!
//! Every layer has a way forward and a way back of its own, and keeps what it needs in between. A
//! bound on the Frobenius norm of each matrix of weights, which training proves after every step,
//! bounds everything else: by Cauchy and Schwarz a weighted sum is at most the norm of the weights
//! times that of the input. So comparisons are as narrow as the numbers are.

mod checked;
mod curve;
mod dropout;
mod pooling;
mod product;
mod rectifier;
mod window;

use sharewell_mpc::{Protocol, Result};
use sharewell_ring::Dims;
use sharewell_tensor::Tensor;

use super::network::{Layer, Shape};
use super::scales::Scales;
pub(super) use checked::Checked;
use curve::{Curve, Kind};
use dropout::Dropout;
use pooling::Pooling;
pub(super) use product::Product;
use rectifier::Rectifier;
use window::Window;

/// How far the numbers of one example can be from zero.
#[derive(Copy, Clone, Debug, PartialEq)]
pub struct Reach {
    /// All of them, in the Euclidean norm.
    pub norm: f64,
    /// Each.
    pub element: f64,
}

/// Where a network is: its weights, and how everything is scaled.
#[derive(Debug)]
pub(super) struct At<'a, P: Protocol> {
    pub(super) weights: &'a [Tensor<P>],
    pub(super) scales: Scales,
    /// While training: what tells this step from others.
    pub(super) step: Option<u64>,
}

impl<P: Protocol> At<'_, P> {
    /// A product of matrices at the scale of numbers between layers, of which the bound on the
    /// weights proves that it is within `most`.
    fn product(&self, p: &mut P, x: &Tensor<P>, y: &Tensor<P>, most: f64) -> Result<Tensor<P>> {
        let (&[m, k], &[_, n]) = (x.shape(), y.shape()) else { panic!("{x:?} times {y:?}") };
        let full = x.frac_bits() + y.frac_bits();
        let by = (full - self.scales.frac, units(most, full));
        let product = p.matmul_trunc_within(x.shares(), y.shares(), Dims { m, k, n }, by)?;
        Ok(self.noted(p, Tensor::new(product, &[m, n], self.scales.frac), most))
    }

    /// Numbers of which the bound on the weights proves that they are within `most`.
    fn noted(&self, p: &mut P, x: Tensor<P>, most: f64) -> Tensor<P> {
        let (shape, frac_bits) = (x.shape().to_vec(), x.frac_bits());
        let most = units(most, frac_bits);
        let mut shares = x.into_shares();
        p.note_bound(&mut shares, -most, most);
        Tensor::new(shares, &shape, frac_bits)
    }
}

/// A bound in units of the last place, one of which each truncation on the way may have added.
fn units(most: f64, frac_bits: u32) -> i128 {
    (most * f64::from(frac_bits).exp2() * 1.01).ceil() as i128 + 64
}

/// The sum over a batch of the derivatives by a matrix of weights, not rescaled.
#[derive(Debug)]
pub(super) struct Gradient<P: Protocol> {
    pub(super) matrix: usize,
    pub(super) sum: Tensor<P>,
    /// The signal that it was made of, if that is to be looked at.
    pub(super) heard: Option<(Checked, Tensor<P>)>,
}

/// How great the signal of an example is: at most, and about so with fresh weights.
#[derive(Copy, Clone, Debug, PartialEq)]
pub(super) struct Signal {
    pub(super) most: f64,
    pub(super) typical: f64,
}

impl Signal {
    fn times(self, most: f64, typical: f64) -> Self {
        Self { most: self.most * most, typical: self.typical * typical }
    }
}

/// A layer at its place.
#[derive(Clone, Debug)]
pub(super) enum Operation {
    Product(Product),
    Mean(Pooling),
    Greatest(Pooling),
    Rectifier(Rectifier, Shape, Reach),
    Curve(Curve, Shape),
    Dropout(Dropout, Shape, Reach),
    Flatten(Shape, Reach),
    Residual(Vec<Self>, Shape, Reach),
}

/// What the way back needs of the way forward.
pub(super) enum Memory<P: Protocol> {
    Nothing,
    Input(Tensor<P>),
    Output(Tensor<P>),
    Kept(P::AShare),
    Matches(Vec<P::AShare>),
    Within(Vec<Self>),
}

/// What a layer is given: its input, the matrices before it, and how much greater than at the
/// start a matrix may become.
#[derive(Copy, Clone, Debug)]
pub(super) struct Given {
    pub(super) shape: Shape,
    pub(super) reach: Reach,
    /// About the norm of an example, with fresh weights.
    pub(super) typical: f64,
    pub(super) matrices: usize,
    pub(super) headroom: f64,
}

type Fitting<T> = std::result::Result<T, String>;

/// Numbers up to this are below two to so many bits.
pub(super) fn bits_of(most: f64) -> u32 {
    // What was noted of them is a little more.
    (most * 1.02 + 0.01).log2().ceil().max(0.0) as u32
}

impl Operation {
    pub(super) fn of(layer: &Layer, given: Given) -> Fitting<Self> {
        let Given { shape, reach, matrices, .. } = given;
        let product = |window, channels| Product::new(window, channels, &given).map(Self::Product);
        let rectifier = |slope| Ok(Self::Rectifier(Rectifier::new(slope, reach)?, shape, reach));
        let curve = |kind| Ok(Self::Curve(Curve::new(kind, reach, shape.len()), shape));
        match *layer {
            Layer::Dense { outputs } => {
                let image = Shape::flat(shape.len());
                product(Window { image, kernel: 1, stride: 1, padding: 0 }, outputs)
            }
            Layer::Convolution { channels, kernel, stride, padding } => {
                product(Window { image: shape, kernel, stride, padding }, channels)
            }
            Layer::AveragePool { size } => Ok(Self::Mean(Pooling::new(shape, size, reach)?)),
            Layer::MaxPool { size } => Ok(Self::Greatest(Pooling::new(shape, size, reach)?)),
            Layer::Relu => rectifier(0.0),
            Layer::LeakyRelu { slope } => rectifier(slope),
            Layer::Sigmoid => curve(Kind::Sigmoid),
            Layer::Tanh => curve(Kind::Tanh),
            Layer::Dropout { rate } => {
                let dropout = Dropout::new(rate, matrices)?;
                let reach = dropout.reach(reach);
                Ok(Self::Dropout(dropout, shape, reach))
            }
            Layer::Flatten => Ok(Self::Flatten(Shape::flat(shape.len()), reach)),
            Layer::Residual(ref layers) => Self::residual(layers, given),
        }
    }

    fn residual(layers: &[Layer], given: Given) -> Fitting<Self> {
        let inner = chain(layers, given).map_err(|(at, why)| format!("its layer {at}: {why}"))?;
        let (shape, reach) = inner.last().map_or((given.shape, given.reach), Self::end);
        if shape != given.shape {
            return Err(format!("{:?} goes in and {shape:?} comes out", given.shape));
        }
        let add = |x: f64, y: f64| x + y;
        let reach = Reach {
            norm: add(reach.norm, given.reach.norm),
            element: add(reach.element, given.reach.element),
        };
        Ok(Self::Residual(inner, shape, reach))
    }

    /// Shape and reach of what comes out.
    pub(super) fn end(&self) -> (Shape, Reach) {
        match self {
            Self::Product(of) => (of.output(), of.reach()),
            Self::Mean(of) => (of.output(), of.mean_reach()),
            Self::Greatest(of) => (of.output(), of.reach()),
            Self::Curve(of, shape) => (*shape, of.reach()),
            Self::Rectifier(_, shape, reach)
            | Self::Dropout(_, shape, reach)
            | Self::Flatten(shape, reach)
            | Self::Residual(_, shape, reach) => (*shape, *reach),
        }
    }

    /// The norm of what comes out, for fresh weights and an input of this norm.
    fn typical(&self, from: f64) -> f64 {
        match self {
            Self::Product(of) => of.typical(from),
            Self::Mean(of) => of.mean_norm(from),
            Self::Curve(of, _) => of.reach().norm.min(from),
            // Half of the numbers are below zero.
            Self::Rectifier(..) => from / 2f64.sqrt(),
            Self::Dropout(of, ..) => of.grown(from),
            Self::Greatest(_) | Self::Flatten(..) => from,
            Self::Residual(inner, ..) => {
                from.hypot(inner.iter().fold(from, |from, of| of.typical(from)))
            }
        }
    }

    /// Takes the signal at its end, and tells that at its beginning.
    pub(super) fn back(&mut self, signal: Signal) -> Signal {
        match self {
            Self::Product(of) => of.back(signal),
            Self::Mean(of) => signal.times(of.mean_norm(1.0), of.mean_norm(1.0)),
            Self::Curve(of, _) => signal.times(of.steepest(), of.steepest()),
            Self::Dropout(of, ..) => signal.times(of.grown(1.0), of.grown(1.0)),
            Self::Rectifier(..) => signal.times(1.0, 0.5f64.sqrt()),
            Self::Greatest(_) | Self::Flatten(..) => signal,
            Self::Residual(inner, ..) => {
                let before = inner.iter_mut().rev().fold(signal, |signal, of| of.back(signal));
                let typical = signal.typical.hypot(before.typical);
                Signal { most: signal.most + before.most, typical }
            }
        }
    }

    /// What went into products that is to be looked at, and of which matrix.
    fn seen<P: Protocol>(&self, memory: &Memory<P>, found: &mut Vec<Looked<P>>) {
        match (self, memory) {
            (Self::Product(of), Memory::Input(x)) => {
                found.extend(of.seen.map(|seen| (of.matrix, seen, x.clone())));
            }
            (Self::Residual(inner, ..), Memory::Within(within)) => seen(inner, within, found),
            _ => {}
        }
    }

    /// The products within.
    pub(super) fn products<'a>(&'a self, found: &mut Vec<&'a Product>) {
        match self {
            Self::Product(of) => found.push(of),
            Self::Residual(inner, ..) => inner.iter().for_each(|of| of.products(found)),
            _ => {}
        }
    }

    /// Whether a ring of `bits` bits holds what this layer does with numbers of `frac`
    /// fractional bits, products apart.
    pub(super) fn fits(&self, frac: u32, bits: u32) -> bool {
        match self {
            Self::Curve(of, _) => of.fits(frac, bits),
            Self::Residual(inner, ..) => inner.iter().all(|of| of.fits(frac, bits)),
            _ => true,
        }
    }

    pub(super) fn forward<P: Protocol>(
        &self,
        p: &mut P,
        x: Tensor<P>,
        at: &At<'_, P>,
    ) -> Result<(Tensor<P>, Memory<P>)> {
        Ok(match self {
            Self::Product(of) => (of.forward(p, &x, at)?, Memory::Input(x)),
            Self::Mean(of) => (of.mean(p, &x, at)?, Memory::Nothing),
            Self::Greatest(of) => {
                let (y, matches) = of.greatest(p, &x, at)?;
                (y, Memory::Matches(matches))
            }
            Self::Rectifier(of, ..) => {
                let (y, kept) = of.forward(p, &x, at)?;
                (y, Memory::Kept(kept))
            }
            Self::Curve(of, _) => {
                let y = of.forward(p, &x, at)?;
                (y.clone(), Memory::Output(y))
            }
            Self::Dropout(of, ..) => (of.pass(p, x, at)?, Memory::Nothing),
            Self::Flatten(..) => (x, Memory::Nothing),
            Self::Residual(inner, ..) => {
                let (y, within) = forward(p, inner, x.clone(), at)?;
                (y.add(&x), Memory::Within(within))
            }
        })
    }

    /// The signal at the beginning, if it is asked for; gradients go to the list.
    fn backward<P: Protocol>(
        &self,
        p: &mut P,
        (memory, signal): (Memory<P>, Tensor<P>),
        at: &At<'_, P>,
        (asked, gradients): (bool, &mut Vec<Gradient<P>>),
    ) -> Result<Option<Tensor<P>>> {
        Ok(match (self, memory) {
            (Self::Product(of), Memory::Input(x)) => {
                let (before, gradient) = of.backward(p, (&x, &signal), at, asked)?;
                gradients.push(gradient);
                before
            }
            (Self::Residual(inner, ..), Memory::Within(within)) => {
                let back = (within, signal.clone());
                let before = backward(p, inner, back, at, (asked, gradients))?;
                before.map(|before| before.add(&signal))
            }
            _ if !asked => None,
            (Self::Mean(of), _) => Some(of.mean_back(p, &signal, at)?),
            (Self::Greatest(of), Memory::Matches(matches)) => {
                Some(of.greatest_back(p, (&matches, &signal))?)
            }
            (Self::Rectifier(of, ..), Memory::Kept(kept)) => {
                Some(of.backward(p, (&kept, &signal), at)?)
            }
            (Self::Curve(of, _), Memory::Output(y)) => Some(of.backward(p, (&y, &signal), at)?),
            (Self::Dropout(of, ..), _) => Some(of.pass(p, signal, at)?),
            (Self::Flatten(..), _) => Some(signal),
            _ => unreachable!("a layer keeps what its way back needs"),
        })
    }
}

/// Layers one after the other; the place of one that does not fit, from 1, and why.
pub(super) fn chain(
    layers: &[Layer],
    mut given: Given,
) -> std::result::Result<Vec<Operation>, (usize, String)> {
    let mut operations: Vec<Operation> = vec![];
    for (i, layer) in layers.iter().enumerate() {
        let operation = Operation::of(layer, given).map_err(|why| (i + 1, why))?;
        let mut products = vec![];
        operation.products(&mut products);
        given.matrices += products.len();
        (given.shape, given.reach) = operation.end();
        given.typical = operation.typical(given.typical);
        operations.push(operation);
    }
    Ok(operations)
}

/// Through all layers, and what each keeps.
pub(super) fn forward<P: Protocol>(
    p: &mut P,
    operations: &[Operation],
    mut x: Tensor<P>,
    at: &At<'_, P>,
) -> Result<(Tensor<P>, Vec<Memory<P>>)> {
    let mut memories = Vec::with_capacity(operations.len());
    for operation in operations {
        let (y, memory) = operation.forward(p, x, at)?;
        x = y;
        memories.push(memory);
    }
    Ok((x, memories))
}

/// Of a matrix, what its norm is held against, and the numbers.
pub(super) type Looked<P> = (usize, Checked, Tensor<P>);

/// What went into products that is to be looked at.
pub(super) fn seen<P: Protocol>(
    operations: &[Operation],
    memories: &[Memory<P>],
    found: &mut Vec<Looked<P>>,
) {
    operations.iter().zip(memories).for_each(|(of, memory)| of.seen(memory, found));
}

/// Back through all layers: the signal at the beginning, if it is asked for; gradients go to the
/// list.
pub(super) fn backward<P: Protocol>(
    p: &mut P,
    operations: &[Operation],
    (memories, mut signal): (Vec<Memory<P>>, Tensor<P>),
    at: &At<'_, P>,
    (asked, gradients): (bool, &mut Vec<Gradient<P>>),
) -> Result<Option<Tensor<P>>> {
    // Nobody asks for a signal below the first matrix.
    let first = operations.iter().position(|operation| {
        let mut products = vec![];
        operation.products(&mut products);
        !products.is_empty()
    });
    for (i, (operation, memory)) in operations.iter().zip(memories).enumerate().rev() {
        let needed = asked || first.is_some_and(|first| first < i);
        match operation.backward(p, (memory, signal), at, (needed, gradients))? {
            Some(before) => signal = before,
            None => return Ok(None),
        }
    }
    Ok(Some(signal))
}
