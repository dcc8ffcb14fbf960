//! The letters of this room: about an account that is taken out of use or into use, and about its domain.

use super::changes;
use super::model::{DomainChangeState, SmartAccount};
use super::store;
use crate::authn::people::{self, Person};
use crate::authz::{Role, grants};
use crate::error::{Error, Result};
use crate::platform::db::Read;
use crate::platform::mail::{Desk, Envelope, Letter, Letters, Tell};

/// To the administrators: the account is Inactive.
pub const DEACTIVATED: &str = "smart-accounts.deactivated";
/// To the administrators: the account is Active again.
pub const REACTIVATED: &str = "smart-accounts.reactivated";
/// To Domain approvers: another Account Domain Identifier to look at.
pub const DOMAIN_ASKED: &str = "smart-accounts.domain-asked";
/// To whoever asked: what came of it.
pub const DOMAIN_OUTCOME: &str = "smart-accounts.domain-outcome";
/// To the other administrators: the account has another Account Domain Identifier.
pub const DOMAIN_CHANGED: &str = "smart-accounts.domain-changed";

const ALL: &[(&str, Tell)] = &[
    (DEACTIVATED, deactivated),
    (REACTIVATED, reactivated),
    (DOMAIN_ASKED, domain_asked),
    (DOMAIN_OUTCOME, domain_outcome),
    (DOMAIN_CHANGED, domain_changed),
];

/// Adds them to the portal's letters.
pub fn register(letters: &mut Letters) {
    letters.add_told(ALL);
}

fn account_of(read: &mut Read<'_>, envelope: &Envelope) -> Result<SmartAccount> {
    let id = envelope.about_id.parse().map_err(|_| Error::NotFound)?;
    store::find(read, id)
}

fn properties(desk: &Desk, account: &SmartAccount) -> (&'static str, String) {
    let page = desk.page(&format!("/sa/{}/account", account.number));
    ("View Smart Account properties", page)
}

fn facts(account: &SmartAccount) -> Vec<(&'static str, String)> {
    vec![
        ("Smart Account Name", account.name.clone()),
        ("Account Domain Identifier", account.domain.clone()),
        ("Smart Account ID", account.number.to_string()),
    ]
}

fn deactivated(read: &mut Read<'_>, desk: &Desk, envelope: &Envelope) -> Result<Option<Letter>> {
    let account = account_of(read, envelope)?;
    Ok(Some(Letter {
        steps: Vec::new(),
        subject: format!("The Smart Account {} was deactivated", account.name),
        heading: "A Smart Account was deactivated".to_owned(),
        opening: vec![
            format!("{} deactivated the Smart Account {}.", envelope.extra("by"), account.name),
            "Its people can open and read it. Nothing in it can be changed, on pages or through the API, and no order can be assigned to it.".to_owned(),
        ],
        facts: facts(&account),
        quotes: vec![("Reason", envelope.extra("reason"))],
        button: Some(properties(desk, &account)),
        closing: vec!["As a Smart Account Administrator you can reactivate it under Smart Account properties.".to_owned()],
    }))
}

fn reactivated(read: &mut Read<'_>, desk: &Desk, envelope: &Envelope) -> Result<Option<Letter>> {
    let account = account_of(read, envelope)?;
    Ok(Some(Letter {
        subject: format!("The Smart Account {} is Active again", account.name),
        heading: "A Smart Account was reactivated".to_owned(),
        opening: vec![format!(
            "{} reactivated the Smart Account {}. It can be used as before.",
            envelope.extra("by"),
            account.name
        )],
        facts: facts(&account),
        quotes: vec![("Reason", envelope.extra("reason"))],
        button: Some(properties(desk, &account)),
        ..Letter::default()
    }))
}

fn domain_asked(read: &mut Read<'_>, desk: &Desk, envelope: &Envelope) -> Result<Option<Letter>> {
    let (change, account) = changes::find_change(read, &envelope.about_id)?;
    if change.state != DomainChangeState::Pending {
        return Ok(None);
    }
    let requester = people::find(read, change.requested_by)?.label();
    let mut opening = vec![format!(
        "{requester} wants to change the Account Domain Identifier of the Smart Account {}. It needs your approval:",
        account.name
    )];
    opening.extend(change.why().iter().map(|reason| reason.label().to_owned()));
    let mut quotes = Vec::new();
    if !change.note.is_empty() {
        quotes.push(("Note to the approver", change.note.clone()));
    }
    Ok(Some(Letter {
        steps: Vec::new(),
        subject: format!(
            "Account Domain Identifier to approve: {} instead of {}",
            change.to, change.from
        ),
        heading: "A change of an Account Domain Identifier to approve".to_owned(),
        opening,
        facts: vec![
            ("Smart Account Name", account.name),
            ("Present identifier", change.from),
            ("New identifier", change.to),
            ("Requested by", requester),
        ],
        quotes,
        button: Some((
            "View the domain change",
            desk.page(&format!("/domain-changes/{}", change.id)),
        )),
        closing: vec!["Until it is decided, the present identifier stays.".to_owned()],
    }))
}

fn domain_outcome(read: &mut Read<'_>, desk: &Desk, envelope: &Envelope) -> Result<Option<Letter>> {
    let (change, account) = changes::find_change(read, &envelope.about_id)?;
    let approved = match change.state {
        DomainChangeState::Approved => true,
        DomainChangeState::Denied => false,
        DomainChangeState::Pending | DomainChangeState::Withdrawn => return Ok(None),
    };
    let (did, now) = if approved {
        ("approved", change.to.clone())
    } else {
        ("denied", change.from.clone())
    };
    let mut quotes = Vec::new();
    if !change.reason.is_empty() {
        quotes.push(("Deny reason", change.reason.clone()));
    }
    Ok(Some(Letter {
        subject: format!("The Account Domain Identifier {} was {did}", change.to),
        heading: format!("Your change of the Account Domain Identifier was {did}"),
        opening: vec![format!(
            "The Account Domain Identifier of the Smart Account {} is {now}.",
            account.name
        )],
        facts: vec![
            ("Smart Account Name", account.name.clone()),
            ("Asked for", change.to),
        ],
        quotes,
        button: Some(properties(desk, &account)),
        ..Letter::default()
    }))
}

/// The Approvers whose addresses are not in a domain, if there are any.
fn outside(read: &mut Read<'_>, account: &SmartAccount, domain: &str) -> Result<Option<String>> {
    let approvers: Vec<_> = grants::holders_in(read, &[account.id], Role::AccountApprover)?
        .iter()
        .map(|grant| grant.person)
        .collect();
    let mut labels: Vec<String> = people::find_all(read, &approvers)?
        .iter()
        .filter(|person| person.email.domain() != domain)
        .map(Person::label)
        .collect();
    labels.sort();
    Ok((!labels.is_empty()).then(|| labels.join(", ")))
}

fn domain_changed(read: &mut Read<'_>, desk: &Desk, envelope: &Envelope) -> Result<Option<Letter>> {
    let account = account_of(read, envelope)?;
    let (from, to) = (envelope.extra("from"), envelope.extra("to"));
    let closing = outside(read, &account, &to)?.map(|who| {
        format!(
            "Smart Account Approver with an address outside {to}: {who}. The role is kept; once it is taken away, it is not given to such an address again."
        )
    });
    Ok(Some(Letter {
        closing: closing.into_iter().collect(),
        subject: format!("The Account Domain Identifier of {} is now {to}", account.name),
        heading: "The Account Domain Identifier was changed".to_owned(),
        opening: vec![format!(
            "The Account Domain Identifier of the Smart Account {} is now {to} instead of {from}. Suppliers use it when they place orders for you: tell them.",
            account.name
        )],
        facts: facts(&account),
        button: Some(properties(desk, &account)),
        ..Letter::default()
    }))
}
