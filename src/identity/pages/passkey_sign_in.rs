//! In with a passkey alone.

use super::super::entrance::Entrance;
use super::super::service::{self, ByPasskey, Caller, Shown};
use super::passkeys::{Ask, NO_SCRIPT};
use super::{next_page, query_value};
use crate::authn::passkeys::{self, Asked, Purpose};
use crate::authn::throttle;
use crate::error::{Error, Problems, Result};
use crate::http::errors::wait;
use crate::http::{
    Answer, Flash, FlashKind, FormState, Posted, Public, Routes, Shell, Visit, form, page_with, reply, visit,
};
use crate::platform::token;
use actix_web::HttpRequest;
use askama::Template;
use serde::Deserialize;

const HERE: &str = "/login/passkey";

pub fn routes(routes: &mut Routes) {
    routes.get(HERE, show);
    routes.post(HERE, sign_in);
}

/// The cookie by which a question belongs to one browser.
const BROWSER: &str = "__Host-passkey";
/// It lasts so long, in seconds.
const LASTS: i64 = 600;

#[derive(Template)]
#[template(path = "identity/passkey_sign_in.html")]
struct DoorView {
    shell: Shell,
    form: FormState,
    ask: Ask,
    next: String,
}

/// The page with a new question to this browser, which it knows by its cookie.
fn door(visit: &Visit, req: &HttpRequest, status: u16, form: FormState, next: &str) -> Answer {
    let browser = visit::raw_cookie(req, BROWSER)
        .filter(|value| value.len() == 43)
        .unwrap_or_else(token::random);
    let mut shell = visit.shell("Sign in with a passkey");
    shell.menu.clear();
    shell.error_title = form.has_problems();
    let view = DoorView {
        shell,
        form,
        ask: Ask::of_anybody(visit, &browser)?,
        next: next.to_owned(),
    };
    let mut response = page_with(status, &view)?;
    reply::set_cookie(&mut response, BROWSER, &browser, Some(LASTS));
    Ok(response)
}

async fn show(visit: Public, req: HttpRequest) -> Answer {
    door(&visit, &req, 200, form::fresh(), &query_value(&visit, "next"))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Typed {
    asked: String,
    #[serde(default)]
    passkey: String,
    #[serde(default)]
    next: String,
}

/// Tries an answer.
async fn enter(visit: &Visit, browser: &str, shown: Shown) -> Result<(ByPasskey, Entrance)> {
    let (caller, entrance, site) = (
        Caller::of(visit),
        Entrance::of(visit),
        service::site(&visit.portal)?,
    );
    // Whose it is is known once it is taken: tries are counted by browser and network.
    let subjects = throttle::subjects_for("passkey ", &token::digest(browser), &visit.address);
    let inside = entrance.clone();
    let came = visit
        .portal
        .db
        .write(move |tx| service::by_passkey(tx, &caller, &site, &inside, &subjects, &shown))
        .await?;
    Ok((came, entrance))
}

async fn sign_in(visit: Public, req: HttpRequest, posted: Posted<Typed>) -> Answer {
    let (typed, portal) = (&posted.value, &visit.portal);
    service::site(portal)?;
    let browser = visit::raw_cookie(&req, BROWSER).unwrap_or_default();
    let wall = portal.clock.wall();
    let Some(asked) = Asked::open(&portal.signing, wall, Purpose::SignIn, &browser, &typed.asked) else {
        let says = "Your passkey was asked for too long ago, or in another browser. Try again.";
        let next: String = url::form_urlencoded::byte_serialize(typed.next.as_bytes()).collect();
        let to = format!("{HERE}?next={next}");
        return Ok(visit.see_other(&to, Flash::new(FlashKind::Warn, says.to_owned())));
    };
    let (status, says, after) = match passkeys::parse(&typed.passkey) {
        Err(_) if typed.passkey.is_empty() => (422, NO_SCRIPT.to_owned(), None),
        Err(wrong) => (422, wrong.says().to_owned(), None),
        Ok(answer) => match enter(&visit, &browser, Shown { asked, answer }).await {
            Ok((ByPasskey::In, entrance)) => {
                let mut response = reply::redirect(next_page(&visit, &typed.next));
                entrance.set_cookie(&mut response);
                reply::drop_cookie(&mut response, BROWSER);
                return Ok(response);
            }
            Ok((ByPasskey::No(says), _)) => (422, says.to_owned(), None),
            Err(Error::TooMany { retry_after }) => {
                let says = format!(
                    "There were too many tries. Wait {} and try again.",
                    wait(retry_after)
                );
                (429, says, Some(retry_after.as_secs().max(1)))
            }
            Err(error) => return Err(error),
        },
    };
    let mut problems = Problems::default();
    problems.add("", says);
    let form = posted.again(&problems).without("passkey");
    let mut response = door(&visit, &req, status, form, &typed.next)?;
    if let Some(seconds) = after {
        reply::set_header(&mut response, "retry-after", &seconds.to_string());
    }
    Ok(response)
}
