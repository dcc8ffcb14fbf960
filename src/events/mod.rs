//! Reading the record: the event log, its filters, and taking it out as a file. Events are written by the
//! database floor, with each change.

mod api;
mod model;
mod pages;
mod service;
mod store;

pub use model::Entry;
pub use service::newest;

use crate::authz::Action;
use crate::http::menu::Item;
use crate::http::{Api, Routes};
use actix_web::http::Method;

/// The routes of this room.
pub fn routes(routes: &mut Routes) {
    routes.get("/sa/{said}/activity", pages::log);
    routes.get("/sa/{said}/activity/{event}", pages::one);
    routes.post("/sa/{said}/activity/export", pages::export);
    routes.menu(Item {
        section: "Activity",
        group: None,
        label: Some("Event Log"),
        path: "/sa/{said}/activity",
        action: Action::ViewEvents,
    });
    routes.api(
        Method::GET,
        "/api/v1/accounts/{said}/events",
        Api::says("The event log, newest first.")
            .gives::<api::EventList>(200)
            .query(&[
                (
                    "kind",
                    "One of the kinds, such as role.granted. May come several times.",
                ),
                ("outcome", "done, refused or failed. May come several times."),
                ("q", "A part of the name or the address of who did it."),
                ("from", "The first day, such as 2026-11-01 (UTC)."),
                ("to", "The last day (UTC)."),
                ("sort", "-time (newest first) or time."),
                ("page", "From 1."),
                ("per", "10, 25, 50 or 100."),
            ]),
        api::all,
    );
}
