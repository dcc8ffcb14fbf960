//! What can be done with licenses. Functions that take a `Tx` are parts of the caller's write and of its record.

use super::model::{self, Incoming, MoveKind, Moved, Pool};
use super::store::{self, Entry, Filter, Sort};
use crate::authz::Permit;
use crate::authz::action::ViewInventory;
use crate::error::{Error, Result};
use crate::kernel::Moment;
use crate::kernel::ids::{LicensePoolId, OrderId, OrderLineId, SmartAccountId, VirtualAccountId};
use crate::platform::db::{Reads, Tx};
use crate::virtual_accounts;
use std::collections::HashMap;

/// Puts the licenses of lines where they belong. A line brings the licenses of one round once: a second time is
/// refused by the database itself. Answers with what each line brought, in the order of the lines.
pub fn grant(tx: &mut Tx<'_>, at: Moment, actor: &str, incoming: &[Incoming<'_>]) -> Result<Vec<Vec<Moved>>> {
    let mut known: HashMap<(SmartAccountId, VirtualAccountId, String), LicensePoolId> = HashMap::new();
    let mut sums: HashMap<LicensePoolId, i64> = HashMap::new();
    let mut entries = Vec::new();
    let mut said = Vec::with_capacity(incoming.len());
    for one in incoming {
        let mut moved = Vec::new();
        for (kind, quantity) in model::brought(one) {
            let place = (one.account, one.virtual_account, kind.key());
            let pool = match known.get(&place) {
                Some(id) => *id,
                None => {
                    let found = store::pool_id(tx, one.account, one.virtual_account, &kind)?;
                    let id = found.unwrap_or_else(LicensePoolId::new);
                    if found.is_none() {
                        store::insert_pool(tx, at, id, one.account, one.virtual_account, &kind)?;
                    }
                    known.insert(place, id);
                    id
                }
            };
            let sum = sums.entry(pool).or_default();
            *sum = sum.saturating_add(quantity);
            entries.push(Entry {
                account: one.account,
                pool,
                quantity,
                kind: MoveKind::Order,
                order: one.order,
                line: one.line,
                round: one.round,
                reference: one.reference.to_owned(),
            });
            moved.push(Moved {
                virtual_account: one.virtual_account,
                license: kind.name,
                quantity,
            });
        }
        said.push(moved);
    }
    store::insert_moves(tx, at, actor, &entries)?;
    // In one order everywhere: two writers that wait for one another would be one too many.
    let mut sums: Vec<_> = sums.into_iter().collect();
    sums.sort_unstable();
    for (pool, sum) in sums {
        if !store::change_purchased(tx, pool, sum)? {
            return Err(Error::NotFound);
        }
    }
    Ok(said)
}

/// Takes the licenses of a line back: it is assigned elsewhere.
pub fn take_back(
    tx: &mut Tx<'_>,
    at: Moment,
    actor: &str,
    order: OrderId,
    line: OrderLineId,
    round: i32,
    reference: &str,
) -> Result<Vec<Moved>> {
    let brought = store::brought_by(tx, line, round)?;
    let mut moved = Vec::with_capacity(brought.len());
    let mut entries = Vec::with_capacity(brought.len());
    for (pool, account, place, name, quantity) in brought {
        if !store::change_purchased(tx, pool, quantity.saturating_neg())? {
            return Err(Error::refused(
                "licenses.moved-on",
                format!(
                    "Licenses {name} of the order {reference} are reserved or have been transferred, so they cannot be taken back."
                ),
            ));
        }
        entries.push(Entry {
            account,
            pool,
            quantity: quantity.saturating_neg(),
            kind: MoveKind::OrderTakenBack,
            order,
            line,
            round,
            reference: reference.to_owned(),
        });
        moved.push(Moved {
            virtual_account: place,
            license: name,
            quantity,
        });
    }
    store::insert_moves(tx, at, actor, &entries)?;
    Ok(moved)
}

/// A pool as lists show it.
#[derive(Debug, Clone)]
pub struct Row {
    /// The pool.
    pub pool: Pool,
    /// Name of its Virtual Account.
    pub virtual_account: String,
    /// From which orders it came: their ids and identifiers, the oldest first.
    pub orders: Vec<(OrderId, String)>,
}

/// How many pools match.
pub fn count(read: &mut dyn Reads, permit: &Permit<ViewInventory>, filter: &Filter) -> Result<u64> {
    store::count(read, permit.within(), filter)
}

/// A page of License Inventory.
pub fn page(
    read: &mut dyn Reads,
    permit: &Permit<ViewInventory>,
    filter: &Filter,
    sort: (Sort, bool),
    limit: u64,
    offset: u64,
) -> Result<Vec<Row>> {
    let account = permit.within().account()?;
    let whole = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
    let pools = store::page(read, permit.within(), filter, sort, whole(limit), whole(offset))?;
    let ids: Vec<LicensePoolId> = pools.iter().map(|pool| pool.id).collect();
    let mut places: Vec<VirtualAccountId> = pools.iter().map(|pool| pool.virtual_account).collect();
    places.sort_unstable();
    places.dedup();
    let names: HashMap<VirtualAccountId, String> = virtual_accounts::these(read, account, &places)?
        .into_iter()
        .map(|one| (one.id, one.name))
        .collect();
    let mut origins: HashMap<LicensePoolId, Vec<(OrderId, String)>> = HashMap::new();
    for (pool, order, reference) in store::origins(read, account, &ids)? {
        origins.entry(pool).or_default().push((order, reference));
    }
    Ok(pools
        .into_iter()
        .map(|pool| Row {
            virtual_account: names.get(&pool.virtual_account).cloned().unwrap_or_default(),
            orders: origins.remove(&pool.id).unwrap_or_default(),
            pool,
        })
        .collect())
}
