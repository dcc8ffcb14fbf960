//! The tables of an old file, which no database of this program has any more, and what of them goes into the new ones.

use super::super::model::SyncState;
use super::super::sync::{MadeFile, Way};
use super::{Facts, OldDevice, OldFile, OldPlace};
use crate::error::{Error, Result};
use crate::kernel::Moment;
use crate::kernel::ids::SmartAccountId;
use crate::licenses::supply::Told;
use crate::platform::db::schema::{local_accounts as accounts, local_sync_files};
use crate::platform::db::{Reads, Tx};
use diesel::prelude::*;

mod old {
    diesel::table! { onprem_accounts (id) { id -> Text, name -> Text, facts -> Text, } }
    diesel::table! { onprem_places (account_id, name_key) { account_id -> Text, name_key -> Text, name -> Text, description -> Text, is_default -> Bool, } }
    diesel::table! { onprem_devices (account_id, udi_key) { account_id -> Text, udi_key -> Text, pid -> Text, serial -> Text, hostname -> Text, product -> Text, software -> Text, place_key -> Text, registered_at -> Timestamp, contact_at -> Timestamp, used -> Text, } }
    diesel::table! { onprem_licenses (account_id, line) { account_id -> Text, line -> Integer, entitlement -> Text, name -> Text, billing -> Text, purchased -> BigInt, ends_at -> Nullable<Timestamp>, } }
    diesel::table! { onprem_shares (account_id, place_key, entitlement) { account_id -> Text, place_key -> Text, entitlement -> Text, quantity -> BigInt, } }
    diesel::table! { onprem_files (account_id, sequence) { account_id -> Text, sequence -> BigInt, sha256 -> Text, devices -> BigInt, usages -> BigInt, generated_at -> Timestamp, answered_at -> Nullable<Timestamp>, } }
}
use old::{
    onprem_accounts as old_accounts, onprem_devices as devices, onprem_files as files,
    onprem_licenses as licenses, onprem_places as places, onprem_shares as shares,
};

#[derive(QueryableByName)]
struct Named {
    #[diesel(sql_type = diesel::sql_types::Text)]
    #[expect(dead_code, reason = "that there is one is all that is asked")]
    name: String,
}

/// Whether the tables of an old file are there.
pub fn is_old(read: &mut dyn Reads) -> Result<bool> {
    const ASK: &str = "SELECT name FROM sqlite_master WHERE type = 'table' AND name = 'onprem_accounts'";
    Ok(!diesel::sql_query(ASK).load::<Named>(read.conn())?.is_empty())
}

/// The account of an old file, with all that is in it; none in one that stands empty.
pub fn read(read: &mut dyn Reads) -> Result<Option<OldFile>> {
    let row: Option<(String, String, String)> = old_accounts::table
        .select((old_accounts::id, old_accounts::name, old_accounts::facts))
        .order(old_accounts::id)
        .first(read.conn())
        .optional()?;
    let Some((id, name, facts)) = row else {
        return Ok(None);
    };
    let facts: Facts = serde_json::from_str(&facts).map_err(Error::internal)?;
    Ok(Some(OldFile {
        name,
        facts,
        places: places::table
            .filter(places::account_id.eq(&id))
            .order((places::is_default.desc(), places::name_key.asc()))
            .select((
                places::name_key,
                places::name,
                places::description,
                places::is_default,
            ))
            .load::<OldPlace>(read.conn())?,
        devices: devices::table
            .filter(devices::account_id.eq(&id))
            .order(devices::udi_key)
            .select((
                devices::pid,
                devices::serial,
                devices::hostname,
                devices::product,
                devices::software,
                devices::place_key,
                devices::registered_at,
                devices::contact_at,
                devices::used,
            ))
            .load::<OldDevice>(read.conn())?,
        licenses: licenses::table
            .filter(licenses::account_id.eq(&id))
            .order(licenses::line)
            .select((
                licenses::entitlement,
                licenses::name,
                licenses::billing,
                licenses::purchased,
                licenses::ends_at,
            ))
            .load::<Told>(read.conn())?,
        shares: shares::table
            .filter(shares::account_id.eq(&id))
            .order((shares::place_key, shares::entitlement))
            .select((shares::place_key, shares::entitlement, shares::quantity))
            .load(read.conn())?,
        files: files::table
            .filter(files::account_id.eq(&id))
            .order(files::sequence)
            .select((
                files::sequence,
                files::sha256,
                files::devices,
                files::usages,
                files::generated_at,
                files::answered_at,
            ))
            .load::<(i64, String, i64, i64, Moment, Option<Moment>)>(read.conn())?
            .into_iter()
            .map(
                |(sequence, sha256, devices, usages, made_at, answered_at)| MadeFile {
                    sequence,
                    sha256,
                    // The old file does not say it.
                    way: Way::File,
                    devices,
                    usages,
                    made_at,
                    answered_at,
                },
            )
            .collect(),
    }))
}

/// Keeps how the synchronization stands, and the files that were made.
pub fn keep(tx: &mut Tx<'_>, account: SmartAccountId, file: &OldFile) -> Result<()> {
    let facts = &file.facts;
    // One that was on its way is not on its way any more.
    let state = match facts.sync {
        SyncState::InProgress => SyncState::Generated,
        other => other,
    };
    diesel::update(accounts::table.find(account))
        .set((
            accounts::sequence.eq(facts.sequence),
            accounts::last_response.eq(facts.last_response),
            accounts::sync.eq(state),
            accounts::failure.eq(facts.failure.as_deref().unwrap_or_default()),
            accounts::synced_at.eq(facts.synced_at),
            accounts::due_at.eq(facts.due_at),
        ))
        .execute(tx.conn())?;
    for one in &file.files {
        diesel::insert_into(local_sync_files::table)
            .values((
                local_sync_files::smart_account_id.eq(account),
                local_sync_files::sequence.eq(one.sequence),
                local_sync_files::sha256.eq(&one.sha256),
                local_sync_files::way.eq(one.way),
                local_sync_files::devices.eq(one.devices),
                local_sync_files::usages.eq(one.usages),
                local_sync_files::made_at.eq(one.made_at),
                local_sync_files::answered_at.eq(one.answered_at),
            ))
            .execute(tx.conn())?;
    }
    Ok(())
}
