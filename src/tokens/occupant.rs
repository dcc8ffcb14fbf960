//! Registration tokens keep no Virtual Account from being deleted: they go with it.

use super::store;
use crate::error::Result;
use crate::http::widgets::counted;
use crate::kernel::ids::{SmartAccountId, VirtualAccountId};
use crate::kernel::{Event, Kind, Moment};
use crate::platform::db::Tx;
use crate::platform::occupants::Occupant;

/// What this room keeps in Virtual Accounts.
pub struct Tokens;

impl Occupant for Tokens {
    fn leave(
        &self,
        tx: &mut Tx<'_>,
        _: Moment,
        account: SmartAccountId,
        id: VirtualAccountId,
    ) -> Result<Vec<Event>> {
        let gone = store::forget(tx, account, id)?;
        if gone == 0 {
            return Ok(Vec::new());
        }
        let says = format!(
            "{} went with the Virtual Account, and nothing can be registered with {} any more.",
            counted(gone, "registration token", "registration tokens"),
            if gone == 1 { "it" } else { "them" }
        );
        let event = Event::new(Kind::RegistrationTokenRevoked, id, says)
            .within(account)
            .in_virtual_account(id)
            .with(serde_json::json!({ "tokens": gone }));
        Ok(vec![event])
    }
}
