//! What can be done with licenses. Functions that take a `Tx` are parts of the caller's write and of its record.

use super::model::{self, Incoming, MoveKind, Moved, Pool, fall};
use super::stock::{self, Filter, Stock};
use super::store::{self, Entry};
use super::tags;
use crate::authz::Permit;
use crate::authz::action::ViewInventory;
use crate::error::{Error, Result};
use crate::kernel::ids::{
    LicensePoolId, LicenseStockId, OrderId, OrderLineId, SmartAccountId, VirtualAccountId,
};
use crate::kernel::{Event, Kind as Happened, Moment, Who};
use crate::platform::calendar::Due;
use crate::platform::db::{Reads, Recorded, Tx};
use crate::virtual_accounts;
use chrono::TimeDelta;
use serde_json::json;
use std::collections::{BTreeSet, HashMap, HashSet};

/// Puts the licenses of lines where they belong. A line brings the licenses of one round once: a second time is
/// refused by the database itself. Answers with what each line brought, in the order of the lines.
pub fn grant(tx: &mut Tx<'_>, at: Moment, who: &Who, incoming: &[Incoming<'_>]) -> Result<Vec<Vec<Moved>>> {
    let mut known: HashMap<(SmartAccountId, VirtualAccountId, String), LicensePoolId> = HashMap::new();
    let mut sums: HashMap<LicensePoolId, i64> = HashMap::new();
    let mut entries = Vec::new();
    let mut said = Vec::with_capacity(incoming.len());
    let mut changed: BTreeSet<(SmartAccountId, VirtualAccountId, String)> = BTreeSet::new();
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
            changed.insert((one.account, one.virtual_account, kind.entitlement.clone()));
            entries.push(Entry {
                account: one.account,
                pool,
                quantity,
                kind: MoveKind::Order,
                order: Some((one.order, one.line)),
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
    store::insert_moves(tx, at, &who.label, &entries)?;
    // In one order everywhere: two writers that wait for one another would be one too many.
    let mut sums: Vec<_> = sums.into_iter().collect();
    sums.sort_unstable();
    for (pool, sum) in sums {
        if !store::change_purchased(tx, pool, sum)? {
            return Err(Error::NotFound);
        }
    }
    for (account, place, entitlement) in changed {
        stock::restate(tx, at, who, account, [(place, entitlement)])?;
    }
    Ok(said)
}

/// Takes the licenses of a line back: it is assigned elsewhere.
pub fn take_back(
    tx: &mut Tx<'_>,
    at: Moment,
    who: &Who,
    order: OrderId,
    line: OrderLineId,
    round: i32,
    reference: &str,
) -> Result<Vec<Moved>> {
    let brought = store::brought_by(tx, line, round)?;
    let mut moved = Vec::with_capacity(brought.len());
    let mut entries = Vec::with_capacity(brought.len());
    let mut changed = Vec::with_capacity(brought.len());
    for (pool, account, place, name, entitlement, quantity) in brought {
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
            order: Some((order, line)),
            round,
            reference: reference.to_owned(),
        });
        changed.push((account, place, entitlement));
        moved.push(Moved {
            virtual_account: place,
            license: name,
            quantity,
        });
    }
    store::insert_moves(tx, at, &who.label, &entries)?;
    for (account, place, entitlement) in changed {
        stock::restate(tx, at, who, account, [(place, entitlement)])?;
    }
    Ok(moved)
}

/// So long after it ends a term is over: its last day counts.
fn whole_last_day() -> TimeDelta {
    TimeDelta::days(1)
}

/// The terms that are over by now and still count.
pub fn over(read: &mut dyn Reads, now: Moment, most: i64) -> Result<Vec<Pool>> {
    store::over(read, now.plus(-whole_last_day()), most)
}

/// The next terms that end.
pub fn upcoming(read: &mut dyn Reads, after: Moment, most: i64) -> Result<Vec<Due>> {
    store::upcoming(read, after, whole_last_day(), most)
}

/// The term of these licenses is over: they count no more.
pub fn end(tx: &mut Tx<'_>, now: Moment, pool: &Pool) -> Result<Recorded<()>> {
    let who = Who::portal("terms end");
    if !store::end(tx, pool.id, now)? {
        return Ok(tx.unchanged(()));
    }
    stock::restate(
        tx,
        now,
        &who,
        pool.account,
        [(pool.virtual_account, pool.entitlement.clone())],
    )?;
    let about = stock::find_many(
        tx,
        pool.account,
        pool.virtual_account,
        std::slice::from_ref(&pool.entitlement),
    )?
    .pop()
    .map_or_else(|| pool.id.to_string(), |stock| stock.id.to_string());
    let event = Event::new(
        Happened::LicensesExpired,
        about,
        format!("The term of {} {} ended.", pool.purchased, pool.name),
    )
    .within(pool.account)
    .in_virtual_account(pool.virtual_account)
    .with(json!({ "license": pool.name, "quantity": pool.purchased, "reserved": pool.reserved, "ends_at": pool.ends_at }));
    tx.record(now, &who, &event, ())
}

/// Terms within reach that end, or ended, between two days and hold something, with the name of their Virtual
/// Account's id: for alerts.
pub fn ending<A: crate::authz::Does>(
    read: &mut dyn Reads,
    permit: &Permit<A>,
    from: Moment,
    until: Moment,
    most: i64,
) -> Result<Vec<Pool>> {
    store::ending(read, permit.within(), from, until, most)
}

/// A license as lists show it.
#[derive(Debug, Clone)]
pub struct Row {
    /// Its numbers.
    pub stock: Stock,
    /// Name of its Virtual Account.
    pub virtual_account: String,
    /// Its license tags, in order.
    pub tags: Vec<String>,
}

/// How many licenses match.
pub fn count(read: &mut dyn Reads, permit: &Permit<ViewInventory>, filter: &Filter) -> Result<u64> {
    stock::count(read, permit.within(), filter)
}

/// How many licenses lie in the Virtual Accounts within reach, all kinds together: for an overview.
pub fn purchased(read: &mut dyn Reads, permit: &Permit<ViewInventory>) -> Result<i64> {
    stock::purchased(read, permit.within())
}

/// The names of the Virtual Accounts in which licenses are.
fn names_of(
    read: &mut dyn Reads,
    account: SmartAccountId,
    stocks: &[Stock],
) -> Result<HashMap<VirtualAccountId, String>> {
    let mut places: Vec<VirtualAccountId> = stocks.iter().map(|one| one.virtual_account).collect();
    places.sort_unstable();
    places.dedup();
    Ok(virtual_accounts::these(read, account, &places)?
        .into_iter()
        .map(|one| (one.id, one.name))
        .collect())
}

fn named(read: &mut dyn Reads, account: SmartAccountId, stocks: Vec<Stock>) -> Result<Vec<Row>> {
    let names = names_of(read, account, &stocks)?;
    let ids: Vec<LicenseStockId> = stocks.iter().map(|one| one.id).collect();
    let mut tagged = tags::of(read, account, &ids)?;
    Ok(stocks
        .into_iter()
        .map(|stock| Row {
            tags: tagged.remove(&stock.id).unwrap_or_default(),
            virtual_account: names.get(&stock.virtual_account).cloned().unwrap_or_default(),
            stock,
        })
        .collect())
}

/// A page of licenses with the names of their Virtual Accounts, and without what people have tagged them with.
pub fn plain_page(
    read: &mut dyn Reads,
    permit: &Permit<ViewInventory>,
    filter: &Filter,
    order: (&str, bool),
    limit: u64,
    offset: u64,
) -> Result<Vec<(Stock, String)>> {
    let whole = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
    let stocks = stock::page(read, permit.within(), filter, order, whole(limit), whole(offset))?;
    let mut names = names_of(read, permit.within().account()?, &stocks)?;
    Ok(stocks
        .into_iter()
        .map(|stock| {
            let name = names.entry(stock.virtual_account).or_default().clone();
            (stock, name)
        })
        .collect())
}

/// So many lines of License Inventory, after so many.
pub fn page(
    read: &mut dyn Reads,
    permit: &Permit<ViewInventory>,
    filter: &Filter,
    order: (&str, bool),
    (limit, offset): (u64, u64),
) -> Result<Vec<Row>> {
    let whole = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
    let stocks = stock::page(read, permit.within(), filter, order, whole(limit), whole(offset))?;
    named(read, permit.within().account()?, stocks)
}

/// One license, within reach of this permit.
pub fn find<A: crate::authz::Does>(
    read: &mut dyn Reads,
    permit: &Permit<A>,
    id: LicenseStockId,
) -> Result<Row> {
    let stock = stock::find(read, permit.within(), id)?;
    named(read, permit.within().account()?, vec![stock])?
        .pop()
        .ok_or(Error::NotFound)
}

/// A term of a license: its pool, how much of the use falls on it, and from which orders it came.
#[derive(Debug, Clone)]
pub struct TermRow {
    /// The pool.
    pub pool: Pool,
    /// What is in use of it: terms that end first are used first.
    pub in_use: i64,
    /// Ids and identifiers of orders, the oldest first.
    pub orders: Vec<(OrderId, String)>,
}

/// The terms of a license, in the order in which they are used. Those that hold nothing any more are left out.
pub fn terms(read: &mut dyn Reads, stock: &Stock) -> Result<Vec<TermRow>> {
    let mut found = terms_of(read, stock.account, std::slice::from_ref(stock))?;
    Ok(found.remove(&stock.id).unwrap_or_default())
}

/// The same of several licenses: one question for all of them where that finds little else, and otherwise one for each
/// Virtual Account among them.
pub fn terms_of(
    read: &mut dyn Reads,
    account: SmartAccountId,
    stocks: &[Stock],
) -> Result<HashMap<LicenseStockId, Vec<TermRow>>> {
    let mut places: HashMap<VirtualAccountId, Vec<&str>> = HashMap::new();
    for stock in stocks {
        places
            .entry(stock.virtual_account)
            .or_default()
            .push(&stock.entitlement);
    }
    let mut pools: HashMap<(VirtualAccountId, String), Vec<Pool>> = HashMap::new();
    let mut ids: Vec<LicensePoolId> = Vec::new();
    let keys: BTreeSet<&str> = places.values().flatten().copied().collect();
    let keys: Vec<&str> = keys.into_iter().collect();
    let asked: Vec<(Vec<VirtualAccountId>, Vec<&str>)> = if places.len() * keys.len() <= 4 * stocks.len() {
        vec![(places.into_keys().collect(), keys)]
    } else {
        places
            .into_iter()
            .map(|(place, keys)| (vec![place], keys))
            .collect()
    };
    let wanted: HashSet<(VirtualAccountId, &str)> = stocks
        .iter()
        .map(|stock| (stock.virtual_account, stock.entitlement.as_str()))
        .collect();
    for (places, keys) in asked {
        for pool in store::of_stocks(read, account, &places, &keys)? {
            if wanted.contains(&(pool.virtual_account, pool.entitlement.as_str())) {
                ids.push(pool.id);
                pools
                    .entry((pool.virtual_account, pool.entitlement.clone()))
                    .or_default()
                    .push(pool);
            }
        }
    }
    let mut origins: HashMap<LicensePoolId, Vec<(OrderId, String)>> = HashMap::new();
    for (pool, order, reference) in store::origins(read, account, &ids)? {
        origins.entry(pool).or_default().push((order, reference));
    }
    let mut found = HashMap::new();
    for stock in stocks {
        let pools = pools
            .remove(&(stock.virtual_account, stock.entitlement.clone()))
            .unwrap_or_default();
        let fell = fall(&pools, stock.in_use);
        let rows: Vec<TermRow> = pools
            .into_iter()
            .zip(fell)
            .map(|(pool, in_use)| TermRow {
                orders: origins.remove(&pool.id).unwrap_or_default(),
                in_use,
                pool,
            })
            .filter(|row| row.pool.purchased > 0 || row.pool.reserved > 0 || row.in_use > 0)
            .collect();
        found.insert(stock.id, rows);
    }
    Ok(found)
}
