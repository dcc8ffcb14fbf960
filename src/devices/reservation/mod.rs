//! Reservation: licenses that are set aside for a device that never calls. Its request code comes in by hand, an
//! authorization code goes out, and a return code brings the licenses back.

mod answer;
mod api;
mod api_authorize;
mod api_device;
mod api_list;
mod authorize;
mod authorize_pages;
pub mod codes;
mod lifecycle;
mod list;
mod list_pages;
pub mod on_prem;
mod pages;
mod rehost;
mod rehost_pages;
mod returns;
mod service;
mod store;
mod update_pages;
mod updates;
mod ways_pages;

pub use answer::{Answered, Asked, answer_served};
pub use authorize::{
    against_going, authorize, held_by_policy, is_enforced, let_go, request_of, return_authorization,
};
pub use returns::give_back;
pub use service::{Whole, Wish, by_license, find, held_by, of, reserve, shown_by};
pub use store::{Ended, Line};
pub use updates::{confirm, move_with, update};

use crate::http::Routes;

/// The routes of reservations.
pub fn routes(routes: &mut Routes) {
    pages::routes(routes);
    update_pages::routes(routes);
    rehost_pages::routes(routes);
    list_pages::routes(routes);
    api::routes(routes);
    api_list::routes(routes);
}

/// The routes of authorization codes of product instances by policy: the cloud alone has them.
pub fn authorization_routes(routes: &mut Routes) {
    authorize_pages::routes(routes);
    api_authorize::routes(routes);
    api_device::routes(routes);
}

/// What an On-Prem server has in their place: requests for them, which a synchronization carries to the cloud.
pub fn on_prem_routes(routes: &mut Routes) {
    on_prem::routes(routes);
    api_device::routes(routes);
}

/// What becomes of reservations, and of requests for authorization codes at an On-Prem server.
pub fn lifecycles() -> [crate::kernel::Life; 2] {
    [lifecycle::LIFECYCLE.in_words(), on_prem::LIFECYCLE.in_words()]
}
