//! "Synchronisation" of the Admin Workspace: how every account stands, and the schedule.

use super::super::model::SyncState;
use super::dashboard_pages::{self as dashboard};
use super::schedule::{self, Frequency, Schedule};
use crate::authz::Action;
use crate::authz::action::{SynchronizeOnPrem, ViewAdminWorkspace};
use crate::error::Error;
use crate::http::form::fresh;
use crate::http::form_state::Choice;
use crate::http::list::{ListQuery, Pager};
use crate::http::widgets::{Tab, counted};
use crate::http::{
    Answer, Crumb, Flash, FlashKind, FormState, May, Posted, Routes, Shell, Visit, page, page_with,
};
use crate::kernel::Moment;
use askama::Template;
use serde::Deserialize;

pub const ADMIN: &str = "/admin/synchronisation";
const SCHEDULE: &str = "/admin/synchronisation/schedule";

pub fn routes(routes: &mut Routes) {
    routes.get(ADMIN, accounts_tab);
    routes.get(SCHEDULE, schedule_tab);
    routes.post(SCHEDULE, apply_schedule);
}

fn tabs(current: &str) -> Vec<Tab> {
    [("Accounts", ADMIN), ("Scheduled Sync", SCHEDULE)]
        .into_iter()
        .map(|(label, href)| Tab {
            label: label.to_owned(),
            href: href.to_owned(),
            current: href == current,
            count: None,
        })
        .collect()
}

fn admin_shell(visit: &Visit) -> Shell {
    let mut shell = visit.shell("Synchronisation");
    shell.crumbs.push(Crumb::text("Admin Workspace"));
    shell.crumbs.push(Crumb::text("Synchronisation"));
    shell
}

#[derive(Template)]
#[template(path = "local_accounts/synchronisation.html")]
struct AccountsTab {
    shell: Shell,
    tabs: Vec<Tab>,
    list: ListQuery,
    pager: Pager,
    rows: Vec<dashboard::Row>,
    count: String,
    /// Whether one of them is being synchronized.
    runs: bool,
}

/// GET /admin/synchronisation
async fn accounts_tab(may: May<ViewAdminWorkspace>) -> Answer {
    let mut list = dashboard::query(ADMIN, &may.query, &[]);
    let rows = dashboard::asked(dashboard::rows(&may).await?, &list);
    let total = rows.len() as u64;
    list.clamp(total);
    let rows = dashboard::of_page(rows, &list);
    let runs = rows.iter().any(|row| row.state() == SyncState::InProgress);
    let mut shell = admin_shell(&may);
    dashboard::tell_dropped(&mut shell, &list);
    shell.again_after = runs.then_some(3);
    page(&AccountsTab {
        shell,
        tabs: tabs(ADMIN),
        pager: list.pager(total),
        count: counted(total, "On-Prem account", "On-Prem accounts"),
        list,
        rows,
        runs,
    })
}

#[derive(Template)]
#[template(path = "local_accounts/schedule.html")]
struct ScheduleTab {
    shell: Shell,
    tabs: Vec<Tab>,
    form: FormState,
    frequencies: Vec<Choice>,
    /// When the accounts synchronize next, while there is a schedule.
    next: Option<Moment>,
    /// Why one cannot change it, or "".
    off: String,
}

async fn schedule_page(visit: &Visit, form: Option<FormState>, status: u16) -> Answer {
    let kept = visit.portal.db.read(|r| schedule::kept(r)).await?;
    let now = visit.portal.clock.now();
    let form = form.unwrap_or_else(|| {
        let form = fresh();
        match &kept {
            Some(one) => form
                .with_value("enabled", "1")
                .with_value("start", one.start.to_string())
                .with_value("frequency", one.frequency.word())
                .with_value("time", one.time.format("%H:%M").to_string()),
            None => form
                .with_value("start", now.utc().date_naive().to_string())
                .with_value("frequency", Frequency::Daily.word())
                .with_value("time", "02:00"),
        }
    });
    let mut shell = admin_shell(visit);
    shell.error_title = form.has_problems();
    page_with(
        status,
        &ScheduleTab {
            shell,
            tabs: tabs(SCHEDULE),
            form,
            frequencies: Frequency::ALL
                .iter()
                .map(|one| Choice::new(one.word(), one.label()))
                .collect(),
            next: kept.and_then(|one| one.next_after(now)),
            off: if visit.holds_by_platform(Action::SynchronizeOnPrem) {
                String::new()
            } else {
                "A System Administrator or a System Operator sets the schedule.".to_owned()
            },
        },
    )
}

/// GET /admin/synchronisation/schedule
async fn schedule_tab(may: May<ViewAdminWorkspace>) -> Answer {
    schedule_page(&may, None, 200).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Scheduled {
    #[serde(default)]
    enabled: String,
    #[serde(default)]
    start: String,
    #[serde(default)]
    frequency: String,
    #[serde(default)]
    time: String,
}

/// POST /admin/synchronisation/schedule
async fn apply_schedule(may: May<SynchronizeOnPrem>, posted: Posted<Scheduled>) -> Answer {
    let typed = &posted.value;
    let wanted = if typed.enabled == "1" {
        match Schedule::typed(&typed.start, &typed.frequency, &typed.time) {
            Ok(schedule) => Some(schedule),
            Err(Error::Invalid(problems)) => {
                return schedule_page(&may, Some(posted.again(&problems)), 422).await;
            }
            Err(error) => return Err(error),
        }
    } else {
        None
    };
    may.does(move |tx, permit, now| schedule::apply(tx, now, permit.who(), wanted.as_ref()))
        .await?;
    Ok(may.see_other(
        SCHEDULE,
        Flash::new(
            FlashKind::Ok,
            "Scheduled sync settings have been successfully updated.",
        ),
    ))
}
