//! The threat model, and the protocol that must honour it.

use toml::Spanned;

use super::Reader;
use crate::document::Section;
use crate::{BadGiver, Party, Protocol, Security, Threat};

impl Reader<'_> {
    pub(super) fn security(
        &self,
        section: Section<'_>,
        parties: Option<&[Party]>,
    ) -> Option<Security> {
        let threats = Threat::ALL.map(|threat| (threat.name(), threat));
        let threat = section.required("threat").and_then(|threat| self.choice(&threat, &threats));
        let corruptions = section.required("corruptions");
        let corruptions = corruptions.and_then(|number| self.corruptions(&number, parties));
        let protocols = Protocol::ALL.map(|protocol| (protocol.name(), protocol));
        let protocol = section.required("protocol").and_then(|word| {
            let protocol = self.choice(&word, &protocols)?;
            self.withstands(&word, protocol, threat)
        });
        let bad_giver = match section.has("bad_giver") {
            false => Some(BadGiver::Stop),
            true => section
                .optional("bad_giver")
                .and_then(|word: Spanned<String>| self.bad_giver(&word, threat)),
        };
        section.finish();
        Some(Security {
            threat: threat?,
            corruptions: corruptions?,
            protocol: protocol?,
            bad_giver: bad_giver?,
        })
    }

    /// Only who looks for malicious parties finds shares that do not fit together.
    fn bad_giver(&self, word: &Spanned<String>, threat: Option<Threat>) -> Option<BadGiver> {
        let choices = BadGiver::ALL.map(|choice| (choice.name(), choice));
        let choice = self.choice(word, &choices)?;
        let found = choice == BadGiver::Stop || threat.is_none_or(|t| t == Threat::Malicious);
        self.require(found, word.span(), || {
            let message = "with semi-honest parties nothing checks what a giver sends".to_owned();
            (message, "leave `bad_giver` out, or say `threat = \"malicious\"`".to_owned())
        })?;
        Some(choice)
    }

    /// At least one, and fewer than all who compute: against all of them together there is
    /// nothing to protect.
    fn corruptions(&self, number: &Spanned<u64>, parties: Option<&[Party]>) -> Option<u8> {
        let found = *number.get_ref();
        let compute = parties.map(|all| all.iter().filter(|party| party.roles.compute).count());
        let most = compute.map_or(u8::MAX.into(), |compute| compute.saturating_sub(1) as u64);
        self.require((1..=most).contains(&found), number.span(), || {
            let message = match (found, compute) {
                (1.., Some(compute)) => format!("only {compute} parties compute"),
                _ => "this is no number of corrupt parties".to_owned(),
            };
            let help = "say how many of the computing parties may work together: `corruptions = 1` \
                        if no two of them collude";
            (message, help.to_owned())
        })?;
        u8::try_from(found).ok()
    }

    /// A protocol by name must not be weaker than what the study asks for.
    fn withstands(
        &self,
        word: &Spanned<String>,
        protocol: Protocol,
        threat: Option<Threat>,
    ) -> Option<Protocol> {
        let enough = threat.is_none_or(|threat| protocol.withstands() >= threat);
        self.require(enough, word.span(), || {
            let asked = threat.map_or("", Threat::name);
            let does = |other: &Protocol| Some(other.withstands()) >= threat;
            let others = Protocol::ALL.into_iter().filter(does);
            let others: Vec<String> = others.map(|other| format!("`{}`", other.name())).collect();
            let (name, withstands) = (protocol.name(), protocol.withstands().name());
            let message = format!(
                "`{name}` withstands {withstands} parties only, and the study says {asked} ones"
            );
            (message, format!("what withstands them: {}", others.join(", ")))
        })?;
        Some(protocol)
    }
}
