//! Elements times bits, without a conversion of the bits before.
//!
//! With `c = u xor v` as in `b2a`, and `x = a + b` cut likewise, `a` known to P2 and `b` to P0
//! and P1:
//!
//! ```text
//! c x = u a + v (1 - 2u) a + v b + u (1 - 2v) b
//! ```
//!
//! P2 shares `(1 - 2u) a` and `u` with masks that P0 knows. Then every term is a product of
//! what one party knows: three additive parts, reshared at once. Two rounds and 5 k bits, where
//! `b2a` and a product take three rounds and 6 k. Roles go round as in `turns`.
//!
//! | message | why it says nothing to its receiver |
//! |---|---|
//! | P2 to P1: `(1 - 2u) a` and `u` | each masked by a draw of K0, which P1 lacks |
//! | each to the one before: its part | masked by a sharing of zero, as in a product |
//!
//! Source: bit injection of ABY3 (eprint 2018/403) 5.4, products by sharing what one party knows
//! instead of by oblivious transfer.

use sharewell_net::Step;
use sharewell_ring::{Integer, Planes, reserved, zeroed};

use super::b2a::xor;
use super::turns::{Turn, windows};
use super::{Pair, Rep3};
use crate::prss::{next, previous};
use crate::share::{BitLinear, Linear};
use crate::{Result, Side};

const SHARE: Step = Step("mul_bits share");
const PART: Step = Step("mul_bits");

/// Draws of a product, numbered alike at all parties.
struct Draws {
    zero: u64,
    /// Masks of `(1 - 2u) a` and of `u`.
    masks: [u64; 2],
}

impl<R: Integer> Rep3<R> {
    /// Two rounds, five elements for each product in all.
    pub(super) fn inject(&mut self, c: &BitLinear<2>, x: &Linear<R, 2>) -> Result<Linear<R, 2>> {
        let len = x.0[0].len();
        assert_eq!(c.0[0].len() * c.0[0].width(), len, "as many bits as elements");
        let [zero, mask_a, mask_u] = [(); 3].map(|()| self.prss.next_draw());
        let draws = Draws { zero, masks: [mask_a, mask_u] };
        let mut out: Pair<R> = [reserved(len), zeroed(len)];
        for turns in windows(self.me(), len, R::BYTES) {
            for turn in turns.clone() {
                let [first, second] = x.0.each_ref().map(|x| &x[turn.range.clone()]);
                let mut part = zeroed(turn.len());
                self.prss.zero(draws.zero, turn.tile, &mut part);
                match turn.role {
                    0 => self.inject_0(&draws, &turn, &c.0[1], second, &mut part)?,
                    1 => {}
                    _ => self.inject_2(&draws, &turn, &c.0, [first, second], &mut part)?,
                }
                out[0].extend_from_slice(&part);
            }
            let [mine, theirs] = &mut out;
            for turn in turns.clone().filter(|turn| turn.role > 0) {
                if turn.role == 1 {
                    let b = &x.0[0][turn.range.clone()];
                    self.inject_1(&turn, &c.0[0], b, &mut mine[turn.range.clone()])?;
                }
                let part: Vec<R> = self.party.recv(next(self.me()), PART, turn.len())?;
                theirs[turn.range.clone()].copy_from_slice(&part);
            }
            for turn in turns.filter(|turn| turn.role == 0) {
                let part: Vec<R> = self.party.recv(next(self.me()), PART, turn.len())?;
                theirs[turn.range.clone()].copy_from_slice(&part);
            }
        }
        Ok(Linear(out))
    }

    fn inject_0(
        &mut self,
        draws: &Draws,
        turn: &Turn,
        v: &Planes,
        b: &[R],
        part: &mut [R],
    ) -> Result<()> {
        let shared =
            draws.masks.map(|mask| self.prss.tile(Side::Left, mask, turn.tile, turn.len()));
        let v = lifted(v, turn);
        R::mul_add(part, &v, b);
        add_products(part, &v, b, &shared);
        self.party.send(previous(self.me()), PART, part)
    }

    fn inject_1(&mut self, turn: &Turn, v: &Planes, b: &[R], part: &mut [R]) -> Result<()> {
        let mut receive = || self.party.recv(next(self.me()), SHARE, turn.len());
        let shared = [receive()?, receive()?];
        add_products(part, &lifted(v, turn), b, &shared);
        self.party.send(previous(self.me()), PART, part)
    }

    fn inject_2(
        &mut self,
        draws: &Draws,
        turn: &Turn,
        u: &[Planes; 2],
        [first, second]: [&[R]; 2],
        part: &mut [R],
    ) -> Result<()> {
        let before = previous(self.me());
        let [first_bits, second_bits] = u.each_ref().map(|u| lifted(u, turn));
        let mut u: Vec<R> = xor(first_bits, &second_bits);
        let mut a = first.to_vec();
        R::add_assign(&mut a, second);
        let mut flipped = a.clone();
        R::mul_assign(&mut a, &u);
        R::add_assign(part, &a);
        R::sub_shl(&mut flipped, &a, 1);
        for (x, mask) in [&mut flipped, &mut u].into_iter().zip(draws.masks) {
            R::sub_assign(x, &self.prss.tile(Side::Right, mask, turn.tile, turn.len()));
            self.party.send(before, SHARE, x)?;
        }
        self.party.send(before, PART, part)
    }
}

/// A tile of bits, of all planes one after the other.
fn lifted<R: Integer>(x: &Planes, turn: &Turn) -> Vec<R> {
    let mut out = zeroed(turn.len());
    x.lift(turn.range.start, &mut out);
    out
}

/// `part += v shared_a + (1 - 2v) b shared_u`.
fn add_products<R: Integer>(part: &mut [R], v: &[R], b: &[R], shared: &[Vec<R>; 2]) {
    let mut flipped = b.to_vec();
    let mut both = v.to_vec();
    R::mul_assign(&mut both, b);
    R::sub_shl(&mut flipped, &both, 1);
    R::mul_add(part, v, &shared[0]);
    R::mul_add(part, &flipped, &shared[1]);
}
