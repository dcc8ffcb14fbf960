//! Product instances: registered with a token, known by their UDI, using licenses of the Virtual Account in which they
//! are. They speak the protocol of `docs/device-protocol.md`; who stays silent loses first its licenses and then its
//! registration.
//!
//! For rooms above: [`reconcile`] makes the devices of an On-Prem server what its file says; [`using`] says who uses a license, [`troubled`] who needs somebody, [`tallied`] how many there are.

mod api;
mod api_device;
mod calls;
mod jobs;
mod model;
mod occupant;
mod pages;
mod reconcile;
pub mod reservation;
mod search;
mod service;
mod store;

pub use jobs::jobs;
pub use model::{
    Authorization, Device, MOST_LICENSES, MOST_QUANTITY, Reported, Standing, Udi, Usage, UseStatus,
};
pub use occupant::Devices;
pub use reconcile::{Outcome, Served, Server, Uses, compare, much_was_written_now, reconcile};
pub use service::{Using, each_of_account, place_many, tallied, totals, troubled, using, with_token};

use crate::http::Routes;

/// The routes of this room.
pub fn routes(routes: &mut Routes) {
    routes.search(search::search);
    pages::routes(routes);
    api::routes(routes);
    api_device::routes(routes);
    reservation::routes(routes);
}

/// With what codes the rules of this room refuse.
pub const REFUSALS: &[(&str, &str)] = &[
    (
        "devices.already-registered",
        "The UDI is registered in the Smart Account already, and the registration does not ask to take its place.",
    ),
    (
        "devices.clock",
        "The clock of the device is more than an hour ahead.",
    ),
    (
        "devices.export-controlled",
        "The device reports an export-controlled license, and its token did not allow it.",
    ),
    ("devices.nothing-chosen", "No product instance was selected."),
    (
        "devices.on-prem",
        "The product instance is registered with an On-Prem server, where it is changed.",
    ),
    (
        "devices.registration-expired",
        "The certificate of the device was not renewed for a year.",
    ),
    (
        "devices.reserved",
        "Licenses are reserved for the product instance.",
    ),
    (
        "devices.same-place",
        "The product instance is in the chosen Virtual Account already.",
    ),
    (
        "devices.too-many",
        "More product instances were selected than can be changed at once.",
    ),
    (
        "reservations.ended",
        "The reservation was returned, removed under a case, or rehosted to another device.",
    ),
    (
        "reservations.nothing-chosen",
        "No license, or more than fit into one code, were to be reserved, or an update changes nothing.",
    ),
    (
        "reservations.nothing-pending",
        "No update of the reservation waits for a confirmation code.",
    ),
    (
        "reservations.registered",
        "The device that is to hold a reservation is registered in the Smart Account, or holds one already.",
    ),
    (
        "reservations.request-used",
        "The request code was answered before.",
    ),
    (
        "reservations.unconfirmed",
        "The last update of the reservation waits for the confirmation code of the device.",
    ),
];
