//! Reject, Start again, Deactivate, Activate and Delete, and the checklist that leads to the end of an account.

use super::admin_pages::{self, href, tab_of};
use super::lifecycle::{Move, Next};
use super::model::{AccountState, LocalAccount, Number};
use super::register_pages::found;
use super::service;
use super::store;
use crate::authz::Action;
use crate::authz::action::{ManageOnPremAccounts, ViewAdminWorkspace};
use crate::devices;
use crate::error::{Error, Problems, Result};
use crate::http::form::{PathPart, fresh};
use crate::http::{
    Answer, Flash, FlashKind, FormState, May, NoFields, Posted, Routes, Shell, page, page_with,
};
use askama::Template;
use serde::Deserialize;

const ONE: &str = "/admin/accounts/{account}";

/// The pages.
pub fn routes(routes: &mut Routes) {
    routes.get(&format!("{ONE}/reject"), reject_form);
    routes.post(&format!("{ONE}/reject"), reject);
    routes.post(&format!("{ONE}/start-again"), start_again);
    routes.get(&format!("{ONE}/deactivate"), deactivate_confirmation);
    routes.get(&format!("{ONE}/deactivate/reason"), deactivate_form);
    routes.post(&format!("{ONE}/deactivate/reason"), deactivate);
    routes.get(&format!("{ONE}/activate"), activate_form);
    routes.post(&format!("{ONE}/activate"), activate);
    routes.get(&format!("{ONE}/delete"), delete_form);
    routes.post(&format!("{ONE}/delete"), delete);
    routes.get(&format!("{ONE}/deletion"), checklist);
}

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
struct ReasonFields {
    #[serde(default)]
    reason: String,
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "the answer of a handler, whose other ways fail"
)]
fn done(may: &May<ManageOnPremAccounts>, to: &str, says: String) -> Answer {
    may.portal.jobs.nudge();
    Ok(may.see_other(to, Flash::new(FlashKind::Ok, says)))
}

async fn reject_form(may: May<ManageOnPremAccounts>, number: PathPart<Number>) -> Answer {
    let account = movable(&may, number.0, Move::Reject).await?;
    decide_page(&may, account, &REJECT, fresh(), 200, None)
}

async fn reject(
    may: May<ManageOnPremAccounts>,
    number: PathPart<Number>,
    posted: Posted<ReasonFields>,
) -> Answer {
    let account = movable(&may, number.0, Move::Reject).await?;
    let mut problems = Problems::default();
    let Some(reason) = problems.take("reason", service::reason(&posted.value.reason)) else {
        return decide_page(&may, account, &REJECT, posted.again(&problems), 422, None);
    };
    let (permit, at, id) = (may.permit.clone(), may.portal.clock.now(), account.id);
    let account = may
        .portal
        .db
        .write(move |tx| service::reject(tx, &permit, at, id, &reason))
        .await?;
    done(
        &may,
        admin_pages::REQUESTS,
        format!(
            "The request for {} was rejected. The requester is told by email.",
            account.name
        ),
    )
}

async fn start_again(
    may: May<ManageOnPremAccounts>,
    number: PathPart<Number>,
    _form: Posted<NoFields>,
) -> Answer {
    let account = found(&may, number.0).await?;
    let (permit, at, id) = (may.permit.clone(), may.portal.clock.now(), account.id);
    let account = may
        .portal
        .db
        .write(move |tx| service::start_again(tx, &permit, at, id))
        .await?;
    done(
        &may,
        admin_pages::REQUESTS,
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

async fn deactivate_confirmation(may: May<ManageOnPremAccounts>, number: PathPart<Number>) -> Answer {
    let account = movable(&may, number.0, Move::Deactivate).await?;
    let off = against(&may, &account).await?;
    decide_page(&may, account, &DEACTIVATE, fresh(), 200, off)
}

async fn deactivate_form(may: May<ManageOnPremAccounts>, number: PathPart<Number>) -> Answer {
    let account = movable(&may, number.0, Move::Deactivate).await?;
    let off = against(&may, &account).await?;
    decide_page(&may, account, &DEACTIVATE_REASON, fresh(), 200, off)
}

async fn deactivate(
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
    let (permit, at, id) = (may.permit.clone(), may.portal.clock.now(), account.id);
    let deactivated = may
        .portal
        .db
        .write(move |tx| service::deactivate(tx, &permit, at, id, &reason))
        .await;
    match deactivated {
        Ok(account) => done(
            &may,
            admin_pages::ACCOUNTS,
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

async fn activate_form(may: May<ManageOnPremAccounts>, number: PathPart<Number>) -> Answer {
    let account = movable(&may, number.0, Move::Activate).await?;
    decide_page(&may, account, &ACTIVATE, fresh(), 200, None)
}

async fn activate(
    may: May<ManageOnPremAccounts>,
    number: PathPart<Number>,
    _form: Posted<NoFields>,
) -> Answer {
    let account = found(&may, number.0).await?;
    let (permit, at, id) = (may.permit.clone(), may.portal.clock.now(), account.id);
    let account = may
        .portal
        .db
        .write(move |tx| service::activate(tx, &permit, at, id))
        .await?;
    done(
        &may,
        admin_pages::ACCOUNTS,
        format!("{} is Active again.", account.name),
    )
}

async fn delete_form(may: May<ManageOnPremAccounts>, number: PathPart<Number>) -> Answer {
    let account = movable(&may, number.0, Move::Delete).await?;
    decide_page(&may, account, &DELETE, fresh(), 200, None)
}

async fn delete(may: May<ManageOnPremAccounts>, number: PathPart<Number>, _form: Posted<NoFields>) -> Answer {
    let account = found(&may, number.0).await?;
    let (permit, at, id) = (may.permit.clone(), may.portal.clock.now(), account.id);
    let name = may
        .portal
        .db
        .write(move |tx| service::delete(tx, &permit, at, id))
        .await?;
    done(
        &may,
        tab_of(account.state),
        format!("The On-Prem account {name} was deleted."),
    )
}

// The checklist -------------------------------------------------------------------------------------------------

const HERE: &str = "On this server";
const IN_THE_CLOUD: &str = "In the cloud";

/// How far a step of the checklist is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mark {
    Done,
    Next,
    Later,
}

struct Step {
    /// In which portal.
    portal: &'static str,
    title: &'static str,
    says: String,
    mark: Mark,
    /// Where it is done.
    link: Option<(&'static str, String)>,
}

impl Step {
    fn badge(&self) -> (&'static str, &'static str) {
        match self.mark {
            Mark::Done => ("ok", "Done"),
            Mark::Next => ("info", "Next"),
            Mark::Later => ("", "Later"),
        }
    }
}

#[derive(Template)]
#[template(path = "local_accounts/checklist.html")]
struct Checklist {
    shell: Shell,
    account: LocalAccount,
    steps: Vec<Step>,
    back: &'static str,
}

/// What is seen of the way to the end of an account. Whether the cloud has removed the device manager is not known here:
/// that step is never told to be done.
fn steps_to_the_end(
    account: &LocalAccount,
    devices: u64,
    behind: bool,
    neighbour: Option<&str>,
) -> Vec<Step> {
    let base = href(account.number);
    let place = format!("/sa/{}", account.number);
    let is_inactive = account.state == AccountState::Inactive;
    let cloud = account.cloud.as_ref();
    let in_the_cloud = cloud
        .and_then(|cloud| {
            cloud
                .url
                .clone()
                .or_else(|| neighbour.map(str::to_owned))
                .map(|url| (cloud, url))
        })
        .map(|(cloud, url)| {
            (
                "Open the device manager in the cloud",
                format!(
                    "{url}/sa/{}/devices/device-managers/{}",
                    cloud.smart_account, cloud.manager
                ),
            )
        });
    let mut steps = vec![
        Step {
            portal: HERE,
            title: "Remove all Product Instances on all Local Virtual Accounts",
            says: match devices {
                0 => "No product instance is registered with this account.".to_owned(),
                1 => "1 product instance is left.".to_owned(),
                more => format!("{more} product instances are left."),
            },
            mark: if devices == 0 { Mark::Done } else { Mark::Later },
            link: Some(("Device Inventory", format!("{place}/devices/device-inventory"))),
        },
        Step {
            portal: HERE,
            title: "Synchronize, so that the cloud reflects that the Product Instances are gone",
            says: if behind {
                "The cloud still knows product instances of this account.".to_owned()
            } else {
                "The cloud knows of no product instance of this account.".to_owned()
            },
            mark: if devices == 0 && !behind {
                Mark::Done
            } else {
                Mark::Later
            },
            link: Some(("Synchronize", "/on-prem-accounts".to_owned())),
        },
        Step {
            portal: HERE,
            title: "Deactivate the Local Account",
            says: if is_inactive {
                "The account is Inactive.".to_owned()
            } else {
                "A reason is asked for. The requester is sent it by email.".to_owned()
            },
            mark: if is_inactive { Mark::Done } else { Mark::Later },
            link: (!is_inactive).then(|| ("Deactivate", format!("{base}/deactivate"))),
        },
        Step {
            portal: IN_THE_CLOUD,
            title: "Remove the device manager in the cloud",
            says: match cloud {
                Some(cloud) => format!(
                    "Smart Account {} ({}): Devices, Device Connections, Device Managers, {}, Remove. Do it before the account is deleted here, or note its name: this server does not know whether it was done.",
                    cloud.smart_account_name, cloud.domain, account.name
                ),
                None => "The account was never registered with a cloud.".to_owned(),
            },
            mark: if cloud.is_none() { Mark::Done } else { Mark::Later },
            link: in_the_cloud,
        },
        Step {
            portal: HERE,
            title: "Delete the Local Account",
            says: "Only an Inactive account can be deleted.".to_owned(),
            mark: Mark::Later,
            link: is_inactive.then(|| ("Delete", format!("{base}/delete"))),
        },
    ];
    // The first that is not done is next; with the account Inactive, so is what is left beside it.
    if let Some(first) = steps.iter_mut().find(|step| step.mark != Mark::Done) {
        first.mark = Mark::Next;
    }
    if is_inactive && let Some(last) = steps.last_mut() {
        last.mark = Mark::Next;
    }
    steps
}

async fn checklist(may: May<ViewAdminWorkspace>, number: PathPart<Number>) -> Answer {
    let (account, devices, behind) = may
        .portal
        .db
        .read(move |r| {
            let account = store::by_number(r, number.0.0)?;
            let devices = devices::count_in(r, account.id)?;
            let behind = service::cloud_is_behind(r, &account)?;
            Ok((account, devices, behind))
        })
        .await?;
    if Move::Deactivate.from(account.state).is_none() && Move::Delete.from(account.state) != Some(Next::Gone)
    {
        return Err(Move::Deactivate.refusal(&account.name, account.state));
    }
    let mut steps = steps_to_the_end(&account, devices, behind, may.portal.config.neighbour.as_deref());
    // An operator reads what is to be done, and does not do it.
    let (opens, manages) = (
        may.opens(account.id),
        may.holds_by_platform(Action::ManageOnPremAccounts),
    );
    for step in &mut steps {
        step.link.take_if(|(_, to)| {
            (to.starts_with("/sa/") && !opens) || (to.starts_with(admin_pages::ACCOUNTS) && !manages)
        });
    }
    page(&Checklist {
        shell: admin_pages::shell(&may, "Checklist for deletion", &account),
        steps,
        back: tab_of(account.state),
        account,
    })
}
