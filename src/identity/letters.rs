//! The letters of this room. Links are signed here, while a letter is written, and kept nowhere.

use crate::authn::{Person, PersonState, people};
use crate::authz::links::{self, Link};
use crate::error::{Error, Result};
use crate::kernel::Moment;
use crate::kernel::ids::LinkId;
use crate::platform::db::Read;
use crate::platform::mail::{Desk, Envelope, Letter, Letters, Writer, Written};
use askama::Template;

pub const PASSWORD_RESET: &str = "identity.password-reset";
pub const PASSWORD_CHANGED: &str = "identity.password-changed";
pub const INVITATION: &str = "identity.invitation";
pub const SECOND_FACTOR: &str = "identity.second-factor";
pub const PROVIDER_LINKED: &str = "identity.provider-linked";
pub const STATE: &str = "identity.state";

pub fn register(letters: &mut Letters) {
    letters.add(PasswordReset);
    letters.add(PasswordChanged);
    letters.add(Invitation);
    letters.add_told(&[
        (SECOND_FACTOR, second_factor),
        (PROVIDER_LINKED, provider_linked),
        (STATE, state),
    ]);
}

/// An account of the identity provider opens somebody's user account from now on.
fn provider_linked(read: &mut Read<'_>, desk: &Desk, envelope: &Envelope) -> Result<Option<Letter>> {
    let person = people::find(read, envelope.about_id.parse().map_err(|_| Error::NotFound)?)?;
    let name = envelope.extra("provider");
    Ok(Some(Letter {
        subject: format!("You can sign in with {name} from now on"),
        heading: format!("You can sign in with {name} from now on"),
        opening: vec![format!(
            "An account of {name} was linked to your user account: whoever signs in to it there is let in here as you."
        )],
        facts: vec![
            ("User account", person.email.to_string()),
            ("Identity provider", envelope.extra("issuer")),
            ("Account there", envelope.extra("account")),
            ("When", desk.now.words()),
        ],
        closing: vec![
            "If this was not you, set a new password at once, and tell whoever runs the portal: they can disable your user account."
                .to_owned(),
        ],
        button: Some(("Set a new password", desk.page("/password/forgot"))),
        ..Letter::default()
    }))
}

/// Whoever runs the portal has disabled somebody's user account, or enabled it again.
fn state(read: &mut Read<'_>, desk: &Desk, envelope: &Envelope) -> Result<Option<Letter>> {
    let person = people::find(read, envelope.about_id.parse().map_err(|_| Error::NotFound)?)?;
    let (heading, says) = if envelope.extra("state") == PersonState::Disabled.word() {
        (
            "Your user account was disabled",
            "You can no longer sign in. All your sessions have ended, your API clients were revoked, and links in letters to you no longer work.",
        )
    } else {
        (
            "Your user account was enabled",
            "You can sign in again as before. API clients that were revoked stay revoked.",
        )
    };
    Ok(Some(Letter {
        subject: heading.to_owned(),
        heading: heading.to_owned(),
        opening: vec![says.to_owned()],
        facts: vec![
            ("User account", person.email.to_string()),
            ("By", envelope.extra("by")),
            ("Reason", envelope.extra("why")),
            ("When", desk.now.words()),
        ]
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
        .collect(),
        closing: vec!["If you think that this is a mistake, ask whoever runs the portal.".to_owned()],
        ..Letter::default()
    }))
}

/// What became of somebody's second factor.
fn second_factor(read: &mut Read<'_>, desk: &Desk, envelope: &Envelope) -> Result<Option<Letter>> {
    let person = people::find(read, envelope.about_id.parse().map_err(|_| Error::NotFound)?)?;
    let (what, by, name) = (
        envelope.extra("what"),
        envelope.extra("by"),
        envelope.extra("name"),
    );
    let (heading, says) = match what.as_str() {
        "set" => (
            "Your second factor is set up",
            "From now on the portal asks for a code of your authenticator after your password. All other sessions have ended and all API clients were revoked.".to_owned(),
        ),
        "removed" if !by.is_empty() => (
            "Your second factor was removed",
            format!("{by} removed it. Your password alone lets you in until you set up another one. All sessions have ended and all API clients were revoked."),
        ),
        "removed" => (
            "Your second factor was removed",
            "Your password alone lets you in. All other sessions have ended and all API clients were revoked.".to_owned(),
        ),
        "passkey-first" => (
            "Your second factor is set up",
            format!("You added the passkey {name}. From now on the portal asks for it, or for a recovery code, after your password; it also lets you in without a password. All other sessions have ended and all API clients were revoked."),
        ),
        "passkey-added" => (
            "A passkey was added",
            format!("The passkey {name} lets you in from now on, with your password or without."),
        ),
        "passkey-removed" => (
            "A passkey was removed",
            format!("The passkey {name} no longer lets you in. All other sessions have ended and all API clients were revoked."),
        ),
        "passkey-copied" => (
            "A passkey was refused",
            format!("Somebody used the passkey {name}, and it counted backwards: there may be a copy of it. It was refused. Sign in another way and remove it."),
        ),
        "authenticator-removed" => (
            "Your authenticator was removed",
            "Its codes are no longer asked for; your passkeys and recovery codes stay. All other sessions have ended and all API clients were revoked.".to_owned(),
        ),
        "used" => (
            "A recovery code was used",
            format!("Somebody signed in with your password and a recovery code. {} of them are left.", envelope.extra("left")),
        ),
        _ => (
            "You have new recovery codes",
            "The old ones are no longer good.".to_owned(),
        ),
    };
    Ok(Some(Letter {
        subject: heading.to_owned(),
        heading: heading.to_owned(),
        opening: vec![says],
        facts: vec![
            ("User account", person.email.to_string()),
            ("When", desk.now.words()),
        ],
        closing: vec![
            "If this was not you, set a new password at once, and tell whoever runs the portal.".to_owned(),
        ],
        button: Some(("Set a new password", desk.page("/password/forgot"))),
        ..Letter::default()
    }))
}

/// What the letters speak of.
struct Facts {
    name: String,
    email: String,
    /// The signed link, or the page to go to.
    link: String,
    /// Until when the link works, or when it happened.
    at: String,
    by: String,
}

#[derive(Template)]
#[template(path = "letters/identity/password_reset.subject.txt")]
struct ResetSubject;
#[derive(Template)]
#[template(path = "letters/identity/password_reset.txt")]
struct ResetText<'a> {
    of: &'a Facts,
}
#[derive(Template)]
#[template(path = "letters/identity/password_reset.html")]
struct ResetHtml<'a> {
    subject: String,
    of: &'a Facts,
}

#[derive(Template)]
#[template(path = "letters/identity/password_changed.subject.txt")]
struct ChangedSubject;
#[derive(Template)]
#[template(path = "letters/identity/password_changed.txt")]
struct ChangedText<'a> {
    of: &'a Facts,
}
#[derive(Template)]
#[template(path = "letters/identity/password_changed.html")]
struct ChangedHtml<'a> {
    subject: String,
    of: &'a Facts,
}

#[derive(Template)]
#[template(path = "letters/identity/invitation.subject.txt")]
struct InvitationSubject;
#[derive(Template)]
#[template(path = "letters/identity/invitation.txt")]
struct InvitationText<'a> {
    of: &'a Facts,
}
#[derive(Template)]
#[template(path = "letters/identity/invitation.html")]
struct InvitationHtml<'a> {
    subject: String,
    of: &'a Facts,
}

fn words(template: &impl Template) -> Result<String> {
    template.render().map_err(Error::internal)
}

/// The open link that a letter carries, and whose it is; none when there is no longer a reason to send it.
fn open_link(
    read: &mut Read<'_>,
    desk: &Desk,
    envelope: &Envelope,
    state: PersonState,
) -> Result<Option<(Link, Person)>> {
    let id: LinkId = envelope.about_id.parse().map_err(|_| Error::NotFound)?;
    let link = links::find(read, id)?;
    let person = people::find(read, link.about_id.parse().map_err(|_| Error::NotFound)?)?;
    Ok((link.is_open(desk.now) && person.state == state).then_some((link, person)))
}

fn facts_of(desk: &Desk, link: &Link, person: &Person, path: &str, by: &str) -> Result<Facts> {
    Ok(Facts {
        name: person.name.clone(),
        email: person.email.to_string(),
        link: desk.link(link.purpose.word(), link.id.as_str(), path, link.expires_at)?,
        at: link.expires_at.words(),
        by: by.to_owned(),
    })
}

struct PasswordReset;
impl Writer for PasswordReset {
    fn letter(&self) -> &'static str {
        PASSWORD_RESET
    }
    fn write(&self, read: &mut Read<'_>, desk: &Desk, envelope: &Envelope) -> Result<Option<Written>> {
        let Some((link, person)) = open_link(read, desk, envelope, PersonState::Active)? else {
            return Ok(None);
        };
        let of = &facts_of(desk, &link, &person, "/password/reset/", "")?;
        let subject = words(&ResetSubject)?;
        Ok(Some(Written {
            text: words(&ResetText { of })?,
            html: words(&ResetHtml {
                subject: subject.clone(),
                of,
            })?,
            subject,
        }))
    }
}

struct PasswordChanged;
impl Writer for PasswordChanged {
    fn letter(&self) -> &'static str {
        PASSWORD_CHANGED
    }
    fn write(&self, read: &mut Read<'_>, desk: &Desk, envelope: &Envelope) -> Result<Option<Written>> {
        let person = people::find(read, envelope.about_id.parse().map_err(|_| Error::NotFound)?)?;
        let at = envelope
            .extra
            .get("at")
            .and_then(|at| at.as_str())
            .and_then(Moment::parse);
        let of = &Facts {
            name: person.name,
            email: person.email.to_string(),
            link: desk.page("/password/forgot"),
            at: at.unwrap_or(desk.now).words(),
            by: String::new(),
        };
        let subject = words(&ChangedSubject)?;
        Ok(Some(Written {
            text: words(&ChangedText { of })?,
            html: words(&ChangedHtml {
                subject: subject.clone(),
                of,
            })?,
            subject,
        }))
    }
}

struct Invitation;
impl Writer for Invitation {
    fn letter(&self) -> &'static str {
        INVITATION
    }
    fn write(&self, read: &mut Read<'_>, desk: &Desk, envelope: &Envelope) -> Result<Option<Written>> {
        let Some((link, person)) = open_link(read, desk, envelope, PersonState::Invited)? else {
            return Ok(None);
        };
        let by = envelope
            .extra
            .get("by")
            .and_then(|by| by.as_str())
            .unwrap_or_default();
        let of = &facts_of(desk, &link, &person, "/invite/", by)?;
        let subject = words(&InvitationSubject)?;
        Ok(Some(Written {
            text: words(&InvitationText { of })?,
            html: words(&InvitationHtml {
                subject: subject.clone(),
                of,
            })?,
            subject,
        }))
    }
}
