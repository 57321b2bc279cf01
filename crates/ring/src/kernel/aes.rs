//! AES-128 in counter mode, with the processor's instructions where it has them.

use aes::Aes128;
use aes::cipher::{Array, BlockCipherEncrypt, KeyInit};

#[cfg(target_arch = "x86_64")]
use super::aes_x86::{self, Schedule};

/// Up to so many bytes, one group of the narrowest back end is the fastest.
#[cfg(target_arch = "x86_64")]
const SHORT: usize = 128;

/// A way of computing AES that this processor has.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct AesBackend(Level);

#[derive(Copy, Clone, Debug, PartialEq, Eq)]
enum Level {
    Portable,
    #[cfg(target_arch = "x86_64")]
    AesNi,
    #[cfg(target_arch = "x86_64")]
    Vaes256,
    #[cfg(target_arch = "x86_64")]
    Vaes512,
}

/// Fills a slice from (block, stream) on; the processor must have the function's features.
#[cfg(target_arch = "x86_64")]
type Fill = unsafe fn(&Schedule, [u64; 2], &mut [u8]);

impl Level {
    fn is_here(self) -> bool {
        match self {
            Self::Portable => true,
            #[cfg(target_arch = "x86_64")]
            Self::AesNi => is_x86_feature_detected!("aes"),
            #[cfg(target_arch = "x86_64")]
            Self::Vaes256 => {
                Self::AesNi.is_here()
                    && is_x86_feature_detected!("vaes")
                    && is_x86_feature_detected!("avx2")
            }
            #[cfg(target_arch = "x86_64")]
            Self::Vaes512 => Self::Vaes256.is_here() && is_x86_feature_detected!("avx512f"),
        }
    }

    #[cfg(target_arch = "x86_64")]
    fn x86(self) -> Option<Fill> {
        match self {
            Self::Portable => None,
            Self::AesNi => Some(aes_x86::fill_128),
            Self::Vaes256 => Some(aes_x86::fill_256),
            Self::Vaes512 => Some(aes_x86::fill_512),
        }
    }
}

impl AesBackend {
    /// Every back end of this processor, the fastest first, the portable one last.
    #[must_use]
    pub fn available() -> Vec<Self> {
        let levels = [
            #[cfg(target_arch = "x86_64")]
            Level::Vaes512,
            #[cfg(target_arch = "x86_64")]
            Level::Vaes256,
            #[cfg(target_arch = "x86_64")]
            Level::AesNi,
            Level::Portable,
        ];
        levels.into_iter().filter(|level| level.is_here()).map(Self).collect()
    }
}

/// The key stream of a key: block `i` of stream `s` is `AES_key(le64(i) | le64(s))`.
///
/// Round keys are wiped when dropped.
pub struct Counter(Keyed);

enum Keyed {
    Portable(Aes128),
    #[cfg(target_arch = "x86_64")]
    X86(Schedule, Fill),
}

impl std::fmt::Debug for Counter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Counter(..)")
    }
}

impl Counter {
    /// The key stream of `key`, computed by `on`.
    #[must_use]
    pub fn new(on: AesBackend, key: &[u8; 16]) -> Self {
        #[cfg(target_arch = "x86_64")]
        if let Some(fill) = on.0.x86() {
            // SAFETY: an `AesBackend` exists only where the processor has its features.
            return Self(Keyed::X86(unsafe { aes_x86::expand(key) }, fill));
        }
        let _ = on;
        Self(Keyed::Portable(Aes128::new(&(*key).into())))
    }

    /// Fills `out` from block `block` of `stream` on.
    pub fn fill(&self, stream: u64, block: u64, out: &mut [u8]) {
        match &self.0 {
            Keyed::Portable(cipher) => portable(cipher, [block, stream], out),
            // SAFETY: where a schedule exists, so does AES-NI.
            #[cfg(target_arch = "x86_64")]
            Keyed::X86(keys, _) if out.len() <= SHORT => unsafe {
                aes_x86::fill_128(keys, [block, stream], out);
            },
            // SAFETY: `new` took the function from an `AesBackend`.
            #[cfg(target_arch = "x86_64")]
            Keyed::X86(keys, fill) => unsafe { fill(keys, [block, stream], out) },
        }
    }
}

fn portable(cipher: &Aes128, at: [u64; 2], out: &mut [u8]) {
    /// Blocks encrypted at once: enough for every implementation to work side by side.
    const GROUP: usize = 64;
    let [mut block, stream] = at;
    for out in out.chunks_mut(16 * GROUP) {
        let mut text = [Array::from([0u8; 16]); GROUP];
        let text = &mut text[..out.len().div_ceil(16)];
        for text in text.iter_mut() {
            text[..8].copy_from_slice(&block.to_le_bytes());
            text[8..].copy_from_slice(&stream.to_le_bytes());
            block = block.wrapping_add(1);
        }
        cipher.encrypt_blocks(text);
        for (out, text) in out.chunks_mut(16).zip(text) {
            out.copy_from_slice(&text[..out.len()]);
        }
    }
}
