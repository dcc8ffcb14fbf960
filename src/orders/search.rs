//! Orders in the search over everything.

use super::list::{self, LIST};
use crate::authz::action::ViewInventory;
use crate::error::Result;
use crate::http::search::{Hit, Hits, MOST, Search};
use crate::platform::db::Read;

pub fn search(read: &mut Read<'_>, search: &Search) -> Result<Option<Hits>> {
    let Some(permit) = search.permit::<ViewInventory>()? else {
        return Ok(None);
    };
    let asked = LIST.whole(search.now).search(&search.words);
    let found = list::page(read, permit.within(), &asked, (MOST, 0))?;
    Ok(Some(Hits {
        label: "Orders",
        icon: "package",
        total: list::counts(read, permit.within(), &asked)?.total(),
        hits: found
            .into_iter()
            .map(|order| Hit {
                title: order.identifier,
                says: format!("{} · {}", order.customer, order.assignment.label()),
                href: search.address(&format!("/orders/{}", order.id)),
            })
            .collect(),
        all: search.list("/orders/order-inventory"),
    }))
}
