//! What each operation costs the processors of three parties, links left out.
//!
//! `cargo bench -p sharewell-mpc`, or with a part of a name and a length, as in
//! `-- less_than 1000000`, and a protocol, as in `-- mul rep3-malicious`. The parties are threads
//! over links in memory; what is printed is processor time of all three together, the median of
//! several runs, and the quote. Checks that a malicious protocol owes are part of each run.

#![expect(clippy::unwrap_used, reason = "a panic in a benchmark is its report")]
#![expect(clippy::print_stdout, reason = "the report")]

use std::sync::{Arc, Barrier};
use std::thread;

use rustix::time::{ClockId, clock_gettime};
use sharewell_mpc::protocols::rep3::{self, Rep3};
use sharewell_mpc::protocols::rep3_malicious::{self, Rep3Malicious};
use sharewell_mpc::protocols::tally::Tally;
use sharewell_mpc::{Arithmetic, Card, Entropy, Party, Protocol, Result, Split, circuit};
use sharewell_net::{Limits, memory};
use sharewell_ring::{Dims, Planes, Ring, Z64};

/// Runs of which the median counts, after one to warm up.
const RUNS: usize = 7;
/// Elements of a vector if nothing else is asked for.
const LEN: usize = 1_000_000;

const OPS: &[&str] = &[
    "mul",
    "matmul",
    "matmul_trunc",
    "trunc",
    "mul_trunc",
    "trunc_exact",
    "summands",
    "and",
    "b2a",
    "a2b",
    "msb",
    "less_than 63",
    "less_than 32",
    "equal",
    "select",
];

/// Operands of every operation.
struct Operands<P: Protocol> {
    x: P::AShare,
    y: P::AShare,
    bits: P::BShare,
}

fn operands<P: Protocol<Ring = Z64>>(p: &mut P, n: usize) -> Result<Operands<P>> {
    let mine = vec![Z64(5); n];
    let mut shares = p.input(&mine, &[n, n, n])?;
    let bits = p.random_bits(n, 1)?;
    Ok(Operands { x: shares.swap_remove(0), y: shares.swap_remove(0), bits })
}

fn perform<P: Protocol<Ring = Z64>>(p: &mut P, op: &str, at: &Operands<P>, n: usize) -> Result<()> {
    let Operands { x, y, bits } = at;
    let column = Dims { m: n, k: 1, n: 1 };
    match op {
        "mul" => drop(p.mul(x, y)?),
        "matmul_trunc" => drop(p.matmul_trunc(x, &p.public(&[Z64::ONE]), column, 16)?),
        "trunc" => drop(p.trunc(x, 16)?),
        "mul_trunc" => drop(p.mul_trunc(x, y, 16)?),
        "trunc_exact" => drop(p.trunc_exact(x, 16)?),
        "summands" => drop(p.summands(x, 64, Split::Sum)?),
        "and" => drop(p.and(bits, bits)?),
        "b2a" => drop(p.b2a(bits)?),
        "a2b" => drop(p.a2b(x, 64)?),
        "msb" => drop(p.msb(x, 64)?),
        "less_than 63" => drop(circuit::less_than(p, x, y, 63)?),
        "less_than 32" => drop(circuit::less_than(p, x, y, 32)?),
        "equal" => drop(circuit::equal(p, x, y, 64)?),
        "select" => drop(circuit::select(p, bits, x, y)?),
        "matmul" => drop(p.matmul(x, y, square(n))?),
        other => unreachable!("`{other}` is in the list and nowhere here"),
    }
    p.verify()
}

/// A product of square matrices of at most so many elements.
fn square(n: usize) -> Dims {
    let side = n.isqrt();
    Dims { m: side, k: side, n: side }
}

/// Processor seconds of this process so far.
fn cpu_seconds() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 * 1e-9
}

/// Processor seconds of each run of each operation, all parties together.
fn measure<P: Protocol<Ring = Z64>>(
    connect: impl Fn(Party) -> Result<P> + Sync,
    ops: &[&str],
    n: usize,
) -> Vec<Vec<f64>> {
    let limits = Limits { queued_bytes: 8 << 30, ..Limits::default() };
    let together = Barrier::new(3);
    let party = |link| -> Vec<Vec<f64>> {
        let party = Party::new(Arc::new(link));
        let mut p = connect(party).unwrap();
        let at = operands(&mut p, n).unwrap();
        p.verify().unwrap();
        let mut run = |op: &str| {
            together.wait();
            let start = cpu_seconds();
            together.wait();
            perform(&mut p, op, &at, n).unwrap();
            together.wait();
            cpu_seconds() - start
        };
        ops.iter().map(|op| (0..=RUNS).map(|_| run(op)).skip(1).collect()).collect()
    };
    let party = &party;
    thread::scope(|scope| {
        let links = memory::mesh_with(3, limits);
        let parties: Vec<_> =
            links.into_iter().map(|link| scope.spawn(move || party(link))).collect();
        parties.into_iter().map(|party| party.join().unwrap()).next_back().unwrap()
    })
}

fn report(card: &'static Card, op: &str, n: usize, mut seconds: Vec<f64>) {
    seconds.sort_by(f64::total_cmp);
    let nanoseconds = seconds[seconds.len() / 2] * 1e9 / n as f64;
    let mut quote = Tally::<Z64>::new(card, 3);
    let at = operands(&mut quote, n).unwrap();
    quote.verify().unwrap();
    let before = quote.tallied();
    perform(&mut quote, op, &at, n).unwrap();
    let after = quote.tallied();
    let bytes = (after.bytes_per_party() - before.bytes_per_party()) as f64 / n as f64;
    let rounds = after.rounds - before.rounds;
    println!("{op:<14} {nanoseconds:8.1} {bytes:12.2} {rounds:7}");
}

fn main() {
    let asked: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with('-')).collect();
    let n = asked.iter().find_map(|a| a.parse().ok()).unwrap_or(LEN);
    let is_malicious = asked.iter().any(|a| a == rep3_malicious::CARD.name);
    let card = if is_malicious { &rep3_malicious::CARD } else { &rep3::CARD };
    let name = asked.iter().find(|a| a.parse::<usize>().is_err() && *a != card.name);
    let ops: Vec<&str> =
        OPS.iter().copied().filter(|op| name.is_none_or(|name| op.contains(name))).collect();
    println!("{n} elements of Z64, {} words of bits", Planes::words_per_plane(n));
    println!("operation      cpu ns/el    B/el/party  rounds");
    let (session, entropy) = ([0; 32], Entropy::Seed(1));
    let seconds = match is_malicious {
        false => measure(|party| Rep3::connect(party, &session, entropy), &ops, n),
        true => measure(|party| Rep3Malicious::connect(party, &session, entropy), &ops, n),
    };
    for (op, seconds) in ops.iter().zip(seconds) {
        report(card, op, n, seconds);
    }
}
