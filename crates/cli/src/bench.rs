//! `sharewell bench`: the operations of the catalogue, three processes over TLS on loopback.

use std::time::Duration;

use clap::Args;
use clap::builder::PossibleValuesParser;
use serde::{Deserialize, Serialize};
use sharewell_engine::bench::{self, Sample};
use sharewell_engine::catalogue::Card;

use crate::children;
use crate::failure::Failure;
use crate::progress::Progress;
use crate::show;
use crate::talk::{Order, Task};
use crate::units::Distance;

/// Columns of an operation's name.
const WIDTH: usize = 20;

/// Measure operations: three processes over TLS on loopback.
///
/// Inputs are shared beforehand, results stay shared; one run warms up, and every result is opened
/// and checked after the clock has stopped. Without `--op`, all operations in turn.
#[derive(Args)]
#[command(after_help = after_help())]
pub(crate) struct Bench {
    /// The operation
    #[arg(long, value_parser = PossibleValuesParser::new(bench::operations().into_iter().map(|op| op.name)),
          hide_possible_values = true)]
    op: Option<String>,
    /// The protocol
    #[arg(long, default_value = bench::protocols()[0],
          value_parser = PossibleValuesParser::new(bench::protocols()))]
    protocol: String,
    /// Elements of each operand; of a square matrix, its side
    #[arg(long, requires = "op", value_parser = clap::value_parser!(u32).range(1..=100_000_000))]
    n: Option<u32>,
    /// Timed runs; the one with the median time is printed
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=1000))]
    repeat: u32,
    #[command(flatten)]
    distance: Distance,
    /// What a round is worth in bytes, instead of what the parties find their links to be: 0 takes
    /// the variants of fewest bytes
    #[arg(long, value_name = "BYTES", value_parser = clap::value_parser!(u64).range(..=1 << 40))]
    round_bytes: Option<u64>,
    /// Do not run anything: tell what the operations cost over such links
    #[arg(long, requires = "rtt")]
    quote: bool,
    /// Print JSON, a line for each operation, as docs/json.md describes it
    #[arg(long)]
    json: bool,
}

fn after_help() -> String {
    let mut text = "Operations, with their usual n:\n".to_owned();
    for Card { name, n, what, .. } in bench::operations() {
        text += &format!("  {name:WIDTH$} {:>9}  {what}\n", show::thousands(n as u64));
    }
    text + "\nExamples:\n  sharewell bench --op mul --n 1000000 --json\n  \
            sharewell bench --op less_than --rtt 50ms --bandwidth 100mbit\n  \
            sharewell bench --op mul --protocol rep3-malicious"
}

/// What one party reports.
#[derive(Serialize, Deserialize)]
pub(crate) struct Samples {
    pub(crate) samples: Vec<Sample>,
    pub(crate) peak_rss_bytes: Option<u64>,
}

/// One operation's measurement.
#[derive(Clone, Serialize)]
struct Row {
    protocol: String,
    op: &'static str,
    n: usize,
    /// From the first party's start to the last one's end.
    wall_s: f64,
    /// Of all parties.
    cpu_s: f64,
    /// Of the party that sends most.
    bytes_per_party: u64,
    rounds: u32,
    /// What a round was worth in bytes: by that the operation chose among its variants.
    round_bytes: u64,
    /// Elements per second; of matrix products, multiply-accumulates per second.
    rate_per_s: f64,
    /// Of the largest process, everything included.
    peak_rss_bytes: Option<u64>,
}

/// One operation's quote.
#[derive(Serialize)]
struct Quoted<'a> {
    protocol: &'a str,
    op: &'static str,
    n: usize,
    /// That messages travel.
    network_s: f64,
    bytes_per_party: u64,
    rounds: u32,
    round_bytes: u64,
}

impl Bench {
    pub(crate) fn run(self) -> Result<(), Failure> {
        if self.quote {
            return self.quotes();
        }
        let chosen = |op: &Card| self.op.as_ref().is_none_or(|name| name == op.name);
        if !self.json {
            show::out(&format!(
                "{:WIDTH$}{:>12}{:>11}{:>11}{:>16}{:>8}{:>14}\n",
                "operation", "n", "time", "CPU", "bytes / party", "rounds", "M per second"
            ));
        }
        for op in bench::operations().into_iter().filter(chosen) {
            let row = self.measure(&op)?;
            show::out(&if self.json {
                serde_json::to_string(&row).expect("names and numbers") + "\n"
            } else {
                format!(
                    "{:WIDTH$}{:>12}{:>11}{:>11}{:>16}{:>8}{:>14.3}\n",
                    row.op,
                    show::thousands(row.n as u64),
                    show::seconds(row.wall_s),
                    show::seconds(row.cpu_s),
                    show::thousands(row.bytes_per_party),
                    row.rounds,
                    row.rate_per_s / 1e6
                )
            });
        }
        Ok(())
    }

    fn quotes(&self) -> Result<(), Failure> {
        let wide = self.distance.wide().ok_or_else(|| {
            Failure::Usage("--quote needs the distance that it is for: --rtt".to_owned())
        })?;
        let round_bytes = self.round_bytes.unwrap_or_else(|| bench::round_bytes(wide));
        let chosen = |op: &Card| self.op.as_ref().is_none_or(|name| name == op.name);
        for op in bench::operations().into_iter().filter(chosen) {
            let n = self.n.map_or(op.n, |n| n as usize);
            let tallied = bench::quote(&self.protocol, op.name, n, round_bytes);
            let quoted = Quoted {
                protocol: &self.protocol,
                op: op.name,
                n,
                network_s: tallied.network_seconds(wide.rtt.as_secs_f64(), wide.bits_per_s as f64),
                bytes_per_party: tallied.bytes_per_party(),
                rounds: tallied.rounds,
                round_bytes,
            };
            show::out(&if self.json {
                serde_json::to_string(&quoted).expect("names and numbers") + "\n"
            } else {
                format!(
                    "{:WIDTH$}{:>12}{:>11}{:>16} bytes / party{:>8} rounds\n",
                    quoted.op,
                    show::thousands(n as u64),
                    show::seconds(quoted.network_s),
                    show::thousands(quoted.bytes_per_party),
                    quoted.rounds
                )
            });
        }
        Ok(())
    }

    fn measure(&self, op: &Card) -> Result<Row, Failure> {
        /// Beyond any wait of the protocol.
        const PATIENCE: Duration = Duration::from_secs(60);
        const PARTIES: [&str; 3] = ["bench_0", "bench_1", "bench_2"];
        let n = self.n.map_or(op.n, |n| n as usize);
        let (op_name, repeat) = (op.name.to_owned(), self.repeat as usize);
        let (protocol, round_bytes) = (self.protocol.clone(), self.round_bytes);
        let task = Task::Bench { protocol, op: op_name, n, repeat, round_bytes };
        let order = |(i, name): (usize, &&str)| {
            ((*name).to_owned(), Order::new(task.clone(), i, self.distance.wide()))
        };
        let orders: Vec<_> = PARTIES.iter().enumerate().map(order).collect();
        let finished = children::perform::<Samples>(&orders, PATIENCE, &mut Progress::of([]))?;
        let parties: Vec<Samples> = finished.into_iter().map(|party| party.result).collect();
        let of_repetition =
            |i: usize| parties.iter().map(|party| party.samples[i]).collect::<Vec<Sample>>();
        let mut rows = vec![];
        for samples in (0..self.repeat as usize).map(of_repetition) {
            if !samples.iter().all(|sample| sample.right) {
                let message = format!("{} gave a wrong result, which is a bug", op.name);
                return Err(Failure::Run(message));
            }
            rows.push(row(&self.protocol, op, n, &samples));
        }
        rows.sort_by(|a, b| a.wall_s.total_cmp(&b.wall_s));
        let median = rows[rows.len() / 2].clone();
        let peak = parties.iter().filter_map(|party| party.peak_rss_bytes).max();
        Ok(Row { peak_rss_bytes: peak, ..median })
    }
}

/// One repetition, over the three parties.
fn row(protocol: &str, op: &Card, n: usize, samples: &[Sample]) -> Row {
    let start = samples.iter().map(|s| s.start_s).fold(f64::INFINITY, f64::min);
    let end = samples.iter().map(|s| s.end_s).fold(f64::NEG_INFINITY, f64::max);
    Row {
        protocol: protocol.to_owned(),
        op: op.name,
        n,
        wall_s: end - start,
        cpu_s: samples.iter().map(|s| s.cpu_s).sum(),
        bytes_per_party: samples.iter().map(|s| s.bytes_sent).max().unwrap_or(0),
        rounds: samples.iter().map(|s| s.rounds).max().unwrap_or(0),
        round_bytes: samples.first().map_or(0, |s| s.round_bytes),
        rate_per_s: op.unit.work(n) / (end - start),
        peak_rss_bytes: None,
    }
}
