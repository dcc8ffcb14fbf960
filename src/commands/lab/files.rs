//! Files that go to a lab and come from it: scenario files, and files of a synchronization.

use super::client::{Client, Failed};
use super::words::{AccountArgs, SyncFileWhat};
use super::{Told, lines, text, took};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// Whether what is to be loaded is a file and no name of a scenario.
pub fn is_one(typed: &str) -> bool {
    let path = Path::new(typed);
    let is_called_so = path.extension().is_some_and(|ending| {
        ["yaml", "yml", "json"]
            .iter()
            .any(|one| ending.eq_ignore_ascii_case(one))
    });
    is_called_so || typed.contains('/')
}

fn read(path: &Path) -> Result<Vec<u8>, Failed> {
    std::fs::read(path).map_err(|e| Failed::Refused(format!("{} cannot be read: {e}", path.display())))
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), Failed> {
    if path.exists() {
        return Err(Failed::Refused(format!("{} is there already", path.display())));
    }
    std::fs::write(path, bytes)
        .map_err(|e| Failed::Refused(format!("{} cannot be written: {e}", path.display())))
}

/// Loads a scenario file, or says what is wrong with it.
pub fn load(client: &Client, path: &str, check: bool) -> Result<Told, Failed> {
    let bytes = read(Path::new(path))?;
    if check {
        let answer = client.send_file("scenarios/check", &bytes)?;
        let many = |key: &str| answer.get(key).and_then(Value::as_u64).unwrap_or_default();
        let words = format!(
            "{path} can be loaded: {}, with {} people, {} Smart Accounts and {} orders.",
            text(&answer, "name"),
            many("people"),
            many("accounts"),
            many("orders")
        );
        return Ok(Told::good(words, answer));
    }
    let answer = client.send_file("scenarios/file", &bytes)?;
    let words = format!("The scenario file {path} was loaded.{}", took(&answer));
    Ok(Told::good(words, answer))
}

/// Gets the present state as a scenario file, or the schema of such files.
pub fn export(client: &Client, out: Option<PathBuf>, schema: bool) -> Result<Told, Failed> {
    let bytes = client.get_file(if schema {
        "scenarios/schema"
    } else {
        "scenarios/file"
    })?;
    let whole = String::from_utf8_lossy(&bytes).into_owned();
    match out {
        Some(path) => {
            write(&path, &bytes)?;
            let answer = json!({ "file": path.display().to_string(), "bytes": bytes.len() });
            Ok(Told::good(format!("Written: {}.", path.display()), answer))
        }
        None => Ok(Told::good(whole.trim_end().to_owned(), json!({ "text": whole }))),
    }
}

/// Makes an account of exported tables.
pub fn account(client: &Client, wanted: &AccountArgs) -> Result<Told, Failed> {
    let mut body = json!({
        "name": wanted.name,
        "domain": wanted.domain,
        "replace": !wanted.keep_names,
        "check": wanted.check,
    });
    let tables = [
        ("virtual_accounts", &wanted.virtual_accounts),
        ("users", &wanted.users),
        ("licenses", &wanted.licenses),
        ("subscriptions", &wanted.subscriptions),
        ("product_instances", &wanted.product_instances),
    ];
    let mut columns = serde_json::Map::new();
    for one in &wanted.columns {
        let (key, at) = one.split_once(':').unwrap_or((one, ""));
        let at = at.parse::<u64>();
        let at = at.map_err(|_| Failed::Refused(format!("{one}: write it as license_quantity:4")))?;
        columns.insert(key.to_owned(), at.into());
    }
    if let Some(map) = body.as_object_mut() {
        map.insert("columns".to_owned(), Value::Object(columns));
        for (key, path) in tables {
            if let Some(path) = path {
                let text = crate::kernel::table::decode(&read(path)?);
                map.insert(key.to_owned(), text.into());
            }
        }
    }
    let answer = client.send("POST", "account-like-yours", &body)?;
    let many = |key: &str| answer.get(key).and_then(Value::as_u64).unwrap_or_default();
    let mut words = format!(
        "{}: {} people, {} Virtual Accounts, {} lines of licenses, {} product instances.\n",
        wanted.domain,
        many("people"),
        many("virtual_accounts"),
        many("licenses"),
        many("product_instances")
    );
    words.push_str(&lines(&answer, "left_out", "", |one| {
        format!("Left out: {}", one.as_str().unwrap_or_default())
    }));
    Ok(Told::good(words.trim_end().to_owned(), answer))
}

/// Looks into a file of a synchronization, or makes a bad one.
pub fn sync_file(client: &Client, what: SyncFileWhat) -> Result<Told, Failed> {
    match what {
        SyncFileWhat::Show { file } => {
            let answer = client.send_file("sync-files/inspect", &read(&file)?)?;
            Ok(Told {
                words: shown(&file, &answer),
                holds: answer.get("code").is_none_or(Value::is_null),
                answer,
            })
        }
        SyncFileWhat::Make { file, way, out } => {
            let bytes = client.turn_file("sync-files/spoil", &[("way", &way)], &read(&file)?)?;
            write(&out, &bytes)?;
            let answer = json!({ "file": out.display().to_string(), "way": way, "bytes": bytes.len() });
            Ok(Told::good(format!("Written: {}.", out.display()), answer))
        }
    }
}

fn shown(file: &Path, answer: &Value) -> String {
    let number = |of: &Value, key: &str| of.get(key).and_then(Value::as_i64).unwrap_or_default();
    let mut words = format!("{}: a {}\nHeader\n", file.display(), text(answer, "kind"));
    words.push_str(&lines(answer, "header", "  It cannot be read.", |one| {
        format!("  {}: {}", text(one, "name"), text(one, "value"))
    }));
    words.push_str("\nChecks\n");
    words.push_str(&lines(answer, "checks", "  None was passed.", |one| {
        format!("  {}", one.as_str().unwrap_or_default())
    }));
    if let Some(counts) = answer.get("counts").filter(|one| !one.is_null()) {
        words.push_str(&format!(
            "\nRecords\n  {} local Virtual Accounts, {} product instances, {} lines of usage, {} licenses",
            number(counts, "places"),
            number(counts, "devices"),
            number(counts, "usages"),
            number(counts, "licenses")
        ));
    }
    if let Some(change) = answer.get("difference").filter(|one| !one.is_null()) {
        words.push_str(&format!(
            "\nWhat it would change at {}\n  product instances: {} appear, {} change, {} vanish, {} stay as they are\n",
            text(change, "device_manager"),
            number(change, "appeared"),
            number(change, "changed"),
            number(change, "vanished"),
            number(change, "unchanged")
        ));
        words.push_str(&lines(change, "licenses", "", |one| {
            format!(
                "  {}: balance {} before, {} after",
                text(one, "name"),
                number(one, "before"),
                number(one, "after")
            )
        }));
    }
    if let Some(code) = answer.get("code").and_then(Value::as_str) {
        words.push_str(&format!(
            "\nIt would be refused: {} ({code})",
            text(answer, "says")
        ));
    }
    words.trim_end().to_owned()
}
