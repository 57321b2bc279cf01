//! Long vectors, a chunk at a time.
//!
//! What a comparison makes on its way is several times as long as its operands: planes of bits,
//! products of bits, messages that wait. So long vectors go through a circuit in chunks, one
//! after the other. Beside operands and result, a party then holds less than 256 bytes for each
//! element of one chunk in the 64-bit ring, 256 MiB, however long the vector; rounds grow by
//! the number of chunks, as a quote says.

use std::borrow::Cow;
use std::ops::Range;

use crate::{BitShare, Protocol, Result, Share};

/// Elements of a chunk. Over a wide area of 1 Gbit/s and 50 ms the bytes of a comparison of so
/// many elements take as long as its rounds; shorter chunks would wait more than they send.
pub const CHUNK: usize = 1 << 20;

/// The bits that `op` makes of each chunk.
pub(super) fn bits_by_chunks<P: Protocol>(
    p: &mut P,
    len: usize,
    op: impl FnMut(&mut P, Range<usize>) -> Result<P::BShare>,
) -> Result<P::BShare> {
    by_chunks(p, len, op, P::BShare::concat)
}

/// The elements that `op` makes of each chunk.
pub(super) fn elements_by_chunks<P: Protocol>(
    p: &mut P,
    len: usize,
    op: impl FnMut(&mut P, Range<usize>) -> Result<P::AShare>,
) -> Result<P::AShare> {
    by_chunks(p, len, op, P::AShare::concat)
}

/// The elements of a chunk; copied only if there are others.
pub(super) fn chunk<P: Protocol>(x: &P::AShare, range: Range<usize>) -> Cow<'_, P::AShare> {
    if range == (0..x.len()) { Cow::Borrowed(x) } else { Cow::Owned(x.take(range)) }
}

/// The difference of two chunks.
pub(super) fn difference<P: Protocol>(
    x: &P::AShare,
    y: &P::AShare,
    range: Range<usize>,
) -> P::AShare {
    let mut difference = chunk::<P>(x, range.clone()).into_owned();
    difference -= &*chunk::<P>(y, range);
    difference
}

fn by_chunks<P: Protocol, T>(
    p: &mut P,
    len: usize,
    mut op: impl FnMut(&mut P, Range<usize>) -> Result<T>,
    concat: impl Fn(&[&T]) -> T,
) -> Result<T> {
    if len <= CHUNK {
        return op(p, 0..len);
    }
    let chunks = (0..len).step_by(CHUNK).map(|start| start..len.min(start + CHUNK));
    let parts = chunks.map(|range| op(p, range)).collect::<Result<Vec<T>>>()?;
    Ok(concat(&parts.iter().collect::<Vec<_>>()))
}
