//! How far every party is, on standard error: bars on a terminal, now and then a line elsewhere.

use std::io::IsTerminal as _;
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use crate::show;
use crate::talk::Stage;

/// Runs shorter than this need no lines.
const QUIET: Duration = Duration::from_secs(2);
/// Between two lines.
const INTERVAL: Duration = Duration::from_secs(3);
/// Steps of a bar.
const FULL: u64 = 1000;

/// A display of the parties' stages.
pub(crate) struct Progress {
    parties: Vec<(String, Option<Stage>)>,
    bars: Vec<ProgressBar>,
    next_line: Instant,
    start: Instant,
}

impl Progress {
    /// A display of these parties; of none of them it shows nothing.
    pub(crate) fn of<'n>(names: impl IntoIterator<Item = &'n str>) -> Self {
        let parties: Vec<_> = names.into_iter().map(|name| (name.to_owned(), None)).collect();
        let mut bars = vec![];
        if std::io::stderr().is_terminal() {
            let width = parties.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
            let style = format!("{{prefix:{width}}}  [{{bar:24}}] {{wide_msg}}");
            let style = ProgressStyle::with_template(&style).expect("the template is well formed");
            let display = MultiProgress::new();
            for (name, _) in &parties {
                let bar = ProgressBar::new(FULL).with_style(style.clone().progress_chars("=> "));
                bars.push(display.add(bar.with_prefix(name.clone()).with_message("starting")));
            }
        }
        let start = Instant::now();
        Self { parties, bars, next_line: start + QUIET, start }
    }

    /// A party has come to this stage.
    pub(crate) fn see(&mut self, party: usize, stage: Stage) {
        if let Some(bar) = self.bars.get(party) {
            bar.set_position(match stage {
                Stage::Reading(_) | Stage::Connecting(_) => 0,
                Stage::Computing { sent, of } => sent * FULL / of.max(1),
                Stage::Finished => FULL,
            });
            bar.set_message(words(Some(&stage)));
        }
        if let Some((_, seen)) = self.parties.get_mut(party) {
            *seen = Some(stage);
        }
    }

    /// Time passes.
    pub(crate) fn tick(&mut self) {
        let silent = self.parties.is_empty() || !self.bars.is_empty();
        if silent || Instant::now() < self.next_line {
            return;
        }
        self.next_line = Instant::now() + INTERVAL;
        let of_party =
            |(name, stage): &(String, Option<Stage>)| format!("{name} {}", words(stage.as_ref()));
        let parties: Vec<String> = self.parties.iter().map(of_party).collect();
        eprintln!("{:4.0} s: {}", self.start.elapsed().as_secs_f64(), parties.join("; "));
    }

    /// Nothing more will come: leaves the screen as it was.
    pub(crate) fn end(&mut self) {
        self.bars.drain(..).for_each(|bar| bar.finish_and_clear());
    }
}

fn words(stage: Option<&Stage>) -> String {
    match stage {
        None => "is starting".to_owned(),
        Some(Stage::Reading(0)) => "reads its records".to_owned(),
        Some(Stage::Reading(rows)) => {
            format!("reads its records, {} so far", show::thousands(*rows))
        }
        Some(Stage::Connecting(None)) => "waits for the others".to_owned(),
        Some(Stage::Connecting(Some(why))) => format!("waits: {why}"),
        Some(Stage::Computing { sent, of }) => {
            format!("is computing, {} % sent", sent * 100 / (*of).max(1))
        }
        Some(Stage::Finished) => "has finished".to_owned(),
    }
}
