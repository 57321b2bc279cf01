//! The benchmark's rows.

use serde_json::Value;

use crate::support::run;

fn row(arguments: &[&str]) -> Value {
    let ended = run(&[&["bench", "--json", "--repeat", "1"], arguments].concat());
    assert_eq!(ended.status, Some(0), "{ended:#?}");
    assert_eq!(ended.out.lines().count(), 1, "{}", ended.out);
    serde_json::from_str(ended.out.lines().last().unwrap()).unwrap()
}

#[test]
fn a_product_costs_a_round_and_an_element_per_party() {
    let row = row(&["--op", "mul", "--n", "1000"]);
    assert_eq!(row["op"], "mul");
    assert_eq!(row["n"], 1000);
    assert_eq!(row["bytes_per_party"], 8000);
    assert_eq!(row["rounds"], 1);
    for time in ["wall_s", "cpu_s", "rate_per_s"] {
        assert!(row[time].as_f64().unwrap() > 0.0, "{time}");
    }
}

#[test]
fn a_protocol_by_name_is_timed() {
    let of = ["--op", "mul", "--n", "1000", "--protocol", "rep3-malicious", "--round-bytes", "0"];
    let timed = row(&of);
    assert_eq!((&timed["op"], &timed["protocol"]), (&"mul".into(), &"rep3-malicious".into()));
    // A product and its tag, of 13 bytes each, and what does not grow with their number.
    let bytes = timed["bytes_per_party"].as_u64().unwrap();
    assert!((26_001..29_000).contains(&bytes), "{timed}");
    let quoted = row(&[&of[..], &["--quote", "--rtt", "1ms"]].concat());
    for field in ["bytes_per_party", "rounds"] {
        assert_eq!(timed[field], quoted[field], "{field}");
    }
    run(&["bench", "--protocol", "rep4"]).fails(2, &["rep4", "rep3"]);
}

#[test]
fn a_matrix_product_costs_its_output() {
    let row = row(&["--op", "matmul", "--n", "20"]);
    assert_eq!(row["bytes_per_party"], 20 * 20 * 8);
    assert_eq!(row["rounds"], 1);
}

#[test]
fn a_comparison_over_slow_links_takes_its_rounds() {
    let row = row(&["--op", "less_than", "--n", "10", "--rtt", "20ms"]);
    let (rounds, wall) = (row["rounds"].as_f64().unwrap(), row["wall_s"].as_f64().unwrap());
    assert!(rounds > 1.0 && wall >= rounds * 0.01, "{row}");
}

#[test]
fn far_parties_take_fewer_rounds_and_say_so() {
    let arguments = ["--op", "less_than", "--n", "100", "--rtt", "20ms", "--bandwidth", "100mbit"];
    let measured = row(&arguments);
    let bytes = row(&[&arguments[..], &["--round-bytes", "0"]].concat());
    assert_eq!((&measured["rounds"], &bytes["rounds"]), (&3.into(), &6.into()));
    let worth = measured["round_bytes"].as_u64().unwrap();
    // 10 ms at 12.5 MB/s are 125,000 bytes; a busy machine adds to the time.
    assert!((1 << 16..1 << 20).contains(&worth) && bytes["round_bytes"] == 0, "{measured}");
}

#[test]
fn an_unknown_operation_is_refused_with_the_nearest() {
    run(&["bench", "--op", "muls"]).fails(2, &["muls", "'mul'"]);
    run(&["bench", "--n", "5"]).fails(2, &["--op"]);
}
