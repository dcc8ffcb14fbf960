//! How many devices of each standing there are in a Virtual Account: counted with each change.

use crate::devices::model::Standing;
use crate::error::Result;
use crate::kernel::ids::{SmartAccountId, VirtualAccountId};
use crate::platform::db::schema::device_tallies as tallies;
use crate::platform::db::{KeepReady, Reads, Tx};
use crate::platform::token::random_bytes;
use diesel::prelude::*;
use std::collections::BTreeMap;

/// Over how many rows a number that many add to is spread, so that two seldom meet on one.
const SHARDS: u8 = 8;

/// Adds to how many devices of a standing there are in a Virtual Account.
pub fn tally(
    tx: &mut Tx<'_>,
    account: SmartAccountId,
    place: VirtualAccountId,
    standing: Standing,
    by: i64,
) -> Result<()> {
    if by == 0 {
        return Ok(());
    }
    let [dice] = random_bytes::<1>();
    let shard = i32::from(dice % SHARDS);
    let row = tallies::table.find((account, place, standing, shard));
    let counted = diesel::update(row)
        .set(tallies::devices.eq(tallies::devices + by))
        .kept_ready()
        .execute(tx.conn())?;
    if counted == 0 {
        diesel::insert_into(tallies::table)
            .values((
                tallies::smart_account_id.eq(account),
                tallies::virtual_account_id.eq(place),
                tallies::standing.eq(standing),
                tallies::shard.eq(shard),
                tallies::devices.eq(by),
            ))
            .execute(tx.conn())?;
    }
    Ok(())
}

/// Forgets the numbers of a Virtual Account that is deleted: they are 0.
pub fn forget_tallies(tx: &mut Tx<'_>, account: SmartAccountId, place: VirtualAccountId) -> Result<()> {
    diesel::delete(
        tallies::table.filter(
            tallies::smart_account_id
                .eq(account)
                .and(tallies::virtual_account_id.eq(place)),
        ),
    )
    .execute(tx.conn())?;
    Ok(())
}

/// How many devices of each standing there are in each of these Virtual Accounts, or in all.
pub fn tallied(
    read: &mut dyn Reads,
    account: SmartAccountId,
    places: Option<&[VirtualAccountId]>,
) -> Result<Vec<(VirtualAccountId, Standing, i64)>> {
    let mut query = tallies::table
        .filter(tallies::smart_account_id.eq(account))
        .into_boxed();
    if let Some(places) = places {
        query = query.filter(tallies::virtual_account_id.eq_any(places.to_vec()));
    }
    let rows: Vec<(VirtualAccountId, Standing, i64)> = query
        .select((tallies::virtual_account_id, tallies::standing, tallies::devices))
        .load(read.conn())?;
    let mut sums: BTreeMap<(VirtualAccountId, Standing), i64> = BTreeMap::new();
    for (place, standing, by) in rows {
        *sums.entry((place, standing)).or_default() += by;
    }
    Ok(sums
        .into_iter()
        .filter(|(_, sum)| *sum != 0)
        .map(|((place, standing), sum)| (place, standing, sum))
        .collect())
}

/// How many product instances some tenants have, by tenant and standing.
pub fn totals(
    read: &mut dyn Reads,
    accounts: &[SmartAccountId],
) -> Result<BTreeMap<(SmartAccountId, Standing), i64>> {
    let rows: Vec<(SmartAccountId, Standing, i64)> = tallies::table
        .filter(tallies::smart_account_id.eq_any(accounts.to_vec()))
        .select((tallies::smart_account_id, tallies::standing, tallies::devices))
        .load(read.conn())?;
    let mut sums = BTreeMap::new();
    for (account, standing, by) in rows {
        *sums.entry((account, standing)).or_default() += by;
    }
    Ok(sums)
}
