//! Faults on purpose: rules that say which requests meet which trouble, for scripts and people that are to cope with it.

mod api;
mod model;
mod pages;
mod service;

use crate::http::{Api, Routes};
use actix_web::http::Method;

/// The routes of faults.
pub fn routes(routes: &mut Routes) {
    routes.get("/simulator/faults", pages::show);
    routes.post("/simulator/faults", pages::add);
    routes.post("/simulator/faults/clear", pages::clear);
    routes.post("/simulator/faults/{fault}/remove", pages::remove);
    routes.api(
        Method::GET,
        "/api/v1/simulator/faults",
        Api::says("The fault rules that hold in this portal, with their hits, and those that go by a name. In a lab alone.")
            .gives::<api::FaultList>(200),
        api::list,
    );
    routes.api(
        Method::POST,
        "/api/v1/simulator/faults",
        Api::says("Adds a fault rule. It holds in this process until it ends or is removed. In a lab alone.")
            .takes::<model::Wanted>()
            .gives::<api::FaultAdded>(201),
        api::add,
    );
    routes.api(
        Method::DELETE,
        "/api/v1/simulator/faults",
        Api::says("Removes all fault rules. In a lab alone.").gives_nothing(),
        api::clear,
    );
    routes.api(
        Method::DELETE,
        "/api/v1/simulator/faults/{fault}",
        Api::says("Removes a fault rule. In a lab alone.").gives_nothing(),
        api::remove,
    );
}
