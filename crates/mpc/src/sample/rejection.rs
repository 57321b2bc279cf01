//! How many candidates it takes, and which are accepted.

use sharewell_ring::Planes;

/// Candidates of which fewer than `len` are accepted with a probability of at most
/// `2^-(bits + 1)`, each accepted independently with a probability of at least `acceptance`.
///
/// By Chernoff's bound: of `m` candidates at most `len - 1` are accepted with a probability
/// below `exp(-m D)`, where `D` is the divergence of a coin of `(len - 1) / m` from one of
/// `acceptance`. One bit and a thousandth of the acceptance are spent on rounding, which is
/// the same everywhere: only exactly rounded operations take part.
pub(super) fn candidates(len: usize, acceptance: f64, bits: u32) -> usize {
    if len == 0 {
        return 0;
    }
    let acceptance = acceptance * 0.999;
    let needed = f64::from(bits + 2) * std::f64::consts::LN_2;
    let enough = |m: usize| {
        let (m, most) = (m as f64, (len - 1) as f64);
        let accepted = if most == 0.0 { 0.0 } else { most * ln(most / m / acceptance) };
        let rejected = (m - most) * ln((m - most) / m / (1.0 - acceptance));
        most < m * acceptance && accepted + rejected >= needed
    };
    let mut high = len.next_power_of_two();
    while !enough(high) {
        high *= 2;
    }
    let mut low = high / 2;
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        if enough(middle) { high = middle } else { low = middle }
    }
    high
}

/// The first `len` candidates, accepted ones before rejected ones, and how many are accepted.
///
/// # Panics
/// If there are fewer candidates.
pub(super) fn chosen(accepted: &Planes, len: usize) -> (Vec<usize>, usize) {
    let words = accepted.words();
    let is_accepted = |i: &usize| words[i / 64].0 >> (i % 64) & 1 == 1;
    let (mut index, others): (Vec<usize>, Vec<usize>) = (0..accepted.len()).partition(is_accepted);
    let count = index.len().min(len);
    index.extend(others);
    assert!(index.len() >= len, "{len} of {} candidates", index.len());
    index.truncate(len);
    (index, count)
}

/// The natural logarithm of a positive number, to 14 digits, by additions, multiplications
/// and divisions alone: those are rounded alike on every processor, a library's logarithm
/// is not.
fn ln(x: f64) -> f64 {
    let bits = x.to_bits();
    let exponent = (bits >> 52) as i64 - 1023;
    let mantissa = f64::from_bits(bits & ((1 << 52) - 1) | 1023 << 52);
    // 2 artanh(y), y up to 1/3
    let y = (mantissa - 1.0) / (mantissa + 1.0);
    let series = (0..18).rev().fold(0.0, |sum, k| sum * y * y + 1.0 / f64::from(2 * k + 1));
    exponent as f64 * std::f64::consts::LN_2 + 2.0 * y * series
}

#[cfg(test)]
mod tests {
    use super::{candidates, chosen, ln};
    use sharewell_ring::{Planes, Z64};

    #[test]
    fn the_logarithm_is_one() {
        for i in 1..2000 {
            let x = f64::from(i).powi(3) / 1e6;
            assert!((ln(x) - x.ln()).abs() <= 1e-13 * (1.0 + x.ln().abs()), "ln {x}");
        }
    }

    /// The exact tail of a binomial distribution.
    fn shortage(m: usize, len: usize, acceptance: f64) -> f64 {
        let mut term = (1.0 - acceptance).powi(m as i32);
        let mut sum = 0.0;
        for k in 0..len {
            sum += term;
            term *= (m - k) as f64 / (k + 1) as f64 * acceptance / (1.0 - acceptance);
        }
        sum
    }

    #[test]
    fn too_few_are_accepted_as_rarely_as_is_asked_for() {
        for len in [1, 2, 3, 10, 100] {
            for acceptance in [0.501, 0.69, 0.745, 0.99] {
                for bits in [20, 40, 60] {
                    let m = candidates(len, acceptance, bits);
                    let limit = 0.5f64.powi(bits as i32 + 1);
                    assert!(shortage(m, len, acceptance) <= limit, "{m} of {len} {acceptance}");
                    // Nor is Chernoff's bound far off.
                    let fewer = m - m / 8 - 2;
                    assert!(fewer < len || shortage(fewer, len, acceptance) > limit, "{m} {len}");
                }
            }
        }
        assert_eq!(candidates(0, 0.5, 60), 0);
        // What is rounded to one may lie a little below.
        assert!((8..40).contains(&candidates(7, 1.0, 60)));
        assert!(candidates(100_000, 0.745, 60) < 138_000);
    }

    #[test]
    fn accepted_candidates_come_first() {
        let flags = Planes::slice_values(&[0, 1, 0, 1, 1].map(Z64), 1);
        assert_eq!(chosen(&flags, 2), (vec![1, 3], 2));
        assert_eq!(chosen(&flags, 4), (vec![1, 3, 4, 0], 3));
        assert_eq!(chosen(&Planes::zero(0, 1), 0), (vec![], 0));
    }
}
