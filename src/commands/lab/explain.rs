//! `lab explain`: why somebody may do something or not, and why a request was refused.

use super::client::{Client, Failed};
use super::{Told, text};
use serde_json::Value;

/// Why a request was refused, and whether it would be now.
pub(super) fn request(client: &Client, request: &str) -> Result<Told, Failed> {
    let answer = client.get("explain/request", &[("request", request)])?;
    let words = format!(
        "{} ({})\n{}",
        text(&answer, "says"),
        text(&answer, "code"),
        answer.get("now").map_or("", |now| text(now, "says"))
    );
    Ok(Told::good(words.trim_end().to_owned(), answer))
}

/// Whether an action is allowed: its name, and the person, the account and the Virtual Account that it is about.
pub(super) fn action(client: &Client, asked: [Option<String>; 4]) -> Result<Told, Failed> {
    let query: Vec<(&str, &str)> = ["action", "person", "account", "virtual_account"]
        .into_iter()
        .zip(&asked)
        .filter_map(|(name, value)| Some((name, value.as_deref()?)))
        .collect();
    let answer = client.get("explain", &query)?;
    Ok(Told {
        words: text(&answer, "says").to_owned(),
        holds: answer.get("allowed").and_then(Value::as_bool) == Some(true),
        answer,
    })
}
