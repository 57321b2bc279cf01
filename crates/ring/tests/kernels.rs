//! Every kernel of every back end against its definition, written out once more here.

use proptest::prelude::*;
use sharewell_ring::backend::{self, Backend, Gemm};
use sharewell_ring::{
    Bits, Dims, Gf64, Integer, Key, Prg, Ring, Wide, Z16, Z32, Z64, Z128, Z192, transpose,
};

/// Elements that are often all zeros or all ones, in part or as a whole.
fn elements<R: Ring>(len: usize, seed: u64) -> Vec<R> {
    let mut out = vec![R::ZERO; len];
    let mut choice = vec![0u8; len];
    Prg::new(&Key::from_bytes([1; 16])).fill(seed, 0, &mut out);
    Prg::new(&Key::from_bytes([2; 16])).fill_bytes(seed, 0, &mut choice);
    for (x, choice) in out.iter_mut().zip(choice) {
        match choice % 8 {
            0 => *x = R::ZERO,
            1 => bytemuck::bytes_of_mut(x).fill(0xff),
            2 => *x = R::ONE,
            3 => bytemuck::bytes_of_mut(x)[0] = 0xff,
            4 => bytemuck::bytes_of_mut(x).iter_mut().skip(1).step_by(2).for_each(|b| *b = 0xff),
            _ => {}
        }
    }
    out
}

fn product<R: Ring>(z: &[R], x: &[R], y: &[R], d: Dims) -> Vec<R> {
    let mut z = z.to_vec();
    for i in 0..d.m {
        for j in 0..d.n {
            for l in 0..d.k {
                z[i * d.n + j] = z[i * d.n + j] + x[i * d.k + l] * y[l * d.n + j];
            }
        }
    }
    z
}

fn check_matmul<R: Gemm>(d: Dims, seed: u64) {
    let (x, y) = (elements::<R>(d.m * d.k, seed), elements::<R>(d.k * d.n, seed + 1));
    let z = elements::<R>(d.m * d.n, seed + 2);
    let want = product(&z, &x, &y, d);
    for on in Backend::available() {
        let mut got = z.clone();
        backend::matmul_add(on, &mut got, &x, &y, d);
        assert_eq!(got, want, "{on:?} {d:?}");
        let mut got = z.clone();
        R::blocked(on, &mut got, &x, &y, d);
        assert_eq!(got, want, "blocked, {on:?} {d:?}");
    }
}

fn check_matmul_104(d: Dims, seed: u64) {
    let [x, y, z] = [d.m * d.k, d.k * d.n, d.m * d.n].map(|len| elements::<Z128>(len, seed));
    let low = |x: &[Z128]| x.iter().map(|x| x.0 << 24).collect::<Vec<_>>();
    let want = low(&product(&z, &x, &y, d));
    for on in Backend::available() {
        let mut got = z.clone();
        backend::matmul_add_104(on, &mut got, &x, &y, d);
        assert_eq!(low(&got), want, "{on:?} {d:?}");
    }
}

fn check_loops<R: Gemm>(len: usize, seed: u64) {
    let [z, x0, x1, y0, y1] = [0, 1, 2, 3, 4].map(|i| elements::<R>(len, seed + i));
    let each = |f: &dyn Fn(usize) -> R| (0..len).map(f).collect::<Vec<_>>();
    for on in Backend::available() {
        let mut got = z.clone();
        backend::add_assign(on, &mut got, &x0);
        assert_eq!(got, each(&|i| z[i] + x0[i]), "{on:?}");
        let mut got = z.clone();
        backend::sub_assign(on, &mut got, &x0);
        assert_eq!(got, each(&|i| z[i] - x0[i]), "{on:?}");
        let mut got = z.clone();
        backend::mul_assign(on, &mut got, &x0);
        assert_eq!(got, each(&|i| z[i] * x0[i]), "{on:?}");
        let mut got = z.clone();
        backend::cross_add(on, &mut got, [&x0, &x1], [&y0, &y1]);
        assert_eq!(got, each(&|i| z[i] + x0[i] * (y0[i] + y1[i]) + x1[i] * y0[i]), "{on:?}");
        let mut got = z.clone();
        backend::mul_add(on, &mut got, &x0, &y0);
        assert_eq!(got, each(&|i| z[i] + x0[i] * y0[i]), "{on:?}");
        let mut got = x0.clone();
        let ones = |i: usize| if i.is_multiple_of(3) { R::ONE } else { R::ZERO };
        backend::choose_assign(on, &mut got, &y0, &each(&ones));
        assert_eq!(got, each(&|i| if i.is_multiple_of(3) { y0[i] } else { x0[i] }), "{on:?}");
        let want = (0..len).fold(R::ZERO, |sum, i| sum + x0[i] * y0[i]);
        assert_eq!(backend::dot(on, &x0, &y0), want, "{on:?}");
    }
}

fn check_bits<R: Integer>(len: usize, by: u32, seed: u64) {
    let (x, y) = (elements::<R>(len, seed), elements::<R>(len, seed + 1));
    let narrow = elements::<Z16>(len, seed + 2);
    let each = |f: &dyn Fn(usize) -> R| (0..len).map(f).collect::<Vec<_>>();
    for on in Backend::available() {
        let mut got = x.clone();
        backend::shr_assign(on, &mut got, by);
        assert_eq!(got, each(&|i| x[i].shr(by)), "{on:?}");
        let mut got = x.clone();
        backend::sub_shl(on, &mut got, &y, by);
        assert_eq!(got, each(&|i| x[i] - y[i].shl(by)), "{on:?}");
        let mut got = x.clone();
        backend::sub_shl(on, &mut got, &narrow, by);
        assert_eq!(got, each(&|i| x[i] - R::from_u128(narrow[i].to_u128()).shl(by)), "{on:?}");
        let mut bits = vec![!0; len.div_ceil(64)];
        backend::top_bits(on, &mut bits, &x);
        let bit = |i: usize| R::from_u128(u128::from(bits[i / 64] >> (i % 64) & 1));
        assert_eq!(each(&|i| x[i].msb()), each(&bit), "{on:?}");
        let padding = bits.last().map_or(0, |last| last >> 1 >> ((len - 1) % 64));
        assert_eq!(padding, 0, "{on:?}");
        backend::lift(on, &mut got, &bits);
        assert_eq!(got, each(&bit), "{on:?}");
    }
}

/// The product in GF(2^64), a bit at a time.
fn gf64_product(x: Gf64, y: Gf64) -> Gf64 {
    let double = |x: u64| x << 1 ^ if x >> 63 == 1 { 0x1b } else { 0 };
    let step = |sum: u64, i: u32| double(sum) ^ if y.0 >> i & 1 == 1 { x.0 } else { 0 };
    Gf64((0..64).rev().fold(0, step))
}

fn check_gf64(len: usize, seed: u64) {
    let [z, x0, x1, y0, y1] = [0, 1, 2, 3, 4].map(|i| elements::<Gf64>(len, seed + i));
    let mul = |x: Gf64, y: Gf64| gf64_product(x, y).0;
    let each = |f: &dyn Fn(usize) -> u64| (0..len).map(f).map(Gf64).collect::<Vec<_>>();
    for on in Backend::available() {
        let mut got = x0.clone();
        backend::gf64::mul_assign(on, &mut got, &y0);
        assert_eq!(got, each(&|i| mul(x0[i], y0[i])), "{on:?}");
        let mut got = z.clone();
        backend::gf64::mul_add(on, &mut got, &x0, &y0);
        assert_eq!(got, each(&|i| z[i].0 ^ mul(x0[i], y0[i])), "{on:?}");
        let mut got = z.clone();
        backend::gf64::cross_add(on, &mut got, [&x0, &x1], [&y0, &y1]);
        let cross = |i: usize| mul(x0[i], y0[i]) ^ mul(x0[i], y1[i]) ^ mul(x1[i], y0[i]);
        assert_eq!(got, each(&|i| z[i].0 ^ cross(i)), "{on:?}");
        let mut got = x0.clone();
        let ones = each(&|i| u64::from(i.is_multiple_of(3)));
        backend::gf64::choose_assign(on, &mut got, &y0, &ones);
        assert_eq!(got, each(&|i| if i.is_multiple_of(3) { y0[i].0 } else { x0[i].0 }), "{on:?}");
        let want = (0..len).fold(0, |sum, i| sum ^ mul(x0[i], y0[i]));
        assert_eq!(backend::gf64::dot(on, &x0, &y0), Gf64(want), "{on:?}");
    }
}

/// An element with a word of its value and zeros above.
fn coefficient<R: Ring>(by: u64) -> R {
    let mut out = R::ZERO;
    bytemuck::bytes_of_mut(&mut out)[..8].copy_from_slice(&by.to_le_bytes());
    out
}

fn check_weighted_sums<W: Wide>(len: usize, seed: u64) {
    let x = elements::<W>(len, seed);
    let by = [1, 2].map(|i| elements::<Z64>(len, seed + i).iter().map(|r| r.0).collect::<Vec<_>>());
    let want = by.each_ref().map(|by| {
        let terms = x.iter().zip(by).map(|(&x, &by)| x * coefficient(by));
        terms.fold(W::ZERO, |sum, term| sum + term)
    });
    assert_eq!(W::weighted_sums(&x, [&by[0], &by[1]]), want);
    assert_eq!(W::weighted_sum(&x, &by[1]), want[1]);
}

fn check_packing<W: Wide>(len: usize, width: usize, seed: u64) {
    let x = elements::<W>(len, seed);
    let narrow = |x: &W| bytemuck::bytes_of(x)[..width].to_vec();
    let mut bytes = vec![7; 3];
    W::pack(&x, width, &mut bytes);
    assert_eq!(bytes[..3], [7; 3]);
    assert_eq!(bytes[3..], x.iter().flat_map(narrow).collect::<Vec<_>>());
    let mut got = vec![W::ONE];
    W::unpack(&bytes[3..], width, &mut got);
    assert_eq!(got.len(), 1 + len);
    assert_eq!(got[0], W::ONE);
    for (got, x) in got[1..].iter().zip(&x) {
        assert_eq!(bytemuck::bytes_of(got)[..width], narrow(x));
        assert!(bytemuck::bytes_of(got)[width..].iter().all(|&b| b == 0));
    }
}

macro_rules! for_each_ring {
    ($check:ident($($arg:expr),*)) => {
        $check::<Z16>($($arg),*);
        $check::<Z32>($($arg),*);
        $check::<Z64>($($arg),*);
        $check::<Z128>($($arg),*);
        $check::<Z192>($($arg),*);
        $check::<Gf64>($($arg),*);
        $check::<Bits>($($arg),*);
    };
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn matrix_products_equal_their_definition(
        m in 0usize..40, k in 0usize..40, n in 0usize..70, seed: u32,
    ) {
        for_each_ring!(check_matmul(Dims { m, k, n }, seed.into()));
        check_matmul_104(Dims { m, k, n }, seed.into());
    }

    #[test]
    fn loops_equal_their_definition(len in 0usize..200, seed: u32) {
        for_each_ring!(check_loops(len, seed.into()));
    }

    #[test]
    fn loops_over_integers_equal_their_definition(len in 0usize..200, by in 0u32..130, seed: u32) {
        check_bits::<Z16>(len, by, seed.into());
        check_bits::<Z32>(len, by, seed.into());
        check_bits::<Z64>(len, by, seed.into());
        check_bits::<Z128>(len, by, seed.into());
    }

    #[test]
    fn loops_over_gf64_equal_their_definition(len in 0usize..100, seed: u32) {
        check_gf64(len, seed.into());
    }

    #[test]
    fn weighted_sums_equal_their_definition(len in 0usize..1200, seed: u32) {
        check_weighted_sums::<Z128>(len, seed.into());
        check_weighted_sums::<Z192>(len, seed.into());
        check_weighted_sums::<Gf64>(len, seed.into());
    }

    #[test]
    fn packed_elements_keep_their_low_bytes(
        len in 0usize..300, widths in (1usize..=16, 1usize..=24, 1usize..=8), seed: u32,
    ) {
        for width in [9, 13, 16, widths.0] {
            check_packing::<Z128>(len, width, seed.into());
        }
        for width in [21, 24, widths.1] {
            check_packing::<Z192>(len, width, seed.into());
        }
        for width in [8, widths.2] {
            check_packing::<Gf64>(len, width, seed.into());
        }
    }

    #[test]
    fn transposing_moves_every_element(rows in 0usize..50, cols in 0usize..50, seed: u32) {
        let x = elements::<Z32>(rows * cols, seed.into());
        let got = transpose(&x, rows, cols);
        for (i, j) in (0..rows).flat_map(|i| (0..cols).map(move |j| (i, j))) {
            prop_assert_eq!(got[j * rows + i], x[i * cols + j]);
        }
        prop_assert_eq!(transpose(&got, cols, rows), x);
    }
}

#[test]
fn matrix_products_that_span_several_blocks_equal_their_definition() {
    for (m, k, n) in [(401, 7, 9), (7, 801, 9), (9, 8, 2051), (13, 603, 103), (1, 600, 600)] {
        for_each_ring!(check_matmul(Dims { m, k, n }, 5));
        check_matmul_104(Dims { m, k, n }, 5);
    }
    check_matmul::<Z64>(Dims { m: 100, k: 520, n: 1030 }, 6);
}

/// The sums inside a tile are as large as they can be.
#[test]
fn matrix_products_of_greatest_elements_do_not_overflow_inside() {
    let d = Dims { m: 16, k: 2000, n: 16 };
    let greatest = vec![Z128(u128::MAX); 16 * 2000];
    for on in Backend::available() {
        let mut z = vec![Z128(0); 16 * 16];
        backend::matmul_add(on, &mut z, &greatest, &greatest, d);
        assert!(z.iter().all(|&z| z == Z128(2000)), "{on:?}");
        backend::matmul_add_104(on, &mut z, &greatest, &greatest, d);
        assert!(z.iter().all(|&z| z.0 << 24 == 4000 << 24), "{on:?}");
    }
}
