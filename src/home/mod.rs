//! Where people arrive: the landing page, choosing a Smart Account, the Overview, the directory, and help.
//! May read the face of any room.
//!
//! The directory is a list by hand (`directory_pages.rs`): below one's own accounts it shows those of others that a search
//! finds, in a table of their own.

mod api;
mod directory;
mod directory_pages;
mod guide_pages;
mod help_pages;
mod pages;
mod reference;
mod search_pages;
mod view_as_pages;

use crate::authz::Action;
use crate::http::Routes;
use crate::http::menu::Item;

/// The routes of this room.
pub fn routes(routes: &mut Routes) {
    routes.get("/", pages::start);
    routes.get("/software-central", pages::software_central);
    routes.get("/select", pages::select);
    routes.get("/sa/{said}", pages::overview);
    routes.search(search_pages::accounts);
    routes.get("/access", directory_pages::directory);
    routes.get("/access.csv", directory_pages::csv);
    shared_routes(routes);
    routes.menu(Item {
        section: "Overview",
        group: None,
        label: None,
        path: "/sa/{said}",
        action: Action::ViewAccount,
    });
    api::routes(routes);
}

/// The routes that both editions have: help, and seeing the portal as another role.
pub fn shared_routes(routes: &mut Routes) {
    routes.get("/sa/{said}/view-as", view_as_pages::form);
    routes.post("/sa/{said}/view-as", view_as_pages::start);
    routes.post("/view-as/stop", view_as_pages::stop);
    routes.get("/search", search_pages::search);
    routes.get("/help", help_pages::help);
    guide_pages::routes(routes);
    routes.get("/help/problems", help_pages::problems);
    routes.get("/help/api", help_pages::api);
    routes.get("/about", help_pages::about);
    routes.get("/about/licenses", help_pages::licenses);
    routes.get("/api/v1/openapi.json", help_pages::document);
}
