//! The secure phase, as one program over any protocol: pool, gate, calculate, open.

mod benchmark;
mod binding;
mod given;
mod grouped;
mod hidden;
mod linkage;
mod quality;
mod related;
mod rows;
mod training;
mod verdict;

use sharewell_analytics::clear::regression::{At, Family, Record};
use sharewell_analytics::{Overflow, Value, stats};
use sharewell_mpc::{Protocol, Result, Share};
use sharewell_net::PartyId;
use sharewell_ring::{Integer, hash};

use crate::Plan;
use rows::Rows;
pub(crate) use training::standard_scales;

use crate::dispatch::Program;
use crate::path::{Asked, Clustered, Fit, Path};
use crate::plan::{Combine, Joint, Output};
use crate::{outcome, path, statistic};

/// Scale and worst error of one opened output: the same at every party, known beforehand.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Scale {
    pub frac_bits: u32,
    pub decimals: i32,
    pub absolute: f64,
    pub relative: f64,
    /// How little a change of the data can move the exact value.
    pub grain: f64,
}

/// Eight digits: more than a statistic of measured quantities has.
const SHARP: f64 = 1e-8;

impl Scale {
    /// Whether a larger ring would show nothing more: eight digits, and no error that hides a
    /// change of the data.
    pub(crate) fn is_sharp(&self) -> bool {
        self.relative <= SHARP && self.absolute <= self.grain
    }

    /// Whether the error says anything: finite, and small beside the value itself.
    pub(crate) fn is_useful(&self) -> bool {
        self.absolute.is_finite() && self.relative < 0.5
    }
}

/// What a data party brings: integers that are shared, and records of which sums are.
#[derive(Clone, Default)]
pub(crate) struct Given {
    pub integers: Vec<i128>,
    /// What hides sums of them, once the party has committed to them.
    pub masks: Vec<i128>,
    pub records: Vec<Record>,
    /// What tells these records from others.
    pub kept: Option<i128>,
}

impl Given {
    /// What tells records from others.
    pub(crate) fn digest(records: &[Vec<i128>]) -> i128 {
        let bytes = |column: &Vec<i128>| -> Vec<u8> {
            column.iter().flat_map(|value| value.to_le_bytes()).collect()
        };
        let columns: Vec<Vec<u8>> = records.iter().map(bytes).collect();
        let columns: Vec<&[u8]> = columns.iter().map(Vec::as_slice).collect();
        let mut half = [0; 16];
        half.copy_from_slice(&hash::digest(&columns)[..16]);
        i128::from_le_bytes(half)
    }

    /// What these parties share.
    pub(crate) fn shared(given: &[Self]) -> Vec<i128> {
        let all = |given: &Self| [&given.integers[..], &given.masks].concat();
        given.iter().flat_map(all).collect()
    }

    /// What a party commits to.
    pub(crate) fn committed(given: &[Self]) -> Vec<i128> {
        given.iter().flat_map(|given| given.integers.iter().copied().chain(given.kept)).collect()
    }

    /// What these parties share in a step.
    pub(crate) fn sums(given: &[Self], path: &Path, of: Asked, at: Option<&At>) -> Vec<i128> {
        given.iter().flat_map(|given| path.sums(of, &given.records, at)).collect()
    }
}

/// What the secure phase gives a learner: opened integers, in the order of
/// [`Plan::opened_len`]; `None` at a party to which nothing is opened.
#[derive(Clone, Debug, Default)]
pub(crate) struct Opened {
    pub integers: Option<Vec<i128>>,
    pub scales: Vec<Scale>,
    /// What each giver alone learns, in the order of the run: this party's, or all in a rehearsal.
    pub own: Vec<Option<Vec<i128>>>,
    /// What the steps of a regression came to.
    pub fit: Option<Fit>,
    /// What those to groups of near records came to.
    pub clusters: Option<std::result::Result<Clustered, String>>,
    /// Places of the givers that were left out, as a compute party knows.
    pub left_out: Vec<u8>,
}

impl Opened {
    /// Takes the steps that follow.
    pub(crate) fn climb(
        &mut self,
        plan: &Plan,
        path: &Path,
        step: &mut path::Step<'_>,
    ) -> Result<()> {
        let start = match outcome::released(plan, self) {
            Some(released) => statistic::start(path, &released),
            None => Err("not opened to this party".to_owned()),
        };
        let givers = plan.givers().len();
        match path.family {
            Family::KMeans { .. } => self.clusters = Some(path.gather(givers, start, step)?),
            _ => self.fit = Some(path.climb(givers, start, step)?),
        }
        Ok(())
    }
}

/// The output that does not fit the ring, by its place, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TooLarge {
    pub output: usize,
    pub overflow: Overflow,
}

/// The secure phase of a plan with what this party gives, if it is a data party (all data
/// parties, in the order of the run, under an interpreter without parties).
pub(crate) struct SecurePhase<'a> {
    pub plan: &'a Plan,
    pub given: &'a [Given],
    /// Called when everything is computed and nothing has been opened, if there are parties.
    pub release: Option<&'a dyn Fn() -> Result<()>>,
}

impl Program for SecurePhase<'_> {
    type Output = std::result::Result<Opened, TooLarge>;

    fn run<P: Protocol + Send>(&self, p: &mut P) -> Result<Self::Output> {
        let pooled = match self.pool(p)? {
            Ok(pooled) => pooled,
            Err(too_large) => return Ok(Err(too_large)),
        };
        let verdict = self.verdict(p, &pooled)?;

        let outputs: Vec<(usize, &Output)> = self.plan.outputs.iter().enumerate().collect();
        let values = match evaluate_all(p, &outputs, &pooled, self.plan)? {
            Ok(values) => values,
            Err(too_large) => return Ok(Err(too_large)),
        };
        let values: Vec<Value<P>> = values
            .into_iter()
            .zip(&self.plan.outputs)
            .map(|(value, output)| self.rounded(p, &output.joint, value))
            .collect::<Result<_>>()?;
        let scales = values.iter().map(|value| Scale {
            frac_bits: value.raw.frac_bits(),
            decimals: value.decimals,
            absolute: value.absolute,
            relative: value.relative,
            grain: value.grain,
        });
        let scales = scales.collect();

        let passes = self.passes(p, &verdict)?;
        let gated = gated(p, &values, &passes)?;
        let learnt = match self.learnt(p, &pooled, &verdict)? {
            Ok(learnt) => learnt,
            Err(too_large) => return Ok(Err(too_large)),
        };
        let released = [&verdict, &gated].into_iter().chain(&learnt).chain([&pooled.binding]);
        let opened = P::AShare::concat(&released.collect::<Vec<_>>());
        debug_assert_eq!(opened.len(), self.plan.opened_len());
        if let Some(release) = self.release {
            p.verify()?;
            release()?;
        }
        let integers = self.reveal(p, &opened)?;
        let own = match &self.plan.benchmark {
            None => vec![],
            Some(of) => match benchmark::own(p, of, &pooled.given, &passes[0], self.plan)? {
                Ok(own) => self.reveal_own(p, &own)?,
                Err(overflow) => return Ok(Err(TooLarge { output: 0, overflow })),
            },
        };
        let left_out = pooled.left_out;
        let mut opened = Opened { integers, scales, own, left_out, ..Opened::default() };
        if let Some(path) = &self.plan.path {
            opened.climb(self.plan, path, &mut |of, at| self.step(p, path, of, at))?;
        }
        Ok(Ok(opened))
    }
}

/// The pooled vectors and, for each support, the number of organisations behind it.
struct Pooled<P: Protocol> {
    slots: Vec<Value<P>>,
    /// What each party gave, by its place, if an output is calculated from that.
    given: Vec<P::AShare>,
    rows: Option<Rows<P>>,
    linked: Vec<Value<P>>,
    /// What is opened of a hidden fit.
    fitted: Vec<Value<P>>,
    /// Numbers that tell the keys of secret groups.
    told: Vec<Value<P>>,
    contributors: Vec<P::AShare>,
    binding: P::AShare,
    /// Places of the givers that count as if they had no records.
    left_out: Vec<u8>,
}

impl<P: Protocol> Pooled<P> {
    fn rows(&self) -> &Rows<P> {
        self.rows.as_ref().expect("the plan shares the rows that its outputs are made of")
    }
}

impl SecurePhase<'_> {
    fn reveal<P: Protocol>(&self, p: &mut P, x: &P::AShare) -> Result<Option<Vec<i128>>> {
        let to: Vec<PartyId> = self.plan.learners().into_iter().map(PartyId).collect();
        let opened = p.reveal_to(x, &to)?;
        Ok(opened.map(|all| all.into_iter().map(Integer::to_i128).collect()))
    }

    /// Opens to each giver, and to nobody else, what is its own.
    fn reveal_own<P: Protocol>(
        &self,
        p: &mut P,
        own: &[P::AShare],
    ) -> Result<Vec<Option<Vec<i128>>>> {
        let integers = |all: Vec<P::Ring>| all.into_iter().map(Integer::to_i128).collect();
        let givers = self.plan.givers().into_iter().zip(own);
        givers.map(|(to, own)| Ok(p.reveal_to(own, &[PartyId(to)])?.map(integers))).collect()
    }

    /// The sums over all of what each gives in a step.
    fn step<P: Protocol>(
        &self,
        p: &mut P,
        path: &Path,
        of: Asked,
        at: Option<&At>,
    ) -> Result<Option<Vec<i128>>> {
        let mine = Given::sums(self.given, path, of, at);
        let mine: Vec<P::Ring> = mine.into_iter().map(P::Ring::from_i128).collect();
        let shared = p.input(&mine, &self.lens(path.len(of)))?;
        let givers = self.plan.givers();
        let shared: Vec<_> = givers.iter().map(|giver| &shared[usize::from(*giver)]).collect();
        let mut total = shared[0].clone();
        shared[1..].iter().for_each(|other| total += *other);
        self.reveal(p, &total)
    }

    /// How many elements each party shares, if each data party shares so many.
    fn lens(&self, len: usize) -> Vec<usize> {
        let givers = self.plan.givers();
        let places = 0..self.plan.order.len() as u8;
        places.map(|place| if givers.contains(&place) { len } else { 0 }).collect()
    }

    /// Shares the inputs in one round and combines them slot by slot.
    fn pool<P: Protocol + Send>(
        &self,
        p: &mut P,
    ) -> Result<std::result::Result<Pooled<P>, TooLarge>> {
        let (plan, cells) = (self.plan, self.plan.cells());
        let givers = plan.givers();
        let mine = Given::shared(self.given).into_iter();
        let mine: Vec<P::Ring> = mine.map(P::Ring::from_i128).collect();
        let (shared, left_out) = self.shared(p, &mine, &self.lens(plan.input_len()))?;
        let binding = self.binding(p, &shared)?;
        let of_giver = |giver: &u8, at: usize| {
            let index: Vec<usize> = (at * cells..(at + 1) * cells).collect();
            shared[usize::from(*giver)].gather(&index)
        };
        let total = |at: usize| {
            let mut givers = givers.iter();
            let mut total = of_giver(givers.next().expect("at least one data party"), at);
            givers.for_each(|giver| total += &of_giver(giver, at));
            total
        };
        let (at_home, supports) = plan.filled_at_home();
        let mut slots = Vec::with_capacity(at_home.len());
        for (at, slot) in at_home.iter().enumerate() {
            slots.push(match slot.combine {
                Combine::Sum => {
                    let n = givers.len() as i128;
                    Value::exact(total(at), slot.decimals, slot.lo * n, slot.hi * n)
                }
                Combine::Least | Combine::Greatest => {
                    let value =
                        |giver| Value::exact(of_giver(giver, at), slot.decimals, slot.lo, slot.hi);
                    let values = givers.iter().map(value).collect();
                    match Value::extreme(p, values, slot.combine == Combine::Greatest)? {
                        Ok(extreme) => extreme,
                        Err(overflow) => return Ok(Err(self.too_large(at, overflow))),
                    }
                }
            });
        }
        let mut contributors: Vec<_> =
            (0..supports.len()).map(|s| total(at_home.len() + s)).collect();
        if !plan.noise.is_empty() {
            slots = self.noised(p, &slots)?;
            // Which of them have records in a cell would tell of single records.
            let all = p.public(&vec![P::Ring::from_i128(givers.len() as i128); cells]);
            contributors = vec![all; supports.len()];
        }
        let of_givers: Vec<_> = givers.iter().map(|giver| &shared[usize::from(*giver)]).collect();
        let rows = plan.shares_rows().then(|| Rows::of(&of_givers, plan));
        let given = if plan.looks_at_parts() { shared } else { vec![] };
        let linked = match (&plan.linked, &rows) {
            (Some(linked), Some(rows)) => linkage::linked(p, linked, rows, plan)?,
            _ => vec![],
        };
        let fitted = match (&plan.hidden, &rows) {
            (Some(hidden), Some(rows)) => match hidden::fitted(p, hidden, rows, plan)? {
                Ok(fitted) => fitted,
                Err(overflow) => return Ok(Err(self.not_fitted(overflow))),
            },
            _ => vec![],
        };
        let mut told = vec![];
        if let (Some(grouped), Some(rows)) = (&plan.grouped, &rows) {
            let cells = grouped::cells(p, grouped, rows, plan)?;
            (slots, contributors, told) = (cells.slots, cells.contributors, cells.told);
        }
        Ok(Ok(Pooled { slots, given, rows, linked, fitted, told, contributors, binding, left_out }))
    }

    /// The slots with the noise of the study's promise.
    fn noised<P: Protocol + Send>(&self, p: &mut P, slots: &[Value<P>]) -> Result<Vec<Value<P>>> {
        let (noise, cells) = (&self.plan.noise, self.plan.cells());
        let drawn = in_lanes(p, noise, &|p, noise| noise.draw(p, cells))?;
        let noised = slots.iter().zip(noise.iter().zip(&drawn));
        Ok(noised.map(|(slot, (noise, drawn))| noise.added(slot, drawn)).collect())
    }

    /// The first output that a slot goes into.
    fn too_large(&self, slot: usize, overflow: Overflow) -> TooLarge {
        let mut outputs = self.plan.outputs.iter();
        let output = outputs.position(|output| output.joint.slots().contains(&slot));
        TooLarge { output: output.expect("extremes are pooled for an output"), overflow }
    }

    fn not_fitted(&self, overflow: Overflow) -> TooLarge {
        let mut outputs = self.plan.outputs.iter();
        let output = outputs.position(|output| matches!(output.joint, Joint::Fitted(_)));
        TooLarge { output: output.expect("a fit is opened"), overflow }
    }

    /// Records and organisations behind every support, cell by cell.
    fn counts<P: Protocol>(&self, pooled: &Pooled<P>) -> (P::AShare, P::AShare) {
        let supports = self.plan.supports.iter();
        let records: Vec<&P::AShare> =
            supports.map(|support| pooled.slots[support.slot].raw.shares()).collect();
        let parties: Vec<&P::AShare> = pooled.contributors.iter().collect();
        (P::AShare::concat(&records), P::AShare::concat(&parties))
    }

    /// What has been learnt, zeros where it may not pass or came to nothing.
    fn learnt<P: Protocol>(
        &self,
        p: &mut P,
        pooled: &Pooled<P>,
        verdict: &P::AShare,
    ) -> Result<std::result::Result<Option<P::AShare>, TooLarge>> {
        let Some(learning) = &self.plan.learning else { return Ok(Ok(None)) };
        let learnt = match training::learnt(p, learning, pooled.rows(), self.plan)? {
            Ok(learnt) => learnt,
            Err(overflow) => return Ok(Err(TooLarge { output: 0, overflow })),
        };
        let pass = |support: usize| verdict.take(support..support + 1);
        let others = (learning.validated.map(pass), learning.tested.map(pass));
        let passes = (pass(learning.trained), others.0, others.1);
        training::gated(p, &learnt, passes).map(|gated| Ok(Some(gated)))
    }

    /// For every output, 1 in the cells that the gate lets pass.
    fn passes<P: Protocol>(&self, p: &mut P, verdict: &P::AShare) -> Result<Vec<P::AShare>> {
        let cells = self.plan.cells();
        let of_support = |s: usize| verdict.take(s * cells..(s + 1) * cells);
        let mut passes = Vec::with_capacity(self.plan.outputs.len());
        for output in &self.plan.outputs {
            let mut supports = output.supports.iter();
            let first = supports.next().expect("every output rests on a count");
            let mut pass = of_support(*first);
            for support in supports {
                pass = p.mul(&pass, &of_support(*support))?;
            }
            passes.push(pass);
        }
        Ok(passes)
    }
}

/// Which outputs are defined, then the outputs themselves: zero where they may not pass.
fn gated<P: Protocol>(p: &mut P, values: &[Value<P>], passes: &[P::AShare]) -> Result<P::AShare> {
    let (mut flags, mut left, mut right) = (vec![], vec![], vec![]);
    for (value, pass) in values.iter().zip(passes) {
        if let Some(defined) = &value.defined {
            left.push(defined);
            right.push(pass);
        }
    }
    if !left.is_empty() {
        let defined = p.mul(&P::AShare::concat(&left), &P::AShare::concat(&right))?;
        flags.push(defined);
    }
    let cells = passes.first().map_or(0, Share::len);
    let mut at = 0;
    let mut masks = vec![];
    for (value, pass) in values.iter().zip(passes) {
        masks.push(if value.defined.is_some() {
            at += 1;
            flags[0].gather(&((at - 1) * cells..at * cells).collect::<Vec<_>>())
        } else {
            pass.clone()
        });
    }
    let raw: Vec<&P::AShare> = values.iter().map(|value| value.raw.shares()).collect();
    let masks: Vec<&P::AShare> = masks.iter().collect();
    let released = p.mul(&P::AShare::concat(&raw), &P::AShare::concat(&masks))?;
    flags.push(released);
    Ok(P::AShare::concat(&flags.iter().collect::<Vec<_>>()))
}

/// The same for each item, on lanes of their own, so that their rounds overlap.
fn in_lanes<P: Protocol + Send, T: Sync, O: Send>(
    p: &mut P,
    items: &[T],
    of: &(impl Fn(&mut P, &T) -> Result<O> + Sync),
) -> Result<Vec<O>> {
    if items.len() <= 1 {
        return items.iter().map(|item| of(p, item)).collect();
    }
    let (left, right) = items.split_at(items.len() / 2);
    let (mut left, right) = p.join(|p| in_lanes(p, left, of), |p| in_lanes(p, right, of))?;
    left.extend(right);
    Ok(left)
}

type Evaluated<P> = std::result::Result<Vec<Value<P>>, TooLarge>;

/// Independent outputs on lanes of their own, so that their rounds overlap.
fn evaluate_all<P: Protocol + Send>(
    p: &mut P,
    outputs: &[(usize, &Output)],
    pooled: &Pooled<P>,
    plan: &Plan,
) -> Result<Evaluated<P>> {
    let interactive = outputs.iter().filter(|(_, output)| output.joint.interacts()).count();
    if interactive <= 1 {
        let mut values = vec![];
        for (place, output) in outputs {
            match evaluate(p, &output.joint, pooled, plan)? {
                Ok(value) => values.push(value),
                Err(overflow) => return Ok(Err(TooLarge { output: *place, overflow })),
            }
        }
        return Ok(Ok(values));
    }
    let (left, right) = outputs.split_at(outputs.len() / 2);
    let (left, right) =
        p.join(|p| evaluate_all(p, left, pooled, plan), |p| evaluate_all(p, right, pooled, plan))?;
    Ok(left.and_then(|mut values| {
        values.extend(right?);
        Ok(values)
    }))
}

fn evaluate<P: Protocol>(
    p: &mut P,
    joint: &Joint,
    pooled: &Pooled<P>,
    plan: &Plan,
) -> Result<std::result::Result<Value<P>, Overflow>> {
    let slots = &pooled.slots;
    let (left, right) = match joint {
        Joint::Slot(slot) => return Ok(Ok(slots[*slot].clone())),
        Joint::Number(number) => {
            return Ok(Ok(Value::public(p, number.digits, number.scale.into(), plan.cells())));
        }
        Joint::Repeats => return pooled.rows().repeats(p, plan).map(Ok),
        Joint::Linked(of) => return Ok(Ok(pooled.linked[*of].clone())),
        Joint::Key { told, .. } => return Ok(Ok(pooled.told[*told].clone())),
        Joint::Fitted(of) => return Ok(Ok(pooled.fitted[*of].clone())),
        Joint::Rows(of) => {
            let of = &plan.of_rows[*of];
            let count = slots[of.count].raw.shares();
            return pooled.rows().evaluate(p, of, count, plan).map(Ok);
        }
        Joint::Drift(of) => return quality::drift(p, of, &pooled.given, plan),
        Joint::Neg(x) => return Ok(evaluate(p, x, pooled, plan)?.map(Value::neg)),
        Joint::Root(x) => {
            return match evaluate(p, x, pooled, plan)? {
                Ok(x) => x.root(p),
                Err(overflow) => Ok(Err(overflow)),
            };
        }
        Joint::Mean { sum, count, lo, hi } => {
            let (sum, count) = (slots[*sum].clone(), slots[*count].clone());
            return stats::mean(p, sum, count, (*lo, *hi));
        }
        Joint::Variance { sum, squares, count, deviation, divisor } => {
            let [sum, squares, count] = [sum, squares, count].map(|slot| slots[*slot].clone());
            let moments = stats::Moments { sum, squares, count, deviation: *deviation };
            return stats::variance(p, moments, *divisor);
        }
        Joint::Covariance { sums, products, count, deviations, divisor } => {
            let [products, count] = [products, count].map(|slot| slots[*slot].clone());
            let (sums, deviations) = (sums.map(|slot| slots[slot].clone()), *deviations);
            let moments = stats::Comoments { sums, products, count, deviations };
            return stats::covariance(p, moments, *divisor);
        }
        Joint::Correlation { sums, squares, products, count, deviations } => {
            let [products, count] = [products, count].map(|slot| slots[*slot].clone());
            let (sums, deviations) = (sums.map(|slot| slots[slot].clone()), *deviations);
            let moments = stats::Comoments { sums, products, count, deviations };
            let squares = squares.map(|slot| slots[slot].clone());
            return stats::correlation(p, &moments, &squares);
        }
        Joint::Add(x, y) | Joint::Sub(x, y) | Joint::Mul(x, y) | Joint::Div(x, y) => {
            (evaluate(p, x, pooled, plan)?, evaluate(p, y, pooled, plan)?)
        }
    };
    let (x, y) = match left.and_then(|x| Ok((x, right?))) {
        Ok(pair) => pair,
        Err(overflow) => return Ok(Err(overflow)),
    };
    match joint {
        Joint::Add(..) => x.add(p, y),
        Joint::Sub(..) => x.add(p, y.neg()),
        Joint::Mul(..) => x.mul(p, y),
        Joint::Div(_, divisor) if let Some(number) = divisor.public_divisor() => {
            x.div_public(p, number.digits, number.scale.into())
        }
        _ => x.div(p, y),
    }
}

#[cfg(test)]
mod tests;
