//! Answers that were made already, for whoever asks the same again.
//!
//! An answer is kept under everything that it was made from: the request, byte for byte with its cookies and its token, so
//! that nobody meets what was made for somebody else; what the database holds (`Db::state`), so that it is gone with the
//! next write of anybody, of this process or another; and the time, to the second. Only the newest of these states is
//! kept, so the room that it takes is bounded, and so is how old an answer can be by time alone: less than a second.
//!
//! What opts in: pages and JSON without a token that is good once, and files of comma-separated values ([`Keep`]), on the
//! paths of `FOLDERS`. Scripts of the vendor read by POST: where an action changes nothing ([`ReadsOnly`]) the body is a part
//! of the request ([`Sent`]), and is read here only of a request whose like was let in and answered at this moment. Beside whole answers, parts of them are kept the same way ([`Now::part`]).

use super::form::RawBody;
use super::portal::Portal;
use super::visit::{FLASH, raw_cookie};
use crate::error::{Error, Result};
use crate::kernel::clock::Setting;
use crate::platform::db::State;
use crate::platform::token;
use actix_web::body::{BodySize, BoxBody, EitherBody, MessageBody, to_bytes};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::error::PayloadError;
use actix_web::http::header::{self, HeaderMap, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::web::{Bytes, Data};
use actix_web::{HttpMessage, HttpRequest, HttpResponse};
use std::any::Any;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Where answers are kept: lists and pages of accounts, and those of all accounts of a server. What is read there changes with the database and the clock alone.
const FOLDERS: &[&str] = &[
    "/sa/",
    "/access",
    "/api/v1/accounts",
    "/services/api/",
    "/v1/software/apis/",
    "/backend/api/v1/accounts",
    "/on-prem-accounts",
    "/admin/synchronisation",
];
/// A longer answer is made anew each time. Bytes.
const LONGEST: u64 = 1 << 20;
/// All answers of one state together. Bytes.
const ROOM: usize = 16 << 20;
/// What a part is taken for, beside its key. Bytes.
const PART: usize = 4 << 10;
/// More than these of a request say nothing that a page would be made from.
const LONGEST_HEAD: usize = 8 << 10;

/// The mark of an answer that may be kept; an extension of the response.
#[derive(Debug, Clone, Copy)]
pub struct Keep;

impl Keep {
    /// Marks an answer that can be given twice, unless it is too long.
    pub fn mark(response: &mut HttpResponse) {
        let BodySize::Sized(bytes) = response.body().size() else {
            return;
        };
        if response.status() == StatusCode::OK && bytes <= LONGEST {
            response.extensions_mut().insert(Self);
        }
    }
}

/// The mark of a request whose proof of access is for an action that changes nothing; an extension of the request.
#[derive(Debug, Clone, Copy)]
pub struct ReadsOnly;

/// The body of a request as it was sent; an extension of the request.
#[derive(Debug, Clone)]
pub struct Sent(Bytes);

impl Sent {
    /// Leaves a body for this layer, where it may become a part of what an answer is kept under.
    pub fn note(req: &HttpRequest, body: &Bytes) {
        let mut extensions = req.extensions_mut();
        if body.len() <= LONGEST_HEAD && extensions.get::<Now>().is_some() {
            extensions.insert(Self(body.clone()));
        }
    }
}

/// The mark of a head with which a body came that was answered; kept under the head alone.
struct Answered;

/// Everything but the request that an answer depends on.
#[derive(Debug, Clone, PartialEq)]
struct Moment {
    state: State,
    wall: i64,
    now: i64,
    setting: Setting,
    letters: u64,
}

#[derive(Default)]
struct Generation {
    moment: Option<Moment>,
    things: HashMap<Vec<u8>, Arc<dyn Any + Send + Sync>>,
    bytes: usize,
}

/// What is kept of the newest moment.
#[derive(Default)]
pub struct Kept {
    newest: Mutex<Generation>,
}

/// The moment of a request, for what is kept of it.
#[derive(Clone)]
pub struct Now {
    kept: Arc<Kept>,
    moment: Moment,
}

struct Answer {
    headers: HeaderMap,
    body: Bytes,
    etag: Option<HeaderValue>,
}

impl Now {
    /// The moment of a request that begins here; none where the database cannot say, or while work goes on of which pages
    /// tell how far it is.
    async fn of(portal: &Portal) -> Option<Self> {
        if !portal.config.keeps_pages || !portal.progress.is_idle() {
            return None;
        }
        let (clock, letters) = (&portal.clock, &portal.letters);
        let state = portal.db.state().await?;
        Some(Self {
            kept: portal.kept.clone(),
            moment: Moment {
                state,
                wall: clock.wall().utc().timestamp(),
                now: clock.now().utc().timestamp(),
                setting: clock.setting(),
                letters: letters.load(std::sync::atomic::Ordering::Relaxed),
            },
        })
    }

    fn newest(&self) -> std::sync::MutexGuard<'_, Generation> {
        self.kept.newest.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn find<T: Send + Sync + 'static>(&self, key: &[u8]) -> Option<Arc<T>> {
        let newest = self.newest();
        if newest.moment.as_ref() != Some(&self.moment) {
            return None;
        }
        newest.things.get(key).cloned()?.downcast().ok()
    }

    fn keep<T: Send + Sync + 'static>(&self, key: Vec<u8>, thing: Arc<T>, bytes: usize) {
        let mut newest = self.newest();
        if newest.moment.as_ref() != Some(&self.moment) {
            *newest = Generation {
                moment: Some(self.moment.clone()),
                ..Generation::default()
            };
        }
        let bytes = bytes + key.len();
        if newest.bytes + bytes <= ROOM {
            newest.bytes += bytes;
            newest.things.insert(key, thing);
        }
    }

    /// A part of an answer that many have in common, under a key that says all that it was made from.
    pub fn part<T: Clone + Send + Sync + 'static>(
        &self,
        key: impl FnOnce() -> String,
        make: impl FnOnce() -> Result<T>,
    ) -> Result<T> {
        let key = key().into_bytes();
        if let Some(part) = self.find::<T>(&key) {
            return Ok((*part).clone());
        }
        let part = make()?;
        self.keep(key, Arc::new(part.clone()), PART);
        Ok(part)
    }

    /// The same, made by asking the database.
    pub fn find_part<T: Clone + Send + Sync + 'static>(&self, key: &str) -> Option<T> {
        self.find::<T>(key.as_bytes()).map(|part| (*part).clone())
    }

    /// Keeps such a part.
    pub fn keep_part<T: Clone + Send + Sync + 'static>(&self, key: String, part: &T) {
        self.keep(key.into_bytes(), Arc::new(part.clone()), PART);
    }
}

/// The moment of a request, where what is made for it may be kept.
pub fn now_of(req: &HttpRequest) -> Option<Now> {
    req.extensions().get::<Now>().cloned()
}

/// A request as it came, whole but for the line of what its sender has already.
fn head_of(req: &ServiceRequest) -> Option<Vec<u8>> {
    let is_kept = [Method::GET, Method::POST].contains(req.method())
        && FOLDERS.iter().any(|folder| req.path().starts_with(folder))
        // A message is shown once.
        && raw_cookie(req.request(), FLASH).is_none();
    if !is_kept {
        return None;
    }
    let mut head = format!(
        "{} {}\n{:?}\n",
        req.method(),
        req.uri(),
        req.peer_addr().map(|peer| peer.ip())
    )
    .into_bytes();
    for (name, value) in req.headers() {
        if name == header::IF_NONE_MATCH {
            continue;
        }
        head.extend_from_slice(name.as_str().as_bytes());
        head.push(b':');
        head.extend_from_slice(value.as_bytes());
        head.push(b'\n');
    }
    (head.len() <= LONGEST_HEAD).then_some(head)
}

/// What an answer is kept under that a body was a part of.
fn with(head: &[u8], body: &[u8]) -> Vec<u8> {
    [head, b"\n", body].concat()
}

/// The body of a request, which stays there to be read. Nothing is read of one that may be too long.
async fn body_of(req: &mut ServiceRequest) -> Bytes {
    let length = req.headers().get(header::CONTENT_LENGTH);
    let length = length.and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    if length.is_none_or(|length| length > LONGEST_HEAD) {
        return Bytes::new();
    }
    let read = req.extract::<RawBody<LONGEST_HEAD>>().await;
    let (body, again) = match read {
        Ok(RawBody(body)) => (body.clone(), Ok(body)),
        // Whoever reads it meets the same.
        Err(_) => (Bytes::new(), Err(PayloadError::Incomplete(None))),
    };
    req.set_payload(Payload::Stream {
        payload: Box::pin(futures_util::stream::once(std::future::ready(again))),
    });
    body
}

/// The layer. It stands around compression, so that what is kept is compressed already.
pub async fn around<B: MessageBody + 'static>(
    mut req: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B, BoxBody>>, actix_web::Error> {
    let portal = req.app_data::<Data<Portal>>().cloned();
    let (Some(portal), Some(head)) = (portal, head_of(&req)) else {
        return Ok(next.call(req).await?.map_into_left_body());
    };
    let Some(now) = Now::of(&portal).await else {
        return Ok(next.call(req).await?.map_into_left_body());
    };
    let is_post = *req.method() == Method::POST;
    let mut key = head.clone();
    if is_post && now.find::<Answered>(&head).is_some() {
        key = with(&head, &body_of(&mut req).await);
    }
    let has = req
        .headers()
        .get(header::IF_NONE_MATCH)
        .cloned()
        .filter(|_| !is_post);
    if let Some(answer) = now.find::<Answer>(&key) {
        let response = answer.given(has.as_ref());
        return Ok(req.into_response(response).map_into_right_body());
    }
    req.extensions_mut().insert(now.clone());
    let response = next.call(req).await?;
    let sent = is_post.then(|| {
        let extensions = response.request().extensions();
        extensions
            .get::<ReadsOnly>()
            .and(extensions.get::<Sent>())
            .cloned()
    });
    let may = response.response().extensions().get::<Keep>().is_some()
        && !response.headers().contains_key(header::SET_COOKIE)
        && sent.as_ref().is_none_or(Option::is_some);
    if !may {
        return Ok(response.map_into_left_body());
    }
    if let Some(Sent(body)) = sent.flatten() {
        key = with(&head, &body);
        now.keep(head, Arc::new(Answered), 0);
    }
    let (req, response) = response.into_parts();
    let (response, body) = response.into_parts();
    let body = to_bytes(body)
        .await
        .map_err(|_| Error::internal("an answer broke off"))?;
    let headers = response.headers().clone();
    let is_page = headers
        .get(header::CONTENT_TYPE)
        .is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
    let answer = Arc::new(Answer {
        // Each page has another form token, and none may be put away by a browser.
        etag: (!is_page && !is_post)
            .then(|| HeaderValue::from_str(&format!("\"{}\"", token::fingerprint(&body))).ok())
            .flatten(),
        headers,
        body,
    });
    let response = answer.given(has.as_ref());
    let bytes = answer.body.len();
    now.keep(key, answer, bytes);
    Ok(ServiceResponse::new(req, response).map_into_right_body())
}

impl Answer {
    /// As it goes out: nothing but its name to somebody who has it already.
    fn given(&self, has: Option<&HeaderValue>) -> HttpResponse {
        let same = self.etag.as_ref().is_some_and(|etag| {
            has.and_then(|has| has.to_str().ok())
                .is_some_and(|has| has.split(',').any(|one| one.trim().as_bytes() == etag.as_bytes()))
        });
        let mut response = if same {
            HttpResponse::NotModified().finish()
        } else {
            HttpResponse::Ok().body(self.body.clone())
        };
        for (name, value) in &self.headers {
            if !same || name == header::VARY {
                response.headers_mut().append(name.clone(), value.clone());
            }
        }
        if let Some(etag) = &self.etag {
            response.headers_mut().insert(header::ETAG, etag.clone());
        }
        response
    }
}
