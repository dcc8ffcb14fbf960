//! Another headquarters.

use super::event;
use crate::authz::Permit;
use crate::authz::action::EditAccount;
use crate::error::{Error, Result};
use crate::kernel::ids::{AddressId, SmartAccountId};
use crate::kernel::{Kind, Moment};
use crate::platform::db::{Reads, Recorded, Tx};
use crate::smart_accounts::model::{Address, MOST_ADDRESSES};
use crate::smart_accounts::store;
use serde_json::json;

/// Which address becomes the headquarters.
#[derive(Debug, Clone)]
pub enum Headquarters {
    /// One that the account keeps.
    Known(AddressId),
    /// A new one, with the id that it gets.
    New(AddressId, String),
}

/// The addresses that "Change HQ" offers.
pub fn addresses(read: &mut dyn Reads, account: SmartAccountId) -> Result<Vec<Address>> {
    store::addresses(read, account)
}

/// Moves the headquarters. The address that it had stays on offer; `kept` is the id that it gets when it has none.
pub fn move_headquarters(
    tx: &mut Tx<'_>,
    permit: &Permit<EditAccount>,
    at: Moment,
    kept: AddressId,
    to: &Headquarters,
) -> Result<Recorded<()>> {
    let account = store::find(tx, permit.within().account()?)?;
    account.must_be_active()?;
    let mut known = store::addresses(tx, account.id)?;
    if !account.headquarters.is_empty() && known.iter().all(|one| one.address != account.headquarters) {
        store::insert_address(tx, at, account.id, kept, &account.headquarters)?;
        known.push(Address {
            id: kept,
            address: account.headquarters.clone(),
        });
    }
    let address = match to {
        Headquarters::Known(id) => known
            .iter()
            .find(|one| one.id == *id)
            .map(|one| one.address.clone())
            .ok_or_else(|| Error::invalid("address", "Choose one of the addresses."))?,
        Headquarters::New(id, address) => {
            if known.iter().all(|one| one.address != *address) {
                if known.len() >= MOST_ADDRESSES {
                    return Err(Error::refused(
                        "smart-accounts.too-many-addresses",
                        format!(
                            "A Smart Account keeps at most {MOST_ADDRESSES} addresses. Choose one of them."
                        ),
                    ));
                }
                store::insert_address(tx, at, account.id, *id, address)?;
            }
            address.clone()
        }
    };
    if address == account.headquarters {
        return Ok(tx.unchanged(()));
    }
    store::set_headquarters(tx, account.id, &address)?;
    let event = event(
        Kind::AccountChanged,
        &account,
        format!("The headquarters address of {} was changed.", account.name),
    )
    .changed(
        &json!({ "headquarters": account.headquarters }),
        &json!({ "headquarters": address }),
    );
    tx.record(at, permit.who(), &event, ())
}
