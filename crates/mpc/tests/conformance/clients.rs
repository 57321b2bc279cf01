//! Givers and recipients that do not compute.

use sharewell_mpc::protocols::tally::Tally;
use sharewell_mpc::sim::Sim;
use sharewell_mpc::{Arithmetic, Protocol, Result};
use sharewell_net::PartyId;
use sharewell_ring::{Integer, Ring};

use crate::cases::edges;
use crate::subject::Subject;

const OUTSIDERS: u8 = 2;

/// `a b + c` of a compute party's `a` and two outsiders' `b` and `c`, opened to one of each.
fn compute<P: Protocol>(p: &mut P, mine: &[P::Ring], n: usize) -> Result<Option<Vec<P::Ring>>> {
    let given = p.input(mine, &[n, 0, 0, n, n])?;
    let mut z = p.mul(&given[0], &given[3])?;
    z += &given[4];
    let opened = p.reveal_to(&z, &[PartyId(1)])?;
    p.reveal_to(&z, &[PartyId(4), PartyId(3)])?;
    Ok(opened)
}

fn opened_where_it_should_be<S: Subject>(n: usize) {
    let [a, b, c] = [1, 10, 3].map(|stride| edges::<S::Ring>(n, S::Ring::BITS, stride, 40));
    let product = a.iter().zip(&b).zip(&c).map(|((a, b), c)| *a * *b + *c);
    let expected: Vec<S::Ring> = product.collect();
    let outcome = Sim::new(S::CARD.parties + OUTSIDERS).views().run(|mut party, entropy| {
        let gives = match party.me().0 {
            0..3 => {
                let mine = if party.me().0 == 0 { a.as_slice() } else { &[] };
                return compute(&mut S::connect(party, entropy)?, mine, n);
            }
            3 => &b,
            _ => &c,
        };
        S::give(&mut party, gives, entropy)?;
        S::take(&mut party, n).map(Some)
    });
    let mut quote = Tally::new(S::CARD, S::CARD.parties + OUTSIDERS);
    compute::<Tally<S::Ring>>(&mut quote, &[], n).unwrap();
    assert_eq!(outcome.cost.messages, quote.tallied(), "measured and quoted, {n} elements");
    for (i, output) in outcome.values().unwrap().into_iter().enumerate() {
        let wanted = [1, 3, 4].contains(&i).then(|| expected.clone());
        assert_eq!(output, wanted, "party {i} of {n} elements");
    }
}

fn a_vector_given_twice_is_masked_anew<S: Subject>() {
    let x = edges::<S::Ring>(100, S::Ring::BITS, 1, 41);
    let outcome = Sim::new(S::CARD.parties + 1).views().run(|mut party, entropy| {
        if party.me().0 >= 3 {
            S::give(&mut party, &x, entropy)?;
            return S::give(&mut party, &x, entropy);
        }
        let mut p = S::connect(party, entropy)?;
        p.input(&[], &[0, 0, 0, x.len()])?;
        p.input(&[], &[0, 0, 0, x.len()]).map(drop)
    });
    for view in &outcome.views[..3] {
        let half = view.len() / 2;
        assert!(half > 0);
        for (first, second) in view[..half].iter().zip(&view[half..]) {
            assert_ne!(first.body, second.body, "{first:?}");
        }
    }
    outcome.values().unwrap();
}

pub(crate) fn give_and_take<S: Subject>() {
    for n in [0, 1, 65, 1000, (1 << 18) / S::Ring::BYTES + 3] {
        opened_where_it_should_be::<S>(n);
    }
    a_vector_given_twice_is_masked_anew::<S>();
}
