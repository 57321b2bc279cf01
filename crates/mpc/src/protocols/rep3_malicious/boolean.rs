//! Bits: XOR sharing, whose gates are proved later, and the ways between the two worlds.

use sharewell_net::Step;
use sharewell_ring::{Bits, Planes, Ring, Z32, reserved, zeroed};

use super::domain::Authentic;
use super::ledger::GATE_WORDS;
use super::shuffle::AuthenticRows;
use super::{Authenticated, Rep3Malicious};
use crate::party::TILE_BYTES;
use crate::prss::{next, previous};
use crate::replicated::shuffle::Shuffle;
use crate::replicated::{Pair, pass_on};
use crate::wiped::Wiped;
use crate::{BitLinear, BitShare, Protocol, Result, Side, Split, Way};

impl<R: Authentic> Rep3Malicious<R> {
    /// AND gates on words. What they rest on is kept for their proof.
    fn gates(&mut self, x: [&[Bits]; 2], y: [&[Bits]; 2]) -> Result<Pair<Bits>> {
        const STEP: Step = Step("and");
        const TILE: usize = TILE_BYTES / size_of::<Bits>();
        let (draw, len) = (self.prss.next_draw(), x[0].len());
        let mut mine: Vec<Bits> = reserved(len);
        let mut masks = [(); 2].map(|()| Wiped::from(reserved(len)));
        for (tile, start) in (0..len).step_by(TILE).enumerate() {
            let range = start..len.min(start + TILE);
            let mut z: Vec<Bits> = zeroed(range.len());
            for (side, masks) in [Side::Left, Side::Right].into_iter().zip(&mut masks) {
                let mask: Wiped<Bits> = self.prss.tile(side, draw, tile, range.len()).into();
                Bits::add_assign(&mut z, &mask);
                masks.extend_from_slice(&mask);
            }
            let [x, y] = [x, y].map(|x| x.map(|x| &x[range.clone()]));
            Bits::cross_add(&mut z, x, y);
            self.party.send(previous(self.me()), STEP, &z)?;
            mine.extend_from_slice(&z);
        }
        let theirs = self.party.recv(next(self.me()), STEP, len)?;
        let z = [mine, theirs];
        self.ledger.gates.push(
            x,
            y,
            z.each_ref().map(Vec::as_slice),
            masks.each_ref().map(|masks| &**masks),
        );
        Ok(z)
    }
}

impl<R: Authentic> Protocol for Rep3Malicious<R> {
    type BShare = BitLinear<2>;
    type Shuffle = Shuffle;
    type Index = Rep3Malicious<Z32>;

    fn public_bits(&self, x: &Planes) -> BitLinear<2> {
        let zero = || Planes::zero(x.len(), x.width());
        BitLinear(match self.me().0 {
            0 => [x.clone(), zero()],
            1 => [zero(), zero()],
            _ => [zero(), x.clone()],
        })
    }

    fn random_bits(&mut self, len: usize, width: usize) -> Result<BitLinear<2>> {
        self.attempt(|p| {
            let draw = p.prss.next_draw();
            let words = width * Planes::words_per_plane(len);
            let part = |side| Planes::from_words(len, p.prss.uniform(side, draw, words));
            Ok(BitLinear([Side::Left, Side::Right].map(part)))
        })
    }

    fn and(&mut self, x: &BitLinear<2>, y: &BitLinear<2>) -> Result<BitLinear<2>> {
        self.attempt(|p| {
            let [x_words, y_words] = [x, y].map(|x| x.0.each_ref().map(Planes::words));
            let words = x_words[0].len();
            assert_eq!(words, y_words[0].len(), "factors of different sizes");
            let mut out: Pair<Bits> = [reserved(words), reserved(words)];
            for start in (0..words).step_by(GATE_WORDS) {
                let piece = start..words.min(start + GATE_WORDS);
                let z = p.gates(
                    x_words.map(|x| &x[piece.clone()]),
                    y_words.map(|y| &y[piece.clone()]),
                )?;
                out.iter_mut().zip(&z).for_each(|(out, z)| out.extend_from_slice(z));
                p.done(())?;
            }
            Ok(BitLinear(out.map(|words| Planes::from_words(x.len(), words))))
        })
    }

    fn partial_open_bits(&mut self, x: &BitLinear<2>) -> Result<Planes> {
        self.attempt(|p| {
            let mut out: Vec<Bits> = pass_on(&mut p.party, Step("open bits"), x.0[0].words())?;
            for x in &x.0 {
                Bits::add_assign(&mut out, x.words());
            }
            p.ledger.saw(&out);
            Ok(Planes::from_words(x.len(), out))
        })
    }

    fn summands(
        &mut self,
        x: &Authenticated<R>,
        bits: u32,
        split: Split,
    ) -> Result<(BitLinear<2>, BitLinear<2>)> {
        self.attempt(|p| p.summands_of(x, bits, split))
    }

    fn b2a(&mut self, x: &BitLinear<2>) -> Result<Authenticated<R>> {
        self.attempt(|p| p.lifted(x))
    }

    fn index(&mut self) -> Result<Rep3Malicious<Z32>> {
        self.attempt(|p| Ok(p.child()))
    }

    fn absorb_index(&mut self, child: Rep3Malicious<Z32>) {
        self.take_back(child);
    }

    fn draw_shuffle(&mut self, len: usize) -> Result<Shuffle> {
        self.attempt(|p| Ok(p.draw_shuffle_of(len)))
    }

    fn shuffle(
        &mut self,
        by: &Shuffle,
        way: Way,
        rows: AuthenticRows<R>,
    ) -> Result<AuthenticRows<R>> {
        self.attempt(|p| p.shuffle_rows(by, way, rows))
    }

    fn shuffle_open(
        &mut self,
        by: &Shuffle,
        to: Authenticated<R>,
        rows: AuthenticRows<R>,
    ) -> Result<(Vec<usize>, AuthenticRows<R>)> {
        self.attempt(|p| p.shuffle_and_open(by, to, rows))
    }

    fn trunc(&mut self, x: &Authenticated<R>, by: u32) -> Result<Authenticated<R>> {
        self.attempt(|p| p.truncated(x, by))
    }

    fn trunc_exact(&mut self, x: &Authenticated<R>, by: u32) -> Result<Authenticated<R>> {
        self.attempt(|p| p.truncated_exactly(x, by))
    }
}
