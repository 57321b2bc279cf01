//! A number for values of a record, the same at every provider.

use datafusion::arrow::array::ArrayRef;
use datafusion::arrow::error::ArrowError;
use datafusion::arrow::util::display::array_value_to_string;
use sha2::{Digest, Sha256};
use sharewell_study::{PART_BYTES, PARTS_MAX};

/// The first bits of SHA-256 of the salt and the row's values, each as text behind its length;
/// what is missing is as an empty text.
pub(crate) fn digest(
    columns: &[&ArrayRef],
    row: usize,
    bits: u32,
    salt: &[u8; 32],
) -> Result<i128, ArrowError> {
    let mut hash = Sha256::new_with_prefix(salt);
    for column in columns {
        let text = array_value_to_string(column, row)?;
        hash.update((text.len() as u64).to_le_bytes());
        hash.update(text);
    }
    let bytes: [u8; 32] = hash.finalize().into();
    let (first, _) = bytes.split_first_chunk().expect("32 bytes hold 8");
    Ok(i128::from(u64::from_be_bytes(*first) >> (64 - bits)))
}

/// Some bytes of a text as a number; `None` if the text has more than all parts have.
pub(crate) fn part_of_text(text: &str, part: usize) -> Option<i128> {
    let bytes = text.as_bytes();
    let byte = |at: usize| bytes.get(part * PART_BYTES + at).copied().unwrap_or(0);
    let number = (0..PART_BYTES).fold(0, |number, at| (number << 8) | i128::from(byte(at)));
    (bytes.len() <= PART_BYTES * PARTS_MAX).then_some(number)
}
