//! `licentral lab requests`: what API clients really sent, and one of it carried out again.

use super::client::{Client, Failed};
use super::{Told, lines, text};
use serde_json::{Value, json};

/// Lists what is kept, or switches keeping on or off, or forgets it.
pub fn requests(client: &Client, of: &str, on: bool, off: bool, forget: bool) -> Result<Told, Failed> {
    if forget {
        let answer = client.delete("requests")?;
        return Ok(Told::good("No request is kept any more.".to_owned(), answer));
    }
    if on || off {
        let answer = client.send("PUT", "requests", &json!({ "on": on, "client": of }))?;
        return Ok(Told::good(state(&answer), answer));
    }
    let query: &[(&str, &str)] = if of.is_empty() { &[] } else { &[("client", of)] };
    let answer = client.get("requests", query)?;
    let list = lines(&answer, "items", "None is kept.", |one| {
        format!(
            "{}  {}  {} {} {}",
            number(one, "number"),
            text(one, "client"),
            text(one, "method"),
            text(one, "target"),
            number(one, "status")
        )
    });
    Ok(Told::good(format!("{}\n{list}", state(&answer)), answer))
}

fn number(answer: &Value, key: &str) -> u64 {
    answer.get(key).and_then(Value::as_u64).unwrap_or_default()
}

fn state(answer: &Value) -> String {
    match (answer.get("on").and_then(Value::as_bool), text(answer, "client")) {
        (Some(true), "") => "Requests of all API clients are kept.".to_owned(),
        (Some(true), client) => format!("Requests of {client} are kept."),
        _ => "Requests are not kept.".to_owned(),
    }
}

/// Shows one, or carries it out again: then it holds when the status is that of the first time.
pub fn request(client: &Client, n: u64, replay: bool) -> Result<Told, Failed> {
    let answer = if replay {
        client.send("POST", &format!("requests/{n}/replay"), &json!({}))?
    } else {
        client.get(&format!("requests/{n}"), &[])?
    };
    let body = |of: &Value, key: &str| of.get(key).map_or("", |body| text(body, "text")).to_owned();
    let mut words = format!(
        "{} {} ({})\n{}\n{}\n{}",
        text(&answer, "method"),
        text(&answer, "target"),
        text(&answer, "client"),
        body(&answer, "body"),
        number(&answer, "status"),
        body(&answer, "answer"),
    );
    let mut holds = true;
    if let Some(again) = answer.get("replayed").filter(|again| again.is_object()) {
        holds = !replay || again.get("same_status").and_then(Value::as_bool) == Some(true);
        words.push_str(&format!(
            "\nCarried out again: {}\n{}",
            number(again, "status"),
            body(again, "answer")
        ));
    }
    Ok(Told { words, answer, holds })
}
