//! Meta-analysis: what the contributors' own estimates give without pooling any record. The
//! baseline that shows what joining them gained; biased where events are rare.

use super::{Confidence, Finding, Result, Undefined, at_least, positive, two_by_two::TwoByTwo};

/// One contributor's estimate, of ratios the logarithm.
#[derive(Copy, Clone, Debug, PartialEq)]
pub struct Effect {
    /// Estimate.
    pub estimate: f64,
    /// Its standard error.
    pub standard_error: f64,
}

/// The contributors' estimates, combined.
#[derive(Clone, Debug, PartialEq)]
pub struct Combined {
    /// Combined estimate on the scale of the effects; [`Finding::exponential`] of a ratio.
    pub finding: Finding,
    /// Cochran's Q: whether the effects differ by more than chance.
    pub heterogeneity: Finding,
    /// Variance between contributors; 0 for fixed effects.
    pub tau_squared: f64,
    /// Share of the variation that is not chance, max(0, (Q - df) / Q).
    pub i_squared: f64,
}

/// The logarithm of each table's odds ratio. One half is added to each cell of a table with
/// a zero, as the custom is.
///
/// # Errors
/// If a table has an empty group.
pub fn log_odds_ratios(tables: &[TwoByTwo]) -> Result<Vec<Effect>> {
    let effect = |table: &TwoByTwo| {
        let [exposed, others, ..] = table.margins();
        at_least("records in each group", 1, exposed.min(others) as u64)?;
        let cells = table.cells();
        let half = if cells.contains(&0.0) { 0.5 } else { 0.0 };
        let [a, b, c, d] = cells.map(|x| x + half);
        Ok(Effect {
            estimate: (a / b * (d / c)).ln(),
            standard_error: (1.0 / a + 1.0 / b + 1.0 / c + 1.0 / d).sqrt(),
        })
    };
    tables.iter().map(effect).collect()
}

/// Inverse-variance weights, one effect common to all.
///
/// Reference: `statsmodels.stats.meta_analysis.combine_effects`; R `metafor::rma(method="FE")`.
///
/// # Errors
/// Without effects, or with a standard error that is not positive.
pub fn fixed(effects: &[Effect], confidence: Confidence) -> Result<Combined> {
    combine("fixed effects", effects, 0.0, confidence)
}

/// Effects that vary around a mean, with the moment estimate of DerSimonian and Laird 1986:
/// tau^2 = max(0, (Q - df) / (sum w - sum w^2 / sum w)).
///
/// Reference: `combine_effects(method_re="dl")`; R `metafor::rma(method="DL")`.
///
/// # Errors
/// As [`fixed`].
pub fn random(effects: &[Effect], confidence: Confidence) -> Result<Combined> {
    let common = fixed(effects, confidence)?;
    let weights = || effects.iter().map(|e| e.standard_error.powi(-2));
    let total: f64 = weights().sum();
    let q = common.heterogeneity.statistic.unwrap_or(0.0);
    let spread = total - weights().map(|w| w * w).sum::<f64>() / total;
    let excess = q - (effects.len() - 1) as f64;
    let between = if spread > 0.0 { (excess / spread).max(0.0) } else { 0.0 };
    combine("random effects (DerSimonian-Laird)", effects, between, confidence)
}

/// Peto's one-step odds ratio: sum (O - E) / sum V on the scale of the logarithm. Good for
/// rare events, balanced groups and small effects (Yusuf 1985).
///
/// Reference: R `metafor::rma.peto`.
///
/// # Errors
/// Without an event anywhere, or without a record with none.
pub fn peto(tables: &[TwoByTwo], confidence: Confidence) -> Result<Combined> {
    let informative = tables.iter().filter(|t| !t.margins().contains(&0.0));
    let effects: Vec<_> = informative
        .map(|t| {
            let v = t.variance();
            Effect { estimate: t.determinant() / t.total() / v, standard_error: v.sqrt().recip() }
        })
        .collect();
    combine("Peto's odds ratio", &effects, 0.0, confidence)
}

fn combine(
    name: &str,
    effects: &[Effect],
    between: f64,
    confidence: Confidence,
) -> Result<Combined> {
    if effects.is_empty() {
        return Err(Undefined::Empty("effects"));
    }
    for effect in effects {
        positive("a standard error", effect.standard_error)?;
        if !effect.estimate.is_finite() {
            return Err(Undefined::Argument("an effect"));
        }
    }
    let mean = |between: f64| {
        let weight = |e: &Effect| 1.0 / (e.standard_error * e.standard_error + between);
        let total: f64 = effects.iter().map(weight).sum();
        (effects.iter().map(|e| weight(e) * e.estimate).sum::<f64>() / total, total)
    };
    let (common, _) = mean(0.0);
    let apart = |e: &Effect| ((e.estimate - common) / e.standard_error).powi(2);
    let q: f64 = effects.iter().map(apart).sum();
    let degrees = (effects.len() - 1) as f64;
    let (estimate, total) = mean(between);
    let heterogeneity = Finding::named("Cochran's Q");
    Ok(Combined {
        finding: Finding::named(name).wald(estimate, total.sqrt().recip(), confidence),
        heterogeneity: if degrees > 0.0 {
            heterogeneity.chi_squared(q, degrees)
        } else {
            heterogeneity
        },
        tau_squared: between,
        i_squared: if q > degrees { (q - degrees) / q } else { 0.0 },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clear::close;

    const P95: Confidence = Confidence::P95;

    /// The indomethacin trial (Elmunzer 2012; R medicaldata `indo_rct`, MIT) by site.
    #[test]
    fn the_trial_by_site_is_combined_as_by_the_reference() {
        let sites = [
            TwoByTwo { a: 11, b: 66, c: 25, d: 62 },
            TwoByTwo { a: 15, b: 191, c: 26, d: 181 },
            TwoByTwo { a: 1, b: 11, c: 1, d: 12 },
        ];
        let effects = log_odds_ratios(&sites).unwrap();
        let (common, varying) = (fixed(&effects, P95).unwrap(), random(&effects, P95).unwrap());
        close(common.heterogeneity.statistic, 0.5720659768770044, 1e-12);
        assert_eq!((varying.tau_squared, varying.i_squared), (0.0, 0.0));
        for combined in [common, varying] {
            let ratio = combined.finding.exponential();
            close(ratio.estimate, 0.49855816775170986, 1e-12);
            close(ratio.interval.unwrap().lower, 0.3018406844994235, 1e-12);
            close(ratio.interval.unwrap().upper, 0.8234815894489428, 1e-12);
            close(ratio.p, 0.00655773248318495, 1e-11);
        }
        let ratio = peto(&sites, P95).unwrap().finding.exponential();
        close(ratio.estimate, 0.5094577032612474, 1e-12);
        close(ratio.interval.unwrap().lower, 0.3157023841875683, 1e-12);
        close(ratio.p, 0.0057422831170480075, 1e-11);
    }

    /// statsmodels 0.15.0 `combine_effects(method_re="dl")`.
    #[test]
    fn effects_that_differ_are_combined_as_by_the_reference() {
        let effects = [(-0.9, 0.21), (-0.1, 0.33), (0.4, 0.5), (-1.6, 0.45), (0.05, 0.15)]
            .map(|(estimate, standard_error)| Effect { estimate, standard_error });
        let common = fixed(&effects, P95).unwrap().finding;
        close(common.estimate, -0.2980419374201272, 1e-12);
        close(common.standard_error, 0.108311669330732, 1e-12);
        let varying = random(&effects, P95).unwrap();
        close(varying.finding.estimate, -0.4231166822246474, 1e-12);
        close(varying.finding.standard_error, 0.31047019471717013, 1e-12);
        close(varying.heterogeneity.statistic, 24.280371405637855, 1e-12);
        close(varying.tau_squared, 0.3716202530613089, 1e-12);
        close(varying.i_squared, 0.8352578742238181, 1e-12);
    }

    #[test]
    fn zero_cells_get_a_half_and_bad_effects_are_refused() {
        let zero = log_odds_ratios(&[TwoByTwo { a: 0, b: 10, c: 4, d: 7 }]).unwrap();
        close(zero[0].estimate, (0.5 * 7.5 / (10.5 * 4.5f64)).ln(), 1e-12);
        let one = fixed(&zero, P95).unwrap();
        assert_eq!((one.heterogeneity.p, one.i_squared), (None, 0.0));
        assert!(log_odds_ratios(&[TwoByTwo { a: 0, b: 0, c: 4, d: 7 }]).is_err());
        assert!(fixed(&[], P95).is_err());
        assert!(fixed(&[Effect { estimate: 1.0, standard_error: 0.0 }], P95).is_err());
        assert!(fixed(&[Effect { estimate: f64::NAN, standard_error: 1.0 }], P95).is_err());
        assert!(peto(&[TwoByTwo { a: 0, b: 10, c: 0, d: 7 }], P95).is_err());
    }
}
