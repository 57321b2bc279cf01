//! Which protocol runs a study: the cheapest that honours its threat model, and never a weaker one.

use std::cmp::Reverse;
use std::fmt;

use serde::Serialize;
use sharewell_mpc::{Card, Security, protocols};
use sharewell_study::{Protocol, Study, Threat};

use crate::quote::LAN;
use crate::{Error, Plan, Quote, Refusal};

/// What a protocol withstands, and what is left to who it does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Withstands {
    /// What corrupt parties may do, in the word of a study.
    pub threat: &'static str,
    /// How many of the compute parties may be corrupt together.
    pub corruptions: u8,
    /// How many compute parties there are.
    pub parties: u8,
    /// A false value passes the checks with a chance below two to the minus so many bits; none if
    /// nothing is checked.
    pub statistical_bits: Option<u32>,
    /// What must be so, beside what all protocols rest on.
    pub assumes: &'static [&'static str],
    /// What a party that cheats all the same can achieve.
    pub cheater: &'static str,
    /// The paper that it rests on.
    pub source: &'static str,
}

impl Withstands {
    fn of(card: &Card) -> Self {
        Self {
            threat: withstands(card).map_or("none", Threat::name),
            corruptions: card.corruptions,
            parties: card.parties,
            statistical_bits: card.statistical_bits,
            assumes: card.assumes,
            cheater: card.cheater,
            source: card.source,
        }
    }
}

impl fmt::Display for Withstands {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { threat, corruptions, parties, .. } = self;
        write!(f, "any {corruptions} of {parties} compute parties, {threat}")
    }
}

/// A protocol beside a study.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Candidate {
    /// Its name.
    pub protocol: &'static str,
    /// What it withstands.
    pub withstands: Withstands,
    /// Whether that is at least what the study asks for.
    pub honours: bool,
    /// Whether it runs the study.
    pub chosen: bool,
    /// Why it is chosen, or why not.
    pub why: String,
    /// What the study would cost; none if it cannot run among so many parties.
    pub quote: Option<Quote>,
}

fn withstands(card: &Card) -> Option<Threat> {
    match card.security {
        Security::None => None,
        Security::SemiHonest => Some(Threat::SemiHonest),
        Security::MaliciousAbort => Some(Threat::Malicious),
    }
}

/// Whether a protocol runs among as many parties as compute.
fn fits(card: &Card, study: &Study) -> bool {
    usize::from(card.parties) == study.compute_parties().count()
}

/// Why a protocol does not honour a study's threat model.
fn shortfall(card: &Card, study: &Study) -> Option<String> {
    let (asked, compute) = (study.security, study.compute_parties().count());
    let Card { corruptions, parties, .. } = card;
    if !fits(card, study) {
        Some(format!("it needs {parties} compute parties, and the study has {compute}"))
    } else if withstands(card) < Some(asked.threat) {
        let threat = Withstands::of(card).threat;
        Some(format!("it withstands {threat} parties, not {} ones", asked.threat.name()))
    } else if *corruptions < asked.corruptions {
        Some(format!("it withstands {corruptions} corrupt, not {}", asked.corruptions))
    } else {
        None
    }
}

/// Whether the study leaves the choice or names this one.
fn may_run(card: &Card, study: &Study) -> bool {
    let named = study.security.protocol;
    named == Protocol::Auto || named.name() == card.name
}

/// The protocols that may run a study: at least one.
pub(crate) fn honouring(study: &Study) -> Result<Vec<&'static Card>, Error> {
    let honours = |card: &&&Card| shortfall(card, study).is_none();
    let all: Vec<_> = protocols::ALL.iter().filter(honours).copied().collect();
    let cards: Vec<_> = all.iter().filter(|card| may_run(card, study)).copied().collect();
    if !cards.is_empty() {
        return Ok(cards);
    }
    let mut shortfalls = String::new();
    for card in protocols::ALL.iter().filter(|card| may_run(card, study)) {
        if let Some(why) = shortfall(card, study) {
            shortfalls += &format!("\n  {}: {why}", card.name);
        }
    }
    let (asked, compute) = (study.security, study.compute_parties().count());
    let what = match asked.protocol {
        Protocol::Auto => "no protocol of this version withstands".to_owned(),
        named => format!("the study names {}, which does not withstand", named.name()),
    };
    let message = format!(
        "{what} {} {} of {compute} compute parties:{shortfalls}",
        asked.corruptions,
        asked.threat.name()
    );
    let help = match all.first() {
        Some(card) => format!("write protocol = \"auto\" or \"{}\"", card.name),
        None => "name three compute parties and corruptions = 1".to_owned(),
    };
    Err(Refusal::new(message, help).into())
}

/// The plan by the cheapest of these protocols, of which the first is the plan's.
///
/// Of quotes on a local network: parties agree on the protocol before they know their links, and
/// what costs less there seldom costs more elsewhere. Of equal ones the stronger.
pub(crate) fn cheapest(plan: Plan, cards: &[&'static Card]) -> Result<Plan, Error> {
    let mut plans = vec![];
    for card in &cards[1..] {
        plans.push(plan.under(card)?);
    }
    plans.push(plan);
    let price = |plan: &Plan| {
        let strength = (plan.card.security, plan.card.corruptions);
        (LAN.estimate(plan).seconds, Reverse(strength))
    };
    let mut priced: Vec<_> = plans.into_iter().map(|plan| (price(&plan), plan)).collect();
    priced
        .sort_by(|((x, strong), _), ((y, stronger), _)| x.total_cmp(y).then(strong.cmp(stronger)));
    Ok(priced.swap_remove(0).1)
}

impl Plan {
    /// What the protocol that runs withstands.
    #[must_use]
    pub fn withstands(&self) -> Withstands {
        Withstands::of(self.card)
    }

    /// Why this protocol: its own assumptions, beside what the study asks for.
    #[must_use]
    pub fn why(&self) -> String {
        let Withstands { cheater, source, .. } = self.withstands();
        format!(
            "{} ({}): withstands {}; a cheater {cheater}; {source}",
            self.card.name,
            self.verdict(self.card),
            self.withstands()
        )
    }

    /// Every protocol beside this study, side by side.
    #[must_use]
    pub fn candidates(&self) -> Vec<Candidate> {
        let candidate = |card: &&'static Card| Candidate {
            protocol: card.name,
            withstands: Withstands::of(card),
            honours: shortfall(card, &self.study).is_none(),
            chosen: card.name == self.card.name,
            why: self.verdict(card),
            quote: fits(card, &self.study)
                .then(|| self.under(card).ok().map(|plan| plan.quote()))
                .flatten(),
        };
        protocols::ALL.iter().map(candidate).collect()
    }

    fn verdict(&self, card: &Card) -> String {
        if let Some(why) = shortfall(card, &self.study) {
            return why;
        }
        let named = self.study.security.protocol;
        let honours = |card: &&&Card| shortfall(card, &self.study).is_none();
        let verdict = match (card.name == self.card.name, named) {
            (true, Protocol::Auto) if protocols::ALL.iter().filter(honours).count() == 1 => {
                "chosen: the only one that honours the threat model"
            }
            (true, Protocol::Auto) => "chosen: the cheapest that honours the threat model",
            (true, _) => "chosen: named by the study",
            (false, Protocol::Auto) => "honours the threat model at a higher price",
            (false, _) => "honours the threat model; the study names another",
        };
        verdict.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use sharewell_mpc::protocols::{rep3, rep3_malicious};

    use super::*;
    use crate::common::Setup;

    fn leaked(card: Card) -> &'static Card {
        Box::leak(Box::new(card))
    }

    #[test]
    fn of_equal_prices_the_stronger_runs_and_otherwise_the_lower() {
        let weaker = leaked(Card { security: Security::None, ..rep3::CARD });
        let dearer = leaked(Card { security: Security::SemiHonest, ..rep3_malicious::CARD });
        let plan = Setup::default().plan();
        for (cards, want) in [
            ([weaker, &rep3::CARD], rep3::CARD.security),
            ([&rep3::CARD, dearer], rep3::CARD.security),
            ([weaker, dearer], weaker.security),
        ] {
            for cards in [cards, [cards[1], cards[0]]] {
                let first = plan.under(cards[0]).expect("three parties compute");
                let chosen = cheapest(first, &cards).expect("three parties compute");
                assert_eq!((chosen.card.security, chosen.card.name), (want, rep3::CARD.name));
            }
        }
    }
}
