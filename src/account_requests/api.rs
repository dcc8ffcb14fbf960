//! Requests for a Smart Account, for scripts: everything that the pages can do.

use super::list::LIST;
use super::model::{
    CreatorState, Customers, DomainReason, DomainReview, ForCustomer, ForOwn, RequestKind, RequestState,
    Summary,
};
use super::operations::{
    Reference, approve_domain_now, approve_now, deny_now, deny_reason, forward_now, next_approver,
    withdraw_now,
};
use super::service::{self, Details, Handing, Sending};
use crate::authz::action::{
    ApproveDomain, CreateOwnAccount, DecideAccountRequest, RequestForCustomer, ViewAccountRequests,
};
use crate::authz::{Does, Permit};
use crate::http::form::PathPart;
use crate::http::list::Reading;
use crate::http::{Answer, Api, IdempotencyKey, JsonBody, May, Routes, Visit, json};
use crate::kernel::Moment;
use crate::smart_accounts::{self, Visibility};
use actix_web::http::Method;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A request for a Smart Account for a customer.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewCustomerRequest {
    /// Smart Account Name.
    #[schema(min_length = 1, max_length = 100)]
    name: String,
    /// Account Domain Identifier. Without it, the domain of the requester's own email address.
    domain: Option<String>,
    /// Customer Email addresses, 1 to 10. Each becomes an Account creator.
    #[schema(min_items = 1, max_items = 10)]
    customer_emails: Vec<String>,
    /// Note to Cisco Approver.
    #[serde(default)]
    #[schema(max_length = 1_000)]
    note_to_approver: String,
    /// Note to Customer.
    #[serde(default)]
    #[schema(max_length = 1_000)]
    note_to_customer: String,
}

/// A request for a Smart Account for one's own organization.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewOwnRequest {
    /// Smart Account Name.
    #[schema(min_length = 1, max_length = 100)]
    name: String,
    /// Account Domain Identifier. Without it, the domain of the requester's own email address.
    domain: Option<String>,
    /// Note to the approver.
    #[serde(default)]
    #[schema(max_length = 1_000)]
    note_to_approver: String,
    /// Headquarters address, in lines.
    #[schema(min_length = 1, max_length = 500)]
    headquarters: String,
    /// Smart Account search visibility.
    visibility: Visibility,
}

/// Why a request is denied.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Denial {
    /// Deny reason. The requester reads it.
    #[schema(min_length = 1, max_length = 1_000)]
    reason: String,
}

/// To whom a request is handed on.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NextApprover {
    /// Email address of the next approver.
    #[schema(format = "email")]
    email: String,
    /// A note for them.
    #[serde(default)]
    #[schema(max_length = 1_000)]
    note: String,
}

/// Somebody in a request.
#[derive(Debug, Serialize, ToSchema)]
struct RequestPerson {
    name: String,
    email: String,
}

/// Somebody who was asked to decide a request.
#[derive(Debug, Serialize, ToSchema)]
struct AccountCreator {
    email: String,
    state: CreatorState,
    /// How often the request was forwarded before it came to them.
    forwards: i32,
    asked_at: Moment,
    ended_at: Option<Moment>,
}

/// A request for a Smart Account.
#[derive(Debug, Serialize, ToSchema)]
struct AccountRequest {
    reference: String,
    kind: RequestKind,
    state: RequestState,
    name: String,
    domain: String,
    /// Number of the Smart Account.
    smart_account_id: i64,
    smart_account_state: smart_accounts::State,
    requested_by: RequestPerson,
    account_creators: Vec<AccountCreator>,
    note_to_approver: String,
    note_to_customer: String,
    domain_review: DomainReview,
    domain_reasons: Vec<DomainReason>,
    domain_answered_at: Option<Moment>,
    /// Why it was denied.
    reason: String,
    /// Who decided it, or took it back.
    decided_by: Option<String>,
    decided_at: Option<Moment>,
    sent_at: Moment,
    expires_at: Moment,
}

impl AccountRequest {
    fn of(details: Details) -> Self {
        let Details {
            request,
            account,
            requester,
            creators,
            decider,
            ..
        } = details;
        Self {
            domain_reasons: request.reasons(),
            reference: request.reference,
            kind: request.kind,
            state: request.state,
            name: account.name,
            domain: account.domain,
            smart_account_id: account.number,
            smart_account_state: account.state,
            requested_by: RequestPerson {
                name: requester.name,
                email: requester.email.to_string(),
            },
            account_creators: creators
                .into_iter()
                .map(|creator| AccountCreator {
                    email: creator.email,
                    state: creator.state,
                    forwards: creator.depth,
                    asked_at: creator.created_at,
                    ended_at: creator.ended_at,
                })
                .collect(),
            note_to_approver: request.note_to_approver,
            note_to_customer: request.note_to_customer,
            domain_review: request.domain_review,
            domain_answered_at: request.domain_at,
            reason: request.reason,
            decided_by: decider,
            decided_at: request.decided_at,
            sent_at: request.sent_at,
            expires_at: request.expires_at,
        }
    }
}

/// A request in a list.
#[derive(Debug, Serialize, ToSchema)]
struct AccountRequestRow {
    reference: String,
    kind: RequestKind,
    state: RequestState,
    name: String,
    domain: String,
    requested_by: String,
    domain_review: DomainReview,
    /// Whether the caller is waited for.
    waits_for_you: bool,
    sent_at: Moment,
    expires_at: Moment,
}

impl AccountRequestRow {
    fn of(row: Summary) -> Self {
        Self {
            waits_for_you: row.waits_for_you(),
            reference: row.request.reference,
            kind: row.request.kind,
            state: row.request.state,
            name: row.account.name,
            domain: row.account.domain,
            requested_by: row.requester,
            domain_review: row.request.domain_review,
            sent_at: row.request.sent_at,
            expires_at: row.request.expires_at,
        }
    }
}

/// A page of a list of requests.
#[derive(Debug, Serialize, ToSchema)]
struct AccountRequestPage {
    requests: Vec<AccountRequestRow>,
    total: u64,
}

/// The operations.
pub fn routes(routes: &mut Routes) {
    const ALL: &str = "/api/v1/account-requests";
    const ONE: &str = "/api/v1/account-requests/{reference}";
    routes.api(
        Method::GET,
        ALL,
        Api::says("Requests that one has sent or was asked to decide.")
            .query(&LIST.params())
            .gives::<AccountRequestPage>(200),
        list,
    );
    routes.api(
        Method::POST,
        ALL,
        Api::says("Request a Smart Account for a customer.")
            .takes::<NewCustomerRequest>()
            .gives::<AccountRequest>(201)
            .once(),
        send,
    );
    routes.api(
        Method::POST,
        "/api/v1/account-requests/own",
        Api::says("Request a Smart Account for one's own organization.")
            .takes::<NewOwnRequest>()
            .gives::<AccountRequest>(201)
            .once(),
        send_own,
    );
    routes.api(
        Method::GET,
        ONE,
        Api::says("One request.").gives::<AccountRequest>(200),
        show,
    );
    routes.api(
        Method::POST,
        "/api/v1/account-requests/{reference}/approve",
        Api::says("Approve and create the account.").gives::<AccountRequest>(200),
        approve,
    );
    routes.api(
        Method::POST,
        "/api/v1/account-requests/{reference}/approve-domain",
        Api::says("Approve the Account Domain Identifier.").gives::<AccountRequest>(200),
        approve_domain,
    );
    routes.api(
        Method::POST,
        "/api/v1/account-requests/{reference}/deny",
        Api::says("Deny the request, with a reason.")
            .takes::<Denial>()
            .gives::<AccountRequest>(200),
        deny,
    );
    routes.api(
        Method::POST,
        "/api/v1/account-requests/{reference}/forward",
        Api::says("Forward the decision to another person.")
            .takes::<NextApprover>()
            .gives::<AccountRequest>(200),
        forward,
    );
    routes.api(
        Method::POST,
        "/api/v1/account-requests/{reference}/withdraw",
        Api::says("Take one's own request back.").gives::<AccountRequest>(200),
        withdraw,
    );
}

async fn list(may: May<ViewAccountRequests>) -> Answer {
    let (_, total, rows) = LIST.part(Reading::of(&may, LIST.path), &may, &may.permit).await?;
    json(
        200,
        &AccountRequestPage {
            total,
            requests: rows.into_iter().map(AccountRequestRow::of).collect(),
        },
    )
}

/// The request as it is now.
async fn answer<A: Does>(status: u16, visit: &Visit, permit: &Permit<A>, reference: String) -> Answer {
    let permit = permit.clone();
    let details = visit
        .portal
        .db
        .read(move |r| service::details(r, &permit, &reference))
        .await?;
    json(status, &AccountRequest::of(details))
}

async fn show(may: May<ViewAccountRequests>, reference: PathPart<Reference>) -> Answer {
    answer(200, &may, &may.permit, reference.0.0).await
}

async fn send(
    may: May<RequestForCustomer>,
    key: IdempotencyKey,
    body: JsonBody<NewCustomerRequest>,
) -> Answer {
    let requester = may.permit.actor()?.person.clone();
    let new = &body.value;
    let asked = ForCustomer::parse(
        &new.name,
        new.domain.as_deref().unwrap_or_else(|| requester.email.domain()),
        Customers::of(new.customer_emails.iter().map(String::as_str)),
        &new.note_to_approver,
        &new.note_to_customer,
    )?;
    let (once, ids) = (body.once_key(&may, &key), Sending::new(may.portal.clock.now()));
    let request = may
        .does(move |tx, permit, _| service::send(tx, permit, &requester, &ids, &asked, once.as_ref()))
        .await?;
    may.portal.jobs.nudge();
    answer(201, &may, &may.permit, request.reference).await
}

async fn send_own(may: May<CreateOwnAccount>, key: IdempotencyKey, body: JsonBody<NewOwnRequest>) -> Answer {
    let requester = may.permit.actor()?.person.clone();
    let new = &body.value;
    let asked = ForOwn::parse(
        &new.name,
        new.domain.as_deref().unwrap_or_else(|| requester.email.domain()),
        &new.note_to_approver,
        &new.headquarters,
        new.visibility.word(),
    )?;
    let (once, ids) = (body.once_key(&may, &key), Sending::new(may.portal.clock.now()));
    let request = may
        .does(move |tx, permit, _| service::send_own(tx, permit, &requester, &ids, &asked, once.as_ref()))
        .await?;
    may.portal.jobs.nudge();
    answer(201, &may, &may.permit, request.reference).await
}

async fn approve(may: May<DecideAccountRequest>, reference: PathPart<Reference>) -> Answer {
    let request = approve_now(&may, reference.0).await?;
    answer(200, &may, &may.permit, request.reference).await
}

async fn approve_domain(may: May<ApproveDomain>, reference: PathPart<Reference>) -> Answer {
    let request = approve_domain_now(&may, reference.0).await?;
    answer(200, &may, &may.permit, request.reference).await
}

async fn deny(
    may: May<DecideAccountRequest>,
    reference: PathPart<Reference>,
    body: JsonBody<Denial>,
) -> Answer {
    let reason = deny_reason(&body.value.reason)?;
    let request = deny_now(&may, reference.0, reason).await?;
    answer(200, &may, &may.permit, request.reference).await
}

async fn forward(
    may: May<DecideAccountRequest>,
    reference: PathPart<Reference>,
    body: JsonBody<NextApprover>,
) -> Answer {
    let (to, note) = next_approver(&body.value.email, &body.value.note)?;
    let request = forward_now(&may, reference.0, Handing::new(), to, note).await?;
    answer(200, &may, &may.permit, request.reference).await
}

async fn withdraw(may: May<DecideAccountRequest>, reference: PathPart<Reference>) -> Answer {
    let request = withdraw_now(&may, reference.0).await?;
    answer(200, &may, &may.permit, request.reference).await
}
