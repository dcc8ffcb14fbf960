//! Faults on purpose, on a page: those that have a name, one of one's own, and what holds now.

use super::api::FaultNumber;
use super::model::{PRESETS, Preset, Wanted};
use super::service;
use crate::authz::action::Operate;
use crate::error::{Error, Problems, Result};
use crate::http::form::{PathPart, fresh};
use crate::http::form_state::Choice;
use crate::http::widgets::{counted, number};
use crate::http::{Answer, Flash, FlashKind, FormState, May, NoFields, Posted, Shell, page, page_with};
use crate::kernel::Moment;
use crate::platform::faults::{EffectKind, Rule, Surface};
use askama::Template;
use serde::Deserialize;
use std::sync::Arc;

const PATH: &str = "/simulator/faults";

#[derive(Template)]
#[template(path = "simulator/faults.html")]
struct FaultsPage {
    shell: Shell,
    form: FormState,
    rules: Vec<Arc<Rule>>,
    surfaces: Vec<Choice>,
    methods: Vec<Choice>,
    effects: Vec<Choice>,
    /// Whether assignments of orders belong to this edition.
    has_orders: bool,
}

impl FaultsPage {
    fn of(may: &May<Operate>, form: FormState) -> Result<Self> {
        let mut shell = may.shell("Faults");
        shell.error_title = form.has_problems();
        Ok(Self {
            shell,
            form,
            rules: service::list(&may.portal)?,
            surfaces: Surface::ALL
                .iter()
                .map(|one| Choice::new(one.word(), one.label()))
                .collect(),
            methods: ["GET", "POST", "PUT", "PATCH", "DELETE"]
                .map(|one| Choice::new(one, one))
                .into(),
            effects: EffectKind::ALL
                .iter()
                .map(|one| Choice::new(one.word(), one.label()))
                .collect(),
            has_orders: !may.portal.config.edition.is_on_prem(),
        })
    }
    fn presets() -> &'static [Preset] {
        PRESETS
    }
    /// Which requests a rule is about.
    fn about(rule: &Rule) -> String {
        let asks = &rule.asks;
        let mut words = vec![asks.surface.label().to_owned()];
        words.extend(asks.method.clone());
        words.extend(asks.path.clone());
        words.extend(asks.who.as_ref().map(|who| format!("from {who}")));
        if asks.share < 100 {
            words.push(format!("{} of 100", asks.share));
        }
        words.join(", ")
    }
    fn hits(rule: &Rule) -> String {
        number(&rule.hits())
    }
    /// When it ends.
    fn ends(rule: &Rule) -> String {
        let asks = &rule.asks;
        let left = asks
            .times
            .map(|times| format!("after {}", counted(times, "hit", "hits")));
        let until = asks.until.map(Moment::words);
        let words: Vec<String> = left.into_iter().chain(until).collect();
        if words.is_empty() {
            "When it is removed".to_owned()
        } else {
            words.join(", or ")
        }
    }
}

/// GET /simulator/faults
pub async fn show(may: May<Operate>) -> Answer {
    page(&FaultsPage::of(&may, fresh())?)
}

/// A rule as it was typed: a button's preset, or fields.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Typed {
    #[serde(default)]
    preset: String,
    #[serde(default)]
    surface: String,
    #[serde(default)]
    method: String,
    #[serde(default)]
    path: String,
    #[serde(default)]
    who: String,
    #[serde(default)]
    share: String,
    #[serde(default)]
    times: String,
    #[serde(default)]
    for_seconds: String,
    #[serde(default)]
    effect: String,
    #[serde(default)]
    delay_ms: String,
    #[serde(default)]
    status: String,
    #[serde(default)]
    body: String,
}

impl Typed {
    fn wanted(&self) -> Result<Wanted> {
        let mut problems = Problems::default();
        let mut whole = |field: &str, typed: &str| match typed.trim() {
            "" => None,
            typed => {
                let number = typed.parse::<u64>().ok();
                if number.is_none() {
                    problems.add(field, "Use a whole number.");
                }
                number
            }
        };
        let (share, times, for_seconds) = (
            whole("share", &self.share),
            whole("times", &self.times),
            whole("for_seconds", &self.for_seconds),
        );
        let (delay_ms, status) = (whole("delay_ms", &self.delay_ms), whole("status", &self.status));
        let word = |typed: &str| Some(typed.trim().to_owned()).filter(|typed| !typed.is_empty());
        if !problems.list().is_empty() {
            return Err(Error::Invalid(problems));
        }
        Ok(Wanted {
            preset: word(&self.preset),
            surface: word(&self.surface),
            method: word(&self.method),
            path: word(&self.path),
            who: word(&self.who),
            share,
            times,
            for_seconds,
            effect: word(&self.effect),
            delay_ms,
            status,
            body: word(&self.body),
        })
    }
}

/// POST /simulator/faults
pub async fn add(may: May<Operate>, form: Posted<Typed>) -> Answer {
    let added = match form.value.wanted() {
        Ok(wanted) => service::add(&may.portal, &may.permit, &wanted).await,
        Err(error) => Err(error),
    };
    match added {
        Ok((_, name)) => Ok(may.see_other(
            PATH,
            Flash::new(
                FlashKind::Ok,
                format!("The fault rule \u{201c}{name}\u{201d} holds."),
            ),
        )),
        Err(Error::Invalid(problems)) => page_with(422, &FaultsPage::of(&may, form.again(&problems))?),
        Err(other) => Err(other),
    }
}

/// POST /simulator/faults/{fault}/remove
pub async fn remove(
    may: May<Operate>,
    PathPart(number): PathPart<FaultNumber>,
    _form: Posted<NoFields>,
) -> Answer {
    service::remove(&may.portal, &may.permit, number.0).await?;
    Ok(may.see_other(PATH, Flash::new(FlashKind::Ok, "The fault rule was removed.")))
}

/// POST /simulator/faults/clear
pub async fn clear(may: May<Operate>, _form: Posted<NoFields>) -> Answer {
    let gone = service::clear(&may.portal, &may.permit).await?;
    let words = format!("{} removed.", counted(gone, "fault rule was", "fault rules were"));
    Ok(may.see_other(PATH, Flash::new(FlashKind::Ok, words)))
}
