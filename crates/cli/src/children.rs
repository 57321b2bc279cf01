//! The parent's side of a rehearsal: every party a process of its own, all of which end with this
//! one, and one account of what went wrong.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{self, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::failure::Failure;
use crate::local::Rows;
use crate::progress::Progress;
use crate::talk::{Address, Cause, News, Order};

/// What a party that ended well leaves.
pub(crate) struct Finished<T> {
    pub(crate) rows: Option<Rows>,
    pub(crate) result: T,
}

/// How long the other parties may go on reading when one has already failed.
const READING_PATIENCE: Duration = Duration::from_secs(10);
/// How often the display moves though nothing is heard.
const TICK: Duration = Duration::from_millis(250);

/// Runs each order in a process of its own. `patience` is the longest that a party may still need
/// when the first has ended: longer than any wait of the protocol.
///
/// All results, or none: a failure names the party behind it and tells what the others saw.
pub(crate) fn perform<T: DeserializeOwned>(
    orders: &[(String, Order)],
    patience: Duration,
    progress: &mut Progress,
) -> Result<Vec<Finished<T>>, Failure> {
    let mut crew = Crew::start(orders)?;
    crew.gather(progress);
    if crew.members.iter().all(|member| member.address().is_some()) {
        crew.introduce();
        crew.attend(patience, progress);
    }
    progress.end();
    crew.results()
}

/// The processes. Dropping it ends them.
struct Crew {
    members: Vec<Member>,
    news: Receiver<(usize, Option<News>)>,
}

struct Member {
    name: String,
    process: process::Child,
    stdin: ChildStdin,
    rows: Option<Rows>,
    state: State,
}

enum State {
    Preparing,
    Ready(Address),
    Done(Value),
    Failed(Cause, String),
}

impl Member {
    fn address(&self) -> Option<&Address> {
        match &self.state {
            State::Ready(address) => Some(address),
            State::Preparing | State::Done(_) | State::Failed(..) => None,
        }
    }

    fn has_ended(&self) -> bool {
        matches!(self.state, State::Done(_) | State::Failed(..))
    }

    /// A child that has died says so by its exit status.
    fn tell(&mut self, line: &impl Serialize) {
        let mut line = serde_json::to_string(line).expect("structs, lists, numbers and texts");
        line.push('\n');
        let _ = self.stdin.write_all(line.as_bytes());
    }

    fn fell_silent(&mut self) {
        let how = match self.process.wait() {
            Ok(status) => format!("its process ended ({status})"),
            Err(error) => format!("its process was lost ({error})"),
        };
        if !self.has_ended() {
            self.state = State::Failed(Cause::Own, how);
        }
    }
}

impl Crew {
    fn start(orders: &[(String, Order)]) -> Result<Self, Failure> {
        let (sender, news) = mpsc::channel();
        let mut crew = Self { members: vec![], news };
        for (i, (name, order)) in orders.iter().enumerate() {
            let mut member = start(i, name, sender.clone())
                .map_err(|error| Failure::Run(format!("cannot start a process: {error}")))?;
            member.tell(order);
            crew.members.push(member);
        }
        Ok(crew)
    }

    /// Waits until every party is ready or has failed.
    fn gather(&mut self, progress: &mut Progress) {
        let mut failed = None;
        while self.members.iter().any(|member| matches!(member.state, State::Preparing)) {
            self.hear(progress);
            if self.members.iter().any(Member::has_ended) {
                let since: &mut Instant = failed.get_or_insert_with(Instant::now);
                if since.elapsed() > READING_PATIENCE {
                    return;
                }
            }
        }
    }

    fn introduce(&mut self) {
        let roster: Vec<Address> =
            self.members.iter().filter_map(Member::address).cloned().collect();
        self.members.iter_mut().for_each(|member| member.tell(&roster));
    }

    /// Waits until every party has ended; who does not, when the others have, has failed.
    fn attend(&mut self, patience: Duration, progress: &mut Progress) {
        let mut first = None;
        while !self.members.iter().all(Member::has_ended) {
            self.hear(progress);
            if self.members.iter().any(Member::has_ended) {
                let since: &mut Instant = first.get_or_insert_with(Instant::now);
                if since.elapsed() > patience {
                    break;
                }
            }
        }
        for member in self.members.iter_mut().filter(|member| !member.has_ended()) {
            let seconds = patience.as_secs();
            let message = format!("did not end within {seconds} s of the others: it is stopped");
            member.state = State::Failed(Cause::Own, message);
        }
    }

    /// Takes one piece of news, if there is one within a moment.
    fn hear(&mut self, progress: &mut Progress) {
        match self.news.recv_timeout(TICK) {
            Ok((i, Some(News::Stage(stage)))) => progress.see(i, stage),
            Ok((i, Some(News::Ready { address, rows }))) => {
                self.members[i].rows = rows;
                self.members[i].state = State::Ready(address);
            }
            Ok((i, Some(News::Done(result)))) => self.members[i].state = State::Done(result),
            Ok((i, Some(News::Failed { cause, message }))) => {
                self.members[i].state = State::Failed(cause, message);
            }
            Ok((i, None)) => self.members[i].fell_silent(),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => {
                self.members.iter_mut().for_each(Member::fell_silent);
            }
        }
        progress.tick();
    }

    fn results<T: DeserializeOwned>(&mut self) -> Result<Vec<Finished<T>>, Failure> {
        let mut finished = vec![];
        for member in &self.members {
            let State::Done(result) = &member.state else {
                return Err(Failure::Run(self.account()));
            };
            let result = serde_json::from_value(result.clone())
                .map_err(|error| Failure::Run(format!("{}: {error}", member.name)))?;
            finished.push(Finished { rows: member.rows, result });
        }
        Ok(finished)
    }

    /// Who failed, and what the others saw of it.
    fn account(&self) -> String {
        let of_cause = |wanted: Cause| {
            self.members.iter().filter_map(move |member| match &member.state {
                State::Failed(cause, message) if *cause == wanted => {
                    Some((member.name.as_str(), message.as_str()))
                }
                _ => None,
            })
        };
        let line = |(name, message): (&str, &str)| {
            format!("\n  {name}: {}", message.replace('\n', "\n    "))
        };
        let culprits: Vec<&str> = of_cause(Cause::Own).map(|(name, _)| name).collect();
        let mut text = "there is no result".to_owned();
        if !culprits.is_empty() {
            text += &format!(", because of {}", culprits.join(", "));
            text.extend(of_cause(Cause::Own).map(line));
            if of_cause(Cause::Others).next().is_some() {
                text += "\nwhat the others saw:";
            }
        }
        text.extend(of_cause(Cause::Others).map(line));
        text
    }
}

impl Drop for Crew {
    fn drop(&mut self) {
        for member in &mut self.members {
            // Either may fail only because the process has ended already.
            let _ = member.process.kill();
            let _ = member.process.wait();
        }
    }
}

fn start(i: usize, name: &str, news: Sender<(usize, Option<News>)>) -> std::io::Result<Member> {
    let mut process = Command::new(std::env::current_exe()?)
        .args(["child", "--as", name])
        // Freed memory is kept for the next step, and given back when the process ends.
        .env("MIMALLOC_PURGE_DELAY", "-1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let stdin = process.stdin.take().expect("it was asked for");
    let stdout = process.stdout.take().expect("it was asked for");
    std::thread::spawn(move || {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            let Ok(line) = serde_json::from_str(&line) else { break };
            if news.send((i, Some(line))).is_err() {
                return;
            }
        }
        // The parent may have stopped listening; then nobody needs to know.
        let _ = news.send((i, None));
    });
    Ok(Member { name: name.to_owned(), process, stdin, rows: None, state: State::Preparing })
}
