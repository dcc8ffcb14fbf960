//! Requests for access: sending, listing and deciding.

use crate::access_requests::list::BOTH;
use crate::access_requests::model::{AccessRequest, AccessState, LONGEST_NOTE, ScopeKind};
use crate::access_requests::operations::{approve_now, decline_now, send_now};
use crate::access_requests::service::{self, Details, Wish};
use crate::authz::Role;
use crate::authz::action::{DecideAccess, RequestAccess, ViewAccessRequests, ViewDirectory};
use crate::error::{Error, Result};
use crate::http::form::PathPart;
use crate::http::{Answer, Api, IdempotencyKey, JsonBody, May, Routes, Visit, json};
use crate::kernel::ids::{AccessRequestId, VirtualAccountId};
use crate::kernel::{Moment, text};
use actix_web::http::Method;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The operations.
pub(super) fn routes(routes: &mut Routes) {
    const OWN: &str = "/api/v1/access-requests";
    const ALL: &str = "/api/v1/accounts/{said}/access-requests";
    const ONE: &str = "/api/v1/accounts/{said}/access-requests/{access}";
    routes.api(
        Method::GET,
        OWN,
        Api::says("One's own requests for access, the newest first.").gives::<OwnAccessRequests>(200),
        own,
    );
    routes.api(
        Method::POST,
        OWN,
        Api::says("Request access to a Smart Account.")
            .takes::<NewAccessRequest>()
            .gives::<AccessRequestShape>(201)
            .once(),
        send,
    );
    routes.api(
        Method::GET,
        "/api/v1/access-requests/{access}",
        Api::says("One of one's own requests for access.").gives::<AccessRequestShape>(200),
        own_one,
    );
    routes.api(
        Method::POST,
        "/api/v1/access-requests/{access}/withdraw",
        Api::says("Take one's own request for access back.").gives::<AccessRequestShape>(200),
        withdraw,
    );
    BOTH.operation::<AccessRequestShape>(
        routes,
        ALL,
        "Requests for access to a Smart Account, as far as one can decide them.",
    );
    routes.api(
        Method::GET,
        ONE,
        Api::says("One request for access.").gives::<AccessRequestShape>(200),
        one,
    );
    routes.api(
        Method::POST,
        "/api/v1/accounts/{said}/access-requests/{access}/approve",
        Api::says(
            "Approve a request for access, with a scope and a role that may differ from what was asked.",
        )
        .takes::<AccessGift>()
        .gives::<AccessRequestShape>(200),
        approve,
    );
    routes.api(
        Method::POST,
        "/api/v1/accounts/{said}/access-requests/{access}/decline",
        Api::says("Decline a request for access.")
            .takes::<AccessRefusal>()
            .gives::<AccessRequestShape>(200),
        decline,
    );
}

/// A request for access that is to be sent.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewAccessRequest {
    /// The entire Account Domain Identifier.
    #[schema(min_length = 1)]
    pub(super) domain: String,
    /// Scope of access.
    pub(super) scope: ScopeKind,
    /// User role.
    pub(super) role: Role,
    /// Ids of the selected Virtual Accounts.
    #[serde(default)]
    pub(super) virtual_accounts: Vec<VirtualAccountId>,
    /// Exact names of further Virtual Accounts: a Restricted one is not listed.
    #[serde(default)]
    pub(super) virtual_account_names: Vec<String>,
    /// Note to the administrators.
    #[serde(default)]
    #[schema(max_length = 500)]
    pub(super) note: String,
}

/// What is given. It may differ from what was asked.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AccessGift {
    /// Scope of access.
    pub(super) scope: ScopeKind,
    /// User role.
    pub(super) role: Role,
    /// Ids of the selected Virtual Accounts.
    #[serde(default)]
    pub(super) virtual_accounts: Vec<VirtualAccountId>,
}

/// Why a request is declined.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AccessRefusal {
    /// The requester reads it. May be empty.
    #[serde(default)]
    #[schema(max_length = 500)]
    pub(super) reason: String,
}

/// A Virtual Account of a request.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AccessPlace {
    #[schema(value_type = String)]
    id: VirtualAccountId,
    /// Its name when the request was sent or decided.
    name: String,
}

/// A request for access.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AccessRequestShape {
    #[schema(value_type = String)]
    pub(super) id: AccessRequestId,
    pub(super) reference: String,
    pub(super) state: AccessState,
    /// Number of the Smart Account.
    pub(super) smart_account_id: i64,
    pub(super) smart_account: String,
    pub(super) domain: String,
    pub(super) requester: String,
    pub(super) requester_email: String,
    pub(super) scope: ScopeKind,
    pub(super) role: Role,
    pub(super) virtual_accounts: Vec<AccessPlace>,
    pub(super) note: String,
    pub(super) given_scope: Option<ScopeKind>,
    pub(super) given_role: Option<Role>,
    pub(super) given_virtual_accounts: Vec<AccessPlace>,
    /// Why it was declined.
    pub(super) reason: String,
    pub(super) decided_by: Option<String>,
    /// In whose stead it was decided.
    pub(super) on_behalf_of: Option<String>,
    pub(super) decided_at: Option<Moment>,
    pub(super) sent_at: Moment,
    pub(super) expires_at: Moment,
}

impl From<Details> for AccessRequestShape {
    fn from(details: Details) -> Self {
        let places = |list: Vec<crate::access_requests::model::Place>| {
            list.into_iter()
                .map(|place| AccessPlace {
                    id: place.id,
                    name: place.name,
                })
                .collect()
        };
        let request = details.request;
        Self {
            id: request.id,
            reference: request.reference,
            state: request.state,
            smart_account_id: details.account.number,
            smart_account: details.account.name,
            domain: details.account.domain,
            requester: details.requester.name,
            requester_email: details.requester.email.to_string(),
            scope: request.scope,
            role: request.role,
            virtual_accounts: places(details.asked),
            note: request.note,
            given_scope: request.given_scope,
            given_role: request.given_role,
            given_virtual_accounts: places(details.given),
            reason: request.reason,
            decided_by: details.decider,
            on_behalf_of: details.on_behalf_of,
            decided_at: request.decided_at,
            sent_at: request.sent_at,
            expires_at: request.expires_at,
        }
    }
}

/// One's own requests for access.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct OwnAccessRequests {
    pub(super) items: Vec<AccessRequestShape>,
    pub(super) total: u64,
}

pub(super) async fn own(may: May<ViewDirectory>) -> Answer {
    let rows = may.reads(move |r, permit| service::own(r, permit)).await?;
    json(
        200,
        &OwnAccessRequests {
            total: rows.len() as u64,
            items: rows.into_iter().map(AccessRequestShape::from).collect(),
        },
    )
}

pub(super) async fn own_one(may: May<ViewDirectory>, id: PathPart<AccessRequestId>) -> Answer {
    let details = may
        .reads(move |r, permit| service::own_one(r, permit, id.0))
        .await?;
    json(200, &AccessRequestShape::from(details))
}

/// A request of the caller's, as it is now.
async fn answer(status: u16, visit: &Visit, request: AccessRequest) -> Answer {
    let details = visit
        .portal
        .db
        .read(move |r| service::complete(r, request))
        .await?;
    json(status, &AccessRequestShape::from(details))
}

pub(super) async fn send(
    may: May<RequestAccess>,
    key: IdempotencyKey,
    body: JsonBody<NewAccessRequest>,
) -> Answer {
    let asked = &body.value;
    let note = text::note(&asked.note, "Note to the administrators", LONGEST_NOTE)
        .map_err(|says| Error::invalid("note", says))?;
    let wish = Wish {
        scope: asked.scope,
        role: asked.role,
        places: asked.virtual_accounts.clone(),
        names: asked.virtual_account_names.clone(),
    };
    let once = body.once_key(&may, &key);
    let request = send_now(&may, &asked.domain, wish, note, once).await?;
    answer(201, &may, request).await
}

pub(super) async fn withdraw(may: May<RequestAccess>, id: PathPart<AccessRequestId>) -> Answer {
    let request = may
        .does(move |tx, permit, at| service::withdraw(tx, permit, at, id.0))
        .await?;
    answer(200, &may, request).await
}

pub(super) async fn one(may: May<ViewAccessRequests>, id: PathPart<AccessRequestId>) -> Answer {
    let (details, _) = may
        .reads(move |r, permit| service::details(r, permit, id.0))
        .await?;
    json(200, &AccessRequestShape::from(details))
}

/// Who may not see a request learns nothing from a body that is not right.
async fn there(may: &May<DecideAccess>, id: AccessRequestId) -> Result<()> {
    may.reads(move |r, permit| service::details_to_decide(r, permit, id))
        .await
        .map(drop)
}

pub(super) async fn approve(
    may: May<DecideAccess>,
    id: PathPart<AccessRequestId>,
    body: JsonBody<AccessGift>,
) -> Answer {
    there(&may, id.0).await?;
    let given = body.value;
    let (scope, role) = (given.scope.word(), given.role.word());
    let request = approve_now(&may, id.0, scope, role, given.virtual_accounts).await?;
    answer(200, &may, request).await
}

pub(super) async fn decline(
    may: May<DecideAccess>,
    id: PathPart<AccessRequestId>,
    body: JsonBody<AccessRefusal>,
) -> Answer {
    there(&may, id.0).await?;
    let request = decline_now(&may, id.0, &body.value.reason).await?;
    answer(200, &may, request).await
}
