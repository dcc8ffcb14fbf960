//! Scenarios and snapshots: a lab begins from a known state, and comes back to it.

mod api;
mod pages;
mod service;

use crate::http::{Api, Routes};
use actix_web::http::Method;

/// The routes of scenarios and snapshots.
pub fn routes(routes: &mut Routes) {
    routes.get("/simulator/scenarios", pages::show);
    routes.get("/simulator/scenarios/{scenario}/load", pages::ask_load);
    routes.post("/simulator/scenarios/{scenario}/load", pages::load);
    routes.post("/simulator/snapshots", pages::take);
    routes.get("/simulator/snapshots/{snapshot}/restore", pages::ask_restore);
    routes.post("/simulator/snapshots/{snapshot}/restore", pages::restore);
    routes.get("/simulator/snapshots/{snapshot}/delete", pages::ask_delete);
    routes.post("/simulator/snapshots/{snapshot}/delete", pages::delete);
    routes.api(
        Method::GET,
        "/api/v1/simulator/scenarios",
        Api::says("What the lab can be filled with, and with what it was. In a lab alone.")
            .gives::<api::Scenarios>(200),
        api::scenarios,
    );
    routes.api(
        Method::POST,
        "/api/v1/simulator/scenarios",
        Api::says("Empties the portals of the lab and fills them with a scenario. In a lab alone.")
            .takes::<api::LoadScenario>()
            .gives::<api::LabState>(200),
        api::load,
    );
    routes.api(
        Method::GET,
        "/api/v1/simulator/snapshots",
        Api::says("The snapshots of the lab. In a lab alone.").gives::<api::Snapshots>(200),
        api::list,
    );
    routes.api(
        Method::POST,
        "/api/v1/simulator/snapshots",
        Api::says("Takes a snapshot of the portals of the lab. In a lab alone.")
            .takes::<api::Snapshot>()
            .gives::<api::LabState>(201),
        api::take,
    );
    routes.api(
        Method::POST,
        "/api/v1/simulator/snapshots/{snapshot}/restore",
        Api::says("Makes the portals of the lab what they were when the snapshot was taken, their clock too. In a lab alone.")
            .gives::<api::LabState>(200),
        api::restore,
    );
    routes.api(
        Method::DELETE,
        "/api/v1/simulator/snapshots/{snapshot}",
        Api::says("Deletes a snapshot. In a lab alone.").gives_nothing(),
        api::delete,
    );
}
