//! In by the identity provider: there and back, and once the password of a user account that is there already.

use super::super::entrance::Entrance;
use super::super::service::{self, Caller, Came, CameIn, FirstStep, Known, Pending};
use super::second_step::{ask_for_code, lead_to_code};
use super::{next_page, query_value};
use crate::authn::password::Verdict;
use crate::authn::provider::{Arrival, CALLBACK, Failed, Flow, Provider};
use crate::authn::throttle::{self, Subjects};
use crate::authn::{Person, people};
use crate::error::{Error, Problems, Result};
use crate::http::errors::wait;
use crate::http::{
    Answer, Flash, FlashKind, FormState, Posted, Public, Routes, Shell, Visit, form, page, page_with, reply,
    visit,
};
use crate::kernel::Secret;
use crate::kernel::ids::PersonId;
use crate::platform::db::off_the_loop;
use crate::platform::signing::Signing;
use crate::platform::token;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use serde::Deserialize;
use std::sync::Arc;

/// The cookie of a sign-in that was begun.
const FLOW: &str = "__Host-provider";
/// The cookie of an arrival that waits for a password.
const PENDING: &str = "__Host-arrival";
/// Both last so long, in seconds.
const LASTS: i64 = 600;
/// For what a sign-in that was begun is locked.
const LOCKED_AS: &str = "sign-in at an identity provider";

pub fn routes(routes: &mut Routes) {
    routes.get("/login/provider", begin);
    routes.get(CALLBACK, come_back);
    routes.get("/login/link", show_link);
    routes.post("/login/link", link);
}

/// Without a provider the pages are not there.
fn provider_of(visit: &Visit) -> Result<Arc<Provider>> {
    visit.portal.provider.clone().ok_or(Error::NotFound)
}

/// Back to the sign-in page, with a word.
fn back(visit: &Visit, kind: FlashKind, says: String) -> HttpResponse {
    let mut response = visit.see_other("/login", Flash::new(kind, says));
    reply::drop_cookie(&mut response, FLOW);
    response
}

fn out_of_reach(visit: &Visit, provider: &Provider, why: &str) -> HttpResponse {
    tracing::warn!(why, "the identity provider is out of reach");
    let says = format!(
        "{} cannot be reached now. Try again in a minute, or sign in with your password.",
        provider.name()
    );
    back(visit, FlashKind::Bad, says)
}

/// Counts tries of a network. Whose they are is not known before the provider has answered.
fn subjects(visit: &Visit, state: &str) -> Subjects {
    throttle::subjects_for("provider ", &token::digest(state), &visit.address)
}

async fn begin(visit: Public) -> Answer {
    let provider = provider_of(&visit)?;
    let (base, wall) = (visit.portal.config.base_url.clone(), visit.portal.clock.wall());
    let next = next_page(&visit, &query_value(&visit, "next")).to_owned();
    let again = !query_value(&visit, "again").is_empty();
    let asked = provider.clone();
    let begun = off_the_loop(move || Ok(asked.begin(&base, wall, again, &next))).await?;
    let (address, flow) = match begun {
        Ok(begun) => begun,
        Err(Failed::Unreachable(why)) => return Ok(out_of_reach(&visit, &provider, &why)),
        Err(Failed::Wrong(why)) => return Ok(out_of_reach(&visit, &provider, why)),
    };
    let text = serde_json::to_string(&flow).map_err(Error::internal)?;
    let locked = visit.portal.signing.lock(LOCKED_AS, "", &text)?;
    let mut response = reply::redirect(&address);
    reply::set_cookie(&mut response, FLOW, &locked, Some(LASTS));
    Ok(response)
}

/// The sign-in that this browser has begun, when an answer belongs to it.
fn flow_of(signing: &Signing, now: i64, locked: &str, state: &str) -> Option<Flow> {
    let flow: Flow = serde_json::from_str(&signing.unlock(LOCKED_AS, "", locked)?).ok()?;
    (token::same(&flow.state, state) && now - flow.begun < LASTS).then_some(flow)
}

/// Records that nobody came in, and leads back.
async fn refuse(visit: &Visit, subjects: Subjects, why: &'static str, says: String) -> Answer {
    let caller = Caller::of(visit);
    visit
        .portal
        .db
        .write(move |tx| {
            throttle::check(tx, caller.wall, &subjects)?;
            service::miss_of_provider(tx, &caller, &subjects, None, why)
        })
        .await?;
    Ok(back(visit, FlashKind::Bad, says))
}

async fn come_back(visit: Public, req: HttpRequest) -> Answer {
    let provider = provider_of(&visit)?;
    let state = query_value(&visit, "state");
    let (subjects, wall) = (subjects(&visit, &state), visit.portal.clock.wall());
    let checked = subjects.clone();
    visit
        .portal
        .db
        .read(move |r| throttle::check(r, wall, &checked))
        .await?;
    let now = wall.utc().timestamp();
    let flow =
        visit::raw_cookie(&req, FLOW).and_then(|locked| flow_of(&visit.portal.signing, now, &locked, &state));
    let Some(flow) = flow else {
        let says = "This sign-in was not begun in this browser, or more than ten minutes ago. Begin again.";
        return refuse(
            &visit,
            subjects,
            "it was not begun in this browser",
            says.to_owned(),
        )
        .await;
    };
    let code = query_value(&visit, "code");
    if code.is_empty() || !query_value(&visit, "error").is_empty() {
        let says = format!("{} did not sign you in. Begin again.", provider.name());
        return refuse(&visit, subjects, "the provider did not sign anybody in", says).await;
    }
    let issuer = Some(query_value(&visit, "iss")).filter(|issuer| !issuer.is_empty());
    let (asked, base, told) = (
        provider.clone(),
        visit.portal.config.base_url.clone(),
        flow.clone(),
    );
    let arrived =
        off_the_loop(move || Ok(asked.finish(&base, wall, &told, &code, issuer.as_deref()))).await?;
    match arrived {
        Ok(arrival) => enter(&visit, provider, subjects, &flow, arrival).await,
        Err(Failed::Unreachable(why)) => Ok(out_of_reach(&visit, &provider, &why)),
        Err(Failed::Wrong(why)) => {
            let says = format!(
                "The answer of {} was not taken: {why}. Begin again, or sign in with your password.",
                provider.name()
            );
            refuse(&visit, subjects, why, says).await
        }
    }
}

/// What becomes of somebody who has come from the provider.
async fn enter(
    visit: &Visit,
    provider: Arc<Provider>,
    subjects: Subjects,
    flow: &Flow,
    arrival: Arrival,
) -> Answer {
    let caller = Caller::of(visit);
    let entrance = Entrance::of(visit).proved(arrival.proved_at);
    let (inside, new, state, arrived) = (
        entrance.clone(),
        PersonId::new(),
        flow.state.clone(),
        arrival.clone(),
    );
    let came = visit
        .portal
        .db
        .write(move |tx| {
            let tried = (&subjects, state.as_str());
            service::by_provider(tx, &caller, &provider, &inside, tried, new, &arrived)
        })
        .await?;
    let wall = visit.portal.clock.wall();
    let mut response = match came {
        Came::By(CameIn::HalfWay, known) => {
            let step = FirstStep::of(&known, wall).by_provider(None);
            lead_to_code(visit, &step, &flow.next)?
        }
        Came::By(..) => {
            let mut response = reply::redirect(next_page(visit, &flow.next));
            entrance.set_cookie(&mut response);
            response
        }
        Came::Asked(person) => {
            let next: String = url::form_urlencoded::byte_serialize(flow.next.as_bytes()).collect();
            let mut response = reply::redirect(&format!("/login/link?next={next}"));
            let locked = Pending::of(person, arrival, wall).lock(&visit.portal.signing)?;
            reply::set_cookie(&mut response, PENDING, &locked, Some(LASTS));
            response
        }
        Came::Refused(says) => return Ok(back(visit, FlashKind::Bad, says.to_owned())),
    };
    reply::drop_cookie(&mut response, FLOW);
    Ok(response)
}

#[derive(Template)]
#[template(path = "identity/link_provider.html")]
struct LinkView {
    shell: Shell,
    form: FormState,
    provider: String,
    email: String,
    next: String,
}

fn link_view(visit: &Visit, provider: &Provider, pending: &Pending, form: FormState, next: &str) -> LinkView {
    let mut shell = visit.shell("Link your user account");
    shell.menu.clear();
    shell.error_title = form.has_problems();
    LinkView {
        shell,
        form,
        provider: provider.name().to_owned(),
        email: pending.arrival.email.clone().unwrap_or_default(),
        next: next.to_owned(),
    }
}

fn pending_of(visit: &Visit, req: &HttpRequest) -> Option<Pending> {
    let wall = visit.portal.clock.wall();
    let locked = visit::raw_cookie(req, PENDING)?;
    Pending::open(&visit.portal.signing, wall, &locked)
}

fn too_late(visit: &Visit) -> HttpResponse {
    let says = "Your sign-in is no longer good. Begin again.";
    back(visit, FlashKind::Warn, says.to_owned())
}

async fn show_link(visit: Public, req: HttpRequest) -> Answer {
    let provider = provider_of(&visit)?;
    let Some(pending) = pending_of(&visit, &req) else {
        return Ok(too_late(&visit));
    };
    let next = query_value(&visit, "next");
    page(&link_view(&visit, &provider, &pending, form::fresh(), &next))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Typed {
    password: String,
    #[serde(default)]
    next: String,
}

/// Whose password it is to be, and by what tries are counted.
async fn whose(visit: &Visit, person: PersonId) -> Result<(Known, Subjects)> {
    let (wall, address) = (visit.portal.clock.wall(), visit.address.clone());
    visit
        .portal
        .db
        .read(move |r| {
            let person: Person = people::find(r, person)?;
            let hash = people::password_hash(r, person.id)?;
            let subjects = throttle::subjects_of_anybody(
                r,
                wall,
                "",
                person.email.key(),
                &address,
                throttle::FREE_SIGN_INS,
            )?;
            throttle::check(r, wall, &subjects)?;
            Ok((Known { person, hash }, subjects))
        })
        .await
}

/// Tries a password for an arrival.
async fn try_to_link(
    visit: &Visit,
    provider: Arc<Provider>,
    pending: &Pending,
    typed: &str,
) -> Result<(CameIn, Known, Entrance)> {
    let (known, subjects) = whose(visit, pending.person).await?;
    let verdict = visit
        .portal
        .hasher
        .verify(&Secret::new(typed), known.hash.clone())
        .await?;
    let right = matches!(verdict, Verdict::Right { .. });
    let (caller, entrance) = (Caller::of(visit), Entrance::of(visit));
    let (inside, arrival, asked) = (entrance.clone(), pending.arrival.clone(), known.clone());
    let came = visit
        .portal
        .db
        .write(move |tx| {
            let tried = (&asked, right);
            service::link_by_password(tx, &caller, &provider, &inside, &subjects, tried, &arrival)
        })
        .await?;
    Ok((came, known, entrance))
}

async fn link(visit: Public, req: HttpRequest, posted: Posted<Typed>) -> Answer {
    let provider = provider_of(&visit)?;
    let Some(pending) = pending_of(&visit, &req) else {
        return Ok(too_late(&visit));
    };
    let typed = &posted.value;
    let mut problems = Problems::default();
    let (status, after) = match try_to_link(&visit, provider.clone(), &pending, &typed.password).await {
        Ok((CameIn::Yes, _, entrance)) => {
            let mut response = reply::redirect(next_page(&visit, &typed.next));
            entrance.set_cookie(&mut response);
            reply::drop_cookie(&mut response, PENDING);
            return Ok(response);
        }
        Ok((CameIn::HalfWay, known, _)) => {
            let wall = visit.portal.clock.wall();
            let step = FirstStep::of(&known, wall).by_provider(Some(pending.arrival));
            return ask_for_code(&visit, &step, &typed.next).await;
        }
        Ok((CameIn::No, ..)) => {
            problems.add("password", "The password is not right.");
            (422, None)
        }
        Err(Error::TooMany { retry_after }) => {
            let wait = wait(retry_after);
            problems.add(
                "password",
                format!("There were too many tries. Wait {wait} and try again."),
            );
            (429, Some(retry_after.as_secs().max(1)))
        }
        Err(error) => return Err(error),
    };
    let view = link_view(&visit, &provider, &pending, posted.again(&problems), &typed.next);
    let mut response = page_with(status, &view)?;
    if let Some(seconds) = after {
        reply::set_header(&mut response, "retry-after", &seconds.to_string());
    }
    Ok(response)
}

/// The answer to somebody who came in by the provider and has signed out: the provider still knows them, and other portals may
/// do so by it, so that signing out there is their choice.
pub(super) async fn signed_out(visit: &Visit) -> Answer {
    let Some(provider) = visit.portal.provider.clone() else {
        return reply::see_other("/login");
    };
    let (asked, base) = (provider.clone(), visit.portal.config.base_url.clone());
    let there = off_the_loop(move || Ok(asked.sign_out_address(&base))).await?;
    let name = provider.name();
    let flash = Flash {
        kind: FlashKind::Info,
        text: format!("You are signed out here. {name} still knows you in this browser."),
        link: there.map(|address| (format!("Sign out of {name}"), address)),
    };
    Ok(visit.see_other("/login", flash))
}
