//! Truncation rounds at random, up with the right probability, never further than one unit.

use sharewell_ring::{Dims, Integer, Ring};

use crate::cases::noise;
use crate::program::{Op, Program};
use crate::subject::{Subject, run, sim};

/// How often each element, in `forms` of truncation, was rounded up.
fn ups<S: Subject>(z: &[S::Ring], by: u32) -> Vec<Vec<bool>> {
    let n = z.len();
    let inputs = vec![z.to_vec(), vec![S::Ring::ONE; n], vec![S::Ring::ONE]];
    let column = Dims { m: n, k: 1, n: 1 };
    let ops = vec![Op::Trunc(0, by), Op::MulTrunc(1, 0, by), Op::MatmulTrunc(0, 2, column, by)];
    let program = Program { inputs, ops };
    let outcome = run::<S, _>(&sim::<S>().seed(5), |p, me| program.open(p, &program.inputs[me]));
    let opened = outcome.values().unwrap().swap_remove(0);
    let up = |(got, z): (&S::Ring, &S::Ring)| match got.to_i128() - (z.to_i128() >> by) {
        0 => false,
        1 => true,
        off => panic!("{z:?} by {by} bits gave {got:?}: {off} units off"),
    };
    opened.ints[3..].iter().map(|got| got.iter().zip(z).map(up).collect()).collect()
}

pub(crate) fn unbiased<S: Subject>() {
    const BY: u32 = 16;
    let n = 1 << 17;
    let mut noise = noise(77);
    let wide: Vec<S::Ring> =
        (0..n).map(|_| S::Ring::from_i128(noise() >> (129 - S::Ring::BITS))).collect();
    for up in ups::<S>(&wide, BY) {
        let fraction = |z: &S::Ring| (z.to_u128() & 0xffff) as f64 / 65536.0;
        let error: f64 = up.iter().zip(&wide).map(|(up, z)| f64::from(*up) - fraction(z)).sum();
        // Seven standard deviations of a mean of n coins are 0.0097.
        assert!((error / f64::from(n)).abs() < 0.01, "mean error {}", error / f64::from(n));
    }
    // With few bits the bias of 2^-by shows: a remainder of r goes up with (r + 1) / 2^by.
    let z: Vec<S::Ring> = (0..n).map(|i| S::Ring::from_i128(i128::from(i % 4) - 4)).collect();
    for up in ups::<S>(&z, 2) {
        for remainder in 0..4 {
            let count = up.iter().skip(remainder).step_by(4).filter(|up| **up).count();
            let frequency = count as f64 / f64::from(n / 4);
            let expected = (remainder as f64 + 1.0) / 4.0;
            assert!((frequency - expected).abs() < 0.02, "{remainder} / 4: {frequency}");
        }
    }
}

/// Of multiples of `2^s` a remainder of `r` goes up with `(r + 2^s) / 2^by`: from `s = by` on
/// always.
pub(crate) fn biased_by_a_scale_before<S: Subject>() {
    const BY: u32 = 3;
    let n = 1 << 14;
    let z: Vec<S::Ring> = (0..n).map(|i| S::Ring::from_i128(i128::from(i % 8) - 4)).collect();
    for s in 0..=BY + 1 {
        let ops = vec![Op::Scale(0, vec![S::Ring::ONE.shl(s)]), Op::Trunc(3, BY)];
        let program = Program { inputs: vec![z.clone(), vec![], vec![]], ops };
        let outcome =
            run::<S, _>(&sim::<S>().seed(5), |p, me| program.open(p, &program.inputs[me]));
        let opened = outcome.values().unwrap().swap_remove(0);
        for first in 0..8 {
            let wide = (first as i128 - 4) << s;
            let ups = opened.ints[4].iter().skip(first).step_by(8).map(|got| {
                let up = got.to_i128() - (wide >> BY);
                assert!((0..=1).contains(&up), "{wide}: {up} units off");
                up as f64
            });
            let frequency = ups.sum::<f64>() / f64::from(n / 8);
            let remainder = wide.rem_euclid(1 << BY) as f64;
            let expected = ((remainder + f64::from(s).exp2()) / f64::from(BY).exp2()).min(1.0);
            assert!((frequency - expected).abs() < 0.06, "{wide}, {s}: {frequency}");
        }
    }
}
