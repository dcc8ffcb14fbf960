//! The text of a token: copied, or as a file. Each look at it is in the record.

use super::super::list::Row;
use super::super::operations::does;
use super::super::service::{self, Showing};
use super::{Dialog, Line, Over, SHOWN_FOR, page_below};
use crate::authz::Permit;
use crate::authz::action::{ManageTokens, ViewInventory};
use crate::error::{Error, Result};
use crate::http::form::PathPart;
use crate::http::reply::attachment;
use crate::http::{Answer, May, NoFields, Posted, Routes, Visit, see_other};
use crate::kernel::ids::{RegistrationTokenId, VirtualAccountId};
use crate::members;
use crate::platform::token;
use std::collections::HashMap;

/// The addresses of one token.
pub(super) fn routes(routes: &mut Routes, one: &str) {
    routes.get(&format!("{one}/copy"), copy);
    routes.post(&format!("{one}/copy"), show_text);
    routes.get(&format!("{one}/download"), download);
    routes.post(&format!("{one}/download"), send_text);
}

/// The proof that this person's look at these texts is in the record: good for some minutes, for them alone. So the
/// page can be loaded again, and looking at it changes nothing.
pub fn proof(visit: &Visit, ids: &[RegistrationTokenId]) -> String {
    let until = visit.portal.clock.wall().utc().timestamp() + SHOWN_FOR;
    format!("{until}.{}", proof_seal(visit, ids, &until.to_string()))
}

fn proof_seal(visit: &Visit, ids: &[RegistrationTokenId], until: &str) -> String {
    let person = visit
        .actor
        .as_ref()
        .map_or_else(String::new, |actor| actor.person.id.to_string());
    let ids: Vec<&str> = ids.iter().map(RegistrationTokenId::as_str).collect();
    let text = format!("registration tokens shown {person} {until} {}", ids.join(" "));
    token::seal(&visit.portal.signing.seal_key, &text)
}

/// The proof in the address of a page, when it is good for these.
pub fn proven(visit: &Visit, ids: &[RegistrationTokenId]) -> Option<String> {
    let shown = url::form_urlencoded::parse(visit.query.as_bytes())
        .find(|(key, _)| key == "shown")
        .map(|(_, value)| value.into_owned())?;
    let (until, seal) = shown.split_once('.')?;
    let is_in_time = until.parse::<i64>().ok()? > visit.portal.clock.wall().utc().timestamp();
    (is_in_time && token::same(seal, &proof_seal(visit, ids, until))).then(|| shown.clone())
}

/// The token of an address, for somebody who may manage it, as a line of the list would show it.
pub(super) async fn line_of(
    may: &May<ManageTokens>,
    view: &Permit<ViewInventory>,
    over: Over,
    id: RegistrationTokenId,
) -> Result<Line> {
    let (view, now) = (view.clone(), may.portal.clock.now());
    let (row, administrators) = may
        .reads(move |r, manage| {
            let token = service::theirs(r, &view, manage, id)?;
            if matches!(over, Over::Inventory(place) if place != token.virtual_account) {
                return Err(Error::NotFound);
            }
            let names: HashMap<VirtualAccountId, String> = service::places(r, &view)?.into_iter().collect();
            let administrators = members::administrators_of(r, token.account)?;
            Ok((Row::of(token, &names, now), administrators))
        })
        .await?;
    Ok(Line::of(may, row, &administrators))
}

/// GET …/{registration}/copy: the text, once it is in the record that somebody looks at it.
async fn copy(
    may: May<ManageTokens>,
    place: Option<PathPart<VirtualAccountId>>,
    id: PathPart<RegistrationTokenId>,
) -> Answer {
    let (over, view) = (Over::of(&may, place)?, may.also::<ViewInventory>().await?);
    let line = line_of(&may, &view, over, id.0).await?;
    let dialog = match proven(&may, &[id.0]) {
        Some(proof) => {
            let text = service::revealed(&may.portal.signing, &line.token)?;
            Dialog::Text(Box::new(line), text, proof)
        }
        None => Dialog::Ask(Box::new(line)),
    };
    page_below(&may, &view, over, Some(dialog), 200).await
}

/// Records the look at a token's text, and leads to the page that shows it.
async fn record_showing(
    may: &May<ManageTokens>,
    place: Option<PathPart<VirtualAccountId>>,
    id: RegistrationTokenId,
    (how, page): (Showing, &str),
) -> Answer {
    let (over, view) = (Over::of(may, place)?, may.also::<ViewInventory>().await?);
    line_of(may, &view, over, id).await?;
    does(may, move |tx, rights, at| {
        service::show(tx, rights, at, &[id], how)
    })
    .await?;
    see_other(&format!(
        "{}/{id}/{page}?shown={}",
        over.base(may),
        proof(may, &[id])
    ))
}

/// POST …/{registration}/copy
async fn show_text(
    may: May<ManageTokens>,
    place: Option<PathPart<VirtualAccountId>>,
    id: PathPart<RegistrationTokenId>,
    _: Posted<NoFields>,
) -> Answer {
    record_showing(&may, place, id.0, (Showing::Page, "copy")).await
}

/// GET …/{registration}/download: the text as a file, under the same proof.
async fn download(
    may: May<ManageTokens>,
    place: Option<PathPart<VirtualAccountId>>,
    id: PathPart<RegistrationTokenId>,
) -> Answer {
    let (over, view) = (Over::of(&may, place)?, may.also::<ViewInventory>().await?);
    let line = line_of(&may, &view, over, id.0).await?;
    if proven(&may, &[id.0]).is_none() {
        return page_below(&may, &view, over, Some(Dialog::Ask(Box::new(line))), 200).await;
    }
    let text = service::revealed(&may.portal.signing, &line.token)?;
    Ok(attachment(
        "text/plain; charset=utf-8",
        &file_name(&may, &format!("token_{}", line.place)),
        format!("{text}\n"),
    ))
}

pub fn file_name(visit: &Visit, what: &str) -> String {
    visit.file_name(what).replace(".csv", ".txt")
}

/// POST …/{registration}/download
async fn send_text(
    may: May<ManageTokens>,
    place: Option<PathPart<VirtualAccountId>>,
    id: PathPart<RegistrationTokenId>,
    _: Posted<NoFields>,
) -> Answer {
    record_showing(&may, place, id.0, (Showing::File, "download")).await
}
