//! The key file and the database belong together: what one portal has signed or locked, another has to understand.

use super::{current, say, words};
use crate::kernel::{Clock, Event, Kind, Who};
use crate::platform::config::Config;
use crate::platform::db::Db;
use crate::platform::settings;
use crate::platform::signing::Signing;
use serde_json::json;
use std::path::Path;

/// Reads the key file for a database, or makes it when neither of them is in use yet. Refuses another one than the database
/// was used with.
pub fn of_database(db: &Db, file: &Path, may_make: bool, issuer: &str) -> Result<Signing, String> {
    let kept = db.read_now(|r| settings::get(r, settings::KEY)).map_err(words)?;
    let signing = match Signing::open(file, may_make && kept.is_none(), issuer) {
        Err(why) if kept.is_some() && !file.exists() => {
            return Err(format!("{why}. The database was used with one. {WAYS_OUT}"));
        }
        other => other?,
    };
    let kept = settings::claim_key(db, signing.file_id()).map_err(words)?;
    if kept == signing.file_id() {
        return Ok(signing);
    }
    Err(format!(
        "The database was used with another key file ({kept}) than {} ({}). With two of them, emailed links, tokens and second factors of one portal would be void at the other. {WAYS_OUT}",
        file.display(),
        signing.file_id()
    ))
}

/// What to do about a key file that does not fit.
pub const WAYS_OUT: &str = "Put the right file in its place: every portal of one database has the same. When it is lost for good, make another with licentral make-key, and let the database go by it: licentral replace-key";

/// From now on the database goes by the key file of these settings. Recorded.
pub fn replace(config: &Config) -> Result<(), String> {
    let file = config.key_file.display();
    let signing = Signing::open(&config.key_file, false, "")?;
    let db = current(&config.database_url)?;
    let clock = Clock::new();
    // A lab's clock may have been moved.
    let setting = db
        .read_now(|r| settings::get(r, settings::CLOCK))
        .map_err(words)?;
    if let Some(setting) = setting.and_then(|text| serde_json::from_str(&text).ok()) {
        clock.set(setting);
    }
    let now = clock.now();
    let own = signing.file_id().to_owned();
    let says = db
        .write_now(|tx| {
            let former = settings::get(tx, settings::KEY)?;
            if former.as_ref() == Some(&own) {
                return Ok(tx.unchanged(format!("The database goes by {file} already.")));
            }
            settings::set(tx, settings::KEY, &own)?;
            let event = Event::new(
                Kind::KeyReplaced,
                "portal",
                format!("The signing keys of the portal were replaced ({own})."),
            )
            .with(json!({ "former": former, "key": own }));
            tx.record(
                now,
                &Who::portal("command"),
                &event,
                format!("The database goes by {file} ({own}). Emailed links, access tokens and second factors from before are void. Start every portal with this file."),
            )
        })
        .map_err(words)?;
    say(&says)
}
