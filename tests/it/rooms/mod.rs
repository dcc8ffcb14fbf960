//! What each room does, as those who use it see it.

mod access_requests;
mod account_requests;
mod alerts;
mod device_command;
mod device_managers;
mod devices;
mod events;
mod home;
mod identity;
mod licenses;
mod local_sync;
mod members;
mod order_pages;
mod orders;
mod registered_again;
mod reservation;
mod search;
mod shell;
mod simulator;
mod smart_accounts;
mod sync;
mod tables;
mod tokens;
mod user_groups;
mod view_as;
mod virtual_accounts;
