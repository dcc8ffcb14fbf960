//! The lab's clock: stopped, started, moved on, and to the next thing that is due.

mod api;
mod model;
mod pages;
mod service;

use crate::http::{Api, Routes};
use actix_web::http::Method;

/// The routes of the clock.
pub fn routes(routes: &mut Routes) {
    routes.get("/simulator/clock", pages::show);
    routes.post("/simulator/clock/freeze", pages::freeze);
    routes.post("/simulator/clock/resume", pages::resume);
    routes.post("/simulator/clock/advance", pages::advance);
    routes.post("/simulator/clock/next", pages::next);
    routes.post("/simulator/clock/reset", pages::reset);
    routes.api(
        Method::GET,
        "/api/v1/simulator/clock",
        Api::says("Portal time and the system's. In a lab alone.").gives::<api::Clock>(200),
        api::clock,
    );
    routes.api(
        Method::POST,
        "/api/v1/simulator/clock",
        Api::says(
            "Stops, starts or advances portal time, and does at once what is due by then. In a lab alone.",
        )
        .takes::<api::MoveClock>()
        .gives::<api::Clock>(200),
        api::move_clock,
    );
    routes.api(
        Method::GET,
        "/api/v1/simulator/clock/due",
        Api::says(
            "The next hundred things that the portals of the lab will do by themselves. In a lab alone.",
        )
        .gives::<api::DueList>(200),
        api::due,
    );
}
