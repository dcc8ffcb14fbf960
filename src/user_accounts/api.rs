//! User accounts for scripts.

use super::list::LIST;
use super::pages::{account, disable_now, enable_now};
use crate::authn::people::Account;
use crate::authn::{PersonState, PlatformRole};
use crate::authz::action::ManagePeople;
use crate::http::form::PathPart;
use crate::http::{Answer, Api, JsonBody, May, Routes, json};
use crate::kernel::Moment;
use crate::kernel::ids::PersonId;
use actix_web::http::Method;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub fn routes(routes: &mut Routes) {
    LIST.operation::<UserAccount>(routes, "/api/v1/user-accounts", "Everybody's user accounts.");
    routes.api(
        Method::POST,
        "/api/v1/user-accounts/{person}/disable",
        Api::says("Disable a user account: no way of sign-in works any more, sessions and API clients end at once, and its owner is told by mail. The last operator cannot be disabled.")
            .takes::<Why>()
            .gives::<UserAccount>(200),
        disable,
    );
    routes.api(
        Method::POST,
        "/api/v1/user-accounts/{person}/enable",
        Api::says("Enable a user account again. API clients that were revoked stay revoked.")
            .gives::<UserAccount>(200),
        enable,
    );
}

/// A user account.
#[derive(Debug, Serialize, ToSchema)]
struct UserAccount {
    id: PersonId,
    name: String,
    email: String,
    /// Whether its owner can sign in.
    status: PersonState,
    /// Over the whole portal.
    platform_roles: Vec<PlatformRole>,
    has_second_factor: bool,
    /// Whether an account of an identity provider lets its owner in.
    is_linked: bool,
    added_at: Moment,
}

impl From<Account> for UserAccount {
    fn from(one: Account) -> Self {
        Self {
            id: one.id,
            name: one.name,
            email: one.email,
            status: one.state,
            platform_roles: one.roles,
            has_second_factor: one.has_second_factor,
            is_linked: one.is_linked,
            added_at: one.created_at,
        }
    }
}

/// Why somebody is disabled.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Why {
    /// Recorded, and told to the owner.
    reason: String,
}

async fn disable(may: May<ManagePeople>, id: PathPart<PersonId>, body: JsonBody<Why>) -> Answer {
    disable_now(&may, id.0, &body.value.reason).await?;
    json(200, &UserAccount::from(account(&may, id.0).await?))
}

async fn enable(may: May<ManagePeople>, id: PathPart<PersonId>) -> Answer {
    enable_now(&may, id.0).await?;
    json(200, &UserAccount::from(account(&may, id.0).await?))
}
