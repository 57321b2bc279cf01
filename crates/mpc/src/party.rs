//! One lane of one party: typed vectors, collective patterns, the clock.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytemuck::Pod;
use sharewell_net::{Error as NetError, Frame, Lane, PartyId, Step, Transport};
use sharewell_ring::{hash, reserved};
use zeroize::Zeroizing;

use crate::{Error, Result, Suspects};

/// Bytes of one frame's body, so that computing, encrypting and sending overlap.
/// A multiple of every element's size and of the generator's block.
pub(crate) const TILE_BYTES: usize = 1 << 16;

/// Where a session's first randomness comes from.
#[derive(Debug, Clone, Copy)]
pub enum Entropy {
    /// The operating system.
    System,
    /// A fixed seed, for simulations that replay.
    #[doc(hidden)]
    Seed(u64),
}

impl Entropy {
    /// 32 bytes for one purpose.
    ///
    /// # Errors
    /// [`Error::Entropy`] if the operating system gives none.
    pub fn draw(self, me: PartyId, label: &str) -> Result<Zeroizing<[u8; 32]>> {
        let mut out = Zeroizing::new([0; 32]);
        match self {
            Self::System => getrandom::fill(&mut *out).map_err(|_| Error::Entropy)?,
            Self::Seed(seed) => {
                *out = hash::digest(&[&seed.to_le_bytes(), &[me.0], label.as_bytes()]);
            }
        }
        Ok(out)
    }
}

/// One lane of one party. Frames are numbered and named per lane; a frame that is not the
/// one that the program expects is an error, never data.
pub struct Party {
    link: Arc<dyn Transport>,
    /// Whether the run has ended, on any lane.
    over: Arc<AtomicBool>,
    lane: Lane,
    clock: u32,
    forks: u32,
    round_bytes: u64,
    sent: Vec<u32>,
    received: Vec<u32>,
}

impl std::fmt::Debug for Party {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Party({}, lane {:x}, clock {})", self.link.me(), self.lane.0, self.clock)
    }
}

impl Party {
    /// The first lane over a transport.
    #[must_use]
    pub fn new(link: Arc<dyn Transport>) -> Self {
        let parties = usize::from(link.parties());
        let (sent, received) = (vec![0; parties], vec![0; parties]);
        let over = Arc::default();
        Self { link, over, lane: Lane(0), clock: 0, forks: 0, round_bytes: 0, sent, received }
    }

    /// Which party this is.
    #[must_use]
    pub fn me(&self) -> PartyId {
        self.link.me()
    }

    /// How many parties there are, givers and recipients included.
    #[must_use]
    pub fn parties(&self) -> u8 {
        self.link.parties()
    }

    /// The link below, to abort a run or read a meter.
    #[must_use]
    pub fn link(&self) -> &Arc<dyn Transport> {
        &self.link
    }

    /// This lane.
    #[must_use]
    pub fn lane(&self) -> Lane {
        self.lane
    }

    /// Rounds so far: the longest chain of dependent messages that ends here.
    #[must_use]
    pub fn rounds(&self) -> u32 {
        self.clock
    }

    /// What a round is worth in bytes, here and on all lanes that are forked from now on; the
    /// same at all parties, as [`crate::pace::agree`] gives it. Nothing by itself.
    #[must_use]
    pub fn at_pace(self, round_bytes: u64) -> Self {
        Self { round_bytes, ..self }
    }

    /// What a round is worth in bytes.
    #[must_use]
    pub fn round_bytes(&self) -> u64 {
        self.round_bytes
    }

    /// Starts counting rounds anew.
    pub fn reset_rounds(&mut self) {
        self.clock = 0;
    }

    /// Frames sent to a peer on this lane so far.
    pub(crate) fn sent_to(&self, peer: PartyId) -> u32 {
        self.sent[usize::from(peer.0)]
    }

    /// A child lane: the same one at every party that forks at the same place.
    #[must_use]
    pub fn fork(&mut self) -> Self {
        self.forks += 1;
        let name = hash::digest(&[&self.lane.0.to_le_bytes(), &self.forks.to_le_bytes()]);
        let mut lane = [0; 8];
        lane.copy_from_slice(&name[..8]);
        Self {
            over: self.over.clone(),
            lane: Lane(u64::from_le_bytes(lane)),
            clock: self.clock,
            round_bytes: self.round_bytes,
            ..Self::new(self.link.clone())
        }
    }

    /// Suspects, where they are.
    pub(crate) fn suspects(&self, parties: &[PartyId]) -> Suspects {
        Suspects::new(parties.iter().map(|&party| (party, self.link.place(party))))
    }

    /// Ends the run here, on all lanes: nothing is sent or received any more.
    pub(crate) fn end(&self) {
        self.over.store(true, Ordering::SeqCst);
    }

    /// Whether the run has ended here.
    pub(crate) fn is_over(&self) -> bool {
        self.over.load(Ordering::SeqCst)
    }

    fn goes_on(&self) -> Result<()> {
        if self.is_over() { Err(Error::Ended) } else { Ok(()) }
    }

    /// Takes the clock of a child lane that has ended.
    pub fn absorb(&mut self, child: &Self) {
        self.clock = self.clock.max(child.clock);
    }

    /// Queues a vector for a peer. Nothing is sent for an empty one.
    ///
    /// # Errors
    /// [`Error::Net`] if the link has ended or its queue is full, [`Error::Ended`] if the run has.
    pub fn send<R: Pod>(&mut self, to: PartyId, step: Step, x: &[R]) -> Result<()> {
        self.goes_on()?;
        for tile in x.chunks(TILE_BYTES / size_of::<R>()) {
            let seq = self.sent[usize::from(to.0)];
            self.sent[usize::from(to.0)] += 1;
            let body = bytemuck::cast_slice(tile).to_vec();
            let frame = Frame { lane: self.lane, seq, clock: self.clock, step: step.hash(), body };
            self.link.send(to, step, frame)?;
        }
        Ok(())
    }

    /// Waits for a vector of `len` elements.
    ///
    /// # Errors
    /// [`Error::Net`] if the link fails or the peer is out of step, [`Error::Ended`] if the run has
    /// ended.
    pub fn recv<R: Pod>(&mut self, from: PartyId, step: Step, len: usize) -> Result<Vec<R>> {
        let mut out = reserved(len);
        self.recv_up_to(from, step, len, &mut out)?;
        Ok(out)
    }

    /// Waits for more of a vector, until `len` elements of it are here: whole frames, or all.
    ///
    /// # Errors
    /// As [`Self::recv`].
    pub(crate) fn recv_up_to<R: Pod>(
        &mut self,
        from: PartyId,
        step: Step,
        len: usize,
        out: &mut Vec<R>,
    ) -> Result<()> {
        self.goes_on()?;
        let mut clock = self.clock;
        while out.len() < len {
            let frame = self.link.recv(from, step, self.lane)?;
            let tile_len = (len - out.len()).min(TILE_BYTES / size_of::<R>());
            self.check(from, step, &frame, tile_len * size_of::<R>())?;
            match bytemuck::try_cast_slice(&frame.body) {
                Ok(tile) => out.extend_from_slice(tile),
                // Where the allocator gave bytes less alignment than elements need.
                Err(_) => {
                    out.extend(
                        frame.body.chunks(size_of::<R>()).map(bytemuck::pod_read_unaligned::<R>),
                    );
                }
            }
            clock = clock.max(frame.clock.saturating_add(1));
        }
        self.clock = clock;
        Ok(())
    }

    fn check(&mut self, from: PartyId, step: Step, frame: &Frame, len: usize) -> Result<()> {
        let expected = &mut self.received[usize::from(from.0)];
        let want = *expected;
        *expected += 1;
        let desync = |what, want: u64, got: u64| {
            let at = self.link.place(from);
            Err(NetError::Desync { peer: from, at, step, what, want, got }.into())
        };
        if frame.seq != want {
            return desync("frame number", want.into(), frame.seq.into());
        }
        if frame.step != step.hash() {
            return desync("step", step.hash().into(), frame.step.into());
        }
        if frame.body.len() != len {
            return desync("message length", len as u64, frame.body.len() as u64);
        }
        Ok(())
    }
}
