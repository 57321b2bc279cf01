//! The normal distribution: what z-scores and p-values are made of.

use sharewell_mpc::{Protocol, Result};
use sharewell_ring::{Integer, Ring};

use super::piecewise::{Argument, Curve, Piece, note_error, note_probability};
use super::polynomial::constant;
use crate::Tensor;
use crate::tensor::elementwise;

/// What is known of the argument, and the scale asked for.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Normal {
    /// Of the argument.
    pub argument: Argument,
    /// Fractional bits of the result.
    pub frac_bits: u32,
}

impl Normal {
    /// Whether a ring of `bits` bits holds every intermediate value of [`normal_cdf`].
    #[must_use]
    pub fn fits(&self, bits: u32) -> bool {
        self.frac_bits > 0 && MASS.fits(self.argument, self.frac_bits, bits)
    }

    /// The worst error of [`normal_cdf`].
    #[must_use]
    pub fn accuracy(&self, bits: u32) -> f64 {
        MASS.worst_error(self.argument, self.frac_bits, bits)
    }
}

/// What is known of a probability, and the scale asked for.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct NormalQuantile {
    /// Fractional bits of the probability.
    pub argument_frac_bits: u32,
    /// Fractional bits of the result.
    pub frac_bits: u32,
}

impl NormalQuantile {
    /// Whether a ring of `bits` bits holds every intermediate value of [`normal_quantile`].
    #[must_use]
    pub fn fits(&self, bits: u32) -> bool {
        self.argument_frac_bits > 0 && QUANTILE.fits(self.argument(), self.frac_bits, bits)
    }

    /// The worst error of [`normal_quantile`] for probabilities in `[1e-9, 1 - 1e-9]`.
    #[must_use]
    pub fn accuracy(&self, bits: u32) -> f64 {
        QUANTILE.worst_error(self.argument(), self.frac_bits, bits)
    }

    /// The distance from 1/2.
    fn argument(&self) -> Argument {
        let frac_bits = self.argument_frac_bits;
        Argument { bits: frac_bits, frac_bits }
    }
}

/// The probability of a standard normal deviate below `z`, at scale `spec.frac_bits`.
///
/// Domain: as `spec` promises, [`Normal::fits`] must hold; beyond 5.875 the result is 0 or 1
/// within the error. Error: [`Normal::accuracy`]: 2.4e-9 of the fit, roundings. Cost: that
/// of a function in pieces; of 21 bits at 16 fractional bits in `Rep3` over 64 bits 22 rounds
/// and 201 bytes a party.
/// Source: `crates/tensor/fits/fit.py`.
///
/// # Errors
/// If a link fails.
///
/// # Panics
/// If `spec` does not fit the ring or is of another scale.
pub fn normal_cdf<P: Protocol>(p: &mut P, z: &Tensor<P>, spec: Normal) -> Result<Tensor<P>> {
    assert_eq!(z.frac_bits(), spec.argument.frac_bits, "{spec:?}");
    assert!(spec.fits(P::Ring::BITS), "{spec:?} does not fit");
    let [shares] = elementwise(p, [z], |p, [z]| {
        let y = MASS.evaluate(p, z, spec.argument, spec.frac_bits)?;
        let mut shares = constant(p, P::Ring::ONE.shl(spec.frac_bits - 1), z.len());
        shares += y.shares();
        let error = spec.accuracy(P::Ring::BITS);
        note_probability(
            p,
            &mut shares,
            (error, spec.frac_bits),
            (z.shares(), z.frac_bits(), 0.399),
        );
        Ok([shares])
    })?;
    Ok(Tensor::new(shares, z.shape(), spec.frac_bits))
}

/// The point below which a standard normal deviate lies with probability `q`, at scale
/// `spec.frac_bits`.
///
/// Domain: `0 <= q <= 1`, [`NormalQuantile::fits`] must hold; nearer to 0 or 1 than 1e-9 the
/// result's magnitude lies between 5.997 and 6.02. Error: [`NormalQuantile::accuracy`]: 7.7e-8
/// of the fit, roundings. Cost: that of a function in pieces; at 36 fractional bits in `Rep3`
/// over 64 bits 26 rounds and 412 bytes a party.
/// Source: `crates/tensor/fits/fit.py`.
///
/// # Errors
/// If a link fails.
///
/// # Panics
/// If `spec` does not fit the ring or is of another scale.
pub fn normal_quantile<P: Protocol>(
    p: &mut P,
    q: &Tensor<P>,
    spec: NormalQuantile,
) -> Result<Tensor<P>> {
    let argument = spec.argument();
    assert_eq!(q.frac_bits(), argument.frac_bits, "{spec:?}");
    assert!(spec.fits(P::Ring::BITS), "{spec:?} does not fit");
    let [shares] = elementwise(p, [q], |p, [q]| {
        p.require_bound("quantile", q.shares(), 0, 1 << argument.frac_bits)?;
        let half = constant(p, P::Ring::ONE.shl(argument.frac_bits - 1), q.len());
        let from_half = q.clone().sub(&Tensor::new(half, q.shape(), argument.frac_bits));
        let y = QUANTILE.evaluate(p, &from_half, argument, spec.frac_bits)?;
        let (error, mut shares) = (spec.accuracy(P::Ring::BITS), y.into_shares());
        note_error(
            p,
            &mut shares,
            (error, spec.frac_bits),
            (q.shares(), q.frac_bits(), f64::INFINITY),
        );
        Ok([shares])
    })?;
    Ok(Tensor::new(shares, q.shape(), spec.frac_bits))
}

/// The mass between 0 and `x`.
#[rustfmt::skip] // one row per polynomial
static MASS: Curve = Curve {
    unit_bits: 3,
    margin_bits: 6,
    folded: false,
    tail: 0.5,
    error: 2.41e-9,
    value_bits: 0,
    pieces: &[
        Piece { end: 6, shift: -1, coefficients: &[
            0.14616976539218143, 0.18592754608696171, -0.017430640143012623, -0.006657546607154436,
            0.001037798288258054, 0.00021064271882288477, -3.973257151765369e-05,
            -5.017577458693138e-06,
        ] },
        Piece { end: 14, shift: 0, coefficients: &[
            0.39435022838903117, 0.1826491048981087, -0.11415593720743555, 0.017122516874664328,
            0.013679953098864411, -0.00597728505178158, -0.0006077813852865121,
            0.0007706262597714379,
        ] },
        Piece { end: 24, shift: 0, coefficients: &[
            0.49122552529240066, 0.02377186866353416, -0.028229166830394847, 0.01838706245478538,
            -0.0062114722589083245, 0.000184577730850578, 0.0007509721478096838,
            -0.0002528322043160864,
        ] },
        Piece { end: 37, shift: 0, coefficients: &[
            0.4999312161255744, 0.00027840474555440304, -0.0005306798097511981,
            0.0006275654678504172, -0.0005099418463138636, 0.0002968862483814594,
            -0.00012003824656023725, 2.5969235771179203e-05,
        ] },
        Piece { end: 47, shift: 0, coefficients: &[
            0.49999992405225197, 4.125497165596998e-07, -1.0916233263381772e-06,
            1.8356473758835541e-06, -2.12288369493362e-06, 1.9955819478169902e-06,
            -1.8670488436479888e-06, 1.0504109329055913e-06,
        ] },
    ],
};

/// The upper quantile, an octave of the tail's mass in each piece; below `2^-30` that of `2^-30`.
#[rustfmt::skip] // one row per polynomial
static QUANTILE: Curve = Curve {
    unit_bits: 30,
    margin_bits: 35,
    folded: true,
    tail: 0.0,
    error: 7.65e-8,
    value_bits: 3,
    pieces: &[
        Piece { end: 1, shift: -30, coefficients: &[6.009353565530744] },
        Piece { end: 2, shift: -30, coefficients: &[
            5.943266961586626, -0.10923348094383072, 0.03546279464794316, -0.015572343844434887,
            0.00762808929311873, -0.003996865039645696, 0.0027533614981718785,
            -0.0016628326589905912,
        ] },
        Piece { end: 4, shift: -29, coefficients: &[
            5.828644596226748, -0.11127148784058287, 0.036087747607896764, -0.015838657123109796,
            0.00776863269364312, -0.0040759469519960345, 0.0027656734174785207,
            -0.0016639386362582791,
        ] },
        Piece { end: 8, shift: -28, coefficients: &[
            5.711843669581738, -0.11342598961108404, 0.03674689756203661, -0.01611988983172904,
            0.00790999013311215, -0.004152148006305, 0.00279662117212415, -0.0016793276326935,
        ] },
        Piece { end: 16, shift: -27, coefficients: &[
            5.5927372173644985, -0.1157084370146743, 0.03744304924023307, -0.016416790896403768,
            0.008055972662376077, -0.004229245265894503, 0.002837881237698257,
            -0.0017023530070643862,
        ] },
        Piece { end: 32, shift: -26, coefficients: &[
            5.471185566285873, -0.11813189261817203, 0.03817959129550365, -0.01673057782117031,
            0.008208621235734327, -0.004309052501197414, 0.0028856792257352026,
            -0.0017299969740257914,
        ] },
        Piece { end: 64, shift: -25, coefficients: &[
            5.3470344935693905, -0.1207113458743203, 0.03896045559134444, -0.017062766600915533,
            0.008369322741037336, -0.004392632603593266, 0.002938313904912792,
            -0.0017608712162369886,
        ] },
        Piece { end: 128, shift: -24, coefficients: &[
            5.2201130290983375, -0.12346409663313504, 0.0397901669947088, -0.01741514037058772,
            0.008539235099785266, -0.004480746027002752, 0.002995092870063282,
            -0.0017943737454021347,
        ] },
        Piece { end: 256, shift: -23, coefficients: &[
            5.090230813318148, -0.1264102329698996, 0.04067393545948777, -0.017789764906636765,
            0.00871947889158184, -0.00457404323989394, 0.0030558414771511824,
            -0.001830305803684777,
        ] },
        Piece { end: 512, shift: -22, coefficients: &[
            4.957174896849305, -0.1295732340387787, 0.04161778141186955, -0.018189026761139596,
            0.008911239121606873, -0.00467316315578843, 0.0031206694673097325,
            -0.0018686820858947468,
        ] },
        Piece { end: 1024, shift: -21, coefficients: &[
            4.82070583131456, -0.13298073904072652, 0.042628696941264796, -0.01861568933014289,
            0.00911583080779581, -0.0047787873030714295, 0.0031898600321471605,
            -0.0019096421261664048,
        ] },
        Piece { end: 2048, shift: -20, coefficients: &[
            4.680552850569687, -0.13666553932237907, 0.04371485061717399, -0.019072966672511033,
            0.009334751730019443, -0.004891676466641917, 0.0032638201985588497,
            -0.0019534093225835464,
        ] },
        Piece { end: 4096, shift: -19, coefficients: &[
            4.536407870877443, -0.14066687417366983, 0.04488584821650154, -0.019564618238480616,
            0.009569734221445244, -0.005012701333595479, 0.0033430632990288207,
            -0.002000274531227698,
        ] },
        Piece { end: 8192, shift: -18, coefficients: &[
            4.3879179377158115, -0.1450321462266772, 0.046153066837353755, -0.02009506999987747,
            0.00982280335507646, -0.005142873435888478, 0.0034282095535635355,
            -0.002050593118680102,
        ] },
        Piece { end: 16384, shift: -17, coefficients: &[
            4.234675600377823, -0.14981922633795505, 0.04753008679601446, -0.02066957004156526,
            0.010096347391075856, -0.005283380538756221, 0.0035199983897289556,
            -0.002104790262534284,
        ] },
        Piece { end: 32768, shift: -16, coefficients: &[
            4.0762064784062035, -0.15509960211600035, 0.04903325535544501, -0.021294389996817528,
            0.010393206487697284, -0.00543562998317028, 0.003619310134225112,
            -0.0021633723438746477,
        ] },
        Piece { end: 65536, shift: -15, coefficients: &[
            3.9119529551633203, -0.16096275910976388, 0.05068242998982396, -0.021977088298715527,
            0.010716786955887563, -0.005601303731496485, 0.0037271970458722385,
            -0.0022269439863680843,
        ] },
        Piece { end: 131072, shift: -14, coefficients: &[
            3.74125242385462, -0.16752240547443004, 0.05250196818535651, -0.022726857717883714,
            0.011071210701450703, -0.005782429780083972, 0.0038449253013780674,
            -0.0022962314131520474,
        ] },
        Piece { end: 262144, shift: -13, coefficients: &[
            3.56330769828439, -0.17492552723688912, 0.0545220575114318, -0.023554988923021977,
            0.011461513159611504, -0.005981476201137306, 0.003974031038493161,
            -0.0023721137204532877,
        ] },
        Piece { end: 524288, shift: -12, coefficients: &[
            3.3771458636337433, -0.18336592264668905, 0.05678051468139332, -0.024475494933543878,
            0.011893908403345005, -0.006201476515409487, 0.0041163952696680155,
            -0.002455664658311147,
        ] },
        Piece { end: 1048576, shift: -11, coefficients: &[
            3.1815595645025367, -0.1931050744405269, 0.059325221057626214, -0.025505959501500686,
            0.012376147777311072, -0.006446198647620266, 0.004274344705989765,
            -0.002548208758765783,
        ] },
        Piece { end: 2097152, shift: -10, coefficients: &[
            2.975020683083418, -0.20450554023300885, 0.0622173797865405, -0.026668696145177327,
            0.012918008938788644, -0.006720374708527129, 0.0044507885677950295,
            -0.0026513973420712105,
        ] },
        Piece { end: 4194304, shift: -9, coefficients: &[
            2.7555488254744036, -0.21808674576262826, 0.0655356800739285, -0.027992331302470048,
            0.013531965509563551, -0.007030015480174573, 0.004649405547127114,
            -0.002767312227568598,
        ] },
        Piece { end: 8388608, shift: -8, coefficients: &[
            2.5205021669719203, -0.23462324786959382, 0.0693808850388521, -0.02951394475010245,
            0.01423410105544475, -0.007382841198714572, 0.004874900180504467,
            -0.0028986079310920733,
        ] },
        Piece { end: 16777216, shift: -7, coefficients: &[
            2.2662267564359575, -0.2553294077545183, 0.07387800579512327, -0.03128189705634951,
            0.015045334256424618, -0.007788865917282484, 0.005133352871367052,
            -0.0030487063434964904,
        ] },
        Piece { end: 33554432, shift: -6, coefficients: &[
            1.9874278302112236, -0.28223627061602496, 0.07916378091072342, -0.033359553862189494,
            0.015992979774068532, -0.008261166055136443, 0.005432688313453799,
            -0.003222059506466217,
        ] },
        Piece { end: 67108864, shift: -5, coefficients: &[
            1.6759396636234694, -0.31904877034194473, 0.08530636147338361, -0.03583197549018734,
            0.017112422457451013, -0.0088168191033341, 0.005783270085001427, -0.00342449028200747,
        ] },
        Piece { end: 134217728, shift: -4, coefficients: &[
            1.318010834109717, -0.3734113483896339, 0.09189725023101006, -0.03884079489687179,
            0.0184463545127916, -0.009477971689174174, 0.0061985548353978345, -0.00366359245526322,
        ] },
        Piece { end: 268435456, shift: -3, coefficients: &[
            0.8871464910066735, -0.4644092008323785, 0.09567680646771638, -0.042984931187978206,
            0.019987179263015166, -0.010279840359736291, 0.006694579586736833,
            -0.003949217796490631,
        ] },
        Piece { end: 536870912, shift: -2, coefficients: &[
            0.3186392913849105, -0.6592906084527772, 0.06925980392874873, -0.05747610560949631,
            0.01890702815178788, -0.01218078087065111, 0.0069675122459155895,
            -0.0044042583369564145,
        ] },
    ],
};
