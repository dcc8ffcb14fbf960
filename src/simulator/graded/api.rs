//! Graded labs for scripts: what learners do.

use super::definition::Definition;
use super::model::{LabName, Standing, State};
use super::service;
use crate::authz::Permit;
use crate::authz::action::{TakeLabs, ViewLabs};
use crate::error::{Error, Result};
use crate::http::form::PathPart;
use crate::http::{Answer, JsonBody, May, Portal, json};
use crate::kernel::Moment;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A graded lab.
#[derive(Serialize, ToSchema)]
pub struct LabShape {
    /// Its name in addresses and commands.
    key: String,
    title: String,
    /// How long it takes about.
    minutes: u32,
    steps: usize,
    /// The points that there are.
    points: u32,
    /// Of one's own newest attempt: running, done, ended or over; null without one.
    state: Option<State>,
    /// The points of that.
    won: Option<u32>,
}

/// The graded labs that there are.
#[derive(Serialize, ToSchema)]
pub struct LabList {
    items: Vec<LabShape>,
}

/// A step of an attempt.
#[derive(Serialize, ToSchema)]
pub struct StepShape {
    /// From 1.
    number: usize,
    title: String,
    /// Paragraphs.
    says: Vec<String>,
    points: u32,
    /// By the system's time; null as long as it is not done.
    done_at: Option<Moment>,
    /// The hints that were taken.
    hints: Vec<String>,
    hints_left: usize,
    /// What was told of wrong turns.
    told: Vec<String>,
}

/// An attempt at a graded lab.
#[derive(Serialize, ToSchema)]
pub struct AttemptShape {
    /// Which lab.
    lab: String,
    state: State,
    /// What the names of its things begin with.
    tag: String,
    /// Number of its Smart Account.
    account: i64,
    /// Domain of its Smart Account.
    domain: String,
    /// Name of its On-Prem account, if the lab has one.
    on_prem: Option<String>,
    /// By the system's time.
    began_at: Moment,
    /// When its account goes.
    expires_at: Moment,
    done_at: Option<Moment>,
    /// How long it took, or takes.
    minutes: i64,
    points: u32,
    steps: Vec<StepShape>,
}

impl AttemptShape {
    /// As it stands at a wall time.
    pub fn of(standing: &Standing, wall: Moment) -> Self {
        let (attempt, names) = (&standing.attempt, standing.names());
        let fill = |texts: &[String]| texts.iter().map(|text| names.fill(text)).collect::<Vec<_>>();
        let steps = standing.steps().into_iter().map(|one| StepShape {
            number: one.number + 1,
            title: names.fill(&one.step.title),
            says: fill(&one.step.says),
            points: one.step.points,
            done_at: one.done_at,
            hints: fill(one.step.hints.get(..one.hints).unwrap_or_default()),
            hints_left: one.step.hints.len().saturating_sub(one.hints),
            told: one
                .wrong
                .iter()
                .filter_map(|n| one.step.wrong.get(*n))
                .map(|wrong| names.fill(&wrong.says))
                .collect(),
        });
        Self {
            lab: attempt.lab.clone(),
            state: attempt.state(wall),
            tag: attempt.tag.clone(),
            account: attempt.account_number,
            domain: names.account(),
            on_prem: standing.lab.start.on_prem.as_ref().map(|_| names.on_prem()),
            began_at: attempt.began_at,
            expires_at: attempt.expires_at,
            done_at: attempt.done_at,
            minutes: attempt.minutes(wall),
            points: standing.points(),
            steps: steps.collect(),
        }
    }
}

/// A graded lab with one's own attempt.
#[derive(Serialize, ToSchema)]
pub struct LabDetail {
    /// Its name in addresses and commands.
    key: String,
    title: String,
    /// Paragraphs.
    says: Vec<String>,
    minutes: u32,
    points: u32,
    /// One's newest.
    attempt: Option<AttemptShape>,
}

impl LabDetail {
    fn of(lab: Definition, standing: Option<&Standing>, wall: Moment) -> Self {
        Self {
            points: lab.points(),
            key: lab.name,
            title: lab.title,
            says: lab.says,
            minutes: lab.minutes,
            attempt: standing.map(|standing| AttemptShape::of(standing, wall)),
        }
    }
}

/// For which step a hint is wanted.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HintWanted {
    /// From 1.
    #[schema(minimum = 1, maximum = 30)]
    step: usize,
}

/// GET /api/v1/simulator/labs
pub async fn list(may: May<ViewLabs>) -> Answer {
    let wall = may.portal.clock.wall();
    let own = service::own(&may.portal, &may.permit).await?;
    let items = own.into_iter().map(|(lab, mine)| LabShape {
        minutes: lab.minutes,
        steps: lab.steps.len(),
        points: lab.points(),
        state: mine.as_ref().map(|mine| mine.attempt.state(wall)),
        won: mine.as_ref().map(Standing::points),
        key: lab.name,
        title: lab.title,
    });
    json(
        200,
        &LabList {
            items: items.collect(),
        },
    )
}

/// GET /api/v1/simulator/labs/{lab}
pub async fn show(may: May<ViewLabs>, name: PathPart<LabName>) -> Answer {
    answer(&may.portal, &may.permit, name.0, 200).await
}

async fn answer(portal: &Portal, permit: &Permit<ViewLabs>, name: LabName, status: u16) -> Answer {
    let (lab, standing) = service::one(portal, permit, name).await?;
    let wall = portal.clock.wall();
    json(status, &LabDetail::of(lab, standing.as_ref(), wall))
}

/// POST /api/v1/simulator/labs/{lab}/start
pub async fn start(may: May<TakeLabs>, name: PathPart<LabName>) -> Answer {
    service::begin(&may.portal, &may.permit, name.0.clone()).await?;
    answer(&may.portal, &may.also().await?, name.0, 201).await
}

/// POST /api/v1/simulator/labs/{lab}/hint
pub async fn hint(may: May<TakeLabs>, name: PathPart<LabName>, body: JsonBody<HintWanted>) -> Answer {
    let step = from_one(body.value.step)?;
    service::take_hint(&may.portal, &may.permit, name.0.clone(), step).await?;
    answer(&may.portal, &may.also().await?, name.0, 200).await
}

/// People count from 1.
fn from_one(step: usize) -> Result<usize> {
    step.checked_sub(1)
        .ok_or_else(|| Error::invalid("step", "Steps are counted from 1."))
}

/// POST /api/v1/simulator/labs/{lab}/end
pub async fn end(may: May<TakeLabs>, name: PathPart<LabName>) -> Answer {
    service::end(&may.portal, &may.permit, name.0.clone()).await?;
    answer(&may.portal, &may.also().await?, name.0, 200).await
}
