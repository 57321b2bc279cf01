//! Who a party is: one Ed25519 key pair.
//!
//! The public key stands in the study; nothing else proves an identity. There is no certificate
//! and no authority, so nothing expires and no file is copied by hand.

use std::{fmt, io, str::FromStr};

use ring::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use zeroize::Zeroizing;

use crate::{Error, Result};

/// A party's Ed25519 public key. Its text is `ed25519:` and 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PublicKey(pub [u8; 32]);

const PREFIX: &str = "ed25519:";

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(PREFIX)?;
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A text is not a public key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a public key is `ed25519:` and 64 hexadecimal digits")]
pub struct NotAKey;

impl FromStr for PublicKey {
    type Err = NotAKey;

    fn from_str(text: &str) -> std::result::Result<Self, NotAKey> {
        let digits = text.strip_prefix(PREFIX).ok_or(NotAKey)?.as_bytes();
        if digits.len() != 64 {
            return Err(NotAKey);
        }
        let digit = |d: u8| char::from(d).to_digit(16).and_then(|d| u8::try_from(d).ok());
        let mut key = [0; 32];
        for (byte, pair) in key.iter_mut().zip(digits.chunks_exact(2)) {
            let (high, low) = (digit(pair[0]).ok_or(NotAKey)?, digit(pair[1]).ok_or(NotAKey)?);
            *byte = high << 4 | low;
        }
        Ok(Self(key))
    }
}

/// A party's own key pair. Wiped when dropped; never printed.
pub struct Identity {
    seed: Zeroizing<[u8; 32]>,
    public: PublicKey,
}

impl Identity {
    /// A new key pair from the operating system's randomness.
    ///
    /// # Errors
    /// `Io` if the operating system gives no randomness.
    pub fn generate() -> Result<Self> {
        let mut seed = Zeroizing::new([0; 32]);
        getrandom::fill(seed.as_mut())
            .map_err(|_| Error::Io { what: "no randomness", kind: io::ErrorKind::Unsupported })?;
        Ok(Self::from_seed(&seed))
    }

    /// The key pair of this secret seed, as a key file holds it.
    ///
    /// # Panics
    /// Never: every 32 bytes are a seed.
    #[must_use]
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        let pair = Ed25519KeyPair::from_seed_unchecked(seed).expect("32 bytes are a seed");
        let mut public = [0; 32];
        public.copy_from_slice(pair.public_key().as_ref());
        Self { seed: Zeroizing::new(*seed), public: PublicKey(public) }
    }

    /// The secret seed, for a key file.
    #[must_use]
    pub fn seed(&self) -> Zeroizing<[u8; 32]> {
        self.seed.clone()
    }

    /// The key that stands in the study.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        self.public
    }

    /// Ed25519 (RFC 8032) over a purpose and a message: what was signed for one purpose is never
    /// taken for another.
    ///
    /// # Panics
    /// Never: every 32 bytes are a seed.
    #[must_use]
    pub fn sign(&self, purpose: &str, message: &[u8]) -> [u8; 64] {
        let pair = Ed25519KeyPair::from_seed_unchecked(self.seed.as_ref()).expect("32 bytes");
        let mut signature = [0; 64];
        signature.copy_from_slice(pair.sign(&for_purpose(purpose, message)).as_ref());
        signature
    }

    /// PKCS#8 version 1 (RFC 8410), which is how `rustls` takes a key.
    pub(crate) fn pkcs8(&self) -> Zeroizing<Vec<u8>> {
        const HEAD: [u8; 16] = [
            0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22,
            0x04, 0x20,
        ];
        let mut der = Zeroizing::new(Vec::with_capacity(48));
        der.extend_from_slice(&HEAD);
        der.extend_from_slice(self.seed.as_ref());
        der
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Identity").field(&self.public).finish()
    }
}

/// The purpose, its length before it.
fn for_purpose(purpose: &str, message: &[u8]) -> Vec<u8> {
    let length = (purpose.len() as u64).to_le_bytes();
    [b"sharewell signature 1\n", &length[..], purpose.as_bytes(), message].concat()
}

/// SubjectPublicKeyInfo of an Ed25519 key (RFC 8410): this head, then the key.
const SPKI_HEAD: [u8; 12] =
    [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

impl PublicKey {
    /// Whether the owner of this key has signed the message for the purpose.
    #[must_use]
    pub fn verifies(self, purpose: &str, message: &[u8], signature: &[u8; 64]) -> bool {
        let key = UnparsedPublicKey::new(&ED25519, self.0);
        key.verify(&for_purpose(purpose, message), signature).is_ok()
    }

    pub(crate) fn to_spki(self) -> Vec<u8> {
        [SPKI_HEAD.as_slice(), &self.0].concat()
    }

    pub(crate) fn from_spki(der: &[u8]) -> Option<Self> {
        der.strip_prefix(&SPKI_HEAD)?.try_into().ok().map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_public_key_is_rfc_8032s_for_its_first_test_seed() {
        let hex = |text: &str| text.parse::<PublicKey>().map(|k| k.0);
        let seed =
            hex("ed25519:9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60").ok();
        let identity = Identity::from_seed(&seed.expect("64 digits"));
        assert_eq!(
            identity.public().to_string(),
            "ed25519:d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
        );
        assert_eq!(PublicKey::from_spki(&identity.public().to_spki()), Some(identity.public()));
    }

    #[test]
    fn two_identities_differ_and_neither_prints_its_seed() -> Result<()> {
        let (a, b) = (Identity::generate()?, Identity::generate()?);
        assert_ne!(a.public(), b.public());
        let secret = PublicKey(*a.seed()).to_string();
        assert!(!format!("{a:?}").contains(secret.trim_start_matches(PREFIX)));
        Ok(())
    }

    #[test]
    fn a_signature_holds_for_one_key_one_purpose_and_one_message() -> Result<()> {
        let (a, b) = (Identity::generate()?, Identity::generate()?);
        let signature = a.sign("receipt", b"12 failures");
        assert!(a.public().verifies("receipt", b"12 failures", &signature));
        assert!(!b.public().verifies("receipt", b"12 failures", &signature));
        assert!(!a.public().verifies("receip", b"t12 failures", &signature));
        assert!(!a.public().verifies("receipt", b"13 failures", &signature));
        for bit in 0..512 {
            let mut forged = signature;
            forged[bit / 8] ^= 1 << (bit % 8);
            assert!(!a.public().verifies("receipt", b"12 failures", &forged), "bit {bit}");
        }
        Ok(())
    }

    #[test]
    fn what_is_not_a_key_is_refused() {
        for text in ["", "ed25519:", "ed25519:00", &format!("{PREFIX}{}", "g0".repeat(32))] {
            assert_eq!(text.parse::<PublicKey>(), Err(NotAKey));
        }
    }
}
