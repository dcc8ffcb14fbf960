//! The second of two steps of a sign-in.

use super::super::entrance::Entrance;
use super::super::service::{self, Caller, FirstStep, Missed, Second, Shown};
use super::passkeys::{Ask, passkeys_of};
use super::{next_page, query_value};
use crate::authn::passkeys::{self, Asked, Purpose};
use crate::error::{Error, Problems, Result};
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
    /// What is asked of a passkey, for those who have one.
    ask: Option<Ask>,
}

/// The page for whose step it is, which is given locked too.
async fn view(
    visit: &Visit,
    form: FormState,
    (step, locked): (&FirstStep, &str),
    next: &str,
) -> Result<StepView> {
    let passkeys = passkeys_of(visit, step.person()).await?;
    let ask = Ask::one_of(visit, Purpose::SecondStep, locked, &passkeys)?;
    let mut shell = visit.shell(if ask.is_some() {
        "Show your second factor"
    } else {
        "Enter a code"
    });
    shell.menu.clear();
    shell.error_title = form.has_problems();
    Ok(StepView {
        shell,
        form,
        step: locked.to_owned(),
        next: next.to_owned(),
        ask,
    })
}

/// The page that asks for a second factor. No redirect: the first step is known to this answer alone.
pub(super) async fn ask_for_code(visit: &Visit, step: &FirstStep, next: &str) -> Answer {
    let locked = step.lock(&visit.portal.signing)?;
    page_with(200, &view(visit, form::fresh(), (step, &locked), next).await?)
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
    let locked = visit::raw_cookie(&req, STEP);
    let step = locked
        .as_ref()
        .and_then(|locked| FirstStep::open(signing, wall, locked));
    match (step, locked) {
        (Some(step), Some(locked)) => {
            let next = query_value(&visit, "next");
            page_with(200, &view(&visit, form::fresh(), (&step, &locked), &next).await?)
        }
        _ => reply::see_other("/login"),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Typed {
    step: String,
    #[serde(default)]
    code: String,
    #[serde(default)]
    asked: String,
    #[serde(default)]
    passkey: String,
    #[serde(default)]
    next: String,
}

/// The second factor that was shown. Otherwise the complaint.
fn second_of(visit: &Visit, typed: &Typed) -> std::result::Result<Second, Problems> {
    let mut problems = Problems::default();
    if typed.passkey.is_empty() {
        if typed.code.trim().is_empty() {
            return Err(Missed::Code.into());
        }
        return Ok(Second::Code(typed.code.clone()));
    }
    let (signing, wall) = (&visit.portal.signing, visit.portal.clock.wall());
    let asked = Asked::open(signing, wall, Purpose::SecondStep, &typed.step, &typed.asked);
    match (asked, passkeys::parse(&typed.passkey)) {
        (Some(asked), Ok(answer)) => return Ok(Second::Passkey(Shown { asked, answer })),
        (None, _) => problems.add("", "Your passkey was asked for too long ago. Try again."),
        (_, Err(wrong)) => problems.add("", wrong.says()),
    }
    Err(problems)
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
    let entrance = Entrance::of(&visit);
    let done = match second_of(&visit, typed) {
        Err(problems) => Ok(Err(problems)),
        Ok(second) => {
            let (inside, step) = (entrance.clone(), step.clone());
            let shared = portal.clone();
            portal
                .db
                .write(move |tx| service::second_step(tx, &caller, &shared, &inside, &step, &second))
                .await
                .map(|done| done.map_err(Problems::from))
        }
    };
    visit.portal.jobs.nudge();
    let mut problems = Problems::default();
    let (status, after) = match done {
        Ok(Ok(())) => {
            let mut response = reply::redirect(next_page(&visit, &typed.next));
            entrance.set_cookie(&mut response);
            reply::drop_cookie(&mut response, STEP);
            return Ok(response);
        }
        Ok(Err(found)) => {
            problems = found;
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
    let form = posted.again(&problems).without("code").without("passkey");
    let shown = view(&visit, form, (&step, &typed.step), &typed.next).await?;
    let mut response = page_with(status, &shown)?;
    if let Some(seconds) = after {
        reply::set_header(&mut response, "retry-after", &seconds.to_string());
    }
    Ok(response)
}

/// What is said of a code that is not good.
pub(super) const WRONG: &str = "The code is not right, or was used already. Wait for the next one; if none is taken, see that your phone sets its time by itself, or use a recovery code.";
