//! What a backup that is a folder says of itself.

use crate::kernel::Moment;
use crate::platform::db::{Database, backup};
use crate::platform::{private, token};
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::Write;
use std::path::Path;

/// The file that holds it.
const NAME: &str = "backup.json";

/// What a backup is of.
#[derive(Debug, Serialize, Deserialize)]
pub struct Description {
    /// Of this description: 1.
    format: u32,
    /// When copying began.
    pub made_at: Moment,
    /// Of the program that made it.
    version: String,
    /// sqlite or postgres.
    database: String,
    /// The file with the database.
    pub file: String,
    /// Its SHA-256.
    sha256: String,
    edition: Option<String>,
    /// Fingerprint of the key file.
    pub key: String,
}

impl Description {
    /// Of a copy that was just made.
    pub fn of(url: &str, database: Database, copy: &Path, at: Moment, key: &str) -> Result<Self, String> {
        let edition = backup::contents(url).ok().and_then(|found| found.edition);
        Ok(Self {
            format: 1,
            made_at: at,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            database: match database {
                Database::Sqlite => "sqlite",
                Database::Postgres => "postgres",
            }
            .to_owned(),
            file: super::file_name(database).to_owned(),
            sha256: sum(copy)?,
            edition,
            key: key.to_owned(),
        })
    }

    pub fn write(&self, folder: &Path) -> Result<(), String> {
        let text = serde_json::to_string_pretty(self).map_err(|e| e.to_string())?;
        let file = folder.join(NAME);
        private::writing()
            .create_new(true)
            .open(&file)
            .and_then(|mut out| {
                out.write_all(text.as_bytes())?;
                out.sync_all()
            })
            .map_err(|e| format!("cannot write {}: {e}", file.display()))
    }

    /// That of a folder, when the database in it is the one that was described.
    pub fn read(folder: &Path) -> Result<Self, String> {
        let file = folder.join(NAME);
        let shown = folder.display();
        let text = std::fs::read_to_string(&file)
            .map_err(|e| format!("{shown} is no backup: {}: {e}", file.display()))?;
        let found: Self =
            serde_json::from_str(&text).map_err(|e| format!("{} is damaged: {e}", file.display()))?;
        if found.format != 1 {
            return Err(format!(
                "{shown} was made by a newer Licentral ({}). Restore it with that.",
                found.version
            ));
        }
        let is_name = Path::new(&found.file)
            .file_name()
            .is_some_and(|name| name == found.file.as_str());
        if !is_name || sum(&folder.join(&found.file))? != found.sha256 {
            return Err(format!(
                "{shown} is damaged: {} is not what was written. Take another backup.",
                found.file
            ));
        }
        Ok(found)
    }
}

fn sum(file: &Path) -> Result<String, String> {
    File::open(file)
        .and_then(token::fingerprint_of)
        .map_err(|e| format!("{}: {e}", file.display()))
}
