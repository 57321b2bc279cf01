//! How long things are, and what must stand at their head.

use crate::lex;
use crate::tree::{Breach, Tree};

const FILE_LINES_MAX: usize = 600;
const FUNCTION_LINES_MAX: usize = 70;

/// What the head of a protocol's folder must say.
const CARD: &[&str] = &["Setting:", "Adversary:", "Source:"];

/// Test code is left out of both measures.
pub(crate) fn sizes(tree: &Tree) -> Vec<Breach> {
    let mut found = Vec::new();
    for source in tree.rust() {
        let tests = source
            .code
            .lines()
            .zip(source.production.lines())
            .filter(|(all, kept)| all != kept)
            .count();
        let lines =
            if source.production.is_empty() { 0 } else { source.text.lines().count() - tests };
        if lines > FILE_LINES_MAX {
            found.push(
                source
                    .breach(FILE_LINES_MAX + 1, format!("{lines} lines, {FILE_LINES_MAX} at most")),
            );
        }
        for function in lex::functions(&source.production) {
            if function.lines > FUNCTION_LINES_MAX {
                let message = format!(
                    "`{}` has {} lines, {FUNCTION_LINES_MAX} at most",
                    function.name, function.lines
                );
                found.push(source.breach(function.line, message));
            }
        }
    }
    found
}

pub(crate) fn module_docs(tree: &Tree) -> Vec<Breach> {
    let mut found = Vec::new();
    for source in
        tree.rust().filter(|source| source.path.contains("/src/") && !source.production.is_empty())
    {
        if module_doc(&source.text).next().is_none() {
            found.push(source.breach(1, "the module's doc (`//!`) is missing"));
        }
    }
    found
}

pub(crate) fn cards(tree: &Tree) -> Vec<Breach> {
    let mut found = Vec::new();
    for source in tree.rust() {
        let folder = source.path.strip_prefix("crates/mpc/src/protocols/");
        if !folder.is_some_and(|rest| rest.ends_with("/mod.rs")) {
            continue;
        }
        let doc: Vec<&str> = module_doc(&source.text).collect();
        for word in CARD.iter().filter(|word| !doc.iter().any(|line| line.contains(*word))) {
            found.push(source.breach(1, format!("the protocol's card lacks `{word}`")));
        }
    }
    found
}

/// A test that is too long for every day says so, and `scripts/test` runs it.
pub(crate) fn unfinished(tree: &Tree) -> Vec<Breach> {
    let banned = ["todo!", "unimplemented!", "dbg!", "#[ignore]", "#[should_panic"];
    let mut found = Vec::new();
    for source in tree.rust() {
        for (index, line) in source.code.lines().enumerate() {
            for word in banned.iter().filter(|word| line.contains(**word)) {
                found.push(source.breach(index + 1, format!("`{word}`")));
            }
        }
    }
    found
}

/// The lines of the doc at the head of a file; inner attributes may stand before it.
fn module_doc(text: &str) -> impl Iterator<Item = &str> {
    let lines = text.lines().map(str::trim);
    let lines = lines.skip_while(|line| line.is_empty() || line.starts_with("#!["));
    lines.take_while(|line| line.starts_with("//!")).filter(|line| line.len() > 3)
}

#[cfg(test)]
mod tests {
    use super::super::places;
    use super::*;

    #[test]
    fn a_long_function_and_a_long_file_are_found_and_tests_are_free() {
        let function = format!("fn f() {{\n{}}}\n", "x();\n".repeat(FUNCTION_LINES_MAX - 1));
        let short = format!("fn f() {{\n{}}}\n", "x();\n".repeat(FUNCTION_LINES_MAX - 2));
        let file = "use a;\n".repeat(FILE_LINES_MAX + 1);
        let tests = format!(
            "fn a() {{}}\n#[cfg(test)]\nmod tests {{\n{}}}\n",
            "use a;\n".repeat(FILE_LINES_MAX)
        );
        let texts = [
            ("crates/a/src/function.rs", function.as_str()),
            ("crates/a/src/short.rs", &short),
            ("crates/a/src/file.rs", &file),
            ("crates/a/src/tests.rs", &file),
            ("crates/a/src/tested.rs", &tests),
        ];
        assert_eq!(
            places(sizes, &texts),
            ["crates/a/src/file.rs:601", "crates/a/src/function.rs:1"]
        );
    }

    #[test]
    fn a_module_without_a_doc_is_found() {
        let texts = [
            ("crates/a/src/lib.rs", "#![forbid(unsafe_code)]\n\n//! Why.\n"),
            ("crates/a/src/b.rs", "// Not a doc.\nfn b() {}"),
            ("crates/a/src/c.rs", "//!\nfn c() {}"),
            ("crates/a/tests/d.rs", "fn d() {}"),
        ];
        assert_eq!(places(module_docs, &texts), ["crates/a/src/b.rs:1", "crates/a/src/c.rs:1"]);
    }

    #[test]
    fn a_protocol_without_a_whole_card_is_found() {
        let texts = [
            (
                "crates/mpc/src/protocols/a/mod.rs",
                "//! Setting: 3\n//! Adversary: one\n//! Source: paper\n",
            ),
            ("crates/mpc/src/protocols/b/mod.rs", "//! Setting: 3\n//! Source: paper\n"),
            ("crates/mpc/src/protocols/mod.rs", "//! Every protocol.\n"),
            ("crates/mpc/src/protocols/b/and.rs", "//! Gates.\n"),
        ];
        assert_eq!(places(cards, &texts), ["crates/mpc/src/protocols/b/mod.rs:1"]);
    }

    #[test]
    fn unfinished_code_and_tests_that_do_not_run_are_found() {
        let text = "// todo!()\nfn a() { todo!() }\n#[test]\n#[ignore]\nfn b() {}\n#[ignore = \"long\"]\nfn c() {}\nlet s = \"dbg!\";\ndbg!(s);";
        let want = ["crates/a/src/a.rs:2", "crates/a/src/a.rs:4", "crates/a/src/a.rs:9"];
        assert_eq!(places(unfinished, &[("crates/a/src/a.rs", text)]), want);
    }
}
