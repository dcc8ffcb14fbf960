//! Transfer: licenses go from one Virtual Account of a Smart Account to another. All of a transfer or nothing.

use super::model::{MOST_AT_ONCE, MoveKind, Pool, Precedence, take};
use super::stock::{self, Stock};
use super::store::{self, Entry};
use crate::authz::Permit;
use crate::authz::action::Transfer;
use crate::catalog::Term;
use crate::error::{Error, Refusal, Result};
use crate::kernel::ids::{LicensePoolId, LicenseStockId, SmartAccountId, VirtualAccountId};
use crate::kernel::{Event, Kind as Happened, Moment, Who};
use crate::platform::db::{Once, OnceKey, Reads, Recorded, Tx};
use crate::platform::token;
use crate::virtual_accounts::{self, VirtualAccount};
use serde_json::json;
use std::collections::{BTreeMap, HashMap};

/// So many of a license are to go there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The license where it lies now.
    pub stock: LicenseStockId,
    /// The Virtual Account to which it goes.
    pub to: VirtualAccountId,
    /// How many.
    pub quantity: i64,
    /// Of this kind of term alone; of any without it.
    pub term: Option<Term>,
    /// Of these terms alone; of any without it.
    pub only: Option<Vec<LicensePoolId>>,
}

/// A line as the review shows it.
#[derive(Debug, Clone)]
pub struct Reviewed {
    /// What was asked for.
    pub line: Line,
    /// The license where it lies now.
    pub stock: Stock,
    /// Where it lies now.
    pub from: String,
    /// Where it goes.
    pub to: String,
    /// Which terms go, and how many of each, in their precedence.
    pub terms: Vec<(Pool, i64)>,
    /// What is left here once everything of this review has gone.
    pub leaves: i64,
    /// Why it cannot be done.
    pub refused: Option<Refusal>,
}

impl Reviewed {
    /// How many are short here afterwards, beyond what is short already.
    pub fn leaves_short(&self) -> bool {
        !self.stock.is_metered() && self.leaves < 0 && self.leaves < self.stock.balance
    }
}

/// What a transfer would do.
#[derive(Debug, Clone)]
pub struct Review {
    /// Its lines.
    pub lines: Vec<Reviewed>,
    /// What stands in it, in short: a transfer goes through only as it was reviewed.
    pub fingerprint: String,
}

impl Review {
    /// How many licenses it is about.
    pub fn quantity(&self) -> u64 {
        self.lines
            .iter()
            .map(|line| u64::try_from(line.line.quantity).unwrap_or_default())
            .fold(0, u64::saturating_add)
    }
    /// Whether nothing stands against it.
    pub fn can_go(&self) -> bool {
        !self.lines.is_empty() && self.lines.iter().all(|line| line.refused.is_none())
    }
}

fn refusal(code: &'static str, says: String) -> Refusal {
    Refusal {
        code,
        says: says.into(),
    }
}

struct Places(HashMap<VirtualAccountId, VirtualAccount>);

impl Places {
    fn name(&self, id: VirtualAccountId) -> String {
        self.0.get(&id).map(|one| one.name.clone()).unwrap_or_default()
    }
}

fn places(
    read: &mut dyn Reads,
    account: SmartAccountId,
    ids: impl Iterator<Item = VirtualAccountId>,
) -> Result<Places> {
    let mut ids: Vec<_> = ids.collect();
    ids.sort_unstable();
    ids.dedup();
    Ok(Places(
        virtual_accounts::these(read, account, &ids)?
            .into_iter()
            .map(|one| (one.id, one))
            .collect(),
    ))
}

/// What a transfer would do, line by line, with what it leaves behind. Licenses and Virtual Accounts out of reach are
/// treated as if they were not there.
pub fn review(
    read: &mut dyn Reads,
    permit: &Permit<Transfer>,
    lines: &[Line],
    precedence: Precedence,
) -> Result<Review> {
    let within = permit.within();
    let account = within.account()?;
    if lines.is_empty() {
        return Err(Error::refused(
            "licenses.nothing-chosen",
            "No license and no quantity to transfer was chosen.",
        ));
    }
    if lines.len() > MOST_AT_ONCE {
        return Err(Error::refused(
            "licenses.too-many",
            format!("At most {MOST_AT_ONCE} lines are transferred at once."),
        ));
    }
    let mut stocks: BTreeMap<LicenseStockId, (Stock, Vec<Pool>, i64)> = BTreeMap::new();
    for line in lines {
        if let std::collections::btree_map::Entry::Vacant(free) = stocks.entry(line.stock) {
            let stock = stock::find(read, within, line.stock)?;
            let pools = store::of_stock(read, account, stock.virtual_account, &stock.entitlement)?;
            free.insert((stock, pools, 0));
        }
    }
    let known = places(
        read,
        account,
        stocks
            .values()
            .map(|(stock, _, _)| stock.virtual_account)
            .chain(lines.iter().map(|line| line.to)),
    )?;
    let mut reviewed = Vec::with_capacity(lines.len());
    for line in lines {
        if !within.covers(line.to) || !known.0.contains_key(&line.to) {
            return Err(Error::NotFound);
        }
        let Some((stock, pools, gone)) = stocks.get_mut(&line.stock) else {
            return Err(Error::NotFound);
        };
        let wanted = |pool: &&Pool| {
            line.term.is_none_or(|term| pool.term == term)
                && line.only.as_ref().is_none_or(|only| only.contains(&pool.id))
        };
        let (taken, missing) = match precedence {
            Precedence::LongestTermLast => take(pools.iter().filter(wanted), line.quantity),
            Precedence::LongestTermFirst => take(pools.iter().rev().filter(wanted), line.quantity),
        };
        let refused = against(stock, line, missing, pools.iter().filter(wanted), &known);
        let terms: Vec<(Pool, i64)> = taken.into_iter().map(|(pool, n)| (pool.clone(), n)).collect();
        if refused.is_none() {
            // What one line takes is not there for the next.
            for (pool, n) in &terms {
                if let Some(pool) = pools.iter_mut().find(|one| one.id == pool.id) {
                    pool.purchased = pool.purchased.saturating_sub(*n);
                }
            }
            *gone = gone.saturating_add(line.quantity);
        }
        reviewed.push(Reviewed {
            line: line.clone(),
            from: known.name(stock.virtual_account),
            to: known.name(line.to),
            terms,
            leaves: 0,
            refused,
            stock: stock.clone(),
        });
    }
    for line in &mut reviewed {
        let gone = stocks.get(&line.line.stock).map_or(0, |(_, _, gone)| *gone);
        line.leaves = line.stock.balance.saturating_sub(gone);
    }
    Ok(Review {
        fingerprint: fingerprint(&reviewed),
        lines: reviewed,
    })
}

/// Why a line cannot go, if it cannot.
fn against<'a>(
    stock: &Stock,
    line: &Line,
    missing: i64,
    pools: impl Iterator<Item = &'a Pool> + Clone,
    known: &Places,
) -> Option<Refusal> {
    if line.to == stock.virtual_account {
        Some(refusal(
            "licenses.same-place",
            format!("{} is in {} already.", stock.name, known.name(line.to)),
        ))
    } else if line.quantity < 1 {
        Some(refusal(
            "licenses.nothing-chosen",
            format!("No quantity of {} to transfer was chosen.", stock.name),
        ))
    } else if missing > 0 {
        Some(not_enough(stock, pools, known.name(stock.virtual_account)))
    } else {
        None
    }
}

/// What stands in a review, in short.
fn fingerprint(reviewed: &[Reviewed]) -> String {
    let seen: Vec<_> = reviewed
        .iter()
        .map(|one| {
            (
                one.line.stock,
                one.line.to,
                one.line.quantity,
                one.leaves_short().then_some(one.leaves),
                one.terms
                    .iter()
                    .map(|(pool, n)| (pool.id, *n))
                    .collect::<Vec<_>>(),
            )
        })
        .collect();
    token::digest(&format!("{seen:?}"))
}

fn not_enough<'a>(stock: &Stock, pools: impl Iterator<Item = &'a Pool> + Clone, place: String) -> Refusal {
    let free: i64 = pools.clone().map(Pool::free).fold(0, i64::saturating_add);
    let ended: i64 = pools
        .filter(|pool| pool.ended_at.is_some())
        .map(|pool| pool.purchased)
        .fold(0, i64::saturating_add);
    let mut says = format!(
        "At most {free} of {} can be transferred from {place}.",
        stock.name
    );
    if stock.reserved > 0 {
        says.push_str(&format!(" {} are reserved.", stock.reserved));
    }
    if ended > 0 {
        says.push_str(&format!(" The term of {ended} has ended."));
    }
    refusal("licenses.not-enough", says)
}

/// Transfers what was reviewed. When something has changed since, nothing is done and the review is to be read again.
/// Without a fingerprint (from a script) it is done if it can be. Asked for a second time under one key it is done
/// once, and the answer is none.
pub fn transfer(
    tx: &mut Tx<'_>,
    permit: &Permit<Transfer>,
    at: Moment,
    lines: &[Line],
    precedence: Precedence,
    seen: Option<&str>,
    once: Option<&OnceKey>,
) -> Result<Recorded<Option<Review>>> {
    if let Once::Again(_) = tx.once(once)? {
        return Ok(tx.unchanged(None));
    }
    let review = review(tx, permit, lines, precedence)?;
    if let Some(refused) = review.lines.iter().find_map(|line| line.refused.clone()) {
        return Err(Error::Refused(refused));
    }
    if seen.is_some_and(|seen| seen != review.fingerprint) {
        return Err(Error::refused(
            "licenses.stale",
            "Something that the review showed has changed, so nothing was transferred. Please read it again.",
        ));
    }
    let account = permit.within().account()?;
    let who = permit.who();
    let mut moving = Vec::new();
    for line in &review.lines {
        for (pool, quantity) in &line.terms {
            moving.push(Moving {
                pool,
                quantity: *quantity,
                from: &line.from,
                to: line.line.to,
                to_name: &line.to,
            });
        }
    }
    carry(tx, at, who, account, &moving)?;
    tx.made(at, once, &review.fingerprint)?;
    let mut events = Vec::with_capacity(review.lines.len());
    for line in &review.lines {
        let here = Event::new(
            Happened::LicensesTransferred,
            line.stock.id,
            format!(
                "{} of {} went from {} to {}.",
                line.line.quantity, line.stock.name, line.from, line.to
            ),
        )
        .within(account)
        .in_virtual_account(line.stock.virtual_account)
        .with(json!({
            "license": line.stock.name, "quantity": line.line.quantity, "from": line.from, "to": line.to,
            "terms": line.terms.iter().map(|(pool, n)| json!({ "term": pool.term, "ends_at": pool.ends_at, "quantity": n })).collect::<Vec<_>>(),
            "balance_before": line.stock.balance, "balance_after": line.leaves,
        }));
        // The Virtual Account that receives reads of it in its own log.
        let mut there = here.clone().in_virtual_account(line.line.to);
        there.about = stock::find_many(
            tx,
            account,
            line.line.to,
            std::slice::from_ref(&line.stock.entitlement),
        )?
        .pop()
        .map(|stock| stock.id.to_string())
        .unwrap_or_default();
        events.extend([here, there]);
    }
    tx.record_all(at, who, &events, Some(review))
}

/// A part of a pool on its way.
pub struct Moving<'a> {
    pub pool: &'a Pool,
    pub quantity: i64,
    pub from: &'a str,
    pub to: VirtualAccountId,
    pub to_name: &'a str,
}

/// Takes licenses out here and puts them in there: what left and what came is one sum. Answers with the pools to which
/// they came, in the same order.
pub fn carry(
    tx: &mut Tx<'_>,
    at: Moment,
    who: &Who,
    account: SmartAccountId,
    moving: &[Moving<'_>],
) -> Result<Vec<LicensePoolId>> {
    let mut sums: BTreeMap<LicensePoolId, i64> = BTreeMap::new();
    let mut entries = Vec::with_capacity(moving.len() * 2);
    let mut changed = Vec::new();
    let mut came_to = Vec::with_capacity(moving.len());
    let clip = |text: &str| text.chars().take(100).collect::<String>();
    for one in moving {
        let kind = one.pool.kind();
        let target = match store::pool_id(tx, account, one.to, &kind)? {
            Some(id) => id,
            None => {
                let id = LicensePoolId::new();
                store::insert_pool(tx, at, id, account, one.to, &kind)?;
                id
            }
        };
        for (pool, quantity, kind, reference) in [
            (
                one.pool.id,
                one.quantity.saturating_neg(),
                MoveKind::TransferOut,
                one.to_name,
            ),
            (target, one.quantity, MoveKind::TransferIn, one.from),
        ] {
            if quantity == 0 {
                continue;
            }
            let sum = sums.entry(pool).or_default();
            *sum = sum.saturating_add(quantity);
            entries.push(Entry {
                account,
                pool,
                quantity,
                kind,
                order: None,
                round: 0,
                reference: clip(reference),
            });
        }
        changed.push((one.pool.virtual_account, one.pool.entitlement.clone()));
        changed.push((one.to, one.pool.entitlement.clone()));
        came_to.push(target);
    }
    for (pool, by) in sums {
        if by != 0 && !store::change_purchased(tx, pool, by)? {
            return Err(Error::refused(
                "licenses.not-enough",
                "Fewer licenses are left than were to be transferred. Nothing was changed.",
            ));
        }
    }
    store::insert_moves(tx, at, &who.label, &entries)?;
    stock::restate(tx, at, who, account, changed)?;
    Ok(came_to)
}
