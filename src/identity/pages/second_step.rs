//! The second of two steps of a sign-in.

use super::super::entrance::Entrance;
use super::super::service::{self, Caller, FirstStep};
use super::{next_page, query_value};
use crate::error::{Error, Problems};
use crate::http::errors::wait;
use crate::http::{
    Answer, Flash, FlashKind, FormState, Posted, Public, Routes, Shell, Visit, form, page_with, reply, visit,
};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use serde::Deserialize;

pub fn routes(routes: &mut Routes) {
    routes.get("/login/code", show);
    routes.post("/login/code", take);
}

#[derive(Template)]
#[template(path = "identity/second_step.html")]
struct StepView {
    shell: Shell,
    form: FormState,
    /// The first step, locked.
    step: String,
    next: String,
}

fn view(visit: &Visit, form: FormState, step: &str, next: &str) -> StepView {
    let mut shell = visit.shell("Enter a code");
    shell.menu.clear();
    shell.error_title = form.has_problems();
    StepView {
        shell,
        form,
        step: step.to_owned(),
        next: next.to_owned(),
    }
}

/// The page that asks for a code. No redirect: the first step is known to this answer alone.
pub(super) fn ask_for_code(visit: &Visit, step: &FirstStep, next: &str) -> Answer {
    let step = step.lock(&visit.portal.signing)?;
    page_with(200, &view(visit, form::fresh(), &step, next))
}

/// The cookie of a first step that was taken at the identity provider.
const STEP: &str = "__Host-step";
/// It is good for so many seconds.
const STEP_LASTS: i64 = 600;

/// On to the second step, for somebody who comes from the identity provider: the address that they came to holds its answer,
/// so no page is shown there.
pub(super) fn lead_to_code(visit: &Visit, step: &FirstStep, next: &str) -> Answer {
    let next: String = url::form_urlencoded::byte_serialize(next.as_bytes()).collect();
    let mut response = reply::redirect(&format!("/login/code?next={next}"));
    let step = step.lock(&visit.portal.signing)?;
    reply::set_cookie(&mut response, STEP, &step, Some(STEP_LASTS));
    Ok(response)
}

/// Whoever opens the address by itself has not taken the first step, unless it was at the identity provider.
async fn show(visit: Public, req: HttpRequest) -> Answer {
    let (signing, wall) = (&visit.portal.signing, visit.portal.clock.wall());
    let step = visit::raw_cookie(&req, STEP).filter(|step| FirstStep::open(signing, wall, step).is_some());
    match step {
        Some(step) => page_with(
            200,
            &view(&visit, form::fresh(), &step, &query_value(&visit, "next")),
        ),
        None => reply::see_other("/login"),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Typed {
    step: String,
    code: String,
    #[serde(default)]
    next: String,
}

fn expired(visit: &Visit) -> HttpResponse {
    let flash = Flash::new(
        FlashKind::Warn,
        "The first step of your sign-in is no longer good. Sign in again.".to_owned(),
    );
    visit.see_other("/login", flash)
}

async fn take(visit: Public, posted: Posted<Typed>) -> Answer {
    let typed = &posted.value;
    let (portal, caller) = (visit.portal.clone(), Caller::of(&visit));
    let Some(step) = FirstStep::open(&portal.signing, caller.wall, &typed.step) else {
        return Ok(expired(&visit));
    };
    let (entrance, code) = (Entrance::of(&visit), typed.code.clone());
    let (inside, signing, provider) = (entrance.clone(), portal.signing.clone(), portal.provider.clone());
    let done = if code.trim().is_empty() {
        Ok(false)
    } else {
        portal
            .db
            .write(move |tx| {
                let keys = (signing.as_ref(), provider.as_deref());
                service::second_step(tx, &caller, keys, &inside, &step, &code)
            })
            .await
    };
    visit.portal.jobs.nudge();
    let mut problems = Problems::default();
    let (status, after) = match done {
        Ok(true) => {
            let mut response = reply::redirect(next_page(&visit, &typed.next));
            entrance.set_cookie(&mut response);
            reply::drop_cookie(&mut response, STEP);
            return Ok(response);
        }
        Ok(false) => {
            problems.add("code", WRONG);
            (422, None)
        }
        Err(Error::TooMany { retry_after }) => {
            let wait = wait(retry_after);
            problems.add(
                "code",
                format!("There were too many tries. Wait {wait} and try again."),
            );
            (429, Some(retry_after.as_secs().max(1)))
        }
        Err(Error::SignedOut) => return Ok(expired(&visit)),
        Err(error) => return Err(error),
    };
    let form = posted.again(&problems).with_value("code", "");
    let mut response = page_with(status, &view(&visit, form, &typed.step, &typed.next))?;
    if let Some(seconds) = after {
        reply::set_header(&mut response, "retry-after", &seconds.to_string());
    }
    Ok(response)
}

/// What is said of a code that is not good.
pub(super) const WRONG: &str = "The code is not right, or was used already. Wait for the next one; if none is taken, see that your phone sets its time by itself, or use a recovery code.";
