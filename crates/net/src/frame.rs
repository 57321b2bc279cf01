//! What travels: a frame, and the names in it.

use std::fmt;

/// Longest body of one frame, in bytes. Longer vectors are cut by the floor above; a header that
/// claims more ends the link before anything is allocated.
pub const FRAME_LIMIT: usize = 4 << 20;

/// Bytes that a frame's header takes on the wire.
pub const HEADER_LEN: usize = 32;

/// One of the parties: its place in the study's list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PartyId(pub u8);

impl fmt::Display for PartyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "party {}", self.0)
    }
}

/// One sequence of frames between two parties; many share a link without mixing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Lane(pub u64);

/// Name of a step of a program: static, public and short ("mul", "msb/level").
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Step(pub &'static str);

impl Step {
    /// The name's 32-bit FNV-1a hash, which travels in frames: parties in different branches of a
    /// program notice it. It is the same on every machine and in every version.
    #[must_use]
    pub const fn hash(self) -> u32 {
        let bytes = self.0.as_bytes();
        let mut hash = 0x811c_9dc5_u32;
        let mut i = 0;
        while i < bytes.len() {
            hash = (hash ^ bytes[i] as u32).wrapping_mul(0x0100_0193);
            i += 1;
        }
        hash
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// One message on one lane.
///
/// The floor above numbers, clocks and labels its frames and checks those of its peers; this crate
/// carries the four numbers and never interprets them.
#[derive(Clone, PartialEq, Eq)]
pub struct Frame {
    /// The sequence that this frame belongs to.
    pub lane: Lane,
    /// Its number within the lane.
    pub seq: u32,
    /// The sender's Lamport clock, by which rounds are measured on any run.
    pub clock: u32,
    /// [`Step::hash`] of the step that sent it.
    pub step: u32,
    /// The bytes: a share or a masked value, so never printed.
    pub body: Vec<u8>,
}

impl Frame {
    /// What this frame takes on a link, header included and encryption left out.
    #[must_use]
    pub fn wire_len(&self) -> usize {
        HEADER_LEN + self.body.len()
    }
}

impl fmt::Debug for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Frame")
            .field("lane", &self.lane)
            .field("seq", &self.seq)
            .field("clock", &self.clock)
            .field("step", &self.step)
            .field("body", &format_args!("{} bytes", self.body.len()))
            .finish()
    }
}
