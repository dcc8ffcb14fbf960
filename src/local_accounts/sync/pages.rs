//! What can be done for the synchronization of an account, and "Synchronisation" of the Admin Workspace.

use super::super::model::{LocalAccount, Number, SyncState};
use super::super::register_pages::found;
use super::super::{key_of, store as accounts};
use super::admin_pages::ADMIN;
use super::dashboard_pages::{self as dashboard, Manual};
use super::exchange;
use super::files::{self, Applied};
use super::schedule;
use super::store::{self, MadeFile};
use crate::authz::action::SynchronizeOnPrem;
use crate::error::{Error, Problems, Result};
use crate::http::form::{PathPart, fresh};
use crate::http::reply::attachment;
use crate::http::upload::Upload;
use crate::http::{Answer, Crumb, Flash, FlashKind, May, NoFields, Posted, Routes, Shell, Visit, page};
use crate::platform::config::Days;
use crate::platform::db::off_the_loop;
use crate::platform::signing::FileKey;
use askama::Template;

/// The largest response file that is taken.
pub const MOST: usize = 64 * 1024 * 1024;
/// So many files of an account are shown.
pub const MOST_FILES: i64 = 500;
const DASHBOARD: &str = "/on-prem-accounts";
const ONE: &str = "/on-prem-accounts/{account}/sync";

pub fn routes(routes: &mut Routes) {
    routes.get(ONE, history);
    routes.post(&format!("{ONE}/network"), network);
    routes.get(&format!("{ONE}/file"), manual);
    routes.post(&format!("{ONE}/file/generate"), generate);
    routes.post(&format!("{ONE}/file/response"), response);
    routes.post(&format!("{ONE}/schedule/enable"), enable);
    routes.post(&format!("{ONE}/schedule/disable"), disable);
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
    let name = may
        .does(move |tx, permit, now| schedule::hold_for(tx, now, permit.who(), one.id, holds))
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
