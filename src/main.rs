//! Reads the command line and calls a command; nothing else.

fn main() -> std::process::ExitCode {
    licentral::commands::run()
}
