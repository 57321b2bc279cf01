//! The reference interpreter: a share is the value itself, nothing is secret.
//!
//! Setting: one process, everybody's inputs. Adversary: none. It exists so that the same
//! program that runs on shares can be run on values: the oracle of the conformance suite,
//! and the rehearsal of a study on synthetic data. No study can ask for it.
//! Source: the program itself; where a protocol rounds at random, this rounds down.

use sharewell_net::PartyId;
use sharewell_ring::{Bits, Dims, Integer, Key, Planes, Prg, Ring, Z32, Z64};

use crate::rows::{self, permuted, sources};
use crate::share::{block_len, blocks};
use crate::{
    Arithmetic, BitLinear, BitShare, Error, Linear, Protocol, Result, Rows, Security, Share, Split,
    Suspects, Way,
};

/// The interpreter; `new` seeds what stands for joint randomness.
#[derive(Debug)]
pub struct Plain<R> {
    random: Prg,
    draws: u64,
    ring: std::marker::PhantomData<R>,
}

impl<R: Integer> Plain<R> {
    /// With a seed for random values.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        let key = Key(u128::from(seed).to_le_bytes());
        Self { random: Prg::new(&key), draws: 0, ring: std::marker::PhantomData }
    }

    fn child<S: Integer>(&mut self) -> Plain<S> {
        Plain::new(self.uniform::<Z64>(1)[0].0)
    }

    fn uniform<T: Ring>(&mut self, len: usize) -> Vec<T> {
        self.draws += 1;
        let mut out = vec![T::ZERO; len];
        self.random.fill(self.draws, 0, &mut out);
        out
    }
}

type PlainRows<R> = Rows<Linear<R, 1>, BitLinear<1>>;

/// `floor(x / 2^by)` of the signed value.
fn floor<R: Integer>(x: &[R], by: u32) -> Vec<R> {
    x.iter().map(|x| R::from_i128(x.to_i128() >> by)).collect()
}

impl<R: Integer> Arithmetic for Plain<R> {
    type Ring = R;
    type AShare = Linear<R, 1>;

    const SECURITY: Security = Security::None;

    fn public(&self, x: &[R]) -> Linear<R, 1> {
        Linear([x.to_vec()])
    }
    fn input(&mut self, mine: &[R], lens: &[usize]) -> Result<Vec<Linear<R, 1>>> {
        assert_eq!(mine.len(), lens.iter().sum::<usize>(), "everybody's inputs");
        let mut rest = mine;
        let take = |&len: &usize| {
            let (mine, others) = rest.split_at(len);
            rest = others;
            Linear([mine.to_vec()])
        };
        Ok(lens.iter().map(take).collect())
    }
    fn random(&mut self, len: usize) -> Result<Linear<R, 1>> {
        Ok(Linear([self.uniform(len)]))
    }
    fn mul(&mut self, x: &Linear<R, 1>, y: &Linear<R, 1>) -> Result<Linear<R, 1>> {
        let mut z = x.clone();
        z.scale(&y.0[0]);
        Ok(z)
    }
    fn dot(&mut self, x: &Linear<R, 1>, y: &Linear<R, 1>, rows: usize) -> Result<Linear<R, 1>> {
        let rows = blocks(&x.0[0], rows).zip(blocks(&y.0[0], rows));
        Ok(Linear([rows.map(|(x, y)| R::dot(x, y)).collect()]))
    }
    fn mul_sum(
        &mut self,
        x: &Linear<R, 1>,
        y: &Linear<R, 1>,
        terms: usize,
    ) -> Result<Linear<R, 1>> {
        let products = self.mul(x, y)?;
        let mut out = vec![R::ZERO; block_len(products.len(), terms)];
        blocks(&products.0[0], terms).for_each(|block| R::add_assign(&mut out, block));
        Ok(Linear([out]))
    }
    fn matmul(&mut self, x: &Linear<R, 1>, y: &Linear<R, 1>, d: Dims) -> Result<Linear<R, 1>> {
        let mut z = vec![R::ZERO; d.m * d.n];
        R::matmul_add(&mut z, &x.0[0], &y.0[0], d);
        Ok(Linear([z]))
    }
    fn partial_open(&mut self, x: &Linear<R, 1>) -> Result<Vec<R>> {
        Ok(x.0[0].clone())
    }
    fn partial_open_to(&mut self, x: &Linear<R, 1>, _: &[PartyId]) -> Result<Option<Vec<R>>> {
        Ok(Some(x.0[0].clone()))
    }
    fn verify(&mut self) -> Result<()> {
        Ok(())
    }
    fn fork(&mut self) -> Result<Self> {
        Ok(self.child())
    }
    fn absorb(&mut self, _: Self) {}
}

impl<R: Integer> Protocol for Plain<R> {
    type BShare = BitLinear<1>;
    type Shuffle = Vec<u32>;
    type Index = Plain<Z32>;

    fn public_bits(&self, x: &Planes) -> BitLinear<1> {
        BitLinear([x.clone()])
    }
    fn random_bits(&mut self, len: usize, width: usize) -> Result<BitLinear<1>> {
        let words = self.uniform(width * Planes::words_per_plane(len));
        Ok(BitLinear([Planes::from_words(len, words)]))
    }
    fn and(&mut self, x: &BitLinear<1>, y: &BitLinear<1>) -> Result<BitLinear<1>> {
        let mut z = x.0[0].clone();
        Bits::mul_assign(z.words_mut(), y.0[0].words());
        Ok(BitLinear([z]))
    }
    fn partial_open_bits(&mut self, x: &BitLinear<1>) -> Result<Planes> {
        Ok(x.0[0].clone())
    }
    fn summands(
        &mut self,
        x: &Linear<R, 1>,
        bits: u32,
        _: Split,
    ) -> Result<(BitLinear<1>, BitLinear<1>)> {
        let u = Planes::slice_values(&x.0[0], bits as usize);
        Ok((BitLinear([u]), BitLinear([Planes::zero(x.len(), bits as usize)])))
    }
    fn b2a(&mut self, x: &BitLinear<1>) -> Result<Linear<R, 1>> {
        let width = x.0[0].width();
        let plane = |p| x.pick(&[p]).0[0].to_values::<R>();
        Ok(Linear([(0..width).flat_map(plane).collect()]))
    }
    fn index(&mut self) -> Result<Plain<Z32>> {
        Ok(self.child())
    }
    fn absorb_index(&mut self, _: Plain<Z32>) {}
    fn draw_shuffle(&mut self, len: usize) -> Result<Vec<u32>> {
        self.draws += 1;
        let (random, draw) = (&self.random, self.draws);
        let words = (0..).map(|block| {
            let mut word = [Z64::ZERO];
            random.fill(draw, block, &mut word);
            word[0].0
        });
        Ok(rows::uniform(len, words))
    }
    fn shuffle(&mut self, by: &Vec<u32>, way: Way, rows: PlainRows<R>) -> Result<PlainRows<R>> {
        let index: Vec<u32> = permuted(&(0..by.len() as u32).collect::<Vec<_>>(), by, way);
        let index: Vec<usize> = index.into_iter().map(|i| i as usize).collect();
        let ints = rows.ints.iter().map(|x| x.gather(&index)).collect();
        Ok(Rows { ints, bits: rows.bits.iter().map(|x| x.gather(&index)).collect() })
    }
    fn shuffle_open(
        &mut self,
        by: &Vec<u32>,
        to: Linear<R, 1>,
        rows: PlainRows<R>,
    ) -> Result<(Vec<usize>, PlainRows<R>)> {
        let opened = permuted(&to.0[0], by, Way::Forward);
        let order = sources(&opened).ok_or_else(|| Error::Cheating {
            step: "shuffle open",
            suspects: Suspects::default(),
        })?;
        Ok((order, self.shuffle(by, Way::Forward, rows)?))
    }
    fn trunc(&mut self, x: &Linear<R, 1>, by: u32) -> Result<Linear<R, 1>> {
        Ok(Linear([floor(&x.0[0], by)]))
    }
    fn trunc_exact(&mut self, x: &Linear<R, 1>, by: u32) -> Result<Linear<R, 1>> {
        self.trunc(x, by)
    }
}
