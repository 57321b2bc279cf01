//! The one place where a protocol's name becomes a type.

use sharewell_mpc::protocols::bounds::{Bounds, Interval, Ranges};
use sharewell_mpc::protocols::plain::Plain;
use sharewell_mpc::protocols::rep3_malicious::Authentic;
use sharewell_mpc::protocols::tally::{Tallied, Tally};
use sharewell_mpc::protocols::{rep3, rep3_malicious};
use sharewell_mpc::{Card, Entropy, Error as MpcError, Party, Protocol, Result};
use sharewell_ring::{Integer, Z64, Z128};

use crate::joint::{Given, Opened, Scale, SecurePhase, TooLarge};
use crate::path::Path;
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

/// What a protocol does as one of several parties, beside operations on shares.
pub(crate) trait Endpoint: Protocol + Send {
    /// Joins the other compute parties in a session.
    fn connect(party: Party, session: &[u8; 32], entropy: Entropy) -> Result<Self>;
    fn party(&self) -> &Party;
    fn reset_rounds(&mut self);
    /// A giver that does not compute shares its vector.
    fn give(party: &mut Party, x: &[Self::Ring]) -> Result<()>;
    /// A recipient that does not compute receives a vector opened to it.
    fn take(party: &mut Party, len: usize) -> Result<Vec<Self::Ring>>;
}

/// What is done by one of several parties, whatever the protocol.
pub(crate) trait Work {
    type Output;
    fn over<P: Endpoint>(self) -> Self::Output;
}

/// Does it by the card's protocol.
pub(crate) fn over<W: Work>(card: &Card, ring: RingKind, work: W) -> W::Output {
    match ring {
        RingKind::Z64 => over_ring::<Z64, W>(card, work),
        RingKind::Z128 => over_ring::<Z128, W>(card, work),
    }
}

/// The protocols of [`protocols::ALL`]: folder and type.
macro_rules! protocols {
    ($($folder:ident::$protocol:ident,)*) => {
        $(impl<R: Authentic> Endpoint for $folder::$protocol<R> {
            fn connect(party: Party, session: &[u8; 32], entropy: Entropy) -> Result<Self> {
                Self::connect(party, session, entropy)
            }
            fn party(&self) -> &Party {
                self.party()
            }
            fn reset_rounds(&mut self) {
                self.reset_rounds();
            }
            fn give(party: &mut Party, x: &[R]) -> Result<()> {
                $folder::give(party, x, Entropy::System)
            }
            fn take(party: &mut Party, len: usize) -> Result<Vec<R>> {
                $folder::take(party, len)
            }
        })*

        fn over_ring<R: Authentic, W: Work>(card: &Card, work: W) -> W::Output {
            $(if card.name == $folder::CARD.name {
                return work.over::<$folder::$protocol<R>>();
            })*
            unreachable!("every protocol that can be chosen is in the list, {} too", card.name)
        }
    };
}
protocols! {
    rep3::Rep3,
    rep3_malicious::Rep3Malicious,
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
    tally(plan, round_bytes).expect("the dry run of the same program fitted the same ring")
}

/// The cost alone.
pub(crate) fn tally(plan: &Plan, round_bytes: u64) -> Result<DryRun, Error> {
    match plan.ring {
        RingKind::Z64 => tally_in::<Z64>(plan, round_bytes),
        RingKind::Z128 => tally_in::<Z128>(plan, round_bytes),
    }
}

fn tally_in<R: Integer>(plan: &Plan, round_bytes: u64) -> Result<DryRun, Error> {
    let mut tally = Tally::<R>::new(plan.card, plan.order.len() as u8).at_pace(round_bytes);
    let opened = SecurePhase { plan, given: &[], release: None }.run(&mut tally)?;
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
    match (SecurePhase { plan, given: &[], release: None }).run(&mut bounds) {
        Ok(_) => Ok(dry),
        Err(overflow @ MpcError::Overflow { .. }) => Err(Refusal::new(
            format!("step {overflow}"),
            "narrow the ranges of the columns, use fewer decimals, or lower max_rows",
        )
        .into()),
        Err(error) => Err(error.into()),
    }
}

/// The ranges of every party's inputs, one vector after the other, from the agreed schema alone.
fn input_ranges(plan: &Plan) -> Vec<Ranges> {
    let ranges = plan.input_ranges().map(|(lo, hi)| Interval::between(lo, hi)).collect();
    let givers = plan.givers();
    let of_steps = |path: &Path| path.asked().map(|asked| path.ranges(asked).into()).collect();
    let of_steps: Vec<_> = plan.path.as_ref().map_or_else(Vec::new, of_steps);
    let vectors = [ranges].into_iter().chain(of_steps);
    let of_parties = |ranges: Ranges| {
        let parties = 0..plan.order.len() as u8;
        let of_party = |i: u8| if givers.contains(&i) { ranges.clone() } else { Ranges::default() };
        parties.map(of_party).collect::<Vec<_>>()
    };
    vectors.flat_map(of_parties).collect()
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

/// A compute party's secure phase; `ready` is called when the set-up is over.
pub(crate) struct Compute<'a> {
    pub plan: &'a Plan,
    pub party: Party,
    pub session: &'a [u8; 32],
    pub given: &'a [Given],
    pub ready: &'a dyn Fn(),
    /// Called before anything is opened.
    pub release: &'a dyn Fn() -> Result<()>,
}

impl Work for Compute<'_> {
    type Output = Result<(Opened, u32)>;

    fn over<P: Endpoint>(self) -> Self::Output {
        let Self { plan, party, session, given, ready, release } = self;
        let mut p = P::connect(party, session, Entropy::System)?;
        ready();
        let opened = SecurePhase { plan, given, release: Some(release) }.run(&mut p)?;
        let opened = opened.expect("the dry run of the same program fitted the same ring");
        Ok((opened, p.party().rounds()))
    }
}

/// The part of a party that does not compute: it gives, takes, or both.
pub(crate) struct Attend<'a> {
    pub plan: &'a Plan,
    pub party: &'a mut Party,
    pub given: &'a [Given],
    /// Called before anything is taken.
    pub release: &'a dyn Fn() -> Result<()>,
}

impl Work for Attend<'_> {
    type Output = Result<(Opened, u32)>;

    fn over<P: Endpoint>(self) -> Self::Output {
        let Self { plan, party, given, release } = self;
        let learns = plan.learners().contains(&party.me().0);
        let take = |party: &mut Party, len: usize| {
            let taken = P::take(party, len)?;
            Ok(taken.into_iter().map(Integer::to_i128).collect::<Vec<_>>())
        };
        let give = |party: &mut Party, mine: Vec<i128>| {
            let mine: Vec<P::Ring> = mine.into_iter().map(P::Ring::from_i128).collect();
            P::give(party, &mine)
        };
        give(party, Given::shared(given))?;
        release()?;
        let integers = learns.then(|| take(party, plan.opened_len())).transpose()?;
        let scales = plan.dry.scales.clone();
        let is_mine = |giver: &u8| plan.benchmark.is_some() && *giver == party.me().0;
        let own: Vec<bool> = plan.givers().iter().map(is_mine).collect();
        let own = own.into_iter().map(|mine| mine.then(|| take(party, plan.own_len())).transpose());
        let own = own.collect::<Result<_>>()?;
        let mut opened = Opened { scales, integers, own, ..Opened::default() };
        if let Some(path) = &plan.path {
            opened.climb(plan, path, &mut |of, at| {
                give(party, Given::sums(given, path, of, at))?;
                learns.then(|| take(party, path.len(of))).transpose()
            })?;
        }
        Ok((opened, party.rounds()))
    }
}

/// The reference: everybody's inputs in one process, nothing secret. For rehearsals and tests.
pub(crate) fn rehearse(plan: &Plan, given: &[Given]) -> Result<Opened> {
    let phase = SecurePhase { plan, given, release: None };
    let opened = match plan.ring {
        RingKind::Z64 => phase.run(&mut Plain::<Z64>::new(0))?,
        RingKind::Z128 => phase.run(&mut Plain::<Z128>::new(0))?,
    };
    Ok(opened.expect("the dry run of the same program fitted the same ring"))
}

/// A provider's local values as the integers that it shares: absent sums are zero, an absent
/// extreme is the one that cannot win. Its records stay as they are.
pub(crate) fn encode(plan: &Plan, local: &crate::LocalValues) -> Result<Given, Error> {
    let mut out = Vec::with_capacity(plan.input_len());
    let (slots, supports) = plan.filled_at_home();
    let cells = plan.with_totals(&local.cells);
    for (at, slot) in slots.iter().enumerate() {
        for cell in &cells {
            let value = cell.get(at).copied().flatten().unwrap_or(slot.absent());
            if value < slot.lo || value > slot.hi {
                return Err(Error::OutOfBounds { measure: slot.name.clone() });
            }
            out.push(value);
        }
    }
    for support in supports {
        let present = |cell: &Vec<Option<i128>>| i128::from(cell[support.slot].unwrap_or(0) > 0);
        out.extend(cells.iter().map(present));
    }
    out.extend(plan.encode_rows(local)?);
    let masks = vec![0; plan.masks_len()];
    assert_eq!(out.len() + masks.len(), plan.input_len(), "cells of the local phase");
    let records = plan.path.as_ref().map(|path| path.records(local, plan.study().table.max_rows));
    let kept = plan.path.is_some().then(|| Given::digest(&local.records));
    let records = records.transpose()?.unwrap_or_default();
    Ok(Given { integers: out, masks, records, kept })
}

#[cfg(test)]
mod tests {
    use sharewell_mpc::{Security, protocols};

    use super::*;

    #[test]
    fn every_protocol_is_in_the_list_as_what_its_card_says() {
        struct Withstands;
        impl Work for Withstands {
            type Output = Security;
            fn over<P: Endpoint>(self) -> Security {
                P::SECURITY
            }
        }
        for card in protocols::ALL {
            for ring in [RingKind::Z64, RingKind::Z128] {
                assert_eq!(over(card, ring, Withstands), card.security, "{}", card.name);
            }
        }
    }
}
