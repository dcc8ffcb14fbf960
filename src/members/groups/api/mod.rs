//! The JSON of user groups.

mod elsewhere;
mod groups;
mod shapes;

pub use shapes::GroupMessage;

use crate::http::{Api, Routes};
use crate::members::api::AddReport;
use crate::members::groups::list::FOR_SCRIPTS;
use actix_web::http::Method;
use elsewhere::{ask, decline, end, end_mine, external, grant, look_up};
use groups::{add_people, create, delete, edit, message, one, remove_person, set_access};
use shapes::{
    ExternalList, GroupAccess, GroupAccessOrNone, GroupAsked, GroupAsks, GroupEdit, GroupRequest,
    NewGroupPeople, NewUserGroup, UserGroup, UserGroupDetails,
};

/// The operations.
#[expect(clippy::too_many_lines, reason = "the operations, one after the other")]
pub fn routes(routes: &mut Routes) {
    let groups = "/api/v1/accounts/{said}/user-groups";
    FOR_SCRIPTS.operation::<UserGroup>(routes, groups, "User groups, by name.");
    routes.api(
        Method::POST,
        groups,
        Api::says("Create a user group.")
            .takes::<NewUserGroup>()
            .gives::<UserGroup>(201)
            .once(),
        create,
    );
    routes.api(
        Method::GET,
        "/api/v1/accounts/{said}/user-groups/external",
        Api::says("User groups of other Smart Accounts that have access to this one.")
            .gives::<ExternalList>(200),
        external,
    );
    routes.api(
        Method::GET,
        "/api/v1/accounts/{said}/user-groups/external/{lookup}",
        Api::says("The request of an external user group with this request lookup ID.")
            .gives::<GroupRequest>(200),
        look_up,
    );
    routes.api(
        Method::POST,
        "/api/v1/accounts/{said}/user-groups/external/{lookup}/grant",
        Api::says("Grant Smart Account access to an external user group.")
            .takes::<GroupAccess>()
            .gives::<GroupRequest>(200),
        grant,
    );
    routes.api(
        Method::POST,
        "/api/v1/accounts/{said}/user-groups/external/{lookup}/decline",
        Api::says("Decline the request of an external user group.").gives_nothing(),
        decline,
    );
    routes.api(
        Method::POST,
        "/api/v1/accounts/{said}/user-groups/external/{lookup}/end",
        Api::says("End the access of an external user group.").gives_nothing(),
        end,
    );
    routes.api(
        Method::GET,
        "/api/v1/accounts/{said}/user-groups/{group}",
        Api::says("A user group with its people and its requests to other Smart Accounts.")
            .gives::<UserGroupDetails>(200),
        one,
    );
    routes.api(
        Method::PATCH,
        "/api/v1/accounts/{said}/user-groups/{group}",
        Api::says("Change name and description. `version` is the one that was read.")
            .takes::<GroupEdit>()
            .gives_nothing(),
        edit,
    );
    routes.api(
        Method::DELETE,
        "/api/v1/accounts/{said}/user-groups/{group}",
        Api::says("Delete a user group: what its people held through it ends.").gives_nothing(),
        delete,
    );
    routes.api(
        Method::PUT,
        "/api/v1/accounts/{said}/user-groups/{group}/access",
        Api::says("Set role and Virtual Accounts of a user group; without a role, it holds nothing here.")
            .takes::<GroupAccessOrNone>()
            .gives_nothing(),
        set_access,
    );
    routes.api(
        Method::POST,
        "/api/v1/accounts/{said}/user-groups/{group}/people",
        Api::says("Add people to a user group. With `dry_run` the report alone is given.")
            .takes::<NewGroupPeople>()
            .gives::<AddReport>(200),
        add_people,
    );
    routes.api(
        Method::DELETE,
        "/api/v1/accounts/{said}/user-groups/{group}/people/{person}",
        Api::says("Take a person out of a user group.").gives_nothing(),
        remove_person,
    );
    routes.api(
        Method::POST,
        "/api/v1/accounts/{said}/user-groups/{group}/messages",
        Api::says("Send a message to the members of a user group.")
            .takes::<GroupMessage>()
            .gives_nothing()
            .once(),
        message,
    );
    routes.api(
        Method::POST,
        "/api/v1/accounts/{said}/user-groups/{group}/requests",
        Api::says("Request access to another Smart Account for a user group.")
            .takes::<GroupAsks>()
            .gives::<GroupAsked>(201),
        ask,
    );
    routes.api(
        Method::POST,
        "/api/v1/accounts/{said}/user-groups/{group}/requests/{lookup}/end",
        Api::says("End the access of one's user group to another Smart Account, or take the request back.")
            .gives_nothing(),
        end_mine,
    );
}
