//! `licentral manual`: the manual pages and the shell completions of this very program, for packages.

use clap::Command;
use clap_complete::Shell;
use std::path::Path;

/// For which shells there are completions.
const SHELLS: &[Shell] = &[Shell::Bash, Shell::Zsh, Shell::Fish];

/// Writes `man1/*.1`, and `completions/` for each shell.
pub fn write(line: Command, folder: &Path) -> Result<(), String> {
    let mut line = without_help(line);
    let (pages, completions) = (folder.join("man1"), folder.join("completions"));
    let cannot = |e: std::io::Error| format!("{} cannot be written: {e}", folder.display());
    for one in [&pages, &completions] {
        std::fs::create_dir_all(one).map_err(cannot)?;
    }
    for shell in SHELLS {
        clap_complete::generate_to(*shell, &mut line, "licentral", &completions).map_err(cannot)?;
    }
    clap_mangen::generate_to(line, &pages).map_err(cannot)
}

/// "licentral help sync apply" says what "licentral sync apply --help" does: it needs no page of its own.
fn without_help(line: Command) -> Command {
    line.disable_help_subcommand(true).mut_subcommands(without_help)
}
