//! Weights to begin with, which everybody can make for themselves.

use sharewell_ring::{Key, Prg, Ring, Z64};

use super::network::{Network, Weights};

/// The stream of fresh weights.
const DOMAIN: u64 = 2;

impl Network {
    /// Weights to begin with, one matrix after the other: uniform, with a variance of two over the
    /// inputs, and biases of zero. The same at every party: nothing but a square root, which is
    /// exact everywhere, is taken of the seed's bits.
    ///
    /// Source: He, Zhang, Ren, Sun, Delving deep into rectifiers, 2015, 2.2.
    #[must_use]
    pub fn fresh(&self, seed: u64) -> Vec<f64> {
        let all = self.weights().iter().enumerate();
        all.flat_map(|(at, of)| fresh(of, seed, at as u64)).collect()
    }
}

fn fresh(of: &Weights, seed: u64, at: u64) -> Vec<f64> {
    let inputs = of.rows - 1;
    let mut drawn = vec![Z64::ZERO; inputs * of.columns];
    let key = Key((u128::from(at) << 64 | u128::from(seed)).to_le_bytes());
    Prg::new(&key).fill(DOMAIN, 0, &mut drawn);
    let most = (6.0 / inputs as f64).sqrt();
    let number = |x: Z64| {
        let whole = (x.0 >> 11) as f64 / (1u64 << 53) as f64;
        most * (2.0 * whole - 1.0)
    };
    drawn.into_iter().map(number).chain(std::iter::repeat_n(0.0, of.columns)).collect()
}
