//! Field elements between parties.

use sharewell_net::{PartyId, Step};
use sharewell_ring::{Fp61, Z64};

use crate::{Error, Party, Result};

/// Bytes of an element.
pub(super) const ELEMENT_BYTES: usize = size_of::<Fp61>();

/// Queues field elements for a peer.
///
/// # Errors
/// As [`Party::send`].
pub(super) fn send(party: &mut Party, to: PartyId, step: Step, x: &[Fp61]) -> Result<()> {
    let words: Vec<Z64> = x.iter().map(|x| Z64(x.get())).collect();
    party.send(to, step, &words)
}

/// Waits for `len` field elements.
///
/// # Errors
/// As [`Party::recv`], and [`Error::Cheating`] by the sender at a word that is no element: nobody who follows
/// the protocol sends one.
pub(super) fn recv(party: &mut Party, from: PartyId, step: Step, len: usize) -> Result<Vec<Fp61>> {
    let words: Vec<Z64> = party.recv(from, step, len)?;
    let elements = words.into_iter().map(|word| Fp61::canonical(word.0));
    elements
        .collect::<Option<_>>()
        .ok_or_else(|| Error::Cheating { step: step.0, suspects: party.suspects(&[from]) })
}
