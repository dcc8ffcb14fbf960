//! Scenarios and snapshots: a lab begins from a known state, and comes back to it.

mod api;
mod pages;
mod service;

use crate::http::{Api, Routes};
use actix_web::http::Method;

/// How large a scenario file may be, in bytes.
const LARGEST: usize = 4 * 1024 * 1024;

/// The routes of scenario files: they tell of the cloud, which alone has orders and tokens.
pub fn file_routes(routes: &mut Routes) {
    routes.get("/simulator/scenarios/export", pages::export);
    routes.get("/simulator/scenarios/schema", pages::schema);
    routes.post("/simulator/scenarios/file", pages::load_file);
    routes.api(
        Method::GET,
        "/api/v1/simulator/scenarios/file",
        Api::says("The present state of the lab as a scenario file (YAML), without secrets. In a lab alone.")
            .gives_file(),
        api::export,
    );
    routes.api(
        Method::POST,
        "/api/v1/simulator/scenarios/file",
        Api::says("Empties the portals of the lab and fills them with a scenario file (YAML or JSON). A file that is wrong changes nothing, and every mistake is named with its line. In a lab alone.")
            .takes_file()
            .gives::<api::LabState>(200),
        api::load_file,
    );
    routes.api(
        Method::POST,
        "/api/v1/simulator/scenarios/check",
        Api::says("Reads a scenario file and names every mistake in it with its line. Nothing is changed. In a lab alone.")
            .takes_file()
            .gives::<api::CheckedFile>(200),
        api::check_file,
    );
    routes.api(
        Method::GET,
        "/api/v1/simulator/scenarios/schema",
        Api::says("The JSON Schema of scenario files. In a lab alone.").gives_file(),
        api::schema,
    );
}

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
