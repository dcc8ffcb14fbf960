//! The operations on the groups of one's own account.

use super::shapes::{
    GroupAccessOrNone, GroupEdit, GroupMessage, GroupPerson, GroupRequest, NewGroupPeople, NewUserGroup,
    UserGroup, UserGroupDetails,
};
use crate::authz::action::{ManageGroups, ViewUsers};
use crate::error::{Error, Result};
use crate::http::form::{LIST_LIMIT, PathPart};
use crate::http::{Answer, IdempotencyKey, JsonBody, May, json, reply};
use crate::kernel::ids::{PersonId, UserGroupId};
use crate::members::api::{AddReport, lines, wrong_lines};
use crate::members::groups::pages::{edit_now, message_now, read_named};
use crate::members::groups::service::{self, NewGroup};
use crate::members::{access, imports};

async fn details(may: &May<ViewUsers>, id: UserGroupId) -> Result<service::Details> {
    may.reads(move |r, permit| service::details(r, permit, id)).await
}

pub(super) async fn one(may: May<ViewUsers>, id: PathPart<UserGroupId>) -> Answer {
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

pub(super) async fn create(
    may: May<ManageGroups>,
    key: IdempotencyKey,
    body: JsonBody<NewUserGroup>,
) -> Answer {
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

pub(super) async fn edit(
    may: May<ManageGroups>,
    id: PathPart<UserGroupId>,
    body: JsonBody<GroupEdit>,
) -> Answer {
    let new = &body.value;
    edit_now(&may, id.0, new.version, &new.name, &new.description).await?;
    reply::nothing()
}

pub(super) async fn delete(may: May<ManageGroups>, id: PathPart<UserGroupId>) -> Answer {
    let id = id.0;
    may.does(move |tx, permit, at| service::delete(tx, permit, at, id))
        .await?;
    reply::nothing()
}

pub(super) async fn set_access(
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

pub(super) async fn add_people(
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

pub(super) async fn remove_person(
    may: May<ManageGroups>,
    id: PathPart<UserGroupId>,
    person: PathPart<PersonId>,
) -> Answer {
    let (id, person) = (id.0, person.0);
    may.does(move |tx, permit, at| service::remove_person(tx, permit, at, id, person))
        .await?;
    reply::nothing()
}

pub(super) async fn message(
    may: May<ManageGroups>,
    id: PathPart<UserGroupId>,
    key: IdempotencyKey,
    body: JsonBody<GroupMessage>,
) -> Answer {
    let once = body.once_key(&may, &key);
    message_now(&may, id.0, &body.value, once).await?;
    reply::nothing()
}
