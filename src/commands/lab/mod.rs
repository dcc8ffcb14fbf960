//! `licentral lab`: the powers of a lab from the command line, against a portal that is running.

mod client;
mod explain;
mod faults;
mod files;
mod fleet;
mod junit;
mod labs;
mod listen;
mod requests;
mod snapshots;
mod words;

pub use words::LabArgs;

use super::{complain, say};
use client::{Client, Failed};
use junit::Case;
use serde_json::{Value, json};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};
use words::{ClockWhat, TenantsWhat, What};

/// How it ends when what was to hold does not.
const DOES_NOT_HOLD: u8 = 1;
/// How it ends when the portal said no.
const REFUSED: u8 = 3;
/// How it ends when the portal did not answer.
const UNREACHABLE: u8 = 4;

/// A portal that does not answer yet is asked again after so long.
const BEAT: Duration = Duration::from_millis(50);

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
        .and_then(|client| match &args.what {
            What::Listen(wanted) => listen::listen(&client, wanted, args.json),
            _ => carry_out(&client, args.what),
        });
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
        What::Listen(wanted) => listen::listen(client, &wanted, false),
        What::Record => record(client),
        What::Requests {
            client: of,
            on,
            off,
            forget,
        } => requests::requests(client, of.as_deref().unwrap_or_default(), on, off, forget),
        What::Request { number, replay } => requests::request(client, number, replay),
        What::Labs { what } => labs::carry_out(client, what),
        What::Tenants { what } => tenants(client, what),
        What::Explain {
            request: Some(request),
            ..
        } => explain::request(client, &request),
        What::Explain {
            action,
            person,
            account,
            virtual_account,
            ..
        } => explain::action(client, [action, person, account, virtual_account]),
        What::Scenarios => scenarios(client),
        What::Load { scenario, check } if check || files::is_one(&scenario) => {
            files::load(client, &scenario, check)
        }
        What::Load { scenario, .. } => load(client, &scenario),
        What::Export { out, schema } => files::export(client, out, schema),
        What::Fleet { what } => fleet::fleet(client, what),
        What::Account(wanted) => files::account(client, &wanted),
        What::SyncFile { what } => files::sync_file(client, what),
        What::Reset => reset(client),
        What::Snapshot { name: None, .. } => snapshots::list(client),
        What::Snapshot {
            name: Some(name),
            delete: true,
        } => snapshots::delete(client, &name),
        What::Snapshot { name: Some(name), .. } => snapshots::take(client, &name),
        What::Restore { name } => snapshots::restore(client, &name),
        What::Faults { clear: true, .. } => faults::clear(client),
        What::Faults {
            remove: Some(number), ..
        } => faults::remove(client, number),
        What::Faults { .. } => faults::list(client),
        What::Fault(rule) => faults::add(client, &rule),
        What::Wait {
            expression,
            timeout,
            junit,
        } => {
            let answer = wait(client, &expression, timeout)?;
            let case = Case::of(&expression, &answer);
            asserted(&[case], answer, junit)
        }
        What::Assert { expressions, junit } => assert_all(client, &expressions, junit),
    }
}

/// Asks whether each of these holds.
fn assert_all(client: &Client, expressions: &[String], junit: Option<PathBuf>) -> Result<Told, Failed> {
    let mut cases = Vec::new();
    let mut answers = Vec::new();
    for expression in expressions {
        let answer = client.get("assert", &[("expression", expression)])?;
        cases.push(Case::of(expression, &answer));
        answers.push(answer);
    }
    asserted(&cases, Value::Array(answers), junit)
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

fn tenants(client: &Client, what: Option<TenantsWhat>) -> Result<Told, Failed> {
    match what {
        None => {
            let answer = client.get("tenants", &[])?;
            let words = lines(&answer, "items", "There are none.", |one| {
                format!(
                    "{}  {}  until {}",
                    text(one, "name"),
                    text(one, "domain"),
                    text(one, "expires_at")
                )
            });
            Ok(Told::good(words, answer))
        }
        Some(TenantsWhat::Make {
            count,
            part,
            lasts,
            name,
        }) => {
            let body = json!({ "count": count, "part": part, "seconds": lasts, "name": name });
            let answer = client.send("POST", "tenants", &body)?;
            let words = lines(&answer, "items", "None was made.", |one| {
                text(one, "domain").to_owned()
            });
            Ok(Told::good(words, answer))
        }
        Some(TenantsWhat::Remove { name }) => {
            let answer = client.delete(&format!("tenants/{name}"))?;
            Ok(Told::good(
                format!("The throw-away tenants of {name} were removed."),
                answer,
            ))
        }
    }
}

fn record(client: &Client) -> Result<Told, Failed> {
    let answer = client.get("record", &[])?;
    let words = lines(&answer, "items", "Nothing is recorded.", |one| {
        let chain = one.get("chain").unwrap_or(&Value::Null);
        let broken = lines(chain, "broken", "holds", |broken| text(broken, "says").to_owned());
        format!("{}: {broken}", text(one, "key"))
    });
    Ok(Told {
        words,
        holds: answer.get("holds").and_then(Value::as_bool) == Some(true),
        answer,
    })
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

fn reset(client: &Client) -> Result<Told, Failed> {
    let listed = client.get("scenarios", &[])?;
    let loaded = text(&listed, "loaded");
    load(client, if loaded.is_empty() { "demo" } else { loaded })
}

fn load(client: &Client, name: &str) -> Result<Told, Failed> {
    let answer = client.send("POST", "scenarios", &json!({ "name": name }))?;
    Ok(Told::good(
        format!("The scenario {name} was loaded.{}", took(&answer)),
        answer,
    ))
}
