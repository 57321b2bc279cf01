//! Models that are trained: their records as secret columns.

use sharewell_analytics::models::Loss;
use sharewell_ring::{Integer, Z128};
use sharewell_study as study;
use sharewell_study::{Aggregate, Expr, Item, Label, Predicate, RowExpr, Training};

use super::rows::{indicator, whole};
use super::{Builder, Columns};
use crate::hidden::Predictor;
use crate::learning::{LabelColumn, Learning, network};
use crate::plan::Output;
use crate::{Error, Refusal, statistic};

impl Builder<'_> {
    /// How many records are trained and tested on is opened as such; what is learnt besides.
    pub(super) fn training(&mut self, asked: &Training) -> Result<(Vec<Output>, Columns), Error> {
        let or = |x: Predicate, y: Predicate| Predicate::Or(Box::new(x), Box::new(y));
        let (test, validation) = (asked.test.clone(), validation(asked));
        let held_out = validation.clone().into_iter().chain(test.clone()).reduce(or);
        let trained = held_out.map(|of| Predicate::Not(Box::new(of)));
        let mut items = vec![counted("records trained on", trained)];
        items.extend(validation.map(|of| counted("records validated on", Some(of))));
        items.extend(test.map(|test| counted("records tested on", Some(test))));
        let (outputs, columns) = self.hidden(&items)?;
        let supports: Vec<usize> = outputs.iter().map(|output| output.supports[0]).collect();
        let learning = self.learning(asked, &supports)?;
        if let Err(too_far) = learning.training(Z128::BITS) {
            let help = "use fewer or smaller layers, a smaller learning rate or batch";
            return Err(Refusal::new(too_far.to_string(), help).into());
        }
        self.learning = Some(learning);
        Ok((outputs, columns))
    }

    fn learning(&mut self, asked: &Training, supports: &[usize]) -> Result<Learning, Error> {
        let validation = validation(asked);
        let network = network(asked).map_err(|misfit| {
            Error::from(Refusal::new(misfit.to_string(), "change the layer, or the one before it"))
        })?;
        let features =
            asked.features.iter().map(|of| self.feature(of)).collect::<Result<_, _>>()?;
        let also = asked.also.iter().map(|of| self.feature(of)).collect::<Result<Vec<_>, _>>()?;
        let (label, loss) = match &asked.label {
            Label::Class(column) => {
                let classes = self.table.columns[*column].values().len();
                let code = (1..classes).fold(whole(0), |code, class| {
                    let is = indicator(statistic::is(*column, class, self.table));
                    let class = whole(class as i128);
                    let times = RowExpr::Mul(Box::new(is), Box::new(class));
                    RowExpr::Add(Box::new(code), Box::new(times))
                });
                let column = self.number(&code, (0, classes as i128 - 1), 0)?;
                let loss = match asked.loss {
                    _ if !also.is_empty() => Loss::Detection { classes, most: 1.0 },
                    study::Loss::Hinge => Loss::Hinge,
                    _ => Loss::CrossEntropy,
                };
                (LabelColumn::Class { column, classes }, loss)
            }
            Label::Number(of) => {
                let loss = match asked.loss {
                    study::Loss::SmoothL1 => Loss::SmoothL1 { most: 1.0 },
                    _ => Loss::Squared { most: 1.0 },
                };
                (LabelColumn::Number(self.feature(of)?), loss)
            }
        };
        let mut flag =
            |of: Option<Predicate>| of.map(|of| self.number(&indicator(of), (0, 1), 0)).transpose();
        let (test, validation) = (flag(asked.test.clone())?, flag(validation)?);
        let mut rest = supports[1..].iter().copied();
        Ok(Learning {
            network,
            loss,
            descent: asked.descent,
            epochs: asked.epochs,
            seed: asked.seed,
            standardise: asked.standardise,
            features,
            label,
            also,
            test,
            validation,
            keep: asked.keep,
            order: asked.order,
            metrics: asked.metrics.clone(),
            trained: supports[0],
            validated: validation.and_then(|_| rest.next()),
            tested: rest.next(),
        })
    }

    /// A column that is taken by its range.
    fn feature(&mut self, of: &RowExpr) -> Result<Predictor, Error> {
        let range = self.range(of)?;
        let column = self.number(of, (range.min, range.max), range.decimals)?;
        Predictor::of(column, (range.min, range.max)).ok_or_else(|| {
            let name = of.to_text(self.table);
            let message = format!("`{name}`: its range is too wide for what is learnt on shares");
            let help = "narrow the column's range, or use fewer decimals";
            Refusal::new(message, help).into()
        })
    }
}

/// The records that are validated on: not those that are tested on.
fn validation(asked: &Training) -> Option<Predicate> {
    let validation = asked.validation.clone()?;
    Some(match asked.test.clone() {
        None => validation,
        Some(test) => {
            Predicate::And(Box::new(validation), Box::new(Predicate::Not(Box::new(test))))
        }
    })
}

/// The records of which a condition holds; all of them if there is none.
fn counted(name: &str, of: Option<Predicate>) -> Item {
    let aggregate = match of {
        None => Aggregate::Count,
        Some(of) => {
            let one = RowExpr::Case { branches: vec![(of, whole(1))], otherwise: None };
            Aggregate::CountColumn(one)
        }
    };
    Item { name: name.to_owned(), expr: Expr::Aggregate(aggregate) }
}
