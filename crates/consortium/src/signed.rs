//! Something under a signature, as one line of JSON in one spelling.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sharewell_net::{Identity, PublicKey};

use crate::{Digest, hex};

/// Longest line that is read.
pub(crate) const LINE_MAX: usize = 1 << 20;

/// A body, the key that signed it, and the signature over the body's compact JSON.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Signed<T> {
    /// What is signed.
    pub body: T,
    /// `ed25519:` and 64 hexadecimal digits.
    pub key: String,
    /// 128 hexadecimal digits.
    pub signature: String,
}

/// What can be signed: each kind for a purpose of its own.
pub trait Body: Serialize + DeserializeOwned {
    /// The purpose, which no other kind has.
    const PURPOSE: &'static str;
}

impl<T: Body> Signed<T> {
    /// Signs.
    #[must_use]
    pub fn new(body: T, by: &Identity) -> Self {
        let signature = by.sign(T::PURPOSE, &json(&body));
        Self { body, key: by.public().to_string(), signature: hex::digits(&signature) }
    }

    /// The key that signed it, if it did.
    #[must_use]
    pub fn signer(&self) -> Option<PublicKey> {
        let key: PublicKey = self.key.parse().ok()?;
        let signature = hex::bytes(&self.signature)?;
        // One spelling of a key.
        let is_plain = key.to_string() == self.key;
        (is_plain && key.verifies(T::PURPOSE, &json(&self.body), &signature)).then_some(key)
    }

    /// As one line, without its end.
    #[must_use]
    pub fn to_line(&self) -> String {
        String::from_utf8(json(self)).unwrap_or_default()
    }

    /// Its name among all lines.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest::of(self.to_line().as_bytes())
    }

    /// Reads a line that [`Self::to_line`] wrote.
    ///
    /// # Errors
    /// What is wrong with it: another spelling of the same is wrong too, and so is a signature that
    /// does not hold.
    pub fn of_line(line: &str) -> Result<Self, String> {
        if line.len() > LINE_MAX {
            return Err(format!("the line is longer than {LINE_MAX} bytes"));
        }
        let signed: Self = serde_json::from_str(line).map_err(|error| error.to_string())?;
        if signed.to_line() != line {
            return Err("this is not how it was written: its bytes have been changed".to_owned());
        }
        if signed.signer().is_none() {
            return Err(format!("it is not what {} has signed", signed.key));
        }
        Ok(signed)
    }
}

/// # Panics
/// Never: what is signed here is texts, numbers and lists of them.
fn json<T: Serialize>(of: &T) -> Vec<u8> {
    serde_json::to_vec(of).expect("texts, numbers and lists have a form in JSON")
}
