//! Carries of the two summands `x = u + v`, a block of bits at once.
//!
//! Whether a block generates a carry and whether it propagates one are polynomials over Z_2,
//! linear in the products of `u`'s bits and linear in the products of `v`'s:
//!
//! ```text
//! generate  = sum over S of u^S v^T(S)     S not empty; T(S): the lowest place of S, and those above it outside S
//! propagate = sum over S of u^S v^(all-S)
//! ```
//!
//! P2 knows `u` and P0 and P1 know `v`. So P2 shares the products of its bits, which costs one
//! bit for each, and every polynomial costs two more: P0 multiplies its component of the
//! products, P1 multiplies the other, and each reshares the sum, as in `b2a`. Blocks of four
//! bits replace the sharing of bits, the first gates and two levels of the tree, which would take
//! four rounds: 373 bits and 6 rounds for a sign of 64 bits, where one bit at a time takes 610
//! and 7. Roles go round as in `turns`.
//!
//! | message | why it says nothing to its receiver |
//! |---|---|
//! | P2 to P1: products of `u`'s bits | masked by a draw of K0, which P1 lacks |
//! | P0 to P2: its part of the polynomials | masked by a draw of K1, which P2 lacks |
//! | P1 to P2: its part | masked by another draw of K1 |
//!
//! Source: sharing of values known to one party and products with values known to the other
//! two as in ABY3 (eprint 2018/403) 5.4; all products of a block's bits at once as in the leaves
//! of CrypTFlow2's comparison (eprint 2020/1002) 3.1, there by oblivious transfer.

use std::ops::Range;

use sharewell_net::Step;
use sharewell_ring::{Bits, Integer, Planes, Ring, zeroed};

use super::turns::{Turn, windows};
use super::{Pair, Rep3};
use crate::prss::{next, previous};
use crate::share::{BitLinear, Linear};
use crate::{Blocks, Carries, Lookahead, Result, Side};

const PRODUCTS: Step = Step("carry products");
const PART: Step = Step("carry part");

/// Bits of a block: one more would cost more products than it saves gates.
pub(super) const BLOCK: usize = 4;

/// Planes that P2 shares: the products of each block's bits, and the top bit or all bits.
pub(super) fn products(blocks: &Blocks) -> usize {
    blocks.ranges().map(|block| (1 << block.len()) - 1).sum::<usize>() + 1
}

/// Planes of the polynomials.
pub(super) fn polynomials(blocks: &Blocks) -> usize {
    blocks.generates() + blocks.propagates()
}

/// A lookahead under way.
struct Work {
    blocks: Blocks,
    bits: Range<usize>,
    mask: u64,
    zero: [u64; 2],
    sums: Pair<Bits>,
    carries: Pair<Bits>,
}

impl Work {
    /// The tile's part of both components.
    fn put(&mut self, turn: &Turn, sums: [&[Bits]; 2], carries: [&[Bits]; 2]) {
        for i in 0..2 {
            turn.put(&mut self.sums[i], self.blocks.sums(), sums[i]);
            turn.put(&mut self.carries[i], polynomials(&self.blocks), carries[i]);
        }
    }

    /// Words of a tile's part of the polynomials.
    fn part(&self, turn: &Turn) -> usize {
        polynomials(&self.blocks) * turn.words()
    }

    /// The products of the bits in each block, then the top bit.
    fn products<R: Integer>(&self, x: &[R]) -> Vec<Bits> {
        let words = Planes::words_per_plane(x.len());
        let planes = Planes::slice_values(x, self.bits.end);
        let mut out = Vec::with_capacity(products(&self.blocks) * words);
        for block in self.blocks.ranges() {
            push_products(
                &mut out,
                planes.planes(self.bits.start + block.start..self.bits.start + block.end),
                words,
            );
        }
        out.extend_from_slice(planes.planes(self.bits.end - 1..self.bits.end));
        out
    }

    /// The bits whose sums are wanted, of those products.
    fn bits(&self, products: &[Bits], words: usize) -> Vec<Bits> {
        let plane = |at: usize| &products[at * words..(at + 1) * words];
        let mut out = Vec::with_capacity(self.blocks.sums() * words);
        let mut at = 0;
        for block in self.blocks.ranges() {
            if self.blocks.sums() > 1 {
                (0..block.len()).for_each(|i| out.extend_from_slice(plane(at + (1 << i) - 1)));
            }
            at += (1 << block.len()) - 1;
        }
        out.extend_from_slice(plane(at));
        out
    }

    /// The polynomials in `v` and one component of the products of `u`, without their part in
    /// `v` alone.
    fn evaluate(&self, u: &[Bits], v: &[Bits], words: usize) -> Vec<Bits> {
        let mut out = zeroed(polynomials(&self.blocks) * words);
        let mut planes = out.chunks_exact_mut(words);
        let mut each = |propagates: bool| {
            let mut at = 0;
            for (i, block) in self.blocks.ranges().enumerate() {
                let plane = |set: usize| (at + set - 1) * words..(at + set) * words;
                let term = |out: &mut [Bits], s: usize, t: usize| {
                    Bits::mul_add(out, &u[plane(s)], &v[plane(t)]);
                };
                for size in self.blocks.parts(&block) {
                    let all = (1usize << size) - 1;
                    if !propagates {
                        let out = planes.next().expect("a plane for each polynomial");
                        for s in 1..=all {
                            let lowest = s.trailing_zeros();
                            term(out, s, (all ^ s) >> lowest << lowest | 1 << lowest);
                        }
                    } else if i > 0 {
                        let out = planes.next().expect("a plane for each polynomial");
                        (1..all).for_each(|s| term(out, s, all ^ s));
                        Bits::add_assign(out, &u[plane(all)]);
                    }
                }
                at += (1 << block.len()) - 1;
            }
        };
        each(false);
        each(true);
        out
    }

    /// What the polynomials have in `v` alone.
    fn alone(&self, v: &[Bits], words: usize) -> Vec<Bits> {
        let mut out = zeroed(self.blocks.generates() * words);
        let mut at = 0;
        for (i, block) in self.blocks.ranges().enumerate() {
            for size in self.blocks.parts(&block).filter(|_| i > 0) {
                let all = at + (1 << size) - 1;
                out.extend_from_slice(&v[(all - 1) * words..all * words]);
            }
            at += (1 << block.len()) - 1;
        }
        out
    }
}

impl<R: Integer> Rep3<R> {
    /// Two rounds; in all a bit for each product of `u`'s bits and two for each polynomial.
    pub(super) fn carries(
        &mut self,
        x: &Linear<R, 2>,
        bits: Range<u32>,
        which: Carries,
    ) -> Result<Lookahead<BitLinear<2>>> {
        let [first, second] = &x.0;
        let len = first.len();
        let mut work = self.begin_carries(len, bits, which);
        for turns in windows(self.me(), len, R::BYTES) {
            for turn in turns.clone() {
                match turn.role {
                    0 => self.carries_0(&mut work, &turn, &second[turn.range.clone()])?,
                    1 => {}
                    _ => {
                        let mut u = first[turn.range.clone()].to_vec();
                        R::add_assign(&mut u, &second[turn.range.clone()]);
                        self.carries_2(&mut work, &turn, &u)?;
                    }
                }
            }
            for turn in turns.clone() {
                match turn.role {
                    0 => {}
                    1 => self.carries_1(&mut work, &turn, &first[turn.range.clone()])?,
                    _ => {
                        let z0: Vec<Bits> =
                            self.party.recv(next(self.me()), PART, work.part(&turn))?;
                        work.put(&turn, [&[]; 2], [&[], &z0]);
                    }
                }
            }
            for turn in turns.filter(|turn| turn.role == 2) {
                let z2: Vec<Bits> = self.party.recv(previous(self.me()), PART, work.part(&turn))?;
                work.put(&turn, [&[]; 2], [&z2, &[]]);
            }
        }
        let Work { blocks, sums, carries, .. } = work;
        let planes = |words: Vec<Bits>| Planes::from_words(len, words);
        let at = blocks.generates() * Planes::words_per_plane(len);
        let [mut generate, mut propagate] = [carries, Default::default()];
        for (generate, propagate) in generate.iter_mut().zip(&mut propagate) {
            *propagate = generate.split_off(at);
            generate.shrink_to_fit();
        }
        let [sums, generate, propagate] =
            [sums, generate, propagate].map(|words| BitLinear(words.map(planes)));
        Ok(Lookahead { blocks, sums, generate, propagate })
    }

    fn begin_carries(&mut self, len: usize, bits: Range<u32>, which: Carries) -> Work {
        let blocks = Blocks::new(bits.end - bits.start, BLOCK, which);
        let zero = |planes: usize| -> Pair<Bits> {
            [(); 2].map(|()| zeroed(planes * Planes::words_per_plane(len)))
        };
        let (sums, carries) = (zero(blocks.sums()), zero(polynomials(&blocks)));
        let [mask, zero_0, zero_1] = [(); 3].map(|()| self.prss.next_draw());
        Work {
            blocks,
            bits: bits.start as usize..bits.end as usize,
            mask,
            zero: [zero_0, zero_1],
            sums,
            carries,
        }
    }

    /// P0: its part is complete from the start.
    fn carries_0(&mut self, work: &mut Work, turn: &Turn, v: &[R]) -> Result<()> {
        let v = work.products(v);
        let mask = self.prss.tile(Side::Left, work.mask, turn.tile, v.len());
        let sums = [work.bits(&mask, turn.words()), work.bits(&v, turn.words())];
        let [rest, shared] = self.reshare_part(work, turn, [&mask, &v])?;
        work.put(turn, sums.each_ref().map(|x| &x[..]), [&rest, &shared]);
        Ok(())
    }

    fn carries_1(&mut self, work: &mut Work, turn: &Turn, v: &[R]) -> Result<()> {
        let v = work.products(v);
        let masked: Vec<Bits> = self.party.recv(next(self.me()), PRODUCTS, v.len())?;
        let sums = [work.bits(&v, turn.words()), work.bits(&masked, turn.words())];
        let [rest, shared] = self.reshare_part(work, turn, [&masked, &v])?;
        work.put(turn, sums.each_ref().map(|x| &x[..]), [&shared, &rest]);
        Ok(())
    }

    fn carries_2(&mut self, work: &mut Work, turn: &Turn, u: &[R]) -> Result<()> {
        let mut masked = work.products(u);
        let mask: Vec<Bits> = self.prss.tile(Side::Right, work.mask, turn.tile, masked.len());
        Bits::add_assign(&mut masked, &mask);
        self.party.send(previous(self.me()), PRODUCTS, &masked)?;
        let sums = [work.bits(&masked, turn.words()), work.bits(&mask, turn.words())];
        work.put(turn, sums.each_ref().map(|x| &x[..]), [&[]; 2]);
        Ok(())
    }

    /// P0 and P1: the part of the polynomials that the own component of the products gives,
    /// masked and sent to P2; and the component that P0 and P1 share.
    fn reshare_part(
        &mut self,
        work: &Work,
        turn: &Turn,
        [u, v]: [&[Bits]; 2],
    ) -> Result<[Vec<Bits>; 2]> {
        let (me, words) = (self.me(), turn.words());
        let (side, to) =
            if turn.role == 0 { (Side::Right, previous(me)) } else { (Side::Left, next(me)) };
        let mut rest = work.evaluate(u, v, words);
        let masks = work.zero.map(|draw| self.prss.tile::<Bits>(side, draw, turn.tile, rest.len()));
        Bits::add_assign(&mut rest, &masks[usize::from(turn.role)]);
        self.party.send(to, PART, &rest)?;
        let mut shared = work.alone(v, words);
        masks.iter().for_each(|mask| Bits::add_assign(&mut shared, mask));
        Ok([rest, shared])
    }
}

/// The products of the planes' bits, for every set of planes but the empty one: that of the set
/// whose places are the ones of a number `s` is plane `s - 1`.
fn push_products(out: &mut Vec<Bits>, planes: &[Bits], words: usize) {
    let start = out.len();
    for plane in planes.chunks_exact(words) {
        let end = out.len();
        out.extend_from_slice(plane);
        out.extend_from_within(start..end);
        for product in out[end + words..].chunks_exact_mut(words) {
            Bits::mul_assign(product, plane);
        }
    }
}
