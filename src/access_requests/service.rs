//! What can be done with requests for access. Each function that changes something is one write: the request,
//! the roles, the links, the letters and the record together, or nothing of it.

use super::letters;
use super::model::{
    self, AccessRequest, AccessState, Part, Place, Rule, ScopeKind, Settings, Verdict, authority,
};
use super::store::{self, Decision};
use crate::authn::people::{self, Person, PersonState};
use crate::authz::action::{AutomateAccess, DecideAccess, RequestAccess, ViewAccessRequests, ViewDirectory};
use crate::authz::delegation::{self, Delegation};
use crate::authz::links::{self, Purpose};
use crate::authz::{Action, Does, Grant, Mandate, Permit, Role, Within, grants, matrix};
use crate::error::{Error, Problems, Result};
use crate::http::menu::Onlooker;
use crate::kernel::ids::{AccessRequestId, DelegationId, LinkId, PersonId, SmartAccountId, VirtualAccountId};
use crate::kernel::{EmailAddress, Event, Kind, Moment, Who, search_key};
use crate::members::{self, Scope};
use crate::platform::db::{Once, OnceKey, Read, Reads, Recorded, Tx};
use crate::platform::mail;
use crate::smart_accounts::{self, SmartAccount, State};
use crate::virtual_accounts::{self, AccessLevel};
use chrono::TimeDelta;
use serde_json::json;
use std::collections::HashMap;

/// What is said of an account that is not there, is Pending, or may not be known of: one answer for all.
const UNKNOWN: &str = "No Smart Account that you can ask for access has exactly this name or domain identifier. Check what you typed, or ask an administrator of the account.";

// Which account ----------------------------------------------------------------------------------------------

/// The account behind a whole domain identifier: who has all of it may know of a Restricted one.
pub fn target(read: &mut dyn Reads, _permit: &Permit<RequestAccess>, domain: &str) -> Result<SmartAccount> {
    let key = crate::kernel::DomainIdentifier::parse(domain).map_err(|_| unknown("account"))?;
    smart_accounts::by_domain(read, key.as_str())?
        .filter(|account| account.state != State::Pending)
        .ok_or_else(|| unknown("account"))
}

/// The accounts that have exactly this name or domain identifier.
pub fn exactly(
    read: &mut dyn Reads,
    permit: &Permit<RequestAccess>,
    typed: &str,
) -> Result<Vec<SmartAccount>> {
    if typed.trim().is_empty() {
        return Err(Error::invalid(
            "account",
            "Enter the entire domain identifier or the entire Smart Account name.",
        ));
    }
    match target(read, permit, typed) {
        Ok(account) => return Ok(vec![account]),
        Err(Error::Invalid(_)) => {}
        Err(other) => return Err(other),
    }
    let found = smart_accounts::by_exact_name(read, typed)?;
    if found.is_empty() {
        Err(unknown("account"))
    } else {
        Ok(found)
    }
}

fn unknown(field: &str) -> Error {
    Error::invalid(field, UNKNOWN)
}

/// The Virtual Accounts that somebody may choose from: a Restricted one is not shown to who does not reach it.
pub fn choices(
    read: &mut dyn Reads,
    account: SmartAccountId,
    person: PersonId,
) -> Result<Vec<(VirtualAccountId, String)>> {
    let held = grants::of_person_in(read, account, person)?;
    Ok(known_places(read, account, &held)?
        .into_iter()
        .filter(|(_, _, shown)| *shown)
        .map(|(id, name, _)| (id, name))
        .collect())
}

fn known_places(
    read: &mut dyn Reads,
    account: SmartAccountId,
    held: &[Grant],
) -> Result<Vec<(VirtualAccountId, String, bool)>> {
    let sees_all = held.iter().any(|grant| grant.virtual_account.is_none());
    Ok(virtual_accounts::names(read, &[account])?
        .into_iter()
        .map(|(_, id, name, level)| {
            let shown = sees_all
                || level == AccessLevel::Unrestricted
                || held.iter().any(|grant| grant.virtual_account == Some(id));
            (id, name, shown)
        })
        .collect())
}

// Asking -----------------------------------------------------------------------------------------------------

/// The id and the time of a new request: made before the transaction, since that may run more than once.
#[derive(Debug, Clone, Copy)]
pub struct Sending {
    at: Moment,
    id: AccessRequestId,
}

impl Sending {
    /// For a request that is sent now.
    pub fn new(at: Moment) -> Self {
        Self {
            at,
            id: AccessRequestId::new(),
        }
    }
}

/// What somebody asks for.
#[derive(Debug, Clone)]
pub struct Wish {
    /// How far.
    pub scope: ScopeKind,
    /// As what.
    pub role: Role,
    /// Virtual Accounts that were chosen from the list.
    pub places: Vec<VirtualAccountId>,
    /// Virtual Accounts that were named: a Restricted one can be asked for by its exact name alone.
    pub names: Vec<String>,
}

/// A wish of which everything was found, before it is sent: what the review shows.
#[derive(Debug, Clone)]
pub struct Weighed {
    /// To which account.
    pub account: SmartAccount,
    /// How far.
    pub scope: Scope,
    /// As what.
    pub role: Role,
    /// The Virtual Accounts with their names.
    pub places: Vec<Place>,
    held: Vec<Grant>,
}

/// Looks at a wish as [`send`] will: finds what it names, and refuses what cannot be asked.
pub fn weigh(
    read: &mut dyn Reads,
    permit: &Permit<RequestAccess>,
    requester: &Person,
    at: Moment,
    domain: &str,
    wish: &Wish,
) -> Result<Weighed> {
    let account = target(read, permit, domain)?;
    let held = askable(read, &account, requester, at)?;
    let mut places: Vec<Place> = Vec::new();
    if wish.scope == ScopeKind::VirtualAccounts {
        let known = known_places(read, account.id, &held)?;
        let mut problems = Problems::default();
        for id in &wish.places {
            match known.iter().find(|(other, _, shown)| other == id && *shown) {
                Some((id, name, _)) => places.push(Place {
                    id: *id,
                    name: name.clone(),
                }),
                None => problems.add("va", "Choose Virtual Accounts from the list."),
            }
        }
        for typed in &wish.names {
            let key = search_key(&crate::kernel::pasted::line(typed));
            match known.iter().find(|(_, name, _)| search_key(name) == key) {
                Some((id, name, _)) => places.push(Place {
                    id: *id,
                    name: name.clone(),
                }),
                None => problems.add(
                    "names",
                    format!(
                        "No Virtual Account of {} has exactly the name \u{201c}{}\u{201d}.",
                        account.name,
                        typed.chars().take(60).collect::<String>()
                    ),
                ),
            }
        }
        problems.or_ok()?;
        places.sort_by_key(|place| search_key(&place.name));
        places.dedup_by_key(|place| place.id);
    }
    let scope = wish.scope.with(places.iter().map(|place| place.id).collect());
    model::fits(&scope, wish.role)?;
    members::may_hold(wish.role, &requester.email, &account.domain)?;
    if model::has_already(&held, &scope, wish.role) {
        return Err(Error::refused(
            "access-requests.has-role",
            format!(
                "You have this already: {}.",
                held_words(&held, &scope, wish.role, &places)
            ),
        ));
    }
    Ok(Weighed {
        account,
        scope,
        role: wish.role,
        places,
        held,
    })
}

fn held_words(held: &[Grant], scope: &Scope, role: Role, places: &[Place]) -> String {
    let is_admin = held
        .iter()
        .any(|grant| grant.virtual_account.is_none() && grant.role == Role::AccountAdmin);
    match scope {
        _ if is_admin => format!("you are its {}", Role::AccountAdmin),
        Scope::Account => format!("{role} of the entire Smart Account"),
        Scope::These(_) => format!("{role} of {}", model::place_words(places)),
    }
}

/// Whether somebody can ask for this account at all; what they hold in it.
pub fn askable(
    read: &mut dyn Reads,
    account: &SmartAccount,
    requester: &Person,
    at: Moment,
) -> Result<Vec<Grant>> {
    if account.state != State::Active {
        return Err(Error::refused(
            "access-requests.account-not-active",
            format!(
                "{} is {}. Access can be requested to an Active Smart Account only.",
                account.name,
                account.status_words()
            ),
        ));
    }
    if let Some(pending) = store::pending_in(read, account.id, requester.id)?
        && pending.is_open(at)
    {
        return Err(store::pending_already());
    }
    grants::of_person_in(read, account.id, requester.id)
}

/// Sends a request. The rules of the account may decide it at once; otherwise it waits, and those who can
/// decide it get a letter with a link.
#[expect(
    clippy::too_many_arguments,
    reason = "who asks, when, where, for what, and a word"
)]
pub fn send(
    tx: &mut Tx<'_>,
    permit: &Permit<RequestAccess>,
    requester: &Person,
    new: Sending,
    domain: &str,
    wish: &Wish,
    note: &str,
    once: Option<&OnceKey>,
) -> Result<Recorded<AccessRequest>> {
    if let Once::Again(made) = tx.once(once)? {
        let id = made.parse().map_err(Error::internal)?;
        let request = store::find(tx, id)?;
        return Ok(tx.unchanged(request));
    }
    let weighed = weigh(tx, permit, requester, new.at, domain, wish)?;
    let account = &weighed.account;
    // One that is overdue and not marked yet makes room.
    if let Some(overdue) = store::pending_in(tx, account.id, requester.id)? {
        let _ = expire_now(tx, &overdue, new.at)?;
    }
    let settings = store::settings(tx, account.id)?;
    let number = tx.next_number("access-request", 1)?;
    let reference = model::reference(new.at, number);
    store::insert(
        tx,
        &store::New {
            id: new.id,
            reference: &reference,
            account: account.id,
            requester: requester.id,
            search_key: &search_key(&format!("{} {} {reference}", requester.name, requester.email)),
            scope: wish.scope,
            role: wish.role,
            note,
            had_access: !weighed.held.is_empty(),
            sent_at: new.at,
            remind_at: new.at.plus(TimeDelta::days(settings.remind_days.into())),
            expires_at: new.at.plus(TimeDelta::days(settings.expire_days.into())),
        },
    )?;
    store::insert_places(tx, account.id, new.id, Part::Asked, &weighed.places)?;
    let request = store::find(tx, new.id)?;
    tx.made(new.at, once, new.id.as_str())?;
    let sent = about(
        &request,
        &weighed.scope,
        Kind::AccessRequested,
        format!(
            "{} requested access to {}: {}.",
            requester.label(),
            account.name,
            wanted_words(request.role, &weighed.scope, &weighed.places)
        ),
    )
    .changed(
        &json!(null),
        &json!({ "state": request.state, "scope": request.scope, "virtual_accounts": names_of(&weighed.places), "role": request.role, "expires_at": request.expires_at }),
    );
    let decided = match model::rule_for(&settings.rules, requester.email.domain(), request.role) {
        Some(rule) => by_rule(
            tx,
            new.at,
            &request,
            requester,
            &weighed,
            rule,
            &sent,
            permit.who(),
        )?,
        None => None,
    };
    if let Some(decided) = decided {
        return Ok(decided);
    }
    post(
        tx,
        new.at,
        letters::RECEIVED,
        &request,
        &json!({}),
        &requester.name,
        &requester.email,
    )?;
    ask_approvers(tx, new.at, letters::ASKED, &request, &weighed.scope)?;
    tx.record(new.at, permit.who(), &sent, request)
}

fn names_of(places: &[Place]) -> Vec<&str> {
    places.iter().map(|place| place.name.as_str()).collect()
}

fn wanted_words(role: Role, scope: &Scope, places: &[Place]) -> String {
    model::wanted(role, ScopeKind::of(scope), places)
}

/// The Virtual Accounts of a request.
pub fn places(read: &mut dyn Reads, request: &AccessRequest, part: Part) -> Result<Vec<Place>> {
    Ok(store::places_of(read, &[request.id])?
        .into_iter()
        .filter(|(_, other, _)| *other == part)
        .map(|(_, _, place)| place)
        .collect())
}

/// An event about a request. In one Virtual Account, its people may read it.
fn about(request: &AccessRequest, scope: &Scope, kind: Kind, says: String) -> Event {
    let event = Event::new(kind, &request.reference, says).within(request.account);
    match scope {
        Scope::These(list) => match list.as_slice() {
            [one] => event.in_virtual_account(*one),
            _ => event,
        },
        Scope::Account => event,
    }
}

/// Does what a rule says. None when the administrators are to be asked: the rule says so, or what it would
/// give cannot be given to this person, or would take the place of what they hold.
#[expect(
    clippy::too_many_arguments,
    reason = "a request with all that is known of it, and a rule"
)]
fn by_rule(
    tx: &mut Tx<'_>,
    at: Moment,
    request: &AccessRequest,
    requester: &Person,
    weighed: &Weighed,
    rule: &Rule,
    sent: &Event,
    sender: &Who,
) -> Result<Option<Recorded<AccessRequest>>> {
    let portal = Who::portal("access request automation");
    let by = format!("the rule for {}, {}", rule.whom(), rule.for_what());
    match rule.verdict {
        Verdict::Ask => Ok(None),
        Verdict::Decline => {
            tx.note(at, sender, sent)?;
            let decision = Decision {
                state: AccessState::AutoDeclined,
                by: None,
                on_behalf_of: None,
                given: None,
                reason: &rule.reason,
            };
            let says = format!("The request {} was declined by {by}.", request.reference);
            settle(
                tx,
                &portal,
                at,
                request,
                &weighed.scope,
                &decision,
                &[],
                Kind::AccessDeclined,
                says,
            )
            .map(Some)
        }
        Verdict::Approve => {
            let Some((scope, role)) = rule.gift() else {
                return Ok(None);
            };
            // Virtual Accounts that were deleted since fall out of the rule.
            let Some((scope, places)) = still_there(tx, request.account, scope)? else {
                return Ok(None);
            };
            let replaces = scope.places().iter().any(|place| {
                weighed
                    .held
                    .iter()
                    .any(|grant| grant.virtual_account == *place && grant.role != role)
            });
            if replaces
                || model::fits(&scope, role).is_err()
                || members::may_hold(role, &requester.email, &weighed.account.domain).is_err()
            {
                return Ok(None);
            }
            tx.note(at, sender, sent)?;
            for event in members::give_roles(tx, at, request.account, requester.id, &scope, role)? {
                tx.note(at, &portal, &event)?;
            }
            let decision = Decision {
                state: AccessState::AutoApproved,
                by: None,
                on_behalf_of: None,
                given: Some((ScopeKind::of(&scope), role)),
                reason: "",
            };
            let says = format!(
                "The request {} was approved by {by}: {}.",
                request.reference,
                wanted_words(role, &scope, &places)
            );
            settle(
                tx,
                &portal,
                at,
                request,
                &weighed.scope,
                &decision,
                &places,
                Kind::AccessApproved,
                says,
            )
            .map(Some)
        }
    }
}

/// A scope with the names of its Virtual Accounts, without those that are gone; none when nothing is left.
fn still_there(
    read: &mut dyn Reads,
    account: SmartAccountId,
    scope: Scope,
) -> Result<Option<(Scope, Vec<Place>)>> {
    let Scope::These(wanted) = scope else {
        return Ok(Some((scope, Vec::new())));
    };
    let places: Vec<Place> = virtual_accounts::names(read, &[account])?
        .into_iter()
        .filter(|(_, id, _, _)| wanted.contains(id))
        .map(|(_, id, name, _)| Place { id, name })
        .collect();
    let scope = Scope::These(places.iter().map(|place| place.id).collect());
    Ok((!places.is_empty()).then_some((scope, places)))
}

/// The requester takes a request back.
pub fn withdraw(
    tx: &mut Tx<'_>,
    permit: &Permit<RequestAccess>,
    at: Moment,
    id: AccessRequestId,
) -> Result<Recorded<AccessRequest>> {
    let person = &permit.actor()?.person;
    let request = store::find_of(tx, person.id, id)?;
    let asked = asked_scope(tx, &request)?;
    if !request.is_open(at) {
        return Err(decided(tx, &request));
    }
    let decision = Decision {
        state: AccessState::Withdrawn,
        by: Some(person.id),
        on_behalf_of: None,
        given: None,
        reason: "",
    };
    let says = format!("{} withdrew the request {}.", person.label(), request.reference);
    settle(
        tx,
        permit.who(),
        at,
        &request,
        &asked,
        &decision,
        &[],
        Kind::AccessWithdrawn,
        says,
    )
}

// Deciding ---------------------------------------------------------------------------------------------------

fn asked_scope(read: &mut dyn Reads, request: &AccessRequest) -> Result<Scope> {
    let asked = places(read, request, Part::Asked)?;
    Ok(request
        .scope
        .with(asked.into_iter().map(|place| place.id).collect()))
}

/// A request that lies within what somebody can see; "not found" otherwise.
fn seen(
    read: &mut dyn Reads,
    own: &Within,
    mandates: &[Mandate],
    id: AccessRequestId,
) -> Result<(AccessRequest, Scope)> {
    let request = store::find_in(read, own, id)?;
    let asked = asked_scope(read, &request)?;
    let sees = match model::reach(own, mandates) {
        None => true,
        Some(only) => match &asked {
            Scope::Account => false,
            Scope::These(list) => !list.is_empty() && list.iter().all(|id| only.contains(id)),
        },
    };
    if sees {
        Ok((request, asked))
    } else {
        Err(Error::NotFound)
    }
}

/// What keeps anybody from deciding a request now.
fn open(
    read: &mut dyn Reads,
    request: &AccessRequest,
    decider: Option<PersonId>,
    at: Moment,
) -> Result<SmartAccount> {
    if !request.is_open(at) {
        return Err(decided(read, request));
    }
    if decider == Some(request.requester) {
        return Err(Error::refused(
            "access-requests.own-request",
            "You asked for this access, so somebody else decides it.",
        ));
    }
    let account = smart_accounts::find(read, request.account)?;
    if account.state != State::Active {
        return Err(Error::refused(
            "access-requests.account-not-active",
            "Access can be given in an Active Smart Account only.",
        ));
    }
    Ok(account)
}

/// The refusal for a request that is not open any more: who, what, when.
fn decided(read: &mut dyn Reads, request: &AccessRequest) -> Error {
    match outcome(read, request) {
        Ok(says) => Error::refused("access-requests.decided", says),
        Err(error) => error,
    }
}

/// One sentence about what has become of a request: who, what, when.
pub fn outcome(read: &mut dyn Reads, request: &AccessRequest) -> Result<String> {
    let mut who = match request.decided_by {
        Some(id) => people::find(read, id)?.label(),
        None => "A rule of the Smart Account".to_owned(),
    };
    if let Some(id) = request.on_behalf_of {
        who = format!("{who}, on behalf of {},", people::find(read, id)?.label());
    }
    let at = request.decided_at.unwrap_or(request.expires_at).words();
    let given = match (request.given_role, request.given_scope) {
        (Some(role), Some(scope)) => {
            let given = places(read, request, Part::Given)?;
            format!(": {}", model::wanted(role, scope, &given))
        }
        _ => String::new(),
    };
    Ok(match request.state {
        AccessState::Approved | AccessState::AutoApproved => {
            format!("{who} approved this request on {at}{given}.")
        }
        AccessState::Declined | AccessState::AutoDeclined => {
            format!("{who} declined this request on {at}.")
        }
        AccessState::Withdrawn => format!("{who} withdrew this request on {at}."),
        AccessState::Superseded => {
            format!("The requester was given access otherwise: the request ended on {at}.")
        }
        AccessState::Pending | AccessState::Expired => {
            format!("Nobody decided this request in time: it expired on {at}.")
        }
    })
}

fn beyond() -> Error {
    Error::refused(
        "access-requests.beyond-your-role",
        "A Virtual Account Administrator decides requests that lie wholly within their own Virtual Accounts, and gives roles in those alone.",
    )
}

/// Approves a request, with the scope and role that are given: they may differ from what was asked.
pub fn approve(
    tx: &mut Tx<'_>,
    permit: &Permit<DecideAccess>,
    at: Moment,
    id: AccessRequestId,
    scope: &Scope,
    role: Role,
) -> Result<Recorded<AccessRequest>> {
    let (request, asked) = seen(tx, permit.within(), permit.mandates(), id)?;
    let account = open(tx, &request, permit.who().person, at)?;
    model::fits(scope, role)?;
    let right = authority(permit.within(), permit.mandates(), &[&asked, scope]).ok_or_else(beyond)?;
    let on_behalf_of = right.on_behalf_of();
    members::may_give(right.within(), scope)?;
    let wanted = scope.places().len();
    let Some((scope, places)) = still_there(tx, account.id, scope.clone())?
        .filter(|(_, places)| *scope == Scope::Account || places.len() == wanted)
    else {
        return Err(Error::invalid(
            "va",
            "Select Virtual Accounts that are still there.",
        ));
    };
    let requester = people::find(tx, request.requester)?;
    members::may_hold(role, &requester.email, &account.domain)?;
    for event in members::give_roles(tx, at, account.id, requester.id, &scope, role)? {
        tx.note(at, permit.who(), &event)?;
    }
    let decision = Decision {
        state: AccessState::Approved,
        by: permit.who().person,
        on_behalf_of,
        given: Some((ScopeKind::of(&scope), role)),
        reason: "",
    };
    let says = format!(
        "{} approved the request {} of {}: {}.",
        decider_words(tx, permit.who(), on_behalf_of)?,
        request.reference,
        requester.label(),
        wanted_words(role, &scope, &places)
    );
    settle(
        tx,
        permit.who(),
        at,
        &request,
        &asked,
        &decision,
        &places,
        Kind::AccessApproved,
        says,
    )
}

/// Declines a request. A reason may be given; the requester reads it.
pub fn decline(
    tx: &mut Tx<'_>,
    permit: &Permit<DecideAccess>,
    at: Moment,
    id: AccessRequestId,
    reason: &str,
) -> Result<Recorded<AccessRequest>> {
    let (request, asked) = seen(tx, permit.within(), permit.mandates(), id)?;
    open(tx, &request, permit.who().person, at)?;
    let right = authority(permit.within(), permit.mandates(), &[&asked]).ok_or_else(beyond)?;
    let decision = Decision {
        state: AccessState::Declined,
        by: permit.who().person,
        on_behalf_of: right.on_behalf_of(),
        given: None,
        reason,
    };
    let requester = people::find(tx, request.requester)?;
    let mut says = format!(
        "{} declined the request {} of {}.",
        decider_words(tx, permit.who(), decision.on_behalf_of)?,
        request.reference,
        requester.label()
    );
    if !reason.is_empty() {
        says.push_str(&format!(" Reason: {reason}"));
    }
    settle(
        tx,
        permit.who(),
        at,
        &request,
        &asked,
        &decision,
        &[],
        Kind::AccessDeclined,
        says,
    )
}

fn decider_words(read: &mut dyn Reads, who: &Who, on_behalf_of: Option<PersonId>) -> Result<String> {
    Ok(match on_behalf_of {
        Some(id) => format!("{}, on behalf of {},", who.label, people::find(read, id)?.label()),
        None => who.label.clone(),
    })
}

/// Ends a request, its links, and tells the requester. Only one can: the others read who was quicker.
#[expect(
    clippy::too_many_arguments,
    reason = "a request, what became of it, and what the record says"
)]
fn settle(
    tx: &mut Tx<'_>,
    who: &Who,
    at: Moment,
    before: &AccessRequest,
    asked: &Scope,
    decision: &Decision<'_>,
    given: &[Place],
    kind: Kind,
    says: String,
) -> Result<Recorded<AccessRequest>> {
    if !store::decide(tx, before.id, at, decision)? {
        let now = store::find(tx, before.id)?;
        return Err(decided(tx, &now));
    }
    store::insert_places(tx, before.account, before.id, Part::Given, given)?;
    links::end_about(tx, before.id.as_str(), at)?;
    let after = store::find(tx, before.id)?;
    if after.state != AccessState::Withdrawn {
        let requester = people::find(tx, before.requester)?;
        post(
            tx,
            at,
            letters::OUTCOME,
            &after,
            &json!({}),
            &requester.name,
            &requester.email,
        )?;
    }
    let behalf = match decision.on_behalf_of {
        Some(id) => Some(people::find(tx, id)?.label()),
        None => None,
    };
    let wanted = places(tx, before, Part::Asked)?;
    let event = about(before, asked, kind, says).changed(
        &json!({
            "state": before.state, "scope": before.scope, "role": before.role,
            "virtual_accounts": names_of(&wanted),
        }),
        &json!({
            "state": after.state, "scope": after.given_scope, "role": after.given_role,
            "virtual_accounts": names_of(given), "reason": after.reason, "on_behalf_of": behalf,
        }),
    );
    tx.record(at, who, &event, after)
}

// By the clock -----------------------------------------------------------------------------------------------

fn expire_now(tx: &mut Tx<'_>, request: &AccessRequest, at: Moment) -> Result<Recorded<AccessRequest>> {
    let asked = asked_scope(tx, request)?;
    let decision = Decision {
        state: AccessState::Expired,
        by: None,
        on_behalf_of: None,
        given: None,
        reason: "",
    };
    let says = format!(
        "Nobody decided the request {} in time: it expired.",
        request.reference
    );
    settle(
        tx,
        &Who::portal("clock"),
        at,
        request,
        &asked,
        &decision,
        &[],
        Kind::AccessExpired,
        says,
    )
}

/// What the portal does when nobody has decided in time. Nothing when somebody has.
pub fn expire(tx: &mut Tx<'_>, id: AccessRequestId, at: Moment) -> Result<Recorded<()>> {
    let request = store::find(tx, id)?;
    if request.state != AccessState::Pending || at < request.expires_at {
        return Ok(tx.unchanged(()));
    }
    expire_now(tx, &request, at).map(|done| done.map(drop))
}

/// Ends a request whose sender was given access otherwise. Nothing when that is not so.
pub fn supersede(tx: &mut Tx<'_>, id: AccessRequestId, at: Moment) -> Result<Recorded<()>> {
    let request = store::find(tx, id)?;
    let asked = asked_scope(tx, &request)?;
    let held = grants::of_person_in(tx, request.account, request.requester)?;
    if request.state != AccessState::Pending || !model::is_superseded(&request, &asked, &held) {
        return Ok(tx.unchanged(()));
    }
    let decision = Decision {
        state: AccessState::Superseded,
        by: None,
        on_behalf_of: None,
        given: None,
        reason: "",
    };
    let says = format!(
        "The request {} is superseded: its sender was given access otherwise.",
        request.reference
    );
    settle(
        tx,
        &Who::portal("clock"),
        at,
        &request,
        &asked,
        &decision,
        &[],
        Kind::AccessSuperseded,
        says,
    )
    .map(|done| done.map(drop))
}

/// Those among some pending requests whose senders may have been given access otherwise.
pub fn perhaps_superseded(read: &mut dyn Reads, some: &[AccessRequest]) -> Result<Vec<AccessRequestId>> {
    let people: Vec<PersonId> = some.iter().map(|request| request.requester).collect();
    let mut held: HashMap<(PersonId, SmartAccountId), Vec<Grant>> = HashMap::new();
    for grant in grants::of_people(read, &people)? {
        held.entry((grant.person, grant.account)).or_default().push(grant);
    }
    let mut found = Vec::new();
    for request in some {
        if let Some(held) = held.get(&(request.requester, request.account)) {
            let asked = asked_scope(read, request)?;
            if model::is_superseded(request, &asked, held) {
                found.push(request.id);
            }
        }
    }
    Ok(found)
}

/// Reminds those who can decide, once. Nothing when another process was quicker.
pub fn remind(tx: &mut Tx<'_>, id: AccessRequestId, at: Moment) -> Result<Recorded<()>> {
    if !store::remind(tx, id, at)? {
        return Ok(tx.unchanged(()));
    }
    let request = store::find(tx, id)?;
    let asked = asked_scope(tx, &request)?;
    let reminded = ask_approvers(tx, at, letters::REMINDER, &request, &asked)?;
    let event = about(
        &request,
        &asked,
        Kind::AccessReminded,
        format!(
            "Those who can decide the request {} were reminded.",
            request.reference
        ),
    )
    .with(json!({ "reminded": reminded }));
    tx.record(at, &Who::portal("clock"), &event, ())
}

// Letters ----------------------------------------------------------------------------------------------------

/// Those who can decide a request: administrators of the account, those of all its Virtual Accounts, and
/// whoever stands in for one of them now.
fn approvers(
    read: &mut dyn Reads,
    request: &AccessRequest,
    asked: &Scope,
    at: Moment,
) -> Result<Vec<Person>> {
    let mut ids: Vec<PersonId> = grants::holders_in(read, &[request.account], Role::AccountAdmin)?
        .into_iter()
        .map(|grant| grant.person)
        .collect();
    if let Scope::These(places) = asked {
        let mut reach: HashMap<PersonId, Vec<VirtualAccountId>> = HashMap::new();
        for grant in grants::in_account(read, request.account)? {
            if let (Some(place), Role::VirtualAdmin) = (grant.virtual_account, grant.role) {
                reach.entry(grant.person).or_default().push(place);
            }
        }
        ids.extend(
            reach
                .into_iter()
                .filter(|(_, theirs)| places.iter().all(|place| theirs.contains(place)))
                .map(|(person, _)| person),
        );
    }
    for one in delegation::of_account(read, request.account, at)? {
        let is_member = !grants::of_person_in(read, request.account, one.to)?.is_empty();
        if one.counts(at) && ids.contains(&one.from) && is_member {
            ids.push(one.to);
        }
    }
    ids.sort_unstable();
    ids.dedup();
    let mut found = people::find_all(read, &ids)?;
    found.retain(|person| person.state == PersonState::Active && person.id != request.requester);
    found.sort_by_key(|person| person.id);
    Ok(found)
}

/// Writes to all who can decide, each with a link of their own. How many they are is known here alone, so the
/// links get their ids here: when the transaction is run again, others.
fn ask_approvers(
    tx: &mut Tx<'_>,
    at: Moment,
    letter: &'static str,
    request: &AccessRequest,
    asked: &Scope,
) -> Result<Vec<String>> {
    let mut asked_of = Vec::new();
    for person in approvers(tx, request, asked, at)? {
        let link = LinkId::new();
        links::make(
            tx,
            at,
            link,
            Purpose::DecideAccess,
            request.id.as_str(),
            &person.email,
            request.expires_at,
        )?;
        let extra = json!({ "link": link });
        post(tx, at, letter, request, &extra, &person.name, &person.email)?;
        asked_of.push(person.email.to_string());
    }
    Ok(asked_of)
}

fn post(
    tx: &mut Tx<'_>,
    at: Moment,
    letter: &'static str,
    request: &AccessRequest,
    extra: &serde_json::Value,
    name: &str,
    to: &EmailAddress,
) -> Result<()> {
    mail::post(tx, at, letter, request.id.as_str(), extra, name, to).map(drop)
}

/// The request behind an emailed link and the number of its account.
pub fn by_link(read: &mut dyn Reads, about_id: &str) -> Result<(AccessRequest, i64)> {
    let id = about_id.parse().map_err(|_| Error::NotFound)?;
    let request = store::find(read, id)?;
    let number = smart_accounts::find(read, request.account)?.number;
    Ok((request, number))
}

// Reading ----------------------------------------------------------------------------------------------------

/// A request with all that a page shows of it.
#[derive(Debug, Clone)]
pub struct Details {
    /// The request.
    pub request: AccessRequest,
    /// To which account.
    pub account: SmartAccount,
    /// Who asks.
    pub requester: Person,
    /// The Virtual Accounts that were asked for.
    pub asked: Vec<Place>,
    /// Those that were given.
    pub given: Vec<Place>,
    /// Who decided, by name.
    pub decider: Option<String>,
    /// In whose stead, by name.
    pub on_behalf_of: Option<String>,
    /// What has become of it, in a sentence, once that is known.
    pub outcome: Option<String>,
}

impl Details {
    /// "Virtual Account User of A, B".
    pub fn wanted(&self) -> String {
        model::wanted(self.request.role, self.request.scope, &self.asked)
    }
    /// What was given, in the same words.
    pub fn gift(&self) -> Option<String> {
        Some(model::wanted(
            self.request.given_role?,
            self.request.given_scope?,
            &self.given,
        ))
    }
}

/// Adds to requests what stands in other tables: a few questions for all of them.
fn fill(read: &mut dyn Reads, requests: Vec<AccessRequest>) -> Result<Vec<Details>> {
    let ids: Vec<AccessRequestId> = requests.iter().map(|request| request.id).collect();
    let mut accounts: Vec<SmartAccountId> = requests.iter().map(|request| request.account).collect();
    accounts.sort_unstable();
    accounts.dedup();
    let mut persons: Vec<PersonId> = requests
        .iter()
        .flat_map(|request| [Some(request.requester), request.decided_by, request.on_behalf_of])
        .flatten()
        .collect();
    persons.sort_unstable();
    persons.dedup();
    let accounts: HashMap<SmartAccountId, SmartAccount> = smart_accounts::find_many(read, &accounts)?
        .into_iter()
        .map(|account| (account.id, account))
        .collect();
    let persons: HashMap<PersonId, Person> = people::find_all(read, &persons)?
        .into_iter()
        .map(|person| (person.id, person))
        .collect();
    let mut asked: HashMap<AccessRequestId, Vec<Place>> = HashMap::new();
    let mut given: HashMap<AccessRequestId, Vec<Place>> = HashMap::new();
    for (request, part, place) in store::places_of(read, &ids)? {
        let into = match part {
            Part::Asked => &mut asked,
            Part::Given => &mut given,
        };
        into.entry(request).or_default().push(place);
    }
    let name = |id: Option<PersonId>| id.and_then(|id| persons.get(&id)).map(|p| p.name.clone());
    Ok(requests
        .into_iter()
        .filter_map(|request| {
            Some(Details {
                account: accounts.get(&request.account)?.clone(),
                requester: persons.get(&request.requester)?.clone(),
                asked: asked.remove(&request.id).unwrap_or_default(),
                given: given.remove(&request.id).unwrap_or_default(),
                decider: name(request.decided_by),
                on_behalf_of: name(request.on_behalf_of),
                outcome: None,
                request,
            })
        })
        .collect())
}

fn one(read: &mut dyn Reads, request: AccessRequest) -> Result<Details> {
    let outcome = match request.state {
        AccessState::Pending => None,
        _ => Some(outcome(read, &request)?),
    };
    let details = fill(read, vec![request])?.pop().ok_or(Error::NotFound)?;
    Ok(Details { outcome, ..details })
}

/// A request that was changed just now, with all that is shown of it.
pub fn complete(read: &mut dyn Reads, request: AccessRequest) -> Result<Details> {
    one(read, request)
}

/// What somebody has asked for, the newest first; at most 200.
pub fn own(read: &mut dyn Reads, permit: &Permit<ViewDirectory>) -> Result<Vec<Details>> {
    let sent = store::sent_by(read, permit.person()?, None)?;
    fill(read, sent)
}

/// What somebody has asked for and waits for.
pub fn own_pending(read: &mut dyn Reads, person: PersonId) -> Result<Vec<AccessRequest>> {
    store::sent_by(read, person, Some(AccessState::Pending))
}

/// One of the requests that somebody has sent.
pub fn own_one(read: &mut dyn Reads, permit: &Permit<ViewDirectory>, id: AccessRequestId) -> Result<Details> {
    let request = store::find_of(read, permit.person()?, id)?;
    one(read, request)
}

/// A page of the requests of an account.
#[derive(Debug, Clone)]
pub struct Listed {
    /// The rows.
    pub rows: Vec<Details>,
    /// How many there are in all.
    pub total: u64,
}

/// The requests of an account that the reader can see: all, or those wholly within their Virtual Accounts.
pub fn list(
    read: &mut dyn Reads,
    permit: &Permit<ViewAccessRequests>,
    filter: &store::Filter,
    limit: u64,
    offset: u64,
) -> Result<Listed> {
    let only = model::reach(permit.within(), permit.mandates());
    let total = store::count(read, permit.within(), only.as_deref(), filter)?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let offset = i64::try_from(offset).unwrap_or(i64::MAX);
    let rows = store::list(read, permit.within(), only.as_deref(), filter, limit, offset)?;
    Ok(Listed {
        rows: fill(read, rows)?,
        total,
    })
}

/// One request of an account, and by whose right the reader can decide it.
pub fn details(
    read: &mut dyn Reads,
    permit: &Permit<ViewAccessRequests>,
    id: AccessRequestId,
) -> Result<(Details, Standing)> {
    details_for(read, permit, id)
}

/// The same for who is about to decide it.
pub fn details_to_decide(
    read: &mut dyn Reads,
    permit: &Permit<DecideAccess>,
    id: AccessRequestId,
) -> Result<(Details, Standing)> {
    details_for(read, permit, id)
}

fn details_for<A: Does>(
    read: &mut dyn Reads,
    permit: &Permit<A>,
    id: AccessRequestId,
) -> Result<(Details, Standing)> {
    let (request, asked) = seen(read, permit.within(), permit.mandates(), id)?;
    let own = request.requester == permit.person()?;
    let standing = match authority(permit.within(), permit.mandates(), &[&asked]) {
        _ if own => Standing::Own,
        None => Standing::Beyond,
        Some(right) => Standing::Decides {
            everywhere: right.within().only().is_none(),
            only: right.within().only().map(<[_]>::to_vec).unwrap_or_default(),
            on_behalf_of: match &right {
                model::Authority::Own(_) => None,
                model::Authority::For(mandate) => Some(mandate.from.label()),
            },
        },
    };
    Ok((one(read, request)?, standing))
}

/// How somebody stands to a request that they see.
#[derive(Debug, Clone)]
pub enum Standing {
    /// They sent it.
    Own,
    /// It reaches beyond each of their rights.
    Beyond,
    /// They can decide it.
    Decides {
        /// In the whole account.
        everywhere: bool,
        /// Otherwise in these Virtual Accounts.
        only: Vec<VirtualAccountId>,
        /// In whose stead.
        on_behalf_of: Option<String>,
    },
}

/// How many requests wait for somebody; none for who cannot decide any. Asked on every page.
pub fn waiting(read: &mut Read<'_>, onlooker: &Onlooker<'_>) -> Result<Option<u64>> {
    let account = onlooker.tenant.id;
    let own = if onlooker.actor.has(crate::authn::PlatformRole::Support) {
        return store::count_pending(read, account, None).map(Some);
    } else {
        matrix::by_roles(Action::DecideAccess, onlooker.tenant, onlooker.grants)
    };
    if onlooker.grants.is_empty() {
        return Ok(None);
    }
    if own.as_ref().is_some_and(|within| within.only().is_none()) {
        return store::count_pending(read, account, None).map(Some);
    }
    let mut reach: Vec<Within> = own.into_iter().collect();
    for lent in delegation::lent_to(read, account, onlooker.actor.person.id, onlooker.now)? {
        reach.extend(matrix::by_roles(
            Action::DecideAccess,
            onlooker.tenant,
            &lent.grants,
        ));
    }
    if reach.is_empty() {
        return Ok(None);
    }
    let mut only = Vec::new();
    for within in &reach {
        match within.only() {
            None => return store::count_pending(read, account, None).map(Some),
            Some(some) => only.extend_from_slice(some),
        }
    }
    store::count_pending(read, account, Some(&only)).map(Some)
}

// Settings ---------------------------------------------------------------------------------------------------

/// How an account handles requests: for pages that have a permit to see or to change it.
pub fn settings_of(read: &mut dyn Reads, account: SmartAccountId) -> Result<Settings> {
    store::settings(read, account)
}

/// Changes how an account handles requests. `version` is the one that was looked at.
pub fn change_settings(
    tx: &mut Tx<'_>,
    permit: &Permit<AutomateAccess>,
    at: Moment,
    version: i64,
    change: impl FnOnce(&mut Settings) -> Result<()>,
) -> Result<Recorded<()>> {
    let account = smart_accounts::find(tx, permit.within().account()?)?;
    if account.state != State::Active {
        return Err(Error::refused(
            "access-requests.account-not-active",
            "Only an Active Smart Account can be changed.",
        ));
    }
    let before = store::settings(tx, account.id)?;
    if before.version != version {
        return Err(Error::Stale);
    }
    let mut after = before.clone();
    change(&mut after)?;
    let known: Vec<VirtualAccountId> = virtual_accounts::names(tx, &[account.id])?
        .into_iter()
        .map(|(_, id, _, _)| id)
        .collect();
    if after.rules.len() > model::MOST_RULES {
        return Err(Error::invalid(
            "rules",
            format!("An account has at most {} rules.", model::MOST_RULES),
        ));
    }
    // A rule that was good before stays as it is, though a Virtual Account of it may be gone.
    after.rules = after
        .rules
        .into_iter()
        .map(|rule| {
            if before.rules.contains(&rule) {
                Ok(rule)
            } else {
                model::checked(rule, &known, &account.domain)
            }
        })
        .collect::<Result<_>>()?;
    if after == before {
        return Ok(tx.unchanged(()));
    }
    if !store::keep_settings(tx, account.id, &after)? {
        return Err(Error::Stale);
    }
    let event = Event::new(
        Kind::AccessAutomation,
        account.number,
        format!(
            "{} changed the Access request Automation settings.",
            permit.who().label
        ),
    )
    .within(account.id)
    .changed(&before, &after);
    tx.record(at, permit.who(), &event, ())
}

// Delegation -------------------------------------------------------------------------------------------------

/// A delegation with the people of it.
#[derive(Debug, Clone)]
pub struct StoodIn {
    /// It.
    pub delegation: Delegation,
    /// Who is away.
    pub from: Person,
    /// Who decides meanwhile.
    pub to: Person,
}

/// Those of an account that count now or will.
pub fn delegations<A: Does>(read: &mut dyn Reads, permit: &Permit<A>, now: Moment) -> Result<Vec<StoodIn>> {
    let found = delegation::of_account(read, permit.within().account()?, now)?;
    let ids: Vec<PersonId> = found.iter().flat_map(|one| [one.from, one.to]).collect();
    let people: HashMap<PersonId, Person> = people::find_all(read, &ids)?
        .into_iter()
        .map(|person| (person.id, person))
        .collect();
    Ok(found
        .into_iter()
        .filter_map(|delegation| {
            Some(StoodIn {
                from: people.get(&delegation.from)?.clone(),
                to: people.get(&delegation.to)?.clone(),
                delegation,
            })
        })
        .collect())
}

/// Whether somebody has a right of their own that they could lend.
pub fn may_lend<A: Does>(permit: &Permit<A>, held: &[Grant]) -> bool {
    permit.within().only().is_none_or(|only| !only.is_empty())
        && held
            .iter()
            .any(|grant| matrix::allows(Action::DecideAccess, grant.role))
}

/// Names somebody who decides while one is away, within one's own right.
pub fn lend(
    tx: &mut Tx<'_>,
    permit: &Permit<DecideAccess>,
    at: Moment,
    id: DelegationId,
    to: &EmailAddress,
    starts_at: Moment,
    ends_at: Moment,
) -> Result<Recorded<DelegationId>> {
    let account = permit.within().account()?;
    let from = permit.actor()?.person.clone();
    let held = grants::of_person_in(tx, account, from.id)?;
    if !may_lend(permit, &held) {
        return Err(Error::refused(
            "access-requests.nothing-to-lend",
            "Only who can decide access requests by a role of their own can name a delegate.",
        ));
    }
    let mut problems = Problems::default();
    if ends_at <= starts_at || ends_at <= at {
        problems.add(
            "ends",
            "Enter a last day that is not before the first day and not over.",
        );
    } else if ends_at.since(starts_at) > model::LONGEST_DELEGATION {
        problems.add("ends", "Choose a period of at most 90 days.");
    }
    problems.or_ok()?;
    let nobody = || {
        Error::invalid(
            "delegate",
            format!("Nobody with a role in this Smart Account has the address {to}."),
        )
    };
    let to = people::by_email(tx, to)?
        .filter(|person| person.state == PersonState::Active)
        .ok_or_else(nobody)?;
    if to.id == from.id {
        return Err(Error::invalid(
            "delegate",
            "Enter somebody else\u{2019}s address.",
        ));
    }
    if grants::of_person_in(tx, account, to.id)?.is_empty() {
        return Err(Error::invalid(
            "delegate",
            format!(
                "Nobody with a role in this Smart Account has the address {}.",
                to.email
            ),
        ));
    }
    let overlaps = delegation::of_account(tx, account, at)?
        .into_iter()
        .any(|one| one.from == from.id && one.starts_at < ends_at && starts_at < one.ends_at);
    if overlaps {
        return Err(Error::refused(
            "access-requests.delegation-overlaps",
            "You have named a delegate for some of this time. End that delegation first.",
        ));
    }
    let new = Delegation {
        id,
        account,
        from: from.id,
        to: to.id,
        starts_at,
        ends_at,
        created_at: at,
        ended_at: None,
    };
    delegation::lend(tx, &new)?;
    mail::post(
        tx,
        at,
        letters::DELEGATED,
        id.as_str(),
        &json!({ "account": account }),
        &to.name,
        &to.email,
    )?;
    let event = Event::new(
        Kind::AccessDelegated,
        id,
        format!(
            "{} decides access requests on behalf of {} from {} until {}.",
            to.label(),
            from.label(),
            starts_at.words(),
            ends_at.words()
        ),
    )
    .within(account)
    .changed(
        &json!(null),
        &json!({ "delegator": from.label(), "delegate": to.label(), "starts_at": starts_at, "ends_at": ends_at }),
    );
    tx.record(at, permit.who(), &event, id)
}

/// Ends a delegation: one's own, or anybody's for an administrator of the account.
pub fn end_delegation(
    tx: &mut Tx<'_>,
    permit: &Permit<DecideAccess>,
    at: Moment,
    id: DelegationId,
) -> Result<Recorded<()>> {
    let account = permit.within().account()?;
    let found = delegation::find(tx, account, id)?;
    let is_own = permit.who().person == Some(found.from);
    if !is_own && permit.within().only().is_some() {
        return Err(Error::refused(
            "access-requests.not-your-delegation",
            "A delegation is ended by who named the delegate, or by a Smart Account Administrator.",
        ));
    }
    if !delegation::end(tx, account, id, at)? {
        return Err(Error::refused(
            "access-requests.delegation-over",
            "This delegation is over already.",
        ));
    }
    let (from, to) = (people::find(tx, found.from)?, people::find(tx, found.to)?);
    let event = Event::new(
        Kind::AccessDelegationEnded,
        id,
        format!(
            "{} no longer decides access requests on behalf of {}.",
            to.label(),
            from.label()
        ),
    )
    .within(account)
    .changed(&json!({ "ends_at": found.ends_at }), &json!({ "ended_at": at }));
    tx.record(at, permit.who(), &event, ())
}
