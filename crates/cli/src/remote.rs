//! `sharewell remote`: a node's API, for people and programs that are not beside its folder.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::{Args, Subcommand};
use serde_json::{Value, json};
use sharewell_node::client::{Client, Unserved};

use crate::failure::Failure;
use crate::show;

/// Work with a node from elsewhere, through its API, with a token.
///
/// Each verb does what the command of the same name does beside the node's folder, as far as the
/// token's role may: `sharewell token new` makes one. Answers are JSON.
#[derive(Args)]
#[command(after_help = "\
Examples:
  export SHAREWELL_NODE=https://north.example:7100
  sharewell remote studies --token-file analyst.token --certificate north.pem
  sharewell remote propose study.toml --token-file analyst.token --certificate north.pem
  sharewell remote reject 5d41402abc4b \"cells are too small\" --token-file t --certificate north.pem")]
pub(crate) struct Remote {
    #[command(subcommand)]
    verb: Verb,
    /// The node
    #[arg(long, value_name = "URL", env = "SHAREWELL_NODE", global = true)]
    node: Option<String>,
    /// The first line of this file is the token
    #[arg(long, value_name = "FILE", env = "SHAREWELL_TOKEN_FILE", global = true)]
    token_file: Option<PathBuf>,
    /// The certificate of its pages, as its operator has given it: `pages.pem` of its folder
    #[arg(long, value_name = "FILE", env = "SHAREWELL_CERTIFICATE", global = true)]
    certificate: Option<PathBuf>,
}

#[derive(Subcommand)]
enum Verb {
    /// The node itself
    About,
    /// The studies that it knows of
    Studies,
    /// A study with its plan, leakage table, quote, words and runs
    Show {
        /// Its name, or the beginning of its digest
        study: String,
    },
    /// Let the other parties hear of a study
    Propose {
        /// The file
        file: PathBuf,
    },
    /// Say yes
    Approve {
        /// Its name, or the beginning of its digest
        study: String,
        /// The approval ends with this day
        #[arg(long, value_name = "DATE")]
        until: Option<String>,
    },
    /// Say no
    Reject {
        /// Its name, or the beginning of its digest
        study: String,
        /// Why
        why: String,
    },
    /// Say no longer yes
    Withdraw {
        /// Its name, or the beginning of its digest
        study: String,
        /// Why
        why: String,
    },
    /// Call for a run
    Run {
        /// Its name, or the beginning of its digest
        study: String,
        /// Wait for the end, and tell it
        #[arg(long)]
        wait: bool,
    },
    /// The results of the last run that finished
    Result {
        /// Its name, or the beginning of its digest
        study: String,
    },
    /// End a run that goes on
    Cancel {
        /// The entry by which it began
        run: String,
    },
    /// The log, as `sharewell log verify` takes it
    Log,
    /// What this site's records have told
    Ledger,
    /// How the other nodes were last found
    Peers,
}

impl From<Unserved> for Failure {
    fn from(why: Unserved) -> Self {
        match why {
            Unserved::Refused { status, why } => {
                Self::Run(format!("the node says no ({status}): {why}"))
            }
            Unserved::Unreached(why) => Self::Run(why),
        }
    }
}

impl Remote {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let client = self.client()?;
        let told = match self.verb {
            Verb::About => client.get("/api/node")?,
            Verb::Studies => client.get("/api/studies")?,
            Verb::Log => {
                show::out(&client.get("/api/log")?);
                return Ok(());
            }
            Verb::Ledger => client.get("/api/ledger")?,
            Verb::Peers => client.get("/api/peers")?,
            Verb::Show { study } => client.get(&path(&client, &study)?)?,
            Verb::Propose { file } => {
                let text = std::fs::read_to_string(&file)
                    .map_err(|error| Failure::Usage(format!("{}: {error}", file.display())))?;
                client.post("/api/studies", &text)?
            }
            Verb::Approve { study, until } => {
                let until = until.map_or(json!({}), |until| json!({ "until": until }));
                say(&client, &study, "approve", &until)?
            }
            Verb::Reject { study, why } => {
                say(&client, &study, "reject", &json!({ "reason": why }))?
            }
            Verb::Withdraw { study, why } => {
                say(&client, &study, "withdraw", &json!({ "reason": why }))?
            }
            Verb::Run { study, wait } => {
                let before = runs(&client, &study)?.len();
                let told = say(&client, &study, "run", &json!({}))?;
                if wait { ended(&client, &study, before)? } else { told }
            }
            Verb::Result { study } => {
                let runs = runs(&client, &study)?;
                let last = runs.iter().find(|run| run["state"] == "finished");
                let last = last.and_then(|run| run["begun"].as_str());
                let last =
                    last.ok_or_else(|| Failure::Run("it has not been run there".to_owned()))?;
                client.get(&format!("/api/runs/{last}/results"))?
            }
            Verb::Cancel { run } => client.post(&format!("/api/runs/{}/cancel", safe(&run)), "")?,
        };
        match serde_json::from_str::<Value>(&told) {
            Ok(Value::Null) => {}
            Ok(told) => show::json(&told),
            Err(_) => show::out(&told),
        }
        Ok(())
    }

    fn client(&self) -> Result<Client, Failure> {
        let missing = |what: &str| Failure::Usage(format!("{what} is needed: see `--help`"));
        let node = self.node.as_ref().ok_or_else(|| missing("--node"))?;
        let certificate = self.certificate.as_ref().ok_or_else(|| missing("--certificate"))?;
        let file = self.token_file.as_ref().ok_or_else(|| missing("--token-file"))?;
        let text = std::fs::read_to_string(file)
            .map_err(|error| Failure::Usage(format!("{}: {error}", file.display())))?;
        let token = text.lines().next().unwrap_or_default();
        Ok(Client::new(node, certificate, token)?)
    }
}

/// What may stand in a path.
fn safe(text: &str) -> String {
    text.chars().filter(char::is_ascii_alphanumeric).collect()
}

/// Where a study of this name, or with this digest, is: the newest.
fn path(client: &Client, study: &str) -> Result<String, Failure> {
    let all: Value = serde_json::from_str(&client.get("/api/studies")?)
        .map_err(|error| Failure::Run(error.to_string()))?;
    let is_it = |line: &&Value| {
        let begins = line["text"].as_str().is_some_and(|text| text.starts_with(study));
        line["name"] == study || study.len() >= 6 && begins
    };
    let text = all.as_array().and_then(|all| all.iter().find(is_it));
    let text = text.and_then(|line| line["text"].as_str()).ok_or_else(|| {
        Failure::Usage(format!("no study \"{study}\" is there: see `remote studies`"))
    })?;
    Ok(format!("/api/studies/{}", safe(text)))
}

fn say(client: &Client, study: &str, word: &str, saying: &Value) -> Result<String, Failure> {
    Ok(client.post(&format!("{}/{word}", path(client, study)?), &saying.to_string())?)
}

/// The newest first.
fn runs(client: &Client, study: &str) -> Result<Vec<Value>, Failure> {
    let told: Value = serde_json::from_str(&client.get(&path(client, study)?)?)
        .map_err(|error| Failure::Run(error.to_string()))?;
    Ok(told["runs"].as_array().cloned().unwrap_or_default())
}

/// Waits until one more run than before has ended.
fn ended(client: &Client, study: &str, before: usize) -> Result<String, Failure> {
    const PAUSE: Duration = Duration::from_secs(1);
    /// A call that nobody has followed for so long has ended.
    const CALL: Duration = Duration::from_secs(610);
    let called = Instant::now();
    loop {
        std::thread::sleep(PAUSE);
        let runs = runs(client, study)?;
        let Some(last) = runs.first().filter(|_| runs.len() > before) else {
            if called.elapsed() > CALL {
                let why = "the call has ended, and that node has not begun: its log says why";
                return Err(Failure::Run(why.to_owned()));
            }
            continue;
        };
        match last["state"].as_str() {
            Some("finished") => return Ok(last.to_string()),
            Some("failed") => {
                return Err(Failure::Run(last["why"].as_str().unwrap_or("it failed").to_owned()));
            }
            _ => {}
        }
    }
}
