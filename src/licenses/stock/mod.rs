//! Stocks: all licenses of one kind in one Virtual Account, whatever their terms. Here purchased, reserved and in use
//! meet, so here it shows whether there are enough.

mod store;

pub use store::{
    BY_NAME, Filter, ORDERS, Total, count, days, find, find_many, forget, held_in, in_place, page, purchased,
    short, short_among, totals, troubles,
};

use super::store as pools;
use crate::catalog::{self, Billing, Term};
use crate::error::{Cause, Error, Result};
use crate::http::widgets::number;
use crate::kernel::ids::{LicenseStockId, SmartAccountId, VirtualAccountId};
use crate::kernel::{Event, Kind, Moment, Who};
use crate::platform::db::{Reads, Tx};
use std::collections::BTreeMap;

/// All licenses of one kind in one Virtual Account.
#[derive(Debug, Clone, diesel::Queryable)]
pub struct Stock {
    /// Its id.
    pub id: LicenseStockId,
    /// Whose.
    pub account: SmartAccountId,
    /// Where.
    pub virtual_account: VirtualAccountId,
    /// What programs know the license by.
    pub entitlement: String,
    /// What people know it by.
    pub name: String,
    /// How it is paid for.
    pub billing: Billing,
    /// What came and went, less what has ended.
    pub purchased: i64,
    /// Set aside.
    pub reserved: i64,
    /// Used by devices that report.
    pub in_use: i64,
    /// What is left; below zero when more is used than there is.
    pub balance: i64,
    /// How many terms hold something.
    pub terms: i32,
    /// The kind of term that ends first.
    pub term: Term,
    /// When the first of them ends.
    pub ends_at: Option<Moment>,
    /// Since when there are not enough.
    pub short_since: Option<Moment>,
    /// Counts changes.
    pub version: i64,
}

impl Stock {
    /// Nobody runs out of what is billed by its use.
    pub fn is_metered(&self) -> bool {
        self.billing == Billing::Usage
    }
    /// How many can be moved elsewhere: all that is not set aside, in use or not.
    pub fn transferable(&self) -> i64 {
        self.purchased.saturating_sub(self.reserved).max(0)
    }
    /// How many are free, so that they can be set aside.
    pub fn surplus(&self) -> i64 {
        if self.is_metered() {
            i64::MAX
        } else {
            self.balance.max(0)
        }
    }
    /// How many there are too few.
    pub fn shortage(&self) -> i64 {
        if self.short_since.is_some() {
            self.balance.saturating_neg().max(0)
        } else {
            0
        }
    }
}

/// What the pools of a stock add up to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sums {
    pub name: String,
    pub billing: Billing,
    pub purchased: i64,
    pub reserved: i64,
    pub terms: i32,
    pub term: Term,
    pub ends_at: Option<Moment>,
}

/// Adds pools up. None where there is no pool.
fn sums(pools: &[super::model::Pool]) -> Option<Sums> {
    let first = pools.first()?;
    let open: Vec<_> = pools
        .iter()
        .filter(|pool| pool.ended_at.is_none() && pool.purchased > 0)
        .collect();
    let soonest = open
        .iter()
        .min_by_key(|pool| super::model::precedence(pool))
        .copied()
        .unwrap_or(first);
    Some(Sums {
        name: first.name.clone(),
        // Whatever was paid for beforehand can run out.
        billing: if pools.iter().any(|pool| pool.billing == Billing::Prepaid) {
            Billing::Prepaid
        } else {
            Billing::Usage
        },
        purchased: open
            .iter()
            .fold(0_i64, |sum, pool| sum.saturating_add(pool.purchased)),
        reserved: pools
            .iter()
            .fold(0_i64, |sum, pool| sum.saturating_add(pool.reserved)),
        terms: i32::try_from(open.len()).unwrap_or(i32::MAX),
        term: soonest.term,
        ends_at: if open.is_empty() { None } else { soonest.ends_at },
    })
}

/// Writes anew what the pools of these licenses add up to, in one order for every writer: a part of the write that
/// changed them.
pub fn restate(
    tx: &mut Tx<'_>,
    at: Moment,
    who: &Who,
    account: SmartAccountId,
    changed: impl IntoIterator<Item = (VirtualAccountId, String)>,
) -> Result<()> {
    let mut changed: Vec<_> = changed.into_iter().collect();
    changed.sort_unstable();
    changed.dedup();
    for (place, entitlement) in changed {
        // Held before its pools are added up: where writers are not one at a time, what another has just changed is
        // in the sum, or the other waits and adds up again.
        if !store::hold(tx, account, place, &entitlement)? {
            let Some(pool) = pools::of_stock(tx, account, place, &entitlement)?.pop() else {
                continue;
            };
            store::ensure(
                tx,
                account,
                place,
                &entitlement,
                &pool.name,
                pool.billing,
                pool.term,
            )?;
            store::hold(tx, account, place, &entitlement)?;
        }
        let Some(sums) = sums(&pools::of_stock(tx, account, place, &entitlement)?) else {
            continue;
        };
        let stock = store::restate(tx, account, place, &entitlement, &sums)?;
        settle(tx, at, who, &stock)?;
    }
    Ok(())
}

/// What follows when a stock has other numbers: whether there are enough, and the day's end for the chart.
fn settle(tx: &mut Tx<'_>, at: Moment, who: &Who, stock: &Stock) -> Result<()> {
    let is_short = stock.balance < 0 && !stock.is_metered();
    if is_short != stock.short_since.is_some() {
        store::set_short(tx, stock.id, is_short.then_some(at))?;
        let event = if is_short {
            Event::new(
                Kind::LicensesShort,
                stock.id,
                format!(
                    "Insufficient Licenses: {} short by {}.",
                    stock.name,
                    number(&stock.balance.unsigned_abs())
                ),
            )
        } else {
            Event::new(
                Kind::LicensesEnough,
                stock.id,
                format!("{} is In Compliance again.", stock.name),
            )
        };
        let event = event
            .within(stock.account)
            .in_virtual_account(stock.virtual_account)
            .with(serde_json::json!({
                "license": stock.name, "purchased": stock.purchased, "reserved": stock.reserved,
                "in_use": stock.in_use, "balance": stock.balance,
            }));
        tx.note(at, who, &event)?;
    }
    store::keep_day(tx, &at.utc().format("%Y-%m-%d").to_string(), stock)
}

/// That devices use more, or less, of a license in a Virtual Account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Use {
    /// Where.
    pub virtual_account: VirtualAccountId,
    /// Which.
    pub entitlement: String,
    /// By how many more; fewer when below zero.
    pub by: i64,
}

/// Devices use more, or less. Right also where writers are not one at a time: each stock changes by one conditional
/// statement, and in one order for every writer, so that none waits for the other in a ring.
pub fn change_use(
    tx: &mut Tx<'_>,
    at: Moment,
    who: &Who,
    account: SmartAccountId,
    uses: &[Use],
) -> Result<()> {
    let mut sums: BTreeMap<(VirtualAccountId, &str), i64> = BTreeMap::new();
    for one in uses {
        let sum = sums
            .entry((one.virtual_account, one.entitlement.as_str()))
            .or_default();
        *sum = sum.saturating_add(one.by);
    }
    for ((place, entitlement), by) in sums {
        if by == 0 {
            continue;
        }
        let changed = match store::add_use(tx, account, place, entitlement, by)? {
            Some(stock) => stock,
            None if by < 0 => return Err(not_counted(entitlement)),
            None => {
                // Used before any was bought: the stock shows what is short.
                let known = catalog::entitlement(entitlement).ok_or_else(|| unknown(entitlement))?;
                store::ensure(
                    tx,
                    account,
                    place,
                    entitlement,
                    known.name,
                    known.billing,
                    known.term,
                )?;
                store::add_use(tx, account, place, entitlement, by)?
                    .ok_or_else(|| not_counted(entitlement))?
            }
        };
        settle(tx, at, who, &changed)?;
    }
    Ok(())
}

fn unknown(entitlement: &str) -> Error {
    let short: String = entitlement.chars().take(100).collect();
    Error::refused(
        "licenses.unknown",
        format!(
            "No license is known as \u{201c}{short}\u{201d}, neither in the catalog nor in this Virtual Account."
        ),
    )
}

/// Less cannot be used than nothing: whoever asks for it has counted wrong, and nothing is changed.
fn not_counted(entitlement: &str) -> Error {
    Error::Internal(Cause::of(format!(
        "the use of {entitlement} would fall below zero"
    )))
}

/// Whether there are enough of a license.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// What programs know it by.
    pub entitlement: String,
    /// What people know it by.
    pub name: String,
    /// More are used than there are.
    pub is_short: bool,
    /// What is left.
    pub balance: i64,
}

/// How it stands with some licenses in some Virtual Accounts. What is not there is left out.
pub fn standings_of(
    read: &mut dyn Reads,
    account: SmartAccountId,
    places: &[VirtualAccountId],
    entitlements: &[String],
) -> Result<Vec<(VirtualAccountId, Standing)>> {
    store::standings(read, account, places, entitlements)
}

/// How it stands with some licenses in a Virtual Account. What is not there is left out.
pub fn standing_of(
    read: &mut dyn Reads,
    account: SmartAccountId,
    place: VirtualAccountId,
    entitlements: &[String],
) -> Result<Vec<Standing>> {
    Ok(standings_of(read, account, &[place], entitlements)?
        .into_iter()
        .map(|(_, standing)| standing)
        .collect())
}
