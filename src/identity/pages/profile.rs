//! About oneself: name, roles, sessions, appearance.

use super::super::model::agent_words;
use super::super::operations::does;
use super::super::service;
use super::{own_shell, own_tabs};
use crate::authn::{Person, PlatformRole, Via, session};
use crate::authz::grants::{self, Held};
use crate::error::{Error, Problems};
use crate::http::NoFields;
use crate::http::form::{Named, PathPart};
use crate::http::form_state::Choice;
use crate::http::shell::Theme;
use crate::http::widgets::Tab;
use crate::http::{
    Answer, Flash, FlashKind, FormState, Posted, Routes, Shell, SignedIn, form, page, page_with, reply, visit,
};
use crate::kernel::Name;
use crate::kernel::ids::SessionId;
use askama::Template;
use chrono::{DateTime, Utc};
use serde::Deserialize;

pub fn routes(routes: &mut Routes) {
    routes.get("/profile", show);
    routes.post("/profile", rename);
    routes.get("/profile/sessions", show_sessions);
    routes.post("/profile/sessions/end-others", end_others);
    routes.post("/profile/sessions/end-all", end_all);
    routes.post("/profile/sessions/{session}/end", end_one);
    routes.get("/preferences", show_preferences);
    routes.post("/preferences", set_preferences);
}

fn done(text: impl Into<String>) -> Flash {
    Flash {
        kind: FlashKind::Ok,
        text: text.into(),
        link: None,
    }
}

#[derive(Template)]
#[template(path = "identity/profile.html")]
struct ProfileView {
    shell: Shell,
    form: FormState,
    tabs: Vec<Tab>,
    person: Person,
    platform: Vec<PlatformRole>,
    held: Vec<Held>,
}

impl ProfileView {
    fn roles(&self) -> String {
        let labels: Vec<&str> = self.platform.iter().map(|role| role.label()).collect();
        labels.join(", ")
    }
}

async fn profile_view(who: &SignedIn, form: FormState) -> crate::error::Result<ProfileView> {
    let id = who.actor().person.id;
    let held = who.portal.db.read(move |r| grants::held_by(r, &[id])).await?;
    let mut shell = own_shell(who, "Your profile");
    shell.error_title = form.has_problems();
    Ok(ProfileView {
        shell,
        form,
        tabs: own_tabs("/profile"),
        person: who.actor().person.clone(),
        platform: who.actor().platform.clone(),
        held,
    })
}

async fn show(who: SignedIn) -> Answer {
    let person = &who.actor().person;
    let form = form::fresh()
        .with_value("name", &person.name)
        .with_value("version", person.version.to_string());
    page(&profile_view(&who, form).await?)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Profile {
    name: String,
    version: String,
}

async fn rename(who: SignedIn, posted: Posted<Profile>) -> Answer {
    let mut problems = Problems::default();
    let name = problems.take("name", Name::parse(&posted.value.name, "Name"));
    let version: i64 = posted.value.version.parse().map_err(|_| Error::Stale)?;
    let Some(name) = name else {
        return page_with(422, &profile_view(&who, posted.again(&problems)).await?);
    };
    does(&who, move |tx, caller, actor| {
        service::rename(tx, caller, actor.person.id, version, &name)
    })
    .await?;
    Ok(who.see_other("/profile", done("Your name is saved.")))
}

#[derive(Template)]
#[template(path = "identity/sessions.html")]
struct SessionsView {
    shell: Shell,
    tabs: Vec<Tab>,
    sessions: Vec<SessionRow>,
    others: usize,
}

struct SessionRow {
    id: SessionId,
    agent: String,
    address: String,
    way: session::Way,
    since: DateTime<Utc>,
    seen: DateTime<Utc>,
    is_this: bool,
}

async fn show_sessions(who: SignedIn) -> Answer {
    let (person, wall) = (who.actor().person.id, who.portal.clock.wall());
    let list = who
        .portal
        .db
        .read(move |r| session::list(r, wall, person))
        .await?;
    let this = match &who.actor().via {
        Via::Session { id, .. } => Some(*id),
        Via::Client { .. } => None,
    };
    let mut sessions: Vec<SessionRow> = list
        .into_iter()
        .map(|s| SessionRow {
            id: s.id,
            agent: agent_words(&s.agent),
            address: s.address,
            way: s.way,
            since: s.created_at.utc(),
            seen: s.seen_at.utc(),
            is_this: Some(s.id) == this,
        })
        .collect();
    sessions.sort_by_key(|s| !s.is_this);
    page(&SessionsView {
        shell: own_shell(&who, "Sessions"),
        tabs: own_tabs("/profile/sessions"),
        others: sessions.iter().filter(|s| !s.is_this).count(),
        sessions,
    })
}

impl Named for SessionId {
    const NAME: &'static str = "session";
}

async fn end_one(who: SignedIn, id: PathPart<SessionId>, _posted: Posted<NoFields>) -> Answer {
    does(&who, move |tx, caller, actor| {
        service::end_session(tx, caller, &actor.person, id.0)
    })
    .await?;
    Ok(who.see_other("/profile/sessions", done("The session has ended.")))
}

async fn end_others(who: SignedIn, _posted: Posted<NoFields>) -> Answer {
    let ended = does(&who, service::end_other_sessions).await?;
    let says = match ended {
        0 => "There was no other session.".to_owned(),
        1 => "1 other session has ended.".to_owned(),
        n => format!("{n} other sessions have ended."),
    };
    Ok(who.see_other("/profile/sessions", done(says)))
}

async fn end_all(who: SignedIn, _posted: Posted<NoFields>) -> Answer {
    does(&who, |tx, caller, actor| {
        service::end_all_sessions(tx, caller, &actor.person)
    })
    .await?;
    let mut response = who.see_other("/login", done("You are signed out everywhere."));
    super::sign_in::forget_browser(&mut response);
    Ok(response)
}

#[derive(Template)]
#[template(path = "identity/preferences.html")]
struct PreferencesView {
    shell: Shell,
    form: FormState,
    tabs: Vec<Tab>,
    themes: Vec<Choice>,
}

fn preferences_view(who: &SignedIn, form: FormState) -> PreferencesView {
    let mut shell = own_shell(who, "Appearance");
    shell.error_title = form.has_problems();
    PreferencesView {
        shell,
        form,
        tabs: own_tabs("/preferences"),
        themes: vec![
            Choice::new("auto", "Automatic").note("As your device has it, light by day and dark by night."),
            Choice::new("light", "Light"),
            Choice::new("dark", "Dark"),
        ],
    }
}

async fn show_preferences(who: SignedIn) -> Answer {
    let form = form::fresh().with_value("appearance", who.theme().as_str());
    page(&preferences_view(&who, form))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Preferences {
    #[serde(default)]
    appearance: String,
}

async fn set_preferences(who: SignedIn, posted: Posted<Preferences>) -> Answer {
    let theme = Theme::parse(&posted.value.appearance);
    if theme.as_str() != posted.value.appearance {
        let mut problems = Problems::default();
        problems.add("appearance", "Choose an appearance.");
        return page_with(422, &preferences_view(&who, posted.again(&problems)));
    }
    let mut response = who.see_other("/preferences", done("The appearance is saved for this browser."));
    reply::set_cookie(&mut response, visit::THEME, theme.as_str(), Some(31_536_000));
    Ok(response)
}
