//! The chain of the record: what an event's hash is made of, and whether the events of a tenant still hang together.
//!
//! The hash is SHA-256, in hexadecimal, over a JSON array without spaces: the hash of the event before it in its strand (""
//! for the first), strand, number, id, time in microseconds since 1970, account, Virtual Account, kind, outcome, message, id
//! of the person, name of the person, what it is about, detail, network address and id of the request. What is not there is
//! "". Whoever can write to the database can also write a new chain; whoever keeps an export finds that out.

use super::cuts::{self, Cut};
use super::schema::{event_tallies, events};
use super::tx::Reads;
use crate::error::Result;
use crate::kernel::Moment;
use crate::kernel::ids::{EventId, SmartAccountId};
use crate::platform::token;
use diesel::prelude::*;

/// So many events are looked at in one query.
const PIECE: i64 = 1_000;

/// An event as it hangs in its chain.
#[derive(Debug, Clone, Queryable)]
pub struct Linked {
    /// Which strand of its tenant.
    pub strand: i32,
    /// Counted from 1; 0 for an event from before the chain.
    pub number: i64,
    /// Over itself and the one before.
    pub hash: String,
    /// Its id.
    pub id: EventId,
    /// When.
    pub at: Moment,
    /// In which account.
    pub account: Option<String>,
    /// In which Virtual Account.
    pub virtual_account: Option<String>,
    /// What.
    pub kind: String,
    /// How it ended.
    pub outcome: String,
    /// One sentence.
    pub message: String,
    /// Who.
    pub actor_id: Option<String>,
    /// Name and address of who, as they were then.
    pub actor: String,
    /// Which thing.
    pub about: String,
    /// Facts, as JSON.
    pub detail: String,
    /// Network address of the request.
    pub address: String,
    /// Id of the request.
    pub request_id: String,
}

impl Linked {
    /// The hash that it has to hold, behind the event with that one.
    pub fn made(&self, former: &str) -> String {
        let parts = (
            former,
            self.strand,
            self.number,
            self.id.as_str(),
            self.at.utc().timestamp_micros(),
            self.account.as_deref().unwrap_or_default(),
            self.virtual_account.as_deref().unwrap_or_default(),
            &self.kind,
            &self.outcome,
            &self.message,
            self.actor_id.as_deref().unwrap_or_default(),
            &self.actor,
            &self.about,
            &self.detail,
            &self.address,
            &self.request_id,
        );
        // Texts and numbers: there is nothing in it that JSON does not know.
        token::fingerprint(&serde_json::to_vec(&parts).unwrap_or_default())
    }
}

macro_rules! columns {
    () => {
        (
            events::strand,
            events::chain_number,
            events::chain_hash,
            events::id,
            events::at,
            events::smart_account_id,
            events::virtual_account_id,
            events::kind,
            events::outcome,
            events::message,
            events::actor_id,
            events::actor,
            events::about,
            events::detail,
            events::address,
            events::request_id,
        )
    };
}

/// A place where the chain does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// In which strand.
    pub strand: i32,
    /// At which number.
    pub number: i64,
    /// The event that stands there, if one does.
    pub event: Option<EventId>,
    /// What is wrong.
    pub what: Wrong,
}

crate::words! {
    /// What can be wrong with a link.
    pub enum Wrong {
        /// The event, or its hash, is not what was written.
        Changed = "changed", "The event was changed";
        /// An event with this number is not there.
        Missing = "missing", "An event is missing";
        /// The strand ends before its end.
        CutOff = "cut-off", "The newest events are missing";
        /// There is more than was counted.
        Added = "added", "An event was added";
    }
}

/// How a chain was found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Chain {
    /// How many events hang in it.
    pub linked: u64,
    /// How many stand outside of it: from before it began.
    pub before: u64,
    /// How many of its first lie in an archive.
    pub archived: u64,
    /// The first place of each strand where it does not hold.
    pub broken: Vec<Broken>,
}

/// Follows the chain of a tenant, or of what belongs to none, from end to end.
pub fn follow(read: &mut dyn Reads, account: Option<SmartAccountId>) -> Result<Chain> {
    let tenant = account.map_or_else(String::new, |id| id.to_string());
    let heads: Vec<(i32, i64, String)> = event_tallies::table
        .filter(event_tallies::smart_account_id.eq(&tenant))
        .order(event_tallies::shard.asc())
        .select((
            event_tallies::shard,
            event_tallies::chain_number,
            event_tallies::chain_hash,
        ))
        .load(read.conn())?;
    let mut chain = Chain::default();
    let mut cuts = cuts::of(read, account)?;
    for (strand, last, head) in heads {
        let cut = cuts.remove(&strand).unwrap_or_default();
        chain.archived += u64::try_from(cut.number).unwrap_or_default();
        let (linked, broken) = follow_strand(read, account, strand, &cut, last, &head)?;
        chain.linked += linked;
        chain.broken.extend(broken);
    }
    chain.before = count_before(read, account)?;
    Ok(chain)
}

fn follow_strand(
    read: &mut dyn Reads,
    account: Option<SmartAccountId>,
    strand: i32,
    cut: &Cut,
    last: i64,
    head: &str,
) -> Result<(u64, Option<Broken>)> {
    let broken = |number, event, what| {
        Some(Broken {
            strand,
            number,
            event,
            what,
        })
    };
    // How many there are behind the cut.
    let linked = |number: i64| u64::try_from(number - cut.number).unwrap_or_default();
    let (mut number, mut hash) = (cut.number, cut.hash.clone());
    if cut.number > 0
        && let Some(one) = after(read, account, strand, 0, 1)?.first()
        && one.number <= cut.number
    {
        return Ok((0, broken(one.number, Some(one.id), Wrong::Added)));
    }
    loop {
        let piece = after(read, account, strand, number, PIECE)?;
        for one in &piece {
            if one.number > last {
                return Ok((linked(number), broken(one.number, Some(one.id), Wrong::Added)));
            }
            if one.number != number + 1 {
                return Ok((linked(number), broken(number + 1, None, Wrong::Missing)));
            }
            if one.made(&hash) != one.hash {
                return Ok((linked(number), broken(one.number, Some(one.id), Wrong::Changed)));
            }
            number = one.number;
            hash.clone_from(&one.hash);
        }
        if i64::try_from(piece.len()).unwrap_or_default() < PIECE {
            break;
        }
    }
    if number < last || hash != head {
        return Ok((linked(number), broken(number + 1, None, Wrong::CutOff)));
    }
    Ok((linked(number), None))
}

/// The next events of a strand, behind a number.
pub fn after(
    read: &mut dyn Reads,
    account: Option<SmartAccountId>,
    strand: i32,
    number: i64,
    most: i64,
) -> Result<Vec<Linked>> {
    let query = events::table
        .filter(
            events::strand
                .eq(strand)
                .and(events::chain_number.gt(number.max(0))),
        )
        .select(columns!())
        .order(events::chain_number.asc())
        .limit(most)
        .into_boxed();
    let query = match account {
        Some(account) => query.filter(events::smart_account_id.eq(account.to_string())),
        None => query.filter(events::smart_account_id.is_null()),
    };
    Ok(query.load(read.conn())?)
}

/// The next events from before the chain, behind the one with this time and id.
pub fn before(
    read: &mut dyn Reads,
    account: SmartAccountId,
    last: Option<(Moment, EventId)>,
    most: i64,
) -> Result<Vec<Linked>> {
    let mut query = events::table
        .filter(
            events::smart_account_id
                .eq(account)
                .and(events::chain_number.eq(0)),
        )
        .select(columns!())
        .order((events::at.asc(), events::id.asc()))
        .limit(most)
        .into_boxed();
    if let Some((at, id)) = last {
        query = query.filter(events::at.ge(at).and(events::at.gt(at).or(events::id.gt(id))));
    }
    Ok(query.load(read.conn())?)
}

fn count_before(read: &mut dyn Reads, account: Option<SmartAccountId>) -> Result<u64> {
    let query = events::table.filter(events::chain_number.eq(0)).into_boxed();
    let query = match account {
        Some(account) => query.filter(events::smart_account_id.eq(account.to_string())),
        None => query.filter(events::smart_account_id.is_null()),
    };
    let counted: i64 = query.count().get_result(read.conn())?;
    Ok(u64::try_from(counted).unwrap_or_default())
}

/// How many events hang in the chain of a tenant, or of what belongs to none, as its ends say.
pub fn length(read: &mut dyn Reads, account: Option<SmartAccountId>) -> Result<u64> {
    let tenant = account.map_or_else(String::new, |id| id.to_string());
    let ends: Vec<i64> = event_tallies::table
        .filter(event_tallies::smart_account_id.eq(&tenant))
        .select(event_tallies::chain_number)
        .load(read.conn())?;
    Ok(u64::try_from(ends.iter().sum::<i64>()).unwrap_or_default())
}

/// Whose chains there are: accounts, and none for what belongs to no account.
pub fn whose(read: &mut dyn Reads) -> Result<Vec<Option<SmartAccountId>>> {
    let tenants: Vec<String> = event_tallies::table
        .select(event_tallies::smart_account_id)
        .distinct()
        .order(event_tallies::smart_account_id.asc())
        .load(read.conn())?;
    Ok(tenants.into_iter().map(|id| id.parse().ok()).collect())
}

/// How many strands a chain has.
pub const STRANDS: i32 = super::tx::SHARDS;

#[cfg(test)]
mod tests {
    use super::*;

    fn one() -> Linked {
        Linked {
            strand: 3,
            number: 1,
            hash: String::new(),
            id: "0192f0c0-0000-7000-8000-000000000001".parse().unwrap(),
            at: Moment::parse("2026-11-28T12:00:00.000001Z").unwrap(),
            account: None,
            virtual_account: None,
            kind: "licenses.added".to_owned(),
            outcome: "done".to_owned(),
            message: "Fünf \"Lizenzen\"\n".to_owned(),
            actor_id: None,
            actor: "Ada".to_owned(),
            about: "x".to_owned(),
            detail: "{\"a\":1}".to_owned(),
            address: String::new(),
            request_id: String::new(),
        }
    }

    /// The expected hash was made with another program, as `docs/operations.md` shows.
    #[test]
    fn the_hash_is_that_of_the_documentation() {
        assert_eq!(
            one().made(""),
            "69119764315a19898b7740c093e79e65e5540ec30d11ff2dfdeff0cab81e352a"
        );
    }

    #[test]
    fn whatever_is_changed_changes_the_hash() {
        let hash = one().made("");
        let changes: [fn(&mut Linked); 13] = [
            |l| l.strand = 4,
            |l| l.number = 2,
            |l| l.id = EventId::new(),
            |l| l.at = l.at.plus(chrono::TimeDelta::microseconds(1)),
            |l| l.account = Some("a".to_owned()),
            |l| l.virtual_account = Some("a".to_owned()),
            |l| l.kind.push('x'),
            |l| l.outcome.push('x'),
            |l| l.message.push('x'),
            |l| l.actor_id = Some("a".to_owned()),
            |l| l.actor.push('x'),
            |l| l.detail.push(' '),
            |l| l.request_id.push('x'),
        ];
        for change in changes {
            let mut other = one();
            change(&mut other);
            assert_ne!(other.made(""), hash);
        }
        assert_ne!(one().made("other"), hash);
    }
}
