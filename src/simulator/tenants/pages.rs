//! Throw-away tenants on a page.

use super::model::{Batch, LONGEST, MOST_AT_ONCE, Made, Part, Tenant, USUAL, Wanted};
use super::service;
use crate::authz::action::Operate;
use crate::error::{Error, Problems, Result};
use crate::http::form::{PathPart, fresh};
use crate::http::form_state::Choice;
use crate::http::widgets::counted;
use crate::http::{Answer, Flash, FlashKind, FormState, May, NoFields, Posted, Shell, page, page_with};
use crate::smart_accounts::SmartAccount;
use askama::Template;
use serde::Deserialize;

const PATH: &str = "/simulator/tenants";

#[derive(Template)]
#[template(path = "simulator/tenants.html")]
struct TenantsPage {
    shell: Shell,
    form: FormState,
    there: Vec<(Tenant, SmartAccount)>,
    /// The names under which they were made.
    batches: Vec<String>,
    parts: Vec<Choice>,
    made: Vec<Made>,
    most: u64,
    longest: u64,
}

async fn view(may: &May<Operate>, form: FormState, made: Vec<Made>) -> Result<TenantsPage> {
    let there = service::list(&may.portal).await?;
    let mut batches: Vec<String> = there.iter().map(|(tenant, _)| tenant.batch.clone()).collect();
    batches.dedup();
    let mut shell = may.shell("Throw-away tenants");
    shell.error_title = form.has_problems();
    Ok(TenantsPage {
        shell,
        form,
        there,
        batches,
        parts: Part::ALL
            .iter()
            .map(|one| Choice::new(one.word(), one.label()))
            .collect(),
        made,
        most: MOST_AT_ONCE,
        longest: LONGEST,
    })
}

fn begun() -> FormState {
    fresh()
        .with_value("count", "1")
        .with_value("part", Part::Licensed.word())
        .with_value("seconds", USUAL.to_string())
}

/// GET /simulator/tenants
pub async fn show(may: May<Operate>) -> Answer {
    page(&view(&may, begun(), Vec::new()).await?)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Typed {
    #[serde(default)]
    count: String,
    #[serde(default)]
    part: String,
    #[serde(default)]
    seconds: String,
    #[serde(default)]
    name: String,
}

impl Typed {
    fn wanted(&self) -> Result<Wanted> {
        let mut problems = Problems::default();
        let mut whole = |field: &str, typed: &str| {
            let number = typed.trim().parse::<u64>().ok();
            if number.is_none() {
                problems.add(field, "Use a whole number.");
            }
            number
        };
        match (whole("count", &self.count), whole("seconds", &self.seconds)) {
            (Some(count), Some(seconds)) => Wanted::read(count, &self.part, seconds, &self.name),
            _ => Err(Error::Invalid(problems)),
        }
    }
}

/// POST /simulator/tenants
pub async fn make(may: May<Operate>, posted: Posted<Typed>) -> Answer {
    let made = match posted.value.wanted() {
        Ok(wanted) => service::make(&may.portal, &may.permit, wanted).await,
        Err(error) => Err(error),
    };
    match made {
        // No redirect: the secrets are known to this answer alone.
        Ok(made) => page(&view(&may, begun(), made).await?),
        Err(Error::Invalid(problems)) => {
            page_with(422, &view(&may, posted.again(&problems), Vec::new()).await?)
        }
        Err(other) => Err(other),
    }
}

/// POST /simulator/tenants/{batch}/remove
pub async fn remove(may: May<Operate>, batch: PathPart<Batch>, _: Posted<NoFields>) -> Answer {
    let gone = service::remove(&may.portal, &may.permit, batch.0.as_str().to_owned()).await?;
    let words = format!(
        "{} removed with everything.",
        counted(gone, "throw-away tenant was", "throw-away tenants were")
    );
    Ok(may.see_other(PATH, Flash::new(FlashKind::Ok, words)))
}
