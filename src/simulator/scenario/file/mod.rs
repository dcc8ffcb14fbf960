//! Scenario files: a team keeps its own. Written in YAML or JSON, held against a documented schema, every mistake named with
//! its line; and the present state written as one.

mod export;
mod fill;
mod means;
mod rules;
mod schema;
mod shape;
mod write;
mod yaml;

pub use crate::kernel::marked::Mistake;
pub use export::{name_from, of_lab};
pub use means::Means;
pub use schema::schema;
pub use shape::{
    AccountPart, ClientPart, DevicePart, FORMAT, LicensePart, PersonPart, PlacePart, RolePart, Scenario,
    UsePart,
};
pub use write::{write, write_account};

use crate::error::{Error, Problems};
use crate::kernel::Moment;
use crate::kernel::marked::{self, Bounds, Node};
use schema::{Held, Lines};

/// How much a file may hold.
const BOUNDS: Bounds = Bounds {
    deepest: 12,
    parts: 1_500_000,
};
/// So many mistakes are told at once.
const MOST_TOLD: usize = 50;

fn tree(text: &str) -> Result<Node, Mistake> {
    marked::read(text, BOUNDS)
}

/// A file that can be loaded.
#[derive(Debug, Clone)]
pub struct File {
    /// What it says.
    pub scenario: Scenario,
    /// As it was written: a lab is reset to it.
    pub text: String,
    lines: Lines,
}

impl File {
    /// Reads a file; names every mistake in it.
    pub fn parse(text: &str, now: Moment) -> Result<Self, Vec<Mistake>> {
        let text = text.trim_start_matches('\u{feff}');
        let node = tree(text).map_err(|mistake| vec![mistake])?;
        let mut held = Held::default();
        let values = held.read(&node);
        if held.mistakes.is_empty() {
            let scenario: Scenario =
                serde_json::from_value(values).map_err(|e| vec![Mistake::at(0, e.to_string())])?;
            let mistakes = rules::mistakes(&scenario, &held.lines, now);
            if mistakes.is_empty() {
                return Ok(Self {
                    scenario,
                    text: text.to_owned(),
                    lines: held.lines,
                });
            }
            held.mistakes = mistakes;
        }
        held.mistakes.sort();
        held.mistakes.dedup();
        Err(held.mistakes)
    }

    /// The same from bytes.
    pub fn read(bytes: &[u8], now: Moment) -> Result<Self, Vec<Mistake>> {
        match std::str::from_utf8(bytes) {
            Ok(text) => Self::parse(text, now),
            Err(_) => Err(vec![Mistake::at(0, "The file is not in UTF-8.")]),
        }
    }

    /// What stood in the way of writing a part of it, with its line.
    fn located(&self, pointer: &str, error: Error) -> Error {
        match error {
            Error::Invalid(problems) => {
                let mistakes: Vec<Mistake> = problems
                    .list()
                    .iter()
                    .map(|one| Mistake::at(self.lines.of(pointer), one.says.clone()))
                    .collect();
                invalid(&mistakes)
            }
            Error::Refused(refusal) => {
                invalid(&[Mistake::at(self.lines.of(pointer), refusal.says.into_owned())])
            }
            other => other,
        }
    }
}

/// Mistakes as complaints about the field `file`.
pub fn invalid(mistakes: &[Mistake]) -> Error {
    let mut problems = Problems::default();
    for mistake in mistakes.iter().take(MOST_TOLD) {
        problems.add("file", mistake.to_string());
    }
    if mistakes.len() > MOST_TOLD {
        problems.add(
            "file",
            format!("There are {} more mistakes.", mistakes.len() - MOST_TOLD),
        );
    }
    Error::Invalid(problems)
}

/// A scenario as YAML.
pub fn to_yaml(scenario: &Scenario) -> crate::error::Result<String> {
    let json = serde_json::to_string(scenario).map_err(Error::internal)?;
    let node = tree(&json).map_err(|mistake| Error::internal(mistake.to_string()))?;
    Ok(yaml::written(&node))
}

/// A time as files write it: a day, a time, or days from now.
pub fn moment(typed: &str, now: Moment) -> Option<Moment> {
    let typed = typed.trim();
    let days = typed
        .strip_suffix(" days")
        .or_else(|| typed.strip_suffix(" day"))
        .and_then(|days| days.trim().parse::<i64>().ok());
    match days {
        Some(days) => (days.abs() <= 36_500).then(|| now.plus(chrono::TimeDelta::days(days))),
        None => crate::orders::moment_of(typed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Moment {
        Moment::parse("2026-11-29T08:00:00Z").unwrap()
    }

    #[test]
    fn every_mistake_is_named_with_its_line() {
        let text = "licentral_scenario: 1\nname: ours\npeople:\n  - email: ada@xyz.example\n    name: Ada\n    level: 2\n  - name: Bob\n    email: [1]\naccounts:\n  - name: XYZ\n    domain: xyz.example\n    state: gone\n    licenses:\n      - license: c9200-ne-48\n        quantity: many\n";
        let told: Vec<(usize, String)> = File::parse(text, now())
            .unwrap_err()
            .into_iter()
            .map(|one| (one.line, one.says))
            .collect();
        let lines: Vec<usize> = told.iter().map(|(line, _)| *line).collect();
        assert_eq!(lines, [6, 8, 12, 15], "{told:?}");
        assert!(told[0].1.starts_with("level is not known here."), "{told:?}");
    }

    #[test]
    fn what_points_nowhere_is_named_as_well() {
        let text = "licentral_scenario: 1\nname: demo\npeople:\n  - {email: ada@xyz.example, name: Ada}\n  - {email: ADA@xyz.example, name: Ada}\naccounts:\n  - name: XYZ\n    domain: xyz.example\n    roles:\n      - person: bob@xyz.example\n        role: account-admin\n      - person: ada@xyz.example\n        role: virtual-user\n    licenses:\n      - {license: nobody-knows, quantity: 1}\n      - {license: c9200-ne-48, quantity: 1, virtual_account: Nowhere}\n";
        let lines: Vec<usize> = File::parse(text, now())
            .unwrap_err()
            .iter()
            .map(|one| one.line)
            .collect();
        assert_eq!(lines, [2, 5, 10, 13, 15, 16]);
    }

    #[test]
    fn times_are_days_times_or_days_from_now() {
        let at = |typed| moment(typed, now()).map(Moment::rfc3339);
        assert_eq!(
            at("-30 days"),
            Moment::parse("2026-10-30T08:00:00Z").map(Moment::rfc3339)
        );
        assert_eq!(
            at("2026-11-01"),
            Moment::parse("2026-11-01T00:00:00Z").map(Moment::rfc3339)
        );
        assert!(at("+1 day").is_some() && at("yesterday").is_none() && at("9999999 days").is_none());
    }
}
