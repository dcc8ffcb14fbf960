//! "Usage Data Files" as a list.

use super::store::UsageFile;
use super::usage_files;
use crate::authz::Permit;
use crate::authz::action::ViewInventory;
use crate::error::Result;
use crate::http::list::{Asked, Column, List, Rows, by_store};
use crate::http::widgets::counted;
use crate::kernel::Moment;
use crate::kernel::ids::VirtualAccountId;
use crate::platform::db::Reads;
use crate::virtual_accounts;
use std::collections::HashMap;

/// Where it stands; `{said}` is the account's number.
pub const FILES: &str = "/sa/{said}/devices/usage-data-files";

/// A usage data file as lists show it.
pub struct Listed {
    pub file: UsageFile,
    /// The name of its Virtual Account.
    pub place: String,
}

impl Listed {
    /// Badge and words of what came of it.
    pub fn status(&self) -> (&'static str, String) {
        match self.file.refused {
            _ if self.file.is_waiting() => ("info", "Being taken in".to_owned()),
            0 => ("ok", "No Errors".to_owned()),
            some => ("bad", counted(some.unsigned_abs(), "error", "errors")),
        }
    }
}

type Listing = List<Permit<ViewInventory>, Listed, ()>;

/// Without the names of their Virtual Accounts.
fn unnamed(
    read: &mut dyn Reads,
    permit: &Permit<ViewInventory>,
    asked: &Asked,
    some: (u64, u64),
) -> Result<Vec<Listed>> {
    let files = usage_files::page(read, permit, asked.list.descending, some)?;
    let listed = |file| Listed {
        file,
        place: String::new(),
    };
    Ok(files.into_iter().map(listed).collect())
}

fn named(
    read: &mut dyn Reads,
    permit: &Permit<ViewInventory>,
    asked: &Asked,
    some: (u64, u64),
) -> Result<Vec<Listed>> {
    let mut rows = unnamed(read, permit, asked, some)?;
    let mut places: Vec<VirtualAccountId> = rows.iter().map(|row| row.file.virtual_account).collect();
    places.sort_unstable();
    places.dedup();
    let places = virtual_accounts::these(read, permit.within().account()?, &places)?.into_iter();
    let names: HashMap<VirtualAccountId, String> = places.map(|place| (place.id, place.name)).collect();
    for row in &mut rows {
        row.place = names.get(&row.file.virtual_account).cloned().unwrap_or_default();
    }
    Ok(rows)
}

const ALL: Listing = List {
    path: FILES,
    file: "usage-data-files",
    most_exported: 100_000,
    nouns: ("usage data file", "usage data files"),
    sorts: &[("uploaded", by_store)],
    default_sort: "-uploaded",
    columns: &[
        Column::fixed("file", "Usage Data File"),
        Column::file("File", |row| row.file.name.clone()),
        Column::shown("va", "Virtual Account", |row| row.place.clone()),
        Column::shown("uploaded", "Uploaded", |row| row.file.uploaded_at.rfc3339()),
        Column::file("Uploaded by", |row| row.file.uploader.clone()),
        Column::table("status", "Reporting Status"),
        Column::file("Status", |row| row.status().1),
        Column::number("devices", "Product Instances", |row| row.file.devices.to_string()),
        Column::number("taken", "Taken in", |row| row.file.taken.to_string()),
        Column::file("Taken in before", |row| row.file.known.to_string()),
        Column::file("Refused", |row| row.file.refused.to_string()),
        Column::shown("acknowledged", "Acknowledgement", |row| {
            row.file.acknowledged_at.map(Moment::rfc3339).unwrap_or_default()
        }),
        Column::file("SHA-256", |row| row.file.sha256.clone()),
    ],
    rows: Rows::Paged {
        count: |read, permit, _| usage_files::count_files(read, permit),
        page: named,
    },
    ..List::PLAIN
};

pub static LIST: Listing = ALL;

/// Scripts know the Virtual Accounts by their ids: their names are not asked for.
pub static FOR_SCRIPTS: Listing = List {
    rows: Rows::Paged {
        count: |read, permit, _| usage_files::count_files(read, permit),
        page: unnamed,
    },
    ..ALL
};
