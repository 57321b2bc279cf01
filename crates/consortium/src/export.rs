//! What an auditor is given: a folder that proves itself.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use sharewell_study::Study;

use crate::event::Start;
use crate::home::write_whole;
use crate::statement::signatures_beside;
use crate::{Consortium, Digest, Entry, Error, Event, Home, Signed, Time, Verdict};

impl Home {
    /// Writes the log, the consortium's documents with their signatures, every study that was signed
    /// or run, and a record of processing into a new folder. Returns the number of files.
    ///
    /// # Errors
    /// If the folder exists, or something cannot be read or written.
    pub fn export(&self, folder: &Path, now: Time) -> Result<usize, Error> {
        let history = self.history(now)?;
        fs::create_dir(folder).map_err(Error::file(folder))?;
        let mut files = 0;
        let mut write = |name: &str, bytes: &[u8]| {
            files += 1;
            let path = folder.join(name);
            let parent = path.parent().unwrap_or(folder);
            fs::create_dir_all(parent).map_err(Error::file(parent))?;
            write_whole(&path, bytes)
        };
        let read = |path: &Path| fs::read(path).map_err(Error::file(path));
        for consortium in &history {
            let path = self.version(consortium.version);
            let name = format!("consortium/{}.toml", consortium.version);
            write(&name, &read(&path)?)?;
            write(&format!("{name}.signatures"), &read(&signatures_beside(&path))?)?;
        }
        let log = self.log()?;
        let mut studies = vec![];
        for text in texts(log.entries()) {
            let path = self.kept(text);
            // Of a study that others alone have spoken of there is no text here.
            if let Ok(bytes) = fs::read(&path) {
                write(&format!("studies/{text}.toml"), &bytes)?;
                studies.push((text, String::from_utf8_lossy(&bytes).into_owned()));
            }
        }
        write("log.jsonl", &read(&self.log_file())?)?;
        let record = record(&history[0], log.entries(), &studies);
        write("record-of-processing.md", record.as_bytes())?;
        Ok(files)
    }
}

/// The texts that statements and runs of a log are about.
fn texts(log: &[Signed<Entry>]) -> BTreeSet<Digest> {
    let text = |entry: &Signed<Entry>| match &entry.body.event {
        Event::Said { statement } | Event::Heard { statement } => Some(statement.body.text),
        Event::Started(start) => Some(start.text),
        _ => None,
    };
    log.iter().filter_map(text).collect()
}

/// What a record of processing asks for (Regulation (EU) 2016/679, Article 30), and the facts that
/// an assessment of its impact starts from (Article 35), of every study that has run.
fn record(consortium: &Consortium, log: &[Signed<Entry>], studies: &[(Digest, String)]) -> String {
    let mut out = format!(
        "# Record of processing\n\n{}: {}\n\n## Who takes part\n\n",
        consortium.name, consortium.purpose
    );
    for member in &consortium.members {
        let roles: Vec<&str> = member.roles.iter().map(|role| role.name()).collect();
        let (name, organisation) = (&member.name, &member.organisation);
        let _ = writeln!(out, "- **{name}**: {organisation}; {}", roles.join(", "));
    }
    let runs: Vec<(&Signed<Entry>, &Start)> = log
        .iter()
        .filter_map(|entry| match &entry.body.event {
            Event::Started(start) => Some((entry, start)),
            _ => None,
        })
        .collect();
    if runs.is_empty() {
        out += "\nNothing has been run.\n";
    }
    for (entry, start) in runs {
        let _ = writeln!(out, "\n## {}, {}\n", start.name, entry.body.time);
        run(&mut out, (entry, start), log);
        let text = studies.iter().find(|(text, _)| *text == start.text);
        let study = text.and_then(|(_, text)| Study::parse(text, "study").ok());
        if let Some(study) = study {
            terms(&mut out, &study);
        }
        out += "\nWhat becomes known, to whom, and because of what:\n\n";
        start.leakage.iter().for_each(|line| {
            let _ = writeln!(out, "- {}", line.replace(" | ", "; "));
        });
    }
    out
}

fn run(out: &mut String, (entry, start): (&Signed<Entry>, &Start), log: &[Signed<Entry>]) {
    let mut line = |name: &str, value: &str| {
        let _ = writeln!(out, "- {name}: {value}");
    };
    line("study", &start.study);
    line("text", &format!("studies/{}.toml", start.text));
    line("givers of records", &start.givers.join(", "));
    line("recipients of results", &start.recipients.join(", "));
    line("protocol", &format!("{} of {}", start.protocol, start.software));
    let begun = entry.digest();
    let end = log.iter().find_map(|entry| match &entry.body.event {
        Event::Finished { receipt } => {
            let is_it = receipt.receipt.parties.iter().any(|of| of.log == begun.to_string());
            is_it.then(|| format!("finished {}; run {}", entry.body.time, receipt.receipt.run))
        }
        Event::Failed { begun: of, why } => (*of == begun).then(|| format!("failed: {why}")),
        _ => None,
    });
    line("end", end.as_deref().unwrap_or("unknown: this node was stopped before it heard of one"));
    for entry in log {
        let (Event::Said { statement } | Event::Heard { statement }) = &entry.body.event else {
            continue;
        };
        let said = &statement.body;
        if said.text == start.text && said.verdict == Verdict::Approves {
            line("approved", &format!("{}, {}", said.member, said.time));
        }
    }
}

fn terms(out: &mut String, study: &Study) {
    let columns: Vec<&str> = study.table.columns.iter().map(|of| of.name.as_str()).collect();
    let (security, release) = (&study.security, &study.release);
    let _ = writeln!(
        out,
        "- purpose: {}\n- categories of data: {} ({}), at most {} records of each giver\n\
         - withstands: {} parties, {} of those that compute\n\
         - released: cells of at least {} records of at least {} organisations",
        study.purpose,
        study.table.name,
        columns.join(", "),
        study.table.max_rows,
        security.threat.name(),
        security.corruptions,
        release.min_records,
        release.min_parties
    );
}
