//! Probabilities as public fixed-point numbers: computed with integers only, so that every
//! party finds the same ones and no rounding is left to a processor.

/// A fraction of public integers; the denominator is positive.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Ratio {
    /// Above the line.
    pub num: u64,
    /// Below the line.
    pub den: u64,
}

/// Fractional bits of every number here.
const BITS: u32 = 120;
/// The number 1.
const ONE: u128 = 1 << BITS;
/// `1 / e`, rounded down.
const INVERSE_E: u128 = 0x005e_2d58_d8b3_bcdf_1aba_dec7_8290_54f9;
/// From this exponent on `exp(-x)` is below `2^-BITS`.
const VANISHES: u128 = 84;
/// Terms of the exponential series: `1 / 35!` is below `2^-132`.
const TERMS: u128 = 34;

/// A probability, in units of `2^-120`.
///
/// Of what the constructors are asked for it is off by less than [`Probability::ERROR`].
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Probability(u128);

impl Probability {
    /// Bounds the error of every constructor: `2^-115`.
    pub const ERROR: f64 = 2.407_412_430_484_045e-35;

    /// `num / den`, which is at most 1; off by less than `2^-120`.
    ///
    /// # Panics
    /// If the denominator is zero or the ratio above 1.
    #[must_use]
    pub fn ratio(ratio: Ratio) -> Self {
        let Ratio { num, den } = ratio;
        assert!(den > 0 && num <= den, "{num} / {den} is no probability");
        Self(quotient(num.into(), den.into()))
    }

    /// `exp(-2^power rate)`; off by less than `2^-117`.
    ///
    /// The series of the fraction's exponential is off by 6 units, its argument by one; each
    /// factor `1 / e` multiplies the error before it by `1 / e` and adds less than two units.
    pub(super) fn exp(power: u32, rate: Rate) -> Self {
        let Rate { num, den } = rate;
        // Beyond the shift the exponent is beyond 2^60: the denominator has 66 bits.
        if den == 0 || num.leading_zeros() <= power || (num << power) / den >= VANISHES {
            return Self(0);
        }
        let (whole, rest) = ((num << power) / den, (num << power) % den);
        let fraction = quotient(rest, den);
        let series = (1..=TERMS).rev().fold(ONE, |sum, k| ONE - product(fraction, sum) / k);
        Self((0..whole).fold(series, |value, _| product(value, INVERSE_E)))
    }

    /// `exp(-x) / (1 + exp(-x))` for `x = 2^power rate`; off by less than `2^-116`.
    pub(super) fn logistic(power: u32, rate: Rate) -> Self {
        let Self(odds) = Self::exp(power, rate);
        Self(quotient(odds, ONE + odds))
    }

    /// Twice a probability of at most 1/2.
    pub(super) fn twice(self) -> Self {
        assert!(self.0 <= ONE / 2, "twice a probability above one half");
        Self(2 * self.0)
    }

    /// The nearest multiple of `2^-digits`, in that unit: at most `2^digits`.
    pub(super) fn digits(self, digits: u32) -> u128 {
        (self.0 + (1 << (BITS - digits - 1))) >> (BITS - digits)
    }

    /// To as many digits as a double has.
    #[must_use]
    pub fn to_f64(self) -> f64 {
        self.0 as f64 / ONE as f64
    }
}

/// What an exponent is a multiple of: numerator below `2^64`, denominator below `2^66`. A
/// denominator of zero stands for infinity.
#[derive(Copy, Clone, Debug)]
pub(super) struct Rate {
    pub(super) num: u128,
    pub(super) den: u128,
}

/// `floor(2^120 x / y)` for `x <= y < 2^127`.
fn quotient(x: u128, y: u128) -> u128 {
    let (mut out, mut rest) = (x / y, x % y);
    for _ in 0..BITS {
        rest <<= 1;
        let fits = rest >= y;
        out = out << 1 | u128::from(fits);
        if fits {
            rest -= y;
        }
    }
    out
}

/// `floor(x y / 2^120)` for factors of at most 1.
fn product(x: u128, y: u128) -> u128 {
    const HALF: u32 = BITS / 2;
    let low = |x: u128| x & ((1 << HALF) - 1);
    let (x1, x0, y1, y0) = (x >> HALF, low(x), y >> HALF, low(y));
    let middle = x1 * y0 + x0 * y1 + ((x0 * y0) >> HALF);
    x1 * y1 + (middle >> HALF)
}

#[cfg(test)]
mod tests {
    use super::{ONE, Probability, Rate, Ratio};

    /// Power, rate, and both functions in units of `2^-120` to the nearest, from an arithmetic
    /// of 400 bits.
    #[rustfmt::skip]
    const KNOWN: [(u32, u128, u128, u128, u128); 16] = [
    (0, 0x1, 0x1, 0x5e2d58d8b3bcdf1abadec7829054f9, 0x44d9585152ea1935dae23bc7349ee6),
    (0, 0x1, 0x3, 0xb76e989179752689c5984c9c50ebe5, 0x6adcadcf9ed1eb3539a281f5629d23),
    (0, 0x0, 0x7, 0x1000000000000000000000000000000, 0x800000000000000000000000000000),
    (5, 0x1, 0x3e8, 0xf7f00c1ffdab2f0d437ca24eb72526, 0x7df3c1b95ce05d6244bd1535654ad0),
    (20, 0x1, 0xffffffffa9, 0xfffff000007ffa8d55ac5e24380a45, 0x7ffffbfffffffea4555554df684ccd),
    (0, 0x53, 0x1, 0x1, 0x1),
    (0, 0x347, 0xa, 0x0, 0x0),
    (3, 0xa, 0x1, 0x18, 0x18),
    (0, 0x1, 0x8000000000000000, 0xfffffffffffffffe00000000000000, 0x7fffffffffffffff80000000000000),
    (62, 0x1, 0x8000000000000009, 0x9b4597e37cb04ff94be7fa549300a7, 0x60a6815965e37a10e7e56284d26fd8),
    (0, 0xffffffffffffffff, 0xffffffffffffffc5, 0x5e2d58d8b3bcdf056498a669d78a6a, 0x44d9585152ea192a7396f93139ffcd),
    (6, 0xffffffffffffffc5, 0xffffffffffffffff, 0xcb4ea3a, 0xcb4ea3a),
    (10, 0x3039, 0x18697, 0x0, 0x0),
    (0, 0x1, 0x20000000000000000, 0xffffffffffffffff80000000000000, 0x7fffffffffffffffe0000000000000),
    (4, 0xffffffffffffffff, 0x1fffffffffffffffe, 0x15fc21041027acbbfcd46780fee7, 0x15fa3dd7d2f7a5ea36e4f988e7d5),
    (63, 0x3, 0xfffffffffffffffd, 0x391f0ee496b83ac7d6c688e97a7461, 0x2eb3706ab4375f62696d55ed6a40db),
    ];

    #[test]
    fn exponentials_and_odds_are_off_by_no_more_than_is_stated() {
        for (power, num, den, exp, logistic) in KNOWN {
            let rate = Rate { num, den };
            let at = format!("2^{power} {num} / {den}");
            let gap = Probability::exp(power, rate).0.abs_diff(exp);
            assert!(gap < 8, "exp of {at}: {gap} units");
            let gap = Probability::logistic(power, rate).0.abs_diff(logistic);
            assert!(gap < 16, "odds of {at}: {gap} units");
        }
        assert_eq!(Probability::ERROR, 32.0 / ONE as f64);
    }

    #[test]
    fn an_infinite_exponent_leaves_nothing_and_none_leaves_all() {
        assert_eq!(Probability::exp(0, Rate { num: 1, den: 0 }).0, 0);
        assert_eq!(Probability::exp(127, Rate { num: 1, den: 3 }).0, 0);
        assert_eq!(Probability::exp(200, Rate { num: 1, den: 3 }).0, 0);
        assert_eq!(Probability::exp(7, Rate { num: 0, den: 3 }).0, ONE);
        assert_eq!(Probability::logistic(0, Rate { num: 0, den: 3 }).twice().0, ONE);
    }

    #[test]
    fn a_ratio_is_rounded_to_the_digits_asked_for() {
        let ratio = |num, den| Probability::ratio(Ratio { num, den });
        assert_eq!(ratio(1, 3).0, ONE / 3);
        assert_eq!((ratio(0, 5).digits(112), ratio(5, 5).digits(112)), (0, 1 << 112));
        assert_eq!((ratio(1, 2).digits(1), ratio(3, 8).digits(3)), (1, 3));
        assert_eq!((ratio(1, 3).digits(4), ratio(2, 3).digits(4)), (5, 11));
        assert_eq!(ratio(u64::MAX - 1, u64::MAX).digits(64), u128::from(u64::MAX));
    }
}
