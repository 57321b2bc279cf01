//! What all parties sign when a run has ended: each keeps the signatures of all, so that none can
//! later deny what was run, or claim another run.

use serde::{Deserialize, Serialize};
use sharewell_mpc::{Entropy, Party};
use sharewell_net::{Identity, PartyId, PublicKey, Step};
use sharewell_ring::{Z64, hash};

use crate::commitment::hex;
use crate::{Commitment, Error, Plan, ResultTable};

/// The last exchange of a run: outside every quote, as the set-up is.
pub(crate) const RECEIPT: Step = Step("receipt");

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
        let message = message(&self.receipt);
        for (i, signer) in self.receipt.parties.iter().enumerate() {
            let signature = self.signatures.get(i).and_then(|text| digits::<64>(text));
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

/// What a recipient's results are called in a receipt, given the salt that it drew: 64 hexadecimal
/// digits each.
///
/// # Panics
/// Never: tables of texts and numbers have a form in JSON.
#[must_use]
pub fn results_digest(salt: &str, results: &[ResultTable]) -> String {
    let results = serde_json::to_vec(results).expect("tables are texts and numbers");
    hex(&hash::digest(&[b"sharewell results 1", salt.as_bytes(), &results]))
}

/// What this party brings to the receipt.
pub(crate) struct Mine<'a> {
    pub(crate) identity: &'a Identity,
    pub(crate) log: [u8; 32],
    /// If it is a recipient: the results, and their salt.
    pub(crate) results: Option<(&'a str, &'a [ResultTable])>,
}

/// What all know of the run.
pub(crate) struct Account<'a> {
    pub(crate) keys: &'a [[u8; 32]],
    pub(crate) commitments: &'a [Commitment],
    pub(crate) left_out: &'a [String],
    pub(crate) rounds: u32,
    pub(crate) bytes_per_party: u64,
}

/// Agrees on one account of the run and signs it. Two rounds, in all of 160 bytes to each party.
///
/// # Errors
/// [`Error::Receipt`] names a party that signed another account.
pub(crate) fn countersign(
    plan: &Plan,
    party: &mut Party,
    mine: &Mine<'_>,
    account: &Account<'_>,
) -> Result<Countersigned, Error> {
    let mut part = [[0; 32]; 3];
    part[0] = *Entropy::System.draw(party.me(), "name of a run")?;
    part[1] = mine.log;
    if let Some((salt, results)) = mine.results {
        part[2] = digits(&results_digest(salt, results)).expect("a digest has 64 digits");
    }
    let parts = to_all(party, &part.concat())?;
    let receipt = receipt(plan, account, &parts);
    let message = message(&receipt);
    let signatures = to_all(party, &mine.identity.sign(PURPOSE, &message))?;
    let signatures = signatures.iter().map(|signature| hex(signature)).collect();
    let signed = Countersigned { receipt, signatures };
    signed.verify().map_err(Error::Receipt)?;
    Ok(signed)
}

fn receipt(plan: &Plan, account: &Account<'_>, parts: &[Vec<u8>]) -> Receipt {
    let withstands = plan.withstands();
    let recipients = plan.recipients();
    let signer = |(place, part): (u8, &Vec<u8>)| {
        let party = plan.order[usize::from(place)];
        Signer {
            party: plan.study.parties[party].name.clone(),
            key: PublicKey(account.keys[party]).to_string(),
            log: hex(&part[32..64]),
            results: recipients.contains(&place).then(|| hex(&part[64..])),
        }
    };
    let hash = plan.hash();
    let mut randomness: Vec<&[u8]> = vec![b"sharewell run 1", &hash.0];
    randomness.extend(parts.iter().map(|part| &part[..32]));
    let of_giver = |of: &Commitment| (of.party.clone(), of.sha256.clone());
    Receipt {
        study: hash.to_string(),
        run: hex(&hash::digest(&randomness)),
        software: concat!("sharewell ", env!("CARGO_PKG_VERSION")).to_owned(),
        protocol: plan.protocol().to_owned(),
        threat: withstands.threat.to_owned(),
        corruptions: withstands.corruptions,
        parties: (0..).zip(parts).map(signer).collect(),
        commitments: account.commitments.iter().map(of_giver).collect(),
        left_out: account.left_out.to_vec(),
        rounds: account.rounds,
        bytes_per_party: account.bytes_per_party,
    }
}

fn message(receipt: &Receipt) -> Vec<u8> {
    serde_json::to_vec(receipt).expect("a receipt is texts and numbers")
}

/// Sends bytes, a multiple of eight, to all others: everybody's, this party's in its place.
fn to_all(party: &mut Party, mine: &[u8]) -> Result<Vec<Vec<u8>>, Error> {
    let (words, _) = mine.as_chunks::<8>();
    let words: Vec<Z64> = words.iter().map(|word| Z64(u64::from_le_bytes(*word))).collect();
    let me = party.me();
    let others: Vec<PartyId> = (0..party.parties()).map(PartyId).filter(|p| *p != me).collect();
    for peer in &others {
        party.send(*peer, RECEIPT, &words)?;
    }
    let mut all = vec![mine.to_vec(); usize::from(party.parties())];
    for peer in others {
        let theirs: Vec<Z64> = party.recv(peer, RECEIPT, words.len())?;
        all[usize::from(peer.0)] = theirs.iter().flat_map(|word| word.0.to_le_bytes()).collect();
    }
    Ok(all)
}

fn digits<const N: usize>(text: &str) -> Option<[u8; N]> {
    let text = text.as_bytes();
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let mut bytes = [0; N];
    if text.len() != 2 * N {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(text.chunks_exact(2)) {
        *byte = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Some(bytes)
}
