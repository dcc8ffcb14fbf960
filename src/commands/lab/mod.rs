//! `licentral lab`: the powers of a lab from the command line, against a portal that is running.

mod client;
mod junit;

use super::{complain, say};
use crate::simulator::scenario::CLIENT_SECRET;
use clap::{Args, Subcommand};
use client::{Client, Failed};
use junit::Case;
use serde_json::{Value, json};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// How it ends when what was to hold does not.
const DOES_NOT_HOLD: u8 = 1;
/// How it ends when the portal said no.
const REFUSED: u8 = 3;
/// How it ends when the portal did not answer.
const UNREACHABLE: u8 = 4;

/// A portal that does not answer yet is asked again after so long.
const BEAT: Duration = Duration::from_millis(50);

/// The powers of a lab.
#[derive(Args)]
pub struct LabArgs {
    /// Address of the portal.
    #[arg(long, global = true, default_value = "http://127.0.0.1:8080")]
    portal: String,
    /// Id of an API client of the operator.
    #[arg(long, global = true, default_value = "demo-olga")]
    client_id: String,
    /// Its secret.
    #[arg(long, global = true, default_value = CLIENT_SECRET, hide_default_value = true, allow_hyphen_values = true)]
    client_secret: String,
    /// Print the portal's answer as JSON.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Show the clock, or move it.
    Clock {
        #[command(subcommand)]
        what: Option<ClockWhat>,
    },
    /// List what is due, and when.
    Due,
    /// List what the lab can be filled with.
    Scenarios,
    /// Empty the portals of the lab and fill them with a scenario.
    Load {
        /// Such as demo.
        scenario: String,
    },
    /// Fill the lab anew with the scenario that was loaded last.
    Reset,
    /// Take a snapshot of the portals of the lab; without a name, list those that there are.
    Snapshot {
        /// Small letters, digits and hyphens.
        name: Option<String>,
        /// Delete it instead.
        #[arg(long, requires = "name")]
        delete: bool,
    },
    /// Make the portals of the lab what they were when a snapshot was taken.
    Restore {
        /// Its name.
        name: String,
    },
    /// List the fault rules that hold.
    Faults {
        /// Remove all of them.
        #[arg(long)]
        clear: bool,
        /// Remove the one with this number.
        #[arg(long, conflicts_with = "clear")]
        remove: Option<u64>,
    },
    /// Add a fault rule: by a name such as slow-portal, or with --effect.
    Fault(Box<FaultArgs>),
    /// Wait until an expression holds; say what it was when the time is over.
    Wait {
        /// Such as: licenses[xyz.example/DEFAULT/c9200-ne-48].balance == 0
        expression: String,
        /// Such as 30s or 2m; at most 5m.
        #[arg(long, default_value = "30s", value_parser = seconds)]
        timeout: i64,
        /// Also write a report as CI servers read it.
        #[arg(long)]
        junit: Option<PathBuf>,
    },
    /// Say whether expressions hold now.
    Assert {
        /// Such as: orders[118402977].state == assigned
        #[arg(required = true)]
        expressions: Vec<String>,
        /// Also write a report as CI servers read it.
        #[arg(long)]
        junit: Option<PathBuf>,
    },
}

/// A fault rule. The portal says what is wrong with it.
#[derive(Args, serde::Serialize)]
struct FaultArgs {
    /// A rule by its name.
    #[arg(required_unless_present = "effect")]
    #[serde(skip_serializing_if = "Option::is_none")]
    preset: Option<String>,
    /// delay, status, answer, cut or drop.
    #[arg(long, conflicts_with = "preset")]
    #[serde(skip_serializing_if = "Option::is_none")]
    effect: Option<String>,
    /// For delay.
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    delay_ms: Option<u64>,
    /// For status.
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u64>,
    /// For answer.
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<String>,
    /// any, pages, api, devices, on-prem, vendor or mail.
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    surface: Option<String>,
    /// With this method alone.
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    method: Option<String>,
    /// With a path that begins so.
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<String>,
    /// From this person or API client alone.
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    who: Option<String>,
    /// So many of a hundred.
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    share: Option<u64>,
    /// It ends after so many hits.
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    times: Option<u64>,
    /// It ends after so long, such as 30s.
    #[arg(long = "for", value_parser = seconds)]
    #[serde(rename = "for_seconds", skip_serializing_if = "Option::is_none")]
    lasts: Option<i64>,
}

#[derive(Subcommand)]
enum ClockWhat {
    /// It stands still.
    Freeze,
    /// It runs on from where it stands.
    Resume,
    /// It goes forward.
    Advance {
        /// Such as 90s, 15m, 12h or 30d.
        #[arg(value_parser = seconds)]
        by: i64,
    },
    /// It goes forward to the next thing that is due.
    Next,
    /// It shows the system's time again.
    Reset,
}

/// "30s", "2m", "12h" or "7d" in seconds.
fn seconds(typed: &str) -> Result<i64, String> {
    let number = typed.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = match typed.get(number.len()..) {
        Some("" | "s") => 1,
        Some("m") => 60,
        Some("h") => 3_600,
        Some("d") => 86_400,
        _ => return Err("Use a whole number with s, m, h or d, such as 30s.".to_owned()),
    };
    number
        .parse::<i64>()
        .ok()
        .filter(|n| *n >= 0)
        .and_then(|n| n.checked_mul(unit))
        .ok_or_else(|| "Use a whole number with s, m, h or d, such as 30s.".to_owned())
}

/// What came of it: words for people, and whether what was to hold does.
struct Told {
    words: String,
    answer: Value,
    holds: bool,
}

impl Told {
    fn good(words: String, answer: Value) -> Self {
        Self {
            words,
            answer,
            holds: true,
        }
    }
}

/// Does what the command line says.
pub fn run(args: LabArgs) -> ExitCode {
    let done = Client::of(&args.portal, &args.client_id, &args.client_secret)
        .map_err(Failed::Unreachable)
        .and_then(|client| carry_out(&client, args.what));
    let (code, said) = match done {
        Ok(told) => {
            let words = if args.json {
                told.answer.to_string()
            } else {
                told.words
            };
            (if told.holds { 0 } else { DOES_NOT_HOLD }, say(&words))
        }
        Err(Failed::Refused(says)) => (REFUSED, Err(says)),
        Err(Failed::Unreachable(says)) => (UNREACHABLE, Err(says)),
    };
    if let Err(says) = said {
        complain(&says);
        return ExitCode::from(code.max(1));
    }
    ExitCode::from(code)
}

fn carry_out(client: &Client, what: What) -> Result<Told, Failed> {
    match what {
        What::Clock { what } => clock(client, what),
        What::Due => due(client),
        What::Scenarios => scenarios(client),
        What::Load { scenario } => load(client, &scenario),
        What::Reset => {
            let listed = client.get("scenarios", &[])?;
            let loaded = text(&listed, "loaded");
            load(client, if loaded.is_empty() { "demo" } else { loaded })
        }
        What::Snapshot { name: None, .. } => {
            let answer = client.get("snapshots", &[])?;
            Ok(Told::good(
                lines(&answer, "snapshots", "No snapshot yet.", |one| {
                    text(one, "name").to_owned()
                }),
                answer,
            ))
        }
        What::Snapshot {
            name: Some(name),
            delete: true,
        } => {
            let answer = client.delete(&format!("snapshots/{name}"))?;
            Ok(Told::good(format!("The snapshot {name} was deleted."), answer))
        }
        What::Snapshot { name: Some(name), .. } => {
            let answer = client.send("POST", "snapshots", &json!({ "name": name }))?;
            Ok(Told::good(
                format!("The snapshot {name} was taken.{}", took(&answer)),
                answer,
            ))
        }
        What::Restore { name } => {
            let answer = client.send("POST", &format!("snapshots/{name}/restore"), &json!({}))?;
            Ok(Told::good(
                format!("The snapshot {name} was restored.{}", took(&answer)),
                answer,
            ))
        }
        What::Faults { clear: true, .. } => {
            let answer = client.delete("faults")?;
            Ok(Told::good("No fault rule holds any more.".to_owned(), answer))
        }
        What::Faults {
            remove: Some(number), ..
        } => {
            let answer = client.delete(&format!("faults/{number}"))?;
            Ok(Told::good(
                format!("The fault rule {number} was removed."),
                answer,
            ))
        }
        What::Faults { .. } => faults(client),
        What::Fault(rule) => {
            let body = serde_json::to_value(&rule).unwrap_or_default();
            let answer = client.send("POST", "faults", &body)?;
            let words = format!(
                "The fault rule {} holds: {}.",
                answer.get("number").unwrap_or(&Value::Null),
                text(&answer, "name")
            );
            Ok(Told::good(words, answer))
        }
        What::Wait {
            expression,
            timeout,
            junit,
        } => {
            let answer = wait(client, &expression, timeout)?;
            let case = Case::of(&expression, &answer);
            asserted(&[case], answer, junit)
        }
        What::Assert { expressions, junit } => {
            let mut cases = Vec::new();
            let mut answers = Vec::new();
            for expression in &expressions {
                let answer = client.get("assert", &[("expression", expression)])?;
                cases.push(Case::of(expression, &answer));
                answers.push(answer);
            }
            asserted(&cases, Value::Array(answers), junit)
        }
    }
}

/// Waits for the portal to answer as well: a job has started it a moment ago.
fn wait(client: &Client, expression: &str, timeout: i64) -> Result<Value, Failed> {
    let begun = Instant::now();
    loop {
        let passed = i64::try_from(begun.elapsed().as_secs()).unwrap_or(i64::MAX);
        let left = (timeout - passed).max(0).to_string();
        match client.get("wait", &[("expression", expression), ("timeout", &left)]) {
            Err(Failed::Unreachable(_)) if passed < timeout => std::thread::sleep(BEAT),
            other => return other,
        }
    }
}

fn asserted(cases: &[Case], answer: Value, junit: Option<PathBuf>) -> Result<Told, Failed> {
    if let Some(file) = junit {
        std::fs::write(&file, junit::report(cases))
            .map_err(|e| Failed::Refused(format!("{} cannot be written: {e}", file.display())))?;
    }
    let lines: Vec<String> = cases.iter().map(Case::line).collect();
    Ok(Told {
        words: lines.join("\n"),
        answer,
        holds: cases.iter().all(|case| case.holds),
    })
}

fn text<'a>(answer: &'a Value, key: &str) -> &'a str {
    answer.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn clock(client: &Client, what: Option<ClockWhat>) -> Result<Told, Failed> {
    let answer = match what {
        None => client.get("clock", &[])?,
        Some(step) => {
            let body = match step {
                ClockWhat::Freeze => json!({ "action": "freeze" }),
                ClockWhat::Resume => json!({ "action": "resume" }),
                ClockWhat::Advance { by } => json!({ "action": "advance", "by_seconds": by }),
                ClockWhat::Next => json!({ "action": "next" }),
                ClockWhat::Reset => json!({ "action": "reset" }),
            };
            client.send("POST", "clock", &body)?
        }
    };
    let mut words = format!(
        "Portal time is {}{}.",
        text(&answer, "now"),
        if answer.get("frozen").and_then(Value::as_bool) == Some(true) {
            ", and stands still"
        } else {
            ""
        }
    );
    if let (Some(events), Some(letters)) = (answer.get("events"), answer.get("letters")) {
        words.push_str(&format!(" Events: {events}. Letters: {letters}."));
    }
    Ok(Told::good(words, answer))
}

/// A line for each item of the list under a key.
fn lines(answer: &Value, key: &str, none: &str, line: impl Fn(&Value) -> String) -> String {
    let items = answer.get(key).and_then(Value::as_array);
    let lines: Vec<String> = items.into_iter().flatten().map(line).collect();
    if lines.is_empty() {
        none.to_owned()
    } else {
        lines.join("\n")
    }
}

/// " It took 312 ms."
fn took(answer: &Value) -> String {
    answer
        .get("took_ms")
        .map_or_else(String::new, |ms| format!(" It took {ms} ms."))
}

fn due(client: &Client) -> Result<Told, Failed> {
    let answer = client.get("clock/due", &[])?;
    let words = lines(&answer, "due", "Nothing is due.", |one| {
        format!(
            "{}  {}: {}. {}",
            text(one, "at"),
            text(one, "what"),
            text(one, "about"),
            text(one, "why")
        )
    });
    Ok(Told::good(words, answer))
}

fn scenarios(client: &Client) -> Result<Told, Failed> {
    let answer = client.get("scenarios", &[])?;
    let loaded = text(&answer, "loaded").to_owned();
    let words = lines(&answer, "scenarios", "", |one| {
        let name = text(one, "name");
        let mark = if name == loaded { " (loaded)" } else { "" };
        format!("{name}{mark}: {}", text(one, "says"))
    });
    Ok(Told::good(words, answer))
}

fn load(client: &Client, name: &str) -> Result<Told, Failed> {
    let answer = client.send("POST", "scenarios", &json!({ "name": name }))?;
    Ok(Told::good(
        format!("The scenario {name} was loaded.{}", took(&answer)),
        answer,
    ))
}

fn faults(client: &Client) -> Result<Told, Failed> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_units() {
        for (typed, wanted) in [
            ("30s", 30),
            ("30", 30),
            ("2m", 120),
            ("12h", 43_200),
            ("7d", 604_800),
            ("0s", 0),
        ] {
            assert_eq!(seconds(typed).unwrap(), wanted);
        }
        for bad in ["", "s", "-1s", "1.5h", "1w", "s30", "99999999999999999d"] {
            assert!(seconds(bad).is_err(), "{bad}");
        }
    }
}
