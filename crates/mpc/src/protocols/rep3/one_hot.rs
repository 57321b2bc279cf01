//! Numbers as indicators of their values, without a gate, and what a sort makes of them.
//!
//! In the two-summand view a number's bits are `u xor v`, with `u` known to P2 and `v` to P0
//! and P1: its indicators are those of `u`, permuted by the XOR with `v`. P2 shares the
//! indicators of `u` between P0 and P1, both permute, and each reshares its part with P2.
//! For numbers of one bit this is the conversion of bits in `boolean`.
//!
//! Indicators are large, and all is local but two messages: so they are made tile by tile, in
//! the cache, and travel in the tiles' order.

use std::ops::Range;

use sharewell_net::Step;
use sharewell_ring::{Bits, Integer, Planes, Ring, reserved, zeroed};

use super::Rep3;
use crate::prss::{next, previous};
use crate::share::{Linear, block_len};
use crate::{Arithmetic, BitLinear, Prss, Result, Side};

const SHARE: Step = Step("one-hot share");
const CROSS: Step = Step("one-hot cross");

/// Numbers of a tile.
const TILE: usize = 1024;

impl<R: Integer> Rep3<R> {
    /// Two rounds, `3 k (2^width - 1)` bits per number in all.
    pub(super) fn indicators(&mut self, x: &BitLinear<2>, width: usize) -> Result<Linear<R, 2>> {
        let [first, second] = &x.0;
        let blocks = Blocks { n: first.len(), values: (1 << width) - 1 };
        let len = blocks.n * blocks.values;
        let [s_draw, r_draw, t_draw] = [(); 3].map(|()| self.prss.next_draw());
        let (left, right) = (previous(self.me()), next(self.me()));
        // The public constant of the indicator of zero is in component 0.
        Ok(Linear(match self.me().0 {
            0 => {
                let prss = &self.prss;
                let share = |from: usize, s: &mut [R]| prss.fill(Side::Left, s_draw, from, s);
                let masks = [r_draw, t_draw].map(|draw| (Side::Right, draw));
                let (part, masks) = blocks.permuted(prss, share, R::ZERO, second, masks);
                self.party.send(left, CROSS, &part)?;
                [blocks.placed(&part, R::ONE), blocks.placed(&masks, R::ZERO)]
            }
            1 => {
                let s: Vec<R> = self.party.recv(right, SHARE, len)?;
                let share =
                    |from: usize, out: &mut [R]| out.copy_from_slice(&s[from..from + out.len()]);
                let masks = [t_draw, r_draw].map(|draw| (Side::Left, draw));
                let (part, masks) = blocks.permuted(&self.prss, share, R::ONE, first, masks);
                self.party.send(right, CROSS, &part)?;
                [blocks.placed(&masks, R::ZERO), blocks.placed(&part, R::ZERO)]
            }
            _ => {
                let mut u = first.clone();
                u.xor_assign(second);
                let mut s = blocks.tiled(&indicators(&u, width));
                R::sub_assign(&mut s, &self.prss.uniform(Side::Right, s_draw, len));
                self.party.send(left, SHARE, &s)?;
                let from_0: Vec<R> = self.party.recv(right, CROSS, len)?;
                let from_1: Vec<R> = self.party.recv(left, CROSS, len)?;
                [blocks.placed(&from_1, R::ZERO), blocks.placed(&from_0, R::ONE)]
            }
        }))
    }

    /// [`crate::circuit::destinations`], with the running sums made tile by tile.
    pub(super) fn destinations_of(&mut self, hot: &Linear<R, 2>, n: usize) -> Result<Linear<R, 2>> {
        let blocks = block_len(hot.0[0].len(), n);
        let mut before = hot.0.each_ref().map(|x| sums_before(x, n, blocks));
        let mut upto = [zeroed::<R>(0), vec![]];
        let out = self.reshare(Step("destinations"), n, |tile, z| {
            for block in 0..blocks {
                let here = block * n + tile.start..block * n + tile.end;
                for ((x, before), upto) in hot.0.iter().zip(&mut before).zip(&mut upto) {
                    let mut sum = before[block];
                    upto.clear();
                    upto.extend(x[here.clone()].iter().map(|&x| {
                        sum = sum + x;
                        sum
                    }));
                    before[block] = sum;
                }
                let hot = hot.0.each_ref().map(|x| &x[here.clone()]);
                R::cross_add(z, hot, upto.each_ref().map(Vec::as_slice));
            }
        })?;
        let mut out = Linear(out);
        out -= &self.public(&vec![R::ONE; n]);
        Ok(out)
    }
}

/// For each block of `n`, the sum of all blocks before it.
fn sums_before<R: Integer>(x: &[R], n: usize, blocks: usize) -> Vec<R> {
    let mut sum = R::ZERO;
    let each = |block| {
        let before = sum;
        sum = x[block * n..(block + 1) * n].iter().fold(sum, |sum, &x| sum + x);
        before
    };
    (0..blocks).map(each).collect()
}

/// Indicators of the values from one up of `n` numbers: a block of `n` elements for each value,
/// or, tiled, a tile of every block for each tile of numbers.
#[derive(Copy, Clone)]
struct Blocks {
    n: usize,
    values: usize,
}

impl Blocks {
    /// Tiles: numbers, and elements of a tiled vector.
    fn tiles(self) -> impl Iterator<Item = (Range<usize>, Range<usize>)> {
        (0..self.n).step_by(TILE).map(move |from| {
            let to = self.n.min(from + TILE);
            (from..to, from * self.values..to * self.values)
        })
    }

    /// The tiled part that `share` gives, with the indicators of zero `all` less the others,
    /// permuted by the XOR with `by`, less the first of two masks; and both masks' sum.
    fn permuted<R: Integer>(
        self,
        prss: &Prss,
        share: impl Fn(usize, &mut [R]),
        all: R,
        by: &Planes,
        masks: [(Side, u64); 2],
    ) -> (Vec<R>, Vec<R>) {
        let flips: Vec<Vec<R>> =
            (0..by.width()).map(|bit| by.take_planes(bit..bit + 1).to_values()).collect();
        let (mut part, mut sums) = (zeroed(self.n * self.values), zeroed(self.n * self.values));
        let mut tile: Vec<R> = zeroed(TILE.min(self.n) * (self.values + 1));
        let mut other: Vec<R> = zeroed(TILE.min(self.n) * self.values);
        for (numbers, elements) in self.tiles() {
            let m = numbers.len();
            let (part, sums) = (&mut part[elements.clone()], &mut sums[elements.clone()]);
            let other = &mut other[..part.len()];
            let tile = &mut tile[..part.len() + m];
            let (zero, rest) = tile.split_at_mut(m);
            share(elements.start, rest);
            zero.fill(all);
            rest.chunks_exact(m).for_each(|row| R::sub_assign(zero, row));
            for (bit, flips) in flips.iter().enumerate() {
                exchange(tile, bit, &flips[numbers.clone()], &mut other[..m]);
            }
            part.copy_from_slice(&tile[m..]);
            prss.fill(masks[0].0, masks[0].1, elements.start, sums);
            R::sub_assign(part, sums);
            prss.fill(masks[1].0, masks[1].1, elements.start, other);
            R::add_assign(sums, other);
        }
        (part, sums)
    }

    /// From tiles to blocks, with a first block of what the others leave of `all`.
    fn placed<R: Integer>(self, tiled: &[R], all: R) -> Vec<R> {
        let mut out = zeroed(self.n * (self.values + 1));
        for (numbers, elements) in self.tiles() {
            let mut zero = [all; TILE];
            let zero = &mut zero[..numbers.len()];
            for (value, row) in tiled[elements].chunks_exact(numbers.len()).enumerate() {
                R::sub_assign(zero, row);
                out[(value + 1) * self.n..][numbers.clone()].copy_from_slice(row);
            }
            out[numbers].copy_from_slice(zero);
        }
        out
    }

    /// From blocks to tiles.
    fn tiled<R: Integer>(self, blocks: &[R]) -> Vec<R> {
        let mut out = reserved(blocks.len());
        for (numbers, _) in self.tiles() {
            for value in 0..self.values {
                out.extend_from_slice(&blocks[value * self.n..][numbers.clone()]);
            }
        }
        out
    }
}

/// Exchanges rows whose numbers differ in `bit`, where `flips` is one and without a branch.
fn exchange<R: Integer>(rows: &mut [R], bit: usize, flips: &[R], step: &mut [R]) {
    let m = flips.len();
    for pair in rows.chunks_exact_mut(m << (bit + 1)) {
        let (low, high) = pair.split_at_mut(m << bit);
        for (x, y) in low.chunks_exact_mut(m).zip(high.chunks_exact_mut(m)) {
            // x + f (y - x) and y - f (y - x)
            step.copy_from_slice(y);
            R::sub_assign(step, x);
            R::mul_assign(step, flips);
            R::add_assign(x, step);
            R::sub_assign(y, step);
        }
    }
}

/// The indicators of values from one up, known in the clear.
fn indicators<R: Integer>(x: &Planes, width: usize) -> Vec<R> {
    let mut out = reserved(x.len() * ((1 << width) - 1));
    for value in 1..1usize << width {
        let mut all: Vec<Bits> = vec![Bits::ONE; Planes::words_per_plane(x.len())];
        for bit in 0..width {
            let mut agrees = x.planes(bit..bit + 1).to_vec();
            if value & (1 << bit) == 0 {
                Bits::add_assign(&mut agrees, &vec![Bits::ONE; all.len()]);
            }
            Bits::mul_assign(&mut all, &agrees);
        }
        out.extend(Planes::from_words(x.len(), all).to_values::<R>());
    }
    out
}
