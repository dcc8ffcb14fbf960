//! Product instances, for scripts: what the pages show and do.

use super::list::LIST;
use super::model::{Authorization, Standing, UseStatus};
use super::policy;
use super::policy_state::PolicyState;
use super::service::{self, Row};
use crate::authz::action::{RemoveDevice, Transfer, ViewInventory};
use crate::error::{Error, Result};
use crate::http::form::PathPart;
use crate::http::{Answer, Api, IdempotencyKey, JsonBody, May, Routes, json};
use crate::kernel::Moment;
use crate::kernel::ids::{DeviceId, VirtualAccountId};
use crate::platform::db::{OnceKey, history};
use actix_web::http::Method;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The operations of this room.
pub fn routes(routes: &mut Routes) {
    const ALL: &str = "/api/v1/accounts/{said}/devices";
    const ONE: &str = "/api/v1/accounts/{said}/devices/{device}";
    LIST.operation::<DeviceShape>(
        routes,
        ALL,
        "Device Inventory: the product instances of the Smart Account, with what they use.",
    );
    routes.api(
        Method::GET,
        ONE,
        Api::says("One product instance, with what it uses and what happened to it.")
            .gives::<DeviceDetail>(200),
        one,
    );
    routes.api(
        Method::DELETE,
        ONE,
        Api::says("Removes a product instance. What it used is free again.").gives_nothing(),
        remove_one,
    );
    routes.api(
        Method::POST,
        "/api/v1/accounts/{said}/devices/remove",
        Api::says("Removes product instances: all of them, or none.")
            .takes::<DeviceIds>()
            .gives::<DeviceCount>(200)
            .once(),
        remove,
    );
    routes.api(
        Method::POST,
        "/api/v1/accounts/{said}/devices/transfer",
        Api::says(
            "Puts product instances, with what they use, into another Virtual Account: all of them, or none.",
        )
        .takes::<DeviceTransfer>()
        .gives::<DeviceCount>(200)
        .once(),
        transfer,
    );
}

/// What a product instance uses of one license.
#[derive(Debug, Serialize, ToSchema)]
struct DeviceUse {
    /// What programs know the license by.
    entitlement: String,
    /// What people know it by.
    license: String,
    quantity: i64,
    /// How many of them are reserved for it.
    reserved: i64,
    status: UseStatus,
    since: Moment,
}

/// A product instance.
#[derive(Debug, Serialize, ToSchema)]
struct DeviceShape {
    #[schema(value_type = String)]
    id: DeviceId,
    /// Its host name, or its UDI.
    name: String,
    hostname: String,
    pid: String,
    serial: String,
    product: String,
    software: String,
    #[schema(value_type = String)]
    virtual_account: VirtualAccountId,
    virtual_account_name: String,
    status: Standing,
    authorization: Authorization,
    /// Whether an On-Prem server answers for it: then it is read only here.
    on_prem: bool,
    export_controlled: bool,
    /// SL, SLP (by policy) or SLR (with a reservation).
    mode: &'static str,
    /// How its usage report by policy stands; none for one that does not report by policy.
    usage_report: Option<PolicyState>,
    /// When it reported last.
    reported_at: Option<Moment>,
    /// When its next usage report by policy is due.
    report_by: Option<Moment>,
    registered_at: Moment,
    contact_at: Moment,
    next_contact_at: Moment,
    renewed_at: Moment,
    renew_at: Moment,
    expires_at: Moment,
    licenses: Vec<DeviceUse>,
}

impl From<Row> for DeviceShape {
    fn from(row: Row) -> Self {
        let device = row.device;
        Self {
            id: device.id,
            name: device.name(),
            virtual_account: device.virtual_account,
            virtual_account_name: row.virtual_account,
            status: device.standing,
            authorization: row.told.authorization,
            on_prem: device.manager.is_some(),
            export_controlled: device.export_controlled,
            mode: device.mode(),
            usage_report: device.policy,
            reported_at: device.reported_at,
            report_by: device.report_by,
            registered_at: device.registered_at,
            contact_at: device.contact_at,
            next_contact_at: row.told.next_contact_at(),
            renewed_at: device.renewed_at,
            renew_at: device.renew_at(),
            expires_at: device.expires_at(),
            hostname: device.hostname,
            pid: device.pid,
            serial: device.serial,
            product: device.product,
            software: device.software,
            licenses: row
                .told
                .lines
                .into_iter()
                .map(|line| DeviceUse {
                    entitlement: line.usage.entitlement,
                    license: line.name,
                    quantity: line.usage.quantity,
                    reserved: line.usage.reserved,
                    status: line.status,
                    since: line.usage.since,
                })
                .collect(),
        }
    }
}

/// Something that happened to a product instance.
#[derive(Debug, Serialize, ToSchema)]
struct DeviceEvent {
    at: Moment,
    /// A kind of event.
    kind: String,
    message: String,
    actor: String,
}

/// A product instance and what happened to it.
#[derive(Debug, Serialize, ToSchema)]
struct DeviceDetail {
    device: DeviceShape,
    /// The newest first, at most 50.
    events: Vec<DeviceEvent>,
    /// Its usage reports by policy that were counted, the newest first, at most 50.
    usage_reports: Vec<DeviceUsageReport>,
}

/// A usage report that was counted.
#[derive(Debug, Serialize, ToSchema)]
struct DeviceUsageReport {
    /// The number that the product instance gave it.
    report: String,
    entitlement: String,
    quantity: i64,
    began_at: Moment,
    ended_at: Moment,
    sha256: String,
    way: policy::Way,
    received_at: Moment,
    /// When its acknowledgement was handed out.
    acknowledged_at: Option<Moment>,
}

impl From<policy::Counted> for DeviceUsageReport {
    fn from(one: policy::Counted) -> Self {
        Self {
            report: one.report,
            entitlement: one.entitlement,
            quantity: one.quantity,
            began_at: one.began_at,
            ended_at: one.ended_at,
            sha256: one.sha256,
            way: one.way,
            received_at: one.received_at,
            acknowledged_at: one.acknowledged_at,
        }
    }
}

/// Product instances.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct DeviceIds {
    /// Their ids, at most 1,000.
    #[schema(min_items = 1, max_items = 1_000)]
    devices: Vec<String>,
}

/// Product instances, and where they go.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct DeviceTransfer {
    /// Their ids, at most 1,000.
    #[schema(min_items = 1, max_items = 1_000)]
    devices: Vec<String>,
    /// Id of the Target Virtual Account.
    #[schema(format = "uuid")]
    virtual_account: String,
}

/// How many were changed.
#[derive(Debug, Serialize, ToSchema)]
struct DeviceCount {
    devices: usize,
}

fn ids(given: &[String]) -> Result<Vec<DeviceId>> {
    given
        .iter()
        .map(|id| id.parse().map_err(|_| Error::NotFound))
        .collect()
}

async fn one(may: May<ViewInventory>, id: PathPart<DeviceId>) -> Answer {
    let id = id.0;
    let (row, past, reports) = may
        .reads(move |r, permit| {
            let row = service::find(r, permit, id)?;
            let past = history(r, row.device.account, id.as_str(), 50)?;
            let reports = policy::reports_of(r, &row.device)?;
            Ok((row, past, reports))
        })
        .await?;
    json(
        200,
        &DeviceDetail {
            device: row.into(),
            usage_reports: reports.into_iter().map(DeviceUsageReport::from).collect(),
            events: past
                .into_iter()
                .map(|past| DeviceEvent {
                    at: past.at,
                    kind: past.kind.word().to_owned(),
                    message: past.message,
                    actor: past.actor,
                })
                .collect(),
        },
    )
}

async fn taken_out(may: &May<RemoveDevice>, ids: Vec<DeviceId>, once: Option<OnceKey>) -> Result<usize> {
    let view = may.also::<ViewInventory>().await?;
    let (permit, at) = (may.permit.clone(), may.portal.clock.now());
    let count = may
        .portal
        .db
        .write_locked(move |tx| service::remove(tx, &view, &permit, at, &ids, once.as_ref()))
        .await?;
    may.portal.jobs.nudge();
    Ok(count)
}

async fn remove_one(may: May<RemoveDevice>, id: PathPart<DeviceId>) -> Answer {
    taken_out(&may, vec![id.0], None).await?;
    crate::http::reply::nothing()
}

async fn remove(may: May<RemoveDevice>, key: IdempotencyKey, body: JsonBody<DeviceIds>) -> Answer {
    let once = body.once_key(&may, &key);
    let devices = taken_out(&may, ids(&body.value.devices)?, once).await?;
    json(200, &DeviceCount { devices })
}

async fn transfer(may: May<Transfer>, key: IdempotencyKey, body: JsonBody<DeviceTransfer>) -> Answer {
    let once = body.once_key(&may, &key);
    let ids = ids(&body.value.devices)?;
    let to: VirtualAccountId = body.value.virtual_account.parse().map_err(|_| Error::NotFound)?;
    let these = service::Move { ids, to };
    let view = may.also::<ViewInventory>().await?;
    let (permit, at) = (may.permit.clone(), may.portal.clock.now());
    let occupants = may.portal.occupants.clone();
    let devices = may
        .portal
        .db
        .write_locked(move |tx| service::transfer(tx, &view, &permit, &occupants, at, &these, once.as_ref()))
        .await?;
    may.portal.jobs.nudge();
    json(200, &DeviceCount { devices })
}
