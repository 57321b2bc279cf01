//! Statistics against exact rationals: what is stated of a value's error and range holds.

mod drift;
mod extremes;
mod fraction;
mod gate;
mod glm;
mod moments;
mod poisson;
mod trees;

use fraction::Fraction;
use proptest::prelude::*;
use sharewell_analytics::{Fallible, Overflow, Value};
use sharewell_mpc::protocols::bounds::{Bounds, Interval};
use sharewell_mpc::protocols::plain::Plain;
use sharewell_mpc::protocols::rep3::Rep3;
use sharewell_mpc::sim::Sim;
use sharewell_mpc::{Protocol, Result, Share};
use sharewell_ring::Integer;

/// Computes one value from several.
pub(crate) trait Program: Sync {
    fn run<P: Protocol>(&self, p: &mut P, inputs: Vec<Value<P>>) -> Fallible<Value<P>>;
}

/// A secret input: what is known of it, and what it is, cell by cell.
#[derive(Clone, Debug)]
pub(crate) struct Input {
    pub(crate) decimals: i32,
    pub(crate) lo: i128,
    pub(crate) hi: i128,
    pub(crate) cells: Vec<i128>,
}

/// A value opened, with everything that was stated of it.
#[derive(Clone, Debug)]
pub(crate) struct Opened {
    pub(crate) raw: Vec<i128>,
    pub(crate) defined: Option<Vec<i128>>,
    pub(crate) lo: i128,
    pub(crate) hi: i128,
    pub(crate) frac_bits: u32,
    pub(crate) decimals: i32,
    pub(crate) unit: f64,
    pub(crate) absolute: f64,
    pub(crate) relative: f64,
}

fn open<P: Protocol>(
    program: &impl Program,
    p: &mut P,
    mine: &[P::Ring],
    inputs: &[Input],
) -> Fallible<Opened> {
    let total = inputs.iter().map(|input| input.cells.len()).sum();
    let mut rest = p.input(mine, &[total, 0, 0])?.swap_remove(0);
    let mut values = vec![];
    for input in inputs {
        let (cells, others) = rest.split(input.cells.len());
        values.push(Value::exact(cells, input.decimals, input.lo, input.hi));
        rest = others;
    }
    let value = match program.run(p, values)? {
        Ok(value) => value,
        Err(overflow) => return Ok(Err(overflow)),
    };
    let integers = |opened: Vec<P::Ring>| opened.into_iter().map(Integer::to_i128).collect();
    let raw = integers(p.reveal(value.raw.shares())?);
    let defined = match &value.defined {
        Some(defined) => Some(integers(p.reveal(defined)?)),
        None => None,
    };
    Ok(Ok(Opened {
        raw,
        defined,
        lo: value.lo,
        hi: value.hi,
        frac_bits: value.raw.frac_bits(),
        decimals: value.decimals,
        unit: value.unit(),
        absolute: value.absolute,
        relative: value.relative,
    }))
}

fn ring<R: Integer>(inputs: &[Input]) -> Vec<R> {
    inputs.iter().flat_map(|input| &input.cells).map(|x| R::from_i128(*x)).collect()
}

/// The program in the clear. What it accepts, the proof that nothing overflows accepts.
pub(crate) fn plainly<R: Integer>(
    program: &impl Program,
    inputs: &[Input],
) -> std::result::Result<Opened, Overflow> {
    let opened = open(program, &mut Plain::<R>::new(1), &ring(inputs), inputs);
    let opened = opened.expect("no links");
    if opened.is_ok() {
        let ranges = inputs
            .iter()
            .flat_map(|input| input.cells.iter().map(|_| Interval::between(input.lo, input.hi)));
        let mut bounds = Bounds::<R>::new([ranges.collect(), vec![], vec![]]);
        let proof = open(program, &mut bounds, &[], inputs);
        assert!(matches!(proof, Ok(Ok(_))), "{proof:?}");
    }
    opened
}

/// The program in the clear and among three parties.
pub(crate) fn everywhere<R: Integer>(
    program: &impl Program,
    inputs: &[Input],
) -> std::result::Result<Vec<Opened>, Overflow> {
    let plain = plainly::<R>(program, inputs)?;
    let outcome = Sim::new(3).run(|party, entropy| {
        let mine = if party.me().0 == 0 { ring(inputs) } else { vec![] };
        open(program, &mut Rep3::<R>::connect(party, &[0; 32], entropy)?, &mine, inputs)
    });
    let values: Result<Vec<_>> = outcome.values();
    let parties = values.expect("honest links").into_iter();
    let parties = parties.map(|opened| opened.expect("the plain run of the same program fitted"));
    Ok(std::iter::once(plain).chain(parties).collect())
}

impl Opened {
    /// Holds every cell against its exact value, `None` where it does not exist, and gives the
    /// greatest part of the stated error that was used up.
    pub(crate) fn check(&self, exact: &[Option<Fraction>]) -> f64 {
        let mut worst = 0.0f64;
        for (cell, (&raw, exact)) in self.raw.iter().zip(exact).enumerate() {
            if let Some(defined) = &self.defined {
                assert_eq!(defined[cell], i128::from(exact.is_some()), "cell {cell} of {self:?}");
            }
            let Some(exact) = exact else { continue };
            assert!((self.lo..=self.hi).contains(&raw), "cell {cell} of {self:?}");
            let Some(floor) = exact.floor_in_units(self.decimals, self.frac_bits) else { continue };
            // Error and bound in units of the raw integer; the floor hides less than one.
            let bound = (self.absolute + self.relative * exact.to_f64().abs()) / self.unit;
            let error = (raw - floor).abs() as f64;
            let fits = if bound == 0.0 { error == 0.0 } else { error <= bound + 1.0 };
            assert!(fits, "cell {cell}: {error} units of {exact:?}, bound {bound}: {self:?}");
            worst = worst.max((error - 1.0) / bound.max(1.0));
        }
        worst
    }
}

/// Integers in a range, its ends among them.
pub(crate) fn within(lo: i128, hi: i128) -> impl Strategy<Value = i128> {
    prop_oneof![4 => lo..=hi, 1 => Just(lo), 1 => Just(hi), 1 => Just(0.clamp(lo, hi))]
}

/// Two ends of a range below `2^bits` in magnitude, of every width.
pub(crate) fn range(bits: u32) -> impl Strategy<Value = (i128, i128)> {
    let end = move || {
        (0..=bits, any::<i128>())
            .prop_map(|(width, x)| if width == 0 { 0 } else { x >> (127 - width) })
    };
    (end(), end()).prop_map(|(a, b)| (a.min(b), a.max(b)))
}
