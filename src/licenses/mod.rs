//! Licenses: how many of each kind lie in which Virtual Account, and how they came there. Every change is a line in
//! a ledger that is only ever added to; the numbers of a pool are its sums.
//!
//! A pool is one license with one term in one Virtual Account; a stock is that license with all of its terms. For
//! rooms above: [`grant`] puts the licenses of assigned lines where they belong, [`take_back`] takes them out;
//! [`change_use`] counts what devices use; [`reserve()`] sets licenses aside for one of them.

mod api;
mod jobs;
mod ledger;
mod list;
mod model;
mod occupant;
mod pages;
mod reserve;
mod search;
mod service;
mod stock;
mod store;
pub mod supply;
mod tags;
mod transfer;

pub use jobs::jobs;
pub use model::{Incoming, MoveKind, Moved, Pool, Precedence};
pub use occupant::Licenses;
pub use pages::{InventoryHead, InventoryTab, LicenseHead, LicenseTab, order_routes};
pub use reserve::{Reserved, move_reserved, reserve, unreserve};
pub use service::{
    Row, TermRow, count, ending, grant, page, plain_page, purchased, take_back, terms, terms_of, upcoming,
};
pub use stock::{
    BY_NAME, Filter, Standing, Stock, Total, Use, change_use, days as days_of, find_many as stocks_of,
    in_place as stocks_in, short, short_among, standing_of, standings_of, totals, troubles,
};
pub use store::{of_account as pools_of, of_place as pools_in, origins as orders_of};
pub use tags::{change as change_tags, of as tags_of};

pub use transfer::{Line as TransferLine, transfer};

use crate::http::Routes;

/// The routes of this room.
pub fn routes(routes: &mut Routes) {
    routes.search(search::search);
    pages::routes(routes);
    api::routes(routes);
}

/// With what codes the rules of this room refuse, when, and the way out.
pub const REFUSALS: &[crate::error::Coded] = &[
    (
        "licenses.moved-on",
        "The licenses of an order are reserved or were transferred, so they cannot be taken back.",
        "Transfer the licenses back, or give the reservation back, then try again.",
    ),
    (
        "licenses.not-enough",
        "More licenses were to be transferred or reserved than are free.",
        "Choose fewer, or transfer some to this Virtual Account first.",
    ),
    (
        "licenses.nothing-chosen",
        "No license, or no quantity of one, was chosen.",
        "Choose a license and a quantity.",
    ),
    (
        "licenses.same-place",
        "Licenses were to be transferred to the Virtual Account in which they are.",
        "Choose another Virtual Account.",
    ),
    (
        "licenses.stale",
        "Something that the review of a transfer showed has changed, so nothing was transferred.",
        "Read the review again, then confirm it.",
    ),
    (
        "licenses.too-many",
        "More lines were to be transferred than one transfer has.",
        "Transfer them in several steps.",
    ),
    (
        "licenses.unknown",
        "Neither the catalog nor the Virtual Account knows the entitlement that a device reports.",
        "Correct the entitlement on the device, or assign an order with it to the Virtual Account.",
    ),
];
