//! A few named values that every process of an installation must agree on: the lab's clock, for one.

use crate::error::Result;
use crate::kernel::{Clock, Edition};
use crate::platform::db::schema::settings;
use crate::platform::db::{Db, Reads, Tx};
use diesel::prelude::*;

/// Reads a value.
pub fn get(read: &mut dyn Reads, name: &str) -> Result<Option<String>> {
    Ok(settings::table
        .find(name)
        .select(settings::value)
        .first(read.conn())
        .optional()?)
}

/// Sets a value.
pub fn set(tx: &mut Tx<'_>, name: &str, value: &str) -> Result<()> {
    let changed = diesel::update(settings::table.find(name))
        .set(settings::value.eq(value))
        .execute(tx.conn())?;
    if changed == 0 {
        diesel::insert_into(settings::table)
            .values((settings::name.eq(name), settings::value.eq(value)))
            .execute(tx.conn())?;
    }
    Ok(())
}

/// Sets a value where it is what it was read as ("" where there was none); false when somebody else was quicker.
pub fn exchange(tx: &mut Tx<'_>, name: &str, was: &str, value: &str) -> Result<bool> {
    let row = settings::table.filter(settings::name.eq(name).and(settings::value.eq(was)));
    let changed = diesel::update(row)
        .set(settings::value.eq(value))
        .execute(tx.conn())?;
    if changed == 0 && was.is_empty() && get(tx, name)?.is_none() {
        diesel::insert_into(settings::table)
            .values((settings::name.eq(name), settings::value.eq(value)))
            .execute(tx.conn())?;
        return Ok(true);
    }
    Ok(changed == 1)
}

/// The name under which the clock's setting is kept.
pub const CLOCK: &str = "clock";

/// Takes over the clock setting that another process may have made. Returns whether it changed.
pub async fn follow_clock(db: &Db, clock: &Clock) -> Result<bool> {
    let Some(kept) = db.read(|r| get(r, CLOCK)).await? else {
        return Ok(false);
    };
    let Ok(setting) = serde_json::from_str(&kept) else {
        return Ok(false);
    };
    let changed = clock.setting() != setting;
    if changed {
        clock.set(setting);
    }
    Ok(changed)
}

/// The name under which an On-Prem server keeps what its sign-in page says.
pub const MESSAGE_OF_THE_DAY: &str = "message-of-the-day";

/// The name under which it is kept that the API of an On-Prem server is switched off.
const API: &str = "api";

/// Whether the API answers: always, but where it was switched off.
pub fn api_is_on(read: &mut dyn Reads) -> Result<bool> {
    Ok(get(read, API)?.as_deref() != Some("off"))
}

/// Switches the API on or off.
pub fn switch_api(tx: &mut Tx<'_>, on: bool) -> Result<()> {
    set(tx, API, if on { "on" } else { "off" })
}

/// Which edition the database is of.
pub fn edition(read: &mut dyn Reads) -> Result<Edition> {
    Ok(if is_on_prem(read)? {
        Edition::OnPrem
    } else {
        Edition::Cloud
    })
}

/// Whether the database is that of an On-Prem server.
pub fn is_on_prem(read: &mut dyn Reads) -> Result<bool> {
    Ok(get(read, EDITION)?.as_deref() == Some(Edition::OnPrem.word()))
}

/// The name under which the edition is kept.
pub const EDITION: &str = "edition";

/// The name under which it is kept when the last backup was made, and where.
pub const LAST_BACKUP: &str = "last-backup";

/// A database holds the data of one edition: says so in a new one, and refuses that of the other. One from before there
/// were editions is the cloud's.
pub fn claim(db: &Db, edition: Edition) -> Result<std::result::Result<(), Edition>> {
    let (kept, is_lived_in) = db.read_now(|r| Ok((get(r, EDITION)?, get(r, "scenario")?.is_some())))?;
    let kept = match kept {
        Some(word) => word.parse().ok(),
        None if is_lived_in => Some(Edition::Cloud),
        None => None,
    };
    match kept {
        Some(kept) if kept != edition => Ok(Err(kept)),
        Some(_) => Ok(Ok(())),
        None => {
            db.housekeeping_now(|tx| set(tx, EDITION, edition.word()))?;
            Ok(Ok(()))
        }
    }
}

/// The name under which it is kept with which key file the database is used.
pub const KEY: &str = "key-file";

/// With which key file the database is used: with this one, if it was used with none yet.
pub fn claim_key(db: &Db, own: &str) -> Result<String> {
    if let Some(kept) = db.read_now(|r| get(r, KEY))? {
        return Ok(kept);
    }
    // Of two portals that start at once, one puts its own in; the other comes second to the primary key, and looks again.
    db.housekeeping_now(|tx| match get(tx, KEY)? {
        Some(kept) => Ok(kept),
        None => {
            diesel::insert_into(settings::table)
                .values((settings::name.eq(KEY), settings::value.eq(own)))
                .execute(tx.conn())?;
            Ok(own.to_owned())
        }
    })
}
