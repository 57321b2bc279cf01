//! Shapes and fixed point: what is local is exact, a product is off by one unit at most.

use proptest::prelude::*;
use sharewell_mpc::protocols::rep3;
use sharewell_mpc::protocols::tally::{Tallied, Tally};
use sharewell_mpc::{Arithmetic, Error, Protocol, Result};
use sharewell_ring::{Integer, Z64, Z128, fixed};
use sharewell_tensor::Tensor;

use crate::{Everywhere, Program, Secret, everywhere, proven, signed};

#[derive(Clone, Copy, Debug)]
enum Op {
    Reshape,
    Transpose,
    Up(u32),
    Add,
    Sub,
    Times(i128),
    Sum,
    Down(u32),
    Mul(u32),
    Matmul(u32),
}

/// An operation on `x [m, k]`, and `y` of the shape that it takes.
#[derive(Clone, Debug)]
struct Case {
    op: Op,
    dims: [usize; 3],
    /// Fractional bits of both operands.
    scales: [u32; 2],
    x: Secret,
    y: Secret,
}

impl Case {
    fn shape_y(&self) -> [usize; 2] {
        let [m, k, n] = self.dims;
        if matches!(self.op, Op::Matmul(_)) { [k, n] } else { [m, k] }
    }

    /// Bits that the operation drops from the exact result.
    fn dropped(&self) -> u32 {
        match self.op {
            Op::Down(to) => self.scales[0] - to,
            Op::Mul(to) | Op::Matmul(to) => self.scales[0] + self.scales[1] - to,
            _ => 0,
        }
    }

    /// The exact result before any bit is dropped, its shape, and the scale after.
    fn exact(&self) -> (Vec<i128>, Vec<usize>, u32) {
        let ([m, k, n], [fx, fy]) = (self.dims, self.scales);
        let (x, y) = (&self.x.values, &self.y.values);
        let up = |x: i128, from: u32, to: u32| x << (to - from);
        let finer = fx.max(fy);
        let pairs = || x.iter().zip(y).map(|(x, y)| (up(*x, fx, finer), up(*y, fy, finer)));
        let same = vec![m, k];
        match self.op {
            Op::Reshape => (x.clone(), vec![k, 1, m], fx),
            Op::Transpose => {
                let at = |j: usize| (0..m).map(move |i| x[i * k + j]);
                ((0..k).flat_map(at).collect(), vec![k, m], fx)
            }
            Op::Up(to) => (x.iter().map(|x| up(*x, fx, to)).collect(), same, to),
            Op::Add => (pairs().map(|(x, y)| x + y).collect(), same, finer),
            Op::Sub => (pairs().map(|(x, y)| x - y).collect(), same, finer),
            Op::Times(by) => (x.iter().map(|x| x * by).collect(), same, fx),
            Op::Sum => ((0..m).map(|i| x[i * k..][..k].iter().sum()).collect(), vec![m], fx),
            Op::Down(to) => (x.clone(), same, to),
            Op::Mul(to) => (x.iter().zip(y).map(|(x, y)| x * y).collect(), same, to),
            Op::Matmul(to) => {
                let cell = |i: usize, j: usize| (0..k).map(|l| x[i * k + l] * y[l * n + j]).sum();
                let cells = (0..m).flat_map(|i| (0..n).map(move |j| (i, j)));
                (cells.map(|(i, j)| cell(i, j)).collect(), vec![m, n], to)
            }
        }
    }

    fn apply<P: Protocol>(&self, p: &mut P, x: P::AShare, y: P::AShare) -> Result<Tensor<P>> {
        let [m, k, _] = self.dims;
        let x = Tensor::<P>::new(x, &[m, k], self.scales[0]);
        let y = Tensor::<P>::new(y, &self.shape_y(), self.scales[1]);
        Ok(match self.op {
            Op::Reshape => x.reshape(&[k, 1, m]),
            Op::Transpose => x.transpose(),
            Op::Up(to) => x.rescale_up(to),
            Op::Add => x.add(&y),
            Op::Sub => x.sub(&y),
            Op::Times(by) => x.times(by),
            Op::Sum => x.sum(),
            Op::Down(to) => x.rescale_down(p, to)?,
            Op::Mul(to) => x.mul(p, &y, to)?,
            Op::Matmul(to) => x.matmul(p, &y, to)?,
        })
    }
}

impl Program for Case {
    fn run<P: Protocol>(&self, p: &mut P, x: P::AShare, y: P::AShare) -> Result<P::AShare> {
        let out = self.apply(p, x, y)?;
        let (_, shape, frac_bits) = self.exact();
        assert_eq!((out.shape(), out.frac_bits()), (&shape[..], frac_bits));
        assert_eq!((out.len(), out.is_empty()), (shape.iter().product(), shape.contains(&0)));
        assert!(!format!("{out:?}").is_empty());
        Ok(out.into_shares())
    }
}

/// The operation under every interpreter; the greatest error in units of the last place.
fn check<R: Integer>(case: &Case) -> f64 {
    let Everywhere { opened, intervals } = everywhere::<R>(case, &case.x, &case.y);
    let (exact, _, _) = case.exact();
    let by = case.dropped();
    let mut worst = 0.0f64;
    for opened in &opened {
        assert_eq!(opened.len(), exact.len());
        for ((got, wide), interval) in opened.iter().zip(&exact).zip(&intervals) {
            let up = got - (wide >> by);
            assert!((0..=i128::from(by > 0)).contains(&up), "{got} of {wide} by {by}: {case:?}");
            let error = ((got << by) - wide).abs() as f64 / f64::from(by).exp2();
            assert!(error <= interval.error, "{error} units, {} stated", interval.error);
            worst = worst.max(error);
        }
    }
    assert!(intervals.iter().all(|x| x.error == f64::from(u8::from(by > 0))), "{intervals:?}");
    worst
}

/// Operands that leave room for whatever the operation does with them.
fn case(bits: u32, op: Op, scales: [u32; 2]) -> impl Strategy<Value = Case> {
    (0..5usize, 0..5usize, 0..5usize).prop_flat_map(move |(m, k, n)| {
        let vector = |len| {
            let values = prop::collection::vec(signed(bits), len);
            values.prop_map(move |values| Secret { values, bits })
        };
        let len_y = if matches!(op, Op::Matmul(_)) { k * n } else { m * k };
        (vector(m * k), vector(len_y)).prop_map(move |(x, y)| Case {
            op,
            dims: [m, k, n],
            scales,
            x,
            y,
        })
    })
}

fn local(bits: u32) -> impl Strategy<Value = Case> {
    let op = (0..7, 0..12u32, -1000..1000i128, 0..9u32, 0..9u32);
    op.prop_flat_map(move |(op, up, by, fx, fy)| {
        let op = match op {
            0 => Op::Reshape,
            1 => Op::Transpose,
            2 => Op::Up(fx + up),
            3 => Op::Add,
            4 => Op::Sub,
            5 => Op::Times(by),
            _ => Op::Sum,
        };
        case(bits, op, [fx, fy])
    })
}

fn product(bits: u32) -> impl Strategy<Value = Case> {
    (0..3usize, 0..20u32, 0..20u32, any::<prop::sample::Index>()).prop_flat_map(
        move |(op, fx, fy, to)| {
            let to = to.index((if op == 0 { fx } else { fx + fy }) as usize + 1) as u32;
            let op = [Op::Down(to), Op::Mul(to), Op::Matmul(to)][op];
            case(bits, op, [fx, fy])
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn what_is_local_is_exact_and_free(narrow in local(50), wide in local(110)) {
        prop_assert_eq!(check::<Z64>(&narrow), 0.0);
        prop_assert_eq!(check::<Z128>(&wide), 0.0);
    }

    #[test]
    fn a_product_is_off_by_one_unit_at_most(narrow in product(29), wide in product(61)) {
        check::<Z64>(&narrow);
        check::<Z128>(&wide);
    }
}

fn tallied(case: &Case) -> Tallied {
    let mut tally = Tally::<Z64>::new(&rep3::CARD, 3);
    let lens = [case.x.values.len(), case.y.values.len()];
    let [x, y] = lens.map(|len| tally.public(&vec![Z64(0); len]));
    case.run(&mut tally, x, y).expect("no links");
    tally.tallied()
}

fn of_ones(op: Op, dims: [usize; 3], scales: [u32; 2], bits: u32) -> Case {
    let [m, k, n] = dims;
    let len_y = if matches!(op, Op::Matmul(_)) { k * n } else { m * k };
    let ones = |len| Secret { values: vec![1; len], bits };
    Case { op, dims, scales, x: ones(m * k), y: ones(len_y) }
}

#[test]
fn a_matrix_product_costs_its_result_whatever_the_inner_length() {
    let cost = |k| tallied(&of_ones(Op::Matmul(16), [3, k, 5], [16, 16], 20));
    assert_eq!(cost(1), cost(1000));
    assert_eq!(cost(1), tallied(&of_ones(Op::Mul(16), [3, 5, 0], [16, 16], 20)));
    assert_eq!(tallied(&of_ones(Op::Add, [3, 5, 0], [16, 16], 20)), Tallied::default());
    assert_eq!(tallied(&of_ones(Op::Down(16), [3, 5, 0], [16, 16], 20)), Tallied::default());
}

#[test]
fn the_unit_that_a_long_inner_sum_may_be_off_by_is_nearly_reached() {
    let value = |i: i128| (i * 7_919 % 2_000_003 - 1_000_000) * 31;
    let values = |from: i128, len: i128| (from..from + len).map(value).collect();
    let (m, k, n) = (8, 500, 8);
    let case = Case {
        op: Op::Matmul(16),
        dims: [m, k, n],
        scales: [16, 16],
        x: Secret { values: values(0, 4000), bits: 25 },
        y: Secret { values: values(9, 4000), bits: 25 },
    };
    let worst = check::<Z64>(&case);
    assert!((0.9..=1.0).contains(&worst), "{worst}");
}

#[test]
fn a_product_that_could_leave_the_ring_is_refused_and_none_that_cannot() {
    fn at<R: Integer>(bits: u32, inner: usize) -> Result<()> {
        let case = of_ones(Op::Matmul(8), [1, inner, 1], [8, 8], bits);
        proven::<R>(&case, &case.x, &case.y).map(drop)
    }
    fn refused<R: Integer>(bits: u32, inner: usize) -> bool {
        matches!(at::<R>(bits, inner), Err(Error::Overflow { step: "trunc", .. }))
    }
    // Truncation takes magnitudes below 2^62 and 2^126.
    assert!(at::<Z64>(31, 1).is_ok() && refused::<Z64>(32, 1));
    assert!(at::<Z64>(29, 16).is_ok() && refused::<Z64>(29, 17));
    assert!(at::<Z128>(63, 1).is_ok() && refused::<Z128>(64, 1));
    assert!(at::<Z128>(61, 16).is_ok() && refused::<Z128>(61, 17));
    let opened = of_ones(Op::Up(40), [1, 1, 0], [0, 0], 23);
    assert!(proven::<Z64>(&opened, &opened.x, &opened.y).is_ok());
    let opened = of_ones(Op::Up(41), [1, 1, 0], [0, 0], 23);
    let refusal = proven::<Z64>(&opened, &opened.x, &opened.y);
    assert!(matches!(refusal, Err(Error::Overflow { step: "open", .. })), "{refusal:?}");
}

/// Products of numbers that other packages get wrong in silence, 16 fractional bits.
#[test]
fn products_of_large_numbers_are_right_or_refused() {
    for (x, y) in [(1e5, 1e5), (4e6, 4e6), (-4e6, 4e6), (123_456.75, 65_536.5)] {
        let fixed = |v: f64| fixed::encode::<Z128>(v, 16, 100).expect("in range").to_i128();
        let secret = |v: f64| Secret { values: vec![fixed(v)], bits: 39 };
        let op = Op::Mul(16);
        let case = Case { op, dims: [1, 1, 0], scales: [16, 16], x: secret(x), y: secret(y) };
        check::<Z128>(&case);
        for opened in everywhere::<Z128>(&case, &case.x, &case.y).opened {
            let got = opened[0] as f64 / 65_536.0;
            assert!((got - x * y).abs() <= 1.0 / 65_536.0, "{x} times {y} is not {got}");
        }
        let refusal = proven::<Z64>(&case, &case.x, &case.y);
        assert!(matches!(refusal, Err(Error::Overflow { step: "trunc", .. })));
    }
    let whole = |x| Secret { values: vec![x], bits: 21 };
    let (x, y) = (whole(1_231_234), whole(1_231_235));
    let case = Case { op: Op::Mul(0), dims: [1, 1, 0], scales: [0, 0], x, y };
    assert!(
        everywhere::<Z64>(&case, &case.x, &case.y).opened.iter().all(|z| z == &[1_515_938_393_990])
    );
}
