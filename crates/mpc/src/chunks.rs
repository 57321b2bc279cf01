//! Long vectors, a chunk at a time.
//!
//! What an operation makes on its way is several times as long as its operands: planes of bits,
//! powers, messages that wait. So what is done to each element by itself is done to a chunk of
//! them after the other. Beside operands and result a party then holds what one chunk needs,
//! however long the vector; `docs/memory.md` says how much. Rounds grow by the number of
//! chunks, as a quote says.
//!
//! A function cuts its operands where it begins, so what it calls sees no more than a chunk and
//! cuts no further, but for several vectors at once.

use std::borrow::Cow;
use std::ops::Range;

use crate::{BitShare, Protocol, Result, Rows, RowsOf, Share};

/// Elements of a chunk of comparisons. Over a wide area of 1 Gbit/s and 50 ms the bytes of a
/// comparison of so many elements take as long as its rounds; shorter chunks would wait more
/// than they send. Whole words of bits, as every chunk must be.
pub const CHUNK: usize = 1 << 20;

/// Columns of as many rows as there are elements, from those that `op` makes of each chunk.
///
/// # Errors
/// As `op`.
pub fn rows_in_chunks<P: Protocol>(
    p: &mut P,
    len: usize,
    size: usize,
    mut op: impl FnMut(&mut P, Range<usize>) -> Result<RowsOf<P>>,
) -> Result<RowsOf<P>> {
    let mut whole = op(p, 0..len.min(size))?;
    for start in (size..len).step_by(size) {
        if start == size {
            whole = with_room::<P>(&whole, len);
        }
        let part = op(p, start..len.min(start + size))?;
        let ints = whole.ints.iter_mut().zip(&part.ints);
        ints.for_each(|(whole, part)| whole.put(start, part));
        let bits = whole.bits.iter_mut().zip(&part.bits);
        bits.for_each(|(whole, part)| whole.put(start, part));
    }
    Ok(whole)
}

/// [`rows_in_chunks`] of columns of elements alone.
///
/// # Errors
/// As `op`.
pub fn in_chunks<P: Protocol, const N: usize>(
    p: &mut P,
    len: usize,
    size: usize,
    mut op: impl FnMut(&mut P, Range<usize>) -> Result<[P::AShare; N]>,
) -> Result<[P::AShare; N]> {
    let rows = rows_in_chunks(p, len, size, |p, range| Ok(Rows::ints(op(p, range)?.into())))?;
    let Ok(columns) = rows.ints.try_into() else {
        unreachable!("as many columns as each chunk has")
    };
    Ok(columns)
}

/// [`rows_in_chunks`] of one column of bits, in chunks of [`CHUNK`].
///
/// # Errors
/// As `op`.
pub fn bits_in_chunks<P: Protocol>(
    p: &mut P,
    len: usize,
    mut op: impl FnMut(&mut P, Range<usize>) -> Result<P::BShare>,
) -> Result<P::BShare> {
    let mut rows = rows_in_chunks(p, len, CHUNK, |p, range| Ok(Rows::bits(vec![op(p, range)?])))?;
    Ok(rows.bits.swap_remove(0))
}

/// Blocks of as many elements each as there are numbers, one after the other, from those that
/// `op` makes of each chunk.
pub(crate) fn blocks_in_chunks<P: Protocol>(
    p: &mut P,
    len: usize,
    mut op: impl FnMut(&mut P, Range<usize>) -> Result<P::AShare>,
) -> Result<P::AShare> {
    let first = op(p, 0..len.min(CHUNK))?;
    if len <= CHUNK {
        return Ok(first);
    }
    let blocks = first.len() / CHUNK;
    let put = |whole: &mut P::AShare, part: &P::AShare, start: usize| {
        let each = part.len() / blocks;
        for block in 0..blocks {
            whole.put(block * len + start, &part.take(block * each..(block + 1) * each));
        }
    };
    let mut whole = first.with_room(blocks * len);
    put(&mut whole, &first, 0);
    drop(first);
    for start in (CHUNK..len).step_by(CHUNK) {
        let part = op(p, start..len.min(start + CHUNK))?;
        put(&mut whole, &part, start);
    }
    Ok(whole)
}

/// The elements of a chunk; copied only if there are others.
pub fn chunk<P: Protocol>(x: &P::AShare, range: Range<usize>) -> Cow<'_, P::AShare> {
    if range == (0..x.len()) { Cow::Borrowed(x) } else { Cow::Owned(x.take(range)) }
}

/// The bits of a chunk; copied only if there are others.
pub fn bit_chunk<P: Protocol>(x: &P::BShare, range: Range<usize>) -> Cow<'_, P::BShare> {
    if range == (0..x.len()) { Cow::Borrowed(x) } else { Cow::Owned(x.take(range)) }
}

/// The difference of two chunks.
pub(crate) fn difference<P: Protocol>(
    x: &P::AShare,
    y: &P::AShare,
    range: Range<usize>,
) -> P::AShare {
    let mut difference = chunk::<P>(x, range.clone()).into_owned();
    difference -= &*chunk::<P>(y, range);
    difference
}

fn with_room<P: Protocol>(first: &RowsOf<P>, len: usize) -> RowsOf<P> {
    Rows {
        ints: first.ints.iter().map(|x| x.with_room(len)).collect(),
        bits: first.bits.iter().map(|x| x.with_room(len)).collect(),
    }
}
