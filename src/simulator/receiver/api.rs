//! The receiver for webhooks and scripts.

use crate::authz::action::{ControlClock, Operate};
use crate::authz::grants;
use crate::error::{Error, Problems, Result};
use crate::http::form::{PathPart, RawBody};
use crate::http::lab::Received;
use crate::http::reply::nothing;
use crate::http::{Answer, JsonBody, LabOnly, May, json};
use crate::kernel::ids::WebhookId;
use crate::kernel::{Moment, Name};
use crate::webhooks::{self, DELIVERY, EVENT, Heard, Judged, NewSecret, SIGNATURE, WEBHOOK};
use actix_web::{HttpRequest, HttpResponse};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// POST /api/v1/simulator/receiver
pub async fn receive(lab: LabOnly, req: HttpRequest, body: RawBody) -> Answer {
    let header = |name: &'static str| {
        req.headers()
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
            .to_owned()
    };
    let body = String::from_utf8_lossy(&body.0).into_owned();
    let (portal, wall) = (lab.portal.clone(), lab.portal.clock.wall());
    let (hook, signature, signed) = (header(WEBHOOK), header(SIGNATURE), body.clone());
    let judged = portal
        .db
        .read({
            let signing = portal.signing.clone();
            move |r| webhooks::judge(r, &signing, wall, &hook, &signature, &signed)
        })
        .await?;
    let judged = match judged {
        Judged::Good(name) => Ok(name),
        Judged::Bad(why) => Err(why),
    };
    let asked = url::form_urlencoded::parse(lab.query.as_bytes())
        .find(|(key, _)| key == "status")
        .and_then(|(_, value)| value.parse().ok());
    let status: u16 = asked.unwrap_or(if judged.is_ok() { 204 } else { 401 });
    portal.lab.receive(Received {
        at: wall,
        headers: [DELIVERY, WEBHOOK, EVENT, SIGNATURE]
            .map(|name| (name, header(name)))
            .into(),
        body,
        judged,
        status,
    });
    let status = actix_web::http::StatusCode::from_u16(status).unwrap_or(actix_web::http::StatusCode::OK);
    Ok(HttpResponse::new(status))
}

/// A request that the receiver got.
#[derive(Serialize, ToSchema)]
pub struct ReceivedShape {
    /// By the system's time.
    at: Moment,
    /// The kind of event.
    kind: String,
    /// The id of the delivery.
    delivery: String,
    /// The header with time and signatures.
    signature: String,
    /// Whether it was made with the secret of a webhook of this portal a short while ago.
    is_good: bool,
    /// Why it was not, or empty.
    problem: String,
    /// The body.
    body: String,
    /// With what it was answered.
    status: u16,
}

impl ReceivedShape {
    fn of(one: &Received) -> Self {
        let header = |wanted: &str| {
            one.headers
                .iter()
                .find(|(name, _)| *name == wanted)
                .map(|(_, value)| value.clone())
                .unwrap_or_default()
        };
        Self {
            at: one.at,
            kind: header(EVENT),
            delivery: header(DELIVERY),
            signature: header(SIGNATURE),
            is_good: one.judged.is_ok(),
            problem: one.judged.as_ref().err().copied().unwrap_or_default().to_owned(),
            body: one.body.clone(),
            status: one.status,
        }
    }
}

/// What the receiver got.
#[derive(Serialize, ToSchema)]
pub struct ReceivedList {
    /// The newest first; 100 are kept.
    items: Vec<ReceivedShape>,
}

/// GET /api/v1/simulator/receiver
pub async fn list(may: May<ControlClock>) -> Answer {
    in_a_lab(&may.portal)?;
    json(
        200,
        &ReceivedList {
            items: may.portal.lab.received().iter().map(ReceivedShape::of).collect(),
        },
    )
}

/// DELETE /api/v1/simulator/receiver
pub async fn clear(may: May<ControlClock>) -> Answer {
    in_a_lab(&may.portal)?;
    may.portal.lab.forget_received();
    nothing()
}

pub fn in_a_lab(portal: &crate::http::Portal) -> Result<()> {
    if portal.config.is_lab() {
        Ok(())
    } else {
        Err(Error::NotFound)
    }
}

/// To what a command listens.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ListenBody {
    /// Domain or name of the account.
    #[schema(min_length = 1, max_length = 255)]
    account: String,
    /// Where the webhook goes: an address of this computer.
    #[schema(min_length = 8, max_length = 500)]
    url: String,
    /// The name of the webhook.
    #[schema(min_length = 2, max_length = 100)]
    name: String,
    /// Kinds of events; empty for all.
    #[serde(default)]
    #[schema(max_items = 200)]
    kinds: Vec<String>,
}

/// A webhook for a command that listens.
#[derive(Serialize, ToSchema)]
pub struct Listening {
    #[schema(value_type = String)]
    id: WebhookId,
    /// With what it signs.
    secret: String,
}

/// POST /api/v1/simulator/listeners
pub async fn listen(may: May<Operate>, body: JsonBody<ListenBody>) -> Answer {
    in_a_lab(&may.portal)?;
    let ListenBody {
        account,
        url,
        name,
        kinds,
    } = body.value;
    let mut problems = Problems::default();
    let by_name = may.portal.config.edition.is_on_prem();
    let tenant = may
        .portal
        .db
        .read(move |r| match grants::number_of(r, &account, by_name)? {
            Some(number) => grants::tenant_by_number(r, number),
            None => Ok(None),
        })
        .await?;
    if tenant.is_none() {
        problems.add("account", "There is no such account.");
    }
    let name = problems.take("name", Name::parse(&name, "Name"));
    let url = problems.take("url", may.portal.config.reach.url(&url));
    let kinds = problems.take("kinds", webhooks::kinds(&kinds.join(" ")));
    let (Some(tenant), Some(name), Some(url), Some(kinds)) = (tenant, name, url, kinds) else {
        return Err(Error::Invalid(problems));
    };
    let id = WebhookId::new();
    let secret = NewSecret::make(&may.portal.signing, id)?;
    let kept = secret.clone();
    let heard = Heard { name, url, kinds };
    may.does(move |tx, permit, at| {
        webhooks::listen(tx, &permit.who().label, at, tenant.id, (id, &kept), &heard)
    })
    .await?;
    may.portal.jobs.nudge();
    json(
        201,
        &Listening {
            id,
            secret: secret.shown,
        },
    )
}

/// DELETE /api/v1/simulator/listeners/{webhook}
pub async fn stop_listening(may: May<Operate>, id: PathPart<WebhookId>) -> Answer {
    in_a_lab(&may.portal)?;
    may.does(move |tx, permit, at| webhooks::stop_listening(tx, &permit.who().label, at, id.0))
        .await?;
    nothing()
}
