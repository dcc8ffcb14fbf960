//! The list of device managers. An account has as many as it has Virtual Accounts at most, so they are read all at once.

use super::model::SyncStatus;
use super::service::{self, Row};
use crate::authz::Permit;
use crate::authz::action::ViewInventory;
use crate::http::list::{Column, Filter, List, Rows, Sort, by_key};
use crate::kernel::{Moment, search_key};

/// Where "Device Managers" stands; `{said}` is the account's number.
pub const PATH: &str = "/sa/{said}/devices/device-managers";

/// A device manager with how it stands at the time of the list.
pub struct Listed {
    pub row: Row,
    pub status: SyncStatus,
}

impl Listed {
    pub fn at(row: Row, now: Moment) -> Self {
        Self {
            status: row.manager.status(now),
            row,
        }
    }
}

/// By what they can be sorted. They come by name.
const SORTS: &[Sort<Vec<Listed>>] = &[
    ("name", |rows, way| by_key(rows, way, |_| ())),
    ("status", |rows, way| by_key(rows, way, |one| one.status)),
    ("last", |rows, way| {
        by_key(rows, way, |one| one.row.manager.synced_at)
    }),
    ("instances", |rows, way| {
        by_key(rows, way, |one| one.row.manager.product_instances)
    }),
    ("va", |rows, way| {
        by_key(rows, way, |one| search_key(&one.row.place))
    }),
    ("due", |rows, way| by_key(rows, way, |one| one.row.manager.due_at)),
];

const FILTERS: &[Filter<Vec<Listed>>] = &[Filter::words(
    "status",
    "Sync Status",
    "Sync Status.",
    SyncStatus::CHOICES,
    |mut rows, chosen| {
        rows.retain(|one| chosen.has(one.status.word()));
        rows
    },
)];

/// In what a search looks.
pub fn found_by(row: &Row) -> String {
    format!("{} {}", row.manager.name, row.place)
}

pub static LIST: List<Permit<ViewInventory>, Listed, Vec<Listed>> = List {
    path: PATH,
    file: "device-managers",
    nouns: ("device manager", "device managers"),
    search: "Words in the name, or in the Virtual Account's.",
    filters: FILTERS,
    sorts: SORTS,
    default_sort: "name",
    columns: &[
        Column::lead("name", "Device manager name", |one| one.row.manager.name.clone()),
        Column::shown("status", "Sync Status", |one| one.status.label().to_owned()),
        Column::shown("last", "Last Sync", |one| {
            one.row.manager.synced_at.map(Moment::rfc3339).unwrap_or_default()
        }),
        Column::number("instances", "Product Instances", |one| {
            one.row.manager.product_instances.to_string()
        }),
        Column::shown("va", "Virtual Account", |one| one.row.place.clone()),
        Column::shown("due", "Due date", |one| one.row.manager.due_at.rfc3339()),
        Column::hidden("since", "Registered", |one| {
            one.row.manager.registered_at.rfc3339()
        }),
        Column::file("Registered by", |one| one.row.manager.registrar.clone()),
    ],
    rows: Rows::Whole {
        all: |read, permit, now| {
            let rows = service::all(read, permit)?.into_iter();
            Ok(rows.map(|row| Listed::at(row, now)).collect())
        },
        asked: |rows, asked| {
            let found = asked.found(rows, |one| found_by(&one.row));
            asked.sorted(SORTS, asked.filtered(FILTERS, found))
        },
    },
    ..List::PLAIN
};
