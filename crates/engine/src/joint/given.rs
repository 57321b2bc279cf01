//! What the data parties give: shared, and under a malicious threat held against the agreed schema.

use sharewell_mpc::{Protocol, Result, Security, Share, circuit};
use sharewell_net::PartyId;
use sharewell_ring::Integer;
use sharewell_study::BadGiver;

use super::SecurePhase;

/// The name of the check in an error.
const RANGES: &str = "ranges of what was given";

impl SecurePhase<'_> {
    /// The givers' vectors. In the place of a giver that is left out stands that of one without
    /// records.
    pub(super) fn shared<P: Protocol>(
        &self,
        p: &mut P,
        mine: &[P::Ring],
        lens: &[usize],
    ) -> Result<(Vec<P::AShare>, Vec<u8>)> {
        let drops = self.plan.study.security.bad_giver == BadGiver::Drop;
        let (mut shared, mut left_out) = match drops {
            true => p.sound_input(mine, lens)?,
            false => (p.input(mine, lens)?, vec![]),
        };
        self.leave_out(p, &mut shared, &left_out);
        let outside = self.outside(p, &shared)?;
        if !(drops || outside.is_empty()) {
            return Err(p.blame(RANGES, &outside));
        }
        self.leave_out(p, &mut shared, &outside);
        left_out.extend(outside);
        Ok((shared, left_out.into_iter().map(|giver| giver.0).collect()))
    }

    fn leave_out<P: Protocol>(&self, p: &P, shared: &mut [P::AShare], givers: &[PartyId]) {
        for giver in givers {
            let nothing = self.plan.without_records();
            let nothing: Vec<P::Ring> = nothing.into_iter().map(P::Ring::from_i128).collect();
            shared[usize::from(giver.0)] = p.public(&nothing);
        }
    }

    /// Those who gave something that no record of the agreed schema could. One bit of each giver is
    /// opened to the compute parties. A range of half the ring or more is not tested.
    fn outside<P: Protocol>(&self, p: &mut P, shared: &[P::AShare]) -> Result<Vec<PartyId>> {
        if self.plan.card.security != Security::MaliciousAbort {
            return Ok(vec![]);
        }
        let limit = i128::MAX >> (128 - self.plan.ring.bits());
        let ranges = self.plan.input_ranges();
        let tested = |(_, (lo, hi)): &(usize, (i128, i128))| {
            hi.checked_sub(*lo).is_some_and(|width| width <= limit)
        };
        let (places, ranges): (Vec<usize>, Vec<(i128, i128)>) =
            ranges.enumerate().filter(tested).unzip();
        let givers = self.plan.givers();
        let given: Vec<P::AShare> =
            givers.iter().map(|giver| shared[usize::from(*giver)].gather(&places)).collect();
        let any = circuit::outside(p, &given.iter().collect::<Vec<_>>(), &ranges)?;
        let any = p.b2a(&any)?;
        let opened = p.reveal(&any)?;
        let bad = givers.into_iter().zip(opened).filter(|(_, any)| any.to_i128() != 0);
        Ok(bad.map(|(giver, _)| PartyId(giver)).collect())
    }
}
