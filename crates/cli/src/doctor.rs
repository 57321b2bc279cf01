//! `sharewell doctor`: can this node work with the others, and if not, who has to change what.

use std::time::Duration;

use clap::Args;
use serde::Serialize;
use sharewell_consortium::{Consortium, Home, Measured, Member, SOFTWARE, Time};
use sharewell_net::talk::{Talker, Unanswered};
use sharewell_node::exchange::{Ask, Health, ask};

use crate::failure::Failure;
use crate::home::At;
use crate::show;

/// Bytes that a question is filled up with, to measure the bandwidth.
const FILLING: usize = 4 << 20;
/// Clocks may differ by this much.
const CLOCK_S: i64 = 30;

/// Look whether this node can work with the others: reachability, keys, clocks, programs, consortium.
///
/// Asks every other member that runs `sharewell node`, measures the round trip and the bandwidth to
/// it, and says which side has to change what. What it measures is kept, for the quotes of
/// `study check --home` and of the pages.
#[derive(Args)]
#[command(after_help = "Example:\n  sharewell doctor --home north")]
pub(crate) struct Doctor {
    #[command(flatten)]
    at: At,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// How a member was found.
#[derive(Serialize)]
struct Finding {
    member: String,
    well: bool,
    rtt_s: Option<f64>,
    bits_per_s: Option<f64>,
    clock_s: Option<i64>,
    software: Option<String>,
    /// What has to be changed, and by whom.
    advice: Vec<String>,
}

impl Doctor {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let home = self.at.open()?;
        let consortium = home.consortium(Time::now())?;
        let talker =
            Talker::new(&home.identity).map_err(|error| Failure::Run(error.to_string()))?;
        let others = consortium.members.iter().filter(|member| member.name != home.name);
        let findings: Vec<Finding> = std::thread::scope(|scope| {
            let (home, consortium, talker) = (&home, &consortium, &talker);
            let look = |member| scope.spawn(move || examine(home, consortium, talker, member));
            let looks: Vec<_> = others.map(look).collect();
            looks.into_iter().filter_map(|look| look.join().ok()).collect()
        });
        let ill = findings.iter().filter(|finding| !finding.well).count();
        let found = |of: &Finding| {
            let time = Time::now();
            let link = Measured { rtt_s: of.rtt_s?, bits_per_s: of.bits_per_s?, time };
            Some((of.member.clone(), link))
        };
        home.keep_measured(&findings.iter().filter_map(found).collect())?;
        match self.json {
            true => show::json(&findings),
            false => show::out(&page(&findings)),
        }
        match ill {
            0 => Ok(()),
            n => Err(Failure::Run(format!("{n} of {} members: see above", findings.len()))),
        }
    }
}

fn examine(home: &Home, consortium: &Consortium, talker: &Talker, member: &Member) -> Finding {
    let finding = |found: Option<Health>, bits_per_s, advice: Vec<String>| Finding {
        member: member.name.clone(),
        well: advice.is_empty(),
        rtt_s: found.as_ref().and_then(|found| found.rtt_s),
        bits_per_s,
        clock_s: found.as_ref().and_then(|found| found.clock_s),
        software: found.and_then(|found| found.software),
        advice,
    };
    let Some(address) = &member.address else {
        return finding(
            None,
            None,
            vec![format!("{} has no address, and needs none", member.name)],
        );
    };
    let question = |filling: usize| Ask {
        software: SOFTWARE.to_owned(),
        consortium: consortium.text,
        have: vec![],
        open: vec![],
        filling: "x".repeat(filling),
    };
    match ask(talker, member.key, address, &question(0)) {
        Err(why) => finding(None, None, vec![trouble(home, member, address, &why)]),
        Ok((_, health, took)) => {
            let long = ask(talker, member.key, address, &question(FILLING)).ok();
            let bits = long.map(|(_, _, long)| {
                let seconds = long.saturating_sub(took).max(Duration::from_micros(100));
                8.0 * FILLING as f64 / seconds.as_secs_f64()
            });
            let advice = advice(home, member, &health);
            finding(Some(health), bits, advice)
        }
    }
}

/// Why there is no answer, and who has to do what.
fn trouble(home: &Home, member: &Member, address: &str, why: &Unanswered) -> String {
    let (ours, theirs) = (&home.name, &member.name);
    match why {
        Unanswered::NoSuchHost(_) => format!(
            "{ours}: the name in {address} is not known here; look at this machine's DNS. {theirs}: is \
             the address in the consortium's document right?"
        ),
        Unanswered::Unreachable(error) => format!(
            "{theirs}: start `sharewell node`, or open the way to {address} ({error}); {ours}: may this \
             machine call out to it?"
        ),
        Unanswered::WrongKey(key) => format!(
            "{theirs}: at {address} is somebody with the key {key}, not {}; if it has a new key, the \
             consortium needs a new version; if not, somebody stands between",
            member.key
        ),
        Unanswered::Broken(error) => format!(
            "{theirs}: whoever listens at {address} hung up on {ours} ({error}): does it run `sharewell \
             node`, and does its consortium have {ours} with the key {}?",
            home.identity.public()
        ),
    }
}

fn advice(home: &Home, member: &Member, health: &Health) -> Vec<String> {
    let (ours, theirs) = (&home.name, &member.name);
    let mut advice = vec![];
    if health.agrees == Some(false) {
        advice.push(format!(
            "{ours} or {theirs}: one has an older version of the consortium: compare `sharewell \
             consortium status` and adopt the newest"
        ));
    }
    let software = health.software.as_deref().unwrap_or_default();
    if software != SOFTWARE {
        advice.push(format!(
            "{ours} or {theirs}: {theirs} has {software}, this is {SOFTWARE}: all need the same version"
        ));
    }
    if let Some(ahead) = health.clock_s.filter(|ahead| ahead.abs() > CLOCK_S) {
        advice.push(format!(
            "{ours} or {theirs}: the clock of {theirs} is {ahead} s ahead of this one: approvals and \
             calls end at moments; set both by NTP"
        ));
    }
    advice
}

fn page(findings: &[Finding]) -> String {
    let rows = findings.iter().map(|of| {
        let or = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
        vec![
            of.member.clone(),
            if of.well { "well" } else { "ill" }.to_owned(),
            or(of.software.clone()),
            or(of.rtt_s.map(show::seconds)),
            or(of.bits_per_s.map(|bits| format!("{:.0} Mbit/s", bits / 1e6))),
            or(of.clock_s.map(|clock| format!("{clock} s"))),
        ]
    });
    let heads = ["member", "is", "program", "round trip", "bandwidth", "clock"];
    let mut text = show::grid(&heads, &rows.collect::<Vec<_>>(), 3);
    for advice in findings.iter().flat_map(|finding| &finding.advice) {
        text += &format!("\n{}", show::prose(2, advice));
    }
    text
}
