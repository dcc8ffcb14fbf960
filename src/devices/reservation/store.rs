//! The tables of reservations. Every statement names the account.

use crate::authz::Within;
use crate::error::{Error, Result};
use crate::kernel::ids::{DeviceId, LicensePoolId, ReservationId, SmartAccountId, VirtualAccountId};
use crate::kernel::{Moment, Who};
use crate::platform::db::schema::{reservation_lines as lines, reservations};
use crate::platform::db::{OnTaken, Reads, Tx};
use diesel::prelude::*;
use std::collections::HashMap;

/// Licenses that are set aside for one device.
#[derive(Debug, Clone, Queryable)]
pub struct Reservation {
    pub id: ReservationId,
    pub account: SmartAccountId,
    pub virtual_account: VirtualAccountId,
    pub device: DeviceId,
    pub pid: String,
    pub serial: String,
    pub request_code: String,
    pub authorization_code: String,
    pub created_at: Moment,
    pub creator: String,
    pub returned_at: Option<Moment>,
    /// How it ended, when it did.
    pub ended_as: Ended,
    /// The number of the case, or a note.
    pub ended_for: String,
    /// How often it was updated.
    pub updates: i64,
    /// The authorization code of an update that is not confirmed; "" for none.
    pub pending_code: String,
    /// What that grants, as JSON.
    pub pending_lines: String,
}

impl Reservation {
    /// Whether an update waits for its confirmation code.
    pub fn is_pending(&self) -> bool {
        !self.pending_code.is_empty()
    }
    /// The code that is to be installed next, or was last.
    pub fn newest_code(&self) -> &str {
        if self.is_pending() {
            &self.pending_code
        } else {
            &self.authorization_code
        }
    }
    /// What an update that waits grants.
    pub fn pending(&self) -> Vec<Line> {
        serde_json::from_str(&self.pending_lines).unwrap_or_default()
    }
}

crate::words! {
    /// How a reservation ended.
    pub enum Ended {
        /// By the return code of its device.
        Returned = "returned", "Returned";
        /// Under a case: its device can return nothing.
        Removed = "removed", "Removed under a case";
        /// Another device took the place of its own.
        Rehosted = "rehosted", "Rehosted";
    }
}

/// One of its licenses, of one pool.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, serde::Serialize, serde::Deserialize)]
pub struct Line {
    pub pool: LicensePoolId,
    pub entitlement: String,
    pub name: String,
    pub quantity: i64,
    pub ends_at: Option<Moment>,
}

macro_rules! columns {
    () => {
        (
            reservations::id,
            reservations::smart_account_id,
            reservations::virtual_account_id,
            reservations::device_id,
            reservations::udi_pid,
            reservations::udi_serial,
            reservations::request_code,
            reservations::authorization_code,
            reservations::created_at,
            reservations::creator,
            reservations::returned_at,
            reservations::ended_as,
            reservations::ended_for,
            reservations::updates,
            reservations::pending_code,
            reservations::pending_lines,
        )
    };
}

/// One of an account.
pub fn find(read: &mut dyn Reads, account: SmartAccountId, id: ReservationId) -> Result<Reservation> {
    Ok(reservations::table
        .filter(
            reservations::smart_account_id
                .eq(account)
                .and(reservations::id.eq(id)),
        )
        .select(columns!())
        .first(read.conn())?)
}

/// Those of an account within reach, the oldest of the newest `most` first.
pub fn all(read: &mut dyn Reads, within: &Within, most: i64) -> Result<Vec<Reservation>> {
    let mut query = reservations::table
        .filter(reservations::smart_account_id.eq(within.account()?))
        .into_boxed();
    if let Some(only) = within.only() {
        query = query.filter(reservations::virtual_account_id.eq_any(only.to_vec()));
    }
    let mut found: Vec<Reservation> = query
        .order((reservations::created_at.desc(), reservations::id.desc()))
        .limit(most)
        .select(columns!())
        .load(read.conn())?;
    found.reverse();
    Ok(found)
}

/// How many licenses each reservation of an account within reach holds.
pub fn held(read: &mut dyn Reads, within: &Within) -> Result<HashMap<ReservationId, i64>> {
    let mut query = lines::table
        .inner_join(reservations::table.on(reservations::id.eq(lines::reservation_id)))
        .filter(lines::smart_account_id.eq(within.account()?))
        .into_boxed();
    if let Some(only) = within.only() {
        query = query.filter(reservations::virtual_account_id.eq_any(only.to_vec()));
    }
    let rows: Vec<(ReservationId, i64)> = query
        .select((lines::reservation_id, lines::quantity))
        .load(read.conn())?;
    let mut held = HashMap::new();
    for (id, quantity) in rows {
        *held.entry(id).or_default() += quantity;
    }
    Ok(held)
}

/// The one that holds for a device.
pub fn of_device(
    read: &mut dyn Reads,
    account: SmartAccountId,
    device: DeviceId,
) -> Result<Option<Reservation>> {
    Ok(reservations::table
        .filter(
            reservations::smart_account_id
                .eq(account)
                .and(reservations::device_id.eq(device))
                .and(reservations::returned_at.is_null()),
        )
        .order(reservations::created_at.desc())
        .select(columns!())
        .first(read.conn())
        .optional()?)
}

/// Those that hold for any of these devices.
pub fn of_devices(
    read: &mut dyn Reads,
    account: SmartAccountId,
    some: &[DeviceId],
) -> Result<Vec<Reservation>> {
    let mut found = Vec::new();
    for some in some.chunks(400) {
        let mut rows = reservations::table
            .filter(
                reservations::smart_account_id
                    .eq(account)
                    .and(reservations::device_id.eq_any(some.to_vec()))
                    .and(reservations::returned_at.is_null()),
            )
            .order(reservations::created_at.asc())
            .select(columns!())
            .load(read.conn())?;
        found.append(&mut rows);
    }
    Ok(found)
}

/// The one that answers a request code, whether it holds or is over.
pub fn of_request(
    read: &mut dyn Reads,
    account: SmartAccountId,
    request: &str,
) -> Result<Option<Reservation>> {
    Ok(reservations::table
        .filter(
            reservations::smart_account_id
                .eq(account)
                .and(reservations::request_code.eq(request)),
        )
        .select(columns!())
        .first(read.conn())
        .optional()?)
}

/// The last one of a device that is over.
pub fn ended_of_device(
    read: &mut dyn Reads,
    account: SmartAccountId,
    device: DeviceId,
) -> Result<Option<Reservation>> {
    Ok(reservations::table
        .filter(
            reservations::smart_account_id
                .eq(account)
                .and(reservations::device_id.eq(device))
                .and(reservations::returned_at.is_not_null()),
        )
        .order(reservations::created_at.desc())
        .select(columns!())
        .first(read.conn())
        .optional()?)
}

/// Whether a request code was answered in this account before.
pub fn is_used(read: &mut dyn Reads, account: SmartAccountId, request: &str) -> Result<bool> {
    let found: i64 = reservations::table
        .filter(
            reservations::smart_account_id
                .eq(account)
                .and(reservations::request_code.eq(request)),
        )
        .count()
        .get_result(read.conn())?;
    Ok(found > 0)
}

/// What it holds.
pub fn lines_of(read: &mut dyn Reads, account: SmartAccountId, id: ReservationId) -> Result<Vec<Line>> {
    Ok(lines::table
        .filter(
            lines::smart_account_id
                .eq(account)
                .and(lines::reservation_id.eq(id)),
        )
        .order((lines::name.asc(), lines::pool_id.asc()))
        .select((
            lines::pool_id,
            lines::entitlement,
            lines::name,
            lines::quantity,
            lines::ends_at,
        ))
        .load(read.conn())?)
}

/// Keeps one with its lines. A request code is answered once.
pub fn insert(
    tx: &mut Tx<'_>,
    one: &Reservation,
    who: &Who,
    held: &[Line],
    taken: impl FnOnce() -> Error,
) -> Result<()> {
    diesel::insert_into(reservations::table)
        .values((
            reservations::id.eq(one.id),
            reservations::smart_account_id.eq(one.account),
            reservations::virtual_account_id.eq(one.virtual_account),
            reservations::device_id.eq(one.device),
            reservations::udi_pid.eq(&one.pid),
            reservations::udi_serial.eq(&one.serial),
            reservations::request_code.eq(&one.request_code),
            reservations::authorization_code.eq(&one.authorization_code),
            reservations::created_at.eq(one.created_at),
            reservations::creator.eq(who.label.chars().take(500).collect::<String>()),
            reservations::returned_at.eq(None::<Moment>),
            reservations::version.eq(1),
        ))
        .execute(tx.conn())
        .on_taken(taken)?;
    put_lines(tx, one.account, one.id, held)
}

fn put_lines(tx: &mut Tx<'_>, account: SmartAccountId, id: ReservationId, held: &[Line]) -> Result<()> {
    for line in held {
        diesel::insert_into(lines::table)
            .values((
                lines::reservation_id.eq(id),
                lines::smart_account_id.eq(account),
                lines::pool_id.eq(line.pool),
                lines::entitlement.eq(&line.entitlement),
                lines::name.eq(&line.name),
                lines::quantity.eq(line.quantity),
                lines::ends_at.eq(line.ends_at),
            ))
            .execute(tx.conn())?;
    }
    Ok(())
}

/// Puts it into another Virtual Account, where its licenses lie in other pools.
pub fn move_to(tx: &mut Tx<'_>, one: &Reservation, to: VirtualAccountId, held: &[Line]) -> Result<()> {
    diesel::update(reservations::table.filter(reservations::id.eq(one.id)))
        .set((
            reservations::virtual_account_id.eq(to),
            reservations::version.eq(reservations::version + 1),
        ))
        .execute(tx.conn())?;
    replace_lines(tx, one, held)
}

/// It holds this now, and by this code; or is to, once the device confirms it.
pub fn change(tx: &mut Tx<'_>, one: &Reservation, held: &[Line]) -> Result<()> {
    diesel::update(
        reservations::table.filter(
            reservations::id
                .eq(one.id)
                .and(reservations::smart_account_id.eq(one.account)),
        ),
    )
    .set((
        reservations::authorization_code.eq(&one.authorization_code),
        reservations::updates.eq(one.updates),
        reservations::pending_code.eq(&one.pending_code),
        reservations::pending_lines.eq(&one.pending_lines),
        reservations::version.eq(reservations::version + 1),
    ))
    .execute(tx.conn())?;
    replace_lines(tx, one, held)
}

fn replace_lines(tx: &mut Tx<'_>, one: &Reservation, held: &[Line]) -> Result<()> {
    diesel::delete(
        lines::table.filter(
            lines::smart_account_id
                .eq(one.account)
                .and(lines::reservation_id.eq(one.id)),
        ),
    )
    .execute(tx.conn())?;
    put_lines(tx, one.account, one.id, held)
}

/// It is over, unless somebody was quicker.
pub fn ended(
    tx: &mut Tx<'_>,
    one: &Reservation,
    at: Moment,
    ended_as: Ended,
    ended_for: &str,
) -> Result<bool> {
    let open = reservations::table.filter(
        reservations::id
            .eq(one.id)
            .and(reservations::smart_account_id.eq(one.account))
            .and(reservations::returned_at.is_null()),
    );
    let changed = diesel::update(open)
        .set((
            reservations::returned_at.eq(Some(at)),
            reservations::ended_as.eq(ended_as),
            reservations::ended_for.eq(ended_for.chars().take(500).collect::<String>()),
            reservations::pending_code.eq(""),
            reservations::pending_lines.eq("[]"),
            reservations::version.eq(reservations::version + 1),
        ))
        .execute(tx.conn())?;
    Ok(changed == 1)
}
