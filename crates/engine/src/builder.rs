//! From objective to plan: everything that concerns one provider's rows goes into its local
//! phase; what remains is arithmetic over a few pooled vectors.

mod grouped;
mod hidden;
mod joined;
mod linkage;
mod moments;
mod quality;
mod rows;
mod training;

use sharewell_analytics::stats::Divisor;
use sharewell_mpc::Card;
use sharewell_study::{
    Aggregate, BadGiver, Expr, Grid, Item, LocalQuery, Measure, Objective, Predicate, Query,
    Recorded, RowExpr, Statistic, StatisticKind, Study, Sufficient, Table,
};

use crate::dispatch::{DryRun, RingKind};
use crate::grouped::Grouped;
use crate::hidden::Hidden;
use crate::learning::Learning;
use crate::noise::noise;
use crate::path::Path;
use crate::plan::{Benchmark, Column, Combine, Joint, Output, Slot, Support};
use crate::rows::{Linked, OfRows, RowColumn};
use crate::rule::{refuse_unruled, totals};
use crate::{Error, Plan, Refusal, statistic};

static NO_GROUPS: Vec<usize> = Vec::new();
/// Bits that a provider's sum may have: the rest of the largest ring is for pooling.
const SUM_BITS: u32 = 120;

/// The plan without its dry run.
pub(crate) fn build(study: &Study, card: &'static Card) -> Result<Plan, Error> {
    let table = study.objective.table(&study.table);
    let mut builder = Builder::new(study, &table);
    let (complete, groups);
    let (mut steps, mut grid) = (None, None);
    let of_all = |(outputs, columns)| (outputs, columns, None, &NO_GROUPS);
    let (outputs, columns, filter, group_by) = match &study.objective {
        Objective::Sql(query) => {
            let (outputs, columns) = builder.query(query)?;
            groups = if builder.grouped.is_none() { query.group_by.clone() } else { vec![] };
            // Of pairs each side has its own condition, and every provider shares all its rows.
            let filter = query.filter.as_ref().filter(|_| query.join.is_none());
            (outputs, columns, filter, &groups)
        }
        Objective::FailureRate { filter, group_by, .. } => {
            let (outputs, columns) = builder.failure_rate(&study.objective, group_by)?;
            (outputs, columns, filter.as_ref(), group_by)
        }
        Objective::Quality(asked) => of_all(builder.quality(asked)?),
        Objective::Linkage(asked) => of_all(builder.linkage(asked)?),
        Objective::Train(asked) => {
            complete = statistic::examples(asked, &study.table);
            let (outputs, columns) = builder.training(asked)?;
            (outputs, columns, complete.as_ref(), &NO_GROUPS)
        }
        Objective::Statistic(statistic) => {
            complete = statistic::complete_cases(statistic, &study.table);
            groups = builder.group_by.clone();
            grid = statistic.kind.grid();
            steps = statistic::steps(statistic, &study.table, study.data_parties().count() as u64)?;
            let hidden = steps.take_if(|_| !statistic.kind.reveals_path());
            let (outputs, columns) = builder.statistic(statistic, hidden.map(|(path, _)| path))?;
            steps.iter().try_for_each(|_| refuse_left_out(study))?;
            (outputs, columns, complete.as_ref(), &groups)
        }
    };
    let (path, records) = steps.unzip();
    let local = builder.local(records, filter, (group_by, grid));
    let mut plan = builder.into_plan(card, local, (outputs, columns), path)?;
    refuse_unruled(study, &plan)?;
    plan.noise = noise(&plan.study, &plan)?;
    Ok(plan)
}

/// The parties by their places: who computes comes first.
fn order(study: &Study) -> Vec<usize> {
    let mut order: Vec<usize> = study.compute_parties().collect();
    order.extend((0..study.parties.len()).filter(|i| !study.parties[*i].roles.compute));
    order
}

/// What is opened of an objective whose sums stay secret, if it is a statistic that can be made so.
fn veiled(study: &Study) -> Option<Vec<Item>> {
    match (&study.objective, study.release.sufficient) {
        (Objective::Statistic(of), Sufficient::Hidden) => {
            statistic::veiled_items(&of.kind, &study.table)
        }
        _ => None,
    }
}

/// The catalogue is finished in the clear, from sums that the recipients learn.
fn refuse_hidden(study: &Study, statistic: &Statistic) -> Result<(), Error> {
    if study.release.sufficient == Sufficient::Open {
        return Ok(());
    }
    let kind = statistic.kind.name();
    let message = format!(
        "an objective of kind \"{kind}\" is finished in the clear from sums and counts per group, \
         and [release] keeps these hidden"
    );
    let help = "if the recipients may learn them (the leakage table lists each), set `sufficient = \
                \"open\"` in [release]; \"t_test\", \"paired_t_test\", \"anova\", \
                \"correlation\", \"contingency\" without strata, and \"logistic\" and \"poisson\" with \
                `reveal_path = false` need not";
    Err(Refusal::new(message, help).into())
}

/// Which slots are compared, if the objective is a benchmark.
fn benchmark_of(study: &Study, columns: &[(String, Column)]) -> Result<Option<Benchmark>, Error> {
    let Objective::Statistic(Statistic { kind: StatisticKind::Benchmark { .. }, .. }) =
        &study.objective
    else {
        return Ok(None);
    };
    let refuse = |message: &str, help: &str| Err(Refusal::new(message, help).into());
    if study.data_parties().count() < 3 || study.release.min_parties < 3 {
        return refuse(
            "a benchmark of fewer than three data parties tells each of two the rate of the other: \
             what is left of the sum without its own",
            "name three or more data parties, and set `min_parties` to 3 or more in [release]",
        );
    }
    if !study.data_parties().all(|i| study.parties[i].roles.recipient) {
        return refuse(
            "a benchmark tells each data party how it stands, and one is no recipient",
            "give each data party the role \"recipient\"",
        );
    }
    match columns {
        [(_, Column::Clear(Joint::Slot(events))), (_, Column::Clear(Joint::Slot(exposure)))] => {
            Ok(Some(Benchmark { events: *events, exposure: *exposure }))
        }
        _ => unreachable!("a benchmark asks for two sums"),
    }
}

fn refuse_left_out(study: &Study) -> Result<(), Error> {
    if study.security.bad_giver != BadGiver::Drop {
        return Ok(());
    }
    let message = "a regression that is fitted in steps takes the same records in each, and \
                   `bad_giver = \"drop\"` could leave out a data party between them";
    Err(Refusal::new(message, "set `bad_giver = \"stop\"` in [security]").into())
}

fn local_plan(
    table: &Table,
    filter: Option<&Predicate>,
    (group_by, grid): (&[usize], Option<&Grid>),
    slots: &[Slot],
) -> LocalQuery {
    let bins = grid.map_or(1, |grid| grid.bins(table));
    let cell = |i: u64| {
        let codes = table.cell(group_by, i / bins).into_iter().map(str::to_owned);
        codes.chain(grid.map(|grid| grid.key(table, i % bins))).collect()
    };
    let names = group_by.iter().map(|&i| format!("\"{}\"", table.columns[i].name));
    LocalQuery {
        table: table.name.clone(),
        filter: filter.map(|filter| filter.to_sql(table)),
        group_by: names.chain(grid.map(|grid| grid.to_sql(table))).collect(),
        groups: (0..table.cells(group_by) * bins).map(cell).collect(),
        measures: slots.iter().map(|slot| slot.measure.clone()).collect(),
        records: vec![],
    }
}

struct Builder<'a> {
    study: &'a Study,
    table: &'a Table,
    /// The groups of what rows are taken for.
    group_by: Vec<usize>,
    slots: Vec<Slot>,
    supports: Vec<Support>,
    rows: Vec<RowColumn>,
    of_rows: Vec<OfRows>,
    grouped: Option<Grouped>,
    linked: Option<Linked>,
    hidden: Option<Hidden>,
    learning: Option<Learning>,
    veiled: Option<Vec<Item>>,
}

type Columns = Vec<(String, Column)>;

impl<'a> Builder<'a> {
    fn new(study: &'a Study, table: &'a Table) -> Self {
        let veiled = veiled(study);
        let group_by = match &study.objective {
            Objective::Sql(query) => query.group_by.clone(),
            // What is veiled is opened of all records at once.
            Objective::Statistic(statistic) if veiled.is_none() => statistic.kind.group_by(),
            _ => vec![],
        };
        let (slots, supports, rows, of_rows) = (vec![], vec![], vec![], vec![]);
        Self {
            study,
            table,
            group_by,
            slots,
            supports,
            rows,
            of_rows,
            grouped: None,
            linked: None,
            hidden: None,
            learning: None,
            veiled,
        }
    }

    fn local(
        &self,
        records: Option<Vec<Recorded>>,
        filter: Option<&Predicate>,
        groups: (&[usize], Option<&Grid>),
    ) -> LocalQuery {
        let shared = || self.rows.iter().map(|column| column.recorded.clone()).collect();
        let at_home = if self.grouped.is_none() { &self.slots[..] } else { &[] };
        LocalQuery {
            records: records.unwrap_or_else(shared),
            ..local_plan(&self.study.table, filter, groups, at_home)
        }
    }

    fn into_plan(
        self,
        card: &'static Card,
        local: LocalQuery,
        (outputs, columns): (Vec<Output>, Columns),
        path: Option<Path>,
    ) -> Result<Plan, Error> {
        let study = self.study;
        Ok(Plan {
            benchmark: benchmark_of(study, &columns)?,
            order: order(study),
            study: study.clone(),
            card,
            ring: RingKind::Z64,
            totals: totals(&study.objective, &local.groups),
            local,
            slots: self.slots,
            rows: self.rows,
            of_rows: self.of_rows,
            grouped: self.grouped,
            linked: self.linked,
            supports: self.supports,
            outputs,
            columns,
            path,
            hidden: self.hidden,
            learning: self.learning,
            is_veiled: self.veiled.is_some(),
            noise: vec![],
            dry: DryRun::default(),
        })
    }

    fn query(&mut self, query: &Query) -> Result<(Vec<Output>, Columns), Error> {
        self.refuse_of_groups(query)?;
        let (mut outputs, mut columns) = match self.study.release.sufficient {
            Sufficient::Hidden => self.hidden(&query.items)?,
            Sufficient::Open => self.open(&query.items)?,
        };
        self.grouped = self.grouped(query, (&mut outputs, &mut columns))?;
        Ok((outputs, columns))
    }

    /// Only the selected values are opened: arithmetic happens on shares.
    fn hidden(&mut self, items: &[Item]) -> Result<(Vec<Output>, Columns), Error> {
        let (mut outputs, mut columns) = (vec![], vec![]);
        for item in items {
            let name = item.name.clone();
            let (expr, root) = match &item.expr {
                Expr::Group(column) => {
                    columns.push((name, Column::Group(*column)));
                    continue;
                }
                // A deviation and its square tell the same: the root is taken in the clear.
                Expr::Aggregate(Aggregate::StddevSamp(e)) => {
                    (Expr::Aggregate(Aggregate::VarSamp(e.clone())), true)
                }
                Expr::Aggregate(Aggregate::StddevPop(e)) => {
                    (Expr::Aggregate(Aggregate::VarPop(e.clone())), true)
                }
                expr => (expr.clone(), false),
            };
            let joint = self.joint(&expr)?;
            columns.push((name.clone(), Column::Opened { output: outputs.len(), root }));
            let supports = self.supports_of(&expr);
            outputs.push(Output { name, joint, supports });
        }
        Ok((outputs, columns))
    }

    /// The sums and counts themselves are opened: arithmetic happens in the clear.
    fn open(&mut self, items: &[Item]) -> Result<(Vec<Output>, Columns), Error> {
        let (mut supports, mut columns) = (vec![], vec![]);
        for item in items {
            let name = item.name.clone();
            let column = match &item.expr {
                Expr::Group(column) => Column::Group(*column),
                expr => Column::Clear(self.joint(expr)?),
            };
            if let Column::Clear(joint) = &column {
                supports.push((joint.slots(), self.supports_of(&item.expr)));
            }
            columns.push((name, column));
        }
        // A count that only the gate needs stays closed.
        let used = |slot: &usize| supports.iter().any(|(slots, _)| slots.contains(slot));
        let slots: Vec<usize> = (0..self.slots.len()).filter(used).collect();
        let bases: Vec<usize> = slots.iter().filter_map(|&slot| self.slots[slot].basis).collect();
        for basis in bases {
            self.support(basis);
        }
        let slots = slots.into_iter();
        let mut outputs: Vec<Output> =
            slots.map(|slot| self.opened_slot(slot, &supports)).collect();
        outputs.extend(self.opened_rows(items));
        Ok((outputs, columns))
    }

    /// What a statistic is finished from in the clear, or what is opened of steps that are hidden.
    fn statistic(
        &mut self,
        statistic: &Statistic,
        hidden: Option<Path>,
    ) -> Result<(Vec<Output>, Columns), Error> {
        if let Some(path) = hidden {
            return self.fitted(statistic, path);
        }
        if let Some(items) = self.veiled.clone() {
            return self.hidden(&items);
        }
        refuse_hidden(self.study, statistic)?;
        self.open(&statistic::items(statistic, self.table))
    }

    fn failure_rate(
        &mut self,
        objective: &Objective,
        group_by: &[usize],
    ) -> Result<(Vec<Output>, Columns), Error> {
        let Objective::FailureRate { events, exposure, per, confidence, truncation, .. } =
            objective
        else {
            unreachable!("called for failure rates only");
        };
        let (per, confidence, truncation) = (*per, *confidence, *truncation);
        let mut sum_of = |column: usize| self.sum_slot(&RowExpr::Column(column));
        let slots = [sum_of(*events)?, sum_of(*exposure)?];
        let sum = |column| Box::new(Expr::Aggregate(Aggregate::Sum(RowExpr::Column(column))));
        let supports = self.supports_of(&Expr::Add(sum(*events), sum(*exposure)));
        let users = [(slots.to_vec(), supports)];
        let outputs = slots.iter().map(|&slot| self.opened_slot(slot, &users)).collect();
        let (events, exposure) = (0, 1);
        let limit = |upper| Column::Limit { events, exposure, per, upper, confidence, truncation };
        let mut columns: Columns = group_by
            .iter()
            .map(|&i| (self.table.columns[i].name.clone(), Column::Group(i)))
            .collect();
        columns.extend([
            ("failures".to_owned(), Column::Opened { output: events, root: false }),
            ("exposure".to_owned(), Column::Opened { output: exposure, root: false }),
            ("rate".to_owned(), Column::Rate { events, exposure, per }),
            ("lower".to_owned(), limit(false)),
            ("upper".to_owned(), limit(true)),
        ]);
        Ok((outputs, columns))
    }

    fn opened_slot(&self, slot: usize, users: &[(Vec<usize>, Vec<usize>)]) -> Output {
        let name = self.slots[slot].name.clone();
        // What every user rests on: no item may suppress what another one selects.
        let mut users =
            users.iter().filter(|(slots, _)| slots.contains(&slot)).map(|(_, supports)| supports);
        let mut supports = users.next().cloned().expect("only used slots are opened");
        users.for_each(|others| supports.retain(|support| others.contains(support)));
        let own = self.supports.iter().position(|own| self.slots[slot].basis == Some(own.slot));
        supports.extend(own.filter(|own| !supports.contains(own)));
        Output { name, joint: Joint::Slot(slot), supports }
    }

    fn joint(&mut self, expr: &Expr) -> Result<Joint, Error> {
        let mut pair = |x: &Expr, y: &Expr| -> Result<_, Error> {
            Ok((Box::new(self.joint(x)?), Box::new(self.joint(y)?)))
        };
        Ok(match expr {
            Expr::Add(x, y) => pair(x, y).map(|(x, y)| Joint::Add(x, y))?,
            Expr::Sub(x, y) => pair(x, y).map(|(x, y)| Joint::Sub(x, y))?,
            Expr::Mul(x, y) => pair(x, y).map(|(x, y)| Joint::Mul(x, y))?,
            Expr::Div(x, y) => pair(x, y).map(|(x, y)| Joint::Div(x, y))?,
            Expr::Neg(x) => Joint::Neg(Box::new(self.joint(x)?)),
            Expr::Number(number) => Joint::Number(*number),
            Expr::Aggregate(aggregate) => self.aggregate(aggregate)?,
            Expr::Group(_) => {
                unreachable!("the parser keeps group columns out of arithmetic")
            }
        })
    }

    fn aggregate(&mut self, aggregate: &Aggregate) -> Result<Joint, Error> {
        Ok(match aggregate {
            Aggregate::Count => Joint::Slot(self.rows()),
            Aggregate::CountColumn(e) => Joint::Slot(self.count(e)),
            Aggregate::Sum(e) => Joint::Slot(self.sum(e)?),
            Aggregate::Avg(e) => {
                let range = self.range(e)?;
                let (sum, count) = (self.sum(e)?, self.count(e));
                Joint::Mean { sum, count, lo: range.min, hi: range.max }
            }
            Aggregate::VarSamp(e) => self.variance(e, Divisor::Sample)?,
            Aggregate::VarPop(e) => self.variance(e, Divisor::Population)?,
            Aggregate::StddevSamp(e) => Joint::Root(Box::new(self.variance(e, Divisor::Sample)?)),
            Aggregate::StddevPop(e) => {
                Joint::Root(Box::new(self.variance(e, Divisor::Population)?))
            }
            Aggregate::CovarSamp(x, y) => self.covariance(x, y, Divisor::Sample)?,
            Aggregate::CovarPop(x, y) => self.covariance(x, y, Divisor::Population)?,
            Aggregate::Corr(x, y) => self.correlation(x, y)?,
            Aggregate::Min(e) => self.extreme(e, Combine::Least)?,
            Aggregate::Max(e) => self.extreme(e, Combine::Greatest)?,
            Aggregate::Percentile { of, at } => self.percentile(of, *at)?,
            Aggregate::CountDistinct(e) => self.distinct(e)?,
        })
    }

    fn rows(&mut self) -> usize {
        let hi = i128::from(self.table.max_rows);
        self.slot(Measure::Rows, Combine::Sum, (0, hi), 0, Aggregate::Count)
    }

    /// Rows in which the expression is not missing.
    fn count(&mut self, e: &RowExpr) -> usize {
        if !e.can_be_missing(self.table) {
            return self.rows();
        }
        let hi = i128::from(self.table.max_rows);
        let measure = Measure::Count(e.to_sql(self.table));
        let count = self.slot(measure, Combine::Sum, (0, hi), 0, Aggregate::CountColumn(e.clone()));
        self.based(count, count)
    }

    fn sum(&mut self, e: &RowExpr) -> Result<usize, Error> {
        let sum = self.sum_slot(e)?;
        let count = self.count(e);
        Ok(self.based(sum, count))
    }

    /// The slot, which rests on these records.
    fn based(&mut self, slot: usize, count: usize) -> usize {
        self.slots[slot].basis.get_or_insert(count);
        slot
    }

    fn sum_slot(&mut self, e: &RowExpr) -> Result<usize, Error> {
        let range = self.range(e)?;
        let (lo, hi) = (range.min.min(0), range.max.max(0));
        let bounds = self.times_rows(e, lo, hi)?;
        let measure = Measure::Sum { expr: e.to_sql(self.table), decimals: range.decimals };
        let of = Aggregate::Sum(e.clone());
        Ok(self.slot(measure, Combine::Sum, bounds, range.decimals.into(), of))
    }

    fn extreme(&mut self, e: &RowExpr, combine: Combine) -> Result<Joint, Error> {
        let range = self.range(e)?;
        let (expr, decimals) = (e.to_sql(self.table), range.decimals);
        let (measure, of) = match combine {
            Combine::Least => (Measure::Min { expr, decimals }, Aggregate::Min(e.clone())),
            Combine::Sum | Combine::Greatest => {
                (Measure::Max { expr, decimals }, Aggregate::Max(e.clone()))
            }
        };
        let bounds = (range.min, range.max);
        let extreme = self.slot(measure, combine, bounds, decimals.into(), of);
        let count = self.count(e);
        Ok(Joint::Slot(self.based(extreme, count)))
    }

    fn slot(
        &mut self,
        measure: Measure,
        combine: Combine,
        (lo, hi): (i128, i128),
        decimals: i32,
        of: Aggregate,
    ) -> usize {
        // Both sides of pairs have columns of one name.
        let same = |slot: &Slot| self.table.sides.is_none() || slot.of.as_ref() == Some(&of);
        let is_known = |slot: &Slot| slot.measure == measure && same(slot);
        if let Some(known) = self.slots.iter().position(is_known) {
            return known;
        }
        let arguments = of.arguments();
        // What fills a slot has one argument at most.
        let columns: Vec<usize> = arguments.iter().flat_map(|e| e.columns()).collect();
        let columns = self.names(&columns);
        let unit = match &of {
            Aggregate::Count | Aggregate::CountColumn(_) => None,
            _ => arguments.first().and_then(|e| e.unit(self.table)),
        };
        let unit = unit.unwrap_or_default().to_owned();
        let name = Expr::Aggregate(of.clone()).to_sql(self.table);
        self.slots.push(Slot {
            of: Some(of),
            name,
            measure,
            combine,
            lo,
            hi,
            decimals,
            columns,
            unit,
            basis: None,
        });
        self.slots.len() - 1
    }

    /// The counts that must reach the minimum: rows, and values that are not missing.
    fn supports_of(&mut self, expr: &Expr) -> Vec<usize> {
        let mut slots = vec![self.rows()];
        for aggregate in aggregates(expr) {
            match aggregate.arguments()[..] {
                [] => {}
                [e] => slots.push(self.count(e)),
                [x, y, ..] => slots.push(self.count(&moments::product(x, y))),
            }
        }
        let mut supports: Vec<usize> = slots.into_iter().map(|slot| self.support(slot)).collect();
        supports.sort_unstable();
        supports.dedup();
        supports
    }

    fn support(&mut self, slot: usize) -> usize {
        if let Some(known) = self.supports.iter().position(|support| support.slot == slot) {
            return known;
        }
        self.supports.push(Support { slot });
        self.supports.len() - 1
    }

    fn range(&self, e: &RowExpr) -> Result<sharewell_study::Range, Error> {
        e.range(self.table).map_err(|overflow| {
            Refusal::new(overflow.to_string(), "narrow the column's range, or use fewer decimals")
                .into()
        })
    }

    fn times_rows(&self, e: &RowExpr, lo: i128, hi: i128) -> Result<(i128, i128), Error> {
        let rows = i128::from(self.table.max_rows);
        Ok((self.times(e, lo, rows)?, self.times(e, hi, rows)?))
    }

    /// A product in a sum over a provider's records.
    fn times(&self, e: &RowExpr, x: i128, y: i128) -> Result<i128, Error> {
        if let Some(product) = x.checked_mul(y).filter(|x| x.unsigned_abs() < 1 << SUM_BITS) {
            return Ok(product);
        }
        let columns = self.names(&e.columns()).join("`, `");
        let rows = self.table.max_rows;
        let reaches = (x.abs() as f64).log2() + (y.abs() as f64).log2();
        Err(Refusal::new(
            format!(
                "column `{columns}`: a sum over {rows} records of a provider could exceed the \
                 largest ring: it could reach 2^{:.0}, and 2^{SUM_BITS} is the limit",
                reaches.ceil()
            ),
            "narrow the column's range, use fewer decimals, or lower max_rows",
        )
        .into())
    }

    fn names(&self, columns: &[usize]) -> Vec<String> {
        columns.iter().map(|&i| self.table.columns[i].name.clone()).collect()
    }
}

fn aggregates(expr: &Expr) -> Vec<&Aggregate> {
    match expr {
        Expr::Group(_) | Expr::Number(_) => vec![],
        Expr::Aggregate(aggregate) => vec![aggregate],
        Expr::Neg(x) => aggregates(x),
        Expr::Add(x, y) | Expr::Sub(x, y) | Expr::Mul(x, y) | Expr::Div(x, y) => {
            [aggregates(x), aggregates(y)].concat()
        }
    }
}
