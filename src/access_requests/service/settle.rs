//! The end of a request, by whomever: its links, its letter, and what the record says.

use super::notify::post;
use super::places::{names_of, places};
use crate::access_requests::letters;
use crate::access_requests::model::{self, AccessRequest, AccessState, Part, Place};
use crate::access_requests::store::{self, Decision};
use crate::authn::people;
use crate::authz::links;
use crate::error::{Error, Result};
use crate::kernel::{Event, Kind, Moment, Who};
use crate::members::Scope;
use crate::platform::db::{Reads, Recorded, Tx};
use serde_json::json;

/// An event about a request. In one Virtual Account, its people may read it.
pub(super) fn about(request: &AccessRequest, scope: &Scope, kind: Kind, says: String) -> Event {
    let event = Event::new(kind, &request.reference, says).within(request.account);
    match scope {
        Scope::These(list) => match list.as_slice() {
            [one] => event.in_virtual_account(*one),
            _ => event,
        },
        Scope::Account => event,
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

/// The refusal for a request that is not open any more: who, what, when.
pub(super) fn decided(read: &mut dyn Reads, request: &AccessRequest) -> Error {
    match outcome(read, request) {
        Ok(says) => Error::refused("access-requests.decided", says),
        Err(error) => error,
    }
}

/// Ends a request, its links, and tells the requester. Only one can: the others read who was quicker.
#[expect(
    clippy::too_many_arguments,
    reason = "a request, what became of it, and what the record says"
)]
pub(super) fn settle(
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
