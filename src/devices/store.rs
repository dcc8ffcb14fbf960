//! The statements of product instances.

use super::model::{Device, EXPIRES_AFTER, RELEASED_AFTER, SILENT_AFTER, Standing, Udi, Usage};
use super::policy::{self, PolicyState};
use crate::authz::Within;
use crate::error::Result;
use crate::kernel::ids::{DeviceId, DeviceManagerId, RegistrationTokenId, SmartAccountId, VirtualAccountId};
use crate::kernel::{Moment, search_key};
use crate::platform::calendar::{Due, each};
use crate::platform::db::schema::{device_tallies as tallies, device_usage as usages, devices};
use crate::platform::db::trigrams::{self, Indexed};
use crate::platform::db::{Conn, Reads, Tx, one_of};
use crate::platform::token::random_bytes;
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use std::collections::BTreeMap;

/// Over how many rows a number that many add to is spread, so that two seldom meet on one.
const SHARDS: u8 = 8;
/// So many rows are sorted for a page of them rather than looked for by name.
const SORTED_AT_MOST: u64 = 2_000;
/// So many ids stand in one statement.
const AT_ONCE: usize = 400;

macro_rules! columns {
    () => {
        (
            devices::id,
            devices::smart_account_id,
            devices::virtual_account_id,
            devices::device_manager_id,
            devices::udi_pid,
            devices::udi_serial,
            devices::hostname,
            devices::product,
            devices::software,
            devices::standing,
            devices::is_reserved,
            devices::export_controlled,
            devices::secret_hash,
            devices::token_id,
            devices::licenses,
            devices::registered_at,
            devices::renewed_at,
            devices::contact_at,
            devices::reported_at,
            devices::version,
            devices::local_virtual_account,
            devices::policy_state,
            devices::report_by,
            devices::report_key,
        )
    };
}

// One device -------------------------------------------------------------------------------------------------

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
            ),
            (
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
            ),
        )
    }};
}

/// What a device uses, as a row.
macro_rules! usage_row {
    ($device:expr, $usage:expr) => {{
        let (device, usage): (&Device, &Usage) = ($device, $usage);
        (
            usages::device_id.eq(device.id),
            usages::smart_account_id.eq(device.account),
            usages::virtual_account_id.eq(device.virtual_account),
            usages::entitlement.eq(usage.entitlement.as_str()),
            usages::quantity.eq(usage.quantity),
            usages::reserved.eq(usage.reserved),
            usages::since.eq(usage.since),
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
        // The common connection takes one row at a time; its variants take many.
        match tx.conn() {
            Conn::Sqlite(c) => diesel::insert_into(devices::table).values(&rows).execute(c)?,
            Conn::Postgres(c) => diesel::insert_into(devices::table).values(&rows).execute(c)?,
        };
        if some.len() == AT_ONCE {
            tx.plan_anew()?;
        }
        let rows: Vec<_> = some
            .iter()
            .flat_map(|(device, usages)| usages.iter().map(move |one| usage_row!(device, one)))
            .collect();
        for rows in rows.chunks(2_000) {
            match tx.conn() {
                Conn::Sqlite(c) => diesel::insert_into(usages::table).values(rows).execute(c)?,
                Conn::Postgres(c) => diesel::insert_into(usages::table).values(rows).execute(c)?,
            };
        }
    }
    Ok(())
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
            ),
        ))
        .execute(tx.conn())?;
    Ok(())
}

/// What a call changes of a locked device, and nothing that an index of names has to hear of.
pub fn touch(tx: &mut Tx<'_>, device: &Device) -> Result<()> {
    diesel::update(devices::table.find(device.id))
        .set((
            devices::standing.eq(device.standing),
            devices::licenses.eq(device.licenses),
            devices::renewed_at.eq(device.renewed_at),
            devices::contact_at.eq(device.contact_at),
            devices::reported_at.eq(device.reported_at),
            devices::policy_state.eq(device.policy),
            devices::report_by.eq(device.report_by),
            devices::report_key.eq(&device.report_key),
            devices::version.eq(devices::version + 1),
        ))
        .execute(tx.conn())?;
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
    for some in ids.chunks(AT_ONCE) {
        diesel::delete(devices::table.filter(devices::id.eq_any(some.to_vec()))).execute(tx.conn())?;
    }
    Ok(())
}

// What it uses -----------------------------------------------------------------------------------------------

/// What a device uses, by entitlement.
pub fn usages_of(read: &mut dyn Reads, id: DeviceId) -> Result<Vec<Usage>> {
    Ok(usages::table
        .filter(usages::device_id.eq(id))
        .order(usages::entitlement.asc())
        .select((
            usages::entitlement,
            usages::quantity,
            usages::reserved,
            usages::since,
        ))
        .load(read.conn())?)
}

/// What some devices use.
pub fn usages_of_all(
    read: &mut dyn Reads,
    account: SmartAccountId,
    ids: &[DeviceId],
) -> Result<BTreeMap<DeviceId, Vec<Usage>>> {
    let mut found: BTreeMap<DeviceId, Vec<Usage>> = BTreeMap::new();
    for some in ids.chunks(AT_ONCE) {
        let rows: Vec<(DeviceId, Usage)> = usages::table
            .filter(one_of(usages::device_id, some.to_vec()).and(usages::smart_account_id.eq(account)))
            .order((usages::device_id.asc(), usages::entitlement.asc()))
            .select((
                usages::device_id,
                (
                    usages::entitlement,
                    usages::quantity,
                    usages::reserved,
                    usages::since,
                ),
            ))
            .load(read.conn())?;
        for (id, usage) in rows {
            found.entry(id).or_default().push(usage);
        }
    }
    Ok(found)
}

/// Puts what a locked device uses in place of what it used.
pub fn replace_usages(tx: &mut Tx<'_>, device: &Device, before: &[Usage], after: &[Usage]) -> Result<()> {
    let gone: Vec<String> = before
        .iter()
        .filter(|was| !after.iter().any(|is| is.entitlement == was.entitlement))
        .map(|was| was.entitlement.clone())
        .collect();
    if !gone.is_empty() {
        diesel::delete(
            usages::table.filter(
                usages::device_id
                    .eq(device.id)
                    .and(usages::entitlement.eq_any(gone)),
            ),
        )
        .execute(tx.conn())?;
    }
    let mut new = Vec::new();
    for is in after {
        match before.iter().find(|was| was.entitlement == is.entitlement) {
            Some(was) if was == is => {}
            Some(_) => {
                diesel::update(usages::table.find((device.id, &is.entitlement)))
                    .set((
                        usages::quantity.eq(is.quantity),
                        usages::reserved.eq(is.reserved),
                        usages::since.eq(is.since),
                    ))
                    .execute(tx.conn())?;
            }
            None => new.push(usage_row!(device, is)),
        }
    }
    if !new.is_empty() {
        // The common connection takes one row at a time; its variants take many.
        match tx.conn() {
            Conn::Sqlite(c) => diesel::insert_into(usages::table).values(&new).execute(c)?,
            Conn::Postgres(c) => diesel::insert_into(usages::table).values(&new).execute(c)?,
        };
    }
    Ok(())
}

/// Forgets what locked devices use.
pub fn forget_usages(tx: &mut Tx<'_>, ids: &[DeviceId]) -> Result<()> {
    for some in ids.chunks(AT_ONCE) {
        diesel::delete(usages::table.filter(usages::device_id.eq_any(some.to_vec()))).execute(tx.conn())?;
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

/// Nothing but when it was last heard of.
pub fn heard_of(tx: &mut Tx<'_>, id: DeviceId, at: Moment) -> Result<()> {
    diesel::update(devices::table.find(id))
        .set(devices::contact_at.eq(at))
        .execute(tx.conn())?;
    Ok(())
}

/// Who uses a license in a Virtual Account: the most first.
pub fn users_of(
    read: &mut dyn Reads,
    within: &Within,
    place: VirtualAccountId,
    entitlement: &str,
    limit: i64,
    offset: i64,
) -> Result<(Vec<(DeviceId, Usage)>, u64)> {
    let account = within.account()?;
    if !within.covers(place) {
        return Ok((Vec::new(), 0));
    }
    macro_rules! asked {
        () => {
            usages::table.filter(
                usages::smart_account_id
                    .eq(account)
                    .and(usages::virtual_account_id.eq(place))
                    .and(usages::entitlement.eq(entitlement)),
            )
        };
    }
    let total: i64 = asked!().count().get_result(read.conn())?;
    let rows = asked!()
        .order((usages::quantity.desc(), usages::device_id.asc()))
        .select((
            usages::device_id,
            (
                usages::entitlement,
                usages::quantity,
                usages::reserved,
                usages::since,
            ),
        ))
        .limit(limit)
        .offset(offset)
        .load(read.conn())?;
    Ok((rows, u64::try_from(total).unwrap_or_default()))
}

// How many ---------------------------------------------------------------------------------------------------

/// Adds to how many devices of a standing there are in a Virtual Account.
pub fn tally(
    tx: &mut Tx<'_>,
    account: SmartAccountId,
    place: VirtualAccountId,
    standing: Standing,
    by: i64,
) -> Result<()> {
    if by == 0 {
        return Ok(());
    }
    let [dice] = random_bytes::<1>();
    let shard = i32::from(dice % SHARDS);
    let row = tallies::table.find((account, place, standing, shard));
    let counted = diesel::update(row)
        .set(tallies::devices.eq(tallies::devices + by))
        .execute(tx.conn())?;
    if counted == 0 {
        diesel::insert_into(tallies::table)
            .values((
                tallies::smart_account_id.eq(account),
                tallies::virtual_account_id.eq(place),
                tallies::standing.eq(standing),
                tallies::shard.eq(shard),
                tallies::devices.eq(by),
            ))
            .execute(tx.conn())?;
    }
    Ok(())
}

/// Forgets the numbers of a Virtual Account that is deleted: they are 0.
pub fn forget_tallies(tx: &mut Tx<'_>, account: SmartAccountId, place: VirtualAccountId) -> Result<()> {
    diesel::delete(
        tallies::table.filter(
            tallies::smart_account_id
                .eq(account)
                .and(tallies::virtual_account_id.eq(place)),
        ),
    )
    .execute(tx.conn())?;
    Ok(())
}

/// How many devices of each standing there are in each of these Virtual Accounts, or in all.
pub fn tallied(
    read: &mut dyn Reads,
    account: SmartAccountId,
    places: Option<&[VirtualAccountId]>,
) -> Result<Vec<(VirtualAccountId, Standing, i64)>> {
    let mut query = tallies::table
        .filter(tallies::smart_account_id.eq(account))
        .into_boxed();
    if let Some(places) = places {
        query = query.filter(tallies::virtual_account_id.eq_any(places.to_vec()));
    }
    let rows: Vec<(VirtualAccountId, Standing, i64)> = query
        .select((tallies::virtual_account_id, tallies::standing, tallies::devices))
        .load(read.conn())?;
    let mut sums: BTreeMap<(VirtualAccountId, Standing), i64> = BTreeMap::new();
    for (place, standing, by) in rows {
        *sums.entry((place, standing)).or_default() += by;
    }
    Ok(sums
        .into_iter()
        .filter(|(_, sum)| *sum != 0)
        .map(|((place, standing), sum)| (place, standing, sum))
        .collect())
}

/// How many product instances some tenants have, by tenant and standing.
pub fn totals(
    read: &mut dyn Reads,
    accounts: &[SmartAccountId],
) -> Result<BTreeMap<(SmartAccountId, Standing), i64>> {
    let rows: Vec<(SmartAccountId, Standing, i64)> = tallies::table
        .filter(tallies::smart_account_id.eq_any(accounts.to_vec()))
        .select((tallies::smart_account_id, tallies::standing, tallies::devices))
        .load(read.conn())?;
    let mut sums = BTreeMap::new();
    for (account, standing, by) in rows {
        *sums.entry((account, standing)).or_default() += by;
    }
    Ok(sums)
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

// Lists ------------------------------------------------------------------------------------------------------

/// What a list of devices is narrowed to.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Typed into the search.
    pub typed: String,
    /// Any of these; all when empty.
    pub places: Vec<VirtualAccountId>,
    /// Any of these; all when empty.
    pub standings: Vec<Standing>,
    /// Any of these; all when empty.
    pub products: Vec<String>,
    /// Those that report by policy alone, or the others alone.
    pub by_policy: Option<bool>,
    /// Any of these; all when empty.
    pub policy_states: Vec<PolicyState>,
}

impl Filter {
    /// The Virtual Accounts that are asked for and within reach; none for all of them.
    fn places_within(&self, within: &Within) -> Option<Vec<VirtualAccountId>> {
        match within.only() {
            None if self.places.is_empty() => None,
            Some(only) if self.places.is_empty() => Some(only.to_vec()),
            _ => Some(
                self.places
                    .iter()
                    .filter(|place| within.covers(**place))
                    .copied()
                    .collect(),
            ),
        }
    }
    fn is_counted(&self) -> bool {
        self.typed.is_empty()
            && self.products.is_empty()
            && self.by_policy.is_none()
            && self.policy_states.is_empty()
    }
}

/// By what a list is sorted; the name and the id settle equals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sort {
    Name,
    Product,
    Contact,
    Standing,
}

/// What lies within reach and is asked for. One value alone is compared and not looked up in a list: then an index
/// has the rows in order.
macro_rules! asked {
    ($within:expr, $filter:expr, $few:expr) => {{
        let (within, filter): (&Within, &Filter) = ($within, $filter);
        let mut query = devices::table
            .filter(devices::smart_account_id.eq(within.account()?))
            .into_boxed();
        match filter.places_within(within).as_deref() {
            None => {}
            Some([one]) => query = query.filter(devices::virtual_account_id.eq(*one)),
            Some(some) => query = query.filter(devices::virtual_account_id.eq_any(some.to_vec())),
        }
        if let Some(found) = crate::found!(devices::table, &filter.typed, devices::search_key) {
            query = query.filter(found);
        }
        if let Some(few) = $few {
            query = query.filter(few.among(devices::id));
        }
        match filter.standings.as_slice() {
            [] => {}
            [one] => query = query.filter(devices::standing.eq(*one)),
            some => query = query.filter(devices::standing.eq_any(some.to_vec())),
        }
        match filter.products.as_slice() {
            [] => {}
            [one] => query = query.filter(devices::product.eq(one.clone())),
            some => query = query.filter(devices::product.eq_any(some.to_vec())),
        }
        match filter.by_policy {
            None => {}
            Some(true) => query = query.filter(devices::policy_state.is_not_null()),
            Some(false) => query = query.filter(devices::policy_state.is_null()),
        }
        if !filter.policy_states.is_empty() {
            let some: Vec<Option<PolicyState>> = filter.policy_states.iter().copied().map(Some).collect();
            query = query.filter(devices::policy_state.eq_any(some));
        }
        query
    }};
}

/// What the index of trigrams knows of the words that are looked for.
fn few(read: &mut dyn Reads, within: &Within, filter: &Filter) -> Result<Option<trigrams::Few>> {
    if filter.typed.is_empty() {
        return Ok(None);
    }
    trigrams::few(read, Indexed::Devices, within.account()?, &filter.typed)
}

/// How many match. Without words and products it is a sum of what is counted with each change.
pub fn count(read: &mut dyn Reads, within: &Within, filter: &Filter) -> Result<u64> {
    let found: i64 = if filter.is_counted() {
        let mut query = tallies::table
            .filter(tallies::smart_account_id.eq(within.account()?))
            .into_boxed();
        if let Some(places) = filter.places_within(within) {
            query = query.filter(tallies::virtual_account_id.eq_any(places));
        }
        if !filter.standings.is_empty() {
            query = query.filter(tallies::standing.eq_any(filter.standings.clone()));
        }
        query
            .select(sql::<BigInt>("CAST(COALESCE(SUM(devices), 0) AS BIGINT)"))
            .get_result(read.conn())?
    } else {
        let few = few(read, within, filter)?;
        asked!(within, filter, &few).count().get_result(read.conn())?
    };
    Ok(u64::try_from(found).unwrap_or_default())
}

/// A page of those that are asked for; `total` is how many there are, where that is known.
pub fn page(
    read: &mut dyn Reads,
    within: &Within,
    filter: &Filter,
    (sort, descending): (Sort, bool),
    total: Option<u64>,
    limit: i64,
    offset: i64,
) -> Result<Vec<Device>> {
    if total == Some(0) {
        return Ok(Vec::new());
    }
    // The last pages are read from the end, where they are the first.
    if let Some(left) = total
        .and_then(|total| i64::try_from(total).ok())
        .map(|total| total - offset)
        && left > 0
        && left < offset
    {
        let few = limit.min(left);
        let mut rows = page(read, within, filter, (sort, !descending), None, few, left - few)?;
        rows.reverse();
        return Ok(rows);
    }
    let (name, id) = (devices::name_key, devices::id);
    let few = few(read, within, filter)?;
    let query = asked!(within, filter, &few).select(columns!());
    // Few of many are found by their standings or words and sorted; by the index of names all the others would be passed
    // by. One standing alone has an index of names.
    if sort == Sort::Name
        && (filter.standings.len() > 1 || !filter.typed.trim().is_empty())
        && total.is_some_and(|total| total <= SORTED_AT_MOST)
    {
        let sorted = name.concat("");
        let query = if descending {
            query.order((sorted.desc(), id.desc()))
        } else {
            query.order((sorted.asc(), id.asc()))
        };
        return Ok(query.limit(limit).offset(offset).load(read.conn())?);
    }
    let query = match (sort, descending) {
        (Sort::Name, false) => query.order((name.asc(), id.asc())),
        (Sort::Name, true) => query.order((name.desc(), id.desc())),
        (Sort::Product, false) => query.order((devices::product.asc(), name.asc(), id.asc())),
        (Sort::Product, true) => query.order((devices::product.desc(), name.desc(), id.desc())),
        (Sort::Contact, false) => query.order((devices::contact_at.asc(), id.asc())),
        (Sort::Contact, true) => query.order((devices::contact_at.desc(), id.desc())),
        (Sort::Standing, false) => {
            query.order((devices::standing.asc(), devices::contact_at.asc(), id.asc()))
        }
        (Sort::Standing, true) => {
            query.order((devices::standing.desc(), devices::contact_at.desc(), id.desc()))
        }
    };
    Ok(query.limit(limit).offset(offset).load(read.conn())?)
}

/// The kinds of products that there are, from one to the next by the index: there are few, whatever the number of
/// devices. More than `most` make no useful filter.
pub fn products(read: &mut dyn Reads, account: SmartAccountId, most: usize) -> Result<Vec<String>> {
    let mut found: Vec<String> = Vec::new();
    while found.len() <= most {
        let mut query = devices::table
            .filter(devices::smart_account_id.eq(account))
            .into_boxed();
        if let Some(last) = found.last() {
            query = query.filter(devices::product.gt(last.clone()));
        }
        let next: Option<String> = query
            .order(devices::product.asc())
            .select(devices::product)
            .first(read.conn())
            .optional()?;
        match next {
            Some(next) => found.push(next),
            None => break,
        }
    }
    Ok(found)
}

// The clock --------------------------------------------------------------------------------------------------

/// Devices that call here themselves, in one of these standings, of which nothing was heard since.
pub fn unheard_since(
    read: &mut dyn Reads,
    standings: &[Standing],
    since: Moment,
    most: i64,
) -> Result<Vec<(SmartAccountId, DeviceId)>> {
    let mut found = Vec::new();
    for standing in standings {
        let mut rows: Vec<(SmartAccountId, DeviceId)> = devices::table
            .filter(
                devices::standing
                    .eq(*standing)
                    .and(devices::contact_at.le(since))
                    .and(devices::is_reserved.eq(false))
                    .and(devices::policy_state.is_null())
                    .and(devices::device_manager_id.is_null()),
            )
            .order((devices::contact_at.asc(), devices::id.asc()))
            .select((devices::smart_account_id, devices::id))
            .limit(most)
            .load(read.conn())?;
        found.append(&mut rows);
    }
    Ok(found)
}

/// Devices whose certificate is older.
pub fn not_renewed_since(
    read: &mut dyn Reads,
    since: Moment,
    most: i64,
) -> Result<Vec<(SmartAccountId, DeviceId)>> {
    Ok(devices::table
        .filter(
            devices::renewed_at
                .le(since)
                .and(devices::is_reserved.eq(false))
                .and(devices::policy_state.is_null())
                .and(devices::device_manager_id.is_null()),
        )
        .order((devices::renewed_at.asc(), devices::id.asc()))
        .select((devices::smart_account_id, devices::id))
        .limit(most)
        .load(read.conn())?)
}

/// Devices of a Smart Account that need somebody: those that are silent or released, and those that call with a
/// certificate that was not renewed since. Each has an index.
pub fn troubled(
    read: &mut dyn Reads,
    within: &Within,
    renewed_before: Moment,
    limit: i64,
) -> Result<Vec<Device>> {
    macro_rules! own {
        () => {{
            let mut query = devices::table
                .filter(
                    devices::smart_account_id
                        .eq(within.account()?)
                        .and(devices::device_manager_id.is_null())
                        .and(devices::policy_state.is_null())
                        .and(devices::is_reserved.eq(false)),
                )
                .select(columns!())
                .limit(limit)
                .into_boxed();
            if let Some(only) = within.only() {
                query = query.filter(devices::virtual_account_id.eq_any(only.to_vec()));
            }
            query
        }};
    }
    let mut found: Vec<Device> = Vec::new();
    for standing in [Standing::Released, Standing::Silent] {
        let mut rows: Vec<Device> = own!()
            .filter(devices::standing.eq(standing))
            .order((devices::contact_at.asc(), devices::id.asc()))
            .load(read.conn())?;
        found.append(&mut rows);
    }
    let mut rows: Vec<Device> = own!()
        .filter(
            devices::standing
                .eq(Standing::Connected)
                .and(devices::renewed_at.le(renewed_before)),
        )
        .order((devices::renewed_at.asc(), devices::id.asc()))
        .load(read.conn())?;
    found.append(&mut rows);
    Ok(found)
}

/// Devices within reach that report by policy and whose report is overdue, due, or not acknowledged, in this order. Every page
/// asks for them, so it is one question: the words of these three states follow one another, and come after the others.
pub fn troubled_by_policy(read: &mut dyn Reads, within: &Within, limit: i64) -> Result<Vec<Device>> {
    let mut query = devices::table
        .filter(
            devices::smart_account_id
                .eq(within.account()?)
                .and(devices::policy_state.ge(Some(PolicyState::Overdue)))
                .and(devices::policy_state.is_not_null()),
        )
        .into_boxed();
    if let Some(only) = within.only() {
        query = query.filter(devices::virtual_account_id.eq_any(only.to_vec()));
    }
    Ok(query
        .order((
            devices::policy_state.asc(),
            devices::report_by.asc(),
            devices::id.asc(),
        ))
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

/// The next devices that have been silent for too long, or whose certificate ends.
pub fn upcoming(read: &mut dyn Reads, after: Moment, most: i64) -> Result<Vec<Due>> {
    let ours = devices::is_reserved
        .eq(false)
        .and(devices::policy_state.is_null())
        .and(devices::device_manager_id.is_null());
    let mut due = Vec::new();
    for (standing, silence, what, why) in [
        (
            Standing::Connected,
            SILENT_AFTER,
            "Product instance fails to connect",
            "Nothing was heard of it for 30 days.",
        ),
        (
            Standing::Silent,
            RELEASED_AFTER,
            "Authorization expires",
            "Nothing was heard of it for 90 days; its licenses are free again.",
        ),
    ] {
        let rows: Vec<(Moment, String)> = devices::table
            .filter(
                ours.and(devices::standing.eq(standing))
                    .and(devices::contact_at.gt(after.plus(-silence))),
            )
            .order((devices::contact_at.asc(), devices::id.asc()))
            .select((devices::contact_at, devices::hostname))
            .limit(most)
            .load(read.conn())?;
        due.extend(each(later(rows, silence), what, why));
    }
    let rows: Vec<(Moment, String)> = devices::table
        .filter(ours.and(devices::renewed_at.gt(after.plus(-EXPIRES_AFTER))))
        .order((devices::renewed_at.asc(), devices::id.asc()))
        .select((devices::renewed_at, devices::hostname))
        .limit(most)
        .load(read.conn())?;
    due.extend(each(
        later(rows, EXPIRES_AFTER),
        "Registration expires",
        "Its certificate was not renewed for a year.",
    ));
    Ok(due)
}

fn later(rows: Vec<(Moment, String)>, by: chrono::TimeDelta) -> Vec<(Moment, String)> {
    rows.into_iter().map(|(at, name)| (at.plus(by), name)).collect()
}
