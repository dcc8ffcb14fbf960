//! Admin Workspace, Users: the list, and what can be done with one of them.

use super::list::{LIST, USERS};
use super::model::{self, Change, NewUser};
use super::service;
use crate::authn::system_users::{self, SystemUser};
use crate::authn::{PersonState, PlatformRole, second_factor};
use crate::authz::action::{ManageSystemUsers, ViewAdminWorkspace};
use crate::authz::{Action, Does};
use crate::error::{Error, Problems, Result};
use crate::http::form::{PathPart, fresh};
use crate::http::form_state::Choice;
use crate::http::list::Listing;
use crate::http::shell::initials;
use crate::http::{
    Answer, Flash, FlashKind, FormState, May, NoFields, Posted, Routes, Shell, Visit, page, page_with,
};
use crate::kernel::Name;
use crate::kernel::ids::{LinkId, PersonId};
use askama::Template;
use serde::Deserialize;
use std::collections::HashSet;

pub fn routes(routes: &mut Routes) {
    LIST.pages(routes, show);
    routes.get("/admin/users/new", show_new);
    routes.post("/admin/users/new", create);
    routes.get("/admin/users/{person}/edit", show_edit);
    routes.post("/admin/users/{person}/edit", edit);
    routes.get("/admin/users/{person}/disable", show_disable);
    routes.post("/admin/users/{person}/disable", disable);
    routes.post("/admin/users/{person}/enable", enable);
    routes.get("/admin/users/{person}/remove", show_remove);
    routes.post("/admin/users/{person}/remove", remove);
    routes.get("/admin/users/{person}/reset-password", show_reset);
    routes.post("/admin/users/{person}/reset-password", reset);
}

/// What stands over the list.
pub(super) enum Dialog {
    None,
    New,
    Edit(SystemUser),
    Disable(SystemUser),
    Remove(SystemUser),
    Reset(SystemUser),
    Factor(SystemUser),
}

impl Dialog {
    fn title(&self) -> &'static str {
        match self {
            Self::None => "Users",
            Self::New => "Create user",
            Self::Edit(_) => "Edit user",
            Self::Disable(_) => "Disable user?",
            Self::Remove(_) => "Remove user?",
            Self::Reset(user) if user.state == PersonState::Invited => "Resend invitation?",
            Self::Reset(_) => "Reset password?",
            Self::Factor(_) => "Remove second factor?",
        }
    }
}

#[derive(Template)]
#[template(path = "system_users/list.html")]
pub(super) struct UsersPage {
    shell: Shell,
    found: Listing<SystemUser>,
    form: FormState,
    dialog: Dialog,
    roles: Vec<Choice>,
    /// Why users cannot be managed, or "".
    refused: String,
    me: Option<PersonId>,
    administrators: usize,
    /// Who of those shown has a second factor.
    with_factor: HashSet<PersonId>,
}

impl UsersPage {
    /// Why this cannot be done with a user, or "".
    fn against(&self, user: &SystemUser, change: Change) -> String {
        if !self.refused.is_empty() {
            return self.refused.clone();
        }
        match model::may_change(user, self.me, change, self.administrators) {
            Ok(()) => String::new(),
            Err(Error::Refused(refusal)) => refusal.says.into_owned(),
            Err(_) => "This cannot be done.".to_owned(),
        }
    }
    fn against_disable(&self, user: &SystemUser) -> String {
        self.against(user, Change::Disable)
    }
    fn against_factor(&self, user: &SystemUser) -> String {
        if self.me == Some(user.id) {
            "Your own is removed in your profile.".to_owned()
        } else if self.with_factor.contains(&user.id) {
            String::new()
        } else {
            "This user has none.".to_owned()
        }
    }
    fn against_remove(&self, user: &SystemUser) -> String {
        self.against(user, Change::Remove)
    }
    fn status_kind(user: &SystemUser) -> &'static str {
        match user.state {
            PersonState::Active => "ok",
            PersonState::Invited => "warn",
            PersonState::Disabled => "",
        }
    }
}

fn role_choices() -> Vec<Choice> {
    model::ROLES
        .iter()
        .map(|role| Choice::new(role.word(), role.label()).note(model::means(*role)))
        .collect()
}

pub(super) async fn view<A: Does>(may: &May<A>, form: FormState, dialog: Dialog) -> Result<UsersPage> {
    let permit = may.also::<ViewAdminWorkspace>().await?;
    let (found, (administrators, with_factor)) = LIST
        .page(may, &permit, |r, _, rows| {
            let ids: Vec<PersonId> = rows.iter().map(|user| user.id).collect();
            Ok((
                system_users::active_administrators(r)?,
                second_factor::among(r, &ids)?,
            ))
        })
        .await?;
    let mut shell = may.workspace_shell("Users", &found.list);
    shell.error_title = form.has_problems();
    if !matches!(dialog, Dialog::None) {
        shell = shell.with_dialog(dialog.title());
    }
    Ok(UsersPage {
        shell,
        found,
        form,
        dialog,
        roles: role_choices(),
        refused: if may.holds_by_platform(Action::ManageSystemUsers) {
            String::new()
        } else {
            "Users are managed by a System Administrator.".to_owned()
        },
        me: may.actor.as_ref().map(|actor| actor.person.id),
        administrators,
        with_factor,
    })
}

/// GET /admin/users
async fn show(may: May<ViewAdminWorkspace>) -> Answer {
    page(&view(&may, fresh(), Dialog::None).await?)
}

/// GET /admin/users/new
async fn show_new(may: May<ManageSystemUsers>) -> Answer {
    let form = fresh().with_value("role", PlatformRole::SystemUser.word());
    page(&view(&may, form, Dialog::New).await?)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewForm {
    user_name: String,
    name: String,
    email: String,
    #[serde(default)]
    role: String,
}

/// POST /admin/users/new
async fn create(may: May<ManageSystemUsers>, posted: Posted<NewForm>) -> Answer {
    let typed = &posted.value;
    let mut problems = Problems::default();
    let new = model::new_user(
        &typed.user_name,
        &typed.name,
        &typed.email,
        &typed.role,
        &mut problems,
    );
    let Some(new) = new else {
        return page_with(422, &view(&may, posted.again(&problems), Dialog::New).await?);
    };
    match add(&may, new.clone()).await {
        Ok(()) => Ok(may.see_other(
            USERS,
            Flash::new(
                FlashKind::Ok,
                format!(
                    "{} was added. An invitation is on its way to {}.",
                    new.name, new.email
                ),
            ),
        )),
        Err(Error::Refused(refusal)) => {
            let field = match refusal.code {
                "people.address-taken" => "email",
                "system-users.name-taken" => "user_name",
                _ => "",
            };
            problems.add(field, refusal.says);
            page_with(409, &view(&may, posted.again(&problems), Dialog::New).await?)
        }
        Err(error) => Err(error),
    }
}

async fn add(may: &May<ManageSystemUsers>, new: NewUser) -> Result<()> {
    let ids = (PersonId::new(), LinkId::new());
    may.does(move |tx, permit, at| service::create(tx, permit, at, ids, &new))
        .await?;
    may.portal.jobs.nudge();
    Ok(())
}

pub(super) async fn user(visit: &Visit, id: PersonId) -> Result<SystemUser> {
    visit.portal.db.read(move |r| system_users::find(r, id)).await
}

/// GET /admin/users/{person}/edit
async fn show_edit(may: May<ManageSystemUsers>, id: PathPart<PersonId>) -> Answer {
    let user = user(&may, id.0).await?;
    let form = fresh()
        .with_value("name", &user.name)
        .with_value("role", user.role.word())
        .with_value("version", user.version.to_string());
    page(&view(&may, form, Dialog::Edit(user)).await?)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EditForm {
    name: String,
    #[serde(default)]
    role: String,
    version: i64,
}

/// POST /admin/users/{person}/edit
async fn edit(may: May<ManageSystemUsers>, id: PathPart<PersonId>, posted: Posted<EditForm>) -> Answer {
    let typed = &posted.value;
    let mut problems = Problems::default();
    let name = problems.take("name", Name::parse(&typed.name, "Name"));
    let role = problems.take("role", model::role(&typed.role));
    let user = user(&may, id.0).await?;
    let (Some(name), Some(role)) = (name, role) else {
        return page_with(
            422,
            &view(&may, posted.again(&problems), Dialog::Edit(user)).await?,
        );
    };
    let (id, version) = (id.0, typed.version);
    let done = may
        .does(move |tx, permit, at| service::edit(tx, permit, at, id, version, &name, role))
        .await;
    match done {
        Ok(()) => {
            let text = format!("The user {} was saved.", user.user_name);
            // Whoever is no administrator any more could not read the list.
            Ok(may.see_other(USERS, Flash::new(FlashKind::Ok, text)))
        }
        Err(Error::Refused(refusal)) => {
            problems.add("role", refusal.says);
            page_with(
                409,
                &view(&may, posted.again(&problems), Dialog::Edit(user)).await?,
            )
        }
        Err(error) => Err(error),
    }
}

/// GET /admin/users/{person}/disable
async fn show_disable(may: May<ManageSystemUsers>, id: PathPart<PersonId>) -> Answer {
    let user = user(&may, id.0).await?;
    page(&view(&may, fresh(), Dialog::Disable(user)).await?)
}

async fn switch(may: &May<ManageSystemUsers>, id: PersonId, enabled: bool) -> Answer {
    let user = user(may, id).await?;
    may.does(move |tx, permit, at| service::set_enabled(tx, permit, at, id, enabled))
        .await?;
    let text = if enabled {
        format!("{} can sign in again.", user.name)
    } else {
        format!("{} can no longer sign in. All sessions have ended.", user.name)
    };
    Ok(may.see_other(USERS, Flash::new(FlashKind::Ok, text)))
}

/// POST /admin/users/{person}/disable
async fn disable(may: May<ManageSystemUsers>, id: PathPart<PersonId>, _posted: Posted<NoFields>) -> Answer {
    switch(&may, id.0, false).await
}

/// POST /admin/users/{person}/enable
async fn enable(may: May<ManageSystemUsers>, id: PathPart<PersonId>, _posted: Posted<NoFields>) -> Answer {
    switch(&may, id.0, true).await
}

/// GET /admin/users/{person}/remove
async fn show_remove(may: May<ManageSystemUsers>, id: PathPart<PersonId>) -> Answer {
    let user = user(&may, id.0).await?;
    page(&view(&may, fresh(), Dialog::Remove(user)).await?)
}

/// POST /admin/users/{person}/remove
async fn remove(may: May<ManageSystemUsers>, id: PathPart<PersonId>, _posted: Posted<NoFields>) -> Answer {
    let id = id.0;
    let user = user(&may, id).await?;
    may.does(move |tx, permit, at| service::remove(tx, permit, at, id))
        .await?;
    let text = format!("{} was removed.", user.name);
    Ok(may.see_other(USERS, Flash::new(FlashKind::Ok, text)))
}

/// GET /admin/users/{person}/reset-password
async fn show_reset(may: May<ManageSystemUsers>, id: PathPart<PersonId>) -> Answer {
    let user = user(&may, id.0).await?;
    page(&view(&may, fresh(), Dialog::Reset(user)).await?)
}

/// POST /admin/users/{person}/reset-password
async fn reset(may: May<ManageSystemUsers>, id: PathPart<PersonId>, _posted: Posted<NoFields>) -> Answer {
    let (id, link) = (id.0, LinkId::new());
    let user = user(&may, id).await?;
    may.does(move |tx, permit, at| service::reset_password(tx, permit, at, link, id))
        .await?;
    may.portal.jobs.nudge();
    let text = format!("A letter with a link is on its way to {}.", user.email);
    Ok(may.see_other(USERS, Flash::new(FlashKind::Ok, text)))
}

/// The menu's words for a letter with a link.
fn reset_words(user: &SystemUser) -> &'static str {
    match user.state {
        PersonState::Invited => "Resend invitation",
        _ => "Reset password",
    }
}
