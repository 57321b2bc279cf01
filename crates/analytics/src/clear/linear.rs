//! Linear models from opened sums of products: least squares and ridge.
//!
//! Assumes independent residuals of one variance; t and F also that they are nearly normal.
//! Sums may be of values around public centres, so that little cancels.

use super::{
    Confidence, Degrees, Finding, Result, Undefined, at_least,
    solve::{Cholesky, dot, quadratic},
    tails,
};

/// A column whose variance is a smaller share of its mean square is constant but for rounding.
const CONSTANT: f64 = 1e-12;

/// Sums of products of columns and outcome.
#[derive(Clone, Debug, PartialEq)]
pub struct Products {
    /// Records.
    pub n: u64,
    /// Sum of their weights, with which every sum below is made; `n` where each counts once. The
    /// variance of a record's residual is in inverse proportion to its weight.
    pub weight: f64,
    /// Names of the columns.
    pub names: Vec<String>,
    /// X'X.
    pub xx: Vec<Vec<f64>>,
    /// X'y.
    pub xy: Vec<f64>,
    /// y'y.
    pub yy: f64,
    /// Which column is 1 throughout, if one is.
    pub intercept: Option<usize>,
    /// What was taken off the columns, 0 from the intercept, and off the outcome before they were
    /// multiplied: only with an intercept, which then is told for the values as they are.
    pub centres: (Vec<f64>, f64),
}

/// A fitted linear model.
#[derive(Clone, Debug, PartialEq)]
pub struct Linear {
    /// One for each column, by Student's t.
    pub coefficients: Vec<Finding>,
    /// Covariance of the coefficients.
    pub covariance: Vec<Vec<f64>>,
    /// Residual degrees of freedom.
    pub degrees: f64,
    /// Residual standard deviation.
    pub sigma: f64,
    /// Share of the variation explained; without an intercept, of the sum of squares.
    pub r_squared: f64,
    /// The same for the degrees of freedom spent.
    pub adjusted_r_squared: f64,
    /// All columns but the intercept at once, by F; `None` if there is no other.
    pub overall: Option<Finding>,
    /// Gaussian log-likelihood; with weights, less half the sum of their logarithms, which no sum
    /// tells. So the two below.
    pub log_likelihood: f64,
    /// -2 log-likelihood + 2 (columns), as statsmodels; R counts sigma as one more.
    pub aic: f64,
    /// -2 log-likelihood + ln n (columns).
    pub bic: f64,
}

/// A ridge fit: estimates with standard errors, which say nothing of the bias, so no tests.
#[derive(Clone, Debug, PartialEq)]
pub struct Ridge {
    /// One for each column.
    pub coefficients: Vec<Finding>,
    /// Trace of the hat matrix.
    pub effective_parameters: f64,
    /// Residual standard deviation with n minus those.
    pub sigma: f64,
}

/// Columns and outcome as they are fitted: about their means if there is an intercept.
struct Centred {
    /// Which columns these are.
    kept: Vec<usize>,
    means: Vec<f64>,
    xx: Vec<Vec<f64>>,
    xy: Vec<f64>,
    yy: f64,
    y_mean: f64,
}

impl Products {
    fn check(&self) -> Result<()> {
        let p = self.names.len();
        at_least("columns", 1, p as u64)?;
        if self.xx.len() != p || self.xy.len() != p || self.xx.iter().any(|r| r.len() != p) {
            return Err(Undefined::Shape("sums of products"));
        }
        let finite = self.xx.iter().flatten().chain(&self.xy).all(|x| x.is_finite());
        if !finite || !self.yy.is_finite() {
            return Err(Undefined::Argument("a sum of products"));
        }
        let (centres, outcome) = &self.centres;
        let moved = *outcome != 0.0 || centres.iter().any(|centre| *centre != 0.0);
        super::positive("the sum of the weights", self.weight)?;
        if centres.len() != p || (moved && self.intercept.is_none()) {
            return Err(Undefined::Argument("a centre"));
        }
        match self.intercept {
            Some(at) if at >= p || self.xx[at][at] != self.weight => {
                Err(Undefined::Argument("the column of the intercept"))
            }
            _ => Ok(()),
        }
    }

    fn centred(&self) -> Result<Centred> {
        self.check()?;
        let n = self.weight;
        let kept: Vec<usize> =
            (0..self.names.len()).filter(|j| Some(*j) != self.intercept).collect();
        let mean = |j: &usize| self.intercept.map_or(0.0, |at| self.xx[at][*j] / n);
        let means: Vec<f64> = kept.iter().map(mean).collect();
        let y_mean = self.intercept.map_or(0.0, |at| self.xy[at] / n);
        let about = |(j, m): (&usize, &f64)| {
            kept.iter().zip(&means).map(|(k, l)| self.xx[*j][*k] - n * m * l).collect::<Vec<_>>()
        };
        let xx: Vec<Vec<f64>> = kept.iter().zip(&means).map(about).collect();
        for (at, j) in kept.iter().enumerate() {
            if xx[at][at] <= CONSTANT * self.xx[*j][*j] {
                return Err(Undefined::Singular { column: *j });
            }
        }
        let xy = kept.iter().zip(&means).map(|(j, m)| self.xy[*j] - n * m * y_mean).collect();
        let yy = self.yy - n * y_mean * y_mean;
        if yy <= CONSTANT * self.yy {
            return Err(Undefined::Constant("the outcome"));
        }
        let (centres, outcome) = &self.centres;
        let means = kept.iter().zip(&means).map(|(j, mean)| mean + centres[*j]).collect();
        Ok(Centred { kept, means, xx, xy, yy, y_mean: y_mean + outcome })
    }

    /// Standard deviations of the columns, with n - 1; 0 of the intercept.
    ///
    /// # Errors
    /// If a column does not vary, or with a single record.
    pub fn deviations(&self) -> Result<Vec<f64>> {
        let centred = self.centred()?;
        at_least("records", 2, self.n)?;
        let mut all = vec![0.0; self.names.len()];
        for (a, j) in centred.kept.iter().enumerate() {
            let n = self.n as f64;
            all[*j] = (centred.xx[a][a] / self.weight * n / (n - 1.0)).sqrt();
        }
        Ok(all)
    }

    /// The same columns less their means and over their standard deviations (with n - 1), the
    /// intercept as it is.
    ///
    /// # Errors
    /// Without an intercept, or if a column does not vary.
    pub fn standardised(&self) -> Result<Self> {
        let at = self.intercept.ok_or(Undefined::Argument("the column of the intercept"))?;
        let centred = self.centred()?;
        let deviations = self.deviations()?;
        let mut it = self.clone();
        it.centres.0.fill(0.0);
        for (a, j) in centred.kept.iter().enumerate() {
            it.xy[*j] = centred.xy[a] / deviations[*j];
            (it.xx[at][*j], it.xx[*j][at]) = (0.0, 0.0);
            for (b, k) in centred.kept.iter().enumerate() {
                it.xx[*j][*k] = centred.xx[a][b] / deviations[*j] / deviations[*k];
            }
        }
        Ok(it)
    }
}

impl Centred {
    /// y'y - 2 b'X'y + b'X'X b, in which an error of b counts only squared.
    fn residual(&self, b: &[f64]) -> f64 {
        self.yy - 2.0 * dot(b, &self.xy) + quadratic(&self.xx, b)
    }

    fn factor(&self, matrix: &[Vec<f64>]) -> Result<Cholesky> {
        Cholesky::of(matrix).map_err(|error| match error {
            Undefined::Singular { column } => Undefined::Singular { column: self.kept[column] },
            other => other,
        })
    }

    /// Slopes back among all columns, with the intercept that goes through the means.
    fn coefficients(&self, all: &Products, slopes: &[f64]) -> Vec<f64> {
        let mut b = vec![0.0; all.names.len()];
        self.kept.iter().zip(slopes).for_each(|(j, slope)| b[*j] = *slope);
        if let Some(at) = all.intercept {
            b[at] = self.y_mean - dot(&self.means, slopes);
        }
        b
    }

    /// Covariance of the slopes, for a unit residual variance, likewise.
    fn covariance(&self, all: &Products, slopes: &[Vec<f64>]) -> Vec<Vec<f64>> {
        let p = all.names.len();
        let mut v = vec![vec![0.0; p]; p];
        for (j, row) in self.kept.iter().zip(slopes) {
            self.kept.iter().zip(row).for_each(|(k, x)| v[*j][*k] = *x);
        }
        if let Some(at) = all.intercept {
            for (j, row) in self.kept.iter().zip(slopes) {
                v[at][*j] = -dot(row, &self.means);
                v[*j][at] = v[at][*j];
            }
            v[at][at] = 1.0 / all.weight + quadratic(slopes, &self.means);
        }
        v
    }
}

/// Least squares, b = (X'X)^-1 X'y, by Cholesky's factor of the centred products; weighted if these
/// are.
///
/// Reference: `statsmodels.api.OLS`, `WLS`; R `lm`.
///
/// # Errors
/// If a column depends on others, the outcome does not vary or is fitted without residual, or
/// there are no more records than columns.
pub fn least_squares(products: &Products, confidence: Confidence) -> Result<Linear> {
    let centred = products.centred()?;
    let p = products.names.len();
    at_least("records", p as u64 + 1, products.n)?;
    let factor = centred.factor(&centred.xx)?;
    let slopes = factor.solve(&centred.xy);
    let residual = centred.residual(&slopes);
    if residual <= CONSTANT * centred.yy {
        return Err(Undefined::Constant("what the columns leave of the outcome"));
    }
    let n = products.n as f64;
    let degrees = n - p as f64;
    let variance = residual / degrees;
    let mut covariance = centred.covariance(products, &factor.inverse());
    covariance.iter_mut().flatten().for_each(|x| *x *= variance);
    let named = products.names.iter().zip(centred.coefficients(products, &slopes));
    let coefficients = named
        .enumerate()
        .map(|(j, (name, b))| {
            let error = covariance[j][j].sqrt();
            Finding::named(name).n(products.n).student(b, error, degrees, confidence)
        })
        .collect();
    let r_squared = 1.0 - residual / centred.yy;
    let spent = centred.kept.len() as f64;
    let log_likelihood = -n / 2.0 * ((std::f64::consts::TAU * residual / n).ln() + 1.0);
    Ok(Linear {
        coefficients,
        covariance,
        degrees,
        sigma: variance.sqrt(),
        r_squared,
        adjusted_r_squared: 1.0 - (1.0 - r_squared) * (degrees + spent) / degrees,
        overall: (spent > 0.0).then(|| overall(&centred, residual, [spent, degrees], products.n)),
        log_likelihood,
        aic: 2.0 * (p as f64 - log_likelihood),
        bic: n.ln() * p as f64 - 2.0 * log_likelihood,
    })
}

fn overall(centred: &Centred, residual: f64, [spent, degrees]: [f64; 2], n: u64) -> Finding {
    let f = (centred.yy - residual) / spent / (residual / degrees);
    Finding { degrees: Some(Degrees::Two(spent, degrees)), ..Finding::named("all columns").n(n) }
        .test(f, tails::f_upper(f, spent, degrees))
}

/// Ridge regression, b = A^-1 X'y where A is X'X plus `penalty` times the columns' variances: the
/// penalty is on coefficients per standard deviation, and none on the intercept. Covariance
/// s^2 A^-1 X'X A^-1.
///
/// Reference: `sklearn.linear_model.Ridge` on standardised columns; Hoerl and Kennard 1970.
///
/// # Errors
/// As [`least_squares`], and for a negative penalty.
pub fn ridge(products: &Products, penalty: f64) -> Result<Ridge> {
    if !(penalty >= 0.0 && penalty.is_finite()) {
        return Err(Undefined::Argument("the penalty"));
    }
    let centred = products.centred()?;
    let deviations = products.deviations()?;
    let mut penalised = centred.xx.clone();
    for (row, (a, j)) in penalised.iter_mut().zip(centred.kept.iter().enumerate()) {
        row[a] += penalty * deviations[*j].powi(2);
    }
    let factor = centred.factor(&penalised)?;
    let slopes = factor.solve(&centred.xy);
    // Row j of X'X A^-1 is A^-1 times row j of X'X: both are symmetric.
    let half: Vec<Vec<f64>> = centred.xx.iter().map(|row| factor.solve(row)).collect();
    let trace: f64 = (0..half.len()).map(|j| half[j][j]).sum();
    let effective = trace + f64::from(u8::from(products.intercept.is_some()));
    let degrees = products.n as f64 - effective;
    let residual = centred.residual(&slopes);
    if degrees <= 0.0 || residual <= CONSTANT * centred.yy {
        return Err(Undefined::Constant("what the columns leave of the outcome"));
    }
    let column = |j: usize| half.iter().map(|row| row[j]).collect::<Vec<_>>();
    let between: Vec<Vec<f64>> = (0..half.len()).map(|j| factor.solve(&column(j))).collect();
    let covariance = centred.covariance(products, &between);
    let variance = residual / degrees;
    let named = products.names.iter().zip(centred.coefficients(products, &slopes));
    let coefficients = named
        .enumerate()
        .map(|(j, (name, b))| Finding {
            standard_error: Some((variance * covariance[j][j]).sqrt()),
            ..Finding::named(name).n(products.n).estimate(b)
        })
        .collect();
    Ok(Ridge { coefficients, effective_parameters: effective, sigma: variance.sqrt() })
}

#[cfg(test)]
mod tests;
