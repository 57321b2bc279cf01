//! A number for the key of each record, the same at every provider.

use datafusion::arrow::array::{ArrayRef, RecordBatch};
use datafusion::arrow::error::ArrowError;
use datafusion::arrow::util::display::array_value_to_string;
use sha2::{Digest, Sha256};
use sharewell_study::KeyDigests;

/// The first bits of SHA-256 of the salt and the key's values, each as text behind its length.
pub(crate) fn digests(batches: &[RecordBatch], keys: &KeyDigests) -> Result<Vec<u64>, ArrowError> {
    let mut digests = Vec::new();
    for batch in batches {
        let schema = batch.schema();
        let place = |name: &String| schema.index_of(name).map(|at| batch.column(at));
        let columns: Vec<&ArrayRef> = keys.columns.iter().map(place).collect::<Result<_, _>>()?;
        for row in 0..batch.num_rows() {
            digests.push(digest(&columns, row, keys)?);
        }
    }
    Ok(digests)
}

fn digest(columns: &[&ArrayRef], row: usize, keys: &KeyDigests) -> Result<u64, ArrowError> {
    let mut hash = Sha256::new_with_prefix(keys.salt);
    for column in columns {
        let text = array_value_to_string(column, row)?;
        hash.update((text.len() as u64).to_le_bytes());
        hash.update(text);
    }
    let bytes: [u8; 32] = hash.finalize().into();
    let (first, _) = bytes.split_first_chunk().expect("32 bytes hold 8");
    Ok(u64::from_be_bytes(*first) >> (64 - keys.bits))
}
