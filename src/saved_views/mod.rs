//! Saved views: search, filters, sorting and columns of a list under a name of one's own. Every list offers them
//! (`templates/parts/chips.html`); a view is a person's bookmark, and what it opens is asked for anew by whoever opens it.

mod api;
mod model;
mod pages;
mod service;
mod store;

use crate::http::Routes;

/// The routes of this room.
pub fn routes(routes: &mut Routes) {
    pages::routes(routes);
    api::routes(routes);
}
