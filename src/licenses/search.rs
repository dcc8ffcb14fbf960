//! Licenses in the search over everything.

use super::service;
use super::stock::{BY_NAME, Filter};
use crate::authz::action::ViewInventory;
use crate::error::Result;
use crate::http::search::{Hit, Hits, MOST, Search};
use crate::platform::db::Read;

pub fn search(read: &mut Read<'_>, search: &Search) -> Result<Option<Hits>> {
    let Some(permit) = search.permit::<ViewInventory>()? else {
        return Ok(None);
    };
    let filter = Filter {
        typed: search.words.clone(),
        ..Filter::default()
    };
    let found = service::page(read, &permit, &filter, BY_NAME, (MOST, 0))?;
    Ok(Some(Hits {
        label: "Licenses",
        icon: "key-round",
        total: service::count(read, &permit, &filter)?,
        hits: found
            .into_iter()
            .map(|row| Hit {
                href: search.address(&format!("/licensing/licenses/{}", row.stock.id)),
                title: row.stock.name,
                says: row.virtual_account,
            })
            .collect(),
        all: search.list("/licensing/license-inventory"),
    }))
}
