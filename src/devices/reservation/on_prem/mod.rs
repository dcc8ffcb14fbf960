//! What product instances by policy of an On-Prem server ask the cloud for: an authorization code for enforced licenses, or
//! that it takes one back. One request of each is kept; a synchronization carries it to the cloud, which decides by what the
//! Smart Account holds, and brings the answer, which the product instance fetches with its next call.

mod api;
mod lifecycle;
mod pages;
mod store;

pub use lifecycle::LIFECYCLE;
pub use store::{Request, RequestState, forget, of, of_some};

use super::super::changes::about;
use super::super::model::Device;
use super::super::store as devices;
use super::answer::{Asked, request_for};
use super::authorize::{WRONG_CODE, enforced, request_of};
use super::codes;
use super::service::place;
use crate::authz::Permit;
use crate::authz::action::{ReserveLicenses, ViewInventory};
use crate::error::{Error, Result};
use crate::http::Routes;
use crate::kernel::ids::{DeviceId, SmartAccountId};
use crate::kernel::{Kind, Moment, Who};
use crate::platform::db::{Reads, Recorded, Tx};
use serde_json::json;

/// The pages, and the same for scripts.
pub fn routes(routes: &mut Routes) {
    pages::routes(routes);
    api::routes(routes);
}

/// A product instance by policy within reach, in whose Virtual Account one may reserve.
fn device(
    read: &mut dyn Reads,
    view: &Permit<ViewInventory>,
    permit: &Permit<ReserveLicenses>,
    id: DeviceId,
) -> Result<Device> {
    let device = devices::these(read, view.within(), &[id])?
        .pop()
        .filter(|device| device.policy.is_some())
        .ok_or(Error::NotFound)?;
    place(read, view, permit, device.virtual_account)?;
    Ok(device)
}

/// So many requests travel in one file; the rest travels with the next.
const MOST_SENT: i64 = 10_000;

impl Request {
    /// One that the cloud has not heard of.
    pub fn new(device: DeviceId, at: Moment, asked: &Asked) -> Self {
        Self {
            device,
            request: asked.request.clone(),
            by_serial: asked.by_serial,
            licenses: json!(asked.licenses).to_string(),
            state: RequestState::Waiting,
            authorization_code: String::new(),
            return_code: asked.return_code.clone(),
            code: String::new(),
            says: String::new(),
            asked_at: at,
        }
    }
    /// Entitlement and quantity of each license.
    pub fn wanted(&self) -> Vec<(String, i64)> {
        serde_json::from_str(&self.licenses).unwrap_or_default()
    }
    /// As the cloud hears it.
    fn asked(&self) -> Asked {
        let is_back = self.state == RequestState::Returning;
        Asked {
            request: self.request.clone(),
            by_serial: self.by_serial,
            licenses: if is_back { Vec::new() } else { self.wanted() },
            return_code: if is_back {
                self.return_code.clone()
            } else {
                String::new()
            },
        }
    }
}

/// Keeps what a product instance asks for until a synchronization brings the answer, and tells how it stands. The same
/// request again asks only that.
pub fn ask(
    tx: &mut Tx<'_>,
    at: Moment,
    who: &Who,
    device: &Device,
    asked: &Asked,
) -> Result<Recorded<Request>> {
    let request = request_for(device, &asked.request).map_err(Error::Refused)?;
    let asked = Asked {
        request: request.text,
        ..asked.clone()
    };
    let before = of(tx, device.id)?;
    let state = before.as_ref().map(|before| before.state);
    if !asked.return_code.is_empty() {
        return give_back(tx, at, who, device, &asked, before);
    }
    if let Some(before) = before {
        if before.request == asked.request {
            return Ok(tx.unchanged(before));
        }
        match before.state {
            RequestState::Waiting => return Err(waits(device)),
            RequestState::Granted | RequestState::Returning => {
                return Err(Error::refused(
                    "authorizations.held",
                    format!(
                        "{} has an authorization code already. Return it first, and synchronize, before another one is asked for.",
                        device.name()
                    ),
                ));
            }
            RequestState::Refused | RequestState::Returned => {}
        }
    }
    let wanted = enforced(&asked.licenses)?;
    let request = Request::new(
        device.id,
        at,
        &Asked {
            licenses: wanted.clone(),
            ..asked
        },
    );
    store::put(tx, device.account, state, &request)?;
    let says = format!(
        "{} asks for an authorization code; the next synchronization carries the request.",
        device.name()
    );
    let event = about(Kind::AuthorizationCodeRequested, device, says).with(json!({
        "udi": device.udi().to_string(), "licenses": wanted,
    }));
    tx.record(at, who, &event, request)
}

/// Asks for a product instance that cannot call: the authorization code is sealed to its UDI.
pub fn ask_for(
    tx: &mut Tx<'_>,
    at: Moment,
    who: &Who,
    device: &Device,
    licenses: Vec<(String, i64)>,
) -> Result<Recorded<Request>> {
    if of(tx, device.id)?.is_some_and(|one| one.state == RequestState::Waiting) {
        return Err(waits(device));
    }
    let asked = Asked {
        request: request_of(&device.udi())?.text,
        by_serial: true,
        licenses,
        return_code: String::new(),
    };
    ask(tx, at, who, device, &asked)
}

fn waits(device: &Device) -> Error {
    Error::refused(
        "authorizations.waiting",
        format!(
            "{} has asked for an authorization code already, and the cloud has not answered yet. Synchronize the account first.",
            device.name()
        ),
    )
}

/// A product instance works by its code no more: the cloud hears it with the next synchronization.
fn give_back(
    tx: &mut Tx<'_>,
    at: Moment,
    who: &Who,
    device: &Device,
    asked: &Asked,
    before: Option<Request>,
) -> Result<Recorded<Request>> {
    let none = || {
        Error::refused(
            "authorizations.none",
            format!(
                "{} holds no authorization code of this request. Nothing is left to return.",
                device.name()
            ),
        )
    };
    let state = before.as_ref().map(|before| before.state);
    let request = match before {
        // A server that was restored from a backup does not know what the cloud has granted: that decides.
        None => Request::new(device.id, at, asked),
        Some(before) if before.request != asked.request => return Err(none()),
        Some(before) => {
            let code = &before.authorization_code;
            if !code.is_empty()
                && !codes::is_return_code(&asked.return_code, code, &device.pid, &device.serial)
            {
                return Err(Error::refused("authorizations.wrong-return-code", WRONG_CODE));
            }
            match before.state {
                RequestState::Returning | RequestState::Returned => return Ok(tx.unchanged(before)),
                RequestState::Refused => return Err(none()),
                RequestState::Granted | RequestState::Waiting => Request {
                    return_code: asked.return_code.clone(),
                    ..before
                },
            }
        }
    };
    let request = Request {
        state: RequestState::Returning,
        code: String::new(),
        says: String::new(),
        ..request
    };
    store::put(tx, device.account, state, &request)?;
    let says = format!(
        "{} gave its authorization code back; the next synchronization carries the return.",
        device.name()
    );
    let event = about(Kind::AuthorizationCodeReturned, device, says)
        .with(json!({ "udi": device.udi().to_string(), "licenses": request.wanted() }));
    tx.record(at, who, &event, request)
}

/// The return code of a product instance that cannot call, typed by somebody.
pub fn give_back_for(
    tx: &mut Tx<'_>,
    at: Moment,
    who: &Who,
    device: &Device,
    typed: &str,
) -> Result<Recorded<Request>> {
    let Some(before) = of(tx, device.id)?.filter(|one| !one.authorization_code.is_empty()) else {
        return Err(Error::refused(
            "authorizations.none",
            format!(
                "{} holds no authorization code. Nothing is left to return.",
                device.name()
            ),
        ));
    };
    if !codes::is_return_code(typed, &before.authorization_code, &device.pid, &device.serial) {
        return Err(Error::invalid("return_code", WRONG_CODE));
    }
    let asked = Asked {
        return_code: codes::return_code(&before.authorization_code, &device.pid, &device.serial),
        ..before.asked()
    };
    give_back(tx, at, who, device, &asked, Some(before))
}

/// Whether a product instance works by an authorization code, as far as this server knows.
pub fn holds(read: &mut dyn Reads, device: DeviceId) -> Result<bool> {
    Ok(of(read, device)?.is_some_and(|one| one.state == RequestState::Granted))
}

/// What the cloud has to answer, in the order of the request codes.
pub fn to_send(read: &mut dyn Reads, account: SmartAccountId) -> Result<Vec<Asked>> {
    Ok(store::open(read, account, MOST_SENT)?
        .iter()
        .map(Request::asked)
        .collect())
}

/// What the cloud says to a request, as a response has it.
#[derive(Debug, Clone, Copy)]
pub enum Heard<'a> {
    /// The authorization code.
    Granted(&'a str),
    /// It has the code back.
    Returned,
    /// Why not, for programs and for people.
    Refused(&'a str, &'a str),
}

/// What the cloud has answered to a request: a part of the write that applies its response. What it says of a request that
/// was answered, or given up, meanwhile changes nothing.
pub fn answered(tx: &mut Tx<'_>, account: SmartAccountId, request: &str, heard: Heard<'_>) -> Result<bool> {
    let Some(before) = store::of_request(tx, account, request)? else {
        return Ok(false);
    };
    let state = before.state;
    let after = match (state, heard) {
        (RequestState::Waiting, Heard::Granted(code)) => Request {
            state: RequestState::Granted,
            authorization_code: code.to_owned(),
            ..before
        },
        (RequestState::Returning, Heard::Returned) => Request {
            state: RequestState::Returned,
            ..before
        },
        (RequestState::Waiting | RequestState::Returning, Heard::Refused(code, says)) => Request {
            // A code that could not be returned is held still.
            state: if before.authorization_code.is_empty() {
                RequestState::Refused
            } else {
                RequestState::Granted
            },
            code: code.chars().take(60).collect(),
            says: says.chars().take(1_000).collect(),
            ..before
        },
        _ => return Ok(false),
    };
    store::put(tx, account, Some(state), &after)?;
    Ok(true)
}
