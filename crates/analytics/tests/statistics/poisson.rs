//! Exact intervals against quantiles computed to 40 digits (incomplete gamma function).

use sharewell_analytics::poisson::{Truncation, rate};

/// Events, confidence, then the lower limit and the upper ones by time and by failure.
#[rustfmt::skip]
#[expect(clippy::excessive_precision, reason = "the digits of the reference")]
const REFERENCE: [(u64, f64, [f64; 3]); 18] = [
    (0, 0.9, [0.0, 2.995732273553991, 0.0]),
    (0, 0.95, [0.0, 3.6888794541139363, 0.0]),
    (0, 0.99, [0.0, 5.2983173665480367, 0.0]),
    (1, 0.9, [0.051293294387550533, 4.7438645183905784, 2.995732273553991]),
    (1, 0.95, [0.025317807984289875, 5.5716433909388986, 3.6888794541139363]),
    (1, 0.99, [0.005012541823544282, 7.4301295002801224, 5.2983173665480367]),
    (5, 0.9, [1.97014956805953, 10.513034908741533, 9.1535190266375734]),
    (5, 0.95, [1.6234863901184205, 11.66833207932267, 10.241588675403698]),
    (5, 0.99, [1.0779282406523195, 14.149759411023015, 12.594089785985586]),
    (100, 0.9, [84.139277218314197, 118.07927278209706, 116.99713444616247]),
    (100, 0.95, [81.36399125092314, 121.62679379242639, 120.52894775315546]),
    (100, 0.99, [76.120495843689184, 128.76058012010245, 127.63207772576157]),
    (10_000, 0.9, [9836.0851108551917, 10166.06013612707, 10165.051911966127]),
    (10_000, 0.95, [9804.9524672601831, 10197.951624661473, 10196.941824999883]),
    (10_000, 0.99, [9744.2956095729555, 10260.473826873619, 10259.460948034013]),
    (1_000_000, 0.9, [998355.71508371782, 1001646.4227676168, 1001645.4219451901]),
    (1_000_000, 0.95, [998040.9833402939, 1001961.9119454322, 1001960.9109654504]),
    (1_000_000, 0.99, [997426.04902124081, 1002578.7088640063, 1002577.7075760919]),
];

#[test]
fn limits_are_exact_for_few_and_for_many_events() {
    for (events, confidence, [lower, by_time, by_failure]) in REFERENCE {
        for exposure in [1.0, 250_000.0] {
            for (truncation, upper) in
                [(Truncation::Time, by_time), (Truncation::Failure, by_failure)]
            {
                let rate = rate(events, exposure, confidence, truncation).expect("exposure");
                assert_eq!(rate.rate, events as f64 / exposure);
                let upper = if upper == 0.0 { f64::INFINITY } else { upper };
                for (got, want) in [(rate.lower, lower), (rate.upper, upper)] {
                    let near = (got * exposure - want).abs() <= 1e-11 * want;
                    assert!(near || got == want, "{events} at {confidence}: {got} for {want}");
                }
            }
        }
    }
}

#[test]
fn a_higher_confidence_widens_and_more_events_narrow_an_interval() {
    let width = |events, confidence| {
        let rate = rate(events, events as f64, confidence, Truncation::Time).expect("exposure");
        assert!(rate.lower < rate.rate && rate.rate < rate.upper);
        rate.upper - rate.lower
    };
    for events in [1, 3, 30, 3000, 300_000] {
        assert!(width(events, 0.9) < width(events, 0.99));
        assert!(width(events, 0.99) < width(events, 0.999_999));
        assert!(width(2 * events, 0.95) < width(events, 0.95));
    }
}
