//! `lab snapshot` and `lab restore`: the states of a lab that are kept under a name.

use super::client::{Client, Failed};
use super::{Told, lines, text, took};
use serde_json::json;

pub(super) fn list(client: &Client) -> Result<Told, Failed> {
    let answer = client.get("snapshots", &[])?;
    Ok(Told::good(
        lines(&answer, "snapshots", "No snapshot yet.", |one| {
            text(one, "name").to_owned()
        }),
        answer,
    ))
}

pub(super) fn delete(client: &Client, name: &str) -> Result<Told, Failed> {
    let answer = client.delete(&format!("snapshots/{name}"))?;
    Ok(Told::good(format!("The snapshot {name} was deleted."), answer))
}

pub(super) fn take(client: &Client, name: &str) -> Result<Told, Failed> {
    let answer = client.send("POST", "snapshots", &json!({ "name": name }))?;
    Ok(Told::good(
        format!("The snapshot {name} was taken.{}", took(&answer)),
        answer,
    ))
}

pub(super) fn restore(client: &Client, name: &str) -> Result<Told, Failed> {
    let answer = client.send("POST", &format!("snapshots/{name}/restore"), &json!({}))?;
    Ok(Told::good(
        format!("The snapshot {name} was restored.{}", took(&answer)),
        answer,
    ))
}
