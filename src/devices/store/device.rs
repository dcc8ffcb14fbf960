//! One device, or some that are known by id or UDI: found, locked, written, removed.

use super::uses::forget_usages;
use super::{AT_ONCE, MANY};
use crate::authz::Within;
use crate::devices::model::{Device, Udi, Usage};
use crate::devices::policy;
use crate::devices::policy_state::PolicyState;
use crate::devices::reservation;
use crate::error::Result;
use crate::kernel::ids::{DeviceId, DeviceManagerId, RegistrationTokenId, SmartAccountId, VirtualAccountId};
use crate::kernel::{Moment, search_key};
use crate::platform::db::schema::{device_usage as usages, devices};
use crate::platform::db::{Conn, KeepReady, Reads, Tx};
use diesel::prelude::*;
use diesel::sql_types::{Array, Integer, Nullable, Text, Timestamp};

/// A device, and nobody else changes it until the transaction ends.
pub fn lock(tx: &mut Tx<'_>, id: DeviceId) -> Result<Option<Device>> {
    let query = devices::table.filter(devices::id.eq(id)).select(columns!());
    Ok(match tx.conn() {
        Conn::Sqlite(c) => query.first(c).optional()?,
        Conn::Postgres(c) => query.for_update().first(c).optional()?,
    })
}

/// The same by its UDI.
pub fn lock_udi(tx: &mut Tx<'_>, account: SmartAccountId, udi: &Udi) -> Result<Option<Device>> {
    let query = devices::table
        .filter(
            devices::smart_account_id
                .eq(account)
                .and(devices::udi_key.eq(udi.key())),
        )
        .select(columns!());
    Ok(match tx.conn() {
        Conn::Sqlite(c) => query.first(c).optional()?,
        Conn::Postgres(c) => query.for_update().first(c).optional()?,
    })
}

/// The same for several, in the order of their ids.
pub fn lock_all(tx: &mut Tx<'_>, account: SmartAccountId, ids: &[DeviceId]) -> Result<Vec<Device>> {
    let mut ids = ids.to_vec();
    ids.sort_unstable();
    ids.dedup();
    let mut found = Vec::with_capacity(ids.len());
    for some in ids.chunks(AT_ONCE) {
        let query = devices::table
            .filter(
                devices::smart_account_id
                    .eq(account)
                    .and(devices::id.eq_any(some.to_vec())),
            )
            .order(devices::id.asc())
            .select(columns!());
        let mut rows: Vec<Device> = match tx.conn() {
            Conn::Sqlite(c) => query.load(c)?,
            Conn::Postgres(c) => query.for_update().load(c)?,
        };
        found.append(&mut rows);
    }
    Ok(found)
}

/// The device with this UDI in an account.
pub fn by_udi(read: &mut dyn Reads, account: SmartAccountId, udi: &Udi) -> Result<Option<Device>> {
    Ok(devices::table
        .filter(
            devices::smart_account_id
                .eq(account)
                .and(devices::udi_key.eq(udi.key())),
        )
        .select(columns!())
        .first(read.conn())
        .optional()?)
}

/// The devices with these UDIs in an account, at most some hundred, and nobody else changes them until the transaction ends.
pub fn by_udis(tx: &mut Tx<'_>, account: SmartAccountId, keys: &[String]) -> Result<Vec<Device>> {
    let query = devices::table
        .filter(
            devices::smart_account_id
                .eq(account)
                .and(devices::udi_key.eq_any(keys.to_vec())),
        )
        .order(devices::id.asc())
        .select(columns!());
    Ok(match tx.conn() {
        Conn::Sqlite(c) => query.load(c)?,
        Conn::Postgres(c) => query.for_update().load(c)?,
    })
}

/// A device, whoever asks: its own credential is looked at next.
pub fn by_id(read: &mut dyn Reads, id: DeviceId) -> Result<Option<Device>> {
    Ok(devices::table
        .find(id)
        .select(columns!())
        .first(read.conn())
        .optional()?)
}

/// Some devices within reach, in no particular order.
pub fn these(read: &mut dyn Reads, within: &Within, ids: &[DeviceId]) -> Result<Vec<Device>> {
    let account = within.account()?;
    let mut found = Vec::with_capacity(ids.len());
    for some in ids.chunks(AT_ONCE) {
        let mut query = devices::table
            .filter(
                devices::smart_account_id
                    .eq(account)
                    .and(devices::id.eq_any(some.to_vec())),
            )
            .into_boxed();
        if let Some(only) = within.only() {
            query = query.filter(devices::virtual_account_id.eq_any(only.to_vec()));
        }
        let mut rows: Vec<Device> = query.select(columns!()).load(read.conn())?;
        found.append(&mut rows);
    }
    Ok(found)
}

/// What is searched and sorted by.
struct Keys {
    udi: String,
    name: String,
    search: String,
}

impl Keys {
    fn of(udi: &Udi, hostname: &str, product: &str) -> Self {
        let name = if hostname.is_empty() {
            udi.to_string()
        } else {
            hostname.to_owned()
        };
        let short = |text: String, most: usize| text.chars().take(most).collect::<String>();
        Self {
            udi: short(udi.key(), 250),
            name: short(search_key(&name), 550),
            search: short(
                search_key(&format!("{hostname} {} {} {product}", udi.pid, udi.serial)),
                1200,
            ),
        }
    }
}

/// A device as a row: the same for one that has just come and for many that are there already.
macro_rules! row {
    ($device:expr) => {{
        let device: &Device = $device;
        let keys = Keys::of(&device.udi(), &device.hostname, &device.product);
        (
            devices::id.eq(device.id),
            devices::smart_account_id.eq(device.account),
            devices::virtual_account_id.eq(device.virtual_account),
            devices::device_manager_id.eq(device.manager),
            devices::udi_pid.eq(device.pid.as_str()),
            devices::udi_serial.eq(device.serial.as_str()),
            devices::udi_key.eq(keys.udi),
            devices::hostname.eq(device.hostname.as_str()),
            devices::name_key.eq(keys.name),
            devices::search_key.eq(keys.search),
            devices::product.eq(device.product.as_str()),
            devices::software.eq(device.software.as_str()),
            devices::standing.eq(device.standing),
            devices::is_reserved.eq(device.is_reserved),
            devices::export_controlled.eq(device.export_controlled),
            devices::secret_hash.eq(device.secret_hash.as_str()),
            devices::token_id.eq(device.token),
            devices::licenses.eq(device.licenses),
            devices::registered_at.eq(device.registered_at),
            devices::renewed_at.eq(device.renewed_at),
            devices::contact_at.eq(device.contact_at),
            devices::reported_at.eq(device.reported_at),
            devices::version.eq(device.version),
            devices::local_virtual_account.eq(device.local_place.as_str()),
            devices::policy_state.eq(device.policy),
            devices::report_by.eq(device.report_by),
            devices::report_key.eq(device.report_key.as_str()),
        )
    }};
}

/// A device that has just come. When another of the same UDI came first, the transaction runs again and finds it.
pub fn insert(tx: &mut Tx<'_>, device: &Device) -> Result<()> {
    diesel::insert_into(devices::table)
        .values(row!(device))
        .execute(tx.conn())?;
    Ok(())
}

/// Many devices that are there already, with what they use.
pub fn insert_many(tx: &mut Tx<'_>, placed: &[(Device, Vec<Usage>)]) -> Result<()> {
    for some in placed.chunks(AT_ONCE) {
        let rows: Vec<_> = some.iter().map(|(device, _)| row!(device)).collect();
        crate::put_many!(tx, devices::table, &rows);
        if some.len() == AT_ONCE {
            tx.plan_anew()?;
        }
        let rows: Vec<_> = some
            .iter()
            .flat_map(|(device, usages)| usages.iter().map(move |one| usage_row!(device, one)))
            .collect();
        crate::put_many!(tx, usages::table, &rows);
    }
    Ok(())
}

/// What a call changes of a device.
macro_rules! by_calls {
    ($device:expr) => {{
        let device: &Device = $device;
        (
            devices::standing.eq(device.standing),
            devices::licenses.eq(device.licenses),
            devices::renewed_at.eq(device.renewed_at),
            devices::contact_at.eq(device.contact_at),
            devices::reported_at.eq(device.reported_at),
            devices::policy_state.eq(device.policy),
            devices::report_by.eq(device.report_by),
            devices::report_key.eq(&device.report_key),
            devices::version.eq(devices::version + 1),
        )
    }};
}

/// Everything that can change of a locked device, except its UDI.
pub fn update(tx: &mut Tx<'_>, device: &Device) -> Result<()> {
    let keys = Keys::of(&device.udi(), &device.hostname, &device.product);
    diesel::update(devices::table.find(device.id))
        .set((
            (
                devices::virtual_account_id.eq(device.virtual_account),
                devices::hostname.eq(&device.hostname),
                devices::name_key.eq(keys.name),
                devices::search_key.eq(keys.search),
                devices::product.eq(&device.product),
                devices::software.eq(&device.software),
                devices::is_reserved.eq(device.is_reserved),
                devices::export_controlled.eq(device.export_controlled),
                devices::secret_hash.eq(&device.secret_hash),
                devices::token_id.eq(device.token),
                devices::registered_at.eq(device.registered_at),
                devices::local_virtual_account.eq(&device.local_place),
            ),
            by_calls!(device),
        ))
        .kept_ready()
        .execute(tx.conn())?;
    Ok(())
}

/// What a call changes of a locked device, and nothing that an index of names has to hear of.
pub fn touch(tx: &mut Tx<'_>, device: &Device) -> Result<()> {
    diesel::update(devices::table.find(device.id))
        .set(by_calls!(device))
        .kept_ready()
        .execute(tx.conn())?;
    Ok(())
}

/// The same of many.
pub fn touch_all(tx: &mut Tx<'_>, all: &[&Device]) -> Result<()> {
    if let Conn::Sqlite(_) = tx.conn() {
        // Nothing lies between a statement and its answer.
        return all.iter().try_for_each(|device| touch(tx, device));
    }
    for some in all.chunks(MANY) {
        touch_some(tx, some)?;
    }
    Ok(())
}

fn touch_some(tx: &mut Tx<'_>, some: &[&Device]) -> Result<()> {
    macro_rules! each {
        ($of:expr) => {
            some.iter().map($of).collect::<Vec<_>>()
        };
    }
    let Conn::Postgres(c) = tx.conn() else {
        return Ok(());
    };
    diesel::sql_query(
        "UPDATE devices d SET standing = j.standing, licenses = j.licenses, renewed_at = j.renewed_at,
         contact_at = j.contact_at, reported_at = j.reported_at, policy_state = j.policy_state, report_by = j.report_by,
         report_key = j.report_key, version = d.version + 1
         FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9)
         AS j (id, standing, licenses, renewed_at, contact_at, reported_at, policy_state, report_by, report_key)
         WHERE d.id = j.id COLLATE \"C\"",
    )
    .bind::<Array<Text>, _>(each!(|device| device.id))
    .bind::<Array<Text>, _>(each!(|device| device.standing))
    .bind::<Array<Integer>, _>(each!(|device| device.licenses))
    .bind::<Array<Timestamp>, _>(each!(|device| device.renewed_at))
    .bind::<Array<Timestamp>, _>(each!(|device| device.contact_at))
    .bind::<Array<Nullable<Timestamp>>, _>(each!(|device| device.reported_at))
    .bind::<Array<Nullable<Text>>, _>(each!(|device| device.policy))
    .bind::<Array<Nullable<Timestamp>>, _>(each!(|device| device.report_by))
    .bind::<Array<Text>, _>(each!(|device| device.report_key.as_str()))
    .execute(c)?;
    Ok(())
}

/// What some of these locked devices reported by policy was acknowledged.
pub fn acknowledged(tx: &mut Tx<'_>, ids: &[DeviceId]) -> Result<()> {
    let before = policy::LIFECYCLE.before(PolicyState::Acknowledged);
    let before: Vec<Option<PolicyState>> = before.into_iter().map(Some).collect();
    for some in ids.chunks(AT_ONCE) {
        let reported = devices::table.filter(
            devices::id
                .eq_any(some.to_vec())
                .and(devices::policy_state.eq_any(before.clone())),
        );
        diesel::update(reported)
            .set((
                devices::policy_state.eq(Some(PolicyState::Acknowledged)),
                devices::version.eq(devices::version + 1),
            ))
            .execute(tx.conn())?;
    }
    Ok(())
}

/// Puts locked devices, with what they use, into another Virtual Account.
pub fn put_into(tx: &mut Tx<'_>, ids: &[DeviceId], place: VirtualAccountId) -> Result<()> {
    for some in ids.chunks(AT_ONCE) {
        diesel::update(devices::table.filter(devices::id.eq_any(some.to_vec())))
            .set((
                devices::virtual_account_id.eq(place),
                devices::version.eq(devices::version + 1),
            ))
            .execute(tx.conn())?;
        diesel::update(usages::table.filter(usages::device_id.eq_any(some.to_vec())))
            .set(usages::virtual_account_id.eq(place))
            .execute(tx.conn())?;
    }
    Ok(())
}

/// Removes locked devices with what they use.
pub fn delete(tx: &mut Tx<'_>, ids: &[DeviceId]) -> Result<()> {
    forget_usages(tx, ids)?;
    policy::on_prem::forget(tx, ids)?;
    reservation::on_prem::forget(tx, ids)?;
    for some in ids.chunks(AT_ONCE) {
        diesel::delete(devices::table.filter(devices::id.eq_any(some.to_vec()))).execute(tx.conn())?;
    }
    Ok(())
}

/// A page of the devices of an On-Prem server, in the order of their UDIs, from beyond this one.
pub fn of_manager(
    read: &mut dyn Reads,
    account: SmartAccountId,
    manager: DeviceManagerId,
    beyond: &str,
    limit: i64,
) -> Result<Vec<Device>> {
    Ok(devices::table
        .filter(
            devices::device_manager_id
                .eq(manager)
                .and(devices::udi_key.gt(beyond))
                .and(devices::smart_account_id.eq(account)),
        )
        .order(devices::udi_key.asc())
        .select(columns!())
        .limit(limit)
        .load(read.conn())?)
}

/// A page of those that report by policy and use something, in the order of their UDIs, from beyond this one.
pub fn using_by_policy(
    read: &mut dyn Reads,
    account: SmartAccountId,
    manager: DeviceManagerId,
    beyond: &str,
) -> Result<Vec<Device>> {
    Ok(devices::table
        .filter(
            devices::device_manager_id
                .eq(manager)
                .and(devices::udi_key.gt(beyond))
                .and(devices::smart_account_id.eq(account))
                .and(devices::policy_state.is_not_null())
                .and(devices::licenses.gt(0)),
        )
        .order(devices::udi_key.asc())
        .select(columns!())
        .limit(1_000)
        .load(read.conn())?)
}

/// Which of these UDIs belong to somebody else in the account: to no On-Prem server, or to another one. The first of them.
pub fn elsewhere(
    read: &mut dyn Reads,
    account: SmartAccountId,
    manager: DeviceManagerId,
    keys: &[String],
) -> Result<Option<Device>> {
    for some in keys.chunks(AT_ONCE) {
        let found = devices::table
            .filter(
                devices::smart_account_id
                    .eq(account)
                    .and(devices::udi_key.eq_any(some.to_vec()))
                    .and(
                        devices::device_manager_id
                            .is_null()
                            .or(devices::device_manager_id.ne(manager)),
                    ),
            )
            .order(devices::udi_key.asc())
            .select(columns!())
            .first(read.conn())
            .optional()?;
        if found.is_some() {
            return Ok(found);
        }
    }
    Ok(None)
}

/// Nothing but when each of these was last heard of. For SQLite a statement that it knows already is the quickest;
/// PostgreSQL is told of all of them at once.
pub fn heard_of(tx: &mut Tx<'_>, some: &[(DeviceId, Moment)]) -> Result<()> {
    match tx.conn() {
        Conn::Sqlite(c) => {
            for (id, at) in some {
                diesel::update(devices::table.find(id))
                    .set(devices::contact_at.eq(at))
                    .kept_ready()
                    .execute(c)?;
            }
        }
        Conn::Postgres(c) => {
            let (ids, times): (Vec<DeviceId>, Vec<Moment>) = some.iter().copied().unzip();
            diesel::sql_query(
                "UPDATE devices d SET contact_at = h.at FROM unnest($1, $2) AS h (id, at) WHERE d.id = h.id COLLATE \"C\"",
            )
            .bind::<Array<Text>, _>(ids)
            .bind::<Array<Timestamp>, _>(times)
            .execute(c)?;
        }
    }
    Ok(())
}

/// A page of the product instances of a tenant, in the order of their UDIs, from beyond this one.
pub fn of_account(
    read: &mut dyn Reads,
    account: SmartAccountId,
    beyond: &str,
    limit: i64,
) -> Result<Vec<Device>> {
    Ok(devices::table
        .filter(
            devices::smart_account_id
                .eq(account)
                .and(devices::udi_key.gt(beyond)),
        )
        .order(devices::udi_key.asc())
        .select(columns!())
        .limit(limit)
        .load(read.conn())?)
}

/// Devices that came with a token.
pub fn with_token(read: &mut dyn Reads, account: SmartAccountId, token: RegistrationTokenId) -> Result<u64> {
    let found: i64 = devices::table
        .filter(
            devices::smart_account_id
                .eq(account)
                .and(devices::token_id.eq(token)),
        )
        .count()
        .get_result(read.conn())?;
    Ok(u64::try_from(found).unwrap_or_default())
}
