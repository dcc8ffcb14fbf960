//! What synchronization changes of a local account, and the files that were made.

use super::super::model::{AccountState, SyncState};
use crate::error::Result;
use crate::kernel::Moment;
use crate::kernel::ids::SmartAccountId;
use crate::platform::calendar::{Due, each};
use crate::platform::db::schema::{local_accounts as accounts, local_sync_files as files, smart_accounts};
use crate::platform::db::{Reads, Tx};
use diesel::prelude::*;
use std::collections::HashMap;

crate::words! {
    /// How a file travels.
    pub enum Way {
        /// Carried by hand.
        File = "file", "File";
        /// Over the network.
        Network = "network", "Network";
    }
}

/// A synchronization file that was made.
#[derive(Debug, Clone, diesel::Queryable)]
pub struct MadeFile {
    /// Its number in the account.
    pub sequence: i64,
    /// SHA-256 of the whole file, in hexadecimal.
    pub sha256: String,
    /// How it travels.
    pub way: Way,
    /// How many product instances it tells of.
    pub devices: i64,
    /// How many lines of usage.
    pub usages: i64,
    /// When it was made.
    pub made_at: Moment,
    /// When the response to it was applied.
    pub answered_at: Option<Moment>,
}

macro_rules! file_columns {
    () => {
        (
            files::sequence,
            files::sha256,
            files::way,
            files::devices,
            files::usages,
            files::made_at,
            files::answered_at,
        )
    };
}

/// A file of an account by its number.
pub fn file(read: &mut dyn Reads, account: SmartAccountId, sequence: i64) -> Result<Option<MadeFile>> {
    Ok(files::table
        .find((account, sequence))
        .select(file_columns!())
        .first(read.conn())
        .optional()?)
}

/// The files of an account, the newest first.
pub fn files_of(read: &mut dyn Reads, account: SmartAccountId, most: i64) -> Result<Vec<MadeFile>> {
    Ok(files::table
        .filter(files::smart_account_id.eq(account))
        .order(files::sequence.desc())
        .select(file_columns!())
        .limit(most)
        .load(read.conn())?)
}

/// When the last answered file of some accounts was made, by account. One without such a file is left out.
pub fn told_at(read: &mut dyn Reads, ids: &[SmartAccountId]) -> Result<HashMap<SmartAccountId, Moment>> {
    let rows: Vec<(SmartAccountId, Moment)> = files::table
        .inner_join(
            accounts::table.on(accounts::smart_account_id
                .eq(files::smart_account_id)
                .and(accounts::last_response.eq(files::sequence))),
        )
        .filter(files::smart_account_id.eq_any(ids.to_vec()))
        .select((files::smart_account_id, files::made_at))
        .load(read.conn())?;
    Ok(rows.into_iter().collect())
}

/// Keeps a file that was made, if nobody has changed the account since it had this version: false otherwise.
pub fn made(
    tx: &mut Tx<'_>,
    account: SmartAccountId,
    version: i64,
    state: SyncState,
    file: &MadeFile,
) -> Result<bool> {
    let changed = diesel::update(
        accounts::table.filter(
            accounts::smart_account_id
                .eq(account)
                .and(accounts::version.eq(version)),
        ),
    )
    .set((
        accounts::sequence.eq(file.sequence),
        accounts::sync.eq(state),
        accounts::failure.eq(""),
        accounts::version.eq(version + 1),
    ))
    .execute(tx.conn())?;
    if changed == 0 {
        return Ok(false);
    }
    diesel::insert_into(files::table)
        .values((
            files::smart_account_id.eq(account),
            files::sequence.eq(file.sequence),
            files::sha256.eq(&file.sha256),
            files::way.eq(file.way),
            files::devices.eq(file.devices),
            files::usages.eq(file.usages),
            files::made_at.eq(file.made_at),
        ))
        .execute(tx.conn())?;
    Ok(true)
}

/// The response to the file with this number was applied. `state` is kept where a newer file is on its way.
pub fn answered(
    tx: &mut Tx<'_>,
    account: SmartAccountId,
    sequence: i64,
    at: Moment,
    due_at: Moment,
    state: SyncState,
) -> Result<()> {
    diesel::update(files::table.find((account, sequence)))
        .set(files::answered_at.eq(Some(at)))
        .execute(tx.conn())?;
    diesel::update(accounts::table.find(account))
        .set((
            accounts::last_response.eq(sequence),
            accounts::sync.eq(state),
            accounts::failure.eq(""),
            accounts::synced_at.eq(Some(at)),
            accounts::due_at.eq(Some(due_at)),
            accounts::failed_tries.eq(0),
            accounts::version.eq(accounts::version + 1),
        ))
        .execute(tx.conn())?;
    Ok(())
}

/// A try came to nothing; counts it when the schedule began it.
pub fn failed(tx: &mut Tx<'_>, account: SmartAccountId, why: &str, by_schedule: bool) -> Result<()> {
    let why: String = why.chars().take(1_000).collect();
    diesel::update(accounts::table.find(account))
        .set((
            accounts::sync.eq(SyncState::Failed),
            accounts::failure.eq(why),
            accounts::failed_tries.eq(accounts::failed_tries + i32::from(by_schedule)),
            accounts::version.eq(accounts::version + 1),
        ))
        .execute(tx.conn())?;
    Ok(())
}

/// Takes an account for a synchronization over the network, unless somebody has it: false then.
pub fn claim(tx: &mut Tx<'_>, account: SmartAccountId, wall: Moment, until: Moment) -> Result<bool> {
    let free = accounts::syncing_until
        .is_null()
        .or(accounts::syncing_until.lt(Some(wall)));
    let taken = diesel::update(
        accounts::table
            .filter(accounts::smart_account_id.eq(account))
            .filter(free),
    )
    .set(accounts::syncing_until.eq(Some(until)))
    .execute(tx.conn())?;
    Ok(taken == 1)
}

/// Keeps a claim that was given until `before` for longer, or ends it: false when it has been lost to another process.
pub fn renew_claim(
    tx: &mut Tx<'_>,
    account: SmartAccountId,
    before: Moment,
    until: Option<Moment>,
) -> Result<bool> {
    let own = accounts::table
        .filter(accounts::smart_account_id.eq(account))
        .filter(accounts::syncing_until.eq(Some(before)));
    let kept = diesel::update(own)
        .set(accounts::syncing_until.eq(until))
        .execute(tx.conn())?;
    Ok(kept == 1)
}

/// Whether a process synchronizes an account over the network now.
pub fn is_claimed(read: &mut dyn Reads, account: SmartAccountId, wall: Moment) -> Result<bool> {
    let until: Option<Moment> = accounts::table
        .find(account)
        .select(accounts::syncing_until)
        .first(read.conn())?;
    Ok(until.is_some_and(|until| until >= wall))
}

/// Accounts that nobody synchronizes any more, though they are In progress, with their names.
pub fn left_in_progress(read: &mut dyn Reads, wall: Moment) -> Result<Vec<(SmartAccountId, String)>> {
    let over = accounts::syncing_until
        .is_null()
        .or(accounts::syncing_until.lt(Some(wall)));
    Ok(accounts::table
        .inner_join(smart_accounts::table.on(smart_accounts::id.eq(accounts::smart_account_id)))
        .filter(accounts::sync.eq(SyncState::InProgress))
        .filter(over)
        .order(accounts::smart_account_id)
        .select((accounts::smart_account_id, smart_accounts::name))
        .load(read.conn())?)
}

/// The accounts whose turn it is, the longest waiting first.
pub fn due(read: &mut dyn Reads, now: Moment, most: i64) -> Result<Vec<SmartAccountId>> {
    Ok(accounts::table
        .filter(
            accounts::next_run_at
                .le(now)
                .and(accounts::is_scheduled.eq(true))
                .and(accounts::state.eq(AccountState::Active)),
        )
        .order((accounts::next_run_at.asc(), accounts::smart_account_id.asc()))
        .select(accounts::smart_account_id)
        .limit(most)
        .load(read.conn())?)
}

/// The accounts for which the schedule of the server holds and that have no turn yet.
pub fn without_turn(read: &mut dyn Reads, most: i64) -> Result<Vec<SmartAccountId>> {
    Ok(accounts::table
        .filter(
            accounts::next_run_at
                .is_null()
                .and(accounts::is_scheduled.eq(true))
                .and(accounts::state.eq(AccountState::Active)),
        )
        .order(accounts::smart_account_id.asc())
        .select(accounts::smart_account_id)
        .limit(most)
        .load(read.conn())?)
}

/// Sets the next turn of an account, if it was this until now: false when another process was first.
pub fn set_turn(
    tx: &mut Tx<'_>,
    account: SmartAccountId,
    before: Option<Moment>,
    next: Option<Moment>,
) -> Result<bool> {
    let same = accounts::table.filter(accounts::smart_account_id.eq(account));
    let changed = match before {
        Some(before) => diesel::update(same.filter(accounts::next_run_at.eq(before)))
            .set(accounts::next_run_at.eq(next))
            .execute(tx.conn())?,
        None => diesel::update(same.filter(accounts::next_run_at.is_null()))
            .set(accounts::next_run_at.eq(next))
            .execute(tx.conn())?,
    };
    Ok(changed == 1)
}

/// Forgets the turns of all accounts: the schedule was changed.
pub fn forget_turns(tx: &mut Tx<'_>) -> Result<()> {
    diesel::update(accounts::table)
        .set(accounts::next_run_at.eq(None::<Moment>))
        .execute(tx.conn())?;
    Ok(())
}

/// Lets the schedule of the server hold for an account, or not.
pub fn set_scheduled(tx: &mut Tx<'_>, account: SmartAccountId, holds: bool) -> Result<()> {
    diesel::update(accounts::table.find(account))
        .set((
            accounts::is_scheduled.eq(holds),
            accounts::next_run_at.eq(None::<Moment>),
            accounts::failed_tries.eq(0),
            accounts::version.eq(accounts::version + 1),
        ))
        .execute(tx.conn())?;
    Ok(())
}

/// The next accounts whose turn it is by the schedule.
pub fn upcoming(read: &mut dyn Reads, after: Moment, most: i64) -> Result<Vec<Due>> {
    let rows: Vec<(Option<Moment>, String)> = accounts::table
        .inner_join(smart_accounts::table.on(smart_accounts::id.eq(accounts::smart_account_id)))
        .filter(
            accounts::next_run_at
                .gt(after)
                .and(accounts::is_scheduled.eq(true))
                .and(accounts::state.eq(AccountState::Active)),
        )
        .order((accounts::next_run_at.asc(), accounts::smart_account_id.asc()))
        .select((accounts::next_run_at, smart_accounts::name))
        .limit(most)
        .load(read.conn())?;
    let rows = rows
        .into_iter()
        .filter_map(|(at, name)| Some((at?, name)))
        .collect();
    Ok(each(
        rows,
        "Scheduled synchronization",
        "The schedule of the On-Prem server, or another try after one that failed.",
    )
    .collect())
}

/// Files that were made before a time and are followed by one whose response was applied, at most so many: account and
/// number, with a slash between.
pub fn followed_before(read: &mut dyn Reads, before: Moment, most: i64) -> Result<Vec<String>> {
    let rows: Vec<(String, i64)> = files::table
        .inner_join(accounts::table.on(accounts::smart_account_id.eq(files::smart_account_id)))
        .filter(
            files::made_at
                .lt(before)
                .and(files::sequence.lt(accounts::last_response)),
        )
        .select((files::smart_account_id, files::sequence))
        .limit(most)
        .load(read.conn())?;
    Ok(rows
        .into_iter()
        .map(|(account, sequence)| format!("{account}/{sequence}"))
        .collect())
}

/// Removes what is known of such files.
pub fn forget(tx: &mut Tx<'_>, named: &[String]) -> Result<()> {
    for one in named {
        let Some((account, Ok(sequence))) = one
            .split_once('/')
            .map(|(account, number)| (account, number.parse::<i64>()))
        else {
            continue;
        };
        diesel::delete(files::table.find((account, sequence))).execute(tx.conn())?;
    }
    Ok(())
}
