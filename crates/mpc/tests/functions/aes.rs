//! AES-128, its box in a tower of fields.

use sharewell_mpc::{BitShare, Protocol, Result};
use sharewell_ring::{Key, Planes, Prg, Z64};

use crate::{Function, everywhere, gates, linear, xor};

/// The matrix of a linear function of `width` bits to `rows` bits.
fn matrix(width: u32, rows: u32, f: impl Fn(u16) -> u16) -> Vec<u16> {
    let row = |r| (0..width).fold(0, |row, i| row | (f(1 << i) >> r & 1) << i);
    (0..rows).map(row).collect()
}

/// `GF(2^2)`, `w^2 = w + 1`.
fn mul4(a: u16, b: u16) -> u16 {
    let (high, low) = ((a >> 1) & (b >> 1), a & b & 1);
    let both = ((a >> 1) ^ a) & ((b >> 1) ^ b) & 1;
    (both ^ low) << 1 | (low ^ high)
}

/// `a1 t + a0` over a field of `bits` bits, where `t^2 = t + m`.
fn mul_over(bits: u32, m: u16, mul: impl Fn(u16, u16) -> u16, a: u16, b: u16) -> u16 {
    let low = (1 << bits) - 1;
    let (high, base) = (mul(a >> bits, b >> bits), mul(a & low, b & low));
    let both = mul((a >> bits) ^ (a & low), (b >> bits) ^ (b & low));
    (both ^ base) << bits | (base ^ mul(m, high))
}

/// `GF(2^4)` over `GF(2^2)`.
fn mul16(a: u16, b: u16) -> u16 {
    mul_over(2, 2, mul4, a, b)
}

/// The box of AES in the tower `GF(((2^2)^2)^2)`: the inverse takes 36 gates, what comes before
/// and after it none.
struct SBox {
    to_tower: Vec<u16>,
    from_tower: Vec<u16>,
    /// `t^2 = t + m` has no root in `GF(2^4)`.
    m: u16,
}

impl SBox {
    fn new() -> Self {
        let has_root = |m: &u16| (0..16).any(|t| mul16(t, t) ^ t == *m);
        let m = (1..16).find(|m| !has_root(m)).unwrap();
        let mul = |a, b| mul_over(4, m, mul16, a, b);
        let power = |x: u16, n: u32| (0..n).fold(1, |out, _| mul(out, x));
        // Of x^8 + x^4 + x^3 + x + 1, by which AES is defined.
        let is_root = |x: &u16| [8, 4, 3, 1, 0].iter().fold(0, |sum, n| sum ^ power(*x, *n)) == 0;
        let root = (2..256).find(is_root).unwrap();
        let to_tower = |x: u16| (0..8).fold(0, |sum, i| sum ^ ((x >> i & 1) * power(root, i)));
        let back = |y: u16| (0..256).find(|x| to_tower(*x) == y).unwrap();
        let affine = |x: u16| {
            let turned = |by: u32| u16::from((x as u8).rotate_left(by));
            x ^ turned(1) ^ turned(2) ^ turned(3) ^ turned(4)
        };
        Self { to_tower: matrix(8, 8, to_tower), from_tower: matrix(8, 8, |y| affine(back(y))), m }
    }

    fn apply<P: Protocol>(&self, p: &mut P, x: &P::BShare) -> Result<P::BShare> {
        let x = linear(x, &self.to_tower);
        let (low, high) = (x.pick(&[0, 1, 2, 3]), x.pick(&[4, 5, 6, 7]));
        let both = xor(&[&low, &high]);
        let norm = multiply(p, 4, &[(&high, &low)])?.swap_remove(0);
        let norm = xor(&[
            &norm,
            &linear(&low, &matrix(4, 4, |x| mul16(x, x))),
            &linear(&high, &matrix(4, 4, |x| mul16(self.m, mul16(x, x)))),
        ]);
        let inverse = inverse_16(p, &norm)?;
        let parts = multiply(p, 4, &[(&both, &inverse), (&high, &inverse)])?;
        let out = linear(&BitShare::stack(&[&parts[0], &parts[1]]), &self.from_tower);
        let constant = vec![Z64(0x63); BitShare::len(&out)];
        let constant = p.public_bits(&Planes::slice_values(&constant, 8));
        Ok(xor(&[&out, &constant]))
    }
}

/// Nine gates, in two rounds.
fn inverse_16<P: Protocol>(p: &mut P, x: &P::BShare) -> Result<P::BShare> {
    let (low, high) = (x.pick(&[0, 1]), x.pick(&[2, 3]));
    let norm = multiply(p, 2, &[(&high, &low)])?.swap_remove(0);
    let norm = xor(&[
        &norm,
        &linear(&low, &matrix(2, 2, |x| mul4(x, x))),
        &linear(&high, &matrix(2, 2, |x| mul4(2, mul4(x, x)))),
    ]);
    // The inverse of an element of GF(2^2) is its square.
    let inverse = linear(&norm, &matrix(2, 2, |x| mul4(x, x)));
    let parts = multiply(p, 2, &[(&xor(&[&low, &high]), &inverse), (&high, &inverse)])?;
    Ok(BitShare::stack(&[&parts[0], &parts[1]]))
}

/// Products in `GF(2^2)` and `GF(2^4)` by Karatsuba's method: three gates, or nine, in one round.
fn multiply<P: Protocol>(
    p: &mut P,
    bits: usize,
    pairs: &[(&P::BShare, &P::BShare)],
) -> Result<Vec<P::BShare>> {
    // Of two halves: the low ones, the high ones, their sums.
    const THREE: [u16; 3] = [0b01, 0b10, 0b11];
    let spread: Vec<u16> = match bits {
        2 => THREE.to_vec(),
        _ => {
            let halves =
                |high: u16| THREE.map(|low| ((high & 1) * low) | ((high >> 1) * (low << 2)));
            THREE.into_iter().flat_map(halves).collect()
        }
    };
    let gather = |products: u16| -> u16 {
        let pair = |three: u16| (three & 1 ^ three >> 1 & 1) | (three >> 2 & 1 ^ three & 1) << 1;
        match bits {
            2 => pair(products),
            _ => {
                let [low, high, both] = [0, 3, 6].map(|at| pair(products >> at & 7));
                (low ^ mul4(2, high)) | (both ^ low) << 2
            }
        }
    };
    let gates = spread.len();
    let spread = |x: &P::BShare| linear(x, &spread);
    let (left, right): (Vec<_>, Vec<_>) = pairs.iter().map(|(x, y)| (spread(x), spread(y))).unzip();
    let stack = |x: &Vec<P::BShare>| BitShare::stack(&x.iter().collect::<Vec<_>>());
    let products: P::BShare = p.and(&stack(&left), &stack(&right))?;
    let gather = matrix(gates as u32, bits as u32, gather);
    let product = |i: usize| {
        linear(&products.pick(&(i * gates..(i + 1) * gates).collect::<Vec<_>>()), &gather)
    };
    Ok((0..pairs.len()).map(product).collect())
}

/// AES-128 (FIPS 197) of so many blocks under one key: bytes of the key, and byte `i` of block
/// `j` at `i * blocks + j`.
struct Aes {
    blocks: usize,
    s_box: SBox,
}

impl Aes {
    fn new(blocks: usize) -> Self {
        Self { blocks, s_box: SBox::new() }
    }

    /// Bytes `from(i)` in the place of bytes `i`.
    fn moved<S: BitShare>(&self, x: &S, from: impl Fn(usize) -> usize) -> S {
        let n = self.blocks;
        x.gather(&(0..16 * n).map(|i| from(i / n) * n + i % n).collect::<Vec<_>>())
    }

    /// The key of the next round, given the substituted bytes of this one's last word.
    fn next_key<P: Protocol>(p: &P, key: &P::BShare, last: &P::BShare, round: u32) -> P::BShare {
        let constant = (1..round).fold(1, |x: u64, _| (x << 1) ^ ((x >> 7) * 0x11b));
        let constant = [constant, 0, 0, 0].map(Z64);
        let mut word = xor(&[last, &p.public_bits(&Planes::slice_values(&constant, 8))]);
        let next = |i: usize| {
            word = xor(&[&word, &key.take(4 * i..4 * i + 4)]);
            word.clone()
        };
        let words: Vec<P::BShare> = (0..4).map(next).collect();
        BitShare::concat(&words.iter().collect::<Vec<_>>())
    }

    fn mixed<S: BitShare>(&self, x: &S) -> S {
        let turned = |by: usize| self.moved(x, |i| i / 4 * 4 + (i + by) % 4);
        let (one, two, three) = (turned(1), turned(2), turned(3));
        let doubled = |x: u16| (x << 1) ^ ((x >> 7 & 1) * 0x11b);
        xor(&[&linear(&xor(&[x, &one]), &matrix(8, 8, doubled)), &one, &two, &three])
    }
}

impl Function for Aes {
    const WIDTH: u32 = 8;

    fn compute<P: Protocol>(&self, p: &mut P, x: &[P::BShare]) -> Result<P::BShare> {
        let planes: Vec<usize> = (0..8).collect();
        let (mut key, mut state) = (x[0].pick(&planes), x[1].pick(&planes));
        let of_all = |key: &P::BShare| {
            key.gather(&(0..16 * self.blocks).map(|i| i / self.blocks).collect::<Vec<_>>())
        };
        state ^= &of_all(&key);
        let size = 16 * self.blocks;
        for round in 1..=10 {
            let last = key.gather(&[13, 14, 15, 12]);
            let bytes = self.s_box.apply(p, &BitShare::concat(&[&state, &last]))?;
            key = Self::next_key(p, &key, &bytes.take(size..size + 4), round);
            state = self.moved(&bytes.take(0..size), |i| (i + i % 4 * 4) % 16);
            if round < 10 {
                state = self.mixed(&state);
            }
            state ^= &of_all(&key);
        }
        Ok(state)
    }
}

#[test]
fn aes_encrypts_the_vector_of_its_standard_under_every_protocol() {
    let bytes = |x: [u8; 16]| x.map(|byte| Z64(byte.into()));
    // FIPS 197, C.1, and a block of the generator, which is another implementation.
    let key = 0x0001_0203_0405_0607_0809_0a0b_0c0d_0e0f_u128.to_be_bytes();
    let clear = 0x0011_2233_4455_6677_8899_aabb_ccdd_eeff_u128.to_be_bytes();
    let secret = 0x69c4_e0d8_6a7b_0430_d8cd_b780_70b4_c55a_u128.to_be_bytes();
    let (counter, mut of_counter) = ((0xabcd << 64 | 0x1234_5678_u128).to_le_bytes(), [0; 16]);
    Prg::new(&Key(key)).fill_bytes(0xabcd, 0x1234_5678, &mut of_counter);
    let blocks = bytes(clear).into_iter().zip(bytes(counter)).flat_map(|(x, y)| [x, y]).collect();
    let out = everywhere(&Aes::new(2), bytes(key).to_vec(), blocks);
    let block = |j: usize| out.iter().skip(j).step_by(2).copied().collect::<Vec<_>>();
    assert_eq!(block(0), bytes(secret));
    assert_eq!(block(1), bytes(of_counter));
}

#[test]
fn aes_has_36_gates_for_each_byte_that_is_substituted() {
    // Of 64 blocks 16 words of bytes each, and one of the key's.
    assert_eq!(gates(&Aes::new(64), &[16, 16 * 64]), (10 * 36 * 17, 10 * 4));
}
