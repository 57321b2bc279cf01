//! Is a number negative, is it zero: three rounds, whatever its width.
//!
//! P2 knows the summand `u`, P0 and P1 know `v`. `u + v` carries where `u > not v`, and it is zero
//! where `u = -v`. Both compare `u` with a number `r` that P0 and P1 know. P2 shares the bits of
//! `u` modulo 251 between them. With `w_i` = 1 where the bits differ, and `d` the bits above `i`,
//! all linear in what is shared,
//!
//! ```text
//! u > r:   c_i = 1 + r_i - u_i + sum of w over d        c_end = 2 + sum of all w
//! u <= r:  c_i = 1 - r_i + u_i + sum of w over d        c_end = sum of all w
//! u = r:   c_i = 1 + sum of w over d                    c_end = sum of all w
//! u != r:  c_i = 1 - w_i + sum of w over d              c_end = 1 + sum of all w
//! ```
//!
//! has exactly one zero if the line is true, and none otherwise; nothing reaches 251. Which of
//! the two opposite lines is asked is a common coin of P0 and P1. They multiply each number by a
//! common factor other than zero, turn the whole row by a common random number of places, and
//! open it to P2. P2 finds a zero or not: the answer, up to the coin. So P2 knows one summand
//! modulo 2 of the answer, P0 and P1 the other, and P2 shares its own. Roles go round as in
//! `turns`.
//!
//! | message | why it says nothing to its receiver |
//! |---|---|
//! | P2 to P1: bits of `u` | masked by a draw of K0, which P1 lacks |
//! | P0 and P1 to P2: the row | one zero at a uniform place or none, by a coin that P2 lacks; all else uniform but for zero; the two parts masked by a draw of K1 |
//! | P2 to P1: what it found | masked by a draw of K0, which P1 lacks |
//!
//! Draws modulo 251 reject what does not fit, so they are uniform exactly.
//!
//! Source: private comparison of Damgard, Geisler, Kroigaard (ACISP 2007) among three parties as
//! in SecureNN (eprint 2018/442), algorithm 3. Differs: a place `end` instead of a case for
//! `r + 1` that wraps, a row that is turned instead of permuted, a test for zero.

use std::ops::Range;

use sharewell_net::{PartyId, Step};
use sharewell_ring::{Bits, Integer, Planes, Ring, zeroed};

use super::summands::bits_of_v;
use super::turns::{Turn, turns};
use super::{Pair, Rep3};
use crate::prss::{next, previous};
use crate::share::{BitLinear, Linear};
use crate::{Result, Side, Split, Test};

const SHARE: Step = Step("test share");
const ROW: Step = Step("test row");
const FOUND: Step = Step("test found");

/// The least prime below 256 from the top: above the longest sum, and a byte.
const PRIME: u16 = 251;

/// Words of so many numbers, a byte each.
pub(super) fn packed_words(numbers: usize) -> usize {
    numbers.div_ceil(8)
}

/// Draws of a tile: the mask of the bits (K0), and all that P0 and P1 have in common (K1).
#[derive(Copy, Clone)]
struct Draws {
    share: u64,
    common: u64,
}

/// A test under way.
struct Work {
    test: Test,
    /// Bits of each summand that are looked at.
    bits: usize,
    /// Those that are compared.
    compared: usize,
    /// The draw that masks what was found.
    mask: u64,
    out: Pair<Bits>,
}

impl Work {
    fn put(&mut self, turn: &Turn, parts: [&[Bits]; 2]) {
        self.out.iter_mut().zip(parts).for_each(|(out, part)| turn.put(out, 1, part));
    }

    /// The number that P0 and P1 compare with, a row of bytes for each bit, and what they add to
    /// the answer.
    fn known<R: Integer>(&self, v: &[R]) -> (Vec<u8>, Vec<Bits>) {
        match self.test {
            Test::Zero => {
                let r = bits_of_v(v, self.bits, Split::Difference);
                (lifted(&r, 0..self.bits), vec![Bits(0); Planes::words_per_plane(v.len())])
            }
            Test::Negative => {
                let planes = Planes::slice_values(v, self.bits);
                let mut r = lifted(&planes, 0..self.compared);
                r.iter_mut().for_each(|bit| *bit ^= 1);
                (r, planes.planes(self.compared..self.bits).to_vec())
            }
        }
    }

    /// One part of the masked, turned row and the coins. P1's has the constants.
    fn row(
        &self,
        share: &[u8],
        (r, len): (&[u8], usize),
        common: impl Iterator<Item = u64>,
        role: u8,
    ) -> (Vec<u8>, Vec<Bits>) {
        let mut common = Common { words: common, bytes: [0; 8], used: 8 };
        let coins: Vec<Bits> =
            (0..Planes::words_per_plane(len)).map(|_| Bits(common.word())).collect();
        let coin = lifted(&Planes::from_words(len, coins.clone()), 0..1);
        let places = self.compared + 1;
        let mut turned: Vec<u8> = (0..len).map(|_| common.below(places as u8)).collect();
        let mut above = vec![0; len];
        let mut row = vec![0; places * len];
        let constant = u16::from(role == 1);
        for place in (0..places).rev().map(|i| i.checked_sub(1)) {
            for j in 0..len {
                let at = |i: usize| (u16::from(share[i * len + j]), u16::from(r[i * len + j]));
                // At the end stand a zero of `u` and a one of `r`, which count in no sum.
                let (x, r) = place.map_or((0, 1), at);
                let one = Numbers { x, r, coin: coin[j].into(), above: above[j], constant };
                let number = one.number(self.test, place.is_none());
                let mask = u16::from(common.below(PRIME as u8));
                let mask = if role == 1 { PRIME - mask } else { mask };
                let factor = u16::from(common.below(PRIME as u8 - 1)) + 1;
                row[usize::from(turned[j]) * len + j] = ((number * factor + mask) % PRIME) as u8;
                turned[j] = (turned[j] + 1) % places as u8;
                above[j] = (above[j] + one.differs()) % PRIME;
            }
        }
        (row, coins)
    }
}

/// What one number of a row is made of: shares modulo the prime, and public bits.
struct Numbers {
    x: u16,
    r: u16,
    coin: u16,
    above: u16,
    /// Whether this part has the constants.
    constant: u16,
}

impl Numbers {
    /// `r + x - 2 r x`.
    fn differs(&self) -> u16 {
        let Self { x, r, constant, .. } = self;
        (x + r * (PRIME + constant) - 2 * r * x) % PRIME
    }

    fn number(&self, test: Test, end: bool) -> u16 {
        let Self { x, r, coin, above, constant } = self;
        let own = match (test, end) {
            (Test::Negative, _) => {
                let x = (1 - coin) * (PRIME - x) + coin * x;
                constant * (1 + r - 2 * r * coin) + x
            }
            (Test::Zero, false) => constant + coin * (PRIME - self.differs()),
            (Test::Zero, true) => constant * coin,
        };
        (own + above) % PRIME
    }
}

/// What P0 and P1 draw alike.
struct Common<I> {
    words: I,
    bytes: [u8; 8],
    used: usize,
}

impl<I: Iterator<Item = u64>> Common<I> {
    fn word(&mut self) -> u64 {
        self.words.next().expect("a stream has no end")
    }

    /// Uniform below a limit, of at least one: what does not fit is thrown away.
    fn below(&mut self, limit: u8) -> u8 {
        let mask = u8::MAX >> (limit - 1).leading_zeros().min(7);
        loop {
            if self.used == 8 {
                (self.bytes, self.used) = (self.word().to_le_bytes(), 0);
            }
            let drawn = self.bytes[self.used] & mask;
            self.used += 1;
            if drawn < limit {
                return drawn;
            }
        }
    }
}

impl<R: Integer> Rep3<R> {
    /// Three rounds; in all three bytes for each bit compared, and two and a bit.
    pub(super) fn quick_test(
        &mut self,
        x: &Linear<R, 2>,
        bits: u32,
        test: Test,
    ) -> Result<BitLinear<2>> {
        let [first, second] = &x.0;
        let len = first.len();
        let turns = turns(self.me(), len, R::BYTES);
        let mut draw = || self.prss.next_draw();
        let out = [(); 2].map(|()| zeroed(Planes::words_per_plane(len)));
        let compared = test.compared(bits);
        let mut work = Work { test, bits: bits as usize, compared, mask: draw(), out };
        let draws: Vec<Draws> =
            turns.clone().map(|_| Draws { share: draw(), common: draw() }).collect();
        let mut tops = vec![];
        for (turn, draws) in turns.clone().zip(&draws) {
            match turn.role {
                0 => self.test_0(&mut work, &turn, *draws, &second[turn.range.clone()])?,
                1 => {}
                _ => {
                    let mut u = first[turn.range.clone()].to_vec();
                    R::add_assign(&mut u, &second[turn.range.clone()]);
                    tops.push(self.share_bits(&work, *draws, &u)?);
                }
            }
        }
        let mut rows = vec![];
        for (turn, draws) in turns.clone().zip(&draws) {
            match turn.role {
                0 => {}
                1 => self.test_1(&mut work, &turn, *draws, &first[turn.range.clone()])?,
                _ => rows.push(self.receive(next(self.me()), ROW, (compared + 1) * turn.len())?),
            }
        }
        let mine = turns.clone().filter(|turn| turn.role == 2);
        for (turn, (top, row)) in mine.zip(tops.into_iter().zip(rows)) {
            self.test_2(&mut work, &turn, &top, &row)?;
        }
        for turn in turns.filter(|turn| turn.role == 1) {
            let found: Vec<Bits> = self.party.recv(next(self.me()), FOUND, turn.words())?;
            work.put(&turn, [&[], &found]);
        }
        Ok(BitLinear(work.out.map(|words| Planes::from_words(len, words))))
    }

    /// P2 shares the bits compared; what it adds to the answer, the bit above them if there is
    /// one.
    fn share_bits(&mut self, work: &Work, draws: Draws, u: &[R]) -> Result<Vec<Bits>> {
        let planes = Planes::slice_values(u, work.bits);
        let mut share = lifted(&planes, 0..work.compared);
        for (x, mask) in share.iter_mut().zip(self.bit_masks(Side::Right, draws)) {
            *x = ((u16::from(*x) + PRIME - u16::from(mask)) % PRIME) as u8;
        }
        self.send(previous(self.me()), SHARE, &share)?;
        let mut top = planes.planes(work.compared..work.bits).to_vec();
        top.resize(Planes::words_per_plane(u.len()), Bits(0));
        Ok(top)
    }

    fn bit_masks(&self, side: Side, draws: Draws) -> impl Iterator<Item = u8> {
        let words = self.prss.words(side, draws.share);
        let mut common = Common { words, bytes: [0; 8], used: 8 };
        std::iter::from_fn(move || Some(common.below(PRIME as u8)))
    }

    fn test_0(&mut self, work: &mut Work, turn: &Turn, draws: Draws, v: &[R]) -> Result<()> {
        let (r, mut rest) = work.known(v);
        let share: Vec<u8> = self.bit_masks(Side::Left, draws).take(r.len()).collect();
        let common = self.prss.words(Side::Right, draws.common);
        let (row, coins) = work.row(&share, (&r, v.len()), common, 0);
        self.send(previous(self.me()), ROW, &row)?;
        Bits::add_assign(&mut rest, &coins);
        let mask: Vec<Bits> = self.prss.tile(Side::Left, work.mask, turn.tile, turn.words());
        work.put(turn, [&mask, &rest]);
        Ok(())
    }

    fn test_1(&mut self, work: &mut Work, turn: &Turn, draws: Draws, v: &[R]) -> Result<()> {
        let (r, mut rest) = work.known(v);
        let share = self.receive(next(self.me()), SHARE, r.len())?;
        let common = self.prss.words(Side::Left, draws.common);
        let (row, coins) = work.row(&share, (&r, v.len()), common, 1);
        self.send(next(self.me()), ROW, &row)?;
        Bits::add_assign(&mut rest, &coins);
        work.put(turn, [&rest, &[]]);
        Ok(())
    }

    fn test_2(&mut self, work: &mut Work, turn: &Turn, top: &[Bits], row: &[u8]) -> Result<()> {
        let other = self.receive(previous(self.me()), ROW, row.len())?;
        let len = turn.len();
        let mut found = vec![0u8; len];
        for (x, y) in row.chunks_exact(len).zip(other.chunks_exact(len)) {
            for ((found, x), y) in found.iter_mut().zip(x).zip(y) {
                let sum = u16::from(*x) + u16::from(*y);
                *found |= u8::from(sum == 0) | u8::from(sum == PRIME);
            }
        }
        let mut masked = packed_bits(&found);
        Bits::add_assign(&mut masked, top);
        let mask: Vec<Bits> = self.prss.tile(Side::Right, work.mask, turn.tile, turn.words());
        Bits::add_assign(&mut masked, &mask);
        self.party.send(previous(self.me()), FOUND, &masked)?;
        work.put(turn, [&masked, &mask]);
        Ok(())
    }

    /// Numbers travel as words.
    fn send(&mut self, to: PartyId, step: Step, numbers: &[u8]) -> Result<()> {
        let mut words: Vec<Bits> = zeroed(packed_words(numbers.len()));
        bytemuck::cast_slice_mut::<_, u8>(&mut words)[..numbers.len()].copy_from_slice(numbers);
        self.party.send(to, step, &words)
    }

    fn receive(&mut self, from: PartyId, step: Step, numbers: usize) -> Result<Vec<u8>> {
        let words: Vec<Bits> = self.party.recv(from, step, packed_words(numbers))?;
        // What is no number modulo the prime was sent by a cheater; it must only do no harm here.
        Ok(bytemuck::cast_slice::<_, u8>(&words)[..numbers]
            .iter()
            .map(|x| x % PRIME as u8)
            .collect())
    }
}

/// Each bit of some planes as a byte.
fn lifted(planes: &Planes, range: Range<usize>) -> Vec<u8> {
    let len = planes.len();
    let mut out = Vec::with_capacity(range.len() * len);
    for plane in range {
        let words = planes.planes(plane..plane + 1);
        out.extend((0..len).map(|j| (words[j / 64].0 >> (j % 64) & 1) as u8));
    }
    out
}

/// Bytes of one bit each as a plane.
fn packed_bits(bytes: &[u8]) -> Vec<Bits> {
    let word = |bytes: &[u8]| {
        bytes.iter().enumerate().fold(0, |word, (j, bit)| word | u64::from(*bit) << j)
    };
    bytes.chunks(64).map(|bytes| Bits(word(bytes))).collect()
}
