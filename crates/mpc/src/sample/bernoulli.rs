//! Biased coins.

use super::{CHUNK, Probability};
use crate::circuit::{Below, less_than_public};
use crate::{Protocol, Result, Rows, rows_in_chunks};

/// Digits to which a coin's probability may be asked for.
pub const DIGITS_MAX: u32 = 112;

/// Independent coins that nobody knows: plane `j` of the result is 1 with the probability
/// `chances[j]` rounded to the nearest multiple of `2^-digits`, in each of `len` places.
///
/// A coin is whether a uniform number of `digits` bits lies below `chance 2^digits`.
///
/// Distribution: exactly the rounded probability. From `chances[j]` that differs by at most
/// `2^-(digits+1)`, and with the error of a [`Probability`] by less than `2^-digits` from the
/// number that it stands for; multiples of `2^-digits`, 0 and 1 among them, are exact.
/// Cost: [`less_than_public`] of `digits` bits, less the trailing zeros of `chance 2^digits`:
/// below `2 digits` AND gates per coin, about `3 digits / 2`, in `log2(digits)` rounds.
/// Source: Champion, shelat, Ullman, CCS 2019 (eprint 2019/823), a coin by the binary digits
/// of its probability; differs: a tree instead of a scan.
///
/// # Errors
/// If a link fails.
///
/// # Panics
/// If `digits` is zero or above [`DIGITS_MAX`].
pub fn bernoulli<P: Protocol>(
    p: &mut P,
    chances: &[Probability],
    len: usize,
    digits: u32,
) -> Result<P::BShare> {
    assert!((1..=DIGITS_MAX).contains(&digits), "{digits} digits");
    let width = digits as usize;
    let coin = |(j, chance): (usize, &Probability)| Below {
        low: j * width,
        width,
        limit: chance.digits(digits),
    };
    let questions: Vec<Below> = chances.iter().enumerate().map(coin).collect();
    let mut coins = rows_in_chunks(p, len, CHUNK, |p, range| {
        let uniform = p.random_bits(range.len(), width * chances.len())?;
        Ok(Rows::bits(vec![less_than_public(p, &uniform, &questions)?]))
    })?;
    Ok(coins.bits.swap_remove(0))
}
