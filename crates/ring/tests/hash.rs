//! Hashing against published vectors.

use sharewell_ring::hash::{derive, digest};

fn hex(text: &str) -> Vec<u8> {
    let byte = |at| u8::from_str_radix(&text[at..at + 2], 16).expect("two hexadecimal digits");
    (0..text.len()).step_by(2).map(byte).collect()
}

/// RFC 5869 appendix A.1.
#[test]
fn derive_is_hkdf_sha_256() {
    let okm =
        derive::<42>(&[0x0b; 22], &hex("000102030405060708090a0b0c"), &hex("f0f1f2f3f4f5f6f7f8f9"));
    let want =
        "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865";
    assert_eq!(okm.as_slice(), hex(want));
}

/// The constant is Python's hashlib on le64(2) | "ab" | le64(1) | "c".
#[test]
fn digest_hashes_each_part_behind_its_length() {
    let want = hex("43ee655579de01ca739b3f95c1c2d3f46d353b2c0df818064ea594506cdb2617");
    assert_eq!(digest(&[b"ab", b"c"]).as_slice(), want);
    assert_ne!(digest(&[b"ab", b"c"]), digest(&[b"a", b"bc"]));
}
