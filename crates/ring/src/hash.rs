//! SHA-256 and HKDF-SHA-256 (RFC 5869).

use hkdf::Hkdf;
use sha2::{Digest, Sha256};

/// SHA-256 of the parts, each preceded by its length, so that no two lists collide.
#[must_use]
pub fn digest(parts: &[&[u8]]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

/// HKDF: a key of `N` bytes for `label` from a secret and a public salt.
///
/// # Panics
/// If `N` is above 8,160, the limit of HKDF-SHA-256.
#[must_use]
pub fn derive<const N: usize>(secret: &[u8], salt: &[u8], label: &[u8]) -> [u8; N] {
    let mut out = [0; N];
    Hkdf::<Sha256>::new(Some(salt), secret)
        .expand(label, &mut out)
        .expect("N is within HKDF's limit");
    out
}
