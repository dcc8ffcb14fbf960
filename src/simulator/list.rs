//! The lists of letters: those of the lab's mailbox, and what became of those that were queued for sending.

use super::model::{Row, Wanted, letter_words};
use super::service;
use crate::authz::Permit;
use crate::authz::action::Operate;
use crate::http::list::{Asked, AtLab, Choices, Column, Filter, List, Lookup, Rows, by_store};
use crate::kernel::Moment;
use crate::platform::mail::{self, Delivery, Queued};

const FILTERS: &[Filter<Wanted>] = &[
    Filter::text(
        "to",
        "To",
        "An address, or a part of one.",
        |mut wanted, chosen| {
            chosen.text().clone_into(&mut wanted.to);
            wanted
        },
    ),
    Filter::known(
        "letter",
        "Kind of letter",
        "The kind of letter.",
        |mut wanted, chosen| {
            chosen.text().clone_into(&mut wanted.letter);
            wanted
        },
    ),
];

fn wanted(asked: &Asked) -> Wanted {
    asked.wanted(FILTERS, |words| Wanted {
        q: words,
        ..Wanted::default()
    })
}

pub static MAILBOX: List<AtLab, Row, Wanted> = List {
    path: "/simulator/mailbox",
    file: "mailbox",
    most_exported: 100_000,
    nouns: ("letter", "letters"),
    search: "Words in addressee, subject or text.",
    filters: FILTERS,
    sorts: &[("sent", by_store)],
    default_sort: "-sent",
    columns: &[
        Column::lead("subject", "Subject", |row| row.subject.clone()),
        Column::shown("to", "To", |row| row.to_address.clone()),
        Column::shown("letter", "Kind of letter", |row| letter_words(&row.letter)),
        Column::shown("sent", "Sent", |row| row.sent_at.rfc3339()),
        Column::file("Read", |row| row.read_at.map(Moment::rfc3339).unwrap_or_default()),
    ],
    known: &[(
        "letter",
        Lookup::Choices(|read, _, _| {
            let kinds = service::kinds(read)?.into_iter();
            let kinds = kinds.map(|kind| (kind.clone(), letter_words(&kind)));
            Ok(Choices::all(kinds.collect()))
        }),
    )],
    rows: Rows::Paged {
        count: |read, _, asked| service::matching(read, &wanted(asked)),
        page: |read, _, asked, some| service::letters(read, &wanted(asked), asked.list.descending, some),
    },
    ..List::PLAIN
};

const STATES: &[Filter<Vec<Delivery>>] = &[Filter::words(
    "state",
    "State",
    "What became of it.",
    Delivery::CHOICES,
    |_, chosen| chosen.words(),
)];

fn states(asked: &Asked) -> Vec<Delivery> {
    asked.filtered(STATES, Vec::new())
}

pub static OUTBOUND: List<Permit<Operate>, Queued, Vec<Delivery>> = List {
    path: "/operator/mail",
    file: "outbound-email",
    most_exported: 100_000,
    nouns: ("letter", "letters"),
    search: "Words in the address or the kind.",
    filters: STATES,
    sorts: &[("queued", by_store)],
    default_sort: "-queued",
    columns: &[
        Column::lead("to", "To", |row| row.to_address.clone()),
        Column::shown("letter", "Kind of letter", |row| letter_words(&row.letter)),
        Column::shown("state", "State", |row| row.delivery().label().to_owned()),
        Column::file("Problem", |row| row.last_problem.clone()),
        Column::shown("tries", "Tries", |row| row.attempts.to_string()),
        Column::shown("queued", "Queued", |row| row.created_at.rfc3339()),
    ],
    rows: Rows::Paged {
        count: |read, _, asked| mail::count(read, &states(asked), &asked.list.q),
        page: |read, _, asked, some| {
            mail::page(read, &states(asked), &asked.list.q, asked.list.descending, some)
        },
    },
    ..List::PLAIN
};
