//! A fleet of simulated devices that calls by the lab's clock, and has the troubles of real ones; and the lab's On-Prem
//! portal, which synchronizes by itself.

mod api;
mod pages;
mod service;

pub use service::job;

use crate::http::{Api, Routes};
use actix_web::http::Method;

/// The routes.
pub fn routes(routes: &mut Routes) {
    const FLEET: &str = "/api/v1/simulator/fleet";
    routes.get("/simulator/fleet", pages::show);
    routes.post("/simulator/fleet", pages::start);
    routes.post("/simulator/fleet/trouble", pages::trouble);
    routes.post("/simulator/fleet/stop", pages::stop);
    routes.post("/simulator/fleet/on-prem", pages::on_prem);
    routes.api(
        Method::GET,
        FLEET,
        Api::says("The simulated fleet and the On-Prem accounts of the lab, as they stand. In a lab alone.")
            .gives::<api::FleetShape>(200),
        api::show,
    );
    routes.api(
        Method::POST,
        FLEET,
        Api::says("Starts a fleet of simulated devices, in the place of any other: they register, and report by the lab's clock. In a lab alone.")
            .takes::<api::NewFleet>()
            .gives::<api::FleetShape>(201),
        api::start,
    );
    routes.api(
        Method::POST,
        "/api/v1/simulator/fleet/trouble",
        Api::says("Lets something befall devices of the fleet: they go silent, come back, are replaced with the same serial number, ask for more, change their host name. In a lab alone.")
            .takes::<api::NewTrouble>()
            .gives::<api::Befallen>(200),
        api::trouble,
    );
    routes.api(
        Method::DELETE,
        FLEET,
        Api::says("Ends the fleet. Its devices stay registered, and nothing is heard of them any more. In a lab alone.")
            .gives_nothing(),
        api::stop,
    );
    routes.api(
        Method::PUT,
        "/api/v1/simulator/fleet/on-prem",
        Api::says("Lets the On-Prem portal of the lab synchronize by itself each day, or no longer. In a lab alone.")
            .takes::<api::OnPremSchedule>()
            .gives::<api::FleetShape>(200),
        api::on_prem,
    );
}
