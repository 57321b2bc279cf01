//! Bits: the same sharing over XOR, and the ways between the two worlds.

use std::ops::Range;

use sharewell_net::Step;
use sharewell_ring::{Bits, Dims, Integer, Planes, Ring, Z32, zeroed};

use super::Rep3;
use super::shuffle::SharedRows;
use crate::chunks::{bit_chunk, blocks_in_chunks};
use crate::replicated::shuffle::{Ends, Shuffle};
use crate::replicated::{cross, matmul_part, pass_on};
use crate::share::Linear;
use crate::{
    Arithmetic, BitLinear, BitShare, Carries, Lookahead, Protocol, Result, Side, Split, Test, Way,
};

impl<R: Integer> Protocol for Rep3<R> {
    type BShare = BitLinear<2>;
    type Shuffle = Shuffle;
    type Index = Rep3<Z32>;

    fn public_bits(&self, x: &Planes) -> BitLinear<2> {
        let zero = || Planes::zero(x.len(), x.width());
        BitLinear(match self.me().0 {
            0 => [x.clone(), zero()],
            1 => [zero(), zero()],
            _ => [zero(), x.clone()],
        })
    }

    fn random_bits(&mut self, len: usize, width: usize) -> Result<BitLinear<2>> {
        let draw = self.prss.next_draw();
        let words = width * Planes::words_per_plane(len);
        let part = |side| Planes::from_words(len, self.prss.uniform(side, draw, words));
        Ok(BitLinear([Side::Left, Side::Right].map(part)))
    }

    fn and(&mut self, x: &BitLinear<2>, y: &BitLinear<2>) -> Result<BitLinear<2>> {
        let (len, x, y) = (x.len(), x.0.each_ref(), y.0.each_ref());
        let words = x[0].words().len();
        assert_eq!(words, y[0].words().len(), "factors of different sizes");
        let z = self.reshare(Step("and"), words, |tile, z| {
            Bits::cross_add(
                z,
                x.map(|x| &x.words()[tile.clone()]),
                y.map(|y| &y.words()[tile.clone()]),
            );
        })?;
        Ok(BitLinear(z.map(|words| Planes::from_words(len, words))))
    }

    fn partial_open_bits(&mut self, x: &BitLinear<2>) -> Result<Planes> {
        const STEP: Step = Step("open bits");
        let mut out: Vec<Bits> = pass_on(&mut self.party, STEP, x.0[0].words())?;
        for x in &x.0 {
            Bits::add_assign(&mut out, x.words());
        }
        Ok(Planes::from_words(x.len(), out))
    }

    fn summands(
        &mut self,
        x: &Linear<R, 2>,
        bits: u32,
        split: Split,
    ) -> Result<(BitLinear<2>, BitLinear<2>)> {
        let sums = self.summand_sums(x, bits, split)?;
        Ok(self.summand_pair(&sums, bits))
    }

    fn difference_bits(&mut self, x: &Linear<R, 2>, bits: u32) -> Result<BitLinear<2>> {
        self.summand_sums(x, bits, Split::Difference)
    }

    fn lookahead(
        &mut self,
        x: &Linear<R, 2>,
        bits: Range<u32>,
        which: Carries,
    ) -> Result<Lookahead<BitLinear<2>>> {
        self.carries(x, bits, which)
    }

    fn test_quickly(&mut self, x: &Linear<R, 2>, bits: u32, test: Test) -> Result<BitLinear<2>> {
        self.quick_test(x, bits, test)
    }

    fn b2a(&mut self, x: &BitLinear<2>) -> Result<Linear<R, 2>> {
        self.lift(x, x.0[0].width(), |bits, _| bits)
    }

    fn b2a_dot(&mut self, x: &BitLinear<2>, weights: &[Vec<R>]) -> Result<Linear<R, 2>> {
        let width = x.0[0].width();
        let fit = x.is_empty() || weights.iter().all(|row| row.len() == width);
        assert!(fit, "a weight a plane");
        self.lift(x, weights.len(), |bits, len| weighted(&bits, len, weights))
    }

    fn mul_bits(&mut self, c: &BitLinear<2>, x: &Linear<R, 2>) -> Result<Linear<R, 2>> {
        self.inject(c, x)
    }

    fn one_hot(&mut self, x: &BitLinear<2>, width: usize) -> Result<Linear<R, 2>> {
        blocks_in_chunks(self, x.len(), |p, range| {
            p.indicators(&bit_chunk::<Self>(x, range), width)
        })
    }

    fn destinations(&mut self, hot: &Linear<R, 2>, n: usize) -> Result<Linear<R, 2>> {
        self.destinations_of(hot, n)
    }

    fn index(&mut self) -> Result<Rep3<Z32>> {
        Ok(self.child())
    }

    fn absorb_index(&mut self, child: Rep3<Z32>) {
        self.take_back(&child);
    }

    fn draw_shuffle(&mut self, len: usize) -> Result<Shuffle> {
        let ends = &mut Ends { party: &mut self.party, prss: &mut self.prss };
        Ok(Shuffle::draw(ends, &mut self.shuffles, len))
    }

    fn shuffle(&mut self, by: &Shuffle, way: Way, rows: SharedRows<R>) -> Result<SharedRows<R>> {
        self.shuffle_rows(by, way, rows)
    }

    fn shuffle_open(
        &mut self,
        by: &Shuffle,
        to: Linear<R, 2>,
        rows: SharedRows<R>,
    ) -> Result<(Vec<usize>, SharedRows<R>)> {
        self.shuffle_and_open(by, to, rows)
    }

    fn trunc(&mut self, x: &Linear<R, 2>, by: u32) -> Result<Linear<R, 2>> {
        self.trunc_alone(x, by)
    }

    fn mul_trunc(&mut self, x: &Linear<R, 2>, y: &Linear<R, 2>, by: u32) -> Result<Linear<R, 2>> {
        if by == 0 {
            return self.mul(x, y);
        }
        assert_eq!(x.0[0].len(), y.0[0].len(), "factors of different lengths");
        self.trunc_fused(x.0[0].len(), by, |tile, z| cross(z, &x.0, &y.0, tile))
    }

    fn matmul_trunc(
        &mut self,
        x: &Linear<R, 2>,
        y: &Linear<R, 2>,
        d: Dims,
        by: u32,
    ) -> Result<Linear<R, 2>> {
        if by == 0 {
            return self.matmul(x, y, d);
        }
        let part = matmul_part(&x.0, &y.0, d);
        self.trunc_fused(part.len(), by, |tile, z| R::add_assign(z, &part[tile]))
    }
}

/// For each row of weights the sum of weighted blocks of `len`.
fn weighted<R: Ring>(blocks: &[R], len: usize, weights: &[Vec<R>]) -> Vec<R> {
    let mut out = zeroed(len * weights.len());
    for (out, row) in out.chunks_exact_mut(len.max(1)).zip(weights) {
        for (block, &weight) in blocks.chunks_exact(len.max(1)).zip(row) {
            if weight != R::ZERO {
                out.iter_mut().zip(block).for_each(|(out, &x)| *out = *out + weight * x);
            }
        }
    }
    out
}
