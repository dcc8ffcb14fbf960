//! What the database knows of the values of a filter.

use crate::error::Result;
use crate::platform::db::Reads;

/// More Virtual Accounts, tags or whatever else than this make no useful filter of check boxes: one is typed.
const MOST_OFFERED: usize = 100;

/// What the database knows of the values of a filter.
pub enum Lookup<P: 'static> {
    /// The choices, given what stands behind the `?` of the address.
    Choices(fn(&mut dyn Reads, &P, &str) -> Result<Choices>),
    /// What values that were given stand for.
    Meaning(fn(&mut dyn Reads, &P, &[&str]) -> Result<Vec<String>>),
}

/// Values of a filter, each with its label.
#[derive(Debug, Clone, Default)]
pub struct Choices {
    /// All of them, or those that an address asks for of more than are offered.
    pub known: Vec<(String, String)>,
    pub is_all: bool,
}

impl Choices {
    pub fn all(known: Vec<(String, String)>) -> Self {
        Self { known, is_all: true }
    }
    /// Those that are offered: none, so that any text is taken, where they are too many.
    pub(super) fn offered(&self) -> Vec<(&str, &str)> {
        let all = self.known.iter();
        let all = all.filter(|_| self.is_all && self.known.len() <= MOST_OFFERED);
        all.map(|(value, label)| (value.as_str(), label.as_str()))
            .collect()
    }
    pub(super) fn has(&self, wanted: &str) -> bool {
        self.known
            .iter()
            .any(|(value, label)| value == wanted || label == wanted)
    }
    /// What some of them stand for, by their values or their labels.
    pub(super) fn meant(&self, wanted: &[&str]) -> Vec<String> {
        let is_wanted = |one: &str| wanted.contains(&one);
        let known = self.known.iter();
        known
            .filter(|(value, label)| is_wanted(value) || is_wanted(label))
            .map(|(value, _)| value.clone())
            .collect()
    }
}
