//! Proof that AND gates were computed right, without showing anything of them: some hundred
//! field elements from each party to its neighbours, whatever the number of gates.
//!
//! # What is proven
//!
//! In an AND, `P_i` sends `z_i = x_i y_i + x_i y_{i+1} + x_{i+1} y_i + F(K_i) + F(K_{i+1})` (in
//! bits) to `P_{i-1}`. Every variable of it is known to one of the other two parties:
//!
//! | | knows |
//! |---|---|
//! | left verifier `P_{i-1}` | `x_i`, `y_i`, `F(K_i)`, `z_i`; so `e = x_i y_i + F(K_i) + z_i` |
//! | right verifier `P_{i+1}` | `x_{i+1}`, `y_{i+1}`, `F(K_{i+1})` |
//!
//! The gate is right if `x_i y_{i+1} + x_{i+1} y_i + e + F(K_{i+1}) = 0`. The sign
//! `(-1)^(..)` of that is an inner product of four numbers of the left verifier and four of the
//! right one ([`Signs`]); half of it, negated, is -1/2 for a right gate and +1/2 for a wrong one.
//! Over `m` gates the products sum to `errors - m/2`, and `m` is far below the field's order:
//! the batch is right if and only if `<u, v> = -m/2`, for vectors `u` and `v` known to one
//! verifier each and both to the prover.
//!
//! # How
//!
//! One level replaces a statement `<u, v> = t` about `n` elements by one about `n / nodes`. Every
//! `n / nodes`-th elements are values of a polynomial `p_c` (of `u`) or `q_c` (of `v`) at `0, 1,
//! .., nodes - 1`. The prover shares the values of `G = sum p_c q_c` at `2 nodes - 1` places
//! between the verifiers. `t` must be the sum of the first `nodes` of them; so `G(0)` is not sent
//! but computed from `t`, by each verifier on its shares. Then a challenge `r` is made known, and
//! the statement becomes `<p(r), q(r)> = G(r)`; of this sum each verifier has a share by
//! Lagrange's formula. In the first level the elements are the four numbers of some gates: `G` is
//! made of counts of bits and `p(r)` of table entries, and nothing is multiplied.
//!
//! The last level has one polynomial of each side. At node 0 it takes random values: `p(0)` known
//! to the prover and the left verifier, `q(0)` to the prover and the right one. The sum is that
//! from node 1 on. Then the verifiers tell each other `p(r)`, `q(r)` and their shares of `G(r)`,
//! and both test `p(r) q(r) = G(r)`.
//!
//! # Why a wrong gate is noticed
//!
//! The shares of a right verifier come from `K_{i+1}`, which it holds: what the left verifier
//! receives fixes `G`. The challenge is drawn from `K_{i+2}`, which the verifiers share and the
//! prover lacks; the left one sends it to the prover after the prover's message. If the statement
//! is false and `G` is such that it sums to `t` (and nothing else can be sent), `G` differs from
//! the true polynomial of degree `2 nodes - 2`, and the next statement is true for at most so many
//! of `2^61 - 1 - nodes` challenges. Likewise the test at the end. Over all levels the error is
//! at most `sum (2 nodes - 2) / (2^61 - 66)`, below 2^-52 for every number of gates. Both
//! verifiers are honest if the prover is not, so both see the same and both stop.
//!
//! # Why verifiers learn nothing
//!
//! | message | why it says nothing to its receiver |
//! |---|---|
//! | prover to left: shares of `G` | masked by a draw of `K_{i+1}`, which it lacks |
//! | left to prover: challenges | no secret |
//! | prover to right: the challenges again | no secret |
//! | right to left: `q(r)`, a share of `G(r)` | `q(0)` masks `q(r)`, since `r` is no node; and the share is `p(r) q(r)` less its own |
//! | left to right: `p(r)`, a share of `G(r)` | likewise, by `p(0)` |
//!
//! This needs that the prover used the challenges that the right verifier uses. A left verifier
//! that gives the prover another one would learn `q(r)` for two polynomials with one mask, hence a
//! sum of the right one's bits. So the prover tells the right verifier which challenges it was
//! given, and the right one compares before it says anything. A verifier that lies otherwise makes
//! the other one stop, whatever the secrets are: all that the test compares is known to it.
//!
//! Source: Boneh, Boyle, Corrigan-Gibbs, Gilboa, Ishai, CRYPTO 2019 (eprint 2019/188), fully
//! linear proofs; Boyle, Gilboa, Ishai, Nof, CCS 2019 (eprint 2019/1390), recursion; Li et al.
//! (eprint 2023/909) and draft-savage-ppm-3phm-mpc, signs of bits over this field, masks of the
//! last level. Differs:
//!
//! * Challenges are interactive. Hashed ones could be searched for in a field of 2^61 elements.
//! * The prover repeats the challenges to the right verifier, as above.
//! * `G(0)` is computed, not sent and tested: one element and one exchange less a level, and the
//!   same error, since a prover can send nothing that would fail that test.
//! * Coordinates of a gate are indicators of `(x, y)` and signs, not products of bits: another
//!   basis of the same four dimensions, which needs half the counts.

mod plan;
mod transcript;

use sharewell_net::Step;
use sharewell_ring::{Bits, Fp61, Ring, Signs, zeroed};

use self::plan::Plan;
use self::transcript::{Challenges, Transcript};
use super::wire::ELEMENT_BYTES;
use crate::script::Message;
use crate::wiped::Wiped;
use crate::{Party, Phase, Prss, Result};

pub(super) const PROOF: Step = Step("and gates");
pub(super) const CHALLENGE: Step = Step("and gates challenge");
pub(super) const ECHO: Step = Step("and gates echo");
pub(super) const REVEAL: Step = Step("and gates reveal");

/// What one party keeps of a batch of AND gates, 64 to a word.
#[derive(Default)]
pub(super) struct Gates {
    x: [Wiped<Bits>; 2],
    y: [Wiped<Bits>; 2],
    z: [Wiped<Bits>; 2],
    masks: [Wiped<Bits>; 2],
}

impl std::fmt::Debug for Gates {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Gates({} words)", self.words())
    }
}

impl Gates {
    /// Adds gates: this party's components of factors and products, and its draws of both keys
    /// that masked the products.
    ///
    /// # Panics
    /// If the lengths differ.
    pub(super) fn push(
        &mut self,
        x: [&[Bits]; 2],
        y: [&[Bits]; 2],
        z: [&[Bits]; 2],
        masks: [&[Bits]; 2],
    ) {
        let lists = [&mut self.x, &mut self.y, &mut self.z, &mut self.masks];
        for (list, new) in lists.into_iter().zip([x, y, z, masks]) {
            for (list, new) in list.iter_mut().zip(new) {
                assert_eq!(new.len(), x[0].len(), "words of a gate of different lengths");
                list.extend_from_slice(new);
            }
        }
    }

    /// Words so far.
    pub(super) fn words(&self) -> usize {
        self.x[0].len()
    }

    /// Adds another lane's.
    pub(super) fn append(&mut self, other: &Self) {
        fn of(list: &[Wiped<Bits>; 2]) -> [&[Bits]; 2] {
            list.each_ref().map(|list| &**list)
        }
        self.push(of(&other.x), of(&other.y), of(&other.z), of(&other.masks));
    }

    /// Leaves `e = z + x y + F(K)` in the place of each component of `z`.
    fn reduce(&mut self) {
        for (i, z) in self.z.iter_mut().enumerate() {
            Bits::mul_add(z, &self.x[i], &self.y[i]);
            Bits::add_assign(z, &self.masks[i]);
        }
    }

    /// What the left verifier of a proof knows, by component; once reduced.
    fn left(&self, component: usize) -> Signs<'_> {
        Signs { x: &self.x[component], y: &self.y[component], sign: &self.z[component] }
    }

    /// What the right verifier of a proof knows, by component.
    fn right(&self, component: usize) -> Signs<'_> {
        Signs { x: &self.x[component], y: &self.y[component], sign: &self.masks[component] }
    }
}

/// The vectors of one level: both of the own proof, the left one of the next party's and the
/// right one of the previous party's. They are one allocation, whose pages may be large.
struct Vectors(Vec<Fp61>);

impl Vectors {
    /// The vectors after the first level.
    fn first(gates: &Gates, plan: &Plan, at: &Challenges) -> Self {
        let mut out = zeroed(4 * 64 * plan.columns);
        let [u, v, left, right] = quarters_mut(&mut out);
        gates.left(0).look_up(&left_tables(plan.rows, at.own), u);
        gates.right(1).look_up(&right_tables(plan.rows, at.own), v);
        gates.left(1).look_up(&left_tables(plan.rows, at.next), left);
        gates.right(0).look_up(&right_tables(plan.rows, at.previous), right);
        Self(out)
    }

    /// The vectors after one more level.
    fn fold(&self, nodes: usize, at: &Challenges) -> Self {
        let all = self.quarters();
        let mut out = zeroed(4 * all[0].len().div_ceil(nodes));
        let [own, next, previous] =
            [at.own, at.next, at.previous].map(|r| Fp61::lagrange(nodes, r));
        let weights = [&own, &own, &next, &previous];
        for ((x, out), weights) in all.into_iter().zip(quarters_mut(&mut out)).zip(weights) {
            Fp61::fold(out, x, weights);
        }
        Self(out)
    }

    /// `G` at all places.
    fn products(&self, nodes: usize) -> Vec<Fp61> {
        let [u, v, _, _] = self.quarters();
        Fp61::products(u, v, nodes)
    }

    fn quarters(&self) -> [&[Fp61]; 4] {
        let len = self.0.len() / 4;
        [0, 1, 2, 3].map(|i| &self.0[i * len..][..len])
    }
}

fn quarters_mut(x: &mut [Fp61]) -> [&mut [Fp61]; 4] {
    let (low, high) = x.split_at_mut(x.len() / 2);
    let ((a, b), (c, d)) = (low.split_at_mut(low.len() / 2), high.split_at_mut(high.len() / 2));
    [a, b, c, d]
}

/// Proves the own gates and verifies those of the other two parties, all in the same rounds.
///
/// Rounds and bytes: as [`script`]. Nothing happens for no gates.
///
/// # Errors
/// [`Error::Cheating`](crate::Error::Cheating) of `and gates` or its messages at an honest
/// verifier if any gate of another party was wrong, but for a chance below 2^-52; also if a
/// party lies in this proof itself. `Net` if a link fails.
pub(super) fn prove(party: &mut Party, prss: &mut Prss, mut gates: Gates) -> Result<()> {
    let words = gates.words();
    if words == 0 {
        return Ok(());
    }
    let plan = Plan::new(words);
    let draws = std::array::from_fn(|_| prss.next_draw());
    let mut transcript = Transcript::new(party, prss, draws, plan.gates());
    gates.reduce();
    let counts = gates.left(0).correlate(gates.right(1), plan.rows);
    let challenges = transcript.level(first_values(&counts, 4 * plan.rows))?;
    let mut vectors = Vectors::first(&gates, &plan, &challenges);
    // What follows needs as much memory again.
    drop(gates);
    for &nodes in &plan.levels {
        let challenges = transcript.level(vectors.products(nodes))?;
        vectors = vectors.fold(nodes, &challenges);
    }
    transcript.last(&vectors)
}

/// The messages of [`prove`].
pub(super) fn script(words: usize) -> Vec<Phase> {
    if words == 0 {
        return vec![];
    }
    let plan = Plan::new(words);
    let to = |shift: u8, elements: usize| -> Phase {
        let bytes = (elements * ELEMENT_BYTES) as u64;
        (0..3).map(|from| Message { from, to: (from + shift) % 3, bytes }).collect()
    };
    let (left, right) = (2, 1);
    let nodes = [&[4 * plan.rows], plan.levels.as_slice()].concat();
    let levels = nodes.iter().flat_map(|nodes| [to(left, 2 * nodes - 2), to(right, 1)]);
    let last = [to(left, 2 * plan.last_nodes() - 2), to(right, nodes.len())].concat();
    levels.chain([last, [to(left, 2), to(right, 2)].concat()]).collect()
}

/// `G` of the first level at all places, from the counts of its coordinates' products.
fn first_values(counts: &[i64], nodes: usize) -> Vec<Fp61> {
    let element = |count: i64| {
        let size = Fp61::new(count.unsigned_abs());
        // Counts are secret: no branch on the sign.
        let negative = Fp61::new(u64::from(count < 0));
        -Fp61::HALF * (size - (size + size) * negative)
    };
    let counts: Vec<Fp61> = counts.iter().map(|&count| element(count)).collect();
    let value = |place: usize| {
        if place < nodes {
            return counts[place * nodes + place];
        }
        let weights = Fp61::lagrange(nodes, Fp61::new(place as u64));
        let rows = counts.chunks(nodes).map(|row| Fp61::dot(row, &weights));
        Fp61::dot(&rows.collect::<Vec<_>>(), &weights)
    };
    (0..2 * nodes - 1).map(value).collect()
}

/// For each row of gates and each triple of the left verifier's bits the value at `r` of the
/// polynomial through its four numbers.
fn left_tables(rows: usize, r: Fp61) -> Vec<[Fp61; 8]> {
    let weights = Fp61::lagrange(4 * rows, r);
    let scaled: Vec<Fp61> = weights.into_iter().map(|weight| -Fp61::HALF * weight).collect();
    let entry = |w: &[Fp61], at: usize| if at < 4 { w[at] } else { -w[at - 4] };
    scaled.chunks(4).map(|w| std::array::from_fn(|at| entry(w, at))).collect()
}

/// The same for the right verifier's bits.
fn right_tables(rows: usize, r: Fp61) -> Vec<[Fp61; 8]> {
    let signed = |weight: Fp61, bit: usize| if bit & 1 == 0 { weight } else { -weight };
    let entry = |w: &[Fp61], at: usize| -> Fp61 {
        let [x, y, sign] = [at, at >> 1, at >> 2];
        [sign, sign + y, sign + x, sign + x + y]
            .into_iter()
            .zip(w)
            .map(|(s, &w)| signed(w, s))
            .sum()
    };
    let weights = Fp61::lagrange(4 * rows, r);
    weights.chunks(4).map(|w| std::array::from_fn(|at| entry(w, at))).collect()
}

#[cfg(test)]
mod tests;
