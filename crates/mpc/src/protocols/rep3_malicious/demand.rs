//! What a party stops for. Every check of the protocol asks here, by the step that it checks, so
//! that a test can leave one out and see that it is missed.

use sharewell_net::Step;

use crate::prss::{next, previous};
use crate::{Error, Party, Result, Suspects};

/// # Errors
/// [`Error::Cheating`] of the step, with suspects, unless the check holds.
pub(super) fn demand(holds: bool, step: Step, suspects: impl FnOnce() -> Suspects) -> Result<()> {
    match holds || is_left_out(step) {
        true => Ok(()),
        false => Err(Error::Cheating { step: step.0, suspects: suspects() }),
    }
}

/// Both other compute parties: whom an honest one suspects if a check rests on what both have
/// said or done before.
pub(super) fn neighbours(party: &Party) -> Suspects {
    party.suspects(&[previous(party.me()), next(party.me())])
}

/// Outside the tests of this crate nothing can be left out.
#[cfg(not(test))]
const fn is_left_out(_: Step) -> bool {
    false
}

#[cfg(test)]
use tests::is_left_out;

#[cfg(test)]
pub(super) mod tests {
    use std::cell::Cell;

    use sharewell_net::Step;

    /// Checks that are left out.
    #[derive(Copy, Clone, Debug, PartialEq, Eq)]
    pub(in super::super) enum LeftOut {
        None,
        One(Step),
        /// Who cheats does not stop for it.
        All,
    }

    thread_local! {
        static LEFT_OUT: Cell<LeftOut> = const { Cell::new(LeftOut::None) };
    }

    pub(super) fn is_left_out(step: Step) -> bool {
        let left_out = LEFT_OUT.get();
        left_out == LeftOut::All || left_out == LeftOut::One(step)
    }

    /// Leaves checks out on this thread: one party's, but for lanes that run beside its first.
    pub(in super::super) fn leave_out(checks: LeftOut) {
        LEFT_OUT.set(checks);
    }
}
