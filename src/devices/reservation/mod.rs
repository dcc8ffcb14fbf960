//! Reservation: licenses that are set aside for a device that never calls. Its request code comes in by hand, an
//! authorization code goes out, and a return code brings the licenses back.

mod api;
mod api_authorize;
mod api_list;
mod authorize;
mod authorize_pages;
pub mod codes;
mod lifecycle;
mod list;
mod list_pages;
mod pages;
mod service;
mod store;
mod ways_pages;

pub use authorize::{against_going, authorize, held_by_policy, request_of, return_authorization};
pub use service::{
    Whole, Wish, by_license, confirm, find, give_back, held_by, move_with, of, reserve, shown_by, update,
};
pub use store::{Ended, Line};

use crate::http::Routes;

/// The routes of reservations.
pub fn routes(routes: &mut Routes) {
    pages::routes(routes);
    ways_pages::routes(routes);
    list_pages::routes(routes);
    api::routes(routes);
    api_list::routes(routes);
}

/// The routes of authorization codes of product instances by policy: the cloud alone has them.
pub fn authorization_routes(routes: &mut Routes) {
    authorize_pages::routes(routes);
    api_authorize::routes(routes);
}

/// What becomes of a reservation.
pub fn lifecycle() -> crate::kernel::Life {
    lifecycle::LIFECYCLE.in_words()
}
