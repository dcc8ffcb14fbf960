//! Pools: the licenses of one kind and term in a Virtual Account, and their numbers.

use crate::authz::Within;
use crate::error::Result;
use crate::kernel::ids::{LicensePoolId, SmartAccountId, VirtualAccountId};
use crate::kernel::{Moment, search_key};
use crate::licenses::model::{Kind, Pool, precedence};
use crate::platform::calendar::{Due, each};
use crate::platform::db::schema::license_pools as pools;
use crate::platform::db::{KeepReady, Reads, Tx};
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
        .kept_ready()
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
        diesel::update(enough).set(set).kept_ready().execute(tx.conn())?
    } else {
        let enough = enough.filter((pools::purchased - pools::reserved).ge(by));
        diesel::update(enough).set(set).kept_ready().execute(tx.conn())?
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
