//! What changes more of a Smart Account than its properties: its Account Domain Identifier, its headquarters, and
//! whether it is in use.

use super::letters;
use super::model::{self, Address, DomainChange, DomainChangeState, MOST_ADDRESSES, SmartAccount, State};
use super::store;
use crate::authn::people::{self, Person, PlatformRole};
use crate::authz::action::{ApproveDomain, ChangeAccountState, EditAccount};
use crate::authz::{Permit, grants};
use crate::error::{Error, Result};
use crate::kernel::ids::{AddressId, DomainChangeId, PersonId, SmartAccountId};
use crate::kernel::{DomainIdentifier, Event, Kind, Moment, search_key};
use crate::platform::db::{Reads, Recorded, Tx};
use crate::platform::mail;
use serde_json::{Value, json};
use std::collections::HashMap;

fn event(kind: Kind, account: &SmartAccount, says: String) -> Event {
    Event::new(kind, account.number, says).within(account.id)
}

fn post(
    tx: &mut Tx<'_>,
    at: Moment,
    letter: &'static str,
    about: &str,
    extra: &Value,
    to: &[Person],
) -> Result<()> {
    for person in to {
        mail::post(tx, at, letter, about, extra, &person.name, &person.email)?;
    }
    Ok(())
}

// In use or not ------------------------------------------------------------------------------------------

/// Takes an Active account out of use. It can still be opened and read; what the permits refuse from now on is
/// said in `authz::matrix::state_allows`. `typed` is the name that a person typed to confirm it.
pub fn deactivate(
    tx: &mut Tx<'_>,
    permit: &Permit<ChangeAccountState>,
    at: Moment,
    typed: Option<&str>,
    reason: &str,
) -> Result<Recorded<()>> {
    turn(tx, permit, at, State::Inactive, typed, reason)
}

/// Takes an Inactive account into use again.
pub fn reactivate(
    tx: &mut Tx<'_>,
    permit: &Permit<ChangeAccountState>,
    at: Moment,
    typed: Option<&str>,
    reason: &str,
) -> Result<Recorded<()>> {
    turn(tx, permit, at, State::Active, typed, reason)
}

/// Whether an account can be taken out of use, or into use again.
pub fn can_turn(is: State, to: State) -> Result<()> {
    let (from, done) = match to {
        State::Inactive => (State::Active, "deactivated"),
        _ => (State::Inactive, "reactivated"),
    };
    if is == from {
        return Ok(());
    }
    Err(Error::refused(
        "smart-accounts.wrong-state",
        format!("This Smart Account is {}, so it cannot be {done}.", is.label()),
    ))
}

fn turn(
    tx: &mut Tx<'_>,
    permit: &Permit<ChangeAccountState>,
    at: Moment,
    to: State,
    typed: Option<&str>,
    reason: &str,
) -> Result<Recorded<()>> {
    let id = permit.within().account()?;
    let account = store::find(tx, id)?;
    let (kind, letter) = match to {
        State::Inactive => (Kind::AccountDeactivated, letters::DEACTIVATED),
        _ => (Kind::AccountReactivated, letters::REACTIVATED),
    };
    let from = account.state;
    can_turn(from, to)?;
    if typed.is_some_and(|typed| search_key(typed) != search_key(&account.name)) {
        return Err(Error::invalid(
            "confirm",
            format!("Type {} to confirm.", account.name),
        ));
    }
    if !store::set_state(tx, id, from, to)? {
        return Err(Error::Stale);
    }
    let extra = json!({ "by": permit.who().label, "reason": reason });
    let people = grants::administrators_of(tx, id)?;
    post(tx, at, letter, id.as_str(), &extra, &people)?;
    let says = format!(
        "The Smart Account {} was {}. Reason: {reason}",
        account.name,
        if to == State::Inactive {
            "deactivated"
        } else {
            "reactivated"
        }
    );
    let event = event(kind, &account, says).changed(
        &json!({ "state": from }),
        &json!({ "state": to, "reason": reason }),
    );
    tx.record(at, permit.who(), &event, ())
}

// The domain ---------------------------------------------------------------------------------------------

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

/// The wish of an account that waits for a decision.
pub fn pending_change(read: &mut dyn Reads, account: SmartAccountId) -> Result<Option<DomainChange>> {
    store::pending_change(read, account)
}

/// A wish, with what a page shows beside it.
#[derive(Debug, Clone)]
pub struct Described {
    /// The wish.
    pub change: DomainChange,
    /// Of which account.
    pub account: SmartAccount,
    /// Who asks.
    pub requester: Person,
    /// What has become of it, once that is known.
    pub outcome: Option<String>,
    /// Other accounts with the same TLD.
    pub same_tld: Vec<SmartAccount>,
}

/// One wish, for a Domain approver.
pub fn describe(read: &mut dyn Reads, _: &Permit<ApproveDomain>, id: DomainChangeId) -> Result<Described> {
    let change = store::change(read, id)?;
    let account = store::find(read, change.account)?;
    let requester = people::find(read, change.requested_by)?;
    let outcome = if change.state == DomainChangeState::Pending {
        None
    } else {
        Some(outcome(read, &change)?)
    };
    let to = DomainIdentifier::parse(&change.to).map_err(Error::internal)?;
    let mut same_tld = store::under_registrable(read, to.registrable())?;
    same_tld.retain(|other| other.id != account.id);
    Ok(Described {
        change,
        account,
        requester,
        outcome,
        same_tld,
    })
}

/// A wish in a list: with account and name and address of who asks.
pub type Listed = (DomainChange, SmartAccount, String);

/// Wishes of all accounts, the newest first, and how many there are of each state.
pub fn list_changes(
    read: &mut dyn Reads,
    _: &Permit<ApproveDomain>,
    state: Option<DomainChangeState>,
    limit: u64,
    offset: u64,
) -> Result<(Vec<Listed>, Vec<(DomainChangeState, u64)>)> {
    let counts = store::count_changes(read)?;
    let changes = store::list_changes(
        read,
        state,
        i64::try_from(limit).unwrap_or(i64::MAX),
        i64::try_from(offset).unwrap_or(i64::MAX),
    )?;
    let accounts: Vec<SmartAccountId> = changes.iter().map(|change| change.account).collect();
    let accounts: HashMap<SmartAccountId, SmartAccount> = store::find_many(read, &accounts)?
        .into_iter()
        .map(|account| (account.id, account))
        .collect();
    let ids: Vec<PersonId> = changes.iter().map(|change| change.requested_by).collect();
    let people: HashMap<PersonId, String> = people::find_all(read, &ids)?
        .into_iter()
        .map(|person| (person.id, person.label()))
        .collect();
    let rows = changes
        .into_iter()
        .filter_map(|change| {
            let account = accounts.get(&change.account)?.clone();
            let requester = people.get(&change.requested_by)?.clone();
            Some((change, account, requester))
        })
        .collect();
    Ok((rows, counts))
}

/// The state of a wish for the letters of this room.
pub fn find_change(read: &mut dyn Reads, id: &str) -> Result<(DomainChange, SmartAccount)> {
    let id: DomainChangeId = id.parse().map_err(|_| Error::NotFound)?;
    let change = store::change(read, id)?;
    let account = store::find(read, change.account)?;
    Ok((change, account))
}

// Headquarters -------------------------------------------------------------------------------------------

/// Which address becomes the headquarters.
#[derive(Debug, Clone)]
pub enum Headquarters {
    /// One that the account keeps.
    Known(AddressId),
    /// A new one, with the id that it gets.
    New(AddressId, String),
}

/// The addresses that "Change HQ" offers.
pub fn addresses(read: &mut dyn Reads, account: SmartAccountId) -> Result<Vec<Address>> {
    store::addresses(read, account)
}

/// Moves the headquarters. The address that it had stays on offer; `kept` is the id that it gets when it has none.
pub fn move_headquarters(
    tx: &mut Tx<'_>,
    permit: &Permit<EditAccount>,
    at: Moment,
    kept: AddressId,
    to: &Headquarters,
) -> Result<Recorded<()>> {
    let account = store::find(tx, permit.within().account()?)?;
    account.must_be_active()?;
    let mut known = store::addresses(tx, account.id)?;
    if !account.headquarters.is_empty() && known.iter().all(|one| one.address != account.headquarters) {
        store::insert_address(tx, at, account.id, kept, &account.headquarters)?;
        known.push(Address {
            id: kept,
            address: account.headquarters.clone(),
        });
    }
    let address = match to {
        Headquarters::Known(id) => known
            .iter()
            .find(|one| one.id == *id)
            .map(|one| one.address.clone())
            .ok_or_else(|| Error::invalid("address", "Choose one of the addresses."))?,
        Headquarters::New(id, address) => {
            if known.iter().all(|one| one.address != *address) {
                if known.len() >= MOST_ADDRESSES {
                    return Err(Error::refused(
                        "smart-accounts.too-many-addresses",
                        format!(
                            "A Smart Account keeps at most {MOST_ADDRESSES} addresses. Choose one of them."
                        ),
                    ));
                }
                store::insert_address(tx, at, account.id, *id, address)?;
            }
            address.clone()
        }
    };
    if address == account.headquarters {
        return Ok(tx.unchanged(()));
    }
    store::set_headquarters(tx, account.id, &address)?;
    let event = event(
        Kind::AccountChanged,
        &account,
        format!("The headquarters address of {} was changed.", account.name),
    )
    .changed(
        &json!({ "headquarters": account.headquarters }),
        &json!({ "headquarters": address }),
    );
    tx.record(at, permit.who(), &event, ())
}
