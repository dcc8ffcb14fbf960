//! The account's settings for requests.

use crate::access_requests::model::{self, Settings};
use crate::access_requests::store;
use crate::authz::Permit;
use crate::authz::action::AutomateAccess;
use crate::error::{Error, Result};
use crate::kernel::ids::{SmartAccountId, VirtualAccountId};
use crate::kernel::{Event, Kind, Moment};
use crate::platform::db::{Reads, Recorded, Tx};
use crate::smart_accounts::{self, State};
use crate::virtual_accounts;

/// How an account handles requests: for pages that have a permit to see or to change it.
pub fn settings_of(read: &mut dyn Reads, account: SmartAccountId) -> Result<Settings> {
    store::settings(read, account)
}

/// Changes how an account handles requests. `version` is the one that was looked at.
pub fn change_settings(
    tx: &mut Tx<'_>,
    permit: &Permit<AutomateAccess>,
    at: Moment,
    version: i64,
    change: impl FnOnce(&mut Settings) -> Result<()>,
) -> Result<Recorded<()>> {
    let account = smart_accounts::find(tx, permit.within().account()?)?;
    if account.state != State::Active {
        return Err(Error::refused(
            "access-requests.account-not-active",
            "Only an Active Smart Account can be changed.",
        ));
    }
    let before = store::settings(tx, account.id)?;
    if before.version != version {
        return Err(Error::Stale);
    }
    let mut after = before.clone();
    change(&mut after)?;
    let known: Vec<VirtualAccountId> = virtual_accounts::names(tx, &[account.id])?
        .into_iter()
        .map(|(_, id, _, _)| id)
        .collect();
    if after.rules.len() > model::MOST_RULES {
        return Err(Error::invalid(
            "rules",
            format!("An account has at most {} rules.", model::MOST_RULES),
        ));
    }
    // A rule that was good before stays as it is, though a Virtual Account of it may be gone.
    after.rules = after
        .rules
        .into_iter()
        .map(|rule| {
            if before.rules.contains(&rule) {
                Ok(rule)
            } else {
                model::checked(rule, &known, &account.domain)
            }
        })
        .collect::<Result<_>>()?;
    if after == before {
        return Ok(tx.unchanged(()));
    }
    if !store::keep_settings(tx, account.id, &after)? {
        return Err(Error::Stale);
    }
    let event = Event::new(
        Kind::AccessAutomation,
        account.number,
        format!(
            "{} changed the Access request Automation settings.",
            permit.who().label
        ),
    )
    .within(account.id)
    .changed(&before, &after);
    tx.record(at, permit.who(), &event, ())
}
