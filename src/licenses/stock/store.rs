//! The tables of stocks and of their days.

use super::{Standing, Stock, Sums};
use crate::authz::Within;
use crate::catalog::{Billing, Term};
use crate::error::{Error, Result};
use crate::kernel::ids::{LicenseStockId, SmartAccountId, VirtualAccountId};
use crate::kernel::{Moment, search_key};
use crate::platform::db::schema::{
    license_days as day_rows, license_stocks as stocks, license_tags as tags, license_tallies as tallies,
};
use crate::platform::db::{Conn, Reads, Tx, one_of};
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use std::collections::HashMap;

macro_rules! columns {
    () => {
        (
            stocks::id,
            stocks::smart_account_id,
            stocks::virtual_account_id,
            stocks::entitlement,
            stocks::name,
            stocks::billing,
            stocks::purchased,
            stocks::reserved,
            stocks::in_use,
            stocks::balance,
            stocks::terms,
            stocks::term,
            stocks::ends_at,
            stocks::short_since,
            stocks::version,
        )
    };
}

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
    Ok(diesel::update(stocks::table.filter(enough))
        .set((
            stocks::in_use.eq(stocks::in_use + by),
            stocks::balance.eq(stocks::balance - by),
            stocks::version.eq(stocks::version + 1),
        ))
        .returning(columns!())
        .get_result(tx.conn())
        .optional()?)
}

pub fn set_short(tx: &mut Tx<'_>, id: LicenseStockId, since: Option<Moment>) -> Result<()> {
    diesel::update(stocks::table.find(id))
        .set(stocks::short_since.eq(since))
        .execute(tx.conn())?;
    Ok(())
}

/// The numbers of a day; the last ones count. The stock's row is held by this writer, so nobody else writes its day.
pub fn keep_day(tx: &mut Tx<'_>, day: &str, stock: &Stock) -> Result<()> {
    let changed = diesel::update(day_rows::table.find((stock.id, day)))
        .set((
            day_rows::purchased.eq(stock.purchased),
            day_rows::reserved.eq(stock.reserved),
            day_rows::in_use.eq(stock.in_use),
        ))
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
        super::super::tags::forget(tx, some)?;
        diesel::delete(day_rows::table.filter(day_rows::stock_id.eq_any(some.to_vec())))
            .execute(tx.conn())?;
        diesel::delete(stocks::table.filter(stocks::id.eq_any(some.to_vec()))).execute(tx.conn())?;
    }
    diesel::delete(tallies::table.find((account, place))).execute(tx.conn())?;
    Ok(())
}

/// What a list of licenses is narrowed to.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Typed into the search: a part of a name, of what programs know it by, or of a license tag.
    pub typed: String,
    /// Any of these license tags, folded; all when empty.
    pub tags: Vec<String>,
    /// Any of these; all when absent, nothing when empty.
    pub places: Option<Vec<VirtualAccountId>>,
    /// Any of these; all when empty.
    pub terms: Vec<Term>,
    /// Any of these; all when empty.
    pub billings: Vec<Billing>,
    /// Of which there are not enough.
    pub short: bool,
    /// Of which a term ends before this.
    pub ends_before: Option<Moment>,
    /// Those of which nothing is there and nothing used as well.
    pub empty_too: bool,
}

impl Filter {
    /// Whether what is kept for each Virtual Account says how many there are.
    fn is_counted(&self) -> bool {
        let Self {
            typed,
            tags,
            places: _,
            terms,
            billings,
            short,
            ends_before,
            empty_too,
        } = self;
        typed.trim().is_empty()
            && tags.is_empty()
            && terms.is_empty()
            && billings.is_empty()
            && !short
            && ends_before.is_none()
            && !empty_too
    }
}

/// By what a list is sorted; the name and the id settle equals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sort {
    License,
    Purchased,
    InUse,
    Balance,
    Ends,
}

/// What lies within reach and is asked for.
macro_rules! asked {
    ($within:expr, $filter:expr) => {{
        let (within, filter): (&Within, &Filter) = ($within, $filter);
        let mut query = stocks::table
            .filter(stocks::smart_account_id.eq(within.account()?))
            .into_boxed();
        if let Some(only) = within.only() {
            query = query.filter(stocks::virtual_account_id.eq_any(only.to_vec()));
        }
        let account = within.account()?;
        let found = crate::found!(
            stocks::table,
            &filter.typed,
            stocks::search_key,
            stocks::entitlement;
            pattern => stocks::id.eq_any(
                tags::table
                    .filter(tags::smart_account_id.eq(account).and(tags::tag_key.like(pattern).escape('\\')))
                    .select(tags::stock_id),
            )
        );
        if let Some(found) = found {
            query = query.filter(found);
        }
        if !filter.tags.is_empty() {
            let tagged = tags::table
                .filter(
                    tags::smart_account_id
                        .eq(within.account()?)
                        .and(tags::tag_key.eq_any(filter.tags.clone())),
                )
                .select(tags::stock_id);
            query = query.filter(stocks::id.eq_any(tagged));
        }
        if let Some(places) = &filter.places {
            query = query.filter(stocks::virtual_account_id.eq_any(places.clone()));
        }
        if !filter.terms.is_empty() {
            query = query.filter(stocks::term.eq_any(filter.terms.clone()));
        }
        if !filter.billings.is_empty() {
            query = query.filter(stocks::billing.eq_any(filter.billings.clone()));
        }
        if filter.short {
            query = query.filter(stocks::short_since.is_not_null());
        }
        if let Some(before) = filter.ends_before {
            query = query.filter(stocks::ends_at.lt(before));
        }
        if !filter.empty_too {
            query = query.filter(
                stocks::purchased
                    .gt(0)
                    .or(stocks::in_use.gt(0))
                    .or(stocks::reserved.gt(0)),
            );
        }
        query
    }};
}

/// How many match. All of an account or of some Virtual Accounts are a sum of what the database counts with each change.
pub fn count(read: &mut dyn Reads, within: &Within, filter: &Filter) -> Result<u64> {
    let found: i64 = if filter.is_counted() {
        let mut query = tallies::table
            .filter(tallies::smart_account_id.eq(within.account()?))
            .into_boxed();
        if let Some(only) = within.only() {
            query = query.filter(tallies::virtual_account_id.eq_any(only.to_vec()));
        }
        if let Some(places) = &filter.places {
            query = query.filter(tallies::virtual_account_id.eq_any(places.clone()));
        }
        query
            .select(sql::<BigInt>("CAST(COALESCE(SUM(licenses), 0) AS BIGINT)"))
            .get_result(read.conn())?
    } else {
        asked!(within, filter).count().get_result(read.conn())?
    };
    Ok(u64::try_from(found).unwrap_or_default())
}

/// All that is purchased. Added up here: sums of whole numbers come back as another type from each database.
pub fn purchased(read: &mut dyn Reads, within: &Within) -> Result<i64> {
    let all: Vec<i64> = asked!(within, &Filter::default())
        .select(stocks::purchased)
        .load(read.conn())?;
    Ok(all.into_iter().fold(0, i64::saturating_add))
}

pub fn page(
    read: &mut dyn Reads,
    within: &Within,
    filter: &Filter,
    (sort, descending): (Sort, bool),
    limit: i64,
    offset: i64,
) -> Result<Vec<Stock>> {
    let query = asked!(within, filter).select(columns!());
    let query = match (sort, descending) {
        (Sort::License, false) => query.order((stocks::search_key.asc(), stocks::id.asc())),
        (Sort::License, true) => query.order((stocks::search_key.desc(), stocks::id.desc())),
        (Sort::Purchased, false) => query.order((stocks::purchased.asc(), stocks::id.asc())),
        (Sort::Purchased, true) => query.order((stocks::purchased.desc(), stocks::id.desc())),
        (Sort::InUse, false) => query.order((stocks::in_use.asc(), stocks::id.asc())),
        (Sort::InUse, true) => query.order((stocks::in_use.desc(), stocks::id.desc())),
        (Sort::Balance, false) => query.order((stocks::balance.asc(), stocks::id.asc())),
        (Sort::Balance, true) => query.order((stocks::balance.desc(), stocks::id.desc())),
        // What never ends comes last, on both databases.
        (Sort::Ends, false) => query.order((
            stocks::ends_at.is_null().asc(),
            stocks::ends_at.asc(),
            stocks::id.asc(),
        )),
        (Sort::Ends, true) => query.order((
            stocks::ends_at.is_null().asc(),
            stocks::ends_at.desc(),
            stocks::id.desc(),
        )),
    };
    Ok(query.limit(limit).offset(offset).load(read.conn())?)
}

/// Licenses within reach of which there are not enough, the first short first.
macro_rules! short_within {
    ($within:expr) => {{
        let within: &Within = $within;
        let mut query = stocks::table
            .filter(
                stocks::smart_account_id
                    .eq(within.account()?)
                    .and(stocks::short_since.is_not_null()),
            )
            .order((stocks::short_since.asc(), stocks::id.asc()))
            .into_boxed();
        if let Some(only) = within.only() {
            query = query.filter(stocks::virtual_account_id.eq_any(only.to_vec()));
        }
        query
    }};
}

/// These licenses.
pub fn troubles(read: &mut dyn Reads, within: &Within, most: i64) -> Result<Vec<Stock>> {
    Ok(short_within!(within)
        .select(columns!())
        .limit(most)
        .load(read.conn())?)
}

/// Which they are, and since when: what the bell counts on every page.
pub fn short(read: &mut dyn Reads, within: &Within, most: i64) -> Result<Vec<(LicenseStockId, Moment)>> {
    Ok(short_within!(within)
        .select((stocks::id, stocks::short_since.assume_not_null()))
        .limit(most)
        .load(read.conn())?)
}

/// Those of these licenses of which there are too few.
pub fn short_among(read: &mut dyn Reads, within: &Within, ids: &[LicenseStockId]) -> Result<Vec<Stock>> {
    Ok(short_within!(within)
        .filter(one_of(stocks::id, ids.to_vec()))
        .select(columns!())
        .load(read.conn())?)
}

/// What some tenants hold of all licenses together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Total {
    /// How many there are.
    pub purchased: i64,
    /// How many are used by devices that report.
    pub in_use: i64,
    /// Kinds of licenses, each in one Virtual Account, of which there are too few.
    pub short: i64,
}

/// What some tenants hold, by tenant. One without licenses is left out.
pub fn totals(read: &mut dyn Reads, accounts: &[SmartAccountId]) -> Result<HashMap<SmartAccountId, Total>> {
    let mut found: HashMap<SmartAccountId, Total> = HashMap::new();
    // Added up here: sums of whole numbers come back as another type from each database.
    let rows: Vec<(SmartAccountId, i64, i64, Option<Moment>)> = stocks::table
        .filter(stocks::smart_account_id.eq_any(accounts.to_vec()))
        .select((
            stocks::smart_account_id,
            stocks::purchased,
            stocks::in_use,
            stocks::short_since,
        ))
        .load(read.conn())?;
    for (id, purchased, in_use, short_since) in rows {
        let total = found.entry(id).or_default();
        total.purchased = total.purchased.saturating_add(purchased);
        total.in_use = total.in_use.saturating_add(in_use);
        total.short += i64::from(short_since.is_some());
    }
    Ok(found)
}
