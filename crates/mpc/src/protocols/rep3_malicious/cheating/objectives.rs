//! What honest parties want to compute: each primitive by itself, and whole programs.

use sharewell_net::PartyId;
use sharewell_ring::{Dims, Integer, Planes};

use super::super::demand::tests::{LeftOut, leave_out};
use super::super::{Authentic, Authenticated, Rep3Malicious, give, take};
use super::SESSION;
use crate::order::{self, Key};
use crate::sim::{Outcome, Sim};
use crate::{Arithmetic, BitLinear, BitShare, Protocol, Result, Rows, Share, Split, Way, circuit};

/// Elements of each input.
const N: usize = 3;
/// What the compute parties bring, and a giver beside them.
const INPUTS: [[i128; N]; 4] = [[-7, 11, 9], [5, 3, 10], [1, 0, 1], [-2, 8, 4]];

/// What a program gives out.
#[derive(Default)]
pub(super) struct Shown<R: Authentic> {
    ints: Vec<Authenticated<R>>,
    bits: Vec<BitLinear<2>>,
    clear: Vec<u128>,
    /// To these parties only.
    to: Vec<PartyId>,
}

type Run<R> = fn(&mut Rep3Malicious<R>, &[Authenticated<R>]) -> Result<Shown<R>>;

pub(super) struct Objective<R: Authentic> {
    pub(super) name: &'static str,
    /// A giver and recipient beside the compute parties.
    pub(super) outsider: bool,
    run: Run<R>,
}

/// All that a party has got to see.
pub(super) type Seen = Vec<Vec<u128>>;

impl<R: Authentic> Objective<R> {
    /// The corrupt party never stops by itself.
    pub(super) fn play(&self, sim: &Sim, corrupt: u8) -> Outcome<Seen> {
        let inputs = INPUTS.map(|x| x.map(R::from_i128));
        sim.run(|mut party, entropy| {
            let me = usize::from(party.me().0);
            leave_out(if party.me().0 == corrupt { LeftOut::All } else { LeftOut::None });
            if me == 3 {
                give(&mut party, &inputs[3], entropy)?;
                return Ok(vec![words(&take::<R>(&mut party, N)?)]);
            }
            let mut p = Rep3Malicious::connect(party, &SESSION, entropy)?;
            let x = p.input(&inputs[me], &vec![N; 3 + usize::from(self.outsider)])?;
            let shown = (self.run)(&mut p, &x)?;
            shown.open(&mut p)
        })
    }
}

fn words<R: Integer>(x: &[R]) -> Vec<u128> {
    x.iter().map(|x| x.to_u128()).collect()
}

impl<R: Authentic> Shown<R> {
    fn open(self, p: &mut Rep3Malicious<R>) -> Result<Seen> {
        let mut seen = vec![self.clear];
        for x in &self.ints {
            if self.to.is_empty() {
                seen.push(words(&p.reveal(x)?));
            } else {
                seen.extend(p.reveal_to(x, &self.to)?.map(|x| words(&x)));
            }
        }
        for x in &self.bits {
            let planes = p.reveal_bits(x)?;
            seen.push(planes.to_values::<sharewell_ring::Z128>().iter().map(|x| x.0).collect());
        }
        Ok(seen)
    }
}

fn ints<R: Authentic>(ints: Vec<Authenticated<R>>) -> Result<Shown<R>> {
    Ok(Shown { ints, bits: vec![], clear: vec![], to: vec![] })
}

fn bits<R: Authentic>(bits: Vec<BitLinear<2>>) -> Result<Shown<R>> {
    Ok(Shown { ints: vec![], bits, clear: vec![], to: vec![] })
}

/// The low bits of numbers.
fn low<R: Authentic>(
    p: &mut Rep3Malicious<R>,
    x: &Authenticated<R>,
    width: u32,
) -> Result<BitLinear<2>> {
    p.a2b(x, width)
}

pub(super) fn all<R: Authentic>() -> Vec<Objective<R>> {
    let of = |name, run: Run<R>| Objective { name, outsider: false, run };
    let beside = |name, run: Run<R>| Objective { name, outsider: true, run };
    let mut all = arithmetic(of);
    all.extend(conversions(of));
    all.extend(movement(of));
    all.extend(programs(of));
    all.extend([
        beside("a giver beside", |p, x| {
            let z = p.mul(&x[0], &x[3])?;
            Ok(Shown { to: vec![PartyId(3)], ..ints(vec![z])? })
        }),
        beside("a recipient beside", |p, x| {
            let z = p.mul(&x[1], &x[2])?;
            Ok(Shown { to: vec![PartyId(1), PartyId(3)], ..ints(vec![z])? })
        }),
    ]);
    all
}

type Of<R> = fn(&'static str, Run<R>) -> Objective<R>;

fn arithmetic<R: Authentic>(of: Of<R>) -> Vec<Objective<R>> {
    vec![
        of("input", |_, x| ints(x.to_vec())),
        of("random", |p, _| ints(vec![p.random(5)?])),
        of("mul", |p, x| ints(vec![p.mul(&x[0], &x[1])?])),
        of("mul of mul", |p, x| {
            let z = p.mul(&x[0], &x[1])?;
            ints(vec![p.mul(&z, &x[2])?])
        }),
        of("dot", |p, x| ints(vec![p.dot(&x[0], &x[1], 1)?])),
        of("mul_sum", |p, x| ints(vec![p.mul_sum(&x[0], &x[1], 3)?])),
        of("matmul", |p, x| ints(vec![p.matmul(&x[0], &x[1], Dims { m: 3, k: 1, n: 3 })?])),
        of("matmul held against samples", |p, x| {
            let wide = |x: &Authenticated<R>| x.gather(&[0, 1, 2, 2].repeat(16));
            let z = p.matmul(&wide(&x[0]), &wide(&x[1]), Dims { m: 8, k: 8, n: 8 })?;
            ints(vec![z])
        }),
        of("partial_open", |p, x| {
            let mut masked = p.random(N)?;
            masked += &x[0];
            let clear = p.partial_open(&masked)?;
            let mut back = p.public(&clear);
            back -= &masked;
            back += &x[0];
            Ok(Shown { clear: words(&clear), ..ints(vec![back])? })
        }),
        of("partial_open_to", |p, x| {
            let z = p.mul(&x[0], &x[1])?;
            Ok(Shown { to: vec![PartyId(2), PartyId(0)], ..ints(vec![z])? })
        }),
        of("and", |p, x| {
            let (a, b) = (low(p, &x[0], 4)?, low(p, &x[1], 4)?);
            bits(vec![p.and(&a, &b)?])
        }),
        of("random_bits", |p, x| {
            let mut masked = p.random_bits(N, 4)?;
            masked ^= &low(p, &x[0], 4)?;
            let clear = p.partial_open_bits(&masked)?;
            masked ^= &p.public_bits(&clear);
            bits(vec![masked])
        }),
        of("trunc", |p, x| ints(vec![p.trunc(&x[0], 2)?])),
        of("trunc_exact", |p, x| ints(vec![p.trunc_exact(&x[0], 2)?])),
        of("mul_trunc", |p, x| ints(vec![p.mul_trunc(&x[0], &x[1], 3)?])),
    ]
}

fn conversions<R: Authentic>(of: Of<R>) -> Vec<Objective<R>> {
    vec![
        of("summands", |p, x| {
            let (u, v) = p.summands(&x[0], 7, Split::Sum)?;
            bits(vec![u, v])
        }),
        of("difference_bits", |p, x| bits(vec![p.difference_bits(&x[0], 6)?])),
        of("is_zero", |p, x| bits(vec![p.is_zero(&x[2], 5)?])),
        of("b2a", |p, x| {
            let b = low(p, &x[0], 3)?;
            ints(vec![p.b2a(&b)?])
        }),
        of("b2a_dot", |p, x| {
            let b = low(p, &x[0], 2)?;
            ints(vec![p.b2a_dot(&b, &[vec![R::ONE, R::from_i128(2)]])?])
        }),
        of("mul_bits", |p, x| {
            let b = low(p, &x[2], 2)?.pick(&[0]);
            ints(vec![p.mul_bits(&b, &x[0])?])
        }),
        of("one_hot", |p, x| {
            let b = low(p, &x[0], 2)?;
            ints(vec![p.one_hot(&b, 2)?])
        }),
    ]
}

fn movement<R: Authentic>(of: Of<R>) -> Vec<Objective<R>> {
    vec![
        of("shuffle forward", |p, x| {
            let b = low(p, &x[0], 5)?;
            let by = p.draw_shuffle(N)?;
            let rows = Rows { ints: x[..2].to_vec(), bits: vec![b] };
            let rows = p.shuffle(&by, Way::Forward, rows)?;
            Ok(Shown { bits: rows.bits, ..ints(rows.ints)? })
        }),
        of("shuffle there and back", |p, x| {
            let bit = p.random_bits(N, 70)?;
            p.draw_shuffle(1)?;
            let by = p.draw_shuffle(N)?;
            let mut rows = Rows { ints: vec![x[1].clone()], bits: vec![bit] };
            for way in [Way::Forward, Way::Backward] {
                rows = p.shuffle(&by, way, rows)?;
            }
            Ok(Shown { bits: rows.bits, ..ints(rows.ints)? })
        }),
        of("shuffle_open", |p, x| {
            let to = p.public(&[2, 0, 1].map(R::from_i128));
            let b = p.random_bits(N, 3)?;
            let by = p.draw_shuffle(N)?;
            let rows = Rows { ints: vec![x[0].clone()], bits: vec![b] };
            let (order, rows) = p.shuffle_open(&by, to, rows)?;
            let moved = vec![rows.ints[0].gather(&order)];
            Ok(Shown { bits: vec![rows.bits[0].gather(&order)], ..ints(moved)? })
        }),
    ]
}

fn programs<R: Authentic>(of: Of<R>) -> Vec<Objective<R>> {
    vec![
        of("sort with payload", |p, x| {
            let key = Key::signed(p, &x[0], 5)?;
            let to = order::sort(p, &[key])?;
            let rows = order::apply(p, &to, Rows::ints(x[..2].to_vec()))?;
            ints(rows.ints)
        }),
        of("the greater of two", |p, x| {
            let less = circuit::less_than(p, &x[0], &x[1], 6)?;
            ints(vec![circuit::select(p, &less, &x[1], &x[0])?])
        }),
        of("sums of groups", |p, x| {
            let group = low(p, &x[2], 2)?.pick(&[0]);
            let hot = p.one_hot(&group, 1)?;
            let twice = Authenticated::concat(&[&x[0], &x[0]]);
            ints(vec![p.dot(&hot, &twice, 2)?])
        }),
        of("division", |p, x| {
            // Newton's iteration for 1 / y, 0 < y < 16, at ten places.
            let scaled = |value: i128| vec![R::from_i128(value << 10); N];
            let mut r = p.public(&scaled(1).iter().map(|x| x.shr(3)).collect::<Vec<_>>());
            for _ in 0..2 {
                let mut rest = p.public(&scaled(2));
                rest -= &p.mul(&x[1], &r)?;
                r = p.mul_trunc(&r, &rest, 10)?;
            }
            ints(vec![p.mul(&x[0], &r)?])
        }),
        of("two lanes", |p, x| {
            let (product, sign) = p.join(|p| p.mul(&x[0], &x[1]), |p| p.msb(&x[0], 6))?;
            Ok(Shown { bits: vec![sign], ..ints(vec![product])? })
        }),
        of("bits opened, then used", |p, x| {
            let sign = p.msb(&x[0], 6)?;
            let open = p.reveal_bits(&sign)?;
            let by: Vec<R> = Planes::to_values(&open);
            let mut z = x[1].clone();
            z.scale(&by);
            ints(vec![p.mul(&z, &x[0])?])
        }),
    ]
}
