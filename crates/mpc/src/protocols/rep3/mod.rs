//! Replicated secret sharing among three parties, semi-honest.
//!
//! Setting: three compute parties, any number of givers and recipients beside them.
//!
//! Adversary: semi-honest, at most one of the three compute parties; givers and recipients
//! may join it. Abort: selective (one party may stop while another has finished).
//!
//! What a cheater achieves: anything; a party that deviates can falsify results and, by
//! falsifying them, learn about inputs. Nothing here detects it.
//!
//! Assumes: no two computing parties put together what they hold; each runs the agreed program
//! unaltered; AES-128 and SHA-256.
//!
//! | | P0 | P1 | P2 |
//! |---|---|---|---|
//! | components of `x = x0 + x1 + x2` | x0, x1 | x1, x2 | x2, x0 |
//! | pair keys | K0 (with P2), K1 (with P1) | K1, K2 | K2, K0 |
//!
//! Costs, for `k`-bit elements and `w` the narrowest of 16, 32, 64, 128 bits that holds the
//! bits truncated; all parties together, in bits per element:
//!
//! | primitive | bits | rounds |
//! |---|---|---|
//! | input by a compute party | k | 1 |
//! | `mul`, `dot`, `matmul`, `mul_sum`, `destinations` (per output) | 3 k | 1 |
//! | `and` (per bit) | 3 | 1 |
//! | `trunc` | k + 6 w | 1 |
//! | `mul_trunc`, `matmul_trunc` | 3 k + 6 w + 1 | 2 |
//! | `summands`, `difference_bits` (per bit) | 1 | 1 |
//! | `lookahead` (per block of 4 bits; of all carries) | 15 + 4 (16) | 2 |
//! | `test_quickly` of `b` bits (sign; zero) | 24 b - 7; 24 b + 17 | 3 |
//! | `b2a` | 3 k | 2 |
//! | `b2a_dot` (per bit, per result) | k, 2 k | 2 |
//! | `shuffle` (per column) | 4 k | 2 |
//! | `shuffle_open` (destinations) | 6 k | 2 |
//! | `one_hot` of `b` bits | 3 k (2^b - 1) | 2 |
//! | `mul_bits` | 5 k | 2 |
//! | opening to all | 3 k | 1 |
//! | opening to one compute party / another recipient | k / 3 k | 1 |
//!
//! Bits travel in whole words of 64. The *two-summand view* carries the conversions: P2 knows
//! `u = x2 + x0`, P0 and P1 both know `v = x1`, and `x = u + v`. Who is "P2" goes round from
//! tile to tile, so that each party sends a third of everything (`turns`); conversions and
//! truncations of more than 24 MiB take these rounds for each so many.
//!
//! Source: Araki, Furukawa, Lindell, Nof, Ohara, CCS 2016 (eprint 2016/768); conversions and
//! three-party oblivious transfer after ABY3 (eprint 2018/403) 5.3 and 5.4; truncation
//! without wrap failure as in `trunc`. Differs: randomness by PRSS alone, `docs/adr/0003`.

mod b2a;
mod boolean;
mod client;
mod cost;
mod inject;
mod lookahead;
mod one_hot;
mod quick_test;
mod shuffle;
mod summands;
mod trunc;
mod turns;

use std::marker::PhantomData;
use std::ops::Range;

use sharewell_net::{PartyId, Step};
use sharewell_ring::{Dims, Integer, Ring, reserved, zeroed};

pub use crate::replicated::shuffle::Shuffle;
pub use client::{give, take};
pub use cost::CARD;

use crate::party::TILE_BYTES;
use crate::prss::{next, previous};
use crate::replicated::{Pair, cross, dot_part, exchange, matmul_part, pass_on};
use crate::share::block_len;
use crate::{Arithmetic, Entropy, Linear, Party, Prss, Result, Security, Side, Tariff};

/// One compute party's endpoint.
#[derive(Debug)]
pub struct Rep3<R> {
    party: Party,
    prss: Prss,
    shuffles: u32,
    ring: PhantomData<R>,
}

impl<R: Integer> Rep3<R> {
    /// Joins the other two compute parties in a session.
    ///
    /// # Errors
    /// If a link fails or the operating system gives no randomness.
    ///
    /// # Panics
    /// If this is not one of the three compute parties: parties 0, 1 and 2.
    pub fn connect(mut party: Party, session: &[u8; 32], entropy: Entropy) -> Result<Self> {
        assert!(party.me().0 < 3 && party.parties() >= 3, "parties 0, 1 and 2 compute");
        let prss = Prss::agree(&mut party, session, entropy)?;
        party.reset_rounds();
        Ok(Self { party, prss, shuffles: 0, ring: PhantomData })
    }

    /// This party's endpoint.
    #[must_use]
    pub fn party(&self) -> &Party {
        &self.party
    }

    /// Starts counting rounds anew.
    pub fn reset_rounds(&mut self) {
        self.party.reset_rounds();
    }

    fn me(&self) -> PartyId {
        self.party.me()
    }

    /// A child on its own lane, over any ring.
    fn child<S>(&mut self) -> Rep3<S> {
        let party = self.party.fork();
        let prss = self.prss.fork(&party);
        Rep3 { party, prss, shuffles: self.shuffles, ring: PhantomData }
    }

    /// Takes a child's clock and its turns.
    fn take_back<S>(&mut self, child: &Rep3<S>) {
        self.party.absorb(&child.party);
        self.shuffles = self.shuffles.max(child.shuffles);
    }

    /// Turns three additive parts into a replicated sharing: masks this party's, sends it to the
    /// previous party, receives the next one's. `part` adds this party's part to a tile.
    fn reshare<T: Ring>(
        &mut self,
        step: Step,
        len: usize,
        mut part: impl FnMut(Range<usize>, &mut [T]),
    ) -> Result<Pair<T>> {
        let (to, from) = (previous(self.me()), next(self.me()));
        let (draw, tile_len) = (self.prss.next_draw(), TILE_BYTES / T::BYTES);
        let mut mine = reserved(len);
        // Worked on in the cache, then copied out.
        let mut cached: Vec<T> = zeroed(tile_len.min(len));
        let prss = &self.prss;
        let theirs = exchange(&mut self.party, from, step, len, |party, tile| {
            let masked = &mut cached[..tile.len()];
            prss.zero(draw, tile.start / tile_len, masked);
            part(tile, masked);
            party.send(to, step, masked)?;
            mine.extend_from_slice(masked);
            Ok(())
        })?;
        Ok([mine, theirs])
    }

    fn product<T: Ring>(&mut self, step: Step, x: &Pair<T>, y: &Pair<T>) -> Result<Pair<T>> {
        assert_eq!(x[0].len(), y[0].len(), "factors of different lengths");
        self.reshare(step, x[0].len(), |tile, z| cross(z, x, y, tile))
    }
}

impl<R: Integer> Arithmetic for Rep3<R> {
    type Ring = R;
    type AShare = Linear<R, 2>;

    const SECURITY: Security = Security::SemiHonest;

    fn tariff(&self) -> Option<Tariff> {
        Tariff::new(&CARD, self.party.round_bytes())
    }

    fn public(&self, x: &[R]) -> Linear<R, 2> {
        let zero = || zeroed(x.len());
        // Component 0 is the value; P0 and P2 hold it.
        Linear(match self.me().0 {
            0 => [x.to_vec(), zero()],
            1 => [zero(), zero()],
            _ => [zero(), x.to_vec()],
        })
    }

    fn input(&mut self, mine: &[R], lens: &[usize]) -> Result<Vec<Linear<R, 2>>> {
        const STEP: Step = Step("input");
        let me = usize::from(self.me().0);
        assert_eq!(lens.len(), usize::from(self.party.parties()), "one length per party");
        assert_eq!(mine.len(), lens[me], "this party's input");
        let draws: Vec<u64> = lens.iter().map(|_| self.prss.next_draw()).collect();
        // x_i is the pair's stream and x_{i+1} the difference: every message makes a valid
        // sharing. x_{i+2} hides nothing and is public, but not zero: truncation rounds by chance
        // only if all components have low bits as good as random.
        let mask = self.prss.uniform(Side::Left, draws[me], mine.len());
        let mut rest = mine.to_vec();
        R::sub_assign(&mut rest, &mask);
        R::sub_assign(&mut rest, &self.prss.public(draws[me], mine.len()));
        self.party.send(next(self.me()), STEP, &rest)?;
        let mut out = Vec::with_capacity(lens.len());
        for (giver, (&len, &draw)) in lens.iter().zip(&draws).enumerate() {
            let from = PartyId(giver as u8);
            out.push(Linear(match (giver + 3 - me) % 3 {
                _ if giver >= 3 => client::accept(&mut self.party, from, len)?,
                0 => [mask.clone(), rest.clone()],
                1 => [self.prss.public(draw, len), self.prss.uniform(Side::Right, draw, len)],
                _ => [self.party.recv(from, STEP, len)?, self.prss.public(draw, len)],
            }));
        }
        Ok(out)
    }

    fn random(&mut self, len: usize) -> Result<Linear<R, 2>> {
        let draw = self.prss.next_draw();
        Ok(Linear([Side::Left, Side::Right].map(|side| self.prss.uniform(side, draw, len))))
    }

    fn mul(&mut self, x: &Linear<R, 2>, y: &Linear<R, 2>) -> Result<Linear<R, 2>> {
        Ok(Linear(self.product(Step("mul"), &x.0, &y.0)?))
    }

    fn dot(&mut self, x: &Linear<R, 2>, y: &Linear<R, 2>, rows: usize) -> Result<Linear<R, 2>> {
        let z = dot_part(&x.0, &y.0, rows);
        let out = self.reshare(Step("dot"), rows, |tile, out| R::add_assign(out, &z[tile]))?;
        Ok(Linear(out))
    }

    fn mul_sum(
        &mut self,
        x: &Linear<R, 2>,
        y: &Linear<R, 2>,
        terms: usize,
    ) -> Result<Linear<R, 2>> {
        let len = block_len(x.0[0].len(), terms);
        assert_eq!(x.0[0].len(), y.0[0].len(), "factors of different lengths");
        let out = self.reshare(Step("mul_sum"), len, |tile, z| {
            for term in 0..terms {
                cross(z, &x.0, &y.0, term * len + tile.start..term * len + tile.end);
            }
        })?;
        Ok(Linear(out))
    }

    fn matmul(&mut self, x: &Linear<R, 2>, y: &Linear<R, 2>, d: Dims) -> Result<Linear<R, 2>> {
        let z = matmul_part(&x.0, &y.0, d);
        let len = d.m * d.n;
        let out = self.reshare(Step("matmul"), len, |tile, out| R::add_assign(out, &z[tile]))?;
        Ok(Linear(out))
    }

    fn partial_open(&mut self, x: &Linear<R, 2>) -> Result<Vec<R>> {
        const STEP: Step = Step("open");
        let mut out = pass_on(&mut self.party, STEP, &x.0[0])?;
        x.0.iter().for_each(|x| R::add_assign(&mut out, x));
        Ok(out)
    }

    fn partial_open_to(&mut self, x: &Linear<R, 2>, to: &[PartyId]) -> Result<Option<Vec<R>>> {
        const STEP: Step = Step("open to");
        let me = self.me();
        for &recipient in to {
            if recipient.0 >= 3 {
                // A fresh sharing of zero, or the parts would tell of the computation.
                let draw = self.prss.next_draw();
                for (i, tile) in x.0[0].chunks(TILE_BYTES / R::BYTES).enumerate() {
                    let mut masked = zeroed(tile.len());
                    self.prss.zero(draw, i, &mut masked);
                    R::add_assign(&mut masked, tile);
                    self.party.send(recipient, STEP, &masked)?;
                }
            } else if next(me) == recipient {
                self.party.send(recipient, STEP, &x.0[0])?;
            }
        }
        if !to.contains(&me) {
            return Ok(None);
        }
        let mut out = self.party.recv(previous(me), STEP, x.0[0].len())?;
        x.0.iter().for_each(|x| R::add_assign(&mut out, x));
        Ok(Some(out))
    }

    fn verify(&mut self) -> Result<()> {
        Ok(())
    }

    fn fork(&mut self) -> Result<Self> {
        Ok(self.child())
    }

    fn absorb(&mut self, child: Self) {
        self.take_back(&child);
    }
}
