//! `sharewell party`: one organisation's part of a study, on its own machine.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use clap::Args;
use sharewell_consortium::{Digest, Event, Home, Run, Time, book, read_key};
use sharewell_engine::{self as engine, Door, Identity, LocalValues, Seat};
use sharewell_study::suggest;

use crate::check;
use crate::failure::Failure;
use crate::home::{Passphrase, Terms, refusal};
use crate::local::{Rows, keep_opening, local};
use crate::progress::Progress;
use crate::report::{Told, files};
use crate::show;
use crate::study_file::StudyFile;
use crate::talk::Stage;

/// Run one party's part of a study on its own machine.
///
/// Every party of the study starts this command with the same study; in any order, within the
/// study's `connect_s`. With `--home` a node takes part: if its consortium's members are who the
/// study says, every party has approved the study's very bytes, and the node's policy allows it; its
/// log tells what happened. With `--as` and `--key` a party takes part without a consortium:
/// starting it is the steward's yes to what it prints first.
#[derive(Args)]
#[command(after_help = "\
Examples:
  sharewell party study.toml --home north
  sharewell key new op_a.key                            once; its public half goes into the study
  sharewell party study.toml --as op_a --key op_a.key
  sharewell party study.toml --as op_a --key op_a.key --listen 0.0.0.0:7100   behind a router")]
pub(crate) struct Party {
    /// The study, the same at every party
    study: PathBuf,
    /// The node's folder, which `sharewell init` has made
    #[arg(long, value_name = "FOLDER", env = "SHAREWELL_HOME")]
    home: Option<PathBuf>,
    /// Without a node: this party's name in the study
    #[arg(long = "as", value_name = "NAME", requires = "key", required_unless_present = "home")]
    name: Option<String>,
    /// Without a node: the file that `sharewell key new` made
    #[arg(long, value_name = "FILE", requires = "name", conflicts_with = "home")]
    key: Option<PathBuf>,
    #[command(flatten)]
    word: Passphrase,
    /// The private mapping file [default: sources/STUDY.toml in the node's folder, or without a node
    /// sources/NAME.toml beside the study]
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

/// Who takes part, and where its files are.
struct Me {
    name: String,
    place: usize,
    identity: Identity,
    mapping: PathBuf,
    report: PathBuf,
    opening: PathBuf,
    listen: Option<String>,
    node: Option<Home>,
}

impl Party {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let file = StudyFile::load(&self.study)?;
        self.out.as_deref().map_or(Ok(()), files::prepare)?;
        let mut me = self.me(&file)?;
        let door = listener(me.listen.as_ref())?.map(Door::from);
        eprintln!("{}", consent(&file, me.place));
        let told = match me.node.take() {
            None => self.take_part(&file, me, door, engine::Log::default())?,
            Some(node) => {
                let begun = admitted(&node, &file)?;
                let seed = *node.identity.seed();
                let releases = Home::releases(node.log_file(), seed, begun);
                let told = self.take_part(&file, me, door, engine::Log::new(begun.0, releases));
                // The log knows before anybody acts on the result.
                node.ended(match &told {
                    Ok(told) => Event::Finished { receipt: told.receipt().clone() },
                    Err(failure) => Event::Failed { begun, why: failure.to_string() },
                })?;
                told?
            }
        };
        told.print(&file, self.json, |told| told.rows(&file));
        self.out.iter().try_for_each(|folder| files::write(&told, &file, folder))
    }

    fn take_part(
        &self,
        file: &StudyFile,
        me: Me,
        door: Option<Door>,
        log: engine::Log,
    ) -> Result<Told, Failure> {
        let (name, party) = (me.name.as_str(), me.place);
        let progress = Mutex::new(Progress::of([name]));
        let see = |stage: engine::Stage| {
            if let engine::Stage::Committed(ours) = &stage {
                keep_opening(ours, &me.opening);
            }
            // Its other user has not panicked: both are this closure.
            if let Ok(mut progress) = progress.lock() {
                Stage::of(stage).into_iter().for_each(|stage| progress.see(0, stage));
                progress.tick();
            }
        };
        let given = self.give(file, &me, &progress);
        let seat = Seat { party, identity: me.identity, door, peers: None, wide: None, log };
        let given = match given {
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
        let rows = given.map(|(_, rows)| (me.name.clone(), rows)).into_iter().collect();
        Ok(Told::of_one(file, outcome?, rows))
    }

    fn me(&self, file: &StudyFile) -> Result<Me, Failure> {
        let (name, node) = match (&self.home, &self.name) {
            (Some(folder), None) => {
                let word = self.word.read()?;
                let node = Home::open(folder, word.as_deref().map(Vec::as_slice))?;
                (node.name.clone(), Some(node))
            }
            (_, name) => (name.clone().unwrap_or_default(), None),
        };
        let place = place(file, &name)?;
        let study = &file.study().name;
        let at = |of_node: fn(&Home, &str) -> PathBuf, other: PathBuf| {
            node.as_ref().map_or(other, |node| of_node(node, study))
        };
        let report = at(Home::report_of, file.report_of(&name));
        Ok(Me {
            identity: self.identity(file, place, &name, node.as_ref())?,
            mapping: at(Home::mapping_of, file.mapping_of(&name)),
            opening: report.with_extension("opening.json"),
            listen: self.listen.clone().or(node.as_ref().and_then(|node| node.listen.clone())),
            report,
            name,
            place,
            node,
        })
    }

    /// The party's key, if it is the one that all parties have approved.
    fn identity(
        &self,
        file: &StudyFile,
        place: usize,
        name: &str,
        node: Option<&Home>,
    ) -> Result<Identity, Failure> {
        let (identity, path) = match (node, &self.key) {
            (Some(node), _) => (Identity::from_seed(&node.identity.seed()), node.folder()),
            (None, key) => {
                let path = key.as_deref().unwrap_or(Path::new(""));
                (read_key(path, self.word.read()?.as_deref().map(Vec::as_slice))?, path)
            }
        };
        let wanted = file.study().parties[place].key;
        if identity.public().0 == wanted.0 {
            return Ok(identity);
        }
        Err(Failure::Usage(format!(
            "{} is not the key of {name}: it holds {}, the study says {wanted}",
            path.display(),
            identity.public()
        )))
    }

    fn give(
        &self,
        file: &StudyFile,
        me: &Me,
        progress: &Mutex<Progress>,
    ) -> Result<Option<(LocalValues, Rows)>, String> {
        if !file.study().parties[me.place].roles.data {
            return Ok(None);
        }
        let (mapping, report) = (self.source.as_ref().unwrap_or(&me.mapping), &me.report);
        let reading = |rows| {
            if let Ok(mut progress) = progress.lock() {
                progress.see(0, Stage::Reading(rows));
                progress.tick();
            }
        };
        let (values, rows) = local(&file.plan, mapping, report, &reading)?;
        if rows.rejected > 0 {
            eprintln!("{} rows were rejected: see {}\n", rows.rejected, report.display());
        }
        Ok(Some((values, rows)))
    }
}

fn place(file: &StudyFile, name: &str) -> Result<usize, Failure> {
    file.study().party(name).ok_or_else(|| {
        let names = file.study().parties.iter().map(|party| party.name.as_str());
        let help = suggest::advice(name, "parties", names).unwrap_or_default();
        let path = file.path.display();
        Failure::Usage(format!("{path} has no party `{name}`\n  help: {help}"))
    })
}

fn listener(address: Option<&String>) -> Result<Option<TcpListener>, Failure> {
    let bind = |address: &String| {
        TcpListener::bind(address)
            .map_err(|error| Failure::Usage(format!("cannot listen at {address}: {error}")))
    };
    address.map(bind).transpose()
}

/// Lets a run of this study begin, if the node may run it; the entry of its log that tells so.
fn admitted(node: &Home, file: &StudyFile) -> Result<Digest, Failure> {
    for case in book(&node.entries()?) {
        // Of this study nothing else goes on at this address: what has no end was stopped.
        let is_cut = |run: &&Run| run.end.is_none() && run.call.is_none();
        let is_it = case.text == Digest::of(file.text.as_bytes());
        for run in case.runs.iter().filter(|run| is_it && is_cut(run)) {
            let why = "this node was stopped while it ran".to_owned();
            node.ended(Event::Failed { begun: run.begun, why })?;
        }
    }
    let terms = Terms::of(file);
    let admitted = node.admit(&terms.proposal(file), None, Time::now())?;
    admitted.map_err(|refused| refusal(node, "run", file, &refused))
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
