//! The `rolewright` binary: parse, run, exit.
fn main() {}
