//! In use or not.

use super::{event, post};
use crate::authz::action::ChangeAccountState;
use crate::authz::{Permit, grants};
use crate::error::{Error, Result};
use crate::kernel::{Kind, Moment, search_key};
use crate::platform::db::{Recorded, Tx};
use crate::smart_accounts::model::State;
use crate::smart_accounts::{letters, store};
use serde_json::json;

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
