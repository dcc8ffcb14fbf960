//! The fleet for scripts.

use super::service::{self, Mode, Typed};
use crate::authz::action::Operate;
use crate::error::Error;
use crate::http::reply::nothing;
use crate::http::{Answer, JsonBody, May, json};
use crate::kernel::Moment;
use crate::platform::fleet::Trouble;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What a fleet is to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewFleet {
    /// Domain of the Smart Account.
    #[schema(min_length = 1, max_length = 253)]
    account: String,
    /// Name of the Virtual Account; the default one when it is left out.
    #[serde(default)]
    #[schema(max_length = 100)]
    virtual_account: String,
    /// How many devices.
    #[schema(minimum = 1, maximum = 1_000)]
    count: u64,
    /// What each of them needs: entitlements of the catalog with =N, between commas.
    #[serde(default = "usual")]
    #[schema(max_length = 2_000)]
    licenses: String,
    /// Of a hundred calls so many are followed by some trouble.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 100)]
    unrest: u64,
    /// sl: they are registered; slp: they report by policy.
    #[serde(default = "registered")]
    mode: Mode,
}

const fn registered() -> Mode {
    Mode::Registered
}

fn usual() -> String {
    "c9200-ne-48,c9200-dna-e-48".to_owned()
}

/// What is to befall how many.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewTrouble {
    kind: Trouble,
    #[serde(default = "one")]
    #[schema(minimum = 1, maximum = 1_000)]
    count: u32,
}

const fn one() -> u32 {
    1
}

/// How many it befell.
#[derive(Serialize, ToSchema)]
pub struct Befallen {
    count: u32,
}

/// Whether the On-Prem portal of the lab synchronizes by itself.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OnPremSchedule {
    /// Each day, at this time of the lab's clock.
    daily: bool,
}

/// A device of the fleet.
#[derive(Serialize, ToSchema)]
pub struct FleetDevice {
    serial: String,
    hostname: String,
    /// Whether nothing is heard of it.
    silent: bool,
    /// How often it was registered.
    registered: u32,
    last_call: Option<Moment>,
    /// None when it calls no more, or at once.
    next_call: Option<Moment>,
    /// What it was told last.
    told: String,
}

/// An On-Prem account of the lab.
#[derive(Serialize, ToSchema)]
pub struct FleetOnPrem {
    name: String,
    last_sync: Option<Moment>,
    next_sync: Option<Moment>,
    /// Why the last try failed, or "".
    failure: String,
}

/// What happened to the fleet.
#[derive(Serialize, ToSchema)]
pub struct FleetHappening {
    at: Moment,
    says: String,
}

/// The fleet and the On-Prem portal of the lab.
#[derive(Serialize, ToSchema)]
pub struct FleetShape {
    running: bool,
    /// sl: its devices are registered; slp: they report by policy.
    mode: Mode,
    account: String,
    virtual_account: String,
    /// How many calls went well since it began.
    calls: u64,
    /// How many did not.
    refused: u64,
    devices: Vec<FleetDevice>,
    /// The newest first.
    happened: Vec<FleetHappening>,
    /// Whether the On-Prem portal synchronizes by itself; none where there is none.
    on_prem_daily: Option<bool>,
    on_prem: Vec<FleetOnPrem>,
}

async fn shape(may: &May<Operate>, status: u16) -> Answer {
    let (running, on_prem) = service::seen(&may.portal).await?;
    let mut shape = FleetShape {
        running: running.is_some(),
        mode: match &running {
            Some(running) if running.wanted.signs.is_some() => Mode::ByPolicy,
            _ => Mode::Registered,
        },
        account: String::new(),
        virtual_account: String::new(),
        calls: 0,
        refused: 0,
        devices: Vec::new(),
        happened: Vec::new(),
        on_prem_daily: on_prem.as_ref().map(|one| one.schedule.is_some()),
        on_prem: on_prem
            .map(|one| one.accounts)
            .unwrap_or_default()
            .into_iter()
            .map(|one| FleetOnPrem {
                name: one.name,
                last_sync: one.synced_at,
                next_sync: one.next_run_at,
                failure: one.failure,
            })
            .collect(),
    };
    if let Some(running) = running {
        shape.account = running.wanted.account;
        shape.virtual_account = running.wanted.place;
        shape.calls = running.calls;
        shape.refused = running.refused;
        shape.devices = running
            .members
            .into_iter()
            .map(|one| FleetDevice {
                serial: one.serial,
                hostname: one.hostname,
                silent: one.is_silent,
                registered: one.registered,
                last_call: one.called_at,
                next_call: one.next_at.filter(|_| !one.is_silent),
                told: one.told,
            })
            .collect();
        shape.happened = running
            .happened
            .into_iter()
            .map(|(at, says)| FleetHappening { at, says })
            .collect();
    }
    json(status, &shape)
}

/// GET /api/v1/simulator/fleet
pub async fn show(may: May<Operate>) -> Answer {
    shape(&may, 200).await
}

/// POST /api/v1/simulator/fleet
pub async fn start(may: May<Operate>, body: JsonBody<NewFleet>) -> Answer {
    service::has_one(&may.portal)?;
    let asked = body.value;
    let wanted = service::read(&Typed {
        account: &asked.account,
        place: &asked.virtual_account,
        count: &asked.count.to_string(),
        licenses: &asked.licenses,
        unrest: &asked.unrest.to_string(),
        mode: asked.mode.word(),
    })?;
    service::start(&may.portal, &may.permit, wanted).await?;
    shape(&may, 201).await
}

/// POST /api/v1/simulator/fleet/trouble
pub async fn trouble(may: May<Operate>, body: JsonBody<NewTrouble>) -> Answer {
    if body.value.count == 0 {
        return Err(Error::invalid("count", "Use a number from 1."));
    }
    let count = service::befall(&may.portal, &may.permit, body.value.kind, body.value.count)?;
    json(200, &Befallen { count })
}

/// DELETE /api/v1/simulator/fleet
pub async fn stop(may: May<Operate>) -> Answer {
    service::stop(&may.portal, &may.permit)?;
    nothing()
}

/// PUT /api/v1/simulator/fleet/on-prem
pub async fn on_prem(may: May<Operate>, body: JsonBody<OnPremSchedule>) -> Answer {
    service::synchronize(&may.portal, &may.permit, body.value.daily).await?;
    shape(&may, 200).await
}
