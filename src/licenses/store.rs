//! The tables of licenses.

use super::model::{Kind, MoveKind, Pool};
use crate::authz::Within;
use crate::catalog::{Billing, Term};
use crate::error::Result;
use crate::kernel::ids::{
    LicenseMoveId, LicensePoolId, OrderId, OrderLineId, SmartAccountId, VirtualAccountId,
};
use crate::kernel::{Moment, search_key};
use crate::platform::db::schema::{license_moves as moves, license_pools as pools};
use crate::platform::db::{Conn, Reads, Tx, contains};
use diesel::prelude::*;

macro_rules! columns {
    () => {
        (
            pools::id,
            pools::smart_account_id,
            pools::virtual_account_id,
            pools::entitlement,
            pools::name,
            pools::billing,
            pools::term,
            pools::starts_at,
            pools::ends_at,
            pools::purchased,
            pools::reserved,
            pools::reserved,
            pools::version,
        )
    };
}

/// The pool of a kind of license in a Virtual Account.
pub fn pool_id(
    read: &mut dyn Reads,
    account: SmartAccountId,
    place: VirtualAccountId,
    kind: &Kind,
) -> Result<Option<LicensePoolId>> {
    Ok(pools::table
        .filter(
            pools::smart_account_id
                .eq(account)
                .and(pools::virtual_account_id.eq(place))
                .and(pools::pool_key.eq(kind.key())),
        )
        .select(pools::id)
        .first(read.conn())
        .optional()?)
}

/// An empty pool.
pub fn insert_pool(
    tx: &mut Tx<'_>,
    at: Moment,
    id: LicensePoolId,
    account: SmartAccountId,
    place: VirtualAccountId,
    kind: &Kind,
) -> Result<()> {
    diesel::insert_into(pools::table)
        .values((
            pools::id.eq(id),
            pools::smart_account_id.eq(account),
            pools::virtual_account_id.eq(place),
            pools::entitlement.eq(&kind.entitlement),
            pools::name.eq(&kind.name),
            pools::search_key.eq(search_key(&kind.name)),
            pools::billing.eq(kind.billing),
            pools::term.eq(kind.term),
            pools::starts_at.eq(kind.starts_at),
            pools::ends_at.eq(kind.ends_at),
            pools::pool_key.eq(kind.key()),
            pools::purchased.eq(0),
            pools::reserved.eq(0),
            pools::created_at.eq(at),
            pools::version.eq(1),
        ))
        .execute(tx.conn())?;
    Ok(())
}

/// Puts licenses in, or takes them out; false when fewer would be left than are set aside, or none at all.
pub fn change_purchased(tx: &mut Tx<'_>, id: LicensePoolId, by: i64) -> Result<bool> {
    let enough = pools::table.filter(pools::id.eq(id).and((pools::purchased + by).ge(pools::reserved)));
    let changed = diesel::update(enough)
        .set((
            pools::purchased.eq(pools::purchased + by),
            pools::version.eq(pools::version + 1),
        ))
        .execute(tx.conn())?;
    Ok(changed == 1)
}

/// A line of the ledger.
#[derive(Debug, Clone)]
pub struct Entry {
    pub account: SmartAccountId,
    pub pool: LicensePoolId,
    pub quantity: i64,
    pub kind: MoveKind,
    pub order: OrderId,
    pub line: OrderLineId,
    pub round: i32,
    pub reference: String,
}

/// Adds to the ledger.
pub fn insert_moves(tx: &mut Tx<'_>, at: Moment, actor: &str, entries: &[Entry]) -> Result<()> {
    let actor: String = actor.chars().take(500).collect();
    for some in entries.chunks(200) {
        let rows: Vec<_> = some
            .iter()
            .map(|one| {
                (
                    moves::id.eq(LicenseMoveId::new()),
                    moves::smart_account_id.eq(one.account),
                    moves::pool_id.eq(one.pool),
                    moves::quantity.eq(one.quantity),
                    moves::kind.eq(one.kind),
                    moves::order_id.eq(Some(one.order)),
                    moves::order_line_id.eq(Some(one.line)),
                    moves::round.eq(one.round),
                    moves::reference.eq(one.reference.as_str()),
                    moves::at.eq(at),
                    moves::actor.eq(actor.as_str()),
                )
            })
            .collect();
        // The common connection takes one row at a time; its variants take many.
        match tx.conn() {
            Conn::Sqlite(c) => diesel::insert_into(moves::table).values(&rows).execute(c)?,
            Conn::Postgres(c) => diesel::insert_into(moves::table).values(&rows).execute(c)?,
        };
    }
    Ok(())
}

/// What a line brought in one of its assignments: the pool with its name and place, and how many.
pub fn brought_by(
    read: &mut dyn Reads,
    line: OrderLineId,
    round: i32,
) -> Result<Vec<(LicensePoolId, SmartAccountId, VirtualAccountId, String, i64)>> {
    Ok(moves::table
        .inner_join(pools::table.on(pools::id.eq(moves::pool_id)))
        .filter(
            moves::order_line_id
                .eq(line)
                .and(moves::round.eq(round))
                .and(moves::kind.eq(MoveKind::Order)),
        )
        .order(pools::id.asc())
        .select((
            pools::id,
            pools::smart_account_id,
            pools::virtual_account_id,
            pools::name,
            moves::quantity,
        ))
        .load(read.conn())?)
}

/// Pools of these Virtual Accounts that hold something: name of the Virtual Account's id and how many licenses.
pub fn held_in(
    read: &mut dyn Reads,
    account: SmartAccountId,
    places: &[VirtualAccountId],
) -> Result<Vec<(VirtualAccountId, i64)>> {
    let mut found = Vec::new();
    for some in places.chunks(500) {
        let rows: Vec<(VirtualAccountId, i64)> = pools::table
            .filter(
                pools::smart_account_id
                    .eq(account)
                    .and(pools::virtual_account_id.eq_any(some.to_vec())),
            )
            .select((pools::virtual_account_id, pools::purchased))
            .load(read.conn())?;
        found.extend(rows);
    }
    Ok(found)
}

/// Forgets the pools of a Virtual Account that is deleted, with their part of the ledger: empty ones, whose moves
/// cancel out. What happened stays in the record.
pub fn forget(tx: &mut Tx<'_>, account: SmartAccountId, place: VirtualAccountId) -> Result<()> {
    let empty: Vec<LicensePoolId> = pools::table
        .filter(
            pools::smart_account_id
                .eq(account)
                .and(pools::virtual_account_id.eq(place))
                .and(pools::purchased.eq(0)),
        )
        .select(pools::id)
        .load(tx.conn())?;
    for some in empty.chunks(500) {
        diesel::delete(moves::table.filter(moves::pool_id.eq_any(some.to_vec()))).execute(tx.conn())?;
        diesel::delete(pools::table.filter(pools::id.eq_any(some.to_vec()))).execute(tx.conn())?;
    }
    Ok(())
}

/// What a list of licenses is narrowed to.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Typed into the search.
    pub typed: String,
    /// Any of these; all when empty.
    pub places: Vec<VirtualAccountId>,
    /// Any of these; all when empty.
    pub terms: Vec<Term>,
    /// Any of these; all when empty.
    pub billings: Vec<Billing>,
    /// Pools that hold nothing any more as well.
    pub empty_too: bool,
}

/// By what a list is sorted; the name and the id settle equals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sort {
    License,
    Purchased,
    InUse,
    Ends,
}

/// What lies within reach and is asked for.
macro_rules! asked {
    ($within:expr, $filter:expr) => {{
        let (within, filter): (&Within, &Filter) = ($within, $filter);
        let mut query = pools::table
            .filter(pools::smart_account_id.eq(within.account()?))
            .into_boxed();
        if let Some(only) = within.only() {
            query = query.filter(pools::virtual_account_id.eq_any(only.to_vec()));
        }
        if !filter.typed.is_empty() {
            query = query.filter(pools::search_key.like(contains(&filter.typed)).escape('\\'));
        }
        if !filter.places.is_empty() {
            query = query.filter(pools::virtual_account_id.eq_any(filter.places.clone()));
        }
        if !filter.terms.is_empty() {
            query = query.filter(pools::term.eq_any(filter.terms.clone()));
        }
        if !filter.billings.is_empty() {
            query = query.filter(pools::billing.eq_any(filter.billings.clone()));
        }
        if !filter.empty_too {
            query = query.filter(pools::purchased.gt(0));
        }
        query
    }};
}

pub fn count(read: &mut dyn Reads, within: &Within, filter: &Filter) -> Result<u64> {
    let found: i64 = asked!(within, filter).count().get_result(read.conn())?;
    Ok(u64::try_from(found).unwrap_or_default())
}

pub fn page(
    read: &mut dyn Reads,
    within: &Within,
    filter: &Filter,
    (sort, descending): (Sort, bool),
    limit: i64,
    offset: i64,
) -> Result<Vec<Pool>> {
    let query = asked!(within, filter).select(columns!());
    let query = match (sort, descending) {
        (Sort::License, false) => query.order((pools::search_key.asc(), pools::id.asc())),
        (Sort::License, true) => query.order((pools::search_key.desc(), pools::id.desc())),
        (Sort::Purchased, false) => {
            query.order((pools::purchased.asc(), pools::search_key.asc(), pools::id.asc()))
        }
        (Sort::Purchased, true) => {
            query.order((pools::purchased.desc(), pools::search_key.asc(), pools::id.asc()))
        }
        (Sort::InUse, false) => {
            query.order((pools::reserved.asc(), pools::search_key.asc(), pools::id.asc()))
        }
        (Sort::InUse, true) => {
            query.order((pools::reserved.desc(), pools::search_key.asc(), pools::id.asc()))
        }
        // What never ends comes last, on both databases.
        (Sort::Ends, false) => query.order((
            pools::ends_at.is_null().asc(),
            pools::ends_at.asc(),
            pools::search_key.asc(),
            pools::id.asc(),
        )),
        (Sort::Ends, true) => query.order((
            pools::ends_at.is_null().asc(),
            pools::ends_at.desc(),
            pools::search_key.asc(),
            pools::id.asc(),
        )),
    };
    Ok(query.limit(limit).offset(offset).load(read.conn())?)
}

/// From which orders the licenses of pools came: pool, order and its identifier.
pub fn origins(
    read: &mut dyn Reads,
    account: SmartAccountId,
    ids: &[LicensePoolId],
) -> Result<Vec<(LicensePoolId, OrderId, String)>> {
    let mut found = Vec::new();
    for some in ids.chunks(400) {
        let rows: Vec<(LicensePoolId, Option<OrderId>, String, i64)> = moves::table
            .filter(
                moves::smart_account_id
                    .eq(account)
                    .and(moves::pool_id.eq_any(some.to_vec()))
                    .and(moves::order_id.is_not_null()),
            )
            .order((moves::pool_id.asc(), moves::at.asc(), moves::id.asc()))
            .select((moves::pool_id, moves::order_id, moves::reference, moves::quantity))
            .load(read.conn())?;
        let mut sums: Vec<(LicensePoolId, OrderId, String, i64)> = Vec::new();
        for (pool, order, reference, quantity) in rows {
            let Some(order) = order else { continue };
            match sums.iter_mut().find(|one| one.0 == pool && one.1 == order) {
                Some(known) => known.3 = known.3.saturating_add(quantity),
                None => sums.push((pool, order, reference, quantity)),
            }
        }
        // What was taken back did not stay.
        found.extend(
            sums.into_iter()
                .filter(|one| one.3 > 0)
                .map(|(pool, order, reference, _)| (pool, order, reference)),
        );
    }
    Ok(found)
}
