//! Where carries come from: the positions of a sum, cut into blocks that each generate a
//! carry, propagate the one from below, or stop it.

use std::ops::Range;

/// Which carries of a sum are wanted.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Carries {
    /// The one into the top position.
    Top,
    /// The one into every position.
    All,
}

/// Carry lookahead over two summands, as shares.
#[derive(Clone, Debug)]
pub struct Lookahead<B> {
    /// How the positions below the top one are cut.
    pub blocks: Blocks,
    /// Sums without carry: of the top position, or of all.
    pub sums: B,
    /// For each block, from the lowest, whether a carry comes out of it though none goes in.
    /// For all carries: for every position, whether one comes out of its block's part up to it.
    pub generate: B,
    /// Likewise, whether a carry that goes in comes out; without the lowest block, into which
    /// none goes.
    pub propagate: B,
}

/// How the positions below the top one of a number are cut: blocks of one size, but for the
/// lowest, which takes what remains.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blocks {
    positions: usize,
    size: usize,
    which: Carries,
}

impl Blocks {
    /// For numbers of `bits` bits.
    ///
    /// # Panics
    /// If there is no bit.
    #[must_use]
    pub fn new(bits: u32, size: usize, which: Carries) -> Self {
        assert!(bits > 0, "numbers of no bits");
        Self { positions: bits as usize - 1, size, which }
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.positions.div_ceil(self.size)
    }

    /// The positions of each block, from the lowest.
    pub fn ranges(&self) -> impl Iterator<Item = Range<usize>> + '_ {
        let lowest = self.positions - (self.count().max(1) - 1) * self.size;
        let end = move |i: usize| lowest + i * self.size;
        (0..self.count()).map(move |i| if i == 0 { 0..lowest } else { end(i - 1)..end(i) })
    }

    /// The parts of a block, all from its lowest position on, of which it is told whether
    /// they generate and propagate: their sizes.
    #[must_use]
    pub fn parts(&self, block: &Range<usize>) -> Range<usize> {
        match self.which {
            Carries::Top => block.len()..block.len() + 1,
            Carries::All => 1..block.len() + 1,
        }
    }

    /// Planes of [`Lookahead::sums`].
    #[must_use]
    pub fn sums(&self) -> usize {
        match self.which {
            Carries::Top => 1,
            Carries::All => self.positions + 1,
        }
    }

    /// Planes of [`Lookahead::generate`].
    #[must_use]
    pub fn generates(&self) -> usize {
        self.ranges().map(|block| self.parts(&block).len()).sum()
    }

    /// Planes of [`Lookahead::propagate`].
    #[must_use]
    pub fn propagates(&self) -> usize {
        self.ranges().skip(1).map(|block| self.parts(&block).len()).sum()
    }
}
