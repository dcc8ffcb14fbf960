//! Those who come for the first time: the first operator, and people who were invited.

use super::super::entrance::{Entrance, password_hint, shortest_password};
use super::super::model;
use super::super::service::{self, Caller, Operator};
use super::LinkToken;
use super::links::{is_for_another, sent_to_another};
use crate::authn::{Person, PersonState};
use crate::authz::links::Purpose;
use crate::error::{Problems, Result};
use crate::http::form::PathPart;
use crate::http::{
    Answer, Flash, FlashKind, FormState, Posted, Public, Routes, Shell, Visit, form, page, page_with,
};
use crate::kernel::ids::PersonId;
use crate::kernel::{EmailAddress, Name};
use askama::Template;
use serde::Deserialize;

pub fn routes(routes: &mut Routes) {
    routes.get("/setup/{token}", show_set_up);
    routes.post("/setup/{token}", set_up);
    routes.get("/invite/{token}", show_invitation);
    routes.post("/invite/{token}", accept);
}

fn with_problems(visit: &Visit, title: &str, form: &FormState) -> Shell {
    let mut shell = visit.shell(title);
    shell.error_title = form.has_problems();
    shell
}

fn done(text: &str) -> Flash {
    Flash {
        kind: FlashKind::Ok,
        text: text.to_owned(),
        link: None,
    }
}

#[derive(Template)]
#[template(path = "identity/set_up.html")]
struct SetUpView {
    shell: Shell,
    form: FormState,
}

fn set_up_view(visit: &Visit, form: FormState) -> SetUpView {
    SetUpView {
        shell: with_problems(visit, "Set up this portal", &form),
        form,
    }
}

async fn may_set_up(visit: &Visit, token: &str) -> Result<()> {
    let (portal, token, now) = (visit.portal.clone(), token.to_owned(), visit.portal.clock.now());
    visit
        .portal
        .db
        .read(move |r| service::may_set_up(r, &portal, now, &token))
        .await
        .map(drop)
}

async fn show_set_up(visit: Public, link: PathPart<LinkToken>) -> Answer {
    may_set_up(&visit, &link.0.0).await?;
    page(&set_up_view(&visit, form::fresh()))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SetUp {
    name: String,
    email: String,
    password: String,
    password_again: String,
}

async fn set_up(visit: Public, link: PathPart<LinkToken>, posted: Posted<SetUp>) -> Answer {
    let link = link.0.0;
    may_set_up(&visit, &link).await?;
    let typed = &posted.value;
    let mut problems = Problems::default();
    let name = problems.take("name", Name::parse(&typed.name, "Name"));
    let email = problems.take("email", EmailAddress::parse(&typed.email));
    let about = [typed.name.as_str(), typed.email.as_str()];
    let shortest = shortest_password(&visit).await?;
    let secret = problems.take_all(model::new_password(
        "password",
        &typed.password,
        &typed.password_again,
        &about,
        shortest,
    ));
    let (Some(name), Some(email), Some(secret)) = (name, email, secret) else {
        return page_with(422, &set_up_view(&visit, posted.again(&problems)));
    };
    let operator = Operator {
        id: PersonId::new(),
        email,
        name,
        hash: visit.portal.hasher.hash(&secret).await?,
    };
    let (caller, entrance, portal) = (Caller::of(&visit), Entrance::of(&visit), visit.portal.clone());
    let inside = entrance.clone();
    visit
        .portal
        .db
        .write(move |tx| service::set_up(tx, &caller, &portal, &inside, &link, &operator))
        .await?;
    let mut response = visit.see_other(
        visit.portal.config.edition.start(),
        done("This portal is set up, and you are its first operator."),
    );
    entrance.set_cookie(&mut response);
    Ok(response)
}

#[derive(Template)]
#[template(path = "identity/invitation.html")]
struct InvitationView {
    shell: Shell,
    form: FormState,
    email: String,
    hint: String,
}

fn invitation_view(visit: &Visit, form: FormState, person: &Person, shortest: usize) -> InvitationView {
    InvitationView {
        shell: with_problems(visit, "Set up your user account", &form),
        form,
        email: person.email.to_string(),
        hint: password_hint(shortest),
    }
}

async fn invited(visit: &Visit, token: &str) -> Result<Person> {
    let (portal, token, now) = (visit.portal.clone(), token.to_owned(), visit.portal.clock.now());
    visit
        .portal
        .db
        .read(move |r| service::link_of(r, &portal, now, Purpose::Invitation, &token, PersonState::Invited))
        .await
        .map(|(_, person)| person)
}

async fn show_invitation(visit: Public, link: PathPart<LinkToken>) -> Answer {
    let person = invited(&visit, &link.0.0).await?;
    if is_for_another(&visit, person.email.key()) {
        return sent_to_another(&visit);
    }
    let mut form = form::fresh();
    // Whoever was added by address alone has it for a name until now.
    if person.name != person.email.as_str() {
        form = form.with_value("name", &person.name);
    }
    let shortest = shortest_password(&visit).await?;
    page(&invitation_view(&visit, form, &person, shortest))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Accept {
    name: String,
    password: String,
    password_again: String,
}

async fn accept(visit: Public, link: PathPart<LinkToken>, posted: Posted<Accept>) -> Answer {
    let link = link.0.0;
    let person = invited(&visit, &link).await?;
    if is_for_another(&visit, person.email.key()) {
        return sent_to_another(&visit);
    }
    let typed = &posted.value;
    let mut problems = Problems::default();
    let name = problems.take("name", Name::parse(&typed.name, "Name"));
    let about = [typed.name.as_str(), person.email.as_str()];
    let shortest = shortest_password(&visit).await?;
    let secret = problems.take_all(model::new_password(
        "password",
        &typed.password,
        &typed.password_again,
        &about,
        shortest,
    ));
    let (Some(name), Some(secret)) = (name, secret) else {
        return page_with(
            422,
            &invitation_view(&visit, posted.again(&problems), &person, shortest),
        );
    };
    let hash = visit.portal.hasher.hash(&secret).await?;
    let (caller, entrance, portal) = (Caller::of(&visit), Entrance::of(&visit), visit.portal.clone());
    let inside = entrance.clone();
    visit
        .portal
        .db
        .write(move |tx| service::accept(tx, &caller, &portal, &inside, &link, &name, &hash))
        .await?;
    let mut response = visit.see_other(
        visit.portal.config.edition.start(),
        done("Your user account is set up, and you are signed in."),
    );
    entrance.set_cookie(&mut response);
    Ok(response)
}
