//! What is set of a server.

use serde::Serialize;

/// The most characters of the message of the day.
pub const LONGEST_MESSAGE: usize = 1_000;

/// The settings of a server that are kept in its database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ServerSettings {
    /// What the sign-in page says, or "".
    pub message_of_the_day: String,
    /// Whether a new account leaves host names out of its synchronization files, until its own setting says otherwise.
    pub hide_hostnames: bool,
}
