//! The tables of people, sessions, misses, clients and links.

mod clients;
mod identities;
mod links;
mod misses;
mod people;
mod sessions;

pub use clients::*;
pub use identities::*;
pub use links::*;
pub use misses::*;
pub use people::*;
pub use sessions::*;
