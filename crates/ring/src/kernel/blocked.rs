//! One blocking of the matrix product for all rings, after Goto and van de Geijn, "Anatomy of
//! High-Performance Matrix Multiplication" (2008). A ring brings a [`Tile`]: how its elements
//! are laid out in packed panels, and the product of two panels in registers.

use super::plain;
use crate::{Dims, Ring};

/// Inner steps of a block: so many that reading and writing the product costs little.
pub(super) const DEPTH: usize = 512;
/// Bytes of a packed block of `x`, which stays in the second-level cache.
const LEFT_BYTES: usize = 384 << 10;
/// Bytes of a packed block of `y`, which stays in the last-level cache.
const RIGHT_BYTES: usize = 4 << 20;
/// Elements of the largest tile.
const TILE_MAX: usize = 12 * 32;
/// A product of panels in registers.
pub(super) trait Tile {
    type Ring: Ring;
    /// Rows and columns of the tile.
    const ROWS: usize;
    const COLS: usize;
    /// One inner step of a left panel (`ROWS` elements) and of a right one (`COLS`).
    type Left: Copy + bytemuck::Zeroable;
    type Right: Copy + bytemuck::Zeroable;

    fn put_left(to: &mut Self::Left, row: usize, x: Self::Ring);
    fn put_right(to: &mut Self::Right, col: usize, y: Self::Ring);

    /// Writes the product of two panels of equal depth, at most [`DEPTH`], to `out`, row-major.
    ///
    /// # Safety
    /// The processor must have the features that the tile is compiled for.
    unsafe fn product(left: &[Self::Left], right: &[Self::Right], out: &mut [Self::Ring]);
}

/// Blocked `z += x * y`; meant to be inlined where the tile's features are enabled.
///
/// # Safety
/// The processor must have the features that the tile is compiled for.
#[inline(always)]
pub(super) unsafe fn blocked<T: Tile>(z: &mut [T::Ring], x: &[T::Ring], y: &[T::Ring], d: Dims) {
    let block_rows = T::ROWS * (LEFT_BYTES / (DEPTH * size_of::<T::Left>())).max(1);
    let block_cols = T::COLS * (RIGHT_BYTES / (DEPTH * size_of::<T::Right>())).max(1);
    let (mut left, mut right) = (vec![], vec![]);
    for l in (0..d.k).step_by(DEPTH) {
        let depth = DEPTH.min(d.k - l);
        for j in (0..d.n).step_by(block_cols) {
            let cols = block_cols.min(d.n - j);
            pack_right::<T>(&mut right, &Block { of: &y[l * d.n + j..], stride: d.n, cols, depth });
            for i in (0..d.m).step_by(block_rows) {
                let rows = block_rows.min(d.m - i);
                let block = Block { of: &x[i * d.k + l..], stride: d.k, cols: rows, depth };
                pack_left::<T>(&mut left, &block);
                let mut to = Output { z: &mut z[i * d.n + j..], stride: d.n, rows, cols };
                // SAFETY: the caller vouches for the features.
                unsafe { panels::<T>(&mut to, &left, &right, depth) };
            }
        }
    }
}

/// A block of an operand: `depth` inner steps by `cols` rows of `x` or columns of `y`.
struct Block<'a, R> {
    of: &'a [R],
    stride: usize,
    cols: usize,
    depth: usize,
}

/// The block of the product that two packed blocks make.
struct Output<'a, R> {
    z: &'a mut [R],
    stride: usize,
    rows: usize,
    cols: usize,
}

#[inline(always)]
fn pack_left<T: Tile>(to: &mut Vec<T::Left>, block: &Block<'_, T::Ring>) {
    to.clear();
    to.resize(block.cols.div_ceil(T::ROWS) * block.depth, bytemuck::Zeroable::zeroed());
    for (i, panel) in to.chunks_exact_mut(block.depth).enumerate() {
        let of = &block.of[i * T::ROWS * block.stride..];
        let rows = T::ROWS.min(block.cols - i * T::ROWS);
        for (l, step) in panel.iter_mut().enumerate() {
            for row in 0..rows {
                T::put_left(step, row, of[row * block.stride + l]);
            }
        }
    }
}

#[inline(always)]
fn pack_right<T: Tile>(to: &mut Vec<T::Right>, block: &Block<'_, T::Ring>) {
    to.clear();
    to.resize(block.cols.div_ceil(T::COLS) * block.depth, bytemuck::Zeroable::zeroed());
    for (l, y) in block.of.chunks(block.stride).take(block.depth).enumerate() {
        for (j, y) in y[..block.cols].chunks(T::COLS).enumerate() {
            let step = &mut to[j * block.depth + l];
            if y.len() == T::COLS {
                (0..T::COLS).for_each(|col| T::put_right(step, col, y[col]));
            } else {
                y.iter().enumerate().for_each(|(col, &y)| T::put_right(step, col, y));
            }
        }
    }
}

/// Adds the products of all pairs of panels to the output.
///
/// # Safety
/// The processor must have the features that the tile is compiled for.
#[inline(always)]
unsafe fn panels<T: Tile>(
    to: &mut Output<'_, T::Ring>,
    left: &[T::Left],
    right: &[T::Right],
    depth: usize,
) {
    let mut tile = [T::Ring::ZERO; TILE_MAX];
    let tile = &mut tile[..T::ROWS * T::COLS];
    for (j, right) in right.chunks_exact(depth).enumerate() {
        let cols = T::COLS.min(to.cols - j * T::COLS);
        for (i, left) in left.chunks_exact(depth).enumerate() {
            let rows = T::ROWS.min(to.rows - i * T::ROWS);
            // SAFETY: the caller vouches for the features.
            unsafe { T::product(left, right, tile) };
            for (row, tile) in tile.chunks_exact(T::COLS).take(rows).enumerate() {
                let z = &mut to.z[(i * T::ROWS + row) * to.stride + j * T::COLS..][..cols];
                plain::add_assign(z, &tile[..cols]);
            }
        }
    }
}
