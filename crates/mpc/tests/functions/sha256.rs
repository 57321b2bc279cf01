//! SHA-256: sums of many words by full adders, and one carry each.

use sharewell_mpc::{BitShare, Protocol, Result, circuit};
use sharewell_ring::{Planes, Z64};

use crate::{Function, everywhere, gates, xor};

/// The compression of SHA-256 (FIPS 180-4) of padded messages of one block: word `i` of message
/// `j` at `i * messages + j`.
struct Sha256 {
    messages: usize,
}

/// The first 32 bits of the fractional parts of roots of the first primes.
fn constants(root: fn(f64) -> f64, n: usize) -> Vec<u64> {
    let is_prime = |x: &u64| (2..*x).all(|d| !x.is_multiple_of(d));
    let fraction = |x: u64| (root(x as f64).fract() * 4_294_967_296.0) as u64;
    (2..).filter(is_prime).take(n).map(fraction).collect()
}

/// The sums and the carries of a layer of full adders, modulo `2^width`.
fn full_adders<P: Protocol>(p: &mut P, x: [&P::BShare; 3], width: usize) -> Result<[P::BShare; 2]> {
    let low: Vec<usize> = (0..width - 1).collect();
    let [a, b, c] = x.map(|x| x.pick(&low));
    let mut carry = p.and(&xor(&[&a, &c]), &xor(&[&b, &c]))?;
    carry ^= &c;
    let zero = p.public_bits(&Planes::zero(BitShare::len(&carry), 1));
    Ok([xor(&x), BitShare::stack(&[&zero, &carry])])
}

/// The same of many numbers, until two are left.
fn two_of<P: Protocol>(p: &mut P, x: &[P::BShare]) -> Result<[P::BShare; 2]> {
    let [mut one, mut other]: [P::BShare; 2] = std::array::from_fn(|i| x[i].clone());
    for more in &x[2..] {
        [one, other] = full_adders(p, [&one, &other, more], 32)?;
    }
    Ok([one, other])
}

impl Sha256 {
    fn words<P: Protocol>(&self, p: &P, word: u64) -> P::BShare {
        p.public_bits(&Planes::slice_values(&vec![Z64(word); self.messages], 32))
    }

    /// Three rotations added, the last one without what comes round if so asked.
    fn sigma<P: Protocol>(&self, p: &P, x: &P::BShare, by: [usize; 3], shifts: bool) -> P::BShare {
        let zero = p.public_bits(&Planes::zero(self.messages, 1));
        let wider: P::BShare = BitShare::stack(&[x, &zero]);
        let moved = |by: usize, shifts: bool| {
            let from = |i: usize| if shifts && i + by >= 32 { 32 } else { (i + by) % 32 };
            wider.pick(&(0..32).map(from).collect::<Vec<_>>())
        };
        xor(&[&moved(by[0], false), &moved(by[1], false), &moved(by[2], shifts)])
    }

    fn sum<P: Protocol>(&self, p: &mut P, x: &[P::BShare]) -> Result<P::BShare> {
        let [one, other] = two_of(p, x)?;
        circuit::sum(p, &one, &other, 32)
    }

    fn schedule<P: Protocol>(&self, p: &mut P, x: &P::BShare) -> Result<Vec<P::BShare>> {
        let planes: Vec<usize> = (0..32).collect();
        let word = |i: usize| x.take(i * self.messages..(i + 1) * self.messages).pick(&planes);
        let mut w: Vec<P::BShare> = (0..16).map(word).collect();
        for i in 16..64 {
            let (s0, s1) = (
                self.sigma(p, &w[i - 15], [7, 18, 3], true),
                self.sigma(p, &w[i - 2], [17, 19, 10], true),
            );
            let next = self.sum(p, &[w[i - 16].clone(), w[i - 7].clone(), s0, s1])?;
            w.push(next);
        }
        Ok(w)
    }

    fn round<P: Protocol>(
        &self,
        p: &mut P,
        s: &mut Vec<P::BShare>,
        w: [P::BShare; 2],
    ) -> Result<()> {
        let [a, b, c, d, e, f, g, h]: [P::BShare; 8] = std::array::from_fn(|i| s[i].clone());
        let left: P::BShare = BitShare::stack(&[&e, &xor(&[&a, &b])]);
        let both = p.and(&left, &BitShare::stack(&[&xor(&[&f, &g]), &xor(&[&a, &c])]))?;
        let planes = |from: usize| (from..from + 32).collect::<Vec<_>>();
        let choice = xor(&[&both.pick(&planes(0)), &g]);
        let majority = xor(&[&both.pick(&planes(32)), &a]);
        let s1 = self.sigma(p, &e, [6, 11, 25], false);
        let s0 = self.sigma(p, &a, [2, 13, 22], false);
        let [k, w] = w;
        let [one, other] = two_of(p, &[h, s1, choice, k, w])?;
        let new_e = self.sum(p, &[one.clone(), other.clone(), d])?;
        let new_a = self.sum(p, &[one, other, s0, majority])?;
        *s = vec![new_a, a, b, c, new_e, e, f, g];
        Ok(())
    }
}

impl Function for Sha256 {
    const WIDTH: u32 = 32;

    fn compute<P: Protocol>(&self, p: &mut P, x: &[P::BShare]) -> Result<P::BShare> {
        let start = constants(f64::sqrt, 8);
        let start: Vec<P::BShare> = start.iter().map(|word| self.words(p, *word)).collect();
        let w = self.schedule(p, &x[0])?;
        let mut state = start.clone();
        for (k, w) in constants(f64::cbrt, 64).into_iter().zip(w) {
            let k = self.words(p, k);
            self.round(p, &mut state, [k, w])?;
        }
        let concat = |x: &[P::BShare]| BitShare::concat(&x.iter().collect::<Vec<_>>());
        circuit::sum(p, &concat(&start), &concat(&state), 32)
    }
}

#[test]
fn sha_256_of_abc_is_that_of_its_standard_under_every_protocol() {
    let messages: [&[u8]; 2] = [b"abc", b""];
    let padded = |message: &&[u8]| {
        let mut block = [0; 64];
        block[..message.len()].copy_from_slice(message);
        block[message.len()] = 0x80;
        block[56..].copy_from_slice(&(8 * message.len() as u64).to_be_bytes());
        block
    };
    let words = |bytes: &[u8]| -> Vec<Z64> {
        let word = |x: &[u8]| Z64(u32::from_be_bytes(x.try_into().unwrap()).into());
        bytes.chunks(4).map(word).collect()
    };
    let blocks = messages.each_ref().map(|message| words(&padded(message)));
    let x = (0..16).flat_map(|i| [0, 1].map(|j| blocks[j][i])).collect();
    let out = everywhere(&Sha256 { messages: 2 }, x, vec![]);
    // FIPS 180-4, its first example, and the digest of nothing.
    let abc = [
        0xba78_16bf,
        0x8f01_cfea,
        0x4141_40de,
        0x5dae_2223,
        0xb003_61a3,
        0x9617_7a9c,
        0xb410_ff61,
        0xf200_15ad,
    ];
    let nothing = [
        0xe3b0_c442,
        0x98fc_1c14,
        0x9afb_f4c8,
        0x996f_b924,
        0x27ae_41e4,
        0x649b_934c,
        0xa495_991b,
        0x7852_b855,
    ];
    for (j, digest) in [abc, nothing].into_iter().enumerate() {
        let found: Vec<Z64> = out.iter().skip(j).step_by(2).copied().collect();
        assert_eq!(found, digest.map(Z64), "message {j}");
    }
}

#[test]
fn sha_256_has_the_gates_of_its_adders() {
    let (sum, layer) = (151, 31);
    let schedule = 48 * (2 * layer + sum);
    let rounds = 64 * (64 + 3 * layer + (layer + sum) + (2 * layer + sum));
    let (and, _) = gates(&Sha256 { messages: 64 }, &[16 * 64]);
    assert_eq!(and, schedule + rounds + 8 * sum);
}
