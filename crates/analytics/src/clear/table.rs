//! Tables of any number of rows and columns.

use super::{Finding, Result, Undefined};

/// Pearson's test of a table.
#[derive(Clone, Debug, PartialEq)]
pub struct TableTest {
    /// Chi-squared with (rows - 1)(columns - 1) degrees of freedom.
    pub finding: Finding,
    /// Cramer's V: sqrt(chi-squared / (n (min(rows, columns) - 1))).
    pub cramers_v: f64,
    /// The smallest expected count.
    pub least_expected: f64,
    /// Expected counts below 5, where the approximation is in doubt.
    pub expected_below_5: usize,
}

/// Whether rows and columns are independent: the sum of (observed - expected)^2 / expected.
///
/// Assumes independent records. Reference: `scipy.stats.chi2_contingency(correction=False)`;
/// R `chisq.test(correct = FALSE)`.
///
/// # Errors
/// For fewer than two rows or columns, rows of different lengths, an empty row or column.
pub fn chi_squared(rows: &[Vec<u64>]) -> Result<TableTest> {
    let columns = rows.first().map_or(0, Vec::len);
    if rows.iter().any(|row| row.len() != columns) {
        return Err(Undefined::Shape("the rows of the table"));
    }
    if rows.len() < 2 || columns < 2 {
        return Err(Undefined::Shape("a table needs two rows and two columns"));
    }
    let sum = |cells: &mut dyn Iterator<Item = u64>| cells.map(|x| x as f64).sum::<f64>();
    let by_row: Vec<f64> = rows.iter().map(|row| sum(&mut row.iter().copied())).collect();
    let by_column: Vec<f64> =
        (0..columns).map(|j| sum(&mut rows.iter().map(|row| row[j]))).collect();
    if by_row.contains(&0.0) || by_column.contains(&0.0) {
        return Err(Undefined::Empty("a row or a column of the table"));
    }
    let n: f64 = by_row.iter().sum();
    let (mut statistic, mut least, mut below) = (0.0, f64::INFINITY, 0);
    for (row, total) in rows.iter().zip(&by_row) {
        for (observed, column) in row.iter().zip(&by_column) {
            let expected = total * (column / n);
            statistic += (*observed as f64 - expected).powi(2) / expected;
            least = least.min(expected);
            below += usize::from(expected < 5.0);
        }
    }
    let (free_rows, free_columns) = ((rows.len() - 1) as f64, (columns - 1) as f64);
    Ok(TableTest {
        finding: Finding::named("chi-squared")
            .n(n as u64)
            .chi_squared(statistic, free_rows * free_columns),
        cramers_v: (statistic / n / free_rows.min(free_columns)).sqrt(),
        least_expected: least,
        expected_below_5: below,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clear::{Degrees, close};

    /// ACTG 175, arms by censoring (lifelines, MIT), by scipy.
    #[test]
    fn the_arms_of_a_trial_are_compared_as_by_scipy() {
        let t =
            chi_squared(&[vec![351, 181], vec![419, 103], vec![415, 109], vec![433, 128]]).unwrap();
        close(t.finding.statistic, 37.35442087217209, 1e-12);
        assert_eq!(t.finding.degrees, Some(Degrees::One(3.0)));
        close(t.finding.p, 3.871626196387431e-08, 1e-11);
        close(t.cramers_v, 0.13214952655588447, 1e-12);
        assert_eq!((t.finding.n, t.expected_below_5), (Some(2139), 0));
    }

    #[test]
    fn small_expectations_are_counted_and_shapes_are_checked() {
        let t = chi_squared(&[vec![1, 11], vec![1, 12]]).unwrap();
        assert_eq!(t.expected_below_5, 2);
        close(t.least_expected, 24.0 / 25.0, 1e-12);
        assert_eq!(
            chi_squared(&[vec![1, 2], vec![0, 0]]),
            Err(Undefined::Empty("a row or a column of the table"))
        );
        assert!(chi_squared(&[]).is_err());
        assert!(chi_squared(&[vec![1], vec![2]]).is_err());
        assert!(chi_squared(&[vec![1, 2], vec![2]]).is_err());
    }
}
