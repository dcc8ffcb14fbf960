//! Mail: written into the outbox in the same transaction as its cause, put into words when it is sent,
//! delivered at least once.

mod outbox;
mod postman;
mod transport;

pub use outbox::{Counts, Delivery, Queued, count, counts, find, list, page, post, retry, sent_long_ago};
pub use postman::Postman;
pub use transport::{Mailbox, Sent, Transport};

use crate::error::Result;
use crate::kernel::Moment;
use crate::kernel::ids::LetterId;
use crate::platform::db::Read;
use crate::platform::signing::Signing;
use std::collections::BTreeMap;
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

/// A letter in words.
#[derive(Debug, Clone)]
pub struct Written {
    /// One line.
    pub subject: String,
    /// For readers of plain text.
    pub text: String,
    /// The same, laid out.
    pub html: String,
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

/// Puts one kind of letter into words.
pub trait Writer: Send + Sync {
    /// The name of the kind.
    fn letter(&self) -> &'static str;
    /// The words, or none when there is no longer a reason to send it.
    fn write(&self, read: &mut Read<'_>, desk: &Desk, envelope: &Envelope) -> Result<Option<Written>>;
}

/// Every kind of letter that the portal knows.
#[derive(Clone, Default)]
pub struct Letters(BTreeMap<&'static str, Arc<dyn Writer>>);

impl Letters {
    /// Adds a kind.
    pub fn add(&mut self, writer: impl Writer + 'static) {
        self.0.insert(writer.letter(), Arc::new(writer));
    }
    /// The writer of a kind.
    pub fn writer(&self, letter: &str) -> Option<Arc<dyn Writer>> {
        self.0.get(letter).cloned()
    }
    /// The names of all kinds.
    pub fn names(&self) -> Vec<&'static str> {
        self.0.keys().copied().collect()
    }
}
