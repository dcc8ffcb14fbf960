//! A simulated fleet: who is in it, who calls when, and what befalls whom. It lives as long as the process; what its
//! members are for the portal, the portal keeps. Who carries the calls out is a room above.

use crate::kernel::{Moment, Secret};
use crate::platform::token;
use chrono::TimeDelta;
use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Members at most.
pub const MOST: u32 = 1_000;
/// So many happenings are kept.
const KEPT: usize = 40;
/// A member that is told to call within so long calls this much earlier, in percent: who calls on the last day was silent.
const EARLIER: i32 = 10;
/// How many times as much a greedy member asks for.
const GREED: i64 = 10;

crate::words! {
    /// What may befall a member.
    pub enum Trouble {
        /// Nothing is heard of it.
        Silent = "silent", "Goes silent";
        /// It calls again.
        Back = "back", "Comes back";
        /// Another device with the same serial number takes its place (RMA).
        Replaced = "replaced", "Is replaced with the same serial number";
        /// It asks for ten times as much.
        Greedy = "greedy", "Asks for more";
        /// Its host name changes.
        Renamed = "renamed", "Changes its host name";
    }
}

/// What a fleet is to be.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// Domain of the Smart Account.
    pub account: String,
    /// Name of the Virtual Account.
    pub place: String,
    /// How many.
    pub count: u32,
    /// What each needs: what, and how many.
    pub needs: Vec<(String, i64)>,
    /// Of a hundred calls, so many are followed by some trouble.
    pub unrest: u32,
    /// With what they sign their usage reports, when they report by policy; none when they are registered.
    pub signs: Option<Secret>,
}

/// One of them.
#[derive(Debug, Clone)]
pub struct Member {
    /// From 1.
    pub number: u32,
    /// Its serial number.
    pub serial: String,
    /// Its host name.
    pub hostname: String,
    /// Whether nothing is heard of it.
    pub is_silent: bool,
    /// How often it was registered.
    pub registered: u32,
    /// When it calls next; none for as soon as possible.
    pub next_at: Option<Moment>,
    /// When it called last.
    pub called_at: Option<Moment>,
    /// What it was told.
    pub told: String,
    times: i64,
    renames: u32,
    id: String,
    secret: Secret,
    anew: bool,
}

/// A call that is due.
#[derive(Debug, Clone)]
pub struct Call {
    fleet: u64,
    /// Whose.
    pub member: u32,
    /// Its serial number.
    pub serial: String,
    /// Its host name.
    pub hostname: String,
    /// It registers first: with this token, also in the place of an older registration.
    pub token: Option<Secret>,
    /// What it proves itself with: what it was given when it registered, and its secret.
    pub credential: (String, Secret),
    /// What it reports.
    pub needs: Vec<(String, i64)>,
    /// With what it signs that, when it reports by policy.
    pub signs: Option<Secret>,
}

/// What came of a call.
#[derive(Debug, Clone)]
pub enum Answer {
    /// It went well: by what it is known, what it was told, and when it is to call again.
    Told {
        /// The id that it was given.
        id: String,
        /// The words.
        words: String,
        /// When.
        next_at: Moment,
    },
    /// The portal said no; it calls no more until something befalls it.
    Refused(String),
    /// The portal could not answer; it tries again.
    Later(String),
}

/// A fleet that runs.
#[derive(Debug, Clone)]
pub struct Running {
    number: u64,
    /// What was wanted.
    pub wanted: Wanted,
    /// All of them.
    pub members: Vec<Member>,
    /// What happened, the newest first.
    pub happened: VecDeque<(Moment, String)>,
    /// How many calls went well.
    pub calls: u64,
    /// How many did not.
    pub refused: u64,
    token: Secret,
    dice: u64,
}

/// The fleet of a lab, if one runs.
#[derive(Default)]
pub struct Fleet(Mutex<Option<Running>>);

impl Fleet {
    fn inside(&self) -> MutexGuard<'_, Option<Running>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The fleet as it stands.
    pub fn seen(&self) -> Option<Running> {
        self.inside().clone()
    }

    /// Starts one in the place of any other. `token` is the text with which its members register.
    pub fn start(&self, wanted: Wanted, token: Secret, now: Moment) {
        let mut inside = self.inside();
        let number = inside.as_ref().map_or(0, |before| before.number) + 1;
        // Others than those of a fleet before it.
        let mark: String = token::fingerprint(&token::random_bytes::<8>())
            .chars()
            .filter(char::is_ascii_alphanumeric)
            .take(5)
            .collect::<String>()
            .to_ascii_uppercase();
        let members = (1..=wanted.count.min(MOST))
            .map(|n| Member {
                number: n,
                serial: format!("FLT{mark}{n:04}"),
                hostname: format!("fleet-{n:04}"),
                is_silent: false,
                registered: 0,
                next_at: None,
                called_at: None,
                told: String::new(),
                times: 1,
                renames: 0,
                id: String::new(),
                secret: Secret::new(token::random()),
                anew: true,
            })
            .collect();
        let says = format!("{} devices came into {}.", wanted.count.min(MOST), wanted.place);
        *inside = Some(Running {
            number,
            wanted,
            members,
            happened: VecDeque::from([(now, says)]),
            calls: 0,
            refused: 0,
            token,
            dice: number,
        });
    }

    /// Ends it. Its devices stay where they are, and nothing is heard of them any more.
    pub fn stop(&self) -> bool {
        self.inside().take().is_some()
    }

    /// Something befalls so many of them. Answers with how many.
    pub fn befall(&self, trouble: Trouble, count: u32, now: Moment) -> Option<u32> {
        self.inside()
            .as_mut()
            .map(|running| running.befall(trouble, count, now))
    }

    /// Calls that are due.
    pub fn due(&self, now: Moment, most: usize) -> Vec<Call> {
        let inside = self.inside();
        let Some(running) = inside.as_ref() else {
            return Vec::new();
        };
        running
            .members
            .iter()
            .filter(|one| !one.is_silent && one.next_at.is_none_or(|at| at <= now))
            .take(most)
            .map(|one| Call {
                fleet: running.number,
                member: one.number,
                serial: one.serial.clone(),
                hostname: one.hostname.clone(),
                token: one.anew.then(|| running.token.clone()),
                credential: (one.id.clone(), one.secret.clone()),
                needs: running
                    .wanted
                    .needs
                    .iter()
                    .map(|(what, many)| (what.clone(), many.saturating_mul(one.times).min(1_000_000)))
                    .collect(),
                signs: running.wanted.signs.clone(),
            })
            .collect()
    }

    /// When the next call is due.
    pub fn next_at(&self, now: Moment) -> Option<Moment> {
        let inside = self.inside();
        let members = inside.as_ref().map(|running| running.members.iter());
        members?
            .filter(|one| !one.is_silent)
            .map(|one| one.next_at.unwrap_or(now))
            .min()
    }

    /// Takes in what came of a call.
    pub fn answered(&self, call: &Call, answer: Answer, now: Moment) {
        if let Some(running) = self.inside().as_mut()
            && running.number == call.fleet
        {
            running.answered(call.member, answer, now);
        }
    }
}

impl Running {
    fn tell(&mut self, at: Moment, says: String) {
        self.happened.push_front((at, says));
        self.happened.truncate(KEPT);
    }

    /// A number below another: the same at every start.
    fn throw(&mut self, sides: u64) -> u64 {
        self.dice = self
            .dice
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.dice >> 33) % sides.max(1)
    }

    fn befall(&mut self, trouble: Trouble, count: u32, now: Moment) -> u32 {
        let mut done = 0;
        let mut names = Vec::new();
        let many = self.members.len();
        let first = usize::try_from(self.throw(many as u64)).unwrap_or_default();
        for step in 0..many {
            if done == count {
                break;
            }
            let Some(one) = self.members.get_mut((first + step) % many.max(1)) else {
                continue;
            };
            if one.registered > 0 && one.meets(trouble) {
                done += 1;
                names.push(one.hostname.clone());
            }
        }
        if let Some(first) = names.first() {
            let others = match names.len() {
                1 => String::new(),
                many => format!(" and {} more", many - 1),
            };
            self.tell(
                now,
                format!("{first}{others}: {}.", trouble.label().to_lowercase()),
            );
        }
        done
    }

    fn answered(&mut self, number: u32, answer: Answer, now: Moment) {
        let unrest = u64::from(self.wanted.unrest.min(100));
        let (is_trouble, which) = (self.throw(100) < unrest, self.throw(Trouble::ALL.len() as u64));
        let Some(one) = self.members.iter_mut().find(|one| one.number == number) else {
            return;
        };
        let told = match answer {
            Answer::Told { id, words, next_at } => {
                one.id = id;
                one.anew = false;
                one.registered = one.registered.max(1);
                one.called_at = Some(now);
                one.next_at = Some(earlier(now, next_at, number));
                one.told = words;
                self.calls += 1;
                let trouble = usize::try_from(which)
                    .ok()
                    .and_then(|which| Trouble::ALL.get(which));
                match trouble.filter(|_| is_trouble) {
                    Some(trouble) if one.meets(*trouble) => {
                        Some(format!("{}: {}.", one.hostname, trouble.label().to_lowercase()))
                    }
                    _ => None,
                }
            }
            Answer::Refused(says) => {
                let told = (one.told != says).then(|| format!("{}: {says}", one.hostname));
                one.told = says;
                one.is_silent = true;
                // Should it come back, it registers anew.
                one.anew = true;
                one.secret = Secret::new(token::random());
                self.refused += 1;
                told
            }
            Answer::Later(says) => {
                one.told = says;
                one.next_at = Some(now.plus(TimeDelta::minutes(1)));
                self.refused += 1;
                None
            }
        };
        if let Some(says) = told {
            self.tell(now, says);
        }
    }
}

impl Member {
    /// Lets something befall it; false when it cannot.
    fn meets(&mut self, trouble: Trouble) -> bool {
        let can = match trouble {
            Trouble::Silent | Trouble::Renamed => !self.is_silent,
            Trouble::Back => self.is_silent,
            Trouble::Greedy => !self.is_silent && self.times <= 1,
            Trouble::Replaced => true,
        };
        if !can {
            return false;
        }
        match trouble {
            Trouble::Silent => {
                self.is_silent = true;
                return true;
            }
            Trouble::Back => {}
            Trouble::Replaced => {
                self.secret = Secret::new(token::random());
                self.anew = true;
                self.registered += 1;
                self.times = 1;
            }
            Trouble::Greedy => self.times = GREED,
            Trouble::Renamed => {
                self.renames += 1;
                self.hostname = format!("fleet-{:04}-{}", self.number, self.renames + 1);
                // The host name is shown after it has registered again.
                self.secret = Secret::new(token::random());
                self.anew = true;
                self.registered += 1;
            }
        }
        self.is_silent = false;
        self.next_at = None;
        true
    }
}

/// Somewhat before it is due, each of them at another minute.
fn earlier(now: Moment, next: Moment, number: u32) -> Moment {
    let wait = next.since(now);
    let spread = TimeDelta::minutes(i64::from(number % 60));
    next.plus(-(wait / 100 * EARLIER)).plus(-spread.min(wait / 4))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Moment {
        Moment::parse("2026-11-29T08:00:00Z").unwrap()
    }

    fn started(count: u32, unrest: u32) -> Fleet {
        let fleet = Fleet::default();
        let wanted = Wanted {
            account: "xyz.example".to_owned(),
            place: "DEFAULT".to_owned(),
            count,
            needs: vec![("c9200-ne-48".to_owned(), 2)],
            unrest,
            signs: None,
        };
        fleet.start(wanted, Secret::new("token"), now());
        fleet
    }

    fn well(call: &Call) -> Answer {
        Answer::Told {
            id: format!("id-{}", call.member),
            words: "Authorized".to_owned(),
            next_at: now().plus(TimeDelta::days(30)),
        }
    }

    #[test]
    fn each_registers_reports_and_calls_again_before_it_is_due() {
        let fleet = started(3, 0);
        let calls = fleet.due(now(), 10);
        assert_eq!(calls.len(), 3);
        assert!(
            calls
                .iter()
                .all(|call| call.token.is_some() && call.needs[0].1 == 2)
        );
        for call in &calls {
            fleet.answered(call, well(call), now());
        }
        assert!(fleet.due(now(), 10).is_empty());
        let next = fleet.next_at(now()).unwrap();
        assert!(next < now().plus(TimeDelta::days(29)) && next > now().plus(TimeDelta::days(25)));
        let again = fleet.due(now().plus(TimeDelta::days(30)), 10);
        assert!(again.len() == 3 && again.iter().all(|call| call.token.is_none()));
    }

    #[test]
    fn what_befalls_a_member_is_seen_in_its_next_call() {
        let fleet = started(4, 0);
        for call in fleet.due(now(), 10) {
            fleet.answered(&call, well(&call), now());
        }
        assert_eq!(fleet.befall(Trouble::Silent, 2, now()), Some(2));
        assert_eq!(fleet.befall(Trouble::Silent, 9, now()), Some(2));
        assert_eq!(fleet.befall(Trouble::Greedy, 1, now()), Some(0));
        assert_eq!(fleet.befall(Trouble::Back, 4, now()), Some(4));
        let before = fleet.due(now(), 10);
        for call in &before {
            fleet.answered(call, well(call), now());
        }
        assert_eq!(fleet.befall(Trouble::Greedy, 1, now()), Some(1));
        assert_eq!(fleet.due(now(), 10)[0].needs[0].1, 20);
        assert_eq!(fleet.befall(Trouble::Replaced, 4, now()), Some(4));
        for call in fleet.due(now(), 10) {
            let was = before.iter().find(|one| one.member == call.member).unwrap();
            assert_eq!(call.serial, was.serial);
            assert_ne!(call.credential.1.reveal(), was.credential.1.reveal());
            assert!(call.token.is_some());
        }
        // An answer to a fleet that has ended since is nobody's.
        let old = fleet.due(now(), 1).remove(0);
        assert!(fleet.stop() && !fleet.stop());
        fleet.answered(&old, well(&old), now());
        assert!(fleet.seen().is_none());
    }

    #[test]
    fn a_fleet_without_rest_has_troubles_of_its_own() {
        let fleet = started(50, 100);
        for call in fleet.due(now(), 100) {
            fleet.answered(&call, well(&call), now());
        }
        assert!(fleet.seen().unwrap().happened.len() > 20);
    }
}
