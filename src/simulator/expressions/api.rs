//! Expressions for scripts: asked at once, or waited for.

use super::grammar::{Expression, LONGEST, Value};
use super::service::{self, LONGEST_WAIT, Seen};
use crate::authz::action::ControlClock;
use crate::error::{Error, Result};
use crate::http::{Answer, May, Param, json};
use std::time::{Duration, Instant};
use utoipa::ToSchema;

const EXPRESSION: Param = Param::longer(
    "expression",
    LONGEST,
    "What is to hold, such as licenses[xyz.example/DEFAULT/c9200-ne-48].balance == 0. See docs/guides/lab.md.",
)
.required();

/// What an assertion takes.
pub const ASSERT: &[Param] = &[EXPRESSION];
/// What waiting takes.
pub const WAIT: &[Param] = &[
    EXPRESSION,
    Param::whole(
        "timeout",
        0,
        LONGEST_WAIT,
        "Seconds after which the answer comes in any case; 30 when it is left out.",
    ),
];

/// A fact and its value.
#[derive(serde::Serialize, ToSchema)]
pub struct FactShape {
    /// As it is written.
    fact: String,
    /// A number or a text; null when there is no such thing.
    #[schema(value_type = Option<serde_json::Value>)]
    value: Value,
}

/// Whether an expression holds, and of what it was made.
#[derive(serde::Serialize, ToSchema)]
pub struct Outcome {
    /// As it was sent.
    expression: String,
    /// Whether it holds.
    holds: bool,
    /// What was looked up, in order.
    facts: Vec<FactShape>,
    /// How long it was waited for, in milliseconds.
    waited_ms: u64,
}

struct Asked {
    text: String,
    expression: Expression,
    timeout: Duration,
}

impl Asked {
    fn read(query: &str) -> Result<Self> {
        let (mut text, mut timeout) = (String::new(), 30);
        for (key, value) in url::form_urlencoded::parse(query.as_bytes()) {
            match key.as_ref() {
                "expression" => value.trim().clone_into(&mut text),
                "timeout" => timeout = value.trim().parse().unwrap_or(timeout),
                _ => {}
            }
        }
        Ok(Self {
            expression: Expression::parse(&text)?,
            text,
            timeout: Duration::from_secs(timeout.min(LONGEST_WAIT)),
        })
    }

    fn answer(self, seen: Seen, begun: Instant) -> Answer {
        json(
            200,
            &Outcome {
                expression: self.text,
                holds: seen.holds,
                facts: seen
                    .facts
                    .into_iter()
                    .map(|(fact, value)| FactShape { fact, value })
                    .collect(),
                waited_ms: u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX),
            },
        )
    }
}

/// GET /api/v1/simulator/assert
pub async fn assert(may: May<ControlClock>) -> Answer {
    if !may.portal.config.is_lab() {
        return Err(Error::NotFound);
    }
    let (asked, begun) = (Asked::read(&may.query)?, Instant::now());
    let seen = service::look(&may.portal, &may.permit, &asked.expression).await?;
    asked.answer(seen, begun)
}

/// GET /api/v1/simulator/wait
pub async fn wait(may: May<ControlClock>) -> Answer {
    if !may.portal.config.is_lab() {
        return Err(Error::NotFound);
    }
    let (asked, begun) = (Asked::read(&may.query)?, Instant::now());
    let seen = service::wait(&may.portal, &may.permit, &asked.expression, asked.timeout).await?;
    asked.answer(seen, begun)
}
