//! `licentral backup` and `licentral restore`: a database that is in use is copied whole or not at all, with the key file
//! where that is asked for, and put back where nothing is.

mod description;
mod place;
mod postgres;
mod restore;

pub use restore::{RestoreArgs, run as put_back};

use super::{complain, say, words};
use crate::kernel::{Clock, Event, Kind, Who};
use crate::platform::config::Settings;
use crate::platform::db::{Database, Db, Schema, backup, migrate};
use crate::platform::settings;
use crate::platform::signing::Signing;
use clap::Args;
use description::Description;
use place::Unfinished;
use postgres::Tools;
use serde_json::json;
use std::path::{Path, PathBuf};

/// What the key file is called within a backup.
const KEY_NAME: &str = "licentral.key";

/// What to copy, and where to.
#[derive(Args)]
pub struct BackupArgs {
    /// The file to write: a database of SQLite, or an archive of pg_dump. With --with-key the folder to make.
    to: PathBuf,
    /// Copy the key file too. The backup is then a folder, and whoever has it has everything.
    #[arg(long)]
    with_key: bool,
    /// The settings are those of an On-Prem server that is served alone (licentral on-prem serve).
    #[arg(long)]
    on_prem: bool,
    #[command(flatten)]
    tools: ToolArgs,
    #[command(flatten)]
    settings: Settings,
}

/// The programs of PostgreSQL.
#[derive(Args)]
pub struct ToolArgs {
    /// pg_dump, where it is not on the PATH or is too old; pg_restore is expected beside it.
    #[arg(long, env = "LICENTRAL_PG_DUMP", value_name = "FILE")]
    pg_dump: Option<PathBuf>,
}

/// Copies a database that may be in use.
pub fn run(args: BackupArgs) -> Result<(), String> {
    let settings = of_edition(args.settings, args.on_prem);
    let url = &settings.database_url;
    let database = backup::kind_of(url)?;
    if let Some(file) = url.strip_prefix("sqlite://")
        && !Path::new(file).exists()
    {
        return Err(format!(
            "{file} is not there, so there is nothing to copy. Look at DATABASE_URL."
        ));
    }
    let to = &args.to;
    let unfinished = Unfinished::beside(to, args.with_key)?;
    let key = &settings.key_file;
    let shown = to.display();
    let tools = Tools::of(args.tools.pg_dump);
    let begun = Clock::new().wall();
    if args.with_key {
        let signing = Signing::open(key, false, "")?;
        let copy = unfinished.path().join(file_name(database));
        copy_database(database, url, &tools, &copy)?;
        place::copy_private(key, &unfinished.path().join(KEY_NAME))?;
        Description::of(url, database, &copy, begun, signing.file_id())?.write(unfinished.path())?;
    } else {
        copy_database(database, url, &tools, unfinished.path())?;
    }
    unfinished.finish(to)?;
    noted(url, begun, args.with_key);
    say(&if args.with_key {
        format!(
            "Copied to {shown}: the database and the key file. Whoever has this folder has everything: every letter, and the keys that open second factors and sign in the portal's name. Keep it locked away. Put it back with: licentral restore {shown}"
        )
    } else {
        format!(
            "Copied to {shown}. Keep the key file {} with it, in another place. Put it back with: licentral restore {shown}",
            key.display()
        )
    })
}

fn of_edition(settings: Settings, on_prem: bool) -> Settings {
    if on_prem {
        settings.for_on_prem_alone()
    } else {
        settings
    }
}

/// What the database is called within a backup that is a folder.
fn file_name(database: Database) -> &'static str {
    match database {
        Database::Sqlite => "licentral.db",
        Database::Postgres => "licentral.dump",
    }
}

/// Copies the database as it was when this began, into a new file that its owner alone may read.
fn copy_database(database: Database, url: &str, tools: &Tools, to: &Path) -> Result<(), String> {
    match database {
        Database::Sqlite => {
            let text = to
                .to_str()
                .ok_or_else(|| format!("{}: SQLite takes names in UTF-8 alone", to.display()))?;
            Db::open(url)?
                .copy_to(text)
                .map_err(|error| format!("The database could not be copied: {}", words(error)))
        }
        Database::Postgres => tools.dump(url, to),
    }?;
    place::keep(to)
}

/// The record, and when the last backup was made. A database that may not be written to, or of another schema, is copied all
/// the same.
fn noted(url: &str, begun: crate::kernel::Moment, with_key: bool) {
    if !matches!(migrate::compare(url), Ok(Schema::Current)) {
        return;
    }
    let what = if with_key {
        "The database was copied with the key file."
    } else {
        "The database was copied."
    };
    if let Err(why) = record(url, Kind::ServerBackedUp, what, Some(begun)) {
        complain(&format!(
            "The backup is made, and could not be noted in the record: {why}"
        ));
    }
}

/// Puts what a command did into the record of the server.
fn record(url: &str, kind: Kind, what: &str, backed_up: Option<crate::kernel::Moment>) -> Result<(), String> {
    let db = Db::open(url)?;
    let clock = clock_of(&db)?;
    let now = clock.now();
    let event = Event::new(kind, "backup", what);
    db.write_now(|tx| {
        if let Some(at) = backed_up {
            settings::set(tx, settings::LAST_BACKUP, &json!({ "at": at }).to_string())?;
        }
        tx.record(now, &Who::portal("command"), &event, ())
    })
    .map_err(words)
}

/// A clock that goes as that of the portal, which a lab may have moved.
fn clock_of(db: &Db) -> Result<Clock, String> {
    let clock = Clock::new();
    let kept = db
        .read_now(|r| settings::get(r, settings::CLOCK))
        .map_err(words)?;
    if let Some(setting) = kept.and_then(|text| serde_json::from_str(&text).ok()) {
        clock.set(setting);
    }
    Ok(clock)
}
