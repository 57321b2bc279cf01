//! Parties as threads in one process: deterministic, in virtual time.

use std::sync::Arc;

use sharewell_net::memory;

use crate::{Entropy, Party, Result};

/// Parties in one process.
#[derive(Debug, Clone)]
pub struct Sim {
    parties: u8,
    seed: u64,
}

impl Sim {
    /// With a fixed seed.
    #[must_use]
    pub fn new(parties: u8) -> Self {
        Self { parties, seed: 1 }
    }

    /// Another seed.
    #[must_use]
    pub fn seed(self, seed: u64) -> Self {
        Self { seed, ..self }
    }

    /// Runs the same program at every party.
    ///
    /// # Panics
    /// If a party panics.
    pub fn run<T: Send>(
        &self,
        program: impl Fn(Party, Entropy) -> Result<T> + Sync,
    ) -> Vec<Result<T>> {
        let entropy = Entropy::Seed(self.seed);
        std::thread::scope(|scope| {
            let handles: Vec<_> = memory::mesh(self.parties)
                .into_iter()
                .map(|link| scope.spawn(|| program(Party::new(Arc::new(link)), entropy)))
                .collect();
            handles.into_iter().map(|h| h.join().expect("a party panicked")).collect()
        })
    }
}
