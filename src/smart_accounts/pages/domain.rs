//! The domain.

use super::properties::{address, with_dialog};
use super::{again, done};
use crate::authz::action::EditAccount;
use crate::error::{Error, Problems, Result};
use crate::http::form::fresh;
use crate::http::{Answer, May, NoFields, Posted};
use crate::kernel::ids::DomainChangeId;
use crate::kernel::{DomainIdentifier, text};
use crate::smart_accounts::changes::{self, Wish};
use crate::smart_accounts::model::LONGEST_NOTE;
use serde::Deserialize;

pub async fn domain_dialog(may: May<EditAccount>) -> Answer {
    with_dialog(&may, may.permit.within().account()?, 200, "domain", fresh()).await
}

/// The form as it was sent.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DomainForm {
    domain: String,
    note: String,
}

/// Domain and note, checked: for the page and for scripts.
pub fn read_domain(domain: &str, note: &str) -> Result<(DomainIdentifier, String)> {
    let mut problems = Problems::default();
    let domain = problems.take("domain", DomainIdentifier::parse(domain));
    let note = problems.take("note", text::note(note, "Note to the approver", LONGEST_NOTE));
    match (domain, note) {
        (Some(domain), Some(note)) => Ok((domain, note)),
        _ => Err(Error::Invalid(problems)),
    }
}

/// Changes the domain or asks for it, from a page or from a script.
pub async fn wish(may: &May<EditAccount>, domain: &str, note: &str) -> Result<Wish> {
    let (to, note) = read_domain(domain, note)?;
    let (permit, at, change) = (may.permit.clone(), may.portal.clock.now(), DomainChangeId::new());
    let wish = may
        .portal
        .db
        .write(move |tx| changes::change_domain(tx, &permit, at, change, &to, &note))
        .await?;
    may.portal.jobs.nudge();
    Ok(wish)
}

pub async fn change_domain(may: May<EditAccount>, form: Posted<DomainForm>) -> Answer {
    let id = may.permit.within().account()?;
    match wish(&may, &form.value.domain, &form.value.note).await {
        Ok(Wish::Changed(to)) => Ok(may.see_other(
            &address(&may),
            done(format!("The Account Domain Identifier is {to} now.")),
        )),
        Ok(Wish::Asked(change)) => Ok(may.see_other(
            &address(&may),
            done(format!(
                "A Domain approver was asked to approve {}. Until then the Account Domain Identifier stays as it is.",
                change.to
            )),
        )),
        Err(error) => {
            let (status, problems) = again(error, "domain")?;
            with_dialog(&may, id, status, "domain", form.again(&problems)).await
        }
    }
}

pub async fn withdraw_dialog(may: May<EditAccount>) -> Answer {
    with_dialog(&may, may.permit.within().account()?, 200, "withdraw", fresh()).await
}

pub async fn withdraw_domain(may: May<EditAccount>, form: Posted<NoFields>) -> Answer {
    let id = may.permit.within().account()?;
    let (permit, at) = (may.permit.clone(), may.portal.clock.now());
    let withdrawn = may
        .portal
        .db
        .write(move |tx| changes::withdraw_change(tx, &permit, at))
        .await;
    match withdrawn {
        Ok(()) => Ok(may.see_other(&address(&may), done("The domain change was withdrawn."))),
        Err(error) => {
            let (status, problems) = again(error, "")?;
            with_dialog(&may, id, status, "withdraw", form.again(&problems)).await
        }
    }
}
