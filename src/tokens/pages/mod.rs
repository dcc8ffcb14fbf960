//! The pages of registration tokens: the tab General of a Virtual Account, "Token Management", and the pop-ups that
//! both of them show over their list.

mod general;
mod generate;
mod management;

use super::list::{LIST, Row};
use super::model::State;
use super::operations::does;
use super::service::{self, Showing};
use crate::authn::Person;
use crate::authz::action::{ManageTokens, ViewInventory};
use crate::authz::{Action, Permit};
use crate::error::{Error, Result};
use crate::http::form::{Named, PathPart};
use crate::http::menu::Item;
use crate::http::reply::attachment;
use crate::http::{Answer, FormState, May, NoFields, Posted, Routes, Visit, reason, see_other};
use crate::kernel::ids::{RegistrationTokenId, VirtualAccountId};
use crate::members;
use crate::platform::db::Reads;
use crate::platform::token;
use std::collections::HashMap;

/// Where "Token Management" stands; `{said}` is the account's number.
pub const MANAGEMENT: &str = "/sa/{said}/devices/token-management";
/// Where the tokens of one Virtual Account stand.
const INVENTORY: &str = "/sa/{said}/licensing/inventory/{va}/tokens";
/// How long texts are shown after they were asked for: as long as a page is loaded again.
const SHOWN_FOR: i64 = 300;

/// The pages, and their place in the menu.
pub fn routes(routes: &mut Routes) {
    routes.get("/sa/{said}/licensing/inventory/{va}/general", general::show);
    routes.get(&format!("{INVENTORY}/new"), general::show_new);
    routes.post(&format!("{INVENTORY}/new"), general::create);

    LIST.pages(routes, management::list);
    routes.get(&format!("{MANAGEMENT}/generate"), generate::disclaimer);
    routes.get(&format!("{MANAGEMENT}/generate/accounts"), generate::accounts);
    routes.post(&format!("{MANAGEMENT}/generate/accounts"), generate::choose);
    routes.get(&format!("{MANAGEMENT}/generate/review"), generate::review);
    routes.post(&format!("{MANAGEMENT}/generate/review"), generate::generate);
    routes.get(&format!("{MANAGEMENT}/generate/done"), generate::done);
    routes.get(&format!("{MANAGEMENT}/generate/done.txt"), generate::file);

    for base in [INVENTORY, MANAGEMENT] {
        let one = format!("{base}/{{registration}}");
        routes.get(&format!("{one}/copy"), copy);
        routes.post(&format!("{one}/copy"), show_text);
        routes.get(&format!("{one}/download"), download);
        routes.post(&format!("{one}/download"), send_text);
        routes.get(&format!("{one}/revoke"), revoke_dialog);
        routes.post(&format!("{one}/revoke"), revoke);
    }

    routes.menu(Item {
        section: "Devices",
        group: Some("Device Connections"),
        label: Some("Token Management"),
        path: MANAGEMENT,
        action: Action::ViewInventory,
    });
}

impl Named for RegistrationTokenId {
    const NAME: &'static str = "registration";
}

/// On which of the two pages one is.
#[derive(Debug, Clone, Copy)]
pub enum Over {
    /// The tab General of this Virtual Account.
    Inventory(VirtualAccountId),
    /// "Token Management".
    Management,
}

impl Over {
    /// The page of an address. A Virtual Account that cannot be read names nothing.
    fn of(visit: &Visit, place: Option<PathPart<VirtualAccountId>>) -> Result<Self> {
        match place {
            Some(place) => Ok(Self::Inventory(place.0)),
            None if visit.path.contains("/licensing/inventory/") => Err(Error::NotFound),
            None => Ok(Self::Management),
        }
    }
    /// Its address.
    fn page(self, visit: &Visit) -> String {
        let number = visit.number();
        match self {
            Self::Inventory(place) => format!("/sa/{number}/licensing/inventory/{place}/general"),
            Self::Management => format!("/sa/{number}/devices/token-management"),
        }
    }
    /// The address under which its tokens stand.
    fn base(self, visit: &Visit) -> String {
        let number = visit.number();
        match self {
            Self::Inventory(place) => format!("/sa/{number}/licensing/inventory/{place}/tokens"),
            Self::Management => format!("/sa/{number}/devices/token-management"),
        }
    }
}

/// A line of a list of tokens.
pub struct Line {
    row: Row,
    /// The beginning of its text, for those who may have it.
    short: Option<String>,
    /// Why one cannot manage it.
    against: Option<String>,
    /// "3 of 25".
    used: String,
}

impl std::ops::Deref for Line {
    type Target = Row;
    fn deref(&self) -> &Row {
        &self.row
    }
}

impl Line {
    fn of(visit: &Visit, row: Row, administrators: &[Person]) -> Self {
        let place = Some(row.token.virtual_account);
        let against = reason::against(visit, Action::ManageTokens, place, administrators);
        // An Inactive account is read, and its tokens open nothing; their texts are nobody's business then.
        Self {
            short: against
                .is_none()
                .then(|| service::short_text(&visit.portal.signing, &row.token)),
            against,
            used: service::used_words(&row.token),
            row,
        }
    }
    /// The badge of its state.
    fn kind(&self) -> &'static str {
        match self.state {
            State::Active => "ok",
            State::Expired | State::Exhausted => "",
            State::Revoked => "bad",
        }
    }
    /// Why its text is not shown, or it cannot be revoked; "" when it can.
    fn off(&self) -> &str {
        match &self.against {
            Some(says) => says,
            None => self.state.because(),
        }
    }
    /// Who made it, without the address.
    fn creator(&self) -> &str {
        self.token
            .creator
            .split_once(" (")
            .map_or(self.token.creator.as_str(), |(name, _)| name)
    }
    fn name(&self) -> String {
        if self.token.description.is_empty() {
            format!("of {}", self.place)
        } else {
            format!("\u{201c}{}\u{201d}", self.token.description)
        }
    }
}

/// What stands over a list.
pub enum Dialog {
    /// "Create Registration Token", for the Virtual Account of this name.
    New(FormState, String),
    /// "Token generation disclaimer".
    Disclaimer,
    /// Before a text is shown: that is written down.
    Ask(Box<Line>),
    /// A text, and the proof under which it is shown a little longer.
    Text(Box<Line>, String, String),
    /// "Revoke registration token?".
    Revoke(Box<Line>),
}

impl Dialog {
    fn title(&self) -> &'static str {
        match self {
            Self::New(..) => "Create Registration Token",
            Self::Disclaimer => "Token generation disclaimer",
            Self::Ask(_) | Self::Text(..) => "Copy registration token",
            Self::Revoke(_) => "Revoke registration token?",
        }
    }
    fn has_problems(&self) -> bool {
        matches!(self, Self::New(form, _) if form.has_problems())
    }
}

/// Who may do what one may not.
fn administrators(read: &mut dyn Reads, view: &Permit<ViewInventory>) -> Result<Vec<Person>> {
    members::administrators_of(read, view.within().account()?)
}

/// The page below, with this over it.
async fn page_below(
    visit: &Visit,
    view: &Permit<ViewInventory>,
    over: Over,
    dialog: Option<Dialog>,
    status: u16,
) -> Answer {
    match over {
        Over::Inventory(place) => general::general(visit, view, place, dialog, status).await,
        Over::Management => management::management(visit, view, dialog, status).await,
    }
}

// Showing texts -------------------------------------------------------------------------------------------------

/// The proof that this person's look at these texts is in the record: good for some minutes, for them alone. So the
/// page can be loaded again, and looking at it changes nothing.
fn proof(visit: &Visit, ids: &[RegistrationTokenId]) -> String {
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
fn proven(visit: &Visit, ids: &[RegistrationTokenId]) -> Option<String> {
    let shown = url::form_urlencoded::parse(visit.query.as_bytes())
        .find(|(key, _)| key == "shown")
        .map(|(_, value)| value.into_owned())?;
    let (until, seal) = shown.split_once('.')?;
    let is_in_time = until.parse::<i64>().ok()? > visit.portal.clock.wall().utc().timestamp();
    (is_in_time && token::same(seal, &proof_seal(visit, ids, until))).then(|| shown.clone())
}

/// The token of an address, for somebody who may manage it, as a line of the list would show it.
async fn line_of(
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

async fn record_showing(
    may: &May<ManageTokens>,
    over: Over,
    id: RegistrationTokenId,
    how: Showing,
) -> Result<String> {
    let view = may.also::<ViewInventory>().await?;
    line_of(may, &view, over, id).await?;
    does(may, move |tx, rights, at| {
        service::show(tx, rights, at, &[id], how)
    })
    .await?;
    Ok(proof(may, &[id]))
}

/// POST …/{registration}/copy
async fn show_text(
    may: May<ManageTokens>,
    place: Option<PathPart<VirtualAccountId>>,
    id: PathPart<RegistrationTokenId>,
    _: Posted<NoFields>,
) -> Answer {
    let over = Over::of(&may, place)?;
    let proof = record_showing(&may, over, id.0, Showing::Page).await?;
    see_other(&format!("{}/{}/copy?shown={proof}", over.base(&may), id.0))
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

fn file_name(visit: &Visit, what: &str) -> String {
    visit.file_name(what).replace(".csv", ".txt")
}

/// POST …/{registration}/download
async fn send_text(
    may: May<ManageTokens>,
    place: Option<PathPart<VirtualAccountId>>,
    id: PathPart<RegistrationTokenId>,
    _: Posted<NoFields>,
) -> Answer {
    let over = Over::of(&may, place)?;
    let proof = record_showing(&may, over, id.0, Showing::File).await?;
    see_other(&format!("{}/{}/download?shown={proof}", over.base(&may), id.0))
}

// Revoke --------------------------------------------------------------------------------------------------------

/// GET …/{registration}/revoke
async fn revoke_dialog(
    may: May<ManageTokens>,
    place: Option<PathPart<VirtualAccountId>>,
    id: PathPart<RegistrationTokenId>,
) -> Answer {
    let (over, view) = (Over::of(&may, place)?, may.also::<ViewInventory>().await?);
    let line = line_of(&may, &view, over, id.0).await?;
    page_below(&may, &view, over, Some(Dialog::Revoke(Box::new(line))), 200).await
}

/// POST …/{registration}/revoke
async fn revoke(
    may: May<ManageTokens>,
    place: Option<PathPart<VirtualAccountId>>,
    id: PathPart<RegistrationTokenId>,
    _: Posted<NoFields>,
) -> Answer {
    let (over, view) = (Over::of(&may, place)?, may.also::<ViewInventory>().await?);
    let line = line_of(&may, &view, over, id.0).await?;
    does(&may, move |tx, rights, at| service::revoke(tx, rights, at, id.0)).await?;
    let says = format!(
        "The registration token {} is revoked: nothing can be registered with it any more.",
        line.name()
    );
    may.done(&over.page(&may), says)
}
