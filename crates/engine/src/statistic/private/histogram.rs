//! Histograms with noise in every bin, and quantiles of them.
//!
//! Every bin is released: noise protects it, and to leave out those that noise has made small would
//! count too many. A quantile is where the running sum, which noise may let fall again, first reaches
//! its share.

use sharewell_study::Grid;

use super::{Noisy, TOO_NOISY, Uniform};
use crate::Plot;
use crate::plan::Plan;
use crate::statistic::Released;
use crate::statistic::cells::Cells;
use crate::statistic::ranks::{percent, shown};
use crate::statistic::sheet::{Entry, Sheet};

/// How often noise is drawn again.
const DRAWS: usize = 400;
/// Why there is no first record and no last.
const NO_SINGLE: &str = "undefined: noise hides single records, and which is the first or the last";
/// Intervals hold the quantile without noise with 95 %.
const TAIL: f64 = 0.025;

pub(in crate::statistic) fn histogram(
    plan: &Plan,
    value: &Grid,
    by: &[usize],
    probabilities: &[f64],
    released: &Released<'_>,
) -> Vec<Sheet> {
    let table = &plan.study().table;
    let cells = Cells::new(table, by);
    let names: Vec<&str> = by.iter().map(|&i| table.columns[i].name.as_str()).collect();
    let noisy = Noisy::of(plan, 0);
    let mut bars =
        Sheet::new("histogram", &[&names[..], &["value", "records", "from", "to"]].concat());
    let percents: Vec<String> = probabilities.iter().map(|p| percent(*p)).collect();
    let ends = percents.iter().flat_map(|p| [p.clone(), format!("{p} from"), format!("{p} to")]);
    let ends: Vec<String> = ends.collect();
    let ends: Vec<&str> = ends.iter().map(String::as_str).collect();
    let mut quantiles = Sheet::new("quantiles", &[&names[..], &["n"], &ends[..]].concat());
    for (places, name) in cells.combinations(by) {
        let bin = |bin: u64| released(0, cells.bin(value, &places, bin));
        let counts: Result<Vec<f64>, String> = (0..value.bins(table)).map(bin).collect();
        let counts = match counts {
            Ok(counts) => counts,
            Err(why) => {
                quantiles.row_without(name, &why);
                continue;
            }
        };
        for (bin, count) in counts.iter().enumerate() {
            let [from, to] = [count - noisy.within, count + noisy.within].map(|end| end.max(0.0));
            let numbers = [count.max(0.0), from, to].map(Entry::Whole);
            let bin = Entry::text(value.name(table, bin as u64));
            bars.row([&name[..], &[bin], &numbers].concat());
        }
        let mut row = name.clone();
        row.push(Entry::Whole(counts.iter().sum::<f64>().max(0.0)));
        for p in probabilities {
            let none = if *p <= 0.0 || *p >= 1.0 { NO_SINGLE } else { TOO_NOISY };
            match interval(&counts, *p, &noisy) {
                None => row.extend([(); 3].map(|()| Entry::Nothing(none.to_owned()))),
                Some(bins) => row.extend(bins.map(|bin| shown(table, value, bin as u64))),
            }
        }
        quantiles.row(row);
    }
    vec![quantiles, bars.drawn(Plot::Bars { height: "records".to_owned() })]
}

/// The bin in which the running sum reaches this share; none of the first or the last record, which
/// noise hides.
fn quantile(counts: &[f64], share: f64) -> Option<usize> {
    let total: f64 = counts.iter().sum();
    if total < 1.0 || share <= 0.0 || share >= 1.0 {
        return None;
    }
    let mut sum = 0.0;
    counts.iter().position(|count| {
        sum += count;
        sum >= share * total
    })
}

/// A quantile, and between which bins it lies without the noise.
fn interval(counts: &[f64], share: f64, noisy: &Noisy<'_>) -> Option<[usize; 3]> {
    let found = quantile(counts, share)?;
    let uniform = &mut Uniform::of(counts);
    let mut moved = vec![];
    for _ in 0..DRAWS {
        let again: Vec<f64> = counts.iter().map(|count| count + noisy.draw(uniform)).collect();
        moved.push(quantile(&again, share)? as i64 - found as i64);
    }
    moved.sort_unstable();
    let at = |share: f64| moved[((DRAWS - 1) as f64 * share).round() as usize];
    let last = counts.len() as i64 - 1;
    let [from, to] = [at(1.0 - TAIL), at(TAIL)].map(|by| (found as i64 - by).clamp(0, last));
    Some([found, from as usize, to as usize])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantile_of_exact_counts_is_that_of_the_records() {
        let counts = [0.0, 3.0, 0.0, 5.0, 2.0];
        let at = |share| quantile(&counts, share);
        assert_eq!([0.1, 0.3, 0.31, 0.8, 0.81, 0.99].map(at), [1, 1, 3, 3, 4, 4].map(Some));
        assert_eq!([0.0, 1.0].map(at), [None; 2], "noise hides single records");
        assert_eq!(quantile(&[-3.0, 2.0], 0.5), None);
        assert_eq!(quantile(&[2.0, -1.0, 2.0], 0.5), Some(0), "the first time, though it falls");
    }
}
