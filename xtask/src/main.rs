//! The project's invariants, read off the source tree.
//!
//! What a reviewer would have to remember is a test here instead: which crate may see which,
//! where a word may occur, how long a file may be. `cargo test -p xtask` runs one test for each
//! invariant; `cargo run -p xtask` prints every breach at once. The checks read text, not syntax
//! trees, so that they build in a second and need no crate; each is also shown, on a small
//! made-up tree, to fail where it should.

#![forbid(unsafe_code)]

mod checks;
mod lex;
mod manifest;
mod tree;

use std::process::ExitCode;

fn main() -> ExitCode {
    let tree = match tree::Tree::read() {
        Ok(tree) => tree,
        Err(error) => {
            eprintln!("the source tree cannot be read: {error}");
            return ExitCode::FAILURE;
        }
    };
    let breaches: Vec<_> = checks::ALL.iter().flat_map(|check| check(&tree)).collect();
    for breach in &breaches {
        println!("{breach}");
    }
    println!("{} invariants, {} breaches", checks::ALL.len(), breaches.len());
    if breaches.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
