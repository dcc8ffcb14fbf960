//! The letters of this room. All say what they have to say through one [`Letter`], so that both faces of a
//! letter, plain and laid out, always say the same.

use super::groups;
use super::model::Scope;
use super::service::Place;
use crate::authn::people::Person;
use crate::authz::Role;
use crate::error::{Error, Result};
use crate::kernel::{Moment, Who};
use crate::platform::db::{Read, Reads, Tx};
use crate::platform::mail::{self, Desk, Envelope, Letter, Letters, Tell};
use crate::platform::settings;
use crate::smart_accounts::{self, SmartAccount};
use serde_json::json;

/// To somebody who was given a role.
pub const GIVEN: &str = "members.given";
/// M8, to somebody who was removed, when the box was ticked.
pub const REMOVED: &str = "members.removed";
/// A message to everybody in a user group.
pub const GROUP_MESSAGE: &str = "members.group-message";
/// M9, to the administrators of another Smart Account: a user group asks to be let in.
pub const GROUP_ASKED: &str = "members.group-asked";
/// To who asked: what came of it.
pub const GROUP_ANSWERED: &str = "members.group-answered";

const ALL: &[(&str, Tell)] = &[
    (GIVEN, given),
    (REMOVED, removed),
    (GROUP_MESSAGE, group_message),
    (GROUP_ASKED, group_asked),
    (GROUP_ANSWERED, group_answered),
];

/// Adds them to the portal's letters.
pub fn register(letters: &mut Letters) {
    letters.add_told(ALL);
}

fn account(read: &mut dyn Reads, envelope: &Envelope) -> Result<SmartAccount> {
    let id = envelope.about_id.parse().map_err(|_| Error::NotFound)?;
    smart_accounts::find(read, id)
}

/// So many Virtual Accounts are named; the page has all of them.
const NAMED: usize = 10;

/// Tells somebody with a user account which role they were given.
pub fn tell_given(
    tx: &mut Tx<'_>,
    at: Moment,
    place: &Place,
    person: &Person,
    scope: &Scope,
    role: Role,
    who: &Who,
) -> Result<()> {
    let mut names: Vec<&str> = scope
        .places()
        .iter()
        .flatten()
        .filter_map(|id| place.names.get(id))
        .map(String::as_str)
        .collect();
    names.sort_unstable();
    let more = names.len().saturating_sub(NAMED);
    let mut places = names.iter().take(NAMED).copied().collect::<Vec<_>>().join(", ");
    if more > 0 {
        places.push_str(&format!(", {more} more"));
    }
    let extra = json!({ "role": role.label_in(place.edition), "scope": place.edition.words(scope.label()), "places": places, "by": who.label });
    mail::post(
        tx,
        at,
        GIVEN,
        place.account.as_str(),
        &extra,
        &person.name,
        &person.email,
    )
    .map(drop)
}

fn given(read: &mut Read<'_>, desk: &Desk, envelope: &Envelope) -> Result<Option<Letter>> {
    let account = account(read, envelope)?;
    let mut facts = vec![
        ("Smart Account", account.name.clone()),
        ("Account Domain Identifier", account.domain),
        ("User role", envelope.extra("role")),
        ("Scope of access", envelope.extra("scope")),
    ];
    let places = envelope.extra("places");
    if !places.is_empty() {
        facts.push(("Virtual Accounts", places));
    }
    Ok(Some(Letter {
        subject: format!("You have access to the Smart Account {}", account.name),
        heading: format!("You have access to {}", account.name),
        opening: vec![format!("{} has given you a role.", envelope.extra("by"))],
        facts,
        button: Some((
            "Open the Smart Account",
            desk.page(&format!("/sa/{}", account.number)),
        )),
        ..Letter::default()
    }))
}

/// M8: tells somebody that they were removed.
pub fn tell_removed(
    tx: &mut Tx<'_>,
    at: Moment,
    account: &SmartAccount,
    person: &Person,
    who: &Who,
) -> Result<()> {
    mail::post(
        tx,
        at,
        REMOVED,
        account.id.as_str(),
        &json!({ "by": who.label }),
        &person.name,
        &person.email,
    )
    .map(drop)
}

fn removed(read: &mut Read<'_>, desk: &Desk, envelope: &Envelope) -> Result<Option<Letter>> {
    let account = account(read, envelope)?;
    Ok(Some(Letter {
        subject: format!("You were removed from the Smart Account {}", account.name),
        heading: format!("You were removed from {}", account.name),
        opening: vec![format!(
            "{} has removed you from the Smart Account {}. The roles that you held there have ended.",
            envelope.extra("by"),
            account.name
        )],
        facts: vec![
            ("Smart Account", account.name),
            ("Account Domain Identifier", account.domain),
        ],
        button: Some((
            "Your Smart and Virtual Account access",
            desk.page(settings::edition(read)?.directory()),
        )),
        closing: vec![
            "If you still need access, request it there, or write to an administrator of the Smart Account."
                .to_owned(),
        ],
        ..Letter::default()
    }))
}

fn group_message(read: &mut Read<'_>, _: &Desk, envelope: &Envelope) -> Result<Option<Letter>> {
    let account = account(read, envelope)?;
    Ok(Some(Letter {
        subject: envelope.extra("subject"),
        heading: envelope.extra("subject"),
        opening: vec![format!(
            "{} writes to everybody in the user group {} of the Smart Account {}:",
            envelope.extra("by"),
            envelope.extra("group"),
            account.name
        )],
        quotes: vec![("Message", envelope.extra("text"))],
        ..Letter::default()
    }))
}

/// M9, as long as the request waits.
fn group_asked(read: &mut Read<'_>, desk: &Desk, envelope: &Envelope) -> Result<Option<Letter>> {
    let id = envelope.about_id.parse().map_err(|_| Error::NotFound)?;
    let Some(asked) = groups::asked_in_a_letter(read, id)? else {
        return Ok(None);
    };
    let quotes = if asked.request.note.is_empty() {
        Vec::new()
    } else {
        vec![("Note", asked.request.note.clone())]
    };
    Ok(Some(Letter {
        subject: format!(
            "A user group of {} requests access to {} ({})",
            asked.owner.name, asked.target.name, asked.request.lookup_id
        ),
        heading: "A user group requests access".to_owned(),
        opening: vec![format!(
            "{} asks for access of the user group {} of {} to your Smart Account {}.",
            asked.asker.label(),
            asked.group,
            asked.owner.name,
            asked.target.name
        )],
        facts: vec![
            ("Request lookup ID", asked.request.lookup_id.clone()),
            ("User group", asked.group.clone()),
            (
                "Owned by",
                format!("{} ({})", asked.owner.name, asked.owner.domain),
            ),
            ("People in it", asked.people.to_string()),
            ("Requested on", asked.request.asked_at.words()),
        ],
        quotes,
        steps: vec![
            "Open User Groups of your Smart Account.".to_owned(),
            "Choose More Actions, then Grant Smart Account access to external user group.".to_owned(),
            "Enter the request lookup ID, choose scope and role, and grant or decline.".to_owned(),
        ],
        button: Some((
            "Look at the request",
            desk.page(&format!(
                "/sa/{}/account/user-groups/external?lookup={}",
                asked.target.number, asked.request.lookup_id
            )),
        )),
        closing: vec![
            "If you do not know this group, decline the request. Nobody has access before you grant it."
                .to_owned(),
        ],
    }))
}

fn group_answered(read: &mut Read<'_>, desk: &Desk, envelope: &Envelope) -> Result<Option<Letter>> {
    let id = envelope.about_id.parse().map_err(|_| Error::NotFound)?;
    let asked = groups::whole_request(read, id)?;
    let what = envelope.extra("what");
    Ok(Some(Letter {
        subject: format!("Access of {} to {}: {what}", asked.group, asked.target.name),
        heading: format!("Access {what}"),
        opening: vec![format!(
            "The access of the user group {} to the Smart Account {} was {what} by {}.",
            asked.group,
            asked.target.name,
            envelope.extra("by")
        )],
        facts: vec![("Request lookup ID", asked.request.lookup_id.clone())],
        button: Some((
            "Open the user group",
            desk.page(&format!(
                "/sa/{}/account/user-groups/{}",
                asked.owner.number, asked.request.group
            )),
        )),
        ..Letter::default()
    }))
}
