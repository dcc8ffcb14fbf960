//! What each room does, as those who use it see it.

mod account_requests;
mod identity;
