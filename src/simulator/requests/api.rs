//! Kept requests for scripts.

use super::service;
use crate::authz::action::Operate;
use crate::http::form::{Named, PathPart};
use crate::http::recorder::{Body, Exchange, Replayed};
use crate::http::reply::nothing;
use crate::http::{Answer, JsonBody, May, Param, Portal, json};
use crate::kernel::Moment;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The number of a kept request in an address.
#[derive(Debug, Clone, Copy)]
pub struct RequestNumber(pub u64);

impl std::str::FromStr for RequestNumber {
    type Err = std::num::ParseIntError;
    fn from_str(s: &str) -> Result<Self, Self::Err> {
        s.parse().map(Self)
    }
}
impl Named for RequestNumber {
    const NAME: &'static str = "request";
}

/// What narrows the list.
pub const LIST: &[Param] = &[Param::text("client", "The id of an API client.")];

/// What is kept of a body.
#[derive(Serialize, ToSchema)]
pub struct KeptBody {
    /// none, whole, masked (secrets are hidden) or not-kept.
    kept: &'static str,
    /// The text; of one that is not kept, why.
    text: String,
}

impl From<&Body> for KeptBody {
    fn from(body: &Body) -> Self {
        Self {
            kept: match body {
                Body::None => "none",
                Body::Whole(_) => "whole",
                Body::Masked(_) => "masked",
                Body::NotKept(_) => "not-kept",
            },
            text: body.text().to_owned(),
        }
    }
}

/// What came of carrying a request out again.
#[derive(Serialize, ToSchema)]
pub struct ReplayShape {
    /// By the system's time.
    at: Moment,
    status: u16,
    /// Whether the status is that of the first time.
    same_status: bool,
    answer: KeptBody,
}

/// A request in the list.
#[derive(Serialize, ToSchema)]
pub struct RequestRow {
    number: u64,
    /// By the system's time.
    at: Moment,
    /// Id of the API client.
    client: String,
    method: String,
    /// Path and query.
    target: String,
    status: u16,
    took_ms: u64,
    /// Of the last time that it was carried out again.
    replayed_status: Option<u16>,
}

/// The requests that are kept.
#[derive(Serialize, ToSchema)]
pub struct RequestList {
    /// Whether requests are kept now.
    on: bool,
    /// Of this client alone; null for all.
    client: Option<String>,
    /// The newest first, at most 200.
    items: Vec<RequestRow>,
}

/// A kept request.
#[derive(Serialize, ToSchema)]
pub struct KeptRequest {
    number: u64,
    /// By the system's time.
    at: Moment,
    /// Id of the API client.
    client: String,
    method: String,
    /// Path and query.
    target: String,
    /// Content type of the body.
    kind: String,
    body: KeptBody,
    status: u16,
    answer: KeptBody,
    took_ms: u64,
    /// Why it cannot be carried out again; null when it can.
    against_replay: Option<&'static str>,
    replayed: Option<ReplayShape>,
}

impl From<Exchange> for KeptRequest {
    fn from(one: Exchange) -> Self {
        let again = |replayed: &Replayed| ReplayShape {
            at: replayed.at,
            status: replayed.status,
            same_status: replayed.status == one.status,
            answer: KeptBody::from(&replayed.answer),
        };
        Self {
            against_replay: one.against_replay(),
            replayed: one.replayed.as_ref().map(again),
            number: one.number,
            at: one.at,
            body: KeptBody::from(&one.body),
            answer: KeptBody::from(&one.answer),
            status: one.status,
            took_ms: one.took_ms,
            client: one.client,
            method: one.method,
            target: one.target,
            kind: one.kind,
        }
    }
}

/// Whether requests are to be kept.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Switch {
    on: bool,
    /// Of this client alone; of all when it is left out.
    #[serde(default)]
    #[schema(max_length = 100)]
    client: String,
}

/// Whether requests are kept.
#[derive(Serialize, ToSchema)]
pub struct Recording {
    on: bool,
    /// Of this client alone; null for all.
    client: Option<String>,
}

fn recording(portal: &Portal) -> Recording {
    let (on, client) = portal.lab.recorder.state();
    Recording { on, client }
}

/// GET /api/v1/simulator/requests
pub async fn list(may: May<Operate>) -> Answer {
    let client = url::form_urlencoded::parse(may.query.as_bytes())
        .find(|(key, _)| key == "client")
        .map(|(_, value)| value.trim().to_owned())
        .unwrap_or_default();
    let kept = service::list(&may.portal, &client)?;
    let Recording { on, client } = recording(&may.portal);
    let items = kept.into_iter().map(|one| RequestRow {
        number: one.number,
        at: one.at,
        client: one.client,
        method: one.method,
        target: one.target,
        status: one.status,
        took_ms: one.took_ms,
        replayed_status: one.replayed.map(|again| again.status),
    });
    let items = items.collect();
    json(200, &RequestList { on, client, items })
}

/// PUT /api/v1/simulator/requests
pub async fn switch(may: May<Operate>, body: JsonBody<Switch>) -> Answer {
    service::switch(&may.portal, &may.permit, body.value.on, &body.value.client).await?;
    json(200, &recording(&may.portal))
}

/// DELETE /api/v1/simulator/requests
pub async fn forget(may: May<Operate>) -> Answer {
    service::forget(&may.portal, &may.permit).await?;
    nothing()
}

/// GET /api/v1/simulator/requests/{request}
pub async fn show(may: May<Operate>, number: PathPart<RequestNumber>) -> Answer {
    let one = service::find(&may.portal, number.0.0)?;
    json(200, &KeptRequest::from(one))
}

/// POST /api/v1/simulator/requests/{request}/replay
pub async fn replay(may: May<Operate>, number: PathPart<RequestNumber>) -> Answer {
    let one = service::replay(&may.portal, &may.permit, number.0.0).await?;
    json(200, &KeptRequest::from(one))
}
