//! The documents: that they are there, point to what exists and fit every machine.

use crate::tree::{Breach, Source, Tree};

pub(crate) fn changelog(tree: &Tree) -> Vec<Breach> {
    let Some(source) = tree.get("CHANGELOG.md") else {
        return vec![Breach { path: "CHANGELOG.md".into(), line: 1, message: "is missing".into() }];
    };
    let open = source.text.lines().any(|line| line.trim() == "## [Unreleased]");
    if open { Vec::new() } else { vec![source.breach(1, "has no section `## [Unreleased]`")] }
}

/// Every relative link of a document, and every `./command` in its blocks, names a file.
pub(crate) fn links(tree: &Tree) -> Vec<Breach> {
    let mut found = Vec::new();
    for source in tree.sources.iter().filter(|source| source.path.ends_with(".md")) {
        for (index, line) in source.text.lines().enumerate() {
            for target in targets(line) {
                if !exists(tree, &resolve(source, target)) {
                    found.push(source.breach(index + 1, format!("`{target}` leads nowhere")));
                }
            }
            let command = line.split_whitespace().next().and_then(|word| word.strip_prefix("./"));
            if let Some(command) = command.filter(|command| !exists(tree, command)) {
                found.push(source.breach(index + 1, format!("there is no `./{command}`")));
            }
        }
    }
    found
}

/// Tables whose rows end with the tests of what they say, and the heads of their first columns.
const TESTED: [(&str, &str); 2] = [("docs/traps.md", "asked for"), ("docs/faults.md", "fault")];

/// Every row of the tables of traps and of faults names tests, and they are there.
pub(crate) fn traps(tree: &Tree) -> Vec<Breach> {
    let is_there = |name: &str| {
        let head = format!("fn {name}(");
        tree.sources.iter().any(|source| source.is_rust() && source.code.contains(&head))
    };
    let mut found = Vec::new();
    for (source, head) in TESTED.iter().filter_map(|(path, head)| Some((tree.get(path)?, head))) {
        for (index, line) in source.text.lines().enumerate() {
            // Below the head and its rule.
            let Some(row) = line.strip_prefix("| ").filter(|row| !row.starts_with(head)) else {
                continue;
            };
            let tests = row.trim_end_matches(['|', ' ']).rsplit('|').next().unwrap_or_default();
            let names: Vec<&str> = tests.split('`').skip(1).step_by(2).collect();
            if names.is_empty() {
                found.push(source.breach(index + 1, "a row without a test"));
            }
            for name in names.iter().filter(|name| !is_there(name)) {
                found.push(source.breach(index + 1, format!("there is no test `{name}`")));
            }
        }
    }
    found
}

/// No path of one machine, no address of one organisation's mirror: the tree is for everybody.
pub(crate) fn places(tree: &Tree) -> Vec<Breach> {
    let mut found = Vec::new();
    for source in tree.sources.iter().filter(|source| !source.path.starts_with("xtask/src/")) {
        for (index, line) in source.text.lines().enumerate() {
            for word in ["/work/", "/root/", "/home/", "index-url", "replace-with", "sparse+http"] {
                if line.contains(word) {
                    found.push(
                        source.breach(index + 1, format!("`{word}` holds on one machine only")),
                    );
                }
            }
            let foreign =
                |at: &str| !at.starts_with("registry+https://github.com/rust-lang/crates.io-index");
            if let Some(at) = line.strip_prefix("source = \"").filter(|at| foreign(at))
                && source.path == "Cargo.lock"
            {
                found.push(source.breach(index + 1, format!("a crate from elsewhere: {at}")));
            }
        }
    }
    found
}

/// What `[text](target)` points to, unless it is an address or a heading of the same page.
fn targets(line: &str) -> impl Iterator<Item = &str> {
    let ends = line.match_indices("](").map(|(at, _)| &line[at + 2..]);
    let targets = ends.filter_map(|rest| rest.split_once(')')).map(|(target, _)| target);
    let files = targets.filter(|target| !target.contains("://") && !target.starts_with("mailto:"));
    files
        .map(|target| target.split('#').next().unwrap_or(target))
        .filter(|target| !target.is_empty())
}

fn resolve(source: &Source, target: &str) -> String {
    let folder = source.path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => _ = parts.pop(),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

fn exists(tree: &Tree, path: &str) -> bool {
    let folder = format!("{path}/");
    tree.sources.iter().any(|source| source.path == path || source.path.starts_with(&folder))
}

#[cfg(test)]
mod tests {
    use super::super::places as breaches;
    use super::*;

    #[test]
    fn a_changelog_that_is_missing_or_closed_is_found() {
        assert_eq!(breaches(changelog, &[]), ["CHANGELOG.md:1"]);
        assert_eq!(breaches(changelog, &[("CHANGELOG.md", "## [0.1.0]")]), ["CHANGELOG.md:1"]);
        assert!(
            breaches(changelog, &[("CHANGELOG.md", "# Changes\n\n## [Unreleased]\n")]).is_empty()
        );
    }

    #[test]
    fn a_link_or_a_command_that_leads_nowhere_is_found() {
        let texts = [
            (
                "README.md",
                "[a](docs/a.md#top) [b](docs/b.md) [c](https://c.org) [d](docs) [e](#e)\n./run it\n./walk",
            ),
            ("docs/a.md", "[readme](../README.md)\n[a](b/../../README.md)\n[x](README.md)"),
            ("run", ""),
        ];
        assert_eq!(breaches(links, &texts), ["README.md:1", "README.md:3", "docs/a.md:3"]);
    }

    #[test]
    fn a_trap_without_its_test_is_found() {
        let page =
            "# Traps\n\n| asked for | tests |\n|---|---|\n| `ln(0)` | `a`, `b` |\n| e | none |";
        let code = "#[test]\nfn a() {}\n// fn b() {}";
        let faults = "| fault | tests |\n|---|---|\n| one | `a`, `c` |";
        let texts =
            [("docs/traps.md", page), ("docs/faults.md", faults), ("crates/x/tests/x.rs", code)];
        let found = breaches(traps, &texts);
        assert_eq!(found, ["docs/traps.md:5", "docs/traps.md:6", "docs/faults.md:3"]);
    }

    #[test]
    fn a_path_of_one_machine_and_a_foreign_crate_are_found() {
        let texts = [
            ("docs/a.md", "see\n/home/me/notes"),
            (
                "Cargo.lock",
                "source = \"registry+https://github.com/rust-lang/crates.io-index\"\nsource = \"git+https://x\"",
            ),
        ];
        assert_eq!(breaches(places, &texts), ["Cargo.lock:2", "docs/a.md:2"]);
    }
}
