//! Sums and products of 64 bits.

use sharewell_mpc::{BitShare, Protocol, Result, circuit};
use sharewell_ring::{Planes, Z64};

use crate::{Function, everywhere, gates, xor};

/// Sums of numbers of 64 bits.
struct Add;

impl Function for Add {
    const WIDTH: u32 = 64;

    fn compute<P: Protocol>(&self, p: &mut P, x: &[P::BShare]) -> Result<P::BShare> {
        circuit::sum(p, &x[0], &x[1], 64)
    }
}

/// Their products: all products of bits in one round, then full and half adders on what stands in
/// one column, as few as bring it to the next of these heights (Dadda 1965), then a sum.
struct Multiply;

const HEIGHTS: [usize; 10] = [63, 42, 28, 19, 13, 9, 6, 4, 3, 2];

impl Function for Multiply {
    const WIDTH: u32 = 64;

    fn compute<P: Protocol>(&self, p: &mut P, x: &[P::BShare]) -> Result<P::BShare> {
        let places = || (0..64usize).flat_map(|i| (0..64 - i).map(move |j| (i, j)));
        let (left, right): (Vec<usize>, Vec<usize>) = places().unzip();
        let products = p.and(&x[0].pick(&left), &x[1].pick(&right))?;
        let mut columns: Vec<Vec<P::BShare>> = vec![vec![]; 64];
        for (at, (i, j)) in places().enumerate() {
            columns[i + j].push(products.pick(&[at]));
        }
        for height in HEIGHTS {
            columns = reduced(p, columns, height)?;
        }
        let zero = p.public_bits(&Planes::zero(BitShare::len(&x[0]), 1));
        let row = |at: usize| -> P::BShare {
            let bits: Vec<&P::BShare> =
                columns.iter().map(|x| x.get(at).unwrap_or(&zero)).collect();
            BitShare::stack(&bits)
        };
        circuit::sum(p, &row(0), &row(1), 64)
    }
}

/// Columns of at most so many bits: three bits become one there and one in the next column, and
/// two do where one is too many. One round.
fn reduced<P: Protocol>(
    p: &mut P,
    columns: Vec<Vec<P::BShare>>,
    height: usize,
) -> Result<Vec<Vec<P::BShare>>> {
    let (mut left, mut right, mut onto) = (vec![], vec![], vec![]);
    let (mut out, mut carried) = (vec![], 0);
    for (at, mut column) in columns.into_iter().enumerate() {
        let (mut sums, mut carries) = (vec![], 0);
        while column.len() + sums.len() + carried > height {
            let full = column.len() + sums.len() + carried > height + 1;
            let bits = column.split_off(column.len() - if full { 3 } else { 2 });
            sums.push(xor(&bits.iter().collect::<Vec<_>>()));
            // What the highest column would carry is past the number.
            if at == 63 {
                continue;
            }
            let third = bits.get(2).cloned();
            let with_third = |x: &P::BShare| match &third {
                Some(third) => xor(&[x, third]),
                None => x.clone(),
            };
            left.push(with_third(&bits[0]));
            right.push(with_third(&bits[1]));
            onto.push((at + 1, third));
            carries += 1;
        }
        column.extend(sums);
        out.push(column);
        carried = carries;
    }
    if left.is_empty() {
        return Ok(out);
    }
    let stack = |x: &Vec<P::BShare>| P::BShare::stack(&x.iter().collect::<Vec<_>>());
    let carries = p.and(&stack(&left), &stack(&right))?;
    for (i, (column, third)) in onto.into_iter().enumerate() {
        let mut carry = carries.pick(&[i]);
        if let Some(third) = &third {
            carry ^= third;
        }
        out[column].push(carry);
    }
    Ok(out)
}

#[test]
fn sums_and_products_of_64_bits_are_right_under_every_protocol_in_so_many_gates() {
    let edges = [0, 1, u64::MAX, 1 << 63, 0xffff_ffff].map(Z64);
    let pairs = edges.iter().flat_map(|x| edges.map(|y| (*x, y)));
    let (mut x, mut y): (Vec<Z64>, Vec<Z64>) = pairs.unzip();
    x.extend((1..50u64).map(|i| Z64(i.wrapping_mul(0x9e37_79b9_7f4a_7c15))));
    y.extend((1..50u64).map(|i| Z64(i.wrapping_mul(0xc2b2_ae3d_27d4_eb4f))));
    let clear =
        |f: fn(Z64, Z64) -> Z64| x.iter().zip(&y).map(|(x, y)| f(*x, *y)).collect::<Vec<_>>();
    assert_eq!(everywhere(&Add, x.clone(), y.clone()), clear(|x, y| x + y));
    assert_eq!(everywhere(&Multiply, x.clone(), y.clone()), clear(|x, y| x * y));
    assert_eq!(gates(&Add, &[64, 64]), (373, 7));
    assert_eq!(gates(&Multiply, &[64, 64]), (4344, 17));
}
