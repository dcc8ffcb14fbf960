//! Asking for access: what is wanted is weighed, then sent, answered by a rule of the account, or withdrawn.

use super::choose::{known_places, target};
use super::expire::expire_now;
use super::notify::{ask_approvers, post};
use super::places::{asked_scope, names_of, still_there, wanted_words};
use super::settle::{about, decided, settle};
use crate::access_requests::letters;
use crate::access_requests::model::{
    self, AccessRequest, AccessState, Part, Place, Rule, ScopeKind, Verdict,
};
use crate::access_requests::store::{self, Decision};
use crate::authn::people::Person;
use crate::authz::action::RequestAccess;
use crate::authz::{Grant, Permit, Role, grants};
use crate::error::{Error, Problems, Result};
use crate::kernel::ids::{AccessRequestId, VirtualAccountId};
use crate::kernel::{Event, Kind, Moment, Who, search_key};
use crate::members::{self, Scope};
use crate::platform::db::{Once, OnceKey, Reads, Recorded, Tx};
use crate::smart_accounts::{SmartAccount, State};
use chrono::TimeDelta;
use serde_json::json;

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
