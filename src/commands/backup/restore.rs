//! Puts a backup where nothing is: a database that was used is never written over.

use super::description::Description;
use super::place::{self, Unfinished};
use super::postgres::Tools;
use super::{KEY_NAME, ToolArgs, of_edition, record, say};
use crate::kernel::Kind;
use crate::platform::config::Settings;
use crate::platform::db::backup::{self, Contents};
use crate::platform::db::{Database, Schema, migrate, not_opened};
use crate::platform::signing::Signing;
use clap::Args;
use std::io::Read;
use std::path::{Path, PathBuf};

/// What to put back. Where to is said by the settings.
#[derive(Args)]
pub struct RestoreArgs {
    /// The backup: a file, or a folder of backup --with-key.
    from: PathBuf,
    /// The settings are those of an On-Prem server that is served alone (licentral on-prem serve).
    #[arg(long)]
    on_prem: bool,
    #[command(flatten)]
    tools: ToolArgs,
    #[command(flatten)]
    settings: Settings,
}

/// A backup as it was found.
struct Found {
    database: Database,
    file: PathBuf,
    /// The key file that is in it.
    key: Option<PathBuf>,
    /// Fingerprint of that, when it was made.
    fingerprint: Option<String>,
}

/// Puts it back, whole or not at all.
pub fn run(args: RestoreArgs) -> Result<(), String> {
    let settings = of_edition(args.settings, args.on_prem);
    let url = &settings.database_url;
    let tools = Tools::of(args.tools.pg_dump);
    let found = look(&args.from)?;
    if backup::kind_of(url)? != found.database {
        return Err(format!(
            "{} is a backup of {}, and DATABASE_URL names another kind of database. A backup goes back into the kind that it was made of.",
            args.from.display(),
            name(found.database)
        ));
    }
    is_free(url)?;
    let key = &settings.key_file;
    match found.database {
        Database::Sqlite => {
            let to = Path::new(url.strip_prefix("sqlite://").unwrap_or(url));
            let unfinished = Unfinished::beside(to, false)?;
            place::copy_private(&found.file, unfinished.path())?;
            let copy = format!("sqlite://{}", unfinished.path().display());
            if let Some(what) = backup::damage(&copy).map_err(|e| damaged(&args.from, e))? {
                return Err(damaged(&args.from, what));
            }
            let contents = backup::contents(&copy).map_err(|e| damaged(&args.from, e))?;
            fits(&found, &contents, key)?;
            put_key(&found, key)?;
            unfinished.finish(to)?;
        }
        Database::Postgres => {
            fits(&found, &tools.contents(&found.file)?, key)?;
            put_key(&found, key)?;
            tools.put_back(&found.file, url)?;
            // It only makes the first pages faster.
            let _ = backup::count_anew(url);
        }
    }
    let then = match migrate::compare(url) {
        Ok(Schema::Current) => {
            record(
                url,
                Kind::ServerRestored,
                "The database was put back from a backup.",
                None,
            )?;
            "Look at it with: licentral check; then start the portal."
        }
        _ => {
            "It is from an earlier Licentral: bring it up to date with licentral migrate, then start the portal."
        }
    };
    say(&format!(
        "{} is put back, with the key file {}. {then}",
        args.from.display(),
        key.display()
    ))
}

fn name(database: Database) -> &'static str {
    match database {
        Database::Sqlite => "SQLite",
        Database::Postgres => "PostgreSQL",
    }
}

fn damaged(from: &Path, why: impl std::fmt::Display) -> String {
    format!("{} is damaged, and nothing was put back: {why}", from.display())
}

/// Which kind of backup this is.
fn look(from: &Path) -> Result<Found, String> {
    let mut found = Found {
        database: Database::Sqlite,
        file: from.to_owned(),
        key: None,
        fingerprint: None,
    };
    if from.is_dir() {
        let description = Description::read(from)?;
        found.file = from.join(&description.file);
        found.key = Some(from.join(KEY_NAME));
        found.fingerprint = Some(description.key);
    }
    let mut begin = [0; 16];
    std::fs::File::open(&found.file)
        .and_then(|mut file| file.read_exact(&mut begin))
        .map_err(|e| format!("{}: {e}", found.file.display()))?;
    found.database = match &begin {
        b"SQLite format 3\0" => Database::Sqlite,
        other if other.starts_with(b"PGDMP") => Database::Postgres,
        _ => {
            return Err(format!(
                "{} is no backup: neither a SQLite database nor an archive of pg_dump -Fc.",
                found.file.display()
            ));
        }
    };
    Ok(found)
}

/// Refuses where something is, or somebody.
fn is_free(url: &str) -> Result<(), String> {
    if let Some(file) = url.strip_prefix("sqlite://") {
        for beside in ["", "-wal", "-shm"] {
            let file = format!("{file}{beside}");
            if Path::new(&file).exists() {
                return Err(format!(
                    "{file} is there, and nothing is written over. Stop the portal that uses it, and move it away with the files beside it, or name another place with DATABASE_URL."
                ));
            }
        }
        return Ok(());
    }
    let cannot = |why| not_opened(url, why);
    let others = backup::others(url).map_err(cannot)?;
    if others > 0 {
        return Err(format!(
            "{others} others are connected to this database: a portal, or somebody with psql. Stop them first."
        ));
    }
    let tables = backup::tables(url).map_err(cannot)?;
    if tables > 0 {
        return Err(format!(
            "The database has {tables} tables, and nothing is written over. Make a new one (createdb), and name it with DATABASE_URL."
        ));
    }
    Ok(())
}

/// Refuses a backup that this program, or this key file, cannot read.
fn fits(found: &Found, contents: &Contents, target: &Path) -> Result<(), String> {
    if contents.steps.is_empty() {
        return Err("There is no database of Licentral in it.".to_owned());
    }
    let ahead = contents.ahead(found.database).map_err(|e| e.to_string())?;
    if !ahead.is_empty() {
        return Err(format!(
            "The backup is of a newer Licentral: this one does not know the steps {}. Restore it with that program.",
            ahead.join(", ")
        ));
    }
    let wanted = contents.key.as_ref().or(found.fingerprint.as_ref());
    let shown = target.display();
    let key = match (&found.key, target.exists()) {
        (Some(own), false) => own.as_path(),
        (Some(own), true) => {
            let (own, there) = (fingerprint(own)?, fingerprint(target)?);
            if own != there {
                return Err(format!(
                    "{shown} is there and is not the key file of the backup. Move it away, or name another place with LICENTRAL_KEY_FILE."
                ));
            }
            target
        }
        (None, true) => target,
        (None, false) => {
            return Err(format!(
                "The backup holds no key file, and {shown} is not there. Put the key file there that was kept with it, or name it with LICENTRAL_KEY_FILE."
            ));
        }
    };
    match wanted {
        Some(wanted) if *wanted != fingerprint(key)? => Err(format!(
            "The key file does not fit the database: that was used with the key {wanted}, and {} is {}. Put the key file there that was kept with the backup: with another, second factors and secrets cannot be read.",
            key.display(),
            fingerprint(key)?
        )),
        _ => Ok(()),
    }
}

fn fingerprint(key: &Path) -> Result<String, String> {
    Signing::open(key, false, "").map(|signing| signing.file_id().to_owned())
}

/// Puts the key file of the backup in its place, unless it is there.
fn put_key(found: &Found, target: &Path) -> Result<(), String> {
    match &found.key {
        Some(own) if !target.exists() => {
            let unfinished = Unfinished::beside(target, false)?;
            place::copy_private(own, unfinished.path())?;
            unfinished.finish(target)
        }
        _ => Ok(()),
    }
}
