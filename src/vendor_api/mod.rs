//! The vendor's APIs, as existing scripts know them: that of its clouds in its older and its newer family, and that of its
//! On-Prem server. Names, misspellings, truth values as texts and shapes of errors live here and nowhere else; what is done
//! is done by the rooms below, with the permits and the records that pages have.
//!
//! `paths` says how a path is written, `body` how a body is, `face` how an answer is; then there is one file a topic.

mod accounts;
mod agreements;
mod alerts;
mod body;
mod by_policy;
mod consent_pages;
mod devices;
mod doors;
mod face;
mod graphql;
mod licenses;
mod names;
mod paths;
mod plug_and_play;
mod policy;
mod print;
mod reservations;
mod search;
mod tokens;
mod transfers;
mod upstream;
mod usage;
mod virtual_accounts;

pub use print::print;

use crate::http::Routes;
use crate::http::surface::Dialect;
use crate::kernel::Edition;

/// The hosts of the vendor's clouds that scripts name.
pub const HOSTS: [&str; 5] = [
    "cloudsso.cisco.com",
    "id.cisco.com",
    "swapi.cisco.com",
    "apx.cisco.com",
    "apmx.cisco.com",
];

/// How the vendor's scripts are understood and answered.
pub const DIALECT: Dialect = Dialect {
    routed: paths::routed,
    failed: face::failed,
    told: face::told,
    account_header: "x-csw-smart-account-id",
};

/// The operations of an edition.
pub fn routes(routes: &mut Routes, edition: Edition) {
    doors::routes(routes, edition);
    virtual_accounts::routes(routes, edition);
    tokens::routes(routes, edition);
    licenses::routes(routes, edition);
    transfers::routes(routes, edition);
    devices::routes(routes, edition);
    reservations::routes(routes, edition);
    alerts::routes(routes, edition);
    if edition.is_on_prem() {
        upstream::routes(routes);
        return;
    }
    accounts::routes(routes);
    consent_pages::routes(routes);
    search::routes(routes);
    agreements::routes(routes);
    graphql::routes(routes);
    plug_and_play::routes(routes);
    policy::routes(routes);
    usage::routes(routes);
}

/// With what codes the rules of this room refuse, when, and the way out.
pub const REFUSALS: &[crate::error::Coded] = &[
    (
        "vendor-api.no-policy-device",
        "A script asks for product instances that report by policy, and there are none.",
        "Register product instances with a token, or reserve licenses for those that never call.",
    ),
    (
        "vendor-api.no-sharing",
        "A script lets several Virtual Accounts use one subscription that is billed by use.",
        "Transfer the licenses to the Virtual Account that is to use them.",
    ),
    (
        "vendor-api.no-plug-and-play",
        "A script asks for a device of Plug and Play, and there are none.",
        "Register the product instance with a token.",
    ),
    (
        "vendor-api.no-poll",
        "A script polls with an id that was not given to it.",
        "Send the request again, and poll with the id of its answer.",
    ),
];
