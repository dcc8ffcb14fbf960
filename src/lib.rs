//! Licentral: a self-hosted simulator of a software licence portal.
//!
//! The table of contents: floors first, then rooms, in the order in which they may use one another.
//! `docs/architecture.md` follows one request through these files.

// Floors
pub mod authn;
pub mod authz;
pub mod error;
pub mod http;
pub mod kernel;
pub mod platform;

// Rooms
pub mod access_requests;
pub mod account_requests;
pub mod alerts;
pub mod catalog;
pub mod device_managers;
pub mod devices;
pub mod events;
pub mod explain;
pub mod home;
pub mod identity;
pub mod licenses;
pub mod local_accounts;
pub mod members;
pub mod orders;
pub mod saved_views;
pub mod server;
pub mod simulator;
pub mod smart_accounts;
pub mod sync;
pub mod system_users;
pub mod tokens;
pub mod user_accounts;
pub mod vendor_api;
pub mod virtual_accounts;
pub mod webhooks;

// Above all
pub mod app;
pub mod commands;
