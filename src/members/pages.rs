//! The users of a Smart Account, of a Virtual Account, and one of them. Read only for now.

use super::model::Member;
use super::service;
use crate::authz::Role;
use crate::authz::action::ViewUsers;
use crate::error::Error;
use crate::http::csv::Table;
use crate::http::form::{Named, PathPart};
use crate::http::list::{ColumnSpec, FilterSpec, ListQuery, ListSpec, Pager};
use crate::http::reply::attachment;
use crate::http::shell::initials;
use crate::http::widgets::{Tab, counted};
use crate::http::{Answer, Crumb, May, Shell, Visit, page};
use crate::kernel::ids::{PersonId, VirtualAccountId};
use crate::kernel::search_key;
use crate::virtual_accounts;
use askama::Template;

impl Named for PersonId {
    const NAME: &'static str = "person";
}

const FILTERS: &[FilterSpec<'_>] = &[FilterSpec {
    key: "role",
    label: "Role",
    values: &[
        ("account-admin", "Smart Account Administrator"),
        ("account-approver", "Smart Account Approver"),
        ("account-user", "Smart Account User"),
        ("account-viewer", "Smart Account Viewer"),
        ("virtual-admin", "Virtual Account Administrator"),
        ("virtual-user", "Virtual Account User"),
        ("virtual-viewer", "Virtual Account Viewer"),
    ],
}];
const COLUMNS: &[ColumnSpec<'_>] = &[
    ColumnSpec {
        key: "roles",
        label: "Roles",
        default_on: true,
    },
    ColumnSpec {
        key: "state",
        label: "Status",
        default_on: true,
    },
    ColumnSpec {
        key: "since",
        label: "Since",
        default_on: true,
    },
];

fn number(visit: &Visit) -> i64 {
    visit.tenant.as_ref().map_or(0, |t| t.number)
}

fn query(visit: &Visit, path: String) -> ListQuery {
    ListQuery::parse(
        &visit.query,
        &ListSpec {
            path,
            sorts: &["name", "email", "since"],
            default_sort: "name",
            filters: FILTERS,
            columns: COLUMNS,
        },
    )
}

/// What the query asks for, in order. Members come by name.
fn arrange(members: Vec<Member>, list: &ListQuery) -> Vec<Member> {
    let wanted = search_key(&list.q);
    let roles: Vec<Role> = list
        .values("role")
        .iter()
        .filter_map(|word| word.parse().ok())
        .collect();
    let mut rows: Vec<Member> = members
        .into_iter()
        .filter(|member| {
            (wanted.is_empty() || member.matches(&wanted))
                && (roles.is_empty() || member.held.iter().any(|held| roles.contains(&held.role)))
        })
        .collect();
    match list.sort.as_str() {
        "email" => rows.sort_by(|a, b| a.person.email.key().cmp(b.person.email.key())),
        "since" => rows.sort_by_key(Member::since),
        _ => {}
    }
    if list.descending {
        rows.reverse();
    }
    rows
}

fn one_page(rows: Vec<Member>, list: &ListQuery) -> Vec<Member> {
    rows.into_iter()
        .skip(usize::try_from(list.offset()).unwrap_or(usize::MAX))
        .take(usize::try_from(list.limit()).unwrap_or(usize::MAX))
        .collect()
}

/// The kind of badge for whether a person can sign in.
fn state_kind(member: &Member) -> &'static str {
    use crate::authn::people::PersonState as S;
    match member.person.state {
        S::Active => "ok",
        S::Invited => "warn",
        S::Disabled => "",
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
    csv: bool,
}

pub async fn all(may: May<ViewUsers>) -> Answer {
    let number = number(&may);
    let mut list = query(&may, format!("/sa/{number}/account/users"));
    let permit = may.permit.clone();
    let members = may.portal.db.read(move |r| service::list(r, &permit)).await?;
    let rows = arrange(members, &list);
    let total = rows.len() as u64;
    list.clamp(total);
    page(&ListPage {
        shell: may.list_shell(
            "Users",
            &[
                Crumb::text("Account Management"),
                Crumb::text("Smart Account Management"),
            ],
            &list,
        ),
        heading: "Users".to_owned(),
        says: if may.permit.within().only().is_some() {
            "Who holds a role in your Virtual Accounts.".to_owned()
        } else {
            "Who holds which role in this Smart Account and its Virtual Accounts.".to_owned()
        },
        tabs: Vec::new(),
        pager: list.pager(total),
        rows: one_page(rows, &list),
        count: counted(total, "user", "users"),
        number,
        csv: true,
        list,
    })
}

pub async fn csv(may: May<ViewUsers>) -> Answer {
    let list = query(&may, String::new());
    let permit = may.permit.clone();
    let members = may.portal.db.read(move |r| service::list(r, &permit)).await?;
    let mut table = Table::new(&["Name", "Email", "Status", "Role", "Virtual Account", "Since"])?;
    for member in arrange(members, &list) {
        for held in &member.held {
            table.row([
                member.person.name.as_str(),
                member.person.email.as_str(),
                member.person.state.label(),
                held.role.label(),
                held.virtual_account.as_ref().map_or("", |(_, name)| name),
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

#[derive(Template)]
#[template(path = "members/one.html")]
struct OnePage {
    shell: Shell,
    member: Member,
    number: i64,
    /// The address of their events.
    events: String,
}

pub async fn one(may: May<ViewUsers>, id: PathPart<PersonId>) -> Answer {
    let permit = may.permit.clone();
    let member = may
        .portal
        .db
        .read(move |r| service::list(r, &permit))
        .await?
        .into_iter()
        .find(|member| member.person.id == id.0)
        .ok_or(Error::NotFound)?;
    let number = number(&may);
    let who: String = url::form_urlencoded::byte_serialize(member.person.email.as_str().as_bytes()).collect();
    page(&OnePage {
        shell: may.account_shell(
            member.person.name.clone(),
            &[
                Crumb::text("Account Management"),
                Crumb::link("Users", format!("/sa/{number}/account/users")),
            ],
        ),
        events: format!("/sa/{number}/activity?q={who}"),
        member,
        number,
    })
}

pub async fn of_virtual_account(may: May<ViewUsers>, id: PathPart<VirtualAccountId>) -> Answer {
    let (number, id) = (number(&may), id.0);
    let account = may.permit.within().account()?;
    if !may.permit.within().covers(id) {
        return Err(Error::NotFound);
    }
    let permit = may.permit.clone();
    let (names, members) = may
        .portal
        .db
        .read(move |r| {
            Ok((
                virtual_accounts::names(r, &[account])?,
                service::list(r, &permit)?,
            ))
        })
        .await?;
    let name = names
        .into_iter()
        .find(|(_, other, _, _)| *other == id)
        .map(|(_, _, name, _)| name)
        .ok_or(Error::NotFound)?;
    // Those whose role reaches into it: held on it, or on the whole account.
    let members: Vec<Member> = members
        .into_iter()
        .filter_map(|mut member| {
            member.held.retain(|held| {
                held.virtual_account
                    .as_ref()
                    .is_none_or(|(other, _)| *other == id)
            });
            (!member.held.is_empty()).then_some(member)
        })
        .collect();
    let all = members.len() as u64;
    let mut list = query(&may, format!("/sa/{number}/account/virtual-accounts/{id}/users"));
    let rows = arrange(members, &list);
    let total = rows.len() as u64;
    list.clamp(total);
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
        heading: name,
        says: "Who reaches this Virtual Account: through a role held on it, or on the whole Smart Account."
            .to_owned(),
        tabs: virtual_accounts::tabs(number, id, "users", Some(all)),
        pager: list.pager(total),
        rows: one_page(rows, &list),
        count: counted(total, "user", "users"),
        number,
        csv: false,
        list,
    })
}
