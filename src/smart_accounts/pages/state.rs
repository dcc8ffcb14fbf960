//! In use or not.

use super::properties::{address, with_dialog};
use super::{again, done};
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
    let (permit, at) = (may.permit.clone(), may.portal.clock.now());
    may.portal
        .db
        .write(move |tx| {
            if to == State::Inactive {
                changes::deactivate(tx, &permit, at, typed.as_deref(), &reason)
            } else {
                changes::reactivate(tx, &permit, at, typed.as_deref(), &reason)
            }
        })
        .await?;
    may.portal.jobs.nudge();
    Ok(())
}

pub async fn deactivate(may: May<ChangeAccountState>, form: Posted<StateForm>) -> Answer {
    let turned = turn(
        &may,
        State::Inactive,
        &form.value.reason,
        Some(form.value.confirm.clone()),
    );
    match turned.await {
        Ok(()) => Ok(may.see_other(
            &address(&may),
            done("The Smart Account is Inactive. Its administrators are told by email."),
        )),
        Err(error) => {
            let (status, problems) = again(error, "")?;
            let id = may.permit.within().account()?;
            with_dialog(&may, id, status, "deactivate", form.again(&problems)).await
        }
    }
}

pub async fn reactivate(may: May<ChangeAccountState>, form: Posted<StateForm>) -> Answer {
    let turned = turn(
        &may,
        State::Active,
        &form.value.reason,
        Some(form.value.confirm.clone()),
    );
    match turned.await {
        Ok(()) => Ok(may.see_other(
            &address(&may),
            done("The Smart Account is Active again. Its administrators are told by email."),
        )),
        Err(error) => {
            let (status, problems) = again(error, "")?;
            let id = may.permit.within().account()?;
            with_dialog(&may, id, status, "reactivate", form.again(&problems)).await
        }
    }
}
