//! Registration tokens in the search over everything: by what they are for and who made them, never by their text.

use super::list::LIST;
use super::service;
use crate::authz::action::ViewInventory;
use crate::error::Result;
use crate::http::search::{Hit, Hits, MOST, Search, with_words};
use crate::platform::db::Read;

pub fn search(read: &mut Read<'_>, search: &Search) -> Result<Option<Hits>> {
    const PATH: &str = "/devices/token-management";
    let Some(permit) = search.permit::<ViewInventory>()? else {
        return Ok(None);
    };
    let (now, asked) = (search.now, LIST.whole(search.now).search(&search.words));
    let found = service::page(read, &permit, &asked, (MOST, 0))?;
    Ok(Some(Hits {
        label: "Registration tokens",
        icon: "key-round",
        total: service::count(read, &permit, &asked)?,
        hits: found
            .into_iter()
            .map(|token| Hit {
                // A token has no page of its own: its line in the list is what there is.
                href: with_words(
                    &search.address(PATH),
                    if token.description.is_empty() {
                        &search.words
                    } else {
                        &token.description
                    },
                ),
                says: format!("{}, by {}", token.state(now).label(), token.creator),
                title: if token.description.is_empty() {
                    "Token without a description".to_owned()
                } else {
                    token.description
                },
            })
            .collect(),
        all: search.list(PATH),
    }))
}
