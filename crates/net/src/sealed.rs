//! A private key at rest, under a passphrase.
//!
//! The passphrase becomes a key by PBKDF2 with HMAC-SHA-512 (RFC 8018), which ChaCha20-Poly1305
//! (RFC 8439) takes. The iterations are what OWASP's password storage cheat sheet asks for three
//! times over, for a passphrase guards a key for years and is asked for seldom.

use std::io;
use std::num::NonZeroU32;

use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};
use ring::pbkdf2;
use zeroize::Zeroizing;

use crate::{Error, Identity, Result};

const ITERATIONS: NonZeroU32 = NonZeroU32::new(630_000).expect("not 0");
const SALT: usize = 16;
const NONCE: usize = 12;
/// A seed and the tag.
const SEALED: usize = 32 + 16;

/// What a sealed seed is: salt, nonce, and the seed under the key with its tag.
pub const LEN: usize = SALT + NONCE + SEALED;

/// Seals an identity's seed.
///
/// # Errors
/// `Io` if the operating system gives no randomness.
pub fn seal(identity: &Identity, passphrase: &[u8]) -> Result<[u8; LEN]> {
    let mut out = [0; LEN];
    getrandom::fill(&mut out[..SALT + NONCE])
        .map_err(|_| Error::Io { what: "no randomness", kind: io::ErrorKind::Unsupported })?;
    let (salt, rest) = out.split_at_mut(SALT);
    let (nonce, sealed) = rest.split_at_mut(NONCE);
    let mut number = [0; NONCE];
    number.copy_from_slice(nonce);
    let mut bytes = Zeroizing::new(identity.seed().to_vec());
    let tag = key(passphrase, salt)
        .seal_in_place_separate_tag(
            Nonce::assume_unique_for_key(number),
            Aad::from(&identity.public().0),
            &mut bytes,
        )
        .map_err(|_| Error::Io { what: "cannot seal", kind: io::ErrorKind::Other })?;
    sealed[..32].copy_from_slice(&bytes);
    sealed[32..].copy_from_slice(tag.as_ref());
    Ok(out)
}

/// Opens what [`seal`] has made for the owner of this public key; `None` if the passphrase is
/// another one, or a byte was changed.
#[must_use]
pub fn open(sealed: &[u8; LEN], public: crate::PublicKey, passphrase: &[u8]) -> Option<Identity> {
    let (salt, rest) = sealed.split_at(SALT);
    let (nonce, sealed) = rest.split_at(NONCE);
    let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
    let mut bytes = Zeroizing::new(sealed.to_vec());
    let seed = key(passphrase, salt).open_in_place(nonce, Aad::from(&public.0), &mut bytes).ok()?;
    let seed: &[u8; 32] = (&*seed).try_into().ok()?;
    Some(Identity::from_seed(seed)).filter(|identity| identity.public() == public)
}

fn key(passphrase: &[u8], salt: &[u8]) -> LessSafeKey {
    let mut key = Zeroizing::new([0; 32]);
    pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA512, ITERATIONS, salt, passphrase, key.as_mut());
    let key = UnboundKey::new(&CHACHA20_POLY1305, key.as_ref());
    LessSafeKey::new(key.expect("a key of 32 bytes"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sealed_key_opens_with_its_passphrase_alone() -> Result<()> {
        let identity = Identity::generate()?;
        let sealed = seal(&identity, b"three blind mice")?;
        let open = |sealed: &[u8; LEN], word: &[u8]| {
            open(sealed, identity.public(), word).map(|identity| identity.public())
        };
        assert_eq!(open(&sealed, b"three blind mice"), Some(identity.public()));
        assert_eq!(open(&sealed, b"three blind mouse"), None);
        let seed = identity.seed();
        assert!(!sealed.windows(8).any(|part| seed.windows(8).any(|seed| seed == part)));
        for at in [0, SALT, SALT + NONCE, LEN - 1] {
            let mut changed = sealed;
            changed[at] ^= 1;
            assert_eq!(open(&changed, b"three blind mice"), None, "byte {at}");
        }
        let other = Identity::generate()?.public();
        assert!(super::open(&sealed, other, b"three blind mice").is_none());
        assert_ne!(seal(&identity, b"three blind mice")?, sealed, "each with a salt of its own");
        Ok(())
    }
}
