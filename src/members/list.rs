//! The list of users: of an account, and of what reaches one of its Virtual Accounts.

use super::model::{Held, Member};
use super::service::{self, Filter as Wanted};
use super::store::ORDERS;
use crate::authn::PersonState;
use crate::authz::action::ViewUsers;
use crate::authz::{Permit, Role};
use crate::http::list::{Asked, Chosen, Column, Filter, List, Lookup, Rows, sorts_of};
use crate::kernel::{Edition, Moment};
use crate::virtual_accounts;

/// An On-Prem server has neither approvers nor viewers.
const LOCAL_ROLES: &[(&str, &str)] = &[
    Role::AccountAdmin.choice(),
    Role::AccountUser.choice(),
    Role::VirtualAdmin.choice(),
    Role::VirtualUser.choice(),
];

const FILTERS: &[Filter<Wanted>] = &[
    Filter::words_in(
        "role",
        "Role",
        "One of the roles.",
        |edition: Edition| {
            if edition.is_on_prem() {
                LOCAL_ROLES
            } else {
                Role::CHOICES
            }
        },
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
    Filter::words(
        "given",
        "Given",
        "How they hold it.",
        &[("direct", "Directly"), ("group", "Through a user group")],
        |mut wanted: Wanted, chosen: &Chosen<'_>| {
            (wanted.direct, wanted.through) = (chosen.has("direct"), chosen.has("group"));
            wanted
        },
    )
    .in_the_cloud(),
    Filter::text(
        "va",
        "Virtual Account",
        "A part of the name of a Virtual Account.",
        in_places,
    )
    .once(),
    Filter::text(
        "tag",
        "Tag of the Virtual Account",
        "A tag of the Virtual Account.",
        in_places,
    ),
    Filter::text(
        "group",
        "User group",
        "A part of the name of a user group.",
        |mut wanted: Wanted, chosen: &Chosen<'_>| {
            wanted.groups = Some(chosen.meant.to_vec());
            wanted
        },
    )
    .once()
    .in_the_cloud(),
    Filter::unseen(TOUCHING, |mut wanted, chosen| {
        wanted.touching = chosen.words().pop();
        wanted
    }),
];

/// The Virtual Account into which reaches what is asked for.
pub const TOUCHING: &str = "touching";

fn in_places(mut wanted: Wanted, chosen: &Chosen<'_>) -> Wanted {
    wanted.places = Some(chosen.meant_among(wanted.places));
    wanted
}

fn wanted(asked: &Asked) -> Wanted {
    asked.wanted(FILTERS, |words| Wanted {
        q: words,
        ..Wanted::default()
    })
}

/// What a line of the file is about: a member is told with each role that they hold.
fn held(member: &Member) -> Option<&Held> {
    member.held.first()
}

pub static LIST: List<Permit<ViewUsers>, Member, Wanted> = List {
    path: "/sa/{said}/account/users",
    file: "users",
    nouns: ("user", "users"),
    search: "Words in the name or the address.",
    filters: FILTERS,
    sorts: sorts_of!(ORDERS),
    default_sort: "name",
    columns: &[
        Column::lead("name", "Name", |one| one.person.name.clone()),
        Column::lead("email", "Email", |one| one.person.email.clone()),
        Column::file("Status", |one| one.person.state.label().to_owned()),
        Column::table("roles", "Roles"),
        Column::words("Role", |one| held(one).map_or("", |held| held.role.label())),
        Column::file("Virtual Account", |one| {
            let place = held(one).and_then(|held| held.virtual_account.clone());
            place.map(|(_, name)| name).unwrap_or_default()
        }),
        Column::hidden("through", "Through", |one| {
            held(one).map_or("", Held::group).to_owned()
        }),
        Column::table("status", "Status"),
        Column::shown("since", "Since", |one| {
            one.since().map(Moment::rfc3339).unwrap_or_default()
        }),
    ],
    known: &[
        ("va", Lookup::Meaning(virtual_accounts::meant_by_name)),
        ("tag", Lookup::Meaning(virtual_accounts::meant_by_tag)),
        (
            "group",
            Lookup::Meaning(|read, permit, values| {
                let part = values.first().copied().unwrap_or_default();
                super::groups::named_like(read, permit.within().account()?, part)
            }),
        ),
    ],
    apart: Some(|member| {
        let Member { person, held } = member;
        let each = held.into_iter().map(|one| Member {
            person: person.clone(),
            held: vec![one],
        });
        each.collect()
    }),
    rows: Rows::Paged {
        count: |read, permit, asked| service::total(read, permit, &wanted(asked)),
        page: |read, permit, asked, some| service::page(read, permit, &wanted(asked), asked.order(), some),
    },
    ..List::PLAIN
};
