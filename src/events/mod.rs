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
use crate::http::Routes;
use crate::http::menu::Item;

/// The routes of this room.
pub fn routes(routes: &mut Routes) {
    routes.get("/sa/{said}/activity", pages::log);
    routes.get("/sa/{said}/activity/{event}", pages::one);
    routes.post("/sa/{said}/activity/export", pages::export);
    routes.get("/sa/{said}/licensing/inventory/{va}/event-log", pages::of_place);
    routes.menu(Item {
        section: "Activity",
        group: None,
        label: Some("Event Log"),
        path: "/sa/{said}/activity",
        action: Action::ViewEvents,
    });
    api::routes(routes);
}
