//! Shared randomness: AES-128 in counter mode, addressed by position.

use std::sync::LazyLock;

use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::Ring;
use crate::kernel::{AesBackend, Counter};

/// Bytes that [`Prg::fill_add`] draws at once: they stay in the first-level cache, and are whole
/// blocks and whole elements of every ring.
const TILE: usize = 6144;

static FASTEST: LazyLock<AesBackend> = LazyLock::new(|| AesBackend::available()[0]);

/// A 128-bit key; wiped when dropped, never printed.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct Key(pub [u8; 16]);

impl Key {
    /// A fresh key from the operating system.
    ///
    /// # Panics
    /// If the operating system has no randomness to give: nothing can be kept secret then.
    #[must_use]
    pub fn random() -> Self {
        let mut key = Self([0; 16]);
        getrandom::fill(&mut key.0).expect("the operating system gives randomness");
        key
    }

    /// The key of these bytes.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key(..)")
    }
}

/// A pseudo-random generator: block `i` of stream `s` is `AES_key(le64(i) | le64(s))`.
///
/// Position-addressed, so that threads may draw in any order and two holders of a key can
/// never fall out of step. The caller sees to it that a position is used once.
pub struct Prg {
    blocks: Counter,
}

impl std::fmt::Debug for Prg {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Prg(..)")
    }
}

impl Prg {
    /// The generator of a key.
    #[must_use]
    pub fn new(key: &Key) -> Self {
        Self { blocks: Counter::new(*FASTEST, &key.0) }
    }

    /// Fills `out` with the bytes of `stream` from byte `16 * block` on.
    pub fn fill_bytes(&self, stream: u64, block: u64, out: &mut [u8]) {
        self.blocks.fill(stream, block, out);
    }

    /// Fills `out` with uniform elements: the bytes of `stream` from byte `16 * block` on.
    pub fn fill<R: Ring>(&self, stream: u64, block: u64, out: &mut [R]) {
        self.fill_bytes(stream, block, bytemuck::cast_slice_mut(out));
    }

    /// Adds what [`Self::fill`] would write.
    pub fn fill_add<R: Ring>(&self, stream: u64, block: u64, out: &mut [R]) {
        self.tiles(stream, block, out, R::add_assign);
    }

    /// Subtracts what [`Self::fill`] would write.
    pub fn fill_sub<R: Ring>(&self, stream: u64, block: u64, out: &mut [R]) {
        self.tiles(stream, block, out, R::sub_assign);
    }

    fn tiles<R: Ring>(
        &self,
        stream: u64,
        block: u64,
        out: &mut [R],
        take: impl Fn(&mut [R], &[R]),
    ) {
        let mut tile = [0u128; TILE / 16];
        let tile: &mut [R] = bytemuck::cast_slice_mut(&mut tile);
        let mut block = block;
        for out in out.chunks_mut(tile.len()) {
            let tile = &mut tile[..out.len()];
            self.fill(stream, block, tile);
            take(out, tile);
            block = block.wrapping_add(TILE as u64 / 16);
        }
    }
}
