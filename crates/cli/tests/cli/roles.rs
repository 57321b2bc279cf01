//! Who gives, who computes and who learns may be three sets of parties.

use std::fmt::Write as _;

use serde_json::json;

use crate::support::{Site, costs_as_quoted, is_within_bound, value};

const ROLES: [(&str, &str); 6] = [
    ("clinic_1", "data"),
    ("clinic_2", "data"),
    ("host_1", "compute"),
    ("host_2", "compute"),
    ("host_3", "compute"),
    ("agency", "recipient"),
];

/// Two clinics give, three hosts compute, an agency learns.
fn site() -> Site {
    let mut study = "[study]\nname = \"roles\"\nversion = 1\npurpose = \"a test\"\n".to_owned();
    for (i, (party, role)) in ROLES.iter().enumerate() {
        write!(
            study,
            "[[party]]\nname = \"{party}\"\nroles = [\"{role}\"]\n\
             key = \"ed25519:{i:064x}\"\naddress = \"node-{i}.example:7100\"\n"
        )
        .unwrap();
    }
    study += "[table]\nname = \"stays\"\nmax_rows = 100\n\
              [[table.column]]\nname = \"days\"\ntype = \"integer\"\nunit = \"d\"\nrange = [0, 365]\n\
              [objective]\nkind = \"sql\"\n\
              query = \"SELECT COUNT(*) AS n, AVG(days) AS mean, MAX(days) AS longest FROM stays\"\n\
              [security]\nthreat = \"semi-honest\"\ncorruptions = 1\nprotocol = \"auto\"\n\
              [release]\nmin_records = 3\nmin_parties = 2\n";
    let site = Site::empty();
    site.write("study.toml", &study);
    site.source("clinic_1", "days\n1\n2\n30\n");
    site.source("clinic_2", "days\n7\n");
    site
}

#[test]
fn the_recipient_learns_the_result_and_the_givers_nothing() {
    let report = site().result();
    assert_eq!(value(&report, 0, "n"), (4.0, 0.0));
    is_within_bound(&report, 0, "mean", 10.0, 1e-7);
    assert_eq!(value(&report, 0, "longest"), (30.0, 0.0));
    costs_as_quoted(&report);
    assert_eq!(report["rejected"], json!({"clinic_1": 0, "clinic_2": 0}));
    let learned = &report["learned"];
    for clinic in ["clinic_1", "clinic_2"] {
        assert_eq!(learned[clinic], json!([]));
    }
    for host in ["host_1", "host_2", "host_3"] {
        assert_eq!(learned[host].as_array().unwrap().len(), 1, "shares alone: {learned}");
    }
    assert!(learned["agency"].to_string().contains("`mean`"), "{learned}");
}

#[test]
fn the_page_says_who_learned_what() {
    let page = site().run(&[]);
    assert_eq!(page.status, Some(0), "{page:#?}");
    assert!(page.out.contains("clinic_1 and clinic_2 each learned nothing"), "{}", page.out);
    assert!(page.out.contains("agency learned, beyond its own rows"), "{}", page.out);
}
