//! The form for adding people from a list or a file.

use super::STEPS;
use crate::authz::Does;
use crate::authz::action::ManageUsers;
use crate::error::{Problems, Result};
use crate::http::form::{LIST_LIMIT, fresh};
use crate::http::{Answer, Crumb, FormState, May, Posted, Shell, Visit, page, page_with};
use crate::kernel::addresses::recipients;
use crate::kernel::ids::{ImportId, UserGroupId};
use crate::members::access::{self, AccessFields};
use crate::members::imports::model::{Content, Import, MOST_LINES, PeopleFile, numbered, read_file};
use crate::members::imports::service;
use crate::members::model::{APPROVER_CAUTION, Scope};
use crate::members::pages::{base, may_assign};
use crate::members::service::place;
use askama::Template;
use serde::Deserialize;

#[derive(Template)]
#[template(path = "members/add.html")]
pub(super) struct AddPage {
    pub(super) shell: Shell,
    pub(super) title: String,
    pub(super) says: String,
    pub(super) steps: [&'static str; 2],
    pub(super) form: FormState,
    /// Scope and role are asked for; a group has its own.
    pub(super) scoped: bool,
    pub(super) fields: AccessFields,
    pub(super) caution: &'static str,
    pub(super) back: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AddForm {
    #[serde(default)]
    pub(super) emails: String,
    #[serde(default)]
    pub(super) file: String,
    #[serde(default)]
    pub(super) scope: String,
    #[serde(default)]
    pub(super) role: String,
    #[serde(default)]
    pub(super) virtual_account: Vec<String>,
}

/// The lines of both fields: what the file says under its own numbers, then what was typed.
pub(super) fn lines(form: &AddForm, problems: &mut Problems) -> PeopleFile {
    let mut file = read_file(&form.file).unwrap_or_else(|says| {
        problems.add("file", says);
        PeopleFile::default()
    });
    let last = match &file.table {
        Some(table) => table.found.last,
        None => file.lines.len(),
    };
    file.lines.extend(numbered(last, recipients(&form.emails)));
    if file.lines.is_empty() && file.table.is_none() && problems.is_empty() {
        problems.add(
            "emails",
            "Enter at least one e-mail address, or choose a CSV file.",
        );
    }
    if file.lines.len() > MOST_LINES {
        problems.add(
            "emails",
            format!(
                "{} lines are more than the 10,000 that are taken at once.",
                file.lines.len()
            ),
        );
    }
    file
}

pub(super) fn user_crumbs(visit: &Visit) -> [Crumb; 2] {
    [
        Crumb::text("Account Management"),
        Crumb::link("Users", base(visit, "users")),
    ]
}

async fn add_page(may: &May<ManageUsers>, form: FormState) -> Result<AddPage> {
    let within = may.permit.within().clone();
    let account = within.account()?;
    let place = may.portal.db.read(move |r| place(r, account)).await?;
    let mut shell = may.account_shell("Add User", &user_crumbs(may));
    shell.error_title = form.has_problems();
    Ok(AddPage {
        shell,
        title: "Add User".to_owned(),
        says: format!(
            "People are added to {} by their e-mail addresses. You see what becomes of each line before anything is written.",
            place.name
        ),
        steps: STEPS,
        scoped: true,
        fields: access::fields(&place, &within, true),
        form,
        // Who may give roles in some Virtual Accounts gives no Approver role.
        caution: if within.only().is_none() && !may.portal.config.edition.is_on_prem() {
            APPROVER_CAUTION
        } else {
            ""
        },
        back: base(may, "users"),
    })
}

pub(super) async fn show_add(may: May<ManageUsers>) -> Answer {
    let whole = may.permit.within().only().is_none();
    let form = fresh().with_value("scope", if whole { access::ENTIRE } else { access::SELECTED });
    page(&add_page(&may, form).await?)
}

pub(super) async fn add(may: May<ManageUsers>, posted: Posted<AddForm, LIST_LIMIT>) -> Answer {
    let typed = &posted.value;
    let mut problems = Problems::default();
    let file = lines(typed, &mut problems);
    let mut asked = Problems::default();
    let given = access::read(
        &typed.scope,
        &typed.role,
        &typed.virtual_account,
        may.permit.within(),
        &mut asked,
    );
    for one in asked.list() {
        problems.add(&one.field, &one.says);
    }
    let (Some((scope, role)), true) = (given, problems.is_empty()) else {
        return page_with(422, &add_page(&may, posted.again(&problems)).await?);
    };
    may_assign(&may, role)?;
    let content = Content {
        places: match scope {
            Scope::Account => None,
            Scope::These(list) => Some(list),
        },
        role: Some(role),
        lines: file.lines,
        table: file.table,
    };
    let id = keep(&may, None, content).await?;
    crate::http::see_other(&format!("{}/add/{id}", base(&may, "users")))
}

/// Keeps a list for its review.
pub(super) async fn keep<A: Does>(
    may: &May<A>,
    group: Option<UserGroupId>,
    content: Content,
) -> Result<ImportId> {
    let import = Import {
        id: ImportId::new(),
        account: may.permit.within().account()?,
        author: may.permit.person()?,
        group,
        content,
        done_at: None,
        version: 1,
    };
    let (id, at) = (import.id, may.portal.clock.now());
    may.portal
        .db
        .housekeeping(move |tx| service::keep(tx, at, &import))
        .await?;
    Ok(id)
}
