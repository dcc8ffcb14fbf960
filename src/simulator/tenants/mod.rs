//! Throw-away tenants: Smart Accounts with people, API clients and content of their own, for jobs that run side by side and
//! must never see one another. They go by themselves, with everything that is in them.

mod api;
mod model;
mod pages;
mod service;
mod store;

pub use model::Tenant;
pub use service::{Founding, forget_named, found, has_room, jobs};

use crate::http::{Api, Routes};
use actix_web::http::Method;

/// The routes of throw-away tenants.
pub fn routes(routes: &mut Routes) {
    const ALL: &str = "/api/v1/simulator/tenants";
    routes.get("/simulator/tenants", pages::show);
    routes.post("/simulator/tenants", pages::make);
    routes.post("/simulator/tenants/{batch}/remove", pages::remove);
    routes.api(
        Method::GET,
        ALL,
        Api::says("The throw-away tenants that there are. In a lab alone.").gives::<api::TenantList>(200),
        api::list,
    );
    routes.api(
        Method::POST,
        ALL,
        Api::says("Makes throw-away tenants, each with an administrator, a user and a viewer and their API clients, whose secrets stand in this answer alone. In a lab alone.")
            .takes::<api::NewTenants>()
            .gives::<api::MadeList>(201),
        api::make,
    );
    routes.api(
        Method::DELETE,
        "/api/v1/simulator/tenants/{batch}",
        Api::says("Removes the throw-away tenants that were made under a name, with everything in them. In a lab alone.")
            .gives_nothing(),
        api::remove,
    );
}
