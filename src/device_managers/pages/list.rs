//! Device Managers: the list, as a page and as CSV.

use super::{base, href};
use crate::authn::Person;
use crate::authz::action::ViewInventory;
use crate::authz::{Action, Permit};
use crate::device_managers::model::{Manager, SyncStatus};
use crate::device_managers::service::{self, Row};
use crate::http::csv::Table;
use crate::http::list::{ColumnSpec, FilterSpec, ListQuery, ListSpec, Pager, column};
use crate::http::reply::attachment;
use crate::http::widgets::{counted, number};
use crate::http::{Answer, Crumb, FormState, May, Shell, Visit, page_with, reason};
use crate::kernel::{Moment, Sought, search_key};
use crate::members;
use askama::Template;

const COLUMNS: &[ColumnSpec<'static>] = &[
    column("status", "Sync Status", true),
    column("last", "Last Sync", true),
    column("instances", "Product Instances", true),
    column("va", "Virtual Account", true),
    column("due", "Due date", true),
    column("since", "Registered", false),
];

pub const STATUSES: &[(&str, &str)] = &[
    (SyncStatus::Never.word(), SyncStatus::Never.label()),
    (SyncStatus::InProgress.word(), SyncStatus::InProgress.label()),
    (SyncStatus::Successful.word(), SyncStatus::Successful.label()),
    (SyncStatus::Failed.word(), SyncStatus::Failed.label()),
    (SyncStatus::Overdue.word(), SyncStatus::Overdue.label()),
];

/// By what the list can be sorted.
pub const SORTS: &[&str] = &["name", "status", "last", "instances", "va", "due"];

/// What an address asks for.
pub fn query(path: String, raw: &str) -> ListQuery {
    ListQuery::parse(
        raw,
        &ListSpec {
            path,
            sorts: SORTS,
            default_sort: "name",
            filters: &[FilterSpec {
                key: "status",
                label: "Sync Status",
                values: STATUSES,
            }],
            columns: COLUMNS,
        },
    )
}

/// What a search looks in.
pub fn found_by(row: &Row) -> String {
    search_key(&format!("{} {}", row.manager.name, row.place))
}

/// Those that are asked for, in the order that is asked for. An account has as many as it has Virtual Accounts at
/// most, so they are sorted here.
pub fn asked(rows: Vec<Row>, list: &ListQuery, now: Moment) -> Vec<Row> {
    let sought = Sought::parse(&list.q);
    let statuses = list.values("status");
    let mut rows: Vec<Row> = rows
        .into_iter()
        .filter(|row| {
            sought.fits(&found_by(row))
                && (statuses.is_empty() || statuses.contains(&row.manager.status(now).word()))
        })
        .collect();
    rows.sort_by(|a, b| {
        let by_name = || {
            let key = |row: &Row| (search_key(&row.manager.name), row.manager.id);
            key(a).cmp(&key(b))
        };
        let order = match list.sort.as_str() {
            "status" => a.manager.status(now).cmp(&b.manager.status(now)),
            "last" => a.manager.synced_at.cmp(&b.manager.synced_at),
            "instances" => a.manager.product_instances.cmp(&b.manager.product_instances),
            "va" => search_key(&a.place).cmp(&search_key(&b.place)),
            "due" => a.manager.due_at.cmp(&b.manager.due_at),
            _ => std::cmp::Ordering::Equal,
        };
        let order = order.then_with(by_name);
        if list.descending { order.reverse() } else { order }
    });
    rows
}

/// A line of the list, or the head of a page.
pub struct Line {
    pub(super) row: Row,
    pub(super) base: String,
    pub(super) now: Moment,
    /// Why one cannot change it, or "".
    pub(super) no_change: String,
    /// Why one cannot remove it, whatever it serves, or "".
    pub(super) no_removal: String,
    /// Why one cannot register it again, or "".
    pub(super) no_again: String,
}

impl Line {
    pub(super) fn of(visit: &Visit, row: Row, administrators: &[Person]) -> Self {
        let off =
            |action| reason::against(visit, action, row.manager.place, administrators).unwrap_or_default();
        Self {
            base: href(visit, row.manager.id),
            no_change: off(Action::Synchronize),
            no_removal: off(Action::RemoveDeviceManager),
            no_again: off(Action::AuthorizeOnPrem),
            now: visit.portal.clock.now(),
            row,
        }
    }
    pub(super) fn one(&self) -> &Manager {
        &self.row.manager
    }
    pub(super) fn status(&self) -> SyncStatus {
        self.row.manager.status(self.now)
    }
    pub(super) fn instances(&self) -> String {
        number(&self.row.manager.instances())
    }
    /// Why there is no response file to download, or "".
    pub(super) fn no_response(&self) -> &str {
        if self.row.manager.sequence == 0 {
            "No response yet. Upload a sync file first."
        } else {
            ""
        }
    }
    pub(super) fn days_left(&self) -> String {
        let days = service::days_left(&self.row.manager, self.now);
        counted(days.unsigned_abs(), "day", "days")
    }
    pub(super) fn place_id(&self) -> String {
        self.row
            .manager
            .place
            .map_or_else(String::new, |id| id.to_string())
    }
}

/// What stands over the list.
pub(super) enum Dialog {
    Rename(Box<Line>, FormState),
    Remove(Box<Line>),
    Case(Box<Line>, FormState),
    /// With how many licenses its product instances use.
    Lost(Box<Line>, FormState, u64),
}

impl Dialog {
    fn title(&self) -> &'static str {
        match self {
            Self::Rename(..) => "Rename device manager",
            Self::Remove(_) => "Remove Device Manager?",
            Self::Case(..) => "Enter Active Case Number",
            Self::Lost(..) => "Remove Lost Device Manager?",
        }
    }
    fn has_problems(&self) -> bool {
        matches!(self, Self::Rename(_, form) | Self::Case(_, form) | Self::Lost(_, form, _) if form.has_problems())
    }
}

#[derive(Template)]
#[template(path = "device_managers/list.html")]
struct ListPage {
    shell: Shell,
    list: ListQuery,
    pager: Pager,
    rows: Vec<Line>,
    late: Vec<String>,
    count: String,
    base: String,
    number: i64,
    some: bool,
    new_off: Option<String>,
    dialog: Option<Dialog>,
    back: String,
}

pub(super) async fn list_page(
    visit: &Visit,
    view: &Permit<ViewInventory>,
    dialog: Option<Dialog>,
    status: u16,
) -> Answer {
    let permit = view.clone();
    let now = visit.portal.clock.now();
    let (all, administrators) = visit
        .portal
        .db
        .read(move |r| {
            let administrators = members::administrators_of(r, permit.within().account()?)?;
            Ok((service::all(r, &permit)?, administrators))
        })
        .await?;
    let late: Vec<String> = all
        .iter()
        .filter(|row| row.manager.status(now) == SyncStatus::Overdue)
        .map(|row| row.manager.name.clone())
        .collect();
    let mut list = query(base(visit), &visit.query);
    let rows = asked(all, &list, now);
    let total = rows.len() as u64;
    list.clamp(total);
    let crumbs = [Crumb::text("Devices"), Crumb::text("Device Connections")];
    let mut shell = visit.list_shell("Device Managers", &crumbs, &list);
    if let Some(dialog) = &dialog {
        shell = shell.with_dialog(dialog.title());
        shell.error_title = dialog.has_problems();
    }
    page_with(
        status,
        &ListPage {
            shell,
            pager: list.pager(total),
            rows: list
                .cut(rows)
                .map(|row| Line::of(visit, row, &administrators))
                .collect(),
            late,
            count: counted(total, "device manager", "device managers"),
            base: base(visit),
            number: visit.number(),
            some: view.within().only().is_some(),
            new_off: reason::against_all(visit, Action::AuthorizeOnPrem, &administrators),
            back: list.href(),
            dialog,
            list,
        },
    )
}

pub(super) async fn list(may: May<ViewInventory>) -> Answer {
    list_page(&may, &may.permit, None, 200).await
}

pub(super) async fn csv(may: May<ViewInventory>) -> Answer {
    let (permit, now) = (may.permit.clone(), may.portal.clock.now());
    let all = may.portal.db.read(move |r| service::all(r, &permit)).await?;
    let list = query(base(&may), &may.query);
    list.understood()?;
    let mut table = Table::new(&[
        "Device manager name",
        "Sync Status",
        "Last Sync",
        "Product Instances",
        "Virtual Account",
        "Due date",
        "Registered",
        "Registered by",
    ])?;
    for row in asked(all, &list, now) {
        let one = &row.manager;
        table.row([
            one.name.as_str(),
            one.status(now).label(),
            &one.synced_at.map_or_else(String::new, Moment::rfc3339),
            &one.product_instances.to_string(),
            &row.place,
            &one.due_at.rfc3339(),
            &one.registered_at.rfc3339(),
            &one.registrar,
        ])?;
    }
    Ok(attachment(
        "text/csv; charset=utf-8",
        &may.file_name("device-managers"),
        table.finish()?,
    ))
}
