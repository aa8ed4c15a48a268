//! The `rolewright` binary: parse, run, exit.

fn main() -> std::process::ExitCode {
    rolewright::cli::run()
}
