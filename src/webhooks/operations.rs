//! What is done with webhooks, once for pages and scripts.

use super::service::{self, Again};
use crate::authz::action::ManageWebhooks;
use crate::error::{Error, Problems, Result};
use crate::http::May;
use crate::kernel::Moment;
use crate::kernel::ids::WebhookId;
use chrono::{NaiveDate, NaiveTime, TimeDelta};
use serde::Deserialize;
use utoipa::ToSchema;

/// A period.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReplayBody {
    /// The first day (UTC).
    #[schema(format = "date", min_length = 10, max_length = 10)]
    pub from: String,
    /// The last day (UTC).
    #[schema(format = "date", min_length = 10, max_length = 10)]
    pub to: String,
}

/// Two days as times: from the beginning of the first to the end of the second.
pub fn period(from: &str, to: &str) -> Result<(Moment, Moment)> {
    let mut problems = Problems::default();
    let mut day = |field: &str, typed: &str| {
        let day = typed.trim().parse::<NaiveDate>().ok();
        if day.is_none() {
            problems.add(field, "Enter a day such as 2026-11-28.");
        }
        day.map(|day| Moment::of(day.and_time(NaiveTime::MIN).and_utc()))
    };
    match (day("from", from), day("to", to)) {
        (Some(from), Some(to)) if from <= to => Ok((from, to.plus(TimeDelta::days(1)))),
        (Some(_), Some(_)) => Err(Error::invalid("to", "The last day cannot be before the first.")),
        _ => Err(Error::Invalid(problems)),
    }
}

/// Tells events once more, from a page or from a script; says how many.
pub async fn again(may: &May<ManageWebhooks>, id: WebhookId, what: Again) -> Result<u64> {
    may.does(move |tx, permit, at| service::replay(tx, permit, at, id, what))
        .await
}
