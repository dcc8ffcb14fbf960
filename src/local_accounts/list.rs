//! The lists of the Admin Workspace: On-Prem accounts, requests for them, and what happened to them. A server has some
//! hundred accounts, so they are read all at once.

use super::model::{AccountState, LocalAccount};
use super::store;
use crate::authn::people;
use crate::authz::Permit;
use crate::authz::action::ViewAdminWorkspace;
use crate::error::Result;
use crate::events::{self, Entry};
use crate::http::list::{Asked, Column, Filter, List, Rows, Sort, by_key};
use crate::kernel::{Kind, Moment, search_key};
use crate::platform::db::Reads;
use std::collections::HashMap;

/// So many lines of the event log are read, the newest.
const MOST_LINES: i64 = 10_000;

/// An account, with the name of whoever asked for it.
pub struct Listed {
    pub account: LocalAccount,
    pub requester: String,
}

/// By what they can be sorted. They come by name.
const SORTS: &[Sort<Vec<Listed>>] = &[
    ("name", |rows, way| by_key(rows, way, |_| ())),
    ("smart-account", |rows, way| {
        by_key(rows, way, |one| search_key(&one.account.smart_account))
    }),
    ("virtual-account", |rows, way| {
        by_key(rows, way, |one| search_key(&one.account.virtual_account))
    }),
    ("status", |rows, way| by_key(rows, way, |one| one.account.state)),
    ("requested", |rows, way| {
        by_key(rows, way, |one| one.account.requested_at)
    }),
];

const fn by_status(words: &'static [(&'static str, &'static str)]) -> Filter<Vec<Listed>> {
    Filter::words(
        "status",
        "Account Status",
        "How it stands.",
        words,
        |mut rows, chosen| {
            rows.retain(|one| chosen.has(one.account.state.word()));
            rows
        },
    )
}

const OF_ACCOUNTS: &[(&str, &str)] = &[AccountState::Active.choice(), AccountState::Inactive.choice()];

const OF_REQUESTS: &[(&str, &str)] = &[
    AccountState::Pending.choice(),
    AccountState::Registering.choice(),
    AccountState::AwaitingFile.choice(),
    AccountState::Rejected.choice(),
];

const IN_USE: &[Filter<Vec<Listed>>] = &[by_status(OF_ACCOUNTS)];

const ASKED_FOR: &[Filter<Vec<Listed>>] = &[by_status(OF_REQUESTS)];

/// Accounts and requests: the tabs count those that wait on either list.
fn all(read: &mut dyn Reads, _: &Permit<ViewAdminWorkspace>, _: Moment) -> Result<Vec<Listed>> {
    let all = store::list(read, None, i64::MAX, 0)?;
    let ids: Vec<_> = all.iter().filter_map(|one| one.requested_by).collect();
    let people = people::find_all(read, &ids)?.into_iter();
    let names: HashMap<_, _> = people.map(|person| (person.id, person.name)).collect();
    let listed = |account: LocalAccount| Listed {
        requester: account
            .requested_by
            .and_then(|id| names.get(&id).cloned())
            .unwrap_or_default(),
        account,
    };
    Ok(all.into_iter().map(listed).collect())
}

fn asked(
    rows: Vec<Listed>,
    asked: &Asked,
    filters: &[Filter<Vec<Listed>>],
    are_requests: bool,
) -> Vec<Listed> {
    let mut rows = rows;
    rows.retain(|one| one.account.state.is_request() == are_requests);
    let found = asked.found(rows, |one| {
        let Listed { account, requester } = one;
        format!(
            "{} {} {} {requester}",
            account.name, account.smart_account, account.virtual_account
        )
    });
    asked.sorted(SORTS, asked.filtered(filters, found))
}

const ALIKE: List<Permit<ViewAdminWorkspace>, Listed, Vec<Listed>> = List {
    nouns: ("account", "accounts"),
    search: "Words in the name, the Smart Account, the Virtual Account, or of who requested it.",
    sorts: SORTS,
    default_sort: "name",
    columns: &[
        Column::lead("name", "Account Name", |one| one.account.name.clone()),
        Column::shown("smart-account", "Cisco Smart Account", |one| {
            one.account.smart_account.clone()
        }),
        Column::shown("virtual-account", "Cisco Virtual Account", |one| {
            one.account.virtual_account.clone()
        }),
        Column::shown("status", "Account Status", |one| {
            one.account.state.label().to_owned()
        }),
        Column::file("Requested by", |one| one.requester.clone()),
        Column::table("requested", "Requested"),
        Column::file("Requested at", |one| one.account.requested_at.rfc3339()),
        Column::file("Reason", |one| one.account.reason.clone()),
    ],
    ..List::PLAIN
};

/// The tab "Accounts".
pub static ACCOUNTS: List<Permit<ViewAdminWorkspace>, Listed, Vec<Listed>> = List {
    path: "/admin/accounts",
    file: "accounts",
    filters: IN_USE,
    rows: Rows::Whole {
        all,
        asked: |rows, of| asked(rows, of, IN_USE, false),
    },
    ..ALIKE
};

/// The tab "Accounts Requests".
pub static REQUESTS: List<Permit<ViewAdminWorkspace>, Listed, Vec<Listed>> = List {
    path: "/admin/accounts/requests",
    file: "account-requests",
    filters: ASKED_FOR,
    rows: Rows::Whole {
        all,
        asked: |rows, of| asked(rows, of, ASKED_FOR, true),
    },
    ..ALIKE
};

/// What happens to accounts of this server as a whole.
const KINDS: &[Kind] = &[
    Kind::LocalRequested,
    Kind::LocalRegistration,
    Kind::LocalRegistered,
    Kind::LocalRejected,
    Kind::LocalDeactivated,
    Kind::LocalActivated,
    Kind::LocalDeleted,
    Kind::LocalChanged,
];

/// They come by time.
const BY_TIME: &[Sort<Vec<Entry>>] = &[("time", |rows, way| by_key(rows, way, |_| ()))];

/// The tab "Event Log".
pub static EVENTS: List<Permit<ViewAdminWorkspace>, Entry, Vec<Entry>> = List {
    path: "/admin/accounts/events",
    file: "account-events",
    nouns: ("event", "events"),
    search: "Words in the message, or of who did it.",
    sorts: BY_TIME,
    default_sort: "-time",
    columns: &[
        Column::lead("time", "Time", |one| one.at.rfc3339()),
        Column::shown("event", "Event", |one| one.kind.label().to_owned()),
        Column::file("Outcome", |one| one.outcome.label().to_owned()),
        Column::shown("message", "Message", |one| one.message.clone()),
        Column::shown("by", "By", |one| one.actor.clone()),
    ],
    rows: Rows::Whole {
        all: |read, _, _| {
            let mut rows = events::of_kinds(read, KINDS, MOST_LINES)?;
            rows.reverse();
            Ok(rows)
        },
        asked: |rows, asked| {
            let found = asked.found(rows, |one| format!("{} {}", one.message, one.actor));
            asked.sorted(BY_TIME, found)
        },
    },
    ..List::PLAIN
};
