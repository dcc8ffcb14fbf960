//! The form for a new group.

use super::{crumbs, path};
use crate::authz::action::ManageGroups;
use crate::authz::{Role, Within};
use crate::error::{Problems, Result};
use crate::http::form::fresh;
use crate::http::{Answer, FormState, May, Posted, Shell, page, page_with};
use crate::kernel::ids::UserGroupId;
use crate::members::access::{self, AccessFields};
use crate::members::groups::operations::read_named;
use crate::members::groups::service::{self, NewGroup};
use crate::members::model::Scope;
use crate::members::pages::base;
use crate::members::service::{Place, place};
use askama::Template;
use serde::Deserialize;

#[derive(Template)]
#[template(path = "members/group_form.html")]
pub(super) struct FormPage {
    pub(super) shell: Shell,
    pub(super) title: &'static str,
    pub(super) says: String,
    pub(super) form: FormState,
    /// Name and description are asked for as well.
    pub(super) whole: bool,
    pub(super) fields: AccessFields,
    pub(super) action: String,
    pub(super) back: String,
    pub(super) button: &'static str,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewForm {
    name: String,
    description: String,
    #[serde(default)]
    scope: String,
    #[serde(default)]
    role: String,
    #[serde(default)]
    virtual_account: Vec<String>,
}

/// The scopes of a group: also none, for a group that is only written to or only asks elsewhere.
pub(super) fn group_fields(place: &Place, within: &Within) -> AccessFields {
    let mut fields = access::fields(place, within, false);
    if within.only().is_none() {
        fields.scopes.push(
            crate::http::form_state::Choice::new(access::NONE, "No access here")
                .note("For a group that is only written to, or that has access to another Smart Account."),
        );
    }
    fields
}

/// What was chosen: `Some(None)` for no access here.
#[expect(
    clippy::option_option,
    reason = "nothing was chosen rightly, or nothing was chosen on purpose"
)]
pub(super) fn chosen(
    scope: &str,
    role: &str,
    places: &[String],
    within: &Within,
    problems: &mut Problems,
) -> Option<Option<(Scope, Role)>> {
    if scope == access::NONE {
        return Some(None);
    }
    access::read(scope, role, places, within, problems).map(Some)
}

async fn form_page(may: &May<ManageGroups>, form: FormState) -> Result<FormPage> {
    let within = may.permit.within().clone();
    let account = within.account()?;
    let place = may.portal.db.read(move |r| place(r, account)).await?;
    let mut shell = may.account_shell("Create User Group", &crumbs(may, None));
    shell.error_title = form.has_problems();
    Ok(FormPage {
        shell,
        title: "Create User Group",
        says: "Everybody in the group is given the same role. You add the users next.".to_owned(),
        form,
        whole: true,
        fields: group_fields(&place, &within),
        action: format!("{}/new", base(may, "user-groups")),
        back: base(may, "user-groups"),
        button: "Create User Group",
    })
}

pub(super) async fn show_new(may: May<ManageGroups>) -> Answer {
    let form = fresh().with_value("scope", access::SELECTED);
    page(&form_page(&may, form).await?)
}

pub(super) async fn new(may: May<ManageGroups>, posted: Posted<NewForm>) -> Answer {
    let typed = &posted.value;
    let mut problems = Problems::default();
    let named = problems.take_all(read_named(&typed.name, &typed.description));
    let mut asked = Problems::default();
    let access = chosen(
        &typed.scope,
        &typed.role,
        &typed.virtual_account,
        may.permit.within(),
        &mut asked,
    );
    problems.take_all(Err::<(), _>(asked));
    let (Some((name, description)), Some(access)) = (named, access) else {
        return page_with(422, &form_page(&may, posted.again(&problems)).await?);
    };
    let new = NewGroup {
        id: UserGroupId::new(),
        name,
        description,
        access,
    };
    let called = new.name.to_string();
    let once = posted.once_key(&may);
    let made = may
        .does(move |tx, permit, at| service::create(tx, permit, at, &new, once.as_ref()))
        .await;
    match made {
        Ok(id) => may.done(
            &path(&may, id),
            format!("The user group {called} was created. Add its users now."),
        ),
        Err(error) => {
            let (status, form) = posted.after(error, access::RULES)?;
            page_with(status, &form_page(&may, form).await?)
        }
    }
}
