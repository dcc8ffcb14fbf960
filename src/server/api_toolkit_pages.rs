//! Admin Workspace, API Toolkit: whether the API answers, and everybody's API clients.

use super::service;
use crate::authn::api_client::{self, Client};
use crate::authn::{Person, people};
use crate::authz::action::ConfigureServer;
use crate::error::{Error, Result};
use crate::http::form::PathPart;
use crate::http::{Answer, Flash, FlashKind, May, NoFields, Posted, Routes, Shell, Visit, page};
use crate::identity::ClientId;
use crate::platform::settings;
use askama::Template;
use serde::Deserialize;

const HERE: &str = "/admin/api";
/// How many clients are listed.
const MOST: i64 = 500;

pub fn routes(routes: &mut Routes) {
    routes.get("/admin/api", show);
    routes.post("/admin/api/switch", switch);
    routes.get("/admin/api/clients/{client}/revoke", show_revoke);
    routes.post("/admin/api/clients/{client}/revoke", revoke);
}

/// A client, and whose it is.
struct Owned {
    client: Client,
    owner: Person,
}

#[derive(Template)]
#[template(path = "server/api.html")]
struct ApiPage {
    shell: Shell,
    is_on: bool,
    base_url: String,
    clients: Vec<Owned>,
    /// The client that is to be revoked.
    dialog: Option<Client>,
}

async fn view(visit: &Visit, revoked: Option<&str>) -> Result<ApiPage> {
    let (is_on, clients) = visit
        .portal
        .db
        .read(|r| {
            let living = api_client::all_living(r, MOST)?;
            let ids: Vec<_> = living.iter().map(|(person, _)| *person).collect();
            let owners = people::find_all(r, &ids)?;
            let clients: Vec<Owned> = living
                .into_iter()
                .filter_map(|(person, client)| {
                    let owner = owners.iter().find(|owner| owner.id == person)?.clone();
                    Some(Owned { client, owner })
                })
                .collect();
            Ok((settings::api_is_on(r)?, clients))
        })
        .await?;
    let dialog = match revoked {
        None => None,
        Some(id) => Some(
            clients
                .iter()
                .find(|one| one.client.id == id)
                .ok_or(Error::NotFound)?
                .client
                .clone(),
        ),
    };
    let mut shell = super::shell(visit, "API Toolkit");
    if dialog.is_some() {
        shell = shell.with_dialog("Revoke API client?");
    }
    Ok(ApiPage {
        shell,
        is_on,
        base_url: visit.portal.config.base_url.clone(),
        clients,
        dialog,
    })
}

/// GET /admin/api
async fn show(may: May<ConfigureServer>) -> Answer {
    page(&view(&may, None).await?)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Switch {
    state: String,
}

/// POST /admin/api/switch
async fn switch(may: May<ConfigureServer>, posted: Posted<Switch>) -> Answer {
    let on = match posted.value.state.as_str() {
        "on" => true,
        "off" => false,
        _ => return Err(Error::BadRequest("The state is on or off.".into())),
    };
    may.does(move |tx, permit, at| service::switch_api(tx, permit, at, on))
        .await?;
    let text = if on {
        "The API of this server answers."
    } else {
        "The API of this server is switched off: every request is answered with 403 and the code api-off."
    };
    Ok(may.see_other(HERE, Flash::new(FlashKind::Ok, text)))
}

/// GET /admin/api/clients/{client}/revoke
async fn show_revoke(may: May<ConfigureServer>, client: PathPart<ClientId>) -> Answer {
    page(&view(&may, Some(&client.0.0)).await?)
}

/// POST /admin/api/clients/{client}/revoke
async fn revoke(may: May<ConfigureServer>, client: PathPart<ClientId>, _posted: Posted<NoFields>) -> Answer {
    let id = client.0.0;
    may.does(move |tx, permit, at| service::revoke(tx, permit, at, &id))
        .await?;
    Ok(may.see_other(
        HERE,
        Flash::new(
            FlashKind::Ok,
            "The API client is revoked. Its access tokens no longer work.",
        ),
    ))
}
