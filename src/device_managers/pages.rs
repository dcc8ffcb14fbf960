//! "Device Managers": the list, one of them with its tabs, and the pop-ups over the list.

use super::model::{LocalPlace, Manager, SyncStatus, name};
use super::service::{self, Row};
use crate::authn::Person;
use crate::authz::action::{RemoveDeviceManager, Synchronize, ViewInventory};
use crate::authz::{Action, Does, Permit};
use crate::error::{Error, Problems, Result};
use crate::http::csv::Table;
use crate::http::form::{Named, PathPart, fresh};
use crate::http::list::{ColumnSpec, FilterSpec, ListQuery, ListSpec, Pager, column};
use crate::http::menu::Item;
use crate::http::reply::attachment;
use crate::http::widgets::{Happening, Tab, counted, number};
use crate::http::{
    Answer, Crumb, Flash, FlashKind, FormState, May, Posted, Routes, Shell, Visit, page, page_with, reason,
    see_other,
};
use crate::kernel::ids::DeviceManagerId;
use crate::kernel::text::case_number;
use crate::kernel::{Moment, Sought, search_key};
use crate::members;
use crate::platform::db::{Past, history};
use askama::Template;
use serde::Deserialize;

/// Where "Device Managers" stands; `{said}` is the account's number.
pub const PATH: &str = "/sa/{said}/devices/device-managers";
const ONE: &str = "/sa/{said}/devices/device-managers/{manager}";
/// So much of its history is shown.
const MOST_EVENTS: i64 = 200;

/// The pages, and their place in the menu.
pub fn routes(routes: &mut Routes) {
    routes.get(PATH, list);
    routes.get(&format!("{PATH}.csv"), csv);
    routes.get(ONE, general);
    routes.get(&format!("{ONE}/virtual-accounts"), places);
    routes.get(&format!("{ONE}/event-log"), log);
    routes.get(&format!("{ONE}/rename"), rename_dialog);
    routes.post(&format!("{ONE}/rename"), rename);
    routes.get(&format!("{ONE}/remove"), remove_dialog);
    routes.get(&format!("{ONE}/remove/case"), case_dialog);
    routes.post(&format!("{ONE}/remove/case"), remove);
    routes.get(&format!("{ONE}/remove/lost"), lost_dialog);
    routes.post(&format!("{ONE}/remove/lost"), remove_lost);
    routes.menu(Item {
        section: "Devices",
        group: Some("Device Connections"),
        label: Some("Device Managers"),
        path: PATH,
        action: Action::ViewInventory,
    });
}

impl Named for DeviceManagerId {
    const NAME: &'static str = "manager";
}

/// Where the list stands in the account of a visit.
pub fn base(visit: &Visit) -> String {
    PATH.replace("{said}", &visit.number().to_string())
}

/// The page of a device manager.
pub fn href(visit: &Visit, id: DeviceManagerId) -> String {
    format!("{}/{id}", base(visit))
}

/// What stands between the account and the page of a device manager.
pub fn between(visit: &Visit, one: Option<&Manager>) -> Vec<Crumb> {
    let mut crumbs = vec![
        Crumb::text("Devices"),
        Crumb::text("Device Connections"),
        Crumb::link("Device Managers", base(visit)),
    ];
    if let Some(one) = one {
        crumbs.push(Crumb::link(&one.name, href(visit, one.id)));
    }
    crumbs
}

// The list ------------------------------------------------------------------------------------------------------

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
    row: Row,
    base: String,
    now: Moment,
    /// Why one cannot change it, or "".
    no_change: String,
    /// Why one cannot remove it, whatever it serves, or "".
    no_removal: String,
    /// Why one cannot register it again, or "".
    no_again: String,
}

impl Line {
    fn of(visit: &Visit, row: Row, administrators: &[Person]) -> Self {
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
    fn one(&self) -> &Manager {
        &self.row.manager
    }
    fn status(&self) -> SyncStatus {
        self.row.manager.status(self.now)
    }
    fn instances(&self) -> String {
        number(&self.row.manager.instances())
    }
    /// Why there is no response file to download, or "".
    fn no_response(&self) -> &str {
        if self.row.manager.sequence == 0 {
            "No response yet. Upload a sync file first."
        } else {
            ""
        }
    }
    fn days_left(&self) -> String {
        let days = service::days_left(&self.row.manager, self.now);
        counted(days.unsigned_abs(), "day", "days")
    }
    fn place_id(&self) -> String {
        self.row
            .manager
            .place
            .map_or_else(String::new, |id| id.to_string())
    }
}

/// What stands over the list.
enum Dialog {
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

async fn list_page(
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

async fn list(may: May<ViewInventory>) -> Answer {
    list_page(&may, &may.permit, None, 200).await
}

async fn csv(may: May<ViewInventory>) -> Answer {
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

// One of them ---------------------------------------------------------------------------------------------------

/// What the chosen tab shows.
enum Shown {
    General,
    Places(Vec<LocalPlace>),
    Log(Vec<Happening>),
}

#[derive(Template)]
#[template(path = "device_managers/one.html")]
struct OnePage {
    shell: Shell,
    line: Line,
    tabs: Vec<Tab>,
    shown: Shown,
    number: i64,
}

async fn one_page(may: &May<ViewInventory>, id: DeviceManagerId, tab: usize) -> Answer {
    let permit = may.permit.clone();
    let (row, past, administrators) = may
        .portal
        .db
        .read(move |r| {
            let row = service::find(r, &permit, id)?;
            let account = row.manager.account;
            let past = if tab == 2 {
                history(r, account, id.as_str(), MOST_EVENTS)?
            } else {
                Vec::new()
            };
            Ok((row, past, members::administrators_of(r, account)?))
        })
        .await?;
    let line = Line::of(may, row, &administrators);
    let tabs = [
        ("General", "", None),
        (
            "Virtual Accounts",
            "/virtual-accounts",
            Some(line.one().local_places().len() as u64),
        ),
        ("Event log", "/event-log", None),
    ];
    let tabs = tabs
        .into_iter()
        .enumerate()
        .map(|(at, (label, path, count))| Tab {
            label: label.to_owned(),
            href: format!("{}{path}", line.base),
            current: at == tab,
            count,
        })
        .collect();
    page(&OnePage {
        shell: may.account_shell(line.one().name.clone(), &between(may, None)),
        shown: match tab {
            1 => Shown::Places(line.one().local_places()),
            2 => Shown::Log(past.into_iter().map(happening).collect()),
            _ => Shown::General,
        },
        tabs,
        number: may.number(),
        line,
    })
}

fn happening(past: Past) -> Happening {
    Happening {
        what: past.kind.label().to_owned(),
        who: past.actor,
        at: past.at.utc(),
        note: past.message,
    }
}

async fn general(may: May<ViewInventory>, id: PathPart<DeviceManagerId>) -> Answer {
    one_page(&may, id.0, 0).await
}
async fn places(may: May<ViewInventory>, id: PathPart<DeviceManagerId>) -> Answer {
    one_page(&may, id.0, 1).await
}
async fn log(may: May<ViewInventory>, id: PathPart<DeviceManagerId>) -> Answer {
    one_page(&may, id.0, 2).await
}

// What is done with it ------------------------------------------------------------------------------------------

/// The device manager of an address, for somebody who may do this with it.
pub async fn addressed<A: Does>(may: &May<A>, id: DeviceManagerId) -> Result<(Permit<ViewInventory>, Row)> {
    let view = may.also::<ViewInventory>().await?;
    let (seen, permit) = (view.clone(), may.permit.clone());
    let row = may
        .portal
        .db
        .read(move |r| service::theirs(r, &seen, &permit, id))
        .await?;
    Ok((view, row))
}

async fn line_of<A: Does>(may: &May<A>, id: DeviceManagerId) -> Result<(Permit<ViewInventory>, Line)> {
    let (view, row) = addressed(may, id).await?;
    Ok((view, Line::of(may, row, &[])))
}

async fn rename_dialog(may: May<Synchronize>, id: PathPart<DeviceManagerId>) -> Answer {
    let (view, line) = line_of(&may, id.0).await?;
    let form = fresh().with_value("name", line.one().name.clone());
    list_page(&may, &view, Some(Dialog::Rename(Box::new(line), form)), 200).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NameField {
    #[serde(default)]
    name: String,
}

async fn rename(may: May<Synchronize>, id: PathPart<DeviceManagerId>, posted: Posted<NameField>) -> Answer {
    let (view, line) = line_of(&may, id.0).await?;
    let mut problems = Problems::default();
    let Some(new) = problems.take("name", name(&posted.value.name)) else {
        let dialog = Dialog::Rename(Box::new(line), posted.again(&problems));
        return list_page(&may, &view, Some(dialog), 422).await;
    };
    let (seen, permit, at, id) = (view.clone(), may.permit.clone(), may.portal.clock.now(), id.0);
    let wanted = new.to_string();
    let done = may
        .portal
        .db
        .write(move |tx| service::rename(tx, &seen, &permit, at, id, &wanted))
        .await;
    match done {
        Err(Error::Refused(refusal)) if refusal.code == "device-managers.name-taken" => {
            problems.add("name", refusal.says);
            let dialog = Dialog::Rename(Box::new(line), posted.again(&problems));
            list_page(&may, &view, Some(dialog), 409).await
        }
        Err(other) => Err(other),
        Ok(()) => Ok(may.see_other(
            &base(&may),
            Flash::new(FlashKind::Ok, format!("The device manager is called {new} now.")),
        )),
    }
}

async fn remove_dialog(may: May<RemoveDeviceManager>, id: PathPart<DeviceManagerId>) -> Answer {
    let (view, line) = line_of(&may, id.0).await?;
    list_page(&may, &view, Some(Dialog::Remove(Box::new(line))), 200).await
}

async fn case_dialog(may: May<RemoveDeviceManager>, id: PathPart<DeviceManagerId>) -> Answer {
    let (view, line) = line_of(&may, id.0).await?;
    if line.one().against_removal().is_some() {
        // Nothing to enter: the first pop-up says why.
        return see_other(&format!("{}/remove", line.base));
    }
    list_page(&may, &view, Some(Dialog::Case(Box::new(line), fresh())), 200).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CaseFields {
    #[serde(default)]
    case: String,
    /// Which button.
    #[serde(default)]
    without: String,
}

async fn remove(
    may: May<RemoveDeviceManager>,
    id: PathPart<DeviceManagerId>,
    posted: Posted<CaseFields>,
) -> Answer {
    let (view, line) = line_of(&may, id.0).await?;
    let mut problems = Problems::default();
    let case = if posted.value.without == "1" {
        None
    } else {
        let checked = case_number(&posted.value.case)
            .map_err(|says| format!("{says} Without a case choose \u{201c}Proceed without\u{201d}."));
        let Some(case) = problems.take("case", checked) else {
            let dialog = Dialog::Case(Box::new(line), posted.again(&problems));
            return list_page(&may, &view, Some(dialog), 422).await;
        };
        Some(case)
    };
    let (permit, at, id) = (may.permit.clone(), may.portal.clock.now(), id.0);
    let gone = may
        .portal
        .db
        .write(move |tx| service::remove(tx, &view, &permit, at, id, case.as_deref()))
        .await?;
    Ok(may.see_other(
        &base(&may),
        Flash::new(
            FlashKind::Ok,
            format!(
                "The device manager {gone} was removed. Its Virtual Account {} stays, empty and unbound.",
                line.row.place
            ),
        ),
    ))
}

async fn lost(may: &May<RemoveDeviceManager>, id: DeviceManagerId, form: FormState, status: u16) -> Answer {
    let (view, line) = line_of(may, id).await?;
    let one = line.one().clone();
    let in_use = may
        .portal
        .db
        .read(move |r| service::licenses_in_use(r, &one))
        .await?;
    let dialog = Dialog::Lost(Box::new(line), form, in_use);
    list_page(may, &view, Some(dialog), status).await
}

async fn lost_dialog(may: May<RemoveDeviceManager>, id: PathPart<DeviceManagerId>) -> Answer {
    let (_, line) = line_of(&may, id.0).await?;
    if line.one().against_removal().is_none() {
        // Nothing is lost with it: the usual way is open.
        return see_other(&format!("{}/remove", line.base));
    }
    lost(&may, id.0, fresh(), 200).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LostFields {
    #[serde(default)]
    case: String,
    #[serde(default)]
    lost: String,
}

async fn remove_lost(
    may: May<RemoveDeviceManager>,
    id: PathPart<DeviceManagerId>,
    posted: Posted<LostFields>,
) -> Answer {
    let (view, line) = line_of(&may, id.0).await?;
    let mut problems = Problems::default();
    let case = problems.take("case", case_number(&posted.value.case));
    if posted.value.lost != "1" {
        problems.add(
            "lost",
            "Tick this only when the On-Prem server cannot be brought back. One that was restored from a backup is registered again.",
        );
    }
    let (Some(case), true) = (case, problems.is_empty()) else {
        return lost(&may, id.0, posted.again(&problems), 422).await;
    };
    let (permit, at, id) = (may.permit.clone(), may.portal.clock.now(), id.0);
    let gone = may
        .portal
        .db
        .write(move |tx| service::remove_lost(tx, &view, &permit, at, id, &case))
        .await?;
    may.portal.jobs.nudge();
    Ok(may.see_other(
        &base(&may),
        Flash::new(
            FlashKind::Ok,
            format!(
                "The device manager {} was removed as lost, with {}. {} that they used are free again. Its Virtual Account {} stays, empty and unbound.",
                gone.name,
                counted(gone.instances, "product instance", "product instances"),
                counted(gone.in_use, "license", "licenses"),
                line.row.place
            ),
        ),
    ))
}
