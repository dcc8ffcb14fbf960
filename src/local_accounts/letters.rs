//! The letters of this room: to the System Administrators about a request, and to whoever asked about what came of it. All
//! that a letter says travels with it: the account may be gone when it is written.

use super::model::LocalAccount;
use crate::authn::PlatformRole;
use crate::authn::people::{self, Person};
use crate::error::Result;
use crate::kernel::{EmailAddress, Moment, Who};
use crate::platform::db::{Read, Tx};
use crate::platform::mail::{self, Desk, Envelope, Letter, Letters, Tell};
use serde_json::json;

/// To the System Administrators: an account was asked for.
pub const REQUESTED: &str = "local-accounts.requested";
/// To the requester: it is Active.
pub const APPROVED: &str = "local-accounts.approved";
/// To the requester: it was rejected, and why.
pub const REJECTED: &str = "local-accounts.rejected";
/// To the requester: it was deactivated, and why.
pub const DEACTIVATED: &str = "local-accounts.deactivated";

const ALL: &[(&str, Tell)] = &[
    (REQUESTED, requested),
    (APPROVED, approved),
    (REJECTED, rejected),
    (DEACTIVATED, deactivated),
];

/// Adds them to the portal's letters.
pub fn register(letters: &mut Letters) {
    letters.add_told(ALL);
}

fn extra(account: &LocalAccount, who: &Who, reason: &str) -> serde_json::Value {
    json!({
        "number": account.number.to_string(),
        "name": account.name,
        "smart_account": account.smart_account,
        "virtual_account": account.virtual_account,
        "by": who.label,
        "reason": reason,
    })
}

/// Tells every System Administrator of a request.
pub fn tell_administrators(tx: &mut Tx<'_>, at: Moment, account: &LocalAccount, who: &Who) -> Result<()> {
    let extra = extra(account, who, "");
    for person in people::with_platform_role(tx, PlatformRole::SystemAdministrator)? {
        mail::post(
            tx,
            at,
            REQUESTED,
            account.id.as_str(),
            &extra,
            &person.name,
            &person.email,
        )?;
    }
    Ok(())
}

/// Tells the requester, and the "Email for Notification" when that is another address.
pub fn tell_requester(
    tx: &mut Tx<'_>,
    at: Moment,
    letter: &'static str,
    account: &LocalAccount,
    who: &Who,
    reason: &str,
) -> Result<()> {
    let extra = extra(account, who, reason);
    let requester: Option<Person> = account.requested_by.map(|id| people::find(tx, id)).transpose()?;
    let other = EmailAddress::parse(&account.email).ok().filter(|email| {
        requester
            .as_ref()
            .is_none_or(|person| person.email.key() != email.key())
    });
    let to = requester
        .map(|person| (person.name, person.email))
        .into_iter()
        .chain(other.map(|email| (String::new(), email)));
    for (name, email) in to {
        mail::post(tx, at, letter, account.id.as_str(), &extra, &name, &email)?;
    }
    Ok(())
}

fn facts(envelope: &Envelope) -> Vec<(&'static str, String)> {
    vec![
        ("Account Name", envelope.extra("name")),
        ("Cisco Smart Account", envelope.extra("smart_account")),
        ("Cisco Virtual Account", envelope.extra("virtual_account")),
    ]
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "writers of letters may fail; these only read the envelope"
)]
fn requested(_: &mut Read<'_>, desk: &Desk, envelope: &Envelope) -> Result<Option<Letter>> {
    let name = envelope.extra("name");
    Ok(Some(Letter {
        subject: format!("On-Prem account requested: {name}"),
        heading: "An On-Prem account waits for approval".to_owned(),
        opening: vec![format!(
            "{} asked for the On-Prem account {name}. A System Administrator approves and registers it, or rejects it.",
            envelope.extra("by")
        )],
        facts: facts(envelope),
        button: Some(("View Accounts Requests", desk.page("/admin/accounts/requests"))),
        ..Letter::default()
    }))
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "writers of letters may fail; these only read the envelope"
)]
fn approved(_: &mut Read<'_>, desk: &Desk, envelope: &Envelope) -> Result<Option<Letter>> {
    let name = envelope.extra("name");
    Ok(Some(Letter {
        subject: format!("The On-Prem account {name} is Active"),
        heading: "Your On-Prem account was approved and registered".to_owned(),
        opening: vec![
            format!("{} registered the On-Prem account {name} with the cloud. You are its Local Account Administrator.", envelope.extra("by")),
            "Next: synchronize it to get its licenses, generate a token, and register your product instances at this server.".to_owned(),
        ],
        facts: facts(envelope),
        button: Some(("Open the On-Prem account", desk.page(&format!("/sa/{}", envelope.extra("number"))))),
        ..Letter::default()
    }))
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "writers of letters may fail; these only read the envelope"
)]
fn rejected(_: &mut Read<'_>, desk: &Desk, envelope: &Envelope) -> Result<Option<Letter>> {
    let name = envelope.extra("name");
    Ok(Some(Letter {
        subject: format!("The On-Prem account {name} was rejected"),
        heading: "Your request for an On-Prem account was rejected".to_owned(),
        opening: vec![format!(
            "{} rejected your request for the On-Prem account {name}.",
            envelope.extra("by")
        )],
        facts: facts(envelope),
        quotes: vec![("Reason", envelope.extra("reason"))],
        button: Some(("Request another account", desk.page("/on-prem-accounts/new"))),
        ..Letter::default()
    }))
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "writers of letters may fail; these only read the envelope"
)]
fn deactivated(_: &mut Read<'_>, desk: &Desk, envelope: &Envelope) -> Result<Option<Letter>> {
    let name = envelope.extra("name");
    Ok(Some(Letter {
        subject: format!("The On-Prem account {name} was deactivated"),
        heading: "Your On-Prem account was deactivated".to_owned(),
        opening: vec![
            format!("{} deactivated the On-Prem account {name}.", envelope.extra("by")),
            "It can be read, and nothing in it can be changed until a System Administrator activates it."
                .to_owned(),
        ],
        facts: facts(envelope),
        quotes: vec![("Reason", envelope.extra("reason"))],
        button: Some(("Open the On-Prem accounts", desk.page("/on-prem-accounts"))),
        ..Letter::default()
    }))
}
