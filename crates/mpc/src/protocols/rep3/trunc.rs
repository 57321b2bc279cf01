//! Truncation without wrap failure.
//!
//! For `z = u + v` with `OFF = 2^(k-2)` added, `|z| < 2^(k-2)` keeps the sum below
//! `2^(k-1)`, so the addition wraps exactly if one summand's top bit is set:
//! `trunc(z) = (u >> f) + (v >> f) - w 2^(k-f) - (OFF >> f) + 1`, `w = msb(u) | msb(v)`.
//! Only `w` modulo `2^f` matters, so its sharing travels in the narrowest ring `W` that holds
//! `f` bits, by three-party oblivious transfer (ABY3, eprint 2018/403, 5.4.1): P2, who knows
//! `u`, sends both candidates under keys of a helper, who sends on only the key of the one
//! chosen; neither the chooser nor the helper sees the other candidate, P2 sees no choice.
//! "P0" to "P2" are roles, which go round from tile to tile as in `turns`: the party after P0
//! is P1. A tile is worked on in the cache, once for each round that concerns its role.
//!
//! Source of the wrap identity and the stand-alone form: the truncation family of Keller
//! (eprint 2025/919); the fused form is checked message by message in `docs/truncation.md`.
//! The rounding coin depends on shares known to one party (Li et al., eprint 2023/909):
//! results are functions of the shares, not of an independent coin.

use std::ops::Range;

use sharewell_net::Step;
use sharewell_ring::{Bits, Integer, Ring, Z16, Z32, Z64, Z128, reserved, zeroed};

use super::turns::{Turn, windows};
use super::{Pair, Rep3};
use crate::prss::{next, previous};
use crate::share::Linear;
use crate::{Result, Side};

const HALF: Step = Step("trunc half");
const KEY: Step = Step("trunc key");
const OFFER: Step = Step("trunc offer");
const PART: Step = Step("trunc part");
const SIGN: Step = Step("trunc sign");

/// Calls a method generic in `W` with the narrowest ring of at least `by` bits.
macro_rules! narrowest {
    ($by:expr, $self:ident . $method:ident ( $($arg:expr),* )) => {
        match $by {
            0..=16 => $self.$method::<Z16>($($arg),*),
            17..=32 => $self.$method::<Z32>($($arg),*),
            33..=64 => $self.$method::<Z64>($($arg),*),
            _ => $self.$method::<Z128>($($arg),*),
        }
    };
}

/// Bytes of an element of the narrowest ring of at least `by` bits.
pub(super) fn narrow_bytes(by: u32) -> usize {
    match by {
        0..=16 => Z16::BITS as usize / 8,
        17..=32 => Z32::BITS as usize / 8,
        33..=64 => Z64::BITS as usize / 8,
        _ => Z128::BITS as usize / 8,
    }
}

/// A truncation under way.
struct Trunc<R> {
    by: u32,
    draws: Draws,
    out: Pair<R>,
    /// For each tile, which candidates P0 and P1 choose; empty at P2.
    choices: Vec<Vec<Bits>>,
}

/// Numbered alike at all parties.
struct Draws {
    zero: u64,
    mask: u64,
    w: u64,
    keys: [u64; 2],
    half: [u64; 2],
}

impl<R: Integer> Trunc<R> {
    /// The next tile of the result, so far as it is known, and of the choices.
    fn push(&mut self, first: &[R], second: &[R], choice: Vec<Bits>) {
        self.out[0].extend_from_slice(first);
        self.out[1].extend_from_slice(second);
        self.choices.push(choice);
    }

    /// The component of a tile that P0 and P1 share: P0's second and P1's first.
    fn shared(&mut self, turn: &Turn) -> &mut [R] {
        &mut self.out[1 - usize::from(turn.role)][turn.range.clone()]
    }

    /// `x >> f`.
    fn shifted(&self, x: &[R]) -> Vec<R> {
        let mut x = x.to_vec();
        R::shr_assign(&mut x, self.by);
        x
    }

    /// `x - w 2^(k-f)`.
    fn unwrap_by<W: Integer>(&self, x: &mut [R], w: &[W]) {
        R::sub_shl(x, w, R::BITS - self.by);
    }

    /// `x - (OFF >> f) + 1`.
    fn offset(&self, x: &mut [R]) {
        let constant = R::ONE - R::ONE.shl(R::BITS - 2 - self.by);
        x.iter_mut().for_each(|x| *x = *x + constant);
    }
}

impl<R: Integer> Rep3<R> {
    /// Of a sharing; one round, `k + 6 w` bits per element in all.
    pub(super) fn trunc_alone(&mut self, x: &Linear<R, 2>, by: u32) -> Result<Linear<R, 2>> {
        assert!(by <= R::BITS - 2, "truncation by {by} of {} bits", R::BITS);
        if by == 0 {
            return Ok(x.clone());
        }
        narrowest!(by, self.alone(x, by))
    }

    /// Of additive parts fresh from a product, of which `part` adds this party's to a tile;
    /// two rounds, `3 k + 6 w + 1` bits in all.
    pub(super) fn trunc_fused(
        &mut self,
        len: usize,
        by: u32,
        part: impl FnMut(Range<usize>, &mut [R]),
    ) -> Result<Linear<R, 2>> {
        assert!(by <= R::BITS - 2, "truncation by {by} of {} bits", R::BITS);
        narrowest!(by, self.fused(len, by, part))
    }

    fn alone<W: Integer>(&mut self, x: &Linear<R, 2>, by: u32) -> Result<Linear<R, 2>> {
        let len = x.0[0].len();
        let mut t = self.begin(len, by);
        for turns in windows(self.me(), len, R::BYTES) {
            for turn in turns.clone() {
                let [first, second] = x.0.each_ref().map(|x| &x[turn.range.clone()]);
                match turn.role {
                    0 => self.share_alone_0::<W>(&mut t, &turn, second)?,
                    1 => self.share_alone_1::<W>(&mut t, &turn, first)?,
                    _ => self.share_alone_2::<W>(&mut t, &turn, [first, second])?,
                }
            }
            for turn in turns.filter(|turn| turn.role < 2) {
                self.take_key::<W>(&mut t, &turn)?;
                self.settle::<W>(&mut t, &turn)?;
            }
        }
        Ok(Linear(t.out))
    }

    fn share_alone_0<W: Integer>(&mut self, t: &mut Trunc<R>, turn: &Turn, v: &[R]) -> Result<()> {
        let choice = R::top_bits(v);
        self.send_key::<W>(t, turn, &choice)?;
        let mut c0 = self.prss.tile(Side::Left, t.draws.half[0], turn.tile, turn.len());
        t.unwrap_by::<W>(&mut c0, &self.prss.tile(Side::Left, t.draws.w, turn.tile, turn.len()));
        let mut c1 = t.shifted(v);
        t.offset(&mut c1);
        t.push(&c0, &c1, choice);
        Ok(())
    }

    fn share_alone_1<W: Integer>(&mut self, t: &mut Trunc<R>, turn: &Turn, v: &[R]) -> Result<()> {
        let choice = R::top_bits(v);
        self.send_key::<W>(t, turn, &choice)?;
        let mut c1 = t.shifted(v);
        t.offset(&mut c1);
        let mut c2 = zeroed(turn.len());
        t.unwrap_by::<W>(&mut c2, &self.prss.tile(Side::Right, t.draws.w, turn.tile, turn.len()));
        t.push(&c1, &c2, choice);
        Ok(())
    }

    fn share_alone_2<W: Integer>(
        &mut self,
        t: &mut Trunc<R>,
        turn: &Turn,
        parts: [&[R]; 2],
    ) -> Result<()> {
        let mut u = parts[0].to_vec();
        R::add_assign(&mut u, parts[1]);
        with_offset(&mut u);
        // msb(u) or j, for both values j of msb(v).
        let candidates = [R::top_bits(&u), vec![Bits(!0); turn.len().div_ceil(64)]];
        let mut c0 = self.prss.tile(Side::Right, t.draws.half[0], turn.tile, turn.len());
        R::shr_assign(&mut u, t.by);
        R::sub_assign(&mut u, &c0);
        self.party.send(previous(self.me()), HALF, &u)?;
        let [w2, w0] = self.offer::<W>(t, turn, &candidates)?;
        t.unwrap_by(&mut u, &w2);
        t.unwrap_by(&mut c0, &w0);
        t.push(&u, &c0, vec![]);
        Ok(())
    }

    /// P1's part is `v`, the sum of the others' is `u`; the choice is a mask `a` of
    /// `msb(v)` that P0 and P1 know and P2 does not.
    fn fused<W: Integer>(
        &mut self,
        len: usize,
        by: u32,
        mut part: impl FnMut(Range<usize>, &mut [R]),
    ) -> Result<Linear<R, 2>> {
        let mut t = self.begin(len, by);
        for turns in windows(self.me(), len, R::BYTES) {
            for turn in turns.clone() {
                let mut z = zeroed(turn.len());
                self.prss.zero(t.draws.zero, turn.tile, &mut z);
                part(turn.range.clone(), &mut z);
                match turn.role {
                    0 => self.share_fused_0::<W>(&mut t, &turn, &z)?,
                    1 => self.share_fused_1::<W>(&mut t, &turn, z)?,
                    _ => {
                        let c0 =
                            self.prss.tile(Side::Right, t.draws.half[0], turn.tile, turn.len());
                        t.push(&z, &c0, vec![]);
                    }
                }
            }
            for turn in turns.clone() {
                match turn.role {
                    2 => self.answer::<W>(&mut t, &turn)?,
                    _ => self.take_key::<W>(&mut t, &turn)?,
                }
            }
            let mut choosers = turns.filter(|turn| turn.role < 2);
            choosers.try_for_each(|turn| self.settle::<W>(&mut t, &turn))?;
        }
        Ok(Linear(t.out))
    }

    fn share_fused_0<W: Integer>(&mut self, t: &mut Trunc<R>, turn: &Turn, z: &[R]) -> Result<()> {
        let len = turn.len();
        self.party.send(previous(self.me()), PART, z)?;
        let choice = self.prss.tile(Side::Right, t.draws.mask, turn.tile, len.div_ceil(64));
        self.send_key::<W>(t, turn, &choice)?;
        let mut c0 = self.prss.tile(Side::Left, t.draws.half[0], turn.tile, len);
        t.unwrap_by::<W>(&mut c0, &self.prss.tile(Side::Left, t.draws.w, turn.tile, len));
        let c1: Vec<R> = self.prss.tile(Side::Right, t.draws.half[1], turn.tile, len);
        t.push(&c0, &c1, choice);
        Ok(())
    }

    fn share_fused_1<W: Integer>(
        &mut self,
        t: &mut Trunc<R>,
        turn: &Turn,
        z: Vec<R>,
    ) -> Result<()> {
        let len = turn.len();
        let mut v = z;
        with_offset(&mut v);
        let choice = self.prss.tile(Side::Left, t.draws.mask, turn.tile, len.div_ceil(64));
        let mut masked = R::top_bits(&v);
        Bits::add_assign(&mut masked, &choice);
        self.party.send(next(self.me()), SIGN, &masked)?;
        let c1: Vec<R> = self.prss.tile(Side::Left, t.draws.half[1], turn.tile, len);
        R::shr_assign(&mut v, t.by);
        R::sub_assign(&mut v, &c1);
        self.party.send(next(self.me()), HALF, &v)?;
        self.send_key::<W>(t, turn, &choice)?;
        t.offset(&mut v);
        t.unwrap_by::<W>(&mut v, &self.prss.tile(Side::Right, t.draws.w, turn.tile, len));
        t.push(&c1, &v, choice);
        Ok(())
    }

    /// P2, once it knows `u`.
    fn answer<W: Integer>(&mut self, t: &mut Trunc<R>, turn: &Turn) -> Result<()> {
        let (len, before, after) = (turn.len(), previous(self.me()), next(self.me()));
        let mut u = self.party.recv(after, PART, len)?;
        R::add_assign(&mut u, &t.out[0][turn.range.clone()]);
        let masked: Vec<Bits> = self.party.recv(before, SIGN, len.div_ceil(64))?;
        // msb(u) or (masked xor j), for both values j of the mask.
        let signs = R::top_bits(&u);
        let either = |mask: Bits| {
            let pairs = masked.iter().zip(&signs);
            pairs.map(|(m, s)| *m + mask + *s + (*m + mask) * *s).collect::<Vec<_>>()
        };
        let candidates = [either(Bits(0)), either(Bits(!0))];
        R::shr_assign(&mut u, t.by);
        R::sub_assign(&mut u, &t.out[1][turn.range.clone()]);
        self.party.send(before, HALF, &u)?;
        let [w2, w0] = self.offer::<W>(t, turn, &candidates)?;
        R::add_assign(&mut u, &self.party.recv(before, HALF, len)?);
        t.offset(&mut u);
        t.unwrap_by(&mut u, &w2);
        t.out[0][turn.range.clone()].copy_from_slice(&u);
        R::sub_shl(&mut t.out[1][turn.range.clone()], &w0, R::BITS - t.by);
        Ok(())
    }

    /// P0 and P1: the key of the chosen candidate.
    fn take_key<W: Integer>(&mut self, t: &mut Trunc<R>, turn: &Turn) -> Result<()> {
        let me = self.me();
        let helper = if turn.role == 0 { next(me) } else { previous(me) };
        let mut opposite = zeroed(turn.len());
        W::sub_assign(&mut opposite, &self.party.recv(helper, KEY, turn.len())?);
        let up = R::BITS - t.by;
        R::sub_shl(t.shared(turn), &opposite, up);
        Ok(())
    }

    /// P0 and P1: the chosen candidate, and at P1 the other half.
    fn settle<W: Integer>(&mut self, t: &mut Trunc<R>, turn: &Turn) -> Result<()> {
        let me = self.me();
        let offerer = if turn.role == 0 { previous(me) } else { next(me) };
        if turn.role == 1 {
            let half: Vec<R> = self.party.recv(offerer, HALF, turn.len())?;
            R::add_assign(&mut t.out[1][turn.range.clone()], &half);
        }
        let mut w: Vec<W> = self.party.recv(offerer, OFFER, turn.len())?;
        let other: Vec<W> = self.party.recv(offerer, OFFER, turn.len())?;
        choose(&mut w, &other, &t.choices[turn.tile]);
        let up = R::BITS - t.by;
        R::sub_shl(t.shared(turn), &w, up);
        Ok(())
    }

    fn begin(&mut self, len: usize, by: u32) -> Trunc<R> {
        let [zero, mask, w, key_0, key_1, half_0, half_1] = [(); 7].map(|()| self.prss.next_draw());
        let draws = Draws { zero, mask, w, keys: [key_0, key_1], half: [half_0, half_1] };
        Trunc { by, draws, out: [reserved(len), reserved(len)], choices: vec![] }
    }

    /// P0 and P1, each as helper of the other: the key of the chosen candidate.
    fn send_key<W: Integer>(&mut self, t: &Trunc<R>, turn: &Turn, choice: &[Bits]) -> Result<()> {
        let me = self.me();
        let (side, to) =
            if turn.role == 0 { (Side::Left, next(me)) } else { (Side::Right, previous(me)) };
        let keys = t.draws.keys.map(|key| self.prss.tile::<W>(side, key, turn.tile, turn.len()));
        let [mut key, other] = keys;
        choose(&mut key, &other, choice);
        self.party.send(to, KEY, &key)
    }

    /// P2: both candidates, less the two components of `w` that it holds, to both choosers
    /// under the other's keys. Gives those components: `[w2, w0]`.
    fn offer<W: Integer>(
        &mut self,
        t: &Trunc<R>,
        turn: &Turn,
        candidates: &[Vec<Bits>; 2],
    ) -> Result<[Vec<W>; 2]> {
        let (me, tile, len) = (self.me(), turn.tile, turn.len());
        let held =
            [Side::Left, Side::Right].map(|side| self.prss.tile::<W>(side, t.draws.w, tile, len));
        let parts = candidates.each_ref().map(|w| {
            let mut part = zeroed(len);
            W::lift(&mut part, w);
            held.iter().for_each(|held| W::sub_assign(&mut part, held));
            part
        });
        // The helper of P1 is P0, whose keys P2 shares on its right, and the other way round.
        for (to, helper) in [(previous(me), Side::Right), (next(me), Side::Left)] {
            for (part, key) in parts.iter().zip(t.draws.keys) {
                let mut offer = self.prss.tile(helper, key, tile, len);
                W::add_assign(&mut offer, part);
                self.party.send(to, OFFER, &offer)?;
            }
        }
        Ok(held)
    }
}

/// `x + OFF`.
fn with_offset<R: Integer>(x: &mut [R]) {
    let off = R::ONE.shl(R::BITS - 2);
    x.iter_mut().for_each(|x| *x = *x + off);
}

/// `x = c ? other : x` without a branch.
fn choose<W: Integer>(x: &mut [W], other: &[W], c: &[Bits]) {
    let mut lifted = zeroed(x.len());
    W::lift(&mut lifted, c);
    W::choose_assign(x, other, &lifted);
}
