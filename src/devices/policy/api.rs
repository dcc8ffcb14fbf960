//! Usage data files and the reporting policy, for scripts.

use super::file_pages;
use super::list::{FOR_SCRIPTS, Listed};
use super::model::{self, Days, LicenseClass, Policy};
use super::operations::{acknowledged, changed};
use super::rules;
use super::store::{FileLine, LineOutcome, UsageFile};
use super::upload_pages::uploaded;
use super::usage_files;
use crate::authz::action::{EditReportingPolicy, ReportUsage, ViewInventory};
use crate::error::{Error, Result};
use crate::http::form::PathPart;
use crate::http::reply::attachment;
use crate::http::upload::Coming;
use crate::http::{Answer, Api, JsonBody, May, Param, Routes, json};
use crate::kernel::Moment;
use crate::kernel::ids::{UsageFileId, VirtualAccountId};
use actix_web::http::Method;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The operations.
pub fn routes(routes: &mut Routes) {
    const FILES: &str = "/api/v1/accounts/{said}/usage-files";
    const ONE: &str = "/api/v1/accounts/{said}/usage-files/{usagefile}";
    const POLICY: &str = "/api/v1/accounts/{said}/reporting-policy";
    FOR_SCRIPTS.operation::<UsageFileShape>(
        routes,
        FILES,
        "Usage data files that were uploaded, the newest first.",
    );
    routes.api(
        Method::POST,
        FILES,
        Api::says("Uploads a usage data file: the body is the file, at most 64 MB with 300,000 reports. Each report in it is counted once, or told with the reason why not; of more than 5,000 by a job, beside which the file says how far it is.")
            .query(&[
                Param::id("va", "Id of the Virtual Account for which the product instances report."),
                Param::text("name", "What the file is called."),
            ])
            .takes_file()
            .gives::<UsageFileDetail>(201),
        upload,
    );
    routes.api(
        Method::GET,
        ONE,
        Api::says("One usage data file, with what came of each report in it.")
            .query(&[Param::PAGE, Param::PER])
            .gives::<UsageFileDetail>(200),
        one,
    );
    routes.api(
        Method::POST,
        "/api/v1/accounts/{said}/usage-files/{usagefile}/acknowledgement",
        Api::says("The acknowledgement of a usage data file, to import on its product instances. Fetching it is recorded; the same is given again.")
            .gives_file(),
        acknowledgement,
    );
    routes.api(
        Method::GET,
        POLICY,
        Api::says("How often product instances by policy report.").gives::<PolicyShape>(200),
        policy,
    );
    routes.api(
        Method::PUT,
        POLICY,
        Api::says("Changes how often product instances by policy report: for laboratories.")
            .takes::<PolicyBody>()
            .gives::<PolicyShape>(200),
        change,
    );
}

/// A usage data file.
#[derive(Debug, Serialize, ToSchema)]
struct UsageFileShape {
    #[schema(value_type = String)]
    id: UsageFileId,
    name: String,
    bytes: i64,
    sha256: String,
    #[schema(value_type = String)]
    virtual_account: VirtualAccountId,
    /// How many product instances reported in it.
    devices: i64,
    /// How many reports were counted.
    taken: i64,
    /// How many had been counted before.
    known: i64,
    /// How many were refused.
    refused: i64,
    /// How many there are in the file.
    reports: i64,
    /// Whether a job takes a large file in, and the numbers are how far it is.
    is_being_taken_in: bool,
    uploaded_at: Moment,
    uploaded_by: String,
    /// When its acknowledgement was first fetched.
    acknowledged_at: Option<Moment>,
}

impl From<Listed> for UsageFileShape {
    fn from(one: Listed) -> Self {
        one.file.into()
    }
}

impl From<UsageFile> for UsageFileShape {
    fn from(file: UsageFile) -> Self {
        Self {
            is_being_taken_in: file.is_waiting(),
            id: file.id,
            name: file.name,
            bytes: file.bytes,
            sha256: file.sha256,
            virtual_account: file.virtual_account,
            devices: file.devices,
            taken: file.taken,
            known: file.known,
            refused: file.refused,
            reports: file.reports,
            uploaded_at: file.uploaded_at,
            uploaded_by: file.uploader,
            acknowledged_at: file.acknowledged_at,
        }
    }
}

/// What came of one report.
#[derive(Debug, Serialize, ToSchema)]
struct UsageLineShape {
    number: i64,
    pid: String,
    serial: String,
    report: String,
    entitlement: String,
    quantity: i64,
    outcome: LineOutcome,
    /// Why it was refused, or "".
    code: String,
    /// The same for people.
    says: String,
}

impl From<FileLine> for UsageLineShape {
    fn from(line: FileLine) -> Self {
        Self {
            number: line.number,
            pid: line.pid,
            serial: line.serial,
            report: line.report,
            entitlement: line.entitlement,
            quantity: line.quantity,
            outcome: line.outcome,
            code: line.code,
            says: line.says,
        }
    }
}

/// A usage data file with a page of its reports.
#[derive(Debug, Serialize, ToSchema)]
struct UsageFileDetail {
    file: UsageFileShape,
    reports: Vec<UsageLineShape>,
    total: u64,
    page: u64,
    per: u64,
}

/// How often one class of licenses is reported, in days; 0 for not at all.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ClassPolicy {
    license_class: LicenseClass,
    #[schema(minimum = 0, maximum = 365)]
    first_report_days: i32,
    #[schema(minimum = 0, maximum = 365)]
    report_every_days: i32,
    #[schema(minimum = 0, maximum = 365)]
    report_on_change_days: i32,
}

/// The reporting policy of a Smart Account.
#[derive(Debug, Serialize, ToSchema)]
struct PolicyShape {
    classes: Vec<ClassPolicy>,
}

/// The reporting policy as it is to be; a class that is not named has its usual days.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PolicyBody {
    classes: Vec<ClassPolicy>,
}

impl From<Policy> for PolicyShape {
    fn from(policy: Policy) -> Self {
        Self {
            classes: policy
                .rows()
                .iter()
                .map(|(class, days)| ClassPolicy {
                    license_class: *class,
                    first_report_days: days.first,
                    report_every_days: days.every,
                    report_on_change_days: days.change,
                })
                .collect(),
        }
    }
}

async fn detail(
    permit: crate::authz::Permit<ViewInventory>,
    visit: &crate::http::Visit,
    id: UsageFileId,
    raw: &str,
    status: u16,
) -> Answer {
    let list = file_pages::lines(visit.path.clone(), raw);
    list.understood()?;
    let cut = (list.limit(), list.offset());
    let (file, lines) = visit
        .portal
        .db
        .read(move |r| usage_files::one(r, &permit, id, cut))
        .await?;
    let total = file.done().unsigned_abs();
    json(
        status,
        &UsageFileDetail {
            file: file.into(),
            reports: lines.into_iter().map(UsageLineShape::from).collect(),
            total,
            page: list.page,
            per: list.per,
        },
    )
}

async fn one(may: May<ViewInventory>, id: PathPart<UsageFileId>) -> Answer {
    detail(may.permit.clone(), &may, id.0, &may.query, 200).await
}

async fn upload(may: May<ReportUsage>, coming: Coming) -> Answer {
    let asked = |name: &str| {
        url::form_urlencoded::parse(may.query.as_bytes())
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.into_owned())
    };
    let place: VirtualAccountId = asked("va")
        .ok_or_else(|| Error::invalid("va", "Name the Virtual Account: ?va=ID."))?
        .parse()
        .map_err(|_| Error::NotFound)?;
    let view = may.also::<ViewInventory>().await?;
    let bytes = coming.rest(super::files::MOST_BYTES).await?;
    let name = asked("name").unwrap_or_default();
    let file = uploaded(&may, &view, place, bytes, name).await?;
    detail(view, &may, file.id, "", 201).await
}

async fn acknowledgement(may: May<ReportUsage>, id: PathPart<UsageFileId>) -> Answer {
    let (name, text) = acknowledged(&may, id.0).await?;
    Ok(attachment("text/plain; charset=utf-8", &name, text.into_bytes()))
}

async fn policy(may: May<ViewInventory>) -> Answer {
    shown(&may, may.permit.within().account()?).await
}

async fn shown(visit: &crate::http::Visit, account: crate::kernel::ids::SmartAccountId) -> Answer {
    let policy = visit
        .portal
        .db
        .read(move |r| rules::of_account(r, account))
        .await?;
    json(200, &PolicyShape::from(policy))
}

fn wanted(body: &PolicyBody) -> Result<Vec<(LicenseClass, Days)>> {
    let text: Vec<(LicenseClass, [String; 3])> = body
        .classes
        .iter()
        .map(|one| {
            (
                one.license_class,
                [
                    one.first_report_days.to_string(),
                    one.report_every_days.to_string(),
                    one.report_on_change_days.to_string(),
                ],
            )
        })
        .collect();
    let typed: Vec<(LicenseClass, [&str; 3])> = text
        .iter()
        .map(|(class, [first, every, change])| (*class, [first.as_str(), every, change]))
        .collect();
    model::wanted(&typed)
}

async fn change(may: May<EditReportingPolicy>, body: JsonBody<PolicyBody>) -> Answer {
    changed(&may, wanted(&body.value)?).await?;
    shown(&may, may.permit.within().account()?).await
}
