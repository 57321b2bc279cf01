//! The gate's one bit for each count and cell: what may leave.

use sharewell_analytics::Value;
use sharewell_analytics::release::{
    Margin, Minimum, Parts, balanced, complemented, every, gate, rounded,
};
use sharewell_mpc::{Protocol, Result, Share};
use sharewell_ring::Ring as _;
use sharewell_tensor::Tensor;

use super::{Pooled, SecurePhase};
use crate::plan::{Combine, Joint};

impl SecurePhase<'_> {
    /// For every support, cell by cell, 1 where what rests on it may be released.
    pub(super) fn verdict<P: Protocol>(&self, p: &mut P, pooled: &Pooled<P>) -> Result<P::AShare> {
        let plan = self.plan;
        if plan.releases_all() {
            let all = plan.supports.len() * plan.cells();
            return Ok(p.public(&vec![P::Ring::ONE; all]));
        }
        let (records, parties) = self.counts(pooled);
        let minimum = Minimum {
            records: plan.least_records(),
            parties: u64::from(plan.study.release.min_parties),
        };
        let mut verdict = gate(p, &records, &parties, minimum, plan.records_max())?;
        if plan.study.release.rules.compare_parts() {
            let fine = self.balanced(p, pooled)?;
            verdict = p.mul(&verdict, &P::AShare::concat(&vec![&fine; plan.supports.len()]))?;
        }
        if plan.totals.is_empty() || !plan.hides_cells() {
            return Ok(verdict);
        }
        let margins: Vec<Margin> = plan.totals.iter().map(|total| total.margin.clone()).collect();
        let over_several = plan.totals.first().is_some_and(|total| total.names.len() > 1);
        let cells = plan.cells();
        let mut all = vec![];
        for support in 0..plan.supports.len() {
            let own = verdict.take(support * cells..(support + 1) * cells);
            all.push(complemented(p, &own, &margins, over_several)?);
        }
        Ok(P::AShare::concat(&all.iter().collect::<Vec<_>>()))
    }

    /// 1 in the cells of which no organisation's part is too large, of any sum.
    fn balanced<P: Protocol>(&self, p: &mut P, pooled: &Pooled<P>) -> Result<P::AShare> {
        let (plan, cells) = (self.plan, self.plan.cells());
        let slots = plan.slots.iter().enumerate();
        let sums: Vec<usize> =
            slots.filter(|(_, slot)| slot.combine == Combine::Sum).map(|(at, _)| at).collect();
        let index: Vec<usize> = sums.iter().flat_map(|at| at * cells..(at + 1) * cells).collect();
        let givers = plan.givers();
        let of = givers.iter().map(|giver| pooled.given[usize::from(*giver)].gather(&index));
        let least = sums.iter().map(|at| plan.slots[*at].lo).min().unwrap_or(0);
        let most = sums.iter().map(|at| plan.slots[*at].hi).max().unwrap_or(0);
        let rules = &plan.study.release.rules;
        let largest = rules.dominance.map(|of| (usize::from(of.top), of.percent));
        let parts = Parts { of: of.collect(), range: (least, most) };
        let fine = balanced(p, parts, largest, rules.p_percent)?;
        let cell = |cell: usize| (0..sums.len()).map(|sum| sum * cells + cell).collect();
        every(p, &fine, &(0..cells).map(cell).collect::<Vec<_>>())
    }

    /// A released count as the study wants it: to a multiple.
    pub(super) fn rounded<P: Protocol>(
        &self,
        p: &mut P,
        joint: &Joint,
        value: Value<P>,
    ) -> Result<Value<P>> {
        let Joint::Slot(slot) = joint else { return Ok(value) };
        let Some(base) = self.plan.rounded_to(*slot) else { return Ok(value) };
        let most = u64::try_from(value.hi).unwrap_or(u64::MAX);
        let shares = rounded(p, value.raw.shares(), base, most)?;
        let half = f64::from(base / 2);
        let hi = value.hi + i128::from(base);
        Ok(Value { raw: Tensor::integers(shares), lo: 0, hi, absolute: half, ..value })
    }
}
