//! Registering an account with the cloud: over the network ("Approve", "Re-register") or by files that are carried by hand.

use super::admin_pages::{self, href, tab_of};
use super::cloud::{self, Pulled, SignedIn};
use super::lifecycle::Move;
use super::model::{AccountState, LocalAccount, Number};
use super::registration::{FAILED, Registrar, one_line};
use super::store;
use crate::authz::action::ManageOnPremAccounts;
use crate::error::{Error, Problems, Result};
use crate::http::form::{PathPart, fresh};
use crate::http::{Answer, Flash, FlashKind, FormState, May, Posted, Routes, Shell, Visit, page_with};
use crate::platform::db::off_the_loop;
use askama::Template;
use serde::Deserialize;

/// The API client of the demo's cloud, as the lab's forms are filled in.
const LAB_CLIENT: (&str, &str) = ("demo-ada", "licentral-demo-secret");
/// For what a sign-in to the cloud is locked between two pages.
const LOCK: &str = "cloud-sign-in";

pub(super) const ONE: &str = "/admin/accounts/{account}";

/// The pages.
pub fn routes(routes: &mut Routes) {
    routes.get(&format!("{ONE}/approve"), approve_form);
    routes.post(&format!("{ONE}/approve"), review);
    routes.get(&format!("{ONE}/re-register"), again_form);
    routes.post(&format!("{ONE}/re-register"), review_again);
    routes.post(&format!("{ONE}/register"), register);
}

/// An account of the Admin Workspace.
pub async fn found(visit: &Visit, number: Number) -> Result<LocalAccount> {
    visit.portal.db.read(move |r| store::by_number(r, number.0)).await
}

#[derive(Template)]
#[template(path = "local_accounts/approve.html")]
struct ApprovePage {
    shell: Shell,
    form: FormState,
    account: LocalAccount,
    base: String,
    back: &'static str,
    /// Whether it is registered again.
    again: bool,
}

/// The form as a lab fills it in, and empty otherwise.
fn prefilled(may: &May<ManageOnPremAccounts>, account: &LocalAccount) -> FormState {
    let known = account.cloud.as_ref().and_then(|cloud| cloud.url.clone());
    let neighbour = may.portal.config.neighbour.clone();
    let mut form = fresh().with_value("cloud", known.or_else(|| neighbour.clone()).unwrap_or_default());
    if may.portal.config.is_lab() && neighbour.is_some() {
        form = form
            .with_value("client_id", LAB_CLIENT.0)
            .with_value("client_secret", LAB_CLIENT.1);
    }
    form
}

fn sign_in_page(
    may: &May<ManageOnPremAccounts>,
    account: LocalAccount,
    form: FormState,
    status: u16,
) -> Answer {
    let again = account.state == AccountState::Active;
    let title = if again { "Re-register" } else { "Approve" };
    let mut shell = admin_pages::shell(may, title, &account);
    shell.error_title = form.has_problems();
    page_with(
        status,
        &ApprovePage {
            shell,
            form,
            base: href(account.number),
            back: tab_of(account.state),
            again,
            account,
        },
    )
}

async fn approve_form(may: May<ManageOnPremAccounts>, number: PathPart<Number>) -> Answer {
    let account = found(&may, number.0).await?;
    Move::Approve.to(&account.name, account.state)?;
    let form = prefilled(&may, &account);
    sign_in_page(&may, account, form, 200)
}

async fn again_form(may: May<ManageOnPremAccounts>, number: PathPart<Number>) -> Answer {
    let account = found(&may, number.0).await?;
    Move::ReRegister.to(&account.name, account.state)?;
    let form = prefilled(&may, &account);
    sign_in_page(&may, account, form, 200)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SignInFields {
    #[serde(default)]
    cloud: String,
    #[serde(default)]
    client_id: String,
    #[serde(default)]
    client_secret: String,
    #[serde(default)]
    reason: String,
}

#[derive(Template)]
#[template(path = "local_accounts/review.html")]
struct ReviewPage {
    shell: Shell,
    form: FormState,
    account: LocalAccount,
    pulled: Pulled,
    url: String,
    sealed: String,
    /// Whether the cloud knows the account as a device manager.
    is_known: bool,
    reason: String,
    base: String,
    back: &'static str,
    again: bool,
}

async fn review(
    may: May<ManageOnPremAccounts>,
    number: PathPart<Number>,
    posted: Posted<SignInFields>,
) -> Answer {
    let account = found(&may, number.0).await?;
    Move::Approve.to(&account.name, account.state)?;
    reviewed(&may, account, &posted).await
}

async fn review_again(
    may: May<ManageOnPremAccounts>,
    number: PathPart<Number>,
    posted: Posted<SignInFields>,
) -> Answer {
    let account = found(&may, number.0).await?;
    Move::ReRegister.to(&account.name, account.state)?;
    reviewed(&may, account, &posted).await
}

async fn reviewed(
    may: &May<ManageOnPremAccounts>,
    account: LocalAccount,
    posted: &Posted<SignInFields>,
) -> Answer {
    let typed = &posted.value;
    let again = account.state == AccountState::Active;
    let mut problems = Problems::default();
    for (field, value, says) in [
        ("cloud", &typed.cloud, "Enter the address of the cloud."),
        ("client_id", &typed.client_id, "Enter the client id."),
        ("client_secret", &typed.client_secret, "Enter the client secret."),
    ] {
        if value.trim().is_empty() {
            problems.add(field, says);
        }
    }
    let reason = if again {
        problems.take("reason", one_line(&typed.reason))
    } else {
        Some(String::new())
    };
    if let (true, Some(reason)) = (problems.is_empty(), reason) {
        let (asked, url, id, secret) = (
            account.clone(),
            typed.cloud.trim().to_owned(),
            typed.client_id.trim().to_owned(),
            typed.client_secret.trim().to_owned(),
        );
        let answer = off_the_loop(move || Ok(cloud::sign_in(&asked, &url, &id, &secret))).await?;
        match answer {
            Ok((signed_in, pulled)) => return review_page(may, account, signed_in, pulled, reason, again),
            Err((field, says)) => problems.add(field, says),
        }
    }
    sign_in_page(may, account, posted.again(&problems), 422)
}

fn review_page(
    may: &May<ManageOnPremAccounts>,
    account: LocalAccount,
    signed_in: SignedIn,
    pulled: Pulled,
    reason: String,
    again: bool,
) -> Answer {
    let text = serde_json::to_string(&signed_in).map_err(Error::internal)?;
    let sealed = may.portal.signing.lock(LOCK, account.id.as_str(), &text)?;
    let shell = admin_pages::shell(may, "Review", &account);
    page_with(
        200,
        &ReviewPage {
            shell,
            form: fresh(),
            pulled,
            is_known: signed_in.is_known,
            url: signed_in.url,
            sealed,
            reason,
            base: href(account.number),
            back: tab_of(account.state),
            again,
            account,
        },
    )
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RegisterFields {
    #[serde(default)]
    sign_in: String,
    #[serde(default)]
    reason: String,
}

async fn register(
    may: May<ManageOnPremAccounts>,
    number: PathPart<Number>,
    posted: Posted<RegisterFields>,
) -> Answer {
    let account = found(&may, number.0).await?;
    let signed_in: SignedIn = may
        .portal
        .signing
        .unlock(LOCK, account.id.as_str(), &posted.value.sign_in)
        .and_then(|text| serde_json::from_str(&text).ok())
        .ok_or_else(|| {
            Error::BadRequest(
                "The sign-in to the cloud is not of this page. Begin again with Approve.".into(),
            )
        })?;
    // Whoever re-registers gave a reason; without one it was an approval, and somebody was first.
    if account.state == AccountState::Active && posted.value.reason.is_empty() {
        return Err(Move::Approve.refusal(&account.name, account.state));
    }
    let again = (account.state == AccountState::Active)
        .then(|| one_line(&posted.value.reason))
        .transpose()
        .map_err(|says| Error::invalid("reason", says))?;
    let (registrar, permit, id) = (registrar(&may), may.permit.clone(), account.id);
    let done =
        to_its_end(move || registrar.over_the_network(&permit, id, &signed_in, again.as_deref())).await;
    may.portal.jobs.nudge();
    match done {
        Ok(account) => Ok(may.see_other(
            crate::local_accounts::list::ACCOUNTS.path,
            Flash::new(
                FlashKind::Ok,
                format!("The On-Prem account {} is registered and Active.", account.name),
            ),
        )),
        Err(Error::Refused(refusal)) if refusal.code == FAILED => {
            let account = found(&may, number.0).await?;
            let mut form = prefilled(&may, &account);
            form.refuse("cloud", refusal.says);
            sign_in_page(&may, account, form, 409)
        }
        Err(other) => Err(other),
    }
}

/// What registering needs of this server.
pub fn registrar(visit: &Visit) -> Registrar {
    Registrar {
        db: visit.portal.db.clone(),
        clock: visit.portal.clock.clone(),
        signing: visit.portal.signing.clone(),
    }
}

/// Waits for what asks the cloud. What was begun is brought to its end when the browser goes away meanwhile.
pub async fn to_its_end<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    actix_web::rt::spawn(off_the_loop(work))
        .await
        .map_err(Error::internal)?
}
