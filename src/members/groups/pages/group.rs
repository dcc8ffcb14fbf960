//! One group with its people, and what can be done with it.

use super::list::{Shown, shown};
use super::{crumbs, path, viewing};
use crate::authn::people::Person;
use crate::authz::action::{ManageGroups, ViewUsers};
use crate::authz::{Action, Does};
use crate::error::{Error, Result};
use crate::http::form::{PathPart, fresh};
use crate::http::list::{ListQuery, ListSpec, Pager};
use crate::http::shell::initials;
use crate::http::widgets::counted;
use crate::http::{Answer, FormState, May, NoFields, Posted, Shell, Visit, page, page_with};
use crate::kernel::ids::{PersonId, UserGroupId};
use crate::kernel::{Sought, search_key};
use crate::members::access;
use crate::members::groups::model::{self, Asked};
use crate::members::groups::operations::{GroupMessage, edit_now, message_now};
use crate::members::groups::service::{self, Details};
use crate::members::pages::{base, why_not};
use crate::members::service::place;
use askama::Template;
use serde::Deserialize;

/// A request as the group's page shows it.
struct Elsewhere {
    asked: Asked,
}

#[derive(Template)]
#[template(path = "members/group.html")]
pub(super) struct GroupPage {
    shell: Shell,
    shown: Shown,
    number: i64,
    list: ListQuery,
    pager: Pager,
    people: Vec<Person>,
    count: String,
    elsewhere: Vec<Elsewhere>,
    /// Why nothing can be asked of other accounts, or "".
    inside_only: String,
    /// edit, delete, message, request, or none.
    dialog: &'static str,
    form: FormState,
}

impl GroupPage {
    fn path(&self) -> String {
        format!(
            "/sa/{}/account/user-groups/{}",
            self.number, self.shown.row.group.id
        )
    }
}

pub(super) async fn group_page<A: Does>(
    may: &May<A>,
    id: UserGroupId,
    dialog: &'static str,
    title: &str,
    form: FormState,
) -> Result<GroupPage> {
    let (permit, visit) = (viewing(may)?, Visit::clone(may));
    let (details, place, refused) = may
        .portal
        .db
        .read(move |r| {
            Ok((
                service::details(r, &permit, id)?,
                place(r, permit.within().account()?)?,
                why_not(&visit, Action::ManageGroups, r)?,
            ))
        })
        .await?;
    let Details {
        row,
        people,
        requests,
    } = details;
    let mut list = ListQuery::parse(
        &may.query,
        &ListSpec {
            path: path(may, id),
            sorts: &["name"],
            default_sort: "name",
            filters: &[],
            columns: &[],
        },
    );
    let sought = Sought::parse(&list.q);
    let people: Vec<Person> = people
        .into_iter()
        .filter(|person| sought.fits(&search_key(&format!("{} {}", person.name, person.email.key()))))
        .collect();
    let total = people.len() as u64;
    list.clamp(total);
    let mut shell = may.account_shell(row.group.name.clone(), &crumbs(may, None));
    shell.error_title = form.has_problems();
    if !dialog.is_empty() {
        shell = shell.with_dialog(title);
    }
    let shown = shown(row, &place, may.permit.within(), &refused);
    let inside_only = if may.permit.within().only().is_some() {
        "Access to other Smart Accounts is requested by a Smart Account Administrator.".to_owned()
    } else {
        shown.refused.clone()
    };
    Ok(GroupPage {
        shell,
        number: may.number(),
        pager: list.pager(total),
        people: list.cut(people).collect(),
        count: counted(total, "user", "users"),
        elsewhere: requests.into_iter().map(|asked| Elsewhere { asked }).collect(),
        inside_only,
        shown,
        dialog,
        form,
        list,
    })
}

pub(super) async fn one(may: May<ViewUsers>, id: PathPart<UserGroupId>) -> Answer {
    page(&group_page(&may, id.0, "", "", fresh()).await?)
}

/// The pop-up again, with why it was not carried out.
pub(super) async fn again<T>(
    may: &May<ManageGroups>,
    id: UserGroupId,
    (dialog, title): (&'static str, &str),
    error: Error,
    posted: &Posted<T>,
) -> Answer {
    let (status, form) = posted.after(error, access::RULES)?;
    page_with(status, &group_page(may, id, dialog, title, form).await?)
}

const EDIT: (&str, &str) = ("edit", "Edit user group");

const DELETE: (&str, &str) = ("delete", "Delete user group?");

const MESSAGE_TO: (&str, &str) = ("message", "Send message to group members");

pub(super) const REQUEST: (&str, &str) = ("request", "Request access to another Smart Account");

/// A group that one may change; what cannot be done with another is not offered by its pop-up either.
async fn mine(may: &May<ManageGroups>, id: UserGroupId) -> Result<model::Group> {
    let row = may
        .reads(move |r, permit| service::one_of_mine(r, permit, id))
        .await?;
    Ok(row.group)
}

pub(super) async fn show_edit(may: May<ManageGroups>, id: PathPart<UserGroupId>) -> Answer {
    let group = mine(&may, id.0).await?;
    let form = fresh()
        .with_value("name", &group.name)
        .with_value("description", &group.description)
        .with_value("version", group.version.to_string());
    page(&group_page(&may, group.id, EDIT.0, EDIT.1, form).await?)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EditForm {
    name: String,
    description: String,
    version: String,
}

pub(super) async fn edit(
    may: May<ManageGroups>,
    id: PathPart<UserGroupId>,
    posted: Posted<EditForm>,
) -> Answer {
    let id = id.0;
    let version = posted.value.version.parse().unwrap_or_default();
    let done = edit_now(&may, id, version, &posted.value.name, &posted.value.description);
    match done.await {
        Ok(()) => may.done(&path(&may, id), "The user group was saved."),
        Err(error) => again(&may, id, EDIT, error, &posted).await,
    }
}

pub(super) async fn show_delete(may: May<ManageGroups>, id: PathPart<UserGroupId>) -> Answer {
    let group = mine(&may, id.0).await?;
    page(&group_page(&may, group.id, DELETE.0, DELETE.1, fresh()).await?)
}

pub(super) async fn delete(
    may: May<ManageGroups>,
    id: PathPart<UserGroupId>,
    posted: Posted<NoFields>,
) -> Answer {
    let id = id.0;
    let done = may
        .does(move |tx, permit, at| service::delete(tx, permit, at, id))
        .await;
    match done {
        Ok(()) => may.done(
            &base(&may, "user-groups"),
            "The user group was deleted. What its users held through it has ended.",
        ),
        Err(error) => again(&may, id, DELETE, error, &posted).await,
    }
}

pub(super) async fn show_message(may: May<ManageGroups>, id: PathPart<UserGroupId>) -> Answer {
    let group = mine(&may, id.0).await?;
    page(&group_page(&may, group.id, MESSAGE_TO.0, MESSAGE_TO.1, fresh()).await?)
}

pub(super) async fn message(
    may: May<ManageGroups>,
    id: PathPart<UserGroupId>,
    posted: Posted<GroupMessage>,
) -> Answer {
    let id = id.0;
    let done = message_now(&may, id, &posted.value, posted.once_key(&may));
    match done.await {
        Ok(sent) => may.done(
            &path(&may, id),
            format!(
                "The message is on its way to {}.",
                counted(sent as u64, "member", "members")
            ),
        ),
        Err(error) => again(&may, id, MESSAGE_TO, error, &posted).await,
    }
}

pub(super) async fn remove_person(
    may: May<ManageGroups>,
    id: PathPart<UserGroupId>,
    person: PathPart<PersonId>,
    _: Posted<NoFields>,
) -> Answer {
    let (id, person) = (id.0, person.0);
    may.does(move |tx, permit, at| service::remove_person(tx, permit, at, id, person))
        .await?;
    may.done(
        &path(&may, id),
        "The user was removed from the group. What they held through it has ended.",
    )
}
