//! Chores of the project; its invariants are the tests beside this file.

fn main() {}
