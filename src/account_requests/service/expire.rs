//! What the clock does: expiry and reminders.

use super::decide::{close_creators, settle, tell_requester};
use super::notify::{address_of, post_to_creator, post_to_domain_approvers};
use crate::account_requests::model::{CreatorState, RequestState};
use crate::account_requests::{letters, store};
use crate::error::Result;
use crate::kernel::ids::AccountRequestId;
use crate::kernel::{Event, Kind, Moment, Who};
use crate::platform::db::{Recorded, Tx};
use crate::smart_accounts::{self, PendingDetail};
use serde_json::json;

/// What the portal does when nobody has decided in time. Nothing when somebody has.
pub fn expire(tx: &mut Tx<'_>, id: AccountRequestId, at: Moment) -> Result<Recorded<()>> {
    let request = store::find(tx, id)?;
    if at < request.expires_at || !store::decide(tx, id, RequestState::Expired, None, at, "")? {
        return Ok(tx.unchanged(()));
    }
    smart_accounts::cancel(tx, request.account, PendingDetail::Expired)?;
    close_creators(tx, &request, None, at)?;
    tell_requester(tx, at, &request)?;
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
