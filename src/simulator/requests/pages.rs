//! Kept requests on pages.

use super::api::RequestNumber;
use super::service;
use crate::authz::action::Operate;
use crate::error::{Error, Result};
use crate::http::form::{PathPart, fresh};
use crate::http::recorder::{Body, Exchange, LONGEST, MOST, ROOM, Replayed};
use crate::http::shell::Crumb;
use crate::http::widgets::counted;
use crate::http::{Answer, Flash, FlashKind, FormState, May, NoFields, Posted, Shell, page, page_with};
use askama::Template;
use serde::Deserialize;

const PATH: &str = "/simulator/requests";

/// A badge for a status.
fn badge(status: u16) -> (&'static str, String) {
    let kind = match status {
        200..=399 => "ok",
        400..=499 => "warn",
        _ => "bad",
    };
    (kind, status.to_string())
}

#[derive(Template)]
#[template(path = "simulator/requests.html")]
struct RequestsPage {
    shell: Shell,
    form: FormState,
    kept: Vec<Exchange>,
    is_on: bool,
    only: Option<String>,
}

impl RequestsPage {
    fn badge(one: &Exchange) -> (&'static str, String) {
        badge(one.status)
    }
    fn bounds() -> String {
        format!(
            "At most {MOST} requests and {} MiB are kept, bodies of up to {} KiB, in the memory of this process.",
            ROOM >> 20,
            LONGEST >> 10
        )
    }
}

fn view(may: &May<Operate>, form: FormState) -> Result<RequestsPage> {
    let kept = service::list(&may.portal, "")?;
    let (is_on, only) = may.portal.lab.recorder.state();
    let mut shell = may.shell("Requests");
    shell.error_title = form.has_problems();
    Ok(RequestsPage {
        shell,
        form,
        kept,
        is_on,
        only,
    })
}

/// GET /simulator/requests
pub async fn list(may: May<Operate>) -> Answer {
    page(&view(&may, fresh())?)
}

/// What is wanted of the recorder.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wanted {
    on: String,
    #[serde(default)]
    client: String,
}

/// POST /simulator/requests
pub async fn switch(may: May<Operate>, posted: Posted<Wanted>) -> Answer {
    let is_on = posted.value.on == "yes";
    match service::switch(&may.portal, &may.permit, is_on, &posted.value.client).await {
        Ok(()) => {
            let words = if is_on {
                "Requests of API clients are kept from now on."
            } else {
                "Requests of API clients are kept no longer."
            };
            Ok(may.see_other(PATH, Flash::new(FlashKind::Ok, words)))
        }
        Err(Error::Invalid(problems)) => page_with(422, &view(&may, posted.again(&problems))?),
        Err(other) => Err(other),
    }
}

/// POST /simulator/requests/forget
pub async fn forget(may: May<Operate>, _: Posted<NoFields>) -> Answer {
    let gone = service::forget(&may.portal, &may.permit).await?;
    let words = format!(
        "{} forgotten.",
        counted(gone, "kept request was", "kept requests were")
    );
    Ok(may.see_other(PATH, Flash::new(FlashKind::Ok, words)))
}

#[derive(Template)]
#[template(path = "simulator/request.html")]
struct RequestPage {
    shell: Shell,
    one: Exchange,
    against: Option<&'static str>,
}

impl RequestPage {
    fn badge(&self) -> (&'static str, String) {
        badge(self.one.status)
    }
    fn badge_again(again: &Replayed) -> (&'static str, String) {
        badge(again.status)
    }
    /// What is said above a body.
    fn about(body: &Body) -> &'static str {
        match body {
            Body::None => "There was none.",
            Body::Whole(_) => "As it was sent.",
            Body::Masked(_) => "Secrets are hidden.",
            Body::NotKept(_) => "It is not kept.",
        }
    }
    /// JSON is laid out for people.
    fn laid_out(body: &Body) -> String {
        let text = body.text();
        serde_json::from_str::<serde_json::Value>(text)
            .and_then(|value| serde_json::to_string_pretty(&value))
            .unwrap_or_else(|_| text.to_owned())
    }
}

/// GET /simulator/requests/{request}
pub async fn show(may: May<Operate>, number: PathPart<RequestNumber>) -> Answer {
    let one = service::find(&may.portal, number.0.0)?;
    let title = format!("Request {}", one.number);
    let mut shell = may.shell(title.clone());
    shell.crumbs.push(Crumb::link("Requests", PATH));
    shell.crumbs.push(Crumb::text(title));
    page(&RequestPage {
        shell,
        against: one.against_replay(),
        one,
    })
}

/// POST /simulator/requests/{request}/replay
pub async fn replay(may: May<Operate>, number: PathPart<RequestNumber>, _: Posted<NoFields>) -> Answer {
    let one = service::replay(&may.portal, &may.permit, number.0.0).await?;
    let again = one.replayed.map(|again| again.status).unwrap_or_default();
    let words = format!("It was carried out again: {} before, {again} now.", one.status);
    let to = format!("{PATH}/{}", one.number);
    Ok(may.see_other(&to, Flash::new(FlashKind::Ok, words)))
}
