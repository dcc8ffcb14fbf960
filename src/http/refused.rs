//! What this process refused lately, and to whom: for whoever asks why by the reference of a request. In memory alone.

use crate::authz::Action;
use crate::kernel::Moment;
use crate::kernel::ids::{PersonId, SmartAccountId};
use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

/// So many are kept; the oldest go.
const MOST: usize = 2_000;

/// Who sent a request, once it is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Whom {
    /// The person.
    pub person: PersonId,
    /// The account of the page, or the one that was open.
    pub account: Option<SmartAccountId>,
}

/// A request that was refused.
#[derive(Debug, Clone)]
pub struct Refused {
    /// Its id.
    pub request_id: String,
    /// Wall time.
    pub at: Moment,
    /// Its method.
    pub method: String,
    /// The route that it took, with its parameters unfilled.
    pub route: String,
    /// Who sent it.
    pub whom: Whom,
    /// The status of the answer.
    pub status: u16,
    /// The code of the answer.
    pub code: &'static str,
    /// What was said.
    pub says: String,
    /// What was tried, where a right was missing.
    pub action: Option<Action>,
    /// Fields and what was wrong with them.
    pub fields: Vec<(String, String)>,
}

/// The newest of them.
#[derive(Debug, Default)]
pub struct RefusedLog(Mutex<VecDeque<Refused>>);

impl RefusedLog {
    /// One more.
    pub fn keep(&self, one: Refused) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.push_front(one);
        all.truncate(MOST);
    }

    /// The one with this id.
    pub fn find(&self, request_id: &str) -> Option<Refused> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.iter().find(|one| one.request_id == request_id).cloned()
    }
}
