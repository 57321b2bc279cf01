//! `sharewell ledger`: what a site's records have told.

use clap::Args;
use sharewell_consortium::Line;

use crate::failure::Failure;
use crate::home::At;
use crate::show;

/// Show what this site's records have told so far, run by run, and what that has spent.
///
/// A run counts from its beginning until it is known to have failed before its result was opened.
/// `budget_epsilon` and `budget_delta` in policy.toml say how much all studies together may spend;
/// one that would spend more is refused before it runs.
#[derive(Args)]
pub(crate) struct Ledger {
    #[command(flatten)]
    at: At,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Ledger {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let ledger = self.at.open()?.ledger()?;
        if self.json {
            show::json(&ledger);
            return Ok(());
        }
        let row = |line: &Line| {
            let spend = line.spend.as_ref().map_or("no noise".to_owned(), ToString::to_string);
            vec![
                line.time.to_string(),
                line.name.clone(),
                line.recipients.join(", "),
                spend,
                line.state.name().to_owned(),
            ]
        };
        let rows: Vec<Vec<String>> = ledger.lines.iter().map(row).collect();
        if !rows.is_empty() {
            let heads = ["time", "study", "learned by", "spends", "result"];
            show::out(&format!("{}\n", show::grid(&heads, &rows, heads.len())));
        }
        show::out(&format!("{}\n", ledger.summary()));
        Ok(())
    }
}
