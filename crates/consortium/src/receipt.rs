//! What all parties of a run sign when it has ended: each keeps the signatures of all, so that none
//! can later deny what was run, or claim another run.

use serde::{Deserialize, Serialize};
use sharewell_net::{Identity, PublicKey};

use crate::hex;

/// What a receipt is signed as.
const PURPOSE: &str = "receipt of a run";

/// One account of a run, the same at all parties.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Receipt {
    /// The study's hash, 64 hexadecimal digits.
    pub study: String,
    /// Names this run among all: 64 hexadecimal digits, made of a random number of every party.
    pub run: String,
    /// The program.
    pub software: String,
    /// The protocol.
    pub protocol: String,
    /// What it withstands: the threat, and how many corrupted parties.
    pub threat: String,
    /// See [`Self::threat`].
    pub corruptions: u8,
    /// The parties, in the order of the run.
    pub parties: Vec<Signer>,
    /// What each data party committed to before the first share moved, by its name: SHA-256.
    pub commitments: Vec<(String, String)>,
    /// Data parties that count as if they had no records.
    pub left_out: Vec<String>,
    /// The longest chain of dependent messages.
    pub rounds: u32,
    /// Payload bytes of the party that sent most.
    pub bytes_per_party: u64,
}

impl Receipt {
    /// A party's signature, 64 bytes.
    #[must_use]
    pub fn sign(&self, by: &Identity) -> [u8; 64] {
        by.sign(PURPOSE, &self.message())
    }

    /// With everybody's signature, in the order of its parties.
    #[must_use]
    pub fn countersigned(self, signatures: &[Vec<u8>]) -> Countersigned {
        let signatures = signatures.iter().map(|signature| hex::digits(signature)).collect();
        Countersigned { receipt: self, signatures }
    }

    /// # Panics
    /// Never: a receipt is texts and numbers.
    fn message(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("a receipt is texts and numbers")
    }
}

/// A party of a run.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Signer {
    /// Its name in the study.
    pub party: String,
    /// The key that it was known by.
    pub key: String,
    /// The last entry of its log when the run began: 64 hexadecimal digits, zeros without a log.
    pub log: String,
    /// Of a recipient: SHA-256 of the salt that it drew and of its results. None learns anything of
    /// the results by it, and the recipient can show no others.
    pub results: Option<String>,
}

/// A receipt with everybody's signature.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Countersigned {
    /// What is signed.
    pub receipt: Receipt,
    /// 128 hexadecimal digits for each party, in the receipt's order.
    pub signatures: Vec<String>,
}

impl Countersigned {
    /// Whether every party has signed with the key that the receipt gives it; or the first that has
    /// not.
    ///
    /// # Errors
    /// The name of a party whose signature is missing or wrong.
    pub fn verify(&self) -> Result<(), String> {
        let message = self.receipt.message();
        for (i, signer) in self.receipt.parties.iter().enumerate() {
            let signature = self.signatures.get(i).and_then(|text| hex::bytes(text));
            let key = signer.key.parse::<PublicKey>().ok();
            let holds = signature
                .zip(key)
                .is_some_and(|(signature, key)| key.verifies(PURPOSE, &message, &signature));
            if !holds {
                return Err(signer.party.clone());
            }
        }
        match self.signatures.len() == self.receipt.parties.len() {
            true => Ok(()),
            false => Err("nobody in the receipt".to_owned()),
        }
    }
}
