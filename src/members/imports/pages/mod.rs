//! "Add User": a list of addresses or a file, the report on it, and the button that adds.

mod add;
mod group;
mod review;

use crate::http::Routes;
use crate::http::form::Named;
use crate::kernel::ids::ImportId;
use add::{add, show_add};
use group::{add_to_group, confirm_of_group, mend_of_group, review_of_group, show_add_to_group};
use review::{confirm, mend, review};

/// The pages.
pub fn routes(routes: &mut Routes) {
    routes.get("/sa/{said}/account/users/add", show_add);
    routes.post("/sa/{said}/account/users/add", add);
    routes.get("/sa/{said}/account/users/add/{import}", review);
    routes.post("/sa/{said}/account/users/add/{import}", mend);
    routes.post("/sa/{said}/account/users/add/{import}/confirm", confirm);
}

/// The pages that add to a user group.
pub fn group_routes(routes: &mut Routes) {
    routes.get("/sa/{said}/account/user-groups/{group}/add", show_add_to_group);
    routes.post("/sa/{said}/account/user-groups/{group}/add", add_to_group);
    routes.get(
        "/sa/{said}/account/user-groups/{group}/add/{import}",
        review_of_group,
    );
    routes.post(
        "/sa/{said}/account/user-groups/{group}/add/{import}",
        mend_of_group,
    );
    routes.post(
        "/sa/{said}/account/user-groups/{group}/add/{import}/confirm",
        confirm_of_group,
    );
}

impl Named for ImportId {
    const NAME: &'static str = "import";
}

const STEPS: [&str; 2] = ["Users and role", "Review"];

const GROUP_STEPS: [&str; 2] = ["Users", "Review"];
