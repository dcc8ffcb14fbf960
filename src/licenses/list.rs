//! "License Inventory" as a list: of an account, or of one of its Virtual Accounts.

use super::service::{self, Row};
use super::stock::{Filter as Wanted, ORDERS};
use super::tags;
use crate::authz::Permit;
use crate::authz::action::ViewInventory;
use crate::catalog::{Billing, Term};
use crate::http::list::{Asked, Choices, Chosen, Column, Filter, List, Lookup, Rows, sorts_of};
use crate::http::widgets::counted;
use crate::kernel::{Moment, search_key};
use crate::virtual_accounts;
use chrono::TimeDelta;

/// A day for a file.
fn day(at: Option<Moment>) -> String {
    at.map_or_else(String::new, |at| at.utc().format("%Y-%m-%d").to_string())
}

/// How many days from now a term ends, its last day included; none when it ends in more than ninety days or never.
pub fn ends_in(at: Option<Moment>, now: Moment) -> Option<i64> {
    let days = (at?.utc().date_naive() - now.utc().date_naive()).num_days();
    (days <= 90).then_some(days)
}

/// When a term ends that has not ended yet: today, or in so many days.
pub fn expires(days: i64) -> String {
    if days == 0 {
        "Expires today".to_owned()
    } else {
        format!("Expires in {}", counted(days.unsigned_abs(), "day", "days"))
    }
}

/// A license in a Virtual Account, and in how many days a term of it ends.
pub struct Listed {
    pub row: Row,
    pub ends_in: Option<i64>,
}

impl Listed {
    pub fn at(row: Row, now: Moment) -> Self {
        Self {
            ends_in: ends_in(row.stock.ends_at, now),
            row,
        }
    }
    /// When a term ends, in words, or "".
    pub fn ends_words(&self) -> String {
        match self.ends_in {
            None => String::new(),
            Some(days) if days < 0 => "Term ended".to_owned(),
            Some(days) => expires(days),
        }
    }
    fn alerts(&self) -> String {
        let short = self
            .row
            .stock
            .short_since
            .map(|_| "Insufficient Licenses".to_owned());
        let ends = self.ends_in.map(|_| self.ends_words());
        let both: Vec<String> = short.into_iter().chain(ends).collect();
        both.join(", ")
    }
}

const FILTERS: &[Filter<Wanted>] = &[
    Filter::known_ids("va", "Virtual Account", "Id of a Virtual Account.", in_places),
    Filter::known(
        "tag",
        "Virtual Account Tag",
        "A tag of Virtual Accounts.",
        in_places,
    ),
    Filter::known(
        "license-tag",
        "License Tag",
        "A license tag.",
        |mut wanted, chosen| {
            wanted.tags = chosen.values.iter().map(|tag| search_key(tag)).collect();
            wanted
        },
    ),
    Filter::words(
        "alert",
        "Alerts",
        "short: Insufficient Licenses; ending: a term ends within 90 days.",
        &[
            ("short", "Insufficient Licenses"),
            ("ending", "Expires within 90 days"),
        ],
        |mut wanted, chosen| {
            wanted.short = chosen.has("short");
            wanted.ends_before = chosen.has("ending").then(|| chosen.now.plus(TimeDelta::days(90)));
            wanted
        },
    ),
    Filter::words(
        "term",
        "Term",
        "Of the term that ends first.",
        Term::CHOICES,
        |mut wanted, chosen| {
            wanted.terms = chosen.words();
            wanted
        },
    ),
    Filter::words(
        "billing",
        "Billing",
        "How they are paid for.",
        Billing::CHOICES,
        |mut wanted, chosen| {
            wanted.billings = chosen.words();
            wanted
        },
    ),
    Filter::words(
        "empty",
        "Empty ones",
        "yes: those of which none are left as well.",
        &[("yes", "Show licenses of which none are left")],
        |mut wanted: Wanted, chosen: &Chosen<'_>| {
            wanted.empty_too = chosen.has("yes");
            wanted
        },
    )
    .once(),
    Filter::unseen(PLACE, |mut wanted, chosen| {
        wanted.places = Some(chosen.words());
        wanted
    }),
];

/// The Virtual Account whose licenses alone are asked for.
pub const PLACE: &str = "place";

fn in_places(mut wanted: Wanted, chosen: &Chosen<'_>) -> Wanted {
    wanted.places = Some(chosen.meant_among(wanted.places));
    wanted
}

fn wanted(asked: &Asked) -> Wanted {
    asked.wanted(FILTERS, |words| Wanted {
        typed: words,
        ..Wanted::default()
    })
}

fn pairs(tags: Vec<String>) -> Choices {
    Choices::all(tags.into_iter().map(|tag| (tag.clone(), tag)).collect())
}

pub static LIST: List<Permit<ViewInventory>, Listed, Wanted> = List {
    path: "/sa/{said}/licensing/license-inventory",
    file: "license-inventory",
    most_exported: 100_000,
    nouns: ("license", "licenses"),
    search: "Words in the license's name, in its entitlement or in one of its tags.",
    filters: FILTERS,
    sorts: sorts_of!(ORDERS),
    default_sort: "license",
    columns: &[
        Column::lead("license", "License", |one| one.row.stock.name.clone()),
        Column::file("Entitlement", |one| one.row.stock.entitlement.clone()),
        Column::shown("va", "Virtual Account", |one| one.row.virtual_account.clone()),
        Column::shown("billing", "Billing", |one| {
            one.row.stock.billing.label().to_owned()
        }),
        Column::number("purchased", "Purchased", |one| {
            one.row.stock.purchased.to_string()
        }),
        Column::shown("in-use", "In Use", |one| one.row.stock.in_use.to_string()),
        Column::number("reserved", "Reserved", |one| one.row.stock.reserved.to_string()),
        Column::number("balance", "Balance", |one| one.row.stock.balance.to_string()),
        Column::shown("alerts", "Alerts", Listed::alerts),
        Column::file("Terms", |one| one.row.stock.terms.to_string()),
        Column::shown("ends", "Term", |one| one.row.stock.term.label().to_owned()),
        Column::file("Ends", |one| day(one.row.stock.ends_at)),
        Column::file("License Tags", |one| one.row.tags.join(", ")),
    ],
    known: &[
        (
            "license-tag",
            Lookup::Choices(|read, permit, _| Ok(pairs(tags::in_use(read, permit.within())?))),
        ),
        (
            "va",
            Lookup::Choices(|read, permit, raw| {
                Ok(virtual_accounts::Choices::read(read, permit.within(), raw)?.known())
            }),
        ),
        (
            "tag",
            Lookup::Choices(|read, permit, _| Ok(pairs(virtual_accounts::tags_in_use(read, permit)?))),
        ),
        ("tag", Lookup::Meaning(virtual_accounts::meant_by_tag)),
    ],
    rows: Rows::Paged {
        count: |read, permit, asked| service::count(read, permit, &wanted(asked)),
        page: |read, permit, asked, some| {
            let rows = service::page(read, permit, &wanted(asked), asked.order(), some)?.into_iter();
            Ok(rows.map(|row| Listed::at(row, asked.now)).collect())
        },
    },
    ..List::PLAIN
};
