//! The list of alerts. They are few and are looked at anew each time.

use super::model::{Alert, Severity, Type};
use super::service;
use crate::authz::Permit;
use crate::authz::action::ViewInventory;
use crate::http::list::{Column, Filter, List, Rows, Sort, by_key};
use crate::http::menu::ALERTS;
use crate::kernel::Moment;
use crate::virtual_accounts;

/// An alert as lists show it.
pub struct Row {
    pub alert: Alert,
    pub hidden: bool,
    /// The name of its Virtual Account.
    pub place: String,
}

const FILTERS: &[Filter<Vec<Row>>] = &[
    Filter::words(
        "severity",
        "Severity",
        "How bad it is.",
        Severity::CHOICES,
        |mut rows, chosen| {
            rows.retain(|row| chosen.has(row.alert.severity.word()));
            rows
        },
    ),
    Filter::words(
        "type",
        "Type",
        "What it is about.",
        Type::CHOICES,
        |mut rows, chosen| {
            rows.retain(|row| chosen.has(row.alert.kind.word()));
            rows
        },
    ),
    Filter::places(|mut rows, chosen| {
        rows.retain(|row| chosen.places.contains(&row.alert.place));
        rows
    }),
    Filter::words(
        HIDDEN,
        "Hidden alerts",
        "yes: those that one hides as well.",
        &[("yes", "Show hidden alerts")],
        |rows, _| rows,
    )
    .once(),
];

const HIDDEN: &str = "hidden";

/// The worst come first.
const SORTS: &[Sort<Vec<Row>>] = &[
    ("severity", |rows, way| by_key(rows, way, |_| ())),
    ("due", |mut rows, way| {
        rows.sort_by(|a, b| (a.alert.due, a.alert.rank()).cmp(&(b.alert.due, b.alert.rank())));
        by_key(rows, way, |_| ())
    }),
];

pub static LIST: List<Permit<ViewInventory>, Row, Vec<Row>> = List {
    path: ALERTS,
    file: "alerts",
    nouns: ("alert", "alerts"),
    search: "Words in the message.",
    filters: FILTERS,
    sorts: SORTS,
    default_sort: "severity",
    columns: &[
        Column::lead("severity", "Sev", |row| row.alert.severity.label().to_owned()),
        Column::file("Type", |row| row.alert.kind.label().to_owned()),
        Column::lead("message", "Message", |row| row.alert.message.clone()),
        Column::shown("va", "Source", |row| row.place.clone()),
        Column::shown("due", "Action Due", |row| {
            row.alert.due.map_or_else(|| "Now".to_owned(), Moment::rfc3339)
        }),
        Column::file("Hidden", |row| if row.hidden { "yes" } else { "no" }.to_owned()),
    ],
    places: Some(|read, permit| virtual_accounts::reached(read, permit.within())),
    rows: Rows::Whole {
        all: |read, permit, now| {
            let seen = service::seen(read, permit, now)?.into_iter();
            let rows = seen.map(|(alert, hidden)| Row {
                alert,
                hidden,
                place: String::new(),
            });
            Ok(rows.collect())
        },
        asked: |mut rows, asked| {
            let names = asked.names();
            for row in &mut rows {
                row.place = names.get(&row.alert.place).cloned().unwrap_or_default();
            }
            rows.retain(|row| !row.hidden || asked.list.has(HIDDEN, "yes"));
            let found = asked.found(rows, |row| {
                format!("{} {} {}", row.alert.message, row.alert.kind.label(), row.place)
            });
            asked.sorted(SORTS, asked.filtered(FILTERS, found))
        },
    },
    ..List::PLAIN
};
