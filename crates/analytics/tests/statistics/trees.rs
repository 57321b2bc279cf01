//! Random expressions over integers, decimals and constants.

use proptest::prelude::*;
use sharewell_analytics::{Fallible, Overflow, Value};
use sharewell_mpc::Protocol;
use sharewell_ring::{Integer, Z64, Z128};

use crate::fraction::Fraction;
use crate::{Input, Program, everywhere, plainly, range, within};

const CELLS: usize = 5;
const INPUTS: usize = 3;

#[derive(Clone, Debug)]
enum Tree {
    Input(usize),
    Number {
        digits: i128,
        decimals: i32,
    },
    Neg(Box<Self>),
    Add(Box<Self>, Box<Self>),
    Sub(Box<Self>, Box<Self>),
    Mul(Box<Self>, Box<Self>),
    Div(Box<Self>, Box<Self>),
    /// By a public number that is not zero.
    DivPublic(Box<Self>, i128, i32),
}

/// The exact value; `Undefined` where something is divided by zero.
enum Exact {
    Is(Fraction),
    Undefined,
    /// Beyond what the test can say.
    Unknown,
}

impl Tree {
    fn exact(&self, inputs: &[Input], cell: usize) -> Exact {
        let known = |x: Option<Fraction>| x.map_or(Exact::Unknown, Exact::Is);
        let (x, y) = match self {
            Self::Input(i) => {
                return known(Fraction::decimal(inputs[*i].cells[cell], inputs[*i].decimals));
            }
            Self::Number { digits, decimals } => {
                return known(Fraction::decimal(*digits, *decimals));
            }
            Self::Neg(x) => {
                return match x.exact(inputs, cell) {
                    Exact::Is(x) => Exact::Is(x.neg()),
                    other => other,
                };
            }
            Self::DivPublic(x, digits, decimals) => (
                x.exact(inputs, cell),
                Exact::Is(Fraction::decimal(*digits, *decimals).expect("few")),
            ),
            Self::Add(x, y) | Self::Sub(x, y) | Self::Mul(x, y) | Self::Div(x, y) => {
                (x.exact(inputs, cell), y.exact(inputs, cell))
            }
        };
        match (x, y) {
            (Exact::Unknown, _) | (_, Exact::Unknown) => Exact::Unknown,
            (Exact::Undefined, _) | (_, Exact::Undefined) => Exact::Undefined,
            (Exact::Is(x), Exact::Is(y)) => match self {
                Self::Add(..) => known(x.add(y)),
                Self::Sub(..) => known(x.add(y.neg())),
                Self::Mul(..) => known(x.mul(y)),
                _ if y.is_zero() => Exact::Undefined,
                _ => known(x.div(y)),
            },
        }
    }

    fn divides(&self) -> bool {
        match self {
            Self::Input(_) | Self::Number { .. } => false,
            Self::Neg(x) | Self::DivPublic(x, ..) => x.divides(),
            Self::Add(x, y) | Self::Sub(x, y) | Self::Mul(x, y) => x.divides() || y.divides(),
            Self::Div(..) => true,
        }
    }

    /// Whether something is rounded somewhere.
    fn rounds(&self) -> bool {
        match self {
            Self::Input(_) | Self::Number { .. } => false,
            Self::Neg(x) => x.rounds(),
            Self::Add(x, y) | Self::Sub(x, y) | Self::Mul(x, y) => x.rounds() || y.rounds(),
            Self::Div(..) | Self::DivPublic(..) => true,
        }
    }

    /// Whether a rounded value is divided by: it may be zero though the exact one is not.
    fn divides_by_rounded(&self) -> bool {
        match self {
            Self::Input(_) | Self::Number { .. } => false,
            Self::Neg(x) | Self::DivPublic(x, ..) => x.divides_by_rounded(),
            Self::Add(x, y) | Self::Sub(x, y) | Self::Mul(x, y) => {
                x.divides_by_rounded() || y.divides_by_rounded()
            }
            Self::Div(x, y) => x.divides_by_rounded() || y.rounds(),
        }
    }
}

impl Program for Tree {
    fn run<P: Protocol>(&self, p: &mut P, inputs: Vec<Value<P>>) -> Fallible<Value<P>> {
        let mut operand = |x: &Self| x.run(p, inputs.clone());
        let (x, y) = match self {
            Self::Input(i) => return Ok(Ok(inputs[*i].clone())),
            Self::Number { digits, decimals } => {
                return Ok(Ok(Value::public(p, *digits, *decimals, CELLS)));
            }
            Self::Neg(x) => return Ok(operand(x)?.map(Value::neg)),
            Self::DivPublic(x, digits, decimals) => {
                return match operand(x)? {
                    Ok(x) => x.div_public(p, *digits, *decimals),
                    Err(overflow) => Ok(Err(overflow)),
                };
            }
            Self::Add(x, y) | Self::Sub(x, y) | Self::Mul(x, y) | Self::Div(x, y) => {
                (operand(x)?, operand(y)?)
            }
        };
        match (self, x, y) {
            (_, Err(overflow), _) | (_, _, Err(overflow)) => Ok(Err(overflow)),
            (Self::Add(..), Ok(x), Ok(y)) => x.add(p, y),
            (Self::Sub(..), Ok(x), Ok(y)) => x.add(p, y.neg()),
            (Self::Mul(..), Ok(x), Ok(y)) => x.mul(p, y),
            (_, Ok(x), Ok(y)) => x.div(p, y),
        }
    }
}

fn tree() -> impl Strategy<Value = Tree> {
    let number = (-10_000..10_000i128, 0..4)
        .prop_map(|(digits, decimals)| Tree::Number { digits, decimals });
    let leaf = prop_oneof![3 => (0..INPUTS).prop_map(Tree::Input), 1 => number];
    leaf.prop_recursive(3, 8, 2, |inner| {
        let both =
            move || (inner.clone(), inner.clone()).prop_map(|(x, y)| (Box::new(x), Box::new(y)));
        prop_oneof![
            2 => both().prop_map(|(x, y)| Tree::Add(x, y)),
            2 => both().prop_map(|(x, y)| Tree::Sub(x, y)),
            3 => both().prop_map(|(x, y)| Tree::Mul(x, y)),
            3 => both().prop_map(|(x, y)| Tree::Div(x, y)),
            1 => both().prop_map(|(x, _)| Tree::Neg(x)),
            2 => (both(), -10_000..=10_000i128, 0..4).prop_map(|((x, _), digits, decimals)| {
                Tree::DivPublic(x, if digits == 0 { 1 } else { digits }, decimals)
            }),
        ]
    })
}

fn inputs(bits: u32) -> impl Strategy<Value = Vec<Input>> {
    let input = (range(bits), 0..4).prop_flat_map(|((lo, hi), decimals)| {
        prop::collection::vec(within(lo, hi), CELLS).prop_map(move |cells| Input {
            decimals,
            lo,
            hi,
            cells,
        })
    });
    prop::collection::vec(input, INPUTS)
}

/// Checks a tree of which nothing is refused; whether it was one.
fn check(tree: &Tree, inputs: &[Input], opened: &[crate::Opened]) {
    let exact = |cell| match tree.exact(inputs, cell) {
        Exact::Is(x) => Some(Some(x)),
        Exact::Undefined => Some(None),
        Exact::Unknown => None,
    };
    let Some(exact) = (0..CELLS).map(exact).collect::<Option<Vec<_>>>() else { return };
    for opened in opened {
        assert_eq!(opened.defined.is_some(), tree.divides());
        if !tree.rounds() {
            assert_eq!((opened.absolute, opened.relative), (0.0, 0.0), "what is whole is exact");
        }
        if !tree.divides_by_rounded() {
            assert!(opened.absolute.is_finite() && opened.relative < 1e-2, "{opened:?}");
            opened.check(&exact);
        } else if let Some(defined) = opened.defined.as_ref().filter(|_| opened.relative < 1.0) {
            // Where the rounded divisor tells, and the exact one exists.
            let told = |cell: usize| exact[cell].filter(|_| defined[cell] == 1);
            let exact: Vec<_> = (0..CELLS).map(told).collect();
            let defined = exact.iter().map(|x| i128::from(x.is_some())).collect();
            crate::Opened { defined: Some(defined), ..opened.clone() }.check(&exact);
        }
    }
}

fn holds<R: Integer>(tree: &Tree, inputs: &[Input]) {
    match plainly::<R>(tree, inputs) {
        Ok(opened) => check(tree, inputs, &[opened]),
        Err(Overflow { needs, limit, .. }) => assert!(needs > limit && limit < R::BITS),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn an_expression_is_within_its_error_and_its_range_or_refused(
        tree in tree(), narrow in inputs(14), wide in inputs(60),
    ) {
        holds::<Z64>(&tree, &narrow);
        holds::<Z128>(&tree, &narrow);
        holds::<Z128>(&tree, &wide);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn an_expression_on_shares_is_within_its_error_and_its_range(
        tree in tree(), inputs in inputs(20),
    ) {
        if let Ok(opened) = everywhere::<Z128>(&tree, &inputs) {
            check(&tree, &inputs, &opened);
        }
    }
}

fn one(lo: i128, hi: i128) -> Input {
    Input { decimals: 0, lo, hi, cells: vec![hi; CELLS] }
}

#[test]
fn what_the_ring_cannot_hold_is_refused_at_the_first_bit() {
    let [x, y] = [0, 1].map(|i| Box::new(Tree::Input(i)));
    let sum = Tree::Add(x.clone(), y.clone());
    let product = Tree::Mul(x.clone(), y.clone());
    let quotient = Tree::Div(x, y);
    let narrow = |tree: &Tree, a: u32, b: u32| {
        let inputs = [one(0, (1 << a) - 1), one(0, (1 << b) - 1)];
        plainly::<Z64>(tree, &inputs).map(drop)
    };
    let refused = |step, needs| Err(Overflow { step, needs, limit: 61 });
    assert_eq!(narrow(&sum, 60, 60), Ok(()));
    assert_eq!(narrow(&sum, 61, 61), refused("add", 62));
    assert_eq!(narrow(&product, 30, 31), Ok(()));
    assert_eq!(narrow(&product, 31, 31), refused("multiply", 62));
    assert_eq!(narrow(&quotient, 30, 30), Ok(()));
    assert_eq!(narrow(&quotient, 31, 30), refused("divide", 62));
}
