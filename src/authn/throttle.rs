//! Wrong passwords slow down whoever sends them, and nobody else: misses are counted by person *and*
//! network together, so that an attacker cannot lock a person out, and by network alone, so that trying
//! many people from one place is slow too. Kept in the database: a restart forgives nothing.

use super::store;
use crate::error::{Error, Result};
use crate::kernel::Moment;
use crate::platform::db::{Reads, Tx};
use chrono::TimeDelta;
use std::net::IpAddr;

const FREE: i32 = 5;
const FREE_PER_NETWORK: i32 = 20;

/// What is counted for one attempt.
#[derive(Clone)]
pub struct Subjects([(String, i32); 2]);

/// The subjects of a sign-in. An IPv6 network is a /64: one customer has them all.
pub fn subjects(email_key: &str, address: &str) -> Subjects {
    subjects_for("", email_key, address)
}

/// The same for something else that is not to be tried without end, counted apart from sign-ins: `what` is
/// a word for it.
pub fn subjects_for(what: &str, email_key: &str, address: &str) -> Subjects {
    let network = match address.parse::<IpAddr>() {
        Ok(IpAddr::V6(v6)) => v6
            .segments()
            .iter()
            .take(4)
            .map(|s| format!("{s:x}"))
            .collect::<Vec<_>>()
            .join(":"),
        _ => address.to_owned(),
    };
    let network = format!("{what}{network}");
    let person: String = email_key.chars().take(200).collect();
    Subjects([(format!("{person} {network}"), FREE), (network, FREE_PER_NETWORK)])
}

/// Refuses while a subject has to wait.
pub fn check(read: &mut dyn Reads, wall: Moment, subjects: &Subjects) -> Result<()> {
    for (subject, _) in &subjects.0 {
        if let Some(until) = store::blocked_until(read, subject)?
            && until > wall
        {
            let seconds = until.since(wall).num_seconds().max(1);
            return Err(Error::TooMany {
                retry_after: std::time::Duration::from_secs(seconds.unsigned_abs()),
            });
        }
    }
    Ok(())
}

/// Counts a miss. After the free ones each doubles the wait, up to fifteen minutes.
pub fn miss(tx: &mut Tx<'_>, wall: Moment, subjects: &Subjects) -> Result<()> {
    for (subject, free) in &subjects.0 {
        let misses = store::misses(tx, subject, wall.plus(TimeDelta::hours(-1)))?.saturating_add(1);
        let over = misses - free;
        let wait = if over < 0 {
            TimeDelta::zero()
        } else {
            TimeDelta::seconds((1_i64 << over.min(20)).min(900))
        };
        store::set_misses(tx, subject, misses, wall.plus(wait), wall)?;
    }
    Ok(())
}

/// A right password clears the count of this person from this network.
pub fn clear(tx: &mut Tx<'_>, subjects: &Subjects) -> Result<()> {
    let [(person, _), _] = &subjects.0;
    store::clear_misses(tx, person)
}

/// Removes what is long over.
pub fn sweep(tx: &mut Tx<'_>, wall: Moment) -> Result<usize> {
    store::sweep_misses(tx, wall.plus(TimeDelta::hours(-24)))
}
