//! The list of licenses: what it is narrowed to and sorted by; those that are short, and the sums.

use crate::authz::Within;
use crate::catalog::{Billing, Term};
use crate::error::Result;
use crate::kernel::Moment;
use crate::kernel::ids::{LicenseStockId, SmartAccountId, VirtualAccountId};
use crate::licenses::stock::Stock;
use crate::platform::db::schema::{
    license_stocks as stocks, license_tags as tags, license_tallies as tallies,
};
use crate::platform::db::{Backend, Order, Reads, by, one_of, ordered};
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use std::collections::HashMap;

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

type Query = stocks::BoxedQuery<'static, Backend>;

/// By what they can be sorted; the id settles equals. What never ends comes last, on both databases.
pub const ORDERS: &[Order<Query>] = &[
    ("license", |query, falling| by(query, stocks::search_key, falling)),
    ("purchased", |query, falling| {
        by(query, stocks::purchased, falling)
    }),
    ("in-use", |query, falling| by(query, stocks::in_use, falling)),
    ("balance", |query, falling| by(query, stocks::balance, falling)),
    ("ends", |query, falling| {
        by(
            by(query, stocks::ends_at.is_null(), false),
            stocks::ends_at,
            falling,
        )
    }),
];
/// By name, from the first on.
pub const BY_NAME: (&str, bool) = ("license", false);

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
    (key, falling): (&str, bool),
    limit: i64,
    offset: i64,
) -> Result<Vec<Stock>> {
    let query = ordered(asked!(within, filter), ORDERS, (key, falling));
    let query = by(query, stocks::id, falling).select(columns!());
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
