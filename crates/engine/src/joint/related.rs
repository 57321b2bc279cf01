//! The rows that are grouped: those of all providers, or pairs of two providers' rows.

use std::collections::BTreeMap;

use sharewell_analytics::table::{Column, Table, join};
use sharewell_mpc::{Protocol, Result, Share};
use sharewell_ring::{Integer, Ring};

use super::rows::Rows;
use crate::Plan;
use crate::grouped::{Grouped, Joined, Number, Place};

/// Numbers of each row or pair.
pub(super) struct Related<P: Protocol> {
    columns: BTreeMap<Place, Column<P>>,
    /// Which of them are there.
    pub valid: P::AShare,
}

impl<P: Protocol> Related<P> {
    pub(super) fn of(p: &mut P, grouped: &Grouped, rows: &Rows<P>, plan: &Plan) -> Result<Self> {
        if let Some(joined) = &grouped.joined {
            return Self::joined(p, joined, &grouped.of_second(), rows, plan);
        }
        let column = |column| (Place { side: 0, column }, rows.column(plan, column));
        let columns = (0..plan.rows.len()).map(column).collect();
        Ok(Self { columns, valid: rows.valid().clone() })
    }

    fn joined(
        p: &mut P,
        joined: &Joined,
        of_second: &[usize],
        rows: &Rows<P>,
        plan: &Plan,
    ) -> Result<Self> {
        let places = plan.givers();
        let giver = |party: usize| {
            let place = plan.place(party);
            places.iter().position(|of| *of == place).expect("who is joined gives records")
        };
        let [first, second] = joined.parties.map(|party| rows.of_giver(giver(party), plan));
        let columns = of_second.iter().map(|&column| second.column(plan, column)).collect();
        let left = side(p, joined, 0, (&first, vec![]), plan)?;
        let right = side(p, joined, 1, (&second, columns), plan)?;
        let found = join(p, &left, &right)?;
        let own = |column| (Place { side: 0, column }, first.column(plan, column));
        let mut columns: BTreeMap<Place, Column<P>> = (0..plan.rows.len()).map(own).collect();
        for (&column, mut values) in of_second.iter().zip(found.columns) {
            let (lo, hi) = plan.rows[column].range();
            // Zeros where there is no partner.
            p.note_bound(&mut values, lo, hi);
            let bits = plan.rows[column].bits();
            columns.insert(Place { side: 1, column }, Column { values, bits });
        }
        Ok(Self { columns, valid: found.matched })
    }

    pub(super) fn column(&self, at: Place) -> Column<P> {
        self.columns[&at].clone()
    }

    /// Arithmetic of one row or pair.
    pub(super) fn number(&self, p: &mut P, number: &Number, plan: &Plan) -> Result<Column<P>> {
        if let Number::At(place) = number {
            return Ok(self.column(*place));
        }
        let values = self.evaluate(p, number)?;
        let (lo, hi) = number.range(&|place| plan.rows[place.column].range());
        let bits = 129 - hi.max(-(lo + 1)).leading_zeros();
        Ok(Column { values, bits })
    }

    fn evaluate(&self, p: &mut P, number: &Number) -> Result<P::AShare> {
        Ok(match number {
            Number::One => p.public(&vec![P::Ring::ONE; self.valid.len()]),
            Number::At(place) => self.columns[place].values.clone(),
            Number::Neg(x) => self.scaled(p, x, -1)?,
            Number::Times(x, by) => self.scaled(p, x, *by)?,
            Number::Sum(both) => {
                let mut sum = self.evaluate(p, &both[0])?;
                sum += &self.evaluate(p, &both[1])?;
                sum
            }
            Number::Product(both) => {
                let (x, y) = (self.evaluate(p, &both[0])?, self.evaluate(p, &both[1])?);
                p.mul(&x, &y)?
            }
        })
    }

    fn scaled(&self, p: &mut P, x: &Number, by: i128) -> Result<P::AShare> {
        let mut x = self.evaluate(p, x)?;
        x.scale(&[P::Ring::from_i128(by)]);
        Ok(x)
    }
}

/// The rows of one side that the query keeps and that have a key.
fn side<P: Protocol>(
    p: &mut P,
    joined: &Joined,
    side: usize,
    (rows, columns): (&Rows<P>, Vec<Column<P>>),
    plan: &Plan,
) -> Result<Table<P>> {
    let (key, mut valid) = rows.present(p, plan, joined.key.digest, joined.key.present)?;
    if let Some(keeps) = joined.keeps[side] {
        valid = p.mul(&valid, &rows.column(plan, keeps).values)?;
    }
    Ok(Table { keys: vec![key], columns, valid })
}
