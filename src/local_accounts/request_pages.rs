//! "New Account": anybody who is signed in asks for a local account.

use super::model::{LocalAccount, Number, Requested};
use super::service::{self, New};
use super::store;
use crate::authz::Action;
use crate::authz::action::RequestOnPremAccount;
use crate::error::{Error, Result};
use crate::http::form::{PathPart, fresh};
use crate::http::{Answer, FormState, May, Posted, Routes, Shell, page, page_with, see_other};
use askama::Template;
use serde::Deserialize;

/// Where one asks for an account.
pub const NEW: &str = "/on-prem-accounts/new";

/// The pages.
pub fn routes(routes: &mut Routes) {
    routes.get(NEW, form);
    routes.post(NEW, send);
    routes.get("/on-prem-accounts/{account}/submitted", submitted);
}

#[derive(Template)]
#[template(path = "local_accounts/new.html")]
struct NewPage {
    shell: Shell,
    form: FormState,
    back: &'static str,
    /// What this person asked for and is no account yet.
    own: Vec<LocalAccount>,
}

/// Where the requests stand that this person may see.
fn after(may: &May<RequestOnPremAccount>) -> &'static str {
    if may.holds_by_platform(Action::ViewAdminWorkspace) {
        super::list::REQUESTS.path
    } else {
        "/on-prem-accounts"
    }
}

async fn new_page(may: &May<RequestOnPremAccount>, form: FormState, status: u16) -> Answer {
    let person = may.permit.person()?;
    let own = may
        .portal
        .db
        .read(move |r| store::requested_by(r, person))
        .await?
        .into_iter()
        .filter(|one| one.state.is_request())
        .collect();
    let mut shell = may.shell("New Account");
    shell.error_title = form.has_problems();
    page_with(
        status,
        &NewPage {
            shell,
            form,
            back: after(may),
            own,
        },
    )
}

async fn form(may: May<RequestOnPremAccount>) -> Answer {
    let own = may
        .actor
        .as_ref()
        .map(|actor| actor.person.email.to_string())
        .unwrap_or_default();
    new_page(&may, fresh().with_value("email", own), 200).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fields {
    #[serde(default)]
    name: String,
    #[serde(default)]
    smart_account: String,
    #[serde(default)]
    virtual_account: String,
    #[serde(default)]
    email: String,
}

async fn send(may: May<RequestOnPremAccount>, posted: Posted<Fields>) -> Answer {
    let typed = &posted.value;
    let asked = Requested::parse(
        &typed.name,
        &typed.smart_account,
        &typed.virtual_account,
        &typed.email,
    );
    let sent = match asked {
        Ok(asked) => keep(&may, asked, posted.once_key(&may)).await,
        Err(error) => Err(error),
    };
    match sent {
        Ok(account) => see_other(&format!("/on-prem-accounts/{}/submitted", account.number)),
        Err(Error::Invalid(problems)) => new_page(&may, posted.again(&problems), 422).await,
        Err(other) => Err(other),
    }
}

/// Sends a request, for a page or a script.
pub async fn keep(
    may: &May<RequestOnPremAccount>,
    asked: Requested,
    once: Option<crate::platform::db::OnceKey>,
) -> Result<LocalAccount> {
    let new = New::make(&may.portal.signing, may.portal.clock.now())?;
    let account = may
        .does(move |tx, permit, _| service::request(tx, permit, &new, &asked, once.as_ref()))
        .await?;
    may.portal.jobs.nudge();
    Ok(account)
}

#[derive(Template)]
#[template(path = "local_accounts/submitted.html")]
struct SubmittedPage {
    shell: Shell,
    account: LocalAccount,
    after: &'static str,
}

async fn submitted(may: May<RequestOnPremAccount>, number: PathPart<Number>) -> Answer {
    let account = may
        .portal
        .db
        .read(move |r| store::by_number(r, number.0.0))
        .await?;
    let is_theirs = account.requested_by == Some(may.permit.person()?);
    if !is_theirs && !may.holds_by_platform(Action::ViewAdminWorkspace) {
        return Err(Error::NotFound);
    }
    page(&SubmittedPage {
        shell: may.shell("Request submitted"),
        account,
        after: after(&may),
    })
}
