//! The prior of the FAERS statin table (US Government) with its cells of most reports, and made-up
//! tables whose likeliest prior scipy 1.17.1 found (Nelder and Mead, from three starts).

use proptest::prelude::*;

use super::*;
use crate::clear::close;

const CELLS: [(u64, f64); 150] = [
    (2, 1.724),
    (19, 9.657),
    (5, 8.102),
    (1, 0.849),
    (1, 1.119),
    (1, 0.831),
    (6, 3.458),
    (0, 1.533),
    (13, 4.353),
    (0, 0.149),
    (11, 12.636),
    (5, 1.454),
    (3, 3.993),
    (0, 1.381),
    (0, 1.007),
    (3, 3.01),
    (5, 4.816),
    (3, 1.267),
    (1, 1.352),
    (3, 4.021),
    (5, 0.532),
    (0, 0.23),
    (0, 2.755),
    (0, 0.69),
    (1, 0.136),
    (2, 0.572),
    (3, 0.898),
    (0, 0.35),
    (0, 0.237),
    (2, 1.729),
    (9, 5.293),
    (1, 1.218),
    (2, 0.627),
    (3, 2.72),
    (8, 4.189),
    (0, 1.116),
    (3, 3.347),
    (4, 6.396),
    (4, 1.26),
    (2, 0.573),
    (38, 2.591),
    (2, 2.275),
    (2, 6.879),
    (0, 0.31),
    (0, 0.698),
    (0, 0.555),
    (0, 0.173),
    (18, 1.943),
    (2, 3.274),
    (0, 0.631),
    (61, 9.988),
    (2, 4.799),
    (3, 3.727),
    (3, 2.779),
    (3, 5.711),
    (4, 0.292),
    (4, 3.662),
    (8, 3.61),
    (0, 0.166),
    (3, 2.589),
    (5, 1.191),
    (12, 4.554),
    (1, 0.932),
    (3, 1.61),
    (13, 2.575),
    (4, 0.528),
    (9, 3.59),
    (1, 1.438),
    (36, 3.127),
    (0, 0.837),
    (0, 6.767),
    (42, 3.621),
    (4, 1.308),
    (48, 3.749),
    (1, 8.48),
    (22, 16.921),
    (0, 0.213),
    (5, 5.197),
    (6, 3.018),
    (2, 1.459),
    (0, 0.445),
    (6, 8.452),
    (0, 0.32),
    (1, 3.445),
    (22, 8.957),
    (0, 0.206),
    (1, 1.113),
    (0, 0.301),
    (17, 2.264),
    (63, 11.807),
    (23, 22.888),
    (0, 0.163),
    (0, 0.781),
    (12, 4.115),
    (148, 12.848),
    (15, 2.851),
    (2, 0.625),
    (4, 2.426),
    (1, 1.613),
    (0, 1.265),
    (3, 0.635),
    (3, 2.728),
    (3, 2.46),
    (0, 1.461),
    (0, 1.236),
    (1, 0.31),
    (0, 0.876),
    (7, 7.912),
    (1, 1.287),
    (0, 0.254),
    (24, 9.344),
    (2, 3.285),
    (13, 25.547),
    (1, 1.788),
    (0, 0.905),
    (0, 0.251),
    (18, 9.216),
    (58, 46.542),
    (2, 0.567),
    (6, 0.711),
    (3, 3.579),
    (0, 0.56),
    (1, 1.16),
    (1, 1.046),
    (1, 2.116),
    (0, 6.843),
    (0, 1.697),
    (13, 5.444),
    (0, 0.955),
    (10, 2.525),
    (1, 0.102),
    (0, 0.25),
    (2, 4.64),
    (2, 0.766),
    (6, 3.504),
    (6, 3.337),
    (13, 9.198),
    (6, 4.737),
    (11, 6.185),
    (1, 1.426),
    (1, 0.665),
    (0, 0.637),
    (0, 0.874),
    (0, 0.38),
    (0, 0.809),
    (1, 1.462),
    (0, 2.287),
    (0, 1.061),
    (2, 0.135),
    (1, 1.501),
];

fn table() -> Vec<Cell> {
    CELLS.map(|(reports, expected)| Cell { reports, expected }).to_vec()
}

#[test]
fn the_prior_of_a_whole_table_is_the_likeliest() {
    let found = fit(&table(), Zeros::Listed).unwrap();
    close(found.log_likelihood, -354.1596686605433, 1e-9);
    close(found.prior.first[0], 7.940077439900923, 1e-3);
    close(found.prior.first[1], 0.9119600206444439, 1e-3);
    close(found.prior.second[0], 2.4761494266321398, 1e-3);
    close(found.prior.second[1], 2.085710513782924, 1e-3);
    close(found.prior.share, 1.0 - 0.883103771822848, 1e-3);
}

#[test]
fn the_prior_of_a_table_without_zeros_is_the_likeliest() {
    let some: Vec<Cell> = table().into_iter().filter(|c| c.reports > 0).collect();
    let found = fit(&some, Zeros::LeftOut).unwrap();
    close(found.log_likelihood, -285.6329822885128, 1e-9);
    close(found.prior.first[0], 7.330413635685968, 1e-3);
    close(found.prior.second[1], 2.7151035921728077, 1e-3);
    close(found.prior.share, 0.1317993039550749, 1e-3);
    assert!(fit(&table(), Zeros::LeftOut).is_err());
}

#[test]
fn cells_are_shrunk_as_by_the_reference() {
    let prior = Prior {
        first: [0.5162584788449115, 0.03452778984069104],
        second: [1.4018733079322696, 1.0503409810626692],
        share: 0.6003322680388583,
    };
    for (reports, expected, ebgm, eb05, eb95) in [
        (279, 1.9160000819049336, 143.04661412658123, 129.50161855530672, 157.68695935428485),
        (9, 0.03342252738930681, 132.75686439913457, 74.61895405119634, 222.10959649568503),
        (45, 0.4401979098298581, 94.82777956027951, 73.76049617267253, 120.38990074970184),
        (64, 0.7825437765458345, 78.34920705146364, 63.51573323689179, 95.79538747895856),
        (9, 0.04784951875380705, 109.50674628020484, 61.550706983295655, 183.21085985308434),
    ] {
        let found = prior.shrink(&Cell { reports, expected }).unwrap();
        close(found.ebgm, ebgm, 1e-10);
        close(found.eb05, eb05, 1e-8);
        close(found.eb95, eb95, 1e-8);
    }
}

#[test]
fn one_distribution_alone_and_bad_cells_end_well() {
    let same: Vec<Cell> = (0..40).map(|i| Cell { reports: i % 5, expected: 2.0 }).collect();
    let found = fit(&same, Zeros::Listed).unwrap();
    assert!(found.log_likelihood.is_finite());
    let zeros: Vec<Cell> = (0..9).map(|_| Cell { reports: 0, expected: 1.0 }).collect();
    if let Ok(found) = fit(&zeros, Zeros::Listed) {
        assert!(found.log_likelihood > -1e-3);
    }
    assert!(fit(&table()[..4], Zeros::Listed).is_err());
    let bad = Cell { reports: 3, expected: 0.0 };
    assert!(fit(&[bad; 6], Zeros::Listed).is_err());
    assert!(found.prior.shrink(&bad).is_err());
}

proptest! {
    #[test]
    fn slopes_are_differences(
        t in proptest::array::uniform5(-2.0..2.0f64), reports in 0u64..40, expected in 0.1..20.0f64,
    ) {
        let cells = [Cell { reports: reports + 1, expected }];
        for zeros in [Zeros::Listed, Zeros::LeftOut] {
            let (_, slope) = log_likelihood(&cells, zeros, &t);
            for j in 0..5 {
                let at = |h: f64| {
                    let mut moved = t;
                    moved[j] += h;
                    log_likelihood(&cells, zeros, &moved).0
                };
                let numeric = (at(1e-5) - at(-1e-5)) / 2e-5;
                prop_assert!((slope[j] - numeric).abs() < 1e-5 * numeric.abs().max(1.0));
            }
        }
    }
}
