//! Secret numbers with a proven range and a worst error.

use sharewell_mpc::circuit::{self, Extreme, Rows};
use sharewell_mpc::{Protocol, Result, Share};
use sharewell_ring::{Integer, Ring};
use sharewell_tensor::Tensor;
use sharewell_tensor::function::{Quotient, Root, divide, square_root};

/// Fractional bits beyond which a quotient gains nothing that a reader could see.
const FRAC_BITS_MAX: u32 = 40;

/// Bits of a public reciprocal: about what a double holds.
const RECIPROCAL_BITS: u32 = 52;

/// Bits that a root is rounded at random in before it is cut exactly.
const GUARD_BITS: u32 = 4;

/// One secret number per cell: `raw / (2^frac_bits 10^decimals)`, `raw` in `[lo, hi]`.
#[derive(Debug)]
pub struct Value<P: Protocol> {
    /// The raw integers; their scale is the tensor's.
    pub raw: Tensor<P>,
    /// Decimal digits after the point of one unit of the raw integer part.
    pub decimals: i32,
    /// Least raw value.
    pub lo: i128,
    /// Greatest raw value.
    pub hi: i128,
    /// Worst error is `absolute + relative * |value|`, in the value's own unit.
    pub absolute: f64,
    /// See [`Self::absolute`].
    pub relative: f64,
    /// How little a change of the inputs can move the exact value: a smaller error hides none.
    pub grain: f64,
    /// 1 where the value exists, if it can fail to: a quotient whose divisor is not zero.
    pub defined: Option<P::AShare>,
}

impl<P: Protocol> Clone for Value<P> {
    fn clone(&self) -> Self {
        Self { raw: self.raw.clone(), defined: self.defined.clone(), ..*self }
    }
}

/// The ring cannot hold an intermediate value: refused while planning, before any run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("step {step} could reach 2^{needs}, and 2^{limit} is the limit")]
pub struct Overflow {
    /// What is calculated.
    pub step: &'static str,
    /// Bits that a value of it could have.
    pub needs: u32,
    /// Bits that it may have.
    pub limit: u32,
}

impl Overflow {
    /// Fails unless `needs` bits are within the limit.
    pub(crate) fn unless(
        step: &'static str,
        needs: u32,
        limit: u32,
    ) -> std::result::Result<(), Self> {
        if needs <= limit { Ok(()) } else { Err(Self { step, needs, limit }) }
    }
}

/// A step that may find, while planning, that the ring is too small.
pub type Fallible<T> = Result<std::result::Result<T, Overflow>>;

/// Returns `Ok(Err(overflow))` from a [`Fallible`] function.
macro_rules! fits {
    ($value:expr) => {
        match $value {
            Ok(value) => value,
            Err(overflow) => return Ok(Err(overflow)),
        }
    };
}
pub(crate) use fits;

/// Bits of the magnitude.
pub(crate) fn bits_of(lo: i128, hi: i128) -> u32 {
    128 - lo.unsigned_abs().max(hi.unsigned_abs()).leading_zeros()
}

impl<P: Protocol> Value<P> {
    /// Exact integers in units of `10^-decimals`.
    #[must_use]
    pub fn exact(shares: P::AShare, decimals: i32, lo: i128, hi: i128) -> Self {
        let raw = Tensor::integers(shares);
        let grain = 10f64.powi(-decimals);
        Self { raw, decimals, lo, hi, absolute: 0.0, relative: 0.0, grain, defined: None }
    }

    /// A public number in units of `10^-decimals`, for every cell.
    #[must_use]
    pub fn public(p: &P, quanta: i128, decimals: i32, cells: usize) -> Self {
        let shares = p.public(&vec![P::Ring::from_i128(quanta); cells]);
        let exact = Self::exact(shares, decimals, quanta, quanta);
        let grain = exact.grain * quanta.unsigned_abs().max(1) as f64;
        Self { grain, ..exact }
    }

    /// The value of one raw unit.
    #[must_use]
    pub fn unit(&self) -> f64 {
        10f64.powi(-self.decimals) / f64::from(self.raw.frac_bits()).exp2()
    }

    /// Greatest magnitude in the value's unit.
    #[must_use]
    pub fn magnitude(&self) -> f64 {
        (self.lo as f64).abs().max((self.hi as f64).abs()) * self.unit()
    }

    /// Greatest magnitude of the exact value that this one stands for; infinite if the error
    /// may be as large as the value.
    fn exact_magnitude(&self) -> f64 {
        let certain = (1.0 - self.relative).max(0.0);
        (self.magnitude() + self.absolute) / certain
    }

    /// Bits of the greatest raw magnitude.
    #[must_use]
    pub fn bits(&self) -> u32 {
        bits_of(self.lo, self.hi)
    }

    /// Bits that a value may have.
    const LIMIT: u32 = P::Ring::BITS - 3;

    fn at_decimals(self, decimals: i32) -> std::result::Result<Self, Overflow> {
        let digits = (decimals - self.decimals).unsigned_abs();
        let step = "common decimals";
        // A digit has little less than ten thirds of a bit; a product, the bits of its factors
        // or one less.
        Overflow::unless(step, 10 * digits / 3, Self::LIMIT)?;
        let factor = 10i128.pow(digits);
        Overflow::unless(step, (self.bits() + bits_of(0, factor)).saturating_sub(1), Self::LIMIT)?;
        let (lo, hi) = (self.lo * factor, self.hi * factor);
        Overflow::unless(step, bits_of(lo, hi), Self::LIMIT)?;
        let raw = self.raw.times(factor);
        Ok(Self { raw, lo, hi, decimals, ..self })
    }

    fn at_frac_bits(self, frac_bits: u32) -> std::result::Result<Self, Overflow> {
        let by = frac_bits - self.raw.frac_bits();
        Overflow::unless("common fractional bits", by + self.bits(), Self::LIMIT)?;
        let raw = self.raw.rescale_up(frac_bits);
        Ok(Self { raw, lo: self.lo << by, hi: self.hi << by, ..self })
    }

    /// Minus.
    #[must_use]
    #[expect(clippy::should_implement_trait, reason = "beside add and mul, which take a protocol")]
    pub fn neg(self) -> Self {
        Self { raw: self.raw.times(-1), lo: -self.hi, hi: -self.lo, ..self }
    }

    /// Sum. Local and exact.
    ///
    /// # Errors
    /// A link's failure outside, [`Overflow`] inside.
    pub fn add(self, p: &mut P, y: Self) -> Fallible<Self> {
        let decimals = self.decimals.max(y.decimals);
        let frac_bits = self.raw.frac_bits().max(y.raw.frac_bits());
        let x = fits!(self.at_decimals(decimals).and_then(|x| x.at_frac_bits(frac_bits)));
        let y = fits!(y.at_decimals(decimals).and_then(|y| y.at_frac_bits(frac_bits)));
        // Relative errors of summands that may cancel become absolute ones.
        let error = |v: &Self| v.absolute + product(v.relative, v.exact_magnitude());
        let (lo, hi) = (x.lo + y.lo, x.hi + y.hi);
        fits!(Overflow::unless("add", bits_of(lo, hi), Self::LIMIT));
        Ok(Ok(Self {
            absolute: error(&x) + error(&y),
            relative: 0.0,
            grain: x.grain.min(y.grain),
            decimals,
            lo,
            hi,
            defined: both(p, x.defined, y.defined)?,
            raw: x.raw.add(&y.raw),
        }))
    }

    /// Product; exact for integers, truncated to 40 fractional bits otherwise.
    ///
    /// # Errors
    /// A link's failure outside, [`Overflow`] inside.
    pub fn mul(self, p: &mut P, y: Self) -> Fallible<Self> {
        let full = self.raw.frac_bits() + y.raw.frac_bits();
        let frac_bits = full.min(FRAC_BITS_MAX);
        let by = full - frac_bits;
        let corners = [(self.lo, y.lo), (self.lo, y.hi), (self.hi, y.lo), (self.hi, y.hi)];
        let products: Option<Vec<i128>> =
            corners.into_iter().map(|(a, b)| a.checked_mul(b)).collect();
        let (step, needs) = ("multiply", self.bits() + y.bits());
        let overflow = Overflow { step, needs, limit: Self::LIMIT };
        let products = fits!(products.ok_or(overflow));
        let (lo, hi) = products.iter().fold((0, 0), |(lo, hi), &x| (x.min(lo), x.max(hi)));
        fits!(Overflow::unless(step, bits_of(lo, hi), Self::LIMIT));
        let (a, b) = (self.exact_magnitude(), y.exact_magnitude());
        let (ea, eb) = (self.absolute * (1.0 + y.relative), y.absolute * (1.0 + self.relative));
        let decimals = self.decimals + y.decimals;
        let rounding =
            if by == 0 { 0.0 } else { 10f64.powi(-decimals) * (-f64::from(frac_bits)).exp2() };
        let wide = self.raw.mul(p, &y.raw, full)?;
        // Rounded down exactly, since the product may be published.
        let shares = p.trunc_exact(wide.shares(), by)?;
        Ok(Ok(Self {
            raw: Tensor::new(shares, wide.shape(), frac_bits),
            decimals,
            lo: (lo >> by) - i128::from(by > 0),
            hi: (hi >> by) + i128::from(by > 0),
            absolute: product(ea, b) + product(eb, a) + self.absolute * y.absolute + rounding,
            relative: self.relative + y.relative + self.relative * y.relative,
            grain: self.grain * y.grain,
            defined: both(p, self.defined, y.defined)?,
        }))
    }

    /// Quotient; undefined where the divisor is zero.
    ///
    /// # Errors
    /// A link's failure outside, [`Overflow`] inside.
    pub fn div(self, p: &mut P, y: Self) -> Fallible<Self> {
        // A divisor of finer unit would leave a quotient that is a large multiple of its unit.
        let decimals = self.decimals.max(y.decimals);
        let frac_bits = self.raw.frac_bits().max(y.raw.frac_bits());
        let x = fits!(self.at_decimals(decimals).and_then(|x| x.at_frac_bits(frac_bits)));
        let (sign, y) = y.sign_and_magnitude(p)?;
        // Zero too takes a bit.
        let divisor_bits = y.bits().max(1);
        let room = Self::LIMIT.saturating_sub(x.bits() + divisor_bits);
        let spec =
            Quotient { numerator_bits: x.bits(), divisor_bits, frac_bits: room.min(FRAC_BITS_MAX) };
        if spec.frac_bits == 0 || !spec.fits(P::Ring::BITS) {
            // One fractional bit, or the least precision of a reciprocal.
            let needs = spec.numerator_bits + (spec.divisor_bits + 1).max(13);
            return Ok(Err(Overflow { step: "divide", needs, limit: Self::LIMIT }));
        }
        let accuracy = spec.accuracy(P::Ring::BITS);
        let (quotient, nonzero) = divide(p, &x.raw, &y.raw, spec)?;
        let mut shares = quotient.into_shares();
        let limit = x.lo.abs().max(x.hi.abs()) << spec.frac_bits;
        // A divisor of zero leaves a quotient that is bounded all the same.
        let slack = (limit >> 8) + 4;
        p.note_bound(&mut shares, -limit - slack, limit + slack);
        if let Some(sign) = sign {
            shares = p.mul(&shares, &sign)?;
        }
        let fraction = spec.frac_bits + frac_bits - y.raw.frac_bits();
        let unit = 10f64.powi(y.decimals - decimals)
            * (f64::from(y.raw.frac_bits()) - f64::from(frac_bits)).exp2();
        // The divisor as it is differs from zero by `least` and from the exact one by a part
        // `gap` of itself, so that the quotient of x as it is errs by `absolute` and `relative`.
        let least = y.lo.max(1) as f64 * y.unit();
        let gap = y.absolute / least;
        let ratio = (1.0 + gap) / (1.0 - y.relative).max(0.0);
        let absolute = x.absolute / least;
        let relative = gap + product(x.relative + y.relative, ratio);
        Ok(Ok(Self {
            raw: Tensor::new(shares, x.raw.shape(), fraction),
            decimals: decimals - y.decimals,
            lo: -limit - slack,
            hi: limit + slack,
            absolute: accuracy.absolute * unit + absolute * (1.0 + accuracy.relative),
            relative: accuracy.relative + relative * (1.0 + accuracy.relative),
            grain: x.grain / (y.hi.max(1) as f64 * y.unit()),
            defined: {
                let operands = both(p, x.defined, y.defined)?;
                both(p, operands, Some(nonzero))?
            },
        }))
    }

    /// Quotient by a public number, `digits / 10^decimals`: times its reciprocal, rounded down
    /// once, without a division on shares.
    ///
    /// Cost: [`Protocol::trunc_exact`].
    ///
    /// # Errors
    /// A link's failure outside, [`Overflow`] inside.
    ///
    /// # Panics
    /// If the number is zero.
    pub fn div_public(self, p: &mut P, digits: i128, decimals: i32) -> Fallible<Self> {
        assert!(digits != 0, "division by zero");
        let size = bits_of(digits, digits);
        // Of the reciprocal as an integer; the product with it and its scale must fit.
        let room =
            Self::LIMIT.saturating_sub(self.bits()).min((P::Ring::BITS - 1).saturating_sub(size));
        let precision = room.min(RECIPROCAL_BITS);
        if precision < 12 {
            let needs = 12 + self.bits().max(size);
            return Ok(Err(Overflow { step: "divide", needs, limit: Self::LIMIT }));
        }
        let scale = precision + size - 1;
        let magnitude = digits.unsigned_abs() as i128;
        let factor = ((1i128 << scale) + magnitude / 2) / magnitude * digits.signum();
        let frac_bits = FRAC_BITS_MAX.saturating_sub(self.raw.frac_bits()).min(scale);
        let by = scale - frac_bits;
        let ends = [self.lo * factor, self.hi * factor];
        let divisor = magnitude as f64 * 10f64.powi(-decimals);
        // Rounded down exactly, since the quotient may be published.
        let shares = p.trunc_exact(self.raw.clone().times(factor).shares(), by)?;
        let reciprocal = (-f64::from(precision)).exp2();
        let quotient = Self {
            raw: Tensor::new(shares, self.raw.shape(), self.raw.frac_bits() + frac_bits),
            decimals: self.decimals - decimals,
            lo: ends[0].min(ends[1]) >> by,
            hi: ends[0].max(ends[1]) >> by,
            absolute: self.absolute * (1.0 + reciprocal) / divisor,
            relative: self.relative + reciprocal * (1.0 + self.relative),
            grain: self.grain / divisor,
            defined: self.defined,
        };
        Ok(Ok(Self { absolute: quotient.absolute + quotient.unit(), ..quotient }))
    }

    /// Square root of a value that is negative by rounding only: then it is zero.
    ///
    /// Error: of an error `a + r v` of the value `v`, `sqrt(a) (1 + r) + r sqrt(v)` and the
    /// root's own. Cost: [`square_root`] and [`Protocol::trunc_exact`].
    ///
    /// # Errors
    /// A link's failure outside, [`Overflow`] inside.
    pub fn root(self, p: &mut P) -> Fallible<Self> {
        let even = self.decimals + self.decimals.rem_euclid(2);
        let x = fits!(self.at_decimals(even));
        let spec = |frac_bits| Root {
            bits: x.bits().max(1),
            scale: x.raw.frac_bits(),
            frac_bits: frac_bits + GUARD_BITS,
            inverse: false,
        };
        let fitting = (1..=FRAC_BITS_MAX).rev().find(|bits| spec(*bits).fits(P::Ring::BITS));
        let overflow = Overflow { step: "square root", needs: x.bits() + 1, limit: Self::LIMIT };
        let frac_bits = fits!(fitting.ok_or(overflow));
        let spec = spec(frac_bits);
        let own = spec.accuracy(P::Ring::BITS);
        let (root, _) = square_root(p, &x.raw, spec)?;
        let mut shares = root.into_shares();
        let unit = 10f64.powi(-even / 2);
        let greatest = (x.magnitude().sqrt() / unit * (1.0 + own.relative) + own.absolute)
            * f64::from(spec.frac_bits).exp2();
        let hi = (greatest * (1.0 + 1e-12)).ceil() as i128 + 1;
        p.note_bound(&mut shares, 0, hi);
        // Rounded at random so far: cut exactly, since it may be published.
        let shares = p.trunc_exact(&shares, GUARD_BITS)?;
        let rounding = (-f64::from(frac_bits)).exp2();
        let argument = (1.0 + x.relative) * x.absolute.sqrt();
        Ok(Ok(Self {
            raw: Tensor::new(shares, x.raw.shape(), frac_bits),
            decimals: even / 2,
            lo: 0,
            hi: hi >> GUARD_BITS,
            absolute: argument * (1.0 + own.relative) + (own.absolute + rounding) * unit,
            relative: x.relative + own.relative * (1.0 + x.relative),
            grain: x.grain / (2.0 * x.magnitude().sqrt()).max(f64::MIN_POSITIVE),
            defined: x.defined,
        }))
    }

    /// `|y|` and, if it can be negative, its sign as 1 or -1.
    fn sign_and_magnitude(self, p: &mut P) -> Result<(Option<P::AShare>, Self)> {
        if self.lo >= 0 {
            return Ok((None, self));
        }
        let cells = self.raw.len();
        let negative = p.msb(self.raw.shares(), self.bits() + 1)?;
        let mut sign = p.b2a(&negative)?;
        sign.scale(&[P::Ring::from_i128(-2)]);
        sign += &p.public(&vec![P::Ring::ONE; cells]);
        p.note_bound(&mut sign, -1, 1);
        let hi = self.lo.abs().max(self.hi.abs());
        let mut magnitude = p.mul(self.raw.shares(), &sign)?;
        p.note_bound(&mut magnitude, 0, hi);
        let raw = Tensor::new(magnitude, self.raw.shape(), self.raw.frac_bits());
        Ok((Some(sign), Self { raw, lo: 0, hi, ..self }))
    }

    /// The least or greatest of several values of one unit, cell by cell.
    ///
    /// Cost: [`circuit::extreme`] of a row for each cell.
    ///
    /// # Errors
    /// A link's failure outside, [`Overflow`] inside.
    ///
    /// # Panics
    /// If there is no value.
    pub fn extreme(p: &mut P, values: Vec<Self>, greatest: bool) -> Fallible<Self> {
        let (n, cells) = (values.len(), values.first().expect("at least one value").raw.len());
        let (lo, hi) = values
            .iter()
            .fold((i128::MAX, i128::MIN), |(lo, hi), value| (lo.min(value.lo), hi.max(value.hi)));
        let bits = bits_of(lo, hi) + 1;
        if n > 1 {
            fits!(Overflow::unless("compare", bits, P::Ring::BITS - 1));
        }
        let columns: Vec<&P::AShare> = values.iter().map(|value| value.raw.shares()).collect();
        let rows: Vec<usize> =
            (0..cells).flat_map(|cell| (0..n).map(move |i| i * cells + cell)).collect();
        let extreme = if greatest { Extreme::Max } else { Extreme::Min };
        let rows_of = Rows { rows: cells, bits, extreme };
        let mut shares = circuit::extreme(p, &P::AShare::concat(&columns).gather(&rows), rows_of)?;
        p.note_bound(&mut shares, lo, hi);
        let first = values.into_iter().next().expect("at least one value");
        Ok(Ok(Self { raw: Tensor::integers(shares), lo, hi, ..first }))
    }
}

/// A product in which nothing outweighs infinity.
fn product(x: f64, y: f64) -> f64 {
    if x == 0.0 { 0.0 } else { x * y }
}

/// AND of two optional flags.
fn both<P: Protocol>(
    p: &mut P,
    x: Option<P::AShare>,
    y: Option<P::AShare>,
) -> Result<Option<P::AShare>> {
    match (x, y) {
        (Some(x), Some(y)) => Ok(Some(p.mul(&x, &y)?)),
        (x, y) => Ok(x.or(y)),
    }
}
