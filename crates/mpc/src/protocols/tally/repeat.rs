//! Programs that are run again and again: counted until nothing changes, and then multiplied.

use std::collections::BTreeMap;

use sharewell_ring::Integer;

use super::{Tallied, Tally};
use crate::{Owing, Result};

/// What tells what the same program costs now from what it costs later.
#[derive(PartialEq)]
struct Standing {
    /// Above the earliest of them.
    clocks: Vec<u32>,
    turn: u32,
    owed: Owing,
    held: u64,
}

/// What only grows.
struct Count {
    clocks: Vec<u32>,
    tallied: Tallied,
    shuffles: u32,
    path: u64,
}

impl<R: Integer> Tally<R> {
    /// All that what follows depends on.
    fn standing(&self) -> Standing {
        let least = self.clocks.iter().min().copied().unwrap_or(0);
        let clocks = self.clocks.iter().map(|clock| clock - least).collect();
        let turn = self.shuffles % u32::from(self.card.parties);
        Standing { clocks, turn, owed: self.owed, held: self.meter.now() }
    }

    fn count(&self) -> Count {
        let Self { clocks, tallied, shuffles, path, .. } = self;
        Count { clocks: clocks.clone(), tallied: tallied.clone(), shuffles: *shuffles, path: *path }
    }

    /// Adds again, so many times, what was counted since.
    fn again(&mut self, since: &Count, times: usize) {
        let factor = u32::try_from(times).unwrap_or(u32::MAX);
        let more = |now: &mut u32, since: u32| {
            *now = now.saturating_add((*now - since).saturating_mul(factor));
        };
        let more_of = |now: &mut BTreeMap<(u8, u8), u64>, since: &BTreeMap<(u8, u8), u64>| {
            for (link, now) in now {
                *now += (*now - since.get(link).copied().unwrap_or(0)) * times as u64;
            }
        };
        self.clocks.iter_mut().zip(&since.clocks).for_each(|(now, since)| more(now, *since));
        more(&mut self.shuffles, since.shuffles);
        more_of(&mut self.tallied.links, &since.tallied.links);
        more_of(&mut self.tallied.frames, &since.tallied.frames);
        self.path += (self.path - since.path) * times as u64;
    }

    /// Runs a program until it begins as it began before: from there on everything is as it was.
    pub(super) fn cycle(
        &mut self,
        times: usize,
        mut program: impl FnMut(&mut Self, usize) -> Result<()>,
    ) -> Result<()> {
        let mut before: Vec<(Standing, Count)> = vec![];
        for at in 0..times {
            let now = self.standing();
            let same = before.iter().position(|(then, _)| *then == now);
            if let (Some(then), None) = (same, &self.log) {
                let period = at - then;
                let whole = (times - at) / period;
                self.again(&before[then].1, whole);
                return (at + whole * period..times).try_for_each(|at| program(self, at));
            }
            before.push((now, self.count()));
            program(self, at)?;
        }
        Ok(())
    }
}
