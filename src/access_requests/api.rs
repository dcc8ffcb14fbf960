//! Requests for access, for scripts: everything that the pages can do.

use super::model::{AccessRequest, AccessState, LONGEST_NOTE, Rule, ScopeKind, Settings, Verdict, days};
use super::pages::{
    ROLES, SCOPES, STATES, approve_now, decline_now, end_now, filter_of, gift, lend_now, reason, rule_of,
};
use super::service::{self, Details, Sending, StoodIn, Wish};
use crate::authz::Role;
use crate::authz::action::{AutomateAccess, DecideAccess, RequestAccess, ViewAccessRequests, ViewDirectory};
use crate::error::{Error, Result};
use crate::http::form::PathPart;
use crate::http::list::FilterSpec;
use crate::http::reply::nothing;
use crate::http::{
    Answer, Api, IdempotencyKey, JsonBody, ListQuery, ListSpec, May, Param, Routes, Visit, json,
};
use crate::kernel::ids::{AccessRequestId, AccessRuleId, DelegationId, SmartAccountId, VirtualAccountId};
use crate::kernel::{Moment, text};
use actix_web::http::Method;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A request for access that is to be sent.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewAccessRequest {
    /// The entire Account Domain Identifier.
    #[schema(min_length = 1)]
    domain: String,
    /// Scope of access.
    scope: ScopeKind,
    /// User role.
    role: Role,
    /// Ids of the selected Virtual Accounts.
    #[serde(default)]
    virtual_accounts: Vec<VirtualAccountId>,
    /// Exact names of further Virtual Accounts: a Restricted one is not listed.
    #[serde(default)]
    virtual_account_names: Vec<String>,
    /// Note to the administrators.
    #[serde(default)]
    #[schema(max_length = 500)]
    note: String,
}

/// What is given. It may differ from what was asked.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct AccessGift {
    /// Scope of access.
    scope: ScopeKind,
    /// User role.
    role: Role,
    /// Ids of the selected Virtual Accounts.
    #[serde(default)]
    virtual_accounts: Vec<VirtualAccountId>,
}

/// Why a request is declined.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct AccessRefusal {
    /// The requester reads it. May be empty.
    #[serde(default)]
    #[schema(max_length = 500)]
    reason: String,
}

/// A Virtual Account of a request.
#[derive(Debug, Serialize, ToSchema)]
struct AccessPlace {
    #[schema(value_type = String)]
    id: VirtualAccountId,
    /// Its name when the request was sent or decided.
    name: String,
}

/// A request for access.
#[derive(Debug, Serialize, ToSchema)]
struct AccessRequestShape {
    #[schema(value_type = String)]
    id: AccessRequestId,
    reference: String,
    state: AccessState,
    /// Number of the Smart Account.
    smart_account_id: i64,
    smart_account: String,
    domain: String,
    requester: String,
    requester_email: String,
    scope: ScopeKind,
    role: Role,
    virtual_accounts: Vec<AccessPlace>,
    note: String,
    given_scope: Option<ScopeKind>,
    given_role: Option<Role>,
    given_virtual_accounts: Vec<AccessPlace>,
    /// Why it was declined.
    reason: String,
    decided_by: Option<String>,
    /// In whose stead it was decided.
    on_behalf_of: Option<String>,
    decided_at: Option<Moment>,
    sent_at: Moment,
    expires_at: Moment,
}

impl From<Details> for AccessRequestShape {
    fn from(details: Details) -> Self {
        let places = |list: Vec<super::model::Place>| {
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

/// Requests for access.
#[derive(Debug, Serialize, ToSchema)]
struct AccessRequestList {
    items: Vec<AccessRequestShape>,
    total: u64,
}

/// A rule. The first that fits decides.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct AccessRuleBody {
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
struct NewAccessSettings {
    /// 1 to 30.
    #[schema(minimum = 1, maximum = 30)]
    remind_days: i32,
    /// 2 to 90, later than the reminder.
    #[schema(minimum = 2, maximum = 90)]
    expire_days: i32,
    /// In order. What is left out is removed.
    #[schema(max_items = 50)]
    rules: Vec<AccessRuleBody>,
    /// The version that was read.
    version: i64,
}

/// How an account handles requests.
#[derive(Debug, Serialize, ToSchema)]
struct AccessSettings {
    remind_days: i32,
    expire_days: i32,
    rules: Vec<Rule>,
    version: i64,
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

/// Somebody who decides while the caller is away.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewDelegation {
    /// Email address of somebody with a role in the account.
    #[schema(format = "email")]
    delegate: String,
    /// First day, such as 2026-11-30, UTC.
    #[schema(format = "date")]
    starts: String,
    /// Last day.
    #[schema(format = "date")]
    ends: String,
}

/// A delegation.
#[derive(Debug, Serialize, ToSchema)]
struct DelegationShape {
    #[schema(value_type = String)]
    id: DelegationId,
    delegator: String,
    delegate: String,
    starts_at: Moment,
    ends_at: Moment,
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
struct DelegationList {
    items: Vec<DelegationShape>,
    total: usize,
}

/// The operations.
pub fn routes(routes: &mut Routes) {
    const OWN: &str = "/api/v1/access-requests";
    const ALL: &str = "/api/v1/accounts/{said}/access-requests";
    const ONE: &str = "/api/v1/accounts/{said}/access-requests/{access}";
    const SETTINGS: &str = "/api/v1/accounts/{said}/access-request-settings";
    const DELEGATIONS: &str = "/api/v1/accounts/{said}/access-delegations";
    routes.api(
        Method::GET,
        OWN,
        Api::says("One's own requests for access, the newest first.").gives::<AccessRequestList>(200),
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
    routes.api(
        Method::GET,
        ALL,
        Api::says("Requests for access to a Smart Account, as far as one can decide them.")
            .query(&[
                Param::choice("decided", DECIDED, "1 for those that do not wait any more."),
                Param::choice("status", STATES, "Of decided ones: only those with this state.").many(),
                Param::choice("role", ROLES, "Only those for this role.").many(),
                Param::choice("scope", SCOPES, "Only those with this scope of access.").many(),
                Param::text("q", "Words in the name, the email address or the reference."),
                Param::sort(SORTS, "With a minus, the other way round."),
                Param::PAGE,
                Param::PER,
            ])
            .gives::<AccessRequestList>(200),
        list,
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

async fn own(may: May<ViewDirectory>) -> Answer {
    let permit = may.permit.clone();
    let rows = may.portal.db.read(move |r| service::own(r, &permit)).await?;
    json(
        200,
        &AccessRequestList {
            total: rows.len() as u64,
            items: rows.into_iter().map(AccessRequestShape::from).collect(),
        },
    )
}

async fn own_one(may: May<ViewDirectory>, id: PathPart<AccessRequestId>) -> Answer {
    let permit = may.permit.clone();
    let details = may
        .portal
        .db
        .read(move |r| service::own_one(r, &permit, id.0))
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

async fn send(may: May<RequestAccess>, key: IdempotencyKey, body: JsonBody<NewAccessRequest>) -> Answer {
    let asked = &body.value;
    let note = text::note(&asked.note, "Note to the administrators", LONGEST_NOTE)
        .map_err(|says| Error::invalid("note", says))?;
    let wish = Wish {
        scope: asked.scope,
        role: asked.role,
        places: asked.virtual_accounts.clone(),
        names: asked.virtual_account_names.clone(),
    };
    let (permit, once) = (may.permit.clone(), body.once_key(&may, &key));
    let (person, domain) = (may.permit.actor()?.person.clone(), asked.domain.clone());
    let new = Sending::new(may.portal.clock.now());
    let request = may
        .portal
        .db
        .write(move |tx| service::send(tx, &permit, &person, new, &domain, &wish, &note, once.as_ref()))
        .await?;
    may.portal.jobs.nudge();
    answer(201, &may, request).await
}

async fn withdraw(may: May<RequestAccess>, id: PathPart<AccessRequestId>) -> Answer {
    let (permit, at) = (may.permit.clone(), may.portal.clock.now());
    let request = may
        .portal
        .db
        .write(move |tx| service::withdraw(tx, &permit, at, id.0))
        .await?;
    answer(200, &may, request).await
}

const DECIDED: &[(&str, &str)] = &[("1", "Decided"), ("0", "Pending")];
const SORTS: &[&str] = &["requester", "role", "status", "decided", "sent", "expires"];

async fn list(may: May<ViewAccessRequests>) -> Answer {
    let mut filters = vec![FilterSpec {
        key: "decided",
        label: "Decided",
        values: DECIDED,
    }];
    filters.extend_from_slice(super::pages::FILTERS);
    let spec = ListSpec {
        path: may.path.clone(),
        sorts: SORTS,
        default_sort: "sent",
        filters: &filters,
        columns: &[],
    };
    let query = ListQuery::parse(&may.query, &spec);
    query.understood()?;
    let pending = query.value("decided") != Some("1") && query.value("status").is_none();
    let filter = filter_of(&query, pending);
    let permit = may.permit.clone();
    let found = may
        .portal
        .db
        .read(move |r| service::list(r, &permit, &filter, query.limit(), query.offset()))
        .await?;
    json(
        200,
        &AccessRequestList {
            total: found.total,
            items: found.rows.into_iter().map(AccessRequestShape::from).collect(),
        },
    )
}

async fn one(may: May<ViewAccessRequests>, id: PathPart<AccessRequestId>) -> Answer {
    let permit = may.permit.clone();
    let (details, _) = may
        .portal
        .db
        .read(move |r| service::details(r, &permit, id.0))
        .await?;
    json(200, &AccessRequestShape::from(details))
}

/// Who may not see a request learns nothing from a body that is not right.
async fn there(may: &May<DecideAccess>, id: AccessRequestId) -> Result<()> {
    let permit = may.permit.clone();
    may.portal
        .db
        .read(move |r| service::details_to_decide(r, &permit, id))
        .await
        .map(drop)
}

async fn approve(
    may: May<DecideAccess>,
    id: PathPart<AccessRequestId>,
    body: JsonBody<AccessGift>,
) -> Answer {
    there(&may, id.0).await?;
    let given = body.value;
    let (scope, role) = gift(given.scope.word(), given.role.word(), given.virtual_accounts)?;
    let request = approve_now(&may, id.0, scope, role).await?;
    answer(200, &may, request).await
}

async fn decline(
    may: May<DecideAccess>,
    id: PathPart<AccessRequestId>,
    body: JsonBody<AccessRefusal>,
) -> Answer {
    there(&may, id.0).await?;
    let reason = reason(&body.value.reason)?;
    let request = decline_now(&may, id.0, reason).await?;
    answer(200, &may, request).await
}

async fn settings_now(visit: &Visit, account: SmartAccountId) -> Answer {
    let settings = visit
        .portal
        .db
        .read(move |r| service::settings_of(r, account))
        .await?;
    json(200, &AccessSettings::from(settings))
}

async fn settings(may: May<ViewAccessRequests>) -> Answer {
    settings_now(&may, may.permit.within().account()?).await
}

async fn change_settings(may: May<AutomateAccess>, body: JsonBody<NewAccessSettings>) -> Answer {
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
    let (permit, at, version) = (may.permit.clone(), may.portal.clock.now(), new.version);
    may.portal
        .db
        .write(move |tx| {
            service::change_settings(tx, &permit, at, version, |settings| {
                settings.remind_days = remind;
                settings.expire_days = expire;
                settings.rules.clone_from(&rules);
                Ok(())
            })
        })
        .await?;
    settings_now(&may, may.permit.within().account()?).await
}

async fn delegations(may: May<ViewAccessRequests>) -> Answer {
    let (permit, now) = (may.permit.clone(), may.portal.clock.now());
    let found = may
        .portal
        .db
        .read(move |r| service::delegations(r, &permit, now))
        .await?;
    json(
        200,
        &DelegationList {
            total: found.len(),
            items: found.into_iter().map(DelegationShape::from).collect(),
        },
    )
}

async fn lend(may: May<DecideAccess>, body: JsonBody<NewDelegation>) -> Answer {
    let new = &body.value;
    let id = lend_now(&may, &new.delegate, &new.starts, &new.ends).await?;
    let (permit, now) = (may.permit.clone(), may.portal.clock.now());
    let found = may
        .portal
        .db
        .read(move |r| service::delegations(r, &permit, now))
        .await?
        .into_iter()
        .find(|one| one.delegation.id == id)
        .ok_or(Error::NotFound)?;
    json(201, &DelegationShape::from(found))
}

async fn end(may: May<DecideAccess>, id: PathPart<DelegationId>) -> Answer {
    end_now(&may, id.0).await?;
    nothing()
}
