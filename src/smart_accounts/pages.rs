//! "Smart Account properties", and editing them.

use super::model::{SmartAccount, Visibility};
use super::service;
use crate::authz::action::{EditAccount, ViewAccount};
use crate::authz::{Action, grants, matrix};
use crate::error::{Error, Problems, Result};
use crate::http::form::fresh;
use crate::http::form_state::Choice;
use crate::http::{
    Answer, Crumb, Flash, FlashKind, FormState, May, Posted, Shell, Visit, page, page_with, reason,
};
use crate::kernel::{Name, text};
use askama::Template;

/// The longest headquarters address.
const ADDRESS: usize = 500;

#[derive(Template)]
#[template(path = "smart_accounts/properties.html")]
struct PropertiesPage {
    shell: Shell,
    account: SmartAccount,
    /// Why it cannot be edited, or "".
    refused: String,
}

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

fn may_edit(visit: &Visit) -> bool {
    visit
        .grants
        .iter()
        .any(|grant| matrix::allows(Action::EditAccount, grant.role))
        || visit
            .actor
            .as_ref()
            .is_some_and(|actor| actor.has(crate::authn::PlatformRole::Support))
}

pub async fn properties(may: May<ViewAccount>) -> Answer {
    let id = may.permit.within().account()?;
    let (account, administrators) = may
        .portal
        .db
        .read(move |r| Ok((service::find(r, id)?, grants::administrators(r, &[id])?)))
        .await?;
    let people = administrators
        .into_iter()
        .next()
        .map(|(_, people)| people)
        .unwrap_or_default();
    let refused = if !may_edit(&may) {
        reason::why_not(&may, Action::EditAccount, &people)
    } else if account.state != super::State::Active {
        "Only the properties of an Active Smart Account can be edited.".to_owned()
    } else {
        String::new()
    };
    page(&PropertiesPage {
        shell: may.account_shell("Smart Account properties", &[]),
        account,
        refused,
    })
}

/// The form as it was sent.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sent {
    name: String,
    visibility: String,
    headquarters: String,
    version: String,
}

pub async fn edit_form(may: May<EditAccount>) -> Answer {
    let id = may.permit.within().account()?;
    let account = may.portal.db.read(move |r| service::find(r, id)).await?;
    let form = fresh()
        .with_value("name", &account.name)
        .with_value("visibility", account.visibility.word())
        .with_value("headquarters", &account.headquarters);
    page(&edit_page(&may, account, form, false))
}

fn edit_page(visit: &Visit, account: SmartAccount, form: FormState, newer: bool) -> EditPage {
    let address = format!("/sa/{}/account", account.number);
    let mut shell = visit.account_shell(
        "Edit Smart Account properties",
        &[Crumb::link("Smart Account properties", address)],
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
                .note("Only who types the entire name or the entire domain identifier finds it."),
        ],
        newer,
    }
}

/// What the form says, checked.
fn read(sent: &Sent) -> Result<(Name, Visibility, String, i64), Problems> {
    let mut problems = Problems::default();
    let name = problems.take("name", Name::parse(&sent.name, "Smart Account Name"));
    let visibility = problems.take(
        "visibility",
        sent.visibility
            .parse()
            .map_err(|_| "Choose who finds this Smart Account.".to_owned()),
    );
    let headquarters = problems.take(
        "headquarters",
        text::note(&sent.headquarters, "Headquarters address", ADDRESS),
    );
    let version = sent.version.parse().unwrap_or_default();
    match (name, visibility, headquarters) {
        (Some(name), Some(visibility), Some(headquarters)) => Ok((name, visibility, headquarters, version)),
        _ => Err(problems),
    }
}

pub async fn edit(may: May<EditAccount>, form: Posted<Sent>) -> Answer {
    let id = may.permit.within().account()?;
    let (name, visibility, headquarters, version) = match read(&form.value) {
        Ok(read) => read,
        Err(problems) => {
            let account = may.portal.db.read(move |r| service::find(r, id)).await?;
            return page_with(422, &edit_page(&may, account, form.again(&problems), false));
        }
    };
    let (permit, at) = (may.permit.clone(), may.portal.clock.now());
    let done = may
        .portal
        .db
        .write(move |tx| service::edit(tx, &permit, at, version, &name, visibility, &headquarters))
        .await;
    match done {
        Ok(()) => {
            let back = may
                .tenant
                .as_ref()
                .map_or_else(|| "/".to_owned(), |t| format!("/sa/{}/account", t.number));
            Ok(may.see_other(
                &back,
                Flash {
                    kind: FlashKind::Ok,
                    text: "Smart Account properties were saved.".to_owned(),
                    link: None,
                },
            ))
        }
        Err(Error::Stale) => {
            let account = may.portal.db.read(move |r| service::find(r, id)).await?;
            page_with(
                409,
                &edit_page(&may, account, form.again(&Problems::default()), true),
            )
        }
        Err(Error::Refused(refusal)) => {
            let account = may.portal.db.read(move |r| service::find(r, id)).await?;
            let mut problems = Problems::default();
            problems.add("", refusal.says);
            page_with(409, &edit_page(&may, account, form.again(&problems), false))
        }
        Err(other) => Err(other),
    }
}
