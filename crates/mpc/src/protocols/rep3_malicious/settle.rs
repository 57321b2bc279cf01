//! Paying what is owed: the checks that everything opened rests on.
//!
//! Five rounds, those of the gates' proof between the second and the third, and two before all if
//! there are matrix products, in which a first coin says how they are sampled (`samples`):
//! 1. uniform wires get tags, which will mask what is opened in the fourth;
//! 2. everybody compares what has been opened. Who sends this has received all that came before,
//!    so nothing that is checked can change after it;
//! 3. a coin is opened, whose components both holders send;
//! 4. of each domain random sums of values, under the masks of the first round (`combined`);
//! 5. the same sums of tags must be `alpha` times those: `zero`.
//!
//! Soundness: let a value be wrong by `d`, `d != 0` modulo `2^k`, and its tag by `e`. Then
//! `e - alpha d`, modulo `2^(k+s)`, is zero with probability `2^-(s+1)` at most, over `alpha`; and
//! if it is not, the sums show it but for `2^-43`.
//!
//! Privacy: a wrong tag that enters a product becomes wrong by a multiple of the other factor, a
//! secret. If a check could miss it with a probability that is not small, stopping would tell of
//! that factor to whoever knows the coin; `2^(k+s-1)` in a tag would tell whether it is even. So
//! the sums must show every error, also such as could falsify nothing; and as they do, the first
//! tag that is wrong stops the run, whatever the secrets are.
//!
//! Source: Abspoel, Dalskov, Escudero, Nof (eprint 2019/1298), 4; Chida et al. (eprint 2018/570).
//! Differs: many sums of random halves instead of one combination with secret coefficients, which
//! hides what one check finds but leaves to the next what it misses; values are masked and opened,
//! so that `alpha` never is and serves the whole session; the zero check tells nothing but whether
//! it passed, not even to who cheated (a product with a random secret would tell the power of two
//! in what it hides).

use sharewell_net::Step;
use sharewell_ring::{Gf64, Key, Prg, Ring, Wide, Z64, Z128, zeroed};

use super::combined::{SUMS, combined};
use super::demand::{demand, neighbours};
use super::domain::{Authentic, Domain};
use super::ledger::{Debts, Keys, Ledger};
use super::samples::Samples;
use super::{Pair, Rep3Malicious, gates};
use crate::prss::{next, previous};
use crate::wiped::Wiped;
use crate::{Party, Prss, Result, Side};

const MASKS: Step = Step("check masks");
pub(super) const ECHO: Step = Step("check openings");
pub(super) const COIN: Step = Step("check coin");
pub(super) const COMBINED: Step = Step("check values");
pub(super) const ZERO: Step = Step("check tags");

/// Calls a method of the check of each domain that owes something.
macro_rules! each {
    ($checks:ident . $method:ident ( $($arg:expr),* )) => {{
        if let Some(check) = &mut $checks.z32 { check.$method($($arg),*); }
        if let Some(check) = &mut $checks.z64 { check.$method($($arg),*); }
        if let Some(check) = &mut $checks.z128 { check.$method($($arg),*); }
        if let Some(check) = &mut $checks.rows { check.$method($($arg),*); }
    }};
}

/// What one domain's check knows so far: the sums of each.
struct Check<D: Domain> {
    debts: Debts<D::Wide>,
    /// The masks, then what they mask.
    values: [Wiped<D::Wide>; 2],
    tags: [Wiped<D::Wide>; 2],
    /// The masked combinations in the clear.
    opened: Vec<D::Wide>,
    /// What is to be zero if matrix products are right: first this party's parts of products
    /// and, behind them, of the products' tags; then differences from what was said of them.
    samples: Samples<D::Wide>,
}

struct Checks {
    z32: Option<Check<sharewell_ring::Z32>>,
    z64: Option<Check<Z64>>,
    z128: Option<Check<Z128>>,
    rows: Option<Check<super::domain::Row>>,
}

/// Bytes for the two neighbours.
#[derive(Default)]
pub(super) struct Letters {
    pub(super) previous: Vec<u8>,
    pub(super) next: Vec<u8>,
}

impl Letters {
    /// The same party's components of something, each to the neighbour that lacks it.
    fn components<W: Wide>(&mut self, x: [&[W]; 2], wire: usize) {
        W::pack(x[0], wire, &mut self.next);
        W::pack(x[1], wire, &mut self.previous);
    }

    /// Sends, and receives as much from the other side.
    pub(super) fn exchange(&self, party: &mut Party, step: Step) -> Result<Self> {
        let (before, after) = (previous(party.me()), next(party.me()));
        party.send(before, step, &self.previous)?;
        party.send(after, step, &self.next)?;
        let from_next = party.recv(after, step, self.previous.len())?;
        Ok(Self { previous: party.recv(before, step, self.next.len())?, next: from_next })
    }

    /// What both holders of the missing components have sent.
    fn agreed(self, party: &Party, step: Step) -> Result<Vec<u8>> {
        demand(self.previous == self.next, step, || neighbours(party))?;
        Ok(self.next)
    }
}

fn taken<'a>(from: &mut &'a [u8], bytes: usize) -> &'a [u8] {
    let (taken, rest) = from.split_at(bytes);
    *from = rest;
    taken
}

fn unpacked<W: Wide>(from: &mut &[u8], wire: usize, len: usize) -> Vec<W> {
    let mut out = vec![];
    W::unpack(taken(from, len * wire), wire, &mut out);
    out
}

impl<D: Domain> Check<D> {
    fn begin(debts: Debts<D::Wide>, prss: &mut Prss) -> Option<Self> {
        let draw = prss.next_draw();
        let mask = |side| prss.uniform(side, draw, SUMS).into();
        let values = [Side::Left, Side::Right].map(mask);
        let tags = [(); 2].map(|()| zeroed(SUMS).into());
        (debts.len() > 0).then_some(Self {
            debts,
            values,
            tags,
            opened: vec![],
            samples: Samples::default(),
        })
    }

    /// This party's part of the masks' tags.
    fn send_masks(&mut self, keys: &Keys, prss: &mut Prss, out: &mut Vec<u8>) {
        let [part, _] = &mut self.tags;
        let [draw, prss_draw] = [(); 2].map(|()| prss.next_draw());
        prss.zero(draw, 0, part);
        let [mine, theirs] = &self.values;
        let [first, second] = D::key(keys).map(|alpha| [alpha; SUMS]);
        D::Wide::cross_add(part, [mine, theirs], [&first, &second]);
        D::Wide::pack(part, D::WIRE, out);
        let mut parts = zeroed(self.samples.parts.len());
        prss.zero(prss_draw, 0, &mut parts);
        D::Wide::add_assign(&mut parts, &self.samples.parts);
        D::Wide::pack(&parts, D::WIRE, out);
        self.samples.parts = parts.into();
    }

    fn take_masks(&mut self, from: &mut &[u8]) {
        self.tags[1] = unpacked(from, D::WIRE, SUMS).into();
        let parts = std::mem::take(&mut self.samples.parts);
        let theirs = unpacked(from, D::WIRE, parts.len()).into();
        self.samples.settle(&[parts, theirs], &mut self.debts);
    }

    fn sample(&mut self, coin: &Prg) {
        self.samples = Samples::draw(&self.debts, coin, D::NUMBER);
    }

    fn has_matrices(&mut self, any: &mut bool) {
        *any |= !self.debts.matrices.is_empty();
    }

    fn end(&mut self, ledger: &mut Ledger) {
        self.debts.clear();
        std::mem::swap(D::debts(ledger), &mut self.debts);
    }

    fn combine(&mut self, coin: &Prg) {
        for (of, sums) in [&mut self.values, &mut self.tags].into_iter().enumerate() {
            for (component, sums) in sums.iter_mut().enumerate() {
                let pieces = self.debts.pieces(of, component);
                D::Wide::add_assign(sums, &combined(&pieces, coin, D::NUMBER));
            }
        }
    }

    fn send_values(&mut self, letters: &mut Letters) {
        letters.components(self.values.each_ref().map(|x| &**x), D::WIRE);
    }

    fn take_values(&mut self, missing: &mut &[u8]) {
        self.opened = unpacked(missing, D::WIRE, SUMS);
        self.values.iter().for_each(|x| D::Wide::add_assign(&mut self.opened, x));
    }

    /// What is to be zero: tags less `alpha` times the values, and what samples left.
    fn differences(&mut self, keys: &Keys, out: &mut Vec<[Vec<u8>; 3]>) {
        for (tags, &alpha) in self.tags.iter_mut().zip(D::key(keys)) {
            let pairs = tags.iter_mut().zip(&self.opened);
            pairs.for_each(|(tag, &value)| *tag = *tag - alpha * value);
        }
        for [first, second] in [&self.tags, &self.samples.differences] {
            let rest: Vec<_> = first.iter().zip(second.iter()).map(|(&a, &b)| -(a + b)).collect();
            out.push([rest.as_slice(), first, second].map(|x| {
                let mut bytes = vec![];
                D::Wide::pack(x, D::WIRE, &mut bytes);
                bytes
            }));
        }
    }
}

impl<R: Authentic> Rep3Malicious<R> {
    /// Settles everything owed on this lane.
    pub(super) fn settle(&mut self) -> Result<()> {
        let ledger = std::mem::take(&mut self.ledger);
        if ledger.is_empty() {
            return Ok(());
        }
        let wires = ledger.owes_wires();
        let Ledger { z32, z64, z128, rows, gates, opened } = ledger;
        let (prss, opened) = (&mut self.prss, opened.unwrap_or_default());
        let mut checks = Checks {
            z32: Check::begin(z32, prss),
            z64: Check::begin(z64, prss),
            z128: Check::begin(z128, prss),
            rows: Check::begin(rows, prss),
        };
        let mut matrices = false;
        each!(checks.has_matrices(&mut matrices));
        if matrices {
            self.echo(opened)?;
            let coin = self.toss()?;
            each!(checks.sample(&coin));
        }
        if wires {
            self.mask(&mut checks)?;
        }
        self.echo(opened)?;
        gates::prove(&mut self.party, &mut self.prss, gates)?;
        if wires {
            self.check(&mut checks)?;
        }
        each!(checks.end(&mut self.ledger));
        Ok(())
    }

    fn mask(&mut self, checks: &mut Checks) -> Result<()> {
        let mut out = vec![];
        each!(checks.send_masks(&self.keys, &mut self.prss, &mut out));
        let (before, after) = (previous(self.party.me()), next(self.party.me()));
        self.party.send(before, MASKS, &out)?;
        let theirs: Vec<u8> = self.party.recv(after, MASKS, out.len())?;
        let mut from = theirs.as_slice();
        each!(checks.take_masks(&mut from));
        Ok(())
    }

    /// All have opened the same values.
    fn echo(&mut self, opened: [u8; 32]) -> Result<()> {
        let mine = Letters { previous: opened.to_vec(), next: opened.to_vec() };
        let theirs = mine.exchange(&mut self.party, ECHO)?;
        let agree = theirs.agreed(&self.party, ECHO)? == opened;
        demand(agree, ECHO, || neighbours(&self.party))
    }

    /// Uniform, unknown to anybody before the honest parties send this.
    fn toss(&mut self) -> Result<Prg> {
        let draw = self.prss.next_draw();
        let parts: Pair<Z128> =
            [Side::Left, Side::Right].map(|side| self.prss.uniform(side, draw, 1));
        let mut mine = Letters::default();
        mine.components(parts.each_ref().map(Vec::as_slice), Z128::BYTES);
        let theirs = mine.exchange(&mut self.party, COIN)?;
        let missing = theirs.agreed(&self.party, COIN)?;
        let missing = Z128(bytemuck::pod_read_unaligned(&missing));
        let coin = parts[0][0] + parts[1][0] + missing;
        Ok(Prg::new(&Key(coin.0.to_le_bytes())))
    }

    fn check(&mut self, checks: &mut Checks) -> Result<()> {
        let coin = self.toss()?;
        each!(checks.combine(&coin));
        let mut letters = Letters::default();
        each!(checks.send_values(&mut letters));
        let theirs = letters.exchange(&mut self.party, COMBINED)?;
        let missing = theirs.agreed(&self.party, COMBINED)?;
        let mut missing = missing.as_slice();
        each!(checks.take_values(&mut missing));
        let mut differences = vec![];
        each!(checks.differences(&self.keys, &mut differences));
        self.zero(&differences)
    }

    /// Whether shared strings are zero: of each, what this party's components leave of nothing,
    /// and the components. Whoever receives this learns whether they are, and nothing else.
    ///
    /// Of neighbours `P_i`, `P_{i+1}` the one knows what the missing component would have to be,
    /// `a`, and the other, as `P_{i-1}` does, what it is, `b`. With `h`, `m` from the key of
    /// `P_{i-1}` and `P_i` and `r` from that of `P_i` and `P_{i+1}`, `P_{i+1}` receives
    /// `a (h + r) + m` and `b h + m`, whose sum is `b r` if `a = b`; else it is uniform to
    /// `P_{i+1}`, who lacks `h`, and `P_{i-1}`, who lacks `r`, meets it by chance of `2^-64`.
    fn zero(&mut self, strings: &[[Vec<u8>; 3]]) -> Result<()> {
        let words = |which: usize| -> Vec<Gf64> {
            let each = strings.iter().flat_map(|string| string[which].chunks(8));
            each.map(|chunk| {
                let mut word = [0; 8];
                word[..chunk.len()].copy_from_slice(chunk);
                Gf64(u64::from_le_bytes(word))
            })
            .collect()
        };
        let [rest, first, second] = [0, 1, 2].map(words);
        let [h, r, m] = [(); 3].map(|()| self.prss.next_draw());
        let uniform = |side, draw, len| self.prss.uniform::<Gf64>(side, draw, len);
        let len = rest.len();
        let (from_left, from_right) = (uniform(Side::Left, h, len), uniform(Side::Right, h, len));
        let [r_left, r_right] = [Side::Left, Side::Right].map(|side| uniform(side, r, len));
        let mut both = from_left;
        Gf64::add_assign(&mut both, &r_right);
        let to_next = Gf64::dot(&rest, &both) + uniform(Side::Left, m, 1)[0];
        let to_previous = Gf64::dot(&first, &from_right) + uniform(Side::Right, m, 1)[0];
        let bytes = |x: Gf64| x.0.to_le_bytes().to_vec();
        let letters = Letters { previous: bytes(to_previous), next: bytes(to_next) };
        let theirs = letters.exchange(&mut self.party, ZERO)?;
        let word = |bytes: &[u8]| Gf64(bytemuck::pod_read_unaligned(bytes));
        let sum = word(&theirs.previous) + word(&theirs.next);
        demand(sum == Gf64::dot(&second, &r_left), ZERO, || neighbours(&self.party))
    }
}
