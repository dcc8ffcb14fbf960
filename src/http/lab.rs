//! What a lab does to a request before anybody sees it: it waits while the lab is put into another state, and it meets the
//! faults that somebody has asked for. In production this layer does nothing.

use super::connections::Seat;
use super::portal::Portal;
use super::recorder::Recorder;
use super::surface::{self, Surface};
use super::visit::Visit;
use crate::authn::Via;
use crate::kernel::Moment;
use crate::platform::faults::{self, Effect, Faults, Rule, is_spared};
use crate::platform::fleet::Fleet;
use actix_web::body::{BodySize, BoxBody, EitherBody, MessageBody, SizedStream, to_bytes};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::{StatusCode, header};
use actix_web::middleware::Next;
use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse};
use futures_util::{StreamExt, stream};
use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, PoisonError};
use std::time::Duration;
use tokio::sync::{Mutex, OwnedMutexGuard, OwnedRwLockReadGuard, OwnedRwLockWriteGuard, RwLock};

/// The state of a lab that is no data.
#[derive(Default)]
pub struct Lab {
    gate: Arc<RwLock<()>>,
    wheel: Arc<Mutex<()>>,
    /// The faults that somebody has asked for.
    pub faults: Arc<Faults>,
    /// The last requests of API clients, when somebody wants to see them.
    pub recorder: Recorder,
    /// The simulated fleet, if one runs.
    pub fleet: Arc<Fleet>,
    received: std::sync::Mutex<VecDeque<Received>>,
    scenario: std::sync::Mutex<Option<Arc<str>>>,
}

/// A request that came to the lab's own receiver of webhooks.
#[derive(Debug, Clone)]
pub struct Received {
    /// Wall time.
    pub at: Moment,
    /// The headers of webhooks, by their names.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: String,
    /// Why the signature is none of a webhook of this portal; the webhook's name when it is.
    pub judged: Result<String, &'static str>,
    /// With what it was answered.
    pub status: u16,
}

/// So many requests are kept.
const MOST_RECEIVED: usize = 100;

/// Requests that move the clock or put the lab into another state come one after the other ([`Lab::steer`]), and those that
/// wait for something to become so change nothing: nobody waits for them.
const NOT_WAITED_FOR: &[&str] = &[
    "/simulator/clock",
    "/simulator/scenarios",
    "/simulator/snapshots",
    "/api/v1/simulator/clock",
    "/api/v1/simulator/scenarios",
    "/api/v1/simulator/snapshots",
    "/api/v1/simulator/wait",
    "/api/v1/simulator/receiver",
    "/livez",
];

impl Lab {
    /// Waits until nobody else moves the clock or puts the lab into another state. Of the lab's first portal.
    pub async fn steer(&self) -> OwnedMutexGuard<()> {
        self.wheel.clone().lock_owned().await
    }

    /// Keeps the text of the scenario file that was loaded last: the lab can be reset to it until this process ends. Of the
    /// lab's first portal.
    pub fn keep_scenario(&self, text: &str) {
        *self.scenario.lock().unwrap_or_else(PoisonError::into_inner) = Some(text.into());
    }

    /// The text of the scenario file that was loaded last.
    pub fn kept_scenario(&self) -> Option<Arc<str>> {
        self.scenario
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Keeps a request of the receiver; the oldest goes.
    pub fn receive(&self, one: Received) {
        let mut all = self.received.lock().unwrap_or_else(PoisonError::into_inner);
        all.push_front(one);
        all.truncate(MOST_RECEIVED);
    }

    /// What the receiver has, the newest first.
    pub fn received(&self) -> Vec<Received> {
        let all = self.received.lock().unwrap_or_else(PoisonError::into_inner);
        all.iter().cloned().collect()
    }

    /// Forgets it; says how much it was.
    pub fn forget_received(&self) -> u64 {
        let mut all = self.received.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *all).len() as u64
    }

    /// Waits until no request is under way, and lets none begin until what is returned is dropped.
    pub async fn hold(&self) -> OwnedRwLockWriteGuard<()> {
        self.gate.clone().write_owned().await
    }

    async fn enter(&self, path: &str) -> Option<OwnedRwLockReadGuard<()>> {
        if NOT_WAITED_FOR.iter().any(|folder| path.starts_with(folder)) {
            return None;
        }
        Some(self.gate.clone().read_owned().await)
    }
}

type Answered<B> = Result<ServiceResponse<EitherBody<B, BoxBody>>, actix_web::Error>;

/// The layer.
pub async fn around<B: MessageBody + 'static>(req: ServiceRequest, next: Next<B>) -> Answered<B> {
    let portal = req
        .app_data::<Data<Portal>>()
        .filter(|portal| portal.config.is_lab())
        .cloned();
    let Some(portal) = portal else {
        return next.call(req).await.map(ServiceResponse::map_into_left_body);
    };
    let mut is_cut = false;
    if portal.lab.faults.has_rules() && !is_spared(req.path()) {
        let path = surface::path_of(req.request());
        let status = |code: u16, rule: &Rule| status(&portal, &path, code, rule);
        for rule in striking(&portal, req.request(), &path).await {
            match &rule.asks.effect {
                Effect::Delay(ms) => tokio::time::sleep(Duration::from_millis(*ms)).await,
                Effect::Cut => is_cut = true,
                Effect::Drop => {
                    if let Some(seat) = req.conn_data::<Arc<Seat>>() {
                        seat.hang_up();
                    }
                    return Ok(instead(req, status(503, &rule)));
                }
                Effect::Status(code) => return Ok(instead(req, status(*code, &rule))),
                Effect::Answer(body) => return Ok(instead(req, other_body(body))),
            }
        }
    }
    let _served = portal.lab.enter(req.path()).await;
    let answer = next.call(req).await?;
    if is_cut {
        return cut(answer).await;
    }
    Ok(answer.map_into_left_body())
}

/// The rules that strike this request: delays, and the first of what else there is.
async fn striking(portal: &Portal, req: &HttpRequest, path: &str) -> Vec<Arc<Rule>> {
    let wall = portal.clock.wall();
    let about = portal
        .lab
        .faults
        .about(surface_of(path), req.method().as_str(), req.path());
    // Who asks is found out only where a rule wants to know.
    let who = if about.iter().any(|rule| rule.asks.who.is_some()) {
        names(req).await
    } else {
        Vec::new()
    };
    let mut striking: Vec<Arc<Rule>> = Vec::new();
    for rule in about {
        let is_theirs = rule
            .asks
            .who
            .as_ref()
            .is_none_or(|wanted| who.iter().any(|name| name.eq_ignore_ascii_case(wanted)));
        let is_delay = matches!(rule.asks.effect, Effect::Delay(_));
        let is_needed = is_delay
            || !striking
                .iter()
                .any(|before| !matches!(before.asks.effect, Effect::Delay(_)));
        if is_theirs && is_needed && rule.strikes(wall) {
            striking.push(rule);
        }
    }
    // Delays first: what follows ends the request.
    striking.sort_by_key(|rule| !matches!(rule.asks.effect, Effect::Delay(_)));
    striking
}

/// By which way a request comes, as rules name it.
fn surface_of(path: &str) -> faults::Surface {
    match Surface::of(path) {
        Surface::Page => faults::Surface::Pages,
        Surface::Api => faults::Surface::Api,
        Surface::Device => faults::Surface::Devices,
        Surface::DeviceManager => faults::Surface::OnPrem,
        Surface::Vendor => faults::Surface::Vendor,
    }
}

/// By what a rule may name whoever asks: a person's address, a client's id.
async fn names(req: &HttpRequest) -> Vec<String> {
    let Ok(visit) = Visit::around_refusal(req).await else {
        return Vec::new();
    };
    let Some(actor) = visit.actor else {
        return Vec::new();
    };
    let mut names = vec![actor.person.email.to_string()];
    if let Via::Client { id, .. } = &actor.via {
        names.push(id.clone());
    }
    names
}

fn instead<B: MessageBody>(
    req: ServiceRequest,
    answer: HttpResponse,
) -> ServiceResponse<EitherBody<B, BoxBody>> {
    req.into_response(answer).map_into_right_body()
}

/// An error as the portal sends them at that path, which says that it was asked for.
fn status(portal: &Portal, path: &str, code: u16, rule: &Rule) -> HttpResponse {
    let status = StatusCode::from_u16(code).unwrap_or(StatusCode::SERVICE_UNAVAILABLE);
    let says = format!("A fault rule of this lab answered: {}.", rule.asks.name);
    if Surface::of(path) == Surface::Vendor {
        let mut answer = (portal.dialect.told)(path, status, &says);
        if matches!(code, 429 | 503) {
            super::reply::set_header(&mut answer, "retry-after", "1");
        }
        return answer;
    }
    let body = serde_json::json!({
        "type": "about:blank",
        "title": status.canonical_reason().unwrap_or("Error"),
        "status": status.as_u16(),
        "code": "lab.fault",
        "detail": says,
    });
    let mut answer = HttpResponse::build(status);
    answer.insert_header((header::CONTENT_TYPE, "application/problem+json"));
    if matches!(code, 429 | 503) {
        answer.insert_header((header::RETRY_AFTER, "1"));
    }
    answer.body(body.to_string())
}

fn other_body(body: &str) -> HttpResponse {
    let kind = if body.trim_start().starts_with(['{', '[']) {
        "application/json"
    } else {
        "text/plain; charset=utf-8"
    };
    HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, kind))
        .body(body.to_owned())
}

/// Sends the first half of an answer and ends the connection.
async fn cut<B: MessageBody + 'static>(answer: ServiceResponse<B>) -> Answered<B> {
    let (req, res) = answer.into_parts();
    let (res, body) = res.into_parts();
    if matches!(body.size(), BodySize::None | BodySize::Sized(0)) {
        return Ok(ServiceResponse::new(req, res.set_body(body)).map_into_left_body());
    }
    let whole = to_bytes(body).await.unwrap_or_default();
    let half = whole.slice(..whole.len() / 2);
    // What was handed over goes out before the end, not with it.
    let end = async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        Err(io::Error::from(io::ErrorKind::ConnectionAborted))
    };
    let pieces = stream::iter([Ok::<Bytes, io::Error>(half)]).chain(stream::once(end));
    let length = u64::try_from(whole.len()).unwrap_or(u64::MAX);
    let body = BoxBody::new(SizedStream::new(length, pieces));
    Ok(ServiceResponse::new(req, res.set_body(body)).map_into_right_body())
}
