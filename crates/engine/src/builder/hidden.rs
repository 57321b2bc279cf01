//! Regressions of which no step is opened: their records as secret columns.

use sharewell_analytics::glm::{FRAC_BITS, Family, MOST_COLUMNS, Model};
use sharewell_ring::{Integer, Z128};
use sharewell_study::{Range, RowExpr, Statistic, StatisticKind, Sufficient};

use super::{Builder, Columns};
use crate::hidden::{Hidden, Predictor};
use crate::path::Path;
use crate::plan::{Joint, Output};
use crate::{Error, Refusal, statistic};

impl Builder<'_> {
    /// What is opened of a fit; and of its records how many there are and how many events, if the
    /// study says so.
    pub(super) fn fitted(
        &mut self,
        statistic: &Statistic,
        path: Path,
    ) -> Result<(Vec<Output>, Columns), Error> {
        let (mut outputs, columns) = match self.study.release.sufficient {
            Sufficient::Open => self.open(&statistic::items(statistic, self.table))?,
            Sufficient::Hidden => (vec![], vec![]),
        };
        let rows = self.rows();
        let supports = vec![self.support(rows)];
        let hidden = self.hidden_regression(&statistic.kind, path)?;
        let output =
            |(i, name)| Output { name, joint: Joint::Fitted(i), supports: supports.clone() };
        outputs.extend(hidden.names().into_iter().enumerate().map(output));
        self.hidden = Some(hidden);
        Ok((outputs, columns))
    }

    fn hidden_regression(&mut self, kind: &StatisticKind, mut path: Path) -> Result<Hidden, Error> {
        let StatisticKind::Regression { response, exposure, predictors, .. } = kind else {
            unreachable!("only regressions are fitted in steps");
        };
        if path.terms.len() > MOST_COLUMNS {
            let message = format!(
                "{} predictors are too many for steps on shares: {} at most",
                predictors.len(),
                MOST_COLUMNS - 1
            );
            return Err(Refusal::new(message, "leave some out").into());
        }
        let kept = path.kept.clone();
        let mut kept = kept.iter().map(|kept| kept.range);
        let mut column = |of: &RowExpr| -> Result<(usize, Range), Error> {
            let range = kept.next().expect("a range of each value");
            Ok((self.number(of, (range.min, range.max), range.decimals)?, range))
        };
        let (response, counts) = column(response)?;
        let exposure = exposure.as_ref().map(&mut column).transpose()?;
        let mut found = vec![];
        for (term, value) in path.terms[1..].iter_mut().zip(predictors) {
            let (at, range) = column(value)?;
            let predictor = Predictor::of(at, (range.min, range.max)).ok_or_else(|| {
                let message = format!("`{}`: its range is too wide for steps on shares", term.name);
                Refusal::new(message, "narrow the column's range, or use fewer decimals")
            })?;
            let quantum = 10f64.powi(-i32::from(range.decimals));
            (term.centre, term.unit) =
                (predictor.centre as f64 * quantum, predictor.unit() * quantum);
            found.push(predictor);
        }
        let model = self.model(&path, counts, exposure.map(|(_, range)| range))?;
        let exposure = exposure.map(|(column, range)| (column, range.decimals));
        Ok(Hidden { model, path, response, exposure, predictors: found })
    }

    fn model(&self, path: &Path, counts: Range, exposure: Option<Range>) -> Result<Model, Error> {
        let family = match path.family {
            sharewell_analytics::clear::regression::Family::Poisson => Family::Poisson {
                most: u64::try_from(counts.max).unwrap_or(u64::MAX),
                offsets: exposure.map_or((0, 0), logarithms),
            },
            _ => Family::Logistic,
        };
        let rows = self.rows_of_all()? as usize;
        let columns = path.terms.len();
        let model = Model { family, rows, columns, steps: path.steps, ridge: vec![0.0; columns] };
        if model.fits(Z128::BITS) {
            return Ok(model);
        }
        let message = format!(
            "a regression of {rows} records with {columns} coefficients and responses up to {} \
             does not fit the largest ring",
            counts.max
        );
        Err(Refusal::new(message, "narrow the ranges of its columns, or lower max_rows").into())
    }
}

/// Where the logarithms of quanta above 0 lie, at the scale of offsets.
fn logarithms(of: Range) -> (i128, i128) {
    let log = |quanta: i128| (quanta.max(1) as f64).ln() * f64::from(FRAC_BITS).exp2();
    (log(of.min).floor() as i128 - 16, log(of.max).ceil() as i128 + 16)
}
