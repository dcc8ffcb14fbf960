//! What changes more of a Smart Account than its properties: its Account Domain Identifier, its headquarters, and
//! whether it is in use.

mod domain;
mod headquarters;
mod read;
mod state;

pub use domain::{Wish, approve_change, change_domain, deny_change, withdraw_change};
pub use headquarters::{Headquarters, addresses, move_headquarters};
pub use read::{Described, Listed, count_changes, describe, find_change, list_changes, pending_change};
pub use state::{can_turn, deactivate, reactivate};

use crate::authn::people::Person;
use crate::error::Result;
use crate::kernel::{Event, Kind, Moment};
use crate::platform::db::Tx;
use crate::platform::mail;
use crate::smart_accounts::model::SmartAccount;
use serde_json::Value;

fn event(kind: Kind, account: &SmartAccount, says: String) -> Event {
    Event::new(kind, account.number, says).within(account.id)
}

fn post(
    tx: &mut Tx<'_>,
    at: Moment,
    letter: &'static str,
    about: &str,
    extra: &Value,
    to: &[Person],
) -> Result<()> {
    for person in to {
        mail::post(tx, at, letter, about, extra, &person.name, &person.email)?;
    }
    Ok(())
}
