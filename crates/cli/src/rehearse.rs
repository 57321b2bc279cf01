//! `sharewell rehearse`: a study on records that nobody has.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use sharewell_consortium::{Home, Time};
use sharewell_data::synthetic;

use crate::failure::Failure;
use crate::home::{Passphrase, Terms};
use crate::report::files;
use crate::run;
use crate::study_file::StudyFile;
use crate::units::Distance;

/// Most rows that a rehearsal makes for a provider by itself.
const ROWS_MAX: u64 = 2000;

/// Try a study out on records that nobody has, before anybody approves it.
///
/// For every data party records are drawn from the agreed schema alone, and the whole study runs as
/// it will: mapping, validation, shares, release rule, report, each party as a process of its own on
/// this machine. The numbers mean nothing; what shows is whether the study says what it should, what
/// becomes known, and what it costs.
///
/// The file is not changed. When its parties have approved these very bytes
/// (`sharewell study sign`), the same study runs on their records.
#[derive(Args)]
#[command(after_help = "\
Examples:
  sharewell rehearse study.toml
  sharewell rehearse study.toml --rows 1000 --rtt 50ms --bandwidth 100mbit
  sharewell rehearse study.toml --home north
  sharewell rehearse study.toml --keep rehearsal")]
pub(crate) struct Rehearse {
    /// The study
    study: PathBuf,
    /// Records of each data party; if not given, enough for the release rule
    #[arg(long)]
    rows: Option<u64>,
    /// Draws other records
    #[arg(long, default_value_t = 1)]
    seed: u64,
    #[command(flatten)]
    distance: Distance,
    /// Also say whether this node's policy would let its steward approve the study
    #[arg(long, value_name = "FOLDER")]
    home: Option<PathBuf>,
    #[command(flatten)]
    word: Passphrase,
    /// Print JSON, as docs/json.md describes it
    #[arg(long)]
    json: bool,
    /// Keep the records, mapping files and reports in this new folder
    #[arg(long, value_name = "FOLDER")]
    keep: Option<PathBuf>,
    /// Keep the results in this folder, as `run --out` does
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
}

impl Rehearse {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let given = StudyFile::load(&self.study)?;
        let rows = self.rows.unwrap_or_else(|| enough(&given)).min(given.study().table.max_rows);
        self.out.as_deref().map_or(Ok(()), files::prepare)?;
        let place = Place::new(self.keep.as_deref())?;
        let file = place.furnish(&given, rows, self.seed)?;
        eprintln!(
            "Rehearsal on {rows} records of each data party, drawn from the agreed schema alone: the \
             numbers mean nothing.\n"
        );
        let told = run::rehearse(&file, self.distance.wide())?;
        told.print(&file, self.json, |told| told.rows(&file));
        self.out.iter().try_for_each(|folder| files::write(&told, &file, folder))?;
        if let Some(home) = &self.home {
            self.examine(home, &given)?;
        }
        eprintln!(
            "\nThe study {} runs on the parties' own records once all have approved these very bytes: \
             `sharewell study sign {}`.",
            given.plan.hash(),
            self.study.display()
        );
        Ok(())
    }

    fn examine(&self, home: &Path, file: &StudyFile) -> Result<(), Failure> {
        let word = self.word.read()?;
        let home = Home::open(home, word.as_deref().map(Vec::as_slice))?;
        let (past, _) = home.examine(&Terms::of(file).proposal(file), Time::now())?;
        for warning in &past.warnings {
            eprintln!("\n{} should know: {warning}", home.name);
        }
        if past.refused.is_empty() {
            eprintln!("\nThe policy of {} lets its steward approve it.", home.name);
            return Ok(());
        }
        let why = past.refused.join("\n  ");
        Err(Failure::Run(format!("{} would refuse it:\n  {why}", home.name)))
    }
}

/// Twice the records that every cell needs, were they spread evenly, within reason.
fn enough(file: &StudyFile) -> u64 {
    let (study, cells) = (file.study(), file.plan.cells() as u64);
    let least = study.release.min_records.saturating_mul(2).saturating_mul(cells);
    least.clamp(200, ROWS_MAX).max(study.quality.min_rows)
}

/// Where a rehearsal's records lie.
struct Place {
    folder: PathBuf,
    /// Goes with the rehearsal.
    _passing: Option<tempfile::TempDir>,
}

impl Place {
    fn new(keep: Option<&Path>) -> Result<Self, Failure> {
        let wrong = |path: &Path| {
            let path = path.display().to_string();
            move |error: std::io::Error| Failure::Usage(format!("{path}: {error}"))
        };
        match keep {
            Some(folder) => {
                fs::create_dir(folder).map_err(wrong(folder))?;
                Ok(Self { folder: folder.into(), _passing: None })
            }
            None => {
                let made = tempfile::tempdir().map_err(wrong(&std::env::temp_dir()))?;
                Ok(Self { folder: made.path().into(), _passing: Some(made) })
            }
        }
    }

    /// The study's very bytes, and beside it what its data parties would bring.
    fn furnish(&self, given: &StudyFile, rows: u64, seed: u64) -> Result<StudyFile, Failure> {
        let write = |path: PathBuf, text: &str| {
            let parent = path.parent().unwrap_or(&self.folder);
            fs::create_dir_all(parent)
                .and_then(|()| fs::write(&path, text))
                .map_err(|error| Failure::Usage(format!("{}: {error}", path.display())))
        };
        let (study, sources) = (given.study(), self.folder.join("sources"));
        for (provider, party) in study.data_parties().enumerate() {
            let name = &study.parties[party].name;
            let file = format!("{name}.csv");
            let made = synthetic(&study.table, (provider, &file), rows, seed);
            write(sources.join(&file), &made.csv)?;
            write(sources.join(format!("{name}.toml")), &made.mapping)?;
        }
        let path = self.folder.join("study.toml");
        write(path.clone(), &given.text)?;
        StudyFile::of(&path, given.text.clone())
    }
}
