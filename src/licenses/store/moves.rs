//! The ledger: every move of licenses into a pool or out of it.

use crate::authz::Within;
use crate::error::Result;
use crate::kernel::Moment;
use crate::kernel::ids::{
    LicenseMoveId, LicensePoolId, OrderId, OrderLineId, SmartAccountId, VirtualAccountId,
};
use crate::licenses::model::MoveKind;
use crate::platform::db::schema::{license_moves as moves, license_pools as pools};
use crate::platform::db::{Reads, Tx, by, cut};
use diesel::prelude::*;

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

/// So many lines of the ledger, after so many.
pub fn postings(
    read: &mut dyn Reads,
    within: &Within,
    asked: &Ledger,
    newest_first: bool,
    some: (u64, u64),
) -> Result<Vec<Posting>> {
    let query = by(ledger!(within, asked), moves::at, newest_first);
    let query = by(query, moves::id, newest_first);
    Ok(cut(query, some)
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
        crate::put_many!(tx, moves::table, &rows);
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
