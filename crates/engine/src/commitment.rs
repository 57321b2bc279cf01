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
    /// What binds the shares that were used to it, if the protocol checks shares.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub binding: Option<Binding>,
}

/// Sums of a party's numbers that coins chose after it had committed to them, each with a mask that
/// follows from the salt, modulo the ring. Who shared other numbers than it opens is found with odds
/// of 1 - 2^-40; who opens none tells nothing by them.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
pub struct Binding {
    /// The coins of the run: decimal integers.
    pub coins: Vec<String>,
    /// Decimal integers.
    pub sums: Vec<String>,
}

/// Sums that are opened of each giver's numbers: each misses a false one with odds of a half.
pub(crate) const MASKS: usize = 40;
/// Ring elements that coins are made from.
pub(crate) const COINS: usize = 2;

/// Which numbers go into which sum.
pub(crate) struct Coins([u8; 32]);

impl Coins {
    pub(crate) fn of(tossed: &[i128]) -> Self {
        let tossed: Vec<[u8; 16]> = tossed.iter().map(|coin| coin.to_le_bytes()).collect();
        let mut parts: Vec<&[u8]> = vec![b"sharewell coins 1"];
        parts.extend(tossed.iter().map(<[u8; 16]>::as_slice));
        Self(hash::digest(&parts))
    }

    /// For each sum the places of a giver's numbers that go into it.
    pub(crate) fn chosen(&self, giver: u8, len: usize) -> Vec<Vec<usize>> {
        let mut chosen = vec![vec![]; MASKS];
        for block in 0..len.div_ceil(4) {
            let digest = hash::digest(&[&self.0, &[giver], &(block as u64).to_le_bytes()]);
            for (i, word) in words(&digest).into_iter().enumerate() {
                let at = 4 * block + i;
                let into = (0..MASKS).filter(|sum| at < len && word.0 >> sum & 1 == 1);
                into.for_each(|sum| chosen[sum].push(at));
            }
        }
        chosen
    }
}

/// The masks that follow from a salt.
pub(crate) fn masks(plan: &Plan, salt: &str) -> Vec<i128> {
    let bytes: [u8; 16 * MASKS] =
        hash::derive(salt.as_bytes(), &plan.hash().0, b"sharewell masks 1");
    let (words, _) = bytes.as_chunks::<16>();
    words.iter().map(|word| within(plan, i128::from_le_bytes(*word))).collect()
}

/// The number that stands for it in the ring.
fn within(plan: &Plan, number: i128) -> i128 {
    let unused = 128 - plan.ring_bits();
    number << unused >> unused
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
        Commitment { party: self.party.clone(), sha256: hex(&self.digest()), binding: None }
    }

    /// Whether these are the numbers that were used, as the binding tells.
    #[must_use]
    pub fn fits(&self, plan: &Plan, binding: &Binding) -> bool {
        let numbers = |texts: &[String]| -> Option<Vec<i128>> {
            texts.iter().map(|text| text.parse().ok()).collect()
        };
        let party = plan.study().party(&self.party);
        let (Some(party), Some(coins), Some(input), Some(sums)) =
            (party, numbers(&binding.coins), numbers(&self.input), numbers(&binding.sums))
        else {
            return false;
        };
        let len = plan.input_len() - plan.masks_len();
        if input.len() < len || sums.len() != MASKS {
            return false;
        }
        let chosen = Coins::of(&coins).chosen(plan.place(party), len);
        let masked = chosen.iter().zip(masks(plan, &self.salt)).map(|(places, mask)| {
            let sum = places.iter().fold(mask, |sum, at| sum.wrapping_add(input[*at]));
            within(plan, sum)
        });
        masked.eq(sums)
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
/// `commit` hears of this party's opening before anybody hears of its commitment; returned with the
/// commitments is its salt.
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
) -> Result<(Vec<Commitment>, Option<String>), MpcError> {
    let me = party.me();
    let others: Vec<PartyId> = (0..party.parties()).map(PartyId).filter(|id| *id != me).collect();
    let givers = plan.givers();
    let mut all = vec![[0; 32]; usize::from(party.parties())];
    let mut own = None;
    if givers.contains(&me.0) {
        let salt = hex(&*Entropy::System.draw(me, "salt of a commitment")?);
        own = Some(salt.clone());
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
        binding: None,
    };
    Ok((givers.iter().map(of_giver).collect(), own))
}

/// The commitments with what binds the shares to them, where that was opened.
pub(crate) fn bound(
    plan: &Plan,
    commitments: Vec<Commitment>,
    opened: Option<&[i128]>,
) -> Vec<Commitment> {
    let (Some(opened), true) = (opened, plan.binding_len() > 0) else { return commitments };
    let (coins, sums) = opened[opened.len() - plan.binding_len()..].split_at(COINS);
    let texts = |integers: &[i128]| integers.iter().map(i128::to_string).collect::<Vec<_>>();
    let with = |(commitment, sums): (Commitment, &[i128])| Commitment {
        binding: Some(Binding { coins: texts(coins), sums: texts(sums) }),
        ..commitment
    };
    commitments.into_iter().zip(sums.chunks(MASKS)).map(with).collect()
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

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
