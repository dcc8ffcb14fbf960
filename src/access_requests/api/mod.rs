//! Requests for access, for scripts: everything that the pages can do.

mod requests;
mod settings;

use crate::http::Routes;

/// The operations.
pub fn routes(routes: &mut Routes) {
    requests::routes(routes);
    settings::routes(routes);
}
