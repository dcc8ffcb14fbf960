//! What the clock does: expiry, reminders, and requests that another grant has overtaken.

use super::notify::ask_approvers;
use super::places::asked_scope;
use super::settle::{about, settle};
use crate::access_requests::letters;
use crate::access_requests::model::{self, AccessRequest, AccessState};
use crate::access_requests::store::{self, Decision};
use crate::authz::{Grant, grants};
use crate::error::Result;
use crate::kernel::ids::{AccessRequestId, PersonId, SmartAccountId};
use crate::kernel::{Kind, Moment, Who};
use crate::platform::db::{Reads, Recorded, Tx};
use serde_json::json;
use std::collections::HashMap;

pub(super) fn expire_now(
    tx: &mut Tx<'_>,
    request: &AccessRequest,
    at: Moment,
) -> Result<Recorded<AccessRequest>> {
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
