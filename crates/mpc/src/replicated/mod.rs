//! Replicated secret sharing among three parties: what its protocols have in common.
//!
//! Of `x = x0 + x1 + x2` party `i` holds `x_i` and `x_{i+1}`; key `K_i` is that of parties `i - 1`
//! and `i`.

pub(crate) mod shuffle;

use std::ops::Range;

use sharewell_net::{PartyId, Step};
use sharewell_ring::{Dims, Ring, reserved, zeroed};

use crate::party::TILE_BYTES;
use crate::prss::{next, previous};
use crate::share::blocks;
use crate::{Party, Result};

/// The two components that a party holds, in order.
pub(crate) type Pair<T> = [Vec<T>; 2];

/// Tiles of a window: 24 MiB, three chunks of comparisons over 64 bits.
pub(crate) const WINDOW: usize = 384;

/// Receives a vector while one of its length is sent, tile by tile: earlier tiles travel while
/// `send` makes a later one. All but a window of what is sent has been received before, so that
/// no more than a window or two wait anywhere, however long the vector.
pub(crate) fn exchange<T: Ring>(
    party: &mut Party,
    from: PartyId,
    step: Step,
    len: usize,
    mut send: impl FnMut(&mut Party, Range<usize>) -> Result<()>,
) -> Result<Vec<T>> {
    let tile_len = TILE_BYTES / T::BYTES;
    let mut theirs = reserved(len);
    for start in (0..len).step_by(tile_len) {
        let due = (start + tile_len).saturating_sub(WINDOW * tile_len);
        party.recv_up_to(from, step, due, &mut theirs)?;
        send(party, start..len.min(start + tile_len))?;
    }
    party.recv_up_to(from, step, len, &mut theirs)?;
    Ok(theirs)
}

/// Sends a vector to the next party and receives the previous one's.
pub(crate) fn pass_on<T: Ring>(party: &mut Party, step: Step, x: &[T]) -> Result<Vec<T>> {
    let (to, from) = (next(party.me()), previous(party.me()));
    exchange(party, from, step, x.len(), |party, tile| party.send(to, step, &x[tile]))
}

/// This party's part of an element-wise product, added to a tile.
pub(crate) fn cross<T: Ring>(z: &mut [T], x: &Pair<T>, y: &Pair<T>, tile: Range<usize>) {
    let (x, y) = (x.each_ref().map(|x| &x[tile.clone()]), y.each_ref().map(|y| &y[tile.clone()]));
    T::cross_add(z, x, y);
}

/// This party's part of a matrix product: `x0 (y0 + y1) + x1 y0`.
pub(crate) fn matmul_part<T: Ring>(x: &Pair<T>, y: &Pair<T>, d: Dims) -> Vec<T> {
    matmul_part_by(T::matmul_add, x, y, d)
}

/// The same by another way to add a product.
pub(crate) fn matmul_part_by<T: Ring>(
    matmul_add: fn(&mut [T], &[T], &[T], Dims),
    x: &Pair<T>,
    y: &Pair<T>,
    d: Dims,
) -> Vec<T> {
    let mut z = zeroed(d.m * d.n);
    let mut both = y[0].clone();
    T::add_assign(&mut both, &y[1]);
    matmul_add(&mut z, &x[0], &both, d);
    matmul_add(&mut z, &x[1], &y[0], d);
    z
}

/// This party's part of inner products of each of `rows` blocks.
pub(crate) fn dot_part<T: Ring>(x: &Pair<T>, y: &Pair<T>, rows: usize) -> Vec<T> {
    let mut both = y[0].clone();
    T::add_assign(&mut both, &y[1]);
    let left = blocks(&x[0], rows).zip(blocks(&both, rows));
    let right = blocks(&x[1], rows).zip(blocks(&y[0], rows));
    left.zip(right).map(|((a, b), (c, d))| T::dot(a, b) + T::dot(c, d)).collect()
}
