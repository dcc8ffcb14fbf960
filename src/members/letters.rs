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
use crate::platform::mail::{self, Desk, Envelope, Letters, Writer, Written};
use crate::smart_accounts::{self, SmartAccount};
use askama::Template;
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

type Write = fn(&mut Read<'_>, &Desk, &Envelope) -> Result<Option<Letter>>;

const ALL: &[(&str, Write)] = &[
    (GIVEN, given),
    (REMOVED, removed),
    (GROUP_MESSAGE, group_message),
    (GROUP_ASKED, group_asked),
    (GROUP_ANSWERED, group_answered),
];

/// Adds them to the portal's letters.
pub fn register(letters: &mut Letters) {
    for (letter, write) in ALL {
        letters.add(Writing {
            letter,
            write: *write,
        });
    }
}

struct Writing {
    letter: &'static str,
    write: Write,
}

impl Writer for Writing {
    fn letter(&self) -> &'static str {
        self.letter
    }
    fn write(&self, read: &mut Read<'_>, desk: &Desk, envelope: &Envelope) -> Result<Option<Written>> {
        let Some(letter) = (self.write)(read, desk, envelope)? else {
            return Ok(None);
        };
        let greeting = format!("Hello {},", envelope.to_name);
        let html = Html {
            subject: letter.subject.clone(),
            greeting: &greeting,
            letter: &letter,
        };
        let text = Plain {
            greeting: &greeting,
            letter: &letter,
        };
        Ok(Some(Written {
            text: text.render().map_err(Error::internal)?,
            html: html.render().map_err(Error::internal)?,
            subject: letter.subject,
        }))
    }
}

/// What a letter says, in the order in which it says it.
#[derive(Debug, Default)]
pub struct Letter {
    subject: String,
    heading: String,
    opening: Vec<String>,
    facts: Vec<(&'static str, String)>,
    /// Somebody's own words, with what they are.
    quotes: Vec<(&'static str, String)>,
    steps: Vec<String>,
    button: Option<(&'static str, String)>,
    closing: Vec<String>,
}

#[derive(Template)]
#[template(path = "letters/members/letter.html")]
struct Html<'a> {
    subject: String,
    greeting: &'a str,
    letter: &'a Letter,
}

#[derive(Template)]
#[template(path = "letters/members/letter.txt", escape = "none")]
struct Plain<'a> {
    greeting: &'a str,
    letter: &'a Letter,
}

fn extra(envelope: &Envelope, name: &str) -> String {
    envelope
        .extra
        .get(name)
        .and_then(serde_json::Value::as_str)
        .unwrap_or_default()
        .to_owned()
}

fn account(read: &mut impl Reads, envelope: &Envelope) -> Result<SmartAccount> {
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
    let extra = json!({ "role": role.label(), "scope": scope.label(), "places": places, "by": who.label });
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
        ("User role", extra(envelope, "role")),
        ("Scope of access", extra(envelope, "scope")),
    ];
    let places = extra(envelope, "places");
    if !places.is_empty() {
        facts.push(("Virtual Accounts", places));
    }
    Ok(Some(Letter {
        subject: format!("You have access to the Smart Account {}", account.name),
        heading: format!("You have access to {}", account.name),
        opening: vec![format!("{} has given you a role.", extra(envelope, "by"))],
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
            extra(envelope, "by"),
            account.name
        )],
        facts: vec![
            ("Smart Account", account.name),
            ("Account Domain Identifier", account.domain),
        ],
        button: Some(("Your Smart and Virtual Account access", desk.page("/access"))),
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
        subject: extra(envelope, "subject"),
        heading: extra(envelope, "subject"),
        opening: vec![format!(
            "{} writes to everybody in the user group {} of the Smart Account {}:",
            extra(envelope, "by"),
            extra(envelope, "group"),
            account.name
        )],
        quotes: vec![("Message", extra(envelope, "text"))],
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
    let what = extra(envelope, "what");
    Ok(Some(Letter {
        subject: format!("Access of {} to {}: {what}", asked.group, asked.target.name),
        heading: format!("Access {what}"),
        opening: vec![format!(
            "The access of the user group {} to the Smart Account {} was {what} by {}.",
            asked.group,
            asked.target.name,
            extra(envelope, "by")
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
