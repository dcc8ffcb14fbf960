//! The lab's clock: everyone sees it, the operator moves it.

use super::model::{Step, typed_step};
use super::service::{self, Done, carry_out};
use crate::authz::Permit;
use crate::authz::action::ControlClock;
use crate::error::{Error, Problems};
use crate::http::NoFields;
use crate::http::form::fresh;
use crate::http::form_state::Choice;
use crate::http::widgets::counted;
use crate::http::{Answer, Flash, FlashKind, FormState, LabOnly, May, Posted, Shell, Visit, page, page_with};
use crate::kernel::clock::Setting;
use crate::platform::calendar::Due;
use askama::Template;
use chrono::{DateTime, TimeDelta, Utc};

const PATH: &str = "/simulator/clock";
/// Where the letters are that went out.
const MAILBOX: &str = "/simulator/mailbox";
/// Why the controls are off.
const ONLY_OPERATOR: &str =
    "Only the operator (olga@licensing.example) can move the clock and sees what is due.";
const ONLY_ADMINISTRATOR: &str = "Only a System Administrator can move the clock and sees what is due.";
/// So many things that are due are shown.
const SHOWN: i64 = 20;

/// Value and words of each button.
const STEPS: &[(&str, &str)] = &[
    ("3600", "1 hour"),
    ("86400", "1 day"),
    ("604800", "7 days"),
    ("2592000", "30 days"),
    ("7776000", "90 days"),
];

#[derive(Template)]
#[template(path = "simulator/clock.html")]
struct ClockPage {
    shell: Shell,
    now: DateTime<Utc>,
    wall: DateTime<Utc>,
    frozen: bool,
    /// How portal time stands to the system's: "7 days ahead".
    difference: String,
    /// Whether the portal's time is the system's already.
    is_system: bool,
    /// Whether the person may move the clock.
    may: bool,
    /// Why the controls are off for this person.
    reason: &'static str,
    form: FormState,
    units: Vec<Choice>,
    /// What is due next, for those who may move the clock.
    due: Vec<Due>,
}

impl ClockPage {
    async fn of(visit: &Visit, form: FormState) -> Result<Self, Error> {
        let clock = &visit.portal.clock;
        let (now, wall) = (clock.now(), clock.wall());
        let may = visit
            .actor
            .as_ref()
            .is_some_and(|actor| Permit::<ControlClock>::ask(actor.clone(), None, &[], wall).is_ok());
        let due = if may {
            service::due(&visit.portal, SHOWN).await?
        } else {
            Vec::new()
        };
        Ok(Self {
            shell: visit.shell("Clock"),
            now: now.utc(),
            wall: wall.utc(),
            frozen: matches!(clock.setting(), Setting::Frozen { .. }),
            difference: difference(now.since(wall)),
            is_system: clock.setting() == Setting::Running { ahead: 0 },
            may,
            reason: if visit.portal.config.edition.is_on_prem() {
                ONLY_ADMINISTRATOR
            } else {
                ONLY_OPERATOR
            },
            form,
            units: ["minutes", "hours", "days"]
                .map(|unit| Choice::new(unit, unit))
                .into(),
            due,
        })
    }
    fn steps() -> &'static [(&'static str, &'static str)] {
        STEPS
    }
    /// How long until then: "2 days 3 hours".
    fn until(&self, due: &Due) -> String {
        let by = due.at.utc() - self.now;
        words(by).unwrap_or_else(|| "less than a minute".to_owned())
    }
}

/// "7 days 3 hours"; none for less than a minute.
fn words(by: TimeDelta) -> Option<String> {
    let parts = [
        (by.num_days(), "day", "days"),
        (by.num_hours() % 24, "hour", "hours"),
        (by.num_minutes() % 60, "minute", "minutes"),
    ];
    let words: Vec<String> = parts
        .into_iter()
        .filter(|(n, _, _)| *n > 0)
        .take(2)
        .map(|(n, one, many)| counted(n.unsigned_abs(), one, many))
        .collect();
    (!words.is_empty()).then(|| words.join(" "))
}

/// "7 days 3 hours ahead of the system's time".
fn difference(by: TimeDelta) -> String {
    let way = if by < TimeDelta::zero() {
        "behind"
    } else {
        "ahead of"
    };
    words(by.abs()).map_or_else(
        || "The same as the system's time.".to_owned(),
        |words| format!("{words} {way} the system's time."),
    )
}

fn blank() -> FormState {
    fresh().with_value("unit", "days")
}

/// GET /simulator/clock
pub async fn show(lab: LabOnly) -> Answer {
    page(&ClockPage::of(&lab, blank()).await?)
}

/// How far the clock is to go: a button's seconds, or a number and a unit.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Advance {
    #[serde(default)]
    by: String,
    #[serde(default)]
    amount: String,
    #[serde(default)]
    unit: String,
}

/// POST /simulator/clock/freeze
pub async fn freeze(may: May<ControlClock>, _form: Posted<NoFields>) -> Answer {
    press(&may, Step::Freeze).await
}

/// POST /simulator/clock/resume
pub async fn resume(may: May<ControlClock>, _form: Posted<NoFields>) -> Answer {
    press(&may, Step::Resume).await
}

/// POST /simulator/clock/reset
pub async fn reset(may: May<ControlClock>, _form: Posted<NoFields>) -> Answer {
    press(&may, Step::Reset).await
}

/// POST /simulator/clock/advance
pub async fn advance(may: May<ControlClock>, form: Posted<Advance>) -> Answer {
    let mut problems = Problems::default();
    let by = if form.value.by.is_empty() {
        problems.take("amount", typed_step(&form.value.amount, &form.value.unit))
    } else {
        let preset = STEPS
            .iter()
            .any(|(seconds, _)| *seconds == form.value.by)
            .then(|| form.value.by.parse().ok().map(TimeDelta::seconds))
            .flatten();
        problems.take(
            "amount",
            preset.ok_or_else(|| "Choose one of the steps.".to_owned()),
        )
    };
    if let Some(by) = by {
        return press(&may, Step::Advance(by)).await;
    }
    if !may.portal.config.is_lab() {
        return Err(Error::NotFound);
    }
    let mut view = ClockPage::of(&may, form.again(&problems)).await?;
    view.shell.error_title = true;
    page_with(422, &view)
}

/// POST /simulator/clock/next
pub async fn next(may: May<ControlClock>, _form: Posted<NoFields>) -> Answer {
    if !may.portal.config.is_lab() {
        return Err(Error::NotFound);
    }
    let (step, _) = service::next(&may.portal).await?;
    press(&may, step).await
}

async fn press(may: &May<ControlClock>, step: Step) -> Answer {
    let (moved, done) = carry_out(&may.portal, &may.permit, step).await?;
    let stands = match moved.setting {
        Setting::Frozen { .. } => "stands at",
        Setting::Running { .. } => "is now",
    };
    let what_happened = match step {
        Step::Freeze => String::new(),
        _ => format!(" {}", done.words()),
    };
    Ok(may.see_other(
        PATH,
        Flash {
            kind: FlashKind::Ok,
            text: format!("The clock {stands} {}.{what_happened}", moved.after.words()),
            link: (done.letters > 0).then(|| ("Mailbox".to_owned(), MAILBOX.to_owned())),
        },
    ))
}

impl Done {
    /// "2 events were recorded and 4 letters went out."
    fn words(self) -> String {
        let events = counted(self.events, "event was recorded", "events were recorded");
        let letters = counted(self.letters, "letter went out", "letters went out");
        match (self.events, self.letters) {
            (0, 0) => "Nothing was due.".to_owned(),
            (_, 0) => format!("{events}."),
            (0, _) => format!("{letters}."),
            _ => format!("{events} and {letters}."),
        }
    }
}
