//! Registration by hand: a file to be brought to the cloud, and the file that comes back.

use super::admin_pages::{self, href, tab_of};
use super::lifecycle::Move;
use super::model::{AccountState, LocalAccount, Number};
use super::register_pages::{ONE, found, registrar};
use super::registration::address;
use crate::authz::action::ManageOnPremAccounts;
use crate::error::{Error, Problems, Result};
use crate::http::form::{LIST_LIMIT, PathPart, fresh};
use crate::http::reply::attachment;
use crate::http::{
    Answer, Flash, FlashKind, FormState, May, NoFields, Posted, Routes, Shell, page_with, see_other,
};
use crate::platform::db::off_the_loop;
use askama::Template;
use serde::Deserialize;

pub fn routes(routes: &mut Routes) {
    routes.get(&format!("{ONE}/manual"), manual);
    routes.post(&format!("{ONE}/manual"), generate);
    routes.get(&format!("{ONE}/registration-file"), registration_file);
    routes.post(&format!("{ONE}/authorization"), authorization);
}

#[derive(Template)]
#[template(path = "local_accounts/manual.html")]
struct ManualPage {
    shell: Shell,
    form: FormState,
    account: LocalAccount,
    base: String,
    back: &'static str,
    /// Where the cloud is, when this server runs beside it.
    neighbour: Option<String>,
}

impl ManualPage {
    /// Whether the file is there: it was asked for.
    fn has_file(&self) -> bool {
        self.account.state == AccountState::AwaitingFile || self.again()
    }
    fn again(&self) -> bool {
        self.account.state == AccountState::Active && self.account.next_public_key.is_some()
    }
}

fn manual_page(
    may: &May<ManageOnPremAccounts>,
    account: LocalAccount,
    form: FormState,
    status: u16,
) -> Answer {
    let mut shell = admin_pages::shell(may, "Manual registration", &account);
    shell.error_title = form.has_problems();
    page_with(
        status,
        &ManualPage {
            shell,
            form,
            base: href(account.number),
            back: tab_of(account.state),
            neighbour: may.portal.config.neighbour.clone(),
            account,
        },
    )
}

async fn manual(may: May<ManageOnPremAccounts>, number: PathPart<Number>) -> Answer {
    let account = found(&may, number.0).await?;
    if account.state != AccountState::Active {
        Move::GenerateFile.to(&account.name, account.state)?;
    }
    let known = account.cloud.as_ref().and_then(|cloud| cloud.url.clone());
    let url = known
        .or_else(|| may.portal.config.neighbour.clone())
        .unwrap_or_default();
    manual_page(&may, account, fresh().with_value("cloud", url), 200)
}

/// POST: from here on there is a registration file, and an authorization file is awaited.
async fn generate(
    may: May<ManageOnPremAccounts>,
    number: PathPart<Number>,
    _form: Posted<NoFields>,
) -> Answer {
    let account = found(&may, number.0).await?;
    begin_by_hand(&may, &account).await?;
    see_other(&format!("{}/manual", href(account.number)))
}

/// Makes the registration file of an account possible, for a page or a script.
pub async fn begin_by_hand(may: &May<ManageOnPremAccounts>, account: &LocalAccount) -> Result<LocalAccount> {
    let (registrar, permit, account) = (registrar(may), may.permit.clone(), account.clone());
    off_the_loop(move || registrar.begin_by_hand(&permit, &account)).await
}

/// The registration file as bytes, for a page or a script.
pub async fn registration_file(may: May<ManageOnPremAccounts>, number: PathPart<Number>) -> Answer {
    let account = found(&may, number.0).await?;
    let registrar = registrar(&may);
    let (account, text) = off_the_loop(move || registrar.file(account.id)).await?;
    Ok(attachment(
        "application/octet-stream",
        &format!("{}_registration.licentral", account.name),
        text,
    ))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AuthorizationFields {
    #[serde(default)]
    file: String,
    #[serde(default)]
    text: String,
    #[serde(default)]
    cloud: String,
}

async fn authorization(
    may: May<ManageOnPremAccounts>,
    number: PathPart<Number>,
    posted: Posted<AuthorizationFields, LIST_LIMIT>,
) -> Answer {
    let account = found(&may, number.0).await?;
    let typed = &posted.value;
    let (text, field) = if typed.file.trim().is_empty() && !typed.text.trim().is_empty() {
        (&typed.text, "text")
    } else {
        (&typed.file, "file")
    };
    let mut problems = Problems::default();
    if text.trim().is_empty() {
        problems.add(
            field,
            "Choose the authorization file that the cloud gave, or paste its text.",
        );
    }
    let url = problems.take("cloud", address(&typed.cloud));
    let (true, Some(url)) = (problems.is_empty(), url) else {
        return manual_page(&may, account, posted.again(&problems), 422);
    };
    match take_in(&may, &account, text, url).await {
        Ok(account) => Ok(may.see_other(
            crate::local_accounts::list::ACCOUNTS.path,
            Flash::new(
                FlashKind::Ok,
                format!("The On-Prem account {} is registered and Active.", account.name),
            ),
        )),
        Err(Error::Refused(refusal)) => {
            problems.add(field, refusal.says);
            let account = found(&may, number.0).await?;
            manual_page(&may, account, posted.again(&problems), 409)
        }
        Err(other) => Err(other),
    }
}

/// Takes an authorization file in, for a page or a script.
pub async fn take_in(
    may: &May<ManageOnPremAccounts>,
    account: &LocalAccount,
    text: &str,
    url: Option<String>,
) -> Result<LocalAccount> {
    let (registrar, permit, id) = (registrar(may), may.permit.clone(), account.id);
    let text = text.to_owned();
    let account = off_the_loop(move || registrar.take_in(&permit, id, &text, url)).await?;
    may.portal.jobs.nudge();
    Ok(account)
}
