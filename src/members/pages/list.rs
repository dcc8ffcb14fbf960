//! The users of a Smart Account and of a Virtual Account, as pages and as CSV.

use super::{base, why_not};
use crate::authz::Action;
use crate::authz::action::ViewUsers;
use crate::error::{Error, Result};
use crate::http::csv::Table;
use crate::http::form::PathPart;
use crate::http::list::{ColumnSpec, FilterSpec, ListQuery, ListSpec, Pager};
use crate::http::reply::attachment;
use crate::http::shell::initials;
use crate::http::widgets::{Tab, counted};
use crate::http::{Answer, Crumb, May, Shell, Visit, page};
use crate::kernel::ids::{PersonId, VirtualAccountId};
use crate::kernel::search_key;
use crate::members::model::Member;
use crate::members::service::{self, Filter, Slice};
use crate::platform::db::Reads;
use crate::virtual_accounts;
use askama::Template;

/// The roles, as filters know them.
pub const ROLES: &[(&str, &str)] = &[
    ("account-admin", "Smart Account Administrator"),
    ("account-approver", "Smart Account Approver"),
    ("account-user", "Smart Account User"),
    ("account-viewer", "Smart Account Viewer"),
    ("virtual-admin", "Virtual Account Administrator"),
    ("virtual-user", "Virtual Account User"),
    ("virtual-viewer", "Virtual Account Viewer"),
];

pub const STATES: &[(&str, &str)] = &[
    ("active", "Active"),
    ("invited", "Invited"),
    ("disabled", "Disabled"),
];

pub const GIVEN: &[(&str, &str)] = &[("direct", "Directly"), ("group", "Through a user group")];

/// By what the list can be sorted.
pub const SORTS: &[&str] = &["name", "email", "status", "since"];

const FILTERS: &[FilterSpec<'_>] = &[
    FilterSpec {
        key: "role",
        label: "Role",
        values: ROLES,
    },
    FilterSpec {
        key: "status",
        label: "Status",
        values: STATES,
    },
    FilterSpec {
        key: "given",
        label: "Given",
        values: GIVEN,
    },
    FilterSpec {
        key: "va",
        label: "Virtual Account",
        values: &[],
    },
    FilterSpec {
        key: "tag",
        label: "Tag of the Virtual Account",
        values: &[],
    },
    FilterSpec {
        key: "group",
        label: "User group",
        values: &[],
    },
];

/// An On-Prem server has neither approvers and viewers nor user groups.
const LOCAL_FILTERS: &[FilterSpec<'_>] = &[
    FilterSpec {
        key: "role",
        label: "Role",
        values: &[
            ("account-admin", "Smart Account Administrator"),
            ("account-user", "Smart Account User"),
            ("virtual-admin", "Virtual Account Administrator"),
            ("virtual-user", "Virtual Account User"),
        ],
    },
    FilterSpec {
        key: "status",
        label: "Status",
        values: STATES,
    },
    FilterSpec {
        key: "va",
        label: "Virtual Account",
        values: &[],
    },
    FilterSpec {
        key: "tag",
        label: "Tag of the Virtual Account",
        values: &[],
    },
];

const COLUMNS: &[ColumnSpec<'_>] = &[
    ColumnSpec {
        key: "roles",
        label: "Roles",
        default_on: true,
    },
    ColumnSpec {
        key: "through",
        label: "Through",
        default_on: false,
    },
    ColumnSpec {
        key: "status",
        label: "Status",
        default_on: true,
    },
    ColumnSpec {
        key: "since",
        label: "Since",
        default_on: true,
    },
];

pub fn query(visit: &Visit, path: String) -> ListQuery {
    visit.list(&ListSpec {
        path,
        sorts: SORTS,
        default_sort: "name",
        filters: if visit.portal.config.edition.is_on_prem() {
            LOCAL_FILTERS
        } else {
            FILTERS
        },
        columns: COLUMNS,
    })
}

/// What the query asks for. Virtual Accounts and groups are named by a part of their name.
pub fn filter(
    read: &mut dyn Reads,
    account: crate::kernel::ids::SmartAccountId,
    list: &ListQuery,
) -> Result<Filter> {
    let places = match list.value("va") {
        None => None,
        Some(part) => {
            let part = search_key(part);
            let names = virtual_accounts::names(read, &[account])?;
            Some(
                names
                    .into_iter()
                    .filter(|(_, _, name, _)| search_key(name).contains(&part))
                    .map(|(_, id, _, _)| id)
                    .collect(),
            )
        }
    };
    let tags = list.values("tag");
    let places: Option<Vec<VirtualAccountId>> = if tags.is_empty() {
        places
    } else {
        let tagged = virtual_accounts::tagged(read, account, &tags)?;
        Some(match places {
            Some(places) => places.into_iter().filter(|id| tagged.contains(id)).collect(),
            None => tagged,
        })
    };
    let groups = match list.value("group") {
        None => None,
        Some(part) => Some(crate::members::groups::named_like(read, account, part)?),
    };
    Ok(Filter {
        q: list.q.clone(),
        roles: list
            .values("role")
            .iter()
            .filter_map(|word| word.parse().ok())
            .collect(),
        states: list
            .values("status")
            .iter()
            .filter_map(|word| word.parse().ok())
            .collect(),
        places,
        groups,
        direct: list.has("given", "direct"),
        through: list.has("given", "group"),
        ..Filter::default()
    })
}

pub fn slice(list: &ListQuery) -> Slice {
    Slice {
        sort: list.sort.clone(),
        descending: list.descending,
        offset: list.offset(),
        limit: Some(list.limit()),
    }
}

#[derive(Template)]
#[template(path = "members/list.html")]
struct ListPage {
    shell: Shell,
    heading: String,
    says: String,
    tabs: Vec<Tab>,
    list: ListQuery,
    pager: Pager,
    rows: Vec<Member>,
    count: String,
    number: i64,
    /// The list of the whole account, with its actions; or of one Virtual Account.
    whole: bool,
    /// Why users cannot be managed, or "".
    refused: String,
    /// Whether the reader holds a role here that they can end.
    can_leave: bool,
    /// Whether to say here that a second factor is required.
    can_require: bool,
    me: Option<PersonId>,
}

impl ListPage {
    fn is_me(&self, member: &Member) -> bool {
        self.me == Some(member.person.id)
    }
}

pub(super) fn me(visit: &Visit) -> Option<PersonId> {
    visit.actor.as_ref().map(|actor| actor.person.id)
}

fn users_crumbs() -> [Crumb; 2] {
    [
        Crumb::text("Account Management"),
        Crumb::text("Smart Account Management"),
    ]
}

pub(super) async fn all(may: May<ViewUsers>) -> Answer {
    let number = may.number();
    let mut list = query(&may, base(&may, "users"));
    let (permit, visit) = (may.permit.clone(), Visit::clone(&may));
    let (list, total, rows, refused) = may
        .portal
        .db
        .read(move |r| {
            let filter = filter(r, permit.within().account()?, &list)?;
            let total = service::total(r, &permit, &filter)?;
            list.clamp(total);
            let rows = service::slice(r, &permit, &filter, &slice(&list))?;
            let refused = why_not(&visit, Action::ManageUsers, r)?;
            Ok((list, total, rows, refused))
        })
        .await?;
    page(&ListPage {
        shell: may.list_shell("Users", &users_crumbs(), &list),
        heading: "Users".to_owned(),
        says: if may.permit.within().only().is_some() {
            may.say("Who holds a role in your Virtual Accounts.").to_owned()
        } else {
            may.say("Who holds which role in this Smart Account and its Virtual Accounts.")
                .to_owned()
        },
        tabs: Vec::new(),
        pager: list.pager(total),
        rows,
        count: counted(total, "user", "users"),
        number,
        whole: true,
        refused,
        can_leave: !may.grants.is_empty(),
        can_require: may.holds(Action::RequireSecondFactor),
        me: me(&may),
        list,
    })
}

pub(super) async fn csv(may: May<ViewUsers>) -> Answer {
    let list = query(&may, String::new());
    list.understood()?;
    let permit = may.permit.clone();
    let members = may
        .portal
        .db
        .read(move |r| {
            let filter = filter(r, permit.within().account()?, &list)?;
            let mut slice = slice(&list);
            (slice.offset, slice.limit) = (0, None);
            service::slice(r, &permit, &filter, &slice)
        })
        .await?;
    let edition = may.portal.config.edition;
    let mut table = Table::new(&[
        "Name",
        "Email",
        "Status",
        "Role",
        may.say("Virtual Account"),
        "Through",
        "Since",
    ])?;
    for member in members {
        for held in &member.held {
            table.row([
                member.person.name.as_str(),
                member.person.email.as_str(),
                member.person.state.label(),
                held.role.label_in(edition),
                held.virtual_account.as_ref().map_or("", |(_, name)| name),
                held.group(),
                &held.since.rfc3339(),
            ])?;
        }
    }
    Ok(attachment(
        "text/csv; charset=utf-8",
        &may.file_name("users"),
        table.finish()?,
    ))
}

pub(super) async fn of_virtual_account(may: May<ViewUsers>, id: PathPart<VirtualAccountId>) -> Answer {
    let (number, id) = (may.number(), id.0);
    let account = may.permit.within().account()?;
    if !may.permit.within().covers(id) {
        return Err(Error::NotFound);
    }
    let mut list = query(&may, format!("/sa/{number}/account/virtual-accounts/{id}/users"));
    let permit = may.permit.clone();
    let (name, list, total, all, rows) = may
        .portal
        .db
        .read(move |r| {
            let name = virtual_accounts::names(r, &[account])?
                .into_iter()
                .find(|(_, other, _, _)| *other == id)
                .map(|(_, _, name, _)| name)
                .ok_or(Error::NotFound)?;
            let everybody = Filter {
                touching: Some(id),
                ..Filter::default()
            };
            let all = service::total(r, &permit, &everybody)?;
            let filter = Filter {
                touching: Some(id),
                ..filter(r, account, &list)?
            };
            let total = service::total(r, &permit, &filter)?;
            list.clamp(total);
            let rows = service::slice(r, &permit, &filter, &slice(&list))?;
            Ok((name, list, total, all, rows))
        })
        .await?;
    page(&ListPage {
        shell: may.list_shell(
            "Users",
            &[
                Crumb::text("Account Management"),
                Crumb::link(
                    "Virtual Accounts",
                    format!("/sa/{number}/account/virtual-accounts"),
                ),
                Crumb::link(
                    name.clone(),
                    format!("/sa/{number}/account/virtual-accounts/{id}"),
                ),
            ],
            &list,
        ),
        heading: name.clone(),
        says: may
            .say(
                "Who reaches this Virtual Account: through a role held on it, or on the whole Smart Account.",
            )
            .to_owned(),
        tabs: virtual_accounts::tabs(number, id, &name, "users", Some(all)),
        pager: list.pager(total),
        rows,
        count: counted(total, "user", "users"),
        number,
        whole: false,
        refused: String::new(),
        can_leave: false,
        can_require: false,
        me: me(&may),
        list,
    })
}
