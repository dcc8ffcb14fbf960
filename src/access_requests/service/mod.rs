//! What can be done with requests for access. Each function that changes something is one write: the request,
//! the roles, the links, the letters and the record together, or nothing of it.

mod ask;
mod choose;
mod decide;
mod delegate;
mod expire;
mod notify;
mod places;
mod read;
mod settings;
mod settle;

pub use ask::{Sending, Weighed, Wish, askable, send, weigh, withdraw};
pub use choose::{choices, exactly, target};
pub use decide::{approve, decline};
pub use delegate::{StoodIn, delegations, end_delegation, lend, may_lend};
pub use expire::{expire, perhaps_superseded, remind, supersede};
pub use notify::by_link;
pub use places::places;
pub use read::{
    Details, Standing, complete, count, details, details_to_decide, list, own, own_one, own_pending, waiting,
};

pub use settings::{change_settings, settings_of};
pub use settle::outcome;

/// What is said of an account that is not there, is Pending, or may not be known of: one answer for all.
const UNKNOWN: &str = "No Smart Account that you can ask for access has exactly this name or domain identifier. Check what you typed, or ask an administrator of the account.";
