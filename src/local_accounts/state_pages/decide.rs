//! Steps that are confirmed: reject, start again, deactivate, activate, delete.

use crate::authz::action::ManageOnPremAccounts;
use crate::error::{Error, Problems, Result};
use crate::http::form::{PathPart, fresh};
use crate::http::{Answer, Flash, FlashKind, FormState, May, NoFields, Posted, Shell, page_with};
use crate::local_accounts::admin_pages::{self, href, tab_of};
use crate::local_accounts::lifecycle::Move;
use crate::local_accounts::model::{LocalAccount, Number};
use crate::local_accounts::register_pages::found;
use crate::local_accounts::service;
use askama::Template;
use serde::Deserialize;

/// A page with one decision.
#[derive(Template)]
#[template(path = "local_accounts/decide.html")]
struct DecidePage {
    shell: Shell,
    form: FormState,
    account: LocalAccount,
    step: &'static str,
    title: &'static str,
    says: &'static str,
    /// The words of the button.
    button: &'static str,
    red: bool,
    /// Whether a reason is asked for.
    asks: bool,
    /// Where the form goes; "" when the button is a link to the next page.
    action: String,
    next: String,
    back: &'static str,
    base: String,
    /// Why it cannot be done now.
    off: Option<String>,
}

/// What a page with one decision says.
struct Words {
    step: Move,
    title: &'static str,
    says: &'static str,
    button: &'static str,
    red: bool,
    asks: bool,
}

const REJECT: Words = Words {
    step: Move::Reject,
    title: "Reject request",
    says: "The requester is sent the reason by email. The account is not made; its name is free again.",
    button: "Reject",
    red: true,
    asks: true,
};

const DEACTIVATE: Words = Words {
    step: Move::Deactivate,
    title: "Deactivate account",
    says: "An Inactive account can be read. Nothing in it can be changed, no product instance can register with it, and it does not synchronize.",
    button: "Proceed",
    red: true,
    asks: false,
};

const DEACTIVATE_REASON: Words = Words {
    says: "Enter a reason for deactivation so it can be included in the email that is sent to the requester.",
    button: "Deactivate",
    asks: true,
    ..DEACTIVATE
};

const ACTIVATE: Words = Words {
    step: Move::Activate,
    title: "Activate account",
    says: "The account can be worked in again, and synchronizes as before.",
    button: "Activate",
    red: false,
    asks: false,
};

const DELETE: Words = Words {
    step: Move::Delete,
    title: "Delete account",
    says: "The account goes with its local Virtual Accounts, licenses, tokens and roles. What happened in it stays in the event log. This cannot be undone.",
    button: "OK",
    red: true,
    asks: false,
};

fn decide_page(
    may: &May<ManageOnPremAccounts>,
    account: LocalAccount,
    words: &Words,
    form: FormState,
    status: u16,
    off: Option<String>,
) -> Answer {
    let mut shell = admin_pages::shell(may, words.title, &account);
    shell.error_title = form.has_problems();
    let base = href(account.number);
    // Deactivating takes two pages: the warning, then the reason.
    let (action, next) = match (words.step, words.asks) {
        (Move::Deactivate, false) => (String::new(), format!("{base}/deactivate/reason")),
        (Move::Deactivate, true) => (format!("{base}/deactivate/reason"), String::new()),
        (step, _) => (format!("{base}/{}", step.word()), String::new()),
    };
    page_with(
        status,
        &DecidePage {
            shell,
            form,
            step: words.step.label(),
            title: words.title,
            says: words.says,
            button: words.button,
            red: words.red,
            asks: words.asks,
            action,
            next,
            back: tab_of(account.state),
            base,
            off,
            account,
        },
    )
}

/// An account in which this can be done.
async fn movable(may: &May<ManageOnPremAccounts>, number: Number, step: Move) -> Result<LocalAccount> {
    let account = found(may, number).await?;
    if step.from(account.state).is_none() {
        return Err(step.refusal(&account.name, account.state));
    }
    Ok(account)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ReasonFields {
    #[serde(default)]
    reason: String,
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "the answer of a handler, whose other ways fail"
)]
pub(super) fn done(may: &May<ManageOnPremAccounts>, to: &str, says: String) -> Answer {
    may.portal.jobs.nudge();
    Ok(may.see_other(to, Flash::new(FlashKind::Ok, says)))
}

pub(super) async fn reject_form(may: May<ManageOnPremAccounts>, number: PathPart<Number>) -> Answer {
    let account = movable(&may, number.0, Move::Reject).await?;
    decide_page(&may, account, &REJECT, fresh(), 200, None)
}

pub(super) async fn reject(
    may: May<ManageOnPremAccounts>,
    number: PathPart<Number>,
    posted: Posted<ReasonFields>,
) -> Answer {
    let account = movable(&may, number.0, Move::Reject).await?;
    let mut problems = Problems::default();
    let Some(reason) = problems.take("reason", service::reason(&posted.value.reason)) else {
        return decide_page(&may, account, &REJECT, posted.again(&problems), 422, None);
    };
    let id = account.id;
    let account = may
        .does(move |tx, permit, at| service::reject(tx, permit, at, id, &reason))
        .await?;
    done(
        &may,
        crate::local_accounts::list::REQUESTS.path,
        format!(
            "The request for {} was rejected. The requester is told by email.",
            account.name
        ),
    )
}

pub(super) async fn start_again(
    may: May<ManageOnPremAccounts>,
    number: PathPart<Number>,
    _form: Posted<NoFields>,
) -> Answer {
    let account = found(&may, number.0).await?;
    let id = account.id;
    let account = may
        .does(move |tx, permit, at| service::start_again(tx, permit, at, id))
        .await?;
    done(
        &may,
        crate::local_accounts::list::REQUESTS.path,
        format!("{} is Pending again.", account.name),
    )
}

/// Why an account cannot be deactivated yet.
async fn against(may: &May<ManageOnPremAccounts>, account: &LocalAccount) -> Result<Option<String>> {
    let account = account.clone();
    let refusal = may
        .portal
        .db
        .read(move |r| service::against_deactivation(r, &account))
        .await?;
    Ok(refusal.map(|refusal| refusal.says.into_owned()))
}

pub(super) async fn deactivate_confirmation(
    may: May<ManageOnPremAccounts>,
    number: PathPart<Number>,
) -> Answer {
    let account = movable(&may, number.0, Move::Deactivate).await?;
    let off = against(&may, &account).await?;
    decide_page(&may, account, &DEACTIVATE, fresh(), 200, off)
}

pub(super) async fn deactivate_form(may: May<ManageOnPremAccounts>, number: PathPart<Number>) -> Answer {
    let account = movable(&may, number.0, Move::Deactivate).await?;
    let off = against(&may, &account).await?;
    decide_page(&may, account, &DEACTIVATE_REASON, fresh(), 200, off)
}

pub(super) async fn deactivate(
    may: May<ManageOnPremAccounts>,
    number: PathPart<Number>,
    posted: Posted<ReasonFields>,
) -> Answer {
    let account = movable(&may, number.0, Move::Deactivate).await?;
    let mut problems = Problems::default();
    let Some(reason) = problems.take("reason", service::reason(&posted.value.reason)) else {
        return decide_page(
            &may,
            account,
            &DEACTIVATE_REASON,
            posted.again(&problems),
            422,
            None,
        );
    };
    let id = account.id;
    let deactivated = may
        .does(move |tx, permit, at| service::deactivate(tx, permit, at, id, &reason))
        .await;
    match deactivated {
        Ok(account) => done(
            &may,
            crate::local_accounts::list::ACCOUNTS.path,
            format!(
                "{} is Inactive. The requester is told the reason by email.",
                account.name
            ),
        ),
        Err(Error::Refused(refusal)) if refusal.code != "on-prem.wrong-state" => {
            problems.add("reason", refusal.says.clone());
            let off = Some(refusal.says.into_owned());
            decide_page(
                &may,
                account,
                &DEACTIVATE_REASON,
                posted.again(&problems),
                409,
                off,
            )
        }
        Err(other) => Err(other),
    }
}

pub(super) async fn activate_form(may: May<ManageOnPremAccounts>, number: PathPart<Number>) -> Answer {
    let account = movable(&may, number.0, Move::Activate).await?;
    decide_page(&may, account, &ACTIVATE, fresh(), 200, None)
}

pub(super) async fn activate(
    may: May<ManageOnPremAccounts>,
    number: PathPart<Number>,
    _form: Posted<NoFields>,
) -> Answer {
    let account = found(&may, number.0).await?;
    let id = account.id;
    let account = may
        .does(move |tx, permit, at| service::activate(tx, permit, at, id))
        .await?;
    done(
        &may,
        crate::local_accounts::list::ACCOUNTS.path,
        format!("{} is Active again.", account.name),
    )
}

pub(super) async fn delete_form(may: May<ManageOnPremAccounts>, number: PathPart<Number>) -> Answer {
    let account = movable(&may, number.0, Move::Delete).await?;
    decide_page(&may, account, &DELETE, fresh(), 200, None)
}

pub(super) async fn delete(
    may: May<ManageOnPremAccounts>,
    number: PathPart<Number>,
    _form: Posted<NoFields>,
) -> Answer {
    let account = found(&may, number.0).await?;
    let id = account.id;
    let name = may
        .does(move |tx, permit, at| service::delete(tx, permit, at, id))
        .await?;
    done(
        &may,
        tab_of(account.state),
        format!("The On-Prem account {name} was deleted."),
    )
}
