//! What is done with requests for a Smart Account, once for pages and scripts.

use super::model::{LONGEST_NOTE, Request};
use super::service::{self, Handing};
use crate::authn::Person;
use crate::authz::action::{ApproveDomain, DecideAccountRequest};
use crate::authz::{Does, Permit};
use crate::error::{Error, Problems, Result};
use crate::http::May;
use crate::http::form::Named;
use crate::kernel::ids::VirtualAccountId;
use crate::kernel::{EmailAddress, Moment, text};
use crate::platform::db::{Recorded, Tx};

/// How a request is called in an address.
pub struct Reference(pub String);

impl std::str::FromStr for Reference {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        let known = text.len() <= 30
            && text.starts_with("SAR-")
            && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
        known.then(|| Self(text.to_owned())).ok_or(())
    }
}

impl Named for Reference {
    const NAME: &'static str = "reference";
}

/// Writes what somebody has decided.
async fn decided<A: Does>(
    may: &May<A>,
    does: impl Fn(&mut Tx<'_>, &Permit<A>, &Person, Moment) -> Result<Recorded<Request>> + Send + 'static,
) -> Result<Request> {
    let person = may.permit.actor()?.person.clone();
    may.does(move |tx, permit, at| does(tx, permit, &person, at))
        .await
}

/// Approves, from a page or from a script.
pub async fn approve_now(may: &May<DecideAccountRequest>, reference: Reference) -> Result<Request> {
    let default = VirtualAccountId::new();
    decided(may, move |tx, permit, decider, at| {
        service::approve(tx, permit, decider, at, default, &reference.0)
    })
    .await
}

/// Approves a domain.
pub async fn approve_domain_now(may: &May<ApproveDomain>, reference: Reference) -> Result<Request> {
    decided(may, move |tx, permit, approver, at| {
        service::approve_domain(tx, permit, approver, at, &reference.0)
    })
    .await
}

/// Denies.
pub async fn deny_now(
    may: &May<DecideAccountRequest>,
    reference: Reference,
    reason: String,
) -> Result<Request> {
    decided(may, move |tx, permit, decider, at| {
        service::deny(tx, permit, decider, at, &reference.0, &reason)
    })
    .await
}

/// Hands on to another approver.
pub async fn forward_now(
    may: &May<DecideAccountRequest>,
    reference: Reference,
    ids: Handing,
    to: EmailAddress,
    note: String,
) -> Result<Request> {
    decided(may, move |tx, permit, decider, at| {
        service::forward(tx, permit, decider, at, ids, &reference.0, &to, &note)
    })
    .await
}

/// Takes back.
pub async fn withdraw_now(may: &May<DecideAccountRequest>, reference: Reference) -> Result<Request> {
    decided(may, move |tx, permit, requester, at| {
        service::withdraw(tx, permit, requester, at, &reference.0)
    })
    .await
}

/// A reason must be given.
pub fn deny_reason(typed: &str) -> Result<String> {
    let mut problems = Problems::default();
    let reason = problems.take(
        "reason",
        text::note(typed, "Deny reason", LONGEST_NOTE).and_then(|reason| {
            if reason.is_empty() {
                Err("Enter a deny reason.".to_owned())
            } else {
                Ok(reason)
            }
        }),
    );
    problems.or_ok()?;
    Ok(reason.unwrap_or_default())
}

/// To whom a request is handed on, and a note.
pub fn next_approver(email: &str, note: &str) -> Result<(EmailAddress, String)> {
    let mut problems = Problems::default();
    let email = problems.take("email", EmailAddress::parse(email));
    let note = problems.take("note", text::note(note, "Note", LONGEST_NOTE));
    match (email, note) {
        (Some(email), Some(note)) => Ok((email, note)),
        _ => Err(Error::Invalid(problems)),
    }
}
