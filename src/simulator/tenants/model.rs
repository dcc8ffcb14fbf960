//! What a throw-away tenant is made of, and how a wish for some is read.

use crate::authz::Role;
use crate::error::{Error, Problems, Result};
use crate::http::form::Named;
use crate::kernel::ids::SmartAccountId;
use crate::kernel::{Moment, text};
use crate::platform::token;

/// So many are made at a time.
pub const MOST_AT_ONCE: u64 = 200;
/// So many there are at once.
pub const MOST: i64 = 500;
/// How long one lives, in seconds.
pub const SHORTEST: u64 = 10;
pub const LONGEST: u64 = 7 * 86_400;
/// How long, when nothing is said.
pub const USUAL: u64 = 3_600;

crate::words! {
    /// What is in one.
    pub enum Part {
        /// People alone.
        Empty = "empty", "People alone";
        /// Virtual Accounts and licenses.
        Licensed = "licensed", "Virtual Accounts and licenses";
    }
}

/// Who is in one: the beginning of the address, the name and the role.
pub const PEOPLE: &[(&str, &str, Role)] = &[
    ("admin", "Alex Admin", Role::AccountAdmin),
    ("user", "Uma User", Role::AccountUser),
    ("viewer", "Vic Viewer", Role::AccountViewer),
];

/// Virtual Accounts of [`Part::Licensed`] beside DEFAULT.
pub const PLACES: &[&str] = &["Corporate Network Devices", "Public Network Devices"];

/// Licenses of [`Part::Licensed`], in DEFAULT: what programs know them by, and how many.
pub const LICENSES: &[(&str, i64)] = &[("c9200-ne-48", 10), ("c9200-dna-e-48", 10)];

/// The name under which some were made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch(String);

impl Batch {
    /// Reads one.
    pub fn parse(typed: &str) -> Result<Self, String> {
        if text::is_slug(typed, 20) {
            Ok(Self(typed.to_owned()))
        } else {
            Err("Use small letters, digits and hyphens, at most 20: ci-4711.".to_owned())
        }
    }
    /// One that nobody has thought of.
    pub fn any() -> Self {
        Self(
            token::fingerprint(&token::random_bytes::<8>())
                .chars()
                .take(8)
                .collect(),
        )
    }
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::str::FromStr for Batch {
    type Err = String;
    fn from_str(s: &str) -> Result<Self, String> {
        Self::parse(s)
    }
}
impl Named for Batch {
    const NAME: &'static str = "batch";
}

/// A wish for some.
#[derive(Debug, Clone)]
pub struct Wanted {
    pub count: u64,
    pub part: Part,
    pub seconds: u64,
    pub batch: Batch,
}

impl Wanted {
    /// Reads what was typed. Without a name there is one that nobody has thought of.
    pub fn read(count: u64, part: &str, seconds: u64, name: &str) -> Result<Self> {
        let mut problems = Problems::default();
        if !(1..=MOST_AT_ONCE).contains(&count) {
            problems.add("count", format!("Make 1 to {MOST_AT_ONCE} at a time."));
        }
        if !(SHORTEST..=LONGEST).contains(&seconds) {
            problems.add(
                "seconds",
                format!("They live from {SHORTEST} to {LONGEST} seconds."),
            );
        }
        let part = problems.take(
            "part",
            match part.trim() {
                "" => Ok(Part::Licensed),
                typed => typed.parse().map_err(|_| "Use empty or licensed.".to_owned()),
            },
        );
        let batch = match name.trim() {
            "" => Some(Batch::any()),
            typed => problems.take("name", Batch::parse(typed)),
        };
        match (part, batch) {
            (Some(part), Some(batch)) if problems.is_empty() => Ok(Self {
                count,
                part,
                seconds,
                batch,
            }),
            _ => Err(Error::Invalid(problems)),
        }
    }
}

/// One that is there.
#[derive(Debug, Clone, diesel::Queryable)]
pub struct Tenant {
    pub account: SmartAccountId,
    pub batch: String,
    /// Ids, with spaces between them.
    pub people: String,
    /// By the system's time.
    pub expires_at: Moment,
}

/// Somebody in one that was just made.
#[derive(Debug, Clone)]
pub struct MadePerson {
    pub email: String,
    pub role: Role,
    pub client_id: String,
    pub client_secret: String,
}

/// One that was just made.
#[derive(Debug, Clone)]
pub struct Made {
    pub number: i64,
    pub name: String,
    pub domain: String,
    pub people: Vec<MadePerson>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_that_is_wrong_with_a_wish_is_named_at_once() {
        let Err(Error::Invalid(problems)) = Wanted::read(0, "full", 1, "Not Good") else {
            panic!("it was taken");
        };
        let fields: Vec<&str> = problems.list().iter().map(|one| one.field.as_str()).collect();
        assert_eq!(fields, ["count", "seconds", "part", "name"]);
        let wanted = Wanted::read(3, "", 60, "ci-1").unwrap();
        assert_eq!((wanted.part, wanted.batch.as_str()), (Part::Licensed, "ci-1"));
        assert_ne!(Batch::any(), Batch::any());
    }
}
