//! The policy of a Smart Account, and where one may report.

use super::model::{Days, LicenseClass, Policy};
use super::store;
use crate::authz::action::{EditReportingPolicy, ReportUsage, ViewInventory};
use crate::authz::{Does, Permit};
use crate::error::{Error, Result};
use crate::kernel::ids::{SmartAccountId, VirtualAccountId};
use crate::kernel::{Event, Kind, Moment};
use crate::platform::db::{Reads, Recorded, Tx};
use crate::virtual_accounts;

/// The policy of an account.
pub fn of_account(read: &mut dyn Reads, account: SmartAccountId) -> Result<Policy> {
    Ok(Policy::of(&store::policy(read, account)?))
}

/// Changes the policy of an account. What is due already stays due; each next report goes by the new policy.
pub fn change_policy(
    tx: &mut Tx<'_>,
    permit: &Permit<EditReportingPolicy>,
    at: Moment,
    wanted: &[(LicenseClass, Days)],
) -> Result<Recorded<()>> {
    let account = permit.within().account()?;
    let before = of_account(tx, account)?;
    let after = Policy::of(wanted);
    if before == after {
        return Ok(tx.unchanged(()));
    }
    store::set_policy(tx, account, after.rows())?;
    let event = Event::new(
        Kind::ReportingPolicyChanged,
        account,
        "The reporting policy was changed.",
    )
    .within(account)
    .changed(&before.facts(), &after.facts());
    tx.record(at, permit.who(), &event, ())
}

/// A Virtual Account that is seen and for which one may report.
pub fn place(
    read: &mut dyn Reads,
    view: &Permit<ViewInventory>,
    permit: &Permit<ReportUsage>,
    id: VirtualAccountId,
) -> Result<String> {
    let found = virtual_accounts::these(read, permit.within().account()?, &[id])?
        .pop()
        .filter(|_| view.within().covers(id))
        .ok_or(Error::NotFound)?;
    if permit.within().covers(id) {
        Ok(found.name)
    } else {
        Err(Error::Forbidden {
            action: ReportUsage::ACTION.words(),
        })
    }
}
