//! Switches the recorder, and carries a request out again.

use crate::authn::api_client;
use crate::authz::Permit;
use crate::authz::action::Operate;
use crate::error::{Error, Result};
use crate::http::recorder::{Body, Exchange, REPLAY, Replayed, answer_body};
use crate::http::widgets::counted;
use crate::http::{Portal, Surface};
use crate::kernel::{Event, Kind};
use crate::platform::db::off_the_loop;
use crate::platform::portal_calls;
use std::time::Duration;
use tokio::sync::Semaphore;

/// What the record calls them.
const ABOUT: &str = "requests";
/// So long an answer may take.
const PATIENCE: Duration = Duration::from_mins(1);

/// One at a time: a request that is carried out again needs the same threads as the one that asks for it.
static TURN: Semaphore = Semaphore::const_new(1);

fn in_lab(portal: &Portal) -> Result<()> {
    if portal.config.is_lab() {
        Ok(())
    } else {
        Err(Error::NotFound)
    }
}

/// What is kept, the newest first; of one client or of all.
pub fn list(portal: &Portal, client: &str) -> Result<Vec<Exchange>> {
    in_lab(portal)?;
    let mut kept = portal.lab.recorder.list();
    kept.retain(|one| client.is_empty() || one.client == client);
    Ok(kept)
}

/// One of them.
pub fn find(portal: &Portal, number: u64) -> Result<Exchange> {
    in_lab(portal)?;
    portal.lab.recorder.find(number).ok_or(Error::NotFound)
}

/// Keeps requests from now on, of all clients or of one, or no longer.
pub async fn switch(portal: &Portal, permit: &Permit<Operate>, is_on: bool, client: &str) -> Result<()> {
    in_lab(portal)?;
    let client = client.trim();
    if client.chars().count() > 100 {
        return Err(Error::invalid("client", "Use at most 100 characters."));
    }
    let words = match (is_on, client) {
        (true, "") => "Requests of all API clients are kept.".to_owned(),
        (true, client) => format!("Requests of the API client {client} are kept."),
        (false, _) => "Requests of API clients are kept no longer.".to_owned(),
    };
    record(portal, permit, words).await?;
    if is_on {
        let only = (!client.is_empty()).then(|| client.to_owned());
        portal.lab.recorder.switch_on(only);
    } else {
        portal.lab.recorder.switch_off();
    }
    Ok(())
}

/// Forgets what is kept; says how much it was.
pub async fn forget(portal: &Portal, permit: &Permit<Operate>) -> Result<u64> {
    in_lab(portal)?;
    let gone = portal.lab.recorder.forget() as u64;
    let words = format!(
        "{} forgotten.",
        counted(gone, "kept request was", "kept requests were")
    );
    record(portal, permit, words).await?;
    Ok(gone)
}

async fn record(portal: &Portal, permit: &Permit<Operate>, words: String) -> Result<()> {
    let (who, now) = (permit.who().clone(), portal.clock.now());
    let event = Event::new(Kind::LabRequests, ABOUT, words);
    portal.db.write(move |tx| tx.record(now, &who, &event, ())).await
}

/// Carries one out again: as its client would, with what the client may now.
pub async fn replay(portal: &Portal, permit: &Permit<Operate>, number: u64) -> Result<Exchange> {
    let one = find(portal, number)?;
    if let Some(why) = one.against_replay() {
        return Err(not_replayable(why));
    }
    let path = one.target.split('?').next().unwrap_or_default();
    let as_vendor = Surface::of(path) != Surface::Api;
    let (signing, wall, client) = (portal.signing.clone(), portal.clock.wall(), one.client.clone());
    let access = portal
        .db
        .read(move |r| api_client::token_for(r, &signing, wall, &client, as_vendor))
        .await?
        .ok_or_else(|| not_replayable("Its API client is no more."))?;
    let _turn = TURN.acquire().await.map_err(Error::internal)?;
    let words = format!(
        "The request {} {} of the API client {} was carried out again.",
        one.method, path, one.client
    );
    record(portal, permit, words).await?;
    let (base, key, sent) = (
        portal.config.base_url.clone(),
        portal.lab.recorder.replay_key().to_owned(),
        one.clone(),
    );
    let (status, answer) = off_the_loop(move || {
        call(&base, &key, &access, &sent)
            .map_err(|why| Error::refused("lab.replay-failed", format!("The portal was not reached: {why}")))
    })
    .await?;
    let replayed = Replayed {
        at: portal.clock.wall(),
        status,
        answer,
    };
    portal.lab.recorder.keep_replay(number, replayed.clone());
    Ok(Exchange {
        replayed: Some(replayed),
        ..one
    })
}

fn not_replayable(why: &'static str) -> Error {
    Error::refused("lab.not-replayable", why)
}

fn call(base: &str, key: &str, access: &str, one: &Exchange) -> std::result::Result<(u16, Body), String> {
    let agent = portal_calls::agent(PATIENCE)?.build().new_agent();
    let mut request = ureq::http::Request::builder()
        .method(one.method.as_str())
        .uri(format!("{base}{}", one.target))
        .header("authorization", format!("Bearer {access}"))
        .header(REPLAY, key);
    if !one.kind.is_empty() {
        request = request.header("content-type", one.kind.as_str());
    }
    let says = |e: &dyn std::fmt::Display| e.to_string();
    let answered = match one.body.text() {
        "" => agent.run(request.body(()).map_err(|e| says(&e))?),
        text => agent.run(request.body(text.to_owned()).map_err(|e| says(&e))?),
    };
    let mut answered = answered.map_err(|e| says(&e))?;
    let status = answered.status().as_u16();
    let kind = answered.headers().get("content-type");
    let kind = kind
        .and_then(|kind| kind.to_str().ok())
        .unwrap_or_default()
        .to_owned();
    let bytes = answered.body_mut().read_to_vec().map_err(|e| says(&e))?;
    Ok((status, answer_body(&bytes, &kind)))
}
