//! What the kernels do per second, on every back end of this processor.
//!
//! `cargo bench -p sharewell-ring`, or with a part of a name, as in `-- matmul/Z64`.

use std::hint::black_box;
use std::time::Duration;

use criterion::{BenchmarkGroup, BenchmarkId, Criterion, Throughput, measurement::WallTime};
use sharewell_ring::backend::{self, AesBackend, Backend, Counter, Gemm};
use sharewell_ring::{
    Dims, Fp61, Gf64, Integer, Key, Prg, Ring, Wide, Z32, Z64, Z128, Z192, transpose,
};

fn drawn<R: Ring>(len: usize, stream: u64) -> Vec<R> {
    let mut out = vec![R::ZERO; len];
    Prg::new(&Key::from_bytes([1; 16])).fill(stream, 0, &mut out);
    out
}

fn group<'a>(
    c: &'a mut Criterion,
    name: &str,
    per_run: Throughput,
) -> BenchmarkGroup<'a, WallTime> {
    let mut group = c.benchmark_group(name);
    group.throughput(per_run);
    group
}

/// Multiply-adds per second.
fn matmul<R: Gemm>(c: &mut Criterion, ring: &str) {
    let d = Dims { m: 1000, k: 1000, n: 1000 };
    let (x, y) = (drawn::<R>(d.m * d.k, 1), drawn::<R>(d.k * d.n, 2));
    let mut z = vec![R::ZERO; d.m * d.n];
    let mut group = group(c, &format!("matmul/{ring}"), Throughput::Elements(1_000_000_000));
    for on in Backend::available() {
        group.bench_function(BenchmarkId::from_parameter(format!("{on:?}")), |b| {
            b.iter(|| backend::matmul_add(on, &mut z, &x, &y, d));
        });
    }
}

/// Multiply-adds per second of a matrix with a vector.
fn matvec(c: &mut Criterion) {
    let (x, y) = (drawn::<Z64>(1_000_000, 1), drawn::<Z64>(1000, 2));
    let mut z = vec![Z64::ZERO; 1000];
    let mut group = group(c, "matvec/Z64", Throughput::Elements(1_000_000));
    for on in Backend::available() {
        for (shape, d) in
            [("column", Dims { m: 1000, k: 1000, n: 1 }), ("row", Dims { m: 1, k: 1000, n: 1000 })]
        {
            let (x, y) = if d.n == 1 { (&x, &y) } else { (&y, &x) };
            group.bench_function(BenchmarkId::new(shape, format!("{on:?}")), |b| {
                b.iter(|| backend::matmul_add(on, &mut z, x, y, d));
            });
        }
    }
}

/// Bytes per second, in cache and beyond.
fn prg(c: &mut Criterion) {
    for (name, len) in [("64KiB", 64 << 10), ("16MiB", 16 << 20)] {
        let mut out = vec![0; len];
        let mut group = group(c, &format!("prg/{name}"), Throughput::Bytes(len as u64));
        for on in AesBackend::available() {
            let counter = Counter::new(on, &[1; 16]);
            group.bench_function(BenchmarkId::from_parameter(format!("{on:?}")), |b| {
                b.iter(|| counter.fill(1, 0, black_box(&mut out)));
            });
        }
    }
    let prg = Prg::new(&Key::from_bytes([1; 16]));
    let mut out = vec![Z64::ZERO; 4096];
    let mut group = group(c, "prg", Throughput::Bytes(4096 * 8));
    group.bench_function("fill_add/Z64x4096", |b| b.iter(|| prg.fill_add(1, 0, &mut out)));
}

/// Elements per second of one replicated product, in a tile that fits the caches.
fn cross_add<R: Ring>(c: &mut Criterion, ring: &str) {
    let [x0, x1, y0, y1] = [1, 2, 3, 4].map(|stream| drawn::<R>(4096, stream));
    let mut z = drawn::<R>(4096, 5);
    let mut group = group(c, &format!("cross_add/{ring}x4096"), Throughput::Elements(4096));
    for on in Backend::available() {
        group.bench_function(BenchmarkId::from_parameter(format!("{on:?}")), |b| {
            b.iter(|| backend::cross_add(on, &mut z, [&x0, &x1], [&y0, &y1]));
        });
    }
}

/// Elements per second of a replicated product in GF(2^64).
fn cross_add_gf64(c: &mut Criterion) {
    let [x0, x1, y0, y1] = [1, 2, 3, 4].map(|stream| drawn::<Gf64>(4096, stream));
    let mut z = drawn::<Gf64>(4096, 5);
    let mut group = group(c, "cross_add/Gf64x4096", Throughput::Elements(4096));
    for on in Backend::available() {
        group.bench_function(BenchmarkId::from_parameter(format!("{on:?}")), |b| {
            b.iter(|| backend::gf64::cross_add(on, &mut z, [&x0, &x1], [&y0, &y1]));
        });
    }
}

/// Elements per second into random linear combinations, and onto the wire and back.
fn wide<W: Wide>(c: &mut Criterion, ring: &str, width: usize) {
    let x = drawn::<W>(4096, 1);
    let by = [2, 3].map(|i| drawn::<Z64>(4096, i).iter().map(|by| by.0).collect::<Vec<_>>());
    let (mut bytes, mut out) = (vec![], vec![]);
    W::pack(&x, width, &mut bytes);
    let mut group = group(c, &format!("wide/{ring}x4096"), Throughput::Elements(4096));
    group.bench_function("one sum", |b| b.iter(|| W::weighted_sum(&x, &by[0])));
    group.bench_function("two sums", |b| b.iter(|| W::weighted_sums(&x, [&by[0], &by[1]])));
    group.bench_function(BenchmarkId::new("unpack", width), |b| {
        b.iter(|| {
            out.clear();
            W::unpack(&bytes, width, &mut out);
        });
    });
    group.bench_function(BenchmarkId::new("pack", width), |b| {
        b.iter(|| {
            bytes.clear();
            W::pack(&x, width, &mut bytes);
        });
    });
}

/// Bytes of values per second, to `width` planes and back.
fn planes<R: Integer>(c: &mut Criterion, ring: &str, width: usize) {
    const LEN: usize = 1 << 16;
    let mut values = drawn::<R>(LEN, 1);
    let mut words = vec![0; LEN / 64 * width];
    let name = format!("planes/{ring}/{width}");
    let mut group = group(c, &name, Throughput::Bytes((LEN * R::BYTES) as u64));
    for on in Backend::available() {
        group.bench_function(BenchmarkId::new("slice", format!("{on:?}")), |b| {
            b.iter(|| backend::slice_bits(on, &mut words, &values));
        });
        group.bench_function(BenchmarkId::new("unslice", format!("{on:?}")), |b| {
            b.iter(|| backend::unslice_bits(on, &mut values, &words));
        });
    }
}

/// Gates per second of the first level of a proof, which takes one correlation and looks four
/// sums up.
fn signs(c: &mut Criterion) {
    const WORDS: usize = 1 << 14;
    const ROWS: usize = 16;
    let words: Vec<Z64> = drawn(6 * WORDS, 1);
    let words: Vec<&[u64]> = words.chunks(WORDS).map(bytemuck::must_cast_slice).collect();
    let (left, right) = ([words[0], words[1], words[2]], [words[3], words[4], words[5]]);
    let tables = vec![[Fp61::HALF; 8]; ROWS];
    let mut out = vec![Fp61::ZERO; 64 * WORDS / ROWS];
    let mut group = group(c, "signs", Throughput::Elements(64 * WORDS as u64));
    for on in Backend::available() {
        group.bench_function(BenchmarkId::new("correlate", format!("{on:?}")), |b| {
            b.iter(|| backend::correlate(on, left, right, ROWS));
        });
        group.bench_function(BenchmarkId::new("look_up", format!("{on:?}")), |b| {
            b.iter(|| backend::look_up(on, left, &tables, &mut out));
        });
    }
}

/// Elements per second of a later level, which takes one product of polynomials and four folds.
fn field(c: &mut Criterion) {
    const LEN: usize = 1 << 16;
    const NODES: usize = 8;
    let x: Vec<Fp61> = drawn::<Z64>(LEN, 1).into_iter().map(|x| Fp61::new(x.0)).collect();
    let weights = Fp61::lagrange(NODES, x[0]);
    let mut out = vec![Fp61::ZERO; LEN / NODES];
    let mut group = group(c, "field", Throughput::Elements(LEN as u64));
    for on in Backend::available() {
        group.bench_function(BenchmarkId::new("products", format!("{on:?}")), |b| {
            b.iter(|| backend::field_products(on, &x, &x, NODES));
        });
        group.bench_function(BenchmarkId::new("fold", format!("{on:?}")), |b| {
            b.iter(|| backend::field_fold(on, &mut out, &x, &weights));
        });
    }
}

/// Bytes per second of a transpose out of place.
fn transposes(c: &mut Criterion) {
    let x = drawn::<Z64>(1_000_000, 1);
    let mut group = group(c, "transpose", Throughput::Bytes(8_000_000));
    group.bench_function("Z64/1000x1000", |b| b.iter(|| transpose(&x, 1000, 1000)));
}

fn main() {
    let mut c = Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_secs(1))
        .without_plots()
        .configure_from_args();
    matmul::<Z32>(&mut c, "Z32");
    matmul::<Z64>(&mut c, "Z64");
    matmul::<Z128>(&mut c, "Z128");
    matvec(&mut c);
    prg(&mut c);
    cross_add::<Z32>(&mut c, "Z32");
    cross_add::<Z64>(&mut c, "Z64");
    cross_add::<Z128>(&mut c, "Z128");
    cross_add::<Z192>(&mut c, "Z192");
    cross_add_gf64(&mut c);
    wide::<Z128>(&mut c, "Z128", 13);
    wide::<Z192>(&mut c, "Z192", 21);
    wide::<Gf64>(&mut c, "Gf64", 8);
    planes::<Z32>(&mut c, "Z32", 32);
    planes::<Z64>(&mut c, "Z64", 64);
    planes::<Z64>(&mut c, "Z64", 16);
    planes::<Z128>(&mut c, "Z128", 128);
    signs(&mut c);
    field(&mut c);
    transposes(&mut c);
    c.final_summary();
}
