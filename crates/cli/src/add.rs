//! `sharewell source add`: a provider's mapping taken into its node's folder.

use std::path::{Path, PathBuf};

use clap::Args;
use sharewell_data::{Agreed, Mapping};

use crate::failure::Failure;
use crate::home::At;
use crate::show;
use crate::study_file::StudyFile;

/// Take a mapping into a node's folder, for every run of a study there.
///
/// It is tried out first: what `source check` refuses is not taken. Paths in it become absolute;
/// the records stay where they are.
#[derive(Args)]
#[command(after_help = "\
Example:
  sharewell source add study.toml mappings/fans.toml --home north")]
pub(crate) struct Add {
    /// The study
    study: PathBuf,
    /// The private mapping file
    mapping: PathBuf,
    #[command(flatten)]
    at: At,
    /// Instead of the mapping that is there for studies of this name
    #[arg(long)]
    replace: bool,
}

impl Add {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let file = StudyFile::load(&self.study)?;
        let home = self.at.open()?;
        let to = home.mapping_of(&file.study().name);
        if to.exists() && !self.replace {
            return Err(Failure::Usage(format!(
                "{} is there already: add --replace to take this one instead",
                to.display()
            )));
        }
        let usage = |error: sharewell_data::Error| Failure::Usage(error.to_string());
        let mapping = Mapping::load(&self.mapping).map_err(usage)?;
        let (table, quality) = (&file.study().table, &file.study().quality);
        let agreed = Agreed::read(&mapping, table, quality).map_err(usage)?;
        agreed.check().map_err(|error| Failure::Run(error.to_string()))?;
        let wrong = |path: &Path| {
            let path = path.display().to_string();
            move |error: std::io::Error| Failure::Usage(format!("{path}: {error}"))
        };
        let text = std::fs::read_to_string(&self.mapping).map_err(wrong(&self.mapping))?;
        let folder = self.mapping.parent().filter(|of| !of.as_os_str().is_empty());
        let folder = folder.unwrap_or(Path::new("."));
        let folder = folder.canonicalize().map_err(wrong(&self.mapping))?;
        let text = settled(&text, &folder).map_err(|error| Failure::Usage(error.to_string()))?;
        std::fs::write(&to, text).map_err(wrong(&to))?;
        let rows = agreed.report().rows_accepted;
        show::out(&format!("{rows} rows fit; the mapping is {}\n", to.display()));
        Ok(())
    }
}

/// A mapping that says the same from anywhere: its paths begin at the root.
fn settled(text: &str, folder: &Path) -> Result<String, toml::de::Error> {
    let mut mapping: toml::Table = toml::from_str(text)?;
    let sources = mapping.get_mut("source").and_then(toml::Value::as_table_mut);
    for source in sources.into_iter().flat_map(|all| all.iter_mut().map(|(_, source)| source)) {
        for key in ["path", "root_cert"] {
            let Some(value) = source.get_mut(key) else { continue };
            let Some(path) = value.as_str().map(PathBuf::from) else { continue };
            if path.is_relative() {
                *value = toml::Value::String(folder.join(path).to_string_lossy().into_owned());
            }
        }
    }
    Ok(mapping.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_begin_at_the_root_and_nothing_else_changes() {
        let text = "[source.a]\npath = \"x/a.csv\"\ndelimiter = \";\"\n[source.b]\npath = \"/b.csv\"\n\
                    [map]\nsql = \"SELECT 'path' AS p FROM a\"\n";
        let told = settled(text, Path::new("/data/of/me")).expect("well formed");
        let told: toml::Table = toml::from_str(&told).expect("still well formed");
        assert_eq!(told["source"]["a"]["path"].as_str(), Some("/data/of/me/x/a.csv"));
        assert_eq!(told["source"]["a"]["delimiter"].as_str(), Some(";"));
        assert_eq!(told["source"]["b"]["path"].as_str(), Some("/b.csv"));
        assert_eq!(told["map"]["sql"].as_str(), Some("SELECT 'path' AS p FROM a"));
    }
}
