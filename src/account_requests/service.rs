//! What can be done with requests. Each function that changes something is one write: the request, the
//! account, the links, the letters and the record together, or nothing of it.

use super::letters;
use super::model::{
    self, Creator, CreatorState, DomainReview, ForCustomer, ForOwn, LIFE, REMINDER, Request, RequestKind,
    RequestState, Standing, Summary,
};
use super::store;
use crate::authn::people::{self, Person, PlatformRole};
use crate::authz::action::{
    ApproveDomain, CreateOwnAccount, DecideAccountRequest, RequestForCustomer, ViewAccountRequests,
};
use crate::authz::links::Purpose;
use crate::authz::{Does, Permit, Role, grants, links};
use crate::error::{Error, Result};
use crate::kernel::ids::{AccountRequestId, CreatorId, LinkId, PersonId, SmartAccountId, VirtualAccountId};
use crate::kernel::{EmailAddress, Event, Kind, Moment, Name, Who};
use crate::platform::db::{Once, OnceKey, Reads, Recorded, Tx};
use crate::platform::mail;
use crate::smart_accounts::{self, Draft, PendingDetail, SmartAccount, State, Visibility};
use crate::virtual_accounts;
use serde_json::json;
use std::collections::HashMap;

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
fn seen(read: &mut dyn Reads, reference: &str, person: &Person) -> Result<(Request, Standing)> {
    let request = store::by_reference(read, reference)?;
    let standing = standing(read, &request, person)?;
    if standing.sees() {
        Ok((request, standing))
    } else {
        Err(Error::NotFound)
    }
}

/// As [`seen`], and it is still open; otherwise a refusal that says who decided it, and when.
fn open(read: &mut dyn Reads, reference: &str, person: &Person, at: Moment) -> Result<(Request, Standing)> {
    let (request, standing) = seen(read, reference, person)?;
    if request.is_open(at) {
        Ok((request, standing))
    } else {
        Err(decided(read, &request))
    }
}

/// The refusal for a request that is not open any more.
fn decided(read: &mut dyn Reads, request: &Request) -> Error {
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
    let requester = people::find(tx, request.requester)?;
    post(
        tx,
        at,
        letters::OUTCOME,
        &request,
        &json!({}),
        &requester.name,
        &requester.email,
    )?;
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
    tx.note(at, who, &granted)?;
    let says = format!(
        "{} approved the request {reference} and created the Smart Account {}.",
        decider.label(),
        account.name
    );
    settle(tx, who, &request, Kind::RequestApproved, at, says)
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
    let requester = people::find(tx, request.requester)?;
    post(
        tx,
        at,
        letters::OUTCOME,
        &request,
        &json!({}),
        &requester.name,
        &requester.email,
    )?;
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

/// Ids of the next approver: made before the transaction.
#[derive(Debug, Clone, Copy)]
pub struct Handing {
    creator: CreatorId,
    link: LinkId,
}

impl Handing {
    /// New ids.
    #[allow(clippy::new_without_default, reason = "a default id would be a surprise")]
    pub fn new() -> Self {
        Self {
            creator: CreatorId::new(),
            link: LinkId::new(),
        }
    }
}

/// Hands the decision on to another person. The old link ends, a new one is mailed.
#[expect(clippy::too_many_arguments, reason = "who, when, which, to whom, and a word")]
pub fn forward(
    tx: &mut Tx<'_>,
    permit: &Permit<DecideAccountRequest>,
    decider: &Person,
    at: Moment,
    ids: Handing,
    reference: &str,
    to: &EmailAddress,
    note: &str,
) -> Result<Recorded<Request>> {
    let (request, standing) = open(tx, reference, decider, at)?;
    if standing.is_requester {
        return Err(model::own_request());
    }
    let from = match standing.creator {
        Some(creator) if creator.state == CreatorState::Asked => creator,
        _ => return Err(model::not_asked()),
    };
    let requester = people::find(tx, request.requester)?;
    let known = store::creators_of(tx, request.id)?;
    if let Some(problem) = model::forward_problem(&from, to, &decider.email, &requester.email, &known) {
        return Err(problem);
    }
    if !store::end_creator(tx, from.id, CreatorState::Forwarded, at)? {
        return Err(model::not_asked());
    }
    links::end_about(tx, from.id.as_str(), at)?;
    store::insert_creator(tx, at, ids.creator, request.id, to, Some(from.id), from.depth + 1)?;
    links::make(
        tx,
        at,
        ids.link,
        Purpose::DecideAccountRequest,
        ids.creator.as_str(),
        to,
        request.expires_at,
    )?;
    post_to_creator(
        tx,
        at,
        letters::FORWARDED,
        ids.creator,
        to,
        &json!({ "by": decider.label(), "note": note }),
    )?;
    let event = Event::new(
        Kind::RequestForwarded,
        reference,
        format!("{} forwarded the request {reference} to {to}.", decider.label()),
    )
    .within(request.account)
    .changed(
        &json!({ "account_creator": from.email }),
        &json!({ "account_creator": to.as_str(), "forwards": from.depth + 1, "note": note }),
    );
    let request = store::find(tx, request.id)?;
    tx.record(at, permit.who(), &event, request)
}

/// What the portal does when nobody has decided in time. Nothing when somebody has.
pub fn expire(tx: &mut Tx<'_>, id: AccountRequestId, at: Moment) -> Result<Recorded<()>> {
    let request = store::find(tx, id)?;
    if at < request.expires_at || !store::decide(tx, id, RequestState::Expired, None, at, "")? {
        return Ok(tx.unchanged(()));
    }
    smart_accounts::cancel(tx, request.account, PendingDetail::Expired)?;
    close_creators(tx, &request, None, at)?;
    let requester = people::find(tx, request.requester)?;
    post(
        tx,
        at,
        letters::OUTCOME,
        &request,
        &json!({}),
        &requester.name,
        &requester.email,
    )?;
    let says = format!(
        "Nobody decided the request {} in time: it expired.",
        request.reference
    );
    settle(
        tx,
        &Who::portal("clock"),
        &request,
        Kind::RequestExpired,
        at,
        says,
    )
    .map(|done| done.map(drop))
}

/// Reminds those who are asked, once. Nothing when another process was quicker.
pub fn remind(tx: &mut Tx<'_>, id: AccountRequestId, at: Moment) -> Result<Recorded<()>> {
    if !store::remind(tx, id, at)? {
        return Ok(tx.unchanged(()));
    }
    let request = store::find(tx, id)?;
    let mut reminded = Vec::new();
    for creator in store::creators_of(tx, id)? {
        if creator.state == CreatorState::Asked {
            let address = address_of(&creator)?;
            post_to_creator(tx, at, letters::REMINDER, creator.id, &address, &json!({}))?;
            reminded.push(creator.email);
        }
    }
    if request.waits_for_domain() {
        post_to_domain_approvers(tx, at, &request, true)?;
    }
    let event = Event::new(
        Kind::RequestReminded,
        &request.reference,
        format!(
            "Those who are asked to decide the request {} were reminded.",
            request.reference
        ),
    )
    .within(request.account)
    .with(json!({ "account_creators": reminded, "domain_approvers": request.waits_for_domain() }));
    tx.record(at, &Who::portal("clock"), &event, ())
}

/// Records what has become of a request, with the states before and after.
fn settle(
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
fn close_creators(tx: &mut Tx<'_>, request: &Request, decider: Option<&Creator>, at: Moment) -> Result<()> {
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

fn address_of(creator: &Creator) -> Result<EmailAddress> {
    EmailAddress::parse(&creator.email).map_err(Error::internal)
}

fn post(
    tx: &mut Tx<'_>,
    at: Moment,
    letter: &'static str,
    request: &Request,
    extra: &serde_json::Value,
    name: &str,
    to: &EmailAddress,
) -> Result<()> {
    mail::post(tx, at, letter, request.id.as_str(), extra, name, to).map(drop)
}

fn post_to_creator(
    tx: &mut Tx<'_>,
    at: Moment,
    letter: &'static str,
    creator: CreatorId,
    to: &EmailAddress,
    extra: &serde_json::Value,
) -> Result<()> {
    let name = people::by_email(tx, to)?.map_or_else(String::new, |person| person.name);
    mail::post(tx, at, letter, creator.as_str(), extra, &name, to).map(drop)
}

fn post_to_domain_approvers(tx: &mut Tx<'_>, at: Moment, request: &Request, again: bool) -> Result<()> {
    for approver in people::with_platform_role(tx, PlatformRole::DomainApprover)? {
        // Nobody decides their own request.
        if approver.id != request.requester {
            let extra = json!({ "again": again });
            post(
                tx,
                at,
                letters::DOMAIN,
                request,
                &extra,
                &approver.name,
                &approver.email,
            )?;
        }
    }
    Ok(())
}

/// Tells the administrators of active accounts with the same TLD.
fn tell_neighbours(
    tx: &mut Tx<'_>,
    at: Moment,
    request: &Request,
    neighbours: &[SmartAccount],
) -> Result<()> {
    let active: Vec<SmartAccountId> = neighbours
        .iter()
        .filter(|account| account.state == State::Active)
        .map(|account| account.id)
        .collect();
    let mut told: Vec<PersonId> = Vec::new();
    for grant in grants::holders_in(tx, &active, Role::AccountAdmin)? {
        if told.contains(&grant.person) {
            continue;
        }
        told.push(grant.person);
        let person = people::find(tx, grant.person)?;
        let extra = json!({ "account": grant.account });
        post(
            tx,
            at,
            letters::SAME_TLD,
            request,
            &extra,
            &person.name,
            &person.email,
        )?;
    }
    Ok(())
}

/// Everything that the page of a request shows.
#[derive(Debug, Clone)]
pub struct Details {
    /// The request.
    pub request: Request,
    /// The account that is, or was, to be.
    pub account: SmartAccount,
    /// Who asked.
    pub requester: Person,
    /// Name of a Smart Account in which the requester has a role, to know them by.
    pub company: Option<String>,
    /// All who were asked, in order.
    pub creators: Vec<Creator>,
    /// How the reader stands to it.
    pub standing: Standing,
    /// What has become of it, in a sentence, once that is known.
    pub outcome: Option<String>,
    /// Who decided, by name.
    pub decider: Option<String>,
    /// How many other accounts have the same TLD.
    pub same_tld: usize,
    /// Accounts with a similar name that everybody may find.
    pub similar: Vec<SmartAccount>,
}

/// One request, for somebody who may see it; "not found" for everybody else.
pub fn details(read: &mut dyn Reads, permit: &Permit<impl Does>, reference: &str) -> Result<Details> {
    let reader = &permit.actor()?.person;
    let (request, standing) = seen(read, reference, reader)?;
    let account = smart_accounts::find(read, request.account)?;
    let requester = people::find(read, request.requester)?;
    let creators = store::creators_of(read, request.id)?;
    let is_open = request.state == RequestState::Pending;
    let outcome = if is_open {
        None
    } else {
        Some(outcome(read, &request)?)
    };
    let decider = match request.decided_by {
        Some(id) => Some(people::find(read, id)?.name),
        None => None,
    };
    let same_tld = smart_accounts::under_registrable(read, &account.registrable)?
        .iter()
        .filter(|other| other.id != account.id)
        .count();
    let similar = if is_open {
        similar_to(read, &account)?
    } else {
        Vec::new()
    };
    let company = company_of(read, &requester)?;
    Ok(Details {
        request,
        account,
        requester,
        company,
        creators,
        standing,
        outcome,
        decider,
        same_tld,
        similar,
    })
}

/// Only accounts that everybody may find: a Restricted one is not given away by its name.
fn similar_to(read: &mut dyn Reads, account: &SmartAccount) -> Result<Vec<SmartAccount>> {
    let mut found: Vec<SmartAccount> = Vec::new();
    for word in model::search_words(&account.name) {
        for other in smart_accounts::search(read, &word, 50)? {
            let fits = other.id != account.id
                && other.visibility == Visibility::Unrestricted
                && other.state == State::Active
                && model::similar(&other.name, &account.name);
            if fits && found.iter().all(|known| known.id != other.id) {
                found.push(other);
            }
        }
    }
    found.truncate(3);
    Ok(found)
}

fn company_of(read: &mut dyn Reads, person: &Person) -> Result<Option<String>> {
    let Some(grant) = grants::of_person(read, person.id)?.into_iter().next() else {
        return Ok(None);
    };
    Ok(Some(smart_accounts::find(read, grant.account)?.name))
}

/// A page of a list.
#[derive(Debug, Clone)]
pub struct Listed {
    /// The rows.
    pub rows: Vec<Summary>,
    /// How many there are of each state, in the order of the states.
    pub counts: Vec<(RequestState, i64)>,
}

impl Listed {
    /// How many there are of one state, or of all.
    pub fn total(&self, state: Option<RequestState>) -> u64 {
        let sum: i64 = self
            .counts
            .iter()
            .filter(|(one, _)| state.is_none_or(|state| state == *one))
            .map(|(_, number)| *number)
            .sum();
        u64::try_from(sum).unwrap_or_default()
    }
}

/// Requests that the reader was asked to decide or has sent; for a Domain approver also those whose domain
/// needs one; for the operator all.
pub fn list(
    read: &mut dyn Reads,
    permit: &Permit<ViewAccountRequests>,
    state: Option<RequestState>,
    limit: u64,
    offset: u64,
) -> Result<Listed> {
    let actor = permit.actor()?;
    let reader = store::Reader {
        person: actor.person.id,
        email_key: actor.person.email.key(),
        approves_domains: actor.has(PlatformRole::DomainApprover),
        operates: actor.has(PlatformRole::Operator),
    };
    let counts = store::counts(read, &reader)?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let offset = i64::try_from(offset).unwrap_or(i64::MAX);
    let requests = store::list(read, &reader, state, limit, offset)?;
    let rows = summaries(
        read,
        requests,
        &actor.person,
        reader.approves_domains,
        reader.operates,
    )?;
    Ok(Listed { rows, counts })
}

fn summaries(
    read: &mut dyn Reads,
    requests: Vec<Request>,
    reader: &Person,
    approves_domains: bool,
    operates: bool,
) -> Result<Vec<Summary>> {
    let ids: Vec<AccountRequestId> = requests.iter().map(|request| request.id).collect();
    let accounts: Vec<SmartAccountId> = requests.iter().map(|request| request.account).collect();
    let people_ids: Vec<PersonId> = requests.iter().map(|request| request.requester).collect();
    let mut asked: HashMap<AccountRequestId, Creator> =
        store::creators_by_email(read, &ids, reader.email.key())?
            .into_iter()
            .map(|creator| (creator.request, creator))
            .collect();
    let accounts: HashMap<SmartAccountId, SmartAccount> = smart_accounts::find_many(read, &accounts)?
        .into_iter()
        .map(|account| (account.id, account))
        .collect();
    let requesters: HashMap<PersonId, String> = people::find_all(read, &people_ids)?
        .into_iter()
        .map(|person| (person.id, person.label()))
        .collect();
    Ok(requests
        .into_iter()
        .filter_map(|request| {
            Some(Summary {
                account: accounts.get(&request.account)?.clone(),
                requester: requesters.get(&request.requester)?.clone(),
                standing: Standing {
                    creator: asked.remove(&request.id),
                    is_requester: request.requester == reader.id,
                    approves_domains,
                    operates,
                },
                request,
            })
        })
        .collect())
}

/// The requests that a person has sent, the newest first: for the directory.
pub fn mine(read: &mut dyn Reads, person: &Person) -> Result<Vec<Summary>> {
    let sent = store::sent_by(read, person.id)?;
    summaries(read, sent, person, false, false)
}

/// How many requests wait for the decision of an Account creator with this address.
pub fn waiting_for(read: &mut dyn Reads, email_key: &str) -> Result<i64> {
    store::count_asked(read, email_key)
}

/// How many requests wait for a Domain approver.
pub fn waiting_domains(read: &mut dyn Reads) -> Result<i64> {
    store::count_domains(read)
}

/// A request and the row of an Account creator, for the emailed link that is about it.
pub fn by_creator(read: &mut dyn Reads, id: &str) -> Result<(Request, Creator)> {
    let id: CreatorId = id.parse().map_err(|_| Error::NotFound)?;
    let creator = store::creator(read, id)?;
    Ok((store::find(read, creator.request)?, creator))
}

/// A new person who came with an emailed link: they name themselves and set a password. The link stays good
/// for the decision; from now on it needs them to be signed in.
#[expect(
    clippy::too_many_arguments,
    reason = "a link, a person, and who sent it from where"
)]
pub fn welcome_person(
    tx: &mut Tx<'_>,
    who: &Who,
    at: Moment,
    link: LinkId,
    id: PersonId,
    creator: &Creator,
    name: &Name,
    password_hash: &str,
) -> Result<Recorded<Person>> {
    if !links::find(tx, link)?.is_open(at) {
        return Err(Error::DeadLink);
    }
    let email = address_of(creator)?;
    let (person, event) = match people::by_email(tx, &email)? {
        None => {
            // Level 1 of the documents: a registered user.
            let person = people::add(tx, at, id, &email, name, Some(password_hash), 1)?;
            let event = Event::new(
                Kind::PersonAdded,
                person.id,
                format!(
                    "{} set up their user account from an emailed link.",
                    person.label()
                ),
            );
            (person, event)
        }
        Some(invited) if invited.state == people::PersonState::Invited => {
            people::accept_invitation(tx, invited.id, name, password_hash)?;
            let person = people::find(tx, invited.id)?;
            let event = Event::new(
                Kind::InvitationAccepted,
                person.id,
                format!("{} accepted the invitation from an emailed link.", person.label()),
            );
            (person, event)
        }
        Some(_) => {
            return Err(Error::refused(
                "people.address-taken",
                format!("{email} has a user account already. Sign in with it."),
            ));
        }
    };
    let who = Who {
        person: Some(person.id),
        label: person.label(),
        ..who.clone()
    };
    tx.record(at, &who, &event, person)
}
