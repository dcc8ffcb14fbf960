//! "Upload sync file" with its review and confirmation, "View sync history" and the responses to download.

use super::format::Limits;
use super::judge::Sender;
use super::model::{Effect, Outcome, SyncFile, gap};
use super::{apply, respond, take_in};
use crate::authz::Action;
use crate::authz::action::{Synchronize, ViewInventory};
use crate::device_managers::{Row, addressed, between, href};
use crate::error::{Error, Problems, Result};
use crate::http::form::{Named, PathPart, fresh};
use crate::http::upload::Upload;
use crate::http::widgets::{counted, signed};
use crate::http::{
    Answer, Flash, FlashKind, FormState, May, NoFields, Posted, Routes, Shell, Visit, page, page_with,
    reason, see_other,
};
use crate::kernel::ids::{DeviceManagerId, SyncFileId};
use crate::platform::db::off_the_loop;
use askama::Template;

const ONE: &str = "/sa/{said}/devices/device-managers/{manager}";
/// A file with the form around it.
pub const LARGE: usize = 64 * 1024 * 1024 + 64 * 1024;
const STEPS: [&str; 3] = ["Upload", "Review", "Confirmation"];

/// The pages.
pub fn routes(routes: &mut Routes) {
    routes.get(&format!("{ONE}/upload-sync-file"), upload_form);
    routes.post(&format!("{ONE}/upload-sync-file"), upload);
    routes.get(&format!("{ONE}/upload-sync-file/{{syncfile}}"), review);
    routes.post(&format!("{ONE}/upload-sync-file/{{syncfile}}/submit"), submit);
    routes.post(&format!("{ONE}/upload-sync-file/{{syncfile}}/withdraw"), withdraw);
    routes.get(&format!("{ONE}/upload-sync-file/{{syncfile}}/done"), done);
}

impl Named for SyncFileId {
    const NAME: &'static str = "syncfile";
}

#[derive(Template)]
#[template(path = "sync/upload.html")]
struct UploadPage {
    shell: Shell,
    steps: [&'static str; 3],
    form: FormState,
    row: Row,
    base: String,
    waiting: Option<SyncFile>,
    ways: Ways,
}

/// What is left to do with a server whose files are refused.
#[derive(Default)]
struct Ways {
    /// It may be registered again.
    again: bool,
    /// It may be removed as lost.
    lost: bool,
}

impl Ways {
    /// Codes that a server brings about that was restored from a backup, or set up anew.
    const OF: &[&str] = &[
        "sync.bad-signature",
        "sync.old-key",
        "sync.old-response",
        "sync.replayed",
        "sync.wrong-device-manager",
    ];
    fn of(visit: &Visit, row: &Row) -> Self {
        let may = |action| reason::against(visit, action, row.manager.place, &[]).is_none();
        Self {
            again: may(Action::AuthorizeOnPrem),
            lost: may(Action::RemoveDeviceManager),
        }
    }
}

async fn upload_page(visit: &Visit, row: Row, form: FormState, ways: Ways, status: u16) -> Answer {
    let one = row.manager.clone();
    let waiting = visit.portal.db.read(move |r| respond::waiting(r, &one)).await?;
    let mut shell = visit.account_shell("Upload sync file", &between(visit, Some(&row.manager)));
    shell.error_title = form.has_problems();
    page_with(
        status,
        &UploadPage {
            shell,
            steps: STEPS,
            form,
            base: href(visit, row.manager.id),
            row,
            waiting,
            ways,
        },
    )
}

async fn upload_form(may: May<Synchronize>, id: PathPart<DeviceManagerId>) -> Answer {
    let (_, row) = addressed(&may, id.0).await?;
    upload_page(&may, row, fresh(), Ways::default(), 200).await
}

async fn upload(may: May<Synchronize>, id: PathPart<DeviceManagerId>, posted: Upload<LARGE>) -> Answer {
    let (_, row) = addressed(&may, id.0).await?;
    let mut problems = Problems::default();
    if posted.file.is_empty() {
        problems.add(
            "file",
            "Choose the synchronization file that the On-Prem server generated.",
        );
        return upload_page(&may, row, posted.again(&problems), Ways::default(), 422).await;
    }
    let (db, at, file_id) = (may.portal.db.clone(), may.portal.clock.now(), SyncFileId::new());
    let sender = Sender::of(&may.permit, Limits::of_records(may.portal.config.sync_records));
    let (bytes, manager) = (posted.file.clone(), id.0);
    let taken = off_the_loop(move || take_in::take_in_now(&db, at, file_id, manager, &sender, &bytes)).await;
    match taken {
        Err(Error::Refused(refusal)) => {
            let ways = if Ways::OF.contains(&refusal.code) {
                Ways::of(&may, &row)
            } else {
                Ways::default()
            };
            problems.add("file", refusal.says);
            upload_page(&may, row, posted.again(&problems), ways, 409).await
        }
        Err(other) => Err(other),
        Ok(taken) => see_other(&format!(
            "{}/upload-sync-file/{}",
            href(&may, id.0),
            taken.file.id
        )),
    }
}

/// One of the facts of a license after a file.
struct EffectView(Effect);

impl EffectView {
    fn before(&self) -> String {
        signed(&self.0.before)
    }
    fn after(&self) -> String {
        signed(&self.0.after)
    }
}

#[derive(Template)]
#[template(path = "sync/review.html")]
struct ReviewPage {
    shell: Shell,
    steps: [&'static str; 3],
    row: Row,
    file: SyncFile,
    effects: Vec<EffectView>,
    short: usize,
    gap: Option<String>,
    ways: Ways,
    base: String,
    here: String,
    is_done: bool,
    /// How far the job is, when it is applied by one and this process knows.
    progress: Option<(u64, u64)>,
}

impl ReviewPage {
    fn short_words(&self) -> String {
        counted(self.short as u64, "license runs short", "licenses run short")
    }
}

async fn review_page(may: &May<Synchronize>, id: DeviceManagerId, file: SyncFileId, is_done: bool) -> Answer {
    let (view, _) = addressed(may, id).await?;
    let (row, file) = may
        .portal
        .db
        .read(move |r| respond::find(r, &view, id, file))
        .await?;
    let here = format!("{}/upload-sync-file/{}", href(may, id), file.id);
    // Each state of a file has its page, wherever somebody comes from.
    if !is_done && file.outcome == Outcome::Applied {
        return see_other(&format!("{here}/done"));
    }
    if is_done && file.outcome != Outcome::Applied {
        return see_other(&here);
    }
    let title = if is_done { "Confirmation" } else { "Review" };
    let effects: Vec<EffectView> = file.effects().into_iter().map(EffectView).collect();
    let mut shell = may.account_shell(title, &between(may, Some(&row.manager)));
    shell.again_after = file.is_applying().then_some(2);
    page(&ReviewPage {
        shell,
        progress: may.portal.progress.of(file.id),
        steps: STEPS,
        short: effects.iter().filter(|one| one.0.is_short()).count(),
        gap: if is_done {
            None
        } else {
            gap(file.sequence, row.manager.sequence)
        },
        ways: Ways::of(may, &row),
        base: href(may, id),
        here,
        row,
        file,
        effects,
        is_done,
    })
}

async fn review(may: May<Synchronize>, id: PathPart<DeviceManagerId>, file: PathPart<SyncFileId>) -> Answer {
    review_page(&may, id.0, file.0, false).await
}

async fn done(may: May<Synchronize>, id: PathPart<DeviceManagerId>, file: PathPart<SyncFileId>) -> Answer {
    review_page(&may, id.0, file.0, true).await
}

/// Submits a file, for a page or a script.
pub async fn submitted(may: &May<Synchronize>, id: DeviceManagerId, file: SyncFileId) -> Result<SyncFile> {
    let view = may.also::<ViewInventory>().await?;
    let signing = may.portal.signing.clone();
    let file = may
        .does(move |tx, permit, at| apply::submit(tx, &view, permit, signing.files(), at, id, file))
        .await?;
    may.portal.jobs.nudge();
    Ok(file)
}

/// Takes a file back, for a page or a script.
pub async fn withdrawn(may: &May<Synchronize>, id: DeviceManagerId, file: SyncFileId) -> Result<()> {
    let view = may.also::<ViewInventory>().await?;
    may.does(move |tx, permit, at| take_in::withdraw(tx, &view, permit, at, id, file))
        .await
}

async fn submit(
    may: May<Synchronize>,
    id: PathPart<DeviceManagerId>,
    file: PathPart<SyncFileId>,
    _: Posted<NoFields>,
) -> Answer {
    // Where a large one shows how far it is, and any other goes on to its confirmation.
    submitted(&may, id.0, file.0).await?;
    see_other(&format!("{}/upload-sync-file/{}", href(&may, id.0), file.0))
}

async fn withdraw(
    may: May<Synchronize>,
    id: PathPart<DeviceManagerId>,
    file: PathPart<SyncFileId>,
    _: Posted<NoFields>,
) -> Answer {
    withdrawn(&may, id.0, file.0).await?;
    Ok(may.see_other(
        &href(&may, id.0),
        Flash::new(FlashKind::Ok, "The file was withdrawn. Nothing was changed."),
    ))
}
