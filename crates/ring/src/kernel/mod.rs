//! Loops over slices, chosen at run time by processor features.

pub(crate) mod plain;
pub(crate) use plain::{add_assign, cross_add, dot, mul_assign, sub_assign};
