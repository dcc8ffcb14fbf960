//! Name and visibility.

use super::properties::address;
use crate::authz::action::EditAccount;
use crate::error::{Error, Problems, Result};
use crate::http::form::fresh;
use crate::http::form_state::Choice;
use crate::http::{Answer, Crumb, FormState, May, Posted, Shell, Visit, page, page_with};
use crate::kernel::Name;
use crate::smart_accounts::model::{SmartAccount, Visibility};
use crate::smart_accounts::service;
use askama::Template;
use serde::Deserialize;

#[derive(Template)]
#[template(path = "smart_accounts/edit.html")]
struct EditPage {
    shell: Shell,
    account: SmartAccount,
    form: FormState,
    visibilities: Vec<Choice>,
    /// Whether somebody else has changed it since the form was made.
    newer: bool,
}

/// The form as it was sent.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sent {
    name: String,
    #[serde(default)]
    visibility: String,
    version: String,
}

pub async fn edit_form(may: May<EditAccount>) -> Answer {
    let id = may.permit.within().account()?;
    let account = may.portal.db.read(move |r| service::find(r, id)).await?;
    let form = fresh()
        .with_value("name", &account.name)
        .with_value("visibility", account.visibility.word())
        .with_value("version", account.version.to_string());
    page(&edit_page(&may, account, form, false))
}

fn edit_page(visit: &Visit, account: SmartAccount, form: FormState, newer: bool) -> EditPage {
    let mut shell = visit.account_shell(
        "Edit Smart Account properties",
        &[Crumb::link("Smart Account properties", address(visit))],
    );
    shell.error_title = form.has_problems();
    EditPage {
        shell,
        account,
        form,
        visibilities: vec![
            Choice::new(Visibility::Unrestricted.word(), Visibility::Unrestricted.label())
                .note("Everybody who is signed in finds the account by a part of its name or domain."),
            Choice::new(Visibility::Restricted.word(), Visibility::Restricted.label())
                .note("Only who enters the entire name or the entire domain identifier finds it."),
        ],
        newer,
    }
}

/// Name and visibility, checked: for the page and for scripts.
pub fn read(name: &str, visibility: &str) -> Result<(Name, Visibility)> {
    let mut problems = Problems::default();
    let name = problems.take("name", Name::parse(name, "Smart Account Name"));
    let visibility = problems.take(
        "visibility",
        visibility
            .parse()
            .map_err(|_| "Choose who finds this Smart Account.".to_owned()),
    );
    match (name, visibility) {
        (Some(name), Some(visibility)) => Ok((name, visibility)),
        _ => Err(Error::Invalid(problems)),
    }
}

pub async fn edit(may: May<EditAccount>, form: Posted<Sent>) -> Answer {
    let id = may.permit.within().account()?;
    let version: i64 = form.value.version.parse().unwrap_or_default();
    let saved = async {
        let (name, visibility) = read(&form.value.name, &form.value.visibility)?;
        may.does(move |tx, permit, at| service::edit(tx, permit, at, version, &name, visibility, None))
            .await
    };
    let (status, form, newer) = match saved.await {
        Ok(()) => return may.done(&address(&may), "Smart Account properties were saved."),
        Err(Error::Stale) => (409, form.again(&Problems::default()), true),
        Err(error) => {
            let (status, form) = form.after(error, &[("smart-accounts.", "")])?;
            (status, form, false)
        }
    };
    let account = may.portal.db.read(move |r| service::find(r, id)).await?;
    page_with(status, &edit_page(&may, account, form, newer))
}
