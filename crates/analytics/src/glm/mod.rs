//! Generalised linear models of secret records by Newton's method, which for their canonical
//! links is Fisher scoring (IRLS): coefficients, gradients and information stay shares in every
//! step, and the number of steps is public. One bit says whether the last step was small.
//!
//! What a step moves depends on the information to few digits only, but where the steps end depends
//! on the gradient alone: so means are made to twelve digits, sums over records are not rounded at
//! all, and of the information's inverse seven digits of the worst direction are enough. Its scale,
//! which nobody knows, is taken out by a secret power of two.
//!
//! Nobody can see that a step was too long, and halve it. From a constant mean Newton's first step
//! often is: where few records have events and one group has many, its residuals are far above
//! their weights. So all looks but the last four take weights that have the same expectation, and
//! to which a residual is never more than twofold: `|y - mean| / 2` and `(y + mean) / 2`. Their
//! steps shrink by the noise of the weights, Newton's last ones double the digits.
//!
//! Böhning's bound of the information (Ann. Inst. Statist. Math. 40, 1988) needs one inverse for
//! all steps, but gains `-log10(1 - 4 w)` digits in a step, for the least weight `w` that matters:
//! one digit in 20 steps at an event rate of 3 %. Means are what a step costs.
//!
//! Sources: McCullagh and Nelder, Generalized Linear Models, 2.5; separation: Albert and Anderson,
//! Biometrika 71, 1984.

mod means;
mod scales;
mod start;
mod step;

use sharewell_mpc::{Arithmetic, Protocol, Result, Share, circuit};
use sharewell_ring::{Integer, Ring};
use sharewell_tensor::Tensor;

use scales::{LIMIT_BITS, Scales};
use step::Rows;

/// Fractional bits of what explains.
pub const RECORD_BITS: u32 = 28;
/// Fractional bits of coefficients and of offsets.
pub const FRAC_BITS: u32 = 40;
/// The greatest number of columns.
pub const MOST_COLUMNS: usize = 32;
/// Offsets are below two to this in magnitude.
pub const OFFSET_BITS: u32 = 8;
/// So many looks, the last of which takes no further, are Newton's.
const LATE: u32 = 4;
/// A last step is small if it moves no coefficient by more than two to minus this.
const SETTLED_BITS: u32 = 18;

/// What is supposed of the response.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Family {
    /// 0 or 1, with log-odds x'b.
    Logistic,
    /// Counts, with means exp(x'b + offset).
    Poisson {
        /// The greatest count.
        most: u64,
        /// The least and the greatest offset, as integers at [`FRAC_BITS`].
        offsets: (i128, i128),
    },
}

/// A model, and what is public of its records.
#[derive(Clone, Debug, PartialEq)]
pub struct Model {
    /// What is supposed of the response.
    pub family: Family,
    /// Records, those that do not count among them.
    pub rows: usize,
    /// Columns of what explains, the constant among them.
    pub columns: usize,
    /// Steps before the last look; 8 are enough for all but odd data.
    pub steps: u32,
    /// For each column how much of half its coefficient's square is taken off the log-likelihood.
    pub ridge: Vec<f64>,
}

/// Secret records. A record that does not count is zero in all.
pub struct Records<'a, P: Protocol> {
    /// What explains, `[rows, columns]` at [`RECORD_BITS`], each from -1 to 1. The first column is the
    /// constant: 1 in each record that counts.
    pub x: &'a Tensor<P>,
    /// Responses, `[rows]`, integers.
    pub y: &'a Tensor<P>,
    /// Offsets, `[rows]` at [`FRAC_BITS`], of Poisson regression.
    pub offset: Option<&'a Tensor<P>>,
}

impl<P: Protocol> std::fmt::Debug for Records<'_, P> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Records({:?})", self.x)
    }
}

/// A fit. It means nothing unless `converged` is opened and is 1.
#[derive(Debug)]
pub struct Fit<P: Protocol> {
    /// Coefficients, `[columns]`.
    pub coefficients: Tensor<P>,
    /// The inverse of the information, of the ridge too, [columns, columns].
    pub covariance: Tensor<P>,
    /// The log-likelihood, `[1]`; of Poisson regression without the logarithms of the counts'
    /// factorials.
    pub log_likelihood: Tensor<P>,
    /// That of a constant mean, but for offsets.
    pub null_log_likelihood: Tensor<P>,
    /// That of a mean for each record, from which a deviance is counted; 0 of logistic regression.
    pub saturated: Tensor<P>,
    /// 1 if the last step was small, the information was inverted, and records differ in their
    /// responses; 0 where columns depend on each other, where they separate the responses, and
    /// where the steps were too few.
    pub converged: P::AShare,
}

impl Model {
    /// Whether a ring of `bits` bits holds every intermediate value.
    #[must_use]
    pub fn fits(&self, bits: u32) -> bool {
        Scales::of(self, bits).is_some()
    }

    /// The worst error of a record's mean, from which errors of coefficients come: at the end
    /// they are off by at most so much in each mean, led through the inverse of the information.
    #[must_use]
    pub fn mean_error(&self, bits: u32) -> f64 {
        means::accuracy(self, bits)
    }
}

/// Fits a model.
///
/// Domain: records as [`Records`] has them, [`Model::fits`] must hold. No interval can prove that
/// the steps end: [`Fit::converged`] says whether they did.
///
/// Error of the coefficients, if they did: that of a maximum whose means are off by at most
/// [`Model::mean_error`], `5e-12` for logistic regression, and by the square of the last step. Of
/// the covariance, in units of standard errors: `c 2^-18` where the last step came to its limit,
/// in practice its own length, and a unit in the last place. Of the log-likelihood: `5e-11` for
/// each record, and of logistic regression `5e-12 / q` for one whose response had a probability of
/// `q`. Tests hold coefficients to `1e-7` of their standard errors.
///
/// Cost for `n` records, `c` columns and `s` steps: `s + 1` times a mean ([`sigmoid`], of fewer
/// digits in all but the last looks, or [`exponential`]), `n (c + 3)` products, and [`inverse`] of
/// order `c`; once [`logarithm`] of `n` numbers. In `Rep3` over 128 bits,
/// for 12 columns and 8 steps, about 1500 rounds, and from the party that sends most 3 MB and
/// 6.4 kB a record.
///
/// [`sigmoid`]: sharewell_tensor::function::sigmoid
/// [`exponential`]: sharewell_tensor::function::exponential()
/// [`logarithm`]: sharewell_tensor::function::logarithm()
/// [`inverse`]: sharewell_tensor::linear::inverse
///
/// # Errors
/// If a link fails.
///
/// # Panics
/// If the model does not fit the ring or the records.
pub fn fit<P: Protocol>(p: &mut P, records: &Records<'_, P>, model: &Model) -> Result<Fit<P>> {
    let scales = Scales::of(model, P::Ring::BITS)
        .unwrap_or_else(|| panic!("{model:?} does not fit {} bits", P::Ring::BITS));
    let rows = Rows::new(records, model, scales);
    let start = rows.start(p)?;
    let mut at = start.coefficients;
    for step in 0..model.steps {
        let here = rows.look(p, &at, step + LATE <= model.steps)?;
        let (step, _) = here.information.step(p, &here.score)?;
        at = within(p, at.add(&step))?;
    }
    let here = rows.look(p, &at, false)?;
    let (step, inverse) = here.information.step(p, &here.score)?;
    let converged = settled(p, &step, [&inverse.ok, &start.ok])?;
    Ok(Fit {
        coefficients: within(p, at.add(&step))?.reshape(&[model.columns]),
        covariance: inverse.covariance(p, &here.information)?,
        log_likelihood: rows.log_likelihood(p, &here)?,
        null_log_likelihood: start.log_likelihood,
        saturated: rows.saturated(p)?,
        converged,
    })
}

/// Coefficients brought back into their range, from wherever in the ring they are: a step that was
/// not one can lead anywhere.
fn within<P: Protocol>(p: &mut P, at: Tensor<P>) -> Result<Tensor<P>> {
    let (shape, len) = (at.shape().to_vec(), at.len());
    let mut at = at.into_shares();
    let edge = i128::MAX >> (129 - P::Ring::BITS);
    p.note_bound(&mut at, -edge, edge);
    let limit = P::Ring::ONE.shl(FRAC_BITS + LIMIT_BITS);
    let [lo, hi] = [-limit, limit].map(|x| p.public(&vec![x; len]));
    let at = circuit::clamp(p, &at, [&lo, &hi], P::Ring::BITS - 1)?;
    Ok(Tensor::new(at, &shape, FRAC_BITS))
}

/// 1 if all flags are and no element of the step is large, else 0.
fn settled<P: Protocol>(p: &mut P, step: &Tensor<P>, ok: [&P::AShare; 2]) -> Result<P::AShare> {
    let most = P::Ring::ONE.shl(FRAC_BITS - SETTLED_BITS);
    let mut above = p.public(&vec![most; step.len()]);
    let mut below = above.clone();
    above -= step.shares();
    below += step.shares();
    let outside = p.msb(&P::AShare::concat(&[&above, &below]), P::Ring::BITS)?;
    let mut wrong = p.b2a(&outside)?.sum(1);
    wrong += &p.public(&[P::Ring::from_u128(ok.len() as u128)]);
    ok.iter().for_each(|ok| wrong -= ok);
    let none = p.is_zero(&wrong, (2 * step.len() + ok.len()).ilog2() + 1)?;
    p.b2a(&none)
}

/// Elements of one kind, each times a public integer.
fn scaled<P: Arithmetic>(x: &P::AShare, by: P::Ring) -> P::AShare {
    let mut x = x.clone();
    x.scale(&[by]);
    x
}
