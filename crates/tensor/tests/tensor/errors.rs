//! The error that intervals carry through a function is the one that it states, and grows with
//! those of its arguments as far as anything can be said.

use sharewell_mpc::{Protocol, Result};
use sharewell_ring::{Z64, Z128};
use sharewell_tensor::Tensor;
use sharewell_tensor::function::{self, Accuracy, Argument, Fit, Normal, Quotient, Root, Sigmoid};
use sharewell_tensor::linear::{self, Definite};

use crate::{Program, Secret, proven};

const FRAC_BITS: u32 = 16;
const UNIT: f64 = 65_536.0;

#[derive(Copy, Clone, Debug)]
enum Of {
    Divide,
    Root { inverse: bool },
    Sigmoid,
    Tanh,
    Normal,
    Solve,
}

const ARGUMENT: Argument = Argument { bits: 20, frac_bits: FRAC_BITS };
const QUOTIENT: Quotient = Quotient { numerator_bits: 20, divisor_bits: 20, frac_bits: FRAC_BITS };
const SIGMOID: Sigmoid = Sigmoid { argument: ARGUMENT, frac_bits: FRAC_BITS, fit: Fit::Accurate };
const NORMAL: Normal = Normal { argument: ARGUMENT, frac_bits: FRAC_BITS };
/// Of order one: a division.
const DEFINITE: Definite = Definite { order: 1, trace_bits: 21, condition_bits: 4, rhs_bits: 20 };

fn root(inverse: bool) -> Root {
    Root { bits: 20, scale: FRAC_BITS, frac_bits: FRAC_BITS, inverse }
}

/// A function, and the bits by which its arguments are cut before.
#[derive(Copy, Clone, Debug)]
struct Case(Of, [u32; 2]);

impl Program for Case {
    fn run<P: Protocol>(&self, p: &mut P, x: P::AShare, y: P::AShare) -> Result<P::AShare> {
        let Self(of, [cut_x, cut_y]) = *self;
        let (x, y) = (p.trunc(&x, cut_x)?, p.trunc(&y, cut_y)?);
        let tensor = |x, frac_bits| Tensor::<P>::new(x, &[1, 1], frac_bits);
        let (x, y) = (tensor(x, FRAC_BITS), tensor(y, FRAC_BITS));
        Ok(match of {
            Of::Divide => function::divide(p, &x, &y, QUOTIENT)?.0,
            Of::Root { inverse } => function::square_root(p, &x, root(inverse))?.0,
            Of::Sigmoid => function::sigmoid(p, &x, SIGMOID)?,
            Of::Tanh => function::tanh(p, &x, SIGMOID)?,
            Of::Normal => function::normal_cdf(p, &x, NORMAL)?,
            Of::Solve => linear::solve(p, &y, &x, DEFINITE, FRAC_BITS)?.0,
        }
        .into_shares())
    }
}

/// In units of the last place, of arguments that were cut by so many bits.
fn error(of: Of, cut: [u32; 2]) -> f64 {
    let secret = |cut: u32| Secret { values: vec![1 << cut], bits: 18 + cut };
    let bounds = proven::<Z128>(&Case(of, cut), &secret(cut[0]), &secret(cut[1]));
    let error = bounds.expect("the inputs are within the domain")[0].error;
    let narrow = proven::<Z64>(&Case(of, cut), &secret(cut[0]), &secret(cut[1]));
    assert!(narrow.is_ok_and(|bounds| bounds[0].error >= error), "{of:?}: the ring is narrower");
    error
}

fn stated(accuracy: Accuracy, greatest: f64) -> f64 {
    (accuracy.absolute + accuracy.relative * greatest) * UNIT
}

#[test]
fn errors_of_functions_are_carried_as_they_are_stated() {
    let at_most = |error: f64, stated: f64| {
        assert!(error > 0.0 && error <= stated * (1.0 + 1e-9), "{error} of {stated}");
    };
    let quotient = stated(QUOTIENT.accuracy(128), (1 << 20) as f64);
    at_most(error(Of::Divide, [0, 0]), quotient);
    // A unit of the numerator over the least divisor.
    at_most(error(Of::Divide, [1, 0]), quotient + UNIT);
    assert!(error(Of::Divide, [1, 0]) >= UNIT);
    let (root, inverse) = (stated(root(false).accuracy(128), 4.0), root(true).accuracy(128));
    at_most(error(Of::Root { inverse: false }, [0, 0]), root);
    at_most(error(Of::Root { inverse: false }, [1, 0]), root + 256.0);
    at_most(error(Of::Root { inverse: true }, [0, 0]), stated(inverse, 256.0));
    for (of, accuracy, slope) in [
        (Of::Sigmoid, SIGMOID.accuracy(128), 0.25),
        (Of::Tanh, 2.0 * SIGMOID.accuracy(128), 1.0),
        (Of::Normal, NORMAL.accuracy(128), 0.399),
    ] {
        at_most(error(of, [0, 0]), accuracy * UNIT);
        at_most(error(of, [1, 0]), accuracy * UNIT + slope);
        assert!(error(of, [1, 0]) > error(of, [0, 0]));
    }
    // |1/A| is 2^-17, and the right-hand side below 2^20.
    let solved = DEFINITE.residual(128) * 8.0 * UNIT + 1.0;
    at_most(error(Of::Solve, [0, 0]), solved);
    at_most(error(Of::Solve, [1, 0]), solved + 1.0);
}

#[test]
fn no_error_is_stated_of_what_an_error_may_move_without_end() {
    for (of, cut) in
        [(Of::Divide, [0, 1]), (Of::Root { inverse: true }, [1, 0]), (Of::Solve, [0, 1])]
    {
        assert_eq!(error(of, cut), f64::INFINITY, "{of:?}");
    }
}
