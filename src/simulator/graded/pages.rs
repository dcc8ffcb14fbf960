//! "My labs": what a learner sees of graded labs, which is their own alone.

use super::definition::Definition;
use super::model::{LabName, Standing, State};
use super::service;
use crate::authz::action::{TakeLabs, ViewLabs};
use crate::error::{Error, Result};
use crate::http::form::PathPart;
use crate::http::shell::Crumb;
use crate::http::widgets::counted;
use crate::http::{Answer, Flash, FlashKind, May, NoFields, Posted, Shell, page};
use crate::kernel::Moment;
use askama::Template;
use serde::Deserialize;

const PATH: &str = "/simulator/labs";

/// A badge: kind and words.
pub type Badge = (&'static str, &'static str);

/// How an attempt stands, as a badge.
pub fn badge(state: State) -> Badge {
    let kind = match state {
        State::Running => "info",
        State::Done => "ok",
        State::Ended => "",
        State::Over => "warn",
    };
    (kind, state.label())
}

#[derive(Template)]
#[template(path = "simulator/labs.html")]
struct LabsPage {
    shell: Shell,
    labs: Vec<(Definition, Option<Standing>)>,
    wall: Moment,
}

impl LabsPage {
    fn badge(&self, mine: &Standing) -> Badge {
        badge(mine.attempt.state(self.wall))
    }
}

/// GET /simulator/labs
pub async fn list(may: May<ViewLabs>) -> Answer {
    let labs = service::own(&may.portal, &may.permit).await?;
    page(&LabsPage {
        shell: may.shell("My labs"),
        labs,
        wall: may.portal.clock.wall(),
    })
}

/// A step as a page shows it, with the names of the attempt put in.
pub struct StepView {
    pub number: usize,
    pub title: String,
    pub says: Vec<String>,
    pub points: u32,
    pub done_at: Option<Moment>,
    pub hints: Vec<String>,
    pub has_more_hints: bool,
    pub told: Vec<String>,
}

/// The steps of an attempt.
pub fn steps(standing: &Standing) -> Vec<StepView> {
    let names = standing.names();
    let fill = |texts: &[String]| texts.iter().map(|text| names.fill(text)).collect::<Vec<_>>();
    standing
        .steps()
        .into_iter()
        .map(|one| StepView {
            number: one.number + 1,
            title: names.fill(&one.step.title),
            says: fill(&one.step.says),
            points: one.step.points,
            done_at: one.done_at,
            hints: fill(one.step.hints.get(..one.hints).unwrap_or_default()),
            has_more_hints: one.done_at.is_none() && one.hints < one.step.hints.len(),
            told: one
                .wrong
                .iter()
                .filter_map(|n| one.step.wrong.get(*n))
                .map(|wrong| names.fill(&wrong.says))
                .collect(),
        })
        .collect()
}

/// "12 minutes".
pub fn took(standing: &Standing, wall: Moment) -> String {
    counted(standing.attempt.minutes(wall).unsigned_abs(), "minute", "minutes")
}

#[derive(Template)]
#[template(path = "simulator/lab.html")]
struct LabPage {
    shell: Shell,
    lab: Definition,
    mine: Option<Standing>,
    steps: Vec<StepView>,
    took: String,
    badge: Badge,
    /// The account is there: hints can be taken, and the attempt can be ended.
    is_open: bool,
    /// It can be begun, for the first time or anew.
    can_begin: bool,
    on_prem: Option<String>,
}

impl LabPage {
    /// "1 point".
    fn hint_costs(&self) -> String {
        counted(u64::from(self.lab.hint_costs), "point", "points")
    }
    /// Where the form for hints goes; nowhere when the account is gone.
    fn hints(&self) -> String {
        if self.is_open {
            format!("{PATH}/{}/hint", self.lab.name)
        } else {
            String::new()
        }
    }
}

/// GET /simulator/labs/{lab}
pub async fn show(may: May<ViewLabs>, name: PathPart<LabName>) -> Answer {
    let (lab, mine) = service::one(&may.portal, &may.permit, name.0).await?;
    let wall = may.portal.clock.wall();
    let mut shell = may.shell(lab.title.clone());
    shell.crumbs.push(Crumb::link("My labs", PATH));
    shell.crumbs.push(Crumb::text(lab.title.clone()));
    let state = mine.as_ref().map(|mine| mine.attempt.state(wall));
    page(&LabPage {
        steps: mine.as_ref().map(steps).unwrap_or_default(),
        took: mine.as_ref().map(|mine| took(mine, wall)).unwrap_or_default(),
        badge: state.map_or(("", "Not begun"), badge),
        is_open: mine.as_ref().is_some_and(|mine| mine.attempt.has_account(wall)),
        can_begin: state != Some(State::Running),
        on_prem: lab
            .start
            .on_prem
            .as_ref()
            .and_then(|_| Some(may.portal.beside.get()?.config.base_url.clone())),
        shell,
        lab,
        mine,
    })
}

fn back(name: &LabName) -> String {
    format!("{PATH}/{}", name.as_str())
}

/// POST /simulator/labs/{lab}/start
pub async fn start(may: May<TakeLabs>, name: PathPart<LabName>, _: Posted<NoFields>) -> Answer {
    service::begin(&may.portal, &may.permit, name.0.clone()).await?;
    let words = "The lab has begun. Its Smart Account is yours alone.";
    Ok(may.see_other(&back(&name.0), Flash::new(FlashKind::Ok, words)))
}

/// For which step a hint is wanted.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wanted {
    step: String,
}

impl Wanted {
    /// People count from 1.
    fn step(&self) -> Result<usize> {
        let step = self.step.trim().parse::<usize>().ok();
        step.and_then(|step| step.checked_sub(1)).ok_or(Error::NotFound)
    }
}

/// POST /simulator/labs/{lab}/hint
pub async fn hint(may: May<TakeLabs>, name: PathPart<LabName>, posted: Posted<Wanted>) -> Answer {
    let step = posted.value.step()?;
    service::take_hint(&may.portal, &may.permit, name.0.clone(), step).await?;
    let to = format!("{}#step-{}", back(&name.0), step + 1);
    Ok(may.see_other(&to, Flash::new(FlashKind::Ok, "The hint stands beside its step.")))
}

/// POST /simulator/labs/{lab}/end
pub async fn end(may: May<TakeLabs>, name: PathPart<LabName>, _: Posted<NoFields>) -> Answer {
    service::end(&may.portal, &may.permit, name.0.clone()).await?;
    let words = "The lab was ended. Its Smart Account is gone; your points stay.";
    Ok(may.see_other(&back(&name.0), Flash::new(FlashKind::Ok, words)))
}
