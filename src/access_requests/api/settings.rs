//! The account's settings for requests, and those who stand in for an administrator.

use crate::access_requests::model::{Rule, ScopeKind, Settings, Verdict, days};
use crate::access_requests::operations::{NewDelegation, end_now, lend_now, rule_of};
use crate::access_requests::service::{self, StoodIn};
use crate::authz::Role;
use crate::authz::action::{AutomateAccess, DecideAccess, ViewAccessRequests};
use crate::error::Error;
use crate::http::form::PathPart;
use crate::http::reply::nothing;
use crate::http::{Answer, Api, JsonBody, May, Routes, Visit, json};
use crate::kernel::Moment;
use crate::kernel::ids::{AccessRuleId, DelegationId, SmartAccountId, VirtualAccountId};
use actix_web::http::Method;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The operations.
pub(super) fn routes(routes: &mut Routes) {
    const SETTINGS: &str = "/api/v1/accounts/{said}/access-request-settings";
    const DELEGATIONS: &str = "/api/v1/accounts/{said}/access-delegations";
    routes.api(
        Method::GET,
        SETTINGS,
        Api::says("Access request Automation settings.").gives::<AccessSettings>(200),
        settings,
    );
    routes.api(
        Method::PUT,
        SETTINGS,
        Api::says("Change the Access request Automation settings, as a whole.")
            .takes::<NewAccessSettings>()
            .gives::<AccessSettings>(200),
        change_settings,
    );
    routes.api(
        Method::GET,
        DELEGATIONS,
        Api::says("Who decides requests for access on whose behalf, now or later.")
            .gives::<DelegationList>(200),
        delegations,
    );
    routes.api(
        Method::POST,
        DELEGATIONS,
        Api::says("Name somebody who decides while one is away.")
            .takes::<NewDelegation>()
            .gives::<DelegationShape>(201),
        lend,
    );
    routes.api(
        Method::DELETE,
        "/api/v1/accounts/{said}/access-delegations/{delegation}",
        Api::says("End a delegation.").gives_nothing(),
        end,
    );
}

/// A rule. The first that fits decides.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AccessRuleBody {
    /// Of a rule that is there already; absent for a new one.
    #[schema(value_type = Option<String>)]
    id: Option<AccessRuleId>,
    /// Exactly the requester's email domain; empty for any.
    #[serde(default)]
    domain: String,
    /// The requested role; absent for any.
    asked_role: Option<Role>,
    verdict: Verdict,
    /// On approval: the scope that is given.
    scope: Option<ScopeKind>,
    /// On approval: the role that is given.
    role: Option<Role>,
    /// On approval of selected Virtual Accounts: which.
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    virtual_accounts: Vec<VirtualAccountId>,
    /// On refusal: why.
    #[serde(default)]
    reason: String,
}

/// How an account handles requests, as a whole.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewAccessSettings {
    /// 1 to 30.
    #[schema(minimum = 1, maximum = 30)]
    pub(super) remind_days: i32,
    /// 2 to 90, later than the reminder.
    #[schema(minimum = 2, maximum = 90)]
    pub(super) expire_days: i32,
    /// In order. What is left out is removed.
    #[schema(max_items = 50)]
    pub(super) rules: Vec<AccessRuleBody>,
    /// The version that was read.
    pub(super) version: i64,
}

/// How an account handles requests.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AccessSettings {
    pub(super) remind_days: i32,
    pub(super) expire_days: i32,
    pub(super) rules: Vec<Rule>,
    pub(super) version: i64,
}

impl From<Settings> for AccessSettings {
    fn from(settings: Settings) -> Self {
        Self {
            remind_days: settings.remind_days,
            expire_days: settings.expire_days,
            rules: settings.rules,
            version: settings.version,
        }
    }
}

/// A delegation.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DelegationShape {
    #[schema(value_type = String)]
    pub(super) id: DelegationId,
    pub(super) delegator: String,
    pub(super) delegate: String,
    pub(super) starts_at: Moment,
    pub(super) ends_at: Moment,
}

impl From<StoodIn> for DelegationShape {
    fn from(one: StoodIn) -> Self {
        Self {
            id: one.delegation.id,
            delegator: one.from.email.to_string(),
            delegate: one.to.email.to_string(),
            starts_at: one.delegation.starts_at,
            ends_at: one.delegation.ends_at,
        }
    }
}

/// Delegations that count now or will.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DelegationList {
    pub(super) items: Vec<DelegationShape>,
    pub(super) total: usize,
}

async fn settings_now(visit: &Visit, account: SmartAccountId) -> Answer {
    let settings = visit
        .portal
        .db
        .read(move |r| service::settings_of(r, account))
        .await?;
    json(200, &AccessSettings::from(settings))
}

pub(super) async fn settings(may: May<ViewAccessRequests>) -> Answer {
    settings_now(&may, may.permit.within().account()?).await
}

pub(super) async fn change_settings(may: May<AutomateAccess>, body: JsonBody<NewAccessSettings>) -> Answer {
    let new = body.value;
    let (remind, expire) = days(&new.remind_days.to_string(), &new.expire_days.to_string())?;
    let mut rules = Vec::with_capacity(new.rules.len());
    let mut known: Vec<AccessRuleId> = Vec::new();
    for rule in new.rules {
        // The same id twice would be one rule in two places.
        let id = rule
            .id
            .filter(|id| !known.contains(id))
            .unwrap_or_else(AccessRuleId::new);
        known.push(id);
        rules.push(rule_of(
            id,
            &rule.domain,
            rule.asked_role.map_or("", Role::word),
            rule.verdict.word(),
            (
                rule.scope.map_or("", ScopeKind::word),
                rule.role.map_or("", Role::word),
                rule.virtual_accounts,
            ),
            &rule.reason,
        )?);
    }
    let version = new.version;
    may.does(move |tx, permit, at| {
        service::change_settings(tx, permit, at, version, |settings| {
            settings.remind_days = remind;
            settings.expire_days = expire;
            settings.rules.clone_from(&rules);
            Ok(())
        })
    })
    .await?;
    settings_now(&may, may.permit.within().account()?).await
}

pub(super) async fn delegations(may: May<ViewAccessRequests>) -> Answer {
    let now = may.portal.clock.now();
    let found = may
        .reads(move |r, permit| service::delegations(r, permit, now))
        .await?;
    json(
        200,
        &DelegationList {
            total: found.len(),
            items: found.into_iter().map(DelegationShape::from).collect(),
        },
    )
}

pub(super) async fn lend(may: May<DecideAccess>, body: JsonBody<NewDelegation>) -> Answer {
    let id = lend_now(&may, &body.value).await?;
    let now = may.portal.clock.now();
    let found = may
        .reads(move |r, permit| service::delegations(r, permit, now))
        .await?
        .into_iter()
        .find(|one| one.delegation.id == id)
        .ok_or(Error::NotFound)?;
    json(201, &DelegationShape::from(found))
}

pub(super) async fn end(may: May<DecideAccess>, id: PathPart<DelegationId>) -> Answer {
    end_now(&may, id.0).await?;
    nothing()
}
