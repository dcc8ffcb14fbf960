//! The directory as a page and as a file.

use super::directory::{self, Row, opens_place};
use crate::authn::PlatformRole;
use crate::authz::action::ViewDirectory;
use crate::authz::{Action, matrix};
use crate::http::csv::Table;
use crate::http::list::{ColumnSpec, FilterSpec, ListQuery, ListSpec, Pager};
use crate::http::reason;
use crate::http::reply::attachment;
use crate::http::widgets::counted;
use crate::http::{Answer, Crumb, Flash, FlashKind, May, Shell, Visit, page};
use askama::Template;

const TITLE: &str = "Your Smart and Virtual Account access";

const FILTERS: &[FilterSpec<'_>] = &[FilterSpec {
    key: "status",
    label: "Status",
    values: &[
        ("active", "Active"),
        ("pending", "Pending"),
        ("inactive", "Inactive"),
    ],
}];
const COLUMNS: &[ColumnSpec<'_>] = &[
    ColumnSpec {
        key: "number",
        label: "Smart Account ID",
        default_on: true,
    },
    ColumnSpec {
        key: "domain",
        label: "Domain identifier",
        default_on: true,
    },
    ColumnSpec {
        key: "status",
        label: "Status",
        default_on: true,
    },
    ColumnSpec {
        key: "administrators",
        label: "Administrators",
        default_on: true,
    },
    ColumnSpec {
        key: "access",
        label: "Your access",
        default_on: true,
    },
];

fn query(visit: &Visit) -> ListQuery {
    ListQuery::parse(
        &visit.query,
        &ListSpec {
            path: "/access".to_owned(),
            sorts: &["access", "name", "number", "domain", "status"],
            default_sort: "access",
            filters: FILTERS,
            columns: COLUMNS,
        },
    )
}

/// A row of the page.
struct Shown {
    row: Row,
    marked: bool,
}

impl Shown {
    fn all(rows: Vec<Row>, mark: &str) -> Vec<Self> {
        rows.into_iter()
            .map(|row| Self {
                marked: directory::is_marked(&row, mark),
                row,
            })
            .collect()
    }
    /// Three administrators at most stand in the row.
    fn first_administrators(&self) -> &[crate::authn::people::Person] {
        let all = &self.row.administrators;
        all.get(..3).unwrap_or(all)
    }
    /// "3 Virtual Accounts".
    fn divisions(&self) -> String {
        counted(
            (self.row.virtual_accounts.len() + self.row.more) as u64,
            "Virtual Account",
            "Virtual Accounts",
        )
    }
    fn more_administrators(&self) -> usize {
        self.row.administrators.len().saturating_sub(3)
    }
}

#[derive(Template)]
#[template(path = "home/directory.html")]
struct DirectoryPage {
    shell: Shell,
    list: ListQuery,
    pager: Pager,
    rows: Vec<Shown>,
    count: String,
    /// What a search found beyond one's own accounts.
    found: Vec<Shown>,
    found_count: String,
    /// Whether more were found than are shown.
    more: bool,
    /// Why one may not request for a customer, or "".
    no_customers: String,
    /// Whether one has any account at all.
    has_any: bool,
    /// Support opens any account without a role.
    supports: bool,
}

impl DirectoryPage {
    /// How many there are: of one's own, and of others once they are searched for.
    fn shown(&self) -> String {
        if self.list.q.is_empty() {
            self.count.clone()
        } else {
            format!("{} of yours, {} of others", self.count, self.found.len())
        }
    }
    fn nothing_yet(&self) -> &'static str {
        if self.supports {
            "You hold no role in a Smart Account"
        } else {
            "No account uses your email domain"
        }
    }
}

/// Why this person may not ask for a Smart Account for a customer, or "".
fn no_customers(visit: &Visit) -> String {
    let role_may = visit
        .everywhere
        .iter()
        .any(|grant| matrix::allows(Action::RequestForCustomer, grant.role));
    if role_may || visit.holds_by_platform(Action::RequestForCustomer) {
        String::new()
    } else {
        format!(
            "Needs one of these roles in any Smart Account: {}.",
            matrix::who_may(Action::RequestForCustomer)
        )
    }
}

pub async fn directory(may: May<ViewDirectory>) -> Answer {
    let mut list = query(&may);
    let mark: String = url::form_urlencoded::parse(may.query.as_bytes())
        .find(|(key, _)| key == "highlight")
        .map(|(_, value)| value.chars().take(40).collect())
        .unwrap_or_default();
    let (list, total, rows, found, has_any) = may
        .reads(move |r, permit| {
            let own = directory::own(r, permit)?;
            let has_any = !own.is_empty();
            let mut found = directory::found(r, &list.q, &own)?;
            directory::complete(r, &mut found)?;
            let rows = directory::arrange(own, &list);
            let total = rows.len() as u64;
            list.clamp(total);
            let mut rows: Vec<Row> = list.cut(rows).collect();
            directory::complete(r, &mut rows)?;
            Ok((list, total, rows, found, has_any))
        })
        .await?;
    let mut shell = may.shell(TITLE);
    shell.crumbs = vec![Crumb::text("Smart Account"), Crumb::text(TITLE)];
    for says in &list.dropped {
        shell.flash.push(Flash {
            kind: FlashKind::Warn,
            text: says.clone(),
            link: None,
        });
    }
    page(&DirectoryPage {
        shell,
        pager: list.pager(total),
        rows: Shown::all(rows, &mark),
        count: counted(total, "Smart Account", "Smart Accounts"),
        found_count: counted(found.len() as u64, "Smart Account", "Smart Accounts"),
        more: i64::try_from(found.len()).is_ok_and(|n| n >= directory::MOST_FOUND),
        found: Shown::all(found, &mark),
        no_customers: no_customers(&may),
        has_any,
        supports: may.permit.actor()?.has(PlatformRole::Support),
        list,
    })
}

pub async fn csv(may: May<ViewDirectory>) -> Answer {
    let list = query(&may);
    list.understood()?;
    let rows = may
        .reads(move |r, permit| {
            let own = directory::own(r, permit)?;
            let mut found = directory::found(r, &list.q, &own)?;
            let mut rows = directory::arrange(own, &list);
            rows.append(&mut found);
            directory::complete(r, &mut rows)?;
            Ok(rows)
        })
        .await?;
    let mut table = Table::new(&[
        "Smart Account name",
        "Smart Account ID",
        "Domain identifier",
        "Status",
        "Administrators",
        "Your access",
        "Virtual Accounts",
        "Request",
        "Requested access",
    ])?;
    for row in rows {
        let access = if row.held.is_empty() {
            row.without().to_owned()
        } else {
            row.roles().join(", ")
        };
        let known: Vec<&str> = row.virtual_accounts.iter().map(|(_, n)| n.as_str()).collect();
        table.row([
            row.account.name.as_str(),
            &row.account.number.to_string(),
            &row.account.domain,
            row.account.status_words(),
            &reason::named(&row.administrators, 20),
            &access,
            &known.join(", "),
            row.reference.as_deref().unwrap_or_default(),
            &row.wanted.as_ref().map_or_else(String::new, |wanted| {
                format!("{}: {}", wanted.reference, wanted.role)
            }),
        ])?;
    }
    let now = may.portal.clock.now().utc();
    Ok(attachment(
        "text/csv; charset=utf-8",
        &format!("smart-account-access_{}.csv", now.format("%Y%m%dT%H%MZ")),
        table.finish()?,
    ))
}
