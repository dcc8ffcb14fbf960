//! The one who is asking.

use super::people::{Person, PlatformRole};
use crate::kernel::Moment;
use crate::kernel::Who;
use crate::kernel::ids::SessionId;

/// How they came in.
#[derive(Debug, Clone)]
pub enum Via {
    /// With a browser.
    Session {
        /// As shown in the list of sessions.
        id: SessionId,
        /// What the database knows the session by.
        key: String,
        /// When the password was last given.
        fresh_at: Moment,
    },
    /// With an access token of an API client.
    Client {
        /// Of the client.
        id: String,
        /// May it change things.
        may_write: bool,
        /// Are the vendor's addresses open to it.
        is_subscribed: bool,
    },
}

/// The one who is asking, known to the portal.
#[derive(Debug, Clone)]
pub struct Actor {
    /// The person.
    pub person: Person,
    /// Their roles over the portal.
    pub platform: Vec<PlatformRole>,
    /// Whether a code is asked of them after the password.
    pub has_second_factor: bool,
    /// How they came in.
    pub via: Via,
    /// For the record.
    pub who: Who,
}

impl Actor {
    /// Whether they may see every tenant without a role in it.
    pub fn sees_every_tenant(&self) -> bool {
        self.platform.iter().any(|role| role.sees_every_tenant())
    }
    /// Whether they hold a role over the portal.
    pub fn has(&self, role: PlatformRole) -> bool {
        self.platform.contains(&role)
    }
}
