//! `sharewell run`: a rehearsal of a study, every party as a process of its own on this machine.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use sharewell_engine::{Outcome, Wide};

use crate::children;
use crate::failure::Failure;
use crate::progress::Progress;
use crate::report::{Told, files};
use crate::study_file::StudyFile;
use crate::talk::{Order, Task};
use crate::units::Distance;

/// Run a study with every party as a process of its own on this machine.
///
/// Each process reads its own `sources/<party>.toml` beside the study, shares out sums that by
/// themselves are random, and talks mutual TLS on loopback. Keys are made for this run alone and
/// never leave their processes. What a provider's rows failed on is listed in
/// `reports/<party>.json` beside the study.
#[derive(Args)]
#[command(after_help = "\
Examples:
  sharewell run examples/failure-rate/study.toml --local
  sharewell run examples/failure-rate/study.toml --local --rtt 50ms --bandwidth 100mbit
  sharewell run examples/failure-rate/study.toml --local --json > result.json
  sharewell run examples/statin-signals/study.toml --local --out signals")]
pub(crate) struct Run {
    /// The study
    study: PathBuf,
    /// All parties on this machine; required, because a real run is one `party` each
    #[arg(long)]
    local: bool,
    #[command(flatten)]
    distance: Distance,
    /// Print JSON, as docs/json.md describes it
    #[arg(long)]
    json: bool,
    /// Keep the results in this folder: report.html with drawings, report.json, and CSV
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
}

impl Run {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let file = StudyFile::load(&self.study)?;
        if !self.local {
            return Err(Failure::Usage(together(&file)));
        }
        self.out.as_deref().map_or(Ok(()), files::prepare)?;
        let told = rehearse(&file, self.distance.wide())?;
        told.print(&file, self.json, |told| told.rows(&file));
        self.out.iter().try_for_each(|folder| files::write(&told, &file, folder))
    }
}

/// Beyond the longest wait of a protocol, for a party to say how it ended.
const GRACE: Duration = Duration::from_secs(10);

/// Runs every party of a study on this machine.
pub(crate) fn rehearse(file: &StudyFile, wide: Option<Wide>) -> Result<Told, Failure> {
    let parties = &file.study().parties;
    let task = Task::Study { path: file.path.clone(), text: file.text.clone() };
    let orders: Vec<(String, Order)> = parties
        .iter()
        .enumerate()
        .map(|(i, party)| (party.name.clone(), Order::new(task.clone(), i, wide)))
        .collect();
    let limits = &file.study().limits;
    let patience = Duration::from_secs(limits.wait_s.into()) + GRACE;
    let mut progress = Progress::of(parties.iter().map(|party| party.name.as_str()));
    let finished = children::perform::<Outcome>(&orders, patience, &mut progress)?;
    Told::of_all(file, finished)
}

/// How a study is run in earnest.
fn together(file: &StudyFile) -> String {
    let path = file.path.display();
    let mut text = format!(
        "each organisation runs its own part of a study, on its own machine:\n\n  \
         sharewell party {path} --as NAME --key FILE\n\nThe parties of this study:\n"
    );
    for party in &file.study().parties {
        text += &format!("  {} at {}\n", party.name, party.address);
    }
    text + &format!(
        "\nTo rehearse it with all of them on this machine: sharewell run {path} --local"
    )
}
