//! What can be done with registration tokens.

mod read;
mod redeem;
mod write;

pub use read::{count, find, page, place, places, theirs};
pub use redeem::{Redeemed, description_of, look_up, redeem, used, whose};
pub use write::{Rights, Showing, create, revoke, show, used_words, uses_words};

use super::model::{Terms, Token, Written, shortened};
use crate::error::{Error, Result};
use crate::kernel::ids::{RegistrationTokenId, VirtualAccountId};
use crate::kernel::{Moment, Secret};
use crate::platform::signing::Signing;

/// Under which name texts of tokens are locked.
const LOCK: &str = "registration token";

/// A token that is to be: its id, its text and what is kept of that are made before the write.
#[derive(Debug, Clone)]
pub struct New {
    id: RegistrationTokenId,
    place: VirtualAccountId,
    terms: Terms,
    expires: Moment,
    text: Secret,
    hash: String,
    /// How its text begins.
    short: String,
    sealed: String,
}

impl New {
    /// Makes one for a Virtual Account.
    pub fn make(signing: &Signing, now: Moment, place: VirtualAccountId, terms: Terms) -> Result<Self> {
        let expires = terms.expires(now);
        let (id, written) = (RegistrationTokenId::new(), Written::new(expires));
        Ok(Self {
            hash: written.hash(),
            short: shortened(&written.text()),
            sealed: signing.lock(LOCK, id.as_str(), &written.text())?,
            text: Secret::new(written.text()),
            id,
            place,
            terms,
            expires,
        })
    }
    /// Its id.
    pub fn id(&self) -> RegistrationTokenId {
        self.id
    }
    /// Until when it opens something.
    pub fn expires(&self) -> Moment {
        self.expires
    }
    /// What a device registers with.
    pub fn text(&self) -> &Secret {
        &self.text
    }
}

/// The text of a token; nothing when it was locked under a key that this installation has no longer.
pub fn text_of(signing: &Signing, token: &Token) -> Option<String> {
    signing.unlock(LOCK, token.id.as_str(), &token.sealed)
}

/// Its beginning, by which people tell their tokens apart.
pub fn short_text(signing: &Signing, token: &Token) -> String {
    text_of(signing, token).map_or_else(|| "Cannot be shown".to_owned(), |text| shortened(&text))
}

/// The text for somebody who may have it.
pub fn revealed(signing: &Signing, token: &Token) -> Result<String> {
    text_of(signing, token).ok_or_else(|| {
        Error::refused(
            "tokens.other-key",
            "The key of this installation was replaced since, so the text of this registration token cannot be read any more. Devices that have it can still use it. Generate another one.",
        )
    })
}
