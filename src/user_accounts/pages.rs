//! The list, and the dialog that disables one.

use super::list::{LIST, PATH, roles};
use super::{model, service};
use crate::authn::PersonState;
use crate::authn::people::{self, Account};
use crate::authz::Does;
use crate::authz::action::{ManagePeople, Operate};
use crate::error::{Error, Result};
use crate::http::form::{PathPart, fresh};
use crate::http::list::Listing;
use crate::http::shell::initials;
use crate::http::{
    Answer, Flash, FlashKind, FormState, May, NoFields, Posted, Routes, Shell, page, page_with,
};
use crate::kernel::Name;
use crate::kernel::ids::PersonId;
use askama::Template;
use serde::Deserialize;

pub fn routes(routes: &mut Routes) {
    LIST.pages(routes, show);
    routes.get("/operator/user-accounts/{person}/disable", show_disable);
    routes.post("/operator/user-accounts/{person}/disable", disable);
    routes.post("/operator/user-accounts/{person}/enable", enable);
}

#[derive(Template)]
#[template(path = "user_accounts/list.html")]
struct AccountsPage {
    shell: Shell,
    found: Listing<Account>,
    form: FormState,
    /// Who is about to be disabled.
    disable: Option<Account>,
    me: Option<PersonId>,
    operators: usize,
}

impl AccountsPage {
    /// Why this one cannot be disabled, or "".
    fn against(&self, account: &Account) -> String {
        match model::may_disable(account, self.me, self.operators) {
            Ok(()) => String::new(),
            Err(Error::Refused(refusal)) => refusal.says.into_owned(),
            Err(_) => "This cannot be done.".to_owned(),
        }
    }
}

async fn view<A: Does>(may: &May<A>, form: FormState, disable: Option<Account>) -> Result<AccountsPage> {
    let permit = may.also::<Operate>().await?;
    let (found, operators) = LIST.page(may, &permit, |r, _, _| service::operators(r)).await?;
    let mut shell = may.shell("User accounts").with_dropped(&found.list);
    if disable.is_some() {
        shell = shell.with_dialog("Disable user account?");
    }
    shell.error_title = form.has_problems();
    Ok(AccountsPage {
        shell,
        found,
        form,
        disable,
        me: may.actor.as_ref().map(|actor| actor.person.id),
        operators,
    })
}

/// GET /operator/user-accounts
async fn show(may: May<Operate>) -> Answer {
    page(&view(&may, fresh(), None).await?)
}

pub(super) async fn account(may: &May<ManagePeople>, id: PersonId) -> Result<Account> {
    may.portal.db.read(move |r| people::account(r, id)).await
}

/// GET /operator/user-accounts/{person}/disable
async fn show_disable(may: May<ManagePeople>, id: PathPart<PersonId>) -> Answer {
    let account = account(&may, id.0).await?;
    page(&view(&may, fresh(), Some(account)).await?)
}

/// Why somebody is disabled.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Why {
    reason: String,
}

/// Disables one, from a page or from a script.
pub(super) async fn disable_now(may: &May<ManagePeople>, id: PersonId, reason: &str) -> Result<()> {
    let reason = Name::parse(reason, "Reason").map_err(|says| Error::invalid("reason", says))?;
    may.does(move |tx, permit, at| service::disable(tx, permit, at, id, &reason))
        .await
}

/// POST /operator/user-accounts/{person}/disable
async fn disable(may: May<ManagePeople>, id: PathPart<PersonId>, posted: Posted<Why>) -> Answer {
    let account = account(&may, id.0).await?;
    match disable_now(&may, id.0, &posted.value.reason).await {
        Ok(()) => {
            let says = format!("{} can no longer sign in. All sessions have ended.", account.name);
            Ok(may.see_other(PATH, Flash::new(FlashKind::Ok, says)))
        }
        Err(error) => {
            let (status, form) = posted.after(error, &[("user-accounts.", "")])?;
            page_with(status, &view(&may, form, Some(account)).await?)
        }
    }
}

/// Enables one, from a page or from a script.
pub(super) async fn enable_now(may: &May<ManagePeople>, id: PersonId) -> Result<()> {
    may.does(move |tx, permit, at| service::enable(tx, permit, at, id))
        .await
}

/// POST /operator/user-accounts/{person}/enable
async fn enable(may: May<ManagePeople>, id: PathPart<PersonId>, _posted: Posted<NoFields>) -> Answer {
    let account = account(&may, id.0).await?;
    enable_now(&may, id.0).await?;
    let says = format!("The user account of {} is enabled.", account.name);
    Ok(may.see_other(PATH, Flash::new(FlashKind::Ok, says)))
}
