//! Clients of the API: a person's keys for scripts.

use super::super::api::ClientId;
use super::super::operations::does;
use super::super::service::{self, NewClient};
use super::{own_shell, own_tabs};
use crate::authn::api_client::{self, Client};
use crate::error::{Problems, Result};
use crate::http::NoFields;
use crate::http::form::PathPart;
use crate::http::form_state::Choice;
use crate::http::widgets::Tab;
use crate::http::{
    Answer, Flash, FlashKind, FormState, Posted, Routes, Shell, SignedIn, form, page, page_with,
};
use crate::kernel::Name;
use crate::platform::token;
use askama::Template;
use serde::Deserialize;

pub fn routes(routes: &mut Routes) {
    routes.get("/profile/api", show);
    routes.get("/profile/api/new", show_new);
    routes.post("/profile/api/new", create);
    routes.get("/profile/api/{client}/revoke", show_revoke);
    routes.post("/profile/api/{client}/revoke", revoke);
}

/// What stands over the list.
enum Dialog {
    None,
    New,
    Revoke(Client),
}

#[derive(Template)]
#[template(path = "identity/api_access.html")]
struct ApiView {
    shell: Shell,
    form: FormState,
    tabs: Vec<Tab>,
    clients: Vec<Client>,
    dialog: Dialog,
    scopes: Vec<Choice>,
    subscriptions: Vec<Choice>,
    /// The client that was just made: its secret is shown this once.
    made: Option<NewClient>,
    base_url: String,
}

async fn view(who: &SignedIn, form: FormState, dialog: Dialog, made: Option<NewClient>) -> Result<ApiView> {
    let id = who.actor().person.id;
    let clients = who.portal.db.read(move |r| api_client::list(r, id)).await?;
    let mut shell = own_shell(who, "API access");
    shell = match &dialog {
        Dialog::None => shell,
        Dialog::New => shell.with_dialog("Create API client"),
        Dialog::Revoke(_) => shell.with_dialog("Revoke API client?"),
    };
    shell.error_title = form.has_problems();
    Ok(ApiView {
        shell,
        form,
        tabs: own_tabs("/profile/api"),
        clients,
        dialog,
        scopes: vec![
            Choice::new("read", "Read").note("Sees what you may see and changes nothing."),
            Choice::new("write", "Read and write").note("Does whatever your roles let you do."),
        ],
        subscriptions: vec![
            Choice::new("yes", "Yes").note("Scripts for the vendor's APIs are served."),
            Choice::new("no", "No").note(
                "They are told \u{201c}Invalid Client\u{201d}, as an application is before its subscription is approved.",
            ),
        ],
        made,
        base_url: who.portal.config.base_url.clone(),
    })
}

async fn show(who: SignedIn) -> Answer {
    page(&view(&who, form::fresh(), Dialog::None, None).await?)
}

async fn show_new(who: SignedIn) -> Answer {
    service::fresh(who.actor(), who.portal.clock.wall())?;
    let form = form::fresh()
        .with_value("scope", "read")
        .with_value("vendor", "yes");
    page(&view(&who, form, Dialog::New, None).await?)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct New {
    name: String,
    #[serde(default)]
    scope: String,
    /// A form from before there was a choice says nothing.
    #[serde(default)]
    vendor: String,
}

async fn create(who: SignedIn, posted: Posted<New>) -> Answer {
    service::fresh(who.actor(), who.portal.clock.wall())?;
    let mut problems = Problems::default();
    let name = problems.take("name", Name::parse(&posted.value.name, "Name"));
    let may_write = match posted.value.scope.as_str() {
        "read" => Some(false),
        "write" => Some(true),
        _ => {
            problems.add("scope", "Choose what the client may do.");
            None
        }
    };
    let vendor = match posted.value.vendor.as_str() {
        "" | "yes" => true,
        "no" => false,
        _ => {
            problems.add("vendor", "Choose whether the client is subscribed.");
            false
        }
    };
    let (Some(name), Some(write), true) = (name, may_write, problems.is_empty()) else {
        let again = view(&who, posted.again(&problems), Dialog::New, None).await?;
        return page_with(422, &again);
    };
    // The beginnings let people and scanners of source code see what they have found.
    let public: String = token::fingerprint(&token::random_bytes::<32>())
        .chars()
        .take(20)
        .collect();
    let new = NewClient {
        id: format!("lc-{public}"),
        secret: format!("lcs_{}", token::random()),
        name,
        scopes: api_client::Scopes { write, vendor },
    };
    let (once, for_tx) = (posted.once_key(&who), new.clone());
    let is_new = does(&who, move |tx, caller, actor| {
        service::add_client(tx, caller, &actor.person, once.as_ref(), &for_tx)
    })
    .await?;
    if !is_new {
        let flash = Flash {
            kind: FlashKind::Info,
            text: "This API client was created already, and its secret is shown only once. Create another one if you have not kept it.".to_owned(),
            link: None,
        };
        return Ok(who.see_other("/profile/api", flash));
    }
    // No redirect: the secret is known to this answer alone.
    page(&view(&who, form::fresh(), Dialog::None, Some(new)).await?)
}

async fn show_revoke(who: SignedIn, client: PathPart<ClientId>) -> Answer {
    service::fresh(who.actor(), who.portal.clock.wall())?;
    let (person, id) = (who.actor().person.id, client.0.0);
    let client = who
        .portal
        .db
        .read(move |r| service::client(r, person, &id))
        .await?;
    page(&view(&who, form::fresh(), Dialog::Revoke(client), None).await?)
}

async fn revoke(who: SignedIn, client: PathPart<ClientId>, _posted: Posted<NoFields>) -> Answer {
    service::fresh(who.actor(), who.portal.clock.wall())?;
    let id = client.0.0;
    does(&who, move |tx, caller, actor| {
        service::end_client(tx, caller, &actor.person, &id)
    })
    .await?;
    let flash = Flash {
        kind: FlashKind::Ok,
        text: "The API client is revoked. Its access tokens no longer work.".to_owned(),
        link: None,
    };
    Ok(who.see_other("/profile/api", flash))
}
