//! "Add device manager", "Upload sync file" with its review and confirmation, "View sync history" and the files to
//! download.

use super::format::Limits;
use super::model::{Effect, Outcome, SyncFile, gap};
use super::registration;
use super::service::{self, Sender};
use crate::authz::Action;
use crate::authz::action::{AuthorizeOnPrem, CreateTopVirtualAccount, Synchronize, ViewInventory};
use crate::device_managers::{self, Binding, New, Row, addressed, between, href};
use crate::error::{Error, Problems, Result};
use crate::http::form::{LIST_LIMIT, Named, PathPart, fresh};
use crate::http::form_state::Choice;
use crate::http::list::{ListQuery, ListSpec, Pager};
use crate::http::reply::attachment;
use crate::http::upload::Upload;
use crate::http::widgets::{counted, signed};
use crate::http::{
    Answer, Flash, FlashKind, FormState, May, NoFields, Posted, Routes, Shell, Visit, page, page_with,
    reason, see_other,
};
use crate::kernel::ids::{DeviceManagerId, SyncFileId, VirtualAccountId};
use crate::kernel::{Moment, Name};
use crate::platform::db::off_the_loop;
use crate::{members, smart_accounts, virtual_accounts};
use askama::Template;
use serde::Deserialize;

const LIST: &str = device_managers::PATH;
const ONE: &str = "/sa/{said}/devices/device-managers/{manager}";
/// A file with the form around it.
pub const LARGE: usize = 64 * 1024 * 1024 + 64 * 1024;
const STEPS: [&str; 3] = ["Upload", "Review", "Confirmation"];

/// The pages.
pub fn routes(routes: &mut Routes) {
    routes.get(&format!("{LIST}/add"), add_form);
    routes.post(&format!("{LIST}/add"), add);
    routes.get(&format!("{ONE}/authorization"), added);
    routes.get(&format!("{ONE}/authorization-file"), authorization_file);
    routes.get(&format!("{ONE}/upload-sync-file"), upload_form);
    routes.post(&format!("{ONE}/upload-sync-file"), upload);
    routes.get(&format!("{ONE}/upload-sync-file/{{syncfile}}"), review);
    routes.post(&format!("{ONE}/upload-sync-file/{{syncfile}}/submit"), submit);
    routes.post(&format!("{ONE}/upload-sync-file/{{syncfile}}/withdraw"), withdraw);
    routes.get(&format!("{ONE}/upload-sync-file/{{syncfile}}/done"), done);
    routes.get(&format!("{ONE}/sync-history"), history);
    routes.get(
        &format!("{ONE}/sync-history/{{syncfile}}/response-file"),
        response_of,
    );
    routes.get(&format!("{ONE}/response-file"), latest_response);
}

impl Named for SyncFileId {
    const NAME: &'static str = "syncfile";
}

// Add -----------------------------------------------------------------------------------------------------------

#[derive(Template)]
#[template(path = "sync/add.html")]
struct AddPage {
    shell: Shell,
    form: FormState,
    places: Vec<Choice>,
    may_create: bool,
    list: String,
}

async fn add_page(may: &May<AuthorizeOnPrem>, form: FormState, status: u16) -> Answer {
    let permit = may.permit.clone();
    let found = may
        .portal
        .db
        .read(move |r| device_managers::bindable(r, &permit))
        .await?;
    let may_create = reason::against_all(may, Action::CreateTopVirtualAccount, &[]).is_none();
    let mut places: Vec<Choice> = found
        .into_iter()
        .map(|(id, name)| Choice::new(id.to_string(), name))
        .collect();
    if may_create {
        places.insert(0, Choice::new("new", "A new Virtual Account"));
    }
    let mut shell = may.account_shell("Add device manager", &between(may, None));
    shell.error_title = form.has_problems();
    let list = LIST.replace("{said}", &may.number().to_string());
    page_with(
        status,
        &AddPage {
            shell,
            form,
            places,
            may_create,
            list,
        },
    )
}

async fn add_form(may: May<AuthorizeOnPrem>) -> Answer {
    add_page(&may, fresh(), 200).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AddFields {
    #[serde(default)]
    file: String,
    #[serde(default)]
    text: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    va: String,
    #[serde(default)]
    new_va: String,
}

/// What is asked for, by a page or a script.
pub struct Wanted<'a> {
    /// Text of the registration file.
    pub registration: &'a str,
    /// Name of the device manager; that of the file when empty.
    pub name: &'a str,
    /// Which Virtual Account.
    pub place: WantedPlace<'a>,
}

/// A Virtual Account that is there, or the name of a new one.
pub enum WantedPlace<'a> {
    /// It is there.
    There(VirtualAccountId),
    /// It is to be made.
    New(&'a str),
    /// Nothing was chosen.
    None,
}

/// Checks it and thinks everything out: the device manager, and the name of its Virtual Account.
pub async fn plan(
    may: &May<AuthorizeOnPrem>,
    wanted: &Wanted<'_>,
    problems: &mut Problems,
    fields: [&str; 3],
) -> Result<Option<New>> {
    let [file_field, place_field, new_field] = fields;
    let registration = if wanted.registration.trim().is_empty() {
        problems.add(
            file_field,
            "Choose the registration file of the On-Prem server, or paste its text.",
        );
        None
    } else {
        match registration::read(wanted.registration) {
            Ok(header) => Some(header),
            Err(Error::Refused(refusal)) => {
                problems.add(file_field, refusal.says);
                None
            }
            Err(other) => return Err(other),
        }
    };
    let own = registration.as_ref().map_or("", |header| header.name.as_str());
    let typed = if wanted.name.trim().is_empty() {
        own
    } else {
        wanted.name
    };
    let name = problems.take("name", device_managers::name(typed));
    let account = may.permit.within().account()?;
    let (binding, place_name) = match wanted.place {
        WantedPlace::None => {
            problems.add(place_field, "Choose a Virtual Account.");
            (None, String::new())
        }
        WantedPlace::There(id) => {
            let permit = may.permit.clone();
            let found = may
                .portal
                .db
                .read(move |r| virtual_accounts::these(r, account, &[id]))
                .await?
                .pop()
                .filter(|_| permit.within().covers(id));
            match found {
                Some(one) => (Some(Binding::Existing(id)), one.name),
                None => {
                    problems.add(place_field, "Choose a Virtual Account of the list.");
                    (None, String::new())
                }
            }
        }
        WantedPlace::New(typed) => {
            let create = may.also::<CreateTopVirtualAccount>().await?;
            match problems.take(new_field, Name::parse(typed, "Name")) {
                Some(name) => (
                    Some(Binding::New(VirtualAccountId::new(), name.to_string(), create)),
                    name.to_string(),
                ),
                None => (None, String::new()),
            }
        }
    };
    let (Some(header), Some(name), Some(binding)) = (registration, name, binding) else {
        return Ok(None);
    };
    let company = may
        .portal
        .db
        .read(move |r| smart_accounts::find(r, account))
        .await?;
    let mut new = New {
        id: DeviceManagerId::new(),
        name: name.to_string(),
        binding,
        public_key: header.public_key,
        answer: String::new(),
    };
    let at = may.portal.clock.now();
    new.answer = registration::answer(may.portal.signing.files(), at, &company, &new, &place_name)?;
    Ok(Some(new))
}

async fn add(may: May<AuthorizeOnPrem>, posted: Posted<AddFields, LIST_LIMIT>) -> Answer {
    let form = &posted.value;
    let mut problems = Problems::default();
    let wanted = Wanted {
        registration: if form.file.trim().is_empty() {
            &form.text
        } else {
            &form.file
        },
        name: &form.name,
        place: match form.va.as_str() {
            "new" => WantedPlace::New(&form.new_va),
            other => other.parse().map_or(WantedPlace::None, WantedPlace::There),
        },
    };
    let field = if form.file.trim().is_empty() && !form.text.trim().is_empty() {
        "text"
    } else {
        "file"
    };
    let Some(new) = plan(&may, &wanted, &mut problems, [field, "va", "new_va"]).await? else {
        return add_page(&may, posted.again(&problems), 422).await;
    };
    let (permit, at, once) = (may.permit.clone(), may.portal.clock.now(), posted.once_key(&may));
    let done = may
        .portal
        .db
        .write(move |tx| device_managers::add(tx, &permit, at, &new, once.as_ref()))
        .await;
    match done {
        Err(Error::Refused(refusal)) => {
            let field = match refusal.code {
                "device-managers.name-taken" => "name",
                "device-managers.already-registered" => field,
                _ => "va",
            };
            problems.add(field, refusal.says);
            add_page(&may, posted.again(&problems), 409).await
        }
        Err(Error::Invalid(found)) => {
            for problem in found.list() {
                problems.add("new_va", problem.says.clone());
            }
            add_page(&may, posted.again(&problems), 422).await
        }
        Err(other) => Err(other),
        Ok(id) => see_other(&format!("{}/authorization", href(&may, id))),
    }
}

#[derive(Template)]
#[template(path = "sync/added.html")]
struct AddedPage {
    shell: Shell,
    row: Row,
    base: String,
}

async fn added(may: May<AuthorizeOnPrem>, id: PathPart<DeviceManagerId>) -> Answer {
    let (_, row) = addressed(&may, id.0).await?;
    page(&AddedPage {
        shell: may.account_shell("Authorization file", &between(&may, Some(&row.manager))),
        base: href(&may, id.0),
        row,
    })
}

async fn authorization_file(may: May<AuthorizeOnPrem>, id: PathPart<DeviceManagerId>) -> Answer {
    let (_, row) = addressed(&may, id.0).await?;
    Ok(attachment(
        "application/octet-stream",
        &format!("{}_authorization.licentral", row.manager.name),
        row.manager.answer,
    ))
}

// Upload --------------------------------------------------------------------------------------------------------

#[derive(Template)]
#[template(path = "sync/upload.html")]
struct UploadPage {
    shell: Shell,
    steps: [&'static str; 3],
    form: FormState,
    row: Row,
    base: String,
    waiting: Option<SyncFile>,
}

async fn upload_page(visit: &Visit, row: Row, form: FormState, status: u16) -> Answer {
    let one = row.manager.clone();
    let waiting = visit.portal.db.read(move |r| service::waiting(r, &one)).await?;
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
        },
    )
}

async fn upload_form(may: May<Synchronize>, id: PathPart<DeviceManagerId>) -> Answer {
    let (_, row) = addressed(&may, id.0).await?;
    upload_page(&may, row, fresh(), 200).await
}

async fn upload(may: May<Synchronize>, id: PathPart<DeviceManagerId>, posted: Upload<LARGE>) -> Answer {
    let (_, row) = addressed(&may, id.0).await?;
    let mut problems = Problems::default();
    if posted.file.is_empty() {
        problems.add(
            "file",
            "Choose the synchronization file that the On-Prem server generated.",
        );
        return upload_page(&may, row, posted.again(&problems), 422).await;
    }
    let (db, at, file_id) = (may.portal.db.clone(), may.portal.clock.now(), SyncFileId::new());
    let sender = Sender::of(&may.permit, Limits::of_records(may.portal.config.sync_records));
    let (bytes, manager) = (posted.file.clone(), id.0);
    let taken = off_the_loop(move || service::take_in_now(&db, at, file_id, manager, &sender, &bytes)).await;
    match taken {
        Err(Error::Refused(refusal)) => {
            problems.add("file", refusal.says);
            upload_page(&may, row, posted.again(&problems), 409).await
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
        .read(move |r| service::find(r, &view, id, file))
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
    let (view, permit) = (may.also::<ViewInventory>().await?, may.permit.clone());
    let (signing, at) = (may.portal.signing.clone(), may.portal.clock.now());
    let file = may
        .portal
        .db
        .write(move |tx| service::submit(tx, &view, &permit, signing.files(), at, id, file))
        .await?;
    may.portal.jobs.nudge();
    Ok(file)
}

/// Takes a file back, for a page or a script.
pub async fn withdrawn(may: &May<Synchronize>, id: DeviceManagerId, file: SyncFileId) -> Result<()> {
    let (view, permit) = (may.also::<ViewInventory>().await?, may.permit.clone());
    let at = may.portal.clock.now();
    may.portal
        .db
        .write(move |tx| service::withdraw(tx, &view, &permit, at, id, file))
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

// History and responses -----------------------------------------------------------------------------------------

#[derive(Template)]
#[template(path = "sync/history.html")]
struct HistoryPage {
    shell: Shell,
    row: Row,
    files: Vec<SyncFile>,
    pager: Pager,
    base: String,
    /// Why one cannot download responses, or "".
    off: String,
}

/// What an address asks for.
pub fn query(path: String, raw: &str) -> ListQuery {
    ListQuery::parse(
        raw,
        &ListSpec {
            path,
            sorts: &["date"],
            default_sort: "-date",
            filters: &[],
            columns: &[],
        },
    )
}

async fn history(may: May<ViewInventory>, id: PathPart<DeviceManagerId>) -> Answer {
    let base = href(&may, id.0);
    let mut list = query(format!("{base}/sync-history"), &may.query);
    let permit = may.permit.clone();
    let (row, files, list, total, administrators) = may
        .portal
        .db
        .read(move |r| {
            let row = device_managers::find(r, &permit, id.0)?;
            let total = service::count(r, &row.manager)?;
            list.clamp(total);
            let files = service::page(r, &row.manager, (list.limit(), list.offset()))?;
            let administrators = members::administrators_of(r, row.manager.account)?;
            Ok((row, files, list, total, administrators))
        })
        .await?;
    page(&HistoryPage {
        shell: may.list_shell("Sync history", &between(&may, Some(&row.manager)), &list),
        pager: list.pager(total),
        off: reason::against(&may, Action::Synchronize, row.manager.place, &administrators)
            .unwrap_or_default(),
        base,
        row,
        files,
    })
}

/// The file name of a response.
fn response_name(name: &str, sequence: i64, at: Moment) -> String {
    format!(
        "{name}_response_{sequence}_{}.licentral",
        at.utc().format("%Y%m%dT%H%MZ")
    )
}

/// A response as it was made, for a page or a script.
pub async fn response(may: &May<Synchronize>, id: DeviceManagerId, file: Option<SyncFileId>) -> Answer {
    let (view, permit) = (may.also::<ViewInventory>().await?, may.permit.clone());
    let (name, sequence, bytes) = may
        .portal
        .db
        .read(move |r| service::response_of(r, &view, &permit, id, file))
        .await?;
    Ok(attachment(
        "application/octet-stream",
        &response_name(&name, sequence, may.portal.clock.now()),
        bytes,
    ))
}

async fn latest_response(may: May<Synchronize>, id: PathPart<DeviceManagerId>) -> Answer {
    response(&may, id.0, None).await
}

async fn response_of(
    may: May<Synchronize>,
    id: PathPart<DeviceManagerId>,
    file: PathPart<SyncFileId>,
) -> Answer {
    response(&may, id.0, Some(file.0)).await
}
