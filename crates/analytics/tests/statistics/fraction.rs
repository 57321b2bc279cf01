//! Exact rationals, as far as 128 bits carry them.

/// `num / den` in lowest terms, `den > 0`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fraction {
    num: i128,
    den: i128,
}

fn gcd(a: u128, b: u128) -> u128 {
    if b == 0 { a } else { gcd(b, a % b) }
}

/// `None` also where 128 bits do not suffice.
impl Fraction {
    pub(crate) fn new(num: i128, den: i128) -> Option<Self> {
        let common = i128::try_from(gcd(num.unsigned_abs(), den.unsigned_abs())).ok()?;
        let (num, den) = (num.checked_div(common)?, den.checked_div(common)?);
        if den < 0 {
            return Some(Self { num: num.checked_neg()?, den: den.checked_neg()? });
        }
        (den > 0).then_some(Self { num, den })
    }

    /// `digits / 10^decimals`.
    pub(crate) fn decimal(digits: i128, decimals: i32) -> Option<Self> {
        Self::new(digits, 10i128.checked_pow(u32::try_from(decimals).ok()?)?)
    }

    pub(crate) fn is_zero(self) -> bool {
        self.num == 0
    }

    pub(crate) fn to_f64(self) -> f64 {
        self.num as f64 / self.den as f64
    }

    pub(crate) fn neg(self) -> Self {
        Self { num: -self.num, ..self }
    }

    pub(crate) fn add(self, y: Self) -> Option<Self> {
        let cross = self.num.checked_mul(y.den)?.checked_add(y.num.checked_mul(self.den)?)?;
        Self::new(cross, self.den.checked_mul(y.den)?)
    }

    pub(crate) fn mul(self, y: Self) -> Option<Self> {
        Self::new(self.num.checked_mul(y.num)?, self.den.checked_mul(y.den)?)
    }

    pub(crate) fn div(self, y: Self) -> Option<Self> {
        Self::new(self.num.checked_mul(y.den)?, self.den.checked_mul(y.num)?)
    }

    /// The integer below it in units of `10^-decimals 2^-frac_bits`, by long division.
    pub(crate) fn floor_in_units(self, decimals: i32, frac_bits: u32) -> Option<i128> {
        let power = 10i128.checked_pow(decimals.unsigned_abs())?;
        let scaled = if decimals < 0 { Self::new(1, power)? } else { Self::new(power, 1)? };
        let Self { num, den } = self.mul(scaled)?;
        let (mut floor, mut rest) = (num.div_euclid(den), num.rem_euclid(den));
        for _ in 0..frac_bits {
            rest = rest.checked_mul(2)?;
            floor = floor.checked_mul(2)?.checked_add(i128::from(rest >= den))?;
            rest -= if rest >= den { den } else { 0 };
        }
        Some(floor)
    }
}

#[test]
fn floors_in_units_are_exact() {
    let third = Fraction::new(-2, -6).expect("one third");
    assert_eq!(third.floor_in_units(2, 0), Some(33));
    assert_eq!(third.floor_in_units(0, 4), Some(5));
    assert_eq!(third.neg().floor_in_units(0, 4), Some(-6));
    assert_eq!(third.floor_in_units(-1, 5), Some(1));
    assert_eq!(Fraction::new(1, 0), None);
}
