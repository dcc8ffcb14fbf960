//! Authorization codes of product instances by policy, for scripts.

use super::api::{ReservationLineBody, shown, under};
use super::authorize;
use super::codes::RequestCode;
use super::service::Wish;
use crate::authz::action::{ReserveLicenses, ViewInventory};
use crate::devices::Udi;
use crate::error::{Error, Problems, Result};
use crate::http::form::PathPart;
use crate::http::reply::nothing;
use crate::http::{Answer, Api, IdempotencyKey, JsonBody, May, Routes};
use crate::kernel::ids::{DeviceId, ReservationId, VirtualAccountId};
use actix_web::http::Method;
use serde::Deserialize;
use utoipa::ToSchema;

pub fn routes(routes: &mut Routes) {
    routes.api(
        Method::POST,
        "/api/v1/accounts/{said}/license-authorizations",
        Api::says("Generates an authorization code for enforced licenses that a product instance by policy is to use: by its request code, or by its product id and serial number.")
            .takes::<AuthorizationBody>()
            .gives::<super::api::ReservationShape>(201)
            .once(),
        authorize_one,
    );
    routes.api(
        Method::POST,
        "/api/v1/accounts/{said}/devices/{device}/return-authorization",
        Api::says("Returns the authorization code of a product instance by policy: its return code is checked, and the licenses come back.")
            .takes::<ReturnAuthorizationBody>()
            .gives_nothing(),
        give_back,
    );
}

/// What is to be authorized, and for which product instance.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct AuthorizationBody {
    /// Whose licenses.
    #[schema(value_type = String)]
    virtual_account: VirtualAccountId,
    /// As the device shows it; or product id and serial number.
    #[serde(default)]
    request_code: String,
    #[serde(default)]
    pid: String,
    #[serde(default)]
    serial: String,
    #[schema(min_items = 1, max_items = 50)]
    licenses: Vec<ReservationLineBody>,
}

/// What proves that a device works by its authorization code no more.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ReturnAuthorizationBody {
    #[schema(min_length = 1)]
    pub(super) return_code: String,
}

/// The request code that was typed, or one for the device whose UDI was.
pub fn request(code: &str, pid: &str, serial: &str) -> Result<RequestCode> {
    if !code.trim().is_empty() {
        return RequestCode::parse(code).map_err(|says| Error::invalid("request_code", says));
    }
    let mut problems = Problems::default();
    match Udi::parse(pid, serial, &mut problems) {
        Some(udi) => authorize::request_of(&udi),
        None => Err(Error::invalid(
            "request_code",
            "Enter the request code that the device shows, or its product id and serial number.",
        )),
    }
}

async fn authorize_one(
    may: May<ReserveLicenses>,
    key: IdempotencyKey,
    body: JsonBody<AuthorizationBody>,
) -> Answer {
    let once = body.once_key(&may, &key);
    let asked = body.value;
    let by_serial = asked.request_code.trim().is_empty();
    let wish = Wish {
        id: ReservationId::new(),
        device: DeviceId::new(),
        place: asked.virtual_account,
        request: request(&asked.request_code, &asked.pid, &asked.serial)?,
        wanted: asked
            .licenses
            .into_iter()
            .map(ReservationLineBody::pair)
            .collect(),
    };
    let id = generated(&may, wish, by_serial, once).await?;
    shown(&may, id, 201).await
}

/// Generates the code, for a page or a script.
pub async fn generated(
    may: &May<ReserveLicenses>,
    wish: Wish,
    by_serial: bool,
    once: Option<crate::platform::db::OnceKey>,
) -> Result<ReservationId> {
    let view = may.also::<ViewInventory>().await?;
    let occupants = may.portal.occupants.clone();
    let id = may
        .does(move |tx, permit, at| {
            authorize::authorize(
                tx,
                (&view, permit),
                &occupants,
                at,
                (&wish, by_serial),
                once.as_ref(),
            )
        })
        .await?;
    may.portal.jobs.nudge();
    Ok(id)
}

async fn give_back(
    may: May<ReserveLicenses>,
    id: PathPart<DeviceId>,
    body: JsonBody<ReturnAuthorizationBody>,
) -> Answer {
    returned(&may, id.0, body.value.return_code)
        .await
        .map_err(|error| under("return_code", error))?;
    nothing()
}

/// Takes an authorization code back, for a page or a script.
pub async fn returned(may: &May<ReserveLicenses>, id: DeviceId, code: String) -> Result<()> {
    let view = may.also::<ViewInventory>().await?;
    may.does(move |tx, permit, at| authorize::return_authorization(tx, (&view, permit), at, id, &code))
        .await?;
    may.portal.jobs.nudge();
    Ok(())
}
