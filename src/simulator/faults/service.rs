//! Adding and removing fault rules, with a record.

use super::model::Wanted;
use crate::authz::Permit;
use crate::authz::action::Operate;
use crate::error::{Error, Result};
use crate::http::Portal;
use crate::http::widgets::counted;
use crate::kernel::{Event, Kind};
use crate::platform::faults::{MOST_RULES, Rule};
use std::sync::Arc;

/// What the record calls them.
const ABOUT: &str = "faults";

/// The rules that hold in this portal.
pub fn list(portal: &Portal) -> Result<Vec<Arc<Rule>>> {
    if portal.config.is_lab() {
        Ok(portal.lab.faults.list(portal.clock.wall()))
    } else {
        Err(Error::NotFound)
    }
}

/// One more rule; its number and name.
pub async fn add(portal: &Portal, permit: &Permit<Operate>, wanted: &Wanted) -> Result<(u64, String)> {
    if !portal.config.is_lab() {
        return Err(Error::NotFound);
    }
    let wall = portal.clock.wall();
    let rule = wanted.rule(wall)?;
    let name = rule.name.clone();
    let words = format!("Fault rule added: {name} ({}).", rule.surface.label());
    let number = portal.lab.faults.add(rule, wall).ok_or_else(|| {
        Error::refused(
            "lab.too-many-faults",
            format!("At most {MOST_RULES} fault rules hold at once."),
        )
    })?;
    record(portal, permit, words).await?;
    Ok((number, name))
}

/// Removes a rule.
pub async fn remove(portal: &Portal, permit: &Permit<Operate>, number: u64) -> Result<()> {
    if !portal.config.is_lab() {
        return Err(Error::NotFound);
    }
    let gone = portal
        .lab
        .faults
        .remove(Some(number))
        .pop()
        .ok_or(Error::NotFound)?;
    let words = format!(
        "Fault rule removed: {}, after {}.",
        gone.asks.name,
        counted(gone.hits(), "hit", "hits")
    );
    record(portal, permit, words).await
}

/// Removes all rules; says how many there were.
pub async fn clear(portal: &Portal, permit: &Permit<Operate>) -> Result<u64> {
    if !portal.config.is_lab() {
        return Err(Error::NotFound);
    }
    let gone = portal.lab.faults.remove(None).len() as u64;
    if gone > 0 {
        let words = format!("{} removed.", counted(gone, "fault rule was", "fault rules were"));
        record(portal, permit, words).await?;
    }
    Ok(gone)
}

async fn record(portal: &Portal, permit: &Permit<Operate>, words: String) -> Result<()> {
    let (who, at) = (permit.who().clone(), portal.clock.now());
    let event = Event::new(Kind::LabFaults, ABOUT, words);
    portal.db.write(move |tx| tx.record(at, &who, &event, ())).await
}
