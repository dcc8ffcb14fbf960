//! With what a list is read: an address, and what the program adds to it.

use crate::http::Visit;
use crate::kernel::{Edition, Moment};

/// With what a list is read.
pub struct Reading {
    pub(super) path: String,
    pub(super) raw: String,
    pub(super) now: Moment,
    pub(super) edition: Edition,
    /// Filters and values of which the reader sees nothing.
    pub(super) also: Vec<(&'static str, String)>,
    /// Filters and columns that are left out.
    pub(super) without: Vec<&'static str>,
    /// Without search and filters.
    pub(super) is_bare: bool,
}

impl Reading {
    /// At this path, where `{said}` stands for the number of the account.
    pub fn of(visit: &Visit, path: &str) -> Self {
        Self {
            path: path.replace("{said}", &visit.number().to_string()),
            raw: visit.query.clone(),
            now: visit.portal.clock.now(),
            edition: visit.portal.config.edition,
            also: Vec::new(),
            without: Vec::new(),
            is_bare: false,
        }
    }
    /// The rows with this value of a filter alone: without the column of that name, and without search and filters.
    #[must_use]
    pub fn only(self, filter: &'static str, value: impl Into<String>) -> Self {
        let mut only = self.with(filter, value).without(&[filter]);
        only.is_bare = true;
        only
    }
    /// Without the filters and columns of these names.
    #[must_use]
    pub fn without(mut self, names: &[&'static str]) -> Self {
        self.without.extend(names);
        self
    }
    /// With this value of a filter as well, of which the reader sees nothing.
    #[must_use]
    pub fn with(mut self, filter: &'static str, value: impl Into<String>) -> Self {
        self.also.push((filter, value.into()));
        self
    }
    /// What another address asks for, by what stands behind its `?`.
    #[must_use]
    pub fn asking(mut self, raw: &str) -> Self {
        raw.clone_into(&mut self.raw);
        self
    }
}
