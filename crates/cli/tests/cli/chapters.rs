//! The commands of the documentation, run as they stand there.

use std::fmt::Write as _;
use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Stdio};

use tempfile::TempDir;

/// A block of commands, whether it has to fail, and what is printed in the end.
#[derive(Debug, Default)]
struct Block {
    line: usize,
    fails: bool,
    script: String,
    expected: Vec<String>,
}

fn blocks(page: &str) -> Vec<Block> {
    let mut blocks: Vec<Block> = vec![];
    let mut inside: Option<&str> = None;
    for (at, line) in page.lines().enumerate() {
        match (inside, line.strip_prefix("```")) {
            (None, Some(kind)) => {
                inside = Some(kind);
                if kind.starts_with("sh") {
                    let fails = kind == "sh fails";
                    blocks.push(Block { line: at + 1, fails, ..Block::default() });
                }
            }
            (Some(_), Some(_)) => inside = None,
            (Some(kind), None) => {
                let Some(block) = blocks.last_mut() else { continue };
                match kind {
                    "text" => block.expected.push(line.to_owned()),
                    "sh" | "sh fails" => writeln!(block.script, "{line}").expect("a text grows"),
                    _ => {}
                }
            }
            (None, None) => {}
        }
    }
    blocks
}

/// Whether the parts of a line between `...` stand in another in this order.
fn holds(line: &str, wanted: &str) -> bool {
    let mut rest = line;
    wanted.split("...").all(|part| match rest.split_once(part.trim()) {
        Some((_, after)) => {
            rest = after;
            true
        }
        None => false,
    })
}

/// Runs a page from its first command to its last, in a new folder. Every line of what is expected
/// is part of a line that is printed, but for blanks.
fn play(page: &str) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut text = fs::read_to_string(root.join("docs").join(page)).unwrap();
    // Addresses of the page may be taken on this machine.
    let free: Vec<TcpListener> =
        (0..4).map(|_| TcpListener::bind(("127.0.0.1", 0)).unwrap()).collect();
    for (i, port) in free.iter().enumerate() {
        let port = port.local_addr().unwrap().port();
        text = text.replace(&format!(":710{}", i + 1), &format!(":{port}"));
    }
    drop(free);
    let folder = TempDir::new().unwrap();
    let _left = Left(folder.path());
    let binary = Path::new(env!("CARGO_BIN_EXE_sharewell")).parent().unwrap();
    let path = format!("{}:{}", binary.display(), std::env::var("PATH").unwrap());
    let found = blocks(&text);
    assert!(!found.is_empty(), "{page} has no commands");
    for block in found {
        let run = Command::new("bash")
            .args(["-euo", "pipefail", "-c", &format!("exec 2>&1\n{}", block.script)])
            .current_dir(folder.path())
            .env("PATH", &path)
            .env("EXAMPLES", root.join("examples").canonicalize().unwrap())
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let printed = String::from_utf8_lossy(&run.stdout);
        let context = format!("{page}:{}\n{}\n{printed}", block.line, block.script);
        assert_eq!(run.status.success(), !block.fails, "{context}");
        let plain = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        let lines: Vec<String> = printed.lines().map(plain).collect();
        for wanted in block.expected.iter().map(|line| plain(line)) {
            assert!(lines.iter().any(|line| holds(line, &wanted)), "no {wanted:?}: {context}");
        }
    }
}

/// Processes that a page leaves running end with its test.
struct Left<'f>(&'f Path);

impl Drop for Left<'_> {
    fn drop(&mut self) {
        for file in fs::read_dir(self.0).into_iter().flatten().flatten() {
            if file.path().extension().is_some_and(|extension| extension == "pid") {
                let pid = fs::read_to_string(file.path()).unwrap_or_default();
                let _ = Command::new("kill").arg(pid.trim()).stderr(Stdio::null()).status();
            }
        }
    }
}

#[test]
fn running_a_node() {
    play("node.md");
}

#[test]
fn differential_privacy_and_its_account() {
    play("privacy.md");
}

#[test]
fn a_consortium_from_beginning_to_end() {
    play("consortium.md");
}

#[test]
fn a_privacy_officer_reads() {
    play("officer.md");
}

#[test]
fn an_analyst_goes_from_a_question_to_a_result() {
    play("analyst.md");
}

#[test]
fn an_auditor_was_not_there() {
    play("auditor.md");
}
