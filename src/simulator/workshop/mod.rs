//! The workshop of synchronization files: drop a file and see what is in it, what it would change here and why it would be
//! refused; or make a bad one of it. Nothing is taken in.

mod api;
mod pages;
mod service;

use crate::http::{Api, Param, Routes};
use actix_web::http::Method;

/// How large a file may be here, in bytes.
const LARGEST: usize = 4 * 1024 * 1024;

/// The routes of the workshop.
pub fn routes(routes: &mut Routes) {
    routes.get("/simulator/sync-files", pages::show);
    routes.post("/simulator/sync-files", pages::inspect);
    routes.post("/simulator/sync-files/spoil/{way}", pages::spoil);
    routes.api(
        Method::POST,
        "/api/v1/simulator/sync-files/inspect",
        Api::says("What is in a file of a synchronization, what it would change here, and why it would be refused. Nothing is taken in. In a lab alone.")
            .takes_file()
            .gives::<api::Inspected>(200),
        api::inspect,
    );
    routes.api(
        Method::POST,
        "/api/v1/simulator/sync-files/spoil",
        Api::says("A spoiled copy of a synchronization file. In a lab alone.")
            .query(&[Param::choice("way", api::WORDS, "In which way.").required()])
            .takes_file()
            .gives_file(),
        api::spoil,
    );
}
