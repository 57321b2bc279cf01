//! Where a secret number's leading one is: what division, roots and logarithms begin with.
//!
//! The OR of all bits above it tells the place of the leading one, as an indicator of `width`
//! planes. Reading anything off an indicator by [`Protocol::b2a_dot`] costs its planes, so the
//! place is split into two digits to a base near its root: `2 sqrt(width)` planes, which are
//! XORs. A power is the product of the powers of both digits, a multiple is the sum.
//!
//! Source: normalisation by prefix OR, Catrina and Saxena 2010 (FC 2010); the digits are ours.

use sharewell_mpc::{BitShare, Protocol, Result, Share, circuit};
use sharewell_ring::{Integer, Ring};

use super::polynomial::{constant, pieces};

/// The digits of the place of each leading one: 0 for the topmost, and none of a number that is
/// not positive.
pub(crate) struct Places<P: Protocol> {
    /// Indicators of the low digit, then of the high one.
    digits: P::BShare,
}

/// What [`Places::read`] gives.
pub(crate) struct Readings<P: Protocol> {
    /// One for each power asked for; 0 of a number that is not positive.
    pub(crate) powers: Vec<P::AShare>,
    /// One for each sum asked for; 0 of a number that is not positive.
    pub(crate) sums: Vec<P::AShare>,
    /// Whether the number is positive, as 0 or 1.
    pub(crate) positive: P::AShare,
}

/// `2^(exponent place)`, or `2^(exponent (greatest - place))`.
#[derive(Copy, Clone)]
pub(crate) enum Power {
    Rising(u32),
    Falling(u32),
}

/// Bits of which the topmost is at `top - 1`, `group` of them to a place: all of the numbers in
/// `[0, 2^width)`, or in `[-2^width, 2^width)` if `signed`, for `width <= top`.
#[derive(Copy, Clone)]
pub(crate) struct Layout {
    pub(crate) width: u32,
    pub(crate) signed: bool,
    pub(crate) top: u32,
    pub(crate) group: u32,
}

impl Layout {
    fn places(&self) -> u32 {
        self.top.div_ceil(self.group)
    }

    /// The base of the digits: a single digit where a second would save nothing.
    fn base(&self) -> u32 {
        let places = self.places();
        if places <= 4 { places } else { (1..).find(|b| b * b >= places).unwrap_or(places) }
    }

    /// Values of the high digit.
    fn high(&self) -> u32 {
        self.places().div_ceil(self.base())
    }

    /// The greatest place.
    pub(crate) fn last(&self) -> u32 {
        self.places() - 1
    }

    /// From which place a falling power counts down: the greatest, or little more.
    pub(crate) fn greatest(&self) -> u32 {
        self.high() * self.base() - 1
    }

    /// The bits of places `from..to`, counted from the top.
    fn bits(&self, from: u32, to: u32) -> (u32, u32) {
        let below = |place: u32| self.top.saturating_sub(place * self.group).min(self.width);
        (below(to), below(from))
    }
}

impl<P: Protocol> Places<P> {
    /// Finds them.
    ///
    /// Cost: [`Protocol::a2b`] and [`circuit::suffix_or`] of `width` bits, one more if signed.
    ///
    /// # Errors
    /// If a link fails.
    pub(crate) fn find(p: &mut P, x: &P::AShare, layout: Layout) -> Result<Self> {
        // Under a sign everything is covered: no bit below it leads.
        let planes = layout.width + u32::from(layout.signed);
        let bits = p.a2b(x, planes)?;
        let covered = circuit::suffix_or(p, &bits, planes as usize)?;
        let (places, base, high) = (layout.places(), layout.base(), layout.high());
        // Whether the place is in `from..to`: covered there, and not from above.
        let between = |from: u32, to: u32| {
            let (lowest, above) = layout.bits(from, to);
            let mut within = covered.pick(&[lowest as usize]);
            if above < planes {
                within ^= &covered.pick(&[above as usize]);
            }
            within
        };
        let low_digit = |digit: u32| {
            let mut all = between(digit, digit + 1);
            let others = (1..high).map(|high| high * base + digit).filter(|place| *place < places);
            others.for_each(|place| all ^= &between(place, place + 1));
            all
        };
        let mut digits: Vec<P::BShare> = (0..base).map(low_digit).collect();
        if high > 1 {
            digits.extend((0..high).map(|high| between(high * base, (high + 1) * base)));
        }
        let digits = P::BShare::stack(&digits.iter().collect::<Vec<_>>());
        Ok(Self { digits })
    }

    /// Powers of two to the place; of additive functions of the place the sums over its digits;
    /// and whether there is a place.
    ///
    /// Cost: [`Protocol::b2a_dot`] of `2 sqrt(width)` planes with `1 + 2 powers + sums`
    /// results, then one product for each power.
    ///
    /// # Errors
    /// If a link fails.
    pub(crate) fn read(
        &self,
        p: &mut P,
        layout: Layout,
        powers: &[Power],
        sums: &[&dyn Fn(u32) -> P::Ring],
    ) -> Result<Readings<P>> {
        let n = self.digits.len();
        let (base, high) = (layout.base(), layout.high());
        let high_planes = if high > 1 { high } else { 0 };
        let exponent = |power: &Power, digit: u32, count: u32| match power {
            Power::Rising(by) => by * digit,
            Power::Falling(by) => by * (count - 1 - digit),
        };
        let zeros = |count: u32| vec![P::Ring::ZERO; count as usize];
        let low_row = |of: &dyn Fn(u32) -> P::Ring| {
            (0..base).map(of).chain(zeros(high_planes)).collect::<Vec<_>>()
        };
        let mut rows = vec![low_row(&|_| P::Ring::ONE)];
        for sum in sums {
            let digits = (0..base).chain((0..high_planes).map(|digit| digit * base));
            rows.push(digits.map(sum).collect());
        }
        for power in powers {
            rows.push(low_row(&|digit| P::Ring::ONE.shl(exponent(power, digit, base))));
        }
        for power in powers.iter().filter(|_| high > 1) {
            let of = |digit: u32| P::Ring::ONE.shl(base * exponent(power, digit, high));
            rows.push(zeros(base).into_iter().chain((0..high).map(of)).collect());
        }
        let read = p.b2a_dot(&self.digits, &rows)?;
        let (mut positive, rest) = read.split(n);
        p.note_bound(&mut positive, 0, 1);
        let (sums_read, powers_read) = rest.split(n * sums.len());
        let powers_read = if high > 1 {
            let (low, high) = powers_read.split(n * powers.len());
            p.mul(&low, &high)?
        } else {
            powers_read
        };
        Ok(Readings {
            powers: pieces::<P>(&powers_read, powers.len()),
            sums: pieces::<P>(&sums_read, sums.len()),
            positive,
        })
    }
}

/// `d = x power / 2^top` at scale `precision`, in `[2^-group, 1]`; 1/2 of what is not positive.
///
/// Error: one unit in the last place, none if `top <= precision`. Cost: a product, and
/// [`Protocol::trunc`] if `top > precision`.
///
/// # Errors
/// If a link fails.
pub(crate) fn fraction<P: Protocol>(
    p: &mut P,
    x: &P::AShare,
    (power, positive): (&P::AShare, &P::AShare),
    layout: Layout,
    precision: u32,
) -> Result<P::AShare> {
    let Layout { top, group, .. } = layout;
    let mut d = p.mul(x, power)?;
    let mut none = constant(p, P::Ring::ONE, x.len());
    none -= positive;
    none.scale(&[P::Ring::ONE.shl(top - 1)]);
    d += &none;
    p.note_bound(&mut d, (1 << top) >> group, (1 << top) - 1);
    if top > precision {
        d = p.trunc(&d, top - precision)?;
    } else {
        d.scale(&[P::Ring::ONE.shl(precision - top)]);
    }
    p.note_bound(&mut d, (1 << precision) >> group, 1 << precision);
    Ok(d)
}

/// Numbers with their leading ones.
pub(crate) struct Normalised<P: Protocol> {
    value: P::AShare,
    /// The power of two that moves the leading one to bit `width - 1`; 0 of 0.
    pub(crate) power: P::AShare,
    /// Whether the number is not 0, as 0 or 1.
    pub(crate) nonzero: P::AShare,
    layout: Layout,
}

/// Finds the leading one of each of `x`, all in `[0, 2^width)`.
///
/// Cost: [`Places::find`], then [`Places::read`] of one power.
///
/// # Errors
/// If a link fails.
pub(crate) fn normalise<P: Protocol>(
    p: &mut P,
    x: &P::AShare,
    width: u32,
) -> Result<Normalised<P>> {
    let layout = Layout { width, signed: false, top: width, group: 1 };
    let mut read = Places::find(p, x, layout)?.read(p, layout, &[Power::Rising(1)], &[])?;
    let mut power = read.powers.remove(0);
    p.note_bound(&mut power, 0, 1 << (width - 1));
    Ok(Normalised { value: x.clone(), power, nonzero: read.positive, layout })
}

/// The power of two that moves the leading one of each of `x`, all in `[0, 2^width)`, to bit
/// `width - 1`; 0 of 0. What it multiplies is near `2^width` whatever `x` was: how a secret
/// scale is taken out of a computation and put back into it.
///
/// Error: none. Cost: [`Protocol::a2b`] and a prefix OR of `width` bits, [`Protocol::b2a_dot`]
/// of `2 sqrt(width)` planes and a product; in `Rep3` 22 rounds for a width of 80.
///
/// # Errors
/// If a link fails.
///
/// # Panics
/// If the width leaves no room in the ring.
pub fn leading_power<P: Protocol>(p: &mut P, x: &P::AShare, width: u32) -> Result<P::AShare> {
    assert!(width > 0 && width + 2 < P::Ring::BITS, "{width} bits of {}", P::Ring::BITS);
    p.require_bound("leading power", x, 0, (1 << width) - 1)?;
    Ok(normalise(p, x, width)?.power)
}

impl<P: Protocol> Normalised<P> {
    /// `d = x power / 2^width` at scale `precision`, in `[1/2, 1]`; 1/2 of 0.
    ///
    /// Error, cost: as [`fraction`].
    ///
    /// # Errors
    /// If a link fails.
    pub(crate) fn fraction(&self, p: &mut P, precision: u32) -> Result<P::AShare> {
        fraction(p, &self.value, (&self.power, &self.nonzero), self.layout, precision)
    }
}
