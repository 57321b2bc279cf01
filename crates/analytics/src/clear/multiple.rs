//! Many tests at once: p-values adjusted for how many there are.
//!
//! Reference: `statsmodels.stats.multitest.multipletests`; R `p.adjust`.

use super::{Result, Undefined};

/// Holm 1979: the chance of any false finding is at most the level, whatever the dependence.
///
/// # Errors
/// If a p-value is not between 0 and 1.
pub fn holm(p: &[f64]) -> Result<Vec<f64>> {
    let order = ascending(p)?;
    let mut adjusted = vec![0.0; p.len()];
    let mut worst = 0.0f64;
    for (rank, at) in order.iter().enumerate() {
        worst = worst.max(p[*at] * (p.len() - rank) as f64).min(1.0);
        adjusted[*at] = worst;
    }
    Ok(adjusted)
}

/// Benjamini and Hochberg 1995: the expected share of false findings is at most the level, for
/// independent or positively dependent tests.
///
/// # Errors
/// If a p-value is not between 0 and 1.
pub fn benjamini_hochberg(p: &[f64]) -> Result<Vec<f64>> {
    let order = ascending(p)?;
    let mut adjusted = vec![0.0; p.len()];
    let mut best = 1.0f64;
    for (rank, at) in order.iter().enumerate().rev() {
        best = best.min(p[*at] * (p.len() as f64 / (rank + 1) as f64));
        adjusted[*at] = best;
    }
    Ok(adjusted)
}

fn ascending(p: &[f64]) -> Result<Vec<usize>> {
    if p.iter().any(|p| !(0.0..=1.0).contains(p)) {
        return Err(Undefined::Argument("a p-value"));
    }
    let mut order: Vec<usize> = (0..p.len()).collect();
    order.sort_by(|i, j| p[*i].total_cmp(&p[*j]));
    Ok(order)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clear::close;

    /// statsmodels 0.15.0.
    #[test]
    fn adjusted_p_values_are_those_of_the_reference() {
        let p = [0.01, 1e-14, 0.04, 0.03, 0.04, 0.9, 0.0];
        let by_holm = [0.05, 6e-14, 0.12, 0.12, 0.12, 0.9, 0.0];
        let by_bh = [0.07 / 3.0, 3.5e-14, 0.28 / 6.0, 0.28 / 6.0, 0.28 / 6.0, 0.9, 0.0];
        for (got, want) in holm(&p).unwrap().into_iter().zip(by_holm) {
            close(got, want, 1e-14);
        }
        for (got, want) in benjamini_hochberg(&p).unwrap().into_iter().zip(by_bh) {
            close(got, want, 1e-14);
        }
        assert_eq!(holm(&[]).unwrap(), Vec::<f64>::new());
        assert!(holm(&[f64::NAN]).is_err());
        assert!(benjamini_hochberg(&[1.1]).is_err());
    }
}
