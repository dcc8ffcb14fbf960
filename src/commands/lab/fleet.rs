//! `licentral lab fleet`.

use super::client::{Client, Failed};
use super::words::FleetWhat;
use super::{Told, lines, text};
use serde_json::{Value, json};

/// Shows the fleet, or changes it.
pub fn fleet(client: &Client, what: Option<FleetWhat>) -> Result<Told, Failed> {
    match what {
        None => {
            let answer = client.get("fleet", &[])?;
            Ok(Told::good(shown(&answer), answer))
        }
        Some(FleetWhat::Start {
            account,
            virtual_account,
            count,
            licenses,
            unrest,
            policy,
        }) => {
            let body = json!({
                "account": account, "virtual_account": virtual_account, "count": count,
                "licenses": licenses, "unrest": unrest, "mode": if policy { "slp" } else { "sl" },
            });
            let answer = client.send("POST", "fleet", &body)?;
            Ok(Told::good(
                format!("The fleet was started in {}.", text(&answer, "virtual_account")),
                answer,
            ))
        }
        Some(FleetWhat::Trouble { kind, count }) => {
            let body = json!({ "kind": kind, "count": count });
            let answer = client.send("POST", "fleet/trouble", &body)?;
            let befell = answer.get("count").unwrap_or(&Value::Null);
            Ok(Told::good(format!("Devices that it befell: {befell}."), answer))
        }
        Some(FleetWhat::Stop) => {
            let answer = client.delete("fleet")?;
            Ok(Told::good("The fleet was stopped.".to_owned(), answer))
        }
        Some(FleetWhat::OnPrem { when }) => {
            let answer = client.send("PUT", "fleet/on-prem", &json!({ "daily": when == "daily" }))?;
            Ok(Told::good(on_prem(&answer), answer))
        }
    }
}

fn shown(answer: &Value) -> String {
    if answer.get("running").and_then(Value::as_bool) != Some(true) {
        return format!("No fleet runs.\n{}", on_prem(answer));
    }
    let devices = lines(answer, "devices", "No device.", |one| {
        let silent = if one.get("silent").and_then(Value::as_bool) == Some(true) {
            " (silent)"
        } else {
            ""
        };
        format!(
            "{}  {}{silent}  {}",
            text(one, "serial"),
            text(one, "hostname"),
            text(one, "told")
        )
    });
    let happened = lines(answer, "happened", "", |one| {
        format!("{}  {}", text(one, "at"), text(one, "says"))
    });
    format!(
        "{}, {}: {} calls went well, {} did not.\n{devices}\n{happened}\n{}",
        text(answer, "account"),
        text(answer, "virtual_account"),
        answer.get("calls").unwrap_or(&Value::Null),
        answer.get("refused").unwrap_or(&Value::Null),
        on_prem(answer)
    )
}

fn on_prem(answer: &Value) -> String {
    let state = match answer.get("on_prem_daily").and_then(Value::as_bool) {
        None => return "There is no On-Prem portal.".to_owned(),
        Some(true) => "The On-Prem portal synchronizes by itself each day.",
        Some(false) => "The On-Prem portal does not synchronize by itself.",
    };
    let accounts = lines(answer, "on_prem", "", |one| {
        format!("  {}: last {}", text(one, "name"), text(one, "last_sync"))
    });
    format!("{state}\n{accounts}").trim_end().to_owned()
}
