//! The letters of this room.

use crate::error::Result;
use crate::platform::db::Read;
use crate::platform::mail::{Desk, Envelope, Letter, Letters};

/// A letter that only says that letters arrive.
pub const TEST: &str = "server.test";

pub fn register(letters: &mut Letters) {
    letters.add_told(&[(TEST, test)]);
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "a letter may have lost its reason; this one never does"
)]
fn test(_read: &mut Read<'_>, desk: &Desk, envelope: &Envelope) -> Result<Option<Letter>> {
    Ok(Some(Letter {
        subject: "Test email of Licentral On-Prem".to_owned(),
        heading: "Test email".to_owned(),
        opening: vec![format!(
            "{} sent this email to see that email of this server arrives. It does.",
            envelope.extra("by")
        )],
        facts: vec![("Server", desk.base_url.clone()), ("Sent", desk.now.words())],
        ..Letter::default()
    }))
}
