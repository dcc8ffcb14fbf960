//! What a device brings: a text, redeemed once for each registration.

use super::super::model::{State, Token, Written};
use super::super::store;
use crate::authz::matrix;
use crate::error::{Error, Result};
use crate::kernel::Moment;
use crate::kernel::ids::{RegistrationTokenId, SmartAccountId, VirtualAccountId};
use crate::platform::db::{Reads, Tx};
use crate::smart_accounts;

/// What a token opens.
#[derive(Debug, Clone)]
pub struct Redeemed {
    /// Which token.
    pub id: RegistrationTokenId,
    /// Whose the product instance becomes.
    pub account: SmartAccountId,
    /// Where it lands.
    pub virtual_account: VirtualAccountId,
    /// Whether it may use export-controlled functionality.
    pub export_controlled: bool,
}

impl From<Token> for Redeemed {
    fn from(token: Token) -> Self {
        Self {
            id: token.id,
            account: token.account,
            virtual_account: token.virtual_account,
            export_controlled: token.export_controlled,
        }
    }
}

/// Why a token opens nothing, each end with a code of its own.
pub(super) fn refusal(state: State) -> Option<Error> {
    let code = match state {
        State::Active => return None,
        State::Expired => "tokens.expired",
        State::Exhausted => "tokens.exhausted",
        State::Revoked => "tokens.revoked",
    };
    Some(Error::refused(code, state.because()))
}

fn known(read: &mut dyn Reads, text: &str) -> Result<Token> {
    let written = Written::parse(text).ok_or_else(|| {
        Error::refused(
            "tokens.garbled",
            "This is not the whole text of a registration token. Copy it again.",
        )
    })?;
    store::by_hash(read, &written.hash())?.ok_or_else(|| {
        Error::refused(
            "tokens.unknown",
            "There is no such registration token here. It may have been deleted with its Virtual Account, or belongs to another portal.",
        )
    })
}

/// Whose a token is, whether it still opens anything or not: a device whose first answer got lost asks again with a
/// token that may be used up by now.
pub fn whose(read: &mut dyn Reads, text: &str) -> Result<Redeemed> {
    known(read, text).map(Redeemed::from)
}

/// What a token is called, or the words for one without a description; nothing of one that is gone. For the page of a
/// product instance that came with it.
pub fn description_of(
    read: &mut dyn Reads,
    account: SmartAccountId,
    id: RegistrationTokenId,
) -> Result<Option<String>> {
    Ok(store::these(read, account, &[id])?.pop().map(|token| {
        if token.description.is_empty() {
            format!("Without a description, by {}", token.creator)
        } else {
            token.description
        }
    }))
}

fn brought(read: &mut dyn Reads, at: Moment, text: &str) -> Result<Token> {
    let token = known(read, text)?;
    if let Some(error) = refusal(token.state(at)) {
        return Err(error);
    }
    if smart_accounts::find(read, token.account)?.state != smart_accounts::State::Active {
        return Err(Error::refused("smart-account.inactive", matrix::INACTIVE));
    }
    Ok(token)
}

/// Says how often a token was used before it came here: for scenario files.
pub fn used(tx: &mut Tx<'_>, account: SmartAccountId, id: RegistrationTokenId, uses: i64) -> Result<()> {
    store::set_uses(tx, account, id, uses)
}

/// What the token that a device brings opens, if it opens anything. Counts nothing.
pub fn look_up(read: &mut dyn Reads, at: Moment, text: &str) -> Result<Redeemed> {
    brought(read, at, text).map(Redeemed::from)
}

/// The same, and counts one use: of any number of devices that come at once, as many as there are uses left get in. A
/// part of the caller's write and of its record.
pub fn redeem(tx: &mut Tx<'_>, at: Moment, text: &str) -> Result<Redeemed> {
    let token = brought(tx, at, text)?;
    if store::count_use(tx, token.id, at)? {
        return Ok(token.into());
    }
    // Somebody was quicker: what is so now says why.
    let now = store::these(tx, token.account, &[token.id])?
        .pop()
        .map_or(State::Revoked, |token| token.state(at));
    Err(refusal(now).unwrap_or(Error::Stale))
}
