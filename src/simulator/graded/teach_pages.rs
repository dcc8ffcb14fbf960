//! The pages of those who teach graded labs.

use super::model::{LabFile, LabName, MarkKind, Standing};
use super::pages::{Badge, StepView, badge, steps, took};
use super::teach_service::{self, Learner};
use crate::authn::Person;
use crate::authz::action::{Operate, TeachLabs};
use crate::authz::{Action, Permit};
use crate::error::{Error, Result};
use crate::http::form::{LIST_LIMIT, PathPart, fresh};
use crate::http::shell::Crumb;
use crate::http::{
    Answer, Flash, FlashKind, FormState, May, NoFields, Posted, Shell, Visit, page, page_with,
};
use crate::kernel::Moment;
use crate::kernel::ids::LabAttemptId;
use askama::Template;
use serde::Deserialize;

const PATH: &str = "/simulator/learners";

#[derive(Template)]
#[template(path = "simulator/learners.html")]
struct LearnersPage {
    shell: Shell,
    learners: Vec<Learner>,
    files: Vec<LabFile>,
    instructors: Vec<Person>,
    form: FormState,
    /// Operators alone say who teaches.
    may_name: bool,
    wall: Moment,
}

impl LearnersPage {
    fn badge(&self, one: &Standing) -> Badge {
        badge(one.attempt.state(self.wall))
    }
    fn took(&self, one: &Standing) -> String {
        took(one, self.wall)
    }
    fn wrong(one: &Standing) -> usize {
        one.count(MarkKind::Wrong)
    }
    fn hints(one: &Standing) -> usize {
        one.count(MarkKind::Hint)
    }
}

async fn view(visit: &Visit, permit: &Permit<TeachLabs>, form: FormState) -> Result<LearnersPage> {
    let learners = teach_service::learners(&visit.portal, permit).await?;
    let files = teach_service::files(&visit.portal, permit).await?;
    let instructors = teach_service::instructors(&visit.portal).await?;
    let mut shell = visit.shell("Learners and labs");
    shell.error_title = form.has_problems();
    Ok(LearnersPage {
        shell,
        learners,
        files,
        instructors,
        form,
        may_name: visit.holds(Action::Operate),
        wall: visit.portal.clock.wall(),
    })
}

/// GET /simulator/learners
pub async fn show(may: May<TeachLabs>) -> Answer {
    page(&view(&may, &may.permit, fresh()).await?)
}

#[derive(Template)]
#[template(path = "simulator/learner.html")]
struct LearnerPage {
    shell: Shell,
    person: Person,
    standing: Standing,
    steps: Vec<StepView>,
    took: String,
    badge: Badge,
}

/// GET /simulator/learners/{attempt}
pub async fn one(may: May<TeachLabs>, attempt: PathPart<LabAttemptId>) -> Answer {
    let (person, standing) = teach_service::learner(&may.portal, &may.permit, attempt.0).await?;
    let wall = may.portal.clock.wall();
    let title = format!("{}: {}", person.name, standing.lab.title);
    let mut shell = may.shell(title.clone());
    shell.crumbs.push(Crumb::link("Learners and labs", PATH));
    shell.crumbs.push(Crumb::text(title));
    page(&LearnerPage {
        shell,
        steps: steps(&standing),
        took: took(&standing, wall),
        badge: badge(standing.attempt.state(wall)),
        person,
        standing,
    })
}

/// A lab as it was typed or chosen.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Typed {
    #[serde(default)]
    file: String,
}

/// POST /simulator/lab-files
pub async fn add(may: May<TeachLabs>, posted: Posted<Typed, LIST_LIMIT>) -> Answer {
    let file = posted.value.file.replace("\r\n", "\n");
    match teach_service::add(&may.portal, &may.permit, file).await {
        Ok(added) => {
            let words = format!("The lab {} is there for everybody.", added.name);
            Ok(may.see_other(PATH, Flash::new(FlashKind::Ok, words)))
        }
        Err(Error::Invalid(problems)) => {
            page_with(422, &view(&may, &may.permit, posted.again(&problems)).await?)
        }
        Err(other) => Err(other),
    }
}

/// POST /simulator/lab-files/{lab}/remove
pub async fn remove(may: May<TeachLabs>, name: PathPart<LabName>, _: Posted<NoFields>) -> Answer {
    teach_service::remove(&may.portal, &may.permit, name.0.clone()).await?;
    let words = format!("The lab {} was removed.", name.0.as_str());
    Ok(may.see_other(PATH, Flash::new(FlashKind::Ok, words)))
}

/// Who is to teach, or no longer.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Named {
    #[serde(default)]
    email: String,
    teaches: String,
}

/// POST /simulator/instructors
pub async fn name_instructor(may: May<Operate>, posted: Posted<Named>) -> Answer {
    let (email, teaches) = (&posted.value.email, posted.value.teaches == "yes");
    match teach_service::name_instructor(&may.portal, &may.permit, email, teaches).await {
        Ok(()) => {
            let words = if teaches {
                format!("{email} teaches graded labs.")
            } else {
                format!("{email} teaches graded labs no longer.")
            };
            Ok(may.see_other(PATH, Flash::new(FlashKind::Ok, words)))
        }
        Err(Error::Invalid(problems)) => {
            let teaching = may.also().await?;
            page_with(422, &view(&may, &teaching, posted.again(&problems)).await?)
        }
        Err(other) => Err(other),
    }
}
