//! Reading the record: the event log, its filters, and taking it out as a file. Events are written by the
//! database floor, with each change.

mod api;
mod api_record;
mod archive;
mod list;
mod model;
mod pages;
mod record;
mod record_pages;
mod server_pages;
mod service;
mod store;

pub use api::EventShape;
pub use api_record::ChainShape;
pub use archive::{archive, is_any_before};
pub use list::KINDS;
pub use model::Entry;
pub use record::{follow_all, follow_own, sentence};
pub use service::{find, newest, server_failures};
pub use store::of_kinds;
pub use store::told_between;

use crate::authz::Action;
use crate::http::Routes;
use crate::http::menu::Item;

/// The log of an On-Prem server itself.
pub fn server_routes(routes: &mut Routes) {
    list::SERVER_LOG.pages(routes, server_pages::log);
    routes.get("/admin/activity/{event}", server_pages::one);
}

/// The routes of this room.
pub fn routes(routes: &mut Routes) {
    routes.get(list::LOG.path, pages::log);
    routes.get("/sa/{said}/activity/{event}", pages::one);
    routes.get("/sa/{said}/activity/record", record_pages::show);
    routes.post("/sa/{said}/activity/record/export", record_pages::export);
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
    api_record::routes(routes);
}
