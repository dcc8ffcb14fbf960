//! Deciding against an account, taking it out of use, and deleting it.

use super::MOST_REASON;
use super::ask::against_name;
use super::register::{because, move_to, simply, step};
use crate::authz::Permit;
use crate::authz::action::{EditAccount, ManageOnPremAccounts};
use crate::devices;
use crate::error::{Error, Problems, Refusal, Result};
use crate::http::widgets::counted;
use crate::kernel::ids::SmartAccountId;
use crate::kernel::{Kind, Moment, search_key, text};
use crate::local_accounts::letters;
use crate::local_accounts::lifecycle::{Move, Next};
use crate::local_accounts::model::{LocalAccount, Properties};
use crate::local_accounts::store;
use crate::platform::db::{Reads, Recorded, Tx, forget_tenant};
use serde_json::json;

/// A reason that somebody typed; it is not optional.
pub fn reason(typed: &str) -> Result<String, String> {
    text::note(typed, "The reason", MOST_REASON).and_then(|reason| {
        if reason.is_empty() {
            Err("Enter a reason. The requester is sent it by email.".to_owned())
        } else {
            Ok(reason)
        }
    })
}

/// Rejects a request.
pub fn reject(
    tx: &mut Tx<'_>,
    permit: &Permit<ManageOnPremAccounts>,
    at: Moment,
    id: SmartAccountId,
    reason: &str,
) -> Result<Recorded<LocalAccount>> {
    let account = store::find(tx, id)?;
    let to = Move::Reject.to(&account.name, account.state)?;
    move_to(tx, &account, to, reason)?;
    letters::tell_requester(tx, at, letters::REJECTED, &account, permit.who(), reason)?;
    let event = step(Kind::LocalRejected, &account, &because("was rejected", reason))
        .with(json!({ "reason": reason }));
    let account = store::find(tx, id)?;
    tx.record(at, permit.who(), &event, account)
}

/// Whether the cloud still believes that product instances are here: it was told of some and not, since, that they are
/// gone.
pub fn cloud_is_behind(read: &mut dyn Reads, account: &LocalAccount) -> Result<bool> {
    let never_told = account.cloud.is_none() || (account.sequence == 0 && account.synced_at.is_none());
    Ok(!never_told && store::told(read, account)?.is_none_or(|devices| devices > 0))
}

/// What stands in the way of deactivating an account, and the way out.
pub fn against_deactivation(read: &mut dyn Reads, account: &LocalAccount) -> Result<Option<Refusal>> {
    let devices = devices::count_in(read, account.id)?;
    if devices > 0 {
        return Ok(Some(Refusal {
            code: "on-prem.has-devices",
            says: format!(
                "The On-Prem account {} still has {}. Remove them from all its local Virtual Accounts, then synchronize, then deactivate it.",
                account.name,
                counted(devices, "product instance", "product instances")
            )
            .into(),
        }));
    }
    if cloud_is_behind(read, account)? {
        return Ok(Some(Refusal {
            code: "on-prem.not-synchronized",
            says: format!(
                "The cloud has not been told yet that the product instances of {} are gone. Synchronize it, then deactivate it.",
                account.name
            )
            .into(),
        }));
    }
    Ok(None)
}

/// Takes an account out of use.
pub fn deactivate(
    tx: &mut Tx<'_>,
    permit: &Permit<ManageOnPremAccounts>,
    at: Moment,
    id: SmartAccountId,
    reason: &str,
) -> Result<Recorded<LocalAccount>> {
    let account = store::find(tx, id)?;
    let to = Move::Deactivate.to(&account.name, account.state)?;
    if let Some(refusal) = against_deactivation(tx, &account)? {
        return Err(Error::Refused(refusal));
    }
    move_to(tx, &account, to, reason)?;
    letters::tell_requester(tx, at, letters::DEACTIVATED, &account, permit.who(), reason)?;
    let event = step(
        Kind::LocalDeactivated,
        &account,
        &because("was deactivated", reason),
    )
    .with(json!({ "reason": reason }));
    let account = store::find(tx, id)?;
    tx.record(at, permit.who(), &event, account)
}

/// Takes it into use again.
pub fn activate(
    tx: &mut Tx<'_>,
    permit: &Permit<ManageOnPremAccounts>,
    at: Moment,
    id: SmartAccountId,
) -> Result<Recorded<LocalAccount>> {
    simply(
        tx,
        permit,
        at,
        id,
        (Move::Activate, Kind::LocalActivated, "was activated"),
    )
}

/// Deletes an account with all that is in it; the record stays.
pub fn delete(
    tx: &mut Tx<'_>,
    permit: &Permit<ManageOnPremAccounts>,
    at: Moment,
    id: SmartAccountId,
) -> Result<Recorded<String>> {
    let account = store::find(tx, id)?;
    if Move::Delete.from(account.state) != Some(Next::Gone) {
        return Err(Move::Delete.refusal(&account.name, account.state));
    }
    forget_tenant(tx, id)?;
    let event = step(Kind::LocalDeleted, &account, "was deleted").with(json!({
        "cisco_smart_account": account.smart_account,
        "cisco_virtual_account": account.virtual_account,
    }));
    tx.record(at, permit.who(), &event, account.name)
}

/// Changes what "Account Properties" lets one change. `version` is the one that the form was made from.
pub fn edit(
    tx: &mut Tx<'_>,
    permit: &Permit<EditAccount>,
    at: Moment,
    version: i64,
    to: &Properties,
) -> Result<Recorded<LocalAccount>> {
    let account = store::find(tx, permit.within().account()?)?;
    if account.version != version {
        return Err(Error::Stale);
    }
    let before = Properties::of(&account);
    if before == *to {
        return Ok(tx.unchanged(account));
    }
    let mut problems = Problems::default();
    against_name(tx, &to.name, Some(account.id), &mut problems)?;
    problems.or_ok()?;
    if !store::set_properties(tx, &account, to, &search_key(&to.name))? {
        return Err(Error::Stale);
    }
    let what = match (before.hides_hostnames, to.hides_hostnames) {
        (false, true) => "leaves host names out of its synchronization files from now on",
        (true, false) => "sends host names with its synchronization files again",
        _ => "has other properties",
    };
    let event = step(Kind::LocalChanged, &account, what).changed(&before, to);
    let account = store::find(tx, account.id)?;
    tx.record(at, permit.who(), &event, account)
}
