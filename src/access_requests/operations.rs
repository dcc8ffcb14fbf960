//! What is done with requests for access, once for pages and scripts.

use super::model::{AccessRequest, LONGEST_NOTE, Rule, ScopeKind, Verdict};
use super::service::{self, Sending, Wish};
use crate::authz::Role;
use crate::authz::action::{DecideAccess, RequestAccess};
use crate::error::{Error, Problems, Result};
use crate::http::May;
use crate::kernel::ids::{AccessRequestId, AccessRuleId, DelegationId, VirtualAccountId};
use crate::kernel::{EmailAddress, Moment, text};
use crate::members::Scope;
use crate::platform::db::OnceKey;
use chrono::{NaiveDate, TimeDelta};
use serde::Deserialize;
use utoipa::ToSchema;

/// Sends a request, from a page or from a script.
pub async fn send_now(
    may: &May<RequestAccess>,
    domain: &str,
    wish: Wish,
    note: String,
    once: Option<OnceKey>,
) -> Result<AccessRequest> {
    let (person, domain) = (may.permit.actor()?.person.clone(), domain.to_owned());
    let new = Sending::new(may.portal.clock.now());
    may.does(move |tx, permit, _| {
        service::send(tx, permit, &person, new, &domain, &wish, &note, once.as_ref())
    })
    .await
}

/// Scope and role of a decision, checked.
fn gift(scope: &str, role: &str, places: Vec<VirtualAccountId>) -> Result<(Scope, Role)> {
    let mut problems = Problems::default();
    let scope: Option<ScopeKind> = problems.take(
        "scope",
        scope
            .parse()
            .map_err(|_| "Choose the scope of access.".to_owned()),
    );
    let role: Option<Role> = problems.take(
        "role",
        role.parse().map_err(|_| "Choose the user role.".to_owned()),
    );
    problems.or_ok()?;
    match (scope, role) {
        (Some(scope), Some(role)) => {
            let scope = scope.with(places);
            crate::access_requests::model::fits(&scope, role)?;
            Ok((scope, role))
        }
        _ => Err(Error::invalid("scope", "Choose the scope of access.")),
    }
}

/// Approves, from a page or from a script.
pub async fn approve_now(
    may: &May<DecideAccess>,
    id: AccessRequestId,
    scope: &str,
    role: &str,
    places: Vec<VirtualAccountId>,
) -> Result<AccessRequest> {
    let (scope, role) = gift(scope, role, places)?;
    may.does(move |tx, permit, at| service::approve(tx, permit, at, id, &scope, role))
        .await
}

/// Declines, from a page or from a script. A reason need not be given.
pub async fn decline_now(
    may: &May<DecideAccess>,
    id: AccessRequestId,
    reason: &str,
) -> Result<AccessRequest> {
    let reason = text::note(reason, "Reason", LONGEST_NOTE).map_err(|says| Error::invalid("reason", says))?;
    may.does(move |tx, permit, at| service::decline(tx, permit, at, id, &reason))
        .await
}

/// A rule from its words.
pub fn rule_of(
    id: AccessRuleId,
    domain: &str,
    asked_role: &str,
    verdict: &str,
    gift: (&str, &str, Vec<VirtualAccountId>),
    reason: &str,
) -> Result<Rule> {
    let mut problems = Problems::default();
    let verdict: Option<Verdict> = problems.take(
        "verdict",
        verdict
            .parse()
            .map_err(|_| "Choose what becomes of the request.".to_owned()),
    );
    let asked_role = match asked_role {
        "" => None,
        word => problems.take(
            "asked_role",
            word.parse()
                .map_err(|_| "Choose a role from the list.".to_owned()),
        ),
    };
    let reason = problems.take("reason", text::note(reason, "Reason", LONGEST_NOTE));
    problems.or_ok()?;
    Ok(Rule {
        id,
        domain: domain.to_owned(),
        asked_role,
        verdict: verdict.unwrap_or(Verdict::Ask),
        scope: gift.0.parse().ok(),
        role: gift.1.parse().ok(),
        virtual_accounts: gift.2,
        reason: reason.unwrap_or_default(),
    })
}

/// Somebody who decides while the caller is away.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewDelegation {
    /// Email address of somebody with a role in the account.
    #[schema(format = "email")]
    pub delegate: String,
    /// First day, such as 2026-11-30, UTC.
    #[schema(format = "date")]
    pub starts: String,
    /// Last day.
    #[schema(format = "date")]
    pub ends: String,
}

/// First and last day, as moments: the last day counts to its end.
fn period(starts: &str, ends: &str) -> Result<(Moment, Moment), Problems> {
    let mut problems = Problems::default();
    let day = |typed: &str| -> Result<NaiveDate, String> {
        typed
            .trim()
            .parse()
            .map_err(|_| "Enter a day such as 2026-11-30.".to_owned())
    };
    let starts = problems.take("starts", day(starts));
    let ends = problems.take("ends", day(ends));
    let begin = |day: NaiveDate| Moment::of(day.and_time(chrono::NaiveTime::MIN).and_utc());
    match (starts, ends) {
        (Some(starts), Some(ends)) => Ok((begin(starts), begin(ends).plus(TimeDelta::days(1)))),
        _ => Err(problems),
    }
}

/// Names a delegate, from a page or from a script.
pub async fn lend_now(may: &May<DecideAccess>, asked: &NewDelegation) -> Result<DelegationId> {
    let mut problems = Problems::default();
    let delegate = problems.take("delegate", EmailAddress::parse(&asked.delegate));
    let period = problems.take_all(period(&asked.starts, &asked.ends));
    let (Some(delegate), Some((starts, ends))) = (delegate, period) else {
        return Err(Error::Invalid(problems));
    };
    let id = DelegationId::new();
    may.does(move |tx, permit, at| service::lend(tx, permit, at, id, &delegate, starts, ends))
        .await
}

/// Ends a delegation, from a page or from a script.
pub async fn end_now(may: &May<DecideAccess>, id: DelegationId) -> Result<()> {
    may.does(move |tx, permit, at| service::end_delegation(tx, permit, at, id))
        .await
}
