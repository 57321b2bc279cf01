//! A party that alters its messages while a network is trained: the others stop, or learn what is
//! right; never anything else.

use sharewell_mpc::protocols::rep3_malicious::Rep3Malicious;
use sharewell_mpc::sim::{Fate, Frame, PartyId, Sim};

use sharewell_ring::{Integer, Z64};

use crate::case::{Case, all};

/// Unless `SHAREWELL_CHEATING=full`, only one of so many messages is altered.
const EVERY: usize = 17;

fn outcome(case: &Case, sim: &Sim) -> sharewell_mpc::sim::Outcome<Vec<Vec<i128>>> {
    sim.run(|party, entropy| {
        let me = usize::from(party.me().0);
        let mut p = Rep3Malicious::<Z64>::connect(party, &[0; 32], entropy)?;
        case.train(&mut p, Some(me))
    })
}

#[test]
fn whoever_alters_a_message_is_found_out_or_changes_nothing() {
    let mut case = all().into_iter().find(|case| case.name == "two hidden layers").unwrap();
    case.examples.truncate(1);
    let honest = outcome(&case, &Sim::new(3));
    let frames: Vec<usize> = honest.sent.iter().map(Vec::len).collect();
    let learnt = |opened: &[Vec<i128>]| {
        let scales = case.training(Z64::BITS).scales();
        opened[2].iter().map(|x| *x as f64 / f64::from(scales.weight).exp2()).collect::<Vec<f64>>()
    };
    let right = learnt(&honest.values().unwrap()[0]);
    let full = std::env::var("SHAREWELL_CHEATING").is_ok_and(|wanted| wanted == "full");
    let every = if full { 1 } else { EVERY };
    let (mut stopped, mut unharmed) = (0, 0);
    for (corrupt, frames) in (0u8..).zip(frames) {
        for target in (usize::from(corrupt) % every..frames).step_by(every) {
            let alter = move |_, index, frame: &mut Frame| {
                if let (true, Some(byte)) = (index == target, frame.body.get_mut(target % 8)) {
                    *byte ^= 1 << (target % 7);
                }
                Fate::Deliver
            };
            let sim = Sim::new(3).seed(target as u64).adversary(PartyId(corrupt), alter);
            let ended = outcome(&case, &sim).outputs;
            for party in (0..3).filter(|party| *party != usize::from(corrupt)) {
                match &ended[party] {
                    Err(_) => stopped += 1,
                    Ok(opened) => {
                        unharmed += 1;
                        assert!(opened[0].iter().all(|of| *of == 0), "frame {target}");
                        for (x, y) in learnt(opened).iter().zip(&right) {
                            assert!((x - y).abs() < 1e-3, "frame {target} of {corrupt}: {x} {y}");
                        }
                    }
                }
            }
        }
    }
    assert!(stopped > 20 && stopped > 10 * unharmed, "{stopped} stopped, {unharmed} unharmed");
}
