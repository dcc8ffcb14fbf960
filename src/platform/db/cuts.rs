//! Where strands of the record begin, once their beginnings lie in an archive. A trigger lets events go only up to such a
//! mark; the mark holds number and hash of the last one that went, so that the chain is followed from there.

use super::chain::{self, Linked};
use super::schema::{event_cuts, event_tallies, events};
use super::tx::{Reads, Tx};
use crate::error::{Error, Result};
use crate::kernel::Moment;
use crate::kernel::ids::SmartAccountId;
use diesel::prelude::*;
use std::collections::HashMap;

/// Number and hash of the last event of a strand that went.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cut {
    /// 0 where none did.
    pub number: i64,
    /// "" where none did.
    pub hash: String,
}

/// A strand of a tenant's record.
#[derive(Debug, Clone)]
pub struct Strand {
    /// Whose; none for what belongs to no account.
    pub account: Option<SmartAccountId>,
    /// Which.
    pub strand: i32,
    /// Where it begins.
    pub cut: Cut,
}

/// The marks of a tenant, by strand.
pub fn of(read: &mut dyn Reads, account: Option<SmartAccountId>) -> Result<HashMap<i32, Cut>> {
    let tenant = account.map_or_else(String::new, |id| id.to_string());
    let rows: Vec<(i32, i64, String)> = event_cuts::table
        .filter(event_cuts::smart_account_id.eq(&tenant))
        .select((
            event_cuts::strand,
            event_cuts::chain_number,
            event_cuts::chain_hash,
        ))
        .load(read.conn())?;
    Ok(rows
        .into_iter()
        .map(|(strand, number, hash)| (strand, Cut { number, hash }))
        .collect())
}

/// Every strand that there is.
pub fn strands(read: &mut dyn Reads) -> Result<Vec<Strand>> {
    let rows: Vec<(String, i32)> = event_tallies::table
        .filter(event_tallies::chain_number.gt(0))
        .order((event_tallies::smart_account_id.asc(), event_tallies::shard.asc()))
        .select((event_tallies::smart_account_id, event_tallies::shard))
        .load(read.conn())?;
    let cuts: Vec<(String, i32, i64, String)> = event_cuts::table
        .select((
            event_cuts::smart_account_id,
            event_cuts::strand,
            event_cuts::chain_number,
            event_cuts::chain_hash,
        ))
        .load(read.conn())?;
    let mut cuts: HashMap<(String, i32), Cut> = cuts
        .into_iter()
        .map(|(tenant, strand, number, hash)| ((tenant, strand), Cut { number, hash }))
        .collect();
    Ok(rows
        .into_iter()
        .map(|(tenant, strand)| Strand {
            account: tenant.parse().ok(),
            strand,
            cut: cuts.remove(&(tenant, strand)).unwrap_or_default(),
        })
        .collect())
}

/// The first events of a strand that are from before a time, at most so many. They hang together, or nothing is given: what
/// somebody has changed is not put into an archive as if it were whole.
pub fn first(read: &mut dyn Reads, of: &Strand, before: Moment, most: i64) -> Result<Vec<Linked>> {
    let mut found = chain::after(read, of.account, of.strand, of.cut.number, most)?;
    let (mut number, mut hash) = (of.cut.number, of.cut.hash.clone());
    for one in &found {
        if one.number != number + 1 || one.made(&hash) != one.hash {
            return Err(Error::internal(format!(
                "strand {} does not hang together at {}",
                of.strand, one.number
            )));
        }
        number = one.number;
        hash.clone_from(&one.hash);
    }
    let old = found.iter().take_while(|one| one.at < before).count();
    found.truncate(old);
    Ok(found)
}

/// Cuts a strand off behind an event that lies in an archive, and takes the events before it out of the database. False when
/// another process was quicker.
pub fn cut(tx: &mut Tx<'_>, at: Moment, of: &Strand, last: &Linked) -> Result<bool> {
    let tenant = of.account.map_or_else(String::new, |id| id.to_string());
    let row = event_cuts::table.find((&tenant, of.strand));
    let is_there: Option<i64> = row.select(event_cuts::chain_number).first(tx.conn()).optional()?;
    if is_there.unwrap_or_default() != of.cut.number {
        return Ok(false);
    }
    if is_there.is_none() {
        diesel::insert_into(event_cuts::table)
            .values((
                event_cuts::smart_account_id.eq(&tenant),
                event_cuts::strand.eq(of.strand),
                event_cuts::chain_number.eq(last.number),
                event_cuts::chain_hash.eq(&last.hash),
                event_cuts::cut_at.eq(at),
            ))
            .execute(tx.conn())?;
    } else {
        diesel::update(row)
            .set((
                event_cuts::chain_number.eq(last.number),
                event_cuts::chain_hash.eq(&last.hash),
                event_cuts::cut_at.eq(at),
            ))
            .execute(tx.conn())?;
    }
    let gone = events::table.filter(
        events::strand
            .eq(of.strand)
            .and(events::chain_number.gt(0))
            .and(events::chain_number.le(last.number)),
    );
    let gone = match of.account {
        Some(account) => diesel::delete(gone.filter(events::smart_account_id.eq(account.to_string())))
            .execute(tx.conn())?,
        None => diesel::delete(gone.filter(events::smart_account_id.is_null())).execute(tx.conn())?,
    };
    let gone = i64::try_from(gone).unwrap_or(i64::MAX);
    if gone != last.number - of.cut.number {
        return Err(Error::internal(
            "another number of events went than lies in the archive",
        ));
    }
    diesel::update(event_tallies::table.find((&tenant, of.strand)))
        .set(event_tallies::events.eq(event_tallies::events - gone))
        .execute(tx.conn())?;
    Ok(true)
}
