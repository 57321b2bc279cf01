//! What a protocol must bring, and what it is given for it.

use std::ops::Range;

use sharewell_net::{PartyId, Place};
use sharewell_ring::{Dims, Integer, Planes, Z32};

use crate::{
    BitShare, Carries, Error, Lookahead, Result, RowsOf, Share, Suspects, Tariff, Way, circuit,
};

/// What corrupt parties may do without harm.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Security {
    /// Nothing is hidden: the interpreter of reference runs and quotes.
    None,
    /// They follow the protocol and try to learn from what they see.
    SemiHonest,
    /// They deviate as they like; the honest parties stop before anything wrong is revealed.
    MaliciousAbort,
}

/// What is known of every element of a vector, also in cells that nothing is released of.
#[derive(Copy, Clone, Debug)]
pub enum Known<'a, S> {
    /// It lies between two integers, in units of the last place.
    Within(i128, i128),
    /// It lies between two secrets, or one of them.
    Between(&'a S, &'a S),
    /// It is one of two secrets, with that one's error.
    OneOf(&'a S, &'a S),
    /// It is meant modulo the ring: if it left it, it lies anywhere in it.
    Wrapped,
    /// It is at most so far, in units of the last place, from the exact function of the arguments
    /// as they are; and an error of one unit in any element of an argument moves that function by
    /// so many units.
    Error(f64, &'a [(&'a S, f64)]),
}

/// How a value is cut in two for boolean circuits.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Split {
    /// `x = u + v`.
    Sum,
    /// `x = u - v`.
    Difference,
}

/// What is asked of a number.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Test {
    /// Is it below zero? Asked of `-2^(bits-1) <= x < 2^(bits-1)`.
    Negative,
    /// Is it zero? Asked of `|x| < 2^bits`.
    Zero,
}

impl Test {
    /// Bits in which the summands are compared.
    pub(crate) fn compared(self, bits: u32) -> usize {
        bits as usize - usize::from(self == Self::Negative)
    }
}

/// Arithmetic sharing over `Ring`.
///
/// All calls are collective: every party makes the same calls in the same order with
/// vectors of the same lengths.
pub trait Arithmetic: Sized {
    /// The ring of the shares.
    type Ring: Integer;
    /// A vector of shares.
    type AShare: Share<Self::Ring>;

    /// Which adversary the protocol withstands.
    const SECURITY: Security;

    /// By what an operation chooses among its variants; none if a round is worth nothing.
    fn tariff(&self) -> Option<Tariff> {
        None
    }
    /// A sharing of public values. Local.
    fn public(&self, x: &[Self::Ring]) -> Self::AShare;
    /// Shares the givers' vectors: giver `i` brings `lens[i]` elements, this party `mine`; an
    /// interpreter without parties takes everybody's, one after the other.
    /// Givers past the compute parties take part by the protocol's own client functions.
    ///
    /// # Errors
    /// [`crate::Error::Net`] and its kin if a link fails. The same holds for every method.
    /// [`crate::Error::Cheating`] if a giver's shares do not fit together.
    fn input(&mut self, mine: &[Self::Ring], lens: &[usize]) -> Result<Vec<Self::AShare>>;
    /// [`Self::input`] without the givers whose shares do not fit together, if the protocol can
    /// tell: zeros stand in their places, and it names them. All honest parties leave out the
    /// same, and none that is honest itself.
    ///
    /// # Errors
    /// As [`Self::input`].
    fn sound_input(
        &mut self,
        mine: &[Self::Ring],
        lens: &[usize],
    ) -> Result<(Vec<Self::AShare>, Vec<PartyId>)> {
        Ok((self.input(mine, lens)?, vec![]))
    }
    /// Ends the run over what these givers gave; all honest parties say the same.
    fn blame(&mut self, step: &'static str, givers: &[PartyId]) -> Error {
        let nowhere = |giver: &PartyId| (*giver, Place::default());
        Error::Cheating { step, suspects: Suspects::new(givers.iter().map(nowhere)) }
    }
    /// Uniform secrets that nobody knows.
    ///
    /// # Errors
    /// As [`Self::input`].
    fn random(&mut self, len: usize) -> Result<Self::AShare>;
    /// Element-wise product.
    ///
    /// # Errors
    /// As [`Self::input`].
    fn mul(&mut self, x: &Self::AShare, y: &Self::AShare) -> Result<Self::AShare>;
    /// Inner products of each of `rows` equal consecutive blocks; costs its output only.
    ///
    /// # Errors
    /// As [`Self::input`].
    fn dot(&mut self, x: &Self::AShare, y: &Self::AShare, rows: usize) -> Result<Self::AShare>;
    /// Sums of products: the vectors are `terms` equal consecutive blocks, and each element of
    /// the result sums over the blocks' elements in its place; costs its output only.
    ///
    /// # Errors
    /// As [`Self::input`].
    fn mul_sum(&mut self, x: &Self::AShare, y: &Self::AShare, terms: usize)
    -> Result<Self::AShare>;
    /// Matrix product; costs its output only.
    ///
    /// # Errors
    /// As [`Self::input`].
    fn matmul(&mut self, x: &Self::AShare, y: &Self::AShare, d: Dims) -> Result<Self::AShare>;
    /// Opens masked values inside a circuit; the check, if the protocol has one, is deferred.
    ///
    /// # Errors
    /// As [`Self::input`].
    fn partial_open(&mut self, x: &Self::AShare) -> Result<Vec<Self::Ring>>;
    /// Opens to some recipients, compute parties or not; deferred check as above.
    /// `Some` at the recipients among the compute parties.
    ///
    /// # Errors
    /// As [`Self::input`].
    fn partial_open_to(
        &mut self,
        x: &Self::AShare,
        to: &[PartyId],
    ) -> Result<Option<Vec<Self::Ring>>>;
    /// Settles every check owed.
    ///
    /// # Errors
    /// [`crate::Error::Cheating`] if a check fails.
    fn verify(&mut self) -> Result<()>;
    /// A child on its own lane with its own randomness.
    ///
    /// # Errors
    /// As [`Self::input`].
    fn fork(&mut self) -> Result<Self>;
    /// Takes a child's clock and debts.
    fn absorb(&mut self, child: Self);
    /// Runs two programs at once, each on a lane of its own.
    ///
    /// # Errors
    /// The first error of either side.
    ///
    /// # Panics
    /// If one side panics.
    fn join<A: Send, B: Send>(
        &mut self,
        left: impl FnOnce(&mut Self) -> Result<A> + Send,
        right: impl FnOnce(&mut Self) -> Result<B> + Send,
    ) -> Result<(A, B)>
    where
        Self: Send,
    {
        let (mut l, mut r) = (self.fork()?, self.fork()?);
        let (a, b) = std::thread::scope(|scope| {
            let handle = scope.spawn(|| left(&mut l));
            let b = right(&mut r);
            (handle.join().expect("the left lane panicked"), b)
        });
        self.absorb(l);
        self.absorb(r);
        match (a, b) {
            (Ok(a), Ok(b)) => Ok((a, b)),
            // Why a lane failed, not that the other could therefore not go on.
            (Err(Error::Ended), Err(error)) | (Err(error), _) | (_, Err(error)) => Err(error),
        }
    }

    /// Runs a program again and again, as often as is public, which does the same to other numbers
    /// each time. An interpreter to which one time or some tell of all may leave the others out: a
    /// program notes what holds before every time.
    ///
    /// # Errors
    /// The program's.
    fn repeat(
        &mut self,
        times: usize,
        mut program: impl FnMut(&mut Self, usize) -> Result<()>,
    ) -> Result<()> {
        (0..times).try_for_each(|at| program(self, at))
    }

    /// What mathematics knows of `x` and arithmetic on intervals cannot see. Only an interpreter
    /// of intervals does anything with it.
    fn note(&mut self, _x: &mut Self::AShare, _known: Known<'_, Self::AShare>) {}

    /// [`Known::Within`].
    fn note_bound(&mut self, x: &mut Self::AShare, lo: i128, hi: i128) {
        self.note(x, Known::Within(lo, hi));
    }

    /// A bound that the program rests on and does not prove itself: under an interpreter of
    /// intervals every element must be known to lie in `[lo, hi]`.
    ///
    /// # Errors
    /// [`crate::Error::Overflow`] if an element could lie outside.
    fn require_bound(
        &mut self,
        _step: &'static str,
        _x: &Self::AShare,
        _lo: i128,
        _hi: i128,
    ) -> Result<()> {
        Ok(())
    }

    /// Gives secrets to the application, all compute parties: checked before and after.
    ///
    /// # Errors
    /// As [`Self::input`], and [`crate::Error::Cheating`].
    fn reveal(&mut self, x: &Self::AShare) -> Result<Vec<Self::Ring>> {
        self.verify()?;
        let opened = self.partial_open(x)?;
        self.verify()?;
        Ok(opened)
    }

    /// Gives secrets to some recipients only.
    ///
    /// # Errors
    /// As [`Self::reveal`].
    fn reveal_to(&mut self, x: &Self::AShare, to: &[PartyId]) -> Result<Option<Vec<Self::Ring>>> {
        self.verify()?;
        let opened = self.partial_open_to(x, to)?;
        self.verify()?;
        Ok(opened)
    }
}

/// Boolean sharing, 64 secrets to a word, and the way between the two worlds.
/// What a paper does better, a protocol overrides; the rest comes from [`circuit`].
///
/// Where a method takes `bits`, the caller promises `-2^(bits-1) <= x < 2^(bits-1)`;
/// narrower is cheaper.
pub trait Protocol: Arithmetic {
    /// Bit-sliced boolean shares.
    type BShare: BitShare;
    /// A uniform permutation that no party knows.
    type Shuffle: Send + Sync + std::fmt::Debug;
    /// The same protocol over 32 bits, for destinations, ranks and flags. Bits and shuffles
    /// serve in both.
    type Index: Protocol<Ring = Z32, BShare = Self::BShare, Shuffle = Self::Shuffle, Index = Self::Index>;

    /// A sharing of public bits. Local.
    fn public_bits(&self, x: &Planes) -> Self::BShare;
    /// Uniform bits that nobody knows: `width` planes of `len`.
    ///
    /// # Errors
    /// As [`Arithmetic::input`].
    fn random_bits(&mut self, len: usize, width: usize) -> Result<Self::BShare>;
    /// Bit-wise product.
    ///
    /// # Errors
    /// As [`Arithmetic::input`].
    fn and(&mut self, x: &Self::BShare, y: &Self::BShare) -> Result<Self::BShare>;
    /// Opens masked bits inside a circuit, as [`Arithmetic::partial_open`].
    ///
    /// # Errors
    /// As [`Arithmetic::input`].
    fn partial_open_bits(&mut self, x: &Self::BShare) -> Result<Planes>;
    /// Gives bits to the application, all compute parties: checked before and after.
    ///
    /// # Errors
    /// As [`Arithmetic::reveal`].
    fn reveal_bits(&mut self, x: &Self::BShare) -> Result<Planes> {
        self.verify()?;
        let opened = self.partial_open_bits(x)?;
        self.verify()?;
        Ok(opened)
    }
    /// The low `bits` bits of two summands of `x` modulo `2^bits`, each shared bit-wise.
    ///
    /// # Errors
    /// As [`Arithmetic::input`].
    fn summands(
        &mut self,
        x: &Self::AShare,
        bits: u32,
        split: Split,
    ) -> Result<(Self::BShare, Self::BShare)>;
    /// `bits` planes that are zero together exactly where `x` is, given `|x| < 2^bits`.
    ///
    /// # Errors
    /// As [`Arithmetic::input`].
    fn difference_bits(&mut self, x: &Self::AShare, bits: u32) -> Result<Self::BShare> {
        let (mut u, v) = self.summands(x, bits, Split::Difference)?;
        u ^= &v;
        Ok(u)
    }
    /// Carry lookahead over some bits of the summands of [`Self::summands`], as if those below
    /// were zero.
    ///
    /// # Errors
    /// As [`Arithmetic::input`].
    fn lookahead(
        &mut self,
        x: &Self::AShare,
        bits: Range<u32>,
        which: Carries,
    ) -> Result<Lookahead<Self::BShare>> {
        circuit::lookahead_by_bits(self, x, bits, which)
    }
    /// Tests numbers in as few rounds as the protocol can, whatever the bytes. Not to be called
    /// for its own sake: [`Self::msb`] and [`Self::is_zero`] take it where it pays.
    ///
    /// # Errors
    /// As [`Arithmetic::input`].
    fn test_quickly(&mut self, x: &Self::AShare, bits: u32, test: Test) -> Result<Self::BShare> {
        circuit::test_by_gates(self, x, bits, test)
    }
    /// Each bit as a ring element 0 or 1: `width` planes of `n` give `width * n` elements.
    ///
    /// # Errors
    /// As [`Arithmetic::input`].
    fn b2a(&mut self, x: &Self::BShare) -> Result<Self::AShare>;
    /// Each element times its bit, of `width` planes of `n` bits one after the other.
    ///
    /// # Errors
    /// As [`Arithmetic::input`].
    fn mul_bits(&mut self, c: &Self::BShare, x: &Self::AShare) -> Result<Self::AShare> {
        let bits = self.b2a(c)?;
        self.mul(&bits, x)
    }
    /// Public combinations of each secret's bits as ring elements: a result for each row of
    /// `weights`, one weight to a plane, one row's results after the other's. Two to the power
    /// of the plane makes integers; a table on the planes of an indicator makes look-ups.
    ///
    /// # Errors
    /// As [`Arithmetic::input`].
    fn b2a_dot(&mut self, x: &Self::BShare, weights: &[Vec<Self::Ring>]) -> Result<Self::AShare> {
        circuit::b2a_dot(self, x, weights)
    }
    /// Which of its `2^width` values each number has: element `j * n + i` is one where number
    /// `i` of `n` is `j`, and zero elsewhere.
    ///
    /// # Errors
    /// As [`Arithmetic::input`].
    fn one_hot(&mut self, x: &Self::BShare, width: usize) -> Result<Self::AShare> {
        circuit::one_hot(self, x, width)
    }
    /// Where a stable sort by one digit moves each of `n` rows, given the indicators of its
    /// digit as [`Self::one_hot`] makes them.
    ///
    /// Cost: one product per row.
    ///
    /// # Errors
    /// As [`Arithmetic::input`].
    fn destinations(&mut self, hot: &Self::AShare, n: usize) -> Result<Self::AShare> {
        circuit::destinations(self, hot, n)
    }
    /// A child over 32 bits, on its own lane.
    ///
    /// # Errors
    /// As [`Arithmetic::fork`].
    fn index(&mut self) -> Result<Self::Index>;
    /// Takes such a child's clock and debts.
    fn absorb_index(&mut self, child: Self::Index);
    /// Runs a program over 32 bits.
    ///
    /// # Errors
    /// The program's.
    fn with_index<T>(&mut self, program: impl FnOnce(&mut Self::Index) -> Result<T>) -> Result<T> {
        let mut child = self.index()?;
        let out = program(&mut child);
        self.absorb_index(child);
        out
    }
    /// A fresh permutation of `len` rows.
    ///
    /// # Errors
    /// As [`Arithmetic::input`].
    ///
    /// # Panics
    /// If there are more than 2^31 rows.
    fn draw_shuffle(&mut self, len: usize) -> Result<Self::Shuffle>;
    /// Permutes rows, all columns in the same rounds.
    ///
    /// # Errors
    /// As [`Arithmetic::input`].
    fn shuffle(&mut self, by: &Self::Shuffle, way: Way, rows: RowsOf<Self>)
    -> Result<RowsOf<Self>>;
    /// Permutes rows, forward, and opens where each is to go: for each place the one of the
    /// permuted rows that belongs there. Destinations are a permutation of `0..n`, so what is
    /// opened is uniform if the shuffle has opened nothing else. Deferred check as in
    /// [`Arithmetic::partial_open`].
    ///
    /// # Errors
    /// As [`Arithmetic::input`], and [`crate::Error::Cheating`] if the destinations are no
    /// permutation.
    fn shuffle_open(
        &mut self,
        by: &Self::Shuffle,
        to: Self::AShare,
        rows: RowsOf<Self>,
    ) -> Result<(Vec<usize>, RowsOf<Self>)>;
    /// `x / 2^by`, rounded up or down at random with an error of at most one unit in the
    /// last place; requires `|x| < 2^(BITS-2)`.
    /// With `x = u + v` as in [`Self::summands`] it is `floor(x / 2^by) + 1 - carry`, where
    /// the carry is that of the low `by` bits of the summands.
    ///
    /// # Errors
    /// As [`Arithmetic::input`].
    fn trunc(&mut self, x: &Self::AShare, by: u32) -> Result<Self::AShare>;

    /// [`Arithmetic::mul`], then [`Self::trunc`].
    ///
    /// # Errors
    /// As [`Arithmetic::input`].
    fn mul_trunc(&mut self, x: &Self::AShare, y: &Self::AShare, by: u32) -> Result<Self::AShare> {
        let wide = self.mul(x, y)?;
        self.trunc(&wide, by)
    }
    /// [`Arithmetic::matmul`], then [`Self::trunc`] once.
    ///
    /// # Errors
    /// As [`Arithmetic::input`].
    fn matmul_trunc(
        &mut self,
        x: &Self::AShare,
        y: &Self::AShare,
        d: Dims,
        by: u32,
    ) -> Result<Self::AShare> {
        let wide = self.matmul(x, y, d)?;
        self.trunc(&wide, by)
    }
    /// [`Self::matmul_trunc`] of matrices of which mathematics knows that no element of the
    /// product is beyond `most` in magnitude, where arithmetic on intervals sees less.
    ///
    /// # Errors
    /// As [`Arithmetic::input`].
    fn matmul_trunc_within(
        &mut self,
        x: &Self::AShare,
        y: &Self::AShare,
        d: Dims,
        (by, _most): (u32, i128),
    ) -> Result<Self::AShare> {
        self.matmul_trunc(x, y, d, by)
    }
    /// `floor(x / 2^by)`, exactly; requires `|x| < 2^(BITS-2)`.
    ///
    /// # Errors
    /// As [`Arithmetic::input`].
    fn trunc_exact(&mut self, x: &Self::AShare, by: u32) -> Result<Self::AShare> {
        circuit::trunc_exact(self, x, by)
    }
    /// The low `bits` bits, least significant plane first.
    ///
    /// # Errors
    /// As [`Arithmetic::input`].
    fn a2b(&mut self, x: &Self::AShare, bits: u32) -> Result<Self::BShare> {
        circuit::a2b(self, x, bits)
    }
    /// The sign: 1 for negative.
    ///
    /// # Errors
    /// As [`Arithmetic::input`].
    fn msb(&mut self, x: &Self::AShare, bits: u32) -> Result<Self::BShare> {
        circuit::msb(self, x, bits)
    }
    /// Whether `x` is zero; here `|x| < 2^bits` suffices.
    ///
    /// # Errors
    /// As [`Arithmetic::input`].
    fn is_zero(&mut self, x: &Self::AShare, bits: u32) -> Result<Self::BShare> {
        circuit::is_zero(self, x, bits)
    }
}
