//! What binds the shares that are used to the commitments: random sums of the numbers of each giver,
//! opened behind masks that follow from what it has committed to.

use sharewell_mpc::{Known, Protocol, Result, Share};
use sharewell_ring::Integer;

use super::SecurePhase;
use crate::commitment::{COINS, Coins, MASKS};

impl SecurePhase<'_> {
    /// Coins that nobody knew when the shares were made, and for each giver [`MASKS`] sums of those
    /// of its numbers that they choose, each with a mask. Nothing, where shares are not checked: a
    /// party that cheats could change them afterwards.
    pub(super) fn binding<P: Protocol>(
        &self,
        p: &mut P,
        shared: &[P::AShare],
    ) -> Result<P::AShare> {
        if self.plan.masks_len() == 0 {
            return Ok(p.public(&[]));
        }
        let tossed = p.random(COINS)?;
        let tossed = p.reveal(&tossed)?;
        let integers: Vec<i128> = tossed.iter().map(|coin| coin.to_i128()).collect();
        let coins = Coins::of(&integers);
        let mut parts = vec![p.public(&tossed)];
        for giver in self.plan.givers() {
            let given = &shared[usize::from(giver)];
            let (numbers, mut sums) = given.clone().split(given.len() - MASKS);
            let chosen = coins.chosen(giver, numbers.len());
            let sum = |places: &Vec<usize>| numbers.gather(places).sum(1);
            let chosen: Vec<P::AShare> = chosen.iter().map(sum).collect();
            sums += &P::AShare::concat(&chosen.iter().collect::<Vec<_>>());
            p.note(&mut sums, Known::Wrapped);
            parts.push(sums);
        }
        Ok(P::AShare::concat(&parts.iter().collect::<Vec<_>>()))
    }
}
