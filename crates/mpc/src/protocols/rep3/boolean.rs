//! Bits: the same sharing over XOR, and the ways between the two worlds.

use sharewell_net::Step;
use sharewell_ring::{Bits, Dims, Integer, Planes, Ring, Z32, zeroed};

use super::shuffle::{SharedRows, Shuffle};
use super::{Rep3, cross, matmul_part};
use crate::prss::{next, previous};
use crate::share::Linear;
use crate::{Arithmetic, BitLinear, BitShare, Protocol, Result, Side, Split, Way};

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
        self.party.send(next(self.me()), STEP, x.0[0].words())?;
        let words = x.0[0].words().len();
        let mut out: Vec<Bits> = self.party.recv(previous(self.me()), STEP, words)?;
        for x in &x.0 {
            Bits::add_assign(&mut out, x.words());
        }
        Ok(Planes::from_words(x.len(), out))
    }

    /// P2 shares the bits of `u` with a mask that P0 knows; those of `v` are a sharing as
    /// they stand.
    fn summands(
        &mut self,
        x: &Linear<R, 2>,
        bits: u32,
        split: Split,
    ) -> Result<(BitLinear<2>, BitLinear<2>)> {
        const STEP: Step = Step("summands");
        let (len, bits) = (x.0[0].len(), bits as usize);
        let words = bits * Planes::words_per_plane(len);
        let draw = self.prss.next_draw();
        let zero = || Planes::zero(len, bits);
        let v = |x: &[R]| match split {
            Split::Sum => Planes::slice_values(x, bits),
            Split::Difference => {
                let negated: Vec<R> = x.iter().map(|&x| -x).collect();
                Planes::slice_values(&negated, bits)
            }
        };
        let whole = |words: Vec<Bits>| Planes::from_words(len, words);
        let [first, second] = &x.0;
        Ok(match self.me().0 {
            0 => {
                let mask = whole(self.prss.uniform(Side::Left, draw, words));
                (BitLinear([mask, zero()]), BitLinear([zero(), v(second)]))
            }
            1 => {
                let masked = whole(self.party.recv(next(self.me()), STEP, words)?);
                (BitLinear([zero(), masked]), BitLinear([v(first), zero()]))
            }
            _ => {
                let mut u = first.clone();
                R::add_assign(&mut u, second);
                let mut masked = Planes::slice_values(&u, bits);
                let mask: Vec<Bits> = self.prss.uniform(Side::Right, draw, words);
                Bits::add_assign(masked.words_mut(), &mask);
                self.party.send(previous(self.me()), STEP, masked.words())?;
                (BitLinear([masked, whole(mask)]), BitLinear([zero(), zero()]))
            }
        })
    }

    fn b2a(&mut self, x: &BitLinear<2>) -> Result<Linear<R, 2>> {
        let len = x.0[0].len() * x.0[0].width();
        self.combined(x, len, |bits| bits)
    }

    fn b2a_dot(&mut self, x: &BitLinear<2>, weights: &[Vec<R>]) -> Result<Linear<R, 2>> {
        let len = x.len();
        let width = x.0[0].width();
        assert!(len == 0 || weights.iter().all(|row| row.len() == width), "a weight a plane");
        self.combined(x, len * weights.len(), |bits| weighted(&bits, len, weights))
    }

    fn one_hot(&mut self, x: &BitLinear<2>, width: usize) -> Result<Linear<R, 2>> {
        self.indicators(x, width)
    }

    fn destinations(&mut self, hot: &Linear<R, 2>, n: usize) -> Result<Linear<R, 2>> {
        self.destinations_of(hot, n)
    }

    fn index(&mut self) -> Result<Rep3<Z32>> {
        Ok(self.child())
    }

    fn absorb_index(&mut self, child: Rep3<Z32>) {
        self.party.absorb(&child.party);
    }

    fn draw_shuffle(&mut self, len: usize) -> Result<Shuffle> {
        Ok(Shuffle::draw(self, len))
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
        let z = self.masked(x.0[0].len(), |tile, z| cross(z, &x.0, &y.0, tile), |_, _| Ok(()))?;
        self.trunc_fused(z, by)
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
        let z = self.masked(part.len(), |tile, z| R::add_assign(z, &part[tile]), |_, _| Ok(()))?;
        self.trunc_fused(z, by)
    }
}

impl<R: Integer> Rep3<R> {
    /// With `b = u xor v`, `u` known to P2 and `v` to P0 and P1: `b = v + u - 2 u v`, where
    /// P2 shares `u` as `s0 + s2` and P0 and P1 each reshare their product with `v`. What is
    /// linear in `b`, `combine`, is taken of `u`, `v` and the products before they are reshared.
    fn combined(
        &mut self,
        x: &BitLinear<2>,
        results: usize,
        combine: impl Fn(Vec<R>) -> Vec<R>,
    ) -> Result<Linear<R, 2>> {
        const SHARE: Step = Step("b2a share");
        const CROSS: Step = Step("b2a cross");
        let [first, second] = &x.0;
        let len = first.len() * first.width();
        let [s_draw, r_draw, t_draw] = [(); 3].map(|()| self.prss.next_draw());
        let (left, right) = (previous(self.me()), next(self.me()));
        let double = |x: &[R]| -> Vec<R> { x.iter().map(|&x| x + x).collect() };
        let minus = |mut x: Vec<R>, y: &[R]| {
            R::sub_assign(&mut x, y);
            x
        };
        Ok(Linear(match self.me().0 {
            0 => {
                let v: Vec<R> = lift(second);
                let s0 = self.prss.uniform::<R>(Side::Left, s_draw, len);
                let r = self.prss.uniform::<R>(Side::Right, r_draw, results);
                let t = self.prss.uniform::<R>(Side::Right, t_draw, results);
                let mut product = s0.clone();
                R::mul_assign(&mut product, &v);
                let rest = minus(combine(product), &r);
                self.party.send(left, CROSS, &rest)?;
                let mut masks = r;
                R::add_assign(&mut masks, &t);
                [minus(combine(s0), &double(&rest)), minus(combine(v), &double(&masks))]
            }
            1 => {
                let v: Vec<R> = lift(first);
                let r = self.prss.uniform::<R>(Side::Left, r_draw, results);
                let t = self.prss.uniform::<R>(Side::Left, t_draw, results);
                let s2: Vec<R> = self.party.recv(right, SHARE, len)?;
                let mut product = s2.clone();
                R::mul_assign(&mut product, &v);
                let rest = minus(combine(product), &t);
                self.party.send(right, CROSS, &rest)?;
                let mut masks = r;
                R::add_assign(&mut masks, &t);
                [minus(combine(v), &double(&masks)), minus(combine(s2), &double(&rest))]
            }
            _ => {
                let mut bits = first.clone();
                Bits::add_assign(bits.words_mut(), second.words());
                let s0 = self.prss.uniform::<R>(Side::Right, s_draw, len);
                let s2 = minus(lift(&bits), &s0);
                self.party.send(left, SHARE, &s2)?;
                let from_0: Vec<R> = self.party.recv(right, CROSS, results)?;
                let from_1: Vec<R> = self.party.recv(left, CROSS, results)?;
                [minus(combine(s2), &double(&from_1)), minus(combine(s0), &double(&from_0))]
            }
        }))
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

/// Every bit as a ring element, plane after plane.
fn lift<R: Integer>(x: &Planes) -> Vec<R> {
    let mut out = Vec::with_capacity(x.len() * x.width());
    for plane in 0..x.width() {
        let words = x.planes(plane..plane + 1);
        out.extend((0..x.len()).map(|i| R::from_u128(u128::from(words[i / 64].0 >> (i % 64) & 1))));
    }
    out
}
