//! Licenses for tests: they come as those of orders do.

use super::{Account, Portal};
use diesel::prelude::*;
use licentral::catalog;
use licentral::kernel::ids::{OrderId, OrderLineId, VirtualAccountId};
use licentral::kernel::{Moment, Who};
use licentral::licenses::{self, Incoming};
use licentral::platform::db::Reads;
use licentral::platform::db::schema::{
    license_pools as pools, license_stocks as stocks, virtual_accounts as places,
};
use serde_json::Value;

impl Portal {
    /// Licenses come into a Virtual Account, as an assigned line of an order brings them.
    pub fn licenses(&self, account: &Account, place: VirtualAccountId, sku: &str, quantity: i64) {
        let at = self.clock.now();
        self.licenses_of(account, place, sku, quantity, at, None);
    }

    /// The same, ordered on a day and for so many months.
    pub fn licenses_of(
        &self,
        account: &Account,
        place: VirtualAccountId,
        sku: &str,
        quantity: i64,
        ordered_at: Moment,
        months: Option<i32>,
    ) {
        let at = self.clock.now();
        let incoming = [Incoming {
            account: account.id,
            virtual_account: place,
            order: OrderId::new(),
            line: OrderLineId::new(),
            round: 1,
            reference: "TEST-1",
            item: catalog::find(sku).unwrap(),
            quantity,
            ordered_at,
            months,
        }];
        self.db
            .housekeeping_now(|tx| licenses::grant(tx, at, &Who::portal("tests"), &incoming).map(drop))
            .unwrap();
    }

    /// What a Virtual Account has of a license: its id; purchased, in use, reserved and balance.
    pub fn stock_named(
        &self,
        account: &Account,
        place: &str,
        entitlement: &str,
    ) -> Option<(String, [i64; 4])> {
        self.db
            .read_now(|r| {
                let found: Option<(String, i64, i64, i64, i64)> = stocks::table
                    .inner_join(places::table.on(places::id.eq(stocks::virtual_account_id)))
                    .filter(stocks::smart_account_id.eq(account.id))
                    .filter(places::name.eq(place))
                    .filter(stocks::entitlement.eq(entitlement))
                    .select((
                        stocks::id,
                        stocks::purchased,
                        stocks::in_use,
                        stocks::reserved,
                        stocks::balance,
                    ))
                    .first(r.conn())
                    .optional()?;
                Ok(found.map(|(id, a, b, c, d)| (id, [a, b, c, d])))
            })
            .unwrap()
    }

    /// Devices use more of a license, or less: one more device does, or those that are there use less.
    pub fn uses(
        &self,
        account: &Account,
        place: VirtualAccountId,
        entitlement: &str,
        by: i64,
    ) -> licentral::error::Result<()> {
        let (at, who) = (self.clock.now(), Who::portal("tests"));
        if by > 0 {
            let placed = [super::devices::placed(account, place, entitlement, by, at)];
            return self
                .db
                .housekeeping_now(|tx| licentral::devices::place_many(tx, at, &who, account.id, &placed));
        }
        let uses = [licenses::Use {
            virtual_account: place,
            entitlement: entitlement.to_owned(),
            by,
        }];
        self.db.housekeeping_now(|tx| {
            licenses::change_use(tx, at, &who, account.id, &uses)?;
            super::devices::use_less(tx, place, entitlement, -by)
        })
    }
}

/// The sum over all Virtual Accounts of what was purchased of a license.
pub fn sum_of(p: &Portal, entitlement: &str) -> i64 {
    p.db.read_now(|r| {
        let all: Vec<i64> = pools::table
            .filter(pools::entitlement.eq(entitlement))
            .select(pools::purchased)
            .load(r.conn())?;
        Ok(all.iter().sum())
    })
    .unwrap()
}

/// The code of a refusal.
pub fn refused(reply: &super::Reply) -> String {
    let body: Value = reply.expect(409).json();
    body["code"].as_str().unwrap_or_default().to_owned()
}
