//! Synchronization, for scripts: what the pages can do.

use super::again_pages::plan_again;
use super::format::Limits;
use super::history_pages::{query, response};
use super::judge::Sender;
use super::model::{Effect, SyncFile, Way};
use super::pages::{LARGE, submitted, withdrawn};
use super::registration_pages::{Wanted, WantedPlace, known, plan};
use super::{respond, take_in};
use crate::authz::action::{AuthorizeOnPrem, Synchronize, ViewInventory};
use crate::device_managers;
use crate::error::{Error, Problems};
use crate::http::form::PathPart;
use crate::http::upload::Coming;
use crate::http::{Answer, Api, IdempotencyKey, JsonBody, May, Param, Routes, json};
use crate::kernel::ids::{DeviceManagerId, SyncFileId, VirtualAccountId};
use crate::kernel::pasted::line;
use crate::kernel::{Moment, search_key};
use crate::platform::db::off_the_loop;
use crate::virtual_accounts;
use actix_web::http::Method;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The operations of this room.
pub fn routes(routes: &mut Routes) {
    const FILES: &str = "/api/v1/accounts/{said}/device-managers/{manager}/sync-files";
    const ONE: &str = "/api/v1/accounts/{said}/device-managers/{manager}/sync-files/{syncfile}";
    routes.api(
        Method::POST,
        "/api/v1/accounts/{said}/device-managers",
        Api::says("Add a device manager by the registration file of an On-Prem server. The Virtual Account is named by its id or its name; with a name that is not there yet it is made.")
            .takes::<AddManagerBody>()
            .gives::<AddedManager>(201)
            .once(),
        add,
    );
    routes.api(
        Method::POST,
        "/api/v1/accounts/{said}/device-managers/{manager}/re-register",
        Api::says("Register a device manager again, by a registration file with a new key: its On-Prem server was restored from a backup or set up anew. Its sequences begin at 1, files by the old key are refused, and its product instances are as they were told last until the first new synchronization.")
            .takes::<AgainBody>()
            .gives::<AddedManager>(200)
            .once(),
        again,
    );
    routes.api(
        Method::GET,
        FILES,
        Api::says("The synchronization files of a device manager with their outcome, the newest first.")
            .query(&[Param::PAGE, Param::PER])
            .gives::<SyncFileList>(200),
        all,
    );
    routes.api(
        Method::POST,
        FILES,
        Api::says("Upload a synchronization file: the body is the file. It is judged and waits for its submit; the same file again gives the same answer.")
            .takes_file()
            .gives::<SyncFileShape>(201)
            .or(200, "The same file was uploaded before."),
        upload,
    );
    routes.api(
        Method::GET,
        ONE,
        Api::says("One synchronization file: what it is, and what it changes or changed.")
            .gives::<SyncFileShape>(200),
        one,
    );
    routes.api(
        Method::POST,
        "/api/v1/accounts/{said}/device-managers/{manager}/sync-files/{syncfile}/submit",
        Api::says("Apply a synchronization file that waits. A large one is applied by a job: the answer is 202 with the outcome applying, and the file tells when it is applied.")
            .gives::<SyncFileShape>(200)
            .or(202, "It was submitted, and a job applies it."),
        submit,
    );
    routes.api(
        Method::POST,
        "/api/v1/accounts/{said}/device-managers/{manager}/sync-files/{syncfile}/withdraw",
        Api::says("Take a synchronization file back that waits.").gives::<SyncFileShape>(200),
        withdraw,
    );
    routes.api(
        Method::GET,
        "/api/v1/accounts/{said}/device-managers/{manager}/sync-files/{syncfile}/response",
        Api::says("The response file to a synchronization file, byte for byte as it was made.").gives_file(),
        response_of,
    );
    routes.api(
        Method::GET,
        "/api/v1/accounts/{said}/device-managers/{manager}/response",
        Api::says("The latest response file.").gives_file(),
        latest,
    );
}

/// A device manager that is to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct AddManagerBody {
    /// That of the registration file without it.
    #[serde(default)]
    name: String,
    /// Id or name of a Virtual Account without product instances, or the name of a new one.
    #[schema(min_length = 1)]
    virtual_account: String,
    /// The text of the registration file.
    #[schema(min_length = 1)]
    registration: String,
}

/// A device manager that is to be registered again.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct AgainBody {
    /// The text of the registration file, with a new key.
    registration: String,
    /// The number of a case, or why it is registered again: kept in the event log.
    reason: String,
}

/// A device manager that was added, or registered again.
#[derive(Debug, Serialize, ToSchema)]
struct AddedManager {
    #[schema(value_type = String)]
    id: DeviceManagerId,
    /// The text of the authorization file, for the On-Prem server.
    authorization: String,
}

/// What a file does to a license.
#[derive(Debug, Serialize, ToSchema)]
struct SyncEffect {
    entitlement: String,
    name: String,
    balance_before: i64,
    balance_after: i64,
    /// Whether more is used afterwards than there is.
    short: bool,
}

/// A synchronization file.
#[derive(Debug, Serialize, ToSchema)]
struct SyncFileShape {
    #[schema(value_type = String)]
    id: SyncFileId,
    sha256: String,
    /// waiting, applying, applied, refused, withdrawn or replaced.
    outcome: &'static str,
    /// file or network.
    #[schema(value_type = String)]
    way: Way,
    sequence: i64,
    last_response: i64,
    made_at: Moment,
    software: String,
    local_virtual_accounts: i64,
    product_instances: i64,
    usages: i64,
    /// Usage reports of product instances by policy.
    reports: i64,
    bytes: i64,
    appeared: i64,
    changed: i64,
    vanished: i64,
    unchanged: i64,
    licenses: Vec<SyncEffect>,
    /// Of the rule that refused it, or "".
    code: String,
    /// Why it was refused, or what was to be said of it.
    reason: String,
    uploaded_at: Moment,
    uploaded_by: String,
    settled_at: Option<Moment>,
    settled_by: Option<String>,
}

impl SyncFileShape {
    fn of(file: SyncFile) -> Self {
        Self {
            outcome: file.word(),
            licenses: file
                .effects()
                .into_iter()
                .map(|one: Effect| SyncEffect {
                    short: one.is_short(),
                    entitlement: one.entitlement,
                    name: one.name,
                    balance_before: one.before,
                    balance_after: one.after,
                })
                .collect(),
            id: file.id,
            sha256: file.sha256,
            way: file.way,
            sequence: file.sequence,
            last_response: file.last_response,
            made_at: file.made_at,
            software: file.software,
            local_virtual_accounts: file.places,
            product_instances: file.devices,
            usages: file.usages,
            reports: file.reports,
            bytes: file.file_bytes,
            appeared: file.appeared,
            changed: file.changed,
            vanished: file.vanished,
            unchanged: file.unchanged,
            code: file.code,
            reason: file.reason,
            uploaded_at: file.uploaded_at,
            uploaded_by: file.uploader,
            settled_by: file.settled_at.is_some().then_some(file.settler),
            settled_at: file.settled_at,
        }
    }
}

/// A page of synchronization files.
#[derive(Debug, Serialize, ToSchema)]
struct SyncFileList {
    items: Vec<SyncFileShape>,
    total: u64,
    page: u64,
    per: u64,
}

async fn again(
    may: May<AuthorizeOnPrem>,
    id: PathPart<DeviceManagerId>,
    key: IdempotencyKey,
    body: JsonBody<AgainBody>,
) -> Answer {
    let once = body.once_key(&may, &key);
    let (view, row) = device_managers::addressed(&may, id.0).await?;
    let mut problems = Problems::default();
    let asked = &body.value;
    let planned = plan_again(
        &may,
        &row,
        &asked.registration,
        &asked.reason,
        &mut problems,
        "registration",
    );
    let Some(again) = planned.await? else {
        return Err(Error::Invalid(problems));
    };
    may.does(move |tx, permit, at| take_in::register_again(tx, &view, permit, at, &again, once.as_ref()))
        .await?;
    authorized(&may, id.0, 200).await
}

/// The answer: which device manager, and its authorization file.
async fn authorized(may: &May<AuthorizeOnPrem>, id: DeviceManagerId, status: u16) -> Answer {
    let authorization = may
        .portal
        .db
        .read(move |r| device_managers::whose(r, id))
        .await?
        .ok_or(Error::NotFound)?
        .answer;
    json(status, &AddedManager { id, authorization })
}

async fn add(may: May<AuthorizeOnPrem>, key: IdempotencyKey, body: JsonBody<AddManagerBody>) -> Answer {
    let once = body.once_key(&may, &key);
    if let Some(row) = known(&may, &body.value.registration).await? {
        return Err(Error::refused(
            "device-managers.registered-before",
            format!(
                "The registration file comes from {}, which is a device manager here. Register it again: POST the file with a reason to /api/v1/accounts/{}/device-managers/{}/re-register.",
                row.manager.name,
                may.number(),
                row.manager.id
            ),
        ));
    }
    let account = may.permit.within().account()?;
    let typed = body.value.virtual_account.trim().to_owned();
    let named: Option<VirtualAccountId> = match typed.parse() {
        Ok(id) => Some(id),
        Err(_) => {
            let (permit, wanted) = (may.permit.clone(), search_key(&line(&typed)));
            may.portal
                .db
                .read(move |r| virtual_accounts::names(r, &[account]))
                .await?
                .into_iter()
                .find(|(_, id, name, _)| search_key(name) == wanted && permit.within().covers(*id))
                .map(|(_, id, _, _)| id)
        }
    };
    let wanted = Wanted {
        registration: &body.value.registration,
        name: &body.value.name,
        place: match named {
            Some(id) => WantedPlace::There(id),
            None if typed.is_empty() => WantedPlace::None,
            None => WantedPlace::New(&typed),
        },
    };
    let mut problems = Problems::default();
    let fields = ["registration", "virtual_account", "virtual_account"];
    let Some(new) = plan(&may, &wanted, &mut problems, fields).await? else {
        return Err(Error::Invalid(problems));
    };
    let id = may
        .does(move |tx, permit, at| device_managers::add(tx, permit, at, &new, once.as_ref()))
        .await?;
    authorized(&may, id, 201).await
}

async fn all(may: May<ViewInventory>, id: PathPart<DeviceManagerId>) -> Answer {
    let list = query(may.path.clone(), &may.query);
    list.understood()?;
    let (files, list, total) = may
        .reads(move |r, permit| {
            let one = device_managers::find(r, permit, id.0)?.manager;
            let total = respond::count(r, &one)?;
            let files = respond::page(r, &one, (list.limit(), list.offset()))?;
            Ok((files, list, total))
        })
        .await?;
    json(
        200,
        &SyncFileList {
            items: files.into_iter().map(SyncFileShape::of).collect(),
            total,
            page: list.page,
            per: list.per,
        },
    )
}

async fn upload(may: May<Synchronize>, id: PathPart<DeviceManagerId>, coming: Coming) -> Answer {
    device_managers::addressed(&may, id.0).await?;
    let bytes = coming.rest(LARGE).await?;
    let (db, at, file) = (may.portal.db.clone(), may.portal.clock.now(), SyncFileId::new());
    let sender = Sender::of(&may.permit, Limits::of_records(may.portal.config.sync_records));
    let taken = off_the_loop(move || take_in::take_in_now(&db, at, file, id.0, &sender, &bytes)).await?;
    let status = if taken.is_new { 201 } else { 200 };
    json(status, &SyncFileShape::of(taken.file))
}

async fn one(may: May<ViewInventory>, id: PathPart<DeviceManagerId>, file: PathPart<SyncFileId>) -> Answer {
    let (_, file) = may
        .reads(move |r, permit| respond::find(r, permit, id.0, file.0))
        .await?;
    json(200, &SyncFileShape::of(file))
}

async fn submit(may: May<Synchronize>, id: PathPart<DeviceManagerId>, file: PathPart<SyncFileId>) -> Answer {
    let file = submitted(&may, id.0, file.0).await?;
    let status = if file.is_applying() { 202 } else { 200 };
    json(status, &SyncFileShape::of(file))
}

async fn withdraw(
    may: May<Synchronize>,
    id: PathPart<DeviceManagerId>,
    file: PathPart<SyncFileId>,
) -> Answer {
    withdrawn(&may, id.0, file.0).await?;
    let view = may.also::<ViewInventory>().await?;
    let (_, file) = may
        .portal
        .db
        .read(move |r| respond::find(r, &view, id.0, file.0))
        .await?;
    json(200, &SyncFileShape::of(file))
}

async fn response_of(
    may: May<Synchronize>,
    id: PathPart<DeviceManagerId>,
    file: PathPart<SyncFileId>,
) -> Answer {
    response(&may, id.0, Some(file.0)).await
}

async fn latest(may: May<Synchronize>, id: PathPart<DeviceManagerId>) -> Answer {
    response(&may, id.0, None).await
}
