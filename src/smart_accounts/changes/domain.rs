//! Another domain: asked for, approved, denied, withdrawn.

use super::{event, post};
use crate::authn::people::{self, Person, PlatformRole};
use crate::authz::action::{ApproveDomain, EditAccount};
use crate::authz::{Permit, grants};
use crate::error::{Error, Result};
use crate::kernel::ids::{DomainChangeId, PersonId};
use crate::kernel::{DomainIdentifier, Event, Kind, Moment};
use crate::platform::db::{Reads, Recorded, Tx};
use crate::smart_accounts::model::{self, DomainChange, DomainChangeState, SmartAccount};
use crate::smart_accounts::{letters, store};
use serde_json::json;

/// What came of a wish for another domain.
#[derive(Debug, Clone)]
pub enum Wish {
    /// The identifier is changed.
    Changed(String),
    /// A Domain approver decides; until then the old one stays.
    Asked(Box<DomainChange>),
}

/// Changes the Account Domain Identifier, or asks a Domain approver to agree where the rule for requests would.
pub fn change_domain(
    tx: &mut Tx<'_>,
    permit: &Permit<EditAccount>,
    at: Moment,
    id: DomainChangeId,
    to: &DomainIdentifier,
    note: &str,
) -> Result<Recorded<Wish>> {
    let account = store::find(tx, permit.within().account()?)?;
    account.must_be_active()?;
    let requester = permit.actor()?.person.clone();
    if account.domain == to.as_str() {
        return Err(Error::invalid(
            "domain",
            format!("{to} is the Account Domain Identifier already. Enter another one."),
        ));
    }
    if store::pending_change(tx, account.id)?.is_some() {
        return Err(store::change_pending());
    }
    if store::by_domain(tx, to.as_str())?.is_some() {
        return Err(store::domain_in_use(to.as_str()));
    }
    let tld_in_use = store::under_registrable(tx, to.registrable())?
        .iter()
        .any(|other| other.id != account.id);
    let reasons = model::reasons_for_change(to, &requester.email, tld_in_use);
    if reasons.is_empty() {
        store::set_domain(tx, account.id, to)?;
        tell_of_domain(tx, at, &account, to.as_str(), requester.id)?;
        let event = domain_event(Kind::AccountChanged, &account, to.as_str(), "was changed to");
        return tx.record(at, permit.who(), &event, Wish::Changed(to.to_string()));
    }
    let words: Vec<&str> = reasons.iter().map(|reason| reason.word()).collect();
    let change = DomainChange {
        id,
        account: account.id,
        from: account.domain.clone(),
        to: to.to_string(),
        note: note.to_owned(),
        reasons: words.join(","),
        state: DomainChangeState::Pending,
        reason: String::new(),
        requested_by: requester.id,
        requested_at: at,
        decided_by: None,
        decided_at: None,
    };
    store::insert_change(tx, &change)?;
    let approvers: Vec<Person> = people::with_platform_role(tx, PlatformRole::DomainApprover)?
        .into_iter()
        // Nobody decides their own.
        .filter(|approver| approver.id != requester.id)
        .collect();
    post(tx, at, letters::DOMAIN_ASKED, id.as_str(), &json!({}), &approvers)?;
    let event = event(
        Kind::DomainChangeAsked,
        &account,
        format!(
            "{} asked to change the Account Domain Identifier of {} from {} to {to}.",
            requester.label(),
            account.name,
            account.domain
        ),
    )
    .changed(
        &json!({ "domain": account.domain }),
        &json!({ "domain": account.domain, "asked_for": to.as_str(), "reasons": words, "note": note }),
    );
    tx.record(at, permit.who(), &event, Wish::Asked(Box::new(change)))
}

fn domain_event(kind: Kind, account: &SmartAccount, to: &str, did: &str) -> Event {
    let says = format!("The Account Domain Identifier of {} {did} {to}.", account.name);
    event(kind, account, says).changed(&json!({ "domain": account.domain }), &json!({ "domain": to }))
}

/// The other administrators hear that the domain is another one.
fn tell_of_domain(
    tx: &mut Tx<'_>,
    at: Moment,
    account: &SmartAccount,
    to: &str,
    but: PersonId,
) -> Result<()> {
    let mut people = grants::administrators_of(tx, account.id)?;
    people.retain(|person| person.id != but);
    let extra = json!({ "from": account.domain, "to": to });
    post(
        tx,
        at,
        letters::DOMAIN_CHANGED,
        account.id.as_str(),
        &extra,
        &people,
    )
}

/// A wish that is still to be decided, by somebody else than who has it.
fn open(read: &mut dyn Reads, id: DomainChangeId, by: PersonId) -> Result<DomainChange> {
    let change = store::change(read, id)?;
    if change.state != DomainChangeState::Pending {
        return Err(decided(read, &change));
    }
    if change.requested_by == by {
        return Err(Error::refused(
            "smart-accounts.own-domain-change",
            "You asked for this yourself, so somebody else has to decide it.",
        ));
    }
    Ok(change)
}

fn decided(read: &mut dyn Reads, change: &DomainChange) -> Error {
    match outcome(read, change) {
        Ok(says) => Error::refused("smart-accounts.domain-change-decided", says),
        Err(error) => error,
    }
}

/// One sentence about what has become of a wish: who, what, when.
pub fn outcome(read: &mut dyn Reads, change: &DomainChange) -> Result<String> {
    let who = match change.decided_by {
        Some(id) => people::find(read, id)?.label(),
        None => "The portal".to_owned(),
    };
    let at = change.decided_at.unwrap_or(change.requested_at).words();
    Ok(match change.state {
        DomainChangeState::Pending => "It waits for a Domain approver.".to_owned(),
        DomainChangeState::Approved => format!("{who} approved this change on {at}."),
        DomainChangeState::Denied => format!("{who} denied this change on {at}."),
        DomainChangeState::Withdrawn => format!("{who} withdrew this change on {at}."),
    })
}

/// A Domain approver agrees: the account has the new identifier from now on.
pub fn approve_change(
    tx: &mut Tx<'_>,
    permit: &Permit<ApproveDomain>,
    at: Moment,
    id: DomainChangeId,
) -> Result<Recorded<()>> {
    let approver = permit.person()?;
    let change = open(tx, id, approver)?;
    let account = store::find(tx, change.account)?;
    account.must_be_active()?;
    let to = DomainIdentifier::parse(&change.to).map_err(Error::internal)?;
    if store::by_domain(tx, to.as_str())?.is_some_and(|other| other.id != account.id) {
        return Err(Error::refused(
            "smart-accounts.domain-in-use",
            format!("{to} belongs to another Smart Account meanwhile. Deny this change."),
        ));
    }
    if !store::decide_change(tx, id, DomainChangeState::Approved, Some(approver), at, "")? {
        let change = store::change(tx, id)?;
        return Err(decided(tx, &change));
    }
    store::set_domain(tx, account.id, &to)?;
    let requester = people::find(tx, change.requested_by)?;
    let who = [requester];
    post(tx, at, letters::DOMAIN_OUTCOME, id.as_str(), &json!({}), &who)?;
    tell_of_domain(tx, at, &account, to.as_str(), change.requested_by)?;
    let event = domain_event(
        Kind::DomainChangeApproved,
        &account,
        to.as_str(),
        "was changed, with approval, to",
    );
    tx.record(at, permit.who(), &event, ())
}

/// A Domain approver does not agree. The requester reads why; the old identifier stays.
pub fn deny_change(
    tx: &mut Tx<'_>,
    permit: &Permit<ApproveDomain>,
    at: Moment,
    id: DomainChangeId,
    reason: &str,
) -> Result<Recorded<()>> {
    let approver = permit.person()?;
    let change = open(tx, id, approver)?;
    let account = store::find(tx, change.account)?;
    if !store::decide_change(tx, id, DomainChangeState::Denied, Some(approver), at, reason)? {
        let change = store::change(tx, id)?;
        return Err(decided(tx, &change));
    }
    let who = [people::find(tx, change.requested_by)?];
    post(tx, at, letters::DOMAIN_OUTCOME, id.as_str(), &json!({}), &who)?;
    let event = event(
        Kind::DomainChangeDenied,
        &account,
        format!(
            "The Account Domain Identifier {} was denied. Reason: {reason}",
            change.to
        ),
    )
    .changed(
        &json!({ "asked_for": change.to, "state": DomainChangeState::Pending }),
        &json!({ "domain": account.domain, "state": DomainChangeState::Denied, "reason": reason }),
    );
    tx.record(at, permit.who(), &event, ())
}

/// Somebody of the account takes the wish back.
pub fn withdraw_change(tx: &mut Tx<'_>, permit: &Permit<EditAccount>, at: Moment) -> Result<Recorded<()>> {
    let account = store::find(tx, permit.within().account()?)?;
    let change = store::pending_change(tx, account.id)?;
    let withdrawn = match &change {
        Some(change) => store::decide_change(
            tx,
            change.id,
            DomainChangeState::Withdrawn,
            permit.who().person,
            at,
            "",
        )?,
        None => false,
    };
    let Some(change) = change.filter(|_| withdrawn) else {
        return Err(Error::refused(
            "smart-accounts.no-domain-change",
            "No other Account Domain Identifier waits for a Domain approver.",
        ));
    };
    let event = event(
        Kind::DomainChangeWithdrawn,
        &account,
        format!(
            "The wish for the Account Domain Identifier {} was withdrawn.",
            change.to
        ),
    )
    .changed(
        &json!({ "asked_for": change.to, "state": DomainChangeState::Pending }),
        &json!({ "domain": account.domain, "state": DomainChangeState::Withdrawn }),
    );
    tx.record(at, permit.who(), &event, ())
}
