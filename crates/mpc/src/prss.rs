//! Pseudo-random secret sharing for three parties: randomness that two of them share and the
//! third lacks, without communication.
//!
//! Source: Cramer, Damgård, Ishai 2005; Araki et al. 2016 (eprint 2016/768). Each pair's key
//! comes from both its members' contributions, exchanged once inside their mutually
//! authenticated TLS link (`docs/adr/0003`), and is bound to the session and the lane. Draws
//! are addressed by number, and all parties number alike, also the draws that they lack.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use sharewell_net::{PartyId, Step};
use sharewell_ring::{Key, Prg, Ring, Z64, hash, zeroed};
use zeroize::{Zeroize, Zeroizing};

use crate::{Entropy, Party, Result};

/// The step under which pair keys are agreed: set-up, outside every quote.
pub const KEYS: Step = Step("keys");

/// Bytes of a draw from one tile to the next: more than any tile takes.
const SPAN: usize = 1 << 28;

/// With whom a stream is shared.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Side {
    /// The previous party: key `K_i` of party `i`.
    Left,
    /// The next party: key `K_{i+1}` of party `i`.
    Right,
}

/// The two pair keys of one party, for one lane.
pub struct Prss {
    secrets: [Zeroizing<[u8; 32]>; 2],
    session: [u8; 32],
    streams: [Prg; 2],
    public: Prg,
    draws: u64,
    drawn: Drawn,
}

impl std::fmt::Debug for Prss {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Prss({} draws)", self.draws)
    }
}

impl Prss {
    /// Agrees on the pair keys: one message of 32 bytes to each neighbour.
    ///
    /// # Errors
    /// If a link fails or the operating system gives no randomness.
    pub fn agree(party: &mut Party, session: &[u8; 32], entropy: Entropy) -> Result<Self> {
        let me = party.me();
        let neighbours = [(Side::Left, previous(me)), (Side::Right, next(me))];
        let mut mine = Vec::new();
        for (_, peer) in neighbours {
            let bytes = entropy.draw(me, if peer == next(me) { "right" } else { "left" })?;
            let mut words = bytemuck::cast::<[u8; 32], [Z64; 4]>(*bytes);
            party.send(peer, KEYS, &words)?;
            words.as_mut_slice().iter_mut().for_each(|w| w.0.zeroize());
            mine.push(bytes);
        }
        let mut secrets: [Zeroizing<[u8; 32]>; 2] = Default::default();
        for ((side, peer), mine) in neighbours.into_iter().zip(mine) {
            let received: Vec<Z64> = party.recv(peer, KEYS, 4)?;
            let mut theirs = Zeroizing::new([0; 32]);
            theirs.copy_from_slice(bytemuck::cast_slice(&received));
            // Both members of the pair put the left one's contribution first.
            let (first, second) = match side {
                Side::Left => (theirs, mine),
                Side::Right => (mine, theirs),
            };
            secrets[side as usize] = Zeroizing::new(hash::digest(&[session, &*first, &*second]));
        }
        Ok(Self::for_lane(secrets, *session, party))
    }

    fn for_lane(secrets: [Zeroizing<[u8; 32]>; 2], session: [u8; 32], party: &Party) -> Self {
        let stream = |secret: &[u8; 32]| {
            let salt = party.lane().0.to_le_bytes();
            Prg::new(&Key(hash::derive(secret, &salt, b"sharewell prss 1")))
        };
        let streams = [stream(&secrets[0]), stream(&secrets[1])];
        let public = stream(&session);
        Self { secrets, session, streams, public, draws: 0, drawn: Drawn::default() }
    }

    /// The same keys in the domain of a child lane.
    #[must_use]
    pub fn fork(&self, child: &Party) -> Self {
        Self::for_lane(self.secrets.clone(), self.session, child)
    }

    /// Destroys the keys. Nobody may be sent anything that is drawn after this.
    pub(crate) fn wipe(&mut self) {
        let nothing = || Prg::new(&Key([0; 16]));
        self.secrets = Default::default();
        self.streams = [nothing(), nothing()];
    }

    #[cfg(test)]
    pub(crate) fn is_wiped(&self) -> bool {
        let mut drawn = [Z64::ONE; 2];
        self.streams.iter().for_each(|stream| stream.fill_sub(0, 0, &mut drawn));
        let mut expected = [Z64::ONE; 2];
        (0..2).for_each(|_| Prg::new(&Key([0; 16])).fill_sub(0, 0, &mut expected));
        drawn == expected && self.secrets.iter().all(|secret| **secret == [0; 32])
    }

    /// The number of the next draw; every party takes it, whether it holds the stream or not.
    pub fn next_draw(&mut self) -> u64 {
        self.draws += 1;
        self.draws
    }

    /// The uniform elements of one draw.
    ///
    /// # Panics
    /// In builds with assertions, if this party has drawn them before.
    #[must_use]
    pub fn uniform<R: Ring>(&self, side: Side, draw: u64, len: usize) -> Vec<R> {
        let mut out = zeroed(len);
        self.drawn.mark(draw, 0, side);
        self.streams[side as usize].fill(draw, 0, &mut out);
        out
    }

    /// The words of one draw, for a program that takes as many as it happens to need.
    ///
    /// # Panics
    /// As [`Self::uniform`].
    pub fn words(&self, side: Side, draw: u64) -> impl Iterator<Item = u64> {
        const BUFFER: usize = 512;
        self.drawn.mark(draw, 0, side);
        let stream = &self.streams[side as usize];
        let (mut buffer, mut used, mut block) = ([Z64::ZERO; BUFFER], BUFFER, 0);
        std::iter::from_fn(move || {
            if used == BUFFER {
                stream.fill(draw, block, &mut buffer);
                (used, block) = (0, block + BUFFER as u64 / 2);
            }
            used += 1;
            Some(buffer[used - 1].0)
        })
    }

    /// The elements of one draw from number `from` on, as a tile of [`Self::uniform`].
    ///
    /// # Panics
    /// As [`Self::uniform`], and if the tile does not begin at a block of the generator.
    pub fn fill<R: Ring>(&self, side: Side, draw: u64, from: usize, out: &mut [R]) {
        let bytes = from * R::BYTES;
        assert!(bytes.is_multiple_of(16), "a tile from byte {bytes}");
        self.drawn.mark(draw, from, side);
        self.streams[side as usize].fill(draw, bytes as u64 / 16, out);
    }

    /// Elements of one draw that look uniform and that everybody knows.
    #[must_use]
    pub fn public<R: Ring>(&self, draw: u64, len: usize) -> Vec<R> {
        let mut out = zeroed(len);
        self.public.fill(draw, 0, &mut out);
        out
    }

    /// The uniform elements of one tile of a draw.
    ///
    /// # Panics
    /// As [`Self::uniform`], and if a tile is longer than a draw has room for.
    #[must_use]
    pub fn tile<R: Ring>(&self, side: Side, draw: u64, tile: usize, len: usize) -> Vec<R> {
        let mut out = zeroed(len);
        self.drawn.mark(draw, tile, side);
        self.streams[side as usize].fill(draw, first_block(tile, &out), &mut out);
        out
    }

    /// Writes this party's part of a sharing of zero: `F(K_i) - F(K_{i+1})`.
    ///
    /// # Panics
    /// As [`Self::tile`].
    pub fn zero<R: Ring>(&self, draw: u64, tile: usize, out: &mut [R]) {
        let block = first_block(tile, out);
        self.drawn.mark(draw, tile, Side::Left);
        self.drawn.mark(draw, tile, Side::Right);
        self.streams[0].fill(draw, block, out);
        self.streams[1].fill_sub(draw, block, out);
    }
}

fn first_block<R: Ring>(tile: usize, out: &[R]) -> u64 {
    assert!(size_of_val(out) <= SPAN, "a tile of {} bytes", size_of_val(out));
    (tile as u64) * (SPAN as u64 / 16)
}

/// What has been drawn lately. A mask that serves twice hides nothing, and no result shows it:
/// so builds with assertions, tests among them, stop there.
#[derive(Default)]
struct Drawn(Mutex<BTreeSet<(u64, usize, usize)>>);

impl Drawn {
    /// Draws remembered: a program draws by rising numbers, soon after it takes them.
    const LIMIT: usize = 1 << 12;

    fn mark(&self, draw: u64, tile: usize, side: Side) {
        if cfg!(debug_assertions) {
            let mut drawn = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let fresh = drawn.insert((draw, tile, side as usize));
            assert!(fresh, "tile {tile} of draw {draw} is drawn twice");
            if drawn.len() > Self::LIMIT {
                drawn.pop_first();
            }
        }
    }
}

/// The party before, cyclically among three.
#[must_use]
pub(crate) fn previous(me: PartyId) -> PartyId {
    PartyId((me.0 + 2) % 3)
}

/// The party after, cyclically among three.
#[must_use]
pub(crate) fn next(me: PartyId) -> PartyId {
    PartyId((me.0 + 1) % 3)
}
