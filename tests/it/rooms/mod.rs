//! What each room does, seen from outside.

mod events;
mod home;
mod members;
mod smart_accounts;
mod virtual_accounts;
