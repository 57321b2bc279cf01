//! Weighted sums: dense layers, and convolutions as products of matrices.
//!
//! Source of the latter: Chellapilla, Puri, Simard, High performance convolutional neural networks
//! for document processing, 2006, 3.1.

use sharewell_mpc::{Protocol, Result, Share};
use sharewell_ring::{Dims, Integer, Ring};
use sharewell_tensor::Tensor;

use super::checked::Checked;
use super::window::Window;
use super::{At, Given, Gradient, Reach, Signal};
use crate::models::network::Shape;

/// A matrix of weights, over squares of pixels; an input without places is one pixel.
#[derive(Clone, Debug)]
pub(crate) struct Product {
    window: Window,
    output: Shape,
    /// The place of the matrix among all.
    pub(crate) matrix: usize,
    from: Reach,
    /// The norm of the signal that comes back, of one example.
    signal: f64,
    /// What goes in and what comes back, where nothing proves them small enough.
    pub(crate) seen: Option<Checked>,
    pub(crate) heard: Option<Checked>,
    /// No matrix has a greater Frobenius norm.
    limit: f64,
}

impl Product {
    pub(crate) fn new(
        window: Window,
        channels: usize,
        given: &Given,
    ) -> std::result::Result<Self, String> {
        if window.kernel == 0 || window.stride == 0 {
            return Err("kernel and stride are 1 at least".to_owned());
        }
        let [height, width] = window.places();
        let output = Shape { height, width, channels };
        if output.is_empty() {
            return Err(format!("nothing comes out of {:?}", window.image));
        }
        let limit = given.headroom * (2.0 * channels as f64).sqrt();
        // What the data promises is no matter of weights.
        let first = given.matrices == 0;
        let seen = Checked::of(given.reach.norm, given.typical, window.image.len());
        let seen = seen.filter(|_| !first);
        let from = seen.map_or(given.reach, |seen| Reach {
            norm: seen.most(),
            element: given.reach.element.min(seen.most()),
        });
        let matrix = given.matrices;
        Ok(Self { window, output, matrix, from, signal: 0.0, seen, heard: None, limit })
    }

    pub(crate) fn output(&self) -> Shape {
        self.output
    }

    pub(crate) fn limit(&self) -> f64 {
        self.limit
    }

    fn inner(&self) -> usize {
        self.window.kernel.pow(2) * self.window.image.channels
    }

    /// Rows and columns of the matrix.
    pub(crate) fn shape(&self) -> [usize; 2] {
        [self.inner() + 1, self.output.channels]
    }

    /// The norm of all squares of an example, with the ones of their biases.
    fn spread(&self) -> f64 {
        let squares = self.window.cover() as f64 * self.from.norm.powi(2);
        (squares + self.output.pixels() as f64).sqrt()
    }

    /// By Cauchy and Schwarz.
    pub(crate) fn reach(&self) -> Reach {
        let square = self.from.norm.min((self.inner() as f64).sqrt() * self.from.element);
        Reach { norm: self.limit * self.spread(), element: self.limit * square.hypot(1.0) }
    }

    /// The norm of what comes out, for fresh weights and an input of this norm.
    pub(crate) fn typical(&self, from: f64) -> f64 {
        let often = self.output.channels as f64 * self.window.cover() as f64;
        from * (2.0 * often / self.inner() as f64).sqrt()
    }

    pub(crate) fn back(&mut self, signal: Signal) -> Signal {
        self.heard = Checked::of(signal.most, signal.typical, self.output.len());
        self.signal = self.heard.map_or(signal.most, |heard| heard.most());
        Signal { most: self.before_norm(), typical: signal.typical * 2f64.sqrt() }
    }

    /// The norm of the signal before the layer.
    pub(crate) fn before_norm(&self) -> f64 {
        self.limit * (self.window.cover() as f64).sqrt() * self.signal
    }

    /// The norm of the gradient of one example.
    pub(crate) fn gradient_norm(&self) -> f64 {
        self.spread() * self.signal
    }

    pub(crate) fn forward<P: Protocol>(
        &self,
        p: &mut P,
        x: &Tensor<P>,
        at: &At<'_, P>,
    ) -> Result<Tensor<P>> {
        let batch = x.shape()[0];
        let [rows, columns] = self.shape();
        let squares = self.squares(p, x, false);
        let squares = squares.reshape(&[batch * self.output.pixels(), rows]);
        let weights = at.weights[self.matrix].clone().reshape(&[rows, columns]);
        let z = at.product(p, &squares, &weights, self.reach().element)?;
        Ok(z.reshape(&[batch, self.output.len()]))
    }

    /// The signal before the layer, if it is asked for, and the weights' gradient.
    pub(crate) fn backward<P: Protocol>(
        &self,
        p: &mut P,
        (x, signal): (&Tensor<P>, &Tensor<P>),
        at: &At<'_, P>,
        asked: bool,
    ) -> Result<(Option<Tensor<P>>, Gradient<P>)> {
        let [rows, columns] = self.shape();
        let places = x.shape()[0] * self.output.pixels();
        let across = self.squares(p, x, true);
        let d = Dims { m: rows, k: places, n: columns };
        let product = p.matmul(across.shares(), signal.shares(), d)?;
        let scale = x.frac_bits() + signal.frac_bits();
        let most = x.shape()[0] as f64 * self.gradient_norm();
        let gradient = at.noted(p, Tensor::new(product, &[rows, columns], scale), most);
        let before = if asked { Some(self.before(p, signal, at)?) } else { None };
        let heard = self.heard.map(|heard| (heard, signal.clone()));
        Ok((before, Gradient { matrix: self.matrix, sum: gradient, heard }))
    }

    fn before<P: Protocol>(
        &self,
        p: &mut P,
        signal: &Tensor<P>,
        at: &At<'_, P>,
    ) -> Result<Tensor<P>> {
        let (batch, image) = (signal.shape()[0], self.window.image);
        let [columns, taps] = [self.output.channels, self.window.kernel.pow(2)];
        let over = spread(p, signal, &self.window.squares(columns));
        let over = over.reshape(&[batch * image.pixels(), taps * columns]);
        // Of each place in a square, output by input.
        let turned: Vec<usize> = (0..taps * columns)
            .flat_map(|i| {
                let (tap, column) = (i / columns, i % columns);
                let input = move |input| (tap * image.channels + input) * columns + column;
                (0..image.channels).map(input)
            })
            .collect();
        let weights = &at.weights[self.matrix];
        let turned = weights.shares().gather(&turned);
        let shape = [taps * columns, image.channels];
        let turned = Tensor::new(turned, &shape, weights.frac_bits());
        let before = at.product(p, &over, &turned, self.before_norm())?;
        Ok(before.reshape(&[batch, image.len()]))
    }

    /// The squares of every example, each with a one for the bias: one to a row, or to a column.
    fn squares<P: Protocol>(&self, p: &P, x: &Tensor<P>, across: bool) -> Tensor<P> {
        let (batch, image, inner) = (x.shape()[0], self.window.image.len(), self.inner());
        let pixels = self.window.pixels();
        let (places, rows) = (self.output.pixels(), inner + 1);
        let [zero, one] = [x.len(), x.len() + 1];
        let place = |example: usize, square: usize, of: usize| match of < inner {
            true => pixels[square * inner + of].map_or(zero, |pixel| example * image + pixel),
            false => one,
        };
        let all = batch * places;
        let index: Vec<usize> = match across {
            false => (0..all * rows)
                .map(|i| place(i / rows / places, i / rows % places, i % rows))
                .collect(),
            true => (0..rows * all).map(|i| place(i % all / places, i % places, i / all)).collect(),
        };
        let ends = p.public(&[P::Ring::ZERO, P::Ring::ONE.shl(x.frac_bits())]);
        let shares = P::AShare::concat(&[x.shares(), &ends]).gather(&index);
        Tensor::new(shares, &[index.len()], x.frac_bits())
    }
}

/// Of each example the numbers at these places, and zeros where there is none.
pub(crate) fn spread<P: Protocol>(p: &P, x: &Tensor<P>, places: &[Option<usize>]) -> Tensor<P> {
    let batch = x.shape()[0];
    let each = x.len() / batch.max(1);
    let place = |example: usize, at: &Option<usize>| at.map_or(x.len(), |at| example * each + at);
    let index: Vec<usize> =
        (0..batch).flat_map(|example| places.iter().map(move |at| place(example, at))).collect();
    let zero = p.public(&[P::Ring::ZERO]);
    let shares = P::AShare::concat(&[x.shares(), &zero]).gather(&index);
    Tensor::new(shares, &[batch, places.len()], x.frac_bits())
}
