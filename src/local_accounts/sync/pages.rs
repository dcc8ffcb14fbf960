//! What can be done for the synchronization of an account, and "Synchronisation" of the Admin Workspace.

use super::super::model::{LocalAccount, Number, SyncState};
use super::super::register_pages::found;
use super::super::{key_of, store as accounts};
use super::dashboard_pages::{self as dashboard, Manual};
use super::exchange;
use super::files::{self, Applied};
use super::schedule::{self, Frequency, Schedule};
use super::store::{self, MadeFile};
use crate::authz::Action;
use crate::authz::action::{SynchronizeOnPrem, ViewAdminWorkspace};
use crate::error::{Error, Problems, Result};
use crate::http::form::{PathPart, fresh};
use crate::http::form_state::Choice;
use crate::http::list::{ListQuery, Pager};
use crate::http::reply::attachment;
use crate::http::upload::Upload;
use crate::http::widgets::{Tab, counted};
use crate::http::{
    Answer, Crumb, Flash, FlashKind, FormState, May, NoFields, Posted, Routes, Shell, Visit, page, page_with,
};
use crate::kernel::Moment;
use crate::platform::config::Days;
use crate::platform::db::off_the_loop;
use crate::platform::signing::FileKey;
use askama::Template;
use serde::Deserialize;

/// The largest response file that is taken.
pub const MOST: usize = 64 * 1024 * 1024;
/// So many files of an account are shown.
pub const MOST_FILES: i64 = 500;
const DASHBOARD: &str = "/on-prem-accounts";
const ONE: &str = "/on-prem-accounts/{account}/sync";
const ADMIN: &str = "/admin/synchronisation";
const SCHEDULE: &str = "/admin/synchronisation/schedule";

pub fn routes(routes: &mut Routes) {
    routes.get(ONE, history);
    routes.post(&format!("{ONE}/network"), network);
    routes.get(&format!("{ONE}/file"), manual);
    routes.post(&format!("{ONE}/file/generate"), generate);
    routes.post(&format!("{ONE}/file/response"), response);
    routes.post(&format!("{ONE}/schedule/enable"), enable);
    routes.post(&format!("{ONE}/schedule/disable"), disable);
    routes.get(ADMIN, accounts_tab);
    routes.get(SCHEDULE, schedule_tab);
    routes.post(SCHEDULE, apply_schedule);
}

/// An account, and the key that signs its files.
pub async fn with_key(visit: &Visit, number: Number) -> Result<(LocalAccount, FileKey)> {
    let signing = visit.portal.signing.clone();
    visit
        .portal
        .db
        .read(move |r| {
            let one = accounts::by_number(r, number.0)?;
            let key = key_of(r, &signing, one.id)?;
            Ok((one, key))
        })
        .await
}

#[derive(Template)]
#[template(path = "local_accounts/sync_history.html")]
struct History {
    shell: Shell,
    account: LocalAccount,
    state: SyncState,
    files: Vec<MadeFile>,
    kept: Option<Days>,
}

/// GET …/sync: the synchronization files of an account and what became of them.
async fn history(may: May<SynchronizeOnPrem>, number: PathPart<Number>) -> Answer {
    let account = found(&may, number.0).await?;
    let id = account.id;
    let files = may
        .portal
        .db
        .read(move |r| store::files_of(r, id, MOST_FILES))
        .await?;
    let mut shell = may.shell("Sync history");
    shell.crumbs.push(Crumb::link("On-Prem Accounts", DASHBOARD));
    shell.crumbs.push(if may.opens(account.id) {
        Crumb::link(&account.name, format!("/sa/{}", account.number))
    } else {
        Crumb::text(&account.name)
    });
    shell.crumbs.push(Crumb::text("Sync history"));
    page(&History {
        shell,
        state: account.sync_state(may.portal.clock.now()),
        account,
        files,
        kept: may.portal.config.retention.sync,
    })
}

/// POST …/sync/network: the work goes on beside the page, which shows how far it is.
async fn network(may: May<SynchronizeOnPrem>, number: PathPart<Number>, _: Posted<NoFields>) -> Answer {
    let (one, key) = with_key(&may, number.0).await?;
    let cloud = one.cloud()?;
    if cloud.url.is_none() {
        return Err(Error::refused(
            "on-prem.no-address",
            format!(
                "{} was registered by file, and no address of the cloud is known. Synchronize by file.",
                one.name
            ),
        ));
    }
    let (db, clock, who) = (
        may.portal.db.clone(),
        may.portal.clock.clone(),
        may.permit.who().clone(),
    );
    let id = one.id;
    let work = off_the_loop(move || exchange::network(&db, &clock, &who, id, &key, false));
    // Most are done at once: then the page says so at once. What takes longer goes on.
    let mut running = actix_web::rt::spawn(work);
    let (kind, text) = match tokio::time::timeout(std::time::Duration::from_millis(800), &mut running).await {
        Err(_) => (
            FlashKind::Info,
            format!(
                "{} is being synchronized. Sync Status shows how it goes.",
                one.name
            ),
        ),
        Ok(Ok(Ok(_))) => (
            FlashKind::Ok,
            format!("Synchronization Successful: {}.", one.name),
        ),
        Ok(Ok(Err(Error::Refused(refusal)))) => (FlashKind::Bad, refusal.says.to_string()),
        Ok(Ok(Err(error))) => return Err(error),
        Ok(Err(error)) => return Err(Error::internal(error)),
    };
    Ok(may.see_other(came_from(&may), Flash::new(kind, text)))
}

/// GET …/sync/file: "Initiate manual (offline) sync".
async fn manual(may: May<SynchronizeOnPrem>, number: PathPart<Number>) -> Answer {
    let account = found(&may, number.0).await?;
    account.cloud()?;
    let manual = Manual {
        account,
        form: fresh(),
    };
    dashboard::page(&may, Some(manual), 200).await
}

/// POST …/sync/file/generate: the synchronization file.
async fn generate(may: May<SynchronizeOnPrem>, number: PathPart<Number>, _: Posted<NoFields>) -> Answer {
    handed_out(&may, number.0).await
}

/// A new synchronization file of an account.
pub async fn handed_out(may: &May<SynchronizeOnPrem>, number: Number) -> Answer {
    let (one, key) = with_key(may, number).await?;
    let (db, clock, who) = (
        may.portal.db.clone(),
        may.portal.clock.clone(),
        may.permit.who().clone(),
    );
    let id = one.id;
    let made =
        off_the_loop(move || files::generate(&db, &who, (clock.now(), clock.wall()), id, &key)).await?;
    let name = file_name(&one, made.sequence);
    Ok(attachment("application/octet-stream", &name, made.bytes))
}

/// What a synchronization file is called.
fn file_name(account: &LocalAccount, sequence: i64) -> String {
    let name: String = account
        .name
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
        .collect();
    format!("{name}-{sequence}.sync")
}

/// POST …/sync/file/response: the response file.
async fn response(may: May<SynchronizeOnPrem>, number: PathPart<Number>, upload: Upload<MOST>) -> Answer {
    let one = found(&may, number.0).await?;
    let mut problems = Problems::default();
    if upload.file.is_empty() {
        problems.add(
            "file",
            "Choose the response file that was downloaded in the cloud.",
        );
        let manual = Manual {
            account: one,
            form: upload.again(&problems),
        };
        return dashboard::page(&may, Some(manual), 422).await;
    }
    let (db, now, who) = (
        may.portal.db.clone(),
        may.portal.clock.now(),
        may.permit.who().clone(),
    );
    let (id, file) = (one.id, upload.file.clone());
    match off_the_loop(move || files::apply(&db, &who, now, id, &file)).await {
        Ok(applied) => {
            let text = match applied {
                Applied::Now { sequence, due_at, .. } => format!(
                    "Synchronization Successful: the response to file {sequence} was applied. Synchronize again by {}.",
                    due_at.utc().format("%Y-%m-%d")
                ),
                Applied::Before { sequence } => {
                    format!("The response to file {sequence} was applied before; nothing changed.")
                }
            };
            Ok(may.see_other(DASHBOARD, Flash::new(FlashKind::Ok, text)))
        }
        Err(Error::Refused(refusal)) => {
            problems.add("file", refusal.says.to_string());
            let manual = Manual {
                account: one,
                form: upload.again(&problems),
            };
            dashboard::page(&may, Some(manual), 409).await
        }
        Err(error) => Err(error),
    }
}

/// The list on whose row something was chosen.
fn came_from(visit: &Visit) -> &'static str {
    if visit.query == "from=synchronisation" {
        ADMIN
    } else {
        DASHBOARD
    }
}

async fn hold(may: May<SynchronizeOnPrem>, number: Number, holds: bool) -> Answer {
    let one = found(&may, number).await?;
    let (now, who, id) = (may.portal.clock.now(), may.permit.who().clone(), one.id);
    let name = may
        .portal
        .db
        .write(move |tx| schedule::hold_for(tx, now, &who, id, holds))
        .await?;
    let words = if holds { "enabled" } else { "disabled" };
    Ok(may.see_other(
        came_from(&may),
        Flash::new(FlashKind::Ok, format!("Scheduled sync was {words} for {name}.")),
    ))
}

/// POST …/sync/schedule/enable
async fn enable(may: May<SynchronizeOnPrem>, number: PathPart<Number>, _: Posted<NoFields>) -> Answer {
    hold(may, number.0, true).await
}

/// POST …/sync/schedule/disable
async fn disable(may: May<SynchronizeOnPrem>, number: PathPart<Number>, _: Posted<NoFields>) -> Answer {
    hold(may, number.0, false).await
}

// Admin Workspace, Synchronisation --------------------------------------------------------------------------------

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
struct Scheduled {
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
    let (now, who) = (may.portal.clock.now(), may.permit.who().clone());
    may.portal
        .db
        .write(move |tx| schedule::apply(tx, now, &who, wanted.as_ref()))
        .await?;
    Ok(may.see_other(
        SCHEDULE,
        Flash::new(
            FlashKind::Ok,
            "Scheduled sync settings have been successfully updated.",
        ),
    ))
}
