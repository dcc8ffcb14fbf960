//! Role and Virtual Accounts of a group in its own account.

use super::create::{FormPage, chosen, group_fields};
use super::{crumbs, path, viewing};
use crate::authz::action::ManageGroups;
use crate::error::{Problems, Result};
use crate::http::form::{PathPart, fresh};
use crate::http::{Answer, FormState, May, Posted, page, page_with};
use crate::kernel::ids::UserGroupId;
use crate::members::access;
use crate::members::groups::model::{may_touch, scope_of};
use crate::members::groups::service;
use crate::members::model::Scope;
use crate::members::service::place;
use serde::Deserialize;

async fn access_page(may: &May<ManageGroups>, id: UserGroupId, form: Option<FormState>) -> Result<FormPage> {
    let permit = viewing(may)?;
    let (details, place) = may
        .portal
        .db
        .read(move |r| {
            Ok((
                service::details(r, &permit, id)?,
                place(r, permit.within().account()?)?,
            ))
        })
        .await?;
    let row = details.row;
    may_touch(may.permit.within(), &row.own, row.reaches_outside)?;
    let form = form.unwrap_or_else(|| match scope_of(&row.own) {
        None => fresh().with_value("scope", access::NONE),
        Some((Scope::Account, role)) => fresh()
            .with_value("scope", access::ENTIRE)
            .with_value("role", role.word()),
        Some((Scope::These(list), role)) => fresh()
            .with_value("scope", access::SELECTED)
            .with_value("role", role.word())
            .with_values(list.iter().map(|id| ("virtual_account", id.as_str()))),
    });
    let back = path(may, id);
    let mut shell = may.account_shell(
        "Edit the Virtual Accounts",
        &crumbs(may, Some((&row.group.name, &back))),
    );
    shell.error_title = form.has_problems();
    Ok(FormPage {
        shell,
        title: "Edit the Virtual Accounts",
        says: format!(
            "What everybody in {} holds in {}. A change counts at once.",
            row.group.name, place.name
        ),
        form,
        whole: false,
        fields: group_fields(&place, may.permit.within()),
        action: format!("{back}/access"),
        back,
        button: "Save",
    })
}

pub(super) async fn show_access(may: May<ManageGroups>, id: PathPart<UserGroupId>) -> Answer {
    page(&access_page(&may, id.0, None).await?)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AccessForm {
    #[serde(default)]
    pub(super) scope: String,
    #[serde(default)]
    pub(super) role: String,
    #[serde(default)]
    pub(super) virtual_account: Vec<String>,
}

pub(super) async fn set_access(
    may: May<ManageGroups>,
    id: PathPart<UserGroupId>,
    posted: Posted<AccessForm>,
) -> Answer {
    let (typed, id) = (&posted.value, id.0);
    let mut problems = Problems::default();
    let chosen = chosen(
        &typed.scope,
        &typed.role,
        &typed.virtual_account,
        may.permit.within(),
        &mut problems,
    );
    let Some(access) = chosen else {
        return page_with(422, &access_page(&may, id, Some(posted.again(&problems))).await?);
    };
    let done = may
        .does(move |tx, permit, at| service::set_access(tx, permit, at, id, access.as_ref()))
        .await;
    match done {
        Ok(()) => may.done(&path(&may, id), "Role and Virtual Accounts were saved."),
        Err(error) => {
            let (status, form) = posted.after(error, access::RULES)?;
            page_with(status, &access_page(&may, id, Some(form)).await?)
        }
    }
}
