//! The generator against published vectors, and its back ends against each other.

use aes::cipher::{BlockCipherEncrypt, KeyInit};
use proptest::prelude::*;
use sharewell_ring::backend::{AesBackend, Counter};
use sharewell_ring::{Key, Prg, Ring, Z32, Z64, Z128, Z192};

/// The stream as its definition has it, block by block.
fn stream(key: [u8; 16], stream: u64, block: u64, len: usize) -> Vec<u8> {
    let cipher = aes::Aes128::new(&key.into());
    let mut out = vec![];
    for i in 0..len.div_ceil(16) as u64 {
        let block = block.wrapping_add(i).to_le_bytes();
        let mut text = [0; 16];
        text[..8].copy_from_slice(&block);
        text[8..].copy_from_slice(&stream.to_le_bytes());
        let mut text = text.into();
        cipher.encrypt_block(&mut text);
        out.extend(text);
    }
    out.truncate(len);
    out
}

/// FIPS 197 appendix C.1 (and B), SP 800-38A F.1.1: one block each.
#[test]
fn every_back_end_gives_the_published_blocks() {
    let vectors: [(u128, u128, u128); 6] = [
        (
            0x000102030405060708090a0b0c0d0e0f,
            0x00112233445566778899aabbccddeeff,
            0x69c4e0d86a7b0430d8cdb78070b4c55a,
        ),
        (
            0x2b7e151628aed2a6abf7158809cf4f3c,
            0x3243f6a8885a308d313198a2e0370734,
            0x3925841d02dc09fbdc118597196a0b32,
        ),
        (
            0x2b7e151628aed2a6abf7158809cf4f3c,
            0x6bc1bee22e409f96e93d7e117393172a,
            0x3ad77bb40d7a3660a89ecaf32466ef97,
        ),
        (
            0x2b7e151628aed2a6abf7158809cf4f3c,
            0xae2d8a571e03ac9c9eb76fac45af8e51,
            0xf5d3d58503b9699de785895a96fdbaaf,
        ),
        (
            0x2b7e151628aed2a6abf7158809cf4f3c,
            0x30c81c46a35ce411e5fbc1191a0a52ef,
            0x43b1cd7f598ece23881b00e3ed030688,
        ),
        (
            0x2b7e151628aed2a6abf7158809cf4f3c,
            0xf69f2445df4f9b17ad2b417be66c3710,
            0x7b0c785e27e8ad3f8223207104725dd4,
        ),
    ];
    for (key, plain, cipher) in vectors {
        let plain = u128::from_le_bytes(plain.to_be_bytes());
        for on in AesBackend::available() {
            let mut got = [0; 16];
            let counter = Counter::new(on, &key.to_be_bytes());
            counter.fill((plain >> 64) as u64, plain as u64, &mut got);
            assert_eq!(u128::from_be_bytes(got), cipher, "{on:?}");
        }
    }
}

#[test]
fn every_back_end_wraps_the_block_number_and_leaves_the_stream_alone() {
    for back in [0, 1, 2, 3, 7, 20, 31, 33] {
        let block = 0u64.wrapping_sub(back);
        let want = stream([9; 16], u64::MAX, block, 1100);
        for on in AesBackend::available() {
            let mut got = vec![0; 1100];
            Counter::new(on, &[9; 16]).fill(u64::MAX, block, &mut got);
            assert_eq!(got, want, "{on:?} from {back} blocks before the end");
        }
    }
}

fn check_sums<R: Ring>(prg: &Prg, len: usize, block: u64) {
    let mut drawn = vec![R::ZERO; len];
    prg.fill(3, block, &mut drawn);
    let start: Vec<R> = drawn.iter().map(|&x| x * x + R::ONE).collect();
    let (mut plus, mut minus) = (start.clone(), start.clone());
    prg.fill_add(3, block, &mut plus);
    prg.fill_sub(3, block, &mut minus);
    for i in 0..len {
        assert_eq!(plus[i], start[i] + drawn[i]);
        assert_eq!(minus[i], start[i] - drawn[i]);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn back_ends_give_the_stream_of_the_definition(
        key: [u8; 16], s: u64, block: u64, len in 0usize..3000, shift in 0usize..64,
    ) {
        let want = stream(key, s, block, len);
        for on in AesBackend::available() {
            let mut got = vec![0xaa; len + 2 * shift];
            Counter::new(on, &key).fill(s, block, &mut got[shift..shift + len]);
            prop_assert_eq!(&got[shift..shift + len], &want, "{:?}", on);
            prop_assert!(got[..shift].iter().chain(&got[shift + len..]).all(|&b| b == 0xaa));
        }
    }

    #[test]
    fn any_position_continues_the_stream(at in 0usize..100, len in 0usize..500) {
        let prg = Prg::new(&Key::from_bytes([5; 16]));
        let (mut whole, mut part) = (vec![0; at * 16 + len], vec![0; len]);
        prg.fill_bytes(8, 11, &mut whole);
        prg.fill_bytes(8, 11 + at as u64, &mut part);
        prop_assert_eq!(&whole[at * 16..], &part);
    }

    #[test]
    fn fill_add_and_fill_sub_take_what_fill_writes(len in 0usize..2000, block: u64) {
        let prg = Prg::new(&Key::from_bytes([6; 16]));
        check_sums::<Z32>(&prg, len, block);
        check_sums::<Z64>(&prg, len, block);
        check_sums::<Z128>(&prg, len, block);
        check_sums::<Z192>(&prg, len, block);
    }
}

#[test]
fn elements_are_the_streams_bytes_in_little_endian_order() {
    let prg = Prg::new(&Key::from_bytes([4; 16]));
    let mut bytes = [0; 32];
    prg.fill_bytes(1, 2, &mut bytes);
    let mut words = [Z64(0); 4];
    prg.fill(1, 2, &mut words);
    for (word, bytes) in words.iter().zip(bytes.as_chunks().0) {
        assert_eq!(word.0, u64::from_le_bytes(*bytes));
    }
}

#[test]
fn a_key_and_a_generator_print_no_bytes() {
    let key = Key::from_bytes([0x5a; 16]);
    let prg = Prg::new(&key);
    assert_eq!(format!("{key:?} {prg:?}"), "Key(..) Prg(..)");
}

#[test]
fn random_keys_differ() {
    assert_ne!(Key::random().0, Key::random().0);
}
