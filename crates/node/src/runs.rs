//! Runs: begun when a party of the study has called for one, each in a process of its own.

use std::os::unix::net::UnixStream;
use std::process::Child;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use sharewell_consortium::{Digest, End, Event, Time};
use sharewell_engine::route;

use crate::Error;
use crate::cases::{Planned, lock};
use crate::exchange;
use crate::node::Node;
use crate::worker::{News, Order, Stage, Worker};

/// How often the node looks for calls.
const INTERVAL: Duration = Duration::from_millis(300);

/// A run that goes on.
#[derive(Debug)]
pub(crate) struct Running {
    pub(crate) text: Digest,
    pub(crate) call: Digest,
    pub(crate) started: Time,
    pub(crate) stage: Stage,
    pub(crate) route: Vec<u8>,
    door: Option<UnixStream>,
    process: Option<Arc<Mutex<Child>>>,
    /// Why it is to be stopped.
    stop: Option<String>,
}

/// What a node that was stopped was doing has failed, unless the others say that all have signed.
pub(crate) fn after_a_stop(node: &Node) -> Result<(), Error> {
    for run in node.book()?.into_iter().flat_map(|case| case.runs) {
        if run.end.is_none() && run.call.is_some() {
            let why = "this node was stopped while it ran; call for it again".to_owned();
            node.home.ended(Event::Failed { begun: run.begun, why })?;
        }
    }
    Ok(())
}

/// Begins what is called for, again and again.
pub(crate) fn forever(node: &Arc<Node>) {
    loop {
        if let Err(error) = look(node) {
            (node.say)(&format!("error: {error}"));
            thread::sleep(INTERVAL * 10);
        }
        thread::sleep(INTERVAL);
    }
}

fn look(node: &Arc<Node>) -> Result<(), Error> {
    let now = Time::now();
    let limit = node.home.limits.hours * 3600;
    let late: Vec<Digest> = lock(&node.running)
        .iter()
        .filter(|(_, run)| now.0.saturating_sub(run.started.0) > limit)
        .map(|(begun, _)| *begun)
        .collect();
    for begun in late {
        let _ = cancel(node, begun, "it took longer than this node allows");
    }
    for case in node.book()? {
        let Ok(known) = node.known(case.text) else { continue };
        if let Some(missed) = case.missed(&known.study, now)
            && lock(&node.declined).insert(missed.digest())
        {
            (node.say)(&format!(
                "a call of {} for a run of \"{}\" had ended before this node could follow it: if it \
                 came just now, compare clocks by `sharewell doctor`",
                missed.body.member, known.study.name
            ));
        }
        let Some(call) = case.call(&known.study, now) else { continue };
        let digest = call.digest();
        if lock(&node.declined).contains(&digest) {
            continue;
        }
        let planned = node.planned(case.text)?;
        let route = route(&planned.plan);
        {
            let running = lock(&node.running);
            let is_full = running.len() >= node.home.limits.runs;
            if is_full || running.values().any(|run| run.route == route) {
                continue;
            }
        }
        match node.home.admit(&planned.proposal(), Some(digest), now)? {
            Ok(begun) => begin(node, planned, (begun, digest), route)?,
            Err(why) => {
                let name = &known.study.name;
                (node.say)(&format!("does not run \"{name}\": {}", why.0.join("; ")));
                lock(&node.declined).insert(digest);
            }
        }
    }
    Ok(())
}

fn begin(
    node: &Arc<Node>,
    planned: Arc<Planned>,
    (begun, call): (Digest, Digest),
    route: Vec<u8>,
) -> Result<(), Error> {
    let name = planned.known.study.name.clone();
    (node.say)(&format!("runs \"{name}\""));
    let running = Running {
        text: Digest::of(planned.known.text.as_bytes()),
        call,
        started: Time::now(),
        stage: Stage::Starting,
        route,
        door: None,
        process: None,
        stop: None,
    };
    lock(&node.running).insert(begun, running);
    let shared = Arc::clone(node);
    let thread = thread::Builder::new().name("run".to_owned());
    // The process ends with the thread that has started it: one thread from its first moment to its
    // last.
    let spawned = thread.spawn(move || {
        let ended = watch(&shared, &planned, begun);
        // The log first: nobody may find a run that neither goes on nor has ended.
        if let Err(error) = shared.home.ended(ended) {
            (shared.say)(&format!("error: the end of a run is not in the log: {error}"));
        }
        lock(&shared.running).remove(&begun);
    });
    spawned.map(drop).map_err(|error| {
        lock(&node.running).remove(&begun);
        let _ = node.home.ended(Event::Failed { begun, why: error.to_string() });
        Error::io("cannot start a thread")(error)
    })
}

/// A run from its first moment to its last; how it ended.
fn watch(node: &Node, planned: &Planned, begun: Digest) -> Event {
    let failed = |why: String| {
        (node.say)(&format!("\"{}\" failed: {why}", planned.known.study.name));
        Event::Failed { begun, why }
    };
    let mut worker = match Worker::start(&node.worker, &order(node, planned, begun)) {
        Ok(worker) => worker,
        Err(error) => return failed(format!("the run's process cannot be started: {error}")),
    };
    let door = worker.door.try_clone().ok();
    let process = Arc::clone(&worker.process);
    let told = |change: &mut dyn FnMut(&mut Running)| {
        if let Some(run) = lock(&node.running).get_mut(&begun) {
            change(run);
        }
    };
    told(&mut |run| {
        run.door = door.as_ref().and_then(|door| door.try_clone().ok());
        run.process = Some(Arc::clone(&process));
    });
    let mut last = None;
    while let Some(news) = worker.next() {
        match news {
            News::Stage(stage) => told(&mut |run| run.stage = stage.clone()),
            end => last = Some(end),
        }
    }
    // Not one long wait: `cancel` must get at it, too.
    let status = loop {
        match lock(&process).try_wait() {
            Ok(None) => {}
            Ok(Some(status)) => break Ok(status),
            Err(error) => break Err(error),
        }
        thread::sleep(Duration::from_millis(10));
    };
    if !matches!(last, Some(News::Done(_))) {
        // Who hears first that a party takes no part ends first, and seems to be at fault: a moment
        // later this node has heard of it, too.
        thread::sleep(exchange::INTERVAL + INTERVAL);
    }
    let stopped = lock(&node.running).get(&begun).and_then(|run| run.stop.clone());
    match (last, stopped) {
        // All have signed: nobody can stop it any more.
        (Some(News::Done(receipt)), _) => {
            (node.say)(&format!("\"{}\" has run", planned.known.study.name));
            Event::Finished { receipt: *receipt }
        }
        (_, Some(why)) => failed(why),
        (Some(News::Failed(why)), _) => failed(why),
        (_, None) => failed(match status {
            Ok(status) => format!("the run's process has ended early ({status})"),
            Err(error) => format!("the run's process is lost: {error}"),
        }),
    }
}

fn order(node: &Node, planned: &Planned, begun: Digest) -> Order {
    let known = &planned.known;
    let name = &known.study.name;
    Order {
        study: known.path.clone(),
        text: known.text.clone(),
        party: known.study.party(&node.home.name).unwrap_or_default(),
        seed: *node.home.identity.seed(),
        log: node.home.log_file(),
        begun,
        mapping: node.home.mapping_of(name),
        report: node.home.report_of(name),
        out: node.home.results_of(begun),
        memory: Some(node.home.limits.memory_mb << 20),
    }
}

/// Ends a run that goes on; the others see it end.
pub(crate) fn cancel(node: &Node, begun: Digest, why: &str) -> Result<(), Error> {
    let mut running = lock(&node.running);
    let run = running.get_mut(&begun).ok_or(Error::Unknown("such run going on"))?;
    run.stop.get_or_insert_with(|| why.to_owned());
    if let Some(process) = &run.process {
        // A process that has ended is none that could be.
        lock(process).kill().map_err(Error::io("the run's process cannot be ended"))?;
    }
    Ok(())
}

/// Hands a call for a run over to its process, if there is one.
pub(crate) fn pass(node: &Node, route: &[u8], call: &std::net::TcpStream) {
    let running = lock(&node.running);
    let door = running.values().find(|run| run.route == route).and_then(|run| run.door.as_ref());
    if let Some(door) = door {
        // A process that has just ended: its parties hear so by the call that is dropped.
        let _ = crate::worker::pass(door, call);
    }
}

/// Whether a run went well, in one word.
pub(crate) fn word(end: Option<&End>) -> &'static str {
    match end {
        None => "unknown",
        Some(End::Finished(..)) => "finished",
        Some(End::Failed(..)) => "failed",
    }
}
