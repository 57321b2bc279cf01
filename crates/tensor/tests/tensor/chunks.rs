//! Tensors that go through a function in several chunks.

use sharewell_mpc::{Protocol, Result};
use sharewell_ring::Z64;
use sharewell_tensor::function::{
    Argument, Fit, IntegerQuotient, Sigmoid, Softmax, divide_integers, sigmoid, softmax,
};
use sharewell_tensor::{FUNCTION_CHUNK, Tensor};

use crate::{Program, Secret, everywhere, integers};

const ARGUMENT: Argument = Argument { bits: 14, frac_bits: 10 };
const SIGMOID: Sigmoid = Sigmoid { argument: ARGUMENT, frac_bits: 16, fit: Fit::Fast };
const SOFTMAX: Softmax = Softmax { argument: ARGUMENT, len: 3, frac_bits: 12 };
const DIVISION: IntegerQuotient = IntegerQuotient { numerator_bits: 14, divisor_bits: 6 };

/// Remainders, and sums of values that are near one each.
struct Several;
impl Program for Several {
    fn run<P: Protocol>(&self, p: &mut P, x: P::AShare, y: P::AShare) -> Result<P::AShare> {
        let divided = divide_integers(p, &integers(x.clone()), &integers(y), DIVISION)?;
        let n = divided.remainder.len();
        let argument = Tensor::<P>::new(x, &[n], ARGUMENT.frac_bits);
        let mut out = sigmoid(p, &argument, SIGMOID)?.into_shares();
        out += softmax(p, &argument.reshape(&[n / 3, 3]), SOFTMAX)?.shares();
        out += divided.remainder.times(1 << 20).shares();
        Ok(out)
    }
}

#[test]
fn functions_of_more_than_a_chunk_are_right_and_quoted_exactly() {
    // Whole rows of three, and an odd number of elements.
    let n = FUNCTION_CHUNK / 3 * 3 + 303;
    let x = |i: i128| i * 7919 % (1 << 14);
    let y = |i: i128| i * 31 % (1 << 6);
    let secret =
        |bits, of: &dyn Fn(i128) -> i128| Secret { values: (0..n as i128).map(of).collect(), bits };
    let found = everywhere::<Z64>(&Several, &secret(14, &x), &secret(6, &y));
    let at = |i: i128| x(i) as f64 / 1024.0;
    for opened in &found.opened {
        for (i, got) in (0..).zip(opened) {
            let row: f64 = (i / 3 * 3..).take(3).map(|j| at(j).exp()).sum();
            let remainder = x(i).checked_rem(y(i)).unwrap_or(0) << 20;
            let share = at(i).exp() / row * 4096.0;
            let exact = 65536.0 / (1.0 + (-at(i)).exp()) + share + remainder as f64;
            assert!((*got as f64 - exact).abs() < 40.0, "{i}: {got}, not {exact}");
        }
    }
}
