//! The real program, as people start it.

use std::path::Path;
use std::process::Command;

/// The program, without anything of our own environment that it might read.
pub fn program(arguments: &[&str], folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_licentral"));
    command.args(arguments).current_dir(folder);
    for name in [
        "DATABASE_URL",
        "LICENTRAL_MODE",
        "LICENTRAL_LISTEN",
        "LICENTRAL_BASE_URL",
        "LICENTRAL_SCENARIO",
        "LICENTRAL_SMTP_URL",
        "LICENTRAL_KEY_FILE",
    ] {
        command.env_remove(name);
    }
    command
}

/// Runs the program to its end. Whether it was content, and what it said.
pub fn licentral(arguments: &[&str], folder: &Path) -> (bool, String) {
    let done = program(arguments, folder).output().unwrap();
    let words = [done.stdout, done.stderr].concat();
    (
        done.status.success(),
        String::from_utf8_lossy(&words).into_owned(),
    )
}
