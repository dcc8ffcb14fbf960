//! The JSON of user groups.

mod elsewhere;
mod groups;
mod shapes;

use crate::http::Routes;

/// The operations. What has a word of its own in its address comes before what has any group's id there.
pub fn routes(routes: &mut Routes) {
    elsewhere::routes(routes);
    groups::routes(routes);
}
