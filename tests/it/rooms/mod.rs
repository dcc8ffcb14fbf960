//! What each room does.

mod account_requests;
