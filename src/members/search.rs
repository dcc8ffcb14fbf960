//! People in the search over everything.

use super::service::{self, BY_NAME, Filter};
use crate::authz::action::ViewUsers;
use crate::error::Result;
use crate::http::search::{Hit, Hits, MOST, Search};
use crate::platform::db::Read;

pub fn search(read: &mut Read<'_>, search: &Search) -> Result<Option<Hits>> {
    const LIST: &str = "/account/users";
    let Some(permit) = search.permit::<ViewUsers>()? else {
        return Ok(None);
    };
    let filter = Filter {
        q: search.words.clone(),
        ..Filter::default()
    };
    let found = service::page(read, &permit, &filter, BY_NAME, (MOST, 0))?;
    Ok(Some(Hits {
        label: "Users",
        icon: "users",
        total: service::total(read, &permit, &filter)?,
        hits: found
            .into_iter()
            .map(|member| Hit {
                href: search.address(&format!("{LIST}/{}", member.person.id)),
                title: member.person.name,
                says: member.person.email,
            })
            .collect(),
        all: search.list(LIST),
    }))
}
