//! Two programs at once, on two lanes.

use crate::{Arithmetic, Result};

/// Runs both at once, each on a lane of its own. Every party must call it in the same place.
///
/// # Errors
/// The first error of either side.
///
/// # Panics
/// If one side panics.
pub fn join<P: Arithmetic + Send, A: Send, B: Send>(
    p: &mut P,
    left: impl FnOnce(&mut P) -> Result<A> + Send,
    right: impl FnOnce(&mut P) -> Result<B> + Send,
) -> Result<(A, B)> {
    let (mut l, mut r) = (p.fork()?, p.fork()?);
    let (a, b) = std::thread::scope(|scope| {
        let handle = scope.spawn(|| left(&mut l));
        let b = right(&mut r);
        (handle.join().expect("the left lane panicked"), b)
    });
    p.absorb(l);
    p.absorb(r);
    Ok((a?, b?))
}
