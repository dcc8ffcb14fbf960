//! Admin Workspace, Accounts: the tabs "Accounts", "Accounts Requests" and "Event Log".

use super::lifecycle::{Move, offers};
use super::model::{AccountState, LocalAccount};
use super::store;
use crate::authn::people;
use crate::authz::Action;
use crate::authz::action::ViewAdminWorkspace;
use crate::error::Result;
use crate::events::{self, Entry};
use crate::http::csv::Table;
use crate::http::list::{FilterSpec, ListQuery, ListSpec, Pager};
use crate::http::reply::{attachment, redirect};
use crate::http::widgets::{Tab, counted};
use crate::http::{Answer, Crumb, Flash, FlashKind, May, Routes, Shell, Visit, page, reason};
use crate::kernel::{Kind, Sought, search_key};
use askama::Template;
use std::collections::HashMap;

/// The tab "Accounts".
pub const ACCOUNTS: &str = "/admin/accounts";
/// The tab "Accounts Requests".
pub const REQUESTS: &str = "/admin/accounts/requests";
/// The tab "Event Log".
pub const EVENTS: &str = "/admin/accounts/events";
/// So many lines of the event log go into a file.
const MOST_LINES: i64 = 10_000;

/// The pages.
pub fn routes(routes: &mut Routes) {
    routes.get("/admin", home);
    routes.get("/admin/", home);
    routes.get(ACCOUNTS, accounts);
    routes.get("/admin/accounts.csv", accounts_csv);
    routes.get(REQUESTS, requests);
    routes.get("/admin/accounts/requests.csv", requests_csv);
    routes.get(EVENTS, log);
    routes.get("/admin/accounts/events.csv", events_csv);
}

async fn home(_: May<ViewAdminWorkspace>) -> Answer {
    Ok(redirect(ACCOUNTS))
}

/// The pages of one account in the Admin Workspace.
pub fn href(number: i64) -> String {
    format!("{ACCOUNTS}/{number}")
}

/// The tab on which an account stands.
pub fn tab_of(state: AccountState) -> &'static str {
    if state.is_request() { REQUESTS } else { ACCOUNTS }
}

/// What stands above a page of one account in the Admin Workspace.
pub fn shell(visit: &Visit, title: &str, account: &LocalAccount) -> Shell {
    let mut shell = visit.shell(title);
    shell.crumbs = vec![
        Crumb::text("Admin Workspace"),
        Crumb::link("Accounts", tab_of(account.state)),
        Crumb::text(title),
    ];
    shell
}

/// The three tabs; `current` is the path of one.
fn tabs(current: &str, waiting: u64) -> Vec<Tab> {
    [
        ("Accounts", ACCOUNTS, None),
        (
            "Accounts Requests",
            REQUESTS,
            Some(waiting).filter(|count| *count > 0),
        ),
        ("Event Log", EVENTS, None),
    ]
    .into_iter()
    .map(|(label, href, count)| Tab {
        label: label.to_owned(),
        href: href.to_owned(),
        current: href == current,
        count,
    })
    .collect()
}

// The lists -----------------------------------------------------------------------------------------------------

const IN_USE: &[(&str, &str)] = &[
    (AccountState::Active.word(), AccountState::Active.label()),
    (AccountState::Inactive.word(), AccountState::Inactive.label()),
];
const ASKED_FOR: &[(&str, &str)] = &[
    (AccountState::Pending.word(), AccountState::Pending.label()),
    (
        AccountState::Registering.word(),
        AccountState::Registering.label(),
    ),
    (
        AccountState::AwaitingFile.word(),
        AccountState::AwaitingFile.label(),
    ),
    (AccountState::Rejected.word(), AccountState::Rejected.label()),
];

fn query(path: &str, raw: &str) -> ListQuery {
    let values = if path == REQUESTS { ASKED_FOR } else { IN_USE };
    ListQuery::parse(
        raw,
        &ListSpec {
            path: path.to_owned(),
            sorts: &["name", "smart-account", "virtual-account", "status", "requested"],
            default_sort: "name",
            filters: &[FilterSpec {
                key: "status",
                label: "Account Status",
                values,
            }],
            columns: &[],
        },
    )
}

/// A button of a row.
struct Button {
    href: String,
    icon: &'static str,
    label: &'static str,
    /// Whether it ends something.
    red: bool,
}

impl Button {
    fn of(step: Move, number: i64) -> Self {
        let (page, icon, label) = match step {
            Move::Approve => ("approve", "circle-check", "Approve"),
            Move::GenerateFile => ("manual", "download", "Manual registration"),
            Move::Reject => ("reject", "circle-x", "Reject"),
            Move::StartAgain => ("start-again", "undo-2", "Start again"),
            Move::ReRegister => ("re-register", "refresh-cw", "Re-register"),
            Move::Deactivate => ("deactivate", "pause", "Deactivate"),
            Move::Activate => ("activate", "play", "Activate"),
            Move::Delete => ("delete", "trash-2", "Delete"),
            Move::Register | Move::Fail => ("approve", "circle-check", step.label()),
        };
        Self {
            href: format!("{}/{page}", href(number)),
            icon,
            label,
            red: matches!(step, Move::Reject | Move::Deactivate | Move::Delete),
        }
    }
}

struct Row {
    account: LocalAccount,
    requester: String,
    buttons: Vec<Button>,
    /// Whether one may open it.
    is_open: bool,
}

impl Row {
    fn has_page(&self) -> bool {
        !self.account.state.is_request()
    }
}

#[derive(Template)]
#[template(path = "local_accounts/admin.html")]
struct ListPage {
    shell: Shell,
    tabs: Vec<Tab>,
    list: ListQuery,
    pager: Pager,
    rows: Vec<Row>,
    count: String,
    is_requests: bool,
    /// Why one may not decide here.
    off: Option<String>,
}

/// Accounts with the names of those who asked for them, filtered and sorted as the address says.
async fn found(visit: &Visit, path: &str, list: &ListQuery) -> Result<(Vec<(LocalAccount, String)>, u64)> {
    let (all, names) = visit
        .portal
        .db
        .read(|r| {
            let all = store::list(r, None, i64::MAX, 0)?;
            let ids: Vec<_> = all.iter().filter_map(|one| one.requested_by).collect();
            let names: HashMap<_, _> = people::find_all(r, &ids)?
                .into_iter()
                .map(|person| (person.id, person.name))
                .collect();
            Ok((all, names))
        })
        .await?;
    let waiting = all
        .iter()
        .filter(|one| one.state == AccountState::Pending)
        .count() as u64;
    let sought = Sought::parse(&list.q);
    let statuses = list.values("status");
    let mut rows: Vec<(LocalAccount, String)> = all
        .into_iter()
        .filter(|one| one.state.is_request() == (path == REQUESTS))
        .filter(|one| statuses.is_empty() || statuses.contains(&one.state.word()))
        .map(|one| {
            let name = one.requested_by.and_then(|id| names.get(&id).cloned());
            (one, name.unwrap_or_default())
        })
        .filter(|(one, requester)| {
            let text = format!(
                "{} {} {} {requester}",
                one.name, one.smart_account, one.virtual_account
            );
            sought.fits(&search_key(&text))
        })
        .collect();
    rows.sort_by(|(a, _), (b, _)| {
        let order = match list.sort.as_str() {
            "smart-account" => search_key(&a.smart_account).cmp(&search_key(&b.smart_account)),
            "virtual-account" => search_key(&a.virtual_account).cmp(&search_key(&b.virtual_account)),
            "status" => a.state.cmp(&b.state),
            "requested" => a.requested_at.cmp(&b.requested_at),
            _ => std::cmp::Ordering::Equal,
        };
        let order = order.then_with(|| (search_key(&a.name), a.number).cmp(&(search_key(&b.name), b.number)));
        if list.descending { order.reverse() } else { order }
    });
    Ok((rows, waiting))
}

async fn list_page(may: &May<ViewAdminWorkspace>, path: &'static str) -> Answer {
    let mut list = query(path, &may.query);
    let (rows, waiting) = found(may, path, &list).await?;
    let total = rows.len() as u64;
    list.clamp(total);
    let may_decide = may.holds_by_platform(Action::ManageOnPremAccounts);
    let mut shell = may.shell("Accounts");
    shell.crumbs = vec![Crumb::text("Admin Workspace"), Crumb::text("Accounts")];
    for says in &list.dropped {
        shell.flash.push(Flash::new(FlashKind::Warn, says.clone()));
    }
    page(&ListPage {
        shell,
        tabs: tabs(path, waiting),
        pager: list.pager(total),
        rows: list
            .cut(rows)
            .map(|(account, requester)| Row {
                buttons: offers(account.state)
                    .into_iter()
                    .map(|step| Button::of(step, account.number))
                    .collect(),
                is_open: !account.state.is_request() && may.opens(account.id),
                account,
                requester,
            })
            .collect(),
        count: counted(total, "account", "accounts"),
        is_requests: path == REQUESTS,
        off: (!may_decide).then(|| reason::why_not(may, Action::ManageOnPremAccounts, &[])),
        list,
    })
}

async fn accounts(may: May<ViewAdminWorkspace>) -> Answer {
    list_page(&may, ACCOUNTS).await
}

async fn requests(may: May<ViewAdminWorkspace>) -> Answer {
    list_page(&may, REQUESTS).await
}

async fn list_csv(may: &May<ViewAdminWorkspace>, path: &'static str, name: &str) -> Answer {
    let list = query(path, &may.query);
    let mut table = Table::new(&[
        "Account Name",
        "Cisco Smart Account",
        "Cisco Virtual Account",
        "Account Status",
        "Requested by",
        "Requested at",
        "Reason",
    ])?;
    for (one, requester) in found(may, path, &list).await?.0 {
        table.row([
            one.name.as_str(),
            &one.smart_account,
            &one.virtual_account,
            one.state.label(),
            &requester,
            &one.requested_at.rfc3339(),
            &one.reason,
        ])?;
    }
    Ok(attachment(
        "text/csv; charset=utf-8",
        &file_name(may, name),
        table.finish()?,
    ))
}

fn file_name(visit: &Visit, what: &str) -> String {
    let now = visit.portal.clock.now().utc();
    format!("{what}_{}.csv", now.format("%Y%m%dT%H%MZ"))
}

async fn accounts_csv(may: May<ViewAdminWorkspace>) -> Answer {
    list_csv(&may, ACCOUNTS, "accounts").await
}

async fn requests_csv(may: May<ViewAdminWorkspace>) -> Answer {
    list_csv(&may, REQUESTS, "account-requests").await
}

// The event log -------------------------------------------------------------------------------------------------

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

#[derive(Template)]
#[template(path = "local_accounts/events.html")]
struct EventsPage {
    shell: Shell,
    tabs: Vec<Tab>,
    list: ListQuery,
    pager: Pager,
    rows: Vec<Entry>,
    count: String,
}

fn events_query(raw: &str) -> ListQuery {
    ListQuery::parse(
        raw,
        &ListSpec {
            path: EVENTS.to_owned(),
            sorts: &["time"],
            default_sort: "-time",
            filters: &[],
            columns: &[],
        },
    )
}

/// The events that are asked for, and how many requests wait.
async fn happened(visit: &Visit, list: &ListQuery) -> Result<(Vec<Entry>, u64)> {
    let (mut rows, waiting) = visit
        .portal
        .db
        .read(|r| Ok((events::of_kinds(r, KINDS, MOST_LINES)?, store::count_waiting(r)?)))
        .await?;
    let sought = Sought::parse(&list.q);
    rows.retain(|one| sought.fits(&search_key(&format!("{} {}", one.message, one.actor))));
    if !list.descending {
        rows.reverse();
    }
    Ok((rows, waiting))
}

async fn log(may: May<ViewAdminWorkspace>) -> Answer {
    let mut list = events_query(&may.query);
    let (rows, waiting) = happened(&may, &list).await?;
    let total = rows.len() as u64;
    list.clamp(total);
    let mut shell = may.shell("Accounts");
    shell.crumbs = vec![Crumb::text("Admin Workspace"), Crumb::text("Accounts")];
    page(&EventsPage {
        shell,
        tabs: tabs(EVENTS, waiting),
        pager: list.pager(total),
        rows: list.cut(rows).collect(),
        count: counted(total, "event", "events"),
        list,
    })
}

async fn events_csv(may: May<ViewAdminWorkspace>) -> Answer {
    let list = events_query(&may.query);
    let mut table = Table::new(&["Time", "Event", "Outcome", "Message", "By"])?;
    for one in happened(&may, &list).await?.0 {
        table.row([
            one.at.rfc3339().as_str(),
            one.kind.label(),
            one.outcome.label(),
            &one.message,
            &one.actor,
        ])?;
    }
    Ok(attachment(
        "text/csv; charset=utf-8",
        &file_name(&may, "account-events"),
        table.finish()?,
    ))
}
