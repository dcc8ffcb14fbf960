//! The list of user groups.

use super::model::words;
use super::service::{self, Row};
use crate::authz::action::ViewUsers;
use crate::authz::{Permit, Role};
use crate::error::Result;
use crate::http::list::{Asked, Column, Filter, List, Rows, Sort, by_key};
use crate::kernel::Moment;
use crate::kernel::ids::VirtualAccountId;
use crate::platform::db::Reads;
use crate::virtual_accounts;
use std::collections::HashMap;

/// A group with what it holds, in words.
pub struct Listed {
    pub row: Row,
    pub role: String,
    pub places: String,
}

const FILTERS: &[Filter<Vec<Listed>>] = &[Filter::words(
    "role",
    "Role",
    "One of the roles.",
    Role::CHOICES,
    |mut rows, chosen| {
        rows.retain(|one| one.row.own.iter().any(|held| chosen.has(held.role.word())));
        rows
    },
)];

/// They come by name.
const SORTS: &[Sort<Vec<Listed>>] = &[
    ("name", |rows, way| by_key(rows, way, |_| ())),
    ("people", |rows, way| by_key(rows, way, |one| one.row.people)),
    ("created", |rows, way| {
        by_key(rows, way, |one| one.row.group.created_at)
    }),
];

fn listed(rows: Vec<Row>, names: &HashMap<VirtualAccountId, String>) -> Vec<Listed> {
    rows.into_iter()
        .map(|row| {
            let (role, places) = words(&row.own, names);
            Listed { row, role, places }
        })
        .collect()
}

fn named(read: &mut dyn Reads, permit: &Permit<ViewUsers>, _: Moment) -> Result<Vec<Listed>> {
    let rows = service::list(read, permit)?;
    let in_places = |row: &Row| row.own.iter().any(|held| held.virtual_account.is_some());
    let names = if rows.iter().any(in_places) {
        names_in(read, permit)?
    } else {
        HashMap::new()
    };
    Ok(listed(rows, &names))
}

/// The names of the Virtual Accounts of an account.
pub fn names_in(
    read: &mut dyn Reads,
    permit: &Permit<ViewUsers>,
) -> Result<HashMap<VirtualAccountId, String>> {
    let all = virtual_accounts::names(read, &[permit.within().account()?])?;
    Ok(all.into_iter().map(|(_, id, name, _)| (id, name)).collect())
}

fn asked(rows: Vec<Listed>, asked: &Asked) -> Vec<Listed> {
    let found = asked.found(rows, |one| {
        format!("{} {}", one.row.group.name, one.row.group.description)
    });
    asked.sorted(SORTS, asked.filtered(FILTERS, found))
}

const GROUPS: List<Permit<ViewUsers>, Listed, Vec<Listed>> = List {
    path: "/sa/{said}/account/user-groups",
    file: "user-groups",
    nouns: ("user group", "user groups"),
    search: "Words in the name or the description.",
    filters: FILTERS,
    sorts: SORTS,
    default_sort: "name",
    columns: &[
        Column::lead("name", "Name", |one| one.row.group.name.clone()),
        Column::shown("description", "Description", |one| {
            one.row.group.description.clone()
        }),
        Column::number("people", "Users", |one| one.row.people.to_string()),
        Column::shown("role", "Role", |one| one.role.clone()),
        Column::shown("places", "Virtual Accounts", |one| one.places.clone()),
        Column::hidden("created", "Created", |one| one.row.group.created_at.rfc3339()),
    ],
    rows: Rows::Whole { all: named, asked },
    ..List::PLAIN
};

pub static LIST: List<Permit<ViewUsers>, Listed, Vec<Listed>> = GROUPS;

/// Scripts know the Virtual Accounts by their ids: their names are not asked for.
pub static FOR_SCRIPTS: List<Permit<ViewUsers>, Listed, Vec<Listed>> = List {
    rows: Rows::Whole {
        all: |read, permit, _| Ok(listed(service::list(read, permit)?, &HashMap::new())),
        asked,
    },
    ..GROUPS
};
