//! `sharewell study sign` and `study status`: a steward's word, and everybody's.

use std::path::PathBuf;

use clap::Args;
use serde::Serialize;
use sharewell_consortium::{Time, Verdict, Word, signatures_beside};

use crate::check;
use crate::consortium::{Said, lines, words};
use crate::failure::Failure;
use crate::home::{At, SOFTWARE, Terms, refusal};
use crate::show;
use crate::study_file::StudyFile;

/// Say yes or no to a study in your node's name; what it says down to the last byte.
///
/// The signature is added to STUDY.signatures, a line; the node's log keeps it. What the node's
/// policy does not allow cannot be approved, and the reasons are told. Of what a node says of the
/// same text, the last word counts.
#[derive(Args)]
#[command(after_help = "\
Examples:
  sharewell study sign study.toml --home north
  sharewell study sign study.toml --home north --until 2027-03-31
  sharewell study sign study.toml --home north --reject \"cells of five records are too small\"")]
pub(crate) struct Sign {
    /// The study
    study: PathBuf,
    #[command(flatten)]
    at: At,
    /// Say no, and why
    #[arg(long, value_name = "WHY")]
    reject: Option<String>,
    /// Say no longer yes, and why
    #[arg(long, value_name = "WHY", conflicts_with = "reject")]
    withdraw: Option<String>,
    /// The approval ends with this day, or at this moment (2027-03-31T12:00:00Z)
    #[arg(long, value_name = "DATE")]
    until: Option<String>,
}

impl Sign {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let file = StudyFile::load(&self.study)?;
        let home = self.at.open()?;
        let (verdict, reason) = match (&self.reject, &self.withdraw) {
            (Some(why), _) => (Verdict::Rejects, Some(why.as_str())),
            (_, Some(why)) => (Verdict::Withdraws, Some(why.as_str())),
            (None, None) => (Verdict::Approves, None),
        };
        let until = self.until.as_deref().map(|text| {
            Time::end_of(text)
                .ok_or_else(|| Failure::Usage(format!("\"{text}\" is no day: write 2027-03-31")))
        });
        let until = until.transpose()?;
        let terms = Terms::of(&file);
        let word = Word { verdict, until, reason, software: SOFTWARE };
        let signed = home.sign_study(&terms.proposal(&file), &word, Time::now())?;
        let past = signed.map_err(|refused| refusal(&home, "approve", &file, &refused))?;
        past.warnings.iter().for_each(|warning| eprintln!("warning: {warning}"));
        if verdict == Verdict::Approves {
            eprintln!("{}", check::leakage(&file.plan.leakage()));
        }
        show::out(&format!(
            "{} {} {}: see {}\n",
            home.name,
            verdict.name(),
            file.study().name,
            signatures_beside(&file.path).display()
        ));
        Ok(())
    }
}

/// Who has approved a study, who has not, and why this node would not run it.
#[derive(Args)]
#[command(after_help = "Example:\n  sharewell study status study.toml --home north")]
pub(crate) struct Status {
    /// The study
    study: PathBuf,
    #[command(flatten)]
    at: At,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// How a study stands.
#[derive(Serialize)]
struct Stands {
    study: String,
    /// All have approved it, and this node would run it.
    runs: bool,
    parties: Vec<Said>,
    /// Why this node's policy does not allow it.
    refused: Vec<String>,
    /// What its steward should know.
    warnings: Vec<String>,
}

impl Status {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let file = StudyFile::load(&self.study)?;
        let (home, now) = (self.at.open()?, Time::now());
        let terms = Terms::of(&file);
        let proposal = terms.proposal(&file);
        let (past, consortium) = home.examine(&proposal, now)?;
        let standing = home.standing(&proposal, &consortium, now)?;
        let stands = Stands {
            study: file.plan.hash().to_string(),
            runs: standing.is_agreed() && past.refused.is_empty(),
            parties: words(&standing),
            refused: past.refused,
            warnings: past.warnings,
        };
        if self.json {
            show::json(&stands);
            return Ok(());
        }
        let mut text = format!("{}\n\n{}", file.study().name, lines(&stands.parties));
        for (head, list) in [("not here", &stands.refused), ("warning", &stands.warnings)] {
            list.iter().for_each(|why| text += &show::prose(0, &format!("{head}: {why}")));
        }
        show::out(&text);
        Ok(())
    }
}
