//! What the buttons of a request do.

use super::ask::beside_fields;
use super::request::{details_of, request_view};
use super::{Reference, flash};
use crate::account_requests::api::{deny_reason, next_approver};
use crate::account_requests::model::Request;
use crate::account_requests::service::{self, Handing};
use crate::authn::Person;
use crate::authz::action::{ApproveDomain, DecideAccountRequest};
use crate::authz::{Does, Permit};
use crate::error::Result;
use crate::http::form::PathPart;
use crate::http::{Answer, FlashKind, May, NoFields, Posted, Visit, page_with};
use crate::kernel::ids::VirtualAccountId;
use crate::kernel::{EmailAddress, Moment};
use crate::platform::db::{Recorded, Tx};
use serde::Deserialize;

/// Writes what somebody has decided, and wakes the postman.
async fn decided<A: Does>(
    may: &May<A>,
    does: impl Fn(&mut Tx<'_>, &Permit<A>, &Person, Moment) -> Result<Recorded<Request>> + Send + 'static,
) -> Result<Request> {
    let (permit, person) = (may.permit.clone(), may.permit.actor()?.person.clone());
    let at = may.portal.clock.now();
    let request = may
        .portal
        .db
        .write(move |tx| does(tx, &permit, &person, at))
        .await?;
    may.portal.jobs.nudge();
    Ok(request)
}

/// Approves, from a page or from a script.
pub async fn approve_now(may: &May<DecideAccountRequest>, reference: Reference) -> Result<Request> {
    let default = VirtualAccountId::new();
    decided(may, move |tx, permit, decider, at| {
        service::approve(tx, permit, decider, at, default, &reference.0)
    })
    .await
}

/// Approves a domain.
pub async fn approve_domain_now(may: &May<ApproveDomain>, reference: Reference) -> Result<Request> {
    decided(may, move |tx, permit, approver, at| {
        service::approve_domain(tx, permit, approver, at, &reference.0)
    })
    .await
}

/// Denies.
pub async fn deny_now(
    may: &May<DecideAccountRequest>,
    reference: Reference,
    reason: String,
) -> Result<Request> {
    decided(may, move |tx, permit, decider, at| {
        service::deny(tx, permit, decider, at, &reference.0, &reason)
    })
    .await
}

/// Hands on.
pub async fn forward_now(
    may: &May<DecideAccountRequest>,
    reference: Reference,
    ids: Handing,
    to: EmailAddress,
    note: String,
) -> Result<Request> {
    decided(may, move |tx, permit, decider, at| {
        service::forward(tx, permit, decider, at, ids, &reference.0, &to, &note)
    })
    .await
}

/// Takes back.
pub async fn withdraw_now(may: &May<DecideAccountRequest>, reference: Reference) -> Result<Request> {
    decided(may, move |tx, permit, requester, at| {
        service::withdraw(tx, permit, requester, at, &reference.0)
    })
    .await
}

fn decided_answer(visit: &Visit, request: &Request, text: &str) -> actix_web::HttpResponse {
    visit.see_other(
        &format!("/requests/{}", request.reference),
        flash(FlashKind::Ok, text, None),
    )
}

pub(super) async fn approve(
    may: May<DecideAccountRequest>,
    reference: PathPart<Reference>,
    _posted: Posted<NoFields>,
) -> Answer {
    let request = approve_now(&may, reference.0).await?;
    Ok(decided_answer(
        &may,
        &request,
        "The request was approved and the Smart Account was created. The requester is told by email.",
    ))
}

pub(super) async fn approve_domain(
    may: May<ApproveDomain>,
    reference: PathPart<Reference>,
    _posted: Posted<NoFields>,
) -> Answer {
    let request = approve_domain_now(&may, reference.0).await?;
    Ok(decided_answer(
        &may,
        &request,
        "The Account Domain Identifier was approved. The Account creators are told by email that they can decide now.",
    ))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DenyForm {
    reason: String,
}

pub(super) async fn deny(
    may: May<DecideAccountRequest>,
    reference: PathPart<Reference>,
    posted: Posted<DenyForm>,
) -> Answer {
    // Who may not see the request learns nothing from a form that is not right.
    let details = details_of(&may, &may.permit, &reference.0).await?;
    match deny_reason(&posted.value.reason) {
        Ok(reason) => {
            let request = deny_now(&may, reference.0, reason).await?;
            Ok(decided_answer(
                &may,
                &request,
                "The request was denied and the pending Smart Account was canceled. The requester is told why by email.",
            ))
        }
        Err(error) => {
            let problems = beside_fields(error)?;
            page_with(422, &request_view(&may, details, "deny", posted.again(&problems)))
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ForwardForm {
    email: String,
    note: String,
}

pub(super) async fn forward(
    may: May<DecideAccountRequest>,
    reference: PathPart<Reference>,
    posted: Posted<ForwardForm>,
) -> Answer {
    let details = details_of(&may, &may.permit, &reference.0).await?;
    let forwarded = match next_approver(&posted.value.email, &posted.value.note) {
        Ok((to, note)) => forward_now(&may, reference.0, Handing::new(), to, note).await,
        Err(error) => Err(error),
    };
    match forwarded {
        Ok(request) => Ok(decided_answer(
            &may,
            &request,
            "The request was forwarded. The next approver gets a link by email; yours has ended.",
        )),
        Err(error) => {
            let problems = beside_fields(error)?;
            page_with(
                422,
                &request_view(&may, details, "forward", posted.again(&problems)),
            )
        }
    }
}

pub(super) async fn withdraw(
    may: May<DecideAccountRequest>,
    reference: PathPart<Reference>,
    _posted: Posted<NoFields>,
) -> Answer {
    let request = withdraw_now(&may, reference.0).await?;
    Ok(decided_answer(
        &may,
        &request,
        "The request was withdrawn. Those who were asked are told by email.",
    ))
}
