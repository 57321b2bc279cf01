//! Order between shared bits and public numbers.

use std::collections::{BTreeMap, BTreeSet};

use sharewell_ring::Planes;

use super::not;
use crate::chunks::{bit_chunk, bits_in_chunks};
use crate::{BitShare, Protocol, Result};

/// Whether the unsigned number in the `width` planes from `low` on is below `limit`.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Below {
    /// The plane of the number's lowest bit.
    pub low: usize,
    /// Bits of the number, at most 128.
    pub width: usize,
    /// What it is compared with.
    pub limit: u128,
}

impl Below {
    /// The answer, if the limit alone gives it.
    fn known(&self) -> Option<bool> {
        let above_all = self.width < 128 && self.limit >> self.width > 0;
        (above_all || self.limit == 0).then_some(above_all)
    }

    /// Without the planes that cannot matter: an even limit does not look at the lowest bit.
    fn odd(&self) -> Self {
        let zeros = self.limit.trailing_zeros();
        let skip = zeros as usize;
        Self { low: self.low + skip, width: self.width - skip, limit: self.limit >> zeros }
    }

    /// Cut from the top into blocks of `size` planes, the lowest one maybe shorter.
    fn blocks(self, size: usize) -> impl Iterator<Item = Block> {
        let end = self.low + self.width;
        (0..self.width.div_ceil(size)).map(move |i| {
            let high = end - i * size;
            let low = high.saturating_sub(size).max(self.low);
            let limit = self.limit >> (low - self.low);
            Block { low, high, limit: limit & (u128::MAX >> (128 - (high - low))) }
        })
    }
}

/// Planes `low..high`, compared with `limit`.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Block {
    low: usize,
    high: usize,
    limit: u128,
}

/// How a block compares with its limit.
#[derive(Clone)]
struct Order<B> {
    less: Less<B>,
    equal: Option<B>,
}

#[derive(Clone)]
enum Less<B> {
    /// The limit is zero.
    Never,
    /// The limit is all ones.
    Unequal,
    Bits(B),
}

/// One plane per question, all answered at once; blocks that questions share are compared once.
///
/// A block of planes is less than its part of the limit if its upper half is, or if that is
/// equal and the lower half is less. The limit is public: single planes compare without a gate.
///
/// Cost: at most `2 width` AND gates per question, about `3 width / 2`, where `width` leaves
/// out the trailing zeros of the limit; `ceil(log2 width)` rounds. Source: the tree of Garay,
/// Schoenmakers and Villegas, PKC 2007, with the constants folded in.
///
/// # Errors
/// If a link fails.
///
/// # Panics
/// If a question asks about planes that do not exist, or about more than 128.
pub fn less_than_public<P: Protocol>(
    p: &mut P,
    x: &P::BShare,
    questions: &[Below],
) -> Result<P::BShare> {
    let wide = questions.iter().find(|q| q.width > 128);
    assert!(wide.is_none(), "{wide:?}: more than 128 bits");
    bits_in_chunks(p, x.len(), |p, range| answers(p, &bit_chunk::<P>(x, range), questions))
}

fn answers<P: Protocol>(p: &mut P, x: &P::BShare, questions: &[Below]) -> Result<P::BShare> {
    let open: Vec<Below> =
        questions.iter().filter(|q| q.known().is_none()).map(Below::odd).collect();
    let leaves: BTreeSet<Block> = open.iter().flat_map(|q| q.blocks(1)).collect();
    // Collected, a tree is full; grown, it is half empty, and nodes are as large as short planes.
    let mut orders: BTreeMap<Block, Order<P::BShare>> =
        leaves.into_iter().map(|block| (block, leaf(p, x, block))).collect();
    let mut size = 1;
    while open.iter().any(|q| q.width > size) {
        orders = doubled(p, &orders, &open, size)?;
        size *= 2;
    }
    let answer = |p: &P, question: &Below| {
        let Some(known) = question.known() else {
            let whole = question.odd().blocks(size).next().expect("an odd limit has a bit");
            return less(p, &orders[&whole]).expect("an odd limit is above something");
        };
        let mut constant = p.public_bits(&Planes::zero(x.len(), 1));
        if known {
            not(p, &mut constant, 1);
        }
        constant
    };
    let answers: Vec<P::BShare> = questions.iter().map(|question| answer(p, question)).collect();
    Ok(P::BShare::stack(&answers.iter().collect::<Vec<_>>()))
}

fn leaf<P: Protocol>(p: &P, x: &P::BShare, block: Block) -> Order<P::BShare> {
    let mut equal = x.pick(&[block.low]);
    if block.limit == 0 {
        not(p, &mut equal, 1);
        Order { less: Less::Never, equal: Some(equal) }
    } else {
        Order { less: Less::Unequal, equal: Some(equal) }
    }
}

fn less<P: Protocol>(p: &P, order: &Order<P::BShare>) -> Option<P::BShare> {
    match &order.less {
        Less::Never => None,
        Less::Bits(less) => Some(less.clone()),
        Less::Unequal => {
            let mut less = order.equal.clone()?;
            not(p, &mut less, 1);
            Some(less)
        }
    }
}

/// Two blocks become one, for all questions in one round.
fn doubled<P: Protocol>(
    p: &mut P,
    orders: &BTreeMap<Block, Order<P::BShare>>,
    questions: &[Below],
    size: usize,
) -> Result<BTreeMap<Block, Order<P::BShare>>> {
    // The lowest block of a question need not know whether it is equal.
    let mut wanted: BTreeMap<Block, bool> = BTreeMap::new();
    for question in questions {
        for block in question.blocks(2 * size) {
            *wanted.entry(block).or_default() |= block.low > question.low;
        }
    }
    let halves = |block: &Block| {
        let middle = block.high - size;
        let width = middle - block.low;
        let upper = Block { low: middle, limit: block.limit >> width, ..*block };
        let limit = block.limit & (u128::MAX >> (128 - width));
        (&orders[&upper], &orders[&Block { high: middle, limit, ..*block }])
    };
    let (whole, pairs): (Vec<_>, Vec<_>) =
        wanted.into_iter().partition(|(block, _)| block.high - block.low <= size);
    let (mut left, mut right) = (vec![], vec![]);
    for (block, equal) in &pairs {
        let (upper, lower) = halves(block);
        let bits = if let Less::Bits(bits) = &lower.less { Some(bits) } else { None };
        let equal = *equal || matches!(lower.less, Less::Unequal);
        let factors = bits.into_iter().chain(lower.equal.as_ref().filter(|_| equal));
        for factor in factors {
            left.push(upper.equal.as_ref().expect("only a lowest block lacks it"));
            right.push(factor);
        }
    }
    let mut next: BTreeMap<_, _> =
        whole.iter().map(|(block, _)| (*block, orders[block].clone())).collect();
    if left.is_empty() {
        return Ok(next);
    }
    let products = p.and(&P::BShare::stack(&left), &P::BShare::stack(&right))?;
    let mut at = 0..left.len();
    for (block, equal) in &pairs {
        let (upper, lower) = halves(block);
        let mut product = || products.pick(&[at.next().expect("as many as factors")]);
        next.insert(*block, merged(p, upper, lower, *equal, &mut product));
    }
    Ok(next)
}

/// A block from its halves, given products in the order in which they were asked for.
fn merged<P: Protocol>(
    p: &P,
    upper: &Order<P::BShare>,
    lower: &Order<P::BShare>,
    equal: bool,
    product: &mut impl FnMut() -> P::BShare,
) -> Order<P::BShare> {
    let added = |mut x: P::BShare, y: Option<P::BShare>| {
        y.iter().for_each(|y| x ^= y);
        x
    };
    match &lower.less {
        Less::Never => Order {
            less: less(p, upper).map_or(Less::Never, Less::Bits),
            equal: equal.then(product),
        },
        Less::Bits(_) => {
            let less = added(product(), less(p, upper));
            Order { less: Less::Bits(less), equal: equal.then(product) }
        }
        Less::Unequal => {
            let both = product();
            // e1 and not e0 = e1 + e1 e0
            let less = match upper.less {
                Less::Unequal => Less::Unequal,
                _ => Less::Bits(added(added(both.clone(), upper.equal.clone()), less(p, upper))),
            };
            Order { less, equal: Some(both) }
        }
    }
}
