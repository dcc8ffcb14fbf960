//! Scenarios and snapshots for scripts.

use super::{LARGEST, service};
use crate::authz::action::Operate;
use crate::error::{Error, Result};
use crate::http::form::{Named, PathPart, RawBody};
use crate::http::reply::{attachment, nothing};
use crate::http::{Answer, JsonBody, May, json};
use crate::platform::db::SnapshotName;
use crate::simulator::scenario::{self, Chosen, file};
use std::time::Instant;
use utoipa::ToSchema;

impl std::str::FromStr for SnapshotName {
    type Err = String;
    fn from_str(s: &str) -> Result<Self, String> {
        Self::parse(s)
    }
}
impl Named for SnapshotName {
    const NAME: &'static str = "snapshot";
}

/// A scenario.
#[derive(serde::Serialize, ToSchema)]
pub struct ListedScenario {
    /// Its name.
    name: String,
    /// What is in it.
    says: String,
}

/// The scenarios, and which was loaded.
#[derive(serde::Serialize, ToSchema)]
pub struct Scenarios {
    /// The one that was loaded last; null when none was.
    loaded: Option<String>,
    /// All that there are.
    scenarios: Vec<ListedScenario>,
}

/// A scenario to load.
#[derive(serde::Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LoadScenario {
    /// Its name.
    #[schema(min_length = 1, max_length = 40)]
    name: String,
}

/// A snapshot.
#[derive(serde::Serialize, serde::Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Snapshot {
    /// Its name: small letters, digits and hyphens.
    #[schema(min_length = 1, max_length = 40, pattern = "^[a-z0-9][a-z0-9-]*$")]
    name: String,
}

/// The snapshots of the lab.
#[derive(serde::Serialize, ToSchema)]
pub struct Snapshots {
    /// By name.
    snapshots: Vec<Snapshot>,
}

/// What was done, and how long it took.
#[derive(serde::Serialize, ToSchema)]
pub struct LabState {
    /// The scenario or the snapshot.
    name: String,
    /// Milliseconds.
    took_ms: u64,
}

fn in_a_lab(may: &May<Operate>) -> Result<()> {
    if may.portal.config.is_lab() {
        Ok(())
    } else {
        Err(Error::NotFound)
    }
}

fn state(status: u16, name: String, begun: Instant) -> Answer {
    let took_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
    json(status, &LabState { name, took_ms })
}

/// GET /api/v1/simulator/scenarios
pub async fn scenarios(may: May<Operate>) -> Answer {
    in_a_lab(&may)?;
    json(
        200,
        &Scenarios {
            loaded: service::loaded(&may.portal).await?,
            scenarios: scenario::ALL
                .iter()
                .map(|(name, says)| ((*name).to_owned(), (*says).to_owned()))
                .chain(scenario::kept(&may.portal))
                .map(|(name, says)| ListedScenario { name, says })
                .collect(),
        },
    )
}

/// POST /api/v1/simulator/scenarios
pub async fn load(may: May<Operate>, body: JsonBody<LoadScenario>) -> Answer {
    in_a_lab(&may)?;
    let begun = Instant::now();
    let chosen = scenario::chosen_by(&may.portal, &body.value.name).ok_or_else(|| {
        let known: Vec<&str> = scenario::ALL.iter().map(|(name, _)| *name).collect();
        Error::invalid("name", format!("Use one of: {}.", known.join(", ")))
    })?;
    let name = chosen.name().to_owned();
    service::load(&may.portal, &may.permit, chosen).await?;
    state(200, name, begun)
}

/// What a scenario file holds.
#[derive(serde::Serialize, ToSchema)]
pub struct CheckedFile {
    /// The name of the scenario.
    name: String,
    /// How many people.
    people: usize,
    /// How many Smart Accounts.
    accounts: usize,
    /// How many orders.
    orders: usize,
}

/// POST /api/v1/simulator/scenarios/check
pub async fn check_file(may: May<Operate>, body: RawBody<LARGEST>) -> Answer {
    match service::read_file(&may.portal, &body.0)? {
        Chosen::File(file) => json(
            200,
            &CheckedFile {
                name: file.scenario.name.clone(),
                people: file.scenario.people.len(),
                accounts: file.scenario.accounts.len(),
                orders: file.scenario.orders.len(),
            },
        ),
        Chosen::Named(_) => Err(Error::NotFound),
    }
}

/// POST /api/v1/simulator/scenarios/file
pub async fn load_file(may: May<Operate>, body: RawBody<LARGEST>) -> Answer {
    let begun = Instant::now();
    let chosen = service::read_file(&may.portal, &body.0)?;
    let name = chosen.name().to_owned();
    service::load(&may.portal, &may.permit, chosen).await?;
    state(200, name, begun)
}

/// GET /api/v1/simulator/scenarios/file
pub async fn export(may: May<Operate>) -> Answer {
    let (name, text) = service::export(&may.portal, &may.permit).await?;
    Ok(attachment("application/yaml", &format!("{name}.yaml"), text))
}

/// GET /api/v1/simulator/scenarios/schema
pub async fn schema(may: May<Operate>) -> Answer {
    in_a_lab(&may)?;
    let text = serde_json::to_string_pretty(file::schema()).map_err(Error::internal)?;
    Ok(attachment(
        "application/schema+json",
        "licentral-scenario.schema.json",
        text,
    ))
}

/// GET /api/v1/simulator/snapshots
pub async fn list(may: May<Operate>) -> Answer {
    in_a_lab(&may)?;
    let names = service::list(&may.portal).await?;
    let snapshots = names
        .into_iter()
        .map(|name| Snapshot {
            name: name.to_string(),
        })
        .collect();
    json(200, &Snapshots { snapshots })
}

/// POST /api/v1/simulator/snapshots
pub async fn take(may: May<Operate>, body: JsonBody<Snapshot>) -> Answer {
    in_a_lab(&may)?;
    let begun = Instant::now();
    let name = SnapshotName::parse(&body.value.name).map_err(|says| Error::invalid("name", says))?;
    service::take(&may.portal, &may.permit, name.clone()).await?;
    state(201, name.to_string(), begun)
}

/// POST /api/v1/simulator/snapshots/{snapshot}/restore
pub async fn restore(may: May<Operate>, PathPart(name): PathPart<SnapshotName>) -> Answer {
    in_a_lab(&may)?;
    let begun = Instant::now();
    service::restore(&may.portal, &may.permit, name.clone()).await?;
    state(200, name.to_string(), begun)
}

/// DELETE /api/v1/simulator/snapshots/{snapshot}
pub async fn delete(may: May<Operate>, PathPart(name): PathPart<SnapshotName>) -> Answer {
    in_a_lab(&may)?;
    service::delete(&may.portal, &may.permit, name).await?;
    nothing()
}
