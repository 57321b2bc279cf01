//! Shapes and fixed point, over any protocol.
//!
//! A [`Tensor`] is a vector of shares with a shape and a scale: its elements are integers `x`
//! that stand for `x / 2^frac_bits`. Products are truncated once, after the inner sum, to the
//! scale that the caller asks for. [`function`] holds what is not a product, [`linear`] what is
//! made of matrix products.
#![forbid(unsafe_code)]

pub mod function;
pub mod linear;
mod tensor;

pub use tensor::{FUNCTION_CHUNK, Tensor};
