//! A local account as those see it who work in it: Overview and "Account Properties".

use super::admin_pages;
use super::model::{AccountState, LocalAccount, Properties, SyncState};
use super::service;
use super::store;
use super::sync;
use crate::authz::Action;
use crate::authz::action::{EditAccount, ViewAccount, ViewInventory};
use crate::error::{Error, Problems};
use crate::http::form::fresh;
use crate::http::{
    Answer, Crumb, Flash, FlashKind, FormState, May, Posted, Routes, Shell, Visit, page, page_with, reason,
};
use crate::kernel::{EmailAddress, Name};
use crate::{alerts, devices, licenses};
use askama::Template;
use serde::Deserialize;

/// The pages.
pub fn routes(routes: &mut Routes) {
    routes.get("/sa/{said}", overview);
    routes.get("/sa/{said}/account", properties);
    routes.post("/sa/{said}/account", save);
}

/// What lies in an account, as far as one may see it.
struct Counts {
    /// All kinds together, as the dashboard counts them.
    licenses: u64,
    devices: u64,
    alerts: u64,
}

#[derive(Template)]
#[template(path = "local_accounts/overview.html")]
struct Overview {
    shell: Shell,
    account: LocalAccount,
    counts: Option<Counts>,
    /// How its synchronization stands.
    sync: SyncState,
    /// What the cloud has not heard of yet, or "".
    pending: String,
    /// The pages of this account in the Admin Workspace, for those who may open them.
    admin: Option<String>,
}

async fn overview(may: May<ViewAccount>) -> Answer {
    let (id, now) = (may.permit.within().account()?, may.portal.clock.now());
    let see = may.perhaps::<ViewInventory>()?;
    let (account, counts, changes) = may
        .portal
        .db
        .read(move |r| {
            let counts = match &see {
                None => None,
                Some(permit) => {
                    let devices: i64 = devices::tallied(r, permit.within())?
                        .into_iter()
                        .map(|(_, _, count)| count)
                        .sum();
                    Some(Counts {
                        licenses: licenses::purchased(r, permit)?.unsigned_abs(),
                        devices: u64::try_from(devices).unwrap_or_default(),
                        alerts: alerts::all(r, permit, now)?.len() as u64,
                    })
                }
            };
            let account = store::find(r, id)?;
            let changes = sync::changes(r, &account)?;
            Ok((account, counts, changes))
        })
        .await?;
    let mut shell = may.account_shell("Overview", &[]);
    shell.crumbs = vec![Crumb::text(&account.name), Crumb::text("Overview")];
    page(&Overview {
        shell,
        counts,
        sync: account.sync_state(now),
        pending: sync::not_yet(changes),
        admin: admin_of(&may, &account),
        account,
    })
}

fn admin_of(visit: &Visit, account: &LocalAccount) -> Option<String> {
    visit
        .holds_by_platform(Action::ViewAdminWorkspace)
        .then(|| admin_pages::href(account.number))
}

#[derive(Template)]
#[template(path = "local_accounts/properties.html")]
struct PropertiesPage {
    shell: Shell,
    form: FormState,
    account: LocalAccount,
    /// Why it cannot be edited.
    off: Option<String>,
    admin: Option<String>,
}

impl PropertiesPage {
    fn has_checklist(&self) -> bool {
        matches!(self.account.state, AccountState::Active | AccountState::Inactive)
    }
}

fn properties_page(visit: &Visit, account: LocalAccount, form: FormState, status: u16) -> Answer {
    let mut shell = visit.account_shell("Account Properties", &[]);
    shell.error_title = form.has_problems();
    page_with(
        status,
        &PropertiesPage {
            shell,
            form,
            off: reason::against_all(visit, Action::EditAccount, &[]),
            admin: admin_of(visit, &account),
            account,
        },
    )
}

fn filled(account: &LocalAccount) -> FormState {
    let mut form = fresh()
        .with_value("name", account.name.as_str())
        .with_value("email", account.email.as_str())
        .with_value("version", account.version.to_string());
    if account.hides_hostnames {
        form = form.with_value("hides_hostnames", "1");
    }
    form
}

async fn properties(may: May<ViewAccount>) -> Answer {
    let id = may.permit.within().account()?;
    let account = may.portal.db.read(move |r| store::find(r, id)).await?;
    let form = filled(&account);
    properties_page(&may, account, form, 200)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fields {
    #[serde(default)]
    name: String,
    #[serde(default)]
    email: String,
    #[serde(default)]
    hides_hostnames: String,
    #[serde(default)]
    version: String,
}

fn read(typed: &Fields, problems: &mut Problems) -> Option<(i64, Properties)> {
    let name = problems.take("name", Name::parse(&typed.name, "Account Name"));
    let email = problems.take("email", EmailAddress::parse(&typed.email));
    let version = typed.version.parse().ok()?;
    Some((
        version,
        Properties {
            name: name?.to_string(),
            email: email?.to_string(),
            hides_hostnames: typed.hides_hostnames == "1",
        },
    ))
}

async fn save(may: May<EditAccount>, posted: Posted<Fields>) -> Answer {
    let id = may.permit.within().account()?;
    let mut problems = Problems::default();
    let saved = match read(&posted.value, &mut problems) {
        Some((version, to)) => {
            may.does(move |tx, permit, at| service::edit(tx, permit, at, version, &to))
                .await
        }
        None if problems.is_empty() => Err(Error::Stale),
        None => Err(Error::Invalid(problems)),
    };
    match saved {
        Ok(account) => Ok(may.see_other(
            &format!("/sa/{}/account", account.number),
            Flash::new(FlashKind::Ok, "The Account Properties were saved."),
        )),
        Err(Error::Invalid(problems)) => {
            let account = may.portal.db.read(move |r| store::find(r, id)).await?;
            properties_page(&may, account, posted.again(&problems), 422)
        }
        Err(other) => Err(other),
    }
}
