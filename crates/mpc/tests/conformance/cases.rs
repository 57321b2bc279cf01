//! One program for each operation, at the edges of its range.

use sharewell_mpc::Split;
use sharewell_ring::{Dims, Integer, hash};

use crate::choice;
use crate::program::{Op, Program};

/// One operation, and by how many units its ring elements may lie above `Plain`'s.
pub(crate) struct Case<R> {
    pub(crate) name: &'static str,
    pub(crate) program: Program<R>,
    pub(crate) slack: i128,
}

/// Pseudo-random 128-bit numbers.
pub(crate) fn noise(seed: u64) -> impl FnMut() -> i128 {
    let mut count = 0u64;
    move || {
        count += 1;
        let digest = hash::digest(&[&seed.to_le_bytes(), &count.to_le_bytes()]);
        i128::from_le_bytes(digest[..16].try_into().unwrap())
    }
}

/// `n` values of `-2^(bits-1) <= x < 2^(bits-1)`, the edges first; every `stride`-th value
/// goes to the next edge, so that two vectors of different strides meet at all pairs.
pub(crate) fn edges<R: Integer>(n: usize, bits: u32, stride: usize, seed: u64) -> Vec<R> {
    let unused = 128 - bits;
    let (min, max) = (i128::MIN >> unused, i128::MAX >> unused);
    let edges = [0, 1, -1, min, max, min + 1, max - 1, max / 2, min / 2, 3];
    let edges = edges.map(|x: i128| x.clamp(min, max));
    let mut noise = noise(seed);
    let count = edges.len() * edges.len();
    let value =
        |i: usize| if i < count { edges[i / stride % edges.len()] } else { noise() >> unused };
    (0..n).map(value).map(R::from_i128).collect()
}

/// Fixed-point values whose products stay just below `2^(BITS-2)`.
fn factors<R: Integer>(n: usize) -> [Vec<R>; 2] {
    let half = (R::BITS - 2) / 2;
    // [-2^half, 2^half) times the same without -2^half, which would reach the limit.
    let x = edges::<R>(n, half + 1, 1, 5);
    let y = edges::<R>(n, half + 1, 10, 6).into_iter().map(|y| y.to_i128().max(1 - (1 << half)));
    [x, y.map(R::from_i128).collect()]
}

/// All operations on vectors of `n` elements; whatever is local, also in the largest ranges.
pub(crate) fn all<R: Integer>(n: usize) -> Vec<Case<R>> {
    let mut out = ring_operations(n);
    out.extend(truncations(n));
    out.extend(bit_operations(n));
    out.extend(comparisons(n));
    out.extend(choice::cases(n));
    out.extend(movements(n));
    out
}

pub(crate) fn case<R: Integer>(
    name: &'static str,
    inputs: [&[R]; 3],
    ops: impl IntoIterator<Item = Op<R>>,
) -> Case<R> {
    let inputs = inputs.map(<[R]>::to_vec).to_vec();
    Case { name, program: Program { inputs, ops: ops.into_iter().collect() }, slack: 0 }
}

fn ring_operations<R: Integer>(n: usize) -> Vec<Case<R>> {
    let any = |stride, seed| edges::<R>(n, R::BITS, stride, seed);
    let (x, y, z) = (any(1, 1), any(10, 2), any(3, 3));
    let all = [x.as_slice(), &y, &z];
    let wide = edges::<R>(2 * n, R::BITS, 1, 7);
    let rows = edges::<R>(3 * n, R::BITS, 3, 8);
    let backwards: Vec<usize> = (0..n).rev().chain(0..n.min(3)).collect();
    let d = Dims { m: n.min(9), k: 7, n: 5 };
    let left = edges::<R>(d.m * d.k, R::BITS, 1, 9);
    let right = edges::<R>(d.k * d.n, R::BITS, 10, 10);
    let deep = Dims { m: 1, k: n, n: 1 };
    let broad = Dims { m: 9, k: 8, n: 11 };
    let tall = edges::<R>(broad.m * broad.k, R::BITS, 1, 14);
    let wider = edges::<R>(broad.k * broad.n, R::BITS, 10, 15);
    vec![
        case("input", all, []),
        case("public", [&[]; 3], [Op::Public(x.clone())]),
        case("add", all, [Op::Add(0, 1)]),
        case("sub", all, [Op::Sub(0, 1)]),
        case("scale", all, [Op::Scale(0, y.clone()), Op::Scale(1, vec![R::from_i128(-3)])]),
        case("gather", all, [Op::Gather(0, backwards)]),
        case("concat", all, [Op::Concat(0, 2)]),
        case("split", all, [Op::Split(0, n / 3)]),
        case("sum", [&wide, &rows, &[]], [Op::Sum(0, 2), Op::Sum(1, n)]),
        case("mul", all, [Op::Mul(0, 1)]),
        case("mul of sums", all, [Op::Add(0, 1), Op::Mul(3, 2), Op::Mul(4, 4)]),
        case("dot", [&wide, &wide, &rows], [Op::Dot(0, 1, 2), Op::Dot(2, 2, n)]),
        case("prefix_sum", all, [Op::PrefixSum(0)]),
        case("mul_sum", [&wide, &wide, &rows], [Op::MulSum(0, 1, 2), Op::MulSum(2, 2, 3)]),
        case("matmul", [&left, &right, &[]], [Op::Matmul(0, 1, d)]),
        case(
            "matmul of whole matrices",
            [&tall, &wider, &[]],
            [Op::Matmul(0, 1, broad), Op::Matmul(0, 1, broad)],
        ),
        case("matmul by vectors", all, [Op::Matmul(0, 1, deep)]),
    ]
}

fn truncations<R: Integer>(n: usize) -> Vec<Case<R>> {
    let x = edges::<R>(n, R::BITS - 1, 1, 11);
    let [a, b] = factors::<R>(n);
    let small = |len, seed| edges::<R>(len, R::BITS / 2 - 3, 1, seed);
    let d = Dims { m: n.min(9), k: 7, n: 5 };
    let (left, right) = (small(d.m * d.k, 12), small(d.k * d.n, 13));
    let widest = R::BITS - 2;
    let mut out = vec![
        case("trunc_exact", [&x, &[], &[]], [Op::TruncExact(0, 16)]),
        case("trunc_exact by one", [&x, &[], &[]], [Op::TruncExact(0, 1)]),
        case("trunc_exact by nothing", [&x, &[], &[]], [Op::TruncExact(0, 0)]),
        case("trunc_exact by most", [&x, &[], &[]], [Op::TruncExact(0, widest)]),
        case("trunc by nothing", [&x, &[], &[]], [Op::Trunc(0, 0), Op::MulTrunc(0, 0, 0)]),
    ];
    for by in [1, 16, 17, widest] {
        out.push(Case { slack: 1, ..case("trunc", [&x, &[], &[]], [Op::Trunc(0, by)]) });
        out.push(Case { slack: 1, ..case("mul_trunc", [&a, &b, &[]], [Op::MulTrunc(0, 1, by)]) });
    }
    let ops = [Op::MatmulTrunc(0, 1, d, 13), Op::MatmulTrunc(0, 1, d, 0)];
    out.push(Case { slack: 1, ..case("matmul_trunc", [&left, &right, &[]], ops) });
    out
}

fn bit_operations<R: Integer>(n: usize) -> Vec<Case<R>> {
    let width = R::BITS as usize;
    let (x, y) = (edges::<R>(n, R::BITS, 1, 21), edges::<R>(n, R::BITS, 10, 22));
    let bits = |x: &[R]| Op::PublicBits(x.to_vec(), width);
    let pick = vec![3, 0, width - 1, 3];
    let none = [&[] as &[R]; 3];
    let (a, b) = (Op::A2b(0, R::BITS), Op::A2b(1, R::BITS));
    vec![
        case("public_bits, xor, not", none, [bits(&x), bits(&y), Op::Xor(0, 1), Op::Not(2)]),
        case("mask", [&x, &[], &[]], [a.clone(), Op::Mask(0, y.clone())]),
        case("pick and stack", none, [bits(&x), bits(&y), Op::Pick(0, pick), Op::Stack(1, 2)]),
        case("and", [&x, &y, &[]], [a.clone(), b, Op::And(0, 1)]),
        case("a2b", [&x, &[], &[]], [a, Op::A2b(0, 9), Op::A2b(0, 1)]),
        case("b2a", [&x, &[], &[]], [Op::A2b(0, 5), Op::B2a(0), Op::Pick(0, vec![4]), Op::B2a(1)]),
        case("b2a_dot", [&x, &[], &[]], [Op::A2b(0, 5), Op::B2aDot(0, weights(5))]),
        case(
            "mul_bits",
            [&x, &[], &edges::<R>(5 * n, R::BITS, 3, 23)],
            [Op::A2b(0, 5), Op::MulBits(0, 2)],
        ),
        case("all_ones", none, [Op::PublicBits(x.clone(), 3), Op::AllOnes(0)]),
        case("suffix_or", [&x, &[], &[]], [Op::A2b(0, 11), Op::SuffixOr(0)]),
    ]
}

/// An integer's bits, and combinations that wrap.
fn weights<R: Integer>(width: usize) -> Vec<Vec<R>> {
    let integer = (0..width).map(|bit| R::ONE.shl(bit as u32)).collect();
    vec![integer, edges(width, R::BITS, 1, 23), vec![R::ZERO; width]]
}

fn comparisons<R: Integer>(n: usize) -> Vec<Case<R>> {
    let whole = R::BITS - 1;
    let (x, y) = (edges::<R>(n, whole, 1, 31), edges::<R>(n, whole, 10, 32));
    let (any, small) = (edges::<R>(n, R::BITS, 1, 33), edges::<R>(n, 12, 1, 34));
    let near = edges::<R>(n, 12, 10, 35);
    let xy = [x.as_slice(), &y, &[]];
    let narrow = [small.as_slice(), &near, &[]];
    let other = edges::<R>(n, R::BITS, 10, 36);
    let whole_ring = [any.as_slice(), &other, &[]];
    vec![
        case("msb", [&any, &small, &[]], [Op::Msb(0, R::BITS), Op::Msb(1, 12)]),
        case("is_zero", [&any, &small, &[]], [Op::IsZero(0, R::BITS), Op::IsZero(1, 12)]),
        case("equal", xy, [Op::Equal(0, 1, R::BITS)]),
        case("equal of few bits", narrow, [Op::Equal(0, 1, 12)]),
        case("less_than", xy, [Op::LessThan(0, 1, whole)]),
        case("less_than of all bits", whole_ring, [Op::LessThan(0, 1, R::BITS)]),
        case("less_than of few bits", narrow, [Op::LessThan(0, 1, 12)]),
        case("min and max", xy, [Op::Min(0, 1, whole), Op::Max(0, 1, whole)]),
        case("select", [&small, &any, &x], [Op::Msb(0, 12), Op::Select(0, 1, 2)]),
        case(
            "less_than_public",
            [&small, &any, &[]],
            [
                Op::A2b(0, 12),
                Op::LessThanPublic(0, vec![0, 1, 2, 1000, 1001, 1 << 11, 4094, 4095, 1 << 12]),
                Op::A2b(1, R::BITS),
                Op::LessThanPublic(2, vec![u128::MAX >> (128 - R::BITS), 1, 77 << 20]),
            ],
        ),
        case("fork", narrow, [Op::Fork(0, 1, 12), Op::Mul(0, 1), Op::Fork(1, 0, 12)]),
    ]
}

/// A permutation of `n` rows: every third one, backwards, for `n` that is no multiple of 3.
fn destinations<R: Integer>(n: usize) -> Vec<R> {
    let step = if n.is_multiple_of(3) { 1 } else { 3 };
    (0..n).map(|i| R::from_u128(((n - i) * step % n) as u128)).collect()
}

fn movements<R: Integer>(n: usize) -> Vec<Case<R>> {
    let (x, y) = (edges::<R>(n, R::BITS, 1, 41), edges::<R>(n, R::BITS, 10, 42));
    let hot = |width| [Op::A2b(0, width), Op::OneHot(0)];
    let bits = [Op::A2b(0, R::BITS), Op::A2b(1, 7), Op::Stack(0, 1)];
    let place = [
        Op::Public(destinations::<R>(n)),
        Op::Place(3, 1, 2),
        Op::Place(3, 4, 3),
        Op::Shuffle(5, 0),
        Op::Place(3, 6, 1),
    ];
    vec![
        case("one_hot of 1", [&x, &[], &[]], hot(1)),
        case("one_hot of 2", [&x, &[], &[]], hot(2)),
        case("one_hot of 5", [&x, &[], &[]], hot(5)),
        case("shuffle", [&x, &y, &[]], [bits.as_slice(), &[Op::Shuffle(0, 2)]].concat()),
        case("place", [&x, &y, &[]], [bits.as_slice(), &place].concat()),
    ]
}

/// Programs of the operations whose messages depend on secrets, with nothing opened.
pub(crate) fn unopened<R: Integer>(n: usize, inputs: [R; 3]) -> Vec<(&'static str, Program<R>)> {
    let by = R::BITS / 4;
    let d = Dims { m: n / 8, k: 8, n: 8 };
    let summands = Op::Summands(0, R::BITS, Split::Sum);
    let ops: [(&str, Vec<Op<R>>); 19] = [
        ("input", vec![]),
        ("mul", vec![Op::Mul(0, 1)]),
        ("square", vec![Op::Mul(0, 0)]),
        ("matmul", vec![Op::Gather(0, (0..64).collect()), Op::Matmul(1, 3, d)]),
        ("mul_sum", vec![Op::MulSum(0, 1, 1)]),
        ("one_hot", vec![Op::Summands(0, 1, Split::Sum), Op::OneHot(0)]),
        ("shuffle", vec![Op::Summands(1, 64, Split::Sum), Op::Shuffle(0, 0)]),
        ("summands", vec![summands.clone(), Op::Summands(1, 9, Split::Difference)]),
        ("and", vec![summands, Op::And(0, 1), Op::And(2, 2)]),
        ("b2a", vec![Op::Msb(0, 8), Op::B2a(0)]),
        ("b2a_dot", vec![Op::A2b(0, 5), Op::B2aDot(0, weights(5))]),
        ("mul_bits", vec![Op::Msb(0, 8), Op::MulBits(0, 1)]),
        ("a2b", vec![Op::A2b(0, 9)]),
        ("trunc", vec![Op::Trunc(0, by)]),
        ("mul_trunc", vec![Op::MulTrunc(0, 1, by)]),
        ("trunc_exact", vec![Op::TruncExact(0, 5)]),
        ("msb", vec![Op::Msb(0, R::BITS)]),
        ("fork", vec![Op::Fork(0, 1, 12), Op::Fork(1, 0, 12)]),
        ("select", vec![Op::LessThan(0, 1, 12), Op::Select(0, 0, 1)]),
    ];
    let inputs = inputs.map(|x| vec![x; n]).to_vec();
    ops.into_iter().map(|(name, ops)| (name, Program { inputs: inputs.clone(), ops })).collect()
}
