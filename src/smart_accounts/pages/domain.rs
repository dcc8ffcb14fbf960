//! The domain.

use super::properties::{address, with_dialog};
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
    let change = DomainChangeId::new();
    may.does(move |tx, permit, at| changes::change_domain(tx, permit, at, change, &to, &note))
        .await
}

pub async fn change_domain(may: May<EditAccount>, form: Posted<DomainForm>) -> Answer {
    let id = may.permit.within().account()?;
    match wish(&may, &form.value.domain, &form.value.note).await {
        Ok(Wish::Changed(to)) => may.done(&address(&may), format!("The Account Domain Identifier is {to} now.")),
        Ok(Wish::Asked(change)) => may.done(&address(&may), format!(
                "A Domain approver was asked to approve {}. Until then the Account Domain Identifier stays as it is.",
                change.to
            )),
        Err(error) => {
            let (status, form) = form.after(error, &[("smart-accounts.", "domain")])?;
            with_dialog(&may, id, status, "domain", form).await
        }
    }
}

pub async fn withdraw_dialog(may: May<EditAccount>) -> Answer {
    with_dialog(&may, may.permit.within().account()?, 200, "withdraw", fresh()).await
}

pub async fn withdraw_domain(may: May<EditAccount>, form: Posted<NoFields>) -> Answer {
    let id = may.permit.within().account()?;
    let withdrawn = may.does(changes::withdraw_change).await;
    match withdrawn {
        Ok(()) => may.done(&address(&may), "The domain change was withdrawn."),
        Err(error) => {
            let (status, form) = form.after(error, &[("smart-accounts.", "")])?;
            with_dialog(&may, id, status, "withdraw", form).await
        }
    }
}
