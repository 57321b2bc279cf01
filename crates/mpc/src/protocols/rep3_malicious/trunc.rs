//! Truncation without wrap failure, from the three components.
//!
//! With `OFF = 2^(k-2)` added to component 0 and `y_j` the low `f` bits of the components,
//! `sum (x_j >> f) = floor(x' / 2^f) + q 2^(k-f) - floor((y_0 + y_1 + y_2) / 2^f)` of the sum `x'`
//! modulo `2^k`, which went over it `q` times. A layer of full adders on the components leaves
//! summands `u` and `v` and the carry `m` out of its top; since `x' < 2^(k-1)`, these wrap where
//! either has its top bit set: `q = m + (msb(u) | msb(v))`.
//!
//! The low bits carry twice at most. `c`, the carry of `y_0 + y_1`, is computed; the other, of
//! `y_2` and what is left, is not, and one is put in its place: as `y_2` is uniform, that rounds up
//! as often as the fraction says. Exactly, the low bits carry `m'` out of the full adders, and as
//! the sums and carries of these do.
//!
//! Source of the identities: the truncation family of Keller (eprint 2025/919). Rounds: five, and
//! those of a carry of `f` bits.

use sharewell_ring::Planes;

use super::domain::Authentic;
use super::ledger::chunk_of;
use super::{Authenticated, Rep3Malicious};
use crate::chunks::{chunk, in_chunks};
use crate::{Arithmetic, BitLinear, BitShare, Protocol, Result, Share, circuit};

/// Wires that a truncation owes at most: four lifted bits and the shifted value.
pub(super) const WIRES_OF_TRUNC: usize = 21;

/// What stands for the carries of the low bits.
#[derive(Copy, Clone, PartialEq, Eq)]
enum Carry {
    /// One of two, and one.
    Chance,
    /// Both.
    Exact,
}

impl<R: Authentic> Rep3Malicious<R> {
    pub(super) fn truncated(&mut self, x: &Authenticated<R>, by: u32) -> Result<Authenticated<R>> {
        self.truncated_with(x, by, Carry::Chance)
    }

    /// Rounded down.
    pub(super) fn truncated_exactly(
        &mut self,
        x: &Authenticated<R>,
        by: u32,
    ) -> Result<Authenticated<R>> {
        self.truncated_with(x, by, Carry::Exact)
    }

    fn truncated_with(
        &mut self,
        x: &Authenticated<R>,
        by: u32,
        carry: Carry,
    ) -> Result<Authenticated<R>> {
        assert!(by <= R::BITS - 2, "truncation by {by} of {} bits", R::BITS);
        if by == 0 {
            return Ok(x.clone());
        }
        let [out] = in_chunks(self, x.len(), chunk_of(WIRES_OF_TRUNC), |p, range| {
            let x = chunk::<Self>(x, range);
            Ok([p.at_once(|p| p.truncated_chunk(&x, by, carry))?])
        })?;
        Ok(out)
    }

    fn truncated_chunk(
        &mut self,
        x: &Authenticated<R>,
        by: u32,
        carry: Carry,
    ) -> Result<Authenticated<R>> {
        let (len, low, top) = (x.len(), by as usize, R::BITS as usize - 1);
        let mut parts = x.narrow();
        if let Some(place) = self.place(0) {
            parts[place].iter_mut().for_each(|x| *x = *x + R::ONE.shl(R::BITS - 2));
        }
        let planes = BitLinear(parts.each_ref().map(|x| Planes::slice_values(x, top + 1)));
        let (mut bits, mut carries) = match carry {
            Carry::Chance => {
                let below = planes.pick(&(0..low).collect::<Vec<_>>());
                let [first, second] = [[1, 2], [0, 2]].map(|others| self.without(&below, &others));
                let carried = circuit::carry(self, &first, &second, low)?;
                (vec![carried], self.majority(&planes.pick(&[top - 1, top]))?)
            }
            Carry::Exact => {
                let wanted: Vec<usize> = (0..low).chain([top - 1, top]).collect();
                let majority = self.majority(&planes.pick(&wanted))?;
                let out = majority.pick(&[low - 1]);
                let shifted = BitLinear::stack(&[
                    &self.public_bits(&Planes::zero(len, 1)),
                    &majority.pick(&(0..low - 1).collect::<Vec<_>>()),
                ]);
                let sums = planes.pick(&(0..low).collect::<Vec<_>>());
                let carried = circuit::carry(self, &sums, &shifted, low)?;
                (vec![out, carried], majority.pick(&[low, low + 1]))
            }
        };
        bits.extend(self.wraps(&planes.pick(&[top]), &mut carries)?);
        let lifted = self.b2a(&BitLinear::stack(&bits.iter().collect::<Vec<_>>()))?;
        let weight = |i: usize| if i < bits.len() - 2 { R::ONE } else { -R::ONE.shl(R::BITS - by) };
        let shifted = parts.map(|x| x.into_iter().map(|x| R::widen(x.shr(by))).collect());
        let mut out = self.authenticate(shifted)?;
        for i in 0..bits.len() {
            let mut bit = lifted.take(i * len..(i + 1) * len);
            bit.scale(&[weight(i)]);
            out += &bit;
        }
        let carried = if carry == Carry::Chance { R::ONE } else { R::ZERO };
        out += &self.public(&vec![carried - R::ONE.shl(R::BITS - 2 - by); len]);
        Ok(out)
    }

    /// How often the sum of the components goes over `2^k`, as two bits: the carry out of the full
    /// adders, and whether either summand has its top bit set, `a + b + ab`.
    fn wraps(
        &mut self,
        sign_u: &BitLinear<2>,
        carries: &mut BitLinear<2>,
    ) -> Result<[BitLinear<2>; 2]> {
        let sign_v = carries.pick(&[0]);
        let mut wraps = self.and(sign_u, &sign_v)?;
        wraps ^= sign_u;
        wraps ^= &sign_v;
        Ok([carries.pick(&[1]), wraps])
    }
}
