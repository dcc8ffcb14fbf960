//! What is done with user groups, once for pages and scripts.

use super::model::{self, DESCRIPTION, MESSAGE, NOTE, Request};
use super::service::{self, Asking};
use crate::authz::action::ManageGroups;
use crate::error::{Error, Problems, Result};
use crate::http::May;
use crate::http::form::Named;
use crate::kernel::ids::{GroupRequestId, UserGroupId};
use crate::kernel::{DomainIdentifier, Name, pasted, text};
use crate::platform::db::OnceKey;
use crate::platform::token;
use serde::Deserialize;
use utoipa::ToSchema;

/// A request lookup ID in an address.
pub struct Lookup(pub String);

impl std::str::FromStr for Lookup {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        let text = pasted::code(text).to_ascii_uppercase();
        let known = text.len() == 13
            && text.starts_with("UGR-")
            && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
        known.then_some(Self(text)).ok_or(())
    }
}

impl Named for Lookup {
    const NAME: &'static str = "lookup";
}

/// A message.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GroupMessage {
    #[schema(min_length = 1, max_length = 100)]
    pub subject: String,
    #[schema(min_length = 1, max_length = 2_000)]
    pub message: String,
}

/// Name and description, checked.
pub fn read_named(name: &str, description: &str) -> Result<(Name, String), Problems> {
    let mut problems = Problems::default();
    let name = problems.take("name", Name::parse(name, "Name"));
    let description = problems.take("description", text::note(description, "Description", DESCRIPTION));
    match (name, description) {
        (Some(name), Some(description)) => Ok((name, description)),
        _ => Err(problems),
    }
}

/// Changes name and description, from a page or from a script.
pub async fn edit_now(
    may: &May<ManageGroups>,
    id: UserGroupId,
    version: i64,
    name: &str,
    description: &str,
) -> Result<()> {
    let (name, description) = read_named(name, description).map_err(Error::Invalid)?;
    may.does(move |tx, permit, at| service::edit(tx, permit, at, id, version, &name, &description))
        .await
}

/// Sends a message, from a page or from a script. Answers with how many are told.
pub async fn message_now(
    may: &May<ManageGroups>,
    id: UserGroupId,
    asked: &GroupMessage,
    once: Option<OnceKey>,
) -> Result<usize> {
    let mut problems = Problems::default();
    let subject = problems.take("subject", Name::parse(&asked.subject, "Subject"));
    let message = problems.take("message", text::note(&asked.message, "Message", MESSAGE));
    if message.as_ref().is_some_and(String::is_empty) {
        problems.add("message", "Enter a message.");
    }
    let (Some(subject), Some(words), true) = (subject, message, problems.is_empty()) else {
        return Err(Error::Invalid(problems));
    };
    may.does(move |tx, permit, at| {
        service::message(tx, permit, at, id, subject.as_str(), &words, once.as_ref())
    })
    .await
}

/// Asks another account for access, from a page or from a script.
pub async fn ask_now(may: &May<ManageGroups>, id: UserGroupId, domain: &str, note: &str) -> Result<Request> {
    let mut problems = Problems::default();
    let domain = problems.take("domain", DomainIdentifier::parse(domain));
    let note = problems.take("note", text::note(note, "Note", NOTE));
    let (Some(domain), Some(note)) = (domain, note) else {
        return Err(Error::Invalid(problems));
    };
    let asking = Asking {
        id: GroupRequestId::new(),
        lookup_id: model::lookup_id(token::random_bytes()),
        domain,
        note,
    };
    may.does(move |tx, permit, at| service::ask(tx, permit, at, id, &asking))
        .await
}
