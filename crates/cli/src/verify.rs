//! `sharewell source verify`: which data made a result.

use std::path::{Path, PathBuf};

use clap::Args;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use sharewell_data::{self as data, Mapping};
use sharewell_engine::{Commitment, LocalValues, Opening};

use crate::failure::Failure;
use crate::show;
use crate::study_file::StudyFile;

/// Show an auditor which of a provider's data made a result.
///
/// Before the first share of a run moves, each provider commits to what it is about to share; the
/// result names all commitments, and what opens its own the provider keeps in
/// `reports/<party>.opening.json`. This compares the two and, with `--source`, computes anew at
/// home what the provider's records give today, and says whether they are what was committed to.
#[derive(Args)]
#[command(after_help = "\
Examples:
  sharewell source verify study.toml reports/op_a.opening.json --result result.json
  sharewell source verify study.toml reports/op_a.opening.json --result result.json \\
      --source sources/op_a.toml")]
pub(crate) struct Verify {
    /// The study
    study: PathBuf,
    /// What the provider kept: `reports/<party>.opening.json`
    opening: PathBuf,
    /// The result of a run as any party printed it with --json
    #[arg(long, value_name = "FILE")]
    result: PathBuf,
    /// The provider's mapping file, to compare with its records of today
    #[arg(long, value_name = "FILE")]
    source: Option<PathBuf>,
}

/// What of a result matters here.
#[derive(Deserialize)]
struct Told {
    study: String,
    commitments: Vec<Commitment>,
}

impl Verify {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let file = StudyFile::load(&self.study)?;
        let (opening, told): (Opening, Told) = (read(&self.opening)?, read(&self.result)?);
        let hash = file.plan.hash().to_string();
        for (path, study) in [(&self.opening, &opening.study), (&self.result, &told.study)] {
            if *study != hash {
                let path = path.display();
                return Err(Failure::Usage(format!("{path} is of study {study}, not of {hash}")));
            }
        }
        let party = &opening.party;
        let Some(committed) = told.commitments.iter().find(|of| of.party == *party) else {
            let path = self.result.display();
            return Err(Failure::Usage(format!("{path} has no commitment of {party}")));
        };
        if opening.commitment().sha256 != committed.sha256 {
            return Err(Failure::Run(format!(
                "this is not what {party} committed to: it gives {}, the result has {}",
                opening.commitment().sha256,
                committed.sha256
            )));
        }
        let mut text = format!("{party} committed to these {} integers\n", opening.input.len());
        match &committed.binding {
            None => text += "whether it also shared them, this protocol does not tell\n",
            Some(binding) if opening.fits(&file.plan, binding) => {
                text +=
                    "and shared them: other numbers would have been found but for odds of 2^-40\n";
            }
            Some(_) => {
                return Err(Failure::Run(format!(
                    "{party} committed to these integers, and shared others: the sums that were \
                     opened in the run do not fit"
                )));
            }
        }
        if let Some(source) = &self.source {
            compare(&file, &opening, source)?;
            text += &format!("and the records of {} give the same today\n", source.display());
        }
        show::out(&text);
        Ok(())
    }
}

/// Fails unless the records of today give what was opened.
fn compare(file: &StudyFile, opening: &Opening, source: &Path) -> Result<(), Failure> {
    let (study, plan) = (file.study(), &file.plan);
    let party = study.party(&opening.party).filter(|&i| study.parties[i].roles.data);
    let party = party.ok_or_else(|| {
        Failure::Usage(format!("{} is no data party of this study", opening.party))
    })?;
    let local =
        |mapping| data::local(&mapping, &study.table, &study.quality, plan.local(), &|_| ());
    let local = Mapping::load(source).and_then(local);
    let local = local.map_err(|error| Failure::Usage(error.to_string()))?;
    let values = LocalValues { cells: local.cells, records: local.records };
    if Opening::of(plan, party, &values, &opening.salt)? == *opening {
        return Ok(());
    }
    let source = source.display();
    Err(Failure::Run(format!("the records of {source} give something else today")))
}

fn read<T: DeserializeOwned>(path: &Path) -> Result<T, Failure> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| Failure::Usage(format!("{}: {error}", path.display())))?;
    serde_json::from_str(&text)
        .map_err(|error| Failure::Usage(format!("{}: {error}", path.display())))
}
