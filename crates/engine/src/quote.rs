//! The price of a run, before anybody has consented: it is the program itself, counted.

use std::time::Duration;

use serde::Serialize;
use sharewell_mpc::pace;

use crate::{Plan, dispatch};

/// What a run will cost.
#[derive(Clone, Debug, Serialize, PartialEq)]
pub struct Quote {
    /// The longest chain of dependent messages, set-up and farewell left out.
    pub rounds: u32,
    /// Payload bytes of the party that sends most.
    pub bytes_per_party: u64,
    /// Payload bytes per link.
    pub links: Vec<LinkBytes>,
    /// Payload and frame headers of all links together; encryption adds about 0.2 %.
    pub wire_bytes: u64,
    /// Bytes that one compute party holds at a time in the secure phase, at most: shares, what
    /// operations hold beside them, and messages under way; not the program itself, its links'
    /// buffers and its own rows.
    pub memory_bytes: u64,
    /// Network time under usual conditions.
    pub estimates: Vec<Estimate>,
}

/// Bytes from one party to another.
#[derive(Clone, Debug, Serialize, PartialEq, Eq)]
pub struct LinkBytes {
    /// Sender's name.
    pub from: String,
    /// Receiver's name.
    pub to: String,
    /// Payload.
    pub bytes: u64,
}

/// Seconds on one kind of network.
#[derive(Clone, Debug, Serialize, PartialEq)]
pub struct Estimate {
    /// What kind.
    pub network: &'static str,
    /// Round-trip time in seconds.
    pub rtt_s: f64,
    /// Bandwidth of each link in bits per second.
    pub bits_per_s: f64,
    /// Seconds that messages travel.
    pub seconds: f64,
    /// Rounds there: fewer, where they are worth more than bytes.
    pub rounds: u32,
    /// Payload bytes there of the party that sends most.
    pub bytes_per_party: u64,
}

/// A usual condition.
pub(crate) struct Network {
    name: &'static str,
    rtt_s: f64,
    bits_per_s: f64,
}

pub(crate) const LAN: Network = Network { name: "LAN", rtt_s: 0.5e-3, bits_per_s: 1e9 };
const WAN: Network = Network { name: "WAN", rtt_s: 50e-3, bits_per_s: 100e6 };

impl Network {
    pub(crate) fn estimate(&self, plan: &Plan) -> Estimate {
        let &Self { name: network, rtt_s, bits_per_s } = self;
        let travel = Duration::from_secs_f64(rtt_s / 2.0);
        let worth = pace::round_bytes(travel, bits_per_s / 8.0);
        let there = dispatch::quote(plan, worth).tallied;
        Estimate {
            network,
            rtt_s,
            bits_per_s,
            seconds: there.network_seconds(rtt_s, bits_per_s),
            rounds: there.rounds,
            bytes_per_party: there.bytes_per_party(),
        }
    }
}

impl Plan {
    /// What the run takes on links as they were measured.
    #[must_use]
    pub fn estimate_on(&self, rtt_s: f64, bits_per_s: f64) -> Estimate {
        Network { name: "network as measured", rtt_s, bits_per_s }.estimate(self)
    }
}

impl Quote {
    pub(crate) fn of(plan: &Plan, round_bytes: u64) -> Self {
        let dry = dispatch::quote(plan, round_bytes);
        let tallied = dry.tallied;
        let name = |place: u8| plan.study.parties[plan.order[usize::from(place)]].name.clone();
        let links = tallied.links.iter().map(|(&(from, to), &bytes)| LinkBytes {
            from: name(from),
            to: name(to),
            bytes,
        });
        Self {
            rounds: tallied.rounds,
            bytes_per_party: tallied.bytes_per_party(),
            links: links.collect(),
            wire_bytes: tallied.wire_bytes(),
            memory_bytes: dry.memory_bytes,
            estimates: [LAN, WAN].iter().map(|network| network.estimate(plan)).collect(),
        }
    }
}
