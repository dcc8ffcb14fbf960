//! Where people arrive: the landing page, choosing a Smart Account, the Overview, the directory, and help.
//! May read the face of any room.

mod api;
mod directory;
mod directory_pages;
mod help_pages;
mod pages;
mod reference;

use crate::authz::Action;
use crate::http::menu::Item;
use crate::http::{Api, Routes};
use actix_web::http::Method;

/// The routes of this room.
pub fn routes(routes: &mut Routes) {
    routes.get("/", pages::start);
    routes.get("/software-central", pages::software_central);
    routes.get("/select", pages::select);
    routes.get("/sa/{said}", pages::overview);
    routes.get("/access", directory_pages::directory);
    routes.get("/access.csv", directory_pages::csv);
    routes.get("/help", help_pages::help);
    routes.get("/help/problems", help_pages::problems);
    routes.get("/help/api", help_pages::api);
    routes.get("/about", help_pages::about);
    routes.get("/about/licenses", help_pages::licenses);
    routes.get("/api/v1/openapi.json", help_pages::document);
    routes.menu(Item {
        section: "Overview",
        group: None,
        label: None,
        path: "/sa/{said}",
        action: Action::ViewAccount,
    });
    routes.api(
        Method::GET,
        "/api/v1/accounts",
        Api::says("The Smart Accounts that one has access to, and those that one has asked for.")
            .gives::<api::DirectoryList>(200),
        api::mine,
    );
    routes.api(
        Method::GET,
        "/api/v1/accounts/search",
        Api::says(
            "Searches for Smart Accounts. A Restricted one is found by its entire name or domain identifier alone.",
        )
        .gives::<api::FoundList>(200)
        .query(&[("q", "A part of the name or of the domain identifier.")]),
        api::search,
    );
}
