//! A number for values of a record, the same at every provider.

use datafusion::arrow::array::ArrayRef;
use datafusion::arrow::error::ArrowError;
use datafusion::arrow::util::display::array_value_to_string;
use sha2::{Digest, Sha256};

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
