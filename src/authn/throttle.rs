//! Wrong passwords slow down whoever sends them: misses are counted by person *and* network together, and by
//! network alone, so that trying many people from one place is slow too. One who tries from many places is slowed
//! by a third count, of the user account. It would slow the owner too, so it leaves out the networks from which the
//! owner has come in before; who comes from a new one sets a new password by an emailed link, which makes it known.
//! Kept in the database: a restart forgives nothing.

use super::{store, system_users};
use crate::error::{Error, Result};
use crate::kernel::Moment;
use crate::kernel::ids::PersonId;
use crate::platform::db::{Reads, Tx};
use chrono::TimeDelta;
use std::net::IpAddr;

const FREE: i32 = 5;
const FREE_PER_NETWORK: i32 = 20;
/// The longest wait, in seconds.
const LONGEST: i64 = 900;
/// A crowd may try once a minute in the long run: a password that is good enough stands that for centuries, and
/// nobody is locked out for long.
const LONGEST_OF_CROWD: i64 = 60;
/// How long a network is remembered from which somebody came in.
const KNOWN: TimeDelta = TimeDelta::days(90);

/// How often a user account may be tried from all networks together before that is slowed.
pub const FREE_SIGN_INS: i32 = 30;
/// The same for letters with a link for a new password.
pub const FREE_RESETS: i32 = 10;

/// The same for codes of a second factor.
const FREE_CODES: i32 = 10;

/// What is counted for one attempt.
#[derive(Clone)]
pub struct Subjects(Vec<Subject>);

#[derive(Clone)]
struct Subject {
    name: String,
    free: i32,
    longest: i64,
    /// Sign-ins of one person from one network: the rule of an On-Prem server counts.
    locks: bool,
}

/// The network of an address: of IPv6 the /64, since one customer has them all.
pub fn network(address: &str) -> String {
    match address.parse::<IpAddr>() {
        Ok(IpAddr::V6(v6)) => v6
            .segments()
            .iter()
            .take(4)
            .map(|s| format!("{s:x}"))
            .collect::<Vec<_>>()
            .join(":"),
        _ => address.to_owned(),
    }
}

/// The subjects of an attempt by somebody who is signed in already.
pub fn subjects(email_key: &str, address: &str) -> Subjects {
    subjects_for("", email_key, address)
}

/// The same for something else that is not to be tried without end, counted apart from sign-ins: `what` is
/// a word for it.
pub fn subjects_for(what: &str, email_key: &str, address: &str) -> Subjects {
    let network = format!("{what}{}", network(address));
    let person: String = email_key.chars().take(200).collect();
    let subject = |name: String, free: i32, locks: bool| Subject {
        name,
        free,
        longest: LONGEST,
        locks,
    };
    Subjects(vec![
        subject(format!("{person} {network}"), FREE, what.is_empty()),
        subject(network, FREE_PER_NETWORK, false),
    ])
}

/// The subjects of an attempt by nobody knows whom: the user account is among them, unless its owner has come in
/// from this network before. Whether anybody has the address makes no difference.
pub fn subjects_of_anybody(
    read: &mut dyn Reads,
    wall: Moment,
    what: &str,
    email_key: &str,
    address: &str,
    free: i32,
) -> Result<Subjects> {
    let mut subjects = subjects_for(what, email_key, address);
    if !store::is_known_network(read, email_key, &network(address), wall.plus(-KNOWN))? {
        let person: String = email_key.chars().take(200).collect();
        subjects.0.push(Subject {
            name: format!("{what}everybody {person}"),
            free,
            longest: LONGEST_OF_CROWD,
            locks: false,
        });
    }
    Ok(subjects)
}

/// The subjects of an attempt at the second step of a sign-in, by somebody who knows the password: the user account may be
/// tried a few times from new networks, and then waits as long as one network does. A crowd that knows the password gets
/// through some hundred of a million codes in a day.
pub fn subjects_of_second_step(
    read: &mut dyn Reads,
    wall: Moment,
    email_key: &str,
    address: &str,
) -> Result<Subjects> {
    let mut subjects = subjects_of_anybody(read, wall, "code ", email_key, address, FREE_CODES)?;
    for subject in &mut subjects.0 {
        subject.longest = LONGEST;
    }
    Ok(subjects)
}

/// Somebody has come in from here: from now on, what others do elsewhere does not slow them here.
pub fn know(tx: &mut Tx<'_>, wall: Moment, person: PersonId, address: &str) -> Result<()> {
    store::know_network(tx, person, &network(address), wall)
}

/// Refuses while a subject has to wait.
pub fn check(read: &mut dyn Reads, wall: Moment, subjects: &Subjects) -> Result<()> {
    for subject in &subjects.0 {
        if let Some(until) = store::blocked_until(read, &subject.name)?
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

/// Counts a miss. After the free ones each doubles the wait. An On-Prem server says itself after how many sign-ins a person
/// waits, and how long.
pub fn miss(tx: &mut Tx<'_>, wall: Moment, subjects: &Subjects) -> Result<()> {
    let rules = if subjects.0.iter().any(|subject| subject.locks) {
        system_users::Rules::of(tx)?
    } else {
        None
    };
    for subject in &subjects.0 {
        let rules = rules.filter(|_| subject.locks);
        let mut misses = store::misses(tx, &subject.name, wall.plus(TimeDelta::hours(-1)))?.saturating_add(1);
        // A lock that has ended gives all the tries back.
        if rules.is_some_and(|rules| misses > i32::from(rules.tries)) {
            misses = 1;
        }
        let over = misses - subject.free;
        let wait = match rules {
            Some(rules) if misses >= i32::from(rules.tries) => {
                TimeDelta::minutes(i64::from(rules.unlock_minutes))
            }
            Some(_) => TimeDelta::zero(),
            None if over < 0 => TimeDelta::zero(),
            None => TimeDelta::seconds((1_i64 << over.min(20)).min(subject.longest)),
        };
        store::set_misses(tx, &subject.name, misses, wall.plus(wait), wall)?;
    }
    Ok(())
}

/// A right password clears the count of this person from this network.
pub fn clear(tx: &mut Tx<'_>, subjects: &Subjects) -> Result<()> {
    match subjects.0.first() {
        Some(person) => store::clear_misses(tx, &person.name),
        None => Ok(()),
    }
}

/// Removes what is long over.
pub fn sweep(tx: &mut Tx<'_>, wall: Moment) -> Result<usize> {
    store::forget_networks(tx, wall.plus(-KNOWN))?;
    store::sweep_misses(tx, wall.plus(TimeDelta::hours(-24)))
}
