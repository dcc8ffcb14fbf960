//! What can be done with local accounts: asked for, registered, changed and ended. Each function that changes something is
//! one write.

mod ask;
mod end;
mod keys;
mod register;

pub use ask::{New, keep, request};
pub use end::{activate, against_deactivation, cloud_is_behind, deactivate, delete, edit, reason, reject};
pub use keys::{key_of, key_with, sealed};
pub use register::{
    Authorized, approve, ask_again, authorize, generate_file, give_up, next_key, read_authorization,
    registered, registration_failed, registration_file, start_again,
};

/// How long a reason may be, in characters.
pub const MOST_REASON: usize = 1_000;

/// With what registration files are made.
const SOFTWARE: &str = concat!("Licentral On-Prem ", env!("CARGO_PKG_VERSION"));

/// For what keys of local accounts are locked.
const LOCK: &str = "local-account";
