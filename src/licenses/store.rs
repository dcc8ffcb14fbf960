//! The tables of licenses.

use super::model::{Kind, MoveKind, Pool, precedence};
use crate::authz::Within;
use crate::error::Result;
use crate::kernel::ids::{
    LicenseMoveId, LicensePoolId, OrderId, OrderLineId, SmartAccountId, VirtualAccountId,
};
use crate::kernel::{Moment, search_key};
use crate::platform::calendar::{Due, each};
use crate::platform::db::schema::{license_moves as moves, license_pools as pools};
use crate::platform::db::{Conn, Reads, Tx};
use chrono::TimeDelta;
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
            pools::ended_at,
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

/// Sets licenses aside, or frees them. Those that are paid for by their use are never too few.
pub fn change_reserved(tx: &mut Tx<'_>, id: LicensePoolId, by: i64, is_metered: bool) -> Result<bool> {
    let enough = pools::table.filter(pools::id.eq(id).and((pools::reserved + by).ge(0)));
    let set = (
        pools::reserved.eq(pools::reserved + by),
        pools::version.eq(pools::version + 1),
    );
    let changed = if is_metered || by < 0 {
        diesel::update(enough).set(set).execute(tx.conn())?
    } else {
        let enough = enough.filter((pools::purchased - pools::reserved).ge(by));
        diesel::update(enough).set(set).execute(tx.conn())?
    };
    Ok(changed == 1)
}

/// The pools of one license in a Virtual Account, those that end first in front.
pub fn of_stock(
    read: &mut dyn Reads,
    account: SmartAccountId,
    place: VirtualAccountId,
    entitlement: &str,
) -> Result<Vec<Pool>> {
    let mut found: Vec<Pool> = pools::table
        .filter(
            pools::smart_account_id
                .eq(account)
                .and(pools::virtual_account_id.eq(place))
                .and(pools::entitlement.eq(entitlement))
                .and(pools::deleted_place.is_null()),
        )
        .select(columns!())
        .load(read.conn())?;
    found.sort_by_key(precedence);
    Ok(found)
}

/// The pools of several licenses in several Virtual Accounts, in the order of [`precedence`] within each.
pub fn of_stocks(
    read: &mut dyn Reads,
    account: SmartAccountId,
    places: &[VirtualAccountId],
    entitlements: &[&str],
) -> Result<Vec<Pool>> {
    let mut found: Vec<Pool> = Vec::new();
    let chunks = places
        .chunks(400)
        .flat_map(|places| entitlements.chunks(400).map(move |keys| (places, keys)));
    for (places, keys) in chunks {
        found.extend(
            pools::table
                .filter(
                    pools::smart_account_id
                        .eq(account)
                        .and(pools::virtual_account_id.eq_any(places.to_vec()))
                        .and(pools::entitlement.eq_any(keys.to_vec()))
                        .and(pools::deleted_place.is_null()),
                )
                .select(columns!())
                .load::<Pool>(read.conn())?,
        );
    }
    found.sort_by_key(precedence);
    Ok(found)
}

/// A pool that was just inserted.
pub fn empty_pool(id: LicensePoolId, account: SmartAccountId, place: VirtualAccountId, kind: &Kind) -> Pool {
    Pool {
        id,
        account,
        virtual_account: place,
        entitlement: kind.entitlement.clone(),
        name: kind.name.clone(),
        billing: kind.billing,
        term: kind.term,
        starts_at: kind.starts_at,
        ends_at: kind.ends_at,
        purchased: 0,
        reserved: 0,
        ended_at: None,
        version: 1,
    }
}

/// Everything that a tenant holds in terms that are not over.
pub fn of_account(read: &mut dyn Reads, account: SmartAccountId) -> Result<Vec<Pool>> {
    Ok(pools::table
        .filter(
            pools::smart_account_id
                .eq(account)
                .and(pools::ended_at.is_null())
                .and(pools::deleted_place.is_null()),
        )
        .order(pools::id.asc())
        .select(columns!())
        .load(read.conn())?)
}

/// What a Virtual Account holds of all licenses, by entitlement and what ends first: terms that are not over.
pub fn of_place(read: &mut dyn Reads, account: SmartAccountId, place: VirtualAccountId) -> Result<Vec<Pool>> {
    let mut found: Vec<Pool> = pools::table
        .filter(
            pools::smart_account_id
                .eq(account)
                .and(pools::virtual_account_id.eq(place))
                .and(pools::ended_at.is_null())
                .and(pools::purchased.gt(0)),
        )
        .select(columns!())
        .load(read.conn())?;
    found.sort_by(|a, b| (&a.entitlement, precedence(a)).cmp(&(&b.entitlement, precedence(b))));
    Ok(found)
}

/// Some pools, by their ids.
pub fn these(read: &mut dyn Reads, account: SmartAccountId, ids: &[LicensePoolId]) -> Result<Vec<Pool>> {
    let mut found = Vec::new();
    for some in ids.chunks(500) {
        let rows: Vec<Pool> = pools::table
            .filter(
                pools::smart_account_id
                    .eq(account)
                    .and(pools::id.eq_any(some.to_vec())),
            )
            .select(columns!())
            .load(read.conn())?;
        found.extend(rows);
    }
    Ok(found)
}

/// Pools that hold something, whose last day is over and that still count.
pub fn over(read: &mut dyn Reads, ended_before: Moment, most: i64) -> Result<Vec<Pool>> {
    Ok(pools::table
        .filter(
            pools::ended_at
                .is_null()
                .and(pools::ends_at.le(ended_before))
                .and(pools::purchased.gt(0).or(pools::reserved.gt(0))),
        )
        .order((pools::ends_at.asc(), pools::id.asc()))
        .select(columns!())
        .limit(most)
        .load(read.conn())?)
}

/// Marks a pool as over; false when somebody else has.
pub fn end(tx: &mut Tx<'_>, id: LicensePoolId, at: Moment) -> Result<bool> {
    let open = pools::table.filter(pools::id.eq(id).and(pools::ended_at.is_null()));
    Ok(diesel::update(open)
        .set((pools::ended_at.eq(at), pools::version.eq(pools::version + 1)))
        .execute(tx.conn())?
        == 1)
}

/// Pools within reach that hold something and whose term ends, or ended, within these days: the first first.
pub fn ending(
    read: &mut dyn Reads,
    within: &Within,
    from: Moment,
    until: Moment,
    most: i64,
) -> Result<Vec<Pool>> {
    let mut query = pools::table
        .filter(
            pools::smart_account_id
                .eq(within.account()?)
                .and(pools::ends_at.ge(from))
                .and(pools::ends_at.lt(until))
                .and(pools::purchased.gt(0))
                .and(pools::deleted_place.is_null()),
        )
        .into_boxed();
    if let Some(only) = within.only() {
        query = query.filter(pools::virtual_account_id.eq_any(only.to_vec()));
    }
    Ok(query
        .order((pools::ends_at.asc(), pools::id.asc()))
        .select(columns!())
        .limit(most)
        .load(read.conn())?)
}

/// A line of the ledger as lists show it.
#[derive(Debug, Clone, Queryable)]
pub struct Posting {
    pub id: LicenseMoveId,
    pub at: Moment,
    pub kind: MoveKind,
    pub quantity: i64,
    pub license: String,
    /// In which Virtual Account; where that was deleted since, its name then.
    pub place: VirtualAccountId,
    pub deleted_place: Option<String>,
    pub order: Option<OrderId>,
    pub reference: String,
    pub actor: String,
}

/// Which lines of the ledger: those of one license in one Virtual Account, or all within reach.
#[derive(Debug, Clone, Default)]
pub struct Ledger {
    pub of: Option<(VirtualAccountId, String)>,
    pub typed: String,
    pub kinds: Vec<MoveKind>,
}

type MovesOfPools =
    diesel::dsl::InnerJoinQuerySource<moves::table, pools::table, diesel::dsl::Eq<pools::id, moves::pool_id>>;

macro_rules! ledger {
    ($within:expr, $asked:expr) => {{
        let (within, asked): (&Within, &Ledger) = ($within, $asked);
        let mut query = moves::table
            .inner_join(pools::table.on(pools::id.eq(moves::pool_id)))
            .filter(moves::smart_account_id.eq(within.account()?))
            .into_boxed();
        if let Some(only) = within.only() {
            query = query.filter(
                pools::virtual_account_id
                    .eq_any(only.to_vec())
                    .and(pools::deleted_place.is_null()),
            );
        }
        if let Some((place, entitlement)) = &asked.of {
            query = query.filter(
                pools::virtual_account_id
                    .eq(*place)
                    .and(pools::entitlement.eq(entitlement.clone()))
                    .and(pools::deleted_place.is_null()),
            );
        }
        if let Some(found) = crate::found!(MovesOfPools, &asked.typed, pools::search_key) {
            query = query.filter(found);
        }
        if !asked.kinds.is_empty() {
            query = query.filter(moves::kind.eq_any(asked.kinds.clone()));
        }
        query
    }};
}

/// How many lines of the ledger there are.
pub fn count_postings(read: &mut dyn Reads, within: &Within, asked: &Ledger) -> Result<u64> {
    let found: i64 = ledger!(within, asked).count().get_result(read.conn())?;
    Ok(u64::try_from(found).unwrap_or_default())
}

/// A page of the ledger, the newest first.
pub fn postings(
    read: &mut dyn Reads,
    within: &Within,
    asked: &Ledger,
    limit: i64,
    offset: i64,
) -> Result<Vec<Posting>> {
    Ok(ledger!(within, asked)
        .order((moves::at.desc(), moves::id.desc()))
        .select((
            moves::id,
            moves::at,
            moves::kind,
            moves::quantity,
            pools::name,
            pools::virtual_account_id,
            pools::deleted_place,
            moves::order_id,
            moves::reference,
            moves::actor,
        ))
        .limit(limit)
        .offset(offset)
        .load(read.conn())?)
}

/// A line of the ledger.
#[derive(Debug, Clone)]
pub struct Entry {
    pub account: SmartAccountId,
    pub pool: LicensePoolId,
    pub quantity: i64,
    pub kind: MoveKind,
    /// The order and its line, where it came from one.
    pub order: Option<(OrderId, OrderLineId)>,
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
                    moves::order_id.eq(one.order.map(|(order, _)| order)),
                    moves::order_line_id.eq(one.order.map(|(_, line)| line)),
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
) -> Result<
    Vec<(
        LicensePoolId,
        SmartAccountId,
        VirtualAccountId,
        String,
        String,
        i64,
    )>,
> {
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
            pools::entitlement,
            moves::quantity,
        ))
        .load(read.conn())?)
}

/// Closes the pools of a Virtual Account that is deleted and is called so: they stand under another one from then on, where
/// nothing goes in or out of them, and their part of the ledger stays.
pub fn close(
    tx: &mut Tx<'_>,
    account: SmartAccountId,
    place: VirtualAccountId,
    name: &str,
    under: VirtualAccountId,
) -> Result<()> {
    let here = pools::smart_account_id
        .eq(account)
        .and(pools::virtual_account_id.eq(place));
    diesel::update(pools::table.filter(here.and(pools::deleted_place.is_null())))
        .set((
            pools::deleted_place.eq(name),
            // No license that comes is put into it.
            pools::pool_key.eq(pools::id),
        ))
        .execute(tx.conn())?;
    diesel::update(pools::table.filter(here))
        .set((
            pools::virtual_account_id.eq(under),
            pools::version.eq(pools::version + 1),
        ))
        .execute(tx.conn())?;
    Ok(())
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

/// The next terms that end, `whole_last_day` after the time that is kept.
pub fn upcoming(
    read: &mut dyn Reads,
    after: Moment,
    whole_last_day: TimeDelta,
    most: i64,
) -> Result<Vec<Due>> {
    let rows: Vec<(Option<Moment>, String)> = pools::table
        .filter(
            pools::ended_at
                .is_null()
                .and(pools::ends_at.gt(after.plus(-whole_last_day)))
                .and(pools::purchased.gt(0).or(pools::reserved.gt(0))),
        )
        .order((pools::ends_at.asc(), pools::id.asc()))
        .select((pools::ends_at, pools::name))
        .limit(most)
        .load(read.conn())?;
    let rows = rows
        .into_iter()
        .filter_map(|(at, name)| Some((at?.plus(whole_last_day), name)))
        .collect();
    Ok(each(
        rows,
        "License term ends",
        "Its last day is over; the licenses count no more.",
    )
    .collect())
}
