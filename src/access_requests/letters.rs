//! The letters of this room (M7). All say what they have to say through one [`Letter`], so that both faces of
//! a letter, plain and laid out, always say the same.

use super::model::{AccessRequest, AccessState, Place, wanted};
use super::{service, store};
use crate::authn::people;
use crate::authz::delegation;
use crate::authz::links::{self, Purpose};
use crate::error::{Error, Result};
use crate::platform::db::{Read, Reads};
use crate::platform::mail::{Desk, Envelope, Letter, Letters, Tell};
use crate::smart_accounts::{self, SmartAccount};

/// To those who can decide: somebody asks for access, with a link of their own.
pub const ASKED: &str = "access-requests.asked";
/// To the same, when nobody has decided for a while.
pub const REMINDER: &str = "access-requests.reminder";
/// To the requester: it was sent.
pub const RECEIVED: &str = "access-requests.received";
/// To the requester: what came of it.
pub const OUTCOME: &str = "access-requests.outcome";
/// To somebody who stands in for another.
pub const DELEGATED: &str = "access-requests.delegated";

/// Adds them to the portal's letters.
pub fn register(letters: &mut Letters) {
    letters.add_told(ALL);
}

const ALL: &[(&str, Tell)] = &[
    (ASKED, asked),
    (REMINDER, asked),
    (RECEIVED, received),
    (OUTCOME, outcome),
    (DELEGATED, delegated),
];

/// What nearly every letter speaks of.
struct Matter {
    request: AccessRequest,
    account: SmartAccount,
    /// Name and address of the requester.
    requester: String,
    /// "Virtual Account User of A, B".
    wanted: String,
}

impl Matter {
    fn of(read: &mut dyn Reads, envelope: &Envelope) -> Result<Self> {
        let id = envelope.about_id.parse().map_err(|_| Error::NotFound)?;
        let request = store::find(read, id)?;
        let places: Vec<Place> = service::places(read, &request, super::model::Part::Asked)?;
        Ok(Self {
            account: smart_accounts::find(read, request.account)?,
            requester: people::find(read, request.requester)?.label(),
            wanted: wanted(request.role, request.scope, &places),
            request,
        })
    }
    fn facts(&self) -> Vec<(&'static str, String)> {
        vec![
            ("Smart Account name", self.account.name.clone()),
            ("Domain identifier", self.account.domain.clone()),
            ("Requested by", self.requester.clone()),
            ("Requested access", self.wanted.clone()),
            ("Requested on", self.request.sent_at.words()),
            ("Reference", self.request.reference.clone()),
        ]
    }
    fn note(&self) -> Vec<(&'static str, String)> {
        if self.request.note.is_empty() {
            Vec::new()
        } else {
            vec![("Note to the administrators", self.request.note.clone())]
        }
    }
    fn page(&self, desk: &Desk) -> String {
        desk.page(&format!("/access/requests/{}", self.request.id))
    }
}

fn asked(read: &mut Read<'_>, desk: &Desk, envelope: &Envelope) -> Result<Option<Letter>> {
    let matter = Matter::of(read, envelope)?;
    if !matter.request.is_open(desk.now) {
        return Ok(None);
    }
    let Some(id) = envelope
        .extra
        .get("link")
        .and_then(serde_json::Value::as_str)
        .and_then(|text| text.parse().ok())
    else {
        return Ok(None);
    };
    let link = links::find(read, id)?;
    if !link.is_open(desk.now) {
        return Ok(None);
    }
    let address = desk.link(
        Purpose::DecideAccess.word(),
        link.id.as_str(),
        "/ar/",
        link.expires_at,
    )?;
    let again = if envelope.letter == REMINDER {
        "Reminder: "
    } else {
        ""
    };
    Ok(Some(Letter {
        subject: format!(
            "{again}Access request to {}: {} ({})",
            matter.account.name, matter.requester, matter.request.reference
        ),
        heading: "An access request waits for your decision".to_owned(),
        opening: vec![format!(
            "{} has requested access to {}.",
            matter.requester, matter.account.name
        )],
        facts: matter.facts(),
        quotes: matter.note(),
        button: Some(("View the access request", address)),
        closing: vec![format!(
            "The link is yours alone and works until {}. Opening it decides nothing: you sign in, read the request, and approve or decline it. Scope and role may differ from what was requested.",
            matter.request.expires_at.words()
        )],
        ..Letter::default()
    }))
}

fn received(read: &mut Read<'_>, desk: &Desk, envelope: &Envelope) -> Result<Option<Letter>> {
    let matter = Matter::of(read, envelope)?;
    if matter.request.state != AccessState::Pending {
        return Ok(None);
    }
    Ok(Some(Letter {
        subject: format!(
            "Your access request to {} was sent ({})",
            matter.account.name, matter.request.reference
        ),
        heading: "Your access request was sent".to_owned(),
        opening: vec![format!(
            "You have requested access to {}. Its administrators were told by email, and you are told when they have decided.",
            matter.account.name
        )],
        facts: matter.facts(),
        quotes: matter.note(),
        button: Some(("View your request", matter.page(desk))),
        closing: vec![format!(
            "You can withdraw the request on its page. It expires on {} if nobody decides it.",
            matter.request.expires_at.words()
        )],
        ..Letter::default()
    }))
}

fn outcome(read: &mut Read<'_>, desk: &Desk, envelope: &Envelope) -> Result<Option<Letter>> {
    let matter = Matter::of(read, envelope)?;
    let name = &matter.account.name;
    let says = service::outcome(read, &matter.request)?;
    let open = (
        "Open the Smart Account",
        desk.page(&format!("/sa/{}", matter.account.number)),
    );
    let view = ("View your request", matter.page(desk));
    let (word, heading, more, button) = match matter.request.state {
        AccessState::Approved | AccessState::AutoApproved => (
            "Approved",
            "Your access request was approved",
            "You can open the Smart Account now.".to_owned(),
            open,
        ),
        AccessState::Declined | AccessState::AutoDeclined => (
            "Declined",
            "Your access request was declined",
            format!("If you need access to {name} all the same, write to its administrators."),
            view,
        ),
        AccessState::Expired => (
            "Expired",
            "Your access request has expired",
            "You can send a new request, or write to the administrators of the account.".to_owned(),
            view,
        ),
        AccessState::Superseded => (
            "Superseded",
            "You were given access in another way",
            "Your request needs no decision any more. You can open the Smart Account now.".to_owned(),
            open,
        ),
        AccessState::Pending | AccessState::Withdrawn => return Ok(None),
    };
    let quotes = if matter.request.reason.is_empty() {
        Vec::new()
    } else {
        vec![("Reason", matter.request.reason.clone())]
    };
    Ok(Some(Letter {
        subject: format!(
            "{word}: your access request to {name} ({})",
            matter.request.reference
        ),
        heading: heading.to_owned(),
        opening: vec![says, more],
        facts: matter.facts(),
        quotes,
        button: Some(button),
        ..Letter::default()
    }))
}

fn delegated(read: &mut Read<'_>, desk: &Desk, envelope: &Envelope) -> Result<Option<Letter>> {
    let id = envelope.about_id.parse().map_err(|_| Error::NotFound)?;
    let account = envelope
        .extra
        .get("account")
        .and_then(serde_json::Value::as_str)
        .and_then(|text| text.parse().ok())
        .ok_or(Error::NotFound)?;
    let found = delegation::find(read, account, id)?;
    if found.ended_at.is_some() || found.ends_at <= desk.now {
        return Ok(None);
    }
    let account = smart_accounts::find(read, account)?;
    let from = people::find(read, found.from)?.label();
    Ok(Some(Letter {
        subject: format!("You decide access requests of {} for {from}", account.name),
        heading: "You decide access requests on somebody\u{2019}s behalf".to_owned(),
        opening: vec![format!(
            "{from} is away and has named you as delegate for the access requests of {}. Letters about new requests go to you too, and you can decide them within the rights of {from}. Each decision is recorded as made by you on their behalf.",
            account.name
        )],
        facts: vec![
            ("Smart Account name", account.name.clone()),
            ("From", found.starts_at.words()),
            ("Until", found.ends_at.words()),
        ],
        button: Some((
            "Pending Access Requests",
            desk.page(&format!("/sa/{}/account/requests", account.number)),
        )),
        ..Letter::default()
    }))
}
