//! The users of a server, for scripts: what "Users" of the Admin Workspace can do.

use super::list::LIST;
use super::model;
use super::service;
use crate::authn::system_users::{self, SystemUser};
use crate::authn::{PersonState, PlatformRole};
use crate::authz::action::{ManageSystemUsers, ViewAdminWorkspace};
use crate::error::{Error, Problems};
use crate::http::form::PathPart;
use crate::http::{Answer, Api, JsonBody, May, Routes, json, reply};
use crate::kernel::ids::{LinkId, PersonId};
use crate::kernel::{Moment, Name};
use actix_web::http::Method;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The list.
const ALL: &str = "/api/v1/on-prem/users";

/// The operations of this room.
pub fn routes(routes: &mut Routes) {
    const ONE: &str = "/api/v1/on-prem/users/{person}";
    LIST.operation::<SystemUserShape>(routes, ALL, "The users of this server.");
    routes.api(
        Method::POST,
        ALL,
        Api::says("Create a user, who is asked by mail to set a password.")
            .takes::<NewUserBody>()
            .gives::<SystemUserShape>(201),
        create,
    );
    routes.api(
        Method::GET,
        ONE,
        Api::says("One user of this server.").gives::<SystemUserShape>(200),
        one,
    );
    routes.api(
        Method::PATCH,
        ONE,
        Api::says("Change a user: what is left out stays as it is. Nobody changes their own role.")
            .takes::<EditUserBody>()
            .gives::<SystemUserShape>(200),
        edit,
    );
    routes.api(
        Method::DELETE,
        ONE,
        Api::says("Remove a user of this server with all roles.").gives_nothing(),
        remove,
    );
    routes.api(
        Method::POST,
        "/api/v1/on-prem/users/{person}/reset-password",
        Api::says("Send a user a link for a new password, or the invitation once more.").gives_nothing(),
        reset,
    );
}

/// A user of the server.
#[derive(Debug, Serialize, ToSchema)]
struct SystemUserShape {
    #[schema(value_type = String)]
    id: PersonId,
    user_name: String,
    name: String,
    email: String,
    /// system-administrator, system-operator or system-user.
    #[schema(value_type = String)]
    role: PlatformRole,
    /// active, invited or disabled.
    #[schema(value_type = String)]
    status: PersonState,
    last_sign_in_at: Option<Moment>,
}

impl From<SystemUser> for SystemUserShape {
    fn from(user: SystemUser) -> Self {
        Self {
            id: user.id,
            user_name: user.user_name,
            name: user.name,
            email: user.email,
            role: user.role,
            status: user.state,
            last_sign_in_at: user.last_sign_in_at,
        }
    }
}

/// A user who is to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewUserBody {
    user_name: String,
    name: String,
    email: String,
    /// system-administrator, system-operator or system-user.
    role: String,
}

/// What is to be changed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct EditUserBody {
    name: Option<String>,
    role: Option<String>,
    /// Whether the user can sign in.
    enabled: Option<bool>,
}

async fn shown(may: &May<ManageSystemUsers>, id: PersonId, status: u16) -> Answer {
    may.portal.jobs.nudge();
    let user = may.portal.db.read(move |r| system_users::find(r, id)).await?;
    json(status, &SystemUserShape::from(user))
}

async fn one(may: May<ViewAdminWorkspace>, id: PathPart<PersonId>) -> Answer {
    let user = may.portal.db.read(move |r| system_users::find(r, id.0)).await?;
    json(200, &SystemUserShape::from(user))
}

async fn create(may: May<ManageSystemUsers>, body: JsonBody<NewUserBody>) -> Answer {
    let (asked, mut problems) = (body.value, Problems::default());
    let new = model::new_user(
        &asked.user_name,
        &asked.name,
        &asked.email,
        &asked.role,
        &mut problems,
    );
    let new = new.ok_or(Error::Invalid(problems))?;
    let ids = (PersonId::new(), LinkId::new());
    let id = may
        .does(move |tx, permit, at| service::create(tx, permit, at, ids, &new))
        .await?;
    shown(&may, id, 201).await
}

async fn edit(may: May<ManageSystemUsers>, id: PathPart<PersonId>, body: JsonBody<EditUserBody>) -> Answer {
    let (asked, id) = (body.value, id.0);
    let user = may.portal.db.read(move |r| system_users::find(r, id)).await?;
    let mut problems = Problems::default();
    let name = asked.name.as_deref().unwrap_or(&user.name);
    let name = problems.take("name", Name::parse(name, "Name"));
    let role = match asked.role.as_deref() {
        Some(word) => problems.take("role", model::role(word)),
        None => Some(user.role),
    };
    let (Some(name), Some(role)) = (name, role) else {
        return Err(Error::Invalid(problems));
    };
    let (edits, enabled) = (asked.name.is_some() || asked.role.is_some(), asked.enabled);
    may.does(move |tx, permit, at| {
        let to = edits.then_some((user.version, &name, role));
        service::change(tx, permit, at, id, to, enabled)
    })
    .await?;
    shown(&may, id, 200).await
}

async fn remove(may: May<ManageSystemUsers>, id: PathPart<PersonId>) -> Answer {
    may.does(move |tx, permit, at| service::remove(tx, permit, at, id.0))
        .await?;
    reply::nothing()
}

async fn reset(may: May<ManageSystemUsers>, id: PathPart<PersonId>) -> Answer {
    let link = LinkId::new();
    may.does(move |tx, permit, at| service::reset_password(tx, permit, at, link, id.0))
        .await?;
    may.portal.jobs.nudge();
    reply::nothing()
}
