//! Product instances in the search over everything.

use super::service;
use super::store::{BY_NAME, Filter};
use crate::authz::action::ViewInventory;
use crate::error::Result;
use crate::http::search::{Hit, Hits, MOST, Search};
use crate::platform::db::Read;

pub fn search(read: &mut Read<'_>, search: &Search) -> Result<Option<Hits>> {
    const LIST: &str = "/devices/device-inventory";
    let Some(permit) = search.permit::<ViewInventory>()? else {
        return Ok(None);
    };
    let filter = Filter {
        typed: search.words.clone(),
        ..Filter::default()
    };
    let total = service::count(read, &permit, &filter)?;
    let found = service::page(read, &permit, &filter, BY_NAME, Some(total), MOST, 0)?;
    Ok(Some(Hits {
        label: "Devices",
        icon: "server",
        total,
        hits: found
            .into_iter()
            .map(|row| Hit {
                title: row.device.name(),
                says: format!("{} · {}", row.device.udi(), row.virtual_account),
                href: search.address(&format!("{LIST}/{}", row.device.id)),
            })
            .collect(),
        all: search.list(LIST),
    }))
}
