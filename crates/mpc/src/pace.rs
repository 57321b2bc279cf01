//! What a round is worth, and how operations choose by it.
//!
//! Some operations have variants that take fewer rounds and more bytes. Which is cheaper hangs on
//! one public number: the bytes that a link carries while a message travels. Parties agree on it
//! before the first share moves ([`agree`]), lanes inherit it, and an operation takes whichever
//! variant is quoted less at it ([`cheapest`]). A quote at the same number counts the same
//! variants, because it runs the same program. `docs/adr/0013` says why one number.

use std::time::{Duration, Instant};

use sharewell_net::{Error as NetError, PartyId, Step};
use sharewell_ring::Z64;

use crate::protocols::tally::Tally;
use crate::{Card, Party, Protocol, Result};

/// The step in which parties measure their links and agree: set-up, as keys are.
pub const PACE: Step = Step("pace");

/// A round below this is worth nothing: what waits is a processor, not a link.
const NEAR: Duration = Duration::from_millis(2);
/// No link counts for more bytes a second: variants of few rounds make what they send at about
/// this rate.
const BYTES_PER_S: f64 = 25e6;
/// What is sent at once to see how much a link carries.
const BURST: usize = 1 << 18;
/// Small exchanges that are timed; that of median length counts.
const TIMED: usize = 3;

/// What a round is worth in bytes, given the time that a message travels and what a link carries:
/// a power of two, so that parties, quotes and measurements that differ a little choose alike.
#[must_use]
pub fn round_bytes(travel: Duration, bytes_per_s: f64) -> u64 {
    if travel < NEAR {
        return 0;
    }
    let bytes = travel.as_secs_f64() * bytes_per_s.min(BYTES_PER_S);
    1 << bytes.max(1.0).log2().round() as u32
}

/// What a round is worth in bytes, alike at all parties. Those that compute, the first ones,
/// measure what an exchange among them takes; the median of what they find counts, so that no
/// single one decides it.
///
/// Cost: seven exchanges of set-up, one of them 256 KiB to each other computing party.
///
/// # Errors
/// If a link fails, or a party has told others another number than this one.
pub fn agree(party: &mut Party, computing: u8) -> Result<u64> {
    let computes = |party: PartyId| party.0 < computing;
    let everybody = others(party, party.parties());
    let mut found = vec![0; usize::from(computing)];
    if computes(party.me()) {
        let mine = measured(party, computing)?;
        found[usize::from(party.me().0)] = mine;
        everybody.iter().try_for_each(|peer| party.send(*peer, PACE, &[Z64(mine)]))?;
    }
    for peer in everybody.iter().filter(|peer| computes(**peer)) {
        found[usize::from(peer.0)] = party.recv::<Z64>(*peer, PACE, 1)?[0].0;
    }
    found.sort_unstable();
    let agreed = found[found.len() / 2];
    confirm(party, &everybody, agreed)
}

/// Nobody goes on unless all have the same number.
fn confirm(party: &mut Party, everybody: &[PartyId], agreed: u64) -> Result<u64> {
    everybody.iter().try_for_each(|peer| party.send(*peer, PACE, &[Z64(agreed)]))?;
    for &peer in everybody {
        let got = party.recv::<Z64>(peer, PACE, 1)?[0].0;
        if got != agreed {
            let (at, what) = (party.link().place(peer), "worth of a round in bytes");
            return Err(NetError::Desync { peer, at, step: PACE, what, want: agreed, got }.into());
        }
    }
    Ok(agreed)
}

/// In lockstep an exchange takes as long as its slowest message travels. The first one only
/// brings the parties together.
fn measured(party: &mut Party, computing: u8) -> Result<u64> {
    let mut exchange = |len: usize| -> Result<Duration> {
        let (start, message) = (Instant::now(), vec![Z64(0); len]);
        let peers = others(party, computing);
        peers.iter().try_for_each(|peer| party.send(*peer, PACE, &message))?;
        for peer in peers {
            party.recv::<Z64>(peer, PACE, len)?;
        }
        Ok(start.elapsed())
    };
    exchange(1)?;
    let mut travels = [(); TIMED].map(|()| Duration::ZERO);
    for travel in &mut travels {
        *travel = exchange(1)?;
    }
    travels.sort_unstable();
    let travel = travels[TIMED / 2];
    let carried = exchange(BURST / 8)?.saturating_sub(travel).as_secs_f64();
    Ok(round_bytes(travel, BURST as f64 / carried))
}

fn others(party: &Party, parties: u8) -> Vec<PartyId> {
    (0..parties).map(PartyId).filter(|peer| *peer != party.me()).collect()
}

/// By what variants of an operation are compared: a protocol's costs, and what a round is worth.
#[derive(Copy, Clone, Debug)]
pub struct Tariff {
    card: &'static Card,
    round_bytes: u64,
}

impl Tariff {
    /// None if a round is worth nothing: then fewest bytes are best.
    #[must_use]
    pub fn new(card: &'static Card, round_bytes: u64) -> Option<Self> {
        (round_bytes > 0).then_some(Self { card, round_bytes })
    }
}

/// The cheapest of some variants of an operation, each run as its quote; the first, which is to
/// send least, where rounds are worth nothing.
///
/// # Errors
/// Those of the variants.
///
/// # Panics
/// If there is no variant.
pub fn cheapest<P: Protocol, V: Copy>(
    p: &P,
    variants: impl IntoIterator<Item = V>,
    run: impl Fn(&mut Tally<P::Ring>, V) -> Result<()>,
) -> Result<V> {
    let mut variants = variants.into_iter();
    let mut best = variants.next().expect("a variant");
    let Some(Tariff { card, round_bytes }) = p.tariff() else { return Ok(best) };
    let price = |variant: V| {
        let mut tally = Tally::<P::Ring>::new(card, card.parties).at_pace(round_bytes);
        run(&mut tally, variant)?;
        Ok::<u64, crate::Error>(tally.price())
    };
    let mut least = price(best)?;
    for variant in variants {
        let price = price(variant)?;
        if price < least {
            (best, least) = (variant, price);
        }
    }
    Ok(best)
}
