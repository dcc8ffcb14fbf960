//! Looks into files that travel between an On-Prem server and the cloud, and spoils them for training and tests.

use crate::kernel::Clock;
use crate::sync::workshop::{self, WAYS};
use clap::{Args, Subcommand};
use std::fs::File;
use std::path::{Path, PathBuf};

/// Files of a synchronization.
#[derive(Args)]
pub struct SyncArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Prints header, checks and counts of a file. Nothing is changed anywhere.
    Inspect {
        /// The file.
        file: PathBuf,
        /// With which public key it should have been signed; without, the signature is not checked.
        #[arg(long, allow_hyphen_values = true)]
        public_key: Option<String>,
        /// The database of a portal, for example sqlite://licentral.db: prints what the file would change there.
        #[arg(long)]
        database_url: Option<String>,
    },
    /// Writes a spoiled copy of a synchronization file.
    Spoil {
        /// A good one.
        file: PathBuf,
        /// In which way.
        #[arg(long = "as", value_parser = WAYS.iter().map(|way| way.word).collect::<Vec<_>>())]
        way: String,
        /// The file to write.
        #[arg(long)]
        out: PathBuf,
        /// The database of the On-Prem server, one of whose accounts signs the copy again where the way needs it.
        #[arg(long)]
        data: Option<String>,
        /// The file of the server's keys. Without it: the one beside the database.
        #[arg(long)]
        keys: Option<PathBuf>,
        /// Name or number of the account, when the server has several.
        #[arg(long)]
        account: Option<String>,
    },
}

/// Does what the command line says.
pub fn run(args: SyncArgs) -> Result<(), String> {
    match args.what {
        What::Inspect {
            file,
            public_key,
            database_url,
        } => {
            inspect(&file, public_key.as_deref())?;
            database_url.map_or(Ok(()), |url| difference(&file, &url))
        }
        What::Spoil {
            file,
            way,
            out,
            data,
            keys,
            account,
        } => {
            let key = data
                .map(|data| super::on_prem::key_of(&data, keys.as_deref(), account.as_deref()))
                .transpose()?;
            let read = std::fs::read(&file).map_err(|e| format!("{} cannot be read: {e}", file.display()))?;
            let way = WAYS
                .iter()
                .find(|one| one.word == way)
                .ok_or("There is no such way.")?;
            let spoiled = workshop::spoil(&read, way, key.as_ref())?;
            if out.exists() {
                return Err(format!("{} is there already", out.display()));
            }
            std::fs::write(&out, spoiled).map_err(|e| format!("{} cannot be written: {e}", out.display()))?;
            super::say(&format!(
                "Written: {}. It is to be refused with {}.",
                out.display(),
                way.code
            ))
        }
    }
}

fn inspect(path: &Path, key: Option<&str>) -> Result<(), String> {
    let file = File::open(path).map_err(|e| format!("{} cannot be read: {e}", path.display()))?;
    let looked = workshop::look(file, key).map_err(super::words)?;
    super::say(&format!(
        "{}: a {}, version {}",
        path.display(),
        looked.kind,
        looked.version
    ))?;
    super::say("Header")?;
    for (name, value) in &looked.header {
        super::say(&format!("  {name}: {value}"))?;
    }
    super::say("Checks")?;
    for check in &looked.checks {
        super::say(&format!("  {check}"))?;
    }
    for note in &looked.notes {
        super::say(&format!("  {note}"))?;
    }
    match looked.refused {
        Some(error) => Err(super::words(error)),
        None => match looked.counts {
            Some(counts) => super::say(&format!(
                "  records: good\nCounts\n  local Virtual Accounts: {}\n  product instances: {}\n  lines of usage: {}\n  licenses: {}\n  usage reports: {}\n  acknowledgements: {}",
                counts.places,
                counts.devices,
                counts.usages,
                counts.licenses,
                counts.reports,
                counts.acknowledgements
            )),
            None => Ok(()),
        },
    }
}

/// Prints what a file would change in a portal, whose database is read and not changed.
fn difference(path: &Path, url: &str) -> Result<(), String> {
    let bytes = std::fs::read(path).map_err(|e| format!("{} cannot be read: {e}", path.display()))?;
    let db = super::current(url)?;
    let (manager, found) = crate::sync::look_now(&db, Clock::new().now(), &bytes).map_err(super::words)?;
    super::say(&format!(
        "What it would change at {manager}\n  product instances: {} appear, {} change, {} vanish, {} stay as they are",
        found.appeared, found.changed, found.vanished, found.unchanged
    ))?;
    for effect in found.effects() {
        super::say(&format!(
            "  {}: balance {} before, {} after{}",
            effect.name,
            effect.before,
            effect.after,
            if effect.is_short() {
                ", Insufficient Licenses"
            } else {
                ""
            }
        ))?;
    }
    Ok(())
}
