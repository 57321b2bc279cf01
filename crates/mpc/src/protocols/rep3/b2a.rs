//! Bits as ring elements.
//!
//! With `b = u xor v`, `u` known to P2 and `v` to P0 and P1: `b = v + u - 2 u v`, where P2
//! shares `u` as `s0 + s2` and P0 and P1 each reshare their product with `v`. Roles go round
//! as in `turns`. What is linear in `b`, such as an integer of several bits, is taken of `u`,
//! `v` and the products before they are reshared.
//!
//! Source: ABY3 (eprint 2018/403) 5.4, products by sharing what one party knows instead of by
//! oblivious transfer.

use sharewell_net::Step;
use sharewell_ring::{Integer, Planes, zeroed};

use super::turns::{Turn, windows};
use super::{Pair, Rep3};
use crate::prss::{next, previous};
use crate::share::{BitLinear, Linear};
use crate::{Result, Side};

const SHARE: Step = Step("b2a share");
const CROSS: Step = Step("b2a cross");

/// Draws of a conversion, numbered alike at all parties.
struct Draws {
    u: u64,
    rests: [u64; 2],
    /// Results of each number.
    rows: usize,
}

impl<R: Integer> Rep3<R> {
    /// Results that are linear in each number's bits: `combine` makes them, `rows` of each
    /// number, row after row, from the bits of some numbers, plane after plane. Two rounds; in
    /// all an element for each bit and two for each result.
    pub(super) fn lift(
        &mut self,
        x: &BitLinear<2>,
        rows: usize,
        combine: impl Fn(Vec<R>, usize) -> Vec<R>,
    ) -> Result<Linear<R, 2>> {
        let [first, second] = &x.0;
        let len = first.len();
        let [u, rest_0, rest_1] = [(); 3].map(|()| self.prss.next_draw());
        let draws = Draws { u, rests: [rest_0, rest_1], rows };
        let mut out: Pair<R> = [zeroed(rows * len), zeroed(rows * len)];
        for turns in windows(self.me(), len, R::BYTES * first.width().max(rows)) {
            for turn in turns.clone() {
                let tile = match turn.role {
                    0 => self.lift_0(&draws, &turn, second, &combine)?,
                    1 => self.begin_lift_1(&draws, &turn, first, &combine),
                    _ => self.lift_2(&draws, &turn, &x.0, &combine)?,
                };
                out.iter_mut().zip(tile).for_each(|(out, tile)| put(out, len, &turn, &tile));
            }
            for turn in turns.clone().filter(|turn| turn.role > 0) {
                let mut tile = taken(&out[1], len, &turn);
                if turn.role == 1 {
                    tile = self.end_lift_1(&turn, first, &tile, &combine)?;
                } else {
                    let rest: Vec<R> = self.party.recv(next(self.me()), CROSS, tile.len())?;
                    R::sub_shl(&mut tile, &rest, 1);
                }
                put(&mut out[1], len, &turn, &tile);
            }
            for turn in turns.filter(|turn| turn.role == 2) {
                let mut tile = taken(&out[0], len, &turn);
                let rest: Vec<R> = self.party.recv(previous(self.me()), CROSS, tile.len())?;
                R::sub_shl(&mut tile, &rest, 1);
                put(&mut out[0], len, &turn, &tile);
            }
        }
        Ok(Linear(out))
    }

    fn lift_0(
        &mut self,
        draws: &Draws,
        turn: &Turn,
        v: &Planes,
        combine: impl Fn(Vec<R>, usize) -> Vec<R>,
    ) -> Result<[Vec<R>; 2]> {
        let v: Vec<R> = planes(v, turn);
        let masks = self.rest_masks(Side::Right, draws, turn);
        let s0: Vec<R> = self.prss.tile(Side::Left, draws.u, turn.tile, v.len());
        let mut product = s0.clone();
        R::mul_assign(&mut product, &v);
        let mut rest = combine(product, turn.len());
        R::sub_assign(&mut rest, &masks[0]);
        self.party.send(previous(self.me()), CROSS, &rest)?;
        let [mut s0, mut v] = [s0, v].map(|x| combine(x, turn.len()));
        R::sub_shl(&mut s0, &rest, 1);
        masks.iter().for_each(|mask| R::sub_shl(&mut v, mask, 1));
        Ok([s0, v])
    }

    /// The shared component, and the mask of the other.
    fn begin_lift_1(
        &mut self,
        draws: &Draws,
        turn: &Turn,
        v: &Planes,
        combine: impl Fn(Vec<R>, usize) -> Vec<R>,
    ) -> [Vec<R>; 2] {
        let mut v = combine(planes(v, turn), turn.len());
        let masks = self.rest_masks(Side::Left, draws, turn);
        masks.iter().for_each(|mask| R::sub_shl(&mut v, mask, 1));
        let [_, mask] = masks;
        [v, mask]
    }

    /// The other component, from its mask.
    fn end_lift_1(
        &mut self,
        turn: &Turn,
        v: &Planes,
        mask: &[R],
        combine: impl Fn(Vec<R>, usize) -> Vec<R>,
    ) -> Result<Vec<R>> {
        let mut product: Vec<R> = planes(v, turn);
        let s2: Vec<R> = self.party.recv(next(self.me()), SHARE, product.len())?;
        R::mul_assign(&mut product, &s2);
        let mut rest = combine(product, turn.len());
        R::sub_assign(&mut rest, mask);
        self.party.send(next(self.me()), CROSS, &rest)?;
        let mut out = combine(s2, turn.len());
        R::sub_shl(&mut out, &rest, 1);
        Ok(out)
    }

    fn lift_2(
        &mut self,
        draws: &Draws,
        turn: &Turn,
        x: &[Planes; 2],
        combine: impl Fn(Vec<R>, usize) -> Vec<R>,
    ) -> Result<[Vec<R>; 2]> {
        let [first, second] = x.each_ref().map(|x| planes(x, turn));
        let mut u = xor(first, &second);
        let s0: Vec<R> = self.prss.tile(Side::Right, draws.u, turn.tile, u.len());
        R::sub_assign(&mut u, &s0);
        self.party.send(previous(self.me()), SHARE, &u)?;
        Ok([u, s0].map(|x| combine(x, turn.len())))
    }

    fn rest_masks(&self, side: Side, draws: &Draws, turn: &Turn) -> [Vec<R>; 2] {
        draws.rests.map(|draw| self.prss.tile(side, draw, turn.tile, draws.rows * turn.len()))
    }
}

/// Sums without carry of bits: `a xor b = a + b - 2 a b`.
pub(super) fn xor<R: Integer>(mut a: Vec<R>, b: &[R]) -> Vec<R> {
    let mut both = a.clone();
    R::mul_assign(&mut both, b);
    R::add_assign(&mut a, b);
    R::sub_shl(&mut a, &both, 1);
    a
}

/// The bits of a tile of numbers, plane after plane.
fn planes<R: Integer>(x: &Planes, turn: &Turn) -> Vec<R> {
    let mut out = zeroed(x.width() * turn.len());
    for (plane, out) in out.chunks_exact_mut(turn.len()).enumerate() {
        x.lift(plane * x.len() + turn.range.start, out);
    }
    out
}

/// A tile's columns of rows of `len` results.
fn taken<R: Integer>(rows: &[R], len: usize, turn: &Turn) -> Vec<R> {
    rows.chunks_exact(len).flat_map(|row| &row[turn.range.clone()]).copied().collect()
}

fn put<R: Integer>(rows: &mut [R], len: usize, turn: &Turn, tile: &[R]) {
    for (row, tile) in rows.chunks_exact_mut(len).zip(tile.chunks_exact(turn.len())) {
        row[turn.range.clone()].copy_from_slice(tile);
    }
}
