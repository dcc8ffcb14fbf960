//! Which reservations there are, those that are over among them.

use super::store::{self, Ended, Reservation};
use crate::authz::Permit;
use crate::authz::action::ViewInventory;
use crate::error::Result;
use crate::http::list::{ColumnSpec, FilterSpec, column};
use crate::http::{ListQuery, ListSpec};
use crate::kernel::ids::VirtualAccountId;
use crate::kernel::{Sought, search_key};
use crate::platform::db::Reads;
use crate::virtual_accounts;
use std::collections::HashMap;

/// So many are read for the list at most, the newest.
const MOST: i64 = 10_000;

crate::words! {
    /// How a reservation stands.
    pub enum ReservationStatus {
        /// Its licenses are set aside.
        Reserved = "reserved", "Reserved";
        /// The same, and an update waits for the confirmation code of the device.
        Updating = "updating", "Update not confirmed";
        /// It ended by the return code of its device.
        Returned = "returned", "Returned";
        /// It ended under a case.
        Removed = "removed", "Removed under a case";
        /// Another device took the place of its own.
        Rehosted = "rehosted", "Rehosted";
    }
}

impl ReservationStatus {
    /// Of a reservation.
    pub fn of(one: &Reservation) -> Self {
        match (one.returned_at, one.ended_as) {
            (None, _) if one.is_pending() => Self::Updating,
            (None, _) => Self::Reserved,
            (Some(_), Ended::Returned) => Self::Returned,
            (Some(_), Ended::Removed) => Self::Removed,
            (Some(_), Ended::Rehosted) => Self::Rehosted,
        }
    }
    /// The badge.
    pub const fn kind(self) -> &'static str {
        match self {
            Self::Reserved => "ok",
            Self::Updating => "warn",
            Self::Returned | Self::Removed | Self::Rehosted => "",
        }
    }
}

/// By what the list can be sorted.
pub const SORTS: &[&str] = &["created", "device", "va", "status"];

pub const STATUSES: &[(&str, &str)] = &[
    (
        ReservationStatus::Reserved.word(),
        ReservationStatus::Reserved.label(),
    ),
    (
        ReservationStatus::Updating.word(),
        ReservationStatus::Updating.label(),
    ),
    (
        ReservationStatus::Returned.word(),
        ReservationStatus::Returned.label(),
    ),
    (
        ReservationStatus::Removed.word(),
        ReservationStatus::Removed.label(),
    ),
    (
        ReservationStatus::Rehosted.word(),
        ReservationStatus::Rehosted.label(),
    ),
];

const COLUMNS: &[ColumnSpec<'static>] = &[
    column("va", "Virtual Account", true),
    column("licenses", "Licenses", true),
    column("status", "Status", true),
    column("created", "Reserved", true),
    column("by", "Reserved by", true),
    column("ended", "Ended", false),
];

/// What an address asks for.
pub fn query(path: String, raw: &str) -> ListQuery {
    ListQuery::parse(
        raw,
        &ListSpec {
            path,
            sorts: SORTS,
            default_sort: "-created",
            filters: &[FilterSpec {
                key: "status",
                label: "Status",
                values: STATUSES,
            }],
            columns: COLUMNS,
        },
    )
}

/// A reservation of the list.
#[derive(Debug, Clone)]
pub struct ListedReservation {
    pub one: Reservation,
    /// Name of its Virtual Account; "" when that was deleted.
    pub place: String,
    /// So many licenses are set aside by it, or were.
    pub licenses: i64,
}

impl ListedReservation {
    pub fn status(&self) -> ReservationStatus {
        ReservationStatus::of(&self.one)
    }
    /// PID and serial number.
    pub fn udi(&self) -> String {
        format!("PID:{} SN:{}", self.one.pid, self.one.serial)
    }
    fn words(&self) -> String {
        search_key(&format!("{} {} {}", self.udi(), self.place, self.one.creator))
    }
}

/// Those that are asked for, in the order that is asked for, within what a permit reaches.
pub fn asked(
    read: &mut dyn Reads,
    permit: &Permit<ViewInventory>,
    list: &ListQuery,
) -> Result<Vec<ListedReservation>> {
    let account = permit.within().account()?;
    let found = store::all(read, permit.within(), MOST)?;
    let mut ids: Vec<VirtualAccountId> = found.iter().map(|one| one.virtual_account).collect();
    ids.sort_unstable();
    ids.dedup();
    let names: HashMap<VirtualAccountId, String> = virtual_accounts::these(read, account, &ids)?
        .into_iter()
        .map(|place| (place.id, place.name))
        .collect();
    let held = store::held(read, permit.within())?;
    let (sought, statuses) = (Sought::parse(&list.q), list.values("status"));
    let mut rows: Vec<ListedReservation> = found
        .into_iter()
        .map(|one| ListedReservation {
            place: names.get(&one.virtual_account).cloned().unwrap_or_default(),
            licenses: held.get(&one.id).copied().unwrap_or_default(),
            one,
        })
        .filter(|row| {
            sought.fits(&row.words()) && (statuses.is_empty() || statuses.contains(&row.status().word()))
        })
        .collect();
    // They come by time, and a sort keeps the order of what is equal.
    match list.sort.as_str() {
        "device" => rows.sort_by_key(|row| search_key(&row.udi())),
        "va" => rows.sort_by_key(|row| search_key(&row.place)),
        "status" => rows.sort_by_key(ListedReservation::status),
        _ => {}
    }
    if list.descending {
        rows.reverse();
    }
    Ok(rows)
}
