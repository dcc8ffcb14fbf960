//! What a pool of licenses is, and what goes in and out of it.

use crate::catalog::{Billing, Item, Term};
use crate::kernel::Moment;
use crate::kernel::ids::{LicensePoolId, OrderId, OrderLineId, SmartAccountId, VirtualAccountId};
use chrono::{Days, Months, NaiveTime};

crate::words! {
    /// Why licenses came or went.
    pub enum MoveKind {
        /// A line of an order was assigned.
        Order = "order", "Order assigned";
        /// The line was assigned elsewhere.
        OrderTakenBack = "order-taken-back", "Order taken back";
        /// From another Virtual Account.
        TransferIn = "transfer-in", "Transferred in";
        /// To another Virtual Account.
        TransferOut = "transfer-out", "Transferred out";
        /// The response to a synchronization file of an On-Prem server says that there are more, or fewer.
        Response = "response", "Synchronized";
    }
}

/// So many licenses, or lines of them, are worked on at once.
pub const MOST_AT_ONCE: usize = 200;

crate::words! {
    /// Which terms of a license go first when some of it is transferred.
    pub enum Precedence {
        /// What ends first.
        LongestTermLast = "longest-term-last", "Longest term last";
        /// What lasts longest.
        LongestTermFirst = "longest-term-first", "Longest term first";
    }
}

/// Licenses of one kind with one term in one Virtual Account.
#[derive(Debug, Clone, diesel::Queryable)]
pub struct Pool {
    /// Its id.
    pub id: LicensePoolId,
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
    /// How long it lasts.
    pub term: Term,
    /// From when.
    pub starts_at: Option<Moment>,
    /// Until when.
    pub ends_at: Option<Moment>,
    /// The sum of what came and went.
    pub purchased: i64,
    /// Set aside.
    pub reserved: i64,
    /// Since when its term is over: it counts no more.
    pub ended_at: Option<Moment>,
    /// Counts changes.
    pub version: i64,
}

impl Pool {
    /// How many can be moved elsewhere, or set aside: those of a term that is over can not.
    pub fn free(&self) -> i64 {
        if self.ended_at.is_some() {
            0
        } else {
            self.purchased.saturating_sub(self.reserved).max(0)
        }
    }
    /// What makes it, apart from where it is.
    pub fn kind(&self) -> Kind {
        Kind {
            entitlement: self.entitlement.clone(),
            name: self.name.clone(),
            billing: self.billing,
            term: self.term,
            starts_at: self.starts_at,
            ends_at: self.ends_at,
        }
    }
}

/// In which order terms are used, transferred and shown: what ends first comes first, what lasts for good last.
pub fn precedence(pool: &Pool) -> (bool, Option<Moment>, Option<Moment>, LicensePoolId) {
    (pool.ends_at.is_none(), pool.ends_at, pool.starts_at, pool.id)
}

/// Takes a quantity from pools in the order in which they come, as far as each has it free. What is left over could
/// not be had.
pub fn take<'a>(pools: impl IntoIterator<Item = &'a Pool>, mut quantity: i64) -> (Vec<(&'a Pool, i64)>, i64) {
    let mut taken = Vec::new();
    for pool in pools {
        let some = pool.free().min(quantity);
        if some > 0 {
            taken.push((pool, some));
            quantity -= some;
        }
    }
    (taken, quantity)
}

/// How much of what is in use falls on each pool, in their order; what goes beyond all of them falls on the last that
/// still counts.
pub fn fall(pools: &[Pool], mut in_use: i64) -> Vec<i64> {
    let mut fell: Vec<i64> = pools
        .iter()
        .map(|pool| {
            let some = pool.free().min(in_use);
            in_use -= some;
            some
        })
        .collect();
    if let Some(last) = pools
        .iter()
        .rposition(|pool| pool.ended_at.is_none())
        .and_then(|at| fell.get_mut(at))
    {
        *last = last.saturating_add(in_use);
    }
    fell
}

/// A line of an order that brings licenses.
#[derive(Debug, Clone)]
pub struct Incoming<'a> {
    /// Whose they become.
    pub account: SmartAccountId,
    /// Where they go.
    pub virtual_account: VirtualAccountId,
    /// Which order.
    pub order: OrderId,
    /// Which line.
    pub line: OrderLineId,
    /// Which assignment of this line it is: one brings licenses once.
    pub round: i32,
    /// The identifier of the order.
    pub reference: &'a str,
    /// What was ordered.
    pub item: &'a Item,
    /// How many of it.
    pub quantity: i64,
    /// When it was ordered: terms begin on that day.
    pub ordered_at: Moment,
    /// For how many months, when the line says so itself.
    pub months: Option<i32>,
}

/// Licenses that came or went, in words for the record.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Moved {
    /// Where.
    #[serde(skip)]
    pub virtual_account: VirtualAccountId,
    /// Which.
    pub license: String,
    /// How many.
    pub quantity: i64,
}

/// What makes a pool, apart from where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kind {
    /// What programs know the license by.
    pub entitlement: String,
    /// What people know it by.
    pub name: String,
    /// How it is paid for.
    pub billing: Billing,
    /// How long it lasts.
    pub term: Term,
    /// From when.
    pub starts_at: Option<Moment>,
    /// Until when.
    pub ends_at: Option<Moment>,
}

impl Kind {
    /// All of it in one text, unique within a Virtual Account.
    pub fn key(&self) -> String {
        let day = |at: Option<Moment>| at.map_or_else(String::new, |at| at.utc().date_naive().to_string());
        format!(
            "{}|{}|{}|{}|{}",
            self.entitlement,
            self.billing.word(),
            self.term.word(),
            day(self.starts_at),
            day(self.ends_at)
        )
    }
}

/// What a line brings: each kind of license, and how many of it.
pub fn brought(incoming: &Incoming<'_>) -> Vec<(Kind, i64)> {
    let item = incoming.item;
    let (starts_at, ends_at) = match incoming.months.or(item.months) {
        Some(months) if item.term != Term::Perpetual => {
            let (from, to) = term_of(incoming.ordered_at, months);
            (Some(from), Some(to))
        }
        _ => (None, None),
    };
    item.entitlements
        .iter()
        .map(|one| {
            let kind = Kind {
                entitlement: one.key.clone(),
                name: one.name.clone(),
                billing: item.billing,
                term: item.term,
                starts_at,
                ends_at,
            };
            (kind, incoming.quantity.saturating_mul(one.per_unit))
        })
        .collect()
}

/// From the beginning of the day, to the end of the day before that many months later.
fn term_of(from: Moment, months: i32) -> (Moment, Moment) {
    let day = from.utc().date_naive();
    let at = |day: chrono::NaiveDate| Moment::of(day.and_time(NaiveTime::MIN).and_utc());
    let later = day
        .checked_add_months(Months::new(u32::try_from(months).unwrap_or_default()))
        .and_then(|day| day.checked_sub_days(Days::new(1)))
        .unwrap_or(day);
    (at(day), at(later))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog;
    use proptest::prelude::*;

    fn incoming(item: &Item, quantity: i64, months: Option<i32>) -> Incoming<'_> {
        Incoming {
            account: SmartAccountId::new(),
            virtual_account: VirtualAccountId::new(),
            order: OrderId::new(),
            line: OrderLineId::new(),
            round: 1,
            reference: "WEB1",
            item,
            quantity,
            ordered_at: Moment::parse("2026-01-31T15:00:00Z").unwrap(),
            months,
        }
    }

    #[test]
    fn terms_are_whole_days_and_what_lasts_for_good_has_none() {
        let switch = catalog::find("C9200-48P-E").unwrap();
        let brings = brought(&incoming(switch, 3, Some(1)));
        assert_eq!(brings.len(), 2);
        let (kind, quantity) = &brings[0];
        assert_eq!(*quantity, 3);
        assert_eq!(kind.starts_at, Moment::parse("2026-01-31T00:00:00Z"));
        assert_eq!(kind.ends_at, Moment::parse("2026-02-27T00:00:00Z"));
        let forever = catalog::find("HSEC-C8300").unwrap();
        assert_eq!(brought(&incoming(forever, 1, Some(12)))[0].0.ends_at, None);
    }

    proptest! {
        #[test]
        fn any_line_of_any_product_brings_each_license_once(n in 0..76_usize, quantity in 1..=2_000_000_000_i64, months in proptest::option::of(1..=120)) {
            let item = &catalog::all()[n % catalog::all().len()];
            let brings = brought(&incoming(item, quantity, months));
            prop_assert_eq!(brings.len(), item.entitlements.len());
            for ((kind, many), one) in brings.iter().zip(&item.entitlements) {
                prop_assert_eq!(*many, quantity * one.per_unit);
                prop_assert!(kind.key().len() <= 300);
                prop_assert_eq!(kind.ends_at.is_some(), kind.starts_at.is_some());
                prop_assert!(kind.ends_at >= kind.starts_at);
            }
        }
    }
}
