//! The addresses that lead on from a list: with another filter, order or page.

use super::query::{DEFAULT_SIZE, ListQuery};
use url::form_urlencoded::Serializer;

impl ListQuery {
    /// All that is not a default.
    pub(super) fn pairs(&self) -> Vec<(String, String)> {
        let mut pairs = Vec::new();
        if !self.q.is_empty() {
            pairs.push(("q".to_owned(), self.q.clone()));
        }
        pairs.extend(self.filters.iter().cloned());
        if self.sort_text() != self.default_sort {
            pairs.push(("sort".to_owned(), self.sort_text()));
        }
        if self.page > 1 {
            pairs.push(("page".to_owned(), self.page.to_string()));
        }
        if self.per != DEFAULT_SIZE {
            pairs.push(("per".to_owned(), self.per.to_string()));
        }
        if self.columns_given && self.columns != self.default_columns() {
            pairs.extend(self.columns.iter().map(|c| ("col".to_owned(), c.clone())));
        }
        pairs
    }

    pub(super) fn link(path: &str, pairs: &[(String, String)]) -> String {
        if pairs.is_empty() {
            return path.to_owned();
        }
        let mut out = Serializer::new(String::new());
        out.extend_pairs(pairs);
        format!("{path}?{}", out.finish())
    }

    /// The address of this very list.
    pub fn href(&self) -> String {
        Self::link(&self.path, &self.pairs())
    }

    pub(super) fn changed(&self, change: impl FnOnce(&mut Self)) -> String {
        let mut other = self.clone();
        // Another list starts at its first page.
        other.page = 1;
        change(&mut other);
        other.href()
    }

    /// Adds a value to a filter.
    pub fn with_filter(&self, key: &str, value: &str) -> String {
        self.changed(|other| {
            let mut chosen = other.filters.clone();
            chosen.push((key.to_owned(), value.to_owned()));
            other.put_filters(chosen);
        })
    }

    /// Makes `value` the filter's only one.
    pub fn only_filter(&self, key: &str, value: &str) -> String {
        self.changed(|other| {
            let mut chosen = other.filters.clone();
            chosen.retain(|(known, _)| known != key);
            chosen.push((key.to_owned(), value.to_owned()));
            other.put_filters(chosen);
        })
    }

    pub fn without_filter(&self, key: &str, value: &str) -> String {
        self.changed(|other| {
            other
                .filters
                .retain(|(known, chosen)| known != key || chosen != value);
        })
    }

    /// As the legend of a ring does it: off when on, otherwise the only one.
    pub fn toggle_filter(&self, key: &str, value: &str) -> String {
        if self.has(key, value) {
            self.without_filter(key, value)
        } else {
            self.only_filter(key, value)
        }
    }

    pub fn without_search(&self) -> String {
        self.changed(|other| other.q.clear())
    }

    /// Without search and filters.
    pub fn clear_href(&self) -> String {
        self.changed(|other| {
            other.q.clear();
            other.filters.clear();
        })
    }

    /// Sorts by this column, or the other way round when it already does.
    pub fn toggle_sort(&self, key: &str) -> String {
        self.changed(|other| {
            other.descending = other.sort == key && !other.descending;
            key.clone_into(&mut other.sort);
        })
    }

    pub fn at_page(&self, page: u64) -> String {
        self.changed(|other| other.page = page.max(1))
    }

    /// All rows of this list as a file: the same query, without pages.
    pub fn csv_href(&self) -> String {
        let mut pairs = self.pairs();
        pairs.retain(|(key, _)| key != "page" && key != "per");
        Self::link(&format!("{}.csv", self.path), &pairs)
    }

    /// The address of the reader's saved views of this list.
    pub fn views_href(&self) -> String {
        let of = ("of".to_owned(), self.at_page(1));
        Self::link("/saved-views", &[of])
    }
}
