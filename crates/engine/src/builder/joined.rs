//! What is made of rows on shares, and of pairs of two providers' rows.

use sharewell_study::{Aggregate, Predicate, Query, RowExpr};

use super::Builder;
use super::rows::indicator;
use crate::grouped::{Filled, Joined, Number, Place};
use crate::rows::LinkedKey;
use crate::{Error, Refusal};

impl Builder<'_> {
    /// Which rows make pairs, if the query joins any.
    pub(super) fn joined(&mut self, query: &Query) -> Result<Option<Joined>, Error> {
        let Some(join) = &query.join else { return Ok(None) };
        if self.study.release.min_parties > 2 {
            let message =
                "a pair of records is of two organisations, and `min_parties` asks for more";
            return Err(Refusal::new(message, "set `min_parties = 2` in [release]").into());
        }
        let digest = self.digest(&join.on)?;
        let there = join.on.iter().map(|&column| RowExpr::Column(column));
        let there = there.filter(|value| value.can_be_missing(self.table));
        let there = there.map(|value| Predicate::Not(Box::new(Predicate::IsNull(value))));
        let present = match there.reduce(both) {
            Some(there) => Some(self.number(&indicator(there), (0, 1), 0)?),
            None => None,
        };
        let mut conditions = [None, None];
        for condition in query.filter.iter().flat_map(conjuncts) {
            let columns = condition.columns();
            let Some(side) = self.side(&columns) else {
                let message = "a condition of WHERE compares the two records of a pair";
                let help = "write conditions on one of them each, joined by AND";
                return Err(Refusal::new(message, help).into());
            };
            let before = conditions[side].take();
            conditions[side] = before.into_iter().chain([condition.clone()]).reduce(both);
        }
        let mut keeps = [None, None];
        for (keeps, condition) in keeps.iter_mut().zip(conditions) {
            *keeps = match condition {
                Some(condition) => Some(self.number(&indicator(condition), (0, 1), 0)?),
                None => None,
            };
        }
        let key = LinkedKey { digest, present };
        Ok(Some(Joined { parties: join.parties, key, keeps }))
    }

    /// What of each row a slot is made of.
    pub(super) fn filled(&mut self, slot: usize) -> Result<Filled, Error> {
        let of = self.slots[slot].of.clone().expect("queries fill slots by aggregates");
        let (lo, hi) = (self.slots[slot].lo, self.slots[slot].hi);
        Ok(match &of {
            Aggregate::Count => Filled::Rows,
            Aggregate::CountColumn(e) => Filled::Sum(self.there(e)?),
            Aggregate::Sum(e) => Filled::Sum(self.of_pair(e)?),
            Aggregate::Min(e) => Filled::Least(self.extreme_of(e, hi)?),
            Aggregate::Max(e) => Filled::Greatest(self.extreme_of(e, lo)?),
            _ => unreachable!("what fills a slot is a count, a sum or an extreme"),
        })
    }

    /// The side that all columns are of; none for columns of both.
    fn side(&self, columns: &[usize]) -> Option<usize> {
        let side = columns.first().map_or(0, |column| self.table.side(*column));
        columns.iter().all(|column| self.table.side(*column) == side).then_some(side)
    }

    fn extreme_of(&mut self, e: &RowExpr, instead: i128) -> Result<Place, Error> {
        match self.side(&e.columns()) {
            Some(side) => Ok(Place { side, column: self.value_or(e, instead)? }),
            None => Err(self.of_both(e)),
        }
    }

    /// 1 where an expression has a value.
    fn there(&mut self, e: &RowExpr) -> Result<Number, Error> {
        let mut number = Number::One;
        for part in self.parts(e)? {
            if let (side, Some(column)) = (self.side(&part.columns()), self.present(&part)?) {
                let there = Number::At(Place { side: side.unwrap_or(0), column });
                number = product(number, there);
            }
        }
        Ok(number)
    }

    /// The value of an expression, 0 where it has none. What takes columns of one side is
    /// calculated at home.
    fn of_pair(&mut self, e: &RowExpr) -> Result<Number, Error> {
        if let Some(side) = self.side(&e.columns()) {
            return Ok(Number::At(Place { side, column: self.value_or(e, 0)? }));
        }
        Ok(product(self.arithmetic(e)?, self.there(e)?))
    }

    /// The same, with whatever value where it has none.
    fn arithmetic(&mut self, e: &RowExpr) -> Result<Number, Error> {
        if self.side(&e.columns()).is_some() {
            return self.of_pair(e);
        }
        Ok(match e {
            RowExpr::Neg(x) => Number::Neg(Box::new(self.arithmetic(x)?)),
            RowExpr::Mul(x, y) => product(self.arithmetic(x)?, self.arithmetic(y)?),
            RowExpr::Add(x, y) => Number::Sum(Box::new(self.aligned(e, [x, y])?)),
            RowExpr::Sub(x, y) => {
                let [x, y] = self.aligned(e, [x, y])?;
                Number::Sum(Box::new([x, Number::Neg(Box::new(y))]))
            }
            // The condition is part of what must be there.
            RowExpr::Case { branches, otherwise: None }
                if let Some((_, value)) = guarded(branches) =>
            {
                self.arithmetic(value)?
            }
            _ => return Err(self.of_both(e)),
        })
    }

    /// Two operands with the decimals of the whole.
    fn aligned(&mut self, whole: &RowExpr, operands: [&RowExpr; 2]) -> Result<[Number; 2], Error> {
        let decimals = self.range(whole)?.decimals;
        let [x, y] = operands.map(|operand| {
            let own = self.range(operand)?.decimals;
            let number = self.arithmetic(operand)?;
            Ok::<_, Error>(match decimals - own {
                0 => number,
                more => Number::Times(Box::new(number), 10i128.pow(more.into())),
            })
        });
        Ok([x?, y?])
    }

    /// Expressions over columns of one side that must all have values for the whole to have one.
    fn parts(&self, e: &RowExpr) -> Result<Vec<RowExpr>, Error> {
        if self.side(&e.columns()).is_some() {
            return Ok(vec![e.clone()]);
        }
        match e {
            RowExpr::Neg(x) => self.parts(x),
            RowExpr::Add(x, y) | RowExpr::Sub(x, y) | RowExpr::Mul(x, y) => {
                Ok([self.parts(x)?, self.parts(y)?].concat())
            }
            RowExpr::Case { branches, otherwise: None }
                if let Some((there, value)) = guarded(branches) =>
            {
                Ok([self.parts(there)?, self.parts(value)?].concat())
            }
            _ => Err(self.of_both(e)),
        }
    }

    fn of_both(&self, e: &RowExpr) -> Error {
        let message =
            format!("`{}` takes columns of both records of a pair", e.to_text(self.table));
        let help = "sums, differences and products of them can be summed up and averaged, and \
                    conditions and extremes take columns of one";
        Refusal::new(message, help).into()
    }
}

fn product(x: Number, y: Number) -> Number {
    match (x, y) {
        (Number::One, x) | (x, Number::One) => x,
        (x, y) => Number::Product(Box::new([x, y])),
    }
}

/// Of `CASE WHEN there IS NOT NULL THEN value END` both.
fn guarded(branches: &[(Predicate, RowExpr)]) -> Option<(&RowExpr, &RowExpr)> {
    match branches {
        [(Predicate::Not(missing), value)] => match &**missing {
            Predicate::IsNull(there) => Some((there, value)),
            _ => None,
        },
        _ => None,
    }
}

fn both(a: Predicate, b: Predicate) -> Predicate {
    Predicate::And(Box::new(a), Box::new(b))
}

fn conjuncts(of: &Predicate) -> Vec<&Predicate> {
    match of {
        Predicate::And(a, b) => [conjuncts(a), conjuncts(b)].concat(),
        other => vec![other],
    }
}
