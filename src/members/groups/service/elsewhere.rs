//! A group in other Smart Accounts: asking, letting in, declining and ending.

use super::follow::{checked, facts_of, put};
use super::read::{mine, sees, whole};
use crate::authz::action::{ManageGroups, ViewUsers};
use crate::authz::{Permit, Role, grants};
use crate::error::{Error, Result};
use crate::kernel::ids::{GroupRequestId, UserGroupId};
use crate::kernel::{DomainIdentifier, Event, Kind, Moment, Who};
use crate::members::groups::model::{Asked, Request, RequestState, may_touch};
use crate::members::groups::store;
use crate::members::letters;
use crate::members::model::Scope;
use crate::platform::db::{Reads, Recorded, Tx};
use crate::platform::mail;
use crate::smart_accounts::{self, SmartAccount};
use serde_json::json;

/// Why a request, as it stands now, is not answered or ended.
fn answered_already<T>(read: &mut dyn Reads, lookup_id: &str) -> Result<T> {
    let request = store::by_lookup(read, lookup_id)?.ok_or(Error::NotFound)?;
    Err(Error::refused("members.group-answered", stands(request.state)))
}

/// How a request stands, for whoever wanted it to stand otherwise.
pub fn stands(state: RequestState) -> &'static str {
    match state {
        RequestState::Waiting => "Nobody has answered this request yet.",
        RequestState::Granted => "This request was granted already.",
        RequestState::Declined => "This request was declined already.",
        RequestState::Withdrawn => "This request was withdrawn already.",
        RequestState::Ended => "The access of this user group has ended already.",
    }
}

/// Asks for access of a group to another account, which is named by its whole domain identifier.
#[derive(Debug, Clone)]
pub struct Asking {
    /// The request's id.
    pub id: GroupRequestId,
    /// How people will call it.
    pub lookup_id: String,
    /// Of which account.
    pub domain: DomainIdentifier,
    /// A note.
    pub note: String,
}

/// Sends it: to the other account's administrators (M9).
pub fn ask(
    tx: &mut Tx<'_>,
    permit: &Permit<ManageGroups>,
    at: Moment,
    group: UserGroupId,
    asking: &Asking,
) -> Result<Recorded<Request>> {
    let row = mine(tx, permit, group)?;
    // Whom a group takes along into another account is a matter of the whole account.
    may_touch(permit.within(), &[], false)?;
    let target = smart_accounts::by_domain(tx, asking.domain.as_str())?
        .filter(|account| account.state == smart_accounts::State::Active)
        .ok_or_else(|| {
            Error::invalid(
                "domain",
                "No active Smart Account has this Account Domain Identifier. Enter the whole identifier.",
            )
        })?;
    if target.id == row.group.account {
        return Err(Error::invalid(
            "domain",
            "This is the user group's own Smart Account. Change its role and Virtual Accounts instead.",
        ));
    }
    let taken = store::requests_of(tx, group)?
        .iter()
        .any(|request| request.state.is_live() && request.target == target.id);
    if taken {
        return Err(store::asked_already());
    }
    let request = Request {
        id: asking.id,
        lookup_id: asking.lookup_id.clone(),
        group,
        owner: row.group.account,
        target: target.id,
        state: RequestState::Waiting,
        note: asking.note.clone(),
        asked_by: permit.person()?,
        asked_at: at,
        answered_by: None,
        answered_at: None,
        ended_at: None,
    };
    store::insert_request(tx, &request)?;
    let administrators = grants::administrators(tx, &[target.id])?;
    for person in administrators.iter().flat_map(|(_, people)| people) {
        mail::post(
            tx,
            at,
            letters::GROUP_ASKED,
            request.id.as_str(),
            &json!({}),
            &person.name,
            &person.email,
        )?;
    }
    let event = Event::new(
        Kind::GroupAsked,
        &request.lookup_id,
        format!(
            "Access to the Smart Account {} was requested for the user group {} ({}).",
            target.name, row.group.name, request.lookup_id
        ),
    )
    .within(row.group.account)
    .with(json!({ "target": target.name, "domain": target.domain, "note": request.note }));
    tx.record(at, permit.who(), &event, request)
}

/// The request of this lookup id that was sent to the account of a permit. Anything else is not there.
pub fn look_up(read: &mut dyn Reads, permit: &Permit<ManageGroups>, lookup_id: &str) -> Result<Asked> {
    let request = store::by_lookup(read, lookup_id)?.ok_or(Error::NotFound)?;
    if request.target != permit.within().account()? {
        return Err(Error::NotFound);
    }
    whole(read, request)
}

/// The groups of other accounts that were let into the account of a permit.
pub fn external(read: &mut dyn Reads, permit: &Permit<ViewUsers>) -> Result<Vec<Asked>> {
    let account = permit.within().account()?;
    let mut found = Vec::new();
    for request in store::granted_in(read, account)? {
        let asked = whole(read, request)?;
        if sees(permit.within(), &asked.access) {
            found.push(asked);
        }
    }
    Ok(found)
}

fn tell_asker(tx: &mut Tx<'_>, at: Moment, asked: &Asked, what: &str, who: &Who) -> Result<()> {
    mail::post(
        tx,
        at,
        letters::GROUP_ANSWERED,
        asked.request.id.as_str(),
        &json!({ "what": what, "by": who.label }),
        &asked.asker.name,
        &asked.asker.email,
    )
    .map(drop)
}

/// Lets a group of another account in, with a role. Whoever reaches some Virtual Accounts alone lets it into
/// those.
pub fn let_in(
    tx: &mut Tx<'_>,
    permit: &Permit<ManageGroups>,
    at: Moment,
    lookup_id: &str,
    scope: &Scope,
    role: Role,
) -> Result<Recorded<Asked>> {
    let asked = look_up(tx, permit, lookup_id)?;
    if !matches!(asked.request.state, RequestState::Waiting) {
        return answered_already(tx, lookup_id);
    }
    let place = checked(tx, permit.within(), scope, role)?;
    let (from, to) = (RequestState::Waiting, RequestState::Granted);
    if !store::answer(tx, asked.request.id, from, to, permit.who().person, at)? {
        return answered_already(tx, lookup_id);
    }
    put(
        tx,
        at,
        asked.request.group,
        asked.target.id,
        Some(&(scope.clone(), role)),
    )?;
    tell_asker(tx, at, &asked, "granted", permit.who())?;
    let after = facts_of(scope, role, &place.names);
    let says = format!(
        "The user group {} of {} was given the role {role} ({lookup_id}).",
        asked.group, asked.owner.name
    );
    note_for_owner(tx, at, permit.who(), Kind::GroupLetIn, &asked, "was granted")?;
    let event = Event::new(Kind::GroupLetIn, lookup_id, says)
        .within(asked.target.id)
        .changed(&json!(null), &after);
    tx.record(at, permit.who(), &event, asked)
}

/// Both accounts keep a record of what happened between them.
fn note_for_owner(
    tx: &mut Tx<'_>,
    at: Moment,
    who: &Who,
    kind: Kind,
    asked: &Asked,
    what: &str,
) -> Result<()> {
    let event = Event::new(
        kind,
        &asked.request.lookup_id,
        format!(
            "Access of the user group {} to the Smart Account {} {what} ({}).",
            asked.group, asked.target.name, asked.request.lookup_id
        ),
    )
    .within(asked.request.owner);
    tx.note(at, who, &event)
}

/// Declines a request.
pub fn decline(
    tx: &mut Tx<'_>,
    permit: &Permit<ManageGroups>,
    at: Moment,
    lookup_id: &str,
) -> Result<Recorded<Asked>> {
    let asked = look_up(tx, permit, lookup_id)?;
    // It asks the whole account; who reaches some Virtual Accounts alone lets it into those, or leaves it.
    may_touch(permit.within(), &[], false)?;
    let (from, to) = (RequestState::Waiting, RequestState::Declined);
    if !store::answer(tx, asked.request.id, from, to, permit.who().person, at)? {
        return answered_already(tx, lookup_id);
    }
    tell_asker(tx, at, &asked, "declined", permit.who())?;
    note_for_owner(tx, at, permit.who(), Kind::GroupNotLetIn, &asked, "was declined")?;
    let event = Event::new(
        Kind::GroupNotLetIn,
        lookup_id,
        format!(
            "Access of the user group {} of {} was declined ({lookup_id}).",
            asked.group, asked.owner.name
        ),
    )
    .within(asked.target.id);
    tx.record(at, permit.who(), &event, asked)
}

pub(super) fn note_put_out(
    tx: &mut Tx<'_>,
    at: Moment,
    who: &Who,
    request: &Request,
    group: &str,
    owner: &str,
    target: &SmartAccount,
) -> Result<()> {
    let event = Event::new(
        Kind::GroupPutOut,
        &request.lookup_id,
        format!(
            "Access of the user group {group} of {owner} to {} ended ({}).",
            target.name, request.lookup_id
        ),
    )
    .within(target.id);
    tx.note(at, who, &event)
}

/// Ends the access of a group to another account, or takes its request back: by the group's owner.
pub fn end_as_owner(
    tx: &mut Tx<'_>,
    permit: &Permit<ManageGroups>,
    at: Moment,
    group: UserGroupId,
    lookup_id: &str,
) -> Result<Recorded<()>> {
    let row = mine(tx, permit, group)?;
    let request = store::by_lookup(tx, lookup_id)?
        .filter(|request| request.group == row.group.id)
        .ok_or(Error::NotFound)?;
    let asked = whole(tx, request)?;
    end(tx, permit.who(), at, &asked, RequestState::Withdrawn)
}

/// Ends the access of a group of another account: by the account that let it in.
pub fn end_as_target(
    tx: &mut Tx<'_>,
    permit: &Permit<ManageGroups>,
    at: Moment,
    lookup_id: &str,
) -> Result<Recorded<()>> {
    let asked = look_up(tx, permit, lookup_id)?;
    may_touch(permit.within(), &asked.access, false)?;
    if asked.request.state != RequestState::Granted {
        return answered_already(tx, lookup_id);
    }
    end(tx, permit.who(), at, &asked, RequestState::Ended)
}

fn end(
    tx: &mut Tx<'_>,
    who: &Who,
    at: Moment,
    asked: &Asked,
    waiting_becomes: RequestState,
) -> Result<Recorded<()>> {
    let (to, kind, what) = match asked.request.state {
        RequestState::Waiting => (waiting_becomes, Kind::GroupNotLetIn, "was withdrawn"),
        RequestState::Granted => (RequestState::Ended, Kind::GroupPutOut, "ended"),
        _ => return answered_already(tx, &asked.request.lookup_id),
    };
    if !store::answer(tx, asked.request.id, asked.request.state, to, who.person, at)? {
        return answered_already(tx, &asked.request.lookup_id);
    }
    put(tx, at, asked.request.group, asked.target.id, None)?;
    if to == RequestState::Ended {
        note_put_out(
            tx,
            at,
            who,
            &asked.request,
            &asked.group,
            &asked.owner.name,
            &asked.target,
        )?;
        tell_asker(tx, at, asked, "ended", who)?;
    }
    let event = Event::new(
        kind,
        &asked.request.lookup_id,
        format!(
            "Access of the user group {} to the Smart Account {} {what} ({}).",
            asked.group, asked.target.name, asked.request.lookup_id
        ),
    )
    .within(asked.request.owner);
    tx.record(at, who, &event, ())
}
