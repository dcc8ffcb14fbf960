//! The lists of events: those of an account, those of one of its Virtual Accounts, and those of an On-Prem server itself.

use super::model::{Entry, Filter as Wanted};
use super::service;
use crate::authz::Permit;
use crate::authz::action::{ViewAdminWorkspace, ViewEvents};
use crate::http::list::{Asked, Chosen, Column, Filter, List, Lookup, Rows, by_store};
use crate::kernel::Edition;
use crate::kernel::event::{Kind, Outcome};
use crate::virtual_accounts;
use std::sync::LazyLock;

/// The kinds as a filter offers them, by their words.
pub static KINDS: LazyLock<Vec<(&'static str, &'static str)>> = LazyLock::new(|| {
    let mut kinds: Vec<_> = Kind::ALL.iter().map(|kind| (kind.word(), kind.label())).collect();
    kinds.sort_by_key(|(_, label)| *label);
    kinds
});

/// Things that an On-Prem server does not have: the first words of their events.
const OF_THE_CLOUD: &[&str] = &[
    "account-request.",
    "access-request.",
    "agreement.",
    "domain-change.",
    "order.",
    "smart-account.",
    "user-group.",
    "device-manager.",
    "sync.",
    "on-prem.",
];

/// The kinds of events of an On-Prem server, in its words.
static ON_PREM_KINDS: LazyLock<Vec<(&'static str, &'static str)>> = LazyLock::new(|| {
    KINDS
        .iter()
        .filter(|(word, _)| !OF_THE_CLOUD.iter().any(|thing| word.starts_with(thing)))
        .map(|(word, label)| (*word, Edition::OnPrem.say(label)))
        .collect()
});

const OUTCOME: Filter<Wanted> = Filter::words(
    "outcome",
    "Outcome",
    "How it ended.",
    Outcome::CHOICES,
    |mut wanted, chosen| {
        wanted.outcomes = chosen.words();
        wanted
    },
);
const FROM: Filter<Wanted> = Filter::day("from", "From", "The first day (UTC).", |mut wanted, chosen| {
    wanted.from = chosen.from();
    wanted
});
const TO: Filter<Wanted> = Filter::day("to", "To", "The last day (UTC).", |mut wanted, chosen| {
    wanted.until = chosen.until();
    wanted
});
const KIND: Filter<Wanted> = Filter::words_in(
    "kind",
    "Event",
    "One of the kinds.",
    |edition: Edition| {
        if edition.is_on_prem() {
            &ON_PREM_KINDS
        } else {
            &KINDS
        }
    },
    |mut wanted, chosen| {
        wanted.kinds = chosen.words();
        wanted
    },
);

const FILTERS: &[Filter<Wanted>] = &[
    OUTCOME,
    FROM,
    TO,
    KIND,
    Filter::text(
        "va",
        "Virtual Account",
        "A part of the name of the Virtual Account.",
        in_places,
    )
    .once(),
    Filter::text(
        "tag",
        "Tag of the Virtual Account",
        "A tag of the Virtual Account.",
        in_places,
    ),
    Filter::unseen(PLACE, |mut wanted, chosen| {
        wanted.places = Some(chosen.words());
        wanted
    }),
];

/// The Virtual Account whose events alone are asked for.
pub const PLACE: &str = "place";

fn in_places(mut wanted: Wanted, chosen: &Chosen<'_>) -> Wanted {
    wanted.places = Some(chosen.meant_among(wanted.places));
    wanted
}

/// What is asked of the record.
pub fn wanted(asked: &Asked) -> Wanted {
    asked.wanted(FILTERS, |words| Wanted {
        who: words,
        ..Wanted::default()
    })
}

/// Its file is taken out by a form, since that is recorded.
pub static LOG: List<Permit<ViewEvents>, Entry, Wanted> = List {
    path: "/sa/{said}/activity",
    nouns: ("event", "events"),
    search: "Words in the name or the address of who did it.",
    filters: FILTERS,
    sorts: &[("time", by_store)],
    default_sort: "-time",
    columns: &[
        Column::fixed("time", "Time"),
        Column::fixed("event", "Event"),
        Column::table("person", "Person"),
        Column::table("va", "Virtual Account"),
        Column::table("outcome", "Outcome"),
    ],
    known: &[
        ("va", Lookup::Meaning(virtual_accounts::meant_by_name)),
        ("tag", Lookup::Meaning(virtual_accounts::meant_by_tag)),
    ],
    rows: Rows::Paged {
        count: |read, permit, asked| service::total(read, permit, &wanted(asked)),
        page: |read, permit, asked, some| {
            service::page(read, permit, &wanted(asked), asked.list.descending, some)
        },
    },
    ..List::PLAIN
};

pub static SERVER_LOG: List<Permit<ViewAdminWorkspace>, Entry, Wanted> = List {
    path: "/admin/activity",
    file: "server-event-log",
    most_exported: 20_000,
    nouns: ("event", "events"),
    search: "Words in the name or the address of who did it.",
    filters: &[OUTCOME, FROM, TO, KIND],
    sorts: &[("time", by_store)],
    default_sort: "-time",
    columns: &[
        Column::lead("time", "Time", |entry| entry.at.rfc3339()),
        Column::lead("event", "Event", |entry| entry.kind.label().to_owned()),
        Column::file("Outcome", |entry| entry.outcome.label().to_owned()),
        Column::file("Description", |entry| entry.message.clone()),
        Column::shown("person", "Person", |entry| entry.actor.clone()),
        Column::table("outcome", "Outcome"),
        Column::file("Object", |entry| entry.about.clone()),
        Column::file("Event ID", |entry| entry.id.to_string()),
    ],
    rows: Rows::Paged {
        count: |read, permit, asked| service::server_total(read, permit, &wanted(asked)),
        page: |read, permit, asked, some| {
            service::server_page(read, permit, &wanted(asked), asked.list.descending, some)
        },
    },
    ..List::PLAIN
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::Moment;

    #[test]
    fn a_period_holds_its_last_day() {
        let now = Moment::parse("2026-11-29T00:00:00Z").unwrap();
        let raw = "kind=role.granted&outcome=refused&q=%20ADA%20&from=2026-11-01&to=2026-11-02";
        let found = wanted(&LOG.asked_by(raw, now));
        assert_eq!(found.kinds, [Kind::RoleGranted]);
        assert_eq!(found.outcomes, [Outcome::Refused]);
        assert_eq!(found.who, "ADA");
        assert_eq!(found.from, Moment::parse("2026-11-01T00:00:00Z"));
        assert_eq!(found.until, Moment::parse("2026-11-03T00:00:00Z"));
        assert!(!found.is_open() && wanted(&LOG.whole(now)).is_open());
    }
}
