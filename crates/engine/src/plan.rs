//! The plan of a study: what each provider computes at home, what is computed jointly, what is
//! opened, and to whom.

use sharewell_analytics::stats::Divisor;
use sharewell_mpc::{Card, Security};
use sharewell_study::{
    Aggregate, Decimal, DriftIndex, Hash, LocalQuery, Measure, Objective, Reveal, Study, Truncation,
};

use crate::commitment::{COINS, MASKS};
use crate::dispatch::{self, DryRun, RingKind};
use crate::grouped::Grouped;
use crate::hidden::Hidden;
use crate::joint::{Given, Scale};
use crate::learning::Learning;
use crate::noise::Noise;
use crate::path::Path;
use crate::rows::{Linked, OfRows, RowColumn};
use crate::rule::Total;
use crate::{Error, Quote, ResultTable, builder, choice, outcome};

/// What a provider's local phase gave: per group one integer per measure, in its quanta;
/// `None` where no row has a value. And numbers of the records themselves, if the plan asks for
/// them: to share them, or for the steps of a regression, where they stay with the provider.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct LocalValues {
    /// `[group][measure]`.
    pub cells: Vec<Vec<Option<i128>>>,
    /// `[number][row]`, in quanta: what [`LocalQuery::records`] asks for.
    pub records: Vec<Vec<i128>>,
}

impl std::fmt::Debug for LocalValues {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "LocalValues({} cells)", self.cells.len())
    }
}

/// How the providers' values become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Combine {
    Sum,
    Least,
    Greatest,
}

/// One pooled vector, a number per cell.
#[derive(Clone, Debug)]
pub(crate) struct Slot {
    /// What it holds, as people write it.
    pub name: String,
    pub measure: Measure,
    pub combine: Combine,
    /// Range of one provider's value, in quanta.
    pub lo: i128,
    pub hi: i128,
    pub decimals: i32,
    /// Names of the columns behind it, for refusals.
    pub columns: Vec<String>,
    /// Unit of measurement; empty for none.
    pub unit: String,
    /// The count of the records that it is computed from: it is never opened without them.
    pub basis: Option<usize>,
    /// The aggregate that it holds, if an expression asks for it.
    pub of: Option<Aggregate>,
}

impl Slot {
    /// What a provider without records shares: zero, or the extreme that cannot win.
    pub(crate) fn absent(&self) -> i128 {
        match self.combine {
            Combine::Sum => 0,
            Combine::Least => self.hi,
            Combine::Greatest => self.lo,
        }
    }
}

/// Arithmetic over pooled vectors, evaluated on shares.
#[derive(Clone, Debug)]
pub(crate) enum Joint {
    Slot(usize),
    Number(Decimal),
    Neg(Box<Self>),
    Add(Box<Self>, Box<Self>),
    Sub(Box<Self>, Box<Self>),
    Mul(Box<Self>, Box<Self>),
    Div(Box<Self>, Box<Self>),
    /// Of a variance.
    Root(Box<Self>),
    /// Of values between `lo` and `hi` quanta.
    Mean {
        sum: usize,
        count: usize,
        lo: i128,
        hi: i128,
    },
    /// Of values at most `deviation` quanta from their public centre.
    Variance {
        sum: usize,
        squares: usize,
        count: usize,
        deviation: i128,
        divisor: Divisor,
    },
    /// Of pairs at most `deviations` quanta from their public centres.
    Covariance {
        sums: [usize; 2],
        products: usize,
        count: usize,
        deviations: [i128; 2],
        divisor: Divisor,
    },
    /// Pearson's, of pairs at most `deviations` quanta from their public centres.
    Correlation {
        sums: [usize; 2],
        squares: [usize; 2],
        products: usize,
        count: usize,
        deviations: [i128; 2],
    },
    /// Of the providers' rows: an index into [`Plan::of_rows`].
    Rows(usize),
    /// A count of linked records: an index into [`Linked::names`].
    Linked(usize),
    /// Of a fit whose steps are hidden: an index into [`Hidden::names`].
    Fitted(usize),
    /// A number that tells the key of a group, and which part of that: an index into
    /// [`Grouped::told`].
    Key {
        told: usize,
        part: usize,
    },
    /// Rows whose digest stands before them among all rows.
    Repeats,
    /// How far one party's values are from those of the others.
    Drift(Box<Drift>),
}

/// One party's drift in a value.
#[derive(Clone, Debug)]
pub(crate) struct Drift {
    /// The party of the study.
    pub party: usize,
    /// Counts of values below each edge.
    pub below: Vec<usize>,
    /// The count of values.
    pub count: usize,
    pub index: DriftIndex,
    pub limit: Decimal,
    pub reveal: Reveal,
}

impl Joint {
    /// Whether it can be undefined: somewhere it divides.
    pub(crate) fn divides(&self) -> bool {
        match self {
            Self::Slot(_) | Self::Number(_) | Self::Repeats | Self::Rows(_) | Self::Key { .. } => {
                false
            }
            // Where too few are behind it there is none.
            Self::Linked(_) => true,
            // The steps may come to no end.
            Self::Fitted(_) => true,
            // The other index always exists.
            Self::Drift(drift) => {
                drift.reveal == Reveal::Index && drift.index == DriftIndex::KolmogorovSmirnov
            }
            Self::Neg(x) | Self::Root(x) => x.divides(),
            Self::Add(x, y) | Self::Sub(x, y) | Self::Mul(x, y) => x.divides() || y.divides(),
            Self::Div(x, y) => x.divides() || y.public_divisor().is_none(),
            Self::Mean { .. }
            | Self::Variance { .. }
            | Self::Covariance { .. }
            | Self::Correlation { .. } => true,
        }
    }

    /// The number itself, if it is public and can be divided by.
    pub(crate) fn public_divisor(&self) -> Option<Decimal> {
        match self {
            Self::Number(number) => Some(*number).filter(|number| number.digits != 0),
            _ => None,
        }
    }

    /// Whether its value takes messages.
    pub(crate) fn interacts(&self) -> bool {
        match self {
            Self::Repeats | Self::Drift(_) => true,
            Self::Linked(_) | Self::Fitted(_) | Self::Key { .. } => false,
            _ => !self.rows().is_empty() || self.divides(),
        }
    }

    /// What of the providers' rows it is calculated from: indices into [`Plan::of_rows`].
    pub(crate) fn rows(&self) -> Vec<usize> {
        match self {
            Self::Rows(of) => vec![*of],
            Self::Neg(x) | Self::Root(x) => x.rows(),
            Self::Add(x, y) | Self::Sub(x, y) | Self::Mul(x, y) | Self::Div(x, y) => {
                [x.rows(), y.rows()].concat()
            }
            _ => vec![],
        }
    }

    pub(crate) fn slots(&self) -> Vec<usize> {
        match self {
            Self::Slot(slot) => vec![*slot],
            Self::Number(_)
            | Self::Repeats
            | Self::Rows(_)
            | Self::Linked(_)
            | Self::Fitted(_)
            | Self::Key { .. } => vec![],
            Self::Drift(drift) => [&drift.below[..], &[drift.count]].concat(),
            Self::Neg(x) | Self::Root(x) => x.slots(),
            Self::Add(x, y) | Self::Sub(x, y) | Self::Mul(x, y) | Self::Div(x, y) => {
                [x.slots(), y.slots()].concat()
            }
            Self::Mean { sum, count, .. } => vec![*sum, *count],
            Self::Variance { sum, squares, count, .. } => vec![*sum, *squares, *count],
            Self::Covariance { sums: [x, y], products, count, .. } => {
                vec![*x, *y, *products, *count]
            }
            Self::Correlation { sums: [x, y], squares: [xx, yy], products, count, .. } => {
                vec![*x, *y, *xx, *yy, *products, *count]
            }
        }
    }
}

/// One vector that is opened to the recipients, cell by cell if the gate lets it pass.
#[derive(Clone, Debug)]
pub(crate) struct Output {
    /// What it is, in words of the study.
    pub name: String,
    pub joint: Joint,
    /// Counts that the gate compares with the minimum: indices into [`Plan::supports`].
    pub supports: Vec<usize>,
}

impl Output {
    /// Whether it is but a part of what another one tells, or words of its own tell.
    pub(crate) fn is_told_elsewhere(&self) -> bool {
        matches!(self.joint, Joint::Fitted(_) | Joint::Key { part: 1.., .. })
    }
}

/// A count of records that stands behind outputs.
#[derive(Clone, Debug)]
pub(crate) struct Support {
    pub slot: usize,
}

/// A column of the result, made of opened outputs in the clear.
#[derive(Clone, Debug)]
pub(crate) enum Column {
    Group(usize),
    /// The key of a group that the schema does not list: a column of the schema, and the first of
    /// the outputs that tell it.
    Key {
        of: usize,
        first: usize,
    },
    Opened {
        output: usize,
        root: bool,
    },
    Clear(Joint),
    Rate {
        events: usize,
        exposure: usize,
        per: f64,
    },
    Limit {
        events: usize,
        exposure: usize,
        per: f64,
        upper: bool,
        confidence: f64,
        truncation: Truncation,
    },
}

/// Each data party's rate among those of the others, for its own eyes.
#[derive(Clone, Debug)]
pub(crate) struct Benchmark {
    /// The slots of events and exposure.
    pub events: usize,
    pub exposure: usize,
}

/// Everything that is decided before a run.
#[derive(Clone, Debug)]
pub struct Plan {
    pub(crate) study: Study,
    pub(crate) card: &'static Card,
    pub(crate) ring: RingKind,
    /// Study indices in the order of the run: compute parties first.
    pub(crate) order: Vec<usize>,
    pub(crate) local: LocalQuery,
    pub(crate) slots: Vec<Slot>,
    /// The providers' rows as secret columns, if anything is made of them.
    pub(crate) rows: Vec<RowColumn>,
    pub(crate) of_rows: Vec<OfRows>,
    /// How they make the cells, if the schema does not list these.
    pub(crate) grouped: Option<Grouped>,
    /// Which of them belong together.
    pub(crate) linked: Option<Linked>,
    pub(crate) supports: Vec<Support>,
    pub(crate) outputs: Vec<Output>,
    pub(crate) columns: Vec<(String, Column)>,
    /// Steps after that, with what was opened before.
    pub(crate) path: Option<Path>,
    /// The same where no step is opened.
    pub(crate) hidden: Option<Hidden>,
    /// What is trained, if a model is.
    pub(crate) learning: Option<Learning>,
    /// Whether a statistic is opened instead of the sums that it is made of.
    pub(crate) is_veiled: bool,
    /// Totals over the public groups, which come behind them as cells of their own.
    pub(crate) totals: Vec<Total>,
    /// Of each pooled vector, if the study asks for privacy.
    pub(crate) noise: Vec<Noise>,
    /// What each data party alone learns, if anything.
    pub(crate) benchmark: Option<Benchmark>,
    pub(crate) dry: DryRun,
}

impl Plan {
    /// Plans a study: by the cheapest protocol that honours its threat model, in the ring of 64
    /// bits if all fits and every figure is sharp there, and in that of 128 bits otherwise.
    ///
    /// # Errors
    /// [`Error::Refused`] if no protocol honours the threat model, or a value could overflow.
    pub fn of(study: &Study) -> Result<Self, Error> {
        let cards = choice::honouring(study)?;
        let plan = Self::in_ring(builder::build(study, cards[0])?)?;
        choice::cheapest(plan, &cards)
    }

    fn in_ring(mut plan: Self) -> Result<Self, Error> {
        plan.ring = RingKind::Z64;
        if let Ok(dry) = dispatch::dry_run(&plan)
            && dry.scales.iter().all(Scale::is_sharp)
        {
            plan.dry = dry;
            return Ok(plan);
        }
        plan.ring = RingKind::Z128;
        plan.dry = dispatch::dry_run(&plan)?;
        Ok(plan)
    }

    /// The study.
    #[must_use]
    pub fn study(&self) -> &Study {
        &self.study
    }

    /// The study's hash, its name everywhere.
    #[must_use]
    pub fn hash(&self) -> Hash {
        self.study.hash()
    }

    /// The same by another protocol.
    pub(crate) fn under(&self, card: &'static Card) -> Result<Self, Error> {
        let mut plan = Self { card, ..self.clone() };
        plan.dry = dispatch::tally(&plan, 0)?;
        Ok(plan)
    }

    /// Name of the protocol that runs.
    #[must_use]
    pub fn protocol(&self) -> &'static str {
        self.card.name
    }

    /// Bits of the ring that the planner picked.
    #[must_use]
    pub fn ring_bits(&self) -> u32 {
        self.ring.bits()
    }

    /// What every provider computes at home.
    #[must_use]
    pub fn local(&self) -> &LocalQuery {
        &self.local
    }

    /// Cells of the result: public groups and totals over them, or as many as there can be of secret ones.
    #[must_use]
    pub fn cells(&self) -> usize {
        let at_home = self.local.groups.len() + self.totals.len();
        self.grouped.as_ref().map_or(at_home, |grouped| grouped.places)
    }

    /// What each provider fills of every public cell.
    pub(crate) fn filled_at_home(&self) -> (&[Slot], &[Support]) {
        match self.grouped {
            None => (&self.slots, &self.supports),
            Some(_) => (&[], &[]),
        }
    }

    /// The result that these local values would give, calculated in the clear in one process:
    /// for rehearsals on synthetic data. `locals` in the order of the study's data parties.
    ///
    /// # Errors
    /// [`Error::OutOfBounds`] if a value lies outside what the schema proves.
    ///
    /// # Panics
    /// If there are not as many local values as data parties.
    pub fn rehearse(&self, locals: &[LocalValues]) -> Result<Vec<ResultTable>, Error> {
        let data: Vec<usize> = self.study.data_parties().collect();
        let of_place = |i: &usize| data.iter().position(|party| party == i);
        let givers = self.order.iter().filter_map(of_place);
        let given = givers.map(|at| self.given(data[at], &locals[at]));
        let opened = dispatch::rehearse(self, &given.collect::<Result<Vec<_>, _>>()?)?;
        Ok(outcome::tables(self, &opened).expect("a rehearsal opens everything"))
    }

    /// What a party of the study shares of its local values.
    pub(crate) fn given(&self, party: usize, local: &LocalValues) -> Result<Given, Error> {
        let joined = self.grouped.as_ref().and_then(|grouped| grouped.joined.as_ref());
        if joined.is_some_and(|joined| joined.parties[1] == party && joined.repeats(local)) {
            let party = self.study.parties[party].name.clone();
            return Err(Error::RepeatedKey { party });
        }
        dispatch::encode(self, local)
    }

    /// The price, exactly, between parties that are near each other.
    #[must_use]
    pub fn quote(&self) -> Quote {
        self.quote_at(0)
    }

    /// The price, exactly, where a round is worth so many bytes: what takes fewer rounds is
    /// taken where it is cheaper at that.
    #[must_use]
    pub fn quote_at(&self, round_bytes: u64) -> Quote {
        Quote::of(self, round_bytes)
    }

    /// Whether the outputs are the sums and counts themselves.
    pub(crate) fn opens_sums(&self) -> bool {
        matches!(self.study.objective, Objective::FailureRate { .. })
            || self.study.release.sufficient == sharewell_study::Sufficient::Open
    }

    /// The place of a party of the study in the run.
    pub(crate) fn place(&self, study_index: usize) -> u8 {
        let place = self.order.iter().position(|&i| i == study_index);
        place.expect("every party has a place") as u8
    }

    /// Places of the data parties, in the order of the run.
    pub(crate) fn givers(&self) -> Vec<u8> {
        self.places(|roles| roles.data)
    }

    /// Places of the recipients, in the order of the run.
    pub(crate) fn recipients(&self) -> Vec<u8> {
        self.places(|roles| roles.recipient)
    }

    /// Places of those to whom values are opened: the recipients, and where the steps of a
    /// regression follow, all who give records for them.
    pub(crate) fn learners(&self) -> Vec<u8> {
        self.places(|roles| roles.recipient || (self.path.is_some() && roles.data))
    }

    fn places(&self, has: impl Fn(sharewell_study::Roles) -> bool) -> Vec<u8> {
        let parties = (0u8..).zip(&self.order);
        parties
            .filter(|(_, i)| has(self.study.parties[**i].roles))
            .map(|(place, _)| place)
            .collect()
    }

    /// Elements that each data party shares.
    pub(crate) fn input_len(&self) -> usize {
        self.sums_len() + self.rows_elements() + self.masks_len()
    }

    /// How many of them hide what binds the others to the commitment; they come last.
    pub(crate) fn masks_len(&self) -> usize {
        if self.card.security == Security::MaliciousAbort { MASKS } else { 0 }
    }

    /// Where each of them lies if the giver's records are of the agreed schema.
    pub(crate) fn input_ranges(&self) -> impl Iterator<Item = (i128, i128)> {
        let cells = self.cells();
        let (slots, supports) = self.filled_at_home();
        let slots = slots.iter().map(move |slot| ((slot.lo, slot.hi), cells));
        let flags = ((0, 1), supports.len() * cells);
        let rows = self.rows.iter().map(|column| (column.range(), self.rows_len()));
        let flags_of_rows = ((0, 1), self.rows_len());
        let unused = 128 - self.ring.bits();
        let masks = ((i128::MIN >> unused, i128::MAX >> unused), self.masks_len());
        let all = slots.chain([flags]).chain(rows).chain([flags_of_rows, masks]);
        all.flat_map(|(range, count)| std::iter::repeat_n(range, count))
    }

    /// How many of them are sums and counts; rows come after these.
    pub(crate) fn sums_len(&self) -> usize {
        let (slots, supports) = self.filled_at_home();
        (slots.len() + supports.len()) * self.cells()
    }

    /// What a data party without records shares.
    pub(crate) fn without_records(&self) -> Vec<i128> {
        let (slots, supports) = self.filled_at_home();
        let slots = slots.iter().flat_map(|slot| vec![slot.absent(); self.cells()]);
        let others = supports.len() * self.cells() + self.rows_elements() + self.masks_len();
        slots.chain(vec![0; others]).collect()
    }

    /// Elements that are opened to a data party alone.
    pub(crate) fn own_len(&self) -> usize {
        if self.benchmark.is_some() { 3 * self.cells() } else { 0 }
    }

    /// What one unit of a data party's exposure is worth.
    pub(crate) fn exposure_quantum(&self) -> f64 {
        let exposure = self.benchmark.as_ref().map(|of| self.slots[of.exposure].decimals);
        10f64.powi(-exposure.unwrap_or(0))
    }

    /// Elements that are opened.
    pub(crate) fn opened_len(&self) -> usize {
        let undefined = self.outputs.iter().filter(|output| output.joint.divides()).count();
        let learnt = self.learning.as_ref().map_or(0, |learning| learning.parts().len());
        (self.supports.len() + undefined + self.outputs.len()) * self.cells()
            + learnt
            + self.binding_len()
    }

    /// How many of them, the last, bind the shares to the commitments: coins, and sums of each giver.
    pub(crate) fn binding_len(&self) -> usize {
        match self.masks_len() {
            0 => 0,
            masks => COINS + masks * self.givers().len(),
        }
    }

    /// Most records behind one cell.
    pub(crate) fn records_max(&self) -> u64 {
        let records = self.study.table.max_rows.saturating_mul(self.givers().len() as u64);
        // Noise goes either way, and the least number beside it.
        let noise = self.noise.iter().map(Noise::most).max();
        noise.map_or(records, |noise| {
            records.saturating_add(noise).saturating_add(self.study.release.min_records)
        })
    }
}
