//! Emailed links of every kind that are opened in somebody else's session.

use crate::http::{Answer, Shell, Visit, page_with};
use askama::Template;

#[derive(Template)]
#[template(path = "identity/another_person.html")]
struct AnotherPersonView {
    shell: Shell,
    signed_in_as: String,
}

/// Whether somebody is signed in, and it is not the one to whom a link was sent.
pub fn is_for_another(visit: &Visit, email_key: &str) -> bool {
    visit
        .actor
        .as_ref()
        .is_some_and(|actor| actor.person.email.key() != email_key)
}

/// The answer to such a link: it names nobody, changes nothing, and leads on without the session.
pub fn sent_to_another(visit: &Visit) -> Answer {
    page_with(
        403,
        &AnotherPersonView {
            shell: visit.shell("This link was sent to another person"),
            signed_in_as: visit
                .actor
                .as_ref()
                .map(|actor| actor.person.email.to_string())
                .unwrap_or_default(),
        },
    )
}
