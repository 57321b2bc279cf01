//! Numbers as indicators of their values, without a gate.
//!
//! In the two-summand view a number's bits are `u xor v`, with `u` known to P2 and `v` to P0
//! and P1: its indicators are those of `u`, permuted by the XOR with `v`. P2 shares the
//! indicators of `u` between P0 and P1, both permute, and each reshares its part with P2.
//! For numbers of one bit this is the conversion of bits of ABY3-style sharings in which one
//! summand is known to one party.

use sharewell_net::Step;
use sharewell_ring::{Bits, Integer, Planes, Ring, zeroed};

use super::Rep3;
use crate::prss::{next, previous};
use crate::share::Linear;
use crate::{BitLinear, Result, Side};

/// Elements permuted at a time: all blocks of a tile stay in the cache.
const TILE: usize = 512;

impl<R: Integer> Rep3<R> {
    /// Two rounds, `3 k (2^width - 1)` bits per number in all.
    pub(super) fn indicators(&mut self, x: &BitLinear<2>, width: usize) -> Result<Linear<R, 2>> {
        const SHARE: Step = Step("one-hot share");
        const CROSS: Step = Step("one-hot cross");
        let [first, second] = &x.0;
        let n = first.len();
        let len = n * ((1 << width) - 1);
        let [s_draw, r_draw, t_draw] = [(); 3].map(|()| self.prss.next_draw());
        let (left, right) = (previous(self.me()), next(self.me()));
        // The three components of the indicators of one and up; that of zero is what they
        // leave of one, the public constant being in component 0.
        let [x, y] = match self.me().0 {
            0 => {
                let s = with_zero(&self.prss.uniform(Side::Left, s_draw, len), n, R::ZERO);
                let mut part = permuted(s, second, width);
                let mut masks = self.prss.uniform::<R>(Side::Right, r_draw, len);
                R::sub_assign(&mut part, &masks);
                self.party.send(left, CROSS, &part)?;
                R::add_assign(&mut masks, &self.prss.uniform(Side::Right, t_draw, len));
                [part, masks]
            }
            1 => {
                let s = with_zero(&self.party.recv(right, SHARE, len)?, n, R::ONE);
                let mut part = permuted(s, first, width);
                let mut masks = self.prss.uniform::<R>(Side::Left, t_draw, len);
                R::sub_assign(&mut part, &masks);
                self.party.send(right, CROSS, &part)?;
                R::add_assign(&mut masks, &self.prss.uniform(Side::Left, r_draw, len));
                [masks, part]
            }
            _ => {
                let mut u = first.clone();
                u.xor_assign(second);
                let mut s = indicators(&u, width);
                R::sub_assign(&mut s, &self.prss.uniform(Side::Right, s_draw, len));
                self.party.send(left, SHARE, &s)?;
                let from_0 = self.party.recv(right, CROSS, len)?;
                [self.party.recv(left, CROSS, len)?, from_0]
            }
        };
        let (one_x, one_y) = match self.me().0 {
            0 => (R::ONE, R::ZERO),
            1 => (R::ZERO, R::ZERO),
            _ => (R::ZERO, R::ONE),
        };
        Ok(Linear([with_zero(&x, n, one_x), with_zero(&y, n, one_y)]))
    }
}

/// In front of blocks of `n`, the block of what they leave of `all`.
fn with_zero<R: Integer>(blocks: &[R], n: usize, all: R) -> Vec<R> {
    let mut out = sharewell_ring::reserved(n + blocks.len());
    out.resize(n, all);
    for block in blocks.chunks_exact(n.max(1)) {
        R::sub_assign(&mut out, block);
    }
    out.extend_from_slice(blocks);
    out
}

/// Blocks of one value each, permuted by the XOR of block and `by`, element by element and
/// without a branch; gives all blocks but that of zero.
fn permuted<R: Integer>(mut blocks: Vec<R>, by: &Planes, width: usize) -> Vec<R> {
    let n = by.len();
    let mut step = zeroed::<R>(TILE);
    for bit in 0..width {
        let flips: Vec<R> = by.take_planes(bit..bit + 1).to_values();
        for start in (0..n).step_by(TILE) {
            let flips = &flips[start..n.min(start + TILE)];
            let step = &mut step[..flips.len()];
            for low in (0..1 << width).filter(|block| block & (1 << bit) == 0) {
                let (before, after) = blocks.split_at_mut((low + (1 << bit)) * n);
                let x = &mut before[low * n + start..][..flips.len()];
                let y = &mut after[start..][..flips.len()];
                // x + f (y - x) and y - f (y - x): an exchange where f is one.
                step.copy_from_slice(y);
                R::sub_assign(step, x);
                R::mul_assign(step, flips);
                R::add_assign(x, step);
                R::sub_assign(y, step);
            }
        }
    }
    blocks.split_off(n)
}

/// The indicators of values from one up, known in the clear.
fn indicators<R: Integer>(x: &Planes, width: usize) -> Vec<R> {
    let mut out = sharewell_ring::reserved(x.len() * ((1 << width) - 1));
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
