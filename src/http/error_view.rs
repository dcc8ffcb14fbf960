//! The page for everything that went wrong.

use super::shell::Shell;
use crate::authn::people::Person;
use askama::Template;

/// What happened, what to do next, and a word to give to whoever looks it up in the logs.
#[derive(Debug, Template)]
#[template(path = "errors/error.html")]
pub struct ErrorView {
    pub shell: Shell,
    pub status: u16,
    pub heading: String,
    pub says: String,
    /// What was tried, one's role, who may.
    pub facts: Vec<(&'static str, String)>,
    /// Who can help.
    pub ask: Vec<Person>,
    /// Label and address; the first is the way on.
    pub next: Vec<(String, String)>,
    pub reference: String,
}

impl ErrorView {
    /// Whether one of the links leads back to where one came from; a script can do so without.
    fn leads_back(&self) -> bool {
        self.next.iter().any(|(label, _)| label == "Go back")
    }
}
