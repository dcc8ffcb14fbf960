//! Leaving a Smart Account.

use super::user::LEAVE;
use crate::authz::action::ViewAccount;
use crate::error::{Error, Result};
use crate::http::{Answer, Crumb, May, NoFields, Posted, Shell, page, page_with};
use crate::members::service;
use crate::virtual_accounts;
use askama::Template;

#[derive(Template)]
#[template(path = "members/leave.html")]
struct LeavePage {
    shell: Shell,
    account: String,
    number: i64,
    roles: Vec<String>,
    /// Why one cannot leave, or "".
    stays: String,
}

async fn leave_page(may: &May<ViewAccount>, stays: String) -> Result<LeavePage> {
    let tenant = may.tenant.clone().ok_or(Error::NotFound)?;
    let names = may
        .portal
        .db
        .read(move |r| virtual_accounts::names(r, &[tenant.id]))
        .await?;
    let mut roles: Vec<String> = may
        .grants
        .iter()
        .map(|grant| {
            let place = grant
                .virtual_account
                .and_then(|id| names.iter().find(|(_, other, _, _)| *other == id))
                .map(|(_, _, name, _)| format!(" in {name}"))
                .unwrap_or_default();
            format!("{}{place}", grant.role)
        })
        .collect();
    roles.sort_unstable();
    roles.dedup();
    Ok(LeavePage {
        shell: may
            .account_shell(
                LEAVE,
                &[Crumb::link(
                    "Users",
                    format!("/sa/{}/account/users", tenant.number),
                )],
            )
            .with_dialog(LEAVE),
        account: tenant.name,
        number: tenant.number,
        roles,
        stays,
    })
}

pub(super) async fn show_leave(may: May<ViewAccount>) -> Answer {
    if may.grants.is_empty() {
        return Err(Error::NotFound);
    }
    let (account, person) = (may.permit.within().account()?, may.permit.person()?);
    let last = may
        .portal
        .db
        .read(move |r| service::is_last_administrator(r, account, person))
        .await?;
    let stays = if last {
        may.portal
            .config
            .edition
            .say("You are the last Smart Account Administrator. Give this role to somebody else first.")
            .to_owned()
    } else {
        String::new()
    };
    page(&leave_page(&may, stays).await?)
}

pub(super) async fn leave(may: May<ViewAccount>, _: Posted<NoFields>) -> Answer {
    let done = may.does(service::leave).await;
    match done {
        Ok(_) => {
            let name = may.tenant.as_ref().map_or("", |t| t.name.as_str());
            may.done(
                may.portal.config.edition.directory(),
                format!("You have left the Smart Account {name}."),
            )
        }
        Err(Error::Refused(refusal)) => page_with(409, &leave_page(&may, refusal.says.into_owned()).await?),
        Err(other) => Err(other),
    }
}
