//! What `licentral` does from the command line.

mod backup;
mod device;
mod doctor;
mod key;
mod lab;
mod manual;
mod on_prem;
mod roles;
mod run;
mod second_factor;
mod serve;
mod sync_file;

use crate::http::widgets::counted;
use crate::platform::config::{Config, Settings};
use crate::platform::db::{Db, migrate};
use crate::platform::signing::Signing;
use clap::{Args, CommandFactory, Parser, Subcommand};
use std::ffi::OsString;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

/// A simulation. Not affiliated with or endorsed by Cisco.
#[derive(Parser)]
#[command(
    name = "licentral",
    version,
    about = "A self-hosted simulator of a software licence portal",
    after_help = "A simulation. Not affiliated with or endorsed by Cisco."
)]
struct Line {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    settings: Settings,
}

#[derive(Subcommand)]
enum Command {
    /// Serve the portal (also when no command is named).
    Serve(ServeArgs),
    /// Bring the database's schema up to this program's.
    Migrate(ServeArgs),
    /// Look for anything in the database that should not be.
    Check(ServeArgs),
    /// Copy the database while the portal runs, and with --with-key the key file too.
    Backup(Box<backup::BackupArgs>),
    /// Put a backup back, where no database is.
    Restore(Box<backup::RestoreArgs>),
    /// Print every route and what it demands.
    Routes,
    /// Print who may do what, as Markdown.
    Permissions,
    /// Print every code with which a rule refuses, as Markdown.
    Problems,
    /// Print the description of the API (OpenAPI 3.1).
    Openapi,
    /// A simulated device, with the words of the real ones: license smart register idtoken TOKEN, show license status.
    Device(device::DeviceArgs),
    /// An On-Prem server: serve its portal, or do what that does from the command line.
    OnPrem(on_prem::OnPremArgs),
    /// The powers of a lab, at a portal that is running: clock, states, faults, wait and assert.
    Lab(Box<lab::LabArgs>),
    /// A script that was written for the vendor, unchanged and led to a portal: licentral run -- python3 script.py
    Run(run::RunArgs),
    /// The part of a run that is within the command's own network. Not for people.
    #[cfg(target_os = "linux")]
    #[command(hide = true)]
    Within(run::WithinArgs),
    /// Files that travel between an On-Prem server and the cloud: look into one, or spoil one for a test.
    Sync(sync_file::SyncArgs),
    /// Look at everything that an installation needs, and say what to mend.
    Doctor(Box<doctor::DoctorArgs>),
    /// Write the manual pages and the shell completions.
    #[command(hide = true)]
    Manual {
        /// The folder to write into.
        folder: PathBuf,
    },
    /// Give somebody a role over the portal; whoever has no user account yet is invited.
    GiveRole {
        /// The address of their user account.
        address: String,
        /// operator, domain-approver, support or instructor.
        role: String,
        /// The name of somebody who has no user account yet.
        #[arg(long)]
        name: Option<String>,
        #[command(flatten)]
        settings: Settings,
    },
    /// Remove the second factor of somebody who has lost it, when nobody is left who could do so in the portal.
    RemoveSecondFactor {
        /// The address of their user account.
        address: String,
        #[command(flatten)]
        settings: Settings,
    },
    /// Make a file of signing keys.
    MakeKey {
        /// The file to write.
        file: PathBuf,
    },
    /// Let the database go by the key file of these settings, when the former one is lost for good.
    ReplaceKey(ServeArgs),
}

#[derive(Args)]
struct ServeArgs {
    #[command(flatten)]
    settings: Settings,
}

/// The command line. "--portal ADDRESS device ..." reads as "device --portal ADDRESS ...".
fn arguments() -> Vec<OsString> {
    let mut line: Vec<OsString> = std::env::args_os().collect();
    let at = |wanted: fn(&str) -> bool| line.iter().position(|word| word.to_str().is_some_and(wanted));
    let portal = at(|word| word == "--portal" || word.starts_with("--portal="));
    let device = at(|word| word == "device");
    // What stands behind "run" is another program's.
    let run = at(|word| word == "run");
    if let (Some(from), Some(to)) = (portal, device)
        && from < to
        && run.is_none_or(|run| to < run)
        && let Some(words) = line.get_mut(from..=to)
    {
        words.rotate_right(1);
    }
    line
}

/// Reads the command line and does what it says.
pub fn run() -> ExitCode {
    let line = Line::parse_from(arguments());
    let done = match line.command {
        None => serve::serve(line.settings),
        Some(Command::Serve(args)) => serve::serve(args.settings),
        Some(Command::Migrate(args)) => checked(args.settings).and_then(|config| {
            let steps = migrate::run(&config.database_url).map_err(|e| e.to_string())?;
            say(&format!("The schema is current; {steps} steps were run."))
        }),
        Some(Command::Check(args)) => checked(args.settings).and_then(|config| check(&config)),
        Some(Command::Backup(args)) => backup::run(*args),
        Some(Command::Restore(args)) => backup::put_back(*args),
        Some(Command::Routes) => say(&print_routes()),
        Some(Command::Permissions) => say(crate::authz::matrix::print().trim_end()),
        Some(Command::Problems) => say(print_problems().trim_end()),
        Some(Command::Openapi) => {
            let document = crate::http::openapi::document(
                &crate::app::routes(crate::kernel::Edition::Cloud),
                &crate::app::refusals(),
            );
            serde_json::to_string_pretty(&document)
                .map_err(|e| e.to_string())
                .and_then(|text| say(&text))
        }
        Some(Command::Device(args)) => return device::run(args),
        Some(Command::OnPrem(args)) => return on_prem::run(args),
        Some(Command::Lab(args)) => return lab::run(*args),
        Some(Command::Run(args)) => return run::run(args),
        #[cfg(target_os = "linux")]
        Some(Command::Within(args)) => return run::within(args),
        Some(Command::Sync(args)) => sync_file::run(args),
        Some(Command::Doctor(args)) => return doctor::run(*args),
        Some(Command::Manual { folder }) => manual::write(Line::command(), &folder),
        Some(Command::GiveRole {
            address,
            role,
            name,
            settings,
        }) => checked(settings).and_then(|config| roles::give(&config, &address, &role, name.as_deref())),
        Some(Command::RemoveSecondFactor { address, settings }) => {
            checked(settings).and_then(|config| second_factor::remove(&config, &address))
        }
        Some(Command::ReplaceKey(args)) => checked(args.settings).and_then(|config| key::replace(&config)),
        Some(Command::MakeKey { file }) => {
            if file.exists() {
                Err(format!("{} is there already", file.display()))
            } else {
                Signing::open(&file, true, "").and_then(|_| say(&format!("Written: {}", file.display())))
            }
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            complain(&why);
            ExitCode::FAILURE
        }
    }
}

/// Writes to standard output, of which a closed pipe is no error.
fn say(text: &str) -> Result<(), String> {
    match writeln!(std::io::stdout(), "{text}") {
        Err(e) if e.kind() != std::io::ErrorKind::BrokenPipe => Err(e.to_string()),
        _ => Ok(()),
    }
}

/// Writes to standard error.
fn complain(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// An error in words: what a rule or a field has to say, or what went wrong.
fn words(error: crate::error::Error) -> String {
    use crate::error::Error;
    match error {
        Error::Refused(refusal) => format!("{} ({})", refusal.says, refusal.code),
        Error::Invalid(problems) => problems
            .list()
            .iter()
            .map(|one| one.says.clone())
            .collect::<Vec<_>>()
            .join("\n"),
        Error::Internal(cause) | Error::Unavailable(cause) => cause.for_the_log(),
        Error::Stale => "Somebody else has changed it meanwhile. Try again.".to_owned(),
        other => other.to_string(),
    }
}

fn checked(settings: Settings) -> Result<Config, String> {
    Config::check(settings).map_err(|wrong| wrong.join("\n"))
}

/// The routes as lines of text.
pub fn print_routes() -> String {
    crate::app::routes(crate::kernel::Edition::Cloud)
        .list()
        .iter()
        .map(|r| format!("{:<7} {:<60} {}", r.method, r.path, r.demand))
        .collect::<Vec<_>>()
        .join("\n")
}

/// The refusal codes as Markdown.
pub fn print_problems() -> String {
    let mut out = String::from(
        "# Refusals\n\nPrinted by `licentral problems` from the rooms' own lists; a test fails when this page is stale.\n\
         A rule that says no answers 409 with one of these codes. Pages show the sentence, the API sends it as `detail`.\n\n| code | when | way out |\n|---|---|---|\n",
    );
    for (code, when, way) in crate::app::refusals() {
        out.push_str(&format!("| `{code}` | {when} | {way} |\n"));
    }
    out
}

/// Every state that things have and every way from one into another, as a page of the documentation.
pub fn print_lifecycles() -> String {
    let mut out = String::from(
        "# Lifecycles\n\nPrinted from the tables that the rooms go by; a test fails when this page is stale. What is not listed does \
         not happen.\n",
    );
    for life in crate::app::lifecycles() {
        out.push('\n');
        out.push_str(&life.print());
    }
    out
}

/// Opens a database whose schema is this program's.
fn current(url: &str) -> Result<Db, String> {
    match migrate::compare(url).map_err(|e| e.to_string())? {
        crate::platform::db::Schema::Current => Db::open(url),
        other => Err(format!("The schema does not fit this program: {other:?}")),
    }
}

fn check(config: &Config) -> Result<(), String> {
    let db = current(&config.database_url)?;
    let found =
        crate::simulator::check(&db).map_err(|e| format!("The check could not be finished: {e:?}"))?;
    if found.is_empty() {
        say("Everything adds up.")
    } else {
        Err(format!(
            "{} not add up:\n{}",
            counted(found.len() as u64, "thing does", "things do"),
            found.join("\n")
        ))
    }
}
