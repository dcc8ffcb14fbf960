//! What the cloud says that there is: on an On-Prem server licenses come with the response to a synchronization file, and
//! go with it. Local Virtual Accounts keep what was transferred to them as far as there is enough.

use super::model::{Kind, MoveKind, Pool};
use super::stock;
use super::store::{self, Entry};
use crate::catalog::{Billing, Term};
use crate::error::{Error, Result};
use crate::kernel::ids::{LicensePoolId, SmartAccountId, VirtualAccountId};
use crate::kernel::{Moment, Who};
use crate::platform::db::Tx;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// How many licenses of one kind with one term the cloud says that there are.
#[derive(Debug, Clone, PartialEq, Eq, diesel::Queryable)]
pub struct Told {
    /// What programs know the license by.
    pub entitlement: String,
    /// What people know it by.
    pub name: String,
    /// How it is paid for.
    pub billing: Billing,
    /// How many.
    pub purchased: i64,
    /// Until when; none for good.
    pub ends_at: Option<Moment>,
}

impl Told {
    fn kind(&self) -> Kind {
        Kind {
            entitlement: self.entitlement.clone(),
            name: self.name.clone(),
            billing: self.billing,
            term: if self.ends_at.is_some() {
                Term::Term
            } else {
                Term::Perpetual
            },
            starts_at: None,
            ends_at: self.ends_at,
        }
    }
}

/// What one local Virtual Account has of a license with one term.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Held {
    purchased: i64,
    /// Set aside for devices: it cannot be taken.
    reserved: i64,
}

/// By how much each holding changes, so that together they are what was told. `held` begins with DEFAULT, the others follow
/// by name: more goes to DEFAULT, less is taken from DEFAULT first. Never below what is set aside; what could therefore not
/// be taken comes second.
fn plan(held: &[Held], told: i64) -> (Vec<i64>, i64) {
    let sum: i64 = held.iter().map(|one| one.purchased).sum();
    let mut missing = (sum - told).max(0);
    let mut changes: Vec<i64> = held
        .iter()
        .map(|one| {
            let taken = (one.purchased - one.reserved).max(0).min(missing);
            missing -= taken;
            -taken
        })
        .collect();
    if let Some(first) = changes.first_mut() {
        *first += (told - sum).max(0);
    }
    (changes, missing)
}

/// Makes the licenses of a tenant what the response with this number says. A part of the caller's write and of its record;
/// answers with how many are set aside here beyond what there is.
pub fn respond(
    tx: &mut Tx<'_>,
    at: Moment,
    who: &Who,
    account: SmartAccountId,
    places: &[VirtualAccountId],
    sequence: i64,
    told: &[Told],
) -> Result<i64> {
    let default = *places.first().ok_or(Error::NotFound)?;
    let rank: HashMap<VirtualAccountId, usize> =
        places.iter().enumerate().map(|(rank, id)| (*id, rank)).collect();
    let mut wanted: BTreeMap<String, (Kind, i64)> = BTreeMap::new();
    for one in told {
        let kind = one.kind();
        let entry = wanted.entry(kind.key()).or_insert_with(|| (kind, 0));
        entry.1 = entry.1.saturating_add(one.purchased);
    }
    let mut here: BTreeMap<String, Vec<Pool>> = BTreeMap::new();
    for pool in store::of_account(tx, account)? {
        let kind = pool.kind();
        wanted.entry(kind.key()).or_insert_with(|| (kind.clone(), 0));
        here.entry(kind.key()).or_default().push(pool);
    }
    let mut entries = Vec::new();
    let mut changed: BTreeSet<(VirtualAccountId, String)> = BTreeSet::new();
    let mut beyond = 0_i64;
    for (key, (kind, purchased)) in wanted {
        let mut pools = here.remove(&key).unwrap_or_default();
        pools.sort_by_key(|pool| rank.get(&pool.virtual_account).copied().unwrap_or(usize::MAX));
        if pools.first().is_none_or(|pool| pool.virtual_account != default) {
            let id = LicensePoolId::new();
            store::insert_pool(tx, at, id, account, default, &kind)?;
            changed.insert((default, kind.entitlement.clone()));
            pools.insert(0, store::empty_pool(id, account, default, &kind));
        }
        let held: Vec<Held> = pools
            .iter()
            .map(|pool| Held {
                purchased: pool.purchased,
                reserved: pool.reserved,
            })
            .collect();
        let (changes, left) = plan(&held, purchased);
        beyond = beyond.saturating_add(left);
        for (pool, by) in pools.iter().zip(changes).filter(|(_, by)| *by != 0) {
            if !store::change_purchased(tx, pool.id, by)? {
                return Err(Error::Stale);
            }
            changed.insert((pool.virtual_account, kind.entitlement.clone()));
            entries.push(Entry {
                account,
                pool: pool.id,
                quantity: by,
                kind: MoveKind::Response,
                order: None,
                round: 0,
                reference: format!("Synchronization {sequence}"),
            });
        }
    }
    store::insert_moves(tx, at, &who.label, &entries)?;
    stock::restate(tx, at, who, account, changed)?;
    Ok(beyond)
}

/// Licenses that are to lie in a Virtual Account.
#[derive(Debug, Clone)]
pub struct Put {
    /// Where.
    pub place: VirtualAccountId,
    /// What programs know the license by.
    pub entitlement: String,
    /// What people know it by.
    pub name: String,
    /// How it is paid for.
    pub billing: Billing,
    /// How long it lasts.
    pub term: Term,
    /// From when.
    pub starts_at: Option<Moment>,
    /// Until when; none for good.
    pub ends_at: Option<Moment>,
    /// How many.
    pub quantity: i64,
}

impl Put {
    fn kind(&self) -> Kind {
        Kind {
            entitlement: self.entitlement.clone(),
            name: self.name.clone(),
            billing: self.billing,
            term: self.term,
            starts_at: self.starts_at,
            ends_at: self.ends_at,
        }
    }
}

/// Puts licenses where a lab wants them: beside what is there; or, when they are all, in the place of it. A part of the
/// caller's write and of its record.
pub fn put(
    tx: &mut Tx<'_>,
    at: Moment,
    who: &Who,
    account: SmartAccountId,
    reference: &str,
    wanted: &[Put],
    are_all: bool,
) -> Result<()> {
    let mut pools: BTreeMap<(VirtualAccountId, String), (Kind, Option<LicensePoolId>, i64)> = BTreeMap::new();
    for pool in store::of_account(tx, account)? {
        let kind = pool.kind();
        let missing = if are_all { -pool.purchased } else { 0 };
        pools.insert((pool.virtual_account, kind.key()), (kind, Some(pool.id), missing));
    }
    for one in wanted {
        let kind = one.kind();
        let entry = pools.entry((one.place, kind.key())).or_insert((kind, None, 0));
        entry.2 = entry.2.saturating_add(one.quantity);
    }
    let (mut entries, mut changed) = (Vec::new(), BTreeSet::new());
    for ((place, _), (kind, known, by)) in pools.into_iter().filter(|(_, (_, _, by))| *by != 0) {
        let pool = known.unwrap_or_else(LicensePoolId::new);
        if known.is_none() {
            store::insert_pool(tx, at, pool, account, place, &kind)?;
        }
        if !store::change_purchased(tx, pool, by)? {
            return Err(Error::Stale);
        }
        changed.insert((place, kind.entitlement));
        entries.push(Entry {
            account,
            pool,
            quantity: by,
            kind: MoveKind::Response,
            order: None,
            round: 0,
            reference: reference.chars().take(100).collect(),
        });
    }
    store::insert_moves(tx, at, &who.label, &entries)?;
    stock::restate(tx, at, who, account, changed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn held(purchased: i64) -> Held {
        Held {
            purchased,
            reserved: 0,
        }
    }

    #[test]
    fn more_goes_to_default_and_less_is_taken_there_first() {
        assert_eq!(plan(&[held(5), held(2)], 9), (vec![2, 0], 0));
        assert_eq!(plan(&[held(5), held(2)], 4), (vec![-3, 0], 0));
        // Four of five were moved on, and the cloud says two: DEFAULT is never below zero.
        assert_eq!(plan(&[held(1), held(4)], 2), (vec![-1, -2], 0));
        assert_eq!(plan(&[held(0)], 0), (vec![0], 0));
    }

    #[test]
    fn what_is_set_aside_is_not_taken() {
        let reserved = Held {
            purchased: 4,
            reserved: 3,
        };
        assert_eq!(plan(&[held(1), reserved], 2), (vec![-1, -1], 1));
    }

    proptest! {
        #[test]
        fn the_sum_is_what_was_told(held in proptest::collection::vec((0_i64..1_000, 0_i64..1_000), 1..8), told in 0_i64..4_000) {
            let held: Vec<Held> = held.into_iter().map(|(purchased, reserved)| Held { purchased, reserved: reserved.min(purchased) }).collect();
            let (changes, beyond) = plan(&held, told);
            let after: Vec<Held> = held.iter().zip(&changes).map(|(one, by)| Held { purchased: one.purchased + by, reserved: one.reserved }).collect();
            prop_assert!(after.iter().all(|one| one.purchased >= one.reserved));
            prop_assert_eq!(after.iter().map(|one| one.purchased).sum::<i64>(), told + beyond);
            // A second time there is nothing to do, and others lose only what DEFAULT could not give.
            prop_assert_eq!(plan(&after, told), (vec![0; held.len()], beyond));
            if changes.iter().skip(1).any(|by| *by != 0) {
                prop_assert_eq!(after[0].purchased, after[0].reserved);
            }
        }
    }
}
