//! Adding two bit-sliced numbers: carry-lookahead trees over generate and propagate bits.
//!
//! Of two numbers that are shared bit by bit:
//!
//! | bits | 8 | 16 | 32 | 48 | 64 | 128 |
//! |---|---|---|---|---|---|---|
//! | carry out of the low `bits - 1` (sign): AND / depth | 17/3 | 40/4 | 87/5 | 135/6 | 182/6 | 373/7 |
//! | whole sum (Sklansky): AND / depth | 19/4 | 57/5 | 151/6 | 247/7 | 373/7 | 883/8 |

use std::ops::Range;

use crate::chunks::{bit_chunk, bits_in_chunks};
use crate::{BitShare, Blocks, Carries, Lookahead, Protocol, Result, Split};

/// The carry out of `u + v`, numbers of at least one plane; one plane.
///
/// Blocks of bits are combined in pairs, level by level. A block's *propagate* bit is known a
/// round before its *generate* bit, so each round makes the generate bits of one level and the
/// propagate bits of the next; the carry of all the blocks taken from the lower end so far, where
/// an odd one was left over, goes along and meets the next such block without waiting.
///
/// Cost: the tree of the table, one round per level. Source: Brent and Kung 1982; propagate
/// bits into which nothing comes are never computed.
///
/// # Errors
/// If a link fails.
pub fn carry<P: Protocol>(
    p: &mut P,
    u: &P::BShare,
    v: &P::BShare,
    width: usize,
) -> Result<P::BShare> {
    bits_in_chunks(p, u.len(), |p, range| {
        let [u, v] = [u, v].map(|x| bit_chunk::<P>(x, range.clone()));
        carry_of_chunk(p, &u, &v, width)
    })
}

fn carry_of_chunk<P: Protocol>(
    p: &mut P,
    u: &P::BShare,
    v: &P::BShare,
    width: usize,
) -> Result<P::BShare> {
    let mut propagate = u.clone();
    propagate ^= v;
    let mut propagate = propagate.pick(&range(1, width));
    let mut due = (u.clone(), v.clone());
    let mut onto: Option<P::BShare> = None;
    let mut from_below: Option<P::BShare> = None;
    let mut count = width;
    loop {
        let odd = count % 2;
        let low: Vec<usize> = (0..count / 2).map(|t| odd + 2 * t).collect();
        let high: Vec<usize> = low.iter().map(|l| l + 1).collect();
        // Nothing comes into block 0 from below it: its propagate bit is not there.
        let missing = usize::from(from_below.is_none());
        let of = |blocks: &[usize]| {
            propagate.pick(&blocks.iter().map(|b| b - missing).collect::<Vec<_>>())
        };
        let inner = if odd == 0 { missing } else { 0 };
        let mut left = vec![due.0, of(&high[inner..])];
        let mut right = vec![due.1, of(&low[inner..])];
        if let Some(carry) = from_below.as_ref().filter(|_| odd == 1) {
            left.push(of(&[0]));
            right.push(carry.clone());
        }
        let products = p.and(&stack::<P>(&left), &stack::<P>(&right))?;
        let mut generate = products.pick(&range(0, count));
        if let Some(onto) = onto {
            generate ^= &onto;
        }
        let pairs = low.len() - inner;
        if odd == 1 {
            let mut carry = generate.pick(&[0]);
            if from_below.is_some() {
                carry ^= &products.pick(&[count + pairs]);
            }
            if count == 1 {
                return Ok(carry);
            }
            from_below = Some(carry);
        }
        due = (of(&high), generate.pick(&low));
        onto = Some(generate.pick(&high));
        propagate = products.pick(&range(count, count + pairs));
        count /= 2;
    }
}

/// `u + v` modulo `2^width`.
///
/// Cost: the table's Sklansky adder, one round per level. Source: Sklansky 1960.
///
/// # Errors
/// If a link fails.
pub fn sum<P: Protocol>(
    p: &mut P,
    u: &P::BShare,
    v: &P::BShare,
    width: usize,
) -> Result<P::BShare> {
    let low = range(0, width.saturating_sub(1));
    bits_in_chunks(p, u.len(), |p, chunk| {
        let [u, v] = [u, v].map(|x| bit_chunk::<P>(x, chunk.clone()));
        let mut total = u.clone().into_owned();
        total ^= &v;
        if width < 2 {
            return Ok(total);
        }
        let generate = p.and(&u.pick(&low), &v.pick(&low))?;
        let each = |x: &P::BShare| low.iter().map(|&i| x.pick(&[i])).collect();
        let carries = prefix(p, each(&generate), each(&total))?;
        add_carries::<P>(&mut total, &carries);
        Ok(total)
    })
}

/// The carry out of all blocks of a lookahead; one plane.
///
/// Cost: less than two AND gates for each block, one round for each time that their number
/// can be halved. Source: Brent and Kung 1982.
///
/// # Errors
/// If a link fails.
///
/// # Panics
/// If there is no block.
pub fn carry_of_blocks<P: Protocol>(p: &mut P, of: &Lookahead<P::BShare>) -> Result<P::BShare> {
    let mut count = of.blocks.count();
    assert!(count > 0, "no block to carry from");
    // Block i propagates in plane i - 1.
    let (mut generate, mut propagate) = (of.generate.clone(), of.propagate.clone());
    while count > 1 {
        let odd = count % 2;
        let low: Vec<usize> = (0..count / 2).map(|t| odd + 2 * t).collect();
        let high: Vec<usize> = low.iter().map(|l| l + 1).collect();
        // Nothing comes into the lowest block: whether it propagates does not matter.
        let inner = 1 - odd;
        let propagates =
            |blocks: &[usize]| propagate.pick(&blocks.iter().map(|b| b - 1).collect::<Vec<_>>());
        let left = stack::<P>(&[propagates(&high), propagates(&high[inner..])]);
        let right = stack::<P>(&[generate.pick(&low), propagates(&low[inner..])]);
        let products = p.and(&left, &right)?;
        let mut joined = generate.pick(&high);
        joined ^= &products.pick(&range(0, low.len()));
        generate = stack::<P>(&[generate.pick(&range(0, odd)), joined]);
        propagate = products.pick(&range(low.len(), 2 * low.len() - inner));
        count = count.div_ceil(2);
    }
    Ok(generate)
}

/// The sum whose lookahead, for all carries, this is.
///
/// Cost: Sklansky's network over the blocks, and an AND gate for each position that is the
/// last of no block, in one round more.
///
/// # Errors
/// If a link fails.
pub fn sum_of_blocks<P: Protocol>(p: &mut P, of: Lookahead<P::BShare>) -> Result<P::BShare> {
    let Lookahead { blocks, mut sums, generate, propagate } = of;
    let ranges: Vec<_> = blocks.ranges().collect();
    let Some(lowest) = ranges.first() else { return Ok(sums) };
    let first = lowest.end;
    let last = |block: &Range<usize>| block.end - 1;
    let ends = ranges.iter().map(|block| generate.pick(&[last(block)])).collect();
    // The lowest block propagates nothing; something must stand in its place.
    let through = ranges.iter().map(|block| propagate.pick(&[last(block).max(first) - first]));
    let through = if ranges.len() > 1 { through.collect() } else { vec![] };
    let ends = prefix(p, ends, through)?;
    let upper = || ranges.iter().enumerate().skip(1);
    let inside: Vec<usize> = upper().flat_map(|(_, block)| block.start..last(block)).collect();
    let into: Vec<&P::BShare> =
        upper().flat_map(|(i, block)| vec![&ends[i - 1]; block.len() - 1]).collect();
    let passed = match inside.is_empty() {
        true => generate.pick(&[]),
        false => {
            let through: Vec<usize> = inside.iter().map(|i| i - first).collect();
            p.and(&propagate.pick(&through), &P::BShare::stack(&into))?
        }
    };
    let mut carries: Vec<P::BShare> =
        (0..ranges[ranges.len() - 1].end).map(|i| generate.pick(&[i])).collect();
    for (at, &i) in inside.iter().enumerate() {
        carries[i] ^= &passed.pick(&[at]);
    }
    for (block, end) in ranges.iter().zip(ends) {
        carries[last(block)] = end;
    }
    add_carries::<P>(&mut sums, &carries);
    Ok(sums)
}

/// A lookahead in which each bit is a block, from summands that are shared bit by bit.
///
/// Cost: [`Protocol::summands`] and one AND gate for each bit but the top one.
///
/// # Errors
/// If a link fails.
pub fn lookahead_by_bits<P: Protocol>(
    p: &mut P,
    x: &P::AShare,
    bits: Range<u32>,
    which: Carries,
) -> Result<Lookahead<P::BShare>> {
    let (u, v) = p.summands(x, bits.end, Split::Sum)?;
    let kept = range(bits.start as usize, bits.end as usize);
    let (u, v) = (u.pick(&kept), v.pick(&kept));
    let (blocks, top) = (Blocks::new(bits.end - bits.start, 1, which), kept.len() - 1);
    let low = range(0, top);
    let generate = p.and(&u.pick(&low), &v.pick(&low))?;
    let mut total = u;
    total ^= &v;
    let propagate = total.pick(&range(1, top.max(1)));
    let sums = if which == Carries::Top { total.pick(&[top]) } else { total };
    Ok(Lookahead { blocks, sums, generate, propagate })
}

/// The carry out of each block taken with all below it, from whether blocks generate and
/// propagate carries. Source: Sklansky 1960.
fn prefix<P: Protocol>(
    p: &mut P,
    mut g: Vec<P::BShare>,
    mut t: Vec<P::BShare>,
) -> Result<Vec<P::BShare>> {
    let mut span = 1;
    while span < g.len() {
        let upper: Vec<usize> = (0..g.len()).filter(|i| i & span != 0).collect();
        let below = |i: usize| i / span * span - 1;
        // A group that starts at the lowest block has nothing to propagate from.
        let inner: Vec<usize> = upper.iter().copied().filter(|i| i / (2 * span) > 0).collect();
        let left: Vec<&P::BShare> = upper.iter().chain(&inner).map(|&i| &t[i]).collect();
        let right: Vec<&P::BShare> = upper
            .iter()
            .map(|&i| &g[below(i)])
            .chain(inner.iter().map(|&i| &t[below(i)]))
            .collect();
        let both = p.and(&P::BShare::stack(&left), &P::BShare::stack(&right))?;
        for (at, &i) in upper.iter().enumerate() {
            g[i] ^= &both.pick(&[at]);
        }
        for (at, &i) in inner.iter().enumerate() {
            t[i] = both.pick(&[upper.len() + at]);
        }
        span *= 2;
    }
    Ok(g)
}

/// Adds the carry out of each position to the one above it.
fn add_carries<P: Protocol>(sums: &mut P::BShare, carries: &[P::BShare]) {
    let mut zero = sums.pick(&[0]);
    zero ^= &sums.pick(&[0]);
    let carried: Vec<&P::BShare> = std::iter::once(&zero).chain(carries).collect();
    *sums ^= &P::BShare::stack(&carried);
}

fn stack<P: Protocol>(parts: &[P::BShare]) -> P::BShare {
    P::BShare::stack(&parts.iter().collect::<Vec<_>>())
}

fn range(from: usize, to: usize) -> Vec<usize> {
    (from..to).collect()
}
