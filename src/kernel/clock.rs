//! The one place that reads the system's time.
//!
//! There are two times. *Portal time* ([`Clock::now`]) is what every rule of the trade goes by; a lab can
//! freeze it and move it on. *Wall time* ([`Clock::wall`]) is what protects people: sessions, throttles
//! and access tokens. Moving the portal a year on must not sign its operator out.

use chrono::{DateTime, NaiveDate, NaiveDateTime, TimeDelta, TimeZone, Utc};
use diesel::backend::Backend;
use diesel::deserialize::FromSql;
use diesel::pg::Pg;
use diesel::sql_types::{Text, Timestamp};
use diesel::sqlite::Sqlite;
use std::sync::{Arc, PoisonError, RwLock};

/// A point in time, UTC, to the microsecond: what both databases can hold and give back unchanged.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    diesel::expression::AsExpression,
    diesel::deserialize::FromSqlRow,
)]
#[diesel(sql_type = diesel::sql_types::Timestamp)]
pub struct Moment(NaiveDateTime);

impl Moment {
    /// Cuts a time to the microsecond.
    pub fn of(at: DateTime<Utc>) -> Self {
        let micros = at.timestamp_micros();
        Self(DateTime::from_timestamp_micros(micros).unwrap_or(at).naive_utc())
    }
    /// With its zone, for templates and arithmetic.
    pub fn utc(self) -> DateTime<Utc> {
        Utc.from_utc_datetime(&self.0)
    }
    /// So much later (or earlier, when negative). Stays at the edge of time instead of going over it.
    #[must_use]
    pub fn plus(self, by: TimeDelta) -> Self {
        Self(
            self.0
                .checked_add_signed(by)
                .unwrap_or(if by > TimeDelta::zero() {
                    NaiveDateTime::MAX
                } else {
                    NaiveDateTime::MIN
                }),
        )
    }
    /// How long since `earlier`.
    pub fn since(self, earlier: Self) -> TimeDelta {
        self.0 - earlier.0
    }
    /// RFC 3339 with `Z`.
    pub fn rfc3339(self) -> String {
        self.utc().to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true)
    }
    /// As a person reads it: `21 Nov 2026, 18:30 UTC`.
    pub fn words(self) -> String {
        self.0.format("%-d %b %Y, %H:%M UTC").to_string()
    }
    /// Reads what SQLite keeps, `2026-11-21 18:30:00` with up to six digits of a second's parts: every row holds several. None
    /// for another spelling.
    fn kept(text: &str) -> Option<Self> {
        let digits = |from: usize, to: usize| {
            text.as_bytes().get(from..to)?.iter().try_fold(0_u32, |n, byte| {
                byte.is_ascii_digit().then(|| n * 10 + u32::from(byte - b'0'))
            })
        };
        let marks = [(4, b'-'), (7, b'-'), (10, b' '), (13, b':'), (16, b':')];
        if marks
            .iter()
            .any(|(at, mark)| text.as_bytes().get(*at) != Some(mark))
        {
            return None;
        }
        let micros = match text.len() {
            19 => 0,
            21..=26 if text.as_bytes().get(19) == Some(&b'.') => {
                let missing = u32::try_from(26 - text.len()).ok()?;
                digits(20, text.len())? * 10_u32.pow(missing)
            }
            _ => return None,
        };
        let year = i32::try_from(digits(0, 4)?).ok()?;
        NaiveDate::from_ymd_opt(year, digits(5, 7)?, digits(8, 10)?)?
            .and_hms_micro_opt(digits(11, 13)?, digits(14, 16)?, digits(17, 19)?, micros)
            .map(Self)
    }
    /// Reads RFC 3339.
    pub fn parse(s: &str) -> Option<Self> {
        DateTime::parse_from_rfc3339(s).ok().map(|t| Self::of(t.to_utc()))
    }
}

impl serde::Serialize for Moment {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(&self.rfc3339())
    }
}
impl<'de> serde::Deserialize<'de> for Moment {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = <String as serde::Deserialize>::deserialize(d)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom("not an RFC 3339 time"))
    }
}
impl utoipa::PartialSchema for Moment {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        utoipa::openapi::ObjectBuilder::new()
            .schema_type(utoipa::openapi::schema::Type::String)
            .format(Some(utoipa::openapi::schema::SchemaFormat::KnownFormat(
                utoipa::openapi::schema::KnownFormat::DateTime,
            )))
            .into()
    }
}
impl utoipa::ToSchema for Moment {}
impl<DB: diesel::backend::Backend> diesel::serialize::ToSql<diesel::sql_types::Timestamp, DB> for Moment
where
    NaiveDateTime: diesel::serialize::ToSql<diesel::sql_types::Timestamp, DB>,
{
    fn to_sql<'b>(&'b self, out: &mut diesel::serialize::Output<'b, '_, DB>) -> diesel::serialize::Result {
        self.0.to_sql(out)
    }
}
impl FromSql<Timestamp, Sqlite> for Moment {
    fn from_sql(raw: <Sqlite as Backend>::RawValue<'_>) -> diesel::deserialize::Result<Self> {
        let text = <String as FromSql<Text, Sqlite>>::from_sql(raw)?;
        Self::kept(&text).map_or_else(
            || {
                let other = text
                    .parse::<NaiveDateTime>()
                    .or_else(|_| text.replacen(' ', "T", 1).parse());
                Ok(other.map(Self)?)
            },
            Ok,
        )
    }
}
impl FromSql<Timestamp, Pg> for Moment {
    fn from_sql(raw: <Pg as Backend>::RawValue<'_>) -> diesel::deserialize::Result<Self> {
        <NaiveDateTime as FromSql<Timestamp, Pg>>::from_sql(raw).map(Self)
    }
}

/// How portal time stands to the system's time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(tag = "mode", rename_all = "kebab-case")]
pub enum Setting {
    /// Runs with the system, so many microseconds ahead.
    Running {
        /// Microseconds ahead of the system's time.
        ahead: i64,
    },
    /// Stands still.
    Frozen {
        /// Where.
        at: Moment,
    },
}

#[derive(Debug)]
struct State {
    portal: Setting,
    /// Only tests move wall time: this much ahead of the system.
    wall_ahead: TimeDelta,
}

/// Hands out both times. Clones share one state.
#[derive(Debug, Clone)]
pub struct Clock(Arc<RwLock<State>>);

impl Default for Clock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock {
    /// A clock that runs with the system.
    pub fn new() -> Self {
        Self(Arc::new(RwLock::new(State {
            portal: Setting::Running { ahead: 0 },
            wall_ahead: TimeDelta::zero(),
        })))
    }

    #[expect(clippy::disallowed_methods, reason = "this is the one home of the time")]
    fn system() -> DateTime<Utc> {
        Utc::now()
    }

    /// Portal time: what rules, dates and deadlines of the trade go by.
    pub fn now(&self) -> Moment {
        let state = self.0.read().unwrap_or_else(PoisonError::into_inner);
        match state.portal {
            Setting::Running { ahead } => Moment::of(Self::system()).plus(TimeDelta::microseconds(ahead)),
            Setting::Frozen { at } => at,
        }
    }

    /// Wall time: what sessions, throttles and access tokens go by.
    pub fn wall(&self) -> Moment {
        let state = self.0.read().unwrap_or_else(PoisonError::into_inner);
        Moment::of(Self::system()).plus(state.wall_ahead)
    }

    /// The system's time, which nobody moves: what the setting of portal time is reckoned from.
    pub fn system_time(&self) -> Moment {
        Moment::of(Self::system())
    }

    /// How it stands.
    pub fn setting(&self) -> Setting {
        self.0.read().unwrap_or_else(PoisonError::into_inner).portal
    }

    /// Takes over a setting, for example one that another process has made.
    pub fn set(&self, to: Setting) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).portal = to;
    }

    /// The setting in which portal time is `by` later than now, still frozen if it was.
    pub fn advanced(&self, by: TimeDelta) -> Setting {
        match self.setting() {
            Setting::Running { ahead } => Setting::Running {
                ahead: ahead.saturating_add(by.num_microseconds().unwrap_or(i64::MAX)),
            },
            Setting::Frozen { at } => Setting::Frozen { at: at.plus(by) },
        }
    }

    /// The setting that goes on from where portal time is now.
    pub fn thawed(&self) -> Setting {
        let ahead = self.now().since(Moment::of(Self::system()));
        Setting::Running {
            ahead: ahead.num_microseconds().unwrap_or(0),
        }
    }

    /// Moves wall time on: for tests of sessions and throttles.
    pub fn advance_wall(&self, by: TimeDelta) {
        let mut state = self.0.write().unwrap_or_else(PoisonError::into_inner);
        state.wall_ahead += by;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_sqlite_keeps_is_read_as_its_own_reader_does() {
        let written = |micros: i64| {
            let at = DateTime::from_timestamp_micros(micros).unwrap().naive_utc();
            (at, at.format("%F %T%.f").to_string())
        };
        let (mut micros, mut seen) = (1_i64, 0);
        for step in 0..2_000 {
            // Whole seconds, thousandths and millionths, from 1970 to 2200.
            micros = micros
                .wrapping_mul(6_364_136_223_846_793)
                .wrapping_add(1_442_695_040_888_963)
                % 7_258_118_400_000_000;
            let cut = [1_000_000, 1_000, 1][step % 3];
            let (at, text) = written(micros.unsigned_abs().cast_signed() / cut * cut);
            assert_eq!(Moment::kept(&text), Some(Moment(at)), "{text}");
            seen += 1;
        }
        assert_eq!(seen, 2_000);
        for other in [
            "",
            "2026-11-29",
            "2026-11-29T10:00:00",
            "2026-13-29 10:00:00",
            "2026-11-29 10:00:61",
            "2026-11-29 10:00:00.",
            "2026-11-29 10:00:00.1234567",
            "2026-11-29 10:00:00Z",
            "2026-11-29 1a:00:00",
            "2026-11-29 10:00:0ä",
        ] {
            assert_eq!(Moment::kept(other), None, "{other}");
        }
    }

    #[test]
    fn a_frozen_clock_stands_and_a_thawed_one_goes_on_from_there() {
        let clock = Clock::new();
        let at = clock.now().plus(TimeDelta::days(3));
        clock.set(Setting::Frozen { at });
        assert_eq!(clock.now(), at);
        clock.set(clock.advanced(TimeDelta::days(1)));
        assert_eq!(clock.now(), at.plus(TimeDelta::days(1)));
        clock.set(clock.thawed());
        assert!(clock.now() >= at.plus(TimeDelta::days(1)));
        assert!(clock.wall() < at, "wall time is not moved with portal time");
    }

    #[test]
    fn the_edge_of_time_is_not_gone_over() {
        let clock = Clock::new();
        let edge = clock.now().plus(TimeDelta::MAX);
        assert_eq!(edge.plus(TimeDelta::days(1)), edge);
    }

    #[test]
    fn moments_keep_microseconds_and_no_more() {
        let m = Moment::parse("2026-11-21T18:30:00.123456789Z").unwrap();
        assert_eq!(m.rfc3339(), "2026-11-21T18:30:00.123456Z");
        assert_eq!(m.words(), "21 Nov 2026, 18:30 UTC");
    }
}
