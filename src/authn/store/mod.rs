//! The tables of people, sessions, misses, clients and links.

mod accounts;
mod clients;
mod identities;
mod links;
mod misses;
mod people;
mod sessions;

pub use accounts::*;
pub use clients::*;
pub use identities::*;
pub use links::*;
pub use misses::*;
pub use people::*;
pub use sessions::*;
