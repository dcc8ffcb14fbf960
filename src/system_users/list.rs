//! The list of the users of a server.

use crate::authn::system_users::{self, Filter as Wanted, SystemUser};
use crate::authn::{PersonState, PlatformRole};
use crate::authz::Permit;
use crate::authz::action::ViewAdminWorkspace;
use crate::http::list::{Asked, Column, Filter, List, Rows, sorts_of};
use crate::kernel::Moment;

pub(super) const USERS: &str = "/admin/users";

const ROLES: &[(&str, &str)] = &[
    PlatformRole::SystemAdministrator.choice(),
    PlatformRole::SystemOperator.choice(),
    PlatformRole::SystemUser.choice(),
];

const FILTERS: &[Filter<Wanted>] = &[
    Filter::words(
        "role",
        "Role",
        "Role over the server.",
        ROLES,
        |mut wanted, chosen| {
            wanted.roles = chosen.words();
            wanted
        },
    ),
    Filter::words(
        "status",
        "Status",
        "Whether they can sign in.",
        PersonState::CHOICES,
        |mut wanted, chosen| {
            wanted.states = chosen.words();
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

pub static LIST: List<Permit<ViewAdminWorkspace>, SystemUser, Wanted> = List {
    path: USERS,
    file: "users",
    most_exported: 100_000,
    nouns: ("user", "users"),
    search: "Words in the user name, the name or the address.",
    filters: FILTERS,
    sorts: sorts_of!(system_users::ORDERS),
    default_sort: "user-name",
    columns: &[
        Column::lead("user-name", "User name", |user| user.user_name.clone()),
        Column::shown("name", "Name", |user| user.name.clone()),
        Column::shown("email", "Email", |user| user.email.clone()),
        Column::lead("role", "Role", |user| user.role.label().to_owned()),
        Column::lead("status", "Status", |user| user.state.label().to_owned()),
        Column::shown("last", "Last sign-in", |user| {
            user.last_sign_in_at.map(Moment::rfc3339).unwrap_or_default()
        }),
    ],
    rows: Rows::Paged {
        count: |read, _, asked| system_users::count(read, &wanted(asked)),
        page: |read, _, asked, some| system_users::list(read, &wanted(asked), asked.order(), some),
    },
    ..List::PLAIN
};
