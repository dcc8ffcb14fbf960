//! What is sent to the portal: forms from pages, JSON from scripts.

use super::form_state::FormState;
use super::kept::Sent;
use super::multipart;
use super::upload::Coming;
use super::visit::{Visit, raw_cookie};
use crate::error::{Error, Problems, Result};
use crate::kernel::{Edition, pasted};
use crate::platform::db::OnceKey;
use crate::platform::token;
use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::web::Bytes;
use actix_web::{FromRequest, HttpRequest};
use serde::de::DeserializeOwned;
use std::future::Future;
use std::pin::Pin;

/// How large a form or a JSON body may be.
pub const LIMIT: usize = 64 * 1024;

type Found<T> = Pin<Box<dyn Future<Output = Result<T>>>>;

/// How large a form or a JSON body with a list in it may be: ten thousand addresses are half of it.
pub const LIST_LIMIT: usize = 1024 * 1024;

/// A form of one of our pages: its token fits the session, and its fields are those of `T`. One that takes
/// more than [`LIMIT`] may bring a text file along; its text is the value of the field.
pub struct Posted<T, const MOST: usize = LIMIT> {
    /// The fields.
    pub value: T,
    form: Form,
}

/// A form as it was sent, without what shows where it came from.
struct Form {
    pairs: Vec<(String, String)>,
    encoded: String,
    once: String,
    hash: String,
    edition: Edition,
}

impl Form {
    fn again(&self, problems: &Problems) -> FormState {
        let mut state = FormState::new()
            .with_once(self.once.clone())
            .with_values(self.pairs.iter().map(|(k, v)| (k.clone(), v.clone())));
        for problem in problems.list() {
            state = state.with_problem(problem.field.clone(), self.edition.words(&problem.says));
        }
        state
    }
    fn once_key(&self, visit: &Visit) -> Option<OnceKey> {
        let owner = visit
            .actor
            .as_ref()
            .map_or_else(|| "visitor".to_owned(), |a| a.person.id.to_string());
        (!self.once.is_empty()).then(|| OnceKey {
            owner,
            token: self.once.clone(),
            hash: self.hash.clone(),
        })
    }
}

impl<T, const MOST: usize> Posted<T, MOST> {
    /// The form as it was sent, with what is wrong with it: for showing it again.
    pub fn again(&self, problems: &Problems) -> FormState {
        self.form.again(problems)
    }
    /// The form as it was sent, with why it was not carried out, and the status of its page ([`Error::on_form`]).
    pub fn after(&self, error: Error, rules: &[(&str, &str)]) -> Result<(u16, FormState)> {
        let (status, problems) = error.on_form(rules)?;
        Ok((status, self.again(&problems)))
    }
    /// The key under which this form may be carried out once, for its sender.
    pub fn once_key(&self, visit: &Visit) -> Option<OnceKey> {
        self.form.once_key(visit)
    }
}

/// A form with a button and no fields of its own.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NoFields {}

/// A fresh form for a page: its fields are empty, its once-token is new.
pub fn fresh() -> FormState {
    FormState::new().with_once(token::random())
}

impl<T: DeserializeOwned + 'static, const MOST: usize> FromRequest for Posted<T, MOST> {
    type Error = Error;
    type Future = Found<Self>;
    fn from_request(req: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let read = read_form(req.clone(), payload.take(), MOST);
        Box::pin(async move {
            let form = read.await?;
            let value = serde_html_form::from_str(&form.encoded).map_err(|_| {
                Error::BadRequest("The form has fields that are not known here, or lacks some.".into())
            })?;
            Ok(Self { value, form })
        })
    }
}

/// Reads a form that was sent from a page of ours, of at most so many bytes. Compiled once, whatever its fields are.
fn read_form(req: HttpRequest, payload: Payload, most: usize) -> Found<Form> {
    Box::pin(async move {
        let boundary = if most > LIMIT {
            multipart::boundary(&req)
        } else {
            None
        };
        if boundary.is_none() && !is_kind(&req, "application/x-www-form-urlencoded") {
            return Err(Error::WrongKind);
        }
        let body = Coming::of(&req, payload).rest(most).await?;
        let mut pairs: Vec<(String, String)> = match boundary {
            Some(boundary) => multipart::parse(&body, &boundary)
                .ok_or_else(|| Error::BadRequest("The form broke off.".into()))?,
            None => url::form_urlencoded::parse(&body).into_owned().collect(),
        };
        let csrf = take(&mut pairs, "csrf");
        let once = take(&mut pairs, "once");
        if !csrf_fits(&req, &csrf) {
            return Err(Error::CrossSite);
        }
        let encoded = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(&pairs)
            .finish();
        Ok(Form {
            hash: token::digest(&format!("{} {encoded}", req.path())),
            encoded,
            pairs,
            once: once.chars().take(255).collect(),
            edition: super::visit::edition_of(&req),
        })
    })
}

fn take(pairs: &mut Vec<(String, String)>, name: &str) -> String {
    let found = pairs
        .iter()
        .find(|(k, _)| k == name)
        .map(|(_, v)| v.clone())
        .unwrap_or_default();
    pairs.retain(|(k, _)| k != name);
    found
}

pub(super) fn csrf_fits(req: &HttpRequest, given: &str) -> bool {
    let Some(portal) = req.app_data::<actix_web::web::Data<super::Portal>>() else {
        return false;
    };
    let cookie = raw_cookie(req, crate::authn::session::COOKIE);
    super::visit::csrf_fits(&portal.signing.seal_key, cookie.as_deref(), given)
}

/// The JSON body of an API request.
pub struct JsonBody<T, const MOST: usize = LIMIT> {
    /// What it says.
    pub value: T,
    hash: String,
}

impl<T, const MOST: usize> JsonBody<T, MOST> {
    /// The key under which this request may be carried out once, if it has one.
    pub fn once_key(&self, visit: &Visit, key: &IdempotencyKey) -> Option<OnceKey> {
        let owner = visit
            .actor
            .as_ref()
            .map_or_else(|| "visitor".to_owned(), |a| a.person.id.to_string());
        key.0.clone().map(|token| OnceKey {
            owner,
            token: format!("api {token}"),
            hash: self.hash.clone(),
        })
    }
}

impl<T: DeserializeOwned + 'static, const MOST: usize> FromRequest for JsonBody<T, MOST> {
    type Error = Error;
    type Future = Found<Self>;
    fn from_request(req: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let read = read_json(req.clone(), payload.take(), MOST);
        Box::pin(async move {
            let (body, hash) = read.await?;
            let value = serde_json::from_slice(&body).map_err(|e| {
                Error::BadRequest(format!("The body is not the JSON that is expected here: {e}.").into())
            })?;
            Ok(Self { value, hash })
        })
    }
}

/// Reads a body of JSON of at most so many bytes, with what tells it from other requests.
fn read_json(req: HttpRequest, payload: Payload, most: usize) -> Found<(Bytes, String)> {
    Box::pin(async move {
        if !is_kind(&req, "application/json") {
            return Err(Error::WrongKind);
        }
        let body = Coming::of(&req, payload).rest(most).await?;
        let print = token::fingerprint(&body);
        let hash = token::digest(&format!("{} {} {print}", req.method(), req.path()));
        Ok((body, hash))
    })
}

/// A body of any kind, unread: for addresses that take several kinds.
pub struct RawBody<const MOST: usize = LIMIT>(pub Bytes);

impl<const MOST: usize> FromRequest for RawBody<MOST> {
    type Error = Error;
    type Future = Found<Self>;
    fn from_request(req: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (coming, req) = (Coming::of(req, payload.take()), req.clone());
        Box::pin(async move {
            let body = coming.rest(MOST).await?;
            Sent::note(&req, &body);
            Ok(Self(body))
        })
    }
}

/// What stands behind `Authorization: Bearer`: for doors whose credentials are not a person's. Of a request without one
/// no body is read.
pub struct Credential(pub crate::kernel::Secret);

impl FromRequest for Credential {
    type Error = Error;
    type Future = std::future::Ready<Result<Self>>;
    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        let given = super::visit::bearer(req).map(crate::kernel::Secret::new);
        std::future::ready(given.map(Self).ok_or(Error::SignedOut))
    }
}

/// The `Idempotency-Key` of an API request.
pub struct IdempotencyKey(Option<String>);

impl FromRequest for IdempotencyKey {
    type Error = Error;
    type Future = std::future::Ready<Result<Self>>;
    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        let found = match req
            .headers()
            .get("idempotency-key")
            .map(|v| v.to_str().unwrap_or_default())
        {
            None => Ok(Self(None)),
            Some(key) if !key.is_empty() && key.len() <= 200 && key.chars().all(|c| c.is_ascii_graphic()) => {
                Ok(Self(Some(key.to_owned())))
            }
            Some(_) => Err(Error::invalid(
                "Idempotency-Key",
                "Use 1 to 200 visible ASCII characters without spaces.",
            )),
        };
        std::future::ready(found)
    }
}

/// A part of the path, as a value of its own; anything unreadable names nothing and is "not found".
pub struct PathPart<T>(pub T);

/// Where in a path a value stands.
pub trait Named: std::str::FromStr {
    /// The name between the braces.
    const NAME: &'static str;
}

impl<T: Named + 'static> FromRequest for PathPart<T> {
    type Error = Error;
    type Future = std::future::Ready<Result<Self>>;
    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        // An address that was copied out of a sentence ends with its full stop or its bracket.
        let part = req.match_info().get(T::NAME).map(pasted::code);
        let found = part.and_then(|text| text.parse().ok());
        std::future::ready(found.map(Self).ok_or(Error::NotFound))
    }
}

pub(super) fn is_kind(req: &HttpRequest, kind: &str) -> bool {
    req.headers()
        .get(header::CONTENT_TYPE)
        .and_then(|v| v.to_str().ok())
        .is_some_and(|v| {
            v.split(';')
                .next()
                .is_some_and(|k| k.trim().eq_ignore_ascii_case(kind))
        })
}
