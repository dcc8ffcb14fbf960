//! The tables of user groups.

mod access;
mod groups;
mod people;
mod requests;

pub use access::*;
pub use groups::*;
pub use people::*;
pub use requests::*;
