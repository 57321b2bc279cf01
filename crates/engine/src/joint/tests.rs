//! What the secure phase opens, and what its messages look like.

use proptest::prelude::*;
use sharewell_mpc::protocols::plain::Plain;
use sharewell_mpc::sim::{Outcome, Sim};
use sharewell_mpc::{Entropy, Party, Result};
use sharewell_ring::{Z64, Z128};

use super::{Given, Opened, SecurePhase};
use crate::Plan;
use crate::common::{Record, Setup, local};
use crate::dispatch::{self, Endpoint, Program, RingKind, Work};

const QUERY: &str = "SELECT g, COUNT(*) AS n, SUM(x) AS total, AVG(x) AS mean, VAR_SAMP(y) AS v, \
                     MIN(x) AS least, MAX(y) AS most, SUM(y) / SUM(x) AS ratio FROM t GROUP BY g";

/// In the ring of 64 bits.
const NARROW: &str = "SELECT g, AVG(x) AS mean, COUNT(x) / COUNT(*) AS present, SUM(x) / 7 AS week \
                      FROM t GROUP BY g";

/// Every party's inputs, in the order of the run.
fn inputs(plan: &Plan, providers: &[Vec<Record>]) -> Vec<Given> {
    let encode = |records: &Vec<Record>| dispatch::encode(plan, &local(plan, records));
    providers.iter().map(encode).collect::<Result<_, _>>().expect("in bounds")
}

fn plainly(plan: &Plan, given: &[Given]) -> Opened {
    let phase = SecurePhase { plan, given, release: None };
    let opened = match plan.ring {
        RingKind::Z64 => phase.run(&mut Plain::<Z64>::new(1)),
        RingKind::Z128 => phase.run(&mut Plain::<Z128>::new(1)),
    };
    opened.expect("no links").expect("planned")
}

/// One party's part of a simulation.
struct OnShares<'a> {
    phase: SecurePhase<'a>,
    party: Party,
    entropy: Entropy,
}

impl Work for OnShares<'_> {
    type Output = Result<Opened>;

    fn over<P: Endpoint>(self) -> Result<Opened> {
        let mut p = P::connect(self.party, &[0; 32], self.entropy)?;
        Ok(self.phase.run(&mut p)?.expect("planned"))
    }
}

fn on_shares(plan: &Plan, given: &[Given]) -> Outcome<Opened> {
    Sim::new(plan.card.parties).run(|party, entropy| {
        let me = usize::from(party.me().0);
        let phase = SecurePhase { plan, given: &given[me..=me], release: None };
        dispatch::over(plan.card, plan.ring, OnShares { phase, party, entropy })
    })
}

/// Checks what is opened of every cell whose counts are below the minimum.
fn check_suppressed(plan: &Plan, integers: &[i128]) {
    let (cells, supports) = (plan.cells(), plan.supports.len());
    let at = |block: usize, cell: usize| integers[block * cells + cell];
    let divides = |output: &super::Output| output.joint.divides();
    let quotients = plan.outputs.iter().filter(|output| divides(output)).count();
    for cell in 0..cells {
        let mut quotient = 0;
        for (place, output) in plan.outputs.iter().enumerate() {
            let mut rests_on = output.supports.iter();
            let passes = rests_on.all(|&s| at(s, cell) == 1);
            let mut opened = vec![at(supports + quotients + place, cell)];
            if divides(output) {
                opened.push(at(supports + quotient, cell));
                quotient += 1;
            }
            assert!(passes || opened.iter().all(|x| *x == 0), "`{}`: {opened:?}", output.name);
            // What is undefined says so and nothing else.
            let is_undefined = passes && opened.get(1) == Some(&0);
            assert!(!is_undefined || opened[0] == 0, "`{}`: {opened:?}", output.name);
        }
    }
    let verdicts = &integers[..supports * cells];
    assert!(verdicts.iter().all(|verdict| (0..=1).contains(verdict)), "{verdicts:?}");
}

fn records() -> impl Strategy<Value = Vec<Record>> {
    let x = prop::option::weighted(0.7, -1000..=1000i64);
    let record =
        (0..3usize, any::<bool>(), x, 0..=10_000i64).prop_map(|(g, f, x, y)| Record { g, f, x, y });
    prop::collection::vec(record, 0..6)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn nothing_but_zeros_is_opened_of_a_suppressed_cell(
        providers in prop::collection::vec(records(), 3),
        records in 1..6u32, parties in 1..4u32, open: bool, narrow: bool, malicious: bool,
    ) {
        let sufficient = if open { "open" } else { "hidden" };
        let release = format!(
            "min_records = {records}\nmin_parties = {parties}\nsufficient = \"{sufficient}\""
        );
        let query = if narrow { NARROW } else { QUERY };
        let security = (if malicious { "malicious" } else { "semi-honest" }, 1, "auto");
        let plan = Setup { query, release: &release, security, ..Setup::default() }.plan();
        prop_assert!(open || narrow == (plan.ring == RingKind::Z64));
        let inputs = inputs(&plan, &providers);
        let plain = plainly(&plan, &inputs).integers.expect("opened");
        prop_assert_eq!(plain.len(), plan.opened_len());
        check_suppressed(&plan, &plain);
        if !open {
            for opened in on_shares(&plan, &inputs).values().expect("honest links") {
                check_suppressed(&plan, &opened.integers.expect("a recipient"));
            }
        }
    }
}

#[test]
fn messages_have_the_same_shape_whatever_the_data_are() {
    for query in [QUERY, NARROW] {
        for threat in ["semi-honest", "malicious"] {
            messages_have_the_same_shape(query, (threat, 1, "auto"));
        }
    }
}

fn messages_have_the_same_shape(query: &str, security: (&str, u8, &str)) {
    let plan = Setup { query, security, ..Setup::default() }.plan();
    let record = |i: usize, x| Record { g: i % 3, f: true, x, y: 7 * i as i64 };
    let many = |x: Option<i64>| -> Vec<Record> { (0..500).map(|i| record(i, x)).collect() };
    let one = vec![record(1, Some(1))];
    let tables = [
        [vec![], vec![], vec![]],
        [one.clone(), vec![], one],
        [many(Some(1000)), many(Some(-1000)), many(Some(1000))],
        [many(None), many(None), many(Some(0))],
        [many(Some(7)), vec![], many(Some(-3))],
    ];
    let cost = |providers: &[Vec<Record>; 3]| on_shares(&plan, &inputs(&plan, providers)).cost;
    let first = cost(&tables[0]);
    assert_eq!(first.messages, plan.dry.tallied, "as quoted");
    for providers in &tables[1..] {
        assert_eq!(cost(providers), first, "frames of each link and lane, in order");
    }
}
