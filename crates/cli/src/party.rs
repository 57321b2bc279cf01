//! `sharewell party`: one organisation's part of a study, on its own machine.

use std::net::TcpListener;
use std::path::PathBuf;
use std::sync::Mutex;

use clap::Args;
use sharewell_engine::{self as engine, Identity, LocalValues, Seat};
use sharewell_study::suggest;

use crate::check;
use crate::failure::Failure;
use crate::key;
use crate::local::{Rows, keep_opening, local};
use crate::progress::Progress;
use crate::report::{Told, files};
use crate::show;
use crate::study_file::StudyFile;
use crate::talk::Stage;

/// Run one party's part of a study on its own machine.
///
/// Every party of the study starts this command with the same study, its own name and its own key;
/// in any order, within the study's `connect_s`. Starting it is the steward's yes to what it
/// prints first: what is computed from this party's rows, and who learns what.
#[derive(Args)]
#[command(after_help = "\
Examples:
  sharewell key new op_a.key                            once; its public half goes into the study
  sharewell party study.toml --as op_a --key op_a.key
  sharewell party study.toml --as op_a --key op_a.key --listen 0.0.0.0:7100   behind a router")]
pub(crate) struct Party {
    /// The study, the same at every party
    study: PathBuf,
    /// This party's name in the study
    #[arg(long = "as", value_name = "NAME")]
    name: String,
    /// The file that `sharewell key new` made
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// The private mapping file [default: sources/NAME.toml beside the study]
    #[arg(long, value_name = "FILE")]
    source: Option<PathBuf>,
    /// Listen here instead of at the study's address
    #[arg(long, value_name = "HOST:PORT")]
    listen: Option<String>,
    /// Print JSON, as docs/json.md describes it
    #[arg(long)]
    json: bool,
    /// Keep the results in this folder: report.html with drawings, report.json, and CSV
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
}

impl Party {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let file = StudyFile::load(&self.study)?;
        let me = self.place(&file)?;
        self.out.as_deref().map_or(Ok(()), files::prepare)?;
        let identity = self.identity(&file, me)?;
        let listener = self.listener()?;
        eprintln!("{}", consent(&file, me));
        let seat = Seat { party: me, identity, listener, peers: None, wide: None, log: [0; 32] };
        let progress = Mutex::new(Progress::of([self.name.as_str()]));
        let opening = file.opening_of(&self.name);
        let see = |stage: engine::Stage| {
            if let engine::Stage::Committed(ours) = &stage {
                keep_opening(ours, &opening);
            }
            // Its other user has not panicked: both are this closure.
            if let Ok(mut progress) = progress.lock() {
                Stage::of(stage).into_iter().for_each(|stage| progress.see(0, stage));
                progress.tick();
            }
        };
        let given = match self.give(&file, me, &progress) {
            Ok(given) => given,
            Err(why) => {
                eprintln!("error: {why}\n\nThe others are told that there will be no result.");
                return Err(declined(engine::decline(&file.plan, seat, &see)));
            }
        };
        let values = given.as_ref().map(|(values, _)| values);
        let outcome = engine::run(&file.plan, seat, values, &see);
        if let Ok(mut progress) = progress.lock() {
            progress.end();
        }
        let rows = given.map(|(_, rows)| (self.name.clone(), rows)).into_iter().collect();
        let told = Told::of_one(&file, outcome?, rows);
        told.print(&file, self.json, |told| told.rows(&file));
        self.out.iter().try_for_each(|folder| files::write(&told, &file, folder))
    }

    fn place(&self, file: &StudyFile) -> Result<usize, Failure> {
        file.study().party(&self.name).ok_or_else(|| {
            let names = file.study().parties.iter().map(|party| party.name.as_str());
            let help = suggest::advice(&self.name, "parties", names).unwrap_or_default();
            let path = self.study.display();
            Failure::Usage(format!("{path} has no party `{}`\n  help: {help}", self.name))
        })
    }

    /// The party's key, if it is the one that all parties have approved.
    fn identity(&self, file: &StudyFile, me: usize) -> Result<Identity, Failure> {
        let identity = key::read(&self.key)?;
        let wanted = file.study().parties[me].key;
        if identity.public().0 == wanted.0 {
            return Ok(identity);
        }
        Err(Failure::Usage(format!(
            "{} is not the key of {}: it holds {}, the study says {wanted}",
            self.key.display(),
            self.name,
            identity.public()
        )))
    }

    fn listener(&self) -> Result<Option<TcpListener>, Failure> {
        let bind = |address: &String| {
            TcpListener::bind(address)
                .map_err(|error| Failure::Usage(format!("cannot listen at {address}: {error}")))
        };
        self.listen.as_ref().map(bind).transpose()
    }

    fn give(
        &self,
        file: &StudyFile,
        me: usize,
        progress: &Mutex<Progress>,
    ) -> Result<Option<(LocalValues, Rows)>, String> {
        if !file.study().parties[me].roles.data {
            return Ok(None);
        }
        let mapping = self.source.clone().unwrap_or_else(|| file.mapping_of(&self.name));
        let report = file.report_of(&self.name);
        let reading = |rows| {
            if let Ok(mut progress) = progress.lock() {
                progress.see(0, Stage::Reading(rows));
                progress.tick();
            }
        };
        let (values, rows) = local(&file.plan, &mapping, &report, &reading)?;
        if rows.rejected > 0 {
            eprintln!("{} rows were rejected: see {}\n", rows.rejected, report.display());
        }
        Ok(Some((values, rows)))
    }
}

/// The end of a party whose data could not be prepared; it has said why.
fn declined(told: Result<(), engine::Error>) -> Failure {
    let unprepared = "this party's data could not be prepared";
    Failure::Run(match told {
        Ok(()) => format!("{unprepared}; the others know that, and not why"),
        Err(error) => format!("{unprepared}; nor could all others be told: {error}"),
    })
}

/// What starting this party agrees to.
fn consent(file: &StudyFile, me: usize) -> String {
    let (plan, study) = (&file.plan, file.study());
    let party = &study.parties[me];
    let mut text = format!(
        "{}: {}\nstudy {}\n\n{} takes part.\n{}",
        study.name,
        study.purpose,
        plan.hash(),
        party.name,
        show::protection(plan.protocol(), &plan.withstands())
    );
    if party.roles.data {
        let sql = check::sql(plan).replace('\n', "\n  ");
        text +=
            &format!("\nFrom its rows it computes at home, and shares out at random,\n  {sql}\n");
    }
    text + &format!("\n{}", check::leakage(&plan.leakage()))
}
