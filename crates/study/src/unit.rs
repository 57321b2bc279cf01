//! Units of measurement and the exact numbers between them.
//!
//! A unit is a product of known symbols: `h`, `km/h`, `mg/dL`, `kg*m/s^2`. Factors are rational
//! numbers, exact by definition, so that a conversion adds no error of its own. What is not known
//! here (`cycles`, `EUR`) is a unit of its own kind and converts to nothing else.
//!
//! Source: BIPM, The International System of Units (9th edition, 2019), and NIST Special
//! Publication 811 (2008), appendix B, for customary units.

/// A unit's exponents of metre, kilogram, second, kelvin and mole.
type Dimension = [i8; 5];

const NAMES: [&str; 5] = ["length", "mass", "time", "temperature", "amount of substance"];

const LENGTH: Dimension = [1, 0, 0, 0, 0];
const VOLUME: Dimension = [3, 0, 0, 0, 0];
const MASS: Dimension = [0, 1, 0, 0, 0];
const TIME: Dimension = [0, 0, 1, 0, 0];
const TEMPERATURE: Dimension = [0, 0, 0, 1, 0];
const AMOUNT: Dimension = [0, 0, 0, 0, 1];
const SPEED: Dimension = [1, 0, -1, 0, 0];
const FREQUENCY: Dimension = [0, 0, -1, 0, 0];
const FORCE: Dimension = [1, 1, -2, 0, 0];
const PRESSURE: Dimension = [-1, 1, -2, 0, 0];
const ENERGY: Dimension = [2, 1, -2, 0, 0];
const POWER: Dimension = [2, 1, -3, 0, 0];
const NONE: Dimension = [0; 5];

/// Symbol, dimension, and how many SI units it is: a quotient.
const SYMBOLS: &[(&str, Dimension, i128, i128)] = &[
    ("1", NONE, 1, 1),
    ("%", NONE, 1, 100),
    ("ppm", NONE, 1, 1_000_000),
    ("um", LENGTH, 1, 1_000_000),
    ("mm", LENGTH, 1, 1000),
    ("cm", LENGTH, 1, 100),
    ("m", LENGTH, 1, 1),
    ("km", LENGTH, 1000, 1),
    ("in", LENGTH, 254, 10_000),
    ("ft", LENGTH, 3048, 10_000),
    ("yd", LENGTH, 9144, 10_000),
    ("mi", LENGTH, 1_609_344, 1000),
    ("nmi", LENGTH, 1852, 1),
    ("uL", VOLUME, 1, 1_000_000_000),
    ("mL", VOLUME, 1, 1_000_000),
    ("dL", VOLUME, 1, 10_000),
    ("L", VOLUME, 1, 1000),
    ("gal", VOLUME, 3_785_411_784, 1_000_000_000_000),
    ("ug", MASS, 1, 1_000_000_000),
    ("mg", MASS, 1, 1_000_000),
    ("g", MASS, 1, 1000),
    ("kg", MASS, 1, 1),
    ("t", MASS, 1000, 1),
    ("oz", MASS, 28_349_523_125, 1_000_000_000_000),
    ("lb", MASS, 45_359_237, 100_000_000),
    ("us", TIME, 1, 1_000_000),
    ("ms", TIME, 1, 1000),
    ("s", TIME, 1, 1),
    ("min", TIME, 60, 1),
    ("h", TIME, 3600, 1),
    ("d", TIME, 86_400, 1),
    ("week", TIME, 604_800, 1),
    ("K", TEMPERATURE, 1, 1),
    ("umol", AMOUNT, 1, 1_000_000),
    ("mmol", AMOUNT, 1, 1000),
    ("mol", AMOUNT, 1, 1),
    ("mph", SPEED, 1_609_344, 3_600_000),
    ("kn", SPEED, 1852, 3600),
    ("Hz", FREQUENCY, 1, 1),
    ("N", FORCE, 1, 1),
    ("Pa", PRESSURE, 1, 1),
    ("hPa", PRESSURE, 100, 1),
    ("kPa", PRESSURE, 1000, 1),
    ("MPa", PRESSURE, 1_000_000, 1),
    ("bar", PRESSURE, 100_000, 1),
    ("psi", PRESSURE, 44_482_216_152_605, 6_451_600_000),
    ("mmHg", PRESSURE, 133_322_387_415, 1_000_000_000),
    ("J", ENERGY, 1, 1),
    ("kJ", ENERGY, 1000, 1),
    ("kcal", ENERGY, 4184, 1),
    ("kWh", ENERGY, 3_600_000, 1),
    ("W", POWER, 1, 1),
    ("kW", POWER, 1000, 1),
];

/// Scales with a zero of their own, which stand alone: symbol, kelvins of a degree, kelvins at 0.
const SCALES: &[(&str, Ratio, Ratio)] = &[
    ("degC", Ratio { num: 1, den: 1 }, Ratio { num: 27_315, den: 100 }),
    ("degF", Ratio { num: 5, den: 9 }, Ratio { num: 45_967, den: 180 }),
];

/// The number num / den, in lowest form; den is positive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ratio {
    /// Numerator.
    pub num: i128,
    /// Denominator.
    pub den: i128,
}

impl Ratio {
    const ONE: Self = Self { num: 1, den: 1 };

    /// Most digits of a numerator or denominator: what follows is exact within 38 of them.
    const MAX: i128 = 10i128.pow(18);

    fn new(num: i128, den: i128) -> Option<Self> {
        let divisor = gcd(num.unsigned_abs(), den.unsigned_abs());
        let divisor = i128::try_from(divisor).ok()?.max(1) * den.signum();
        let (num, den) = (num / divisor, den / divisor);
        (num.abs() <= Self::MAX && den <= Self::MAX).then_some(Self { num, den })
    }

    fn mul(self, other: Self) -> Option<Self> {
        Self::new(self.num.checked_mul(other.num)?, self.den.checked_mul(other.den)?)
    }

    fn div(self, other: Self) -> Option<Self> {
        self.mul(Self { num: other.den, den: other.num })
    }

    fn sub(self, other: Self) -> Option<Self> {
        let left = self.num.checked_mul(other.den)?;
        let right = other.num.checked_mul(self.den)?;
        Self::new(left.checked_sub(right)?, self.den.checked_mul(other.den)?)
    }
}

fn gcd(a: u128, b: u128) -> u128 {
    if b == 0 { a } else { gcd(b, a % b) }
}

/// From one unit to another: value * factor + offset, both exact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conversion {
    /// What a value is multiplied by.
    pub factor: Ratio,
    /// What is added then, in the new unit.
    pub offset: Ratio,
}

struct Unit {
    dimension: Dimension,
    factor: Ratio,
    /// The unit's zero in SI units.
    zero: Ratio,
}

/// The conversion of values in unit `from` into unit `to`.
///
/// # Errors
/// Why there is none, in words.
pub fn convert(from: &str, to: &str) -> Result<Conversion, String> {
    if from == to {
        return Ok(Conversion { factor: Ratio::ONE, offset: Ratio { num: 0, den: 1 } });
    }
    let (Some(a), Some(b)) = (parse(from), parse(to)) else {
        let unknown = if parse(from).is_none() { from } else { to };
        return Err(format!(
            "{from} does not convert to {to}: {unknown} is none of the known units of measurement"
        ));
    };
    if a.dimension != b.dimension {
        let (a, b) = (described(a.dimension), described(b.dimension));
        return Err(format!("{from} does not convert to {to}: {from} measures {a}, {to} {b}"));
    }
    let conversion = || {
        let factor = a.factor.div(b.factor)?;
        let offset = a.zero.sub(b.zero)?.div(b.factor)?;
        Some(Conversion { factor, offset })
    };
    conversion().ok_or_else(|| format!("the numbers between {from} and {to} are too large"))
}

/// Whether `unit` is one of time.
#[must_use]
pub fn is_time(unit: &str) -> bool {
    parse(unit).is_some_and(|unit| unit.dimension == TIME)
}

fn parse(text: &str) -> Option<Unit> {
    if let Some((_, factor, zero)) = SCALES.iter().find(|(symbol, ..)| *symbol == text) {
        return Some(Unit { dimension: TEMPERATURE, factor: *factor, zero: *zero });
    }
    let mut unit = Unit { dimension: NONE, factor: Ratio::ONE, zero: Ratio { num: 0, den: 1 } };
    for (i, part) in text.split('/').enumerate() {
        let sign = if i == 0 { 1 } else { -1 };
        for symbol in part.split('*') {
            unit = times(unit, symbol, sign)?;
        }
    }
    Some(unit)
}

/// `unit` times the symbol with its exponent, or divided by it if `sign` is negative.
fn times(mut unit: Unit, symbol: &str, sign: i8) -> Option<Unit> {
    let (symbol, exponent) = match symbol.trim().split_once('^') {
        Some((symbol, "2")) => (symbol, 2),
        Some((symbol, "3")) => (symbol, 3),
        Some(_) => return None,
        None => (symbol.trim(), 1),
    };
    let (_, dimension, num, den) = SYMBOLS.iter().find(|(known, ..)| *known == symbol)?;
    let factor = Ratio::new(*num, *den)?;
    for _ in 0..exponent {
        unit.factor = if sign > 0 { unit.factor.mul(factor) } else { unit.factor.div(factor) }?;
        for (sum, one) in unit.dimension.iter_mut().zip(dimension) {
            *sum = sum.checked_add(sign * one)?;
        }
    }
    Some(unit)
}

/// `length / time`.
fn described(dimension: Dimension) -> String {
    let side = |sign: i8| {
        let powers = dimension.iter().zip(NAMES).filter(|(power, _)| **power * sign > 0);
        let words = powers.map(|(power, name)| match power.abs() {
            1 => name.to_owned(),
            power => format!("{name}^{power}"),
        });
        words.collect::<Vec<_>>().join(" * ")
    };
    match (side(1), side(-1)) {
        (above, below) if above.is_empty() && below.is_empty() => "a plain number".to_owned(),
        (above, below) if below.is_empty() => above,
        (above, below) if above.is_empty() => format!("1 / {below}"),
        (above, below) => format!("{above} / {below}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Factor and offset as floating-point numbers, which Python's `pint` 0.25 gives too.
    #[test]
    fn conversions_are_those_of_the_definitions() {
        for (from, to, factor, offset) in [
            ("mph", "km/h", 1.609_344, 0.0),
            ("km/h", "mph", 0.621_371_192_237_334, 0.0),
            ("kn", "m/s", 0.514_444_444_444_444_4, 0.0),
            ("lb", "kg", 0.453_592_37, 0.0),
            ("oz", "lb", 0.0625, 0.0),
            ("min", "h", 1.0 / 60.0, 0.0),
            ("psi", "kPa", 6.894_757_293_168_361, 0.0),
            ("mmHg", "kPa", 0.133_322_387_415, 0.0),
            ("kg*m/s^2", "N", 1.0, 0.0),
            ("mg/dL", "g/L", 0.01, 0.0),
            ("gal", "in^3", 231.0, 0.0),
            ("degF", "degC", 5.0 / 9.0, -160.0 / 9.0),
            ("degC", "K", 1.0, 273.15),
            ("kWh", "kJ", 3600.0, 0.0),
            ("%", "1", 0.01, 0.0),
            ("cycles", "cycles", 1.0, 0.0),
        ] {
            let found = convert(from, to).unwrap_or_else(|why| panic!("{why}"));
            let float = |ratio: Ratio| ratio.num as f64 / ratio.den as f64;
            let close = |a: f64, b: f64| (a - b).abs() <= 1e-14 * b.abs();
            assert!(close(float(found.factor), factor), "{from} {to}: {found:?}");
            assert!(close(float(found.offset), offset), "{from} {to}: {found:?}");
        }
    }

    #[test]
    fn there_and_back_is_where_it_began() {
        for (a, dimension, ..) in SYMBOLS {
            for (b, ..) in SYMBOLS.iter().filter(|(_, other, ..)| other == dimension) {
                let (there, back) = (convert(a, b), convert(b, a));
                let product = there.expect(a).factor.mul(back.expect(b).factor);
                assert_eq!(product, Some(Ratio::ONE), "{a} {b}");
            }
        }
    }

    #[test]
    fn what_does_not_measure_the_same_is_refused_in_words() {
        for (from, to, why) in [
            ("h", "cycles", "h does not convert to cycles: cycles is none of the known units"),
            ("km/h", "kg", "km/h measures length / time, kg mass"),
            ("mmol/L", "mg/dL", "amount of substance / length^3, mg/dL mass / length^3"),
            ("degC/h", "K/h", "degC/h is none of the known units"),
            ("m^4", "m", "m^4 is none"),
            ("", "m", "none of the known"),
        ] {
            let found = convert(from, to).expect_err(from);
            assert!(found.contains(why), "{found}");
        }
        assert!(is_time("min") && !is_time("km/h") && !is_time("cycles"));
    }
}
