//! `lab faults` and `lab fault`: the rules by which the portal fails on purpose.

use super::client::{Client, Failed};
use super::words::FaultArgs;
use super::{Told, lines, text};
use serde_json::Value;

pub(super) fn clear(client: &Client) -> Result<Told, Failed> {
    let answer = client.delete("faults")?;
    Ok(Told::good("No fault rule holds any more.".to_owned(), answer))
}

pub(super) fn remove(client: &Client, number: u64) -> Result<Told, Failed> {
    let answer = client.delete(&format!("faults/{number}"))?;
    Ok(Told::good(
        format!("The fault rule {number} was removed."),
        answer,
    ))
}

pub(super) fn add(client: &Client, rule: &FaultArgs) -> Result<Told, Failed> {
    let body = serde_json::to_value(rule).unwrap_or_default();
    let answer = client.send("POST", "faults", &body)?;
    let words = format!(
        "The fault rule {} holds: {}.",
        answer.get("number").unwrap_or(&Value::Null),
        text(&answer, "name")
    );
    Ok(Told::good(words, answer))
}

pub(super) fn list(client: &Client) -> Result<Told, Failed> {
    let answer = client.get("faults", &[])?;
    let words = lines(&answer, "items", "No fault rule holds.", |one| {
        format!(
            "{}  {} ({}): {}. Hits: {}.",
            one.get("number").unwrap_or(&Value::Null),
            text(one, "name"),
            text(one, "surface"),
            text(one, "says"),
            one.get("hits").unwrap_or(&Value::Null)
        )
    });
    Ok(Told::good(words, answer))
}
