//! The list of user groups, as a page and as CSV.

use super::words;
use crate::authz::action::ViewUsers;
use crate::authz::{Action, Role, Within};
use crate::error::Error;
use crate::http::csv::Table;
use crate::http::list::{ColumnSpec, FilterSpec, ListQuery, ListSpec, Pager};
use crate::http::reply::attachment;
use crate::http::widgets::counted;
use crate::http::{Answer, Crumb, May, Shell, Visit, page};
use crate::kernel::{Sought, search_key};
use crate::members::groups::model::{Asked, may_touch};
use crate::members::groups::service::{self, Row};
use crate::members::pages::{ROLES, base, why_not};
use crate::members::service::{Place, place};
use askama::Template;

/// A group as the list shows it.
pub(super) struct Shown {
    pub(super) row: Row,
    pub(super) role: String,
    pub(super) places: String,
    /// Why it cannot be changed, or "".
    pub(super) refused: String,
}

/// A group of another account as the list shows it.
struct Guest {
    asked: Asked,
    role: String,
    places: String,
}

#[derive(Template)]
#[template(path = "members/groups.html")]
struct ListPage {
    shell: Shell,
    list: ListQuery,
    pager: Pager,
    rows: Vec<Shown>,
    count: String,
    guests: Vec<Guest>,
    refused: String,
}

const FILTERS: &[FilterSpec<'_>] = &[FilterSpec {
    key: "role",
    label: "Role",
    values: ROLES,
}];

const COLUMNS: &[ColumnSpec<'_>] = &[
    ColumnSpec {
        key: "description",
        label: "Description",
        default_on: true,
    },
    ColumnSpec {
        key: "people",
        label: "Users",
        default_on: true,
    },
    ColumnSpec {
        key: "role",
        label: "Role",
        default_on: true,
    },
    ColumnSpec {
        key: "places",
        label: "Virtual Accounts",
        default_on: true,
    },
    ColumnSpec {
        key: "created",
        label: "Created",
        default_on: false,
    },
];

/// By what the list can be sorted.
pub const SORTS: &[&str] = &["name", "people", "created"];

pub fn query(visit: &Visit, path: String) -> ListQuery {
    ListQuery::parse(
        &visit.query,
        &ListSpec {
            path,
            sorts: SORTS,
            default_sort: "name",
            filters: FILTERS,
            columns: COLUMNS,
        },
    )
}

/// What the query asks for, in order. Groups come by name.
pub fn arrange(mut rows: Vec<Row>, list: &ListQuery) -> Vec<Row> {
    let sought = Sought::parse(&list.q);
    let roles: Vec<Role> = list
        .values("role")
        .iter()
        .filter_map(|word| word.parse().ok())
        .collect();
    rows.retain(|row| {
        sought.fits(&search_key(&format!(
            "{} {}",
            row.group.name, row.group.description
        ))) && (roles.is_empty() || row.own.iter().any(|one| roles.contains(&one.role)))
    });
    match list.sort.as_str() {
        "people" => rows.sort_by_key(|row| row.people),
        "created" => rows.sort_by_key(|row| row.group.created_at),
        _ => {}
    }
    if list.descending {
        rows.reverse();
    }
    rows
}

pub(super) fn shown(row: Row, place: &Place, within: &Within, refused: &str) -> Shown {
    let (role, places) = words(&row.own, &place.names);
    let refused = if !refused.is_empty() {
        refused.to_owned()
    } else if let Err(Error::Refused(refusal)) = may_touch(within, &row.own, row.reaches_outside) {
        refusal.says.into_owned()
    } else {
        String::new()
    };
    Shown {
        row,
        role,
        places,
        refused,
    }
}

pub(super) async fn all(may: May<ViewUsers>) -> Answer {
    let mut list = query(&may, base(&may, "user-groups"));
    let (permit, visit) = (may.permit.clone(), Visit::clone(&may));
    let (rows, guests, place, refused) = may
        .portal
        .db
        .read(move |r| {
            Ok((
                service::list(r, &permit)?,
                service::external(r, &permit)?,
                place(r, permit.within().account()?)?,
                why_not(&visit, Action::ManageGroups, r)?,
            ))
        })
        .await?;
    let rows = arrange(rows, &list);
    let total = rows.len() as u64;
    list.clamp(total);
    let within = may.permit.within();
    page(&ListPage {
        shell: may.list_shell(
            "User Groups",
            &[
                Crumb::text("Account Management"),
                Crumb::text("Smart Account Management"),
            ],
            &list,
        ),
        pager: list.pager(total),
        rows: list
            .cut(rows)
            .map(|row| shown(row, &place, within, &refused))
            .collect(),
        guests: guests
            .into_iter()
            .map(|asked| {
                let (role, places) = words(&asked.access, &place.names);
                Guest { asked, role, places }
            })
            .collect(),
        count: counted(total, "user group", "user groups"),
        refused,
        list,
    })
}

pub(super) async fn csv(may: May<ViewUsers>) -> Answer {
    let list = query(&may, String::new());
    list.understood()?;
    let permit = may.permit.clone();
    let (rows, place) = may
        .portal
        .db
        .read(move |r| Ok((service::list(r, &permit)?, place(r, permit.within().account()?)?)))
        .await?;
    let mut table = Table::new(&[
        "Name",
        "Description",
        "Users",
        "Role",
        "Virtual Accounts",
        "Created",
    ])?;
    for row in arrange(rows, &list) {
        let (role, places) = words(&row.own, &place.names);
        table.row([
            row.group.name.as_str(),
            row.group.description.as_str(),
            &row.people.to_string(),
            &role,
            &places,
            &row.group.created_at.rfc3339(),
        ])?;
    }
    Ok(attachment(
        "text/csv; charset=utf-8",
        &may.file_name("user-groups"),
        table.finish()?,
    ))
}
