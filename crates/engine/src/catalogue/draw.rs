//! Operands: reproducible, of every magnitude, with the edges of the range first.
//!
//! An element is computed from its place, so that a measurement of many elements holds none of
//! them in the clear.

use sharewell_ring::Integer;

/// A vector in the clear, and what is promised of it.
pub struct Operand {
    len: usize,
    kind: Kind,
    value: Box<dyn Fn(usize) -> i128 + Send + Sync>,
}

#[derive(Clone, Copy)]
enum Kind {
    Integers { lo: i128, hi: i128 },
    Bits { width: u32 },
}

impl std::fmt::Debug for Operand {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Operand({} elements)", self.len)
    }
}

impl Operand {
    /// `len` integers between two bounds, each computed from its place.
    #[must_use]
    pub fn new(
        len: usize,
        (lo, hi): (i128, i128),
        value: impl Fn(usize) -> i128 + Send + Sync + 'static,
    ) -> Self {
        Self { len, kind: Kind::Integers { lo, hi }, value: Box::new(value) }
    }

    /// `width` planes of `len` bits.
    #[must_use]
    pub fn new_bits(
        len: usize,
        width: u32,
        value: impl Fn(usize) -> i128 + Send + Sync + 'static,
    ) -> Self {
        Self { kind: Kind::Bits { width }, ..Self::new(len, (0, 0), value) }
    }

    /// Elements.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Planes, of an operand of bits.
    #[must_use]
    pub fn bits(&self) -> Option<u32> {
        match self.kind {
            Kind::Bits { width } => Some(width),
            Kind::Integers { .. } => None,
        }
    }

    /// Where every element is promised to lie, of a ring with so many bits.
    #[must_use]
    pub fn range(&self, ring_bits: u32) -> (i128, i128) {
        match self.kind {
            Kind::Integers { lo, hi } => (lo, hi),
            Kind::Bits { width } if width < ring_bits => (0, (1 << width) - 1),
            Kind::Bits { .. } => (i128::MIN >> (128 - ring_bits), i128::MAX >> (128 - ring_bits)),
        }
    }

    /// One element.
    #[must_use]
    pub fn at(&self, i: usize) -> i128 {
        (self.value)(i)
    }

    /// All elements.
    pub fn values(&self) -> impl Iterator<Item = i128> + '_ {
        (0..self.len).map(|i| self.at(i))
    }

    /// All elements in a ring.
    #[must_use]
    pub fn in_ring<R: Integer>(&self) -> Vec<R> {
        self.values().map(R::from_i128).collect()
    }
}

/// Where operands come from.
#[derive(Debug)]
pub struct Draw {
    seed: u64,
    operands: u32,
}

impl Draw {
    /// The same operands for the same seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { seed, operands: 0 }
    }

    /// Integers of every magnitude between two bounds. First come the edges of the range and
    /// of zero, those of one operand against those of the others.
    pub fn integers(&mut self, len: usize, lo: i128, hi: i128) -> Operand {
        let mut edges = vec![lo, hi, lo + 1, hi - 1, -1, 0, 1];
        edges.retain(|x| (lo..=hi).contains(x));
        edges.sort_unstable();
        edges.dedup();
        let (seed, turn) = self.next();
        Operand::new(len, (lo, hi), move |i| {
            if i < edges.len().pow(2) {
                return edges[i / edges.len().pow(turn) % edges.len()];
            }
            let (random, shape) = (mix(seed, 2 * i as u64), mix(seed, 2 * i as u64 + 1));
            // Every width is as frequent as every other.
            let magnitude = (random >> 1) as i128 >> (shape % 127);
            let x = if shape >> 127 == 1 { !magnitude } else { magnitude };
            let width = hi.wrapping_sub(lo) as u128;
            if (lo..=hi).contains(&x) { x } else { lo + (x as u128 % (width + 1)) as i128 }
        })
    }

    /// Integers of either sign below `2^(bits-1)` in magnitude, and `-2^(bits-1)`.
    pub fn signed(&mut self, len: usize, bits: u32) -> Operand {
        let limit = i128::MAX >> (128 - bits);
        self.integers(len, !limit, limit)
    }

    /// Uniform bits: `width` planes of `len`.
    pub fn bits(&mut self, len: usize, width: u32) -> Operand {
        let (seed, _) = self.next();
        Operand::new_bits(len, width, move |i| (mix(seed, i as u64) >> (128 - width)) as i128)
    }

    /// A seed for the next operand, and its number modulo two.
    fn next(&mut self) -> (u64, u32) {
        self.operands += 1;
        (self.seed << 32 | u64::from(self.operands), (self.operands - 1) % 2)
    }
}

/// 128 bits that look random; nothing secret rests on them. Source: SplitMix64 (Steele et al.
/// 2014), twice.
pub(crate) fn mix(seed: u64, at: u64) -> u128 {
    let step = |z: u64| {
        let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    };
    let word = |i: u64| {
        let at = (2 * at + i).wrapping_add(step(seed));
        step(at.wrapping_mul(0x9e37_79b9_7f4a_7c15))
    };
    u128::from(word(0)) << 64 | u128::from(word(1))
}
