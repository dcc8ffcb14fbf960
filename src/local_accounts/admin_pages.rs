//! Admin Workspace, Accounts: the tabs "Accounts", "Accounts Requests" and "Event Log".

use super::lifecycle::{Move, offers};
use super::list::{ACCOUNTS, EVENTS, Listed, REQUESTS};
use super::model::{AccountState, LocalAccount};
use super::store;
use crate::authz::action::ViewAdminWorkspace;
use crate::authz::{Action, Permit};
use crate::events::Entry;
use crate::http::list::{List, ListQuery, Listing};
use crate::http::reply::redirect;
use crate::http::widgets::Tab;
use crate::http::{Answer, Crumb, May, Routes, Shell, Visit, page, reason};
use askama::Template;

/// The pages.
pub fn routes(routes: &mut Routes) {
    routes.get("/admin", home);
    routes.get("/admin/", home);
    ACCOUNTS.pages(routes, accounts);
    REQUESTS.pages(routes, requests);
    EVENTS.pages(routes, log);
}

async fn home(_: May<ViewAdminWorkspace>) -> Answer {
    Ok(redirect(ACCOUNTS.path))
}

/// The pages of one account in the Admin Workspace.
pub fn href(number: i64) -> String {
    format!("{}/{number}", ACCOUNTS.path)
}

/// The tab on which an account stands.
pub fn tab_of(state: AccountState) -> &'static str {
    if state.is_request() {
        REQUESTS.path
    } else {
        ACCOUNTS.path
    }
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
        ("Accounts", ACCOUNTS.path, None),
        (
            "Accounts Requests",
            REQUESTS.path,
            Some(waiting).filter(|count| *count > 0),
        ),
        ("Event Log", EVENTS.path, None),
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

fn list_shell(visit: &Visit, list: &ListQuery) -> Shell {
    let mut shell = visit.shell("Accounts").with_dropped(list);
    shell.crumbs = vec![Crumb::text("Admin Workspace"), Crumb::text("Accounts")];
    shell
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
    fn of(visit: &Visit, one: Listed) -> Self {
        let Listed { account, requester } = one;
        Self {
            buttons: offers(account.state)
                .into_iter()
                .map(|step| Button::of(step, account.number))
                .collect(),
            is_open: !account.state.is_request() && visit.opens(account.id),
            account,
            requester,
        }
    }
    fn has_page(&self) -> bool {
        !self.account.state.is_request()
    }
}

#[derive(Template)]
#[template(path = "local_accounts/admin.html")]
struct ListPage {
    shell: Shell,
    tabs: Vec<Tab>,
    found: Listing<Row>,
    title: &'static str,
    is_requests: bool,
    /// Why one may not decide here.
    off: Option<String>,
}

type Accounts = List<Permit<ViewAdminWorkspace>, Listed, Vec<Listed>>;

async fn list_page(may: &May<ViewAdminWorkspace>, list: &'static Accounts, title: &'static str) -> Answer {
    let (found, waiting) = list
        .page(may, &may.permit, |_, _, all| {
            let waits = |one: &&Listed| one.account.state == AccountState::Pending;
            Ok(all.iter().filter(waits).count() as u64)
        })
        .await?;
    let may_decide = may.holds_by_platform(Action::ManageOnPremAccounts);
    page(&ListPage {
        shell: list_shell(may, &found.list),
        tabs: tabs(list.path, waiting),
        found: found.map(|one| Row::of(may, one)),
        title,
        is_requests: list.path == REQUESTS.path,
        off: (!may_decide).then(|| reason::why_not(may, Action::ManageOnPremAccounts, &[])),
    })
}

async fn accounts(may: May<ViewAdminWorkspace>) -> Answer {
    list_page(&may, &ACCOUNTS, "Accounts").await
}

async fn requests(may: May<ViewAdminWorkspace>) -> Answer {
    list_page(&may, &REQUESTS, "Accounts Requests").await
}

#[derive(Template)]
#[template(path = "local_accounts/events.html")]
struct EventsPage {
    shell: Shell,
    tabs: Vec<Tab>,
    found: Listing<Entry>,
}

async fn log(may: May<ViewAdminWorkspace>) -> Answer {
    let (found, waiting) = EVENTS
        .page(&may, &may.permit, |r, _, _| store::count_waiting(r))
        .await?;
    page(&EventsPage {
        shell: list_shell(&may, &found.list),
        tabs: tabs(EVENTS.path, waiting),
        found,
    })
}
