//! A run as one HTML page that asks for no other file.

use askama::Template;
use sharewell_engine::{Cell, NoiseOf, ResultTable};
use sharewell_study::Study;

use super::{Told, plot, results};
use crate::show;
use crate::study_file::StudyFile;

#[derive(Template)]
#[template(path = "report.html")]
struct Page<'p> {
    study: &'p Study,
    hash: &'p str,
    givers: String,
    computers: String,
    recipients: String,
    tables: Vec<Table<'p>>,
    left_out: Option<String>,
    release: String,
    protection: String,
    learned: Vec<Learned>,
    promise: Option<String>,
    noise: Vec<NoiseOf>,
    rows: String,
    cost: Vec<[String; 3]>,
    verdict: &'static str,
    text: &'p str,
}

struct Table<'p> {
    name: &'p str,
    drawing: Option<String>,
    heads: Vec<Head>,
    rows: Vec<Vec<Shown>>,
    errors: String,
}

struct Head {
    text: String,
    is_number: bool,
}

struct Shown {
    text: String,
    class: Option<&'static str>,
}

struct Learned {
    who: String,
    what: Vec<String>,
}

/// The page.
pub(super) fn page(told: &Told, file: &StudyFile) -> String {
    let study = file.study();
    let names = |parties: &mut dyn Iterator<Item = usize>| {
        show::and(&parties.map(|i| study.parties[i].name.as_str()).collect::<Vec<_>>())
    };
    let computers = study.parties.iter().filter(|party| party.roles.compute);
    let (cost, verdict) = told.costs();
    let left_out: Vec<&str> = told.report.left_out.iter().map(String::as_str).collect();
    let (records, parties) = (study.release.min_records, study.release.min_parties);
    let page = Page {
        study,
        hash: &told.report.study,
        givers: names(&mut study.data_parties()),
        computers: show::and(&computers.map(|party| party.name.as_str()).collect::<Vec<_>>()),
        recipients: names(&mut study.recipients()),
        tables: told.report.results.iter().map(|of| table(study, of)).collect(),
        left_out: (!left_out.is_empty()).then(|| show::and(&left_out)),
        release: format!(
            "Released is what rests on at least {records} records of at least {parties} \
             organisations; the rest is suppressed, and counts of it stay hidden."
        ),
        protection: show::protection(told.report.protocol, &told.report.withstands),
        promise: file.plan.promise(),
        noise: file.plan.noise_told(),
        learned: told.learned_together().into_iter().map(learned).collect(),
        rows: told.of_rows(),
        cost,
        verdict,
        text: &file.text,
    };
    page.render().expect("a page of texts and numbers")
}

fn learned((parties, what): (Vec<&str>, &[String])) -> Learned {
    let what = if what.is_empty() { vec!["nothing".to_owned()] } else { what.to_vec() };
    Learned { who: show::and(&parties), what }
}

fn table<'p>(study: &Study, table: &'p ResultTable) -> Table<'p> {
    let labels = results::text_columns(table);
    let head = |(i, name): (usize, &String)| Head {
        text: match table.units[i].as_str() {
            "" => name.clone(),
            unit => format!("{name} [{unit}]"),
        },
        is_number: i >= labels,
    };
    let cell = |row: usize, column: usize| Shown {
        text: results::cell(study, table, (row, column), true),
        class: match table.rows[row][column] {
            Cell::Text(_) => (column >= labels).then_some("t"),
            Cell::Empty => Some("empty"),
            Cell::Integer(_) | Cell::Number(_) => Some("n"),
        },
    };
    Table {
        name: &table.name,
        drawing: plot::svg(table),
        heads: table.columns.iter().enumerate().map(head).collect(),
        rows: (0..table.rows.len())
            .map(|row| (0..table.columns.len()).map(|column| cell(row, column)).collect())
            .collect(),
        errors: results::worst_errors(study, table),
    }
}
