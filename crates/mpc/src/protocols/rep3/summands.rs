//! The two summands of a value, bit by bit.

use sharewell_net::Step;
use sharewell_ring::{Bits, Integer, Planes, Ring, zeroed};

use super::turns::{Turn, windows};
use super::{Pair, Rep3};
use crate::prss::{next, previous};
use crate::share::{BitLinear, Linear};
use crate::{Result, Side, Split};

const STEP: Step = Step("summands");

impl<R: Integer> Rep3<R> {
    /// The bits of `u` and of `v`, added without carry: P2 shares those of `u` with a mask that P0
    /// knows; those of `v` are the component of P0 and P1. One round, one bit for each.
    pub(super) fn summand_sums(
        &mut self,
        x: &Linear<R, 2>,
        bits: u32,
        split: Split,
    ) -> Result<BitLinear<2>> {
        let [first, second] = &x.0;
        let (len, bits) = (first.len(), bits as usize);
        let draw = self.prss.next_draw();
        let mut out: Pair<Bits> = [(); 2].map(|()| zeroed(bits * Planes::words_per_plane(len)));
        let mut put = |turn: &Turn, parts: [&[Bits]; 2]| {
            out.iter_mut().zip(parts).for_each(|(out, part)| turn.put(out, bits, part));
        };
        for turns in windows(self.me(), len, R::BYTES) {
            for turn in turns.clone() {
                let words = bits * turn.words();
                match turn.role {
                    0 => {
                        let mask: Vec<Bits> = self.prss.tile(Side::Left, draw, turn.tile, words);
                        let v = bits_of_v(&second[turn.range.clone()], bits, split);
                        put(&turn, [&mask, v.words()]);
                    }
                    1 => {}
                    _ => {
                        let mut u = first[turn.range.clone()].to_vec();
                        R::add_assign(&mut u, &second[turn.range.clone()]);
                        let mut masked = Planes::slice_values(&u, bits);
                        let mask: Vec<Bits> = self.prss.tile(Side::Right, draw, turn.tile, words);
                        Bits::add_assign(masked.words_mut(), &mask);
                        self.party.send(previous(self.me()), STEP, masked.words())?;
                        put(&turn, [masked.words(), &mask]);
                    }
                }
            }
            for turn in turns.filter(|turn| turn.role == 1) {
                let v = bits_of_v(&first[turn.range.clone()], bits, split);
                let masked: Vec<Bits> =
                    self.party.recv(next(self.me()), STEP, bits * turn.words())?;
                put(&turn, [v.words(), &masked]);
            }
        }
        Ok(BitLinear(out.map(|words| Planes::from_words(len, words))))
    }

    /// Takes [`Self::summand_sums`] apart: `v` has the component that P0 and P1 share, P0's
    /// second and P1's first, and `u` the others.
    pub(super) fn summand_pair(
        &self,
        sums: &BitLinear<2>,
        bits: u32,
    ) -> (BitLinear<2>, BitLinear<2>) {
        let (len, bits) = (sums.0[0].len(), bits as usize);
        let zero = || [(); 2].map(|()| Planes::zero(len, bits));
        let (mut u, mut v) = (zero(), zero());
        for turn in windows(self.me(), len, R::BYTES).flatten() {
            for (i, sum) in sums.0.iter().enumerate() {
                let shared = usize::from(turn.role) + i == 1;
                let to = if shared { &mut v[i] } else { &mut u[i] };
                turn.put(to.words_mut(), bits, &turn.take(sum.words(), bits));
            }
        }
        (BitLinear(u), BitLinear(v))
    }
}

pub(super) fn bits_of_v<R: Integer>(x: &[R], bits: usize, split: Split) -> Planes {
    match split {
        Split::Sum => Planes::slice_values(x, bits),
        Split::Difference => {
            let mut negated = zeroed(x.len());
            R::sub_assign(&mut negated, x);
            Planes::slice_values(&negated, bits)
        }
    }
}
