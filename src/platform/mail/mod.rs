//! Mail: written into the outbox in the same transaction as its cause, put into words when it is sent,
//! delivered at least once.

mod letters;
mod outbox;
mod postman;
mod transport;

pub use letters::{Letter, Letters, Tell, Writer, Written};
pub use outbox::{
    Addressee, Counts, Delivery, Queued, about, count, counts, find, forget, list, page, post, post_all,
    retry, sent_from, sent_long_ago, settled_before, waits_since,
};
pub use postman::Postman;
pub use transport::{Failure, Mailbox, Sent, Transport};

use crate::error::Result;
use crate::kernel::Moment;
use crate::kernel::ids::LetterId;
use crate::platform::signing::Signing;
use std::sync::Arc;

/// A letter that is to be put into words.
#[derive(Debug, Clone)]
pub struct Envelope {
    /// Its id: the Message-ID comes from it, so a second copy is recognisable.
    pub id: LetterId,
    /// Which letter.
    pub letter: String,
    /// The row that it speaks of.
    pub about_id: String,
    /// What it needs besides.
    pub extra: serde_json::Value,
    /// To whom.
    pub to_name: String,
    /// Where to.
    pub to_address: String,
}

impl Envelope {
    /// One of the words that it needs besides; empty when there is none of the name.
    pub fn extra(&self, name: &str) -> String {
        self.extra
            .get(name)
            .and_then(serde_json::Value::as_str)
            .unwrap_or_default()
            .to_owned()
    }
}

/// What a writer of letters needs at hand.
#[derive(Debug, Clone)]
pub struct Desk {
    /// Links begin with it: always the configured address, never a request's.
    pub base_url: String,
    /// Signs links.
    pub signing: Arc<Signing>,
    /// Portal time.
    pub now: Moment,
}

impl Desk {
    /// The address of a page.
    pub fn page(&self, path: &str) -> String {
        format!("{}{path}", self.base_url)
    }
    /// A signed link: made here, sent, and kept nowhere.
    pub fn link(&self, purpose: &str, link: &str, path: &str, expires: Moment) -> Result<String> {
        Ok(format!(
            "{}{path}{}",
            self.base_url,
            self.signing.sign(LINK_KIND, purpose, link, self.now, expires)?
        ))
    }
}

/// The `typ` of link tokens.
pub const LINK_KIND: &str = "link+jwt";
