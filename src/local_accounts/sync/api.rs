//! Synchronization of local accounts, for scripts: what the dashboard and "Synchronisation" of the Admin Workspace can do.

use super::super::model::{Number, SyncState};
use super::super::register_pages::{found, to_its_end};
use super::files::{self, Applied};
use super::pages::{MOST, MOST_FILES, handed_out, with_key};
use super::schedule::{self, Schedule};
use super::store::{self, MadeFile, Way};
use super::{dashboard_pages, exchange};
use crate::authz::action::{SynchronizeOnPrem, ViewAdminWorkspace};
use crate::http::form::PathPart;
use crate::http::upload::Coming;
use crate::http::{Answer, Api, JsonBody, May, Routes, json};
use crate::kernel::Moment;
use crate::platform::db::off_the_loop;
use actix_web::http::Method;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The operations.
pub fn routes(routes: &mut Routes) {
    const SYNC: &str = "/api/v1/on-prem/accounts/{account}/sync";
    const SCHEDULE: &str = "/api/v1/on-prem/schedule";
    routes.api(
        Method::GET,
        SYNC,
        Api::says("How the synchronization of an On-Prem account stands, and its synchronization files, the newest first.")
            .gives::<LocalSyncShape>(200),
        history,
    );
    routes.api(
        Method::POST,
        "/api/v1/on-prem/accounts/{account}/sync/network",
        Api::says("Synchronize over the network. The answer waits for the cloud's; a failure is kept with the account.")
            .gives::<LocalAppliedShape>(200),
        network,
    );
    routes.api(
        Method::POST,
        "/api/v1/on-prem/accounts/{account}/sync/file",
        Api::says("Generate a synchronization file, to be brought to the cloud. Each has the next number.")
            .gives_file(),
        generate,
    );
    routes.api(
        Method::POST,
        "/api/v1/on-prem/accounts/{account}/sync/response",
        Api::says(
            "Apply a response file of the cloud: the body is the file. The same again changes nothing.",
        )
        .takes_file()
        .gives::<LocalAppliedShape>(200),
        response,
    );
    routes.api(
        Method::PUT,
        "/api/v1/on-prem/accounts/{account}/sync/schedule",
        Api::says("Let the schedule of the server hold for an account, or not.")
            .takes::<HoldsBody>()
            .gives::<HoldsBody>(200),
        hold,
    );
    routes.api(
        Method::GET,
        SCHEDULE,
        Api::says("The schedule by which the accounts of the server synchronize; null while there is none.")
            .gives::<ScheduleAnswer>(200),
        kept,
    );
    routes.api(
        Method::PUT,
        SCHEDULE,
        Api::says("Set the schedule of the server for all accounts; with null there is none any more.")
            .takes::<ScheduleBody>()
            .gives::<ScheduleAnswer>(200),
        set,
    );
}

/// A synchronization file that was made.
#[derive(Debug, Serialize, ToSchema)]
struct LocalSyncFileShape {
    /// Its number in the account.
    sequence: i64,
    /// file or network.
    #[schema(value_type = String)]
    way: Way,
    product_instances: i64,
    /// SHA-256 of the file, in hexadecimal.
    sha256: String,
    generated_at: Moment,
    /// When the response to it was applied.
    answered_at: Option<Moment>,
}

impl LocalSyncFileShape {
    fn of(file: MadeFile) -> Self {
        Self {
            sequence: file.sequence,
            way: file.way,
            product_instances: file.devices,
            sha256: file.sha256,
            generated_at: file.made_at,
            answered_at: file.answered_at,
        }
    }
}

/// How a synchronization stands.
#[derive(Debug, Serialize, ToSchema)]
struct LocalSyncShape {
    /// never, in-progress, generated, successful, failed or overdue.
    #[schema(value_type = String)]
    status: SyncState,
    /// Why the last try failed, or "".
    failure: String,
    last_sync: Option<Moment>,
    due_at: Option<Moment>,
    /// So many changes of product instances and local Virtual Accounts the cloud has not heard of; at most 10,000 are counted.
    changes_not_yet_in_cloud: usize,
    /// The number of the last file that was made.
    sequence: i64,
    /// The number of the last file whose response was applied.
    last_response: i64,
    /// Whether the schedule of the server holds for it.
    scheduled: bool,
    /// At most the last 500.
    files: Vec<LocalSyncFileShape>,
}

/// What came of a response.
#[derive(Debug, Serialize, ToSchema)]
struct LocalAppliedShape {
    /// The number of the file that it answers.
    sequence: i64,
    /// False when it was applied before, and nothing has changed.
    applied: bool,
    /// How many lines of licenses it brought.
    licenses: Option<usize>,
    /// By when to synchronize again.
    due_at: Option<Moment>,
    /// How many licenses are reserved here beyond what there is.
    reserved_beyond: i64,
}

impl LocalAppliedShape {
    fn of(applied: Applied) -> Self {
        match applied {
            Applied::Now {
                sequence,
                licenses,
                due_at,
                beyond,
            } => Self {
                sequence,
                applied: true,
                licenses: Some(licenses),
                due_at: Some(due_at),
                reserved_beyond: beyond,
            },
            Applied::Before { sequence } => Self {
                sequence,
                applied: false,
                licenses: None,
                due_at: None,
                reserved_beyond: 0,
            },
        }
    }
}

/// Whether the schedule of the server holds for an account.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct HoldsBody {
    scheduled: bool,
}

/// When the accounts synchronize. All of it is UTC.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ScheduleShape {
    /// "Start Date", such as 2026-12-01.
    start: String,
    /// daily, weekly or monthly.
    frequency: String,
    /// "Time of Day", such as 02:30.
    time: String,
}

/// The schedule that is wanted.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ScheduleBody {
    schedule: Option<ScheduleShape>,
}

/// The schedule that there is.
#[derive(Debug, Serialize, ToSchema)]
struct ScheduleAnswer {
    schedule: Option<ScheduleShape>,
    /// Its next time.
    next_at: Option<Moment>,
}

impl ScheduleAnswer {
    fn of(kept: Option<Schedule>, now: Moment) -> Self {
        Self {
            next_at: kept.as_ref().and_then(|one| one.next_after(now)),
            schedule: kept.map(|one| ScheduleShape {
                start: one.start.to_string(),
                frequency: one.frequency.word().to_owned(),
                time: one.time.format("%H:%M").to_string(),
            }),
        }
    }
}

async fn history(may: May<ViewAdminWorkspace>, number: PathPart<Number>) -> Answer {
    let account = found(&may, number.0).await?;
    let of = account.clone();
    let (files, changes) = may
        .portal
        .db
        .read(move |r| {
            Ok((
                store::files_of(r, of.id, MOST_FILES)?,
                dashboard_pages::changes(r, &of)?,
            ))
        })
        .await?;
    let status = account.sync_state(may.portal.clock.now());
    json(
        200,
        &LocalSyncShape {
            status,
            failure: account.failure,
            last_sync: account.synced_at,
            due_at: account.due_at,
            changes_not_yet_in_cloud: changes,
            sequence: account.sequence,
            last_response: account.last_response,
            scheduled: account.is_scheduled,
            files: files.into_iter().map(LocalSyncFileShape::of).collect(),
        },
    )
}

async fn network(may: May<SynchronizeOnPrem>, number: PathPart<Number>) -> Answer {
    let (one, key) = with_key(&may, number.0).await?;
    let (db, clock, who) = (
        may.portal.db.clone(),
        may.portal.clock.clone(),
        may.permit.who().clone(),
    );
    let applied = to_its_end(move || exchange::network(&db, &clock, &who, one.id, &key, false)).await?;
    json(200, &LocalAppliedShape::of(applied))
}

async fn generate(may: May<SynchronizeOnPrem>, number: PathPart<Number>) -> Answer {
    handed_out(&may, number.0).await
}

async fn response(may: May<SynchronizeOnPrem>, number: PathPart<Number>, coming: Coming) -> Answer {
    let one = found(&may, number.0).await?;
    let bytes = coming.rest(MOST).await?;
    let (db, now, who) = (
        may.portal.db.clone(),
        may.portal.clock.now(),
        may.permit.who().clone(),
    );
    let applied = off_the_loop(move || files::apply(&db, &who, now, one.id, &bytes)).await?;
    json(200, &LocalAppliedShape::of(applied))
}

async fn hold(may: May<SynchronizeOnPrem>, number: PathPart<Number>, body: JsonBody<HoldsBody>) -> Answer {
    let one = found(&may, number.0).await?;
    let scheduled = body.value.scheduled;
    may.does(move |tx, permit, now| schedule::hold_for(tx, now, permit.who(), one.id, scheduled))
        .await?;
    json(200, &HoldsBody { scheduled })
}

async fn kept(may: May<ViewAdminWorkspace>) -> Answer {
    let kept = may.portal.db.read(|r| schedule::kept(r)).await?;
    json(200, &ScheduleAnswer::of(kept, may.portal.clock.now()))
}

async fn set(may: May<SynchronizeOnPrem>, body: JsonBody<ScheduleBody>) -> Answer {
    let wanted: Option<Schedule> = body
        .value
        .schedule
        .map(|one| Schedule::typed(&one.start, &one.frequency, &one.time))
        .transpose()?;
    let kept = wanted.clone();
    may.does(move |tx, permit, now| schedule::apply(tx, now, permit.who(), wanted.as_ref()))
        .await?;
    json(200, &ScheduleAnswer::of(kept, may.portal.clock.now()))
}
