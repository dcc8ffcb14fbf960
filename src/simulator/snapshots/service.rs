//! A lab is put into another state: filled with a scenario, or made what it was when a snapshot was taken. The portals of a
//! lab are one: their snapshots have one name, and nobody is served meanwhile.
//!
//! Sessions go on, for people who are there afterwards; and so do access tokens of API clients that are.

use crate::authn::session;
use crate::authz::Permit;
use crate::authz::action::Operate;
use crate::error::{Error, Result};
use crate::http::Portal;
use crate::kernel::clock::Setting;
use crate::kernel::{Event, Kind, Moment, Who};
use crate::platform::db::{Db, SnapshotName, off_the_loop};
use crate::platform::settings;
use crate::simulator::scenario::file::{self, File};
use crate::simulator::scenario::{self, Chosen};
use crate::system_users;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedMutexGuard, OwnedRwLockWriteGuard};

/// Snapshots of a lab at most: each is as large as its databases.
const MOST: usize = 50;
/// So long requests that are under way are waited for.
const PATIENCE: Duration = Duration::from_secs(30);
/// The name under which a database says which of its snapshots it is.
const TAKEN: &str = "snapshot";

/// What a snapshot says of itself.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Taken {
    name: String,
    /// Portal time.
    at: Moment,
    by: String,
}

/// All portals of a lab at rest: no request and no job is under way. Dropping it lets them go on.
struct AtRest {
    _held: (Option<OwnedMutexGuard<()>>, Vec<OwnedRwLockWriteGuard<()>>),
    /// The cloud first.
    portals: Vec<Portal>,
}

/// Waits until nothing is under way. The On-Prem server first: what it has under way may need the cloud.
async fn at_rest(portal: &Portal) -> Result<AtRest> {
    if !portal.config.is_lab() {
        return Err(Error::NotFound);
    }
    let portals = portal.of_the_lab();
    let (mut wheel, mut held) = (None, Vec::new());
    let wait = async {
        if let Some(first) = portals.first() {
            wheel = Some(first.lab.steer().await);
        }
        for one in portals.iter().rev() {
            held.push(one.jobs.hold().await);
            held.push(one.lab.hold().await);
        }
    };
    if tokio::time::timeout(PATIENCE, wait).await.is_err() {
        return Err(Error::refused(
            "lab.busy",
            "Requests or jobs that are under way did not end within 30 seconds.",
        ));
    }
    Ok(AtRest {
        _held: (wheel, held),
        portals,
    })
}

/// The snapshots of the lab: those that all of its portals have.
pub async fn list(portal: &Portal) -> Result<Vec<SnapshotName>> {
    let portals = portal.of_the_lab();
    off_the_loop(move || common(&portals)).await
}

fn common(portals: &[Portal]) -> Result<Vec<SnapshotName>> {
    let mut names: Option<Vec<SnapshotName>> = None;
    for one in portals {
        let here = one.db.snapshots_now()?;
        names = Some(match names {
            None => here,
            Some(before) => before.into_iter().filter(|name| here.contains(name)).collect(),
        });
    }
    Ok(names.unwrap_or_default())
}

/// Takes a snapshot of all portals of the lab.
pub async fn take(portal: &Portal, permit: &Permit<Operate>, name: SnapshotName) -> Result<()> {
    let rest = at_rest(portal).await?;
    let (who, now) = (permit.who().clone(), portal.clock.now());
    off_the_loop(move || {
        let there = common(&rest.portals)?;
        if there.contains(&name) {
            return Err(Error::refused(
                "lab.snapshot-there",
                format!("There is a snapshot {name} already."),
            ));
        }
        if there.len() >= MOST {
            return Err(Error::refused(
                "lab.too-many-snapshots",
                format!("A lab keeps at most {MOST} snapshots."),
            ));
        }
        for one in &rest.portals {
            // Before, so that the snapshot knows of itself.
            say(
                &one.db,
                now,
                &who,
                Kind::LabSnapshot,
                &name,
                format!("The snapshot {name} was taken."),
            )?;
            // What is left of one that not all portals have.
            let _ = one.db.drop_snapshot_now(&name);
            one.db.take_snapshot_now(&name)?;
        }
        Ok(())
    })
    .await
}

/// Writes into the record of a portal that something was done to a snapshot.
fn say(db: &Db, at: Moment, who: &Who, kind: Kind, name: &SnapshotName, words: String) -> Result<()> {
    let kept = serde_json::to_string(&Taken {
        name: name.to_string(),
        at,
        by: who.label.clone(),
    })
    .map_err(Error::internal)?;
    let event = Event::new(kind, name, words);
    db.write_now(|tx| {
        if kind == Kind::LabSnapshot {
            settings::set(tx, TAKEN, &kept)?;
        }
        tx.record(at, who, &event, ())
    })
}

/// Makes all portals of the lab what they were when the snapshot was taken, their clock too.
pub async fn restore(portal: &Portal, permit: &Permit<Operate>, name: SnapshotName) -> Result<()> {
    let rest = at_rest(portal).await?;
    let who = permit.who().clone();
    off_the_loop(move || {
        if !common(&rest.portals)?.contains(&name) {
            return Err(Error::NotFound);
        }
        for one in &rest.portals {
            let carried = one.db.read_now(|r| session::carry(r))?;
            one.db.replace_now(Some(&name))?;
            one.db.much_was_written_now("ANALYZE");
            one.db.housekeeping_now(|tx| session::go_on_with(tx, &carried))?;
        }
        set_clock(&rest.portals)?;
        let now = rest.portals.first().map(|one| one.clock.now());
        for (one, now) in rest.portals.iter().zip(now.into_iter().cycle()) {
            let words = format!("The snapshot {name} was restored.");
            say(&one.db, now, &who, Kind::LabRestored, &name, words)?;
            one.jobs.nudge();
        }
        Ok(())
    })
    .await
}

/// The clock shows what it showed in the state that is there now: it stands where it stood, or runs as far ahead.
fn set_clock(portals: &[Portal]) -> Result<()> {
    let Some(first) = portals.first() else {
        return Ok(());
    };
    let kept = first.db.read_now(|r| settings::get(r, settings::CLOCK))?;
    let setting = kept
        .and_then(|text| serde_json::from_str(&text).ok())
        .unwrap_or(Setting::Running { ahead: 0 });
    first.clock.set(setting);
    Ok(())
}

/// Deletes a snapshot.
pub async fn delete(portal: &Portal, permit: &Permit<Operate>, name: SnapshotName) -> Result<()> {
    if !portal.config.is_lab() {
        return Err(Error::NotFound);
    }
    let (portals, who, now) = (portal.of_the_lab(), permit.who().clone(), portal.clock.now());
    off_the_loop(move || {
        if !common(&portals)?.contains(&name) {
            return Err(Error::NotFound);
        }
        for one in &portals {
            one.db.drop_snapshot_now(&name)?;
            let words = format!("The snapshot {name} was deleted.");
            say(&one.db, now, &who, Kind::LabSnapshotDeleted, &name, words)?;
        }
        Ok(())
    })
    .await
}

/// Under this name the state before a scenario file is kept while it is loaded.
const BEFORE: &str = "before-the-scenario-file";

/// Empties all portals of the lab and fills them with a scenario. The clock shows the system's time. A file that cannot be
/// written after all leaves everything as it was.
pub async fn load(portal: &Portal, permit: &Permit<Operate>, chosen: Chosen) -> Result<()> {
    let rest = at_rest(portal).await?;
    let who = permit.who().clone();
    off_the_loop(move || {
        let before = match &chosen {
            Chosen::Named(_) => None,
            Chosen::File(_) => Some(SnapshotName::parse(BEFORE).map_err(Error::internal)?),
        };
        if let Some(name) = &before {
            for one in &rest.portals {
                let _ = one.db.drop_snapshot_now(name);
                one.db.take_snapshot_now(name)?;
            }
        }
        let carried = rest
            .portals
            .iter()
            .map(|one| one.db.read_now(|r| session::carry(r)))
            .collect::<Result<Vec<_>>>()?;
        let filled = empty_and_fill(&rest.portals, &chosen);
        for (one, carried) in rest.portals.iter().zip(carried) {
            if let (Some(name), true) = (&before, filled.is_err()) {
                one.db.replace_now(Some(name))?;
            }
            one.db.housekeeping_now(|tx| session::go_on_with(tx, &carried))?;
            if let Some(name) = &before {
                let _ = one.db.drop_snapshot_now(name);
            }
            one.jobs.nudge();
        }
        set_clock(&rest.portals)?;
        filled?;
        tracing::info!(
            scenario = chosen.name(),
            by = who.label,
            "the lab was emptied and filled"
        );
        Ok(())
    })
    .await
}

fn empty_and_fill(portals: &[Portal], chosen: &Chosen) -> Result<()> {
    for one in portals {
        one.db.replace_now(None)?;
        settings::claim(&one.db, one.config.edition)?.map_err(|_| Error::NotFound)?;
    }
    set_clock(portals)?;
    scenario::fill(portals, chosen)?;
    for one in portals.iter().filter(|one| one.config.edition.is_on_prem()) {
        system_users::bootstrap(one)?;
    }
    Ok(())
}

/// Reads a scenario file; every mistake in it is a complaint about the field `file`.
pub fn read_file(portal: &Portal, bytes: &[u8]) -> Result<Chosen> {
    if !portal.config.is_lab() {
        return Err(Error::NotFound);
    }
    let file = File::read(bytes, portal.clock.now()).map_err(|mistakes| file::invalid(&mistakes))?;
    Ok(Chosen::File(Arc::new(file)))
}

/// The present state of the cloud of a lab as a scenario file.
pub async fn export(portal: &Portal, _permit: &Permit<Operate>) -> Result<(String, String)> {
    if !portal.config.is_lab() || portal.config.edition.is_on_prem() {
        return Err(Error::NotFound);
    }
    let now = portal.clock.now();
    portal
        .db
        .read(move |r| {
            let loaded = scenario::loaded(r)?.unwrap_or_default();
            let name = file::name_from(&loaded);
            let text = file::to_yaml(&file::of_lab(r, &name, now)?)?;
            Ok((name, text))
        })
        .await
}

/// The scenario that was loaded last, if one was.
pub async fn loaded(portal: &Portal) -> Result<Option<String>> {
    portal.db.read(|r| scenario::loaded(r)).await
}
