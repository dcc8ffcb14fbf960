//! In use or not.

use super::properties::{address, with_dialog};
use crate::authz::action::ChangeAccountState;
use crate::error::Result;
use crate::http::form::fresh;
use crate::http::{Answer, May, Posted};
use crate::smart_accounts::model::{State, reason as reason_given};
use crate::smart_accounts::{changes, service};
use serde::Deserialize;

/// The pop-up, where there is something to do.
async fn turning(may: &May<ChangeAccountState>, to: State, dialog: &'static str) -> Answer {
    let id = may.permit.within().account()?;
    let account = may.portal.db.read(move |r| service::find(r, id)).await?;
    changes::can_turn(account.state, to)?;
    with_dialog(may, id, 200, dialog, fresh()).await
}

pub async fn deactivate_dialog(may: May<ChangeAccountState>) -> Answer {
    turning(&may, State::Inactive, "deactivate").await
}

pub async fn reactivate_dialog(may: May<ChangeAccountState>) -> Answer {
    turning(&may, State::Active, "reactivate").await
}

/// The form as it was sent.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StateForm {
    reason: String,
    confirm: String,
}

/// Takes the account out of use or into use, from a page or from a script.
pub async fn turn(
    may: &May<ChangeAccountState>,
    to: State,
    reason: &str,
    typed: Option<String>,
) -> Result<()> {
    let reason = reason_given(reason, "Reason")?;
    may.does(move |tx, permit, at| {
        if to == State::Inactive {
            changes::deactivate(tx, permit, at, typed.as_deref(), &reason)
        } else {
            changes::reactivate(tx, permit, at, typed.as_deref(), &reason)
        }
    })
    .await
}

/// What the pop-up was sent for.
async fn turned(
    may: May<ChangeAccountState>,
    form: Posted<StateForm>,
    (to, dialog): (State, &'static str),
    says: &str,
) -> Answer {
    let typed = Some(form.value.confirm.clone());
    match turn(&may, to, &form.value.reason, typed).await {
        Ok(()) => may.done(&address(&may), says),
        Err(error) => {
            let (status, form) = form.after(error, &[("smart-accounts.", "")])?;
            let id = may.permit.within().account()?;
            with_dialog(&may, id, status, dialog, form).await
        }
    }
}

pub async fn deactivate(may: May<ChangeAccountState>, form: Posted<StateForm>) -> Answer {
    let says = "The Smart Account is Inactive. Its administrators are told by email.";
    turned(may, form, (State::Inactive, "deactivate"), says).await
}

pub async fn reactivate(may: May<ChangeAccountState>, form: Posted<StateForm>) -> Answer {
    let says = "The Smart Account is Active again. Its administrators are told by email.";
    turned(may, form, (State::Active, "reactivate"), says).await
}
