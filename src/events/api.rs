//! The JSON of the event log.

use super::list::LOG;
use super::model::Entry;
use crate::http::Routes;
use crate::kernel::Moment;
use crate::kernel::event::{Kind, Outcome};
use crate::kernel::ids::{EventId, PersonId, VirtualAccountId};

/// The operations of this room.
pub fn routes(routes: &mut Routes) {
    LOG.operation::<EventShape>(
        routes,
        "/api/v1/accounts/{said}/events",
        "The event log, newest first.",
    );
}

/// One thing that happened.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
pub struct EventShape {
    /// Its id.
    #[schema(value_type = String)]
    id: EventId,
    /// When.
    at: Moment,
    /// What.
    #[schema(value_type = String)]
    kind: Kind,
    /// done, refused or failed.
    #[schema(value_type = String)]
    outcome: Outcome,
    /// One sentence.
    message: String,
    /// Who; none when the portal itself acted.
    #[schema(value_type = Option<String>)]
    actor_id: Option<PersonId>,
    /// Name and address of who, as they were then.
    actor: String,
    /// In which Virtual Account.
    #[schema(value_type = Option<String>)]
    virtual_account: Option<VirtualAccountId>,
    /// Which thing.
    about: String,
    /// What was before and after, and other facts.
    #[schema(value_type = Object)]
    detail: serde_json::Value,
    /// The id of the request.
    request_id: String,
}

impl From<Entry> for EventShape {
    fn from(entry: Entry) -> Self {
        Self {
            detail: entry.facts(),
            id: entry.id,
            at: entry.at,
            kind: entry.kind,
            outcome: entry.outcome,
            message: entry.message,
            actor_id: entry.actor_id,
            actor: entry.actor,
            virtual_account: entry.virtual_account,
            about: entry.about,
            request_id: entry.request_id,
        }
    }
}
