//! `sharewell node` and the tokens by which people and programs enter it.

use clap::{Args, Subcommand, ValueEnum};
use sharewell_consortium::Time;
use sharewell_node::token::{Role as Of, Tokens};
use sharewell_node::{Config, serve};

use crate::failure::Failure;
use crate::home::At;
use crate::show;

/// Run a node: one port for the other nodes, for programs and for people.
///
/// Takes part in every study that all its parties have approved, whenever a party calls for a run
/// (`sharewell study run`), each run in a process of its own. Hears of studies and of what others
/// say of them within seconds. At `https://` its address are pages and an API, for bearers of
/// tokens (`sharewell token new`). May be stopped at any moment: what is in its log holds.
#[derive(Args)]
#[command(after_help = "\
Examples:
  sharewell node --home north
  sharewell node --home north --passphrase-file word.txt")]
pub(crate) struct Node {
    #[command(flatten)]
    at: At,
}

impl Node {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let home = self.at.open()?;
        let program = std::env::current_exe()
            .map_err(|error| Failure::Run(format!("this program cannot be found: {error}")))?;
        let worker = vec![program.into(), "worker".into()];
        let say = |line: &str| eprintln!("{} {line}", Time::now());
        serve(Config { home, worker, say }).map_err(|error| Failure::Run(error.to_string()))
    }
}

/// Tokens, by which people and programs enter a node.
#[derive(Subcommand)]
pub(crate) enum Token {
    /// Make a token of one role, and print it: the node keeps its digest alone
    #[command(after_help = "\
Example:
  sharewell token new \"A. Analyst\" --role analyst --until 2027-03-31 --home north")]
    New {
        /// Who bears it, in words
        name: String,
        /// What it lets its bearer do
        #[arg(long)]
        role: Role,
        /// It ends with this day
        #[arg(long, value_name = "DATE")]
        until: Option<String>,
        #[command(flatten)]
        at: At,
    },
    /// Who bears tokens
    List {
        #[command(flatten)]
        at: At,
    },
    /// Make a token worthless
    Revoke {
        /// Who bears it
        name: String,
        #[command(flatten)]
        at: At,
    },
}

/// [`Of`] as an argument.
#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum Role {
    /// Everything: also to approve, reject and cancel in the node's name
    Steward,
    /// To propose studies, to call for runs, to read results
    Analyst,
    /// To read studies, runs and the log; no results
    Auditor,
}

impl Token {
    pub(crate) fn run(self) -> Result<(), Failure> {
        match self {
            Self::New { name, role, until, at } => {
                let role = match role {
                    Role::Steward => Of::Steward,
                    Role::Analyst => Of::Analyst,
                    Role::Auditor => Of::Auditor,
                };
                let until = until.map(|text| {
                    let time = Time::end_of(&text);
                    time.ok_or_else(|| Failure::Usage(format!("\"{text}\" is no day")))
                });
                let token = Tokens::of(&at.home).add(&name, role, until.transpose()?)?;
                show::out(&format!("{token}\n"));
            }
            Self::List { at } => {
                let tokens = Tokens::of(&at.home).all()?;
                let rows = tokens.iter().map(|token| {
                    let until = token.until.map_or("-".to_owned(), |until| until.to_string());
                    vec![token.name.clone(), token.role.name().to_owned(), until]
                });
                show::out(&show::grid(&["bearer", "role", "until"], &rows.collect::<Vec<_>>(), 3));
            }
            Self::Revoke { name, at } => {
                if !Tokens::of(&at.home).remove(&name)? {
                    return Err(Failure::Usage(format!("there is no token \"{name}\"")));
                }
            }
        }
        Ok(())
    }
}
