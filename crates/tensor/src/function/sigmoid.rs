//! The logistic function and the hyperbolic tangent.
//!
//! `1 / (1 + e^-x) = 1/2 + h(x)` and `tanh x = 2 h(2x)` with an odd `h`: polynomials in pieces.
//! That beats an exponential and a reciprocal in rounds, bytes and error alike.

use sharewell_mpc::{Protocol, Result};
use sharewell_ring::{Integer, Ring};

use super::piecewise::{Argument, Curve, Piece, note_error, note_probability};
use super::polynomial::constant;
use crate::Tensor;
use crate::tensor::elementwise;

/// How good a fit of the logistic function is taken.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Fit {
    /// Three cubics, then 1: within 3.5e-4, for training.
    Fast,
    /// Four pieces of degree 5: within 3.6e-6, below the last of 17 fractional bits.
    Accurate,
    /// Six pieces of degree 7: within 6.6e-9, below the last of 26 fractional bits.
    Fine,
}

/// What is known of the argument, and what is asked for.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Sigmoid {
    /// Of the argument.
    pub argument: Argument,
    /// Fractional bits of the result.
    pub frac_bits: u32,
    /// Of the function.
    pub fit: Fit,
}

impl Sigmoid {
    /// Whether a ring of `bits` bits holds every intermediate value, of [`tanh`] too.
    #[must_use]
    pub fn fits(&self, bits: u32) -> bool {
        self.frac_bits > 0 && self.curve().fits(self.twice(), self.frac_bits + 1, bits)
    }

    /// The worst error of [`sigmoid`]; that of [`tanh`] is below twice as much.
    #[must_use]
    pub fn accuracy(&self, bits: u32) -> f64 {
        self.curve().worst_error(self.argument, self.frac_bits, bits)
    }

    fn curve(&self) -> &'static Curve {
        match self.fit {
            Fit::Fast => &FAST,
            Fit::Accurate => &ACCURATE,
            Fit::Fine => &FINE,
        }
    }

    fn twice(&self) -> Argument {
        Argument { bits: self.argument.bits + 1, ..self.argument }
    }

    fn check(&self, frac_bits: u32, ring_bits: u32) {
        assert_eq!(frac_bits, self.argument.frac_bits, "{self:?}");
        assert!(self.fits(ring_bits), "{self:?} does not fit {ring_bits} bits");
    }
}

/// `1 / (1 + e^-x)`, at scale `spec.frac_bits`.
///
/// Domain: as `spec` promises, [`Sigmoid::fits`] must hold. Error: [`Sigmoid::accuracy`].
/// Cost: that of a function in pieces; of 21 bits at 16 fractional bits in `Rep3` over 64 bits
/// 20 rounds and 119 bytes a party for [`Fit::Fast`], 22 and 160 for [`Fit::Accurate`].
/// Source: `crates/tensor/fits/fit.py`.
///
/// # Errors
/// If a link fails.
///
/// # Panics
/// If `spec` does not fit the ring or is of another scale.
pub fn sigmoid<P: Protocol>(p: &mut P, x: &Tensor<P>, spec: Sigmoid) -> Result<Tensor<P>> {
    spec.check(x.frac_bits(), P::Ring::BITS);
    let [shares] = elementwise(p, [x], |p, [x]| {
        let y = spec.curve().evaluate(p, x, spec.argument, spec.frac_bits)?;
        let mut shares = constant(p, P::Ring::ONE.shl(spec.frac_bits - 1), y.len());
        shares += y.shares();
        let error = spec.accuracy(P::Ring::BITS);
        note_probability(
            p,
            &mut shares,
            (error, spec.frac_bits),
            (x.shares(), x.frac_bits(), 0.25),
        );
        Ok([shares])
    })?;
    Ok(Tensor::new(shares, x.shape(), spec.frac_bits))
}

/// The hyperbolic tangent, at scale `spec.frac_bits`.
///
/// Domain: as `spec` promises, [`Sigmoid::fits`] must hold. Error: below twice
/// [`Sigmoid::accuracy`]. Cost: as [`sigmoid`].
///
/// # Errors
/// If a link fails.
///
/// # Panics
/// As [`sigmoid`].
pub fn tanh<P: Protocol>(p: &mut P, x: &Tensor<P>, spec: Sigmoid) -> Result<Tensor<P>> {
    spec.check(x.frac_bits(), P::Ring::BITS);
    let [y] = elementwise(p, [x], |p, [x]| {
        let twice = x.clone().times(2);
        let y = spec.curve().evaluate(p, &twice, spec.twice(), spec.frac_bits + 1)?;
        let (error, mut shares) = (2.0 * spec.accuracy(P::Ring::BITS), y.into_shares());
        note_error(p, &mut shares, (error, spec.frac_bits), (x.shares(), x.frac_bits(), 1.0));
        Ok([shares])
    })?;
    Ok(Tensor::new(y, x.shape(), spec.frac_bits))
}

/// Error 2.3e-4 in the pieces, 3.5e-4 just beyond 8.
#[rustfmt::skip] // one row per polynomial
static FAST: Curve = Curve {
    unit_bits: 3,
    margin_bits: 5,
    folded: false,
    tail: 0.5,
    error: 3.47e-4,
    value_bits: 0,
    pieces: &[
        Piece { end: 11, shift: 0, coefficients: &[
            0.16525336435040971, 0.22257165560889663, -0.034320546462592756, -0.012066949045678782,
        ] },
        Piece { end: 33, shift: 1, coefficients: &[
            0.44010913659366396, 0.11361724041806794, -0.10325160169324847, 0.04558968583886661,
        ] },
        Piece { end: 64, shift: 1, coefficients: &[
            0.4978769334650737, 0.004334217189076184, -0.006220299548416945, 0.00395501286736073,
        ] },
    ],
};

#[rustfmt::skip] // one row per polynomial
static ACCURATE: Curve = Curve {
    unit_bits: 3,
    margin_bits: 5,
    folded: false,
    tail: 0.5,
    error: 3.51e-6,
    value_bits: 0,
    pieces: &[
        Piece { end: 12, shift: 0, coefficients: &[
            0.1791751999571994, 0.2178965888234208, -0.03893723577963653, -0.011179517140997464,
            0.004784419299175413, 0.0003422111945859885,
        ] },
        Piece { end: 27, shift: 0, coefficients: &[
            0.41964563051524906, 0.07389807207154492, -0.031071739170820938, 0.00686984451275809,
            -0.00011960756089751934, -0.0003732739845993478,
        ] },
        Piece { end: 53, shift: 1, coefficients: &[
            0.4933038797764665, 0.01329704520280597, -0.013030600250767124, 0.008500691633330048,
            -0.0043730981684421385, 0.0014602343283131698,
        ] },
        Piece { end: 101, shift: 2, coefficients: &[
            0.49993103538490313, 0.00027405628285044815, -0.00043944896429736196,
            0.0005985905377462854, -0.00109342142935666, 0.0008551835486588675,
        ] },
    ],
};

#[rustfmt::skip] // one row per polynomial
static FINE: Curve = Curve {
    unit_bits: 3,
    margin_bits: 5,
    folded: false,
    tail: 0.5,
    error: 6.56e-9,
    value_bits: 0,
    pieces: &[
        Piece { end: 9, shift: 0, coefficients: &[
            0.1370307879972553, 0.23122256413966208, -0.03168401802638221, -0.014926866728555092,
            0.004677316792587209, 0.0009237245098091395, -0.0005217616732949196,
            -3.117732221756411e-05,
        ] },
        Piece { end: 19, shift: 0, coefficients: &[
            0.3519528069696555, 0.12612922182416803, -0.04439190801799585, 0.0051130428205936,
            0.0019041455165933591, -0.0009201696231367619, 8.723416239693035e-05,
            4.491497170813471e-05,
        ] },
        Piece { end: 32, shift: 0, coefficients: &[
            0.46036115705215963, 0.03806760137642719, -0.017524670734004058, 0.0048954599329257276,
            -0.0007945138268654421, 1.0106810909400703e-05, 3.994668810486138e-05,
            -1.2402714679914128e-05,
        ] },
        Piece { end: 59, shift: 1, coefficients: &[
            0.4966233899346966, 0.006730463645222307, -0.0066850952542156505, 0.004395616463074957,
            -0.0021372210448740245, 0.0008114202425579877, -0.00024183502722366674,
            4.523544330896686e-05,
        ] },
        Piece { end: 92, shift: 2, coefficients: &[
            0.49992033316750956, 0.0003186453347145622, -0.0006379487398619746,
            0.000850222384758024, -0.0008358768003881008, 0.0006686894688622617,
            -0.0005250846212827197, 0.0002964507408459494,
        ] },
        Piece { end: 151, shift: 2, coefficients: &[
            0.4999997489213344, 1.0054711090379029e-06, -2.120422418456756e-06,
            2.8165351516340404e-06, -2.192233133173396e-06, 1.7786257216302463e-06,
            -2.330270935342e-06, 1.3150624441832878e-06,
        ] },
    ],
};
