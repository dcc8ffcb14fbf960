//! Which reservations there are, those that are over among them. The newest are read all at once.

use super::store::{self, Ended, Reservation};
use crate::authz::Permit;
use crate::authz::action::ViewInventory;
use crate::error::Result;
use crate::http::list::{Column, Filter, List, Rows, Sort, by_key};
use crate::kernel::ids::VirtualAccountId;
use crate::kernel::{Moment, search_key};
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
}

/// By what they can be sorted. They come by time.
const SORTS: &[Sort<Vec<ListedReservation>>] = &[
    ("created", |rows, way| by_key(rows, way, |_| ())),
    ("device", |rows, way| {
        by_key(rows, way, |row| search_key(&row.udi()))
    }),
    ("va", |rows, way| by_key(rows, way, |row| search_key(&row.place))),
    ("status", |rows, way| by_key(rows, way, ListedReservation::status)),
];

const FILTERS: &[Filter<Vec<ListedReservation>>] = &[Filter::words(
    "status",
    "Status",
    "Status.",
    ReservationStatus::CHOICES,
    |mut rows, chosen| {
        rows.retain(|row| chosen.has(row.status().word()));
        rows
    },
)];

/// Those within what a permit reaches.
fn all(read: &mut dyn Reads, permit: &Permit<ViewInventory>, _: Moment) -> Result<Vec<ListedReservation>> {
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
    let listed = |one: Reservation| ListedReservation {
        place: names.get(&one.virtual_account).cloned().unwrap_or_default(),
        licenses: held.get(&one.id).copied().unwrap_or_default(),
        one,
    };
    Ok(found.into_iter().map(listed).collect())
}

pub static LIST: List<Permit<ViewInventory>, ListedReservation, Vec<ListedReservation>> = List {
    path: "/sa/{said}/licensing/reservations",
    file: "reservations",
    nouns: ("reservation", "reservations"),
    search: "Words in PID, serial number, Virtual Account, or of who reserved.",
    filters: FILTERS,
    sorts: SORTS,
    default_sort: "-created",
    columns: &[
        Column::fixed("device", "Device"),
        Column::file("Product id", |row| row.one.pid.clone()),
        Column::file("Serial number", |row| row.one.serial.clone()),
        Column::shown("va", "Virtual Account", |row| row.place.clone()),
        Column::number("licenses", "Licenses", |row| row.licenses.to_string()),
        Column::shown("status", "Status", |row| row.status().label().to_owned()),
        Column::shown("created", "Reserved", |row| row.one.created_at.rfc3339()),
        Column::shown("by", "Reserved by", |row| row.one.creator.clone()),
        Column::hidden("ended", "Ended", |row| {
            row.one.returned_at.map(Moment::rfc3339).unwrap_or_default()
        }),
        Column::file("Case or note", |row| row.one.ended_for.clone()),
    ],
    rows: Rows::Whole {
        all,
        asked: |rows, asked| {
            let words = |row: &ListedReservation| format!("{} {} {}", row.udi(), row.place, row.one.creator);
            asked.sorted(SORTS, asked.filtered(FILTERS, asked.found(rows, words)))
        },
    },
    ..List::PLAIN
};
