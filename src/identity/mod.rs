//! Who comes in, and how: signing in and out, passwords, invitations, sessions, keys for scripts.
//!
//! For rooms above:
//! - [`check_new_password`]: a password that a person sets, typed twice (fields `password` and
//!   `password_again`); hash the answer with `portal.hasher.hash(&secret).await?` before the transaction.
//! - [`Entrance`]: signs a person in within a room's own write ([`Entrance::begin`]) and gives the browser
//!   its cookie afterwards ([`Entrance::set_cookie`]).
//! - [`sign_in_response`]: the same in a transaction of its own, with the redirect.

mod entrance;
mod model;

pub use entrance::{Entrance, check_new_password, sign_in_response};

use crate::http::Routes;

/// The routes of this room.
pub fn routes(_routes: &mut Routes) {}
/// The letters of this room.
pub fn letters(_letters: &mut crate::platform::mail::Letters) {}
/// With what codes the rules of this room refuse.
pub const REFUSALS: &[(&str, &str)] = &[];
