//! The device protocol: what a product instance sends and is told. `docs/device-protocol.md` describes it; the schemas
//! in `docs/schemas` are made from the types here.

use super::calls::{self, Asked, Caller, Credential, Registration, Told};
use super::model::{self, Authorization, Device, UseStatus};
use crate::authn::throttle::{self, Subjects};
use crate::error::{Error, Result};
use crate::http::form::Credential as Given;
use crate::http::{Answer, Api, JsonBody, Public, Routes, json};
use crate::kernel::ids::DeviceId;
use crate::kernel::{Moment, Secret};
use crate::platform::db::{Recorded, Tx};
use crate::{smart_accounts, virtual_accounts};
use actix_web::http::Method;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The operations of the protocol.
pub fn routes(routes: &mut Routes) {
    routes.api(
        Method::POST,
        "/device/v1/register",
        Api::says("Device protocol: registers a product instance with a token. 201 for a new one, 200 when this very registration was made already.")
            .takes::<RegisterRequest>()
            .gives::<RegisterAnswer>(201),
        register,
    );
    routes.api(
        Method::POST,
        "/device/v1/report",
        Api::says(
            "Device protocol: the whole of what the product instance uses now, in place of what it used.",
        )
        .takes::<ReportRequest>()
        .gives::<StatusAnswer>(200),
        report,
    );
    routes.api(
        Method::GET,
        "/device/v1/status",
        Api::says("Device protocol: how the product instance stands. Asking counts as no contact.")
            .gives::<StatusAnswer>(200),
        status,
    );
    routes.api(
        Method::POST,
        "/device/v1/renew",
        Api::says("Device protocol: a new certificate for a year.").gives::<StatusAnswer>(200),
        renew,
    );
    routes.api(
        Method::POST,
        "/device/v1/deregister",
        Api::says("Device protocol: ends the registration; what was used is free again.").gives_nothing(),
        deregister,
    );
}

/// What a device is known by.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UdiShape {
    /// Product id, 1 to 60 visible ASCII characters.
    pub pid: String,
    /// Serial number, 1 to 60 visible ASCII characters.
    pub serial: String,
}

/// A device asks to be registered.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RegisterRequest {
    /// A registration token of a Virtual Account.
    pub token: Secret,
    /// What the device will prove itself with: 32 random bytes that it made itself, as 43 characters of base64url. The
    /// portal keeps a hash of it. The same one again means the same registration again.
    pub secret: Secret,
    /// What it is known by.
    pub udi: UdiShape,
    /// Its host name.
    #[serde(default)]
    pub hostname: Option<String>,
    /// What kind of product it is; the product id when left out.
    #[serde(default)]
    pub product: Option<String>,
    /// Which software it runs.
    #[serde(default)]
    pub software: Option<String>,
    /// Takes the place of an older registration of the same UDI, which ends.
    #[serde(default)]
    pub force: bool,
    /// Establishes trust without a registration: the device reports by policy.
    #[serde(default)]
    pub by_policy: bool,
}

/// A Smart Account, as a device is told of it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct DeviceAccount {
    /// Its name.
    pub name: String,
    /// Its domain identifier.
    pub domain: String,
}

/// A device is registered.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct RegisterAnswer {
    /// The id of the device: with the secret it is the credential, `Authorization: Bearer <device>.<secret>`.
    #[schema(value_type = String)]
    pub device: DeviceId,
    /// Whose it is.
    pub smart_account: DeviceAccount,
    /// Name of its Virtual Account.
    pub virtual_account: String,
    /// Since when.
    pub registered_at: Moment,
    /// When it renews its certificate.
    pub renew_at: Moment,
    /// When the registration ends, unless it renews.
    pub expires_at: Moment,
    /// When it is expected to report.
    pub next_contact_at: Moment,
    /// Whether it may use export-controlled licenses.
    pub export_controlled: bool,
}

/// What a device uses of one license.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReportLine {
    /// What programs know the license by: the entitlement of the catalog.
    pub entitlement: String,
    /// How many, 0 to 1,000,000.
    #[schema(minimum = 0, maximum = 1_000_000)]
    pub quantity: i64,
}

/// A device reports what it uses.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReportRequest {
    /// All of it, at most 100 licenses, each once; what is not named is used no more.
    #[schema(max_items = 100)]
    pub licenses: Vec<ReportLine>,
    /// What the clock of the device says. More than an hour ahead of the portal's is refused.
    #[serde(default)]
    pub at: Option<Moment>,
}

/// One license of a device.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct LicenseAnswer {
    /// What programs know it by.
    pub entitlement: String,
    /// What people know it by.
    pub name: String,
    /// How many are used.
    pub quantity: i64,
    /// How many of them are reserved for the device.
    pub reserved: i64,
    /// Whether there is enough.
    pub status: UseStatus,
}

/// How a device stands.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct StatusAnswer {
    /// Its id.
    #[schema(value_type = String)]
    pub device: DeviceId,
    /// Whose it is.
    pub smart_account: DeviceAccount,
    /// Name of its Virtual Account: it may have been transferred.
    pub virtual_account: String,
    /// What it may do with what it uses.
    pub authorization: Authorization,
    /// Each license that it uses.
    pub licenses: Vec<LicenseAnswer>,
    /// Since when it is registered.
    pub registered_at: Moment,
    /// When it renewed its certificate last.
    pub renewed_at: Moment,
    /// When it renews it next.
    pub renew_at: Moment,
    /// When the registration ends, unless it renews.
    pub expires_at: Moment,
    /// When it called last.
    pub contact_at: Moment,
    /// When it is expected to report next.
    pub next_contact_at: Moment,
    /// When what it uses is free for others, unless it calls.
    pub deadline_at: Moment,
    /// Whether it may use export-controlled licenses.
    pub export_controlled: bool,
}

pub(super) fn caller(visit: &Public) -> Caller {
    Caller {
        now: visit.portal.clock.now(),
        wall: visit.portal.clock.wall(),
        address: visit.address.clone(),
        request_id: visit.request_id.clone(),
    }
}

/// Whoever sends a wrong credential or a token that nobody made has to wait, as at the other doors.
fn is_miss(error: &Error) -> bool {
    match error {
        Error::SignedOut => true,
        Error::Refused(refusal) => matches!(refusal.code, "tokens.unknown" | "tokens.garbled"),
        _ => false,
    }
}

pub(super) async fn write<T: Send + 'static>(
    visit: &Public,
    caller: &Caller,
    subjects: &Subjects,
    f: impl Fn(&mut Tx<'_>) -> Result<Recorded<T>> + Send + 'static,
) -> Result<T> {
    let done = visit.portal.db.write_locked(f).await;
    if let Err(error) = &done
        && is_miss(error)
    {
        miss(visit, caller, subjects).await?;
    }
    done
}

async fn miss(visit: &Public, caller: &Caller, subjects: &Subjects) -> Result<()> {
    let (wall, subjects) = (caller.wall, subjects.clone());
    visit
        .portal
        .db
        .housekeeping(move |tx| throttle::miss(tx, wall, &subjects))
        .await
}

async fn register(visit: Public, body: JsonBody<RegisterRequest>) -> Answer {
    let asked = body.value;
    let registration = Registration::parse(&Asked {
        pid: &asked.udi.pid,
        serial: &asked.udi.serial,
        hostname: asked.hostname.as_deref().unwrap_or_default(),
        product: asked.product.as_deref().unwrap_or_default(),
        software: asked.software.as_deref().unwrap_or_default(),
        secret: asked.secret.reveal(),
        force: asked.force,
        by_policy: asked.by_policy,
    })?;
    let (caller, id) = (caller(&visit), DeviceId::new());
    let subjects = throttle::subjects_for("token ", &registration.key(), &caller.address);
    let (call, tries, token) = (caller.clone(), subjects.clone(), asked.token);
    let occupants = visit.portal.occupants.clone();
    let (device, is_new) = write(&visit, &caller, &subjects, move |tx| {
        calls::register(tx, &occupants, &call, &tries, id, &token, &registration)
    })
    .await?;
    let (smart_account, virtual_account) = whose(&visit, &device).await?;
    json(
        if is_new { 201 } else { 200 },
        &RegisterAnswer {
            device: device.id,
            smart_account,
            virtual_account,
            registered_at: device.registered_at,
            renew_at: device.renew_at(),
            expires_at: device.expires_at(),
            next_contact_at: device.next_contact_at(false),
            export_controlled: device.export_controlled,
        },
    )
}

/// Names of the Smart Account and of the Virtual Account.
pub(super) async fn whose(visit: &Public, device: &Device) -> Result<(DeviceAccount, String)> {
    let (account, place) = (device.account, device.virtual_account);
    visit
        .portal
        .db
        .read(move |r| {
            let account = smart_accounts::find(r, account)?;
            let place = virtual_accounts::these(r, account.id, &[place])?
                .pop()
                .ok_or(Error::NotFound)?;
            Ok((
                DeviceAccount {
                    name: account.name,
                    domain: account.domain,
                },
                place.name,
            ))
        })
        .await
}

async fn answer(visit: &Public, told: Told) -> Answer {
    let (smart_account, virtual_account) = whose(visit, &told.device).await?;
    let device = &told.device;
    json(
        200,
        &StatusAnswer {
            device: device.id,
            smart_account,
            virtual_account,
            authorization: told.authorization,
            registered_at: device.registered_at,
            renewed_at: device.renewed_at,
            renew_at: device.renew_at(),
            expires_at: device.expires_at(),
            contact_at: device.contact_at,
            next_contact_at: told.next_contact_at(),
            deadline_at: device.deadline(),
            export_controlled: device.export_controlled,
            licenses: told
                .lines
                .iter()
                .map(|line| LicenseAnswer {
                    entitlement: line.usage.entitlement.clone(),
                    name: line.name.clone(),
                    quantity: line.usage.quantity,
                    reserved: line.usage.reserved,
                    status: line.status,
                })
                .collect(),
        },
    )
}

/// Who calls. What cannot be read as a credential is none; it costs nobody a wait, since nothing was guessed.
pub(super) fn who_calls(visit: &Public, given: &Given) -> Result<(Caller, Subjects, Credential)> {
    let caller = caller(visit);
    let credential = Credential::parse(&given.0).ok_or(Error::SignedOut)?;
    let subjects = throttle::subjects_for("device ", credential.id.as_str(), &caller.address);
    Ok((caller, subjects, credential))
}

async fn report(visit: Public, given: Given, body: JsonBody<ReportRequest>) -> Answer {
    let (caller, subjects, credential) = who_calls(&visit, &given)?;
    let at = body.value.at;
    let lines = model::reported(
        body.value
            .licenses
            .into_iter()
            .map(|line| (line.entitlement, line.quantity)),
    )?;
    let (call, tries) = (caller.clone(), subjects.clone());
    let told = write(&visit, &caller, &subjects, move |tx| {
        calls::report(tx, &call, &tries, &credential, &lines, at)
    })
    .await?;
    answer(&visit, told).await
}

async fn status(visit: Public, given: Given) -> Answer {
    let (caller, subjects, credential) = who_calls(&visit, &given)?;
    let (call, tries) = (caller.clone(), subjects.clone());
    let found = visit
        .portal
        .db
        .read(move |r| calls::status(r, &call, &tries, &credential))
        .await;
    if let Err(error) = &found
        && is_miss(error)
    {
        miss(&visit, &caller, &subjects).await?;
    }
    answer(&visit, found?).await
}

async fn renew(visit: Public, given: Given) -> Answer {
    let (caller, subjects, credential) = who_calls(&visit, &given)?;
    let (call, tries) = (caller.clone(), subjects.clone());
    let told = write(&visit, &caller, &subjects, move |tx| {
        calls::renew(tx, &call, &tries, &credential)
    })
    .await?;
    answer(&visit, told).await
}

async fn deregister(visit: Public, given: Given) -> Answer {
    let (caller, subjects, credential) = who_calls(&visit, &given)?;
    let (call, tries) = (caller.clone(), subjects.clone());
    write(&visit, &caller, &subjects, move |tx| {
        calls::deregister(tx, &call, &tries, &credential)
    })
    .await?;
    crate::http::reply::nothing()
}
