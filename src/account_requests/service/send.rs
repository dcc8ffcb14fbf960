//! Sending a request, for a customer or for one's own company.

use super::notify::{post_to_creator, post_to_domain_approvers, tell_neighbours};
use crate::account_requests::model::{
    self, DomainReview, ForCustomer, ForOwn, LIFE, REMINDER, Request, RequestKind,
};
use crate::account_requests::{letters, store};
use crate::authn::people::Person;
use crate::authz::Permit;
use crate::authz::action::{CreateOwnAccount, RequestForCustomer};
use crate::authz::links::{self, Purpose};
use crate::error::{Error, Result};
use crate::kernel::ids::{AccountRequestId, CreatorId, LinkId, SmartAccountId};
use crate::kernel::{Event, Kind, Moment, Who};
use crate::platform::db::{Once, OnceKey, Recorded, Tx};
use crate::smart_accounts::{self, Draft, PendingDetail, SmartAccount, Visibility};
use serde_json::json;

/// Ids and the time of a new request: made before the transaction, since that may run more than once.
#[derive(Debug, Clone)]
pub struct Sending {
    at: Moment,
    account: SmartAccountId,
    request: AccountRequestId,
    creators: Vec<(CreatorId, LinkId)>,
}

impl Sending {
    /// For a request that is sent now.
    pub fn new(at: Moment) -> Self {
        Self {
            at,
            account: SmartAccountId::new(),
            request: AccountRequestId::new(),
            creators: (0..model::MOST_CUSTOMERS)
                .map(|_| (CreatorId::new(), LinkId::new()))
                .collect(),
        }
    }
}

/// Sends a request for a customer: the account is there as Pending, every customer address is an Account
/// creator with a link of its own, and everyone concerned gets a letter.
pub fn send(
    tx: &mut Tx<'_>,
    permit: &Permit<RequestForCustomer>,
    requester: &Person,
    new: &Sending,
    asked: &ForCustomer,
    once: Option<&OnceKey>,
) -> Result<Recorded<Request>> {
    if let Once::Again(reference) = tx.once(once)? {
        let request = store::by_reference(tx, &reference)?;
        return Ok(tx.unchanged(request));
    }
    let own = asked
        .customers
        .list()
        .iter()
        .find(|address| model::same_mailbox(address, &requester.email));
    if let Some(own) = own {
        return Err(Error::invalid(
            "customer_emails",
            format!(
                "{own} is your own address, and nobody decides their own request. Enter the customer\u{2019}s addresses."
            ),
        ));
    }
    let neighbours = smart_accounts::under_registrable(tx, asked.domain.registrable())?;
    let reasons = model::reasons_for_customer(&asked.domain, &asked.customers, !neighbours.is_empty());
    let draft = Draft {
        name: asked.name.clone(),
        domain: asked.domain.clone(),
        visibility: Visibility::Unrestricted,
        headquarters: String::new(),
        requested_by: Some(requester.id),
        detail: if reasons.is_empty() {
            PendingDetail::CustomerAcceptance
        } else {
            PendingDetail::DomainApproval
        },
    };
    let notes = (asked.note_to_approver.as_str(), asked.note_to_customer.as_str());
    let (request, account) = keep(tx, new, &draft, RequestKind::Customer, requester, &reasons, notes)?;
    for (address, (creator, link)) in asked.customers.list().iter().zip(&new.creators) {
        store::insert_creator(tx, new.at, *creator, request.id, address, None, 0)?;
        links::make(
            tx,
            new.at,
            *link,
            Purpose::DecideAccountRequest,
            creator.as_str(),
            address,
            request.expires_at,
        )?;
        post_to_creator(tx, new.at, letters::PENDING, *creator, address, &json!({}))?;
        post_to_creator(tx, new.at, letters::APPROVAL, *creator, address, &json!({}))?;
    }
    if request.waits_for_domain() {
        post_to_domain_approvers(tx, new.at, &request, false)?;
    }
    tell_neighbours(tx, new.at, &request, &neighbours)?;
    record_sending(tx, permit.who(), new, &request, &account, requester, once)
}

/// Asks for a Smart Account for the requester's own organization. A Domain approver decides.
pub fn send_own(
    tx: &mut Tx<'_>,
    permit: &Permit<CreateOwnAccount>,
    requester: &Person,
    new: &Sending,
    asked: &ForOwn,
    once: Option<&OnceKey>,
) -> Result<Recorded<Request>> {
    if let Once::Again(reference) = tx.once(once)? {
        let request = store::by_reference(tx, &reference)?;
        return Ok(tx.unchanged(request));
    }
    let neighbours = smart_accounts::under_registrable(tx, asked.domain.registrable())?;
    let reasons = model::reasons_for_own(&asked.domain, &requester.email, !neighbours.is_empty());
    let draft = Draft {
        name: asked.name.clone(),
        domain: asked.domain.clone(),
        visibility: asked.visibility,
        headquarters: asked.headquarters.clone(),
        requested_by: Some(requester.id),
        detail: PendingDetail::DomainApproval,
    };
    let notes = (asked.note_to_approver.as_str(), "");
    let (request, account) = keep(tx, new, &draft, RequestKind::Own, requester, &reasons, notes)?;
    post_to_domain_approvers(tx, new.at, &request, false)?;
    tell_neighbours(tx, new.at, &request, &neighbours)?;
    record_sending(tx, permit.who(), new, &request, &account, requester, once)
}

/// Notes of a request: to the approver, to the customer.
type Notes<'a> = (&'a str, &'a str);

fn keep(
    tx: &mut Tx<'_>,
    new: &Sending,
    draft: &Draft,
    kind: RequestKind,
    requester: &Person,
    reasons: &[model::DomainReason],
    notes: Notes<'_>,
) -> Result<(Request, SmartAccount)> {
    let account = smart_accounts::request(tx, new.at, new.account, draft)?;
    let number = tx.next_number("account-request", 1)?;
    store::insert(
        tx,
        &store::New {
            id: new.request,
            reference: &model::reference(new.at, number),
            account: new.account,
            kind,
            requester: requester.id,
            note_to_approver: notes.0,
            note_to_customer: notes.1,
            domain_review: review_of(reasons),
            domain_reasons: &model::reason_words(reasons),
            sent_at: new.at,
            remind_at: new.at.plus(REMINDER),
            expires_at: new.at.plus(LIFE),
        },
    )?;
    Ok((store::find(tx, new.request)?, account))
}

fn review_of(reasons: &[model::DomainReason]) -> DomainReview {
    if reasons.is_empty() {
        DomainReview::NotNeeded
    } else {
        DomainReview::Waiting
    }
}

fn record_sending(
    tx: &mut Tx<'_>,
    who: &Who,
    new: &Sending,
    request: &Request,
    account: &SmartAccount,
    requester: &Person,
    once: Option<&OnceKey>,
) -> Result<Recorded<Request>> {
    tx.made(new.at, once, &request.reference)?;
    let created = Event::new(
        Kind::AccountCreated,
        account.number,
        format!("The Smart Account {} was created as Pending.", account.name),
    )
    .within(account.id)
    .changed(
        &json!(null),
        &json!({ "state": account.state, "name": account.name, "domain": account.domain, "visibility": account.visibility }),
    );
    tx.note(new.at, who, &created)?;
    let asked: Vec<String> = store::creators_of(tx, request.id)?
        .into_iter()
        .map(|creator| creator.email)
        .collect();
    let event = Event::new(
        Kind::RequestSent,
        &request.reference,
        format!(
            "{} requested the Smart Account {} ({}).",
            requester.label(),
            account.name,
            account.domain
        ),
    )
    .within(account.id)
    .changed(
        &json!(null),
        &json!({ "state": request.state, "kind": request.kind, "domain_review": request.domain_review, "domain_reasons": request.reasons(), "account_creators": asked, "expires_at": request.expires_at }),
    );
    tx.record(new.at, who, &event, request.clone())
}
