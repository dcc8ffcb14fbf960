//! The tables of an On-Prem server.

use super::model::{Account, Facts, Held, LocalDevice, LocalPlace, usage_of};
use crate::error::{Error, Result};
use crate::kernel::Moment;
use crate::kernel::ids::OnPremAccountId;
use crate::platform::db::schema::{
    onprem_accounts as accounts, onprem_devices as devices, onprem_files as files,
    onprem_licenses as licenses, onprem_places as places, onprem_shares as shares,
};
use crate::platform::db::{Reads, Tx};
use crate::sync::format::License;
use diesel::prelude::*;

/// How many devices are read at once.
const PAGE: i64 = 1_000;

/// The local account, when there is one.
pub fn account(read: &mut dyn Reads) -> Result<Option<Account>> {
    let row: Option<(OnPremAccountId, String, String, i64)> = accounts::table
        .select((accounts::id, accounts::name, accounts::facts, accounts::version))
        .order(accounts::id)
        .first(read.conn())
        .optional()?;
    row.map(|(id, name, facts, version)| {
        Ok(Account {
            id,
            name,
            facts: serde_json::from_str(&facts).map_err(Error::internal)?,
            version,
        })
    })
    .transpose()
}

/// A new one.
pub fn insert_account(tx: &mut Tx<'_>, id: OnPremAccountId, name: &str, facts: &Facts) -> Result<()> {
    diesel::insert_into(accounts::table)
        .values((
            accounts::id.eq(id),
            accounts::name.eq(name),
            accounts::facts.eq(serde_json::to_string(facts).map_err(Error::internal)?),
            accounts::version.eq(1_i64),
        ))
        .execute(tx.conn())?;
    Ok(())
}

/// Keeps what is known of it now; refused when somebody has changed it meanwhile.
pub fn update_account(tx: &mut Tx<'_>, account: &Account) -> Result<()> {
    let done = diesel::update(
        accounts::table.filter(
            accounts::id
                .eq(account.id)
                .and(accounts::version.eq(account.version)),
        ),
    )
    .set((
        accounts::facts.eq(serde_json::to_string(&account.facts).map_err(Error::internal)?),
        accounts::version.eq(account.version + 1),
    ))
    .execute(tx.conn())?;
    if done == 1 { Ok(()) } else { Err(Error::Stale) }
}

/// Everything goes.
pub fn delete_account(tx: &mut Tx<'_>, id: OnPremAccountId) -> Result<()> {
    forget_files(tx, id)?;
    diesel::delete(shares::table.filter(shares::account_id.eq(id.as_str()))).execute(tx.conn())?;
    diesel::delete(licenses::table.filter(licenses::account_id.eq(id.as_str()))).execute(tx.conn())?;
    diesel::delete(devices::table.filter(devices::account_id.eq(id.as_str()))).execute(tx.conn())?;
    diesel::delete(places::table.filter(places::account_id.eq(id.as_str()))).execute(tx.conn())?;
    diesel::delete(accounts::table.filter(accounts::id.eq(id))).execute(tx.conn())?;
    Ok(())
}

/// The local Virtual Accounts, DEFAULT first.
pub fn places(read: &mut dyn Reads, id: OnPremAccountId) -> Result<Vec<LocalPlace>> {
    Ok(places::table
        .filter(places::account_id.eq(id.as_str()))
        .order((places::is_default.desc(), places::name_key.asc()))
        .select((
            places::name_key,
            places::name,
            places::description,
            places::is_default,
        ))
        .load(read.conn())?)
}

/// One more.
pub fn insert_place(tx: &mut Tx<'_>, id: OnPremAccountId, place: &LocalPlace) -> Result<()> {
    diesel::insert_into(places::table)
        .values((
            places::account_id.eq(id.as_str()),
            places::name_key.eq(&place.key),
            places::name.eq(&place.name),
            places::description.eq(&place.description),
            places::is_default.eq(place.is_default),
        ))
        .execute(tx.conn())?;
    Ok(())
}

type DeviceRow = (
    (String, String, String, String, String, String),
    (String, Moment, Moment, String),
);

macro_rules! device_columns {
    () => {
        (
            (
                devices::udi_key,
                devices::pid,
                devices::serial,
                devices::hostname,
                devices::product,
                devices::software,
            ),
            (
                devices::place_key,
                devices::registered_at,
                devices::contact_at,
                devices::used,
            ),
        )
    };
}

fn device_of(row: DeviceRow) -> Result<LocalDevice> {
    let ((key, pid, serial, hostname, product, software), (place, registered_at, contact_at, used)) = row;
    Ok(LocalDevice {
        key,
        pid,
        serial,
        hostname,
        product,
        software,
        place,
        registered_at,
        contact_at,
        usage: usage_of(&used)?,
    })
}

/// Each product instance, in the order of the keys, read in pages.
pub fn each_device(
    read: &mut dyn Reads,
    id: OnPremAccountId,
    each: &mut dyn FnMut(LocalDevice) -> Result<()>,
) -> Result<()> {
    let mut after = String::new();
    loop {
        let rows: Vec<DeviceRow> = devices::table
            .filter(
                devices::account_id
                    .eq(id.as_str())
                    .and(devices::udi_key.gt(&after)),
            )
            .order(devices::udi_key)
            .limit(PAGE)
            .select(device_columns!())
            .load(read.conn())?;
        let is_last = i64::try_from(rows.len()).unwrap_or(PAGE) < PAGE;
        for row in rows {
            let device = device_of(row)?;
            after.clone_from(&device.key);
            each(device)?;
        }
        if is_last {
            return Ok(());
        }
    }
}

/// One, by the key of its UDI.
pub fn device(read: &mut dyn Reads, id: OnPremAccountId, key: &str) -> Result<Option<LocalDevice>> {
    let row: Option<DeviceRow> = devices::table
        .filter(devices::account_id.eq(id.as_str()).and(devices::udi_key.eq(key)))
        .select(device_columns!())
        .first(read.conn())
        .optional()?;
    row.map(device_of).transpose()
}

/// The keys of those with this serial number, which is shorter to say than the UDI.
pub fn keys_of_serial(read: &mut dyn Reads, id: OnPremAccountId, serial: &str) -> Result<Vec<String>> {
    Ok(devices::table
        .filter(
            devices::account_id
                .eq(id.as_str())
                .and(devices::serial.eq(serial)),
        )
        .order(devices::udi_key)
        .limit(2)
        .select(devices::udi_key)
        .load(read.conn())?)
}

/// How many there are.
pub fn count_devices(read: &mut dyn Reads, id: OnPremAccountId) -> Result<i64> {
    Ok(devices::table
        .filter(devices::account_id.eq(id.as_str()))
        .count()
        .get_result(read.conn())?)
}

/// One more.
pub fn insert_device(tx: &mut Tx<'_>, id: OnPremAccountId, device: &LocalDevice) -> Result<()> {
    diesel::insert_into(devices::table)
        .values((
            devices::account_id.eq(id.as_str()),
            devices::udi_key.eq(&device.key),
            devices::pid.eq(&device.pid),
            devices::serial.eq(&device.serial),
            devices::hostname.eq(&device.hostname),
            devices::product.eq(&device.product),
            devices::software.eq(&device.software),
            devices::place_key.eq(&device.place),
            devices::registered_at.eq(device.registered_at),
            devices::contact_at.eq(device.contact_at),
            devices::used.eq(serde_json::to_string(&device.usage).map_err(Error::internal)?),
        ))
        .execute(tx.conn())?;
    Ok(())
}

/// Where it is, what it uses and when it called may change.
pub fn update_device(tx: &mut Tx<'_>, id: OnPremAccountId, device: &LocalDevice) -> Result<()> {
    diesel::update(
        devices::table.filter(
            devices::account_id
                .eq(id.as_str())
                .and(devices::udi_key.eq(&device.key)),
        ),
    )
    .set((
        devices::place_key.eq(&device.place),
        devices::contact_at.eq(device.contact_at),
        devices::used.eq(serde_json::to_string(&device.usage).map_err(Error::internal)?),
    ))
    .execute(tx.conn())?;
    Ok(())
}

/// One goes.
pub fn delete_device(tx: &mut Tx<'_>, id: OnPremAccountId, key: &str) -> Result<()> {
    diesel::delete(devices::table.filter(devices::account_id.eq(id.as_str()).and(devices::udi_key.eq(key))))
        .execute(tx.conn())?;
    Ok(())
}

/// What the last response said that there is.
pub fn licenses(read: &mut dyn Reads, id: OnPremAccountId) -> Result<Vec<Held>> {
    Ok(licenses::table
        .filter(licenses::account_id.eq(id.as_str()))
        .order(licenses::line)
        .select((
            licenses::entitlement,
            licenses::name,
            licenses::billing,
            licenses::purchased,
            licenses::ends_at,
        ))
        .load(read.conn())?)
}

/// In place of what there was.
pub fn forget_licenses(tx: &mut Tx<'_>, id: OnPremAccountId) -> Result<()> {
    diesel::delete(licenses::table.filter(licenses::account_id.eq(id.as_str()))).execute(tx.conn())?;
    Ok(())
}

/// A line of a response.
pub fn insert_license(tx: &mut Tx<'_>, id: OnPremAccountId, line: i32, license: &License) -> Result<()> {
    diesel::insert_into(licenses::table)
        .values((
            licenses::account_id.eq(id.as_str()),
            licenses::line.eq(line),
            licenses::entitlement.eq(&license.entitlement),
            licenses::name.eq(&license.name),
            licenses::billing.eq(license.billing),
            licenses::purchased.eq(license.purchased),
            licenses::ends_at.eq(license.ends_at),
        ))
        .execute(tx.conn())?;
    Ok(())
}

/// What was given to other local Virtual Accounts than DEFAULT: place, entitlement, quantity.
pub fn shares(read: &mut dyn Reads, id: OnPremAccountId) -> Result<Vec<(String, String, i64)>> {
    Ok(shares::table
        .filter(shares::account_id.eq(id.as_str()))
        .order((shares::place_key, shares::entitlement))
        .select((shares::place_key, shares::entitlement, shares::quantity))
        .load(read.conn())?)
}

/// Sets what a local Virtual Account has been given of a license.
pub fn set_share(
    tx: &mut Tx<'_>,
    id: OnPremAccountId,
    place: &str,
    entitlement: &str,
    quantity: i64,
) -> Result<()> {
    diesel::delete(
        shares::table.filter(
            shares::account_id
                .eq(id.as_str())
                .and(shares::place_key.eq(place))
                .and(shares::entitlement.eq(entitlement)),
        ),
    )
    .execute(tx.conn())?;
    if quantity > 0 {
        diesel::insert_into(shares::table)
            .values((
                shares::account_id.eq(id.as_str()),
                shares::place_key.eq(place),
                shares::entitlement.eq(entitlement),
                shares::quantity.eq(quantity),
            ))
            .execute(tx.conn())?;
    }
    Ok(())
}

/// A file that was made: SHA-256 and how many product instances stand in it.
pub fn file(read: &mut dyn Reads, id: OnPremAccountId, sequence: i64) -> Result<Option<(String, i64)>> {
    Ok(files::table
        .filter(
            files::account_id
                .eq(id.as_str())
                .and(files::sequence.eq(sequence)),
        )
        .select((files::sha256, files::devices))
        .first(read.conn())
        .optional()?)
}

/// One more.
pub fn insert_file(
    tx: &mut Tx<'_>,
    id: OnPremAccountId,
    sequence: i64,
    sha256: &str,
    counts: (i64, i64),
    at: Moment,
) -> Result<()> {
    diesel::insert_into(files::table)
        .values((
            files::account_id.eq(id.as_str()),
            files::sequence.eq(sequence),
            files::sha256.eq(sha256),
            files::devices.eq(counts.0),
            files::usages.eq(counts.1),
            files::generated_at.eq(at),
            files::answered_at.eq(None::<Moment>),
        ))
        .execute(tx.conn())?;
    Ok(())
}

/// None of them is known any more: it was registered again, and counts from 1.
pub fn forget_files(tx: &mut Tx<'_>, id: OnPremAccountId) -> Result<()> {
    diesel::delete(files::table.filter(files::account_id.eq(id.as_str()))).execute(tx.conn())?;
    Ok(())
}

/// The response to it was applied.
pub fn answered(tx: &mut Tx<'_>, id: OnPremAccountId, sequence: i64, at: Moment) -> Result<()> {
    diesel::update(
        files::table.filter(
            files::account_id
                .eq(id.as_str())
                .and(files::sequence.eq(sequence)),
        ),
    )
    .set(files::answered_at.eq(Some(at)))
    .execute(tx.conn())?;
    Ok(())
}
