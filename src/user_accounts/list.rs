//! The list of user accounts.

use crate::authn::PersonState;
use crate::authn::people::{self, Account, AccountsWanted};
use crate::authz::Permit;
use crate::authz::action::Operate;
use crate::http::list::{Asked, Column, Filter, List, Rows, sorts_of};
use crate::kernel::Moment;

pub const PATH: &str = "/operator/user-accounts";

const FILTERS: &[Filter<AccountsWanted>] = &[Filter::words(
    "status",
    "Status",
    "Whether they can sign in.",
    PersonState::CHOICES,
    |mut wanted, chosen| {
        wanted.states = chosen.words();
        wanted
    },
)];

fn wanted(asked: &Asked) -> AccountsWanted {
    let all = AccountsWanted {
        q: asked.list.q.clone(),
        ..AccountsWanted::default()
    };
    asked.filtered(FILTERS, all)
}

/// The roles over the portal, in words.
pub fn roles(account: &Account) -> String {
    let labels: Vec<&str> = account.roles.iter().map(|role| role.label()).collect();
    labels.join(", ")
}

pub static LIST: List<Permit<Operate>, Account, AccountsWanted> = List {
    path: PATH,
    file: "user-accounts",
    most_exported: 100_000,
    nouns: ("user account", "user accounts"),
    search: "Words in the name or the address.",
    filters: FILTERS,
    sorts: sorts_of!(people::ACCOUNT_ORDERS),
    default_sort: "name",
    columns: &[
        Column::lead("name", "Name", |one| one.name.clone()),
        Column::shown("email", "Email", |one| one.email.clone()),
        Column::shown("role", "Role over the portal", roles),
        Column::lead("status", "Status", |one| one.state.label().to_owned()),
        Column::shown("factor", "Second factor", |one| {
            if one.has_second_factor { "Yes" } else { "No" }.to_owned()
        }),
        Column::hidden("linked", "Identity provider", |one| {
            if one.is_linked { "Linked" } else { "Not linked" }.to_owned()
        }),
        Column::shown("added", "Added", |one| Moment::rfc3339(one.created_at)),
    ],
    rows: Rows::Paged {
        count: |read, _, asked| people::count_accounts(read, &wanted(asked)),
        page: |read, _, asked, some| people::accounts(read, &wanted(asked), asked.order(), some),
    },
    ..List::PLAIN
};
