//! Answers as the vendor's scripts know them: always compact JSON, also when something is wrong, and never a page, a
//! redirect or `application/problem+json`.

use super::body::MISSING;
use super::paths::{A, B, D, E};
use crate::error::{Error, Problems};
use crate::http::surface::Failed;
use crate::http::{Answer, json as send, reply};
use crate::kernel::Moment;
use actix_web::http::{StatusCode, header};
use actix_web::{HttpResponse, ResponseError};
use chrono::{Datelike, Timelike};
use serde_json::{Value, json};

/// There is no product instance that reports by policy.
pub const NO_DEVICE: &str = "vendor-api.no-policy-device";

/// A poll id that was never given.
pub const NO_POLL: &str = "vendor-api.no-poll";

/// What an operation that was done answers with.
pub fn done(says: &str, fields: Value) -> Answer {
    with_status("SUCCESS", says, fields)
}

/// An answer with this status in its body. Where each item of a list has a status of its own, the code is 200 whatever
/// became of them: scripts read the body.
pub fn with_status(status: &str, says: &str, fields: Value) -> Answer {
    let mut body = json!({ "status": status, "statusMessage": says });
    if let (Value::Object(body), Value::Object(fields)) = (&mut body, fields) {
        body.extend(fields);
    }
    send(200, &body)
}

/// The status of a whole whose items have one each.
pub fn status_of(done: usize, all: usize) -> &'static str {
    match done {
        0 if all > 0 => "ERROR",
        some if some < all => "WARNING",
        _ => "SUCCESS",
    }
}

/// A time as the vendor writes it.
pub fn time(at: Moment) -> String {
    let at = at.utc();
    // Written here: an answer holds hundreds of them, and a format that is read each time took a twelfth of it.
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z",
        at.year(),
        at.month(),
        at.day(),
        at.hour(),
        at.minute(),
        at.second(),
        at.timestamp_subsec_millis()
    )
}

/// A time in milliseconds.
pub fn millis(at: Moment) -> i64 {
    at.utc().timestamp_millis()
}

/// In which shape an operation tells what is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    /// RFC 6749, section 5.2.
    OAuth,
    /// `status` and `statusMessage`.
    Plain,
    /// The accounts of a person: `messageCode` beside `message`.
    Accounts,
    /// The recommendation of accounts: `FAILURE` and `message`.
    Recommendation,
    /// What devices by policy and their proxies ask.
    Policy,
    /// Enterprise Agreements.
    Agreement,
    /// GraphQL.
    Graph,
    /// Plug and Play: `COMPLETE` although it could not be done.
    PlugAndPlay,
}

fn shape(path: &str) -> Shape {
    let in_a = path.strip_prefix(A).unwrap_or_default();
    let in_b = path.strip_prefix(B).unwrap_or_default();
    let begins = |rest: &str, some: &[&str]| some.iter().any(|one| rest.starts_with(one));
    if begins(path, &["/as/", "/oauth", "/oauth2/", "/idp/"]) {
        Shape::OAuth
    } else if path.contains("/enterprise-agreements/") || begins(in_b, &["/ea/"]) {
        Shape::Agreement
    } else if begins(in_b, &["/accounts/v1/user", "/accounts/v1/validate"]) {
        Shape::Accounts
    } else if in_b == "/accounts/v2/smart-recommendation" {
        Shape::Recommendation
    } else if begins(in_b, &["/clc/"]) {
        Shape::Graph
    } else if begins(in_b, &["/pnp/"]) || begins(path, &[D]) {
        Shape::PlugAndPlay
    } else if begins(in_a, &["/v2/devices/", "/v2/accounts/poll", "/v3/licenses/"])
        || begins(
            in_b,
            &[
                "/licensing/v2/account-policy",
                "/licensing/v2/device/",
                "/licensing/v2/get-",
                "/licensing/v3/get-",
                "/licensing/v2/poll",
                "/licensing/v2/report-",
            ],
        )
    {
        Shape::Policy
    } else {
        Shape::Plain
    }
}

fn sentence(problems: &Problems) -> String {
    let says: Vec<&str> = problems.list().iter().map(|one| one.says.as_str()).collect();
    says.join(" ")
}

/// What one item of a list is told, when it could not be done. Our own faults are none of its business.
pub fn reason(error: Error) -> Result<String, Error> {
    Ok(match error {
        Error::Refused(refusal) => refusal.says.into_owned(),
        Error::Invalid(problems) => sentence(&problems),
        Error::Forbidden { action } => format!("You may not {action}."),
        Error::NotFound => "It was not found, or you have no access to it.".to_owned(),
        Error::BadRequest(says) => says.into_owned(),
        Error::Stale => "It was changed meanwhile. Nothing was done.".to_owned(),
        other => return Err(other),
    })
}

/// An error as its scripts know it.
pub fn failed(what: &Failed<'_>) -> HttpResponse {
    let (status, says) = said(what);
    let mut response = shaped(what.path, status, &says, policy_code(what.error));
    if matches!(what.error, Error::SignedOut) {
        reply::set_header(&mut response, "www-authenticate", "Bearer realm=\"licentral\"");
    }
    response
}

/// A status with what is said, in the shape that the operation at a path is known for.
pub fn told(path: &str, status: StatusCode, says: &str) -> HttpResponse {
    shaped(path, status, says, "CSSM-ERR-048")
}

/// `code` is what operations with codes add.
fn shaped(path: &str, status: StatusCode, says: &str, code: &str) -> HttpResponse {
    let is_fault = status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS;
    let body = match shape(path) {
        Shape::OAuth => json!({
            "error": match status {
                StatusCode::UNAUTHORIZED => "invalid_token",
                StatusCode::INTERNAL_SERVER_ERROR => "server_error",
                StatusCode::TOO_MANY_REQUESTS => "temporarily_unavailable",
                status if status.is_server_error() => "temporarily_unavailable",
                _ => "invalid_request",
            },
            "error_description": says,
        }),
        Shape::Plain => json!({ "status": "ERROR", "statusMessage": says }),
        Shape::Accounts => json!({
            "status": "FAILED", "statusMessage": says, "message": says, "messageCode": "CSW-SMARTACC-ERR-0003", "data": "null",
        }),
        Shape::Recommendation => json!({ "status": "FAILURE", "statusMessage": says, "message": says }),
        Shape::Policy => json!({
            "status": "FAILED", "statusMessage": says, "message": says, "localized_message": says,
            "message_code": code,
        }),
        Shape::Agreement => json!({
            "code": u32::from(status.as_u16()) * 1000 + 1, "message": says, "severity": "ERROR",
            "status": "ERROR", "statusMessage": says,
        }),
        Shape::Graph => {
            json!({ "data": null, "errors": [{ "message": says }], "status": "ERROR", "statusMessage": says })
        }
        Shape::PlugAndPlay => json!({
            "status": if status == StatusCode::UNPROCESSABLE_ENTITY || is_fault { "COMPLETE" } else { "ERROR" },
            "statusMessage": says, "message": says,
            "messageCode": match status {
                StatusCode::UNPROCESSABLE_ENTITY | StatusCode::BAD_REQUEST => "DMS-VALIDATION-ERRORS",
                StatusCode::NOT_FOUND => "DMS-ERR-121",
                _ => "DMS-ERR-136",
            },
        }),
    };
    HttpResponse::build(status)
        .insert_header((header::CONTENT_TYPE, "application/json"))
        .body(body.to_string())
}

fn policy_code(error: &Error) -> &'static str {
    match error {
        Error::Refused(refusal) if refusal.code == NO_DEVICE => "UDI_NOT_FOUND",
        Error::Refused(refusal) if refusal.code == NO_POLL => "INVALID_POLL_ID",
        Error::NotFound => "NO_DATA_FOUND",
        _ => "CSSM-ERR-048",
    }
}

/// The code and the words. Whoever shows nothing at an On-Prem server is forbidden to ask, as it has it.
fn said(what: &Failed<'_>) -> (StatusCode, String) {
    let edition = what.edition;
    let own = |error: &Error, says: &str| (error.status_code(), says.to_owned());
    match what.error {
        Error::SignedOut if what.path.starts_with(E) && !what.is_authorized => (
            StatusCode::FORBIDDEN,
            "Access token is missing or invalid.".to_owned(),
        ),
        error @ Error::SignedOut => own(error, "Access token is missing or invalid."),
        Error::Refused(refusal) => {
            let status = if ["api.scope", "api.not-subscribed"].contains(&refusal.code) {
                StatusCode::FORBIDDEN
            } else {
                StatusCode::UNPROCESSABLE_ENTITY
            };
            (status, edition.words(&refusal.says).into_owned())
        }
        Error::Invalid(problems) => (
            StatusCode::UNPROCESSABLE_ENTITY,
            edition.words(&sentence(problems)).into_owned(),
        ),
        Error::Forbidden { action } => (
            StatusCode::FORBIDDEN,
            format!("You may not {}.", edition.words(action)),
        ),
        // Which account it is about stands in a header, and there is none.
        Error::NotFound if shape(what.path) == Shape::Policy && !what.names_account => {
            (StatusCode::BAD_REQUEST, MISSING.to_owned())
        }
        error @ Error::NotFound => own(error, "It was not found, or you have no access to it."),
        // The one read that is known for it.
        Error::BadRequest(says) if what.path.ends_with("/virtual-account/default") => {
            (StatusCode::NOT_ACCEPTABLE, says.to_string())
        }
        error @ Error::BadRequest(says) => own(error, says),
        Error::Stale => (
            StatusCode::UNPROCESSABLE_ENTITY,
            "It was changed meanwhile. Nothing was done.".to_owned(),
        ),
        error @ Error::WrongKind => own(error, "Send the body as application/json."),
        error @ Error::MethodNotAllowed { allow } => own(error, &format!("Allowed here: {allow}.")),
        error @ Error::TooLarge { limit } => own(error, &format!("At most {limit} bytes are taken.")),
        error @ Error::TooMany { .. } => own(error, "Too many requests. Try again later."),
        error @ Error::Unavailable(_) => own(error, "Not available now. Try again in a moment."),
        error @ Error::ApiOff => own(error, "The API of this server is switched off."),
        error @ Error::FirstSignIn => own(
            error,
            "The password is still the one that the server came with. Sign in with a browser and set another.",
        ),
        error @ Error::SecondFactorNeeded => own(
            error,
            "This opens only to those who sign in with a second factor. Sign in with a browser and set one up.",
        ),
        error @ (Error::FreshSignInNeeded | Error::CrossSite | Error::DeadLink) => {
            own(error, "This cannot be done here.")
        }
        error @ Error::Internal(_) => own(error, "Internal server error"),
    }
}
