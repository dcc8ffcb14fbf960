//! The JSON of Smart Accounts.

use super::changes::{self, Described, Listed, Wish};
use super::list::LIST;
use super::model::{DomainChange, DomainChangeReason, DomainChangeState, LONGEST_ADDRESS, SmartAccount};
use super::operations::{DenyBody, approve_now, deny_now};
use super::pages::{read, turn, wish};
use super::service;
use crate::authz::action::{ApproveDomain, ChangeAccountState, EditAccount, ViewAccount};
use crate::error::{Error, Result};
use crate::http::form::PathPart;
use crate::http::{Answer, Api, JsonBody, May, Routes, Visit, json};
use crate::kernel::ids::{DomainChangeId, SmartAccountId};
use crate::kernel::{Moment, text};
use actix_web::http::Method;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The operations of this room.
pub fn routes(routes: &mut Routes) {
    const ONE: &str = "/api/v1/accounts/{said}";
    routes.api(
        Method::GET,
        ONE,
        Api::says("The properties of a Smart Account in which one holds a role.").gives::<AccountShape>(200),
        one,
    );
    routes.api(
        Method::PUT,
        ONE,
        Api::says("Edit Smart Account properties: name, visibility and headquarters.")
            .takes::<PropertiesBody>()
            .gives::<AccountShape>(200),
        edit,
    );
    routes.api(
        Method::POST,
        "/api/v1/accounts/{said}/domain",
        Api::says(
            "Change the Account Domain Identifier, or ask a Domain approver to agree where one has to.",
        )
        .takes::<DomainBody>()
        .gives::<DomainAnswer>(200),
        change_domain,
    );
    routes.api(
        Method::POST,
        "/api/v1/accounts/{said}/domain/withdraw",
        Api::says("Withdraw the Account Domain Identifier that was asked for.").gives::<AccountShape>(200),
        withdraw_domain,
    );
    routes.api(
        Method::POST,
        "/api/v1/accounts/{said}/deactivate",
        Api::says("Deactivate a Smart Account: it can be read and not changed.")
            .takes::<StateBody>()
            .gives::<AccountShape>(200),
        deactivate,
    );
    routes.api(
        Method::POST,
        "/api/v1/accounts/{said}/reactivate",
        Api::says("Reactivate a Smart Account.")
            .takes::<StateBody>()
            .gives::<AccountShape>(200),
        reactivate,
    );
    LIST.operation::<DomainChangeShape>(
        routes,
        "/api/v1/domain-changes",
        "Account Domain Identifiers that Smart Accounts want to change, the newest first.",
    );
    routes.api(
        Method::GET,
        "/api/v1/domain-changes/{change}",
        Api::says("One of them.").gives::<DomainChangeShape>(200),
        change,
    );
    routes.api(
        Method::POST,
        "/api/v1/domain-changes/{change}/approve",
        Api::says("Approve it: the Smart Account has the new Account Domain Identifier.")
            .gives::<DomainChangeShape>(200),
        approve,
    );
    routes.api(
        Method::POST,
        "/api/v1/domain-changes/{change}/deny",
        Api::says("Deny it, with a reason.")
            .takes::<DenyBody>()
            .gives::<DomainChangeShape>(200),
        deny,
    );
}

/// A Smart Account.
#[derive(Debug, Serialize, ToSchema)]
pub struct AccountShape {
    /// The Smart Account ID.
    pub number: i64,
    /// The Smart Account name.
    pub name: String,
    /// The Account Domain Identifier.
    pub domain: String,
    /// pending, active or inactive.
    #[schema(value_type = String)]
    pub state: super::State,
    /// The state as the directory shows it; says why a pending account will stay so.
    pub status: String,
    /// unrestricted or restricted.
    #[schema(value_type = String)]
    pub visibility: super::Visibility,
    /// The headquarters address, in lines.
    pub headquarters: String,
    /// When it was requested.
    pub created_at: Moment,
    /// When it became Active.
    pub activated_at: Option<Moment>,
    /// Counts changes.
    pub version: i64,
}

impl From<&SmartAccount> for AccountShape {
    fn from(account: &SmartAccount) -> Self {
        Self {
            number: account.number,
            name: account.name.clone(),
            domain: account.domain.clone(),
            state: account.state,
            status: account.status_words().to_owned(),
            visibility: account.visibility,
            headquarters: account.headquarters.clone(),
            created_at: account.created_at,
            activated_at: account.activated_at,
            version: account.version,
        }
    }
}

/// What can be edited of a Smart Account.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PropertiesBody {
    /// The Smart Account name.
    #[schema(min_length = 1, max_length = 100)]
    name: String,
    /// unrestricted or restricted.
    visibility: super::Visibility,
    /// The headquarters address, in lines; without it, it stays.
    #[schema(max_length = 500)]
    headquarters: Option<String>,
    /// The version that was read. Answered with 409 "stale" when there is a newer one.
    version: i64,
}

/// Another Account Domain Identifier.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct DomainBody {
    /// The new identifier.
    #[schema(min_length = 1)]
    domain: String,
    /// Note to the approver.
    #[serde(default)]
    #[schema(max_length = 1_000)]
    note: String,
}

/// Why a Smart Account is taken out of use or into use.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct StateBody {
    /// It is shown in the event log and in the email to the administrators.
    #[schema(min_length = 1, max_length = 1_000)]
    reason: String,
}

/// What came of a wish for another Account Domain Identifier.
#[derive(Debug, Serialize, ToSchema)]
struct DomainAnswer {
    /// The identifier that counts now.
    domain: String,
    /// Whether a Domain approver has to decide first.
    waits_for_approval: bool,
    /// Why.
    reasons: Vec<DomainChangeReason>,
}

/// A wish for another Account Domain Identifier.
#[derive(Debug, Serialize, ToSchema)]
struct DomainChangeShape {
    id: DomainChangeId,
    /// The Smart Account ID.
    smart_account_id: i64,
    /// Its name.
    smart_account: String,
    from: String,
    to: String,
    note: String,
    reasons: Vec<DomainChangeReason>,
    state: DomainChangeState,
    /// Why it was denied.
    reason: String,
    /// Name and address.
    requested_by: String,
    requested_at: Moment,
    decided_at: Option<Moment>,
}

impl From<Listed> for DomainChangeShape {
    fn from(one: Listed) -> Self {
        Self::of(&one.change, &one.account, one.requester)
    }
}

impl DomainChangeShape {
    fn of(change: &DomainChange, account: &SmartAccount, requester: String) -> Self {
        Self {
            id: change.id,
            smart_account_id: account.number,
            smart_account: account.name.clone(),
            from: change.from.clone(),
            to: change.to.clone(),
            note: change.note.clone(),
            reasons: change.why(),
            state: change.state,
            reason: change.reason.clone(),
            requested_by: requester,
            requested_at: change.requested_at,
            decided_at: change.decided_at,
        }
    }
}

async fn answer(visit: &Visit, id: SmartAccountId) -> Answer {
    let account = visit.portal.db.read(move |r| service::find(r, id)).await?;
    json(200, &AccountShape::from(&account))
}

pub async fn one(may: May<ViewAccount>) -> Answer {
    answer(&may, may.permit.within().account()?).await
}

async fn edit(may: May<EditAccount>, body: JsonBody<PropertiesBody>) -> Answer {
    let sent = &body.value;
    let (name, visibility) = read(&sent.name, sent.visibility.word())?;
    let headquarters = sent
        .headquarters
        .as_deref()
        .map(|typed| text::note(typed, "Headquarters", LONGEST_ADDRESS))
        .transpose()
        .map_err(|says| Error::invalid("headquarters", says))?;
    let version = sent.version;
    may.does(move |tx, permit, at| {
        service::edit(
            tx,
            permit,
            at,
            version,
            &name,
            visibility,
            headquarters.as_deref(),
        )
    })
    .await?;
    answer(&may, may.permit.within().account()?).await
}

async fn change_domain(may: May<EditAccount>, body: JsonBody<DomainBody>) -> Answer {
    let id = may.permit.within().account()?;
    let (waits_for_approval, reasons) = match wish(&may, &body.value.domain, &body.value.note).await? {
        Wish::Changed(_) => (false, Vec::new()),
        Wish::Asked(change) => (true, change.why()),
    };
    let account = may.portal.db.read(move |r| service::find(r, id)).await?;
    json(
        200,
        &DomainAnswer {
            domain: account.domain,
            waits_for_approval,
            reasons,
        },
    )
}

async fn withdraw_domain(may: May<EditAccount>) -> Answer {
    may.does(changes::withdraw_change).await?;
    answer(&may, may.permit.within().account()?).await
}

async fn deactivate(may: May<ChangeAccountState>, body: JsonBody<StateBody>) -> Answer {
    turn(&may, super::State::Inactive, &body.value.reason, None).await?;
    answer(&may, may.permit.within().account()?).await
}

async fn reactivate(may: May<ChangeAccountState>, body: JsonBody<StateBody>) -> Answer {
    turn(&may, super::State::Active, &body.value.reason, None).await?;
    answer(&may, may.permit.within().account()?).await
}

async fn described(may: &May<ApproveDomain>, id: DomainChangeId) -> Result<Described> {
    may.reads(move |r, permit| changes::describe(r, permit, id)).await
}

async fn shown(may: &May<ApproveDomain>, id: DomainChangeId) -> Answer {
    let found = described(may, id).await?;
    json(
        200,
        &DomainChangeShape::of(&found.change, &found.account, found.requester.label()),
    )
}

async fn change(may: May<ApproveDomain>, id: PathPart<DomainChangeId>) -> Answer {
    shown(&may, id.0).await
}

async fn approve(may: May<ApproveDomain>, id: PathPart<DomainChangeId>) -> Answer {
    approve_now(&may, id.0).await?;
    shown(&may, id.0).await
}

async fn deny(may: May<ApproveDomain>, id: PathPart<DomainChangeId>, body: JsonBody<DenyBody>) -> Answer {
    described(&may, id.0).await?;
    deny_now(&may, id.0, &body.value.reason).await?;
    shown(&may, id.0).await
}
