//! The operations on the groups of one's own account.

use super::shapes::{
    GroupAccessOrNone, GroupEdit, GroupPerson, GroupRequest, NewGroupPeople, NewUserGroup, UserGroup,
    UserGroupDetails,
};
use crate::authz::action::{ManageGroups, ViewUsers};
use crate::error::{Error, Result};
use crate::http::form::{LIST_LIMIT, PathPart};
use crate::http::{Answer, Api, IdempotencyKey, JsonBody, May, Routes, json, reply};
use crate::kernel::ids::{PersonId, UserGroupId};
use crate::members::api::{AddReport, lines, wrong_lines};
use crate::members::groups::list::FOR_SCRIPTS;
use crate::members::groups::operations::{GroupMessage, edit_now, message_now, read_named};
use crate::members::groups::service::{self, NewGroup};
use crate::members::{access, imports};
use actix_web::http::Method;

const GROUPS: &str = "/api/v1/accounts/{said}/user-groups";

/// The operations.
pub(super) fn routes(routes: &mut Routes) {
    FOR_SCRIPTS.operation::<UserGroup>(routes, GROUPS, "User groups, by name.");
    routes.api(
        Method::POST,
        GROUPS,
        Api::says("Create a user group.")
            .takes::<NewUserGroup>()
            .gives::<UserGroup>(201)
            .once(),
        create,
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
    people_routes(routes);
}

fn people_routes(routes: &mut Routes) {
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
}

async fn details(may: &May<ViewUsers>, id: UserGroupId) -> Result<service::Details> {
    may.reads(move |r, permit| service::details(r, permit, id)).await
}

async fn one(may: May<ViewUsers>, id: PathPart<UserGroupId>) -> Answer {
    let details = details(&may, id.0).await?;
    json(
        200,
        &UserGroupDetails {
            group: UserGroup::of(details.row),
            members: details
                .people
                .into_iter()
                .map(|person| GroupPerson {
                    id: person.id,
                    name: person.name,
                    email: person.email.to_string(),
                    state: person.state,
                })
                .collect(),
            requests: details.requests.into_iter().map(GroupRequest::of).collect(),
        },
    )
}

async fn create(may: May<ManageGroups>, key: IdempotencyKey, body: JsonBody<NewUserGroup>) -> Answer {
    let once = body.once_key(&may, &key);
    let asked = body.value;
    let (name, description) = read_named(&asked.name, &asked.description).map_err(Error::Invalid)?;
    let new = NewGroup {
        id: UserGroupId::new(),
        name,
        description,
        access: asked
            .role
            .map(|role| (access::of_api(asked.virtual_accounts), role)),
    };
    let id = may
        .does(move |tx, permit, at| service::create(tx, permit, at, &new, once.as_ref()))
        .await?;
    let row = may
        .reads(move |r, permit| service::one_of_mine(r, permit, id))
        .await?;
    json(201, &UserGroup::of(row))
}

async fn edit(may: May<ManageGroups>, id: PathPart<UserGroupId>, body: JsonBody<GroupEdit>) -> Answer {
    let new = &body.value;
    edit_now(&may, id.0, new.version, &new.name, &new.description).await?;
    reply::nothing()
}

async fn delete(may: May<ManageGroups>, id: PathPart<UserGroupId>) -> Answer {
    let id = id.0;
    may.does(move |tx, permit, at| service::delete(tx, permit, at, id))
        .await?;
    reply::nothing()
}

async fn set_access(
    may: May<ManageGroups>,
    id: PathPart<UserGroupId>,
    body: JsonBody<GroupAccessOrNone>,
) -> Answer {
    let asked = body.value;
    let access = asked
        .role
        .map(|role| (access::of_api(asked.virtual_accounts), role));
    let id = id.0;
    may.does(move |tx, permit, at| service::set_access(tx, permit, at, id, access.as_ref()))
        .await?;
    reply::nothing()
}

async fn add_people(
    may: May<ManageGroups>,
    id: PathPart<UserGroupId>,
    body: JsonBody<NewGroupPeople, LIST_LIMIT>,
) -> Answer {
    let (asked, id) = (body.value, id.0);
    let lines = lines(&asked.emails)?;
    let reading = lines.clone();
    let (_, report) = may
        .reads(move |r, permit| service::report(r, permit, id, &reading))
        .await?;
    if asked.dry_run {
        return json(200, &AddReport::of(&report, None));
    }
    if report.wrong() > 0 && !asked.leave_out_wrong {
        return Err(wrong_lines(&report));
    }
    let new = imports::ids(lines.len());
    let done = may
        .does(move |tx, permit, at| service::add(tx, permit, at, id, &lines, &new, asked.leave_out_wrong))
        .await?;
    json(200, &AddReport::of(&report, Some(done)))
}

async fn remove_person(
    may: May<ManageGroups>,
    id: PathPart<UserGroupId>,
    person: PathPart<PersonId>,
) -> Answer {
    let (id, person) = (id.0, person.0);
    may.does(move |tx, permit, at| service::remove_person(tx, permit, at, id, person))
        .await?;
    reply::nothing()
}

async fn message(
    may: May<ManageGroups>,
    id: PathPart<UserGroupId>,
    key: IdempotencyKey,
    body: JsonBody<GroupMessage>,
) -> Answer {
    let once = body.once_key(&may, &key);
    message_now(&may, id.0, &body.value, once).await?;
    reply::nothing()
}
