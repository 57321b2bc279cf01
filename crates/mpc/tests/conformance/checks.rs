//! Checks that stand for many values at once notice every single one.

use sharewell_mpc::{Arithmetic, Error, Share};
use sharewell_net::{Fate, PartyId, Step};
use sharewell_ring::{Dims, Ring, Z64};

use crate::subject::{MaliciousOver, run, sim};

type Subject = MaliciousOver<Z64>;

/// What honest parties get of a matrix product of which one party spoils one byte of its part.
fn product_spoilt_at(corrupt: u8, byte: Option<usize>) -> Vec<Result<Vec<Z64>, Error>> {
    let d = Dims { m: 9, k: 8, n: 11 };
    let act = move |_: PartyId, _: usize, frame: &mut sharewell_net::Frame| {
        if frame.step == Step("matmul").hash() {
            byte.into_iter().for_each(|byte| frame.body[byte] ^= 0x80);
        }
        Fate::Deliver
    };
    let sim = sim::<Subject>().adversary(PartyId(corrupt), act);
    let outcome = run::<Subject, _>(&sim, |p, _| {
        let x = p.public(&vec![Z64::ONE; d.m * d.k]);
        let y = p.random(d.k * d.n)?;
        let z = p.matmul(&x, &y, d)?;
        // The first row is the sum of each column of `y`: so is every other.
        let mut difference = z.take(d.n..d.m * d.n);
        difference -= &z.take(0..(d.m - 1) * d.n);
        p.reveal(&difference)
    });
    outcome.outputs
}

#[test]
fn a_matrix_product_that_is_wrong_in_one_entry_is_never_revealed() {
    assert!(product_spoilt_at(0, None).into_iter().all(|x| x.unwrap() == vec![Z64::ZERO; 88]));
    for corrupt in 0..3 {
        // The top byte of 64 bits of several entries, and a low one.
        for byte in [7, 20, 13 * 98 + 7, 0] {
            let outputs = product_spoilt_at(corrupt, Some(byte));
            let honest = (0..3).filter(|party| *party != usize::from(corrupt));
            for party in honest {
                assert!(outputs[party].is_err(), "byte {byte} of {corrupt}: {:?}", outputs[party]);
            }
        }
    }
}
