//! Device managers in the search over everything. An account has a handful.

use super::list::found_by;
use super::service;
use crate::authz::action::ViewInventory;
use crate::error::Result;
use crate::http::search::{Hit, Hits, MOST, Search};
use crate::kernel::{Sought, search_key};
use crate::platform::db::Read;

pub fn search(read: &mut Read<'_>, search: &Search) -> Result<Option<Hits>> {
    const LIST: &str = "/devices/device-managers";
    let Some(permit) = search.permit::<ViewInventory>()? else {
        return Ok(None);
    };
    let sought = Sought::parse(&search.words);
    let mut found = service::all(read, &permit)?;
    found.retain(|row| sought.fits(&search_key(&found_by(row))));
    Ok(Some(Hits {
        label: "Device Managers",
        icon: "server",
        total: found.len() as u64,
        hits: found
            .into_iter()
            .take(usize::try_from(MOST).unwrap_or(usize::MAX))
            .map(|row| Hit {
                href: search.address(&format!("{LIST}/{}", row.manager.id)),
                title: row.manager.name,
                says: row.place,
            })
            .collect(),
        all: search.list(LIST),
    }))
}
