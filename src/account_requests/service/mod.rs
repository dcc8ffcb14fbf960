//! What can be done with requests. Each function that changes something is one write: the request, the
//! account, the links, the letters and the record together, or nothing of it.

mod decide;
mod expire;
mod forward;
mod link;
mod notify;
mod read;
mod send;

pub use decide::{approve, approve_domain, deny, outcome, withdraw};
pub use expire::{expire, remind};
pub use forward::{Handing, forward};
pub use link::{by_creator, welcome_person};
pub use read::{Details, counts, details, list, mine, waiting_domains, waiting_for};
pub use send::{Sending, send, send_own};
