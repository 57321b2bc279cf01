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
    /// Nine pieces of degree 9: within 3.3e-12, below the last of 37 fractional bits.
    Finest,
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
            Fit::Finest => &FINEST,
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

#[rustfmt::skip] // one row per polynomial
static FINEST: Curve = Curve {
    unit_bits: 3,
    margin_bits: 5,
    folded: false,
    tail: 0.5,
    error: 3.28e-12,
    value_bits: 0,
    pieces: &[
        Piece { end: 6, shift: -1, coefficients: &[
            0.09266659995268997, 0.1207064506261227, -0.005592728081177423, -0.0022555881595526105,
            0.00022102273814135815, 4.722857138500498e-05, -7.2729655568026896e-06,
            -9.046565003074908e-07, 2.061230736767849e-07, 1.4232142602574016e-08,
        ] },
        Piece { end: 13, shift: -1, coefficients: &[
            0.2662936430881899, 0.08954384782787338, -0.011922478854324148, -0.0002780567184579331,
            0.0002854085051350172, -2.4435127990405694e-05, -3.7311908904835094e-06,
            9.344979913882358e-07, -1.0939131619956925e-08, -1.857679922862794e-08,
        ] },
        Piece { end: 22, shift: 0, coefficients: &[
            0.39912137726730934, 0.09070212619439674, -0.036201157151746065, 0.006890145908543834,
            0.00026675001596018907, -0.0005546807475843792, 0.00014894423828082224,
            -6.578991988630622e-06, -8.436642902095772e-06, 2.781676343088998e-06,
        ] },
        Piece { end: 33, shift: 0, coefficients: &[
            0.4688561694630172, 0.030173892366722795, -0.01414721537354099, 0.004118517873131366,
            -0.0007520613617902657, 5.130923966600046e-05, 1.8985313364313422e-05,
            -8.461372271605089e-06, 1.7652267627056144e-06, -1.5505346751536783e-07,
        ] },
        Piece { end: 46, shift: 0, coefficients: &[
            0.49287857125691775, 0.00707071399453552, -0.0034850035995444045,
            0.0011284574278267291, -0.0002657733976540259, 4.677674050369035e-05,
            -5.756092303335464e-06, 2.701764619356246e-07, 1.0593154199804108e-07,
            -3.69103961495616e-08,
        ] },
        Piece { end: 69, shift: 1, coefficients: &[
            0.49924459436432017, 0.0015096699705168279, -0.001507388875137493,
            0.0010018890917407486, -0.000497916251635182, 0.00019673901570402657,
            -6.394953079283583e-05, 1.7387435650193378e-05, -3.947754838514691e-06,
            6.30539853982408e-07,
        ] },
        Piece { end: 95, shift: 1, coefficients: &[
            0.4999646437462666, 7.071000655499657e-05, -7.070478343020534e-05,
            4.7129872408689576e-05, -2.356086929107971e-05, 9.418917817383549e-06,
            -3.125480637098576e-06, 8.911950723390972e-07, -2.3945663918353164e-07,
            5.253687069594844e-08,
        ] },
        Piece { end: 134, shift: 2, coefficients: &[
            0.4999993916378468, 2.433445986262097e-06, -4.8664561628995235e-06,
            6.4886326805672825e-06, -6.497597410693791e-06, 5.1976446101496706e-06,
            -3.3990662410795644e-06, 1.943599226991793e-06, -1.169258774440248e-06,
            5.179914543956087e-07,
        ] },
        Piece { end: 212, shift: 3, coefficients: &[
            0.4999999995912561, 3.267835856358584e-09, -1.2611357659150843e-08,
            3.370591892594647e-08, -7.706611381792099e-08, 1.2257434441682438e-07,
            -9.225371976819913e-08, 1.0804384585733131e-07, -3.2274621230510696e-07,
            2.83785258266009e-07,
        ] },
    ],
};
