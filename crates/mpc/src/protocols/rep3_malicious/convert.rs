//! Between the ring and bits, by routes whose every product is checked.
//!
//! To bits: each component's bits are already a valid sharing at its two holders, so the value is
//! the sum of three bit-wise shared numbers; a layer of full adders leaves two (ABY3, eprint
//! 2018/403, 5.3).
//!
//! To the ring: the three components of a bit are trivially shared ring elements, and their
//! exclusive or takes two products, `y = b0 + b1 - 2 b0 b1` and `y + b2 - 2 y b2`. The tags of
//! the three, and of the products, make five wires; all seven elements travel in two rounds.

use std::ops::Range;

use sharewell_net::Step;
use sharewell_ring::{Planes, Ring, zeroed};

use super::domain::{Authentic, Tags};
use super::ledger::{chunk_of, shared};
use super::{Authenticated, Pair, Rep3Malicious, cross};
use crate::chunks::in_chunks;
use crate::{BitLinear, BitShare, Protocol, Result, Share, Split, circuit};

/// Wires that a lifted bit owes.
pub(super) const WIRES_OF_BIT: usize = 5;

impl<R: Authentic> Rep3Malicious<R> {
    /// Which of the two components that this party holds is component `of`, if either is.
    pub(super) fn place(&self, of: u8) -> Option<usize> {
        (0..2).find(|i| (self.me().0 + *i) % 3 == of).map(usize::from)
    }

    /// The same numbers with some components taken away.
    pub(super) fn without(&self, x: &BitLinear<2>, components: &[u8]) -> BitLinear<2> {
        let mut x = x.clone();
        for place in components.iter().filter_map(|of| self.place(*of)) {
            x.0[place] = Planes::zero(x.len(), x.0[place].width());
        }
        x
    }

    /// The carries of a layer of full adders, of the numbers whose bits are the components:
    /// `((a + c)(b + c)) + c`.
    pub(super) fn majority(&mut self, x: &BitLinear<2>) -> Result<BitLinear<2>> {
        let (a, b) = (self.without(x, &[1]), self.without(x, &[0]));
        let mut out = self.and(&a, &b)?;
        out ^= &self.without(x, &[0, 1]);
        Ok(out)
    }

    /// Two summands of `x`: the sums and the carries of a layer of full adders. One round, one
    /// gate a bit.
    ///
    /// As a difference: `x - 1 = u + v` makes `x = u - !v`.
    pub(super) fn summands_of(
        &mut self,
        x: &Authenticated<R>,
        bits: u32,
        split: Split,
    ) -> Result<(BitLinear<2>, BitLinear<2>)> {
        let mut parts = x.narrow();
        if let (Split::Difference, Some(place)) = (split, self.place(0)) {
            parts[place].iter_mut().for_each(|x| *x = *x - R::ONE);
        }
        let width = bits as usize;
        let u = BitLinear(parts.each_ref().map(|x| Planes::slice_values(x, width)));
        let low: Vec<usize> = (0..width.saturating_sub(1)).collect();
        let carries = self.majority(&u.pick(&low))?;
        let nothing = self.public_bits(&Planes::zero(x.len(), 1));
        let mut v = BitLinear::stack(&[&nothing, &carries]);
        if split == Split::Difference {
            circuit::not(self, &mut v, width);
        }
        Ok((u, v))
    }

    /// Each bit as a ring element. Two rounds, seven elements.
    pub(super) fn lifted(&mut self, x: &BitLinear<2>) -> Result<Authenticated<R>> {
        let width = if x.is_empty() { 0 } else { x.0[0].width() };
        let [out] = in_chunks(self, width * x.len(), chunk_of(WIRES_OF_BIT), |p, range| {
            let out = p.lifted_chunk(x, range)?;
            p.done([out])
        })?;
        Ok(out)
    }

    /// Bits from one plane after the other.
    fn lifted_chunk(&mut self, x: &BitLinear<2>, range: Range<usize>) -> Result<Authenticated<R>> {
        const STEP: Step = Step("b2a");
        let bits: Pair<R::Wide> = x.0.each_ref().map(|x| {
            let mut out: Vec<R> = zeroed(range.len());
            x.lift(range.start, &mut out);
            out.into_iter().map(R::widen).collect()
        });
        let (len, tags) = (bits[0].len(), Tags::of::<R>(&self.keys));
        let b = [0, 1, 2].map(|of| {
            let mut trivial: Pair<R::Wide> = [zeroed(len), zeroed(len)];
            if let Some(place) = self.place(of) {
                trivial[place].copy_from_slice(&bits[place]);
            }
            trivial
        });
        let [tag_0, tag_1, tag_2, both] =
            self.reshare::<R, 4>(STEP, len, |which, tile, z| match b.get(which) {
                Some(b) => tags.add(z, b, tile),
                None => cross(z, &b[0], &b[1], tile),
            })?;
        let y = exclusive::<R>(&b[0], &b[1], &both);
        let [both_tag, all, all_tag] =
            self.reshare::<R, 3>(STEP, len, |which, tile, z| match which {
                0 => cross(z, &tag_0, &b[1], tile),
                1 => cross(z, &b[2], &y, tile),
                _ => cross(z, &tag_2, &y, tile),
            })?;
        let y_tag = exclusive::<R>(&tag_0, &tag_1, &both_tag);
        let value = exclusive::<R>(&y, &b[2], &all);
        let tag = exclusive::<R>(&y_tag, &tag_2, &all_tag);
        let [b_0, b_1, b_2] = b;
        let owed = [(b_0, tag_0), (b_1, tag_1), (b_2, tag_2), (both, both_tag), (all, all_tag)];
        for (value, tag) in owed {
            self.ledger.owe::<R>(shared(value), shared(tag));
        }
        Ok(Authenticated { value: shared(value), tag: shared(tag) })
    }
}

/// `a + b - 2 ab`.
fn exclusive<R: Authentic>(
    a: &Pair<R::Wide>,
    b: &Pair<R::Wide>,
    both: &Pair<R::Wide>,
) -> Pair<R::Wide> {
    [0, 1].map(|i| {
        let mut out = a[i].clone();
        R::Wide::add_assign(&mut out, &b[i]);
        R::Wide::sub_assign(&mut out, &both[i]);
        R::Wide::sub_assign(&mut out, &both[i]);
        out
    })
}
