//! Keeps the last requests of API clients in a lab, with their bodies and answers, so that somebody can see what a script
//! really sent. It is off unless somebody has switched it on, and costs one load then; secrets are hidden before anything
//! is kept; what is kept lives in the memory of a process and is bounded in number and bytes.

use super::masked::{self, Masked};
use super::portal::Portal;
use super::surface::{Surface, path_of};
use super::visit::bearer;
use crate::authn::api_client;
use crate::kernel::Moment;
use crate::platform::faults::is_spared;
use crate::platform::token;
use actix_web::body::{BodySize, BoxBody, EitherBody, MessageBody, to_bytes};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::error::PayloadError;
use actix_web::http::header::{self, HeaderMap};
use actix_web::middleware::Next;
use actix_web::web::{Bytes, Data};
use actix_web::{HttpMessage, HttpResponse};
use futures_util::{Stream, StreamExt};
use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// Requests that are kept at most; the oldest go.
pub const MOST: usize = 200;
/// A longer body is not kept. Bytes.
pub const LONGEST: usize = 64 * 1024;
/// Bytes of all that is kept at most; the oldest go.
pub const ROOM: usize = 4 << 20;
/// A longer address is not kept whole. Bytes.
const LONGEST_TARGET: usize = 4096;
/// With what a request that is carried out again names itself, so that it is not kept as another one.
pub const REPLAY: &str = "licentral-replay";

/// What is kept of a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    /// There was none.
    None,
    /// As it was sent.
    Whole(String),
    /// With its secrets hidden.
    Masked(String),
    /// It is not kept: why.
    NotKept(&'static str),
}

impl Body {
    /// What is shown of it.
    pub fn text(&self) -> &str {
        match self {
            Self::None => "",
            Self::Whole(text) | Self::Masked(text) => text,
            Self::NotKept(why) => why,
        }
    }

    fn of(bytes: &[u8], kind: &str) -> Self {
        if bytes.is_empty() {
            return Self::None;
        }
        let Ok(text) = std::str::from_utf8(bytes) else {
            return Self::NotKept("It is no text.");
        };
        let masked = if kind.contains("json") {
            masked::json(text)
        } else if kind.starts_with("application/x-www-form-urlencoded") {
            Some(masked::form(text))
        } else {
            None
        };
        match masked {
            None => Self::NotKept("Only JSON and forms are kept."),
            Some(Masked {
                text,
                had_secrets: true,
            }) => Self::Masked(text),
            Some(Masked { text, .. }) => Self::Whole(text),
        }
    }
}

/// What came of carrying a request out again.
#[derive(Debug, Clone)]
pub struct Replayed {
    /// Wall time.
    pub at: Moment,
    /// The status.
    pub status: u16,
    /// The answer.
    pub answer: Body,
}

/// A request and its answer.
#[derive(Debug, Clone)]
pub struct Exchange {
    /// Counted up in this process.
    pub number: u64,
    /// Wall time.
    pub at: Moment,
    /// Id of the API client.
    pub client: String,
    /// The method.
    pub method: String,
    /// Path and query, as they were sent but for secrets.
    pub target: String,
    /// Whether there was a secret in it.
    pub target_had_secrets: bool,
    /// Of the body.
    pub kind: String,
    /// What was sent.
    pub body: Body,
    /// The status.
    pub status: u16,
    /// The answer.
    pub answer: Body,
    /// Milliseconds.
    pub took_ms: u64,
    /// When it was carried out again.
    pub replayed: Option<Replayed>,
}

impl Exchange {
    fn bytes(&self) -> usize {
        let again = self.replayed.as_ref().map_or(0, |one| one.answer.text().len());
        self.target.len() + self.body.text().len() + self.answer.text().len() + again
    }

    /// Why it cannot be carried out again as it was.
    pub fn against_replay(&self) -> Option<&'static str> {
        match self.body {
            Body::NotKept(_) => Some("Its body was not kept."),
            Body::Masked(_) => Some("Its body held a secret, and secrets are not kept."),
            _ if self.target_had_secrets => Some("Its address held a secret, and secrets are not kept."),
            _ if self.target.len() >= LONGEST_TARGET => Some("Its address was not kept whole."),
            _ => None,
        }
    }
}

#[derive(Default)]
struct Inner {
    only: Option<String>,
    last: u64,
    kept: VecDeque<Exchange>,
    bytes: usize,
}

impl Inner {
    fn make_room(&mut self) {
        while self.kept.len() > MOST || self.bytes > ROOM {
            let Some(oldest) = self.kept.pop_front() else {
                break;
            };
            self.bytes = self.bytes.saturating_sub(oldest.bytes());
        }
    }
}

/// What is kept of the requests of a portal.
pub struct Recorder {
    is_on: AtomicBool,
    inner: Mutex<Inner>,
    /// Nobody else can name a request so.
    replay_key: String,
}

impl Default for Recorder {
    fn default() -> Self {
        Self {
            is_on: AtomicBool::new(false),
            inner: Mutex::default(),
            replay_key: token::random(),
        }
    }
}

impl Recorder {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Switches it on, for all clients or for one.
    pub fn switch_on(&self, only: Option<String>) {
        self.inner().only = only;
        self.is_on.store(true, Ordering::Release);
    }

    /// Switches it off. What is kept stays.
    pub fn switch_off(&self) {
        self.is_on.store(false, Ordering::Release);
        self.inner().only = None;
    }

    /// Whether it is on, and for which client alone.
    pub fn state(&self) -> (bool, Option<String>) {
        (self.is_on.load(Ordering::Acquire), self.inner().only.clone())
    }

    /// Forgets everything; says how much it was.
    pub fn forget(&self) -> usize {
        let mut inner = self.inner();
        inner.bytes = 0;
        std::mem::take(&mut inner.kept).len()
    }

    /// What is kept, the newest first.
    pub fn list(&self) -> Vec<Exchange> {
        self.inner().kept.iter().rev().cloned().collect()
    }

    /// One of them.
    pub fn find(&self, number: u64) -> Option<Exchange> {
        self.inner().kept.iter().find(|one| one.number == number).cloned()
    }

    /// With what a request that is carried out again names itself.
    pub fn replay_key(&self) -> &str {
        &self.replay_key
    }

    /// Keeps what came of carrying one out again.
    pub fn keep_replay(&self, number: u64, replayed: Replayed) {
        let mut inner = self.inner();
        let Some(one) = inner.kept.iter_mut().find(|one| one.number == number) else {
            return;
        };
        let before = one.bytes();
        one.replayed = Some(replayed);
        let after = one.bytes();
        inner.bytes = inner.bytes.saturating_sub(before) + after;
        inner.make_room();
    }

    fn wants(&self, client: &str) -> bool {
        self.inner().only.as_ref().is_none_or(|only| only == client)
    }

    fn keep(&self, mut one: Exchange) {
        let mut inner = self.inner();
        inner.last += 1;
        one.number = inner.last;
        inner.bytes += one.bytes();
        inner.kept.push_back(one);
        inner.make_room();
    }
}

/// An answer as the program that asked gets it, for what is kept.
pub fn answer_body(bytes: &[u8], kind: &str) -> Body {
    if bytes.len() > LONGEST {
        Body::NotKept(TOO_LONG)
    } else {
        Body::of(bytes, kind)
    }
}

const TOO_LONG: &str = "It is longer than what is kept.";

type Answered<B> = Result<ServiceResponse<EitherBody<B, BoxBody>>, actix_web::Error>;

/// The layer. It stands outside of what is kept of pages, so that an answer that was made already is seen as well.
pub async fn around<B: MessageBody + 'static>(mut req: ServiceRequest, next: Next<B>) -> Answered<B> {
    let Some((portal, client)) = wanted(&req) else {
        return next.call(req).await.map(ServiceResponse::map_into_left_body);
    };
    // What goes out is to be read here.
    req.headers_mut().remove(header::ACCEPT_ENCODING);
    let is_announced = announces_body(req.headers());
    let sent = copy_body(&mut req);
    let (begun, at) = (Instant::now(), portal.clock.wall());
    let target = target(&req);
    let mut one = Exchange {
        number: 0,
        at,
        client,
        method: req.method().to_string(),
        target_had_secrets: target.had_secrets,
        target: target.text,
        kind: kind_of(req.headers()),
        body: Body::None,
        status: 0,
        answer: Body::None,
        took_ms: 0,
        replayed: None,
    };
    let answer = next.call(req).await?;
    one.body = match sent.body(&one.kind) {
        Body::None if is_announced => Body::NotKept("The portal answered before it read it."),
        read => read,
    };
    one.status = answer.status().as_u16();
    let (req, answer) = answer.into_parts();
    let kind = kind_of(answer.headers());
    let (answer, body) = answer.into_parts();
    let keeps = match body.size() {
        BodySize::None | BodySize::Sized(0) => None,
        BodySize::Sized(bytes) => Some(usize::try_from(bytes).is_ok_and(|bytes| bytes <= LONGEST)),
        BodySize::Stream => Some(false),
    };
    let answer: HttpResponse<EitherBody<B, BoxBody>> = if keeps == Some(true) {
        let bytes = to_bytes(body).await.unwrap_or_default();
        one.answer = Body::of(&bytes, &kind);
        answer.set_body(EitherBody::right(BoxBody::new(bytes)))
    } else {
        if keeps == Some(false) {
            one.answer = Body::NotKept(TOO_LONG);
        }
        answer.set_body(EitherBody::left(body))
    };
    one.took_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
    portal.lab.recorder.keep(one);
    Ok(ServiceResponse::new(req, answer))
}

/// The portal and the client, of a request that is to be kept.
fn wanted(req: &ServiceRequest) -> Option<(Data<Portal>, String)> {
    let portal = req.app_data::<Data<Portal>>()?;
    let recorder = &portal.lab.recorder;
    if !recorder.is_on.load(Ordering::Relaxed) || !portal.config.is_lab() || is_spared(req.path()) {
        return None;
    }
    if !Surface::of(&path_of(req.request())).takes_access_tokens() {
        return None;
    }
    let replays = req.headers().get(REPLAY);
    if replays.is_some_and(|key| token::same(key.to_str().unwrap_or_default(), recorder.replay_key())) {
        return None;
    }
    let access = bearer(req.request())?;
    let client = api_client::client_of(&portal.signing, portal.clock.wall(), &access)?;
    recorder.wants(&client).then(|| (portal.clone(), client))
}

/// Whether a body comes with it.
fn announces_body(headers: &HeaderMap) -> bool {
    headers.contains_key(header::TRANSFER_ENCODING)
        || headers
            .get(header::CONTENT_LENGTH)
            .is_some_and(|length| length.as_bytes() != b"0")
}

fn kind_of(headers: &HeaderMap) -> String {
    let kind = headers
        .get(header::CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok());
    kind.unwrap_or_default()
        .chars()
        .take(100)
        .collect::<String>()
        .to_ascii_lowercase()
}

fn target(req: &ServiceRequest) -> Masked {
    let query = masked::form(req.query_string());
    let text = if query.text.is_empty() {
        req.path().to_owned()
    } else {
        format!("{}?{}", req.path(), query.text)
    };
    Masked {
        text: text.chars().take(LONGEST_TARGET).collect(),
        had_secrets: query.had_secrets,
    }
}

/// A copy of what a handler reads of the body.
#[derive(Clone, Default)]
struct Copied(Arc<Mutex<(Vec<u8>, bool)>>);

impl Copied {
    fn take_in(&self, piece: &Bytes) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.0.len() + piece.len() > LONGEST {
            kept.1 = true;
        } else if !kept.1 {
            kept.0.extend_from_slice(piece);
        }
    }
    fn body(&self, kind: &str) -> Body {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.1 {
            Body::NotKept(TOO_LONG)
        } else {
            Body::of(&kept.0, kind)
        }
    }
}

type Pieces = Pin<Box<dyn Stream<Item = Result<Bytes, PayloadError>>>>;

/// Lets the body pass as it comes, and copies it.
fn copy_body(req: &mut ServiceRequest) -> Copied {
    let copied = Copied::default();
    let copy = copied.clone();
    let pieces: Pieces = Box::pin(req.take_payload().map(move |piece| {
        if let Ok(piece) = &piece {
            copy.take_in(piece);
        }
        piece
    }));
    req.set_payload(Payload::from(pieces));
    copied
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exchange(bytes: usize) -> Exchange {
        Exchange {
            number: 0,
            at: Moment::parse("2026-11-29T08:00:00Z").unwrap(),
            client: "c".into(),
            method: "GET".into(),
            target: "/api/v1/me".into(),
            target_had_secrets: false,
            kind: String::new(),
            body: Body::None,
            status: 200,
            answer: Body::Whole("x".repeat(bytes)),
            took_ms: 0,
            replayed: None,
        }
    }

    #[test]
    fn it_is_bounded_in_number_and_bytes() {
        let recorder = Recorder::default();
        for _ in 0..MOST + 10 {
            recorder.keep(exchange(10));
        }
        assert_eq!((recorder.list().len(), recorder.list()[0].number), (MOST, 210));
        for _ in 0..MOST {
            recorder.keep(exchange(LONGEST));
        }
        let kept = recorder.list();
        assert!(kept.iter().map(Exchange::bytes).sum::<usize>() <= ROOM);
        assert_eq!(kept.len(), ROOM / (LONGEST + 10));
        assert_eq!((recorder.forget(), recorder.list().len()), (kept.len(), 0));
    }

    #[test]
    fn what_is_not_kept_whole_is_not_carried_out_again() {
        let with = |body| Exchange { body, ..exchange(1) };
        assert_eq!(with(Body::None).against_replay(), None);
        assert_eq!(
            with(Body::of(b"{\"a\": 1}", "application/json")).against_replay(),
            None
        );
        for (bytes, kind) in [
            (&b"{\"password\": \"x\"}"[..], "application/json"),
            (b"a,b", "text/csv"),
            (b"\xff", "application/json"),
        ] {
            assert!(with(Body::of(bytes, kind)).against_replay().is_some(), "{kind}");
        }
        let copied = Copied::default();
        copied.take_in(&Bytes::from(vec![b'1'; LONGEST]));
        copied.take_in(&Bytes::from_static(b"2"));
        assert_eq!(copied.body("application/json"), Body::NotKept(TOO_LONG));
    }
}
