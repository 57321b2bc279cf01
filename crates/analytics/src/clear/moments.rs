//! Means, variances and correlations from counts, sums and sums of squares and products.
//!
//! The sums are of differences from a public constant near the mean, or else the variance of a
//! narrow column far from 0 (calendar years) cancels. The t-tests assume independent
//! records and means that are nearly normal; all but Welch's assume equal variances.

use super::{Confidence, Degrees, Finding, Interval, Result, Undefined, at_least, tails};

/// What is known of a column.
#[derive(Copy, Clone, Debug, PartialEq)]
pub struct Moments {
    n: u64,
    mean: f64,
    squares: f64,
}

impl Moments {
    /// `sum` of x - `centre` and `squares` of (x - `centre`)^2 over `n` records.
    ///
    /// # Errors
    /// Without records, or with a sum that is not finite.
    pub fn new(n: u64, centre: f64, sum: f64, squares: f64) -> Result<Self> {
        at_least("records", 1, n)?;
        let off = sum / n as f64;
        let about_mean = squares - sum * off;
        if !(centre + off).is_finite() || !about_mean.is_finite() {
            return Err(Undefined::Argument("a sum"));
        }
        Ok(Self { n, mean: centre + off, squares: about_mean.max(0.0) })
    }

    /// Records.
    #[must_use]
    pub fn n(&self) -> u64 {
        self.n
    }

    /// Arithmetic mean.
    #[must_use]
    pub fn mean(&self) -> f64 {
        self.mean
    }

    /// Unbiased variance, with n - 1.
    ///
    /// # Errors
    /// Of a single record.
    pub fn variance(&self) -> Result<f64> {
        at_least("records", 2, self.n)?;
        Ok(self.squares / self.degrees())
    }

    fn degrees(&self) -> f64 {
        self.n as f64 - 1.0
    }

    /// Squared standard error of the mean.
    fn error(&self) -> Result<f64> {
        Ok(self.variance()? / self.n as f64)
    }

    /// The mean, with t interval and test against `null`.
    ///
    /// Reference: `scipy.stats.ttest_1samp`; on differences within pairs `ttest_rel`.
    ///
    /// # Errors
    /// For fewer than two records, or a column that does not vary.
    pub fn mean_test(&self, null: f64, confidence: Confidence) -> Result<Finding> {
        let error = vary("the column", self.error()?.sqrt())?;
        let apart = Finding::named("mean").n(self.n).student(
            self.mean - null,
            error,
            self.degrees(),
            confidence,
        );
        Ok(Finding { interval: apart.interval.map(|i| i.map(|x| x + null)), ..apart }
            .estimate(self.mean))
    }
}

fn vary(what: &'static str, error: f64) -> Result<f64> {
    if error > 0.0 { Ok(error) } else { Err(Undefined::Constant(what)) }
}

/// Difference of two means, first minus second, with unequal variances (Welch 1947): df =
/// (e1 + e2)^2 / (e1^2 / (n1 - 1) + e2^2 / (n2 - 1)), e = variance / n.
///
/// Reference: `scipy.stats.ttest_ind(equal_var=False)`; R `t.test`.
///
/// # Errors
/// With fewer than two records in a group, or where neither varies.
pub fn welch(first: &Moments, second: &Moments, confidence: Confidence) -> Result<Finding> {
    let (e1, e2) = (first.error()?, second.error()?);
    let both = vary("either group", e1 + e2)?;
    let (s1, s2) = (e1 / both, e2 / both);
    let degrees = 1.0 / (s1 * s1 / first.degrees() + s2 * s2 / second.degrees());
    Ok(difference("Welch's t-test", first, second).student(
        first.mean - second.mean,
        both.sqrt(),
        degrees,
        confidence,
    ))
}

/// Difference of two means, first minus second, with one variance for both (Student).
///
/// Reference: `scipy.stats.ttest_ind`; R `t.test(var.equal = TRUE)`.
///
/// # Errors
/// With fewer than two records in a group, or where neither varies.
pub fn pooled(first: &Moments, second: &Moments, confidence: Confidence) -> Result<Finding> {
    let variance = pooled_variance(first, second)?;
    let error = (variance * (1.0 / first.n as f64 + 1.0 / second.n as f64)).sqrt();
    Ok(difference("Student's t-test", first, second).student(
        first.mean - second.mean,
        error,
        first.degrees() + second.degrees(),
        confidence,
    ))
}

fn difference(name: &str, first: &Moments, second: &Moments) -> Finding {
    Finding::named(name).n(first.n.saturating_add(second.n))
}

fn pooled_variance(first: &Moments, second: &Moments) -> Result<f64> {
    at_least("records in each group", 2, first.n.min(second.n))?;
    let degrees = first.degrees() + second.degrees();
    vary("either group", (first.squares + second.squares) / degrees)
}

/// Cohen's d: difference of the means over the pooled standard deviation, with the normal
/// interval of Hedges and Olkin 1985, se = sqrt(1/n1 + 1/n2 + d^2 / (2 (n1 + n2))).
///
/// # Errors
/// With fewer than two records in a group, or where neither varies.
pub fn cohens_d(first: &Moments, second: &Moments, confidence: Confidence) -> Result<Finding> {
    let d = (first.mean - second.mean) / pooled_variance(first, second)?.sqrt();
    let (n1, n2) = (first.n as f64, second.n as f64);
    let error = (1.0 / n1 + 1.0 / n2 + d * d / (2.0 * (n1 + n2))).sqrt();
    let found = difference("Cohen's d", first, second).wald(d, error, confidence);
    Ok(Finding { statistic: None, p: None, ..found })
}

/// Difference of the means over the root of the average variance: how far a party's data are
/// from the others'. Above 0.1 look, above 0.25 stop (Austin 2009).
///
/// # Errors
/// With fewer than two records in a group, or where neither varies.
pub fn standardised_difference(first: &Moments, second: &Moments) -> Result<f64> {
    let spread = vary("either group", (first.variance()? + second.variance()?) / 2.0)?;
    Ok((first.mean - second.mean) / spread.sqrt())
}

/// One-way analysis of variance: mean square between the groups over that within. The estimate
/// is eta squared, the share of the variation that lies between the groups.
///
/// Reference: `scipy.stats.f_oneway`; R `oneway.test(var.equal = TRUE)`.
///
/// # Errors
/// With fewer than two groups, no more records than groups, or where no group varies.
pub fn anova(groups: &[Moments]) -> Result<Finding> {
    at_least("groups", 2, groups.len() as u64)?;
    let n: u64 = groups.iter().fold(0, |n, g| n.saturating_add(g.n));
    at_least("records", groups.len() as u64 + 1, n)?;
    let total = n as f64;
    let mean = groups.iter().map(|g| g.n as f64 / total * g.mean).sum::<f64>();
    let between: f64 = groups.iter().map(|g| g.n as f64 * (g.mean - mean).powi(2)).sum();
    let within = vary("any group", groups.iter().map(|g| g.squares).sum())?;
    let (d1, d2) = ((groups.len() - 1) as f64, total - groups.len() as f64);
    let f = between / d1 / (within / d2);
    Ok(Finding {
        degrees: Some(Degrees::Two(d1, d2)),
        ..Finding::named("analysis of variance").n(n)
    }
    .estimate(between / (between + within))
    .test(f, tails::f_upper(f, d1, d2)))
}

/// Pearson's correlation of two columns of the same records: `products` sums (x - cx)(y - cy),
/// `x_sum` and `y_sum` the differences, about the same constants as in the moments. Tested
/// by t with n - 2 degrees of freedom; Fisher's interval tanh(atanh r +- z / sqrt(n - 3)).
///
/// Reference: `scipy.stats.pearsonr`; R `cor.test`.
///
/// # Errors
/// With fewer than three records, different counts, or a column that does not vary.
pub fn correlation(
    x: &Moments,
    y: &Moments,
    [x_sum, y_sum, products]: [f64; 3],
    confidence: Confidence,
) -> Result<Finding> {
    if x.n != y.n {
        return Err(Undefined::Shape("the columns"));
    }
    at_least("records", 3, x.n)?;
    let n = x.n as f64;
    let spread = x.squares.sqrt() * y.squares.sqrt();
    let r = (products - x_sum * (y_sum / n)) / vary("a column", spread)?;
    if r.is_nan() {
        return Err(Undefined::Argument("a sum"));
    }
    correlated(r, x.n, confidence)
}

/// The same of a correlation that is known, and its number of records.
///
/// # Errors
/// With fewer than three records.
pub fn correlated(r: f64, records: u64, confidence: Confidence) -> Result<Finding> {
    at_least("records", 3, records)?;
    let (r, n) = (r.clamp(-1.0, 1.0), records as f64);
    let t = r * ((n - 2.0) / ((1.0 - r) * (1.0 + r))).sqrt();
    let found = Finding { degrees: Some(Degrees::One(n - 2.0)), ..Finding::named("correlation") }
        .n(records)
        .estimate(r)
        .test(t, tails::student_two_sided(t, n - 2.0));
    let half = confidence.z() / (n - 3.0).sqrt();
    if half.is_infinite() {
        return Ok(found);
    }
    Ok(found.interval(Interval::around(r.atanh(), half, confidence).map(f64::tanh)))
}

/// Covariances with n - 1 of columns of the same records, from the `sums` of each and the
/// `products` of each pair, about one constant for each column.
///
/// Reference: `numpy.cov`.
///
/// # Errors
/// With fewer than two records, or a matrix of products that is not square.
pub fn covariances(n: u64, sums: &[f64], products: &[Vec<f64>]) -> Result<Vec<Vec<f64>>> {
    at_least("records", 2, n)?;
    if products.len() != sums.len() || products.iter().any(|row| row.len() != sums.len()) {
        return Err(Undefined::Shape("sums and products"));
    }
    let n = n as f64;
    let cell = |s: f64, t: f64, product: f64| (product - s * (t / n)) / (n - 1.0);
    let row = |(row, s): (&Vec<f64>, &f64)| {
        row.iter().zip(sums).map(|(product, t)| cell(*s, *t, *product)).collect()
    };
    Ok(products.iter().zip(sums).map(row).collect())
}

/// Skewness m3 / m2^1.5 and excess kurtosis m4 / m2^2 - 3 from the sums of the first four
/// `powers` of differences from a constant.
///
/// Reference: `scipy.stats.skew`, `scipy.stats.kurtosis` (biased, as they are by default).
///
/// # Errors
/// Without records, or for a column that does not vary.
pub fn shape(n: u64, powers: [f64; 4]) -> Result<(f64, f64)> {
    at_least("records", 1, n)?;
    let [m, s2, s3, s4] = powers.map(|p| p / n as f64);
    let m2 = vary("the column", s2 - m * m)?;
    let m3 = s3 - 3.0 * m * s2 + 2.0 * m.powi(3);
    let m4 = s4 - 4.0 * m * s3 + 6.0 * m * m * s2 - 3.0 * m.powi(4);
    Ok((m3 / m2.powf(1.5), m4 / (m2 * m2) - 3.0))
}

#[cfg(test)]
mod tests;
