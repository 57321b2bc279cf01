//! Whether a run stops may depend on what the liar knows and on chance, never on secrets: else
//! stopping tells of them.

use sharewell_ring::{Ring, Z64, Z128};

use super::super::demand::tests::LeftOut;
use super::liars::{WIDE, lying_mul};
use super::{honest, run, sim};
use crate::Arithmetic;

/// Whether the honest parties stop, with a tag wrong by `error` in a product that is then
/// multiplied by a secret, at once or after a check has passed.
fn stops(seed: u64, secret: Z64, error: Z128, between: bool) -> bool {
    let outcome = run::<Z64, _>(&sim(3, 5000).seed(seed), 0, LeftOut::None, |p, me| {
        let x = p.input(&[[Z64(3)], [Z64(9)], [secret]][usize::from(me)], &[1; 3])?;
        p.verify()?;
        let z = match me {
            0 => lying_mul(p, &x[0], &x[1], [Z128::ZERO, error])?,
            _ => p.mul(&x[0], &x[1])?,
        };
        if between {
            p.verify()?;
        }
        p.mul(&z, &x[2])?;
        p.verify()
    });
    honest(0).any(|i| outcome.outputs[i].is_err())
}

#[test]
fn whether_a_run_stops_does_not_depend_on_a_secret() {
    let mut told = 0;
    for seed in 0..40 {
        for (error, between) in [(WIDE - 1, false), (WIDE - 1, true), (WIDE - 3, false)] {
            let [zero, one] = [0, 1].map(|x| stops(seed, Z64(x), Z128(1 << error), between));
            told += usize::from(zero != one);
        }
    }
    assert_eq!(told, 0, "of 120 runs so many told a bit of the secret");
}
