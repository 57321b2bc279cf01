//! Cells that the agreed schema does not list, made of the providers' rows.

use sharewell_analytics::Value;
use sharewell_analytics::release::{Minimum, gate};
use sharewell_analytics::table::{Aggregate, Column, Groups, Table, group_by};
use sharewell_mpc::{Protocol, Result, Share, circuit};
use sharewell_ring::{Integer, Ring};

use super::related::Related;
use super::rows::Rows;
use crate::Plan;
use crate::grouped::{Filled, Grouped, Number, Place, Told};

/// What the plan has of each cell.
pub(super) struct Cells<P: Protocol> {
    pub slots: Vec<Value<P>>,
    /// Organisations behind each support.
    pub contributors: Vec<P::AShare>,
    /// Numbers that tell the keys.
    pub told: Vec<Value<P>>,
}

/// Groups the rows, or pairs of them, and brings those groups that pass the gate to the front, in
/// the order of their keys.
pub(super) fn cells<P: Protocol>(
    p: &mut P,
    grouped: &Grouped,
    rows: &Rows<P>,
    plan: &Plan,
) -> Result<Cells<P>> {
    let related = Related::of(p, grouped, rows, plan)?;
    let mut asked = Asked { columns: vec![], aggregates: vec![] };
    for filled in &grouped.slots {
        match filled {
            Filled::Rows => asked.aggregates.push(Aggregate::Count),
            Filled::Sum(number) => asked.of(related.number(p, number, plan)?, Aggregate::Sum),
            Filled::Least(at) => asked.of(related.column(*at), Aggregate::Min),
            Filled::Greatest(at) => asked.of(related.column(*at), Aggregate::Max),
        }
    }
    for told in &grouped.told {
        if let Told::Column(at) = told {
            asked.of(related.column(*at), Aggregate::Any);
        }
    }
    let parties = asked.aggregates.len();
    if counts_organisations(grouped, plan) {
        for support in &plan.supports {
            let flags = match &grouped.slots[support.slot] {
                Filled::Sum(Number::At(at)) => rows.flag(p, at.column)?,
                _ => rows.valid().clone(),
            };
            asked.by_giver(p, &flags, plan);
        }
    }
    let keys = keys(grouped).into_iter().map(|(_, place)| related.column(place)).collect();
    let table = Table { keys, columns: asked.columns, valid: related.valid };
    let groups = group_by(p, &table, &asked.aggregates, table.len())?;
    let groups = passing(p, groups, parties, grouped, plan)?;
    told_and_filled(p, &groups, parties, grouped, plan)
}

/// What rows are grouped by.
fn keys(grouped: &Grouped) -> Vec<(Told, Place)> {
    let mut all = vec![];
    for (at, key) in grouped.keys.iter().enumerate() {
        all.extend(key.present.map(|place| (Told::Present(at), place)));
        all.push((Told::Key(at), key.sorted_by));
    }
    all
}

/// Each pair is of two organisations; and where one is enough, nobody needs to count.
fn counts_organisations(grouped: &Grouped, plan: &Plan) -> bool {
    grouped.joined.is_none() && plan.study.release.min_parties > 1
}

/// What is asked of each group.
struct Asked<P: Protocol> {
    columns: Vec<Column<P>>,
    aggregates: Vec<Aggregate>,
}

impl<P: Protocol> Asked<P> {
    fn of(&mut self, column: Column<P>, aggregate: fn(usize) -> Aggregate) {
        self.aggregates.push(aggregate(self.columns.len()));
        self.columns.push(column);
    }

    /// How many rows with a flag each giver has.
    fn by_giver(&mut self, p: &P, flags: &P::AShare, plan: &Plan) {
        let len = plan.rows_len();
        let zeros = |rows: usize| p.public(&vec![P::Ring::ZERO; rows]);
        for giver in 0..plan.givers().len() {
            let own = flags.take(giver * len..(giver + 1) * len);
            let (before, behind) = (zeros(giver * len), zeros(flags.len() - (giver + 1) * len));
            let values = P::AShare::concat(&[&before, &own, &behind]);
            self.of(Column { values, bits: 2 }, Aggregate::Sum);
        }
    }
}

/// The groups that pass the gate as a whole.
fn passing<P: Protocol>(
    p: &mut P,
    groups: Groups<P>,
    parties: usize,
    grouped: &Grouped,
    plan: &Plan,
) -> Result<Groups<P>> {
    let release = &plan.study.release;
    let minimum = Minimum { records: release.min_records, parties: u64::from(release.min_parties) };
    let is_rows = |slot: &usize| grouped.slots[*slot] == Filled::Rows;
    let all = plan.supports.iter().position(|support| is_rows(&support.slot));
    let all = all.expect("whatever is released rests on its records");
    let behind = organisations(p, &groups, (parties, all), grouped, plan)?;
    let records = &groups.aggregates[plan.supports[all].slot];
    let flags = gate(p, records, &behind, minimum, plan.records_max())?;
    groups.keep(p, &flags, grouped.places)
}

/// How many givers have a record behind a support, group by group.
fn organisations<P: Protocol>(
    p: &mut P,
    groups: &Groups<P>,
    (parties, support): (usize, usize),
    grouped: &Grouped,
    plan: &Plan,
) -> Result<P::AShare> {
    let (givers, len) = (plan.givers().len(), groups.exists.len());
    if !counts_organisations(grouped, plan) {
        let some = if grouped.joined.is_some() { 2 } else { 1 };
        return Ok(p.public(&vec![P::Ring::from_i128(some); len]));
    }
    let first = parties + support * givers;
    let counts: Vec<&P::AShare> = groups.aggregates[first..first + givers].iter().collect();
    let mut counts = P::AShare::concat(&counts);
    let rows = plan.rows_len() as u64;
    p.note_bound(&mut counts, 0, i128::from(rows));
    let none = p.public(&vec![P::Ring::ZERO; counts.len()]);
    let some = circuit::less_than(p, &none, &counts, 65 - rows.leading_zeros())?;
    let some = p.b2a(&some)?;
    let mut total = some.take(0..len);
    (1..givers).for_each(|giver| total += &some.take(giver * len..(giver + 1) * len));
    Ok(total)
}

fn told_and_filled<P: Protocol>(
    p: &mut P,
    groups: &Groups<P>,
    parties: usize,
    grouped: &Grouped,
    plan: &Plan,
) -> Result<Cells<P>> {
    let contributors = (0..plan.supports.len())
        .map(|support| organisations(p, groups, (parties, support), grouped, plan))
        .collect::<Result<_>>()?;
    let n = plan.givers().len() as i128;
    let mut value = |mut raw: P::AShare, decimals: i32, lo: i128, hi: i128| {
        // Where there is no group there are zeros.
        let (lo, hi) = (lo.min(0), hi.max(0));
        p.note_bound(&mut raw, lo, hi);
        Value::exact(raw, decimals, lo, hi)
    };
    let mut slots = vec![];
    for (slot, raw) in plan.slots.iter().zip(&groups.aggregates) {
        slots.push(value(raw.clone(), slot.decimals, slot.lo * n, slot.hi * n));
    }
    let mut parts = groups.aggregates[slots.len()..].iter();
    let keys = keys(grouped);
    let told = grouped.told.iter().map(|told| {
        let (raw, place) = match keys.iter().position(|(key, _)| key == told) {
            Some(at) => (Some(&groups.keys[at]), keys[at].1),
            None => match *told {
                Told::Column(place) => (parts.next(), place),
                Told::Present(_) | Told::Key(_) => unreachable!("rows are grouped by it"),
            },
        };
        let (lo, hi) = plan.rows[place.column].range();
        value(raw.expect("asked of the groups").clone(), 0, lo, hi)
    });
    Ok(Cells { told: told.collect(), slots, contributors })
}
