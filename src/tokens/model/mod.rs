//! What a registration token is: how its text is written, what it may be made of, and when it opens something.

mod written;

pub use written::{Written, shortened};

use crate::error::{Problems, Result};
use crate::kernel::ids::{PersonId, RegistrationTokenId, SmartAccountId, VirtualAccountId};
use crate::kernel::{Lifecycle, Moment, text};
use chrono::TimeDelta;

/// For how many days a token opens something, unless another number is asked for.
pub const DEFAULT_DAYS: i64 = 30;
/// For how many days at most.
pub const MOST_DAYS: i64 = 365;
/// How often at most, when it is not unlimited.
pub const MOST_USES: i64 = 10_000;
/// How long a description may be.
pub const LONGEST_DESCRIPTION: usize = 200;
/// For so many Virtual Accounts tokens are generated at once.
pub const MOST_AT_ONCE: usize = 100;
crate::words! {
    /// What has become of a token. Where it ended, it has ended for good.
    pub enum State {
        /// It registers product instances.
        Active = "active", "Active";
        /// Its days are over.
        Expired = "expired", "Expired";
        /// It was used as often as it may be.
        Exhausted = "exhausted", "Exhausted";
        /// Somebody took it back.
        Revoked = "revoked", "Revoked";
    }
}

/// It follows from what is kept of a token, and from the time.
pub const LIFECYCLE: Lifecycle<State> = {
    use State::{Active, Exhausted, Expired, Revoked};
    Lifecycle {
        of: "Registration token",
        states: State::ALL,
        begins: &[Active],
        moves: &[
            (Active, "its days are over", Expired),
            (Active, "it is used as often as it may be", Exhausted),
            (Active, "somebody revokes it", Revoked),
        ],
    }
};

impl State {
    /// What follows "the token ... registers nothing any more": why it does not.
    pub const fn because(self) -> &'static str {
        match self {
            Self::Active => "",
            Self::Expired => "This registration token is Expired: it registers nothing any more.",
            Self::Exhausted => {
                "This registration token is Exhausted: it was used as often as it may be and registers nothing any more."
            }
            Self::Revoked => "This registration token is Revoked: it registers nothing any more.",
        }
    }
}

/// A registration token, as it is kept: its text is locked.
#[derive(Debug, Clone, diesel::Queryable)]
pub struct Token {
    /// Its id.
    pub id: RegistrationTokenId,
    /// Whose.
    pub account: SmartAccountId,
    /// Where product instances land that register with it.
    pub virtual_account: VirtualAccountId,
    /// What it is for.
    pub description: String,
    /// Its text, locked with the installation's key.
    pub sealed: String,
    /// Whether export-controlled functionality is allowed. Frozen when it was made.
    pub export_controlled: bool,
    /// Until when it opens something.
    pub expires_at: Moment,
    /// How often at most; none when that is unlimited.
    pub max_uses: Option<i64>,
    /// How often it was used.
    pub uses: i64,
    /// Since when.
    pub created_at: Moment,
    /// By whom; none when the portal made it.
    pub created_by: Option<PersonId>,
    /// Their name and address then.
    pub creator: String,
    /// When somebody took it back.
    pub revoked_at: Option<Moment>,
    /// Who that was.
    pub revoked_by: String,
    /// Counts changes.
    pub version: i64,
}

impl Token {
    /// What has become of it. Each end is one for good: a token that was used up or revoked stays that after its last
    /// day as well, and one that is past it cannot be used any more.
    pub fn state(&self, now: Moment) -> State {
        if self.revoked_at.is_some() {
            State::Revoked
        } else if self.max_uses.is_some_and(|most| self.uses >= most) {
            State::Exhausted
        } else if self.expires_at <= now {
            State::Expired
        } else {
            State::Active
        }
    }
}

/// What a token is asked to be, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// What it is for; may be empty.
    pub description: String,
    /// For how many days.
    pub days: i64,
    /// How often; none for as often as one likes.
    pub max_uses: Option<i64>,
    /// Whether export-controlled functionality is allowed.
    pub export_controlled: bool,
}

/// The same as it was typed, or as a script sent it.
#[derive(Debug, Clone, Default, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Typed {
    /// What it is for.
    pub description: String,
    /// "30"; empty for that.
    pub days: String,
    /// "25"; empty for as often as one likes.
    pub uses: String,
    /// "1" where the box is ticked.
    pub export: String,
}

impl Typed {
    /// Whether export-controlled functionality is to be allowed.
    pub fn export_controlled(&self) -> bool {
        self.export == "1"
    }
}

impl Terms {
    /// Checks what was typed. Complaints are about `description`, and about days and uses by the names that they have
    /// where they were typed.
    pub fn parse(
        typed: &Typed,
        [days_field, uses_field]: [&str; 2],
        problems: &mut Problems,
    ) -> Option<Self> {
        let description = problems.take("description", description(&typed.description));
        let days = problems.take(
            days_field,
            match typed.days.trim() {
                "" => Ok(DEFAULT_DAYS),
                typed => days(typed.parse().ok()),
            },
        );
        let uses = problems.take(
            uses_field,
            match typed.uses.trim() {
                "" => Ok(None),
                typed => uses(typed.parse().ok()).map(Some),
            },
        );
        Some(Self {
            description: description?,
            days: days?,
            max_uses: uses?,
            export_controlled: typed.export_controlled(),
        })
    }

    /// Until when a token opens something that is made now. To the millisecond: no more stands in its text.
    pub fn expires(&self, now: Moment) -> Moment {
        let over = now.utc().timestamp_micros().rem_euclid(1_000);
        now.plus(TimeDelta::days(self.days) - TimeDelta::microseconds(over))
    }
}

/// A description, in one line.
pub fn description(typed: &str) -> Result<String, String> {
    let line = typed.split_whitespace().collect::<Vec<_>>().join(" ");
    text::note(&line, "Description", LONGEST_DESCRIPTION)
}

/// What days and uses are called in a form.
pub const IN_FORMS: [&str; 2] = ["days", "uses"];
/// What they are called in JSON.
pub const IN_JSON: [&str; 2] = ["expires_after_days", "max_uses"];

/// A number of days, or what is wrong with it.
pub fn days(typed: Option<i64>) -> Result<i64, String> {
    typed
        .filter(|days| (1..=MOST_DAYS).contains(days))
        .ok_or_else(|| format!("Enter a whole number of days from 1 to {MOST_DAYS}."))
}

/// A number of uses, or what is wrong with it.
pub fn uses(typed: Option<i64>) -> Result<i64, String> {
    typed
        .filter(|uses| (1..=MOST_USES).contains(uses))
        .ok_or_else(|| {
            "Enter a whole number from 1 to 10,000, or leave it empty for unlimited uses.".to_owned()
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use data_encoding::BASE64;
    use proptest::prelude::*;

    fn at(text: &str) -> Moment {
        Moment::parse(text).unwrap()
    }

    fn token(uses: i64, max_uses: Option<i64>, expires: &str, revoked: Option<&str>) -> Token {
        Token {
            id: RegistrationTokenId::new(),
            account: SmartAccountId::new(),
            virtual_account: VirtualAccountId::new(),
            description: String::new(),
            sealed: String::new(),
            export_controlled: true,
            expires_at: at(expires),
            max_uses,
            uses,
            created_at: at("2026-01-01T00:00:00Z"),
            created_by: None,
            creator: String::new(),
            revoked_at: revoked.map(at),
            revoked_by: String::new(),
            version: 1,
        }
    }

    #[test]
    fn a_text_looks_as_the_published_ones_do() {
        let written = Written {
            uuid: "de20271 0".replace(' ', "") + "-9ed4-4e1b-a5a2-3d7e1f2a9b10",
            expires: 1_798_761_600_000,
            secret: [7; 32],
        };
        let text = written.text();
        assert!(text.starts_with("ZGUyMDI3MTAtOWVk"), "{text}");
        assert!(text.ends_with("%3D%0A"), "{text}");
        let lines: Vec<&str> = text.split("%0A").collect();
        assert_eq!(lines.len(), 4, "{text}");
        assert_eq!((lines[0].len(), lines[1].len()), (60, 60));
        let decoded = BASE64
            .decode(text.replace("%0A", "").replace("%3D", "=").as_bytes())
            .unwrap();
        assert_eq!(
            String::from_utf8(decoded).unwrap(),
            format!(
                "de202710-9ed4-4e1b-a5a2-3d7e1f2a9b10-1798761600000|{}",
                BASE64.encode(&[7; 32])
            )
        );
    }

    #[test]
    fn what_ended_a_token_first_is_what_is_said_of_it() {
        let now = at("2026-06-01T00:00:00Z");
        let (past, future) = ("2026-05-01T00:00:00Z", "2026-07-01T00:00:00Z");
        for (one, state) in [
            (token(0, None, future, None), State::Active),
            (token(24, Some(25), future, None), State::Active),
            (token(25, Some(25), future, None), State::Exhausted),
            (token(25, Some(25), past, None), State::Exhausted),
            (token(3, Some(25), past, None), State::Expired),
            (token(3, None, "2026-06-01T00:00:00Z", None), State::Expired),
            (token(3, None, past, Some(past)), State::Revoked),
            (token(3, None, future, Some(past)), State::Revoked),
        ] {
            assert_eq!(one.state(now), state, "{one:?}");
        }
    }

    #[test]
    fn terms_say_what_to_put_right() {
        let read = |days: &str, uses: &str| {
            let mut problems = Problems::default();
            let typed = Typed {
                description: "  Catalyst\n rollout ".to_owned(),
                days: days.to_owned(),
                uses: uses.to_owned(),
                export: "1".to_owned(),
            };
            let terms = Terms::parse(&typed, IN_FORMS, &mut problems);
            let fields: Vec<String> = problems.list().iter().map(|p| p.field.clone()).collect();
            (terms, fields)
        };
        let (terms, _) = read("", "");
        let terms = terms.unwrap();
        assert_eq!(terms.description, "Catalyst rollout");
        assert_eq!((terms.days, terms.max_uses), (30, None));
        assert_eq!(read("365", "10000").0.unwrap().max_uses, Some(10_000));
        for (days, uses, wrong) in [
            ("0", "", vec!["days"]),
            ("366", "", vec!["days"]),
            ("-1", "0", vec!["days", "uses"]),
            ("1.5", "10001", vec!["days", "uses"]),
            ("soon", "many", vec!["days", "uses"]),
            ("99999999999999999999", "", vec!["days"]),
        ] {
            let (terms, fields) = read(days, uses);
            assert!(terms.is_none());
            assert_eq!(fields, wrong);
        }
    }

    proptest! {
        #[test]
        fn whatever_happens_to_a_token_stands_in_the_table(steps in proptest::collection::vec(0..3_u8, 1..12)) {
            let mut token = token(0, Some(3), "2026-02-01T00:00:00Z", None);
            let mut now = at("2026-01-01T00:00:00Z");
            for step in steps {
                let was = token.state(now);
                match step {
                    0 => now = now.plus(TimeDelta::days(7)),
                    1 if was == State::Active => token.uses += 1,
                    2 if was == State::Active => token.revoked_at = Some(now),
                    _ => {}
                }
                let is = token.state(now);
                prop_assert!(was == is || LIFECYCLE.must(was, is).is_ok(), "{was} to {is}");
            }
        }

        #[test]
        fn a_text_reads_back_as_itself(uuid in any::<[u8; 16]>(), secret in any::<[u8; 32]>(), expires in 0_i64..4_102_444_800_000) {
            let written = Written { uuid: uuid::Builder::from_random_bytes(uuid).into_uuid().hyphenated().to_string(), expires, secret };
            let text = written.text();
            prop_assert!(text.is_ascii() && text.len() < 200);
            prop_assert!(Written::parse(&text) == Some(written.clone()));
            // Decoded once by a browser, or wrapped by a terminal.
            let plain = text.replace("%0A", "\n").replace("%3D", "=").replace("%2B", "+").replace("%2F", "/");
            prop_assert!(Written::parse(&plain) == Some(written.clone()));
            let (head, tail) = text.split_at(70);
            let wrapped = format!("  {head}\r\n{tail} ");
            prop_assert!(Written::parse(&wrapped) == Some(written));
        }

        #[test]
        fn an_altered_text_is_another_token_or_none(secret in any::<[u8; 32]>(), at in 0_usize..130, with in "[A-Za-z0-9%]") {
            let written = Written { secret, ..Written::new(Moment::parse("2026-12-01T00:00:00Z").unwrap()) };
            let text = written.text();
            let mut bent = text.clone();
            bent.replace_range(at..=at, &with);
            if let Some(other) = Written::parse(&bent) {
                prop_assert_eq!(other.hash() == written.hash(), other == written);
            }
        }

        #[test]
        fn nothing_typed_breaks_the_reading(typed in "\\PC{0,300}|[A-Za-z0-9+/=%\\n]{0,300}") {
            if let Some(written) = Written::parse(&typed) {
                prop_assert!(Written::parse(&written.text()) == Some(written));
            }
        }

        #[test]
        fn a_token_lasts_as_many_days_as_were_asked_for(micros in 0_i64..4_000_000_000_000_000, days in 1..=MOST_DAYS) {
            let now = Moment::of(chrono::DateTime::from_timestamp_micros(micros).unwrap());
            let terms = Terms { description: String::new(), days, max_uses: None, export_controlled: true };
            let expires = terms.expires(now);
            prop_assert!(expires <= now.plus(TimeDelta::days(days)));
            prop_assert!(expires.plus(TimeDelta::milliseconds(1)) > now.plus(TimeDelta::days(days)));
            prop_assert_eq!(expires.utc().timestamp_micros() % 1_000, 0);
        }
    }
}
