//! The mailbox and the clock for scripts: a CI job reads the letter that it waits for and follows its link.

use super::clock_pages::{Done, carry_out};
use super::model::{Arrived, LONGEST_STEP, Step, Wanted, links};
use super::service;
use crate::authz::action::ControlClock;
use crate::error::{Error, Result};
use crate::http::form::PathPart;
use crate::http::{Answer, JsonBody, LabOnly, May, Param, Visit, json};
use crate::kernel::Moment;
use crate::kernel::clock::Setting;
use crate::kernel::ids::LetterId;
use chrono::TimeDelta;
use utoipa::ToSchema;

/// Letters per answer at most.
const MOST: i64 = 100;

/// A letter in the lab's mailbox.
#[derive(serde::Serialize, ToSchema)]
pub struct Letter {
    /// Its id.
    id: LetterId,
    /// Stable over all tries of delivery.
    message_id: String,
    /// The kind of letter.
    #[serde(rename = "letter")]
    kind: String,
    /// The sender.
    from: String,
    /// The addressee's name, or empty.
    to_name: String,
    /// The addressee's address.
    to: String,
    /// The subject.
    subject: String,
    /// Portal time.
    sent_at: Moment,
    /// Whether the mailbox was marked as read since.
    read: bool,
    /// As plain text.
    text: String,
    /// As HTML.
    html: String,
    /// The addresses of this portal that the text holds, each once.
    links: Vec<String>,
}

impl Letter {
    fn of(visit: &Visit, arrived: Arrived) -> Self {
        let config = &visit.portal.config;
        Self {
            links: links(&arrived.text, &config.base_url),
            id: arrived.id,
            message_id: arrived.message_id,
            kind: arrived.letter,
            from: config.mail_from.clone(),
            to_name: arrived.to_name,
            to: arrived.to_address,
            subject: arrived.subject,
            sent_at: arrived.sent_at,
            read: arrived.read_at.is_some(),
            text: arrived.text,
            html: arrived.html,
        }
    }
}

/// Letters, the newest first.
#[derive(serde::Serialize, ToSchema)]
pub struct Mailbox {
    /// How many match.
    total: u64,
    /// At most 100 of them.
    letters: Vec<Letter>,
}

/// Names and meanings of the parameters of the list.
pub const LIST: &[Param] = &[
    Param::text("q", "Words in addressee, subject or text."),
    Param::text("to", "The address of the addressee, or a part of it without @."),
    Param::text("letter", "The kind of letter."),
    Param::PAGE,
];

/// GET /api/v1/simulator/mailbox
pub async fn mailbox(lab: LabOnly) -> Answer {
    let mut wanted = Wanted::default();
    let mut number: i64 = 1;
    for (key, value) in url::form_urlencoded::parse(lab.query.as_bytes()) {
        let value: String = value.trim().chars().take(254).collect();
        match key.as_ref() {
            "q" => wanted.q = value,
            "to" => wanted.to = value,
            "letter" => wanted.letter = value,
            "page" => number = value.parse().unwrap_or(1),
            _ => {}
        }
    }
    let (found, total) = lab
        .portal
        .db
        .read(move |r| {
            Ok((
                service::whole_letters(r, &wanted, MOST, (number - 1) * MOST)?,
                service::matching(r, &wanted)?,
            ))
        })
        .await?;
    let letters = found.into_iter().map(|one| Letter::of(&lab, one)).collect();
    json(200, &Mailbox { total, letters })
}

/// GET /api/v1/simulator/mailbox/{letter}
pub async fn letter(lab: LabOnly, PathPart(id): PathPart<LetterId>) -> Answer {
    let found = lab.portal.db.read(move |r| service::letter(r, id)).await?;
    json(200, &Letter::of(&lab, found))
}

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
    fn step(&self) -> Result<Step> {
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
            (ClockAction::Reset, None) => Ok(Step::Reset),
        }
    }
}

/// POST /api/v1/simulator/clock
pub async fn move_clock(may: May<ControlClock>, body: JsonBody<MoveClock>) -> Answer {
    let (_, done) = carry_out(&may, &may.permit, body.value.step()?).await?;
    json(200, &clock_of(&may, Some(done)))
}
