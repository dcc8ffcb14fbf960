//! Requests of product instances by policy of an On-Prem server for authorization codes, for scripts.

use super::super::api::{ReservationLineBody, under};
use super::super::api_authorize::ReturnAuthorizationBody;
use super::{Request, RequestState, ask_for, device, give_back_for, of};
use crate::authz::action::{ReserveLicenses, ViewInventory};
use crate::error::{Error, Result};
use crate::http::form::PathPart;
use crate::http::{Answer, Api, JsonBody, May, Routes, json};
use crate::kernel::Moment;
use crate::kernel::ids::DeviceId;
use actix_web::http::Method;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

const HERE: &str = "/api/v1/accounts/{said}/devices/{device}/authorization-request";

pub fn routes(routes: &mut Routes) {
    routes.api(
        Method::GET,
        HERE,
        Api::says("How the request of a product instance by policy for an authorization code stands.")
            .gives::<AuthorizationRequestShape>(200),
        show,
    );
    routes.api(
        Method::POST,
        HERE,
        Api::says("Asks the cloud for an authorization code for enforced licenses that a product instance by policy is to use. The next synchronization carries the request and brings the answer.")
            .takes::<AuthorizationRequestBody>()
            .gives::<AuthorizationRequestShape>(201),
        ask,
    );
    routes.api(
        Method::POST,
        "/api/v1/accounts/{said}/devices/{device}/return-authorization",
        Api::says("Returns the authorization code of a product instance by policy: its return code is checked, and the next synchronization carries it to the cloud.")
            .takes::<ReturnAuthorizationBody>()
            .gives::<AuthorizationRequestShape>(200),
        give_back,
    );
}

/// What is to be authorized.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct AuthorizationRequestBody {
    #[schema(min_items = 1, max_items = 50)]
    licenses: Vec<ReservationLineBody>,
}

/// A license that is asked for.
#[derive(Debug, Serialize, ToSchema)]
struct AuthorizationRequestLine {
    entitlement: String,
    quantity: i64,
}

/// How a request stands.
#[derive(Debug, Serialize, ToSchema)]
struct AuthorizationRequestShape {
    request_code: String,
    /// waiting, granted, refused, returning or returned.
    #[schema(value_type = String)]
    state: RequestState,
    licenses: Vec<AuthorizationRequestLine>,
    /// What the product instance installs; "" until the cloud has granted it.
    authorization_code: String,
    /// Why the cloud refused it, for programs; or "".
    code: String,
    /// The same for people; or "".
    says: String,
    asked_at: Moment,
}

impl From<Request> for AuthorizationRequestShape {
    fn from(one: Request) -> Self {
        Self {
            licenses: one
                .wanted()
                .into_iter()
                .map(|(entitlement, quantity)| AuthorizationRequestLine {
                    entitlement,
                    quantity,
                })
                .collect(),
            request_code: one.request,
            state: one.state,
            authorization_code: one.authorization_code,
            code: one.code,
            says: one.says,
            asked_at: one.asked_at,
        }
    }
}

async fn show(may: May<ReserveLicenses>, id: PathPart<DeviceId>) -> Answer {
    let view = may.also::<ViewInventory>().await?;
    let found = may
        .reads(move |r, permit| {
            let device = device(r, &view, permit, id.0)?;
            of(r, device.id)?.ok_or(Error::NotFound)
        })
        .await?;
    json(200, &AuthorizationRequestShape::from(found))
}

async fn ask(
    may: May<ReserveLicenses>,
    id: PathPart<DeviceId>,
    body: JsonBody<AuthorizationRequestBody>,
) -> Answer {
    let licenses = body
        .value
        .licenses
        .into_iter()
        .map(ReservationLineBody::pair)
        .collect();
    json(
        201,
        &AuthorizationRequestShape::from(asked(&may, id.0, licenses).await?),
    )
}

/// Asks for a code, for a page or a script.
pub async fn asked(
    may: &May<ReserveLicenses>,
    id: DeviceId,
    licenses: Vec<(String, i64)>,
) -> Result<Request> {
    let view = may.also::<ViewInventory>().await?;
    may.does(move |tx, permit, at| {
        let device = device(tx, &view, permit, id)?;
        ask_for(tx, at, permit.who(), &device, licenses.clone())
    })
    .await
}

async fn give_back(
    may: May<ReserveLicenses>,
    id: PathPart<DeviceId>,
    body: JsonBody<ReturnAuthorizationBody>,
) -> Answer {
    let request = returned(&may, id.0, body.value.return_code)
        .await
        .map_err(|error| under("return_code", error))?;
    json(200, &AuthorizationRequestShape::from(request))
}

/// Takes a return code, for a page or a script.
pub async fn returned(may: &May<ReserveLicenses>, id: DeviceId, code: String) -> Result<Request> {
    let view = may.also::<ViewInventory>().await?;
    may.does(move |tx, permit, at| {
        let device = device(tx, &view, permit, id)?;
        give_back_for(tx, at, permit.who(), &device, &code)
    })
    .await
}
