//! One stock, or some that are known: held, counted, found, forgotten.

use crate::authz::Within;
use crate::catalog::{Billing, Term};
use crate::error::{Error, Result};
use crate::kernel::ids::{LicenseStockId, SmartAccountId, VirtualAccountId};
use crate::kernel::{Moment, search_key};
use crate::licenses::stock::{Standing, Stock, Sums};
use crate::licenses::tags;
use crate::platform::db::schema::{
    license_days as day_rows, license_stocks as stocks, license_tallies as tallies,
};
use crate::platform::db::{Conn, KeepReady, Reads, Tx, one_of};
use diesel::prelude::*;

macro_rules! this {
    ($account:expr, $place:expr, $entitlement:expr) => {
        stocks::smart_account_id
            .eq($account)
            .and(stocks::virtual_account_id.eq($place))
            .and(stocks::entitlement.eq($entitlement))
    };
}

/// Whether there is a stock; nobody else changes it until the transaction ends.
pub fn hold(
    tx: &mut Tx<'_>,
    account: SmartAccountId,
    place: VirtualAccountId,
    entitlement: &str,
) -> Result<bool> {
    let query = stocks::table
        .filter(this!(account, place, entitlement))
        .select(stocks::id);
    let there: Option<LicenseStockId> = match tx.conn() {
        Conn::Sqlite(c) => query.first(c).optional()?,
        Conn::Postgres(c) => query.for_update().first(c).optional()?,
    };
    Ok(there.is_some())
}

/// Makes an empty stock, unless somebody else has just made it.
pub fn ensure(
    tx: &mut Tx<'_>,
    account: SmartAccountId,
    place: VirtualAccountId,
    entitlement: &str,
    name: &str,
    billing: Billing,
    term: Term,
) -> Result<()> {
    let row = (
        stocks::id.eq(LicenseStockId::new()),
        stocks::smart_account_id.eq(account),
        stocks::virtual_account_id.eq(place),
        stocks::entitlement.eq(entitlement),
        stocks::name.eq(name),
        stocks::search_key.eq(search_key(name)),
        stocks::billing.eq(billing),
        stocks::purchased.eq(0_i64),
        stocks::reserved.eq(0_i64),
        stocks::in_use.eq(0_i64),
        stocks::balance.eq(0_i64),
        stocks::terms.eq(0),
        stocks::term.eq(term),
        stocks::version.eq(1_i64),
    );
    match tx.conn() {
        Conn::Sqlite(c) => diesel::insert_into(stocks::table)
            .values(row)
            .on_conflict_do_nothing()
            .execute(c)?,
        Conn::Postgres(c) => diesel::insert_into(stocks::table)
            .values(row)
            .on_conflict_do_nothing()
            .execute(c)?,
    };
    Ok(())
}

/// What its pools add up to now. The use is not touched: devices may change it at the same time.
pub fn restate(
    tx: &mut Tx<'_>,
    account: SmartAccountId,
    place: VirtualAccountId,
    entitlement: &str,
    sums: &Sums,
) -> Result<Stock> {
    Ok(
        diesel::update(stocks::table.filter(this!(account, place, entitlement)))
            .set((
                stocks::name.eq(&sums.name),
                stocks::search_key.eq(search_key(&sums.name)),
                stocks::billing.eq(sums.billing),
                stocks::purchased.eq(sums.purchased),
                stocks::reserved.eq(sums.reserved),
                stocks::balance.eq(stocks::in_use * -1_i64 + sums.purchased.saturating_sub(sums.reserved)),
                stocks::terms.eq(sums.terms),
                stocks::term.eq(sums.term),
                stocks::ends_at.eq(sums.ends_at),
                stocks::version.eq(stocks::version + 1),
            ))
            .returning(columns!())
            .kept_ready()
            .get_result(tx.conn())?,
    )
}

/// Counts more in use, or less; none where there is no stock, or not so much in use.
pub fn add_use(
    tx: &mut Tx<'_>,
    account: SmartAccountId,
    place: VirtualAccountId,
    entitlement: &str,
    by: i64,
) -> Result<Option<Stock>> {
    let enough = this!(account, place, entitlement).and((stocks::in_use + by).ge(0));
    let counted = diesel::update(stocks::table.filter(enough))
        .set((
            stocks::in_use.eq(stocks::in_use + by),
            stocks::balance.eq(stocks::balance - by),
            stocks::version.eq(stocks::version + 1),
        ))
        .returning(columns!());
    Ok(counted.kept_ready().get_result(tx.conn()).optional()?)
}

pub fn set_short(tx: &mut Tx<'_>, id: LicenseStockId, since: Option<Moment>) -> Result<()> {
    diesel::update(stocks::table.find(id))
        .set(stocks::short_since.eq(since))
        .execute(tx.conn())?;
    Ok(())
}

/// The numbers of a day; the last ones count. The stock's row is held by this writer, so nobody else writes its day.
pub fn keep_day(tx: &mut Tx<'_>, day: &str, stock: &Stock) -> Result<()> {
    let row = day_rows::table.find((stock.id, day));
    let changed = diesel::update(row)
        .set((
            day_rows::purchased.eq(stock.purchased),
            day_rows::reserved.eq(stock.reserved),
            day_rows::in_use.eq(stock.in_use),
        ))
        .kept_ready()
        .execute(tx.conn())?;
    if changed == 0 {
        diesel::insert_into(day_rows::table)
            .values((
                day_rows::stock_id.eq(stock.id),
                day_rows::smart_account_id.eq(stock.account),
                day_rows::day.eq(day),
                day_rows::purchased.eq(stock.purchased),
                day_rows::reserved.eq(stock.reserved),
                day_rows::in_use.eq(stock.in_use),
            ))
            .execute(tx.conn())?;
    }
    Ok(())
}

/// The days of a stock on which a number changed, in order: day, purchased, reserved, in use.
pub fn days(
    read: &mut dyn Reads,
    account: SmartAccountId,
    id: LicenseStockId,
) -> Result<Vec<(String, i64, i64, i64)>> {
    Ok(day_rows::table
        .filter(
            day_rows::stock_id
                .eq(id)
                .and(day_rows::smart_account_id.eq(account)),
        )
        .order(day_rows::day.asc())
        .select((
            day_rows::day,
            day_rows::purchased,
            day_rows::reserved,
            day_rows::in_use,
        ))
        .load(read.conn())?)
}

/// One stock within reach.
pub fn find(read: &mut dyn Reads, within: &Within, id: LicenseStockId) -> Result<Stock> {
    let stock: Stock = stocks::table
        .filter(
            stocks::id
                .eq(id)
                .and(stocks::smart_account_id.eq(within.account()?)),
        )
        .select(columns!())
        .first(read.conn())?;
    if within.covers(stock.virtual_account) {
        Ok(stock)
    } else {
        Err(Error::NotFound)
    }
}

/// Some licenses of a Virtual Account.
pub fn find_many(
    read: &mut dyn Reads,
    account: SmartAccountId,
    place: VirtualAccountId,
    entitlements: &[String],
) -> Result<Vec<Stock>> {
    let mut found = Vec::new();
    for some in entitlements.chunks(500) {
        let rows: Vec<Stock> = stocks::table
            .filter(
                stocks::smart_account_id
                    .eq(account)
                    .and(stocks::virtual_account_id.eq(place))
                    .and(one_of(stocks::entitlement, some.to_vec())),
            )
            .order(stocks::search_key.asc())
            .select(columns!())
            .load(read.conn())?;
        found.extend(rows);
    }
    Ok(found)
}

/// How it stands with some licenses in some Virtual Accounts, in no particular order.
pub fn standings(
    read: &mut dyn Reads,
    account: SmartAccountId,
    places: &[VirtualAccountId],
    entitlements: &[String],
) -> Result<Vec<(VirtualAccountId, Standing)>> {
    let mut found = Vec::new();
    for places in places.chunks(500) {
        for some in entitlements.chunks(500) {
            let rows: Vec<(VirtualAccountId, String, String, Option<Moment>, i64)> = stocks::table
                .filter(
                    stocks::smart_account_id
                        .eq(account)
                        .and(one_of(stocks::virtual_account_id, places.to_vec()))
                        .and(one_of(stocks::entitlement, some.to_vec())),
                )
                .select((
                    stocks::virtual_account_id,
                    stocks::entitlement,
                    stocks::name,
                    stocks::short_since,
                    stocks::balance,
                ))
                .load(read.conn())?;
            found.extend(
                rows.into_iter()
                    .map(|(place, entitlement, name, short_since, balance)| {
                        let is_short = short_since.is_some();
                        (
                            place,
                            Standing {
                                entitlement,
                                name,
                                is_short,
                                balance,
                            },
                        )
                    }),
            );
        }
    }
    Ok(found)
}

/// All licenses of a Virtual Account, by name.
pub fn in_place(
    read: &mut dyn Reads,
    account: SmartAccountId,
    place: VirtualAccountId,
) -> Result<Vec<Stock>> {
    Ok(stocks::table
        .filter(
            stocks::smart_account_id
                .eq(account)
                .and(stocks::virtual_account_id.eq(place)),
        )
        .order((stocks::search_key.asc(), stocks::id.asc()))
        .select(columns!())
        .load(read.conn())?)
}

/// What lies or is used in these Virtual Accounts: how much is purchased and in use of each license.
pub fn held_in(
    read: &mut dyn Reads,
    account: SmartAccountId,
    places: &[VirtualAccountId],
) -> Result<Vec<(VirtualAccountId, i64)>> {
    let mut found = Vec::new();
    for some in places.chunks(500) {
        let rows: Vec<(VirtualAccountId, i64)> = stocks::table
            .filter(
                stocks::smart_account_id
                    .eq(account)
                    .and(stocks::virtual_account_id.eq_any(some.to_vec())),
            )
            .select((stocks::virtual_account_id, stocks::purchased))
            .load(read.conn())?;
        found.extend(rows);
    }
    Ok(found)
}

/// Forgets the stocks of a Virtual Account that is deleted: all are empty by then.
pub fn forget(tx: &mut Tx<'_>, account: SmartAccountId, place: VirtualAccountId) -> Result<()> {
    let gone: Vec<LicenseStockId> = stocks::table
        .filter(
            stocks::smart_account_id
                .eq(account)
                .and(stocks::virtual_account_id.eq(place)),
        )
        .select(stocks::id)
        .load(tx.conn())?;
    for some in gone.chunks(500) {
        tags::forget(tx, some)?;
        diesel::delete(day_rows::table.filter(day_rows::stock_id.eq_any(some.to_vec())))
            .execute(tx.conn())?;
        diesel::delete(stocks::table.filter(stocks::id.eq_any(some.to_vec()))).execute(tx.conn())?;
    }
    diesel::delete(tallies::table.find((account, place))).execute(tx.conn())?;
    Ok(())
}
