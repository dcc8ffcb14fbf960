//! The device protocol of authorization codes: a product instance by policy asks for one, or gives its own back. The cloud
//! answers at once; an On-Prem server with its next synchronization, so that the product instance asks again.

use super::super::api_device::{ReportLine, who_calls, write};
use super::super::calls;
use super::super::model::Device;
use super::answer::{self, Answered, Asked};
use super::codes::MOST_LICENSES;
use super::on_prem::{self, Request, RequestState};
use crate::error::{Error, Result};
use crate::http::form::Credential as Given;
use crate::http::{Answer, Api, JsonBody, Public, Routes, json};
use crate::kernel::ids::DeviceId;
use crate::kernel::{Moment, Who};
use crate::platform::db::{Recorded, Tx};
use actix_web::http::Method;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The operation of the protocol.
pub fn routes(routes: &mut Routes) {
    routes.api(
        Method::POST,
        "/device/v1/authorization",
        Api::says("Device protocol: a product instance by policy asks for an authorization code for enforced licenses, or gives its own back with its return code. The same request again has the same answer; an On-Prem server has it after its next synchronization.")
            .takes::<AuthorizationRequest>()
            .gives::<AuthorizationAnswer>(200),
        authorization,
    );
}

/// A product instance by policy asks for an authorization code, or gives it back.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AuthorizationRequest {
    /// The request code that the product instance made for it: the same until it is answered, and when it gives the code back.
    #[schema(min_length = 1, max_length = 200)]
    pub request_code: String,
    /// Enforced licenses, and how many of each; left out when the code is given back.
    #[serde(default)]
    #[schema(max_items = 50)]
    pub licenses: Vec<ReportLine>,
    /// What proves that the product instance works by its code no more; left out when it asks for one.
    #[serde(default)]
    #[schema(max_length = 200)]
    pub return_code: String,
}

/// How the request stands.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct AuthorizationAnswer {
    /// Id of the product instance.
    #[schema(value_type = String)]
    pub device: DeviceId,
    /// `waiting` and `returning` for the synchronization of the On-Prem server; `granted`, `returned` or `refused`.
    pub state: RequestState,
    /// What the product instance installs; "" until it is granted.
    pub authorization_code: String,
    /// Why it was refused, for programs; or "".
    pub code: String,
    /// Why it was refused, for people; or "".
    pub says: String,
}

async fn authorization(visit: Public, given: Given, body: JsonBody<AuthorizationRequest>) -> Answer {
    let (caller, subjects, credential) = who_calls(&visit, &given)?;
    let asked = body.value;
    if asked.licenses.len() > MOST_LICENSES || asked.return_code.len() > 200 {
        return Err(Error::invalid(
            "licenses",
            format!("Ask for 1 to {MOST_LICENSES} licenses."),
        ));
    }
    let asked = Asked {
        request: asked.request_code,
        by_serial: false,
        licenses: asked
            .licenses
            .into_iter()
            .map(|line| (line.entitlement, line.quantity))
            .collect(),
        return_code: asked.return_code,
    };
    let (call, tries) = (caller.clone(), subjects.clone());
    let is_on_prem = visit.portal.config.edition.is_on_prem();
    let (device, request) = write(&visit, &caller, &subjects, move |tx| {
        let device = calls::prove(tx, &call, &tries, &credential)?;
        calls::in_use(tx, device.account)?;
        may_ask(&device, &asked)?;
        let who = call.who(&device);
        let told = if is_on_prem {
            on_prem::ask(tx, call.now, &who, &device, &asked)?
        } else {
            at_once(tx, call.now, &who, &device, &asked)?
        };
        Ok(told.map(|request| (device, request)))
    })
    .await?;
    visit.portal.jobs.nudge();
    json(
        200,
        &AuthorizationAnswer {
            device: device.id,
            state: request.state,
            authorization_code: request.authorization_code,
            code: request.code,
            says: request.says,
        },
    )
}

/// By policy, and with a token that allows export-controlled functionality.
fn may_ask(device: &Device, asked: &Asked) -> Result<()> {
    if device.policy.is_none() {
        return Err(Error::refused(
            "usage.not-by-policy",
            format!(
                "{} does not report by policy, and needs no authorization code of its own.",
                device.name()
            ),
        ));
    }
    if asked.return_code.is_empty() && !device.export_controlled {
        return Err(Error::refused(
            "devices.export-controlled",
            format!(
                "The token by which {} is trusted does not allow export-controlled functionality. Establish trust again with one that does.",
                device.name()
            ),
        ));
    }
    Ok(())
}

/// The cloud decides by what the Smart Account holds.
fn at_once(
    tx: &mut Tx<'_>,
    at: Moment,
    who: &Who,
    device: &Device,
    asked: &Asked,
) -> Result<Recorded<Request>> {
    let (answered, event) = answer::answer(tx, at, who, device, asked)?;
    let request = Request::answered(device.id, at, asked, answered)?;
    match event {
        Some(event) => tx.record(at, who, &event, request),
        None => Ok(tx.unchanged(request)),
    }
}

impl Request {
    /// A request that was decided at once; a refusal is an error.
    fn answered(device: DeviceId, at: Moment, asked: &Asked, answered: Answered) -> Result<Self> {
        let mut request = Self::new(device, at, asked);
        request.state = match answered {
            Answered::Granted(code) => {
                request.authorization_code = code;
                RequestState::Granted
            }
            Answered::Returned => RequestState::Returned,
            Answered::Refused(refusal) => return Err(Error::Refused(refusal)),
        };
        Ok(request)
    }
}
