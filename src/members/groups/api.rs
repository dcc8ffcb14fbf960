//! The JSON of user groups.

use super::model::{Asked, RequestState, scope_of};
use super::pages::{Lookup, SORTS, arrange, query, read_asking, read_message};
use super::service::{self, NewGroup, Row};
use crate::authn::PersonState;
use crate::authz::Role;
use crate::authz::action::{ManageGroups, ViewUsers};
use crate::error::{Error, Problems, Result};
use crate::http::form::{LIST_LIMIT, PathPart};
use crate::http::{Answer, Api, IdempotencyKey, JsonBody, May, Param, Routes, json, reply};
use crate::kernel::ids::{PersonId, UserGroupId, VirtualAccountId};
use crate::kernel::{Moment, Name, text};
use crate::members::access;
use crate::members::api::{AddReport, lines, wrong_lines};
use crate::members::imports;
use crate::members::model::Scope;
use crate::members::pages::ROLES;
use actix_web::http::Method;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The operations.
pub fn routes(routes: &mut Routes) {
    let groups = "/api/v1/accounts/{said}/user-groups";
    routes.api(
        Method::GET,
        groups,
        Api::says("User groups, by name.")
            .gives::<GroupList>(200)
            .query(&[
                Param::text("q", "Words in the name or the description."),
                Param::choice("role", ROLES, "One of the roles.").many(),
                Param::sort(SORTS, "With a minus the other way round."),
                Param::PAGE,
                Param::PER,
            ]),
        all,
    );
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

/// A user group.
#[derive(Debug, Serialize, ToSchema)]
struct UserGroup {
    /// Its id.
    #[schema(value_type = String)]
    id: UserGroupId,
    name: String,
    description: String,
    /// How many people are in it.
    people: u64,
    /// What they hold here; none for nothing.
    #[schema(value_type = Option<String>)]
    role: Option<Role>,
    /// In which Virtual Accounts; without any, in the entire Smart Account.
    #[schema(value_type = Vec<String>)]
    virtual_accounts: Vec<VirtualAccountId>,
    created_at: Moment,
    /// For editing.
    version: i64,
}

impl UserGroup {
    fn of(row: Row) -> Self {
        let (role, virtual_accounts) = held(&row.own);
        Self {
            id: row.group.id,
            name: row.group.name,
            description: row.group.description,
            people: row.people,
            role,
            virtual_accounts,
            created_at: row.group.created_at,
            version: row.group.version,
        }
    }
}

fn held(access: &[super::model::Access]) -> (Option<Role>, Vec<VirtualAccountId>) {
    match scope_of(access) {
        None => (None, Vec::new()),
        Some((Scope::Account, role)) => (Some(role), Vec::new()),
        Some((Scope::These(list), role)) => (Some(role), list),
    }
}

/// User groups.
#[derive(Debug, Serialize, ToSchema)]
struct GroupList {
    items: Vec<UserGroup>,
    /// How many there are in all.
    total: u64,
    /// Which page this is, from 1.
    page: u64,
    /// How many a page has.
    per: u64,
}

/// Somebody in a user group.
#[derive(Debug, Serialize, ToSchema)]
struct GroupPerson {
    #[schema(value_type = String)]
    id: PersonId,
    name: String,
    email: String,
    #[schema(value_type = String)]
    state: PersonState,
}

/// A user group's request for access to another Smart Account.
#[derive(Debug, Serialize, ToSchema)]
struct GroupRequest {
    /// The request lookup ID.
    lookup_id: String,
    /// The user group's name.
    user_group: String,
    /// How many people are in it.
    people: u64,
    /// Whose group.
    owner: String,
    owner_domain: String,
    /// Into which Smart Account.
    target: String,
    target_domain: String,
    #[schema(value_type = String)]
    state: RequestState,
    note: String,
    requested_by: String,
    requested_at: Moment,
    answered_at: Option<Moment>,
    ended_at: Option<Moment>,
    /// What the group holds in the other Smart Account.
    #[schema(value_type = Option<String>)]
    role: Option<Role>,
    /// In which Virtual Accounts; without any, in the entire Smart Account.
    #[schema(value_type = Vec<String>)]
    virtual_accounts: Vec<VirtualAccountId>,
}

impl GroupRequest {
    fn of(asked: Asked) -> Self {
        let (role, virtual_accounts) = held(&asked.access);
        Self {
            lookup_id: asked.request.lookup_id,
            user_group: asked.group,
            people: asked.people,
            owner: asked.owner.name,
            owner_domain: asked.owner.domain,
            target: asked.target.name,
            target_domain: asked.target.domain,
            state: asked.request.state,
            note: asked.request.note,
            requested_by: asked.asker.label(),
            requested_at: asked.request.asked_at,
            answered_at: asked.request.answered_at,
            ended_at: asked.request.ended_at,
            role,
            virtual_accounts,
        }
    }
}

/// A user group with its people and its requests to other Smart Accounts.
#[derive(Debug, Serialize, ToSchema)]
struct UserGroupDetails {
    group: UserGroup,
    members: Vec<GroupPerson>,
    requests: Vec<GroupRequest>,
}

/// User groups of other Smart Accounts.
#[derive(Debug, Serialize, ToSchema)]
struct ExternalList {
    items: Vec<GroupRequest>,
    total: usize,
}

/// A role, on the entire Smart Account or on selected Virtual Accounts.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct GroupAccess {
    /// The user role.
    role: Role,
    /// Ids of Virtual Accounts; without any, the entire Smart Account.
    #[serde(default)]
    virtual_accounts: Vec<VirtualAccountId>,
}

/// A role, or none.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct GroupAccessOrNone {
    /// The user role; none for nothing.
    role: Option<Role>,
    /// Ids of Virtual Accounts; without any, the entire Smart Account.
    #[serde(default)]
    virtual_accounts: Vec<VirtualAccountId>,
}

/// A user group that is to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewUserGroup {
    #[schema(min_length = 1, max_length = 100)]
    name: String,
    #[serde(default)]
    #[schema(max_length = 500)]
    description: String,
    /// The user role of everybody in it; none for nothing.
    role: Option<Role>,
    /// Ids of Virtual Accounts; without any, the entire Smart Account.
    #[serde(default)]
    virtual_accounts: Vec<VirtualAccountId>,
}

/// Name and description.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct GroupEdit {
    #[schema(min_length = 1, max_length = 100)]
    name: String,
    #[schema(max_length = 500)]
    description: String,
    version: i64,
}

/// People who are to come into a user group.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewGroupPeople {
    /// E-mail addresses, up to 10,000, one in each element; `Ada Lindqvist <ada@xyz.example>` is read as well. People
    /// without a user account are invited.
    #[schema(min_items = 1, max_items = 10_000)]
    emails: Vec<String>,
    /// Only says what would become of each line.
    #[serde(default)]
    dry_run: bool,
    /// Wrong lines are left out by choice.
    #[serde(default)]
    leave_out_wrong: bool,
}

/// A message.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct GroupMessage {
    #[schema(min_length = 1, max_length = 100)]
    subject: String,
    #[schema(min_length = 1, max_length = 2_000)]
    message: String,
}

/// For access to which Smart Account.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct GroupAsks {
    /// The whole Account Domain Identifier of the other Smart Account.
    #[schema(min_length = 1)]
    domain: String,
    /// A note for its administrators.
    #[serde(default)]
    #[schema(max_length = 1_000)]
    note: String,
}

/// What a request is called.
#[derive(Debug, Serialize, ToSchema)]
struct GroupAsked {
    /// The request lookup ID.
    lookup_id: String,
}

async fn all(may: May<ViewUsers>) -> Answer {
    let list = query(&may, may.path.clone());
    list.understood()?;
    let permit = may.permit.clone();
    let rows = may.portal.db.read(move |r| service::list(r, &permit)).await?;
    let rows = arrange(rows, &list);
    let total = rows.len() as u64;
    json(
        200,
        &GroupList {
            items: list.cut(rows).map(UserGroup::of).collect(),
            total,
            page: list.page,
            per: list.per,
        },
    )
}

async fn details(may: &May<ViewUsers>, id: UserGroupId) -> Result<service::Details> {
    let permit = may.permit.clone();
    may.portal
        .db
        .read(move |r| service::details(r, &permit, id))
        .await
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

fn named(name: &str, description: &str) -> Result<(Name, String)> {
    let mut problems = Problems::default();
    let name = problems.take("name", Name::parse(name, "Name"));
    let description = problems.take(
        "description",
        text::note(description, "Description", super::model::DESCRIPTION),
    );
    match (name, description) {
        (Some(name), Some(description)) => Ok((name, description)),
        _ => Err(Error::Invalid(problems)),
    }
}

async fn create(may: May<ManageGroups>, key: IdempotencyKey, body: JsonBody<NewUserGroup>) -> Answer {
    let once = body.once_key(&may, &key);
    let asked = body.value;
    let (name, description) = named(&asked.name, &asked.description)?;
    let new = NewGroup {
        id: UserGroupId::new(),
        name,
        description,
        access: asked
            .role
            .map(|role| (access::of_api(asked.virtual_accounts), role)),
    };
    let (permit, at) = (may.permit.clone(), may.portal.clock.now());
    let id = may
        .portal
        .db
        .write(move |tx| service::create(tx, &permit, at, &new, once.as_ref()))
        .await?;
    let permit = may.permit.clone();
    let row = may
        .portal
        .db
        .read(move |r| service::one_of_mine(r, &permit, id))
        .await?;
    json(201, &UserGroup::of(row))
}

async fn edit(may: May<ManageGroups>, id: PathPart<UserGroupId>, body: JsonBody<GroupEdit>) -> Answer {
    let (name, description) = named(&body.value.name, &body.value.description)?;
    let (permit, at, id, version) = (
        may.permit.clone(),
        may.portal.clock.now(),
        id.0,
        body.value.version,
    );
    may.portal
        .db
        .write(move |tx| service::edit(tx, &permit, at, id, version, &name, &description))
        .await?;
    reply::nothing()
}

async fn delete(may: May<ManageGroups>, id: PathPart<UserGroupId>) -> Answer {
    let (permit, at, id) = (may.permit.clone(), may.portal.clock.now(), id.0);
    may.portal
        .db
        .write(move |tx| service::delete(tx, &permit, at, id))
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
    let (permit, at, id) = (may.permit.clone(), may.portal.clock.now(), id.0);
    may.portal
        .db
        .write(move |tx| service::set_access(tx, &permit, at, id, access.as_ref()))
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
    let (permit, reading) = (may.permit.clone(), lines.clone());
    let (_, report) = may
        .portal
        .db
        .read(move |r| service::report(r, &permit, id, &reading))
        .await?;
    if asked.dry_run {
        return json(200, &AddReport::of(&report, None));
    }
    if report.wrong() > 0 && !asked.leave_out_wrong {
        return Err(wrong_lines(&report));
    }
    let new = imports::ids(lines.len());
    let (permit, at) = (may.permit.clone(), may.portal.clock.now());
    let done = may
        .portal
        .db
        .write(move |tx| service::add(tx, &permit, at, id, &lines, &new, asked.leave_out_wrong))
        .await?;
    may.portal.jobs.nudge();
    json(200, &AddReport::of(&report, Some(done)))
}

async fn remove_person(
    may: May<ManageGroups>,
    id: PathPart<UserGroupId>,
    person: PathPart<PersonId>,
) -> Answer {
    let (permit, at, id, person) = (may.permit.clone(), may.portal.clock.now(), id.0, person.0);
    may.portal
        .db
        .write(move |tx| service::remove_person(tx, &permit, at, id, person))
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
    let (subject, words) = read_message(&body.value.subject, &body.value.message).map_err(Error::Invalid)?;
    let (permit, at, id) = (may.permit.clone(), may.portal.clock.now(), id.0);
    may.portal
        .db
        .write(move |tx| service::message(tx, &permit, at, id, &subject, &words, once.as_ref()))
        .await?;
    may.portal.jobs.nudge();
    reply::nothing()
}

async fn ask(may: May<ManageGroups>, id: PathPart<UserGroupId>, body: JsonBody<GroupAsks>) -> Answer {
    let (permit, group) = (may.permit.clone(), id.0);
    // Somebody else's group is not there, whatever is asked for it.
    may.portal
        .db
        .read(move |r| service::one_of_mine(r, &permit, group))
        .await?;
    let asking = read_asking(&body.value.domain, &body.value.note).map_err(Error::Invalid)?;
    let (permit, at, id) = (may.permit.clone(), may.portal.clock.now(), id.0);
    let request = may
        .portal
        .db
        .write(move |tx| service::ask(tx, &permit, at, id, &asking))
        .await?;
    may.portal.jobs.nudge();
    json(
        201,
        &GroupAsked {
            lookup_id: request.lookup_id,
        },
    )
}

async fn end_mine(may: May<ManageGroups>, id: PathPart<UserGroupId>, lookup: PathPart<Lookup>) -> Answer {
    let (permit, at, id, lookup) = (may.permit.clone(), may.portal.clock.now(), id.0, lookup.0.0);
    may.portal
        .db
        .write(move |tx| service::end_as_owner(tx, &permit, at, id, &lookup))
        .await?;
    may.portal.jobs.nudge();
    reply::nothing()
}

async fn external(may: May<ViewUsers>) -> Answer {
    let permit = may.permit.clone();
    let found = may.portal.db.read(move |r| service::external(r, &permit)).await?;
    let items: Vec<GroupRequest> = found.into_iter().map(GroupRequest::of).collect();
    json(
        200,
        &ExternalList {
            total: items.len(),
            items,
        },
    )
}

async fn look_up(may: May<ManageGroups>, lookup: PathPart<Lookup>) -> Answer {
    let permit = may.permit.clone();
    let asked = may
        .portal
        .db
        .read(move |r| service::look_up(r, &permit, &lookup.0.0))
        .await?;
    json(200, &GroupRequest::of(asked))
}

async fn grant(may: May<ManageGroups>, lookup: PathPart<Lookup>, body: JsonBody<GroupAccess>) -> Answer {
    let (role, scope) = (body.value.role, access::of_api(body.value.virtual_accounts));
    let (permit, at, lookup) = (may.permit.clone(), may.portal.clock.now(), lookup.0.0);
    let id = lookup.clone();
    may.portal
        .db
        .write(move |tx| service::let_in(tx, &permit, at, &id, &scope, role))
        .await?;
    may.portal.jobs.nudge();
    let permit = may.permit.clone();
    let asked = may
        .portal
        .db
        .read(move |r| service::look_up(r, &permit, &lookup))
        .await?;
    json(200, &GroupRequest::of(asked))
}

async fn decline(may: May<ManageGroups>, lookup: PathPart<Lookup>) -> Answer {
    let (permit, at, lookup) = (may.permit.clone(), may.portal.clock.now(), lookup.0.0);
    may.portal
        .db
        .write(move |tx| service::decline(tx, &permit, at, &lookup))
        .await?;
    may.portal.jobs.nudge();
    reply::nothing()
}

async fn end(may: May<ManageGroups>, lookup: PathPart<Lookup>) -> Answer {
    let (permit, at, lookup) = (may.permit.clone(), may.portal.clock.now(), lookup.0.0);
    may.portal
        .db
        .write(move |tx| service::end_as_target(tx, &permit, at, &lookup))
        .await?;
    may.portal.jobs.nudge();
    reply::nothing()
}
