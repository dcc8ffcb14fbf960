//! Who did a thing, as the record keeps it.

use crate::kernel::ids::PersonId;
use serde::{Deserialize, Serialize};

/// The one who acts, with what the record wants to know of the request.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Who {
    /// The person; none when the portal itself acts.
    pub person: Option<PersonId>,
    /// Name and address of the person as they were then, or what the portal was doing.
    pub label: String,
    /// Network address of the request, or empty.
    pub address: String,
    /// Id of the request, or empty.
    pub request_id: String,
}

impl Who {
    /// The portal itself: a job, a command, a scenario.
    pub fn portal(reason: &str) -> Self {
        Self {
            person: None,
            label: format!("Licentral ({reason})"),
            address: String::new(),
            request_id: String::new(),
        }
    }
}
