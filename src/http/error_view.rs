//! The page for everything that went wrong.

use super::shell::Shell;
use askama::Template;

/// What happened, what to do next, and a word to give to whoever looks it up in the logs.
#[derive(Debug, Template)]
#[template(path = "errors/error.html")]
pub struct ErrorView {
    pub shell: Shell,
    pub status: u16,
    pub heading: String,
    pub says: String,
    /// Label and address; the first is the way on.
    pub next: Vec<(String, String)>,
    pub reference: String,
}
