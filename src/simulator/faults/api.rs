//! Fault rules for scripts.

use super::model::{PRESETS, Wanted};
use super::service;
use crate::authz::action::Operate;
use crate::http::form::{Named, PathPart};
use crate::http::reply::nothing;
use crate::http::{Answer, JsonBody, May, json};
use crate::kernel::Moment;
use crate::platform::faults::Rule;
use utoipa::ToSchema;

/// The number of a rule in an address.
#[derive(Debug, Clone, Copy)]
pub struct FaultNumber(pub u64);

impl std::str::FromStr for FaultNumber {
    type Err = std::num::ParseIntError;
    fn from_str(s: &str) -> Result<Self, Self::Err> {
        s.parse().map(Self)
    }
}
impl Named for FaultNumber {
    const NAME: &'static str = "fault";
}

/// A rule that holds.
#[derive(serde::Serialize, ToSchema)]
pub struct Fault {
    /// Counted up in this process.
    number: u64,
    /// What people call it.
    name: String,
    /// By which way requests come.
    surface: &'static str,
    /// With this method alone.
    method: Option<String>,
    /// With a path that begins so.
    path: Option<String>,
    /// From this person or API client alone.
    who: Option<String>,
    /// So many of a hundred.
    share: u8,
    /// So many in all.
    times: Option<u64>,
    /// Until then, by the system's time.
    until: Option<Moment>,
    /// The kind of trouble.
    effect: &'static str,
    /// The trouble in words.
    says: String,
    /// How often it struck.
    hits: u64,
}

impl Fault {
    fn of(rule: &Rule) -> Self {
        let asks = rule.asks.clone();
        Self {
            number: rule.number,
            name: asks.name,
            surface: asks.surface.word(),
            method: asks.method,
            path: asks.path,
            who: asks.who,
            share: asks.share,
            times: asks.times,
            until: asks.until,
            effect: asks.effect.kind().word(),
            says: asks.effect.words(),
            hits: rule.hits(),
        }
    }
}

/// A rule that goes by a name.
#[derive(serde::Serialize, ToSchema)]
pub struct PresetShape {
    /// The name.
    name: &'static str,
    /// What it does.
    says: &'static str,
}

/// The rules that hold, and those that go by a name.
#[derive(serde::Serialize, ToSchema)]
pub struct FaultList {
    /// In the order in which they were made.
    items: Vec<Fault>,
    /// What can be asked for by a name.
    presets: Vec<PresetShape>,
}

/// A rule that was added.
#[derive(serde::Serialize, ToSchema)]
pub struct FaultAdded {
    /// Its number.
    number: u64,
    /// Its name.
    name: String,
}

/// GET /api/v1/simulator/faults
pub async fn list(may: May<Operate>) -> Answer {
    let rules = service::list(&may.portal)?;
    json(
        200,
        &FaultList {
            items: rules.iter().map(|rule| Fault::of(rule)).collect(),
            presets: PRESETS
                .iter()
                .map(|preset| PresetShape {
                    name: preset.name,
                    says: preset.says,
                })
                .collect(),
        },
    )
}

/// POST /api/v1/simulator/faults
pub async fn add(may: May<Operate>, body: JsonBody<Wanted>) -> Answer {
    let (number, name) = service::add(&may.portal, &may.permit, &body.value).await?;
    json(201, &FaultAdded { number, name })
}

/// DELETE /api/v1/simulator/faults
pub async fn clear(may: May<Operate>) -> Answer {
    service::clear(&may.portal, &may.permit).await?;
    nothing()
}

/// DELETE /api/v1/simulator/faults/{fault}
pub async fn remove(may: May<Operate>, PathPart(number): PathPart<FaultNumber>) -> Answer {
    service::remove(&may.portal, &may.permit, number.0).await?;
    nothing()
}
