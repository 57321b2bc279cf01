//! The one place where a protocol's name becomes a type.

use sharewell_mpc::protocols::bounds::{Bounds, Interval};
use sharewell_mpc::protocols::plain::Plain;
use sharewell_mpc::protocols::rep3::{self, Rep3};
use sharewell_mpc::protocols::tally::{Tallied, Tally};
use sharewell_mpc::protocols::{self};
use sharewell_mpc::{Card, Entropy, Error as MpcError, Party, Protocol, Result, Security};
use sharewell_ring::{Integer, Z64, Z128};
use sharewell_study::{Protocol as Named, Study, Threat};

use crate::joint::{Opened, Scale, SecurePhase, TooLarge};
use crate::plan::Combine;
use crate::{Error, Plan, Refusal};

/// A program that any protocol can run.
pub(crate) trait Program {
    type Output;
    fn run<P: Protocol + Send>(&self, p: &mut P) -> Result<Self::Output>;
}

/// The ring that the shares of a run live in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RingKind {
    Z64,
    Z128,
}

impl RingKind {
    pub(crate) fn bits(self) -> u32 {
        match self {
            Self::Z64 => Z64::BITS,
            Self::Z128 => Z128::BITS,
        }
    }
}

/// The cheapest protocol that honours a study's threat model.
pub(crate) fn choose(study: &Study) -> Result<&'static Card, Error> {
    let needs = match study.security.threat {
        Threat::SemiHonest => Security::SemiHonest,
    };
    let compute = study.compute_parties().count();
    let honours = |card: &&&Card| {
        let named = match study.security.protocol {
            Named::Auto => true,
            Named::Rep3 => card.name == rep3::CARD.name,
        };
        named
            && card.security >= needs
            && card.corruptions >= study.security.corruptions
            && usize::from(card.parties) == compute
    };
    protocols::ALL.iter().find(honours).copied().ok_or_else(|| {
        Refusal::new(
            format!(
                "no protocol of this version withstands {} corrupt of {compute} compute parties \
                 under this threat model",
                study.security.corruptions
            ),
            "name three compute parties and corruptions = 1",
        )
        .into()
    })
}

/// What is known without data: cost, scales, proof.
#[derive(Clone, Debug, Default)]
pub(crate) struct DryRun {
    pub tallied: Tallied,
    pub memory_bytes: u64,
    pub scales: Vec<Scale>,
}

/// Runs the secure phase under the interpreters of cost and of bounds.
pub(crate) fn dry_run(plan: &Plan) -> Result<DryRun, Error> {
    match plan.ring {
        RingKind::Z64 => dry_run_in::<Z64>(plan),
        RingKind::Z128 => dry_run_in::<Z128>(plan),
    }
}

/// The cost where a round is worth so many bytes, of a plan that has passed its dry run.
pub(crate) fn quote(plan: &Plan, round_bytes: u64) -> DryRun {
    if round_bytes == 0 {
        return plan.dry.clone();
    }
    let dry = match plan.ring {
        RingKind::Z64 => tally_in::<Z64>(plan, round_bytes),
        RingKind::Z128 => tally_in::<Z128>(plan, round_bytes),
    };
    dry.expect("the dry run of the same program fitted the same ring")
}

fn tally_in<R: Integer>(plan: &Plan, round_bytes: u64) -> Result<DryRun, Error> {
    let mut tally = Tally::<R>::new(plan.card, plan.order.len() as u8).at_pace(round_bytes);
    let opened = SecurePhase { plan, mine: &[] }.run(&mut tally)?;
    let opened = opened.map_err(|too_large| refuse(plan, too_large))?;
    let (tallied, memory_bytes) = (tally.tallied(), tally.memory_bytes());
    Ok(DryRun { tallied, memory_bytes, scales: opened.scales })
}

fn dry_run_in<R: Integer>(plan: &Plan) -> Result<DryRun, Error> {
    let dry = tally_in::<R>(plan, 0)?;
    if let Some(output) = dry.scales.iter().position(|scale| !scale.is_useful()) {
        let name = &plan.outputs[output].name;
        return Err(Refusal::new(
            format!(
                "`{name}` divides by a value that may be lost in rounding: no error could be stated"
            ),
            "divide once, by sums or counts; a quotient of quotients can be written as one",
        )
        .into());
    }
    let mut bounds = Bounds::<R>::new(input_ranges(plan));
    match (SecurePhase { plan, mine: &[] }).run(&mut bounds) {
        Ok(_) => Ok(dry),
        Err(overflow @ MpcError::Overflow { .. }) => Err(Refusal::new(
            format!("step {overflow}"),
            "narrow the ranges of the columns, use fewer decimals, or lower max_rows",
        )
        .into()),
        Err(error) => Err(error.into()),
    }
}

/// The ranges of every party's inputs, from the agreed schema alone.
fn input_ranges(plan: &Plan) -> Vec<Vec<Interval>> {
    let mut ranges = vec![];
    for slot in &plan.slots {
        ranges.extend(vec![Interval::between(slot.lo, slot.hi); plan.cells()]);
    }
    ranges.extend(vec![Interval::between(0, 1); plan.supports.len() * plan.cells()]);
    let givers = plan.givers();
    let parties = 0..plan.order.len() as u8;
    parties.map(|i| if givers.contains(&i) { ranges.clone() } else { vec![] }).collect()
}

fn refuse(plan: &Plan, too_large: TooLarge) -> Error {
    let output = &plan.outputs[too_large.output];
    let mut columns: Vec<String> =
        output.joint.slots().iter().flat_map(|&i| plan.slots[i].columns.clone()).collect();
    columns.sort();
    columns.dedup();
    let (name, why) = (&output.name, too_large.overflow);
    if columns.is_empty() {
        let message = format!("`{name}` could exceed the largest ring: {why}");
        return Refusal::new(message, "multiply fewer counts, or lower max_rows").into();
    }
    let columns = columns.join("`, `");
    Refusal::new(
        format!("`{name}` could exceed the largest ring: {why}: column `{columns}`"),
        "narrow the ranges of these columns, use fewer decimals, or lower max_rows",
    )
    .into()
}

/// Runs a compute party's secure phase; `ready` is called when the set-up is over.
pub(crate) fn compute(
    plan: &Plan,
    party: Party,
    session: &[u8; 32],
    mine: &[i128],
    ready: &dyn Fn(),
) -> Result<(Opened, u32)> {
    match plan.ring {
        RingKind::Z64 => compute_in::<Z64>(plan, party, session, mine, ready),
        RingKind::Z128 => compute_in::<Z128>(plan, party, session, mine, ready),
    }
}

fn compute_in<R: Integer>(
    plan: &Plan,
    party: Party,
    session: &[u8; 32],
    mine: &[i128],
    ready: &dyn Fn(),
) -> Result<(Opened, u32)> {
    let mut p = Rep3::<R>::connect(party, session, Entropy::System)?;
    ready();
    let opened = SecurePhase { plan, mine }.run(&mut p)?;
    let opened = opened.expect("the dry run of the same program fitted the same ring");
    Ok((opened, p.party().rounds()))
}

/// Runs the part of a party that does not compute: it gives, takes, or both.
pub(crate) fn attend(plan: &Plan, party: &mut Party, mine: &[i128]) -> Result<(Opened, u32)> {
    match plan.ring {
        RingKind::Z64 => attend_in::<Z64>(plan, party, mine),
        RingKind::Z128 => attend_in::<Z128>(plan, party, mine),
    }
}

fn attend_in<R: Integer>(plan: &Plan, party: &mut Party, mine: &[i128]) -> Result<(Opened, u32)> {
    let mine: Vec<R> = mine.iter().map(|x| R::from_i128(*x)).collect();
    rep3::give(party, &mine, Entropy::System)?;
    let mut opened = Opened { integers: None, scales: plan.dry.scales.clone() };
    if plan.recipients().contains(&party.me().0) {
        let all: Vec<R> = rep3::take(party, plan.opened_len())?;
        opened.integers = Some(all.into_iter().map(Integer::to_i128).collect());
    }
    Ok((opened, party.rounds()))
}

/// The reference: everybody's inputs in one process, nothing secret. For rehearsals and tests.
pub(crate) fn rehearse(plan: &Plan, inputs: &[Vec<i128>]) -> Result<Opened> {
    let all = inputs.concat();
    let phase = SecurePhase { plan, mine: &all };
    let opened = match plan.ring {
        RingKind::Z64 => phase.run(&mut Plain::<Z64>::new(0))?,
        RingKind::Z128 => phase.run(&mut Plain::<Z128>::new(0))?,
    };
    Ok(opened.expect("the dry run of the same program fitted the same ring"))
}

/// A provider's local values as the integers that it shares: absent sums are zero, an absent
/// extreme is the one that cannot win.
pub(crate) fn encode(plan: &Plan, local: &crate::LocalValues) -> Result<Vec<i128>, Error> {
    let mut out = Vec::with_capacity(plan.input_len());
    for (at, slot) in plan.slots.iter().enumerate() {
        let absent = match slot.combine {
            Combine::Sum => 0,
            Combine::Least => slot.hi,
            Combine::Greatest => slot.lo,
        };
        for cell in &local.cells {
            let value = cell.get(at).copied().flatten().unwrap_or(absent);
            if value < slot.lo || value > slot.hi {
                return Err(Error::OutOfBounds { measure: slot.name.clone() });
            }
            out.push(value);
        }
    }
    for support in &plan.supports {
        let present = |cell: &Vec<Option<i128>>| i128::from(cell[support.slot].unwrap_or(0) > 0);
        out.extend(local.cells.iter().map(present));
    }
    assert_eq!(out.len(), plan.input_len(), "cells of the local phase");
    Ok(out)
}
