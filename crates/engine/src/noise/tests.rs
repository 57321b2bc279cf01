//! Whether the noise keeps what it promises: results on neighbouring inputs are compared as somebody
//! would who wants to tell them apart.

use sharewell_mpc::protocols::plain::Plain;
use sharewell_mpc::{Arithmetic as _, Share};
use sharewell_ring::{Integer, Z64};

use super::{Mechanism, Noise, NoiseOf};
use crate::common::{Record, Setup, local};
use crate::dispatch::{self, Program, RingKind};
use crate::joint::{Given, SecurePhase};
use crate::{Cell, Error, Plan, outcome};

const OPEN: &str = "min_records = 1\nmin_parties = 1\nsufficient = \"open\"";

fn planned(query: &str, privacy: &str) -> Result<Plan, Error> {
    let release = format!("{OPEN}\n[privacy]\n{privacy}");
    Plan::of(&Setup { query, release: &release, max_rows: 50, ..Setup::default() }.study())
}

fn plan(query: &str, privacy: &str) -> Plan {
    planned(query, privacy).unwrap_or_else(|error| panic!("{error}"))
}

fn draws(noise: &Noise, seed: u64, n: usize) -> Vec<i64> {
    let p = &mut Plain::<Z64>::new(seed);
    let drawn = noise.draw(p, n).expect("no links");
    assert_eq!(drawn.len(), n);
    let opened = p.reveal(&drawn).expect("no links");
    opened.into_iter().map(|x| i64::try_from(x.to_i128()).expect("small")).collect()
}

/// Whether results whose exact values are `shift` apart can be told apart better than
/// (epsilon, delta) allows, by any event "at least t" or "at most t", beyond chance.
fn tells_apart(noise: &Noise, shift: i64, epsilon: f64, delta: f64) -> bool {
    const N: usize = 200_000;
    let a = draws(noise, 1, N);
    let b: Vec<i64> = draws(noise, 2, N).into_iter().map(|x| x + shift).collect();
    let count = |of: &[i64], t: i64| of.iter().filter(|x| **x >= t).count() as f64;
    let thresholds = {
        let mut all = [&a[..N / 100], &b[..N / 100]].concat();
        all.sort_unstable();
        all.dedup();
        let step = (all.len() / 200).max(1);
        all.into_iter().step_by(step).collect::<Vec<_>>()
    };
    let exceeds = |of: f64, by: f64| {
        let allowed = epsilon.exp() * by + delta * N as f64;
        of > allowed + 5.0 * (of.sqrt() + epsilon.exp() * by.sqrt()) + 5.0
    };
    thresholds.into_iter().any(|t| {
        let (x, y) = (count(&a, t), count(&b, t));
        let (below_x, below_y) = (N as f64 - x, N as f64 - y);
        exceeds(x, y) || exceeds(y, x) || exceeds(below_x, below_y) || exceeds(below_y, below_x)
    })
}

#[test]
fn neighbours_cannot_be_told_apart_and_half_the_sensitivity_would_be_noticed() {
    for (privacy, epsilon, delta) in [
        ("epsilon = 1", 1.0, 0.0),
        ("epsilon = 2.5", 2.5, 0.0),
        ("epsilon = 1\ndelta = 0.001", 1.0, 0.001),
    ] {
        let plan = plan("SELECT COUNT(*) AS n FROM t", privacy);
        let [noise] = plan.noise[..] else { panic!("one count") };
        assert_eq!(noise.sensitivity, 1);
        assert!(!tells_apart(&noise, 1, epsilon, delta), "{privacy}");
        // What a planner that is wrong by a factor of two would do.
        assert!(tells_apart(&noise, 2, epsilon, delta), "{privacy}: nothing is noticed");
    }
}

#[test]
fn one_record_moves_a_sum_by_its_range_and_shares_the_budget() {
    let plan = plan("SELECT g, SUM(x) AS total, COUNT(*) AS n FROM t GROUP BY g", "epsilon = 1");
    let told: Vec<NoiseOf> = plan.noise_told();
    let of = |name: &str| told.iter().find(|of| of.of == name).expect("a sum");
    // Three vectors: the records, those with an x, and the sum; x lies within 1000 of zero.
    assert_eq!(told.len(), 3, "{told:?}");
    assert_eq!((of("SUM(x)").sensitivity, of("SUM(x)").scale), (1000.0, 3000.0));
    assert_eq!((of("COUNT(*)").sensitivity, of("COUNT(*)").scale), (1.0, 3.0));
    let share = plan.noise.iter().find(|noise| noise.sensitivity == 1000).expect("the sum's");
    assert!(!tells_apart(share, 1000, 1.0 / 3.0, 0.0));
    assert!(tells_apart(share, 2000, 1.0 / 3.0, 0.0));

    let whole = planned("SELECT SUM(x) AS total FROM t", "epsilon = 1\nunit = \"organisation\"");
    let whole = whole.unwrap_or_else(|error| panic!("{error}"));
    let told = whole.noise_told();
    let sum = told.iter().find(|of| of.of == "SUM(x)").expect("the sum");
    assert_eq!(sum.sensitivity, 50.0 * 1000.0, "all records of a provider");
    assert!(whole.promise().expect("a promise").contains("one organisation"));
}

#[test]
fn gaussian_noise_costs_what_the_accountant_says() {
    let plan = plan("SELECT SUM(y) AS total FROM t", "epsilon = 0.5\ndelta = 1e-6");
    let rho: f64 = plan
        .noise
        .iter()
        .map(|noise| match noise.mechanism {
            Mechanism::Gaussian { variance } => {
                let variance = variance.num as f64 / variance.den as f64;
                (noise.sensitivity as f64).powi(2) / (2.0 * variance)
            }
            Mechanism::Laplace { .. } => panic!("a delta is given"),
        })
        .sum();
    assert!(sharewell_dp::epsilon_of_rho(rho, 1e-6) <= 0.5 + 1e-9, "{rho}");
    assert!(rho > 0.97 * sharewell_dp::rho_for(0.5, 1e-6), "{rho}");
}

/// What is opened of three providers with these records, for one draw of the noise.
fn opened(plan: &Plan, records: &[Record], seed: u64) -> Vec<i128> {
    let given: Result<Vec<Given>, Error> =
        (0..3).map(|_| dispatch::encode(plan, &local(plan, records))).collect();
    let phase = SecurePhase { plan, given: &given.expect("in bounds"), release: None };
    let opened = match plan.ring {
        RingKind::Z64 => phase.run(&mut Plain::<Z64>::new(seed)),
        RingKind::Z128 => phase.run(&mut Plain::<sharewell_ring::Z128>::new(seed)),
    };
    let opened = opened.expect("no links").expect("planned");
    opened.integers.expect("all is opened")
}

#[test]
fn what_is_opened_is_noisy_around_the_truth_and_small_cells_stay_closed() {
    let records: Vec<Record> = (0..40)
        .map(|i| Record { g: usize::from(i >= 20), x: Some(i as i64), ..Record::default() })
        .collect();
    let release = OPEN.replace("min_records = 1", "min_records = 20");
    let release = format!("{release}\n[privacy]\nepsilon = 3");
    let query = "SELECT g, COUNT(*) AS n FROM t GROUP BY g";
    let plan = Setup { query, release: &release, max_rows: 50, ..Setup::default() }.plan();
    let mut sums = [0.0; 3];
    const RUNS: u64 = 400;
    let mut seen = std::collections::BTreeSet::new();
    for seed in 0..RUNS {
        // Per cell: whether it passes, the count.
        let opened = opened(&plan, &records, seed);
        for cell in 0..3 {
            let (passes, n) = (opened[cell], opened[3 + cell]);
            assert_eq!(passes == 1, n != 0 && n >= 20, "{opened:?}");
            sums[cell] += n as f64;
        }
        seen.insert(opened[3]);
    }
    // Sixty records at scale 1/3: off by 0.47 at a time.
    for of in &sums[..2] {
        assert!((of / RUNS as f64 - 60.0).abs() < 0.2, "{sums:?}");
    }
    assert_eq!(sums[2], 0.0, "an empty cell never reaches twenty records");
    assert!(seen.len() >= 3, "{seen:?}");
}

#[test]
fn what_noise_does_not_protect_is_refused_in_words() {
    for (query, words) in [
        ("SELECT MIN(x) AS least FROM t", "is neither"),
        ("SELECT MEDIAN(x) AS m FROM t", "is neither"),
        ("SELECT COUNT(DISTINCT x) AS n FROM t", "is neither"),
    ] {
        let refused = planned(query, "epsilon = 1").map(drop).expect_err(query).to_string();
        assert!(refused.contains(words), "{refused}");
    }
    let hidden = Setup { release: "[privacy]\nepsilon = 1", ..Setup::default() };
    let refused = Plan::of(&hidden.study()).map(drop).expect_err("hidden").to_string();
    assert!(refused.contains("sufficient = \"open\""), "{refused}");
    let kind = "kind = \"t_test\"\nvalue = \"y\"\ngroup = \"g\"\ngroups = [\"a\", \"b\"]\n\
                confidence = 0.95";
    let release = format!("{OPEN}\n[privacy]\nepsilon = 1");
    let test = Setup { objective: Some(kind), release: &release, ..Setup::default() };
    let refused = Plan::of(&test.study()).map(drop).expect_err("a test").to_string();
    assert!(refused.contains("know nothing of it"), "{refused}");
    let wide = Setup {
        query: "SELECT SUM(x) AS total FROM t",
        range: (0, 4_000_000_000_000),
        release: &format!("{OPEN}\n[privacy]\nepsilon = 1\ndelta = 1e-9"),
        ..Setup::default()
    };
    let refused = Plan::of(&wide.study()).map(drop).expect_err("too wide").to_string();
    assert!(refused.contains("narrow the column's range"), "{refused}");
}

/// A line y = 20 + 3 x with errors, of many records at three providers.
fn on_a_line(seed: u64) -> Vec<Record> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % 1000) as i64
    };
    let record = |_| {
        let x = next() / 10;
        let error = (next() + next() + next() - 1500) / 10;
        Record { x: Some(x), y: (200 + 30 * x + error).clamp(0, 10_000), ..Record::default() }
    };
    (0..4000).map(record).collect()
}

/// The coefficients' rows: estimate, lower, upper.
fn coefficients(plan: &Plan, records: &[Record], seed: u64) -> Vec<[Option<f64>; 3]> {
    let given: Result<Vec<Given>, Error> =
        (0..3).map(|_| dispatch::encode(plan, &local(plan, records))).collect();
    let phase = SecurePhase { plan, given: &given.expect("in bounds"), release: None };
    let opened = match plan.ring {
        RingKind::Z64 => phase.run(&mut Plain::<Z64>::new(seed)),
        RingKind::Z128 => phase.run(&mut Plain::<sharewell_ring::Z128>::new(seed)),
    };
    let opened = opened.expect("no links").expect("planned");
    let table = outcome::tables(plan, &opened).expect("all is opened").remove(0);
    let number = |cell: &Cell| match cell {
        Cell::Number(number) => Some(*number),
        Cell::Integer(number) => Some(*number as f64),
        _ => None,
    };
    table.rows.iter().map(|row| [1, 2, 3].map(|at| number(&row[at]))).collect()
}

fn line(epsilon: &str) -> Plan {
    let objective = "kind = \"linear\"\nresponse = \"y\"\npredictors = [\"x\"]\nconfidence = 0.95";
    let release = format!("{OPEN}\n[privacy]\nepsilon = {epsilon}");
    let range = (0, 100);
    let setup = Setup {
        objective: Some(objective),
        release: &release,
        max_rows: 5000,
        range,
        ..Setup::default()
    };
    setup.plan()
}

#[test]
fn a_noisy_line_has_intervals_that_hold_the_true_one_as_often_as_they_say() {
    let plan = line("2");
    const RUNS: u64 = 60;
    let (mut hits, mut widths) = ([0; 2], 0.0);
    for seed in 0..RUNS {
        let found = coefficients(&plan, &on_a_line(seed + 1), seed);
        for (hits, (row, truth)) in hits.iter_mut().zip(found.iter().zip([20.0, 3.0])) {
            let [Some(_), Some(lower), Some(upper)] = *row else { panic!("{row:?}") };
            *hits += usize::from((lower..=upper).contains(&truth));
        }
        widths += found[1][2].unwrap_or(0.0) - found[1][1].unwrap_or(0.0);
    }
    // 95 % of 60 is 57; fewer than 50 has odds of one in ten thousand.
    assert!(hits.iter().all(|hits| *hits >= 50), "{hits:?}");
    assert!(widths / (RUNS as f64) < 1.0, "the slope is known to within a third: {widths}");
}

#[test]
fn where_noise_drowns_the_records_there_is_no_interval() {
    let plan = line("0.00001");
    let found = coefficients(&plan, &on_a_line(1)[..20], 1);
    assert!(found.iter().all(|row| row[1].is_none()), "{found:?}");
}
