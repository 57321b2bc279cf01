//! The source tree in memory, and what a check says about it.

use crate::lex;
use std::path::{Path, PathBuf};
use std::{fmt, fs, io};

/// Larger files are data, not text that somebody wrote.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// One text file.
pub(crate) struct Source {
    /// Path from the workspace's root, with `/`.
    pub path: String,
    pub text: String,
    /// Rust only: `text` with comments and the insides of literals blanked.
    pub code: String,
    /// Rust only: `code` with test code blanked too; empty for a file of tests.
    pub production: String,
}

/// Every text file of the workspace, ordered by path.
pub(crate) struct Tree {
    pub sources: Vec<Source>,
}

/// A place where an invariant does not hold.
#[derive(Debug, PartialEq)]
pub(crate) struct Breach {
    pub path: String,
    pub line: usize,
    pub message: String,
}

impl fmt::Display for Breach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.path, self.line, self.message)
    }
}

impl Source {
    /// A breach at a line of this file, counted from 1.
    pub(crate) fn breach(&self, line: usize, message: impl Into<String>) -> Breach {
        Breach { path: self.path.clone(), line, message: message.into() }
    }

    pub(crate) fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }

    /// The file's name without folder and ending.
    pub(crate) fn stem(&self) -> &str {
        let name = self.path.rsplit('/').next().unwrap_or(&self.path);
        name.split('.').next().unwrap_or(name)
    }
}

impl Tree {
    /// Reads the workspace that this crate is part of.
    pub(crate) fn read() -> io::Result<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let mut files = Vec::new();
        walk(&root, &mut files)?;
        let mut texts = Vec::new();
        for file in files {
            let path =
                file.strip_prefix(&root).unwrap_or(&file).to_string_lossy().replace('\\', "/");
            // What is not UTF-8 is data.
            if let Ok(text) = fs::read_to_string(&file) {
                texts.push((path, text));
            }
        }
        Ok(Self::new(texts))
    }

    /// A tree of the given paths and texts.
    pub(crate) fn new(texts: Vec<(String, String)>) -> Self {
        let mut sources: Vec<Source> =
            texts.into_iter().map(|(path, text)| source(path, text)).collect();
        sources.sort_by(|a, b| a.path.cmp(&b.path));
        let declared: Vec<String> = sources.iter().flat_map(test_modules).collect();
        for source in &mut sources {
            if holds_tests(&source.path)
                || declared.iter().any(|stem| in_module(&source.path, stem))
            {
                source.production.clear();
            }
        }
        Self { sources }
    }

    #[cfg(test)]
    pub(crate) fn of(texts: &[(&str, &str)]) -> Self {
        Self::new(texts.iter().map(|(path, text)| ((*path).into(), (*text).into())).collect())
    }

    pub(crate) fn rust(&self) -> impl Iterator<Item = &Source> {
        self.sources.iter().filter(|source| source.is_rust())
    }

    pub(crate) fn get(&self, path: &str) -> Option<&Source> {
        self.sources.iter().find(|source| source.path == path)
    }
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let hidden = name.starts_with('.') && name != ".ci";
        if hidden || name == "target" {
            continue;
        }
        let kind = entry.file_type()?;
        if kind.is_dir() {
            walk(&entry.path(), files)?;
        } else if kind.is_file() && entry.metadata()?.len() <= FILE_BYTES_MAX {
            files.push(entry.path());
        }
    }
    Ok(())
}

fn source(path: String, text: String) -> Source {
    let code = if path.ends_with(".rs") { lex::blank(&text) } else { String::new() };
    let production = lex::without_tests(&code);
    Source { path, text, code, production }
}

/// By place: integration tests, benchmarks and `tests.rs` files.
fn holds_tests(path: &str) -> bool {
    path.contains("/tests/") || path.contains("/benches/") || path.ends_with("/tests.rs")
}

/// The modules that `source` declares for tests alone, as path stems.
fn test_modules(source: &Source) -> Vec<String> {
    let (folder, name) = source.path.rsplit_once('/').unwrap_or(("", &source.path));
    let base = match name {
        "lib.rs" | "main.rs" | "mod.rs" => folder.to_string(),
        _ => format!("{folder}/{}", source.stem()),
    };
    lex::test_modules(&source.code).into_iter().map(|module| format!("{base}/{module}")).collect()
}

fn in_module(path: &str, stem: &str) -> bool {
    path.strip_prefix(stem).is_some_and(|rest| rest == ".rs" || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::Tree;

    fn production<'a>(tree: &'a Tree, path: &str) -> &'a str {
        &tree.get(path).expect("the tree holds it").production
    }

    #[test]
    fn files_of_tests_have_no_production_code() {
        let tree = Tree::of(&[
            ("crates/a/src/lib.rs", "#[cfg(test)]\nmod laws;\nfn a() {}"),
            ("crates/a/src/laws.rs", "fn law() {}"),
            ("crates/a/src/lawsuit.rs", "fn b() {}"),
            ("crates/a/src/b/tests.rs", "fn t() {}"),
            ("crates/a/tests/t.rs", "fn t() {}"),
        ]);
        assert_eq!(production(&tree, "crates/a/src/laws.rs"), "");
        assert_eq!(production(&tree, "crates/a/src/b/tests.rs"), "");
        assert_eq!(production(&tree, "crates/a/tests/t.rs"), "");
        assert_eq!(production(&tree, "crates/a/src/lawsuit.rs"), "fn b() {}");
    }

    #[test]
    fn the_workspace_itself_is_read() {
        let tree = Tree::read().expect("the workspace is there");
        assert!(tree.get("xtask/src/tree.rs").is_some());
        assert!(tree.get("Cargo.toml").is_some());
        assert!(tree.sources.iter().all(|source| !source.path.contains("/target/")));
    }
}
