//! Virtual Accounts: the divisions of a Smart Account.

mod model;
mod service;
mod store;

pub use model::{AccessLevel, DEFAULT, VirtualAccount};
pub use service::{NewVirtualAccount, create, create_default, default_of, find, list, names};

use crate::http::Routes;

/// The routes of this room.
pub fn routes(_routes: &mut Routes) {}
