//! Who may see whom, and where a word may occur.

use crate::lex;
use crate::manifest::dependencies;
use crate::tree::{Breach, Source, Tree};

/// Each room and the rooms below it that it may use: the table of ARCHITECTURE.md.
const FLOORS: &[(&str, &[&str])] = &[
    ("ring", &[]),
    ("study", &[]),
    ("net", &[]),
    ("dp", &[]),
    ("model", &[]),
    ("consortium", &["dp", "study", "net"]),
    ("mpc", &["ring", "net"]),
    ("tensor", &["ring", "mpc"]),
    ("analytics", &["ring", "mpc", "tensor"]),
    ("engine", &["ring", "study", "dp", "net", "consortium", "mpc", "tensor", "analytics"]),
    ("data", &["study"]),
    ("node", &["study", "net", "consortium", "engine"]),
    ("cli", &["study", "model", "net", "consortium", "engine", "data", "node"]),
    // No room: it feeds those that read what people write.
    ("fuzz", &["study", "data"]),
];

/// Outside crates (by the start of their name) and the rooms that may use them.
const HOMES: &[(&str, &[&str])] = &[
    ("aes", &["ring"]),
    ("arrow", &["data"]),
    ("askama", &["cli", "node"]),
    ("clap", &["cli"]),
    ("comfy-table", &["cli"]),
    // Sources are read, results are written.
    ("csv", &["data", "cli"]),
    ("datafusion", &["data"]),
    ("indicatif", &["cli"]),
    ("prost", &["model"]),
    ("rusqlite", &["data"]),
    ("safetensors", &["model"]),
    // Between parties; to a provider's own database; to a steward's browser.
    ("rustls", &["net", "data", "node"]),
    ("sqlparser", &["study"]),
    ("statrs", &["analytics"]),
    ("tokio", &["data", "node"]),
];

/// Words of production code, the paths in which they may occur, and the reason.
const WORDS: &[(&[&str], &[&str], &str)] = &[
    (
        &["async", "await", "tokio"],
        &["crates/data/", "crates/node/"],
        "protocols block; only the SQL engine and the node's port are asynchronous",
    ),
    (&["partial_open"], &["crates/mpc/"], "only a protocol may open what it has masked itself"),
    (
        &["reconstruct"],
        &["crates/mpc/src/sim"],
        "nobody holds all shares of a value outside a simulation",
    ),
    (
        &["println", "eprintln"],
        &["crates/cli/", "xtask/"],
        "a library prints nothing: what it knows may be secret",
    ),
];

pub(crate) fn floors(tree: &Tree) -> Vec<Breach> {
    let mut found = Vec::new();
    for manifest in manifests(tree) {
        let room = room(&manifest.path);
        let below =
            FLOORS.iter().find(|(name, _)| *name == room).map_or(&[][..], |(_, below)| below);
        if manifest.path.starts_with("crates/") && !FLOORS.iter().any(|(name, _)| *name == room) {
            found.push(
                manifest.breach(1, format!("the room `{room}` has no floor yet (xtask's table)")),
            );
        }
        for (name, line) in dependencies(&manifest.text) {
            let Some(other) = name.strip_prefix("sharewell-") else { continue };
            if !below.contains(&other) {
                found.push(manifest.breach(line, format!("`{room}` may not depend on `{other}`")));
            }
        }
    }
    found
}

pub(crate) fn homes(tree: &Tree) -> Vec<Breach> {
    let mut found = Vec::new();
    for manifest in manifests(tree) {
        let room = room(&manifest.path);
        for (name, line) in dependencies(&manifest.text) {
            if let Some((_, homes)) = HOMES.iter().find(|(start, _)| name.starts_with(start))
                && !homes.contains(&room)
            {
                let homes = homes.join("`, `");
                found.push(manifest.breach(line, format!("`{name}` belongs to `{homes}` alone")));
            }
        }
    }
    found
}

pub(crate) fn protocols(tree: &Tree) -> Vec<Breach> {
    let names = protocol_names(tree);
    let mut found = Vec::new();
    for source in tree.rust().filter(|source| source.path.starts_with(PROTOCOLS)) {
        let Some(own) = protocol_of(&source.path) else { continue };
        // From `rep3/mod.rs` a neighbour is `super::other`, from `rep3/trunc.rs` one more up.
        let up = if source.path.ends_with("/mod.rs") { "super::" } else { "super::super::" };
        for other in names.iter().filter(|name| **name != own) {
            for start in ["protocols::", up] {
                for line in mentions(&source.production, &format!("{start}{other}")) {
                    found.push(
                        source.breach(line, format!("protocol `{own}` uses protocol `{other}`")),
                    );
                }
            }
        }
    }
    found
}

pub(crate) fn circuits(tree: &Tree) -> Vec<Breach> {
    let mut banned = vec!["PartyId".to_string()];
    banned.extend(protocol_names(tree).iter().map(|name| camel_case(name)));
    let mut found = Vec::new();
    for source in tree.rust().filter(|source| source.path.starts_with("crates/mpc/src/circuit")) {
        for (at, word) in lex::words(&source.production) {
            if banned.iter().any(|name| name == word) {
                let line = lex::line_of(&source.production, at);
                found.push(source.breach(
                    line,
                    format!("a circuit is the same for every party and protocol: `{word}`"),
                ));
            }
        }
    }
    found
}

pub(crate) fn words(tree: &Tree) -> Vec<Breach> {
    let mut found = Vec::new();
    for source in tree.rust() {
        for (at, word) in lex::words(&source.production) {
            for (_, _, why) in WORDS.iter().filter(|(words, homes, _)| {
                words.contains(&word) && !homes.iter().any(|home| source.path.starts_with(home))
            }) {
                found.push(
                    source.breach(lex::line_of(&source.production, at), format!("`{word}`: {why}")),
                );
            }
        }
    }
    found
}

pub(crate) fn unsafe_code(tree: &Tree) -> Vec<Breach> {
    let mut found = Vec::new();
    for source in tree.rust().filter(|source| !source.path.starts_with("crates/ring/src/kernel")) {
        for (at, word) in lex::words(&source.code) {
            if word == "unsafe" {
                found.push(source.breach(
                    lex::line_of(&source.code, at),
                    "unsafe code outside the ring's kernels",
                ));
            }
        }
        let root = source.path.ends_with("src/lib.rs") || source.path.ends_with("src/main.rs");
        if root && room(&source.path) != "ring" && !source.code.contains("#![forbid(unsafe_code)]")
        {
            found.push(source.breach(1, "`#![forbid(unsafe_code)]` is missing"));
        }
    }
    found
}

const PROTOCOLS: &str = "crates/mpc/src/protocols/";

fn manifests(tree: &Tree) -> impl Iterator<Item = &Source> {
    tree.sources.iter().filter(|source| source.path.ends_with("/Cargo.toml"))
}

/// `crates/mpc/src/lib.rs` is in the room `mpc`, `xtask/src/lex.rs` in `xtask`.
fn room(path: &str) -> &str {
    let path = path.strip_prefix("crates/").unwrap_or(path);
    path.split('/').next().unwrap_or(path)
}

/// The protocol whose folder or file this is; none for `protocols/mod.rs`.
fn protocol_of(path: &str) -> Option<&str> {
    let rest = path.strip_prefix(PROTOCOLS)?;
    let name = rest.split('/').next()?.trim_end_matches(".rs");
    (name != "mod" && name != "tests").then_some(name)
}

fn protocol_names(tree: &Tree) -> Vec<String> {
    let mut names: Vec<String> =
        tree.rust().filter_map(|source| protocol_of(&source.path)).map(str::to_string).collect();
    names.dedup();
    names
}

/// `rep3` is the type `Rep3`.
fn camel_case(name: &str) -> String {
    let parts = name.split('_').map(|part| part[..1].to_uppercase() + &part[1..]);
    parts.collect()
}

/// The lines where `path` stands as a whole.
fn mentions(code: &str, path: &str) -> Vec<usize> {
    let in_word = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    let whole = |at: usize| {
        !in_word(code[..at].chars().next_back()) && !in_word(code[at + path.len()..].chars().next())
    };
    code.match_indices(path)
        .filter(|(at, _)| whole(*at))
        .map(|(at, _)| lex::line_of(code, at))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::places;
    use super::*;

    #[test]
    fn a_dependency_upwards_sideways_or_of_an_unknown_room_is_found() {
        let texts = [
            ("crates/ring/Cargo.toml", "[dependencies]\nsharewell-mpc.workspace = true"),
            ("crates/mpc/Cargo.toml", "[dependencies]\nsharewell-ring.workspace = true"),
            ("crates/data/Cargo.toml", "[dev-dependencies]\nsharewell-engine.workspace = true"),
            ("crates/attic/Cargo.toml", ""),
        ];
        let want =
            ["crates/attic/Cargo.toml:1", "crates/data/Cargo.toml:2", "crates/ring/Cargo.toml:2"];
        assert_eq!(places(floors, &texts), want);
    }

    #[test]
    fn a_heavy_crate_away_from_home_is_found() {
        let texts = [
            ("crates/mpc/Cargo.toml", "[dependencies]\ntokio = \"1\"\naes-gcm = \"1\""),
            ("crates/data/Cargo.toml", "[dependencies]\ntokio = \"1\"\narrow-schema = \"1\""),
        ];
        assert_eq!(places(homes, &texts), ["crates/mpc/Cargo.toml:2", "crates/mpc/Cargo.toml:3"]);
    }

    #[test]
    fn a_protocol_that_uses_another_is_found() {
        let texts = [
            ("crates/mpc/src/protocols/mod.rs", "mod rep3; mod plain; pub use rep3::Rep3;"),
            ("crates/mpc/src/protocols/plain.rs", "fn a() {}"),
            (
                "crates/mpc/src/protocols/rep3/mod.rs",
                "use super::plain::Plain;\nuse super::plainly;",
            ),
            ("crates/mpc/src/protocols/rep3/trunc.rs", "use super::x;\nuse super::super::plain;"),
            ("crates/mpc/src/protocols/rep3/and.rs", "use crate::protocols::plain::Plain;"),
            ("crates/mpc/src/protocols/rep3/tests.rs", "use crate::protocols::plain::Plain;"),
        ];
        let folder = "crates/mpc/src/protocols/rep3";
        let want = ["and.rs:1", "mod.rs:1", "trunc.rs:2"].map(|place| format!("{folder}/{place}"));
        assert_eq!(places(protocols, &texts), want);
    }

    #[test]
    fn a_circuit_that_knows_a_party_or_a_protocol_is_found() {
        let texts = [
            ("crates/mpc/src/protocols/rep3/mod.rs", ""),
            ("crates/mpc/src/circuit/adder.rs", "// Rep3\nfn a(p: PartyId) {}\nfn b(p: Rep3) {}\n"),
        ];
        let file = "crates/mpc/src/circuit/adder.rs";
        assert_eq!(places(circuits, &texts), [format!("{file}:2"), format!("{file}:3")]);
    }

    #[test]
    fn a_word_outside_its_home_is_found_and_tests_are_free() {
        let text = "fn f() { p.partial_open(x) }\n#[cfg(test)]\nmod tests { fn t() { reconstruct(x); println!() } }";
        let texts = [
            ("crates/engine/src/a.rs", text),
            ("crates/mpc/src/a.rs", text),
            ("crates/net/src/a.rs", "// async\nasync fn a() {}"),
        ];
        assert_eq!(places(words, &texts), ["crates/engine/src/a.rs:1", "crates/net/src/a.rs:2"]);
    }

    #[test]
    fn unsafe_code_and_a_missing_forbid_are_found() {
        let texts = [
            ("crates/ring/src/lib.rs", "//! Rings."),
            ("crates/ring/src/kernel/x86.rs", "unsafe {}"),
            ("crates/ring/src/prg.rs", "// unsafe\nunsafe {}"),
            ("crates/net/src/lib.rs", "//! Links."),
            ("crates/study/src/lib.rs", "#![forbid(unsafe_code)]"),
        ];
        assert_eq!(
            places(unsafe_code, &texts),
            ["crates/net/src/lib.rs:1", "crates/ring/src/prg.rs:2"]
        );
    }
}
