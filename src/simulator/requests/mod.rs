//! The last requests of API clients: what a script really sent, and what it got; and one of them carried out again.

mod api;
mod pages;
mod service;

use crate::http::{Api, Routes};
use actix_web::http::Method;

/// The routes of kept requests.
pub fn routes(routes: &mut Routes) {
    const ALL: &str = "/api/v1/simulator/requests";
    const ONE: &str = "/api/v1/simulator/requests/{request}";
    routes.get("/simulator/requests", pages::list);
    routes.post("/simulator/requests", pages::switch);
    routes.post("/simulator/requests/forget", pages::forget);
    routes.get("/simulator/requests/{request}", pages::show);
    routes.post("/simulator/requests/{request}/replay", pages::replay);
    routes.api(
        Method::GET,
        ALL,
        Api::says("The last requests of API clients that are kept, the newest first, without their bodies. In a lab alone.")
            .query(api::LIST)
            .gives::<api::RequestList>(200),
        api::list,
    );
    routes.api(
        Method::PUT,
        ALL,
        Api::says("Keeps the requests of API clients from now on, or no longer. In a lab alone.")
            .takes::<api::Switch>()
            .gives::<api::Recording>(200),
        api::switch,
    );
    routes.api(
        Method::DELETE,
        ALL,
        Api::says("Forgets the requests that are kept. In a lab alone.").gives_nothing(),
        api::forget,
    );
    routes.api(
        Method::GET,
        ONE,
        Api::says("A kept request with body and answer; secrets are hidden. In a lab alone.")
            .gives::<api::KeptRequest>(200),
        api::show,
    );
    routes.api(
        Method::POST,
        "/api/v1/simulator/requests/{request}/replay",
        Api::says("Carries a kept request out again, by the right of its own API client. In a lab alone.")
            .gives::<api::KeptRequest>(200),
        api::replay,
    );
}
