//! Handing a request on to another address.

use super::decide::open;
use super::notify::post_to_creator;
use crate::account_requests::model::{self, CreatorState, Request};
use crate::account_requests::{letters, store};
use crate::authn::people::{self, Person};
use crate::authz::Permit;
use crate::authz::action::DecideAccountRequest;
use crate::authz::links::{self, Purpose};
use crate::error::Result;
use crate::kernel::ids::{CreatorId, LinkId};
use crate::kernel::{EmailAddress, Event, Kind, Moment};
use crate::platform::db::{Recorded, Tx};
use serde_json::json;

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
