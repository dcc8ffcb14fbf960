//! An account like yours: filled from what a user can export from the real portal. Names and serial numbers are replaced, if
//! that is asked for, before anything is stored; until the account is made nothing is kept but in the sender's browser.

mod api;
mod columns;
mod making;
mod model;
mod pages;
mod read;
mod service;
mod words;

use crate::http::{Api, Routes};
use actix_web::http::Method;

/// How large all tables together may be, in bytes.
const LARGEST: usize = 4 * 1024 * 1024;

/// The routes.
pub fn routes(routes: &mut Routes) {
    routes.get("/simulator/account-like-yours", pages::show);
    routes.post("/simulator/account-like-yours", pages::read);
    routes.post("/simulator/account-like-yours/make", pages::make);
    routes.post("/simulator/account-like-yours/file", pages::download);
    routes.api(
        Method::POST,
        "/api/v1/simulator/account-like-yours",
        Api::says("Makes an account of exported tables: Virtual Accounts, users, licenses, subscriptions and product instances as CSV. Names and serial numbers are replaced, unless that is switched off, before anything is stored. In a lab alone.")
            .takes::<api::Exports>()
            .gives::<api::Filled>(201),
        api::make,
    );
}
