//! One's passkeys: adding one, and removing one. And what pages ask of authenticators.

use super::super::model::agent_words;
use super::super::operations::does;
use super::super::service;
use super::factor_dialog::Dialog;
use super::second_factor::{HERE, Proving, not_yet, proof_of, show_codes, show_dialog, unproved};
use super::{own_shell, own_tabs, query_value};
use crate::authn::passkeys::{
    self, ALGORITHMS, Asked, New, NewAnswer, PATIENCE, Passkey, Purpose, Site, Wrong,
};
use crate::authn::second_factor::{self, RecoveryCodes};
use crate::authn::{Via, session};
use crate::error::{Error, Problems, Result};
use crate::http::form::{Named, PathPart};
use crate::http::widgets::Tab;
use crate::http::{
    Answer, Flash, FlashKind, FormState, Posted, Routes, Shell, SignedIn, Visit, form, page, page_with, reply,
};
use crate::kernel::Name;
use crate::kernel::ids::{PasskeyId, PersonId};
use crate::platform::token;
use askama::Template;
use serde::Deserialize;
use serde_json::{Value, json};

const ADD: &str = "/profile/second-factor/passkeys/add";

pub fn routes(routes: &mut Routes) {
    routes.get(ADD, show_add);
    routes.post("/profile/second-factor/passkeys/prove", prove);
    routes.post(ADD, add);
    routes.get("/profile/second-factor/passkeys/{passkey}/remove", show_remove);
    routes.post("/profile/second-factor/passkeys/{passkey}/remove", remove);
}

impl Named for PasskeyId {
    const NAME: &'static str = "passkey";
}

/// What a page asks of an authenticator.
pub(super) struct Ask {
    /// For the page's script.
    pub options: String,
    /// The question, locked, as the form carries it along.
    pub asked: String,
}

impl Ask {
    fn make(visit: &Visit, purpose: Purpose, of: &str, mut options: Value) -> Result<Self> {
        let asked = Asked::make(visit.portal.clock.wall(), purpose, of);
        if let Some(options) = options.as_object_mut() {
            options.insert("challenge".to_owned(), json!(asked.challenge));
            options.insert("timeout".to_owned(), json!(PATIENCE.num_milliseconds()));
        }
        Ok(Self {
            options: options.to_string(),
            asked: asked.lock(&visit.portal.signing)?,
        })
    }

    /// For anybody's passkey that checks who it is.
    pub fn of_anybody(visit: &Visit, of: &str) -> Result<Self> {
        let site = service::site(&visit.portal)?;
        let options = json!({ "rpId": site.id, "userVerification": "required", "allowCredentials": [] });
        Self::make(visit, Purpose::SignIn, of, options)
    }

    /// For one of these passkeys; none where there are none.
    pub fn one_of(visit: &Visit, purpose: Purpose, of: &str, passkeys: &[Passkey]) -> Result<Option<Self>> {
        let Some(site) = Site::of(&visit.portal.config.base_url).filter(|_| !passkeys.is_empty()) else {
            return Ok(None);
        };
        let options =
            json!({ "rpId": site.id, "userVerification": "preferred", "allowCredentials": known(passkeys) });
        Self::make(visit, purpose, of, options).map(Some)
    }

    /// For a new passkey, on an authenticator that holds none of these.
    fn new_one(who: &SignedIn, passkeys: &[Passkey]) -> Result<Self> {
        let (site, person) = (service::site(&who.portal)?, &who.actor().person);
        let kinds: Vec<Value> = ALGORITHMS
            .iter()
            .map(|kind| json!({ "type": "public-key", "alg": kind }))
            .collect();
        let options = json!({
            "rp": { "id": site.id, "name": who.portal.config.edition.to_string() },
            "user": {
                "id": passkeys::handle(person.id),
                "name": person.email.as_str(),
                "displayName": person.name,
            },
            "pubKeyCredParams": kinds,
            "excludeCredentials": known(passkeys),
            "authenticatorSelection": { "residentKey": "preferred", "userVerification": "preferred" },
            "attestation": "none",
        });
        Self::make(who, Purpose::Add, &session_of(who)?, options)
    }
}

fn known(passkeys: &[Passkey]) -> Vec<Value> {
    passkeys
        .iter()
        .map(|one| json!({ "type": "public-key", "id": one.credential_id, "transports": one.transports() }))
        .collect()
}

/// To whose session a question belongs.
pub(super) fn session_of(who: &SignedIn) -> Result<String> {
    match &who.actor().via {
        Via::Session { id, .. } => Ok(format!("{} {id}", who.actor().person.id)),
        Via::Client { .. } => Err(Error::NotFound),
    }
}

pub(super) async fn passkeys_of(visit: &Visit, person: PersonId) -> Result<Vec<Passkey>> {
    visit.portal.db.read(move |r| passkeys::of(r, person)).await
}

/// Said where the page's script has sent nothing.
pub(super) const NO_SCRIPT: &str =
    "A passkey needs JavaScript in this browser. The other ways work without it.";

#[derive(Template)]
#[template(path = "identity/add_passkey.html")]
struct AddView {
    shell: Shell,
    form: FormState,
    tabs: Vec<Tab>,
    ask: Ask,
    next: String,
}

async fn add_view(who: &SignedIn, form: FormState, next: &str) -> Result<AddView> {
    let passkeys = passkeys_of(who, who.actor().person.id).await?;
    let mut shell = own_shell(who, "Add a passkey");
    shell.error_title = form.has_problems();
    Ok(AddView {
        shell,
        form,
        tabs: own_tabs(HERE),
        ask: Ask::new_one(who, &passkeys)?,
        next: next.to_owned(),
    })
}

fn first_form(who: &SignedIn) -> FormState {
    form::fresh().with_value("name", agent_words(&who.agent))
}

/// Who has a second factor shows it first.
async fn show_add(who: SignedIn) -> Answer {
    service::site(&who.portal)?;
    let id = who.actor().person.id;
    if who.portal.db.read(move |r| second_factor::is_set(r, id)).await? {
        return show_dialog(&who, Dialog::AddPasskey).await;
    }
    service::fresh(who.actor(), who.portal.clock.wall())?;
    let next = query_value(&who, "next");
    page(&add_view(&who, first_form(&who), &next).await?)
}

async fn prove(who: SignedIn, posted: Posted<Proving>) -> Answer {
    if let Some(refused) = unproved(&who, &posted, Dialog::AddPasskey).await? {
        return Ok(refused);
    }
    // No redirect: that it was proved is known to this answer alone.
    page(&add_view(&who, first_form(&who), "").await?)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Adding {
    name: String,
    asked: String,
    #[serde(default)]
    passkey: String,
    #[serde(default)]
    next: String,
}

/// Keeps the passkey that the page's script has had made; what comes of it is as [`service::add_passkey`] says.
async fn keep(
    who: &SignedIn,
    asked: Asked,
    answer: NewAnswer,
    name: Name,
    (codes, cookie): (RecoveryCodes, String),
) -> Result<std::result::Result<bool, Wrong>> {
    let site = service::site(&who.portal)?;
    let new = New {
        id: PasskeyId::new(),
        person: who.actor().person.id,
        name,
    };
    does(who, move |tx, caller, actor| {
        let answered = (&asked, &answer);
        service::add_passkey(tx, caller, &site, actor, answered, &new, (&codes, &cookie))
    })
    .await
}

/// The form again. A passkey that was made is not made once more: the question stays then, and its answer with it.
async fn add_again(who: &SignedIn, posted: &Posted<Adding>, problems: &Problems) -> Result<AddView> {
    let typed = &posted.value;
    let is_made = passkeys::parse::<NewAnswer>(&typed.passkey).is_ok();
    let form = posted.again(problems);
    let form = if is_made { form } else { form.without("passkey") };
    let mut shown = add_view(who, form, &typed.next).await?;
    if is_made {
        shown.ask.asked.clone_from(&typed.asked);
    }
    Ok(shown)
}

async fn add(who: SignedIn, posted: Posted<Adding>) -> Answer {
    let typed = &posted.value;
    let (wall, of) = (who.portal.clock.wall(), session_of(&who)?);
    let Some(asked) = Asked::open(&who.portal.signing, wall, Purpose::Add, &of, &typed.asked) else {
        let says = "The passkey was asked for too long ago. Begin again.";
        return Ok(who.see_other(ADD, Flash::new(FlashKind::Warn, says.to_owned())));
    };
    let mut problems = Problems::default();
    let name = problems.take("name", Name::parse(&typed.name, "Name"));
    let answer = passkeys::parse::<NewAnswer>(&typed.passkey);
    if typed.passkey.is_empty() {
        problems.add("", NO_SCRIPT);
    } else if let Err(wrong) = &answer {
        problems.add("", wrong.says());
    }
    let (Some(name), Ok(answer), true) = (name, answer, problems.is_empty()) else {
        return page_with(422, &add_again(&who, &posted, &problems).await?);
    };
    let (codes, cookie) = (RecoveryCodes::make(), token::random());
    let kept = keep(&who, asked, answer, name.clone(), (codes.clone(), cookie.clone())).await?;
    match kept {
        Ok(true) => show_codes(&who, &codes, &typed.next, &cookie).await,
        Ok(false) => {
            let says = format!("The passkey {name} lets you in from now on.");
            let mut response = who.see_other(HERE, Flash::new(FlashKind::Ok, says));
            reply::set_cookie(&mut response, session::COOKIE, &cookie, None);
            Ok(response)
        }
        Err(wrong) => {
            problems.add("", wrong.says());
            let form = posted.again(&problems).without("passkey");
            page_with(422, &add_view(&who, form, &typed.next).await?)
        }
    }
}

/// The passkey of an address, which is one of one's own.
async fn chosen(who: &SignedIn, id: PasskeyId) -> Result<Passkey> {
    let all = passkeys_of(who, who.actor().person.id).await?;
    all.into_iter().find(|one| one.id == id).ok_or(Error::NotFound)
}

async fn show_remove(who: SignedIn, id: PathPart<PasskeyId>) -> Answer {
    show_dialog(&who, Dialog::RemovePasskey(Box::new(chosen(&who, id.0).await?))).await
}

async fn remove(who: SignedIn, id: PathPart<PasskeyId>, posted: Posted<Proving>) -> Answer {
    let passkey = chosen(&who, id.0).await?;
    let proof = match proof_of(&who, &posted.value).await? {
        Ok(proof) => proof,
        Err(problems) => {
            return not_yet(&who, &posted, &problems, Dialog::RemovePasskey(Box::new(passkey))).await;
        }
    };
    let (portal, cookie, id) = (who.portal.clone(), token::random(), passkey.id);
    let new = cookie.clone();
    let done = does(&who, move |tx, caller, actor| {
        service::remove_passkey(tx, caller, &portal, actor, (&proof, id), &new)
    })
    .await?;
    match done {
        Ok(removed) => {
            let says = format!(
                "The passkey {} is removed. All other sessions have ended and all API clients were revoked.",
                removed.name
            );
            let mut response = who.see_other(HERE, Flash::new(FlashKind::Ok, says));
            reply::set_cookie(&mut response, session::COOKIE, &cookie, None);
            Ok(response)
        }
        Err(missed) => {
            not_yet(
                &who,
                &posted,
                &missed.into(),
                Dialog::RemovePasskey(Box::new(passkey)),
            )
            .await
        }
    }
}
