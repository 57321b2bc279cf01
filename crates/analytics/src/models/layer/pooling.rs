//! Means and maxima of squares of pixels.

use sharewell_mpc::{Protocol, Result, Share};
use sharewell_ring::{Integer, Ring};
use sharewell_tensor::Tensor;

use super::product::spread;
use super::window::Window;
use super::{At, Reach, bits_of};
use crate::models::network::Shape;

/// Fractional bits of one over the pixels of a square, where these are no power of two.
const SHARE_BITS: u32 = 16;

/// The mean, or the greatest, of squares beside each other.
#[derive(Clone, Debug)]
pub(crate) struct Pooling {
    window: Window,
    from: Reach,
}

impl Pooling {
    pub(crate) fn new(image: Shape, size: usize, from: Reach) -> std::result::Result<Self, String> {
        let window = Window { image, kernel: size, stride: size, padding: 0 };
        if window.places().contains(&0) {
            return Err(format!("no square of {size} pixels fits {image:?}"));
        }
        Ok(Self { window, from })
    }

    pub(crate) fn output(&self) -> Shape {
        let [height, width] = self.window.places();
        Shape { height, width, channels: self.window.image.channels }
    }

    fn size(&self) -> usize {
        self.window.kernel
    }

    pub(crate) fn reach(&self) -> Reach {
        self.from
    }

    /// The norm of means of numbers of this norm, and of a signal on its way back.
    pub(crate) fn mean_norm(&self, from: f64) -> f64 {
        from / self.size() as f64
    }

    pub(crate) fn mean_reach(&self) -> Reach {
        Reach { norm: self.mean_norm(self.from.norm), ..self.from }
    }

    /// What each number that comes out is made of, one after the other.
    fn members(&self) -> Vec<Option<usize>> {
        let (pixels, channels) = (self.window.pixels(), self.window.image.channels);
        let square = self.size().pow(2) * channels;
        let of = |square: &[Option<usize>], channel| {
            square.iter().skip(channel).step_by(channels).copied().collect::<Vec<_>>()
        };
        let squares = pixels.chunks(square);
        squares.flat_map(|all| (0..channels).flat_map(move |channel| of(all, channel))).collect()
    }

    /// For each number that goes in, the number that comes out of its square.
    fn homes(&self) -> Vec<Option<usize>> {
        let members = self.members();
        let mut homes = vec![None; self.window.image.len()];
        for (at, member) in members.iter().enumerate() {
            homes[member.expect("squares lie inside the image")] = Some(at / self.size().pow(2));
        }
        homes
    }

    pub(crate) fn mean<P: Protocol>(
        &self,
        p: &mut P,
        x: &Tensor<P>,
        at: &At<'_, P>,
    ) -> Result<Tensor<P>> {
        let (batch, outputs) = (x.shape()[0], self.output().len());
        let members = spread(p, x, &self.members());
        let sums = members.shares().sum(batch * outputs);
        let sums = Tensor::new(sums, &[batch, outputs], x.frac_bits());
        let mean = self.share(p, sums, at)?;
        Ok(at.noted(p, mean, self.from.element))
    }

    pub(crate) fn mean_back<P: Protocol>(
        &self,
        p: &mut P,
        signal: &Tensor<P>,
        at: &At<'_, P>,
    ) -> Result<Tensor<P>> {
        let share = self.share(p, signal.clone(), at)?;
        Ok(spread(p, &share, &self.homes()))
    }

    /// Over the pixels of a square.
    fn share<P: Protocol>(&self, p: &mut P, x: Tensor<P>, at: &At<'_, P>) -> Result<Tensor<P>> {
        let pixels = self.size().pow(2);
        let (factor, bits) = match pixels.is_power_of_two() {
            true => (1, pixels.ilog2()),
            false => ((f64::from(1u32 << SHARE_BITS) / pixels as f64).round() as i128, SHARE_BITS),
        };
        let (shape, scale) = (x.shape().to_vec(), x.frac_bits() + bits);
        Tensor::new(x.times(factor).into_shares(), &shape, scale).rescale_down(p, at.scales.frac)
    }

    /// And who won.
    pub(crate) fn greatest<P: Protocol>(
        &self,
        p: &mut P,
        x: &Tensor<P>,
        at: &At<'_, P>,
    ) -> Result<(Tensor<P>, Vec<P::AShare>)> {
        let (batch, outputs) = (x.shape()[0], self.output().len());
        let bits = (bits_of(self.from.element) + x.frac_bits() + 2).min(P::Ring::BITS);
        let (mut left, mut matches) = (self.size().pow(2), vec![]);
        let mut rest = spread(p, x, &self.members()).into_shares();
        while left > 1 {
            let [first, second, odd] = pairings(batch * outputs, left);
            let [first, second, odd] = [first, second, odd].map(|index| rest.gather(&index));
            let mut more = second;
            more -= &first;
            let wins = p.msb(&more, bits)?;
            // One where the second is greater or equal.
            let mut won = p.public(&vec![P::Ring::ONE; more.len()]);
            won -= &p.b2a(&wins)?;
            let mut winner = p.mul(&more, &won)?;
            winner += &first;
            let winner = Tensor::new(winner, &[won.len()], x.frac_bits());
            let winner = at.noted(p, winner, self.from.element).into_shares();
            rest = P::AShare::concat(&[&winner, &odd]).gather(&merged(batch * outputs, left));
            matches.push(won);
            left = left.div_ceil(2);
        }
        Ok((Tensor::new(rest, &[batch, outputs], x.frac_bits()), matches))
    }

    pub(crate) fn greatest_back<P: Protocol>(
        &self,
        p: &mut P,
        (matches, signal): (&Vec<P::AShare>, &Tensor<P>),
    ) -> Result<Tensor<P>> {
        let (batch, outputs) = (signal.shape()[0], self.output().len());
        let (squares, mut rest) = (batch * outputs, signal.shares().clone());
        let size = self.size().pow(2);
        let levels = std::iter::successors(Some(size), |left| Some(left.div_ceil(2)));
        let levels: Vec<usize> = levels.take(matches.len()).collect();
        for (left, won) in levels.into_iter().zip(matches).rev() {
            let half = left.div_ceil(2);
            let winners: Vec<usize> =
                (0..squares * (left / 2)).map(|i| i / (left / 2) * half + i % (left / 2)).collect();
            let winners = rest.gather(&winners);
            let second = p.mul(&winners, won)?;
            let mut first = winners;
            first -= &second;
            let [firsts, seconds] = [first.len(), first.len() + second.len()];
            let place = |i: usize| match (i / left, i % left) {
                (square, at) if at < left / 2 => square * (left / 2) + at,
                (square, at) if at < left / 2 * 2 => firsts + square * (left / 2) + at - left / 2,
                (square, _) => seconds + square * half + half - 1,
            };
            let index: Vec<usize> = (0..squares * left).map(place).collect();
            rest = P::AShare::concat(&[&first, &second, &rest]).gather(&index);
        }
        let members = Tensor::new(rest, &[batch, outputs * size], signal.frac_bits());
        // Where each number that went in stands among the members of the squares.
        let mut homes = vec![None; self.window.image.len()];
        for (at, member) in self.members().into_iter().enumerate() {
            homes[member.expect("squares lie inside the image")] = Some(at);
        }
        Ok(spread(p, &members, &homes))
    }
}

/// Who meets whom in each block of `left`, and who waits.
fn pairings(blocks: usize, left: usize) -> [Vec<usize>; 3] {
    let half = left / 2;
    let of = |from: usize, len: usize| {
        (0..blocks * len).map(|i| i / len * left + from + i % len).collect()
    };
    [of(0, half), of(half, half), of(2 * half, left % 2)]
}

/// Winners and those who waited, block by block.
fn merged(blocks: usize, left: usize) -> Vec<usize> {
    let (half, after) = (left / 2, left.div_ceil(2));
    let place = |i: usize| match (i / after, i % after) {
        (block, at) if at < half => block * half + at,
        (block, _) => blocks * half + block,
    };
    (0..blocks * after).map(place).collect()
}
