//! `sharewell study check`: everything that a steward must know before a yes.

use std::path::PathBuf;

use clap::Args;
use serde::Serialize;
use sharewell_consortium::Home;
use sharewell_engine::{Candidate, Estimate, Leak, NoiseOf, Plan, Precision, Quote};
use sharewell_study::{Measure, Objective, PART_BYTES, Recorded};

use crate::failure::Failure;
use crate::home::Passphrase;
use crate::show;
use crate::study_file::StudyFile;

/// Check a study: is it well formed, what is computed where, what becomes public, what it costs.
///
/// Needs no data, no keys and no network. A study with mistakes is refused with file, line and
/// column; one whose values could overflow, with the column's name.
#[derive(Args)]
#[command(after_help = "\
Examples:
  sharewell study check examples/failure-rate/study.toml
  sharewell study check study.toml --json")]
pub(crate) struct Check {
    /// The study
    study: PathBuf,
    /// Also quote the time on the links that this node's `sharewell doctor` has measured
    #[arg(long, value_name = "FOLDER")]
    home: Option<PathBuf>,
    #[command(flatten)]
    word: Passphrase,
    /// Print JSON, as docs/json.md describes it
    #[arg(long)]
    json: bool,
}

/// What is known of a study before anybody has given data.
#[derive(Serialize)]
struct Checked<'a> {
    study: String,
    name: &'a str,
    protocol: &'static str,
    candidates: Vec<Candidate>,
    plan: Planned<'a>,
    leakage: Vec<Leak>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    noise: Vec<NoiseOf>,
    precision: Vec<Precision>,
    quote: Quote,
}

#[derive(Serialize)]
struct Planned<'a> {
    /// Parties that run `sql` at home.
    providers: Vec<&'a str>,
    sql: String,
    /// Cells that the providers' values are added up in, and of the result.
    cells: usize,
    ring_bits: u32,
    why: String,
    recipients: Vec<&'a str>,
    /// Which of the released rows are shown, and in what order; empty for all of them.
    shown: String,
}

impl Check {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let file = StudyFile::load(&self.study)?;
        let mut checked = checked(&file.plan);
        checked.quote.estimates.extend(self.measured(&file)?);
        if self.json {
            show::json(&checked);
        } else {
            show::out(&page(&file, &checked));
        }
        Ok(())
    }

    /// The time on links as they are.
    fn measured(&self, file: &StudyFile) -> Result<Option<Estimate>, Failure> {
        let Some(home) = &self.home else { return Ok(None) };
        let word = self.word.read()?;
        let home = Home::open(home, word.as_deref().map(Vec::as_slice))?;
        let parties = file.study().parties.iter().map(|party| party.name.as_str());
        let Some(measured) = home.measured(parties) else {
            eprintln!(
                "{} has not measured all links of this study: run `sharewell doctor`",
                home.name
            );
            return Ok(None);
        };
        Ok(Some(file.plan.estimate_on(measured.rtt_s, measured.bits_per_s)))
    }
}

fn checked(plan: &Plan) -> Checked<'_> {
    let study = plan.study();
    let names = |parties: Vec<usize>| -> Vec<&str> {
        parties.into_iter().map(|i| study.parties[i].name.as_str()).collect()
    };
    Checked {
        study: plan.hash().to_string(),
        name: &study.name,
        protocol: plan.protocol(),
        candidates: plan.candidates(),
        plan: Planned {
            providers: names(study.data_parties().collect()),
            sql: sql(plan),
            cells: plan.cells(),
            ring_bits: plan.ring_bits(),
            why: plan.why(),
            recipients: names(study.recipients().collect()),
            shown: match &study.objective {
                Objective::Sql(query) => query.arrangement().trim_start().to_owned(),
                _ => String::new(),
            },
        },
        leakage: plan.leakage(),
        noise: plan.noise_told(),
        precision: plan.precision(),
        quote: plan.quote(),
    }
}

fn page(file: &StudyFile, checked: &Checked<'_>) -> String {
    let plan = &file.plan;
    let study = plan.study();
    let planned = &checked.plan;
    let mut page = format!("{} is well formed.\n\n", file.path.display());
    page += &show::list([
        ("study", study.name.clone()),
        ("purpose", study.purpose.clone()),
        ("hash", checked.study.clone()),
    ]);
    page += &format!("\n{}", parties(plan));
    page += &format!(
        "\nEach of {} computes at home, of its own rows\n  {}\n",
        show::and(&planned.providers),
        planned.sql.replace('\n', "\n  ")
    );
    let sums = match plan.local().groups.len() {
        _ if plan.local().measures.is_empty() => None,
        1 => Some("the one row of it".to_owned()),
        cells => Some(format!("the {cells} rows of it, groups without records included,")),
    };
    let rows = plan.shares_rows().then(|| {
        let most = show::thousands(study.table.max_rows);
        format!(
            "{most} of these rows, filled up with empty ones so that nobody learns how many it has,"
        )
    });
    let shared: Vec<String> = sums.into_iter().chain(rows).collect();
    page += &show::prose(
        0,
        &format!(
            "and shares out {} at random. The rest is computed on shares.",
            shared.join(" and ")
        ),
    );
    if !planned.shown.is_empty() {
        page += &format!(
            "\nOf the rows that are released to {} are shown\n  {}\n",
            show::and(&planned.recipients),
            planned.shown
        );
        page += "The others are released to them all the same.\n";
    }
    page += &format!("\nProtocol, in the ring of {}-bit integers\n", planned.ring_bits);
    page += &format!("{}\n{}", show::prose(2, &planned.why), candidates(&checked.candidates));
    page += &format!("\n{}", leakage(&checked.leakage));
    if let Some(noise) = noise(plan) {
        page += &format!("\n{noise}");
    }
    page += &format!("\n{}\n{}", precision(&checked.precision), quote(&checked.quote));
    page
}

fn parties(plan: &Plan) -> String {
    let yes = |role: bool| if role { "yes" } else { "-" }.to_owned();
    let parties = plan.study().parties.iter();
    let rows = parties.map(|party| {
        let roles = party.roles;
        vec![
            party.name.clone(),
            yes(roles.data),
            yes(roles.compute),
            yes(roles.recipient),
            party.address.clone(),
        ]
    });
    let heads = ["party", "gives data", "computes", "gets the result", "address"];
    show::grid(&heads, &rows.collect::<Vec<_>>(), heads.len())
}

/// The local phase as one query, and what is kept of each row beside it.
pub(crate) fn sql(plan: &Plan) -> String {
    let local = plan.local();
    let measure = |measure: &Measure| match measure {
        Measure::Rows => "COUNT(*)".to_owned(),
        Measure::Count(expr) => format!("COUNT({expr})"),
        Measure::Sum { expr, .. } => format!("SUM({expr})"),
        Measure::SumSquares { expr, .. } => format!("SUM(({expr}) * ({expr}))"),
        Measure::Min { expr, .. } => format!("MIN({expr})"),
        Measure::Max { expr, .. } => format!("MAX({expr})"),
    };
    let mut items = local.group_by.clone();
    items.extend(local.measures.iter().map(measure));
    let mut sql = format!("SELECT {}\nFROM {}", items.join(", "), local.table);
    if items.is_empty() {
        return taken(plan);
    }
    if let Some(filter) = &local.filter {
        sql += &format!("\nWHERE {filter}");
    }
    if !local.group_by.is_empty() {
        sql += &format!("\nGROUP BY {}", local.group_by.join(", "));
    }
    if !local.records.is_empty() {
        sql += if plan.shares_rows() {
            "\n-- and each of these rows, in secret shares:\n"
        } else {
            "\n-- of each of these rows, kept at home until the run ends:\n"
        };
        sql += &taken(plan);
    }
    sql
}

/// What is taken of each row.
fn taken(plan: &Plan) -> String {
    let local = plan.local();
    let taken = |recorded: &Recorded| match recorded {
        Recorded::Number { expr, .. } => expr.clone(),
        Recorded::Text { column, part } => {
            let (from, len) = (part * PART_BYTES + 1, PART_BYTES);
            format!("BYTES({column}, {from}, {len})")
        }
        Recorded::Digest { columns, bits, .. } => {
            format!("DIGEST_{bits}_BITS({})", columns.join(", "))
        }
    };
    let taken: Vec<String> = local.records.iter().map(taken).collect();
    let filter = local.filter.as_ref().map_or(String::new(), |of| format!("\nWHERE {of}"));
    format!("SELECT {}\nFROM {}{filter}", taken.join(", "), local.table)
}

/// The protocols side by side.
fn candidates(candidates: &[Candidate]) -> String {
    let rows = candidates.iter().map(|candidate| {
        let withstands = candidate.withstands;
        let near = candidate.quote.as_ref();
        let of_quote = |text: fn(&Quote) -> String| near.map_or("-".to_owned(), text);
        vec![
            candidate.protocol.to_owned(),
            withstands.to_string(),
            withstands.cheater.to_owned(),
            candidate.why.clone(),
            of_quote(|quote| quote.rounds.to_string()),
            of_quote(|quote| show::thousands(quote.bytes_per_party)),
        ]
    });
    let heads = ["protocol", "withstands", "a party that cheats", "verdict", "rounds", "bytes"];
    show::grid(&heads, &rows.collect::<Vec<_>>(), 4)
}

/// What becomes known to whom.
pub(crate) fn leakage(leaks: &[Leak]) -> String {
    let rows = leaks.iter().map(|leak| vec![leak.what.clone(), leak.to.clone(), leak.why.clone()]);
    show::grid(&["what becomes known", "to whom", "because"], &rows.collect::<Vec<_>>(), 3)
}

/// The noise in each released sum and count, if there is any.
pub(crate) fn noise(plan: &Plan) -> Option<String> {
    let promise = plan.promise()?;
    let number = |value: f64| show::number(value, 0.0);
    let rows = plan.noise_told().into_iter().map(|noise| {
        let unit = if noise.unit.is_empty() { String::new() } else { format!(" {}", noise.unit) };
        vec![
            noise.of,
            format!("{}{unit}", number(noise.sensitivity)),
            format!("{}, {}{unit}", noise.distribution, number(noise.scale)),
            format!("{}{unit}", number(noise.within_95)),
        ]
    });
    let heads = ["sum", "one unit moves it by", "noise of scale", "within, 95 %"];
    let grid = show::grid(&heads, &rows.collect::<Vec<_>>(), 4);
    Some(format!("{}{grid}", show::prose(0, &format!("Differential privacy: {promise}."))))
}

fn precision(columns: &[Precision]) -> String {
    let bound = |column: &Precision| match (column.absolute, column.relative) {
        (_, None) => "64-bit floating point in the clear, on the released sums".to_owned(),
        (0.0, Some(0.0)) => "exact".to_owned(),
        (absolute, Some(relative)) => {
            format!("{} + {} of the value", show::error(absolute), show::error(relative))
        }
    };
    let rows = columns.iter().map(|column| vec![column.column.clone(), bound(column)]);
    if columns.is_empty() {
        return "How far coefficients can be from exact ones depends on the records: docs/study.md\n"
            .to_owned();
    }
    show::grid(&["column", "worst error"], &rows.collect::<Vec<_>>(), 2)
}

fn quote(quote: &Quote) -> String {
    let mut lines = vec![
        ("rounds".to_owned(), quote.rounds.to_string()),
        ("bytes of the busiest party".to_owned(), show::thousands(quote.bytes_per_party)),
        ("bytes of all, with headers".to_owned(), show::thousands(quote.wire_bytes)),
        ("bytes of shares in memory".to_owned(), show::thousands(quote.memory_bytes)),
    ];
    for estimate in &quote.estimates {
        let (rtt, rate) = (show::seconds(estimate.rtt_s), estimate.bits_per_s / 1e6);
        let time = show::seconds(estimate.seconds);
        let (rounds, bytes) = (estimate.rounds, show::thousands(estimate.bytes_per_party));
        let cost = format!("{rounds} rounds, {bytes} bytes of the busiest party");
        let text = format!("{time} ({rtt} round trip, {rate:.0} Mbit/s: {cost})");
        lines.push((format!("time on a {}", estimate.network), text));
    }
    let links = quote
        .links
        .iter()
        .map(|link| vec![link.from.clone(), link.to.clone(), show::thousands(link.bytes)]);
    let text = show::list(lines.iter().map(|(name, value)| (name.as_str(), value.clone())));
    format!(
        "Quote\n{text}\n{}",
        show::grid(&["from", "to", "bytes"], &links.collect::<Vec<_>>(), 2)
    )
}
