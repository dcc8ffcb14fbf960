//! How the lab's clock may be moved.

use crate::error::{Error, Result};
use crate::kernel::Moment;
use crate::kernel::clock::Setting;
use chrono::TimeDelta;

/// What one does with the clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// It stands still.
    Freeze,
    /// It runs on from where it stands.
    Resume,
    /// It is so much later.
    Advance(TimeDelta),
    /// It shows this, or what it shows already when that is later.
    To(Moment),
    /// It shows the system's time again.
    Reset,
}

impl Step {
    /// As the record says it.
    pub fn words(self) -> &'static str {
        match self {
            Self::Freeze => "stopped",
            Self::Resume => "started again",
            Self::Advance(_) => "advanced",
            Self::To(_) => "advanced to what was due next",
            Self::Reset => "set to the system's time",
        }
    }
}

/// One step forward may be so long, in days.
pub const LONGEST_STEP: i64 = 3_660;
/// Both databases, calendars and people read years of four digits without trouble.
const LATEST: &str = "2100-01-01T00:00:00Z";

/// What the clock shows under a setting, when the system's time is this.
pub fn shows(setting: Setting, system: Moment) -> Moment {
    match setting {
        Setting::Running { ahead } => system.plus(TimeDelta::microseconds(ahead)),
        Setting::Frozen { at } => at,
    }
}

/// The setting after a step. Never earlier than before: what was due has been done, and cannot be undone.
pub fn steer(now: Setting, system: Moment, step: Step) -> Result<Setting> {
    let before = shows(now, system);
    let after = match step {
        Step::Freeze => Setting::Frozen { at: before },
        Step::Resume => Setting::Running {
            ahead: before.since(system).num_microseconds().unwrap_or_default(),
        },
        Step::Advance(by) => match now {
            Setting::Running { ahead } => Setting::Running {
                ahead: ahead.saturating_add(by.num_microseconds().unwrap_or(i64::MAX)),
            },
            Setting::Frozen { at } => Setting::Frozen { at: at.plus(by) },
        },
        Step::To(at) => match now {
            Setting::Running { .. } => Setting::Running {
                ahead: at
                    .max(before)
                    .since(system)
                    .num_microseconds()
                    .unwrap_or(i64::MAX),
            },
            Setting::Frozen { .. } => Setting::Frozen { at: at.max(before) },
        },
        Step::Reset => Setting::Running { ahead: 0 },
    };
    let shown = shows(after, system);
    if shown < before {
        return Err(Error::refused(
            "lab.clock-backwards",
            format!(
                "The portal's clock shows {}, which is later than the system's time. It only goes forwards: deadlines that have passed would not come back. Start with a new database to begin again.",
                before.words()
            ),
        ));
    }
    if Moment::parse(LATEST).is_some_and(|latest| shown >= latest) {
        return Err(Error::refused(
            "lab.clock-too-far",
            "The clock goes to the end of the year 2099 and no further.",
        ));
    }
    Ok(after)
}

/// A typed number with its unit.
pub fn typed_step(amount: &str, unit: &str) -> Result<TimeDelta, String> {
    let number: i64 = amount
        .trim()
        .parse()
        .ok()
        .filter(|n| *n > 0)
        .ok_or_else(|| "Enter a whole number from 1, such as 14.".to_owned())?;
    let seconds: i64 = match unit {
        "minutes" => 60,
        "hours" => 3_600,
        "days" => 86_400,
        _ => return Err("Choose minutes, hours or days.".to_owned()),
    };
    number
        .checked_mul(seconds)
        .filter(|all| *all <= LONGEST_STEP * 86_400)
        .map(TimeDelta::seconds)
        .ok_or_else(|| format!("Enter at most {LONGEST_STEP} days."))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_clock_goes_forwards_only() {
        let system = Moment::parse("2026-11-21T12:00:00Z").unwrap();
        let running = Setting::Running { ahead: 0 };
        let later = steer(running, system, Step::Advance(TimeDelta::days(7))).unwrap();
        assert_eq!(shows(later, system), system.plus(TimeDelta::days(7)));
        assert!(
            matches!(steer(later, system, Step::Reset), Err(Error::Refused(r)) if r.code == "lab.clock-backwards")
        );
        let frozen = steer(running, system, Step::Freeze).unwrap();
        let afterwards = system.plus(TimeDelta::hours(1));
        assert_eq!(shows(frozen, afterwards), system);
        assert_eq!(steer(frozen, afterwards, Step::Reset).unwrap(), running);
        let resumed = steer(frozen, afterwards, Step::Resume).unwrap();
        assert_eq!(shows(resumed, afterwards), system);
        assert!(
            matches!(steer(running, system, Step::Advance(TimeDelta::days(40_000))), Err(Error::Refused(r)) if r.code == "lab.clock-too-far")
        );
    }

    #[test]
    fn a_step_is_a_whole_number_of_units() {
        assert_eq!(typed_step(" 14 ", "days").unwrap(), TimeDelta::days(14));
        for (amount, unit) in [
            ("0", "days"),
            ("-1", "days"),
            ("1.5", "hours"),
            ("9999999999999999", "days"),
            ("4000", "days"),
            ("1", "years"),
        ] {
            assert!(typed_step(amount, unit).is_err(), "{amount} {unit}");
        }
    }

    #[test]
    fn a_jump_lands_on_the_very_moment_and_never_before_now() {
        let system = Moment::parse("2026-11-21T12:00:00Z").unwrap();
        let (running, frozen) = (Setting::Running { ahead: 0 }, Setting::Frozen { at: system });
        let (sooner, later) = (
            system.plus(TimeDelta::hours(-1)),
            system.plus(TimeDelta::hours(1)),
        );
        for now in [running, frozen] {
            assert_eq!(shows(steer(now, system, Step::To(later)).unwrap(), system), later);
            assert_eq!(
                shows(steer(now, system, Step::To(sooner)).unwrap(), system),
                system
            );
        }
    }

    proptest! {
        #[test]
        fn no_step_goes_back(ahead in -1_000_000_000_000_i64..1_000_000_000_000, days in 0_i64..3_660, which in 0..5) {
            let system = Moment::parse("2026-11-21T12:00:00Z").unwrap();
            let now = Setting::Running { ahead };
            let step = match which { 0 => Step::Freeze, 1 => Step::Resume, 2 => Step::Advance(TimeDelta::days(days)), 3 => Step::To(system.plus(TimeDelta::days(days))), _ => Step::Reset };
            if let Ok(after) = steer(now, system, step) {
                prop_assert!(shows(after, system) >= shows(now, system));
            }
        }
    }
}
