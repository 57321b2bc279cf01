//! What a party holds at a time: never more than is quoted, and in operations on each element
//! by itself no more, beside operands and results, than a chunk needs. In a process of its own,
//! for its memory is measured.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Barrier, Mutex};

use peak_alloc::PeakAlloc;
use sharewell_engine::catalogue::{self, Card, Draw, Given, Operation, Visitor};
use sharewell_mpc::CHUNK;
use sharewell_mpc::protocols::rep3::{self, Rep3};
use sharewell_mpc::protocols::tally::Tally;
use sharewell_mpc::sim::Sim;
use sharewell_ring::{Integer, Z64, Z128};
use sharewell_tensor::FUNCTION_CHUNK;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// Whoever measures is alone.
static ALONE: Mutex<()> = Mutex::new(());

/// Bytes that one party holds beside its operands, and beside its results too.
struct Quoted {
    most: u64,
    beside: u64,
}

fn quoted(operation: &impl Operation, n: usize) -> Quoted {
    match operation.card().ring_bits {
        64 => quoted_in::<Z64>(operation, n),
        _ => quoted_in::<Z128>(operation, n),
    }
}

fn quoted_in<R: Integer>(operation: &impl Operation, n: usize) -> Quoted {
    let mut tally = Tally::<R>::new(&rep3::CARD, 3);
    let operands = operation.operands::<R>(n, &mut Draw::new(0));
    let given = Given::free(&tally, n, &operands);
    let before = tally.held_bytes();
    tally.reset_memory();
    let results = operation.run(&mut tally, &given).expect("no links");
    let (most, after) = (tally.memory_bytes(), tally.held_bytes());
    drop(results);
    // Tensors are copies of what is given.
    let copies = if operation.card().group == "Numeric" { before } else { 0 };
    Quoted { most: most - before, beside: most - after - copies }
}

/// Bytes that three parties in one process hold beside their operands, at most.
fn measured(operation: &impl Operation, n: usize) -> usize {
    match operation.card().ring_bits {
        64 => measured_in::<Z64>(operation, n),
        _ => measured_in::<Z128>(operation, n),
    }
}

fn measured_in<R: Integer>(operation: &impl Operation, n: usize) -> usize {
    let operands = operation.operands::<R>(n, &mut Draw::new(0));
    let (all_here, before) = (Barrier::new(3), AtomicUsize::new(0));
    let outcome = Sim::new(3).run(|party, entropy| {
        let me = usize::from(party.me().0);
        let mut p = Rep3::<R>::connect(party, &[0; 32], entropy)?;
        let given = Given::share(&mut p, n, &operands, Some(me))?;
        if all_here.wait().is_leader() {
            before.store(MEMORY.current_usage(), Ordering::SeqCst);
            MEMORY.reset_peak_usage();
        }
        all_here.wait();
        let results = operation.run(&mut p, &given);
        all_here.wait();
        let most = MEMORY.peak_usage();
        all_here.wait();
        results.map(|_| most)
    });
    outcome.values().expect("honest links")[0] - before.into_inner()
}

/// Operations whose memory is compared with its quote.
struct Compared;
impl Visitor for Compared {
    fn visit<O: Operation>(&mut self, operation: &O) {
        let card = operation.card();
        // Long enough that buffers of a fixed size weigh little.
        let n = match operation.sizes().last() {
            Some(8_209) => 30_011,
            last => last.copied().unwrap_or(0),
        };
        let (quoted, measured) = (quoted(operation, n).most, measured(operation, n));
        let all = 3 * (quoted + SLACK_BYTES);
        assert!(measured as u64 <= all, "{} of {n}: {measured} above {all}", card.name);
    }
}

/// Tiles that are worked on, and what a simulation notes of each frame.
const SLACK_BYTES: u64 = 1 << 19;

#[test]
fn no_party_holds_more_than_is_quoted() {
    let _alone = ALONE.lock();
    catalogue::each(&mut Compared);
}

/// What takes each element by itself, and how long its chunks are at most.
fn chunk(card: &Card) -> Option<usize> {
    let whole = [
        "input",
        "random",
        "reveal",
        "reveal_to",
        "dot",
        "matmul",
        "matmul_trunc",
        "argmax",
        "top_k",
        "random_bits",
        "reveal_bits",
        "max of rows",
    ];
    match card.group {
        _ if whole.contains(&card.name) => None,
        "Ring" | "Comparison" | "Bits" => Some(3 * CHUNK),
        "Numeric" | "Sampling" => Some(FUNCTION_CHUNK),
        _ => None,
    }
}

struct Table(String);
impl Visitor for Table {
    fn visit<O: Operation>(&mut self, operation: &O) {
        let card = operation.card();
        let cell = if let Some(chunk) = chunk(&card) {
            let [two, three] = [2, 3].map(|chunks| quoted(operation, chunks * chunk).beside);
            assert!(three <= two, "{} holds {two} bytes, then {three}", card.name);
            format!("{:.0} MiB at most", two as f64 / f64::from(1 << 20))
        } else {
            let beside = quoted(operation, card.n).beside as f64;
            format!("{:.0} bytes per element", beside / card.unit.elements(card.n) as f64)
        };
        self.0 += &format!("| `{}` | {cell} |\n", card.name);
    }
}

#[test]
fn beside_operands_and_results_a_party_holds_what_is_documented_however_long_they_are() {
    let _alone = ALONE.lock();
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/memory.md");
    let old = std::fs::read_to_string(path).expect("docs/memory.md");
    let head = old.split("| operation |").next().unwrap_or_default();
    let mut table = Table(format!("{head}| operation | bytes |\n|---|---|\n"));
    catalogue::each(&mut table);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(path, &table.0).expect("docs/memory.md is written");
    }
    let golden = std::fs::read_to_string(path).expect("docs/memory.md");
    assert!(table.0 == golden, "memory differs from {path}; UPDATE_GOLDEN=1 rewrites it");
}
