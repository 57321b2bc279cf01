//! One kernel or one operation, alone inside a function that a profiler can find by its name:
//! `bench/instructions` counts what happens between its first and its last instruction.
//!
//! `instructions NAME N` runs it: an operation of the catalogue, or a kernel after `kernel `.

use std::hint::black_box;

use sharewell_engine::catalogue::{self, Draw, Given, Operation, Visitor};
use sharewell_mpc::protocols::rep3::Rep3;
use sharewell_mpc::sim::Sim;
use sharewell_ring::backend::{self, Backend};
use sharewell_ring::{Bits, Dims, Key, Prg, Ring, Z64, transpose};

#[inline(never)]
fn measured<T>(work: impl FnOnce() -> T) -> T {
    black_box(work())
}

fn drawn<R: Ring>(len: usize, stream: u64) -> Vec<R> {
    let mut out = vec![R::ZERO; len];
    Prg::new(&Key::from_bytes([1; 16])).fill(stream, 0, &mut out);
    out
}

fn kernel(name: &str, n: usize) {
    let on = Backend::best();
    let [x0, x1, y0, y1] = [1, 2, 3, 4].map(|stream| drawn::<Z64>(n, stream));
    match name {
        "gemm" => {
            let (x, y, mut z) = (drawn::<Z64>(n * n, 1), drawn(n * n, 2), vec![Z64::ZERO; n * n]);
            measured(|| Z64::matmul_add(&mut z, &x, &y, Dims { m: n, k: n, n }));
        }
        "prg" => {
            let (prg, mut out) = (Prg::new(&Key::from_bytes([1; 16])), vec![Z64::ZERO; n / 8]);
            measured(|| prg.fill(1, 0, &mut out));
        }
        "cross_add" => {
            let mut z = drawn::<Z64>(n, 5);
            measured(|| Z64::cross_add(&mut z, [&x0, &x1], [&y0, &y1]));
        }
        "and" => {
            let words = |x: &[Z64]| x.iter().map(|x| Bits(x.0)).collect::<Vec<_>>();
            let [x0, x1, y0, y1] = [&x0, &x1, &y0, &y1].map(|x| words(x));
            let mut z = words(&drawn::<Z64>(n, 5));
            measured(|| Bits::cross_add(&mut z, [&x0, &x1], [&y0, &y1]));
        }
        "slice_bits" => {
            let mut words = vec![0; n];
            measured(|| backend::slice_bits(on, &mut words, &x0));
        }
        "unslice_bits" => {
            let (mut x, words) = (x0, x1.iter().map(|x| x.0).collect::<Vec<_>>());
            measured(|| backend::unslice_bits(on, &mut x, &words));
        }
        "transpose" => {
            let x = drawn::<Z64>(n * n, 1);
            black_box(measured(|| transpose(&x, n, n)));
        }
        _ => panic!("no kernel `{name}`"),
    }
}

/// An operation at three parties in one process.
struct Measured<'a>(&'a str, usize);

impl Visitor for Measured<'_> {
    fn visit<O: Operation>(&mut self, operation: &O) {
        if operation.card().name != self.0 {
            return;
        }
        let operands = operation.operands::<Z64>(self.1, &mut Draw::new(7));
        let outcome = Sim::new(3).run(|party, entropy| {
            let me = usize::from(party.me().0);
            let mut p = Rep3::<Z64>::connect(party, &[0; 32], entropy)?;
            let given = Given::share(&mut p, self.1, &operands, Some(me))?;
            measured(|| operation.run(&mut p, &given))
        });
        outcome.values().expect("honest links");
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [name, n] = &arguments[..] else { panic!("a name and a size") };
    let n = n.parse().expect("a size");
    match name.strip_prefix("kernel ") {
        Some(name) => kernel(name, n),
        None => catalogue::each(&mut Measured(name, n)),
    }
}
