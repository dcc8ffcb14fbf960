//! What the buttons of a request do.

use super::ask::beside_fields;
use super::flash;
use super::request::{details_of, request_view};
use crate::account_requests::model::Request;
use crate::account_requests::operations::{
    Reference, approve_domain_now, approve_now, deny_now, deny_reason, forward_now, next_approver,
    withdraw_now,
};
use crate::account_requests::service::Handing;
use crate::authz::action::{ApproveDomain, DecideAccountRequest};
use crate::http::form::PathPart;
use crate::http::{Answer, FlashKind, May, NoFields, Posted, Visit, page_with};
use serde::Deserialize;

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
