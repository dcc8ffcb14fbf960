//! How an error looks: a page for people, `application/problem+json` (RFC 9457) for the API, the vendor's shapes for the
//! vendor's scripts. Which of them is decided by the path alone.

use super::error_view::ErrorView;
use super::error_words::Words;
use super::refusal::Around;
use super::refused::{Refused, Whom};
use super::shell::{Shell, Theme};
use super::surface::{Dialect, Failed, Surface};
use super::visit::{THEME, raw_cookie};
use crate::authz::Action;
use crate::error::Error;
use crate::kernel::Edition;
use actix_web::body::{BoxBody, EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::{StatusCode, header};
use actix_web::middleware::Next;
use actix_web::{HttpMessage, HttpResponse, ResponseError};
use askama::Template;
use serde_json::json;

pub use super::error_words::wait;

impl ResponseError for Error {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::SignedOut => StatusCode::UNAUTHORIZED,
            Self::FreshSignInNeeded
            | Self::FirstSignIn
            | Self::SecondFactorNeeded
            | Self::ApiOff
            | Self::Forbidden { .. }
            | Self::CrossSite => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Invalid(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Refused(_) | Self::Stale => StatusCode::CONFLICT,
            Self::BadRequest(_) => StatusCode::BAD_REQUEST,
            Self::WrongKind => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::DeadLink => StatusCode::GONE,
            Self::MethodNotAllowed { .. } => StatusCode::METHOD_NOT_ALLOWED,
            Self::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooMany { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
    fn error_response(&self) -> HttpResponse {
        // The middleware below replaces this; it is only met where the middleware is not.
        HttpResponse::new(self.status_code())
    }
}

/// Turns errors into answers, for handlers, extractors and unrouted paths alike.
pub async fn face<B: MessageBody + 'static>(
    req: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B, BoxBody>>, actix_web::Error> {
    // Owned values: holding the request itself over the call is not allowed.
    let edition = super::visit::edition_of(req.request());
    let mut asked = Asked {
        edition,
        dialect: req
            .app_data::<actix_web::web::Data<super::Portal>>()
            .map(|portal| portal.dialect),
        path: req.path().to_owned(),
        query: req.query_string().to_owned(),
        is_read: req.method().is_safe(),
        theme: raw_cookie(req.request(), THEME).map_or(Theme::Auto, |t| Theme::parse(&t)),
        request_id: super::headers::request_id(req.request()),
        is_authorized: req.headers().contains_key(header::AUTHORIZATION),
        names_account: req
            .app_data::<actix_web::web::Data<super::Portal>>()
            .is_some_and(|portal| req.headers().contains_key(portal.dialect.account_header)),
        is_page: false,
        referer: req
            .headers()
            .get(header::REFERER)
            .and_then(|v| v.to_str().ok())
            .unwrap_or_default()
            .to_owned(),
    };
    let res = next.call(req).await?;
    let Some(error) = res.response().error() else {
        return Ok(res.map_into_left_body());
    };
    asked.is_page = has_page(res.request());
    let mut foreign = None;
    let error = own_or_foreign(error, &mut foreign);
    asked.keep(res.request(), error);
    let around = if Around::suits(&asked.path, error) {
        Around::of(res.request(), error).await
    } else {
        None
    };
    let answer = asked.answer(error, around);
    Ok(ServiceResponse::new(res.into_parts().0, answer).map_into_right_body())
}

/// Our own error, or what the library itself refuses (a path it cannot read, a body it will not take) as one of ours.
fn own_or_foreign<'e>(error: &'e actix_web::Error, foreign: &'e mut Option<Error>) -> &'e Error {
    if let Some(own) = error.as_error::<Error>() {
        return own;
    }
    foreign.insert(match error.as_response_error().status_code() {
        StatusCode::NOT_FOUND => Error::NotFound,
        StatusCode::PAYLOAD_TOO_LARGE => Error::TooLarge {
            limit: super::form::LIMIT,
        },
        status if status.is_client_error() => Error::BadRequest("The request cannot be read.".into()),
        _ => Error::internal(error.to_string()),
    })
}

/// Whether the address of a request can be opened as a page, too.
fn has_page(req: &actix_web::HttpRequest) -> bool {
    let pattern = req.match_pattern();
    req.app_data::<actix_web::web::Data<super::Portal>>()
        .zip(pattern)
        .is_some_and(|(portal, pattern)| {
            portal
                .routes
                .iter()
                .any(|route| route.method == "GET" && route.path == pattern)
        })
}

struct Asked {
    edition: Edition,
    dialect: Option<Dialect>,
    path: String,
    query: String,
    is_read: bool,
    theme: Theme,
    request_id: String,
    is_authorized: bool,
    names_account: bool,
    /// There is a page at this address, as there is for every form that comes back.
    is_page: bool,
    referer: String,
}

impl Asked {
    fn answer(&self, error: &Error, around: Option<Around>) -> HttpResponse {
        self.log(error);
        let mut response = match (Surface::of(&self.path), &self.dialect) {
            (Surface::Page, _) => self.page(error, around.as_ref()),
            (Surface::Vendor, Some(dialect)) => (dialect.failed)(&Failed {
                edition: self.edition,
                path: &self.path,
                error,
                is_authorized: self.is_authorized,
                names_account: self.names_account,
            }),
            _ => self.problem(error),
        };
        match error {
            Error::TooMany { retry_after } => super::reply::set_header(
                &mut response,
                "retry-after",
                &retry_after.as_secs().max(1).to_string(),
            ),
            Error::Unavailable(_) => super::reply::set_header(&mut response, "retry-after", "5"),
            Error::MethodNotAllowed { allow } => super::reply::set_header(&mut response, "allow", allow),
            _ => {}
        }
        response
    }

    fn log(&self, error: &Error) {
        let id = &self.request_id;
        match error {
            Error::Internal(cause) => {
                tracing::error!(request_id = id, cause = cause.for_the_log(), "internal error")
            }
            Error::Unavailable(cause) => {
                tracing::warn!(request_id = id, cause = cause.for_the_log(), "not available")
            }
            Error::Refused(refusal) => tracing::info!(request_id = id, code = refusal.code, "refused"),
            _ => {}
        }
    }

    /// Keeps what was refused to somebody who is known, for whoever asks why.
    fn keep(&self, req: &actix_web::HttpRequest, error: &Error) {
        let whom = req.extensions().get::<Whom>().copied();
        let (Some(whom), Some(portal)) = (whom, req.app_data::<actix_web::web::Data<super::Portal>>()) else {
            return;
        };
        if error.status_code().is_server_error() {
            return;
        }
        let (code, says) = self.coded(error);
        portal.refused.keep(Refused {
            request_id: self.request_id.clone(),
            at: portal.clock.wall(),
            method: req.method().to_string(),
            // Not the path: parts of it may be secret.
            route: req.match_pattern().unwrap_or_default(),
            whom,
            status: error.status_code().as_u16(),
            code,
            says,
            action: match error {
                Error::Forbidden { action } => Action::named(action),
                _ => None,
            },
            fields: match error {
                Error::Invalid(problems) => problems
                    .list()
                    .iter()
                    .map(|one| (one.field.clone(), self.edition.words(&one.says).into_owned()))
                    .collect(),
                _ => Vec::new(),
            },
        });
    }

    /// The code of an error, and what it says to scripts.
    fn coded(&self, error: &Error) -> (&'static str, String) {
        match error {
            Error::Refused(refusal) => (refusal.code, self.edition.words(&refusal.says).into_owned()),
            Error::SignedOut if self.path.starts_with("/device/") => (
                "signed-out",
                "Send the credential of a registered device: Authorization: Bearer <device id>.<secret>. A device that is registered no more registers again with a token."
                    .to_owned(),
            ),
            Error::SignedOut => (
                "signed-out",
                "Send a valid access token: Authorization: Bearer …. Get one from POST /api/v1/token."
                    .to_owned(),
            ),
            Error::FreshSignInNeeded => (
                "fresh-sign-in",
                "This needs a password that was given a short while ago.".to_owned(),
            ),
            Error::FirstSignIn => (
                "first-sign-in",
                "The password is still the one that the server came with. Sign in with a browser and set another.".to_owned(),
            ),
            Error::SecondFactorNeeded => (
                "second-factor-needed",
                "This opens only to those who sign in with a second factor. Sign in with a browser and set one up under Your profile; API clients are made anew afterwards.".to_owned(),
            ),
            Error::ApiOff => (
                "api-off",
                "The API of this server is switched off. A System Administrator switches it on under Admin Workspace, API Toolkit.".to_owned(),
            ),
            Error::Forbidden { action } => ("forbidden", format!("You may not {}.", self.edition.words(action))),
            Error::NotFound => ("not-found", "There is nothing here that you may see.".to_owned()),
            Error::Invalid(_) => ("invalid", "Some fields are not right.".to_owned()),
            Error::Stale => (
                "stale",
                "Somebody has changed this meanwhile. Read it again.".to_owned(),
            ),
            Error::BadRequest(says) => ("bad-request", says.to_string()),
            Error::WrongKind => ("wrong-kind", "Send the body as application/json.".to_owned()),
            Error::CrossSite => ("cross-site", "The request came from another site.".to_owned()),
            Error::DeadLink => ("dead-link", "This link no longer works.".to_owned()),
            Error::MethodNotAllowed { allow } => ("method-not-allowed", format!("Allowed here: {allow}.")),
            Error::TooLarge { limit } => ("too-large", format!("At most {limit} bytes are taken.")),
            Error::TooMany { retry_after } => (
                "too-many",
                format!("Try again in {}.", wait(*retry_after)),
            ),
            Error::Unavailable(_) => (
                "unavailable",
                "Not available now. Try again in a moment.".to_owned(),
            ),
            Error::Internal(_) => (
                "internal",
                "Something went wrong here. Quote the request id when you report it.".to_owned(),
            ),
        }
    }

    fn problem(&self, error: &Error) -> HttpResponse {
        let status = error.status_code();
        let title = status.canonical_reason().unwrap_or("Error");
        let (code, detail) = self.coded(error);
        let mut body = json!({
            "type": format!("/help/problems#{code}"), "title": title, "status": status.as_u16(), "code": code, "detail": detail, "request_id": self.request_id,
        });
        if let (Error::Invalid(problems), Some(map)) = (error, body.as_object_mut()) {
            let list: Vec<_> = problems
                .list()
                .iter()
                .map(|p| json!({ "pointer": format!("/{}", p.field), "detail": self.edition.words(&p.says) }))
                .collect();
            map.insert("errors".to_owned(), list.into());
        }
        if let (Error::Forbidden { action }, Some(map)) = (error, body.as_object_mut()) {
            map.insert("action".to_owned(), (*action).into());
        }
        let mut response = HttpResponse::build(status)
            .insert_header((header::CONTENT_TYPE, "application/problem+json"))
            .body(body.to_string());
        if matches!(error, Error::SignedOut) {
            super::reply::set_header(&mut response, "www-authenticate", "Bearer realm=\"licentral\"");
        }
        response
    }

    fn page(&self, error: &Error, around: Option<&Around>) -> HttpResponse {
        // What can be mended by signing in leads there, and back afterwards.
        let here = if self.is_read {
            self.address()
        } else {
            self.came_from()
        };
        let encoded: String = url::form_urlencoded::byte_serialize(here.as_bytes()).collect();
        match error {
            Error::SignedOut => return super::reply::redirect(&format!("/login?next={encoded}")),
            Error::FreshSignInNeeded => {
                return super::reply::redirect(&format!("/confirm-password?next={encoded}"));
            }
            Error::FirstSignIn => return super::reply::redirect(super::visit::FIRST_SIGN_IN),
            Error::SecondFactorNeeded => {
                return super::reply::redirect(&format!("{}?next={encoded}", super::visit::SECOND_FACTOR));
            }
            _ => {}
        }
        let status = error.status_code();
        let back = (!self.is_read).then(|| self.came_from());
        let mut words = Words::of(error, self.edition, back);
        let mut facts = Vec::new();
        let mut ask = Vec::new();
        if let Some(around) = around {
            around.tell(error, self.is_read, &mut words);
            facts = around.facts(error);
            ask = around.may_be_asked(error);
        }
        let bare = || Shell {
            title: words.heading.clone(),
            theme: self.theme,
            path: self.path.clone(),
            edition: self.edition,
            ..Shell::default()
        };
        let view = ErrorView {
            shell: around.map_or_else(bare, |around| around.shell(&words.heading)),
            status: status.as_u16(),
            heading: words.heading,
            says: words.says,
            facts,
            ask,
            next: words.next,
            reference: self.request_id.clone(),
        };
        let body = view
            .render()
            .unwrap_or_else(|_| "Something went wrong.".to_owned());
        HttpResponse::build(status)
            .insert_header((header::CONTENT_TYPE, "text/html; charset=utf-8"))
            .body(body)
    }

    fn address(&self) -> String {
        if self.query.is_empty() {
            self.path.clone()
        } else {
            format!("{}?{}", self.path, self.query)
        }
    }

    /// The page on which a form stood: its path within this portal. Browsers are told to send no referrer,
    /// so it is mostly known by its own address.
    fn came_from(&self) -> String {
        if self.is_page {
            return self.path.clone();
        }
        let path = url::Url::parse(&self.referer)
            .map(|u| u.path().to_owned())
            .unwrap_or_default();
        super::reply::local_path(&path).to_owned()
    }
}
