//! Tables of secret rows: grouped, joined, intersected.
//!
//! How many rows a table has is public; which of them count is not: every row has a secret
//! validity. Nothing here opens anything but what the order of rows is hidden behind
//! ([`sharewell_mpc::order`]); every result has a length that follows from the lengths of the
//! operands.

mod hashing;
mod intersection;

pub use hashing::{Bins, Placement, Unplaced};
pub use intersection::{Given, Intersection, intersect};
