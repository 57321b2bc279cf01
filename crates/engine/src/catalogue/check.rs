//! What a right result is.

use std::ops::RangeInclusive;

use sharewell_ring::Integer;

/// An element of a result that is not what it should be.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("element {at} is {got} and should be in {lo}..={hi}")]
pub struct Wrong {
    /// Which element; where lengths differ, how many there are.
    pub at: usize,
    /// What it is.
    pub got: i128,
    /// The least that it may be.
    pub lo: i128,
    /// The greatest that it may be.
    pub hi: i128,
}

/// Every element of `z` lies in its own range; there are `len`.
pub(super) fn all<R: Integer>(
    z: &[R],
    len: usize,
    want: impl Fn(usize) -> RangeInclusive<i128>,
) -> Result<(), Wrong> {
    some(z, len, 1, want)
}

/// As [`all`], of every `step`-th element: where a reference costs much.
pub(super) fn some<R: Integer>(
    z: &[R],
    len: usize,
    step: usize,
    want: impl Fn(usize) -> RangeInclusive<i128>,
) -> Result<(), Wrong> {
    if z.len() != len {
        let len = len as i128;
        return Err(Wrong { at: z.len(), got: z.len() as i128, lo: len, hi: len });
    }
    let wrong = (0..len).step_by(step).find_map(|at| {
        let (got, want) = (z[at].to_i128(), want(at));
        let (lo, hi) = want.clone().into_inner();
        (!want.contains(&got)).then_some(Wrong { at, got, lo, hi })
    });
    wrong.map_or(Ok(()), Err)
}

/// This value and no other.
pub(super) fn exact(value: i128) -> RangeInclusive<i128> {
    value..=value
}

/// `value / 2^by`, rounded down or one unit above that, even where nothing is to be rounded.
pub(super) fn rounded(value: i128, by: u32) -> RangeInclusive<i128> {
    value >> by..=(value >> by) + i128::from(by > 0)
}

/// As far from `value` as `error`, both in units of the last place.
pub(super) fn near(value: f64, error: f64) -> RangeInclusive<i128> {
    (value - error).ceil() as i128..=(value + error).floor() as i128
}
