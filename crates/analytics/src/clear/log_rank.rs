//! Whether groups survive alike: the log-rank test and its weighted kin, in strata or not.

use super::{
    Finding, Result, Undefined, at_least,
    solve::{Cholesky, dot},
    survival::{AtRisk, check},
};

/// One time of a risk table of several groups, in the same order everywhere.
#[derive(Clone, Debug, PartialEq)]
pub struct GroupsAtRisk {
    /// The time.
    pub time: f64,
    /// Observed until then without an event before, by group.
    pub at_risk: Vec<u64>,
    /// Events at that time, by group.
    pub events: Vec<u64>,
}

/// What an event at a time counts; n are at risk there, S is the pooled survival.
#[derive(Copy, Clone, Debug, PartialEq)]
pub enum Weight {
    /// 1, best against proportional hazards (Mantel 1966).
    LogRank,
    /// n (Gehan 1965, Breslow 1970), also called the generalised Wilcoxon test.
    Gehan,
    /// sqrt n (Tarone and Ware 1977).
    TaroneWare,
    /// Product of 1 - d / (n + 1) up to and with the time (Peto and Peto 1972).
    Peto,
    /// S^rho (1 - S)^gamma with S just before the time (Fleming and Harrington 1991).
    FlemingHarrington {
        /// For early differences.
        rho: f64,
        /// For late ones.
        gamma: f64,
    },
}

/// A log-rank test.
#[derive(Clone, Debug, PartialEq)]
pub struct LogRank {
    /// Chi-squared with one degree less than groups.
    pub finding: Finding,
    /// Weighted events of each group.
    pub observed: Vec<f64>,
    /// Those expected if all survived alike.
    pub expected: Vec<f64>,
    /// Covariance of observed minus expected.
    pub covariance: Vec<Vec<f64>>,
}

/// Compares groups over `strata`, each a risk table; one for the unstratified test. Within a
/// stratum sum of w (d_g - n_g d / n), with hypergeometric covariance.
///
/// Assumes that leaving observation says nothing of the event to come. Reference: R
/// `survival::survdiff(... + strata(s))`; `lifelines.statistics.multivariate_logrank_test`.
///
/// # Errors
/// With fewer than two groups, tables in error, or where the groups cannot be compared: no event
/// while members of both are at risk.
pub fn log_rank(strata: &[Vec<GroupsAtRisk>], weight: Weight) -> Result<LogRank> {
    let groups = strata.iter().flatten().next().map_or(0, |row| row.at_risk.len());
    at_least("groups", 2, groups as u64)?;
    if let Weight::FlemingHarrington { rho, gamma } = weight
        && !(rho >= 0.0 && gamma >= 0.0)
    {
        return Err(Undefined::Argument("a weight's exponent"));
    }
    let mut sums = Sums {
        observed: vec![0.0; groups],
        expected: vec![0.0; groups],
        covariance: vec![vec![0.0; groups]; groups],
    };
    let mut n = 0u64;
    for table in strata {
        n = n.saturating_add(checked(table, groups)?);
        sums.add(table, weight);
    }
    let Sums { observed, expected, covariance } = sums;
    // The last group's difference is minus the sum of the others'.
    let free = groups - 1;
    let apart: Vec<f64> = (0..free).map(|g| observed[g] - expected[g]).collect();
    let block: Vec<Vec<f64>> = covariance[..free].iter().map(|row| row[..free].to_vec()).collect();
    let factor = Cholesky::of(&block)
        .map_err(|_| Undefined::Empty("events while members of all groups are at risk"))?;
    let statistic = dot(&apart, &factor.solve(&apart));
    let finding = Finding::named("log-rank").n(n).chi_squared(statistic, free as f64);
    Ok(LogRank { finding, observed, expected, covariance })
}

/// The number of records of a table in which every group's column is in order.
fn checked(table: &[GroupsAtRisk], groups: usize) -> Result<u64> {
    if table.iter().any(|row| row.at_risk.len() != groups || row.events.len() != groups) {
        return Err(Undefined::Shape("groups at risk"));
    }
    for g in 0..groups {
        let column: Vec<_> = table
            .iter()
            .map(|row| AtRisk { time: row.time, at_risk: row.at_risk[g], events: row.events[g] })
            .collect();
        check(&column)?;
    }
    Ok(table.first().map_or(0, |row| row.at_risk.iter().fold(0, |n, x| n.saturating_add(*x))))
}

struct Sums {
    observed: Vec<f64>,
    expected: Vec<f64>,
    covariance: Vec<Vec<f64>>,
}

impl Sums {
    fn add(&mut self, table: &[GroupsAtRisk], weight: Weight) {
        let (mut survival, mut peto) = (1.0f64, 1.0f64);
        for row in table {
            let n: f64 = row.at_risk.iter().map(|x| *x as f64).sum();
            let d: f64 = row.events.iter().map(|x| *x as f64).sum();
            if d == 0.0 {
                continue;
            }
            peto *= 1.0 - d / (n + 1.0);
            let w = match weight {
                Weight::LogRank => 1.0,
                Weight::Gehan => n,
                Weight::TaroneWare => n.sqrt(),
                Weight::Peto => peto,
                Weight::FlemingHarrington { rho, gamma } => {
                    survival.powf(rho) * (1.0 - survival).powf(gamma)
                }
            };
            survival *= (n - d) / n;
            self.add_time(row, w, n, d);
        }
    }

    fn add_time(&mut self, row: &GroupsAtRisk, w: f64, n: f64, d: f64) {
        let spread = if n > 1.0 { w * w * d * (n - d) / (n - 1.0) } else { 0.0 };
        let share: Vec<f64> = row.at_risk.iter().map(|x| *x as f64 / n).collect();
        for (g, of_group) in share.iter().enumerate() {
            self.observed[g] += w * row.events[g] as f64;
            self.expected[g] += w * d * of_group;
            for (h, of_other) in share.iter().enumerate() {
                let same = if g == h { 1.0 } else { 0.0 };
                self.covariance[g][h] += spread * of_group * (same - of_other);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clear::{Degrees, close, survival::tests::TRIAL};

    fn table(rows: &[[u64; 5]]) -> Vec<GroupsAtRisk> {
        rows.iter()
            .map(|r| GroupsAtRisk {
                time: r[0] as f64,
                at_risk: vec![r[1], r[3]],
                events: vec![r[2], r[4]],
            })
            .collect()
    }

    /// Lifelines 0.30.3.
    #[test]
    fn weighted_tests_of_the_trial_are_those_of_lifelines() {
        for (weight, statistic, p) in [
            (Weight::LogRank, 11.742510868937027, 0.0006108855374090838),
            (Weight::Gehan, 9.043815762373887, 0.0026358491228449022),
            (Weight::TaroneWare, 9.998503923108537, 0.0015666745015653432),
            (Weight::Peto, 11.269125358933346, 0.0007880685085350971),
            (fleming_harrington(1.0, 0.0), 11.335223878410638, 0.0007605066510582676),
            (fleming_harrington(0.5, 0.5), 9.20500331220307, 0.002413545599508418),
            (fleming_harrington(0.0, 1.0), 9.201927412431962, 0.002417604416758877),
        ] {
            let found = log_rank(&[table(&TRIAL)], weight).unwrap();
            close(found.finding.statistic, statistic, 1e-11);
            close(found.finding.p, p, 1e-10);
        }
        let plain = log_rank(&[table(&TRIAL)], Weight::LogRank).unwrap();
        assert_eq!(plain.observed[1], 14.0);
        close(plain.expected[1], 25.07695779688193, 1e-12);
        close(plain.covariance[1][1], 10.449127567638392, 1e-12);
    }

    fn fleming_harrington(rho: f64, gamma: f64) -> Weight {
        Weight::FlemingHarrington { rho, gamma }
    }

    #[test]
    fn strata_are_joined_as_by_survdiff() {
        let found = log_rank(&SITES.map(table), Weight::LogRank).unwrap();
        close(found.expected[1], 25.38820830010437, 1e-12);
        close(found.covariance[0][0], 10.271015185752946, 1e-12);
        close(found.finding.statistic, 12.626920118515889, 1e-11);
        close(found.finding.p, 0.0003802311180688151, 1e-10);
    }

    #[test]
    fn three_groups_with_ties_are_compared_as_by_lifelines() {
        let table: Vec<_> = THREE
            .iter()
            .map(|(time, at_risk, events)| GroupsAtRisk {
                time: *time,
                at_risk: at_risk.to_vec(),
                events: events.to_vec(),
            })
            .collect();
        for (weight, statistic, p) in [
            (Weight::LogRank, 17.195089152796477, 0.00018455840682968754),
            (Weight::Gehan, 14.494232255603713, 0.0007122253970196243),
            (Weight::TaroneWare, 16.005080632692493, 0.0003346115281942404),
            (Weight::Peto, 15.26658166957496, 0.00048406525556538233),
            (fleming_harrington(0.5, 0.5), 13.391352315514386, 0.001236245694482732),
        ] {
            let found = log_rank(std::slice::from_ref(&table), weight).unwrap().finding;
            close(found.statistic, statistic, 1e-11);
            close(found.p, p, 1e-10);
            assert_eq!(found.degrees, Some(Degrees::One(2.0)));
        }
    }

    #[test]
    fn groups_that_never_meet_are_refused() {
        let apart = [table(&[[1, 5, 2, 0, 0]]), table(&[[1, 0, 0, 7, 1]])];
        assert!(log_rank(&apart, Weight::LogRank).is_err());
        let quiet = [table(&[[1, 5, 0, 4, 0]])];
        assert!(log_rank(&quiet, Weight::LogRank).is_err());
        assert!(log_rank(&[], Weight::LogRank).is_err());
        assert!(log_rank(&[table(&[[1, 5, 6, 4, 0]])], Weight::LogRank).is_err());
        assert!(log_rank(&[table(&TRIAL)], fleming_harrington(-1.0, 0.0)).is_err());
        let mut uneven = table(&TRIAL);
        uneven[3].events.pop();
        assert!(log_rank(&[uneven], Weight::LogRank).is_err());
    }

    /// The trial by site.
    const SITES: [&[[u64; 5]]; 3] = [
        &[
            [6, 11, 1, 15, 0],
            [19, 10, 1, 15, 0],
            [99, 9, 1, 15, 0],
            [113, 8, 0, 15, 1],
            [118, 8, 0, 14, 1],
            [167, 8, 0, 13, 1],
            [187, 8, 0, 12, 1],
            [246, 8, 1, 11, 0],
            [280, 5, 1, 8, 0],
            [294, 4, 1, 8, 0],
            [334, 2, 1, 8, 0],
            [373, 0, 0, 4, 1],
        ],
        &[
            [8, 32, 1, 31, 0],
            [11, 31, 1, 31, 0],
            [14, 30, 1, 31, 0],
            [18, 29, 1, 31, 0],
            [52, 28, 1, 31, 0],
            [57, 27, 1, 31, 0],
            [67, 26, 1, 31, 0],
            [82, 25, 0, 31, 1],
            [104, 23, 1, 30, 0],
            [120, 22, 1, 30, 0],
            [146, 21, 1, 30, 0],
            [165, 20, 0, 29, 1],
            [175, 20, 1, 28, 0],
            [206, 17, 1, 25, 0],
            [211, 16, 1, 25, 0],
            [219, 14, 0, 24, 1],
            [226, 14, 1, 23, 0],
            [265, 10, 0, 20, 1],
            [267, 10, 0, 18, 1],
            [274, 9, 0, 15, 1],
            [292, 6, 1, 12, 0],
            [318, 4, 1, 9, 0],
        ],
        &[
            [4, 22, 1, 17, 0],
            [23, 21, 1, 17, 0],
            [65, 20, 0, 17, 1],
            [91, 20, 1, 16, 0],
            [146, 19, 0, 16, 1],
            [168, 19, 1, 15, 0],
            [207, 17, 0, 14, 1],
            [236, 16, 1, 13, 0],
            [264, 13, 1, 13, 0],
            [304, 4, 1, 4, 0],
        ],
    ];

    const THREE: [(f64, [u64; 3], [u64; 3]); 12] = [
        (1.0, [60, 60, 60], [10, 8, 2]),
        (2.0, [50, 49, 58], [7, 3, 6]),
        (3.0, [40, 44, 50], [5, 9, 2]),
        (4.0, [35, 34, 48], [5, 4, 2]),
        (5.0, [29, 29, 46], [6, 3, 6]),
        (6.0, [21, 26, 39], [5, 3, 3]),
        (7.0, [15, 22, 35], [2, 2, 0]),
        (8.0, [13, 17, 34], [1, 2, 2]),
        (9.0, [11, 15, 32], [3, 1, 2]),
        (10.0, [7, 13, 30], [2, 0, 3]),
        (11.0, [4, 13, 27], [1, 1, 3]),
        (12.0, [3, 10, 22], [0, 0, 0]),
    ];
}
