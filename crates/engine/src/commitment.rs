//! What a provider gave, fixed before the first share moves: so that years later it can show which
//! data made a result, and cannot show others.

use serde::{Deserialize, Serialize};
use sharewell_mpc::{Entropy, Error as MpcError, Party, Suspects};
use sharewell_net::{PartyId, Step};
use sharewell_ring::{Z64, hash};

use crate::joint::Given;
use crate::{Error, LocalValues, Plan, dispatch};

/// Every data party's commitment to all others, and back what each has received.
pub(crate) const COMMITMENTS: Step = Step("commitments");

/// A commitment to what a data party shares: SHA-256 of [`Opening`]'s canonical form. It tells
/// nothing of the values, because of its salt, and binds to them, as long as nobody finds two
/// inputs of one hash.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
pub struct Commitment {
    /// The data party.
    pub party: String,
    /// 64 hexadecimal digits.
    pub sha256: String,
}

/// What opens a commitment: the provider's own, and as private as its records.
#[derive(Clone, Serialize, Deserialize, PartialEq, Eq)]
pub struct Opening {
    /// The study's hash, 64 hexadecimal digits.
    pub study: String,
    /// The data party.
    pub party: String,
    /// 64 hexadecimal digits that nobody else knows.
    pub salt: String,
    /// The integers that it shares, in decimal: sums and counts in quanta, then flags of records,
    /// then rows, as the study's plan orders them; then a digest of the records over which it gives
    /// sums.
    pub input: Vec<String>,
}

impl std::fmt::Debug for Opening {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Opening of {}({} integers)", self.party, self.input.len())
    }
}

impl Opening {
    /// Of what the party with this place in the study shares if its local phase gives `local`.
    ///
    /// # Errors
    /// [`Error::OutOfBounds`] as in a run.
    pub fn of(plan: &Plan, party: usize, local: &LocalValues, salt: &str) -> Result<Self, Error> {
        let place = plan.place(party);
        let given = [dispatch::encode(plan, local)?];
        Ok(Self::new(plan, place, &Given::committed(&given), salt.to_owned()))
    }

    fn new(plan: &Plan, place: u8, input: &[i128], salt: String) -> Self {
        let party = plan.names_of(&[place]).swap_remove(0);
        let input = input.iter().map(i128::to_string).collect();
        Self { study: plan.hash().to_string(), party, salt, input }
    }

    /// The commitment that it opens.
    #[must_use]
    pub fn commitment(&self) -> Commitment {
        Commitment { party: self.party.clone(), sha256: hex(&self.digest()) }
    }

    /// Every part behind its length.
    fn digest(&self) -> [u8; 32] {
        let mut parts: Vec<&[u8]> = vec![b"sharewell input 1"];
        parts.extend([&self.study, &self.party, &self.salt].map(String::as_bytes));
        parts.extend(self.input.iter().map(String::as_bytes));
        hash::digest(&parts)
    }
}

/// Commits to what this party shares, if it gives anything, and collects the others' commitments.
/// `commit` hears of this party's opening before anybody hears of its commitment.
///
/// Cost: outside the quote; two rounds of 32 bytes to each party.
///
/// # Errors
/// If a link fails; [`MpcError::Cheating`] if two parties were told different commitments.
pub(crate) fn exchange(
    plan: &Plan,
    party: &mut Party,
    mine: &[i128],
    commit: &dyn Fn(Opening),
) -> Result<Vec<Commitment>, MpcError> {
    let me = party.me();
    let others: Vec<PartyId> = (0..party.parties()).map(PartyId).filter(|id| *id != me).collect();
    let givers = plan.givers();
    let mut all = vec![[0; 32]; usize::from(party.parties())];
    if givers.contains(&me.0) {
        let salt = hex(&*Entropy::System.draw(me, "salt of a commitment")?);
        let opening = Opening::new(plan, me.0, mine, salt);
        let digest = opening.digest();
        commit(opening);
        all[usize::from(me.0)] = digest;
        for peer in &others {
            party.send(*peer, COMMITMENTS, &words(&digest))?;
        }
    }
    for peer in others.iter().filter(|peer| givers.contains(&peer.0)) {
        let theirs = party.recv::<Z64>(*peer, COMMITMENTS, 4)?;
        all[usize::from(peer.0)] = bytes(&theirs);
    }
    let parts: Vec<&[u8]> = all.iter().map(<[u8; 32]>::as_slice).collect();
    let seen = words(&hash::digest(&parts));
    for peer in &others {
        party.send(*peer, COMMITMENTS, &seen)?;
    }
    for peer in &others {
        if party.recv::<Z64>(*peer, COMMITMENTS, 4)? != seen {
            return Err(MpcError::Cheating { step: COMMITMENTS.0, suspects: Suspects::default() });
        }
    }
    let of_giver = |giver: &u8| Commitment {
        party: plan.names_of(&[*giver]).swap_remove(0),
        sha256: hex(&all[usize::from(*giver)]),
    };
    Ok(givers.iter().map(of_giver).collect())
}

fn words(digest: &[u8; 32]) -> [Z64; 4] {
    let (words, _) = digest.as_chunks::<8>();
    std::array::from_fn(|i| Z64(u64::from_le_bytes(words[i])))
}

fn bytes(words: &[Z64]) -> [u8; 32] {
    let mut bytes = [0; 32];
    let (chunks, _) = bytes.as_chunks_mut::<8>();
    chunks.iter_mut().zip(words).for_each(|(chunk, word)| *chunk = word.0.to_le_bytes());
    bytes
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
