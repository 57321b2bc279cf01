//! How an endpoint ends: at the first failure, with everything that it could go on by destroyed.
//!
//! Whoever went on after a failed check, or tried the same again under the same keys, would show
//! differences of what the keys have masked. So the first error of any operation, on any lane,
//! ends them all: keys and debts are wiped, and what is called later fails at once, before it
//! sends anything. Only a new session, with keys of its own, can try again.
//!
//! A lane that is given up with debts ends the run as well: what rests on them could be revealed
//! unchecked.

use std::marker::PhantomData;
use std::sync::Arc;

use super::Rep3Malicious;
use super::ledger::{Keys, Ledger};
use crate::{Error, Result};

impl<R> Rep3Malicious<R> {
    /// An operation, if nothing has failed yet; its failure is the end.
    pub(super) fn attempt<T>(
        &mut self,
        operation: impl FnOnce(&mut Self) -> Result<T>,
    ) -> Result<T> {
        if self.party.is_over() {
            self.end();
            return Err(Error::Ended);
        }
        operation(self).inspect_err(|_| self.end())
    }

    /// No lane sends anything more; this one's keys and debts are wiped.
    fn end(&mut self) {
        self.party.end();
        self.prss.wipe();
        self.keys = Arc::new(Keys::WIPED);
        self.ledger = Ledger::default();
    }

    /// A child on its own lane, over any ring, with what is owed so far.
    pub(super) fn child<S>(&mut self) -> Rep3Malicious<S> {
        let party = self.party.fork();
        let (prss, keys) = (self.prss.fork(&party), self.keys.clone());
        let ledger = std::mem::take(&mut self.ledger);
        let (shuffles, ring) = (self.shuffles, PhantomData);
        Rep3Malicious { party, prss, keys, ledger, shuffles, busy: false, is_child: true, ring }
    }

    /// Takes a child's clock, its turns and its debts; its end is this one's as well.
    pub(super) fn take_back<S>(&mut self, mut child: Rep3Malicious<S>) {
        self.party.absorb(&child.party);
        self.shuffles = self.shuffles.max(child.shuffles);
        self.ledger.inherit(std::mem::take(&mut child.ledger));
        if self.party.is_over() {
            self.end();
        }
    }
}

impl<R> Drop for Rep3Malicious<R> {
    fn drop(&mut self) {
        if self.is_child && !self.ledger.is_empty() {
            self.party.end();
        }
    }
}
