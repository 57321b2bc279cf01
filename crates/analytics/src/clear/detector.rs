//! How good a detector or a predicted probability is, from counts per cell of a public score
//! grid, in ascending order of score. Scores in one cell count as equal.

use super::{Confidence, Finding, Interval, Result, Undefined, at_least};

/// What a threshold at the lower edge of a cell finds.
#[derive(Copy, Clone, Debug, PartialEq)]
pub struct Threshold {
    /// The cell.
    pub cell: usize,
    /// True detections in it and above.
    pub found: u64,
    /// False ones.
    pub false_alarms: u64,
    /// True detections over all that there was to find.
    pub recall: f64,
    /// True detections over all detections.
    pub precision: f64,
}

/// The thresholds from the highest to the lowest at which anything is detected: the
/// precision-recall curve. `all_positives` also counts what no detection found.
///
/// Reference: `sklearn.metrics.precision_recall_curve`.
///
/// # Errors
/// For different grids, nothing to find, or more found than there was.
pub fn curve(positives: &[u64], negatives: &[u64], all_positives: u64) -> Result<Vec<Threshold>> {
    sums(positives, negatives)?;
    at_least("records to be found", 1, all_positives)?;
    if positives.iter().sum::<u64>() > all_positives {
        return Err(Undefined::Argument("the number of records to be found"));
    }
    let (mut found, mut false_alarms) = (0, 0);
    let step = |(cell, (p, n)): (usize, (&u64, &u64))| {
        found += p;
        false_alarms += n;
        (p + n > 0).then(|| Threshold {
            cell,
            found,
            false_alarms,
            recall: found as f64 / all_positives as f64,
            precision: found as f64 / (found + false_alarms) as f64,
        })
    };
    Ok(positives.iter().zip(negatives).enumerate().rev().filter_map(step).collect())
}

/// Average precision: the sum over the thresholds of precision times the recall gained, not
/// interpolated.
///
/// Reference: `sklearn.metrics.average_precision_score`.
///
/// # Errors
/// As [`curve`].
pub fn average_precision(
    positives: &[u64],
    negatives: &[u64],
    all_positives: u64,
) -> Result<Finding> {
    let mut before = 0.0;
    let mut area = 0.0;
    for threshold in curve(positives, negatives, all_positives)? {
        area += (threshold.recall - before) * threshold.precision;
        before = threshold.recall;
    }
    Ok(Finding::named("average precision").n(all_positives).estimate(area))
}

/// Area under the ROC curve: the chance that a positive scores above a negative, ties counting
/// half. Standard error of DeLong, DeLong and Clarke-Pearson 1988.
///
/// Reference: `sklearn.metrics.roc_auc_score`; R `pROC::ci.auc`.
///
/// # Errors
/// For different grids or with fewer than two records of a kind.
pub fn roc_area(positives: &[u64], negatives: &[u64], confidence: Confidence) -> Result<Finding> {
    let (m, n) = sums(positives, negatives)?;
    at_least("records of each kind", 2, m.min(n))?;
    let (area, of_positives) = placements(positives, negatives, n as f64);
    // How often a negative lies above: the same with the grid turned round.
    let turned = |counts: &[u64]| counts.iter().rev().copied().collect::<Vec<_>>();
    let (_, of_negatives) = placements(&turned(negatives), &turned(positives), m as f64);
    let error = (of_positives / m as f64 + of_negatives / n as f64).sqrt();
    let half = confidence.z() * error;
    let limits = Interval::around(area, half, confidence).map(|x| x.clamp(0.0, 1.0));
    let found = Finding::named("area under the ROC curve").n(m.saturating_add(n));
    Ok(Finding { standard_error: Some(error), ..found }.estimate(area).interval(limits))
}

fn sums(positives: &[u64], negatives: &[u64]) -> Result<(u64, u64)> {
    if positives.len() != negatives.len() {
        return Err(Undefined::Shape("histograms"));
    }
    let sum = |counts: &[u64]| counts.iter().try_fold(0u64, |n, x| n.checked_add(*x));
    let both = sum(positives).zip(sum(negatives));
    let fits = both.filter(|(m, n)| m.checked_add(*n).is_some());
    fits.ok_or(Undefined::Argument("a count"))
}

/// Mean and variance, over the records of one kind, of the share of the other `all` below.
fn placements(counts: &[u64], others: &[u64], all: f64) -> (f64, f64) {
    let mut below = 0.0;
    let shares: Vec<f64> = others
        .iter()
        .map(|o| {
            let share = (below + *o as f64 / 2.0) / all;
            below += *o as f64;
            share
        })
        .collect();
    let n: f64 = counts.iter().map(|c| *c as f64).sum();
    let over = |f: &dyn Fn(f64) -> f64| {
        counts.iter().zip(&shares).map(|(c, s)| *c as f64 * f(*s)).sum::<f64>()
    };
    let mean = over(&|s| s) / n;
    (mean, over(&|s| (s - mean) * (s - mean)) / (n - 1.0))
}

/// Records whose predicted probabilities are alike.
#[derive(Copy, Clone, Debug, Default, PartialEq)]
pub struct Group {
    /// Records.
    pub n: u64,
    /// Those with the event.
    pub events: u64,
    /// Sum of the predicted probabilities.
    pub predicted: f64,
}

/// Neighbouring cells of a score grid joined into `parts` groups of about equal size, such as
/// 10; fewer where a cell is larger than a part.
///
/// # Errors
/// Without records or parts.
pub fn calibration(cells: &[Group], parts: usize) -> Result<Vec<Group>> {
    at_least("groups", 1, parts as u64)?;
    let n: f64 = cells.iter().map(|c| c.n as f64).sum();
    at_least("records", 1, n as u64)?;
    let mut groups: Vec<Group> = Vec::new();
    let (mut open, mut reached) = (Group::default(), 0.0);
    for cell in cells {
        let due = |reached: f64| (reached / n * parts as f64) as usize;
        let before = due(reached);
        reached += cell.n as f64;
        open.n += cell.n;
        open.events += cell.events;
        open.predicted += cell.predicted;
        if due(reached) > before && open.n > 0 {
            groups.push(std::mem::take(&mut open));
        }
    }
    if open.n > 0 {
        groups.push(open);
    }
    Ok(groups)
}

/// Hosmer and Lemeshow's test of calibration: the sum of (events - predicted)^2 / (predicted
/// (1 - predicted / n)), chi-squared with two degrees less than groups.
///
/// Reference: R `ResourceSelection::hoslem.test`.
///
/// # Errors
/// With fewer than three groups, or predictions that sum to 0 or n.
pub fn hosmer_lemeshow(groups: &[Group]) -> Result<Finding> {
    at_least("groups", 3, groups.len() as u64)?;
    let mut statistic = 0.0;
    for g in groups {
        let (n, events) = (g.n as f64, g.events as f64);
        let variance = g.predicted * (1.0 - g.predicted / n);
        super::positive("a sum of predictions", variance)?;
        statistic += (events - g.predicted).powi(2) / variance;
    }
    let n = groups.iter().fold(0u64, |n, g| n.saturating_add(g.n));
    Ok(Finding::named("Hosmer-Lemeshow").n(n).chi_squared(statistic, (groups.len() - 2) as f64))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clear::close;

    const POSITIVES: [u64; 10] = [0, 1, 0, 3, 2, 5, 4, 9, 8, 12];
    const NEGATIVES: [u64; 10] = [30, 22, 25, 14, 9, 8, 5, 3, 1, 1];

    /// scikit-learn; DeLong's error by its definition over all pairs.
    #[test]
    fn areas_are_those_of_the_reference() {
        let area = roc_area(&POSITIVES, &NEGATIVES, Confidence::P95).unwrap();
        close(area.estimate, 0.928062403697997, 1e-12);
        close(area.standard_error, 0.02175741540211243, 1e-12);
        let ap = |all| average_precision(&POSITIVES, &NEGATIVES, all).unwrap().estimate.unwrap();
        close(ap(44), 0.807995977099935, 1e-12);
        close(ap(88), 0.807995977099935 / 2.0, 1e-12);
        let curve = curve(&POSITIVES, &NEGATIVES, 44).unwrap();
        assert_eq!((curve[0].cell, curve[0].found, curve[0].false_alarms), (9, 12, 1));
        assert_eq!(curve.last().unwrap().recall, 1.0);
    }

    /// Deciles of predicted crash fatality (NASS CDS, US Government).
    #[test]
    fn calibration_is_tested_as_by_the_reference() {
        let groups = [
            (2622, 1, 4.165960138104392),
            (2622, 4, 7.814013195402719),
            (2622, 13, 12.971399087781545),
            (2622, 16, 18.22755130626343),
            (2622, 13, 26.473500422904774),
            (2622, 41, 41.966412067432586),
            (2621, 70, 63.04177336072384),
            (2621, 87, 106.82076657760595),
            (2621, 252, 216.13269617625406),
            (2621, 683, 682.3859276675271),
        ]
        .map(|(n, events, predicted)| Group { n, events, predicted });
        let found = hosmer_lemeshow(&groups).unwrap();
        close(found.statistic, 22.609862176562352, 1e-11);
        close(found.p, 0.003902966407320508, 1e-10);
        assert_eq!(calibration(&groups, 100).unwrap(), groups);
        let halves = calibration(&groups, 2).unwrap();
        assert_eq!(halves.iter().map(|g| g.n).collect::<Vec<_>>(), [13_110, 13_106]);
        assert_eq!(halves.iter().map(|g| g.events).sum::<u64>(), 1180);
        assert!(hosmer_lemeshow(&groups[..2]).is_err());
        assert!(hosmer_lemeshow(&[Group { n: 3, events: 0, predicted: 0.0 }; 3]).is_err());
        assert!(calibration(&[], 10).is_err());
    }

    #[test]
    fn different_grids_and_impossible_counts_are_refused() {
        assert!(roc_area(&[1, 2], &[3], Confidence::P95).is_err());
        assert!(roc_area(&[2], &[1], Confidence::P95).is_err());
        assert!(roc_area(&[u64::MAX, 1], &[1, 1], Confidence::P95).is_err());
        assert!(curve(&[3], &[4], 2).is_err());
        assert!(curve(&[0], &[4], 0).is_err());
    }
}
