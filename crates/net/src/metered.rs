//! A layer that counts: bytes, frames, rounds and waiting, per link and per step.
//!
//! Rounds are measured, not claimed: a frame carries its sender's Lamport clock, a frame of clock
//! `c` ends round `c + 1`, and the step that first sees a later round than any before is charged
//! for it. The sum over steps is the longest chain of dependent messages.

use std::{
    collections::BTreeMap,
    ops::{AddAssign, Sub},
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use crate::{Abort, Frame, HEADER_LEN, Lane, PartyId, Place, Result, Step, Transport};

/// Frames in one direction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flow {
    /// How many.
    pub frames: u64,
    /// Their bodies, in bytes.
    pub bytes: u64,
}

impl Flow {
    /// Bodies and headers, in bytes. Encryption adds 22 bytes to every 16 KiB of them.
    #[must_use]
    pub fn wire_bytes(&self) -> u64 {
        self.bytes + self.frames * HEADER_LEN as u64
    }
}

/// What went over one link, or several, in one step, or several.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// From this party.
    pub sent: Flow,
    /// To this party.
    pub received: Flow,
    /// Rounds that ended with a frame received here.
    pub rounds: u32,
    /// Time spent waiting for frames; of lanes that wait at once, the sum.
    pub blocked: Duration,
}

impl AddAssign for Traffic {
    fn add_assign(&mut self, other: Self) {
        self.sent = self.sent.map(other.sent, |a, b| a + b);
        self.received = self.received.map(other.received, |a, b| a + b);
        self.rounds += other.rounds;
        self.blocked += other.blocked;
    }
}

impl Sub for Traffic {
    type Output = Self;

    fn sub(self, earlier: Self) -> Self {
        Self {
            sent: self.sent.map(earlier.sent, |a, b| a - b),
            received: self.received.map(earlier.received, |a, b| a - b),
            rounds: self.rounds - earlier.rounds,
            blocked: self.blocked - earlier.blocked,
        }
    }
}

impl Flow {
    fn map(self, other: Self, f: impl Fn(u64, u64) -> u64) -> Self {
        Self { frames: f(self.frames, other.frames), bytes: f(self.bytes, other.bytes) }
    }

    fn count(&mut self, frame: &Frame) {
        self.frames += 1;
        self.bytes += frame.body.len() as u64;
    }
}

/// Counts at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Meter {
    entries: BTreeMap<(PartyId, Step), Traffic>,
}

impl Meter {
    /// Every link and step that has seen traffic, in order.
    pub fn iter(&self) -> impl Iterator<Item = (PartyId, Step, Traffic)> + '_ {
        self.entries.iter().map(|((peer, step), traffic)| (*peer, *step, *traffic))
    }

    /// Everything.
    #[must_use]
    pub fn total(&self) -> Traffic {
        self.sum(|_, _| true)
    }

    /// One link.
    #[must_use]
    pub fn peer(&self, peer: PartyId) -> Traffic {
        self.sum(|p, _| p == peer)
    }

    /// One step, over all links.
    #[must_use]
    pub fn step(&self, step: Step) -> Traffic {
        self.sum(|_, s| s == step)
    }

    /// All steps, each over all links.
    #[must_use]
    pub fn steps(&self) -> BTreeMap<Step, Traffic> {
        let mut out: BTreeMap<Step, Traffic> = BTreeMap::new();
        for (_, step, traffic) in self.iter() {
            *out.entry(step).or_default() += traffic;
        }
        out
    }

    fn sum(&self, wanted: impl Fn(PartyId, Step) -> bool) -> Traffic {
        let mut out = Traffic::default();
        self.iter().filter(|(p, s, _)| wanted(*p, *s)).for_each(|(_, _, t)| out += t);
        out
    }
}

/// What was counted since an earlier moment of the same transport.
impl Sub<&Self> for Meter {
    type Output = Self;

    fn sub(mut self, earlier: &Self) -> Self {
        for (key, traffic) in &mut self.entries {
            *traffic = *traffic - earlier.entries.get(key).copied().unwrap_or_default();
        }
        self.entries.retain(|_, traffic| *traffic != Traffic::default());
        self
    }
}

/// Counts what passes to and from the transport below.
#[derive(Debug)]
pub struct Metered<T> {
    inner: T,
    counts: Mutex<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    meter: Meter,
    rounds: u32,
}

impl<T> Metered<T> {
    /// Counts from zero.
    pub fn new(inner: T) -> Self {
        Self { inner, counts: Mutex::default() }
    }

    /// The counts so far. May be read while the program runs.
    pub fn meter(&self) -> Meter {
        self.lock().meter.clone()
    }

    /// Counts rounds from zero again, as the program above does after its set-up. What was
    /// charged to steps before stays.
    pub fn restart_rounds(&self) {
        self.lock().rounds = 0;
    }

    /// The transport below.
    pub fn inner(&self) -> &T {
        &self.inner
    }

    fn lock(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T: Transport> Transport for Metered<T> {
    fn me(&self) -> PartyId {
        self.inner.me()
    }

    fn parties(&self) -> u8 {
        self.inner.parties()
    }

    fn place(&self, peer: PartyId) -> Place {
        self.inner.place(peer)
    }

    fn send(&self, to: PartyId, step: Step, frame: Frame) -> Result<()> {
        self.lock().meter.entries.entry((to, step)).or_default().sent.count(&frame);
        self.inner.send(to, step, frame)
    }

    fn recv(&self, from: PartyId, step: Step, lane: Lane) -> Result<Frame> {
        let start = Instant::now();
        let outcome = self.inner.recv(from, step, lane);
        let blocked = start.elapsed();
        let mut counts = self.lock();
        let rounds = counts.rounds;
        let traffic = counts.meter.entries.entry((from, step)).or_default();
        traffic.blocked += blocked;
        if let Ok(frame) = &outcome {
            traffic.received.count(frame);
            let round = frame.clock.saturating_add(1).max(rounds);
            traffic.rounds += round - rounds;
            counts.rounds = round;
        }
        outcome
    }

    fn abort(&self, reason: Abort) {
        self.inner.abort(reason);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory;

    const MUL: Step = Step("mul");
    const OPEN: Step = Step("open");

    fn frame(clock: u32, len: usize) -> Frame {
        Frame { lane: Lane(0), seq: 0, clock, step: 0, body: vec![0; len] }
    }

    #[test]
    fn bytes_frames_and_rounds_are_exact_per_link_and_step() -> Result<()> {
        let links: Vec<_> = memory::mesh(3).into_iter().map(Metered::new).collect();
        let (zero, one, two) = (PartyId(0), PartyId(1), PartyId(2));
        links[0].send(one, MUL, frame(0, 100))?;
        links[0].send(one, MUL, frame(0, 20))?;
        links[2].send(one, OPEN, frame(0, 7))?;
        links[1].recv(zero, MUL, Lane(0))?;
        let before = links[1].meter();
        links[1].recv(zero, MUL, Lane(0))?;
        links[1].recv(two, OPEN, Lane(0))?;
        links[1].send(two, OPEN, frame(1, 9))?;
        links[2].recv(one, OPEN, Lane(0))?;

        let sent = links[0].meter().total().sent;
        assert_eq!((sent.frames, sent.bytes, sent.wire_bytes()), (2, 120, 120 + 2 * 32));
        let (at_1, since) = (links[1].meter(), links[1].meter() - &before);
        assert_eq!(at_1.peer(zero).received, Flow { frames: 2, bytes: 120 });
        assert_eq!(at_1.step(OPEN).received, Flow { frames: 1, bytes: 7 });
        assert_eq!(at_1.step(OPEN).sent, Flow { frames: 1, bytes: 9 });
        assert_eq!(at_1.total().rounds, 1, "three frames of one round");
        assert_eq!(since.steps()[&MUL].received, Flow { frames: 1, bytes: 20 });
        assert_eq!(links[2].meter().step(OPEN).rounds, 2);
        assert!((at_1.clone() - &at_1).iter().next().is_none());
        Ok(())
    }

    #[test]
    fn time_blocked_is_the_time_waited() {
        let limits = crate::Limits { deadline: Duration::from_millis(30), ..Default::default() };
        let links: Vec<_> = memory::mesh_with(2, limits).into_iter().map(Metered::new).collect();
        assert!(links[0].recv(PartyId(1), MUL, Lane(0)).is_err());
        assert!(links[0].meter().step(MUL).blocked >= Duration::from_millis(30));
    }
}
