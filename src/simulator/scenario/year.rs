//! A year of events in XYZ COMPANY, made by a seeded generator: what people did there, in kinds of event that
//! the portal writes itself. Whatever it says was changed was changed back, so that the log fits the state.

use super::demo::{Demo, days_before};
use super::dice::Dice;
use crate::authz::{Action, Role};
use crate::http::widgets::counted;
use crate::kernel::event::Outcome;
use crate::kernel::{Event, Kind, Moment, Who};
use chrono::TimeDelta;

/// The network of the office, from the ranges that are kept for examples.
pub const OFFICE: &str = "192.0.2.24";
/// The network of the partner.
pub const PARTNER: &str = "198.51.100.7";

/// How many events the year holds.
const EVENTS: usize = 300;

/// One of them.
#[derive(Debug, Clone)]
pub struct Happened {
    /// When.
    pub at: Moment,
    /// By whom.
    pub who: Who,
    /// What.
    pub event: Event,
}

/// Thinks the year out. The same start gives the same year.
pub fn plan(now: Moment, demo: &Demo) -> Vec<Happened> {
    let mut year = Year {
        now,
        demo,
        dice: Dice::seeded(2026),
        events: Vec::new(),
        spans: Vec::new(),
    };
    // The dice decide, but a year has an end even if they never did.
    for _ in 0..EVENTS * 4 {
        if year.events.len() >= EVENTS {
            break;
        }
        match year.dice.below(100) {
            0..46 => year.export(),
            46..76 => year.denial(),
            76..90 => year.cover(),
            _ => year.visibility(),
        }
    }
    let mut events = year.events;
    events.sort_by_key(|happened| happened.at);
    events
}

struct Year<'d> {
    now: Moment,
    demo: &'d Demo,
    dice: Dice,
    events: Vec<Happened>,
    /// What lasted, from when to when: nothing is given twice at a time.
    spans: Vec<(&'static str, Moment, Moment)>,
}

/// What people try that their role does not allow: who, what, where.
const TRIED: &[(&str, Action, &str)] = &[
    ("vera@xyz.example", Action::ManageUsers, "account/users"),
    ("vera@xyz.example", Action::EditAccount, "account"),
    (
        "bob@xyz.example",
        Action::CreateTopVirtualAccount,
        "account/virtual-accounts",
    ),
    ("cy@xyz.example", Action::EditAccount, "account"),
    ("cy@xyz.example", Action::ManageUsers, "account/users"),
    (
        "una@xyz.example",
        Action::CreateNestedVirtualAccount,
        "account/virtual-accounts",
    ),
    ("una@xyz.example", Action::ManageGroups, "account/groups"),
    ("dan@xyz.example", Action::AssignApprover, "account/users"),
];

const PEOPLE: &[&str] = &[
    "ada@xyz.example",
    "bob@xyz.example",
    "cy@xyz.example",
    "vera@xyz.example",
];

impl Year<'_> {
    /// A moment of a working day between so many days ago.
    fn moment(&mut self, oldest: u32, newest: u32) -> Moment {
        let days = i64::from(self.dice.between(newest, oldest));
        let hour = i64::from(self.dice.between(7, 18));
        let within = i64::from(self.dice.below(3600));
        days_before(self.now, days, hour).plus(TimeDelta::seconds(within))
    }

    fn put(&mut self, at: Moment, email: &str, event: Event) {
        if let Ok(person) = self.demo.person(email) {
            let address = if self.dice.below(5) == 0 {
                "203.0.113.80"
            } else {
                OFFICE
            };
            let (who, event) = (person.who(address), event.within(self.demo.xyz));
            self.events.push(Happened { at, who, event });
        }
    }

    /// Whether a span of time is free for this, and takes it.
    fn takes(&mut self, what: &'static str, from: Moment, until: Moment) -> bool {
        let taken = self
            .spans
            .iter()
            .any(|(known, a, b)| *known == what && from <= *b && *a <= until);
        if !taken {
            self.spans.push((what, from, until));
        }
        !taken
    }

    fn name(&self, email: &str) -> String {
        self.demo
            .person(email)
            .map_or_else(|_| email.to_owned(), |p| p.name().to_owned())
    }

    fn export(&mut self) {
        let at = self.moment(355, 1);
        let email = self.dice.pick(PEOPLE).copied().unwrap_or("ada@xyz.example");
        let rows = self.dice.between(4, 320);
        let list = self
            .dice
            .pick(&["event log", "users", "Virtual Accounts"])
            .copied()
            .unwrap_or("event log");
        let event = Event::new(
            Kind::Exported,
            list,
            format!(
                "{} exported the list {list} as CSV: {}.",
                self.name(email),
                counted(u64::from(rows), "row", "rows")
            ),
        )
        .with(serde_json::json!({ "list": list, "rows": rows }));
        self.put(at, email, event);
    }

    fn denial(&mut self) {
        let at = self.moment(350, 1);
        let Some((email, action, page)) = self.dice.pick(TRIED).copied() else {
            return;
        };
        let event = Event::new(
            Kind::Denied,
            page,
            format!("{} tried to {} and may not.", self.name(email), action.words()),
        )
        .ended(Outcome::Refused);
        self.put(at, email, event);
    }

    /// Somebody stands in for a colleague for some days.
    fn cover(&mut self) {
        let from = self.moment(340, 30);
        let until = from.plus(TimeDelta::days(i64::from(self.dice.between(2, 21))));
        let Some(email) = self.dice.pick(&["dan@xyz.example", "una@xyz.example"]).copied() else {
            return;
        };
        // Not where they hold a role of their own.
        let Some((division, place)) = self
            .demo
            .divisions
            .iter()
            .find(|(_, name)| *name == "Local-Virtual-Account")
            .copied()
        else {
            return;
        };
        let Ok(person) = self.demo.person(email) else {
            return;
        };
        let (id, label) = (person.id, person.label());
        if !self.takes(email, from, until) {
            return;
        }
        let role = self
            .dice
            .pick(&[Role::VirtualUser, Role::VirtualViewer])
            .copied()
            .unwrap_or(Role::VirtualViewer);
        let given = Event::new(
            Kind::RoleGranted,
            id,
            format!("{label} was given the role {role} in {place}."),
        )
        .in_virtual_account(division)
        .changed(&None::<Role>, &Some(role));
        let taken = Event::new(
            Kind::RoleRemoved,
            id,
            format!("{label} no longer has the role {role} in {place}."),
        )
        .in_virtual_account(division)
        .changed(&Some(role), &None::<Role>);
        self.put(from, "ada@xyz.example", given);
        self.put(until.min(self.now), "ada@xyz.example", taken);
    }

    /// The visibility is opened for a partner's search and closed again.
    fn visibility(&mut self) {
        let from = self.moment(340, 20);
        let until = from.plus(TimeDelta::hours(i64::from(self.dice.between(3, 90))));
        let email = self
            .dice
            .pick(&["ada@xyz.example", "bob@xyz.example"])
            .copied()
            .unwrap_or("ada@xyz.example");
        if !self.takes("visibility", from, until) {
            return;
        }
        let change = |before: &str, after: &str| {
            Event::new(
                Kind::AccountChanged,
                "xyz.example",
                format!("The visibility was changed from {before} to {after}."),
            )
            .changed(
                &serde_json::json!({ "visibility": before }),
                &serde_json::json!({ "visibility": after }),
            )
        };
        let (there, back) = (
            change("Unrestricted", "Restricted"),
            change("Restricted", "Unrestricted"),
        );
        self.put(from, email, there);
        self.put(until.min(self.now), email, back);
    }
}
