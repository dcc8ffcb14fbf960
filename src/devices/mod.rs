//! Product instances: registered with a token, known by their UDI, using licenses of the Virtual Account in which they
//! are. They speak the protocol of `docs/device-protocol.md`; who stays silent loses first its licenses and then its
//! registration.
//!
//! For rooms above: [`reconcile()`] makes the devices of an On-Prem server what its file says; [`using`] says who uses a license, [`troubled`] who needs somebody, [`tallied`] how many there are.
//!
//! The product instances that use a license are a list by hand (`pages/tabs.rs`): they are found by what the head of the page has
//! read of the license. So are the lines of a usage data file (`policy/file_pages.rs`), which are no list of things.

mod api;
mod api_device;
pub mod calls;
mod changes;
mod jobs;
mod lifecycle;
mod list;
mod model;
mod occupant;
mod pages;
pub mod policy;
mod policy_state;
mod reconcile;
pub mod reservation;
mod search;
mod service;
mod store;

pub use jobs::jobs;
pub use list::REPORTS;
pub use model::{
    Authorization, Device, MOST_LICENSES, MOST_QUANTITY, Reported, Standing, Udi, Usage, UseStatus, reported,
};
pub use occupant::Devices;
pub use reconcile::{Outcome, Served, Server, Uses, compare, much_was_written_now, reconcile};
pub use service::{
    Move, Row, Using, by_udi, count, count_in, each_of_account, page, place_many, remove, tallied, totals,
    transfer, troubled, troubled_count, using, with_token,
};
pub use store::{BY_NAME, Filter};

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

/// The routes of product instances by policy at the cloud; an On-Prem server has `policy::device_routes`.
pub fn policy_routes(routes: &mut Routes) {
    policy::routes(routes);
    reservation::authorization_routes(routes);
}

/// What becomes of the things of this room.
pub fn lifecycles() -> Vec<crate::kernel::Life> {
    let mut all = vec![lifecycle::LIFECYCLE.in_words(), policy::LIFECYCLE.in_words()];
    all.extend(reservation::lifecycles());
    all
}

/// With what codes the rules of this room refuse, when, and the way out.
pub const REFUSALS: &[crate::error::Coded] = &[
    (
        "authorizations.held",
        "The product instance by policy holds an authorization code.",
        "Return it on the device, and enter its return code.",
    ),
    (
        "authorizations.none",
        "The product instance by policy holds no authorization code that could be returned.",
        "Nothing is left to do.",
    ),
    (
        "authorizations.not-enforced",
        "An authorization code was asked for a license that is not enforced.",
        "Let the product instance use it, and report it.",
    ),
    (
        "authorizations.nothing-chosen",
        "No license, or more than fit into one code, were to be authorized.",
        "Choose an enforced license, and how many of it.",
    ),
    (
        "authorizations.other-device",
        "The request code is none, or another device has made it.",
        "Ask with the request code that the product instance shows.",
    ),
    (
        "authorizations.waiting",
        "The product instance of an On-Prem server has asked for an authorization code already, and the cloud has not answered yet.",
        "Synchronize the account, then ask how the request stands.",
    ),
    (
        "authorizations.wrong-return-code",
        "The return code is not the one of the authorization code that the product instance holds.",
        "Return the authorization code on the device, and copy the code that it shows then.",
    ),
    (
        "devices.already-registered",
        "The UDI is registered in the Smart Account already, and the registration does not ask to take its place.",
        "Register with force to take its place, or remove the product instance first.",
    ),
    (
        "devices.by-policy",
        "The product instance reports by policy, and called as a registered one does.",
        "Send its usage reports to /device/v1/usage, or register it anew with force.",
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
    (
        "usage.bad-signature",
        "A byte of a usage report was changed since the product instance signed it.",
        "Save the usage on the product instance again, and send it as it is.",
    ),
    (
        "usage.being-taken-in",
        "A job takes the usage file in, so its acknowledgement cannot be downloaded yet.",
        "Wait until the page of the file says what came of it.",
    ),
    (
        "usage.elsewhere",
        "The product instance is in another Virtual Account of the Smart Account than the one that was named.",
        "Name the Virtual Account in which it is, or transfer it first.",
    ),
    (
        "usage.foreign-signature",
        "A usage report carries a signature that is not ours, which cannot be verified.",
        "Send reports of simulated product instances, or start the lab with accept_device_codes.",
    ),
    (
        "usage.no-acknowledgement",
        "The file that was to be imported on the On-Prem server holds no acknowledgement by the cloud of the account.",
        "Download the acknowledgement in the cloud, and import it unchanged.",
    ),
    (
        "usage.no-reports",
        "The file is no usage file, or holds no usage report.",
        "Save the usage on the product instance, and upload that file.",
    ),
    (
        "usage.not-by-policy",
        "The product instance is registered, holds a reservation, or belongs to an On-Prem server.",
        "Deregister or remove it first; then it reports by policy.",
    ),
    (
        "usage.not-understood",
        "A usage report is not of the published shape.",
        "Save the usage on the product instance again.",
    ),
    (
        "usage.nothing-to-acknowledge",
        "No report of a usage file was taken in.",
        "Look at its list: it says of each report why it was refused.",
    ),
    (
        "usage.other-account",
        "The product instance reports in another Smart Account.",
        "Remove it there first, or report it there.",
    ),
    (
        "usage.other-content",
        "A report of this number was taken in with other content.",
        "Let the product instance make a new report.",
    ),
    (
        "usage.other-key",
        "The product instance signed its earlier reports with another key: it was reset, or somebody else signs in its name.",
        "Remove the product instance if it was reset; then it reports with its new key.",
    ),
    (
        "usage.out-of-order",
        "A later report of the same license was taken in already.",
        "Nothing is left to do: the later one counts.",
    ),
    (
        "usage.policy-fixed",
        "The reporting policy was to be changed in an installation that is no laboratory.",
        "Start it as a laboratory, or leave the policy as it is.",
    ),
    (
        "usage.taken-before",
        "The same usage report was taken in before.",
        "Nothing is left to do: it was counted then.",
    ),
    (
        "usage.too-much",
        "A usage file is larger than is taken in at once, packed or unpacked, or a report in it is.",
        "Upload fewer product instances at once.",
    ),
    (
        "usage.too-old",
        "A usage report ended more than a year ago.",
        "Let the product instance report what it uses now.",
    ),
    (
        "usage.truncated",
        "A usage file was cut off, or is damaged.",
        "Copy it again, and upload it whole.",
    ),
];
