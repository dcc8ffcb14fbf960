//! Webhooks, for scripts: what the pages can do.

use super::list::{DELIVERIES, LIST, WEBHOOK};
use super::model::{Delivery, State, Tally, Wanted, Webhook};
use super::operations::{ReplayBody, again, period};
use super::service::{self, Again, NewSecret};
use crate::authz::action::ManageWebhooks;
use crate::error::Result;
use crate::http::form::PathPart;
use crate::http::list::{ListPage, Reading};
use crate::http::reply::nothing;
use crate::http::{Answer, Api, JsonBody, May, Routes, json};
use crate::kernel::Moment;
use crate::kernel::event::Kind;
use crate::kernel::ids::{DeliveryId, EventId, WebhookId};
use actix_web::http::Method;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

const ALL: &str = "/api/v1/accounts/{said}/webhooks";
const ONE: &str = "/api/v1/accounts/{said}/webhooks/{webhook}";

pub fn routes(routes: &mut Routes) {
    webhook_routes(routes);
    delivery_routes(routes);
}

fn webhook_routes(routes: &mut Routes) {
    LIST.operation::<WebhookShape>(routes, ALL, "The webhooks of the account, by name.");
    routes.api(
        Method::POST,
        ALL,
        Api::says("Add a webhook. Its secret stands in this answer alone.")
            .takes::<WebhookBody>()
            .gives::<WebhookAdded>(201),
        add,
    );
    routes.api(
        Method::GET,
        ONE,
        Api::says("One webhook.").gives::<WebhookShape>(200),
        one,
    );
    routes.api(
        Method::PUT,
        ONE,
        Api::says("Change a webhook.")
            .takes::<WebhookBody>()
            .gives::<WebhookShape>(200),
        change,
    );
    routes.api(
        Method::DELETE,
        ONE,
        Api::says("Remove a webhook with its deliveries.").gives_nothing(),
        remove,
    );
    routes.api(
        Method::POST,
        &format!("{ONE}/rotate"),
        Api::says("Sign with another secret. For 24 hours everything is signed with the former one as well.")
            .gives::<WebhookAdded>(200),
        rotate,
    );
    routes.api(
        Method::POST,
        &format!("{ONE}/test"),
        Api::says("Send this webhook a test.").gives::<WebhookShape>(202),
        test,
    );
    routes.api(
        Method::POST,
        &format!("{ONE}/replay"),
        Api::says("Send every event of the kinds of this webhook in a period once more.")
            .takes::<ReplayBody>()
            .gives::<Replayed>(202),
        replay,
    );
}

fn delivery_routes(routes: &mut Routes) {
    routes.api(
        Method::GET,
        &format!("{ONE}/deliveries"),
        Api::says("What the webhook was told, the newest first.")
            .query(&DELIVERIES.params())
            .gives::<ListPage<DeliveryShape>>(200),
        deliveries,
    );
    routes.api(
        Method::GET,
        &format!("{ONE}/deliveries/{{delivery}}"),
        Api::says("One delivery with the body that is sent and the answer.").gives::<DeliveryShape>(200),
        delivery,
    );
    routes.api(
        Method::POST,
        &format!("{ONE}/deliveries/{{delivery}}/replay"),
        Api::says("Send the event of a delivery once more, under a delivery of its own.")
            .gives::<Replayed>(202),
        replay_one,
    );
}

/// A webhook.
#[derive(Debug, Serialize, ToSchema)]
struct WebhookShape {
    #[schema(value_type = String)]
    id: WebhookId,
    name: String,
    /// Where events are sent by POST, as JSON.
    url: String,
    /// Kinds of events, and groups such as licenses.*; empty for all.
    kinds: Vec<String>,
    is_on: bool,
    created_at: Moment,
    /// Until then everything is signed with the former secret as well, by the system's time.
    former_secret_until: Option<Moment>,
    waiting: u64,
    delivered: u64,
    given_up: u64,
}

impl From<(Webhook, Tally)> for WebhookShape {
    fn from((hook, tally): (Webhook, Tally)) -> Self {
        Self {
            id: hook.id,
            kinds: hook.kinds(),
            name: hook.name,
            url: hook.url,
            is_on: hook.is_on,
            created_at: hook.created_at,
            former_secret_until: hook.former_until,
            waiting: tally.waiting,
            delivered: tally.delivered,
            given_up: tally.given_up,
        }
    }
}

/// A webhook as it is to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct WebhookBody {
    #[schema(min_length = 2, max_length = 100)]
    name: String,
    /// An address that the portal may reach.
    #[schema(min_length = 8, max_length = 500)]
    url: String,
    /// Kinds of events, and groups such as licenses.*; empty for all.
    #[serde(default)]
    #[schema(max_items = 200)]
    kinds: Vec<String>,
    #[serde(default = "yes")]
    is_on: bool,
}

const fn yes() -> bool {
    true
}

impl WebhookBody {
    fn wanted(&self, may: &May<ManageWebhooks>) -> Result<Wanted> {
        Wanted::read(
            &may.portal.config.reach,
            &self.name,
            &self.url,
            &self.kinds.join(" "),
            self.is_on,
        )
    }
}

/// A webhook and the secret with which it signs from now on.
#[derive(Debug, Serialize, ToSchema)]
struct WebhookAdded {
    webhook: WebhookShape,
    /// Shown this once.
    secret: String,
}

/// How many events are sent once more.
#[derive(Debug, Serialize, ToSchema)]
struct Replayed {
    events: u64,
}

/// An event that a webhook is told.
#[derive(Debug, Serialize, ToSchema)]
struct DeliveryShape {
    #[schema(value_type = String)]
    id: DeliveryId,
    #[schema(value_type = String)]
    event: EventId,
    #[schema(value_type = String)]
    kind: Kind,
    /// waiting, delivered or given-up.
    #[schema(value_type = String)]
    state: State,
    is_replay: bool,
    attempts: i32,
    created_at: Moment,
    delivered_at: Option<Moment>,
    /// Of the newest try, by the system's time.
    tried_at: Option<Moment>,
    /// The status of the newest answer.
    status: Option<i32>,
    took_ms: Option<i32>,
    /// Why it was not taken, or empty.
    problem: String,
    /// The body that is sent; only of a delivery that is asked for by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    request: Option<String>,
    /// The beginning of the body of the newest answer; only of a delivery that is asked for by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    answer: Option<String>,
}

impl From<Delivery> for DeliveryShape {
    fn from(one: Delivery) -> Self {
        Self {
            id: one.id,
            event: one.event,
            kind: one.kind,
            state: one.state(),
            is_replay: one.is_replay,
            attempts: one.attempts,
            created_at: one.created_at,
            delivered_at: one.sent_at,
            tried_at: one.tried_at,
            status: one.last_status,
            took_ms: one.took_ms,
            problem: one.last_problem,
            request: None,
            answer: None,
        }
    }
}

async fn shape(may: &May<ManageWebhooks>, id: WebhookId) -> Result<WebhookShape> {
    let found = may.reads(move |r, permit| service::one(r, permit, id)).await?;
    Ok(WebhookShape::from(found))
}

async fn add(may: May<ManageWebhooks>, body: JsonBody<WebhookBody>) -> Answer {
    let wanted = body.value.wanted(&may)?;
    let id = WebhookId::new();
    let secret = NewSecret::make(&may.portal.signing, id)?;
    let kept = secret.clone();
    may.does(move |tx, permit, at| service::add(tx, permit, at, id, &kept, &wanted))
        .await?;
    json(
        201,
        &WebhookAdded {
            webhook: shape(&may, id).await?,
            secret: secret.shown,
        },
    )
}

async fn one(may: May<ManageWebhooks>, id: PathPart<WebhookId>) -> Answer {
    json(200, &shape(&may, id.0).await?)
}

async fn change(may: May<ManageWebhooks>, id: PathPart<WebhookId>, body: JsonBody<WebhookBody>) -> Answer {
    // What is not there is not there, whatever was sent.
    shape(&may, id.0).await?;
    let wanted = body.value.wanted(&may)?;
    may.does(move |tx, permit, at| service::change(tx, permit, at, id.0, None, &wanted))
        .await?;
    json(200, &shape(&may, id.0).await?)
}

async fn remove(may: May<ManageWebhooks>, id: PathPart<WebhookId>) -> Answer {
    may.does(move |tx, permit, at| service::remove(tx, permit, at, id.0))
        .await?;
    nothing()
}

async fn rotate(may: May<ManageWebhooks>, id: PathPart<WebhookId>) -> Answer {
    let secret = NewSecret::make(&may.portal.signing, id.0)?;
    let kept = secret.clone();
    let wall = may.portal.clock.wall();
    may.does(move |tx, permit, at| service::rotate(tx, permit, at, wall, id.0, &kept))
        .await?;
    json(
        200,
        &WebhookAdded {
            webhook: shape(&may, id.0).await?,
            secret: secret.shown,
        },
    )
}

async fn test(may: May<ManageWebhooks>, id: PathPart<WebhookId>) -> Answer {
    may.does(move |tx, permit, at| service::test(tx, permit, at, id.0))
        .await?;
    json(202, &shape(&may, id.0).await?)
}

async fn replay(may: May<ManageWebhooks>, id: PathPart<WebhookId>, body: JsonBody<ReplayBody>) -> Answer {
    shape(&may, id.0).await?;
    let (from, until) = period(&body.value.from, &body.value.to)?;
    let events = again(&may, id.0, Again::Between(from, until)).await?;
    json(202, &Replayed { events })
}

async fn replay_one(
    may: May<ManageWebhooks>,
    id: PathPart<WebhookId>,
    delivery: PathPart<DeliveryId>,
) -> Answer {
    let events = again(&may, id.0, Again::One(delivery.0)).await?;
    json(202, &Replayed { events })
}

async fn deliveries(may: May<ManageWebhooks>, id: PathPart<WebhookId>) -> Answer {
    let of = Reading::of(&may, &may.path).with(WEBHOOK, id.0.as_str());
    DELIVERIES.items(of, &may, &may.permit, DeliveryShape::from).await
}

async fn delivery(
    may: May<ManageWebhooks>,
    id: PathPart<WebhookId>,
    delivery: PathPart<DeliveryId>,
) -> Answer {
    let (_, found, body) = may
        .reads(move |r, permit| service::delivery(r, permit, id.0, delivery.0))
        .await?;
    let answer = found.last_status.map(|_| found.last_answer.clone());
    json(
        200,
        &DeliveryShape {
            request: Some(body),
            answer,
            ..DeliveryShape::from(found)
        },
    )
}
