//! Second moments: sums around public centres, so that nothing cancels and sums stay small.

use sharewell_analytics::stats::Divisor;
use sharewell_study::{Aggregate, Decimal, Measure, Predicate, RowExpr};

use super::Builder;
use crate::Error;
use crate::plan::{Combine, Joint};

/// The product of two values of a record.
pub(super) fn product(x: &RowExpr, y: &RowExpr) -> RowExpr {
    RowExpr::Mul(Box::new(x.clone()), Box::new(y.clone()))
}

impl Builder<'_> {
    /// The value around the middle of its range, and how far from there it can be.
    fn centred(&self, e: &RowExpr) -> Result<(RowExpr, i128), Error> {
        let range = self.range(e)?;
        let centre = range.min + (range.max - range.min) / 2;
        let centred = match Decimal::new(centre, range.decimals) {
            Some(centre) if centre.digits != 0 => {
                RowExpr::Sub(Box::new(e.clone()), Box::new(RowExpr::Number(centre)))
            }
            _ => e.clone(),
        };
        let around = self.range(&centred)?;
        Ok((centred, around.min.abs().max(around.max.abs())))
    }

    fn squares(&mut self, centred: &RowExpr, deviation: i128) -> Result<usize, Error> {
        let range = self.range(centred)?;
        let squared = self.times(centred, deviation, deviation)?;
        let bounds = self.times_rows(centred, 0, squared)?;
        let expr = centred.to_sql(self.table);
        let measure = Measure::SumSquares { expr, decimals: range.decimals };
        let of = Aggregate::Sum(product(centred, centred));
        let decimals = 2 * i32::from(range.decimals);
        Ok(self.slot(measure, Combine::Sum, bounds, decimals, of))
    }

    pub(super) fn variance(&mut self, e: &RowExpr, divisor: Divisor) -> Result<Joint, Error> {
        let count = self.count(e);
        let (centred, deviation) = self.centred(e)?;
        let sum = self.sum(&centred)?;
        let squares = self.squares(&centred, deviation)?;
        self.based(squares, count);
        Ok(Joint::Variance { sum, squares, count, deviation, divisor })
    }

    pub(super) fn covariance(
        &mut self,
        x: &RowExpr,
        y: &RowExpr,
        divisor: Divisor,
    ) -> Result<Joint, Error> {
        let count = self.count(&product(x, y));
        let ([x, y], deviations) = self.pairs(x, y)?;
        let [sums @ .., products] = self.pair_sums(&x, &y, count)?;
        Ok(Joint::Covariance { sums, products, count, deviations, divisor })
    }

    pub(super) fn correlation(&mut self, x: &RowExpr, y: &RowExpr) -> Result<Joint, Error> {
        let count = self.count(&product(x, y));
        let ([x, y], deviations) = self.pairs(x, y)?;
        let [sums @ .., products] = self.pair_sums(&x, &y, count)?;
        let squares = [self.squares(&x, deviations[0])?, self.squares(&y, deviations[1])?];
        let squares = squares.map(|slot| self.based(slot, count));
        Ok(Joint::Correlation { sums, squares, products, count, deviations })
    }

    /// The sums of either and of their products, which rest on the records that have both.
    fn pair_sums(&mut self, x: &RowExpr, y: &RowExpr, count: usize) -> Result<[usize; 3], Error> {
        let slots = [self.sum_slot(x)?, self.sum_slot(y)?, self.sum_slot(&product(x, y))?];
        Ok(slots.map(|slot| self.based(slot, count)))
    }

    /// Both values around their centres, of the records in which neither is missing.
    fn pairs(&self, x: &RowExpr, y: &RowExpr) -> Result<([RowExpr; 2], [i128; 2]), Error> {
        let (cx, dx) = self.centred(x)?;
        let (cy, dy) = self.centred(y)?;
        Ok(([self.beside(cx, y), self.beside(cy, x)], [dx, dy]))
    }

    /// The value where the other one is not missing.
    fn beside(&self, value: RowExpr, other: &RowExpr) -> RowExpr {
        if !other.can_be_missing(self.table) {
            return value;
        }
        let there = Predicate::Not(Box::new(Predicate::IsNull(other.clone())));
        RowExpr::Case { branches: vec![(there, value)], otherwise: None }
    }
}
