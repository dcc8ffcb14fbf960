//! Tokens as they are found: those within reach.

use super::super::model::Token;
use super::super::store;
use crate::authz::action::{ManageTokens, ViewInventory};
use crate::authz::{Does, Permit};
use crate::error::{Error, Result};
use crate::http::list::Asked;
use crate::kernel::ids::{RegistrationTokenId, VirtualAccountId};
use crate::platform::db::Reads;
use crate::virtual_accounts::{self, VirtualAccount};

/// How many there are.
pub fn count(read: &mut dyn Reads, permit: &Permit<ViewInventory>, asked: &Asked) -> Result<u64> {
    store::count(read, permit.within(), asked)
}

/// So many of them, after so many.
pub fn page(
    read: &mut dyn Reads,
    permit: &Permit<ViewInventory>,
    asked: &Asked,
    cut: (u64, u64),
) -> Result<Vec<Token>> {
    store::page(read, permit.within(), asked, cut)
}

/// One that one may see.
pub fn find(read: &mut dyn Reads, permit: &Permit<ViewInventory>, id: RegistrationTokenId) -> Result<Token> {
    store::these(read, permit.within().account()?, &[id])?
        .pop()
        .filter(|token| permit.within().covers(token.virtual_account))
        .ok_or(Error::NotFound)
}

/// One that one may see and manage: what lies beyond one's sight is not there, what lies beyond one's right is
/// forbidden.
pub fn theirs(
    read: &mut dyn Reads,
    view: &Permit<ViewInventory>,
    permit: &Permit<ManageTokens>,
    id: RegistrationTokenId,
) -> Result<Token> {
    let token = find(read, view, id)?;
    covered(permit, token.virtual_account)?;
    Ok(token)
}

pub(super) fn covered<A: Does>(permit: &Permit<A>, place: VirtualAccountId) -> Result<()> {
    if permit.within().covers(place) {
        Ok(())
    } else {
        Err(Error::Forbidden {
            action: A::ACTION.words(),
        })
    }
}

/// The Virtual Account of a page, if one sees it.
pub fn place(
    read: &mut dyn Reads,
    permit: &Permit<ViewInventory>,
    id: VirtualAccountId,
) -> Result<VirtualAccount> {
    if !permit.within().covers(id) {
        return Err(Error::NotFound);
    }
    virtual_accounts::these(read, permit.within().account()?, &[id])?
        .pop()
        .ok_or(Error::NotFound)
}

/// Names of Virtual Accounts of an account that a permit reaches, in order.
pub fn places<A: Does>(read: &mut dyn Reads, permit: &Permit<A>) -> Result<Vec<(VirtualAccountId, String)>> {
    virtual_accounts::reached(read, permit.within())
}
