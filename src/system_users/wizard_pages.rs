//! The first sign-in at a server that was started empty: language, new password, review, and sign in again. Until it is
//! done, nothing else opens: [`crate::http::visit`] leads here.

use super::service;
use crate::authn::{Via, session, system_users};
use crate::error::{Error, Problems, Result};
use crate::http::form_state::Choice;
use crate::http::{
    Answer, Flash, FlashKind, FormState, Posted, Routes, Shell, SignedIn, Visit, form, page, page_with, reply,
};
use crate::identity::{check_new_password, password_hint, shortest_password};
use askama::Template;
use serde::Deserialize;

pub fn routes(routes: &mut Routes) {
    routes.get("/first-sign-in", show_language);
    routes.get("/first-sign-in/password", show_password);
    routes.post("/first-sign-in/password", review);
    routes.post("/first-sign-in/apply", apply);
}

/// The languages that the server speaks.
const LANGUAGES: &[(&str, &str)] = &[("en", "English")];
/// For locking the hash of the new password while it is reviewed.
const LOCK: &str = "first-sign-in";

#[derive(Template)]
#[template(path = "system_users/first_sign_in.html")]
struct FirstSignIn {
    shell: Shell,
    form: FormState,
    step: usize,
    languages: Vec<Choice>,
    language: &'static str,
    language_name: &'static str,
    hint: String,
    email: String,
    user_name: String,
    /// The new password's hash, locked, while it is reviewed.
    sealed: String,
}

async fn view(
    who: &SignedIn,
    form: FormState,
    step: usize,
    language: &str,
    sealed: String,
) -> Result<FirstSignIn> {
    let (language, language_name) = LANGUAGES
        .iter()
        .find(|(word, _)| *word == language)
        .or(LANGUAGES.first())
        .copied()
        .unwrap_or_default();
    let person = who.actor().person.clone();
    let id = person.id;
    let user = who.portal.db.read(move |r| system_users::find(r, id)).await?;
    let mut shell = who.shell("First sign-in");
    shell.menu.clear();
    shell.account = None;
    shell.alerts = None;
    shell.error_title = form.has_problems();
    Ok(FirstSignIn {
        shell,
        form,
        step,
        languages: LANGUAGES
            .iter()
            .map(|(word, label)| Choice::new(*word, *label))
            .collect(),
        language,
        language_name,
        hint: password_hint(shortest_password(who).await?),
        email: person.email.to_string(),
        user_name: user.user_name,
        sealed,
    })
}

/// Whether the first sign-in of this person is still to be finished.
async fn is_due(who: &SignedIn) -> Result<bool> {
    let person = who.actor().person.id;
    who.portal
        .db
        .read(move |r| system_users::must_change_password(r, person))
        .await
}

fn language_of(visit: &Visit) -> String {
    url::form_urlencoded::parse(visit.query.as_bytes())
        .find(|(key, _)| key == "language")
        .map(|(_, value)| value.into_owned())
        .unwrap_or_default()
}

/// GET /first-sign-in
async fn show_language(who: SignedIn) -> Answer {
    if !is_due(&who).await? {
        return reply::see_other(who.portal.config.edition.start());
    }
    page(
        &view(
            &who,
            form::fresh().with_value("language", "en"),
            1,
            "en",
            String::new(),
        )
        .await?,
    )
}

/// GET /first-sign-in/password
async fn show_password(who: SignedIn) -> Answer {
    if !is_due(&who).await? {
        return reply::see_other(who.portal.config.edition.start());
    }
    let language = language_of(&who);
    page(&view(&who, form::fresh(), 2, &language, String::new()).await?)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewPassword {
    #[serde(default)]
    language: String,
    password: String,
    password_again: String,
}

fn session_id(who: &SignedIn) -> Result<String> {
    match &who.actor().via {
        Via::Session { id, .. } => Ok(id.to_string()),
        Via::Client { .. } => Err(Error::NotFound),
    }
}

/// POST /first-sign-in/password: nothing is changed yet. The hash goes to the review, locked for this session alone.
async fn review(who: SignedIn, posted: Posted<NewPassword>) -> Answer {
    if !is_due(&who).await? {
        return Err(Error::Stale);
    }
    let typed = &posted.value;
    let person = &who.actor().person;
    let about = [person.name.as_str(), person.email.as_str()];
    let shortest = shortest_password(&who).await?;
    let secret = match check_new_password(&typed.password, &typed.password_again, &about, shortest) {
        Ok(secret) => secret,
        Err(problems) => {
            let again = view(&who, posted.again(&problems), 2, &typed.language, String::new()).await?;
            return page_with(422, &again);
        }
    };
    let hash = who.portal.hasher.hash(&secret).await?;
    let sealed = who.portal.signing.lock(LOCK, &session_id(&who)?, &hash)?;
    page(&view(&who, form::fresh(), 3, &typed.language, sealed).await?)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Apply {
    #[serde(default)]
    language: String,
    #[serde(default)]
    sealed: String,
}

/// POST /first-sign-in/apply
async fn apply(who: SignedIn, posted: Posted<Apply>) -> Answer {
    let session = session_id(&who)?;
    let Some(hash) = who.portal.signing.unlock(LOCK, &session, &posted.value.sealed) else {
        let mut problems = Problems::default();
        problems.add("password", "Enter the new password once more.");
        let again = view(
            &who,
            posted.again(&problems),
            2,
            &posted.value.language,
            String::new(),
        )
        .await?;
        return page_with(422, &again);
    };
    let (at, actor) = (who.portal.clock.now(), who.actor().clone());
    let language = posted.value.language.clone();
    who.portal
        .db
        .write(move |tx| service::finish_first_sign_in(tx, at, &actor.who, &actor.person, &hash, &language))
        .await?;
    who.portal.jobs.nudge();
    let flash = Flash::new(
        FlashKind::Ok,
        "The settings are applied. Sign in again, with the new password.",
    );
    let mut response = who.see_other("/login", flash);
    reply::drop_cookie(&mut response, session::COOKIE);
    Ok(response)
}
