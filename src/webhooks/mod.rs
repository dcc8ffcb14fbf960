//! Webhooks: an account is told of its events at an address of its own, signed, tried again when nobody took it, and kept
//! with what was answered. What is to be told is put down where events are recorded (`platform::db`), in the same
//! transaction; this room says who is told, and carries it.

mod api;
mod carrier;
mod lab;
mod list;
mod model;
mod operations;
mod pages;
mod service;
mod store;

pub use carrier::jobs;
pub use lab::{Heard, Judged, judge, listen, stop_listening, tally};
pub use model::kinds;
pub use model::{DELIVERY, EVENT, SIGNATURE, WEBHOOK};
pub use service::NewSecret;
pub use store::{forget, settled_before};

use crate::authz::Action;
use crate::http::Routes;
use crate::http::menu::Item;

/// Where the webhooks of an account stand.
const WEBHOOKS: &str = "/sa/{said}/webhooks";

/// The routes of this room.
pub fn routes(routes: &mut Routes) {
    pages::routes(routes);
    api::routes(routes);
    routes.menu(Item {
        section: "Activity",
        group: None,
        label: Some("Webhooks"),
        path: WEBHOOKS,
        action: Action::ManageWebhooks,
    });
}

/// With what codes the rules of this room refuse, when, and the way out.
pub const REFUSALS: &[crate::error::Coded] = &[
    (
        "webhook.too-many",
        "The account has as many webhooks as it may have.",
        "Remove one that is not needed any more, or name more kinds of events in one.",
    ),
    (
        "webhook.too-many-events",
        "More events fall into the period than are told once more at a time.",
        "Choose a shorter period.",
    ),
];
