//! Deferred checks, as a debt that cannot be lost silently.

/// Checks owed but not yet made. Bounded by a limit; dropping unpaid debts is a bug.
#[derive(Debug)]
#[must_use]
pub struct Owed<C> {
    items: Vec<C>,
    limit: usize,
    forgiven: bool,
}

impl<C> Owed<C> {
    /// No debt yet; [`Self::is_due`] from `limit` checks on.
    pub fn new(limit: usize) -> Self {
        Self { items: Vec::new(), limit, forgiven: false }
    }

    /// Adds checks to the debt.
    pub fn push(&mut self, checks: impl IntoIterator<Item = C>) {
        self.items.extend(checks);
    }

    /// Whether the debt has reached its limit and must be settled now.
    #[must_use]
    pub fn is_due(&self) -> bool {
        self.items.len() >= self.limit
    }

    /// Takes the checks in order to settle them.
    #[must_use]
    pub fn take(&mut self) -> Vec<C> {
        std::mem::take(&mut self.items)
    }

    /// Moves a child lane's debt here.
    pub fn inherit(&mut self, mut child: Self) {
        self.items.append(&mut child.items);
    }

    /// The run has failed: nothing will be revealed, so nothing is owed any more.
    pub fn forgive(&mut self) {
        self.items.clear();
        self.forgiven = true;
    }
}

impl<C> Drop for Owed<C> {
    fn drop(&mut self) {
        debug_assert!(
            self.forgiven || self.items.is_empty() || std::thread::panicking(),
            "dropped with {} checks owed",
            self.items.len()
        );
    }
}

#[cfg(test)]
mod tests {
    use super::Owed;

    #[test]
    fn a_debt_is_due_at_its_limit_and_gone_when_taken() {
        let mut owed = Owed::new(2);
        owed.push([1]);
        assert!(!owed.is_due());
        let mut child = Owed::new(2);
        child.push([2]);
        owed.inherit(child);
        assert!(owed.is_due());
        assert_eq!(owed.take(), [1, 2]);
        assert!(!owed.is_due());
    }

    #[test]
    fn a_debt_dropped_unpaid_is_a_bug_unless_the_run_has_failed() {
        let lost = std::panic::catch_unwind(|| Owed::new(2).push([1]));
        assert!(lost.is_err());
        let mut owed = Owed::new(2);
        owed.push([1]);
        owed.forgive();
    }
}
