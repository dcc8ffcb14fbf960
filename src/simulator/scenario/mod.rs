//! What an empty lab is filled with, so that the first minute shows a portal that is lived in.
//!
//! - `demo`: the cast, five Smart Accounts and a year of events.
//! - `empty`: the operator and nothing else.
//! - `large`: `demo`, and enough beside it to measure with.
//!
//! Each is one transaction: a start that is cut off leaves an empty database.

mod demo;
mod devices;
mod dice;
mod large;
mod local;
mod on_prem;
mod orders;
mod store;
mod story;
mod tokens;
mod year;

pub(super) use devices::{Planned as PlannedDevice, one as planned_device, write_until as write_devices};
pub(super) use story::Wire;

use crate::authn::{api_client, people};
use crate::error::{Error, Result};
use crate::http::Portal;
use crate::kernel::ids::PersonId;
use crate::kernel::{Event, Kind, Name, Secret, Who};
use crate::local_accounts;
use crate::platform::db::Tx;
use crate::platform::settings;

/// Everyone's password in a lab.
pub const PASSWORD: &str = "licentral-demo";
/// The secret of the API clients `demo-ada`, `demo-pat` and `demo-olga`, and of `demo-admin` on an On-Prem server.
pub const CLIENT_SECRET: &str = "licentral-demo-secret";
/// Under which the name of the loaded scenario is kept.
const LOADED: &str = "scenario";

/// Fills an empty lab with the scenario of the settings. Says so in one sentence, or nothing when there was
/// something already. Runs before the server does.
pub fn fill_if_empty(portal: &Portal) -> Result<Option<String>> {
    if !portal.config.is_lab() {
        return Ok(None);
    }
    let (loaded, people) = portal
        .db
        .read_now(|r| Ok((settings::get(r, LOADED)?, people::count(r)?)))?;
    if loaded.is_some() || people > 0 {
        return Ok(None);
    }
    load(portal, &portal.config.scenario, None).map(|(words, _)| Some(words))
}

/// What an empty lab can be filled with: name and description.
pub const ALL: &[(&str, &str)] = &[
    (
        "demo",
        "The cast of the documentation, five Smart Accounts and a year of events, and the On-Prem server of one of them.",
    ),
    (
        "empty",
        "The operator and nothing else; an On-Prem server with its first user, who sets a password.",
    ),
    (
        "large",
        "The demo, and enough beside it to measure with: 100,000 product instances, 10,000 Smart Accounts, a million events. It takes a while.",
    ),
];

/// Fills the portals of a lab, all of them empty, with a scenario.
pub fn fill(lab: &[Portal], name: &str) -> Result<()> {
    let of = |on_prem: bool| lab.iter().find(|one| one.config.edition.is_on_prem() == on_prem);
    match (of(false), of(true)) {
        (Some(cloud), Some(on_prem)) if name != "empty" => {
            one_story(cloud, on_prem, name)?;
        }
        _ => {
            for portal in lab {
                load(portal, name, None)?;
            }
        }
    }
    Ok(())
}

/// Fills the empty databases of a cloud and of the On-Prem portal beside it with one story, if both are empty; otherwise
/// each that is empty with its own. Says what it did.
pub fn fill_both(cloud: &Portal, on_prem: &Portal) -> Result<Vec<String>> {
    let is_empty = |portal: &Portal| {
        portal
            .db
            .read_now(|r| Ok(loaded(r)?.is_none() && people::count(r)? == 0))
    };
    if cloud.config.scenario == "empty" || !is_empty(cloud)? || !is_empty(on_prem)? {
        let both = [fill_if_empty(cloud)?, fill_if_empty(on_prem)?];
        return Ok(both.into_iter().flatten().collect());
    }
    one_story(cloud, on_prem, &cloud.config.scenario)
}

fn one_story(cloud: &Portal, on_prem: &Portal, name: &str) -> Result<Vec<String>> {
    let new = local_accounts::New::make(&on_prem.signing, story::registered_at(cloud.clock.now()))?;
    let (words, plan) = load(cloud, name, Some(new.public_key()))?;
    let (others, _) = load(on_prem, name, None)?;
    if let Some(plan) = plan {
        story::tell(cloud, on_prem, &plan, &new)?;
    }
    Ok(vec![words, others])
}

/// Loads a scenario; the cloud's with what it knows of its On-Prem server.
fn load(portal: &Portal, name: &str, beside: Option<&str>) -> Result<(String, Option<on_prem::Plan>)> {
    let started = portal.clock.wall();
    let hash = portal.hasher.hash_now(&Secret::new(PASSWORD))?;
    let now = portal.clock.now();
    if portal.config.edition.is_on_prem() {
        return local::write(&portal.db, now, &hash, name).map(|words| (words, None));
    }
    let on_prem = on_prem::Plan::new(now, beside)?;
    let words = match name {
        "empty" => demo::write_operator(&portal.db, now, &hash)?,
        "large" => {
            let demo = demo::Demo::plan(now, &portal.signing)?;
            let large = large::Large::plan(&demo, &portal.signing)?;
            demo.write(&portal.db, &hash, "large", |tx| {
                on_prem.write(tx, &demo, &portal.signing)?;
                large.write(tx, &demo, &hash)
            })?
        }
        _ => {
            let demo = demo::Demo::plan(now, &portal.signing)?;
            demo.write(&portal.db, &hash, "demo", |tx| {
                on_prem.write(tx, &demo, &portal.signing)
            })?
        }
    };
    let took = portal.clock.wall().since(started).num_milliseconds();
    tracing::info!(scenario = name, milliseconds = took, "scenario loaded");
    Ok((words, (name != "empty").then_some(on_prem)))
}

/// A key for scripts, with a secret that everybody knows: a lab has nothing to hide.
fn add_client(
    tx: &mut Tx<'_>,
    at: crate::kernel::Moment,
    id: &str,
    person: PersonId,
    whose: &str,
    who: &Who,
) -> Result<()> {
    let name = Name::parse("Sample scripts", "Name").map_err(Error::internal)?;
    api_client::add(tx, at, person, id, CLIENT_SECRET, &name, api_client::Scopes::ALL)?;
    let event = Event::new(
        Kind::ClientAdded,
        id,
        format!("{whose} created the API client {name}."),
    );
    tx.note(at, who, &event)
}

/// Keeps the name of what was loaded and records it: the last step of a scenario.
fn mark(
    tx: &mut Tx<'_>,
    at: crate::kernel::Moment,
    name: &str,
    words: &str,
) -> Result<crate::platform::db::Recorded<String>> {
    settings::set(tx, LOADED, name)?;
    let event = Event::new(Kind::ScenarioLoaded, name, words);
    tx.record(at, &Who::portal("scenario"), &event, words.to_owned())
}

/// The name of the scenario that was loaded, if one was.
pub fn loaded(read: &mut impl crate::platform::db::Reads) -> Result<Option<String>> {
    settings::get(read, LOADED)
}
