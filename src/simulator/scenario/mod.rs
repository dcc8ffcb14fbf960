//! What an empty lab is filled with, so that the first minute shows a portal that is lived in.
//!
//! - `demo`: the cast, five Smart Accounts and a year of events.
//! - `empty`: the operator and nothing else.
//! - `large`: `demo`, and enough beside it to measure with.
//! - a file (`file`): what a team keeps for itself.
//!
//! Each is one transaction: a start that is cut off leaves an empty database.

mod demo;
mod devices;
mod dice;
pub mod file;
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
use crate::http::widgets::counted;
use crate::kernel::ids::PersonId;
use crate::kernel::{Event, Kind, Moment, Name, Secret, Who};
use crate::local_accounts;
use crate::platform::db::Tx;
use crate::platform::settings;
use file::{File, Means};
use std::cell::RefCell;
use std::sync::Arc;

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
    load(portal, &Chosen::of_settings(portal)?, None).map(|(words, _)| Some(words))
}

/// What a lab is filled with.
#[derive(Debug, Clone)]
pub enum Chosen {
    /// One that comes with the portal, by its name.
    Named(&'static str),
    /// A file.
    File(Arc<File>),
}

impl Chosen {
    /// The one of the settings: a name, or the path of a file.
    fn of_settings(portal: &Portal) -> Result<Self> {
        let wanted = &portal.config.scenario;
        match ALL.iter().find(|(name, _)| name == wanted) {
            Some((name, _)) => Ok(Self::Named(name)),
            None => Self::at(wanted, portal.clock.now()),
        }
    }
    /// The file at a path.
    fn at(path: &str, now: Moment) -> Result<Self> {
        let bytes =
            std::fs::read(path).map_err(|e| Error::invalid("file", format!("{path} cannot be read: {e}")))?;
        let file = File::read(&bytes, now).map_err(|mistakes| file::invalid(&mistakes))?;
        Ok(Self::File(Arc::new(file)))
    }
    /// Its name.
    pub fn name(&self) -> &str {
        match self {
            Self::Named(name) => name,
            Self::File(file) => &file.scenario.name,
        }
    }
    fn is_empty(&self) -> bool {
        matches!(self, Self::Named("empty"))
    }
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
pub fn fill(lab: &[Portal], chosen: &Chosen) -> Result<()> {
    let of = |on_prem: bool| lab.iter().find(|one| one.config.edition.is_on_prem() == on_prem);
    match (of(false), of(true)) {
        (Some(cloud), Some(on_prem)) if !chosen.is_empty() => {
            one_story(cloud, on_prem, chosen)?;
        }
        _ => {
            for portal in lab {
                load(portal, chosen, None)?;
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
    one_story(cloud, on_prem, &Chosen::of_settings(cloud)?)
}

fn one_story(cloud: &Portal, on_prem: &Portal, chosen: &Chosen) -> Result<Vec<String>> {
    if matches!(chosen, Chosen::File(_)) {
        // A file tells of the cloud; the On-Prem server beside it has its users and no account yet.
        let both = [load(cloud, chosen, None)?, load(on_prem, chosen, None)?];
        return Ok(both.into_iter().map(|(words, _)| words).collect());
    }
    let new = local_accounts::New::make(&on_prem.signing, story::registered_at(cloud.clock.now()))?;
    let (words, plan) = load(cloud, chosen, Some(new.public_key()))?;
    let (others, _) = load(on_prem, chosen, None)?;
    if let Some(plan) = plan {
        story::tell(cloud, on_prem, &plan, &new)?;
    }
    Ok(vec![words, others])
}

/// Loads a scenario; the cloud's with what it knows of its On-Prem server.
fn load(portal: &Portal, chosen: &Chosen, beside: Option<&str>) -> Result<(String, Option<on_prem::Plan>)> {
    let name = chosen.name();
    let _room = portal.db.make_room_now();
    let started = portal.clock.wall();
    let hash = portal.hasher.hash_now(&Secret::new(PASSWORD))?;
    let now = portal.clock.now();
    if portal.config.edition.is_on_prem() {
        return local::write(&portal.db, now, &hash, name).map(|words| (words, None));
    }
    if let Chosen::File(file) = chosen {
        let words = write_file(portal, file, now, &hash)?;
        portal.db.much_was_written_now("ANALYZE");
        return Ok((words, None));
    }
    let on_prem = on_prem::Plan::new(now, beside)?;
    let words = match name {
        "empty" => demo::write_operator(&portal.db, now, &hash)?,
        "large" => {
            let demo = demo::Demo::plan(now, &portal.signing)?;
            let large = large::Large::plan(&demo, &portal.signing)?;
            let words = demo.write(&portal.db, &hash, "large", |tx| {
                on_prem.write(tx, &demo, &portal.signing)?;
                large.write(tx, &demo, &hash)
            })?;
            portal.db.much_was_written_now("ANALYZE");
            words
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

/// Fills an empty cloud with what a file says: all of it, or nothing.
fn write_file(portal: &Portal, file: &File, now: Moment, hash: &str) -> Result<String> {
    let words = portal.db.write_now(|tx| {
        let means = Means {
            now,
            who: Who::portal("scenario"),
            signing: &portal.signing,
            hash,
            at: RefCell::default(),
        };
        file::write(tx, &means, file)?;
        let people = people::count(tx)?.unsigned_abs();
        let words = format!(
            "The scenario file {} was loaded: {}.",
            file.scenario.name,
            counted(people, "person", "people")
        );
        mark(tx, now, &file.scenario.name, &words)
    })?;
    portal.lab.keep_scenario(&file.text);
    Ok(words)
}

/// The scenario with this name: one that comes with the portal, or the file that was loaded last.
pub fn chosen_by(portal: &Portal, name: &str) -> Option<Chosen> {
    if let Some((name, _)) = ALL.iter().find(|(known, _)| *known == name) {
        return Some(Chosen::Named(name));
    }
    let cloud = portal.of_the_lab().into_iter().next()?;
    // The times of a file may go by now.
    let file = File::parse(&cloud.lab.kept_scenario()?, cloud.clock.now()).ok()?;
    (file.scenario.name == name).then(|| Chosen::File(Arc::new(file)))
}

/// The scenario file that was loaded last, if this process has loaded one: its name and what it is for.
pub fn kept(portal: &Portal) -> Option<(String, String)> {
    let cloud = portal.of_the_lab().into_iter().next()?;
    let file = File::parse(&cloud.lab.kept_scenario()?, cloud.clock.now()).ok()?;
    Some((file.scenario.name, file.scenario.description))
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
