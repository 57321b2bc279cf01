//! Replicated secret sharing among three parties, malicious with abort.
//!
//! Setting: three compute parties, any number of givers and recipients beside them.
//!
//! Adversary: malicious, at most one of the three compute parties; givers and recipients may
//! join it. Abort: a party that finds a check failed tells all others to stop; a party may have
//! received its result before another stops. The first failure destroys keys and debts (`ending`).
//!
//! What a cheater achieves: it can stop the run, and is then not always known. It learns nothing
//! but what it may and falsifies nothing, except with probability below `2^-40` a check.
//!
//! Assumes: no two computing parties put together what they hold; AES-128 and SHA-256.
//!
//! | | P0 | P1 | P2 |
//! |---|---|---|---|
//! | components of a value, and of its tag | x0, x1 | x1, x2 | x2, x0 |
//! | components of the key `alpha` of tags | a0, a1 | a1, a2 | a2, a0 |
//! | pair keys | K0 (with P2), K1 (with P1) | K1, K2 | K2, K0 |
//!
//! A secret of `Z_2^k` is a value of `Z_2^(k+s)`, `s = 40`, that is congruent to it, beside its
//! tag, `alpha` times the value. Products are semi-honest ones, which a cheater can only make
//! wrong by something that does not depend on secrets; of tags as of values, so that the two
//! agree no more. Bits have no tags: their gates are proved (`gates`). All of it is owed
//! (`ledger`) and settled together (`settle`) before anything is opened that is not masked.
//!
//! Costs, for elements of `m = k + s` bits, all parties together, in bits per element; what
//! checks take beside them does not grow with the number of elements but by a logarithm (gates)
//! or not at all (tags):
//!
//! | primitive | bits | rounds |
//! |---|---|---|
//! | input by a compute party | 4 m | 2 |
//! | `random` | 3 m | 1 |
//! | `mul`, `dot`, `mul_sum` (per output) | 6 m | 1 |
//! | `matmul` (per output; of thin factors) | 6 m | 2; 1 |
//! | `and` (per bit) | 3 | 1 |
//! | `summands` (per bit) | 3 | 1 |
//! | `b2a` (per bit) | 21 m | 2 |
//! | `trunc` | 66 m + 12 | 5 |
//! | `shuffle` (per column; of 64 bits) | 8 m; 11 · 64 | 2; 3 |
//! | opening to all | 3 k | 1 |
//! | settling | see `settle` | 5, and those of gates |
//!
//! Source: Abspoel, Dalskov, Escudero, Nof (eprint 2019/1298) on tags; Araki, Furukawa, Lindell,
//! Nof, Ohara (eprint 2016/768) on products; gates as in `gates`. Differs: `settle` says how.

mod boolean;
#[cfg(test)]
mod cheating;
mod combined;
mod convert;
mod cost;
mod demand;
mod domain;
mod ending;
mod gates;
mod given;
mod inputs;
mod ledger;
mod samples;
mod settle;
mod share;
mod shuffle;
mod trunc;
mod wire;

use std::marker::PhantomData;
use std::ops::Range;
use std::sync::Arc;

use sharewell_net::{PartyId, Step};
use sharewell_ring::{Dims, Ring, Wide, reserved, zeroed};

pub use cost::CARD;
pub use domain::Authentic;
pub use given::{MEND, give};
pub use inputs::take;
pub use share::Authenticated;

use self::demand::demand;
use self::domain::{Domain, Tags};
use self::ledger::{Keys, Ledger, Matrix, WIRES, shared};
use crate::chunks::{chunk, in_chunks};
use crate::party::TILE_BYTES;
use crate::prss::{next, previous};
use crate::replicated::{Pair, cross, dot_part, matmul_part_by, pass_on};
use crate::share::block_len;
use crate::{Arithmetic, Entropy, Error, Party, Prss, Result, Security, Share, Side, Tariff};

/// Elements that are worked on at a time, and packed.
const TILE: usize = 1 << 12;

/// One compute party's endpoint.
pub struct Rep3Malicious<R> {
    party: Party,
    prss: Prss,
    keys: Arc<Keys>,
    ledger: Ledger,
    shuffles: u32,
    /// Whether a primitive is under way: checks wait for its end.
    busy: bool,
    /// Whether this is a lane of another endpoint's, which must get back what is owed here.
    is_child: bool,
    ring: PhantomData<R>,
}

impl<R> std::fmt::Debug for Rep3Malicious<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Rep3Malicious({:?})", self.party)
    }
}

impl<R: Authentic> Rep3Malicious<R> {
    /// Joins the other two compute parties in a session.
    ///
    /// # Errors
    /// If a link fails or the operating system gives no randomness.
    ///
    /// # Panics
    /// If this is not one of the three compute parties: parties 0, 1 and 2.
    pub fn connect(mut party: Party, session: &[u8; 32], entropy: Entropy) -> Result<Self> {
        assert!(party.me().0 < 3 && party.parties() >= 3, "parties 0, 1 and 2 compute");
        let mut prss = Prss::agree(&mut party, session, entropy)?;
        party.reset_rounds();
        let keys = Arc::new(Keys::draw(&mut prss));
        let ledger = Ledger::default();
        let ring = PhantomData;
        Ok(Self { party, prss, keys, ledger, shuffles: 0, busy: false, is_child: false, ring })
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

    /// Turns additive parts of `N` vectors into replicated sharings, in one round: masks this
    /// party's, sends them to the previous party, receives the next one's. `part` adds this
    /// party's part to a tile.
    fn reshare<D: Domain, const N: usize>(
        &mut self,
        step: Step,
        len: usize,
        mut part: impl FnMut(usize, Range<usize>, &mut [D::Wide]),
    ) -> Result<[Pair<D::Wide>; N]> {
        let draw = self.prss.next_draw();
        let mut mine: [Vec<D::Wide>; N] = std::array::from_fn(|_| reserved(len));
        let mut tile: Vec<D::Wide> = zeroed(TILE.min(len));
        let (mut number, mut packed) = (0, vec![]);
        for (which, mine) in mine.iter_mut().enumerate() {
            for start in (0..len).step_by(TILE) {
                let tile = &mut tile[..TILE.min(len - start)];
                self.prss.zero(draw, number, tile);
                part(which, start..start + tile.len(), tile);
                mine.extend_from_slice(tile);
                D::Wide::pack(tile, D::WIRE, &mut packed);
                self.send_whole_frames(step, &mut packed)?;
                number += 1;
            }
        }
        self.party.send(previous(self.me()), step, &packed)?;
        let theirs: Vec<u8> = self.party.recv(next(self.me()), step, N * len * D::WIRE)?;
        let mut theirs = theirs.chunks((len * D::WIRE).max(1));
        Ok(mine.map(|mine| {
            let mut other = reserved(len);
            D::Wide::unpack(theirs.next().unwrap_or(&[]), D::WIRE, &mut other);
            [mine, other]
        }))
    }

    fn send_whole_frames(&mut self, step: Step, packed: &mut Vec<u8>) -> Result<()> {
        let whole = packed.len() / TILE_BYTES * TILE_BYTES;
        self.party.send(previous(self.me()), step, &packed[..whole])?;
        packed.drain(..whole);
        Ok(())
    }

    /// Notes what is to be checked.
    fn owe(&mut self, value: Pair<R::Wide>, tag: Pair<R::Wide>) -> Authenticated<R> {
        let out = Authenticated { value: shared(value), tag: shared(tag) };
        self.ledger.owe::<R>(out.value.clone(), out.tag.clone());
        out
    }

    /// One primitive, at the end of which what is owed is checked if that is much.
    fn at_once<T>(&mut self, primitive: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        let outer = std::mem::replace(&mut self.busy, true);
        let out = primitive(self)?;
        self.busy = outer;
        self.done(out)
    }

    /// The end of a primitive.
    fn done<T>(&mut self, out: T) -> Result<T> {
        if self.ledger.is_due() && !self.busy {
            self.settle()?;
        }
        Ok(out)
    }

    /// The tags of values: a product with the key. One round.
    fn authenticate(&mut self, value: Pair<R::Wide>) -> Result<Authenticated<R>> {
        let tags = Tags::of::<R>(&self.keys);
        let [tag] = self.reshare::<R, 1>(Step("tags"), value[0].len(), |_, tile, z| {
            tags.add(z, &value, tile);
        })?;
        Ok(self.owe(value, tag))
    }

    /// Products of the same form of values and of tags.
    fn products(
        &mut self,
        step: Step,
        len: usize,
        x: &Authenticated<R>,
        part: impl Fn(&Pair<R::Wide>, Range<usize>, &mut [R::Wide]),
    ) -> Result<Authenticated<R>> {
        let of = [&x.value.0, &x.tag.0];
        let [value, tag] =
            self.reshare::<R, 2>(step, len, |which, tile, z| part(of[which], tile, z))?;
        Ok(self.owe(value, tag))
    }

    /// This party's additive parts of values and tags, made replicated ones.
    fn reshared(
        &mut self,
        step: Step,
        value: &[R::Wide],
        tag: &[R::Wide],
    ) -> Result<Authenticated<R>> {
        let parts = [value, tag];
        let [value, tag] = self.reshare::<R, 2>(step, value.len(), |which, tile, z| {
            R::Wide::add_assign(z, &parts[which][tile]);
        })?;
        let out = self.owe(value, tag);
        self.done(out)
    }
}

impl<R: Authentic> Arithmetic for Rep3Malicious<R> {
    type Ring = R;
    type AShare = Authenticated<R>;

    const SECURITY: Security = Security::MaliciousAbort;

    fn tariff(&self) -> Option<Tariff> {
        Tariff::new(&CARD, self.party.round_bytes())
    }

    fn public(&self, x: &[R]) -> Authenticated<R> {
        let x: Vec<R::Wide> = x.iter().map(|&x| x.widen()).collect();
        let tag = R::key(&self.keys).map(|alpha| x.iter().map(|&x| alpha * x).collect());
        let (zero, place) = (zeroed(x.len()), self.me().0);
        let value = match place {
            0 => [x, zero],
            1 => [zero.clone(), zero],
            _ => [zero, x],
        };
        Authenticated { value: shared(value), tag: shared(tag) }
    }

    fn input(&mut self, mine: &[R], lens: &[usize]) -> Result<Vec<Authenticated<R>>> {
        self.attempt(|p| {
            let (shared, left_out) = p.shared(mine, lens)?;
            demand(left_out.is_empty(), given::COMPARE, || p.party.suspects(&left_out))?;
            Ok(shared)
        })
    }

    fn sound_input(
        &mut self,
        mine: &[R],
        lens: &[usize],
    ) -> Result<(Vec<Authenticated<R>>, Vec<PartyId>)> {
        self.attempt(|p| p.shared(mine, lens))
    }

    fn blame(&mut self, step: &'static str, givers: &[PartyId]) -> Error {
        let suspects = self.party.suspects(givers);
        let stopped = self.attempt(|_| Err::<(), _>(Error::Cheating { step, suspects }));
        stopped.expect_err("what was attempted is to stop")
    }

    fn random(&mut self, len: usize) -> Result<Authenticated<R>> {
        self.attempt(|p| {
            let draw = p.prss.next_draw();
            let value = [Side::Left, Side::Right].map(|side| p.prss.uniform(side, draw, len));
            let out = p.authenticate(value)?;
            p.done(out)
        })
    }

    fn mul(&mut self, x: &Authenticated<R>, y: &Authenticated<R>) -> Result<Authenticated<R>> {
        self.attempt(|p| {
            assert_eq!(x.len(), y.len(), "factors of different lengths");
            let [out] = in_chunks(p, x.len(), WIRES, |p, range| {
                let (x, y) = (chunk::<Self>(x, range.clone()), chunk::<Self>(y, range));
                let part = |x: &Pair<_>, tile, z: &mut [_]| cross(z, x, &y.value.0, tile);
                let z = p.products(Step("mul"), x.len(), &x, part)?;
                p.done([z])
            })?;
            Ok(out)
        })
    }

    fn dot(
        &mut self,
        x: &Authenticated<R>,
        y: &Authenticated<R>,
        rows: usize,
    ) -> Result<Authenticated<R>> {
        self.attempt(|p| {
            let of = |x| dot_part(x, &y.value.0, rows);
            p.reshared(Step("dot"), &of(&x.value.0), &of(&x.tag.0))
        })
    }

    fn mul_sum(
        &mut self,
        x: &Authenticated<R>,
        y: &Authenticated<R>,
        terms: usize,
    ) -> Result<Authenticated<R>> {
        self.attempt(|p| {
            let len = block_len(x.len(), terms);
            assert_eq!(x.len(), y.len(), "factors of different lengths");
            let out = p.products(Step("mul_sum"), len, x, |x, tile, z| {
                for term in 0..terms {
                    cross(z, x, &y.value.0, term * len + tile.start..term * len + tile.end);
                }
            })?;
            p.done(out)
        })
    }

    fn matmul(
        &mut self,
        x: &Authenticated<R>,
        y: &Authenticated<R>,
        d: Dims,
    ) -> Result<Authenticated<R>> {
        self.attempt(|p| {
            const STEP: Step = Step("matmul");
            let of = |x| matmul_part_by(R::Wide::matmul_add_low, x, &y.value.0, d);
            if !samples::pays(d) {
                return p.reshared(STEP, &of(&x.value.0), &of(&x.tag.0));
            }
            let part = of(&x.value.0);
            let [value] = p.reshare::<R, 1>(STEP, d.m * d.n, |_, tile, z| {
                R::Wide::add_assign(z, &part[tile]);
            })?;
            let out = p.authenticate(value)?;
            let [x, x_tag, y, z] =
                [&x.value, &x.tag, &y.value, &out.value].map(|x| x.clone().into());
            R::debts(&mut p.ledger).matrices.push(Matrix { d, x, x_tag, y, z });
            p.done(out)
        })
    }

    fn partial_open(&mut self, x: &Authenticated<R>) -> Result<Vec<R>> {
        self.attempt(|p| {
            let parts = x.narrow();
            let mut out = pass_on(&mut p.party, Step("open"), &parts[0])?;
            parts.iter().for_each(|x| R::add_assign(&mut out, x));
            p.ledger.saw(&out);
            Ok(out)
        })
    }

    fn partial_open_to(&mut self, x: &Authenticated<R>, to: &[PartyId]) -> Result<Option<Vec<R>>> {
        self.attempt(|p| p.open_to(x, to))
    }

    fn verify(&mut self) -> Result<()> {
        self.attempt(|p| p.settle())
    }

    fn fork(&mut self) -> Result<Self> {
        self.attempt(|p| {
            // Lanes that run at once cannot share a debt, and either may open what rests on it.
            p.settle()?;
            Ok(p.child())
        })
    }

    fn absorb(&mut self, child: Self) {
        self.take_back(child);
    }
}
