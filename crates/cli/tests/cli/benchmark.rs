//! Contributors beside each other, each for its own eyes.

use std::fmt::Write as _;

use crate::multivariate::whoever_cheats;
use crate::statistics::{cell, expected, near, number, table};
use crate::support::{Site, costs_as_quoted};

#[test]
fn an_operator_learns_where_it_stands_as_scipy_has_it() {
    let report = whoever_cheats("failure-rate", "benchmark.toml");
    let want = expected(include_str!("../expected/fan_benchmark.json"));
    let pool = table(&report, "pool");
    for column in ["events", "exposure", "rate", "lower", "upper"] {
        near(number(pool, &[], column), &want["pool"][column], 1e-9);
    }
    for (operator, want) in want["operators"].as_object().unwrap() {
        let beside = table(&report, &format!("{operator} beside"));
        let measures = [
            "own rate",
            "rate of all",
            "rate of the others",
            "observed over expected",
            "ratio to the others",
        ];
        for measure in measures {
            let want = want[measure].as_object().unwrap();
            for (column, want) in want {
                near(number(beside, &[measure], column), want, 1e-8);
            }
        }
        let among = table(&report, &format!("{operator} among"));
        near(number(among, &[], "expected"), &want["expected"], 1e-12);
        assert_eq!(cell(among, &[], "with a lower rate"), &want["lower"]);
        assert_eq!(cell(among, &[], "others"), 2);
        assert_eq!(cell(among, &[], "verdict"), "as expected");
    }
}

/// Carriers that give, or give and compute, and an agency that gives nothing; by region, of which
/// the south is seen by two carriers only.
fn carriers() -> Site {
    let roles = [
        ("carrier_a", "\"data\", \"compute\", \"recipient\""),
        ("carrier_b", "\"data\", \"recipient\""),
        ("carrier_c", "\"data\", \"recipient\""),
        ("host_1", "\"compute\""),
        ("agency", "\"compute\", \"recipient\""),
    ];
    let mut study = "[study]\nname = \"carriers\"\nversion = 1\npurpose = \"a test\"\n".to_owned();
    for (i, (party, roles)) in roles.iter().enumerate() {
        write!(
            study,
            "[[party]]\nname = \"{party}\"\nroles = [{roles}]\n\
             key = \"ed25519:{i:064x}\"\naddress = \"node-{i}.example:7100\"\n"
        )
        .unwrap();
    }
    study += "[table]\nname = \"flights\"\nmax_rows = 100\n\
              [[table.column]]\nname = \"region\"\ntype = \"category\"\n\
              categories = [\"north\", \"south\"]\n\
              [[table.column]]\nname = \"events\"\ntype = \"integer\"\nunit = \"1\"\nrange = [0, 500]\n\
              [[table.column]]\nname = \"hours\"\ntype = \"decimal\"\ndecimals = 1\nunit = \"h\"\n\
              range = [0, 10000]\n\
              [objective]\nkind = \"benchmark\"\nevents = \"events\"\nexposure = \"hours\"\n\
              per = 1000\nby = [\"region\"]\nconfidence = 0.95\n\
              [security]\nthreat = \"semi-honest\"\ncorruptions = 1\nprotocol = \"auto\"\n\
              [release]\nmin_records = 3\nmin_parties = 3\nsufficient = \"open\"\n";
    let site = Site::empty();
    site.write("study.toml", &study);
    let head = "region,events,hours\n";
    site.source("carrier_a", &format!("{head}north,40,900.5\nnorth,60,800\nsouth,1,10\n"));
    site.source("carrier_b", &format!("{head}north,5,1000\nsouth,2,40\nsouth,3,50\n"));
    site.source("carrier_c", &format!("{head}north,28,999.5\n"));
    site
}

#[test]
fn what_a_carrier_learns_is_its_own_whoever_computes() {
    let site = carriers();
    let study = std::fs::read_to_string(site.path("study.toml")).unwrap();
    for threat in ["semi-honest", "malicious"] {
        site.write("study.toml", &study.replace("semi-honest", threat));
        let report = site.result();
        costs_as_quoted(&report);
        for (carrier, lower, verdict) in [
            ("carrier_a", 2, "far above"),
            ("carrier_b", 0, "far below"),
            ("carrier_c", 1, "as expected"),
        ] {
            let among = table(&report, &format!("{carrier} among"));
            assert_eq!(cell(among, &["north"], "with a lower rate"), lower, "{carrier}");
            assert_eq!(cell(among, &["north"], "verdict"), verdict, "{carrier}");
            assert!(cell(among, &["south"], "with a lower rate").is_null(), "{carrier}");
        }
        assert_eq!(report["results"].as_array().unwrap().len(), 1 + 2 * 3);
        let learned = |party: &str| report["learned"][party].to_string();
        for carrier in ["carrier_a", "carrier_b", "carrier_c"] {
            assert!(learned(carrier).contains("have a lower rate"), "{}", learned(carrier));
        }
        for other in ["agency", "host_1"] {
            assert!(!learned(other).contains("lower rate"), "{}", learned(other));
        }
    }
}

#[test]
fn a_benchmark_that_would_tell_of_one_other_is_refused() {
    let site = carriers();
    let study = std::fs::read_to_string(site.path("study.toml")).unwrap();
    for (from, to, why) in [
        ("min_parties = 3", "min_parties = 2", "`min_parties` to 3 or more"),
        ("[\"data\", \"recipient\"]", "[\"data\"]", "the role \"recipient\""),
    ] {
        site.write("study.toml", &study.replace(from, to));
        let refused = site.check();
        assert!(refused.err.contains(why), "{}", refused.err);
    }
}
