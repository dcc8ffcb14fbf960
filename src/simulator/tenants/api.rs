//! Throw-away tenants for scripts.

use super::model::{Batch, MOST_AT_ONCE, Made, USUAL, Wanted};
use super::service;
use crate::authz::action::Operate;
use crate::http::form::PathPart;
use crate::http::reply::nothing;
use crate::http::{Answer, JsonBody, May, json};
use crate::kernel::Moment;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How many tenants are wanted, and what is in them.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewTenants {
    /// 1 to 200.
    #[schema(minimum = 1, maximum = 200)]
    count: u64,
    /// empty: people alone; licensed: Virtual Accounts and licenses as well.
    #[serde(default)]
    #[schema(max_length = 20)]
    part: String,
    /// How long they live: 10 seconds to 7 days; an hour when nothing is said.
    #[serde(default = "usual")]
    #[schema(minimum = 10, maximum = 604_800)]
    seconds: u64,
    /// Small letters, digits and hyphens; one that nobody has thought of when nothing is said.
    #[serde(default)]
    #[schema(max_length = 20)]
    name: String,
}

const fn usual() -> u64 {
    USUAL
}

/// Somebody in a tenant.
#[derive(Serialize, ToSchema)]
pub struct TenantPerson {
    email: String,
    role: &'static str,
    client_id: String,
    /// Stands in this answer alone.
    client_secret: String,
}

/// A tenant that was made.
#[derive(Serialize, ToSchema)]
pub struct MadeTenant {
    number: i64,
    name: String,
    domain: String,
    /// Administrator, user and viewer; their password is the one of everybody in a lab.
    people: Vec<TenantPerson>,
}

impl From<Made> for MadeTenant {
    fn from(made: Made) -> Self {
        Self {
            number: made.number,
            name: made.name,
            domain: made.domain,
            people: made
                .people
                .into_iter()
                .map(|one| TenantPerson {
                    email: one.email,
                    role: one.role.word(),
                    client_id: one.client_id,
                    client_secret: one.client_secret,
                })
                .collect(),
        }
    }
}

/// Tenants that were made.
#[derive(Serialize, ToSchema)]
pub struct MadeList {
    /// The name under which they were made.
    name: String,
    items: Vec<MadeTenant>,
}

/// A tenant that is there.
#[derive(Serialize, ToSchema)]
pub struct TenantShape {
    /// The name under which it was made.
    name: String,
    number: i64,
    domain: String,
    /// By the system's time.
    expires_at: Moment,
}

/// The tenants that there are.
#[derive(Serialize, ToSchema)]
pub struct TenantList {
    items: Vec<TenantShape>,
    /// How many are made at a time.
    most_at_once: u64,
}

/// GET /api/v1/simulator/tenants
pub async fn list(may: May<Operate>) -> Answer {
    let there = service::list(&may.portal).await?;
    json(
        200,
        &TenantList {
            items: there
                .into_iter()
                .map(|(tenant, account)| TenantShape {
                    name: tenant.batch,
                    number: account.number,
                    domain: account.domain,
                    expires_at: tenant.expires_at,
                })
                .collect(),
            most_at_once: MOST_AT_ONCE,
        },
    )
}

/// POST /api/v1/simulator/tenants
pub async fn make(may: May<Operate>, body: JsonBody<NewTenants>) -> Answer {
    let asked = body.value;
    let wanted = Wanted::read(asked.count, &asked.part, asked.seconds, &asked.name)?;
    let name = wanted.batch.as_str().to_owned();
    let made = service::make(&may.portal, &may.permit, wanted).await?;
    json(
        201,
        &MadeList {
            name,
            items: made.into_iter().map(MadeTenant::from).collect(),
        },
    )
}

/// DELETE /api/v1/simulator/tenants/{batch}
pub async fn remove(may: May<Operate>, batch: PathPart<Batch>) -> Answer {
    service::remove(&may.portal, &may.permit, batch.0.as_str().to_owned()).await?;
    nothing()
}
