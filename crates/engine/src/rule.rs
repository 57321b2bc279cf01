//! What must hold of a cell before it is released: the study's rule, as the plan sees it.

use sharewell_analytics::release::Margin;
use sharewell_study::{Aggregate, Objective, Statistic, StatisticKind, Study};

use crate::plan::{Column, Combine, Joint, Output, Plan};
use crate::{Error, Refusal};

/// What stands for all values of a column.
const ALL: &str = "(all)";

/// A total over some of the groups.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Total {
    /// The text of each group column.
    pub names: Vec<String>,
    pub margin: Margin,
}

/// The totals of a query with margins, if it is one; those over fewest columns first.
pub(crate) fn totals(objective: &Objective, groups: &[Vec<String>]) -> Vec<Total> {
    let columns = match objective {
        Objective::Sql(query) if query.margins => query.group_by.len(),
        _ => return vec![],
    };
    // The last column first, as it runs fastest.
    let mut masks: Vec<u32> = (1..1 << columns).collect();
    masks.sort_by_key(|mask| mask.count_ones());
    let mut totals: Vec<Total> = vec![];
    for mask in masks {
        let first = totals.len();
        let summed = |place: usize| mask >> (columns - 1 - place) & 1 == 1;
        for (cell, group) in groups.iter().enumerate() {
            let names = group.iter().enumerate();
            let names: Vec<String> = names
                .map(|(place, name)| if summed(place) { ALL.to_owned() } else { name.clone() })
                .collect();
            match totals[first..].iter_mut().find(|total| total.names == names) {
                Some(total) => total.margin.of.push(cell),
                None => totals.push(Total { names, margin: Margin { of: vec![cell] } }),
            }
        }
    }
    totals
}

impl Plan {
    /// The text of a group column in a cell.
    pub(crate) fn group_name(&self, cell: usize, place: usize) -> &str {
        let groups = &self.local.groups;
        let names = groups.get(cell).unwrap_or_else(|| &self.totals[cell - groups.len()].names);
        &names[place]
    }

    /// Cells and totals over them, of what is filled cell by cell at home.
    pub(crate) fn with_totals(&self, cells: &[Vec<Option<i128>>]) -> Vec<Vec<Option<i128>>> {
        let slots = &self.slots;
        let total = |total: &Total| {
            let of = |at: usize| total.margin.of.iter().filter_map(move |cell| cells[*cell][at]);
            let value = |at: usize| match slots[at].combine {
                Combine::Sum => of(at).reduce(|x, y| x.saturating_add(y)),
                Combine::Least => of(at).min(),
                Combine::Greatest => of(at).max(),
            };
            (0..slots.len()).map(value).collect()
        };
        cells.iter().cloned().chain(self.totals.iter().map(total)).collect()
    }

    /// Whether something is calculated from what each provider gives of a sum.
    pub(crate) fn looks_at_parts(&self) -> bool {
        let drifts = |output: &Output| matches!(output.joint, Joint::Drift(_));
        self.study.release.rules.compare_parts()
            || self.benchmark.is_some()
            || self.outputs.iter().any(drifts)
    }

    /// The least number of records: for a fitted model it may be that of its parameters.
    pub(crate) fn least_records(&self) -> u64 {
        let release = &self.study.release;
        let each = release.rules.records_per_parameter.map_or(0, u64::from);
        release.min_records.max(each * parameters(&self.study.objective))
    }

    /// Whether a suppressed count or sum may be anything. Where one record of one organisation
    /// suffices, it is 0: fewer than one record is none.
    pub(crate) fn hides_cells(&self) -> bool {
        let release = &self.study.release;
        (self.least_records(), release.min_parties) != (1, 1) || release.rules.compare_parts()
    }

    /// To multiples of which a slot's released values are rounded, if they are.
    pub(crate) fn rounded_to(&self, slot: usize) -> Option<u32> {
        let base = self.study.release.rules.round_counts?;
        is_count(self, slot).then_some(base)
    }

    /// Whether every cell is released, because noise protects it: to leave out those that noise has
    /// made small would count too many.
    pub(crate) fn releases_all(&self) -> bool {
        let is_histogram = matches!(
            &self.study.objective,
            Objective::Statistic(of) if matches!(of.kind, StatisticKind::Histogram { .. })
        );
        !self.noise.is_empty() && is_histogram
    }

    /// Why a cell is suppressed, as far as the gate tells: by the rule as a whole.
    pub(crate) fn why_suppressed(&self, cell: usize) -> String {
        let release = &self.study.release;
        let mut why = format!("suppressed: fewer than {} records", self.least_records());
        if release.min_parties > 1 {
            why += &format!(" or {} organisations", release.min_parties);
        }
        if release.rules.compare_parts() {
            why += ", or one or a few of these have too large a part";
        }
        if cell >= self.local.groups.len() && self.grouped.is_none() && self.hides_cells() {
            why += ", or its parts would tell a suppressed one";
        }
        why
    }

    /// The rule in one clause, for who reads the study.
    pub(crate) fn rule(&self, records: &str) -> String {
        if self.releases_all() {
            return "that it is released, for noise protects every one".to_owned();
        }
        let release = &self.study.release;
        let mut rule = format!(
            "whether at least {} {records} of at least {} organisations stand behind it",
            self.least_records(),
            release.min_parties
        );
        if let Some(of) = release.rules.dominance {
            rule += &format!(
                ", the largest {} of these with at most {} % of any sum",
                of.top, of.percent
            );
        }
        if let Some(percent) = release.rules.p_percent {
            rule += &format!(", the largest one's part hidden from the second to {percent} %");
        }
        if !self.totals.is_empty() && self.hides_cells() {
            rule += ", and for a total whether it would tell a suppressed cell";
        }
        rule
    }
}

/// How many numbers are fitted to the records.
fn parameters(objective: &Objective) -> u64 {
    let kind = match objective {
        Objective::Statistic(Statistic { kind, .. }) => kind,
        Objective::Train(asked) => {
            let network = crate::learning::network(asked);
            return network.map_or(0, |of| of.weights().iter().map(|of| of.len() as u64).sum());
        }
        _ => return 0,
    };
    let fitted = match kind {
        StatisticKind::Linear { predictors, .. } | StatisticKind::Regression { predictors, .. } => {
            predictors.len() + 1
        }
        _ => 0,
    };
    fitted as u64
}

fn is_count(plan: &Plan, slot: usize) -> bool {
    matches!(plan.slots[slot].of, Some(Aggregate::Count | Aggregate::CountColumn(_)))
}

/// Why parts of organisations cannot be compared here.
fn refuse_parts(study: &Study, at_home: bool) -> Result<(), Error> {
    let rules = &study.release.rules;
    let refuse = |message: String, help: &str| Err(Error::from(Refusal::new(message, help)));
    if !rules.compare_parts() {
        return Ok(());
    }
    let givers = study.data_parties().count();
    let top = rules
        .dominance
        .map_or(0, |of| usize::from(of.top))
        .max(if rules.p_percent.is_some() { 2 } else { 0 });
    if givers <= top {
        let message = format!(
            "the rules of `dominance` and `p_percent` look at the largest {top} organisations, and \
             {givers} give data: these always have everything"
        );
        return refuse(message, "name more data parties, or look at fewer of them");
    }
    if !at_home {
        let message =
            "the rules of `dominance` and `p_percent` compare what organisations give of \
                       a sum, and here single rows are shared"
                .to_owned();
        return refuse(message, "leave them out, or ask for sums and counts of listed groups");
    }
    Ok(())
}

/// What of the rule this objective cannot be held to.
pub(crate) fn refuse_unruled(study: &Study, plan: &Plan) -> Result<(), Error> {
    let rules = &study.release.rules;
    let refuse = |message: String, help: &str| Err(Error::from(Refusal::new(message, help)));
    let at_home = plan.rows.is_empty() && plan.grouped.is_none() && plan.linked.is_none();
    refuse_parts(study, at_home)?;
    if !plan.totals.is_empty() && !at_home {
        let message =
            "CUBE takes totals of sums, counts and extremes, and here single rows are shared";
        return refuse(
            message.to_owned(),
            "leave CUBE out, or ask for the totals in a study of its own",
        );
    }
    let summed_up = |column: &Column| match column {
        Column::Clear(joint) => matches!(joint, Joint::Slot(_)),
        _ => true,
    };
    if rules.round_counts.is_some() {
        let help = "with `round_counts` an objective is SQL over listed groups";
        if !matches!(study.objective, Objective::Sql(_)) || !at_home {
            let message = "rounded counts would spoil what is made of them here".to_owned();
            return refuse(message, help);
        }
        if let Some((name, _)) = plan.columns.iter().find(|(_, column)| !summed_up(column)) {
            let message = format!(
                "`{name}` would be calculated from rounded counts: its error is not stated"
            );
            return refuse(
                message,
                "set `sufficient = \"hidden\"` in [release], or select sums and counts",
            );
        }
    }
    let per_model = rules.records_per_parameter.is_some() && parameters(&study.objective) == 0;
    if per_model {
        let message =
            "`records_per_parameter` is a rule for fitted models, and nothing is fitted here";
        return refuse(message.to_owned(), "leave it out");
    }
    if study.privacy.is_some()
        && (*rules != sharewell_study::Rules::default() || !plan.totals.is_empty())
    {
        let message =
            "[privacy] and the rules on parts, rounding and totals do not go together: noise \
                       protects by itself, and exact comparisons would tell beside it"
                .to_owned();
        return refuse(
            message,
            "leave out either; noisy groups can be added up by whoever reads them",
        );
    }
    Ok(())
}
