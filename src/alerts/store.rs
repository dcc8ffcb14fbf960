//! What people do not want to see any more, what they want to be told, and what was told already.

use super::model::Settings;
use crate::error::Result;
use crate::kernel::ids::{PersonId, SmartAccountId};
use crate::kernel::{EmailAddress, Moment, Who};
use crate::platform::db::schema::{
    alert_hides as hides, alert_sightings as sightings, notification_addresses as addresses,
    notification_settings as settings,
};
use crate::platform::db::{OnTaken, Reads, Tx};
use diesel::prelude::*;
use std::collections::HashSet;

/// The keys that somebody hides.
pub fn hidden(read: &mut dyn Reads, account: SmartAccountId, person: PersonId) -> Result<HashSet<String>> {
    Ok(hides::table
        .filter(
            hides::smart_account_id
                .eq(account)
                .and(hides::person_id.eq(person)),
        )
        .select(hides::alert_key)
        .load::<String>(read.conn())?
        .into_iter()
        .collect())
}

/// Hides one, unless it is hidden already.
pub fn hide(tx: &mut Tx<'_>, account: SmartAccountId, person: PersonId, key: &str, at: Moment) -> Result<()> {
    show(tx, account, person, key)?;
    diesel::insert_into(hides::table)
        .values((
            hides::smart_account_id.eq(account),
            hides::person_id.eq(person),
            hides::alert_key.eq(key),
            hides::hidden_at.eq(at),
        ))
        .execute(tx.conn())?;
    Ok(())
}

/// Shows one again.
pub fn show(tx: &mut Tx<'_>, account: SmartAccountId, person: PersonId, key: &str) -> Result<()> {
    diesel::delete(hides::table.find((account, person, key))).execute(tx.conn())?;
    Ok(())
}

macro_rules! asked {
    () => {
        (
            settings::daily_summary,
            settings::status,
            settings::expiring_90,
            settings::expiring_60,
            settings::expiring_30,
        )
    };
}

fn of(
    (daily_summary, status, expiring_90, expiring_60, expiring_30): (bool, bool, bool, bool, bool),
) -> Settings {
    Settings {
        daily_summary,
        status,
        expiring_90,
        expiring_60,
        expiring_30,
    }
}

/// What somebody wants to be told of an account: nothing, unless they said so.
pub fn settings_of(read: &mut dyn Reads, account: SmartAccountId, person: PersonId) -> Result<Settings> {
    Ok(settings::table
        .find((account, person))
        .select(asked!())
        .first(read.conn())
        .optional()?
        .map(of)
        .unwrap_or_default())
}

/// Keeps it. `day` is the last one of which a summary went out: the first summary is of the day on which it is kept.
pub fn keep_settings(
    tx: &mut Tx<'_>,
    account: SmartAccountId,
    person: PersonId,
    wanted: &Settings,
    day: &str,
) -> Result<()> {
    let changed = diesel::update(settings::table.find((account, person)))
        .set((
            settings::daily_summary.eq(wanted.daily_summary),
            settings::status.eq(wanted.status),
            settings::expiring_90.eq(wanted.expiring_90),
            settings::expiring_60.eq(wanted.expiring_60),
            settings::expiring_30.eq(wanted.expiring_30),
            settings::version.eq(settings::version + 1),
        ))
        .execute(tx.conn())?;
    if changed == 0 {
        diesel::insert_into(settings::table)
            .values((
                settings::smart_account_id.eq(account),
                settings::person_id.eq(person),
                settings::daily_summary.eq(wanted.daily_summary),
                settings::status.eq(wanted.status),
                settings::expiring_90.eq(wanted.expiring_90),
                settings::expiring_60.eq(wanted.expiring_60),
                settings::expiring_30.eq(wanted.expiring_30),
                settings::summary_day.eq(day),
                settings::version.eq(1),
            ))
            .execute(tx.conn())?;
    }
    Ok(())
}

/// Everybody who wants to be told something: whose account, who, what, and the day of the last summary.
pub fn subscribers(read: &mut dyn Reads) -> Result<Vec<(SmartAccountId, PersonId, Settings, String)>> {
    let rows: Vec<(SmartAccountId, PersonId, (bool, bool, bool, bool, bool), String)> = settings::table
        .filter(
            settings::daily_summary
                .eq(true)
                .or(settings::status.eq(true))
                .or(settings::expiring_90.eq(true))
                .or(settings::expiring_60.eq(true))
                .or(settings::expiring_30.eq(true)),
        )
        .order((settings::smart_account_id.asc(), settings::person_id.asc()))
        .select((
            settings::smart_account_id,
            settings::person_id,
            asked!(),
            settings::summary_day,
        ))
        .load(read.conn())?;
    Ok(rows
        .into_iter()
        .map(|(account, person, asked, day)| (account, person, of(asked), day))
        .collect())
}

/// A summary of that day went out, unless somebody was quicker.
pub fn summed_up(tx: &mut Tx<'_>, account: SmartAccountId, person: PersonId, day: &str) -> Result<bool> {
    let due = settings::table.filter(
        settings::smart_account_id
            .eq(account)
            .and(settings::person_id.eq(person))
            .and(settings::summary_day.lt(day)),
    );
    let changed = diesel::update(due)
        .set(settings::summary_day.eq(day))
        .execute(tx.conn())?;
    Ok(changed == 1)
}

/// "Additional Email Addresses" of an account, in order.
pub fn addresses_of(read: &mut dyn Reads, account: SmartAccountId) -> Result<Vec<String>> {
    Ok(addresses::table
        .filter(addresses::smart_account_id.eq(account))
        .order(addresses::email.asc())
        .select(addresses::email)
        .load(read.conn())?)
}

/// The same, with the day of which each was sent the last summary.
pub fn addresses_with_days(read: &mut dyn Reads, account: SmartAccountId) -> Result<Vec<(String, String)>> {
    Ok(addresses::table
        .filter(addresses::smart_account_id.eq(account))
        .order(addresses::email.asc())
        .select((addresses::email, addresses::summary_day))
        .load(read.conn())?)
}

/// As [`summed_up`], for an additional address.
pub fn address_summed_up(tx: &mut Tx<'_>, account: SmartAccountId, email: &str, day: &str) -> Result<bool> {
    let due = addresses::table.filter(
        addresses::smart_account_id
            .eq(account)
            .and(addresses::email.eq(email))
            .and(addresses::summary_day.lt(day)),
    );
    let changed = diesel::update(due)
        .set(addresses::summary_day.eq(day))
        .execute(tx.conn())?;
    Ok(changed == 1)
}

/// The accounts that have some.
pub fn with_addresses(read: &mut dyn Reads) -> Result<Vec<SmartAccountId>> {
    Ok(addresses::table
        .select(addresses::smart_account_id)
        .distinct()
        .load(read.conn())?)
}

/// Puts these in the place of those that were there.
pub fn keep_addresses(
    tx: &mut Tx<'_>,
    account: SmartAccountId,
    wanted: &[EmailAddress],
    at: Moment,
    who: &Who,
    day: &str,
) -> Result<()> {
    diesel::delete(addresses::table.filter(addresses::smart_account_id.eq(account))).execute(tx.conn())?;
    for one in wanted {
        diesel::insert_into(addresses::table)
            .values((
                addresses::smart_account_id.eq(account),
                addresses::email.eq(one.key()),
                addresses::added_at.eq(at),
                addresses::added_by.eq(who.label.chars().take(500).collect::<String>()),
                addresses::summary_day.eq(day),
            ))
            .execute(tx.conn())?;
    }
    Ok(())
}

/// Which alerts of an account were told already.
pub fn told(read: &mut dyn Reads, account: SmartAccountId) -> Result<HashSet<String>> {
    Ok(sightings::table
        .filter(sightings::smart_account_id.eq(account))
        .select(sightings::alert_key)
        .load::<String>(read.conn())?
        .into_iter()
        .collect())
}

/// These were told now; those that are no more are forgotten.
pub fn tell(
    tx: &mut Tx<'_>,
    account: SmartAccountId,
    new: &[String],
    gone: &[String],
    at: Moment,
) -> Result<()> {
    for key in new {
        diesel::insert_into(sightings::table)
            .values((
                sightings::smart_account_id.eq(account),
                sightings::alert_key.eq(key),
                sightings::seen_at.eq(at),
            ))
            .execute(tx.conn())
            .on_taken(|| crate::error::Error::Stale)?;
    }
    for key in gone {
        diesel::delete(sightings::table.find((account, key))).execute(tx.conn())?;
    }
    Ok(())
}

/// Whether anybody is told of each day when it is over.
pub fn is_anybody_summed_up(read: &mut dyn Reads) -> Result<bool> {
    let people: i64 = settings::table
        .filter(settings::daily_summary.eq(true))
        .count()
        .get_result(read.conn())?;
    let others: i64 = addresses::table.count().get_result(read.conn())?;
    Ok(people + others > 0)
}
