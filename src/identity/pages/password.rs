//! A password that was forgotten, and one that is to be changed.

use super::super::entrance::{password_hint, shortest_password};
use super::super::model;
use super::super::operations::does;
use super::super::service::{self, Caller};
use super::links::{is_for_another, sent_to_another};
use super::{LinkToken, own_shell, own_tabs, prove};
use crate::authn::{Person, PersonState, people, session};
use crate::authz::links::Purpose;
use crate::error::{Problems, Result};
use crate::http::form::PathPart;
use crate::http::widgets::Tab;
use crate::http::{
    Answer, Flash, FlashKind, FormState, Posted, Public, Routes, Shell, SignedIn, Visit, form, page,
    page_with, reply,
};
use crate::kernel::EmailAddress;
use crate::kernel::ids::LinkId;
use crate::platform::token;
use askama::Template;
use serde::Deserialize;

pub fn routes(routes: &mut Routes) {
    routes.get("/password/forgot", show_forgot);
    routes.post("/password/forgot", forgot);
    routes.get("/password/reset/{token}", show_reset);
    routes.post("/password/reset/{token}", reset);
    routes.get("/profile/password", show_change);
    routes.post("/profile/password", change);
}

#[derive(Template)]
#[template(path = "identity/forgot.html")]
struct ForgotView {
    shell: Shell,
    form: FormState,
    /// The letter is on its way, if there is anybody to send it to.
    sent: bool,
}

fn forgot_view(visit: &Visit, form: FormState, sent: bool) -> ForgotView {
    let mut shell = visit.shell("Forgot your password?");
    shell.error_title = form.has_problems();
    ForgotView { shell, form, sent }
}

async fn show_forgot(visit: Public) -> Answer {
    page(&forgot_view(&visit, form::fresh(), visit.query == "sent=1"))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Forgot {
    email: String,
}

async fn forgot(visit: Public, posted: Posted<Forgot>) -> Answer {
    let mut problems = Problems::default();
    let email = problems.take("email", EmailAddress::parse(&posted.value.email));
    let Some(email) = email else {
        return page_with(422, &forgot_view(&visit, posted.again(&problems), false));
    };
    let (caller, link) = (Caller::of(&visit), LinkId::new());
    visit
        .portal
        .db
        .write(move |tx| service::ask_reset(tx, &caller, &email, link))
        .await?;
    visit.portal.jobs.nudge();
    reply::see_other("/password/forgot?sent=1")
}

#[derive(Template)]
#[template(path = "identity/reset.html")]
struct ResetView {
    shell: Shell,
    form: FormState,
    email: String,
    hint: String,
}

fn reset_view(visit: &Visit, form: FormState, person: &Person, shortest: usize) -> ResetView {
    let mut shell = visit.shell("Set a new password");
    shell.error_title = form.has_problems();
    ResetView {
        shell,
        form,
        email: person.email.to_string(),
        hint: password_hint(shortest),
    }
}

async fn owner(visit: &Visit, token: &str) -> crate::error::Result<Person> {
    let (portal, token) = (visit.portal.clone(), token.to_owned());
    let now = portal.clock.now();
    visit
        .portal
        .db
        .read(move |r| {
            service::link_of(
                r,
                &portal,
                now,
                Purpose::ResetPassword,
                &token,
                PersonState::Active,
            )
        })
        .await
        .map(|(_, person)| person)
}

async fn show_reset(visit: Public, link: PathPart<LinkToken>) -> Answer {
    let person = owner(&visit, &link.0.0).await?;
    if is_for_another(&visit, person.email.key()) {
        return sent_to_another(&visit);
    }
    let shortest = shortest_password(&visit).await?;
    page(&reset_view(&visit, form::fresh(), &person, shortest))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Reset {
    password: String,
    password_again: String,
}

async fn reset(visit: Public, link: PathPart<LinkToken>, posted: Posted<Reset>) -> Answer {
    let link = link.0.0;
    let person = owner(&visit, &link).await?;
    if is_for_another(&visit, person.email.key()) {
        return sent_to_another(&visit);
    }
    let about = [person.name.as_str(), person.email.as_str()];
    let (typed, shortest) = (&posted.value, shortest_password(&visit).await?);
    let secret = match model::new_password(
        "password",
        &typed.password,
        &typed.password_again,
        &about,
        shortest,
    ) {
        Ok(secret) => secret,
        Err(problems) => {
            return page_with(
                422,
                &reset_view(&visit, posted.again(&problems), &person, shortest),
            );
        }
    };
    let hash = visit.portal.hasher.hash(&secret).await?;
    let (caller, portal) = (Caller::of(&visit), visit.portal.clone());
    visit
        .portal
        .db
        .write(move |tx| service::reset(tx, &caller, &portal, &link, &hash))
        .await?;
    visit.portal.jobs.nudge();
    let flash = Flash {
        kind: FlashKind::Ok,
        text: "Your new password is set. Sign in with it.".to_owned(),
        link: None,
    };
    let mut response = visit.see_other("/login", flash);
    reply::drop_cookie(&mut response, session::COOKIE);
    Ok(response)
}

#[derive(Template)]
#[template(path = "identity/change_password.html")]
struct ChangeView {
    shell: Shell,
    form: FormState,
    tabs: Vec<Tab>,
    email: String,
    hint: String,
    has_password: bool,
}

async fn change_view(who: &SignedIn, form: FormState, shortest: usize) -> Result<ChangeView> {
    let id = who.actor().person.id;
    let hash = who.portal.db.read(move |r| people::password_hash(r, id)).await?;
    let mut shell = own_shell(who, "Password");
    shell.error_title = form.has_problems();
    Ok(ChangeView {
        shell,
        form,
        tabs: own_tabs("/profile/password"),
        email: who.actor().person.email.to_string(),
        hint: password_hint(shortest),
        has_password: hash.is_some(),
    })
}

async fn show_change(who: SignedIn) -> Answer {
    let shortest = shortest_password(&who).await?;
    page(&change_view(&who, form::fresh(), shortest).await?)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Change {
    current_password: String,
    password: String,
    password_again: String,
}

async fn change(who: SignedIn, posted: Posted<Change>) -> Answer {
    let typed = &posted.value;
    let actor = who.actor().clone();
    let about = [actor.person.name.as_str(), actor.person.email.as_str()];
    let (mut problems, shortest) = (Problems::default(), shortest_password(&who).await?);
    let secret = match model::new_password(
        "password",
        &typed.password,
        &typed.password_again,
        &about,
        shortest,
    ) {
        Ok(_) if typed.password == typed.current_password => {
            problems.add("password", "This is the current password. Choose another one.");
            None
        }
        Ok(secret) => Some(secret),
        Err(found) => {
            problems = found;
            None
        }
    };
    let proven = if typed.current_password.is_empty() {
        None
    } else {
        prove(&who, &actor, &typed.current_password).await?
    };
    let (Some(secret), Some((was, subjects))) = (secret, proven.as_ref()) else {
        if proven.is_none() {
            problems.add("current_password", "Enter your current password.");
        }
        return page_with(422, &change_view(&who, posted.again(&problems), shortest).await?);
    };
    let hash = who.portal.hasher.hash(&secret).await?;
    let cookie = token::random();
    let (new, was, subjects) = (cookie.clone(), was.clone(), subjects.clone());
    does(&who, move |tx, caller, actor| {
        service::change_password(tx, caller, &subjects, actor, &was, &hash, &new)
    })
    .await?;
    who.portal.jobs.nudge();
    let flash = Flash {
        kind: FlashKind::Ok,
        text: "Your password is changed. All other sessions have ended and all API clients were revoked."
            .to_owned(),
        link: None,
    };
    let mut response = who.see_other("/profile/password", flash);
    reply::set_cookie(&mut response, session::COOKIE, &cookie, None);
    Ok(response)
}
