//! Shared randomness: AES-128 in counter mode, addressed by position.

use aes::Aes128;
use aes::cipher::{BlockCipherEncrypt, KeyInit};
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::Ring;

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
    cipher: Aes128,
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
        Self { cipher: Aes128::new(&key.0.into()) }
    }

    /// Fills `out` with the bytes of `stream` from byte `16 * block` on.
    pub fn fill_bytes(&self, stream: u64, block: u64, out: &mut [u8]) {
        for (i, chunk) in out.chunks_mut(16).enumerate() {
            let mut x = [0u8; 16];
            x[..8].copy_from_slice(&(block.wrapping_add(i as u64)).to_le_bytes());
            x[8..].copy_from_slice(&stream.to_le_bytes());
            let mut x = x.into();
            self.cipher.encrypt_block(&mut x);
            chunk.copy_from_slice(&x[..chunk.len()]);
        }
    }

    /// Fills `out` with uniform elements: the bytes of `stream` from byte `16 * block` on.
    pub fn fill<R: Ring>(&self, stream: u64, block: u64, out: &mut [R]) {
        self.fill_bytes(stream, block, bytemuck::cast_slice_mut(out));
    }
}
