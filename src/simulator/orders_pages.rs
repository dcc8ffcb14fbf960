//! How assignments of orders complete in the lab: everyone sees it, the operator sets it.

use crate::authz::Permit;
use crate::authz::action::Operate;
use crate::error::{Error, Result};
use crate::http::form::fresh;
use crate::http::{
    Answer, Flash, FlashKind, FormState, JsonBody, LabOnly, May, Posted, Shell, Visit, json, page, page_with,
};
use crate::orders::{self, Completion};
use askama::Template;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

const PATH: &str = "/simulator/orders";

#[derive(Template)]
#[template(path = "simulator/orders.html")]
struct OrdersPage {
    shell: Shell,
    form: FormState,
    /// Whether the person may set it.
    may: bool,
}

fn view(visit: &Visit, form: FormState) -> OrdersPage {
    let wall = visit.portal.clock.wall();
    let mut shell = visit.shell("Order completion");
    shell.error_title = form.has_problems();
    OrdersPage {
        shell,
        form,
        may: visit
            .actor
            .as_ref()
            .is_some_and(|actor| Permit::<Operate>::ask(actor.clone(), None, &[], wall).is_ok()),
    }
}

/// GET /simulator/orders
pub async fn show(lab: LabOnly) -> Answer {
    let now = lab.portal.db.read(|r| orders::completion(r)).await?;
    let form = fresh()
        .with_value("delay", now.delay_seconds.to_string())
        .with_value("failing", now.failing_percent.to_string());
    page(&view(&lab, form))
}

/// Delay and share of failures, as they were typed.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Typed {
    #[serde(default)]
    delay: String,
    #[serde(default)]
    failing: String,
}

async fn set(may: &May<Operate>, to: Completion) -> Result<()> {
    if !may.portal.config.is_lab() {
        return Err(Error::NotFound);
    }
    may.does(move |tx, permit, at| orders::set_completion(tx, permit, at, to))
        .await
}

/// POST /simulator/orders
pub async fn save(may: May<Operate>, form: Posted<Typed>) -> Answer {
    match Completion::parse(&form.value.delay, &form.value.failing) {
        Ok(to) => set(&may, to).await?,
        Err(Error::Invalid(problems)) => return page_with(422, &view(&may, form.again(&problems))),
        Err(other) => return Err(other),
    }
    Ok(may.see_other(
        PATH,
        Flash {
            kind: FlashKind::Ok,
            text: "Assignments complete that way from now on.".to_owned(),
            link: None,
        },
    ))
}

/// How assignments of orders complete.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CompletionShape {
    /// Seconds of portal time from the request to its completion: 0 to 86400.
    #[schema(minimum = 0, maximum = 86_400)]
    delay_seconds: i64,
    /// How many of a hundred lines fail: 0 to 100.
    #[schema(minimum = 0, maximum = 100)]
    failing_percent: i64,
}

/// GET /api/v1/simulator/orders
pub async fn read_api(lab: LabOnly) -> Answer {
    let now = lab.portal.db.read(|r| orders::completion(r)).await?;
    json(
        200,
        &CompletionShape {
            delay_seconds: now.delay_seconds,
            failing_percent: now.failing_percent,
        },
    )
}

/// PUT /api/v1/simulator/orders
pub async fn set_api(may: May<Operate>, body: JsonBody<CompletionShape>) -> Answer {
    let to = Completion::parse(
        &body.value.delay_seconds.to_string(),
        &body.value.failing_percent.to_string(),
    )?;
    set(&may, to).await?;
    json(200, &body.value)
}
