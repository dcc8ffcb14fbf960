//! Deciding: who may, what was decided already, and what approving, denying and withdrawing bring about.

use super::notify::{address_of, post, post_to_creator};
use crate::account_requests::model::{
    self, Creator, CreatorState, DomainReview, Request, RequestKind, RequestState, Standing,
};
use crate::account_requests::{letters, store};
use crate::authn::people::{self, Person, PlatformRole};
use crate::authz::action::{ApproveDomain, DecideAccountRequest};
use crate::authz::links::{self, Purpose};
use crate::authz::{Permit, Role, grants};
use crate::error::{Error, Result};
use crate::kernel::ids::{PersonId, VirtualAccountId};
use crate::kernel::{Event, Kind, Moment, Who};
use crate::platform::db::{Reads, Recorded, Tx};
use crate::smart_accounts::{self, PendingDetail, SmartAccount, State};
use crate::virtual_accounts;
use serde_json::json;

/// How a person stands to a request.
pub fn standing(read: &mut dyn Reads, request: &Request, person: &Person) -> Result<Standing> {
    let creator = store::creators_by_email(read, &[request.id], person.email.key())?.pop();
    Ok(Standing {
        creator,
        is_requester: request.requester == person.id,
        approves_domains: holds(read, person.id, PlatformRole::DomainApprover)?,
        operates: holds(read, person.id, PlatformRole::Operator)?,
    })
}

fn holds(read: &mut dyn Reads, person: PersonId, role: PlatformRole) -> Result<bool> {
    Ok(people::with_platform_role(read, role)?
        .iter()
        .any(|holder| holder.id == person))
}

/// A request with what the person may know of it; "not found" when that is nothing.
pub(super) fn seen(read: &mut dyn Reads, reference: &str, person: &Person) -> Result<(Request, Standing)> {
    let request = store::by_reference(read, reference)?;
    let standing = standing(read, &request, person)?;
    if standing.sees() {
        Ok((request, standing))
    } else {
        Err(Error::NotFound)
    }
}

/// As [`seen`], and it is still open; otherwise a refusal that says who decided it, and when.
pub(super) fn open(
    read: &mut dyn Reads,
    reference: &str,
    person: &Person,
    at: Moment,
) -> Result<(Request, Standing)> {
    let (request, standing) = seen(read, reference, person)?;
    if request.is_open(at) {
        Ok((request, standing))
    } else {
        Err(decided(read, &request))
    }
}

/// The refusal for a request that is not open any more.
pub(super) fn decided(read: &mut dyn Reads, request: &Request) -> Error {
    match outcome(read, request) {
        Ok(says) => Error::refused("account-requests.decided", says),
        Err(error) => error,
    }
}

/// One sentence about what has become of a request: who, what, when.
pub fn outcome(read: &mut dyn Reads, request: &Request) -> Result<String> {
    let who = match request.decided_by {
        Some(id) => people::find(read, id)?.label(),
        None => "The portal".to_owned(),
    };
    let at = request.decided_at.unwrap_or(request.expires_at).words();
    Ok(match request.state {
        RequestState::Approved => format!("{who} approved this request on {at}."),
        RequestState::Denied => format!("{who} denied this request on {at}."),
        RequestState::Withdrawn => format!("{who} withdrew this request on {at}."),
        RequestState::Pending | RequestState::Expired => {
            format!("Nobody decided this request in time: it expired on {at}.")
        }
    })
}

/// Approves a request and creates the account: Active, with its DEFAULT Virtual Account. The decider becomes
/// its administrator; for one's own organization the requester does.
pub fn approve(
    tx: &mut Tx<'_>,
    permit: &Permit<DecideAccountRequest>,
    decider: &Person,
    at: Moment,
    virtual_account: VirtualAccountId,
    reference: &str,
) -> Result<Recorded<Request>> {
    let (request, standing) = open(tx, reference, decider, at)?;
    if let Some(problem) = model::approve_problem(&request, &standing) {
        return Err(problem);
    }
    if !store::decide(tx, request.id, RequestState::Approved, Some(decider.id), at, "")? {
        return Err(decided_now(tx, &request));
    }
    if request.kind == RequestKind::Own
        && !store::answer_domain(tx, request.id, DomainReview::Given, &decider.label(), at)?
    {
        return Err(decided_now(tx, &request));
    }
    let account = smart_accounts::activate(tx, at, request.account)?;
    virtual_accounts::create_default(tx, at, account.id, virtual_account)?;
    let administrator = match request.kind {
        RequestKind::Customer => decider.clone(),
        RequestKind::Own => people::find(tx, request.requester)?,
    };
    grants::give(tx, at, account.id, None, administrator.id, Role::AccountAdmin)?;
    close_creators(tx, &request, standing.creator.as_ref(), at)?;
    tell_requester(tx, at, &request)?;
    // A requester who is the administrator reads of it in the outcome.
    if request.kind == RequestKind::Customer {
        post(
            tx,
            at,
            letters::WELCOME,
            &request,
            &json!({}),
            &administrator.name,
            &administrator.email,
        )?;
    }
    let who = permit.who();
    note_account(tx, at, who, &account, virtual_account, &administrator)?;
    let says = format!(
        "{} approved the request {reference} and created the Smart Account {}.",
        decider.label(),
        account.name
    );
    settle(tx, who, &request, Kind::RequestApproved, at, says)
}

/// The record of an account that came to be: Active, with its DEFAULT Virtual Account and its administrator.
fn note_account(
    tx: &mut Tx<'_>,
    at: Moment,
    who: &Who,
    account: &SmartAccount,
    virtual_account: VirtualAccountId,
    administrator: &Person,
) -> Result<()> {
    let activated = Event::new(
        Kind::AccountActivated,
        account.number,
        format!("The Smart Account {} became Active.", account.name),
    )
    .within(account.id)
    .changed(
        &json!({ "state": State::Pending }),
        &json!({ "state": account.state }),
    );
    tx.note(at, who, &activated)?;
    let default = Event::new(
        Kind::VirtualAccountCreated,
        virtual_account,
        format!(
            "The Virtual Account {} was created with the account.",
            virtual_accounts::DEFAULT
        ),
    )
    .within(account.id)
    .in_virtual_account(virtual_account);
    tx.note(at, who, &default)?;
    let granted = Event::new(
        Kind::RoleGranted,
        administrator.id,
        format!("{} became {}.", administrator.label(), Role::AccountAdmin.label()),
    )
    .within(account.id)
    .changed(
        &json!(null),
        &json!({ "person": administrator.id, "role": Role::AccountAdmin }),
    );
    tx.note(at, who, &granted)
}

/// Tells whoever sent a request what became of it.
pub(super) fn tell_requester(tx: &mut Tx<'_>, at: Moment, request: &Request) -> Result<()> {
    let requester = people::find(tx, request.requester)?;
    post(
        tx,
        at,
        letters::OUTCOME,
        request,
        &json!({}),
        &requester.name,
        &requester.email,
    )
}

/// Denies a request: the Smart Account is cancelled and its domain is free again. The requester reads why.
pub fn deny(
    tx: &mut Tx<'_>,
    permit: &Permit<DecideAccountRequest>,
    decider: &Person,
    at: Moment,
    reference: &str,
    reason: &str,
) -> Result<Recorded<Request>> {
    let (request, standing) = open(tx, reference, decider, at)?;
    if standing.is_requester {
        return Err(model::own_request());
    }
    if !standing.may_deny(&request) {
        return Err(model::not_asked());
    }
    if !store::decide(tx, request.id, RequestState::Denied, Some(decider.id), at, reason)? {
        return Err(decided_now(tx, &request));
    }
    if standing.is_asked_for_domain(&request) {
        store::answer_domain(tx, request.id, DomainReview::Refused, &decider.label(), at)?;
    }
    smart_accounts::cancel(tx, request.account, PendingDetail::Denied)?;
    close_creators(tx, &request, standing.creator.as_ref(), at)?;
    tell_requester(tx, at, &request)?;
    let says = format!(
        "{} denied the request {reference}. Reason: {reason}",
        decider.label()
    );
    settle(tx, permit.who(), &request, Kind::RequestDenied, at, says)
}

/// The requester takes a request back.
pub fn withdraw(
    tx: &mut Tx<'_>,
    permit: &Permit<DecideAccountRequest>,
    requester: &Person,
    at: Moment,
    reference: &str,
) -> Result<Recorded<Request>> {
    let (request, standing) = open(tx, reference, requester, at)?;
    if !standing.is_requester {
        return Err(Error::refused(
            "account-requests.not-requester",
            "Only the person who sent a request can withdraw it.",
        ));
    }
    if !store::decide(
        tx,
        request.id,
        RequestState::Withdrawn,
        Some(requester.id),
        at,
        "",
    )? {
        return Err(decided_now(tx, &request));
    }
    smart_accounts::cancel(tx, request.account, PendingDetail::Withdrawn)?;
    close_creators(tx, &request, None, at)?;
    let says = format!("{} withdrew the request {reference}.", requester.label());
    settle(tx, permit.who(), &request, Kind::RequestWithdrawn, at, says)
}

/// A Domain approver agrees with the domain. The customer can then create the account.
pub fn approve_domain(
    tx: &mut Tx<'_>,
    permit: &Permit<ApproveDomain>,
    approver: &Person,
    at: Moment,
    reference: &str,
) -> Result<Recorded<Request>> {
    let (request, standing) = open(tx, reference, approver, at)?;
    if standing.is_requester {
        return Err(model::own_request());
    }
    if !standing.approves_domains {
        return Err(model::not_asked());
    }
    if request.kind == RequestKind::Own {
        return Err(Error::refused(
            "account-requests.approve-instead",
            "This account is for the requester\u{2019}s own organization: use Approve and Create the Account.",
        ));
    }
    if !store::answer_domain(tx, request.id, DomainReview::Given, &approver.label(), at)? {
        return Err(domain_answered(&request));
    }
    smart_accounts::set_detail(tx, request.account, PendingDetail::CustomerAcceptance)?;
    for creator in store::creators_of(tx, request.id)? {
        if creator.state == CreatorState::Asked {
            let address = address_of(&creator)?;
            post_to_creator(tx, at, letters::DOMAIN_APPROVED, creator.id, &address, &json!({}))?;
        }
    }
    let says = format!(
        "{} approved the Account Domain Identifier of the request {reference}.",
        approver.label()
    );
    settle(tx, permit.who(), &request, Kind::RequestDomainGiven, at, says)
}

fn domain_answered(request: &Request) -> Error {
    let says = match (&request.domain_by, request.domain_at) {
        (Some(by), Some(at)) => format!(
            "{by} answered on {}: {}.",
            at.words(),
            request.domain_review.label().to_lowercase()
        ),
        _ => "This request needs no approval of its Account Domain Identifier.".to_owned(),
    };
    Error::refused("account-requests.domain-answered", says)
}

/// Records what has become of a request, with the states before and after.
pub(super) fn settle(
    tx: &mut Tx<'_>,
    who: &Who,
    before: &Request,
    kind: Kind,
    at: Moment,
    says: String,
) -> Result<Recorded<Request>> {
    let after = store::find(tx, before.id)?;
    let facts = |request: &Request| json!({ "state": request.state, "domain_review": request.domain_review, "reason": request.reason });
    let event = Event::new(kind, &before.reference, says)
        .within(before.account)
        .changed(&facts(before), &facts(&after));
    tx.record(at, who, &event, after)
}

/// The refusal after a conditional update met somebody else's.
fn decided_now(tx: &mut Tx<'_>, request: &Request) -> Error {
    match store::find(tx, request.id) {
        Ok(request) => decided(tx, &request),
        Err(error) => error,
    }
}

/// Ends every link of a request. Who decided used theirs up; the others hear that it is over.
pub(super) fn close_creators(
    tx: &mut Tx<'_>,
    request: &Request,
    decider: Option<&Creator>,
    at: Moment,
) -> Result<()> {
    for creator in store::creators_of(tx, request.id)? {
        if creator.state != CreatorState::Asked {
            continue;
        }
        if decider.is_some_and(|decider| decider.id == creator.id) {
            store::end_creator(tx, creator.id, CreatorState::Decided, at)?;
            if let Some(link) = links::about(tx, Purpose::DecideAccountRequest, creator.id.as_str())? {
                links::use_up(tx, link.id, at)?;
            }
        } else {
            store::end_creator(tx, creator.id, CreatorState::Ended, at)?;
            let address = address_of(&creator)?;
            post(tx, at, letters::CLOSED, request, &json!({}), "", &address)?;
        }
        links::end_about(tx, creator.id.as_str(), at)?;
    }
    Ok(())
}
