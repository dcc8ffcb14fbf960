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
pub use service::{
    Move, Row, Using, by_udi, count, count_in, each_of_account, page, place_many, remove, tallied, totals,
    transfer, troubled, using, with_token,
};
pub use store::{Filter, Sort};

pub use store::upcoming;

use crate::http::Routes;

/// The routes of this room.
pub fn routes(routes: &mut Routes) {
    routes.search(search::search);
    pages::routes(routes);
    api::routes(routes);
    api_device::routes(routes);
    reservation::routes(routes);
}

/// With what codes the rules of this room refuse, when, and the way out.
pub const REFUSALS: &[crate::error::Coded] = &[
    (
        "devices.already-registered",
        "The UDI is registered in the Smart Account already, and the registration does not ask to take its place.",
        "Register with force to take its place, or remove the product instance first.",
    ),
    (
        "devices.clock",
        "The clock of the device is more than an hour ahead.",
        "Set the clock of the device, then report again.",
    ),
    (
        "devices.export-controlled",
        "The device reports an export-controlled license, and its token did not allow it.",
        "Register again with a token that allows export-controlled functionality.",
    ),
    (
        "devices.nothing-chosen",
        "No product instance was selected.",
        "Select a product instance.",
    ),
    (
        "devices.on-prem",
        "The product instance is registered with an On-Prem server, where it is changed.",
        "Change it on the On-Prem server and synchronize; one that is lost is removed with its device manager.",
    ),
    (
        "devices.registration-expired",
        "The certificate of the device was not renewed for a year.",
        "Register again with a token.",
    ),
    (
        "devices.reserved",
        "Licenses are reserved for the product instance.",
        "Return the reservation with the return code, or remove it under a case; what is reserved can also be rehosted.",
    ),
    (
        "devices.same-place",
        "The product instance is in the chosen Virtual Account already.",
        "Choose another Virtual Account.",
    ),
    (
        "devices.too-many",
        "More product instances were selected than can be changed at once.",
        "Select fewer; a filter narrows the list.",
    ),
    (
        "reservations.ended",
        "The reservation was returned, removed under a case, or rehosted to another device.",
        "Nothing is left to do; the device asks anew with another request code.",
    ),
    (
        "reservations.nothing-chosen",
        "No license, or more than fit into one code, were to be reserved, or an update changes nothing.",
        "Choose a license, or fewer of them.",
    ),
    (
        "reservations.nothing-pending",
        "No update of the reservation waits for a confirmation code.",
        "Nothing is left to confirm.",
    ),
    (
        "reservations.registered",
        "The device that is to hold a reservation is registered in the Smart Account, or holds one already.",
        "Deregister or remove the product instance first; one that was reset is rehosted with its new request code.",
    ),
    (
        "reservations.request-used",
        "The request code was answered before.",
        "Ask the device for another request code.",
    ),
    (
        "reservations.unconfirmed",
        "The last update of the reservation waits for the confirmation code of the device.",
        "Install the code of the update, and enter the confirmation code; a dead device is rehosted or removed under a case.",
    ),
];
