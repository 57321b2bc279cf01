//! A run's own process, started by a node. It ends with the node.

use std::process::ExitCode;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use sharewell_consortium::Home;
use sharewell_engine::{self as engine, Identity, Seat};
use sharewell_node::worker::{News, Order, Stage, order, tell};

use crate::local::{keep_opening, local};
use crate::report::{Told, files};
use crate::study_file::StudyFile;

/// Between two lines about how far it is.
const INTERVAL: Duration = Duration::from_millis(200);

pub(crate) fn run() -> ExitCode {
    #[cfg(target_os = "linux")]
    let _ = rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL));
    let Ok((order, door)) = order() else {
        eprintln!("error: this command is started by `sharewell node` alone");
        return ExitCode::from(2);
    };
    if let Some(bytes) = order.memory {
        let limit = Rlimit { current: Some(bytes), maximum: getrlimit(Resource::Data).maximum };
        // A system without such limits runs without.
        let _ = setrlimit(Resource::Data, limit);
    }
    match work(&order, door) {
        Ok(news) => {
            tell(&news);
            ExitCode::SUCCESS
        }
        Err(why) => {
            tell(&News::Failed(why));
            ExitCode::FAILURE
        }
    }
}

/// The end of a run that went well, or why it did not, in words that may be in a log.
fn work(order: &Order, door: engine::Door) -> Result<News, String> {
    let file = StudyFile::of(&order.study, order.text.clone()).map_err(|why| why.to_string())?;
    files::prepare(&order.out).map_err(|why| why.to_string())?;
    let party = &file.study().parties[order.party];
    let seat = Seat {
        party: order.party,
        identity: Identity::from_seed(&order.seed),
        door: Some(door),
        peers: None,
        wide: None,
        log: engine::Log::new(
            order.begun.0,
            Home::releases(order.log.clone(), order.seed, order.begun),
        ),
    };
    let opening = order.report.with_extension("opening.json");
    let see = said();
    let progress = |stage: engine::Stage| match stage {
        engine::Stage::Committed(ours) => keep_opening(&ours, &opening),
        engine::Stage::Connecting(why) => see(Stage::Connecting { why }),
        engine::Stage::Computing { sent, of } => see(Stage::Computing { sent, of }),
        engine::Stage::Finished => see(Stage::Finished),
    };
    let mut given = None;
    if party.roles.data {
        see(Stage::Reading { rows: 0 });
        let reading = |rows| see(Stage::Reading { rows });
        match local(&file.plan, &order.mapping, &order.report, &reading) {
            Ok(found) => given = Some(found),
            Err(why) => {
                // It may quote records: for the node's own eyes, not for the log.
                let path = order.report.with_extension("error.txt");
                let _ = std::fs::write(&path, why);
                let told = engine::decline(&file.plan, seat, &progress);
                let heard = if told.is_ok() { "the others know that" } else { "not all know that" };
                return Err(format!(
                    "this party's data could not be prepared; {heard}, and not why: {} says it",
                    path.display()
                ));
            }
        }
    }
    let values = given.as_ref().map(|(values, _)| values);
    let outcome = engine::run(&file.plan, seat, values, &progress);
    let outcome = outcome.map_err(|error| error.to_string())?;
    let receipt = outcome.receipt.clone();
    let rows = given.map(|(_, rows)| (party.name.clone(), rows)).into_iter().collect();
    let told = Told::of_one(&file, outcome, rows);
    if let Err(why) = files::write(&told, &file, &order.out) {
        // All have signed: the run has ended well, though its results are lost here.
        eprintln!("{why}");
    }
    Ok(News::Done(Box::new(receipt)))
}

/// Tells stages to the node, not too often.
fn said() -> impl Fn(Stage) + Sync {
    let last: Mutex<Option<(Instant, std::mem::Discriminant<Stage>)>> = Mutex::default();
    move |stage| {
        let kind = std::mem::discriminant(&stage);
        let Ok(mut last) = last.lock() else { return };
        let is_soon = last.is_some_and(|(at, of)| of == kind && at.elapsed() < INTERVAL);
        if !is_soon {
            *last = Some((Instant::now(), kind));
            tell(&News::Stage(stage));
        }
    }
}
