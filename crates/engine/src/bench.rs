//! The primitive operations, timed over real links and checked.
//!
//! Inputs are shared before the clock starts and results are opened after it stops; what is
//! timed is the operation on shares, in the 64-bit ring, between its first and last message.

use std::net::TcpListener;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sharewell_mpc::protocols::rep3::Rep3;
use sharewell_mpc::{Arithmetic, Entropy, Party, Protocol, Result, circuit};
use sharewell_net::{
    Identity, Limits, Metered, PartyId, PublicKey, Shaped, Step, Transport, Wan, tls,
};
use sharewell_ring::{Dims, Integer, Key, Prg, Ring, Z64};

use crate::run::cpu_seconds;
use crate::{Error, Peer, Wide};

/// An operation that can be timed.
#[derive(Clone, Copy, Debug)]
pub struct Op {
    /// Its name.
    pub name: &'static str,
    /// Elements of each operand if nothing else is asked for; of a matrix, its side.
    pub n: usize,
    /// What it does.
    pub what: &'static str,
}

/// All of them.
pub const OPS: &[Op] = &[
    Op { name: "input", n: 1_000_000, what: "one party shares n integers" },
    Op { name: "reveal", n: 1_000_000, what: "n integers opened to all" },
    Op { name: "mul", n: 1_000_000, what: "n products of integers" },
    Op { name: "mul_trunc", n: 1_000_000, what: "n products of fixed point, 16 fractional bits" },
    Op { name: "dot", n: 1_000_000, what: "one inner product of length n" },
    Op { name: "matmul", n: 1_000, what: "product of two n x n matrices of integers" },
    Op { name: "matmul_trunc", n: 1_000, what: "product of two n x n matrices of fixed point" },
    Op { name: "trunc", n: 1_000_000, what: "n truncations by 16 bits" },
    Op { name: "trunc_exact", n: 1_000_000, what: "n exact divisions by 2^16" },
    Op { name: "and", n: 1_000_000, what: "n ANDs of 64-bit words" },
    Op { name: "a2b", n: 1_000_000, what: "the 64 bits of n integers" },
    Op { name: "b2a", n: 1_000_000, what: "n bits into the ring" },
    Op { name: "msb", n: 1_000_000, what: "the signs of n 64-bit integers" },
    Op { name: "less_than", n: 1_000_000, what: "n comparisons of 63-bit integers" },
    Op { name: "equal", n: 1_000_000, what: "n tests of 64-bit equality" },
    Op { name: "select", n: 1_000_000, what: "n choices by a secret bit" },
];

/// One party's place among the three.
#[derive(Debug)]
pub struct Seat {
    /// 0, 1 or 2.
    pub me: u8,
    /// Its key.
    pub identity: Identity,
    /// Its listening socket.
    pub listener: TcpListener,
    /// Keys and addresses of all three.
    pub peers: Vec<Peer>,
    /// Makes every link as slow as this.
    pub wide: Option<Wide>,
}

/// One repetition at one party.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Sample {
    /// Start, by the machine's monotonic clock.
    pub start_s: f64,
    /// End, by the same clock.
    pub end_s: f64,
    /// Processor seconds of this process.
    pub cpu_s: f64,
    /// Payload bytes that this party sent.
    pub bytes_sent: u64,
    /// Rounds.
    pub rounds: u32,
    /// Whether the opened result was right.
    pub right: bool,
}

const READY: Step = Step("bench ready");
const FRAC_BITS: u32 = 16;

/// Times an operation: one warm-up, then `repeat` repetitions.
///
/// # Errors
/// As [`crate::run`].
///
/// # Panics
/// If there is no such operation.
pub fn run(
    op: &str,
    n: usize,
    repeat: usize,
    seat: Seat,
) -> std::result::Result<Vec<Sample>, Error> {
    let op = OPS.iter().find(|known| known.name == op).expect("an operation of the list");
    let roster = seat.peers.iter().enumerate().map(|(i, peer)| tls::Peer {
        name: format!("bench_{i}"),
        key: PublicKey(peer.key),
        address: peer.address.clone(),
    });
    let config = tls::Config {
        listener: Some(seat.listener),
        limits: Limits { queued_bytes: 4 << 30, ..Limits::default() },
        ..tls::Config::new(PartyId(seat.me), seat.identity, roster.collect(), [0; 32])
    };
    let link = tls::connect(config)?;
    let link: Arc<dyn Transport> = match seat.wide {
        Some(Wide { rtt, bits_per_s }) => Arc::new(Shaped::new(link, Wan { rtt, bits_per_s })?),
        None => Arc::new(link),
    };
    let link = Arc::new(Metered::new(link));
    let mut main = Party::new(link.clone());
    let mut barrier = main.fork();
    let mut p = Rep3::<Z64>::connect(main, &[0; 32], Entropy::System)?;
    let mut samples = vec![];
    for repetition in 0..=repeat {
        let sample = time(&mut p, &mut barrier, &link, op, n)?;
        if repetition > 0 {
            samples.push(sample);
        }
    }
    Ok(samples)
}

/// Known operands: `x` of party 0, `y` of party 1, below 2^20 in magnitude; bits for choices.
fn operands(op: &Op, n: usize) -> [Vec<Z64>; 2] {
    let len = if op.name.starts_with("matmul") { n * n } else { n };
    [1, 2].map(|stream| {
        let mut x = vec![Z64::ZERO; len];
        Prg::new(&Key([7; 16])).fill(stream, 0, &mut x);
        x.iter_mut().for_each(|x| *x = Z64::from_i128(x.to_i128() >> 43));
        x
    })
}

/// What an operation gives.
enum Product {
    Integers(<Rep3<Z64> as Arithmetic>::AShare),
    Bits(<Rep3<Z64> as Protocol>::BShare),
}

fn time(
    p: &mut Rep3<Z64>,
    barrier: &mut Party,
    link: &Metered<Arc<dyn Transport>>,
    op: &Op,
    n: usize,
) -> Result<Sample> {
    let me = usize::from(barrier.me().0);
    let values = operands(op, n);
    let mine = values.get(me).map_or(&[][..], |x| x);
    let lens = [values[0].len(), values[1].len(), 0];
    let shares = p.input(mine, &lens)?;
    let width = if op.name == "and" { 64 } else { 1 };
    let bits = [p.random_bits(lens[0], width)?, p.random_bits(lens[0], width)?];

    // Everybody starts together, with clocks at zero.
    meet(barrier)?;
    p.reset_rounds();
    let before = link.meter();
    let (start_s, cpu) = (monotonic_seconds(), cpu_seconds());
    let product = perform(p, op, n, mine, &shares, &bits)?;
    let (end_s, cpu_s) = (monotonic_seconds(), cpu_seconds() - cpu);
    let bytes_sent = (link.meter() - &before).total().sent.bytes;
    let rounds = p.party().rounds();

    let right = match product {
        Product::Integers(product) => {
            let opened = p.reveal(&product)?;
            opened.iter().enumerate().all(|(i, z)| is_right(op, n, &values, i, *z))
        }
        Product::Bits(product) => {
            let opened = p.reveal_bits(&product)?;
            let both = [p.reveal_bits(&bits[0])?, p.reveal_bits(&bits[1])?];
            let bits = both.map(|bits| bits.to_values::<Z64>());
            let opened: Vec<Z64> = opened.to_values();
            let values = if op.name == "and" { &bits } else { &values };
            opened.iter().enumerate().all(|(i, z)| is_right(op, n, values, i, *z))
        }
    };
    Ok(Sample { start_s, end_s, cpu_s, bytes_sent, rounds, right })
}

fn perform(
    p: &mut Rep3<Z64>,
    op: &Op,
    n: usize,
    mine: &[Z64],
    shares: &[<Rep3<Z64> as Arithmetic>::AShare],
    bits: &[<Rep3<Z64> as Protocol>::BShare; 2],
) -> Result<Product> {
    let (x, y) = (&shares[0], &shares[1]);
    let dims = Dims { m: n, k: n, n };
    let first_giver = p.party().me().0 == 0;
    Ok(match op.name {
        "input" => {
            let mine = if first_giver { mine } else { &[] };
            Product::Integers(p.input(mine, &[n, 0, 0])?.swap_remove(0))
        }
        "reveal" => {
            let opened = p.reveal(x)?;
            Product::Integers(p.public(&opened))
        }
        "mul" => Product::Integers(p.mul(x, y)?),
        "mul_trunc" => Product::Integers(p.mul_trunc(x, y, FRAC_BITS)?),
        "dot" => Product::Integers(p.dot(x, y, 1)?),
        "matmul" => Product::Integers(p.matmul(x, y, dims)?),
        "matmul_trunc" => Product::Integers(p.matmul_trunc(x, y, dims, FRAC_BITS)?),
        "trunc" => Product::Integers(p.trunc(x, FRAC_BITS)?),
        "trunc_exact" => Product::Integers(p.trunc_exact(x, FRAC_BITS)?),
        "select" => Product::Integers(circuit::select(p, &bits[0], x, y)?),
        "b2a" => Product::Integers(p.b2a(&bits[0])?),
        "and" => Product::Bits(p.and(&bits[0], &bits[1])?),
        "a2b" => Product::Bits(p.a2b(x, 64)?),
        "msb" => Product::Bits(p.msb(x, 64)?),
        "less_than" => Product::Bits(circuit::less_than(p, x, y, 63)?),
        "equal" => Product::Bits(circuit::equal(p, x, y, 64)?),
        other => unreachable!("`{other}` is in the list and nowhere here"),
    })
}

/// Whether element `i` of a result is what the operation should give.
fn is_right(op: &Op, n: usize, [x, y]: &[Vec<Z64>; 2], i: usize, z: Z64) -> bool {
    let bit = |bit: bool| Z64(bit.into());
    let rounded = |exact: i128| (0..=1).contains(&(z.to_i128() - (exact >> FRAC_BITS)));
    let product = |x: &[Z64], y: &[Z64], i: usize| -> Z64 {
        let column = y.iter().skip(i % n).step_by(n);
        x[i / n * n..].iter().zip(column).take(n).fold(Z64::ZERO, |sum, (x, y)| sum + *x * *y)
    };
    // Every thousandth element of a matrix product: each costs a whole row and column.
    let sampled = i.is_multiple_of(997);
    match op.name {
        "input" | "reveal" | "a2b" => z == x[i],
        "mul" => z == x[i] * y[i],
        "mul_trunc" => rounded((x[i] * y[i]).to_i128()),
        "dot" => z == Z64::dot(x, y),
        "matmul" => !sampled || z == product(x, y, i),
        "matmul_trunc" => !sampled || rounded(product(x, y, i).to_i128()),
        "trunc" => rounded(x[i].to_i128()),
        "trunc_exact" => z.to_i128() == x[i].to_i128() >> FRAC_BITS,
        "select" => z == x[i] || z == y[i],
        "b2a" => z.0 <= 1,
        "and" => z.0 == x[i].0 & y[i].0,
        "msb" => z == x[i].msb(),
        "less_than" => z == bit(x[i].to_i128() < y[i].to_i128()),
        "equal" => z == bit(x[i] == y[i]),
        other => unreachable!("`{other}` is in the list and nowhere here"),
    }
}

/// Waits until all three are here.
fn meet(party: &mut Party) -> Result<()> {
    let others: Vec<PartyId> = (0..3).map(PartyId).filter(|p| *p != party.me()).collect();
    others.iter().try_for_each(|peer| party.send(*peer, READY, &[Z64::ONE]))?;
    others.iter().try_for_each(|peer| party.recv::<Z64>(*peer, READY, 1).map(drop))
}

fn monotonic_seconds() -> f64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    time.tv_sec as f64 + time.tv_nsec as f64 * 1e-9
}
