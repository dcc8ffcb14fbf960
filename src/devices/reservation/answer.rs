//! What the cloud answers to a product instance by policy that asks for an authorization code itself, or gives one back:
//! directly, or through its On-Prem server. It is known by its request code: the same request has the same answer, however
//! often it comes.

use super::super::model::Device;
use super::super::reconcile::Server;
use super::super::store as devices;
use super::authorize::{WRONG_CODE, grant, take_back};
use super::codes::{self, RequestCode};
use super::service::{Wish, request_used};
use super::store::{self, Ended};
use crate::error::{Error, Refusal, Result};
use crate::kernel::ids::ReservationId;
use crate::kernel::{Event, Moment, Who};
use crate::platform::db::Tx;

/// What is asked for.
#[derive(Debug, Clone)]
pub struct Asked {
    /// The request code.
    pub request: String,
    /// Whether the device has not made it: the authorization code is then sealed to its UDI.
    pub by_serial: bool,
    /// Entitlement and quantity of each license.
    pub licenses: Vec<(String, i64)>,
    /// What proves that the device works by its authorization code no more; "" when it asks for one.
    pub return_code: String,
}

/// What the cloud says to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answered {
    /// The authorization code.
    Granted(String),
    /// What was set aside came back.
    Returned,
    /// It is not done, and nothing was changed.
    Refused(Refusal),
}

fn no(code: &'static str, says: impl Into<String>) -> Answered {
    Answered::Refused(Refusal {
        code,
        says: says.into().into(),
    })
}

/// The request of a device that is here, by policy: a part of the caller's write, and what the record says of it.
pub fn answer(
    tx: &mut Tx<'_>,
    at: Moment,
    who: &Who,
    device: &Device,
    asked: &Asked,
) -> Result<(Answered, Option<Event>)> {
    let request = match request_for(device, &asked.request) {
        Ok(request) => request,
        Err(refusal) => return Ok((Answered::Refused(refusal), None)),
    };
    let before = store::of_request(tx, device.account, &request.text)?;
    if asked.return_code.is_empty() {
        return match before {
            Some(one) if one.device == device.id && one.returned_at.is_none() => {
                Ok((Answered::Granted(one.authorization_code), None))
            }
            Some(_) => refused(request_used()),
            None => {
                let wish = Wish {
                    id: ReservationId::new(),
                    device: device.id,
                    place: device.virtual_account,
                    request,
                    wanted: asked.licenses.clone(),
                };
                let known = Some(device.clone());
                match grant(tx, at, who, device.account, (&wish, asked.by_serial), known) {
                    Ok((code, event)) => Ok((Answered::Granted(code), Some(event))),
                    Err(error) => refused(error),
                }
            }
        };
    }
    let Some(one) = before.filter(|one| one.device == device.id) else {
        let says = format!(
            "No authorization code was generated for this request of {}.",
            device.name()
        );
        return Ok((no("authorizations.none", says), None));
    };
    if !codes::is_return_code(
        &asked.return_code,
        &one.authorization_code,
        &device.pid,
        &device.serial,
    ) {
        return Ok((no("authorizations.wrong-return-code", WRONG_CODE), None));
    }
    if one.returned_at.is_some() {
        return Ok((Answered::Returned, None));
    }
    let lines = store::lines_of(tx, device.account, one.id)?;
    let event = take_back(tx, at, who, device, (&one, &lines), Ended::Returned)?;
    Ok((Answered::Returned, Some(event)))
}

/// The same for one of an On-Prem server, as its file names it by the request code.
pub fn answer_served(
    tx: &mut Tx<'_>,
    at: Moment,
    who: &Who,
    server: Server,
    asked: &Asked,
) -> Result<(Answered, Option<Event>)> {
    let request = match RequestCode::parse(&asked.request) {
        Ok(request) => request,
        Err(says) => return Ok((no("authorizations.other-device", says), None)),
    };
    let device = devices::lock_udi(tx, server.account, &request.udi())?
        .filter(|device| device.policy.is_some() && device.manager == Some(server.manager));
    match device {
        Some(device) => answer(tx, at, who, &device, asked),
        None => {
            let says = format!(
                "{} is not among the product instances by policy of the file.",
                request.udi()
            );
            Ok((no("usage.not-by-policy", says), None))
        }
    }
}

fn refused(error: Error) -> Result<(Answered, Option<Event>)> {
    match error {
        Error::Refused(refusal) => Ok((Answered::Refused(refusal), None)),
        other => Err(other),
    }
}

/// A request code, if this device can have made it.
pub(super) fn request_for(device: &Device, text: &str) -> Result<RequestCode, Refusal> {
    let refuse = |says: String| Refusal {
        code: "authorizations.other-device",
        says: says.into(),
    };
    let request = RequestCode::parse(text).map_err(refuse)?;
    if request.udi().key() == device.udi().key() {
        Ok(request)
    } else {
        Err(refuse(format!(
            "This request code was made by {}, and not by {}. Ask with the code that the product instance shows.",
            request.udi(),
            device.udi()
        )))
    }
}
