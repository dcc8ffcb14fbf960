//! The list of Virtual Accounts, and one of them. Read only for now.

use super::model::VirtualAccount;
use super::service;
use crate::authz::action::ViewVirtualAccounts;
use crate::authz::{Grant, Permit, grants};
use crate::error::Result;
use crate::http::csv::Table;
use crate::http::form::{Named, PathPart};
use crate::http::list::{ColumnSpec, FilterSpec, ListQuery, ListSpec, Pager};
use crate::http::reply::attachment;
use crate::http::widgets::{Tab, counted};
use crate::http::{Answer, Crumb, May, Shell, Visit, page};
use crate::kernel::ids::{PersonId, VirtualAccountId};
use crate::kernel::search_key;
use crate::platform::db::Reads;
use askama::Template;
use std::collections::{HashMap, HashSet};

impl Named for VirtualAccountId {
    const NAME: &'static str = "va";
}

const FILTERS: &[FilterSpec<'_>] = &[FilterSpec {
    key: "access",
    label: "Access level",
    values: &[("unrestricted", "Unrestricted"), ("restricted", "Restricted")],
}];
const COLUMNS: &[ColumnSpec<'_>] = &[
    ColumnSpec {
        key: "description",
        label: "Description",
        default_on: true,
    },
    ColumnSpec {
        key: "access",
        label: "Access level",
        default_on: true,
    },
    ColumnSpec {
        key: "parent",
        label: "Parent",
        default_on: true,
    },
    ColumnSpec {
        key: "users",
        label: "Users",
        default_on: true,
    },
    ColumnSpec {
        key: "tags",
        label: "Tags",
        default_on: false,
    },
    ColumnSpec {
        key: "created",
        label: "Created",
        default_on: true,
    },
];

fn address(visit: &Visit) -> String {
    let number = visit.tenant.as_ref().map_or(0, |t| t.number);
    format!("/sa/{number}/account/virtual-accounts")
}

fn query(visit: &Visit) -> ListQuery {
    ListQuery::parse(
        &visit.query,
        &ListSpec {
            path: address(visit),
            sorts: &["name", "access", "users", "created"],
            default_sort: "name",
            filters: FILTERS,
            columns: COLUMNS,
        },
    )
}

/// A Virtual Account with what stands beside it in the list.
struct Row {
    one: VirtualAccount,
    parent: String,
    users: u64,
}

/// How many people reach each Virtual Account: through a role held on it or, as far as one may see those, on
/// the whole account. With it, how many reach those that nobody holds a role on.
fn counts(held: &[Grant], all: bool) -> (HashMap<VirtualAccountId, u64>, u64) {
    let everywhere: HashSet<PersonId> = held
        .iter()
        .filter(|grant| all && grant.virtual_account.is_none())
        .map(|grant| grant.person)
        .collect();
    let mut people: HashMap<VirtualAccountId, HashSet<PersonId>> = HashMap::new();
    for grant in held {
        if let Some(id) = grant
            .virtual_account
            .filter(|_| !everywhere.contains(&grant.person))
        {
            people.entry(id).or_default().insert(grant.person);
        }
    }
    let base = everywhere.len() as u64;
    let counts = people
        .into_iter()
        .map(|(id, some)| (id, some.len() as u64 + base))
        .collect();
    (counts, base)
}

/// Everything that the query asks for, in order.
fn rows(read: &mut impl Reads, permit: &Permit<ViewVirtualAccounts>, list: &ListQuery) -> Result<Vec<Row>> {
    let account = permit.within().account()?;
    let all = service::list(read, permit)?;
    let (users, base) = counts(
        &grants::in_account(read, account)?,
        permit.within().only().is_none(),
    );
    let names: HashMap<VirtualAccountId, String> = all.iter().map(|one| (one.id, one.name.clone())).collect();
    let wanted = search_key(&list.q);
    let levels = list.values("access");
    let mut rows: Vec<Row> = all
        .into_iter()
        .filter(|one| {
            (wanted.is_empty()
                || [&one.name, &one.description, &one.tags]
                    .iter()
                    .any(|text| search_key(text).contains(&wanted)))
                && (levels.is_empty() || levels.contains(&one.access_level.word()))
        })
        .map(|one| Row {
            parent: one
                .parent
                .and_then(|id| names.get(&id).cloned())
                .unwrap_or_default(),
            users: users.get(&one.id).copied().unwrap_or(base),
            one,
        })
        .collect();
    // They come with the default one first and then by name; other orders keep that for equals.
    match list.sort.as_str() {
        "access" => rows.sort_by_key(|row| row.one.access_level),
        "users" => rows.sort_by_key(|row| row.users),
        "created" => rows.sort_by_key(|row| row.one.created_at),
        _ => {}
    }
    if list.descending {
        rows.reverse();
    }
    Ok(rows)
}

#[derive(Template)]
#[template(path = "virtual_accounts/list.html")]
struct ListPage {
    shell: Shell,
    list: ListQuery,
    pager: Pager,
    rows: Vec<Row>,
    count: String,
    /// Whether one sees only those in which one holds a role.
    some: bool,
}

pub async fn all(may: May<ViewVirtualAccounts>) -> Answer {
    let mut list = query(&may);
    let (permit, asked) = (may.permit.clone(), list.clone());
    let mut rows = may.portal.db.read(move |r| rows(r, &permit, &asked)).await?;
    let total = rows.len() as u64;
    list.clamp(total);
    let rows = rows
        .drain(..)
        .skip(usize::try_from(list.offset()).unwrap_or(usize::MAX))
        .take(usize::try_from(list.limit()).unwrap_or(usize::MAX))
        .collect();
    page(&ListPage {
        shell: may.list_shell(
            "Virtual Accounts",
            &[
                Crumb::text("Account Management"),
                Crumb::text("Smart Account Management"),
            ],
            &list,
        ),
        pager: list.pager(total),
        count: counted(total, "Virtual Account", "Virtual Accounts"),
        rows,
        some: may.permit.within().only().is_some(),
        list,
    })
}

pub async fn csv(may: May<ViewVirtualAccounts>) -> Answer {
    let list = query(&may);
    let permit = may.permit.clone();
    let rows = may.portal.db.read(move |r| rows(r, &permit, &list)).await?;
    let mut table = Table::new(&[
        "Virtual Account",
        "Default",
        "Description",
        "Access level",
        "Parent",
        "Users",
        "Tags",
        "Created",
    ])?;
    for row in rows {
        table.row([
            row.one.name.as_str(),
            if row.one.is_default { "yes" } else { "no" },
            &row.one.description,
            row.one.access_level.label(),
            &row.parent,
            &row.users.to_string(),
            &row.one.tag_list().join(", "),
            &row.one.created_at.rfc3339(),
        ])?;
    }
    Ok(attachment(
        "text/csv; charset=utf-8",
        &may.file_name("virtual-accounts"),
        table.finish()?,
    ))
}

/// The tabs of a Virtual Account.
pub fn tabs(number: i64, id: VirtualAccountId, current: &str, users: Option<u64>) -> Vec<Tab> {
    let base = format!("/sa/{number}/account/virtual-accounts/{id}");
    vec![
        Tab {
            label: "Overview".to_owned(),
            href: base.clone(),
            current: current == "overview",
            count: None,
        },
        Tab {
            label: "Users".to_owned(),
            href: format!("{base}/users"),
            current: current == "users",
            count: users,
        },
    ]
}

#[derive(Template)]
#[template(path = "virtual_accounts/one.html")]
struct OnePage {
    shell: Shell,
    tabs: Vec<Tab>,
    one: VirtualAccount,
    number: i64,
    parent: Option<(VirtualAccountId, String)>,
    children: Vec<(VirtualAccountId, String)>,
    users: u64,
}

pub async fn one(may: May<ViewVirtualAccounts>, id: PathPart<VirtualAccountId>) -> Answer {
    let (permit, id) = (may.permit.clone(), id.0);
    let account = may.permit.within().account()?;
    let (one, all, held) = may
        .portal
        .db
        .read(move |r| {
            Ok((
                service::find(r, &permit, id)?,
                service::list(r, &permit)?,
                grants::in_account(r, account)?,
            ))
        })
        .await?;
    let (users, base) = counts(&held, may.permit.within().only().is_none());
    let users = users.get(&id).copied().unwrap_or(base);
    let number = may.tenant.as_ref().map_or(0, |t| t.number);
    page(&OnePage {
        shell: may.account_shell(
            one.name.clone(),
            &[
                Crumb::text("Account Management"),
                Crumb::link("Virtual Accounts", address(&may)),
            ],
        ),
        tabs: tabs(number, id, "overview", Some(users)),
        parent: all
            .iter()
            .find(|other| Some(other.id) == one.parent)
            .map(|other| (other.id, other.name.clone())),
        children: all
            .iter()
            .filter(|other| other.parent == Some(id))
            .map(|other| (other.id, other.name.clone()))
            .collect(),
        one,
        number,
        users,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::authz::Role;
    use crate::kernel::Moment;
    use crate::kernel::ids::{GrantId, SmartAccountId};

    #[test]
    fn a_person_who_reaches_a_virtual_account_twice_counts_once() {
        let (account, one, two) = (
            SmartAccountId::new(),
            VirtualAccountId::new(),
            VirtualAccountId::new(),
        );
        let (ada, dan) = (PersonId::new(), PersonId::new());
        let grant = |person, virtual_account, role| Grant {
            id: GrantId::new(),
            account,
            virtual_account,
            person,
            role,
            created_at: Moment::parse("2026-01-01T00:00:00Z").unwrap(),
            source: String::new(),
        };
        let held = [
            grant(ada, None, Role::AccountAdmin),
            grant(ada, Some(one), Role::VirtualUser),
            grant(dan, Some(one), Role::VirtualAdmin),
        ];
        let (counted, base) = counts(&held, true);
        assert_eq!((counted.get(&one), counted.get(&two), base), (Some(&2), None, 1));
        let (counted, base) = counts(&held, false);
        assert_eq!((counted.get(&one), base), (Some(&2), 0));
    }

    #[test]
    fn each_tab_is_a_page_and_one_is_current() {
        let id = VirtualAccountId::new();
        let tabs = tabs(100_001, id, "users", Some(3));
        assert_eq!(tabs.iter().filter(|t| t.current).count(), 1);
        assert!(
            tabs.last()
                .is_some_and(|t| t.current && t.href.ends_with("/users") && t.count == Some(3))
        );
    }
}
