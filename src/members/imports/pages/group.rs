//! The same for adding people to a user group.

use super::GROUP_STEPS;
use super::add::{AddForm, AddPage, keep, lines};
use super::review::{MendForm, ReviewPage, changed, flash, review_page, wrong_numbers};
use crate::authz::action::ManageGroups;
use crate::error::{Error, Problems, Result};
use crate::http::form::{LIST_LIMIT, PathPart, fresh};
use crate::http::{Answer, FormState, May, NoFields, Posted, page, page_with};
use crate::kernel::ids::{ImportId, UserGroupId};
use crate::members::access::AccessFields;
use crate::members::groups::{self, pages as groups_pages};
use crate::members::imports::model::Content;
use crate::members::imports::service;

async fn group_add_page(may: &May<ManageGroups>, id: UserGroupId, form: FormState) -> Result<AddPage> {
    let (group, _) = may
        .reads(move |r, permit| groups::report(r, permit, id, &[]))
        .await?;
    let back = groups_pages::path(may, id);
    let mut shell = may.account_shell(
        "Add users",
        &groups_pages::crumbs(may, Some((&group.name, &back))),
    );
    shell.error_title = form.has_problems();
    Ok(AddPage {
        shell,
        title: "Add users".to_owned(),
        says: format!(
            "Whoever is in {} holds the group's role at once. You see what becomes of each line before anything is written.",
            group.name
        ),
        steps: GROUP_STEPS,
        scoped: false,
        fields: AccessFields::default(),
        form,
        caution: "",
        back,
    })
}

pub(super) async fn show_add_to_group(may: May<ManageGroups>, id: PathPart<UserGroupId>) -> Answer {
    page(&group_add_page(&may, id.0, fresh()).await?)
}

pub(super) async fn add_to_group(
    may: May<ManageGroups>,
    id: PathPart<UserGroupId>,
    posted: Posted<AddForm, LIST_LIMIT>,
) -> Answer {
    let mut problems = Problems::default();
    let file = lines(&posted.value, &mut problems);
    // Whether this group may be changed is asked with the page itself.
    let again = group_add_page(&may, id.0, posted.again(&problems)).await?;
    if !problems.is_empty() {
        return page_with(422, &again);
    }
    let content = Content {
        places: None,
        role: None,
        lines: file.lines,
        table: file.table,
    };
    let import = keep(&may, Some(id.0), content).await?;
    crate::http::see_other(&format!("{}/add/{import}", groups_pages::path(&may, id.0)))
}

async fn reviewed_of_group(may: &May<ManageGroups>, group: UserGroupId, id: ImportId) -> Result<ReviewPage> {
    let (import, group_name, report) = may
        .reads(move |r, permit| {
            let import = service::find(r, permit.within(), permit.person()?, id)?;
            if import.group != Some(group) {
                return Err(Error::NotFound);
            }
            let (found, report) = groups::report(r, permit, group, &import.content.lines)?;
            Ok((import, found.name, report))
        })
        .await?;
    let back = groups_pages::path(may, group);
    let crumbs = groups_pages::crumbs(may, Some((&group_name, &back)));
    Ok(review_page(
        may,
        &import,
        report,
        (
            "Add users".to_owned(),
            format!("Into the user group {group_name}"),
            GROUP_STEPS,
        ),
        &crumbs,
        (format!("{back}/add/{id}"), back),
    ))
}

pub(super) async fn review_of_group(
    may: May<ManageGroups>,
    group: PathPart<UserGroupId>,
    id: PathPart<ImportId>,
) -> Answer {
    page(&reviewed_of_group(&may, group.0, id.0).await?)
}

pub(super) async fn mend_of_group(
    may: May<ManageGroups>,
    group: PathPart<UserGroupId>,
    id: PathPart<ImportId>,
    posted: Posted<MendForm, LIST_LIMIT>,
) -> Answer {
    let (permit, group, id) = (may.permit.clone(), group.0, id.0);
    let form = posted.value;
    let version = form.version.parse().unwrap_or_default();
    may.portal
        .db
        .housekeeping(move |tx| {
            let mut import = service::find(tx, permit.within(), permit.person()?, id)?;
            if import.group != Some(group) {
                return Err(Error::NotFound);
            }
            import.version = version;
            let (_, report) = groups::report(tx, &permit, group, &import.content.lines)?;
            let content = changed(&import.content, &form, &wrong_numbers(&report))?;
            service::mend(tx, &import, &content)
        })
        .await?;
    crate::http::see_other(&format!("{}/add/{id}", groups_pages::path(&may, group)))
}

pub(super) async fn confirm_of_group(
    may: May<ManageGroups>,
    group: PathPart<UserGroupId>,
    id: PathPart<ImportId>,
    _: Posted<NoFields>,
) -> Answer {
    let (group, id) = (group.0, id.0);
    let import = may
        .reads(move |r, permit| service::find(r, permit.within(), permit.person()?, id))
        .await?;
    if import.group != Some(group) {
        return Err(Error::NotFound);
    }
    let new = service::ids(import.content.lines.len());
    let done = may
        .does(move |tx, permit, at| groups::add_kept(tx, permit, at, id, &new, false))
        .await;
    match done {
        Ok(done) => Ok(may.see_other(&groups_pages::path(&may, group), flash(done))),
        Err(Error::Refused(refusal)) if refusal.code == "members.lines-wrong" => {
            page_with(409, &reviewed_of_group(&may, group, id).await?)
        }
        Err(other) => Err(other),
    }
}
