//! `sharewell study list` and `study show`: what this node knows of.

use clap::Args;
use serde::Serialize;
use sharewell_consortium::{Case, End, Home, Verdict, book};

use crate::failure::Failure;
use crate::home::At;
use crate::show;

/// List the studies that this node knows of, and which of them wait for its word.
#[derive(Args)]
#[command(after_help = "Example:\n  sharewell study list --home north")]
pub(crate) struct List {
    #[command(flatten)]
    at: At,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Print the text of a study that this node knows of, as it was proposed or signed.
#[derive(Args)]
#[command(
    after_help = "Example:\n  sharewell study show fan-failure-rate --home north > study.toml"
)]
pub(crate) struct Show {
    /// Its name, of which the newest text is taken, or the beginning of its digest
    study: String,
    #[command(flatten)]
    at: At,
}

#[derive(Serialize)]
struct Line {
    name: String,
    /// SHA-256 of its file.
    text: String,
    /// What this node has said of it last.
    said: Option<&'static str>,
    runs: usize,
    /// Of the last run.
    ended: Option<&'static str>,
}

impl Line {
    fn of(case: &Case, home: &Home) -> Self {
        let own = case.statements.iter().map(|said| &said.body);
        let own = own.filter(|of| of.member == home.name && of.verdict != Verdict::Calls);
        let ended = case.runs.last().map(|run| match run.end {
            None => "running",
            Some(End::Finished(..)) => "finished",
            Some(End::Failed(..)) => "failed",
        });
        Self {
            name: case.name.clone(),
            text: case.text.to_string(),
            said: own.max_by_key(|of| of.entry).map(|of| of.verdict.name()),
            runs: case.runs.len(),
            ended,
        }
    }
}

impl List {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let home = self.at.open()?;
        let cases = book(&home.entries()?);
        let lines: Vec<Line> = cases.iter().rev().map(|case| Line::of(case, &home)).collect();
        if self.json {
            show::json(&lines);
            return Ok(());
        }
        if lines.is_empty() {
            show::out("No study has come here yet.\n");
            return Ok(());
        }
        let row = |line: &Line| {
            vec![
                line.name.clone(),
                line.text[..12].to_owned(),
                line.said.unwrap_or("waits for your word").to_owned(),
                line.runs.to_string(),
                line.ended.unwrap_or("-").to_owned(),
            ]
        };
        let rows: Vec<Vec<String>> = lines.iter().map(row).collect();
        let heads = ["study", "text", "this node", "runs", "the last one"];
        show::out(&show::grid(&heads, &rows, heads.len()));
        Ok(())
    }
}

impl Show {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let home = self.at.open()?;
        let cases = book(&home.entries()?);
        let is_it = |case: &&Case| {
            case.name == self.study
                || self.study.len() >= 6 && case.text.to_string().starts_with(&self.study)
        };
        let case = cases.iter().rev().find(is_it).ok_or_else(|| {
            let why = format!("no study \"{}\" has come here: see `study list`", self.study);
            Failure::Usage(why)
        })?;
        let path = home.kept(case.text);
        let text = std::fs::read_to_string(&path)
            .map_err(|error| Failure::Run(format!("{}: {error}", path.display())))?;
        show::out(&text);
        Ok(())
    }
}
