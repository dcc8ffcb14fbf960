//! Wait and assert: a small language over what is so in a portal, for scripts that would otherwise sleep and hope.

mod api;
mod grammar;
mod pages;
mod service;
mod store;

pub use grammar::{Expression, Thing};
pub use service::holds;
pub use store::Scope;

use crate::http::{Api, Routes};
use actix_web::http::Method;

/// The routes of waiting and asserting.
pub fn routes(routes: &mut Routes) {
    routes.get("/simulator/assert", pages::show);
    routes.api(
        Method::GET,
        "/api/v1/simulator/assert",
        Api::says("Whether an expression over the state of the portal holds now. In a lab alone.")
            .query(api::ASSERT)
            .gives::<api::Outcome>(200),
        api::assert,
    );
    routes.api(
        Method::GET,
        "/api/v1/simulator/wait",
        Api::says("Answers as soon as an expression over the state of the portal holds, or when the time is over. In a lab alone.")
            .query(api::WAIT)
            .gives::<api::Outcome>(200),
        api::wait,
    );
}
