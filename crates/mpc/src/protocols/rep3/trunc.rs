//! Truncation without wrap failure.
//!
//! For `z = u + v` with `OFF = 2^(k-2)` added, `|z| < 2^(k-2)` keeps the sum below
//! `2^(k-1)`, so the addition wraps exactly if one summand's top bit is set:
//! `trunc(z) = (u >> f) + (v >> f) - w 2^(k-f) - (OFF >> f) + 1`, `w = msb(u) | msb(v)`.
//! Only `w` modulo `2^f` matters, so its sharing travels in the narrowest ring `W` that holds
//! `f` bits, by three-party oblivious transfer (ABY3, eprint 2018/403, 5.4.1): P2, who knows
//! `u`, sends both candidates under keys of a helper, who sends on only the key of the one
//! chosen; neither the chooser nor the helper sees the other candidate, P2 sees no choice.
//!
//! Source of the wrap identity and the stand-alone form: the truncation family of Keller
//! (eprint 2025/919); the fused form is checked message by message in `docs/truncation.md`.
//! The rounding coin depends on shares known to one party (Li et al., eprint 2023/909):
//! results are functions of the shares, not of an independent coin.

use sharewell_net::{PartyId, Step};
use sharewell_ring::{Bits, Integer, Planes, Ring, Z16, Z32, Z64, Z128};

use super::Rep3;
use crate::share::Linear;
use crate::{Result, Side};

const P0: PartyId = PartyId(0);
const P1: PartyId = PartyId(1);
const P2: PartyId = PartyId(2);

const KEY: Step = Step("trunc key");
const OFFER: Step = Step("trunc offer");

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
        0..=16 => Z16::BYTES,
        17..=32 => Z32::BYTES,
        33..=64 => Z64::BYTES,
        _ => Z128::BYTES,
    }
}

/// The draws of the transfer of `w`, numbered alike at all parties.
struct Draws {
    w: u64,
    keys: [u64; 2],
    half: [u64; 2],
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

    /// Of additive parts fresh from a product; two rounds, `3 k + 6 w + 1` bits in all.
    pub(super) fn trunc_fused(&mut self, z: Vec<R>, by: u32) -> Result<Linear<R, 2>> {
        assert!(by <= R::BITS - 2, "truncation by {by} of {} bits", R::BITS);
        narrowest!(by, self.fused(z, by))
    }

    fn alone<W: Integer>(&mut self, x: &Linear<R, 2>, by: u32) -> Result<Linear<R, 2>> {
        const HALF: Step = Step("trunc half");
        let [first, second] = &x.0;
        let len = first.len();
        let draws = self.transfer_draws();
        Ok(Linear(match self.me() {
            P0 => {
                let choice = sign::<R, W>(second);
                self.send_key(&draws, &choice)?;
                let key: Vec<W> = self.party.recv(P1, KEY, len)?;
                let w = self.receive_w(&choice, &key)?;
                let c0 = self.prss.uniform(Side::Left, draws.half[0], len);
                let w0 = self.prss.uniform::<W>(Side::Left, draws.w, len);
                [without_wrap(c0, &w0, by), without_wrap(offset(shift(second, by), by), &w, by)]
            }
            P1 => {
                let choice = sign::<R, W>(first);
                self.send_key(&draws, &choice)?;
                let c2 = self.party.recv(P2, HALF, len)?;
                let key: Vec<W> = self.party.recv(P0, KEY, len)?;
                let w = self.receive_w(&choice, &key)?;
                let w2 = self.prss.uniform::<W>(Side::Right, draws.w, len);
                [without_wrap(offset(shift(first, by), by), &w, by), without_wrap(c2, &w2, by)]
            }
            _ => {
                let mut u = with_offset(first.clone());
                R::add_assign(&mut u, second);
                let c0 = self.prss.uniform(Side::Right, draws.half[0], len);
                let c2 = minus(shift(&u, by), &c0);
                self.party.send(P1, HALF, &c2)?;
                // msb(u) or j, for both values j of msb(v).
                let [w2, w0] = self.offer_w(&draws, [sign(&u), vec![W::ONE; len]])?;
                [without_wrap(c2, &w2, by), without_wrap(c0, &w0, by)]
            }
        }))
    }

    /// P1's part is `v`, the sum of the others' is `u`; the choice is a mask `a` of
    /// `msb(v)` that P0 and P1 know and P2 does not.
    fn fused<W: Integer>(&mut self, z: Vec<R>, by: u32) -> Result<Linear<R, 2>> {
        const PART: Step = Step("trunc part");
        const SIGN: Step = Step("trunc sign");
        const HALF: Step = Step("trunc half");
        let len = z.len();
        let words = Planes::words_per_plane(len);
        let draws = self.transfer_draws();
        let mask_draw = self.prss.next_draw();
        Ok(Linear(match self.me() {
            P0 => {
                self.party.send(P2, PART, &z)?;
                let mask: Vec<Bits> = self.prss.uniform(Side::Right, mask_draw, words);
                let choice: Vec<W> = Planes::from_words(len, mask).to_values();
                self.send_key(&draws, &choice)?;
                let key: Vec<W> = self.party.recv(P1, KEY, len)?;
                let w = self.receive_w(&choice, &key)?;
                let c0 = self.prss.uniform(Side::Left, draws.half[0], len);
                let c1 = self.prss.uniform(Side::Right, draws.half[1], len);
                let w0 = self.prss.uniform::<W>(Side::Left, draws.w, len);
                [without_wrap(c0, &w0, by), without_wrap(c1, &w, by)]
            }
            P1 => {
                let v = with_offset(z);
                let mask: Vec<Bits> = self.prss.uniform(Side::Left, mask_draw, words);
                let choice: Vec<W> = Planes::from_words(len, mask.clone()).to_values();
                let mut masked = Planes::slice_values(&sign::<R, W>(&v), 1);
                Bits::add_assign(masked.words_mut(), &mask);
                self.party.send(P2, SIGN, masked.words())?;
                self.send_key(&draws, &choice)?;
                let key: Vec<W> = self.party.recv(P0, KEY, len)?;
                let c1 = self.prss.uniform(Side::Left, draws.half[1], len);
                let mut c2 = minus(shift(&v, by), &c1);
                self.party.send(P2, HALF, &c2)?;
                R::add_assign(&mut c2, &self.party.recv(P2, HALF, len)?);
                let w = self.receive_w(&choice, &key)?;
                let w2 = self.prss.uniform::<W>(Side::Right, draws.w, len);
                [without_wrap(c1, &w, by), without_wrap(offset(c2, by), &w2, by)]
            }
            _ => {
                let mut u = self.party.recv(P0, PART, len)?;
                R::add_assign(&mut u, &z);
                let masked = Planes::from_words(len, self.party.recv(P1, SIGN, words)?);
                let c0 = self.prss.uniform(Side::Right, draws.half[0], len);
                let mut c2 = minus(shift(&u, by), &c0);
                self.party.send(P1, HALF, &c2)?;
                // msb(u) or (masked xor j), for both values j of the mask.
                let zero_mask: Vec<W> = masked.to_values();
                let either = |m: &W, s: &W| *m + *s - *m * *s;
                let signs = sign::<R, W>(&u);
                let candidates = [
                    zero_mask.iter().zip(&signs).map(|(m, s)| either(m, s)).collect(),
                    zero_mask.iter().zip(&signs).map(|(m, s)| either(&(W::ONE - *m), s)).collect(),
                ];
                let [w2, w0] = self.offer_w(&draws, candidates)?;
                R::add_assign(&mut c2, &self.party.recv(P1, HALF, len)?);
                [without_wrap(offset(c2, by), &w2, by), without_wrap(c0, &w0, by)]
            }
        }))
    }

    fn transfer_draws(&mut self) -> Draws {
        let [w, key_0, key_1, half_0, half_1] = [(); 5].map(|()| self.prss.next_draw());
        Draws { w, keys: [key_0, key_1], half: [half_0, half_1] }
    }

    /// P0 and P1, each as helper of the other: the key of the chosen candidate.
    fn send_key<W: Integer>(&mut self, draws: &Draws, choice: &[W]) -> Result<()> {
        let (side, to) = if self.me() == P0 { (Side::Left, P1) } else { (Side::Right, P0) };
        let keys = draws.keys.map(|key| self.prss.uniform(side, key, choice.len()));
        self.party.send(to, KEY, &choose(&keys, choice))
    }

    /// P0 and P1: the chosen candidate, by the other's key.
    fn receive_w<W: Integer>(&mut self, choice: &[W], key: &[W]) -> Result<Vec<W>> {
        let offers =
            [self.party.recv(P2, OFFER, choice.len())?, self.party.recv(P2, OFFER, choice.len())?];
        Ok(minus(choose(&offers, choice), key))
    }

    /// P2: both candidates, less the two components of `w` that it holds, to both choosers
    /// under the other's keys. Gives those components: `[w2, w0]`.
    fn offer_w<W: Integer>(
        &mut self,
        draws: &Draws,
        candidates: [Vec<W>; 2],
    ) -> Result<[Vec<W>; 2]> {
        let len = candidates[0].len();
        let w2 = self.prss.uniform::<W>(Side::Left, draws.w, len);
        let w0 = self.prss.uniform::<W>(Side::Right, draws.w, len);
        let parts = candidates.map(|w| minus(minus(w, &w0), &w2));
        // The helper of P1 is P0, whose keys P2 shares on its right, and the other way round.
        for (to, helper) in [(P1, Side::Right), (P0, Side::Left)] {
            for (part, key) in parts.iter().zip(draws.keys) {
                let mut offer = part.clone();
                W::add_assign(&mut offer, &self.prss.uniform(helper, key, len));
                self.party.send(to, OFFER, &offer)?;
            }
        }
        Ok([w2, w0])
    }
}

/// `x - w 2^(k-f)`.
fn without_wrap<R: Integer, W: Integer>(mut x: Vec<R>, w: &[W], by: u32) -> Vec<R> {
    let up = R::BITS - by;
    x.iter_mut().zip(w).for_each(|(x, w)| *x = *x - R::from_u128(w.to_u128()).shl(up));
    x
}

/// `x - (OFF >> f) + 1`.
fn offset<R: Integer>(mut x: Vec<R>, by: u32) -> Vec<R> {
    let constant = R::ONE - R::ONE.shl(R::BITS - 2 - by);
    x.iter_mut().for_each(|x| *x = *x + constant);
    x
}

/// `x + OFF`.
fn with_offset<R: Integer>(mut x: Vec<R>) -> Vec<R> {
    let off = R::ONE.shl(R::BITS - 2);
    x.iter_mut().for_each(|x| *x = *x + off);
    x
}

fn shift<R: Integer>(x: &[R], by: u32) -> Vec<R> {
    x.iter().map(|x| x.shr(by)).collect()
}

fn sign<R: Integer, W: Integer>(x: &[R]) -> Vec<W> {
    x.iter().map(|x| W::from_u128(x.msb().to_u128())).collect()
}

fn minus<R: Ring>(mut x: Vec<R>, y: &[R]) -> Vec<R> {
    R::sub_assign(&mut x, y);
    x
}

/// `c ? pair[1] : pair[0]` without a branch, for `c` 0 or 1.
fn choose<W: Ring>(pair: &[Vec<W>; 2], c: &[W]) -> Vec<W> {
    let both = pair[0].iter().zip(&pair[1]);
    both.zip(c).map(|((&zero, &one), &c)| zero + c * (one - zero)).collect()
}
