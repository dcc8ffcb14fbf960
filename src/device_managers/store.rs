//! The table of device managers.

use super::model::{DUE_AFTER, Manager, REMOVED_AFTER};
use crate::authz::Within;
use crate::error::Result;
use crate::kernel::ids::{DeviceManagerId, SmartAccountId, VirtualAccountId};
use crate::kernel::looks::Look;
use crate::kernel::{Moment, search_key};
use crate::platform::calendar::{Due, each};
use crate::platform::db::schema::{device_managers as managers, former_manager_keys as former};
use crate::platform::db::{Conn, Reads, Tx};
use diesel::prelude::*;

macro_rules! columns {
    () => {
        (
            managers::id,
            managers::smart_account_id,
            managers::virtual_account_id,
            managers::name,
            managers::public_key,
            managers::answer,
            managers::product_instances,
            managers::places,
            managers::sequence,
            managers::registered_at,
            managers::registrar,
            managers::synced_at,
            managers::due_at,
            managers::waits_since,
            managers::failed_at,
            managers::failure,
            managers::overdue_at,
            managers::removed_at,
            managers::version,
            managers::registration,
        )
    };
}

/// Those of an account that are within reach and not removed, by name.
pub fn all(read: &mut dyn Reads, within: &Within) -> Result<Vec<Manager>> {
    let mut query = managers::table
        .filter(
            managers::smart_account_id
                .eq(within.account()?)
                .and(managers::removed_at.is_null()),
        )
        .into_boxed();
    if let Some(only) = within.only() {
        query = query.filter(managers::virtual_account_id.eq_any(only.to_vec()));
    }
    Ok(query
        .order((managers::name_key.asc(), managers::id.asc()))
        .select(columns!())
        .load(read.conn())?)
}

/// One of an account, removed or not.
pub fn find(read: &mut dyn Reads, account: SmartAccountId, id: DeviceManagerId) -> Result<Option<Manager>> {
    Ok(managers::table
        .filter(managers::id.eq(id).and(managers::smart_account_id.eq(account)))
        .select(columns!())
        .first(read.conn())
        .optional()?)
}

/// One, whose ever it is: a file says from which it comes, and its signature is verified next.
pub fn by_id(read: &mut dyn Reads, id: DeviceManagerId) -> Result<Option<Manager>> {
    Ok(managers::table
        .find(id)
        .select(columns!())
        .first(read.conn())
        .optional()?)
}

/// One, and nobody else changes it until the transaction ends.
pub fn lock(tx: &mut Tx<'_>, id: DeviceManagerId) -> Result<Option<Manager>> {
    let query = managers::table.filter(managers::id.eq(id)).select(columns!());
    Ok(match tx.conn() {
        Conn::Sqlite(c) => query.first(c).optional()?,
        Conn::Postgres(c) => query.for_update().first(c).optional()?,
    })
}

/// Whether a name is taken in an account by another than this one.
pub fn has_name(
    read: &mut dyn Reads,
    account: SmartAccountId,
    name: &str,
    except: Option<DeviceManagerId>,
) -> Result<bool> {
    let all: Vec<(DeviceManagerId, String)> = managers::table
        .filter(
            managers::smart_account_id
                .eq(account)
                .and(managers::removed_at.is_null()),
        )
        .select((managers::id, managers::name))
        .load(read.conn())?;
    let others = all.iter().filter(|(id, _)| Some(*id) != except);
    Ok(Look::of(name)
        .among(others.map(|(_, name)| name.as_str()))
        .is_some())
}

/// Which device managers these Virtual Accounts are bound to.
pub fn bound_to(
    read: &mut dyn Reads,
    account: SmartAccountId,
    places: &[VirtualAccountId],
) -> Result<Vec<(VirtualAccountId, String)>> {
    let mut found = Vec::new();
    for some in places.chunks(400) {
        let rows: Vec<(Option<VirtualAccountId>, String)> = managers::table
            .filter(
                managers::smart_account_id
                    .eq(account)
                    .and(managers::virtual_account_id.eq_any(some.to_vec())),
            )
            .select((managers::virtual_account_id, managers::name))
            .load(read.conn())?;
        found.extend(rows.into_iter().filter_map(|(place, name)| Some((place?, name))));
    }
    Ok(found)
}

/// Which Virtual Accounts of an account, or which of these, are served by an On-Prem server, its name, and when it
/// synchronized last.
pub fn synced(
    read: &mut dyn Reads,
    account: SmartAccountId,
    only: Option<&[VirtualAccountId]>,
) -> Result<Vec<(VirtualAccountId, String, Option<Moment>)>> {
    let mut query = managers::table
        .filter(
            managers::smart_account_id
                .eq(account)
                .and(managers::removed_at.is_null()),
        )
        .into_boxed();
    if let Some(only) = only {
        query = query.filter(managers::virtual_account_id.eq_any(only.to_vec()));
    }
    let rows: Vec<(Option<VirtualAccountId>, String, Option<Moment>)> = query
        .order((managers::name_key.asc(), managers::id.asc()))
        .select((managers::virtual_account_id, managers::name, managers::synced_at))
        .load(read.conn())?;
    Ok(rows
        .into_iter()
        .filter_map(|(place, name, at)| Some((place?, name, at)))
        .collect())
}

/// Which of them, wherever it is, has this key.
pub fn with_key(read: &mut dyn Reads, public_key: &str) -> Result<Option<DeviceManagerId>> {
    Ok(managers::table
        .filter(managers::public_key.eq(public_key))
        .select(managers::id)
        .first(read.conn())
        .optional()?)
}

/// Whether this was the key of an earlier registration, of whichever device manager.
pub fn was_key(read: &mut dyn Reads, public_key: &str) -> Result<bool> {
    let found: i64 = former::table
        .filter(former::public_key.eq(public_key))
        .count()
        .get_result(read.conn())?;
    Ok(found > 0)
}

/// The keys that one had before, and until when.
pub fn former_keys(read: &mut dyn Reads, id: DeviceManagerId) -> Result<Vec<(String, Moment)>> {
    Ok(former::table
        .filter(former::device_manager_id.eq(id.as_str()))
        .order((former::ended_at.desc(), former::public_key.asc()))
        .select((former::public_key, former::ended_at))
        .load(read.conn())?)
}

/// Another registration takes the place of the one that held: its key ends.
pub fn register_again(tx: &mut Tx<'_>, at: Moment, before: &Manager, now: &Manager) -> Result<()> {
    diesel::insert_into(former::table)
        .values((
            former::public_key.eq(&before.public_key),
            former::smart_account_id.eq(before.account.as_str()),
            former::device_manager_id.eq(before.id.as_str()),
            former::ended_at.eq(at),
        ))
        .execute(tx.conn())?;
    diesel::update(managers::table.find(now.id))
        .set((
            managers::public_key.eq(&now.public_key),
            managers::answer.eq(&now.answer),
            managers::registered_at.eq(now.registered_at),
            managers::registrar.eq(short(&now.registrar, 500)),
            managers::registration.eq(now.registration),
        ))
        .execute(tx.conn())?;
    update(tx, now)
}

fn short(text: &str, most: usize) -> String {
    text.chars().take(most).collect()
}

/// Keeps a new one.
pub fn insert(tx: &mut Tx<'_>, one: &Manager) -> Result<()> {
    diesel::insert_into(managers::table)
        .values((
            managers::id.eq(one.id),
            managers::smart_account_id.eq(one.account),
            managers::virtual_account_id.eq(one.place),
            managers::name.eq(&one.name),
            managers::name_key.eq(search_key(&one.name)),
            managers::public_key.eq(&one.public_key),
            managers::answer.eq(&one.answer),
            managers::product_instances.eq(one.product_instances),
            managers::places.eq(&one.places),
            managers::sequence.eq(one.sequence),
            managers::registered_at.eq(one.registered_at),
            managers::registrar.eq(short(&one.registrar, 500)),
            managers::synced_at.eq(one.synced_at),
            managers::due_at.eq(one.due_at),
            managers::waits_since.eq(one.waits_since),
            managers::failed_at.eq(one.failed_at),
            managers::failure.eq(&one.failure),
            managers::overdue_at.eq(one.overdue_at),
            managers::removed_at.eq(one.removed_at),
            managers::removed_by.eq(""),
            managers::version.eq(one.version),
            managers::registration.eq(one.registration),
        ))
        .execute(tx.conn())?;
    Ok(())
}

/// Gives it another name.
pub fn rename(tx: &mut Tx<'_>, id: DeviceManagerId, name: &str) -> Result<()> {
    diesel::update(managers::table.find(id))
        .set((
            managers::name.eq(name),
            managers::name_key.eq(search_key(name)),
            managers::version.eq(managers::version + 1),
        ))
        .execute(tx.conn())?;
    Ok(())
}

/// Everything that synchronizations and the clock change of a locked one.
pub fn update(tx: &mut Tx<'_>, one: &Manager) -> Result<()> {
    diesel::update(managers::table.find(one.id))
        .set((
            managers::product_instances.eq(one.product_instances),
            managers::places.eq(&one.places),
            managers::sequence.eq(one.sequence),
            managers::synced_at.eq(one.synced_at),
            managers::due_at.eq(one.due_at),
            managers::waits_since.eq(one.waits_since),
            managers::failed_at.eq(one.failed_at),
            managers::failure.eq(short(&one.failure, 1000)),
            managers::overdue_at.eq(one.overdue_at),
            managers::version.eq(managers::version + 1),
        ))
        .execute(tx.conn())?;
    Ok(())
}

/// Unbinds a locked one and forgets its key. What it was called stays with it; the name is free.
pub fn remove(tx: &mut Tx<'_>, id: DeviceManagerId, at: Moment, by: &str) -> Result<()> {
    diesel::update(managers::table.find(id))
        .set((
            managers::virtual_account_id.eq(None::<VirtualAccountId>),
            managers::public_key.eq(""),
            managers::answer.eq(""),
            managers::product_instances.eq(0),
            managers::places.eq("[]"),
            managers::waits_since.eq(None::<Moment>),
            managers::removed_at.eq(Some(at)),
            managers::removed_by.eq(short(by, 500)),
            managers::version.eq(managers::version + 1),
        ))
        .execute(tx.conn())?;
    Ok(())
}

/// Those whose time has come by then: all accounts, for the clock.
pub fn due_before(read: &mut dyn Reads, due: Moment, most: i64) -> Result<Vec<Manager>> {
    Ok(managers::table
        .filter(managers::due_at.le(due).and(managers::removed_at.is_null()))
        .order((managers::due_at.asc(), managers::id.asc()))
        .select(columns!())
        .limit(most)
        .load(read.conn())?)
}

/// Those within reach that are late.
pub fn overdue(read: &mut dyn Reads, within: &Within, now: Moment, most: i64) -> Result<Vec<Manager>> {
    let mut query = managers::table
        .filter(
            managers::smart_account_id
                .eq(within.account()?)
                .and(managers::due_at.le(now))
                .and(managers::removed_at.is_null()),
        )
        .into_boxed();
    if let Some(only) = within.only() {
        query = query.filter(managers::virtual_account_id.eq_any(only.to_vec()));
    }
    Ok(query
        .order((managers::due_at.asc(), managers::id.asc()))
        .select(columns!())
        .limit(most)
        .load(read.conn())?)
}

/// The next that are late, or removed because they were late for too long.
pub fn upcoming(read: &mut dyn Reads, after: Moment, most: i64) -> Result<Vec<Due>> {
    let removed_later = REMOVED_AFTER - DUE_AFTER;
    let late: Vec<(Moment, String)> = managers::table
        .filter(
            managers::removed_at
                .is_null()
                .and(managers::overdue_at.is_null())
                .and(managers::due_at.gt(after)),
        )
        .order((managers::due_at.asc(), managers::id.asc()))
        .select((managers::due_at, managers::name))
        .limit(most)
        .load(read.conn())?;
    let gone: Vec<(Moment, String)> = managers::table
        .filter(
            managers::removed_at
                .is_null()
                .and(managers::due_at.gt(after.plus(-removed_later))),
        )
        .order((managers::due_at.asc(), managers::id.asc()))
        .select((managers::due_at, managers::name))
        .limit(most)
        .load(read.conn())?;
    let gone = gone
        .into_iter()
        .map(|(at, name)| (at.plus(removed_later), name))
        .collect();
    Ok(each(
        late,
        "Synchronization overdue",
        "The On-Prem server has not synchronized for 30 days.",
    )
    .chain(each(
        gone,
        "Device manager is removed",
        "The On-Prem server has not synchronized for 90 days.",
    ))
    .collect())
}
