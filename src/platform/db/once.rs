//! Doing a thing once, however often it is asked for.

use super::KeepReady;
use super::schema::once;
use super::tx::{Reads, Tx};
use crate::error::{Error, Result};
use crate::kernel::Moment;
use diesel::prelude::*;

/// What a once-token says about a request.
pub enum Once {
    /// It is the first: go on, and tell [`Tx::made`] what was made.
    First,
    /// It has been done: this is what was made.
    Again(String),
}

/// Under which a thing is done once: whose token, which, and a digest of what was asked.
#[derive(Debug, Clone)]
pub struct OnceKey {
    /// A token of one person means nothing for another.
    pub owner: String,
    /// Chosen by the form or by the script.
    pub token: String,
    /// The same token with another request is a mistake.
    pub hash: String,
}

impl Tx<'_> {
    /// Whether this is the first time. Without a key it always is.
    pub fn once(&mut self, key: Option<&OnceKey>) -> Result<Once> {
        let Some(key) = key else { return Ok(Once::First) };
        let row: Option<(String, String)> = once::table
            .find((&key.owner, &key.token))
            .select((once::request_hash, once::made))
            .first(self.conn())
            .optional()?;
        match row {
            None => Ok(Once::First),
            Some((was, made)) if was == key.hash => Ok(Once::Again(made)),
            Some(_) => Err(Error::invalid(
                "Idempotency-Key",
                "This key was used for another request. Send a new key with a new request.",
            )),
        }
    }

    /// Keeps what was made, in the same transaction.
    pub fn made(&mut self, at: Moment, key: Option<&OnceKey>, made: &str) -> Result<()> {
        let Some(key) = key else { return Ok(()) };
        diesel::insert_into(once::table)
            .values((
                once::actor.eq(&key.owner),
                once::token.eq(&key.token),
                once::request_hash.eq(&key.hash),
                once::made.eq(made),
                once::created_at.eq(at),
            ))
            .execute(self.conn())?;
        Ok(())
    }

    /// Forgets tokens from before.
    pub fn forget_once_before(&mut self, before: Moment) -> Result<usize> {
        Ok(diesel::delete(once::table.filter(once::created_at.lt(before))).execute(self.conn())?)
    }

    /// The next value of a named counter.
    pub fn next_number(&mut self, name: &str, first: i64) -> Result<i64> {
        self.next_numbers(name, first, 1)
    }

    /// The first of the next values of a named counter; as many of them are taken as are said.
    pub fn next_numbers(&mut self, name: &str, first: i64, many: usize) -> Result<i64> {
        use super::schema::counters;
        let last: Option<i64> = counters::table
            .find(name)
            .select(counters::value)
            .first(self.conn())
            .optional()?;
        let next = last.map_or(first, |v| v.saturating_add(1));
        let last_taken = next
            .saturating_add(i64::try_from(many).unwrap_or(i64::MAX))
            .saturating_sub(1);
        if last.is_some() {
            diesel::update(counters::table.find(name))
                .set(counters::value.eq(last_taken))
                .kept_ready()
                .execute(self.conn())?;
        } else {
            diesel::insert_into(counters::table)
                .values((counters::name.eq(name), counters::value.eq(last_taken)))
                .execute(self.conn())?;
        }
        Ok(next)
    }
}
