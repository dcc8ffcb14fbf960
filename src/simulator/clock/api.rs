//! The clock for scripts.

use super::model::{LONGEST_STEP, Step};
use super::service::{self, Done, carry_out};
use crate::authz::action::ControlClock;
use crate::error::{Error, Result};
use crate::http::{Answer, JsonBody, LabOnly, May, Portal, Visit, json};
use crate::kernel::Moment;
use crate::kernel::clock::Setting;
use chrono::TimeDelta;
use utoipa::ToSchema;

/// Things per answer at most.
const MOST: i64 = 100;

/// Both times of the portal.
#[derive(serde::Serialize, ToSchema)]
pub struct Clock {
    /// Portal time: what every rule goes by.
    now: Moment,
    /// The system's time.
    wall: Moment,
    /// Whether portal time stands still.
    frozen: bool,
    /// How many events were recorded since the clock was moved; only in the answer to that.
    #[serde(skip_serializing_if = "Option::is_none")]
    events: Option<u64>,
    /// How many letters went out since then; only in the answer to that.
    #[serde(skip_serializing_if = "Option::is_none")]
    letters: Option<u64>,
}

fn clock_of(visit: &Visit, done: Option<Done>) -> Clock {
    let clock = &visit.portal.clock;
    Clock {
        now: clock.now(),
        wall: clock.wall(),
        frozen: matches!(clock.setting(), Setting::Frozen { .. }),
        events: done.map(|done| done.events),
        letters: done.map(|done| done.letters),
    }
}

/// GET /api/v1/simulator/clock
pub async fn clock(lab: LabOnly) -> Answer {
    json(200, &clock_of(&lab, None))
}

crate::words! {
    /// What is done with the clock.
    pub enum ClockAction {
        /// It stands still.
        Freeze = "freeze", "Freeze";
        /// It runs on from where it stands.
        Resume = "resume", "Resume";
        /// It goes forward by `by_seconds`.
        Advance = "advance", "Advance";
        /// It goes forward to the next thing that is due.
        Next = "next", "Next";
        /// It shows the system's time, unless that is earlier.
        Reset = "reset", "Reset";
    }
}

/// How the clock is to be moved.
#[derive(serde::Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MoveClock {
    action: ClockAction,
    /// For `advance` alone: from 1.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 316_224_000)]
    by_seconds: Option<i64>,
}

impl MoveClock {
    async fn step(&self, portal: &Portal) -> Result<Step> {
        match (self.action, self.by_seconds) {
            (ClockAction::Advance, Some(n)) if (1..=LONGEST_STEP * 86_400).contains(&n) => {
                Ok(Step::Advance(TimeDelta::seconds(n)))
            }
            (ClockAction::Advance, _) => Err(Error::invalid(
                "by_seconds",
                format!("Use a whole number from 1 to {}.", LONGEST_STEP * 86_400),
            )),
            (_, Some(_)) => Err(Error::invalid("by_seconds", "Only advance takes this.")),
            (ClockAction::Freeze, None) => Ok(Step::Freeze),
            (ClockAction::Resume, None) => Ok(Step::Resume),
            (ClockAction::Next, None) => Ok(service::next(portal).await?.0),
            (ClockAction::Reset, None) => Ok(Step::Reset),
        }
    }
}

/// POST /api/v1/simulator/clock
pub async fn move_clock(may: May<ControlClock>, body: JsonBody<MoveClock>) -> Answer {
    if !may.portal.config.is_lab() {
        return Err(Error::NotFound);
    }
    let step = body.value.step(&may.portal).await?;
    let (_, done) = carry_out(&may.portal, &may.permit, step).await?;
    json(200, &clock_of(&may, Some(done)))
}

/// Something that the portal will do by itself.
#[derive(serde::Serialize, ToSchema)]
pub struct DueShape {
    /// Portal time.
    at: Moment,
    /// What happens then.
    what: &'static str,
    /// To which thing, as people call it.
    about: String,
    /// By which rule.
    why: &'static str,
}

/// What comes next.
#[derive(serde::Serialize, ToSchema)]
pub struct DueList {
    /// Portal time now.
    now: Moment,
    /// The first first.
    due: Vec<DueShape>,
}

/// GET /api/v1/simulator/clock/due
pub async fn due(may: May<ControlClock>) -> Answer {
    if !may.portal.config.is_lab() {
        return Err(Error::NotFound);
    }
    let due = service::due(&may.portal, MOST).await?;
    json(
        200,
        &DueList {
            now: may.portal.clock.now(),
            due: due
                .into_iter()
                .map(|one| DueShape {
                    at: one.at,
                    what: one.what,
                    about: one.about,
                    why: one.why,
                })
                .collect(),
        },
    )
}
