//! The `sharewell` command: reads arguments, starts processes, prints tables and JSON. Everything
//! that it shows is computed elsewhere.
#![forbid(unsafe_code)]

mod add;
mod bench;
mod check;
mod child;
mod children;
mod consortium;
mod demo;
mod doctor;
mod failure;
mod home;
mod key;
mod ledger;
mod local;
mod log;
mod node;
mod party;
mod progress;
mod rehearse;
mod remote;
mod report;
mod run;
mod show;
mod sign;
mod source;
mod studies;
mod study_file;
mod talk;
mod units;
mod verify;
mod worker;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Protocols make and drop vectors of megabytes all the time. An allocator that gives them back
/// to the system makes every step fault its pages in anew, for more than the arithmetic costs.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Joint statistics on records that nobody shows to anybody.
///
/// A study is one text file that all parties read and approve: who takes part, the agreed table,
/// the question, and what may be released. `sharewell study check` tells what a study computes,
/// what becomes public and what it will cost; `sharewell run --local` rehearses it on one machine;
/// `sharewell party` is one organisation's part of the real thing.
#[derive(Parser)]
#[command(name = "sharewell", version, max_term_width = 100, after_help = EXAMPLES)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "\
Examples:
  sharewell demo
  sharewell study check examples/failure-rate/study.toml
  sharewell source check study.toml sources/op_a.toml
  sharewell rehearse study.toml
  sharewell run examples/failure-rate/hours.toml --local --rtt 50ms --bandwidth 100mbit
  sharewell init north --name north --organisation \"North Air\" --address north.example:7100
  sharewell study sign study.toml --home north
  sharewell party study.toml --home north

Results go to standard output, progress and errors to standard error. The exit status is 0 if all
went well, 1 if a run failed, 2 if the command or the study is wrong.";

#[derive(Subcommand)]
enum Command {
    Demo(demo::Demo),
    Init(home::Init),
    #[command(subcommand)]
    Consortium(consortium::Consortium),
    #[command(subcommand)]
    Study(StudyCommand),
    #[command(subcommand)]
    Source(source::Source),
    Rehearse(rehearse::Rehearse),
    Run(run::Run),
    Party(party::Party),
    Node(node::Node),
    Doctor(doctor::Doctor),
    Remote(remote::Remote),
    #[command(subcommand)]
    Token(node::Token),
    Ledger(ledger::Ledger),
    #[command(subcommand)]
    Log(log::Log),
    #[command(subcommand)]
    Key(key::Key),
    Bench(bench::Bench),
    #[command(hide = true)]
    Child(child::Child),
    #[command(hide = true)]
    Worker,
}

/// Tell what a study computes, reveals and costs; say yes or no to it.
#[derive(Subcommand)]
enum StudyCommand {
    Check(check::Check),
    Propose(sign::Propose),
    List(studies::List),
    Show(studies::Show),
    #[command(visible_alias = "approve")]
    Sign(sign::Sign),
    Reject(sign::Reject),
    Status(sign::Status),
    Run(sign::Run),
    Result(sign::Result_),
}

fn main() -> ExitCode {
    let done = match Arguments::parse().command {
        Command::Demo(demo) => demo.run(),
        Command::Init(init) => init.run(),
        Command::Consortium(consortium) => consortium.run(),
        Command::Study(StudyCommand::Check(check)) => check.run(),
        Command::Study(StudyCommand::Sign(sign)) => sign.run(),
        Command::Study(StudyCommand::Reject(reject)) => reject.run(),
        Command::Study(StudyCommand::List(list)) => list.run(),
        Command::Study(StudyCommand::Show(show)) => show.run(),
        Command::Study(StudyCommand::Propose(propose)) => propose.run(),
        Command::Study(StudyCommand::Status(status)) => status.run(),
        Command::Study(StudyCommand::Run(run)) => run.run(),
        Command::Study(StudyCommand::Result(result)) => result.run(),
        Command::Node(node) => node.run(),
        Command::Doctor(doctor) => doctor.run(),
        Command::Remote(remote) => remote.run(),
        Command::Token(token) => token.run(),
        Command::Source(source) => source.run(),
        Command::Rehearse(rehearse) => rehearse.run(),
        Command::Run(run) => run.run(),
        Command::Party(party) => party.run(),
        Command::Ledger(ledger) => ledger.run(),
        Command::Log(log) => log.run(),
        Command::Key(key) => key.run(),
        Command::Bench(bench) => bench.run(),
        Command::Child(child) => return child.run(),
        Command::Worker => return worker::run(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("{failure}");
            failure.status().into()
        }
    }
}
