//! "Reservations": the list.

use super::list::{ListedReservation, asked, query};
use crate::authn::Person;
use crate::authz::Action;
use crate::authz::action::ViewInventory;
use crate::http::csv::Table;
use crate::http::list::Pager;
use crate::http::reply::attachment;
use crate::http::widgets::{counted, quantity};
use crate::http::{Answer, Crumb, Freshness, ListQuery, May, Routes, Shell, Visit, page, reason};
use crate::kernel::Moment;
use crate::members;
use askama::Template;

/// Where it stands; `{said}` is the account's number.
pub const PATH: &str = "/sa/{said}/licensing/reservations";

pub fn routes(routes: &mut Routes) {
    routes.get(PATH, list);
    routes.get("/sa/{said}/licensing/reservations.csv", csv);
}

fn base(visit: &Visit) -> String {
    PATH.replace("{said}", &visit.number().to_string())
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
    list: ListQuery,
    pager: Pager,
    rows: Vec<Line>,
    count: String,
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
    let (permit, visit, asks) = (
        may.permit.clone(),
        Visit::clone(&may),
        query(base(&may), &may.query),
    );
    let (rows, administrators, freshness, mut list) = may
        .portal
        .db
        .read(move |r| {
            Ok((
                asked(r, &permit, &asks)?,
                members::administrators_of(r, permit.within().account()?)?,
                Freshness::read(r, &visit, &permit, None)?,
                asks,
            ))
        })
        .await?;
    let total = rows.len() as u64;
    list.clamp(total);
    page(&ListPage {
        shell: may.list_shell("Reservations", &[Crumb::text("Licensing")], &list),
        pager: list.pager(total),
        rows: list
            .cut(rows)
            .map(|row| Line::of(&may, row, &administrators))
            .collect(),
        count: counted(total, "reservation", "reservations"),
        number: may.number(),
        some: may.permit.within().only().is_some(),
        freshness,
        off: reason::against_all(&may, Action::ReserveLicenses, &administrators),
        list: list.in_words_of(may.portal.config.edition),
    })
}

/// GET /sa/{said}/licensing/reservations.csv
async fn csv(may: May<ViewInventory>) -> Answer {
    let list = query(base(&may), &may.query);
    list.understood()?;
    let permit = may.permit.clone();
    let rows = may.portal.db.read(move |r| asked(r, &permit, &list)).await?;
    let mut table = Table::new(&[
        "Product id",
        "Serial number",
        may.say("Virtual Account"),
        "Licenses",
        "Status",
        "Reserved",
        "Reserved by",
        "Ended",
        "Case or note",
    ])?;
    for row in rows {
        let one = &row.one;
        table.row([
            one.pid.as_str(),
            &one.serial,
            &row.place,
            &row.licenses.to_string(),
            row.status().label(),
            &one.created_at.rfc3339(),
            &one.creator,
            &one.returned_at.map_or_else(String::new, Moment::rfc3339),
            &one.ended_for,
        ])?;
    }
    Ok(attachment(
        "text/csv; charset=utf-8",
        &may.file_name("reservations"),
        table.finish()?,
    ))
}
