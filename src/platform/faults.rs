//! Faults on purpose, for labs: rules that say which requests (or letters) meet which trouble. They live in the memory of a
//! process and end with it; without rules, asking costs one load.

use super::token::random_bytes;
use crate::kernel::Moment;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

/// Rules at most.
pub const MOST_RULES: usize = 50;
/// The longest delay, in milliseconds.
pub const LONGEST_DELAY: u64 = 60_000;

crate::words! {
    /// By which way requests come.
    pub enum Surface {
        /// Any of them; what goes out is no request.
        Any = "any", "All requests";
        /// Browsers.
        Pages = "pages", "Pages";
        /// Scripts.
        Api = "api", "API";
        /// Product instances.
        Devices = "devices", "Product instances";
        /// On-Prem servers.
        OnPrem = "on-prem", "On-Prem servers";
        /// Scripts that were written for the vendor's portals.
        Vendor = "vendor", "Vendor's APIs";
        /// Letters that go out.
        Mail = "mail", "Outbound email";
        /// Webhooks that go out.
        Webhooks = "webhooks", "Webhooks";
    }
}

impl Surface {
    /// Whether it is about what goes out, and not about requests that come in.
    pub fn goes_out(self) -> bool {
        matches!(self, Self::Mail | Self::Webhooks)
    }
}

crate::words! {
    /// The kinds of trouble.
    pub enum EffectKind {
        /// It takes longer.
        Delay = "delay", "Delay";
        /// It is answered with this status, and nothing is done.
        Status = "status", "Answer with a status";
        /// It is answered with 200 and a body that says something else, and nothing is done.
        Answer = "answer", "Answer 200 with this body";
        /// It is done, and half of the answer goes out.
        Cut = "cut", "Cut the answer off";
        /// The connection ends without an answer, and nothing is done.
        Drop = "drop", "Drop the connection";
    }
}

/// What happens to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// It takes so many milliseconds longer.
    Delay(u64),
    /// It is answered with this status.
    Status(u16),
    /// It is answered with 200 and this body.
    Answer(String),
    /// Half of the answer goes out.
    Cut,
    /// The connection ends.
    Drop,
}

impl Effect {
    /// Its kind.
    pub fn kind(&self) -> EffectKind {
        match self {
            Self::Delay(_) => EffectKind::Delay,
            Self::Status(_) => EffectKind::Status,
            Self::Answer(_) => EffectKind::Answer,
            Self::Cut => EffectKind::Cut,
            Self::Drop => EffectKind::Drop,
        }
    }
    /// In words.
    pub fn words(&self) -> String {
        match self {
            Self::Delay(ms) => format!("Delayed by {ms} ms"),
            Self::Status(status) => format!("Answered with status {status}"),
            Self::Answer(_) => "Answered with 200 and another body".to_owned(),
            Self::Cut => "Answer cut off".to_owned(),
            Self::Drop => "Connection dropped".to_owned(),
        }
    }
}

/// Which requests, and what happens to them.
#[derive(Debug, Clone)]
pub struct NewRule {
    /// What people call it.
    pub name: String,
    /// By which way they come.
    pub surface: Surface,
    /// With this method alone.
    pub method: Option<String>,
    /// With a path that begins so.
    pub path: Option<String>,
    /// From this person (by address) or API client (by id) alone.
    pub who: Option<String>,
    /// So many of a hundred.
    pub share: u8,
    /// So many in all; then it is over.
    pub times: Option<u64>,
    /// Until then (wall time); then it is over.
    pub until: Option<Moment>,
    /// What happens.
    pub effect: Effect,
}

/// A rule that holds.
#[derive(Debug)]
pub struct Rule {
    /// Counted up in this process.
    pub number: u64,
    /// What it says.
    pub asks: NewRule,
    hits: AtomicU64,
}

impl Rule {
    /// How often it struck.
    pub fn hits(&self) -> u64 {
        self.hits.load(Ordering::Relaxed)
    }

    fn is_over(&self, wall: Moment) -> bool {
        self.asks.times.is_some_and(|times| self.hits() >= times)
            || self.asks.until.is_some_and(|until| wall >= until)
    }

    /// Whether it is about such requests, whoever sends them.
    fn is_about(&self, surface: Surface, method: &str, path: &str) -> bool {
        let asks = &self.asks;
        let named = |wanted: &Option<String>, fits: &dyn Fn(&str) -> bool| wanted.as_deref().is_none_or(fits);
        (asks.surface == surface || (asks.surface == Surface::Any && !surface.goes_out()))
            && named(&asks.method, &|wanted| wanted.eq_ignore_ascii_case(method))
            && named(&asks.path, &|wanted| path.starts_with(wanted))
            // Whoever is to take the rule away has to come in first, unless it names that door.
            && (asks.path.is_some() || !DOORS.iter().any(|door| path.starts_with(door)))
    }

    /// Strikes, unless the dice are for it or it is over.
    pub fn strikes(&self, wall: Moment) -> bool {
        if self.is_over(wall) {
            return false;
        }
        let [dice, more] = random_bytes::<2>();
        let dice = u32::from(u16::from_le_bytes([dice, more]));
        if dice * 100 >= u32::from(self.asks.share) * 65_536 {
            return false;
        }
        let most = self.asks.times.unwrap_or(u64::MAX);
        self.hits
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |hits| {
                (hits < most).then_some(hits + 1)
            })
            .is_ok()
    }
}

/// Where people and scripts come in.
const DOORS: &[&str] = &[
    "/login",
    "/logout",
    "/api/v1/token",
    "/as/",
    "/idp/",
    "/oauth/",
    "/oauth2/",
];

/// Folders that no rule touches: the lab's own, what pages are made of, and signs of life.
const SPARED: &[&str] = &[
    "/simulator/",
    "/api/v1/simulator/",
    "/assets/",
    "/livez",
    "/readyz",
];

/// Whether no rule touches a path.
pub fn is_spared(path: &str) -> bool {
    SPARED.iter().any(|folder| path.starts_with(folder))
}

/// All rules of a process.
#[derive(Debug, Default)]
pub struct Faults {
    has_rules: AtomicBool,
    rules: RwLock<Vec<Arc<Rule>>>,
    next: AtomicU64,
}

impl Faults {
    /// Whether there may be any.
    pub fn has_rules(&self) -> bool {
        self.has_rules.load(Ordering::Relaxed)
    }

    /// The rules that hold, in the order in which they were made. What is over is forgotten.
    pub fn list(&self, wall: Moment) -> Vec<Arc<Rule>> {
        let mut rules = self.rules.write().unwrap_or_else(PoisonError::into_inner);
        rules.retain(|rule| !rule.is_over(wall));
        self.has_rules.store(!rules.is_empty(), Ordering::Relaxed);
        rules.clone()
    }

    /// One more; none when there are too many.
    pub fn add(&self, new: NewRule, wall: Moment) -> Option<u64> {
        if self.list(wall).len() >= MOST_RULES {
            return None;
        }
        let number = self.next.fetch_add(1, Ordering::Relaxed) + 1;
        let mut rules = self.rules.write().unwrap_or_else(PoisonError::into_inner);
        rules.push(Arc::new(Rule {
            number,
            asks: new,
            hits: AtomicU64::new(0),
        }));
        self.has_rules.store(true, Ordering::Relaxed);
        Some(number)
    }

    /// Removes one, or all; gives back those.
    pub fn remove(&self, number: Option<u64>) -> Vec<Arc<Rule>> {
        let mut rules = self.rules.write().unwrap_or_else(PoisonError::into_inner);
        let (gone, left): (Vec<_>, Vec<_>) = std::mem::take(&mut *rules)
            .into_iter()
            .partition(|rule| number.is_none_or(|number| rule.number == number));
        *rules = left;
        self.has_rules.store(!rules.is_empty(), Ordering::Relaxed);
        gone
    }

    /// The rules about such a request.
    pub fn about(&self, surface: Surface, method: &str, path: &str) -> Vec<Arc<Rule>> {
        let rules = self.rules.read().unwrap_or_else(PoisonError::into_inner);
        rules
            .iter()
            .filter(|rule| rule.is_about(surface, method, path))
            .cloned()
            .collect()
    }

    /// Whether a letter or a webhook that is about to go out meets trouble.
    pub fn stops(&self, surface: Surface, wall: Moment) -> bool {
        self.has_rules() && self.about(surface, "", "").iter().any(|rule| rule.strikes(wall))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(surface: Surface) -> NewRule {
        NewRule {
            name: "test".to_owned(),
            surface,
            method: None,
            path: None,
            who: None,
            share: 100,
            times: None,
            until: None,
            effect: Effect::Drop,
        }
    }

    fn noon() -> Moment {
        Moment::parse("2026-11-28T12:00:00Z").unwrap()
    }

    #[test]
    fn a_rule_is_about_what_it_names() {
        let faults = Faults::default();
        assert!(!faults.has_rules());
        let new = NewRule {
            method: Some("post".to_owned()),
            path: Some("/api/v1/accounts/".to_owned()),
            ..rule(Surface::Api)
        };
        faults.add(new, noon());
        let about =
            |surface: Surface, method: &str, path: &str| !faults.about(surface, method, path).is_empty();
        assert!(about(Surface::Api, "POST", "/api/v1/accounts/100001/tokens"));
        assert!(!about(Surface::Api, "GET", "/api/v1/accounts/100001/tokens"));
        assert!(!about(Surface::Api, "POST", "/api/v1/me"));
        assert!(!about(Surface::Pages, "POST", "/api/v1/accounts/100001/tokens"));
        assert_eq!(faults.remove(None).len(), 1);
        assert!(!faults.has_rules());
    }

    #[test]
    fn doors_are_open_unless_they_are_named_and_letters_are_no_requests() {
        let faults = Faults::default();
        faults.add(rule(Surface::Any), noon());
        let about = |path: &str| !faults.about(Surface::Pages, "POST", path).is_empty();
        assert!(about("/sa/100001"));
        assert!(about("/device-manager/v1/sync"));
        assert!(!about("/login") && !about("/api/v1/token"));
        assert!(!faults.stops(Surface::Mail, noon()));
        faults.add(
            NewRule {
                path: Some("/login".to_owned()),
                ..rule(Surface::Pages)
            },
            noon(),
        );
        assert!(about("/login"));
        faults.add(rule(Surface::Mail), noon());
        assert!(faults.stops(Surface::Mail, noon()) && !faults.stops(Surface::Webhooks, noon()));
        assert!(is_spared("/livez") && is_spared("/simulator/faults") && !is_spared("/sa/1"));
    }

    #[test]
    fn a_rule_ends_by_its_count_and_by_its_time_and_strikes_by_its_share() {
        let faults = Faults::default();
        let times = NewRule {
            times: Some(3),
            ..rule(Surface::Any)
        };
        let until = NewRule {
            until: Some(noon().plus(chrono::TimeDelta::seconds(5))),
            ..rule(Surface::Any)
        };
        faults.add(times, noon());
        faults.add(until, noon());
        let rules = faults.list(noon());
        assert_eq!((0..5).filter(|_| rules[0].strikes(noon())).count(), 3);
        assert!(rules[1].strikes(noon()));
        let later = noon().plus(chrono::TimeDelta::seconds(5));
        assert!(!rules[1].strikes(later));
        assert!(faults.list(later).is_empty());
        assert!(!faults.has_rules());
        for (share, low, high) in [(0, 0, 0), (100, 1000, 1000), (25, 150, 350)] {
            faults.remove(None);
            faults.add(
                NewRule {
                    share,
                    ..rule(Surface::Any)
                },
                noon(),
            );
            let rules = faults.list(noon());
            let struck = (0..1000).filter(|_| rules[0].strikes(noon())).count();
            assert!(
                (low..=high).contains(&struck),
                "{share} percent: {struck} of 1000"
            );
        }
        for _ in 0..MOST_RULES {
            faults.add(rule(Surface::Any), noon());
        }
        assert!(faults.add(rule(Surface::Any), noon()).is_none());
    }
}
