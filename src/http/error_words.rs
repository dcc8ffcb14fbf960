//! What the page of an error says, and where it leads on.

use super::widgets::counted;
use crate::error::Error;
use crate::kernel::Edition;
use std::borrow::Cow;

/// How long to wait before trying again: "1 second", "40 seconds".
pub fn wait(after: std::time::Duration) -> String {
    counted(after.as_secs().max(1), "second", "seconds")
}

/// Label and address.
type Link = (String, String);

/// What a page says about an error.
pub(super) struct Words {
    pub(super) heading: String,
    pub(super) says: String,
    /// The first is the way on.
    pub(super) next: Vec<Link>,
}

impl Words {
    /// `back` leads to the page on which the form stood, when one was sent.
    pub(super) fn of(error: &Error, edition: Edition, back: Option<String>) -> Self {
        let (heading, says) = said(error, edition);
        Self {
            heading: heading.to_owned(),
            says: says.into_owned(),
            next: ways_on(error, edition, back),
        }
    }
}

fn link(label: &str, href: &str) -> Link {
    (label.to_owned(), href.to_owned())
}

fn ways_on(error: &Error, edition: Edition, back: Option<String>) -> Vec<Link> {
    let home = match edition {
        Edition::Cloud => link("Go to Software Central", edition.start()),
        Edition::OnPrem => link("Go to the On-Prem accounts", edition.start()),
    };
    match (error, edition) {
        // Roles of an On-Prem server are given, not asked for.
        (Error::Forbidden { .. } | Error::NotFound, Edition::OnPrem) => vec![home],
        (Error::Forbidden { .. } | Error::NotFound, Edition::Cloud) => {
            vec![link("Your Smart and Virtual Account access", "/access"), home]
        }
        (Error::DeadLink, Edition::OnPrem) => vec![link("Sign in", "/login")],
        (Error::DeadLink, Edition::Cloud) => vec![
            link("Sign in", "/login"),
            link("Smart Account requests", "/requests"),
        ],
        _ => back
            .map(|to| link("Go back", &to))
            .into_iter()
            .chain([home])
            .collect(),
    }
}

/// Heading and sentence.
fn said(error: &Error, edition: Edition) -> (&'static str, Cow<'static, str>) {
    match error {
        Error::Forbidden { action } => ("You may not do this", may_not(action, edition).into()),
        Error::NotFound => ("There is nothing here", nowhere(edition).into()),
        Error::Refused(refusal) => (
            "This cannot be done",
            edition.words(&refusal.says).into_owned().into(),
        ),
        Error::Invalid(problems) => {
            let says: Vec<_> = problems.list().iter().map(|p| edition.words(&p.says)).collect();
            ("Something is not right yet", says.join(" ").into())
        }
        Error::Stale => (
            "Somebody was quicker",
            "This was changed meanwhile, so your change was not made. Open the page again to see how it is now.".into(),
        ),
        Error::BadRequest(says) => ("The request cannot be read", says.to_string().into()),
        Error::WrongKind => (
            "The request cannot be read",
            "The form was sent in a way that is not known here.".into(),
        ),
        Error::CrossSite => (
            "The form came from another place",
            "For your protection a form counts only when it is sent from a page of this portal, in the session in which the page was opened. Open the page again and repeat what you did.".into(),
        ),
        Error::DeadLink => (
            "This link no longer works",
            "It was used already, has expired, was called off, or is not complete. The newest e-mail about the matter has a link that works, if one is needed; otherwise ask the person who sent you the request.".into(),
        ),
        Error::MethodNotAllowed { .. } => (
            "This page is used in another way",
            "The address exists, but not for what was tried.".into(),
        ),
        Error::TooLarge { limit } => (
            "That is too much",
            format!("At most {limit} bytes are taken here.").into(),
        ),
        Error::TooMany { retry_after } => (
            "Too many tries",
            format!("Wait {} and try again.", wait(*retry_after)).into(),
        ),
        Error::Unavailable(_) => (
            "Not available now",
            "The portal cannot do this at the moment. Nothing was changed. Try again in a few seconds.".into(),
        ),
        Error::SignedOut
        | Error::FreshSignInNeeded
        | Error::FirstSignIn
        | Error::SecondFactorNeeded
        | Error::ApiOff
        | Error::Internal(_) => (
            "Something went wrong here",
            "It is our fault, and nothing was changed. Quote the reference when you report it.".into(),
        ),
    }
}

fn may_not(action: &str, edition: Edition) -> String {
    let action = edition.words(action);
    match edition {
        Edition::Cloud => format!(
            "Your role does not allow you to {action}. An administrator of the Smart Account can give you a role that does; their addresses are in the directory."
        ),
        Edition::OnPrem => format!(
            "Your role does not allow you to {action}. A System Administrator of this server, or an administrator of the On-Prem account, can give you a role that does."
        ),
    }
}

const fn nowhere(edition: Edition) -> &'static str {
    match edition {
        Edition::Cloud => {
            "The page does not exist, or it belongs to a Smart Account to which you have no access."
        }
        Edition::OnPrem => {
            "The page does not exist, or it belongs to an On-Prem account to which you have no access."
        }
    }
}
