//! Virtual Accounts in the search over everything.

use super::store::{self, Filter, Sort};
use crate::authz::action::ViewVirtualAccounts;
use crate::error::Result;
use crate::http::search::{Hit, Hits, MOST, Search};
use crate::platform::db::Read;

pub fn search(read: &mut Read<'_>, search: &Search) -> Result<Option<Hits>> {
    const LIST: &str = "/account/virtual-accounts";
    let Some(permit) = search.permit::<ViewVirtualAccounts>()? else {
        return Ok(None);
    };
    let filter = Filter {
        typed: search.words.clone(),
        ..Filter::default()
    };
    let found = store::page(
        read,
        permit.within(),
        &filter,
        Sort::Name,
        false,
        0,
        MOST.cast_signed(),
    )?;
    Ok(Some(Hits {
        label: "Virtual Accounts",
        icon: "building-2",
        total: store::count(read, permit.within(), &filter)?,
        hits: found
            .into_iter()
            .map(|one| Hit {
                href: search.address(&format!("{LIST}/{}", one.id)),
                title: one.name,
                says: one.description,
            })
            .collect(),
        all: search.list(LIST),
    }))
}
