//! `sharewell study sign` and `study status`: a steward's word, and everybody's.

use std::path::PathBuf;

use clap::Args;
use serde::Serialize;
use sharewell_consortium::{Digest, End, Home, Time, Verdict, Word, book, signatures_beside};

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

/// Say no to a study in your node's name, and why: the others will read it.
#[derive(Args)]
#[command(after_help = "\
Example:
  sharewell study reject study.toml \"cells of five records are too small\" --home north")]
pub(crate) struct Reject {
    /// The study
    study: PathBuf,
    /// Why
    why: String,
    #[command(flatten)]
    at: At,
}

impl Reject {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let Self { study, why, at } = self;
        Sign { study, at, reject: Some(why), withdraw: None, until: None }.run()
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

/// Let the other parties of a study hear of it, without a word for or against it.
///
/// The node (`sharewell node`) sends it to the others.
#[derive(Args)]
#[command(after_help = "Example:\n  sharewell study propose study.toml --home north")]
pub(crate) struct Propose {
    /// The study
    study: PathBuf,
    #[command(flatten)]
    at: At,
}

impl Propose {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let file = StudyFile::load(&self.study)?;
        let home = self.at.open()?;
        if file.study().party(&home.name).is_none() {
            return Err(Failure::Usage(format!("{} has no part in this study", home.name)));
        }
        home.proposed(&file.text, &file.study().name, &home.name)?;
        show::out(&format!("{}\n", Digest::of(file.text.as_bytes())));
        Ok(())
    }
}

/// Call for a run of a study that all its parties have approved.
///
/// Every party's node (`sharewell node`) begins within seconds, if all still holds. With `--wait`
/// the command ends when this node's part has ended.
#[derive(Args)]
#[command(after_help = "Example:\n  sharewell study run study.toml --home north --wait")]
pub(crate) struct Run {
    /// The study
    study: PathBuf,
    #[command(flatten)]
    at: At,
    /// Wait for the end, and tell it
    #[arg(long)]
    wait: bool,
    /// If it fails, call again, so many times
    #[arg(long, value_name = "N", default_value_t = 0, requires = "wait")]
    retries: u32,
}

impl Run {
    pub(crate) fn run(self) -> Result<(), Failure> {
        /// Before a second call: the others may still be ending the first.
        const PAUSE: std::time::Duration = std::time::Duration::from_secs(5);
        let file = StudyFile::load(&self.study)?;
        let home = self.at.open()?;
        let name = &file.study().name;
        for again in (0..=self.retries).rev() {
            call(&home, &file)?;
            if !self.wait {
                show::out(&format!("{} calls for a run of {name}\n", home.name));
                return Ok(());
            }
            eprintln!("{} has called for a run of {name}; waiting for its node", home.name);
            match self.end(&home, &file)? {
                End::Finished(receipt, _) => {
                    show::out(&format!("finished; run {}\n", receipt.receipt.run));
                    return Ok(());
                }
                End::Failed(why, _) if again == 0 => return Err(Failure::Run(why)),
                End::Failed(why, _) => eprintln!("it failed: {why}; {again} more tries"),
            }
            std::thread::sleep(PAUSE);
        }
        Ok(())
    }

    /// Waits for the end of the run that follows this node's last call.
    fn end(&self, home: &Home, file: &StudyFile) -> Result<End, Failure> {
        const PAUSE: std::time::Duration = std::time::Duration::from_millis(500);
        let text = Digest::of(file.text.as_bytes());
        loop {
            let cases = book(&home.entries()?);
            let case = cases.iter().find(|case| case.text == text);
            let call = case.and_then(|case| {
                let calls = case.statements.iter().rev();
                let mut own = calls.filter(|of| of.body.member == home.name);
                own.find(|of| of.body.verdict == Verdict::Calls)
            });
            let Some((case, call)) = case.zip(call) else {
                return Err(Failure::Run("the call is not in the log".to_owned()));
            };
            let run = case.runs.iter().find(|run| run.call == Some(call.digest()));
            if let Some(end) = run.and_then(|run| run.end.clone()) {
                return Ok(end);
            }
            if run.is_none() && call.body.until.is_some_and(|until| until < Time::now()) {
                let why =
                    "the call has ended and the node has not begun: does `sharewell node` run?";
                return Err(Failure::Run(why.to_owned()));
            }
            std::thread::sleep(PAUSE);
        }
    }
}

/// Calls for a run, if all have approved it.
fn call(home: &Home, file: &StudyFile) -> Result<(), Failure> {
    /// How long the others have to hear of it.
    const CALL_S: u64 = 600;
    let (terms, now) = (Terms::of(file), Time::now());
    let until = Some(Time(now.0 + CALL_S));
    let word = Word { verdict: Verdict::Calls, until, reason: None, software: SOFTWARE };
    let signed = home.sign_study(&terms.proposal(file), &word, now)?;
    signed.map(drop).map_err(|refused| refusal(home, "call for", file, &refused))
}

/// Print the results of the last run of a study, at a recipient.
#[derive(Args)]
#[command(after_help = "Example:\n  sharewell study result study.toml --home oversight")]
pub(crate) struct Result_ {
    /// The study
    study: PathBuf,
    #[command(flatten)]
    at: At,
}

impl Result_ {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let file = StudyFile::load(&self.study)?;
        let home = self.at.open()?;
        let text = Digest::of(file.text.as_bytes());
        let cases = book(&home.entries()?);
        let case = cases.iter().find(|case| case.text == text);
        let mut runs = case.iter().flat_map(|case| case.runs.iter().rev());
        let last = runs.find(|run| matches!(run.end, Some(End::Finished(..))));
        let Some(run) = last else {
            return Err(Failure::Run(format!("{} has not been run here", file.study().name)));
        };
        let path = home.results_of(run.begun).join("report.json");
        let text = std::fs::read_to_string(&path)
            .map_err(|error| Failure::Run(format!("{}: {error}", path.display())))?;
        show::out(&text);
        Ok(())
    }
}
