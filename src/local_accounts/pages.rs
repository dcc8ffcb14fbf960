//! The dashboard of the On-Prem accounts.

use super::model::LocalAccount;
use super::store;
use crate::authz::action::ViewOnPremAccounts;
use crate::http::{Answer, May, Routes, Shell, page};
use askama::Template;

pub fn routes(routes: &mut Routes) {
    routes.get("/", dashboard);
}

#[derive(Template)]
#[template(path = "local_accounts/dashboard.html")]
struct Dashboard {
    shell: Shell,
    accounts: Vec<LocalAccount>,
}

/// GET /
async fn dashboard(may: May<ViewOnPremAccounts>) -> Answer {
    let only = may
        .actor
        .as_ref()
        .filter(|actor| !actor.sees_every_tenant())
        .map(|_| {
            may.everywhere
                .iter()
                .map(|grant| grant.account)
                .collect::<Vec<_>>()
        });
    let accounts = may
        .portal
        .db
        .read(move |r| store::list(r, only.as_deref(), 500, 0))
        .await?;
    page(&Dashboard {
        shell: may.shell("On-Prem Accounts"),
        accounts,
    })
}
