//! Graded labs for scripts: what those do who teach.

use super::api::AttemptShape;
use super::definition::LARGEST;
use super::model::{LabFile, LabName, MarkKind, State};
use super::teach_service;
use crate::authz::action::{Operate, TeachLabs};
use crate::http::form::{LIST_LIMIT, PathPart};
use crate::http::reply::nothing;
use crate::http::{Answer, JsonBody, May, Portal, json};
use crate::kernel::Moment;
use crate::kernel::ids::{LabAttemptId, PersonId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// An attempt of a learner.
#[derive(Serialize, ToSchema)]
pub struct LearnerShape {
    /// Of the attempt.
    id: LabAttemptId,
    /// Address of the learner.
    learner: String,
    lab: String,
    state: State,
    /// By the system's time.
    began_at: Moment,
    minutes: i64,
    steps_done: usize,
    steps: usize,
    points: u32,
    out_of: u32,
    hints: usize,
    wrong_turns: usize,
}

/// All attempts.
#[derive(Serialize, ToSchema)]
pub struct LearnerList {
    /// The newest first, at most 500.
    items: Vec<LearnerShape>,
}

/// GET /api/v1/simulator/learners
pub async fn learners(may: May<TeachLabs>) -> Answer {
    let wall = may.portal.clock.wall();
    let all = teach_service::learners(&may.portal, &may.permit).await?;
    let items = all.into_iter().map(|(person, one)| LearnerShape {
        id: one.attempt.id,
        learner: person.email.to_string(),
        lab: one.attempt.lab.clone(),
        state: one.attempt.state(wall),
        began_at: one.attempt.began_at,
        minutes: one.attempt.minutes(wall),
        steps_done: one.done(),
        steps: one.lab.steps.len(),
        points: one.points(),
        out_of: one.lab.points(),
        hints: one.count(MarkKind::Hint),
        wrong_turns: one.count(MarkKind::Wrong),
    });
    json(
        200,
        &LearnerList {
            items: items.collect(),
        },
    )
}

/// GET /api/v1/simulator/learners/{attempt}
pub async fn learner(may: May<TeachLabs>, attempt: PathPart<LabAttemptId>) -> Answer {
    let (_, standing) = teach_service::learner(&may.portal, &may.permit, attempt.0).await?;
    json(200, &AttemptShape::of(&standing, may.portal.clock.wall()))
}

/// A lab that a teacher has written.
#[derive(Serialize, ToSchema)]
pub struct FileShape {
    /// The name of the lab.
    key: String,
    /// The file itself.
    file: String,
    added_by: String,
    /// Portal time.
    added_at: Moment,
}

impl From<LabFile> for FileShape {
    fn from(one: LabFile) -> Self {
        Self {
            key: one.name,
            file: one.definition,
            added_by: one.added_by,
            added_at: one.added_at,
        }
    }
}

/// The labs that teachers have written.
#[derive(Serialize, ToSchema)]
pub struct FileList {
    items: Vec<FileShape>,
}

/// A lab that is to be added.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewFile {
    /// YAML or JSON, as docs/guides/graded-labs.md describes it.
    #[schema(min_length = 1, max_length = 65536)]
    file: String,
}

/// GET /api/v1/simulator/lab-files
pub async fn files(may: May<TeachLabs>) -> Answer {
    let all = teach_service::files(&may.portal, &may.permit).await?;
    let items = all.into_iter().map(FileShape::from).collect();
    json(200, &FileList { items })
}

/// POST /api/v1/simulator/lab-files
pub async fn add(may: May<TeachLabs>, body: JsonBody<NewFile, LIST_LIMIT>) -> Answer {
    const { assert!(LARGEST < LIST_LIMIT) };
    let added = teach_service::add(&may.portal, &may.permit, body.value.file).await?;
    json(201, &FileShape::from(added))
}

/// DELETE /api/v1/simulator/lab-files/{lab}
pub async fn remove(may: May<TeachLabs>, name: PathPart<LabName>) -> Answer {
    teach_service::remove(&may.portal, &may.permit, name.0).await?;
    nothing()
}

/// Somebody who teaches.
#[derive(Serialize, ToSchema)]
pub struct InstructorShape {
    id: PersonId,
    name: String,
    email: String,
}

/// Those who teach.
#[derive(Serialize, ToSchema)]
pub struct InstructorList {
    items: Vec<InstructorShape>,
}

/// Who is to be an instructor, or no longer.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct InstructorWanted {
    /// Of somebody with a user account.
    #[schema(min_length = 3, max_length = 254)]
    email: String,
    /// true: an instructor; false: no longer.
    teaches: bool,
}

async fn named(portal: &Portal) -> Answer {
    let all = teach_service::instructors(portal).await?;
    let items = all.into_iter().map(|one| InstructorShape {
        id: one.id,
        email: one.email.to_string(),
        name: one.name,
    });
    let items = items.collect();
    json(200, &InstructorList { items })
}

/// GET /api/v1/simulator/instructors
pub async fn instructors(may: May<TeachLabs>) -> Answer {
    named(&may.portal).await
}

/// PUT /api/v1/simulator/instructors
pub async fn name_instructor(may: May<Operate>, body: JsonBody<InstructorWanted>) -> Answer {
    let wanted = body.value;
    teach_service::name_instructor(&may.portal, &may.permit, &wanted.email, wanted.teaches).await?;
    named(&may.portal).await
}
