//! The `sharewell` command.

fn main() {}
