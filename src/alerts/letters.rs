//! The letters of this room: "Status Notification" and "Daily Event Summary".

use super::model::Alert;
use super::service;
use crate::error::{Error, Result};
use crate::http::widgets::counted;
use crate::kernel::Moment;
use crate::kernel::ids::SmartAccountId;
use crate::platform::db::{Read, happened};
use crate::platform::mail::{Desk, Envelope, Letter, Letters, Tell};
use crate::smart_accounts::{self, SmartAccount};
use chrono::TimeDelta;
use std::collections::HashSet;

/// There is something new that needs somebody.
pub const STATUS: &str = "alerts.status";
/// What happened on a day.
pub const SUMMARY: &str = "alerts.daily-summary";

const ALL: &[(&str, Tell)] = &[(STATUS, status), (SUMMARY, summary)];

/// So many alerts or events are named; the page has all of them.
pub const NAMED: usize = 20;
/// So many events are counted for a summary.
const MOST_EVENTS: i64 = 10_000;

/// Adds them to the portal's letters.
pub fn register(letters: &mut Letters) {
    letters.add_told(ALL);
}

/// The account, its alerts as they are now, and how far the addressee reaches; none when they no longer reach it.
fn scene(
    read: &mut Read<'_>,
    desk: &Desk,
    envelope: &Envelope,
) -> Result<Option<(SmartAccount, Vec<Alert>, Option<crate::authz::Within>)>> {
    let id: SmartAccountId = envelope.about_id.parse().map_err(|_| Error::NotFound)?;
    let account = smart_accounts::find(read, id)?;
    let mut alerts = service::of_account(read, id, desk.now)?;
    let reach = match envelope.extra("person").parse() {
        // An additional address is told of the whole account.
        Err(_) => None,
        Ok(person) => {
            let Some(reach) = service::reach_of(read, id, person)? else {
                return Ok(None);
            };
            alerts.retain(|alert| reach.covers(alert.place));
            Some(reach)
        }
    };
    Ok(Some((account, alerts, reach)))
}

const CLOSING: &str = "You receive this email because of the notification settings of the Smart Account. Change them under Alerts, Notifications.";

fn status(read: &mut Read<'_>, desk: &Desk, envelope: &Envelope) -> Result<Option<Letter>> {
    let Some((account, alerts, _)) = scene(read, desk, envelope)? else {
        return Ok(None);
    };
    let keys = envelope.extra("keys");
    let keys: HashSet<&str> = keys.lines().collect();
    let names = service::names(read, account.id)?;
    // What was put right meanwhile is no news.
    let new: Vec<&Alert> = alerts
        .iter()
        .filter(|alert| keys.contains(alert.key.as_str()))
        .collect();
    let Some(first) = new.first() else {
        return Ok(None);
    };
    let more: usize = envelope.extra("more").parse().unwrap_or_default();
    let count = counted((new.len() + more) as u64, "new alert", "new alerts");
    let mut steps: Vec<String> = new
        .iter()
        .map(|alert| {
            format!(
                "{}, {}: {} ({})",
                alert.severity.label(),
                alert.kind.label(),
                alert.message,
                names.get(&alert.place).map_or("", String::as_str)
            )
        })
        .collect();
    if more > 0 {
        steps.push(format!("And {more} more."));
    }
    Ok(Some(Letter {
        subject: if new.len() + more == 1 {
            format!("{}: {}", account.name, first.kind.label())
        } else {
            format!("{}: {count}", account.name)
        },
        heading: "Status Notification".to_owned(),
        opening: vec![format!("In the Smart Account {}: {count}.", account.name)],
        steps,
        button: Some((
            "View alerts",
            desk.page(&format!("/sa/{}/alerts", account.number)),
        )),
        closing: vec![CLOSING.to_owned()],
        ..Letter::default()
    }))
}

fn summary(read: &mut Read<'_>, desk: &Desk, envelope: &Envelope) -> Result<Option<Letter>> {
    let Some((account, alerts, reach)) = scene(read, desk, envelope)? else {
        return Ok(None);
    };
    let day = envelope.extra("day");
    let from = Moment::parse(&format!("{day}T00:00:00Z")).ok_or(Error::NotFound)?;
    let places = reach.as_ref().and_then(|reach| reach.only());
    let events = happened(
        read,
        account.id,
        places,
        from,
        from.plus(TimeDelta::days(1)),
        MOST_EVENTS,
    )?;
    let mut kinds: std::collections::BTreeMap<&str, u64> = std::collections::BTreeMap::new();
    for event in &events {
        *kinds.entry(event.kind.label()).or_default() += 1;
    }
    let mut facts = vec![
        ("Smart Account", account.name.clone()),
        ("Day", from.utc().format("%-d %b %Y").to_string()),
        ("Events", counted(events.len() as u64, "event", "events")),
    ];
    if !kinds.is_empty() {
        let words: Vec<String> = kinds
            .into_iter()
            .map(|(label, count)| format!("{label}: {count}"))
            .collect();
        facts.push(("What happened", words.join("; ")));
    }
    facts.push(("Alerts now", counted(alerts.len() as u64, "alert", "alerts")));
    Ok(Some(Letter {
        subject: format!("{}: Daily Event Summary", account.name),
        heading: "Daily Event Summary".to_owned(),
        opening: vec![format!(
            "This is what happened in the Smart Account {} on that day (UTC).",
            account.name
        )],
        facts,
        steps: events
            .iter()
            .take(NAMED)
            .map(|event| format!("{} {}", event.at.words(), event.message))
            .collect(),
        button: Some((
            "View the event log",
            desk.page(&format!("/sa/{}/activity?from={day}&to={day}", account.number)),
        )),
        closing: vec![CLOSING.to_owned()],
        ..Letter::default()
    }))
}
