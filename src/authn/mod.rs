//! Who is asking: people, their passwords and sessions, and clients of the API.

pub mod actor;
pub mod api_client;
pub mod passkeys;
pub mod password;
pub mod people;
pub mod provider;
pub mod second_factor;
pub mod session;
mod store;
pub mod system_users;
pub mod throttle;
pub mod totp;

pub use actor::{Actor, Via};
pub use password::Hasher;
pub use people::{Person, PersonState, PlatformRole};
