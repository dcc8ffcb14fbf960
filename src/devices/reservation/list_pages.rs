//! "Reservations": the list.

use super::list::{LIST, ListedReservation};
use crate::authn::Person;
use crate::authz::Action;
use crate::authz::action::ViewInventory;
use crate::http::list::Listing;
use crate::http::widgets::quantity;
use crate::http::{Answer, Crumb, Freshness, May, Routes, Shell, Visit, page, reason};
use crate::members;
use askama::Template;

pub fn routes(routes: &mut Routes) {
    LIST.pages(routes, list);
}

struct Line {
    row: ListedReservation,
    /// Why one may not open it, or "".
    off: String,
}

#[derive(Template)]
#[template(path = "devices/reservation/list.html")]
struct ListPage {
    shell: Shell,
    found: Listing<Line>,
    number: i64,
    some: bool,
    freshness: Freshness,
    /// Why one may not reserve anywhere.
    off: Option<String>,
}

impl Line {
    fn of(visit: &Visit, row: ListedReservation, administrators: &[Person]) -> Self {
        let place = Some(row.one.virtual_account);
        let off = if row.place.is_empty() {
            Some("Its Virtual Account was deleted.".to_owned())
        } else {
            reason::against(visit, Action::ReserveLicenses, place, administrators)
        };
        Self {
            off: off.unwrap_or_default(),
            row,
        }
    }
    fn licenses(&self) -> String {
        quantity(&self.row.licenses)
    }
}

/// GET /sa/{said}/licensing/reservations
async fn list(may: May<ViewInventory>) -> Answer {
    let visit = Visit::clone(&may);
    let (found, (administrators, freshness)) = LIST
        .page(&may, &may.permit, move |r, permit, _| {
            Ok((
                members::administrators_of(r, permit.within().account()?)?,
                Freshness::read(r, &visit, permit, None)?,
            ))
        })
        .await?;
    page(&ListPage {
        shell: may.list_shell("Reservations", &[Crumb::text("Licensing")], &found.list),
        number: may.number(),
        some: may.permit.within().only().is_some(),
        freshness,
        off: reason::against_all(&may, Action::ReserveLicenses, &administrators),
        found: found.map(|row| Line::of(&may, row, &administrators)),
    })
}
