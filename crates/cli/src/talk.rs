//! What a rehearsal's parent and its children say to each other, a line of JSON each, over the
//! children's standard input and output. No secret passes: a child makes its own key pair.

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sharewell_engine as engine;

use crate::local::Rows;

/// The first line to a child.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Order {
    pub(crate) task: Task,
    /// The child's place: of a study's parties, or of a benchmark's three.
    pub(crate) me: usize,
    wide: Option<(Duration, u64)>,
}

/// What a child is to do.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) enum Task {
    /// One party's part of a study, whose text the parent has read once for all.
    Study { path: PathBuf, text: String },
    /// One of the parties of a benchmark.
    Bench { protocol: String, op: String, n: usize, repeat: usize, round_bytes: Option<u64> },
}

impl Order {
    pub(crate) fn new(task: Task, me: usize, wide: Option<engine::Wide>) -> Self {
        Self { task, me, wide: wide.map(|wide| (wide.rtt, wide.bits_per_s)) }
    }

    pub(crate) fn wide(&self) -> Option<engine::Wide> {
        self.wide.map(|(rtt, bits_per_s)| engine::Wide { rtt, bits_per_s })
    }
}

/// Where a child listens and by which key it is known. The second line to a child holds all of
/// them, in order.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Address {
    pub(crate) key: [u8; 32],
    pub(crate) port: u16,
}

impl From<&Address> for engine::Peer {
    fn from(address: &Address) -> Self {
        Self { key: address.key, address: format!("127.0.0.1:{}", address.port) }
    }
}

/// A line from a child.
#[derive(Serialize, Deserialize)]
pub(crate) enum News {
    /// Its local phase is done and it listens.
    Ready { address: Address, rows: Option<Rows> },
    /// How far it is.
    Stage(Stage),
    /// It has ended well.
    Done(Value),
    /// It has ended without a result.
    Failed { cause: Cause, message: String },
}

/// Where a child stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Stage {
    /// It reads its own records; how many have fitted so far.
    Reading(u64),
    /// It waits for others; why, if it knows.
    Connecting(Option<String>),
    /// Payload bytes sent, and to be sent.
    Computing { sent: u64, of: u64 },
    /// It has the result.
    Finished,
}

impl Stage {
    /// What another process may be told.
    pub(crate) fn of(stage: engine::Stage) -> Option<Self> {
        match stage {
            engine::Stage::Connecting(why) => Some(Self::Connecting(why)),
            engine::Stage::Committed(_) => None,
            engine::Stage::Computing { sent, of } => Some(Self::Computing { sent, of }),
            engine::Stage::Finished => Some(Self::Finished),
        }
    }
}

/// Where the reason of a failure lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Cause {
    /// In the party itself.
    Own,
    /// In what another party did or did not do.
    Others,
}
