//! Deciding: who may, and what approving and declining bring about.

use super::places::{asked_scope, still_there, wanted_words};
use super::settle::{decided, settle};
use crate::access_requests::model::{self, AccessRequest, AccessState, ScopeKind, authority};
use crate::access_requests::store::{self, Decision};
use crate::authn::people;
use crate::authz::action::DecideAccess;
use crate::authz::{Mandate, Permit, Role, Within};
use crate::error::{Error, Result};
use crate::kernel::ids::{AccessRequestId, PersonId};
use crate::kernel::{Kind, Moment, Who};
use crate::members::{self, Scope};
use crate::platform::db::{Reads, Recorded, Tx};
use crate::smart_accounts::{self, SmartAccount, State};

/// A request that lies within what somebody can see; "not found" otherwise.
pub(super) fn seen(
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
