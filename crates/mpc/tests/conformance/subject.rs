//! What the suite must know of a protocol.

use std::marker::PhantomData;

use sharewell_mpc::protocols::rep3::{self, Rep3};
use sharewell_mpc::protocols::rep3_malicious::{self, Authentic, Rep3Malicious};
use sharewell_mpc::protocols::tally::Tally;
use sharewell_mpc::sim::{Outcome, Sim};
use sharewell_mpc::{Card, Entropy, Party, Protocol, Prss, Result, Side};
use sharewell_ring::{Integer, Z64};

pub(crate) const SESSION: [u8; 32] = [7; 32];

/// A protocol over a ring.
pub(crate) trait Subject: 'static {
    type Ring: Integer;
    type Protocol: Protocol<Ring = Self::Ring> + Send;

    const CARD: &'static Card;
    /// What a round is worth.
    const ROUND_BYTES: u64 = 0;

    fn connect(party: Party, entropy: Entropy) -> Result<Self::Protocol>;
    fn give(party: &mut Party, x: &[Self::Ring], entropy: Entropy) -> Result<()>;
    fn take(party: &mut Party, len: usize) -> Result<Vec<Self::Ring>>;
    /// Randomness of the first lane that this party can compute by itself: it hides nothing
    /// from it.
    fn known(party: Party, entropy: Entropy, bytes: usize) -> Result<Vec<Vec<u8>>>;
}

/// Where rounds are worth so many bytes.
pub(crate) struct Rep3At<R, const ROUND_BYTES: u64>(PhantomData<R>);
/// Where they are worth nothing.
pub(crate) type Rep3Over<R> = Rep3At<R, 0>;
/// Where they are worth more than anything.
pub(crate) type Rep3Far<R> = Rep3At<R, { 1 << 40 }>;

impl<R: Integer, const BYTES: u64> Subject for Rep3At<R, BYTES> {
    type Ring = R;
    type Protocol = Rep3<R>;

    const CARD: &'static Card = &rep3::CARD;
    const ROUND_BYTES: u64 = BYTES;

    fn connect(party: Party, entropy: Entropy) -> Result<Rep3<R>> {
        Rep3::connect(party.at_pace(BYTES), &SESSION, entropy)
    }
    fn give(party: &mut Party, x: &[R], entropy: Entropy) -> Result<()> {
        rep3::give(party, x, entropy)
    }
    fn take(party: &mut Party, len: usize) -> Result<Vec<R>> {
        rep3::take(party, len)
    }
    fn known(party: Party, entropy: Entropy, bytes: usize) -> Result<Vec<Vec<u8>>> {
        known_streams(party, entropy, bytes)
    }
}

/// The same with checks.
pub(crate) struct MaliciousOver<R>(PhantomData<R>);

impl<R: Authentic> Subject for MaliciousOver<R> {
    type Ring = R;
    type Protocol = Rep3Malicious<R>;

    const CARD: &'static Card = &rep3_malicious::CARD;

    fn connect(party: Party, entropy: Entropy) -> Result<Rep3Malicious<R>> {
        Rep3Malicious::connect(party, &SESSION, entropy)
    }
    fn give(party: &mut Party, x: &[R], entropy: Entropy) -> Result<()> {
        rep3_malicious::give(party, x, entropy)
    }
    fn take(party: &mut Party, len: usize) -> Result<Vec<R>> {
        rep3_malicious::take(party, len)
    }
    fn known(party: Party, entropy: Entropy, bytes: usize) -> Result<Vec<Vec<u8>>> {
        known_streams(party, entropy, bytes)
    }
}

fn known_streams(mut party: Party, entropy: Entropy, bytes: usize) -> Result<Vec<Vec<u8>>> {
    const DRAWS: u64 = 24;
    let root = Prss::agree(&mut party, &SESSION, entropy)?;
    let draws = [Side::Left, Side::Right].map(|side| (1..=DRAWS).map(move |i| (side, i)));
    let bytes_of = |x: Vec<Z64>| x.iter().flat_map(|x| x.0.to_le_bytes()).collect();
    let streams = draws.into_iter().flatten();
    Ok(streams.map(|(side, i)| bytes_of(root.uniform(side, i, bytes / 8))).collect())
}

/// Runs a program at the compute parties, which are told their number.
pub(crate) fn run<S: Subject, T: Send>(
    sim: &Sim,
    program: impl Fn(&mut S::Protocol, usize) -> Result<T> + Sync,
) -> Outcome<T> {
    sim.run(|party, entropy| {
        let me = usize::from(party.me().0);
        program(&mut S::connect(party, entropy)?, me)
    })
}

/// A simulation of the compute parties alone.
pub(crate) fn sim<S: Subject>() -> Sim {
    Sim::new(S::CARD.parties)
}

/// A quote for the compute parties alone.
pub(crate) fn tally<S: Subject>() -> Tally<S::Ring> {
    Tally::new(S::CARD, S::CARD.parties).at_pace(S::ROUND_BYTES)
}
