//! The page of user groups.

use crate::authz::action::ViewUsers;
use crate::authz::{Action, Within};
use crate::error::Error;
use crate::http::list::Listing;
use crate::http::{Answer, Crumb, May, Shell, Visit, page};
use crate::members::groups::list::{LIST, Listed, names_in};
use crate::members::groups::model::{Asked, may_touch, words};
use crate::members::groups::service::{self, Row};
use crate::members::pages::why_not;
use crate::members::service::Place;
use askama::Template;

/// A group as the list shows it.
pub(super) struct Shown {
    pub(super) row: Row,
    pub(super) role: String,
    pub(super) places: String,
    /// Why it cannot be changed, or "".
    pub(super) refused: String,
}

/// A group of another account as the list shows it.
struct Guest {
    asked: Asked,
    role: String,
    places: String,
}

#[derive(Template)]
#[template(path = "members/groups.html")]
struct ListPage {
    shell: Shell,
    found: Listing<Shown>,
    guests: Vec<Guest>,
    refused: String,
}

impl Shown {
    fn of(one: Listed, within: &Within, refused: &str) -> Self {
        let refused = if !refused.is_empty() {
            refused.to_owned()
        } else if let Err(Error::Refused(refusal)) = may_touch(within, &one.row.own, one.row.reaches_outside)
        {
            refusal.says.into_owned()
        } else {
            String::new()
        };
        Self {
            row: one.row,
            role: one.role,
            places: one.places,
            refused,
        }
    }
}

pub(super) fn shown(row: Row, place: &Place, within: &Within, refused: &str) -> Shown {
    let (role, places) = words(&row.own, &place.names);
    Shown::of(Listed { row, role, places }, within, refused)
}

pub(super) async fn all(may: May<ViewUsers>) -> Answer {
    let visit = Visit::clone(&may);
    let (found, (guests, names, refused)) = LIST
        .page(&may, &may.permit, move |r, permit, _| {
            Ok((
                service::external(r, permit)?,
                names_in(r, permit)?,
                why_not(&visit, Action::ManageGroups, r)?,
            ))
        })
        .await?;
    let between = [
        Crumb::text("Account Management"),
        Crumb::text("Smart Account Management"),
    ];
    let within = may.permit.within();
    page(&ListPage {
        shell: may.list_shell("User Groups", &between, &found.list),
        found: found.map(|one| Shown::of(one, within, &refused)),
        guests: guests
            .into_iter()
            .map(|asked| {
                let (role, places) = words(&asked.access, &names);
                Guest { asked, role, places }
            })
            .collect(),
        refused,
    })
}
