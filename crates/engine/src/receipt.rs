//! How parties come to one account of a run, and sign it.

use sharewell_consortium::{Countersigned, Receipt, SOFTWARE, Signer};
use sharewell_mpc::{Entropy, Party};
use sharewell_net::{Identity, PartyId, PublicKey, Step};
use sharewell_ring::{Z64, hash};

use crate::commitment::hex;
use crate::{Commitment, Error, Plan, ResultTable};

/// The last exchange of a run: outside every quote, as the set-up is.
pub(crate) const RECEIPT: Step = Step("receipt");

/// What a recipient's results are called in a receipt, given the salt that it drew: 64 hexadecimal
/// digits each.
///
/// # Panics
/// Never: tables of texts and numbers have a form in JSON.
#[must_use]
pub fn results_digest(salt: &str, results: &[ResultTable]) -> String {
    hex(&digest(salt, results))
}

fn digest(salt: &str, results: &[ResultTable]) -> [u8; 32] {
    let results = serde_json::to_vec(results).expect("tables are texts and numbers");
    hash::digest(&[b"sharewell results 1", salt.as_bytes(), &results])
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
        part[2] = digest(salt, results);
    }
    let parts = to_all(party, &part.concat())?;
    let receipt = receipt(plan, account, &parts);
    let signatures = to_all(party, &receipt.sign(mine.identity))?;
    let signed = receipt.countersigned(&signatures);
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
        software: SOFTWARE.to_owned(),
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
