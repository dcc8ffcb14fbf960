//! What is asked of a list.

use super::filter::{Chosen, Filter, Values};
use super::order::{Sort, Way};
use super::query::ListQuery;
use crate::kernel::ids::VirtualAccountId;
use crate::kernel::{Moment, Sought, search_key};
use std::collections::HashMap;

/// Virtual Accounts, each with its name.
pub type Places = Vec<(VirtualAccountId, String)>;

/// What an address, or another part of the program, asks of a list.
pub struct Asked {
    pub list: ListQuery,
    /// The Virtual Accounts that one sees.
    pub places: Places,
    /// Portal time.
    pub now: Moment,
    /// Chosen by the program: shown nowhere.
    pub(super) also: Vec<(&'static str, String)>,
    /// What the values of a filter stand for that are looked up.
    pub(super) meant: Vec<(&'static str, Vec<String>)>,
}

impl Asked {
    /// Where these words are found.
    #[must_use]
    pub fn search(mut self, words: &str) -> Self {
        words.trim().clone_into(&mut self.list.q);
        self
    }
    /// With this value of a filter, of which the reader sees nothing.
    #[must_use]
    pub fn with(mut self, key: &'static str, value: impl Into<String>) -> Self {
        self.also.push((key, value.into()));
        self
    }
    /// In another order than the list's own.
    #[must_use]
    pub fn by(mut self, sort: &str, descending: bool) -> Self {
        sort.clone_into(&mut self.list.sort);
        self.list.descending = descending;
        self
    }

    /// The names of the Virtual Accounts that one sees.
    pub fn names(&self) -> HashMap<VirtualAccountId, String> {
        self.places.iter().cloned().collect()
    }

    /// What is left of a query when each filter of which something was chosen has had its turn.
    pub fn filtered<Q>(&self, filters: &[Filter<Q>], mut query: Q) -> Q {
        for filter in filters {
            let mut chosen = Chosen {
                values: self.list.values(filter.key),
                meant: self
                    .meant
                    .iter()
                    .find(|(key, _)| *key == filter.key)
                    .map_or(&[], |(_, meant)| meant.as_slice()),
                places: Vec::new(),
                now: self.now,
            };
            let also = self.also.iter().filter(|(key, _)| *key == filter.key);
            if matches!(filter.values, Values::Places) {
                let known = self.places.iter();
                let seen = known.filter(|(id, name)| chosen.has(id.as_str()) || chosen.has(name));
                chosen.places = seen.map(|(id, _)| *id).collect();
                chosen.places.extend(
                    also.clone()
                        .filter_map(|(_, id)| id.parse::<VirtualAccountId>().ok()),
                );
            }
            chosen.values.extend(also.map(|(_, value)| value.as_str()));
            if !chosen.values.is_empty() {
                query = (filter.apply)(query, &chosen);
            }
        }
        query
    }

    /// What a store is asked for that finds rows by a value of its own: `of` makes it of the words that are looked for, and
    /// the filters fill it.
    pub fn wanted<W>(&self, filters: &[Filter<W>], of: impl FnOnce(String) -> W) -> W {
        self.filtered(filters, of(self.list.q.clone()))
    }

    /// The key by which it is sorted, and whether the other way round.
    pub fn order(&self) -> (&str, bool) {
        (&self.list.sort, self.list.descending)
    }

    /// A query in the order that is asked for. Ties are for whoever asks.
    pub fn sorted<Q>(&self, sorts: &[Sort<Q>], query: Q) -> Q {
        match sorts.iter().find(|(key, _)| *key == self.list.sort) {
            Some((_, sort)) => {
                let (falling, now) = (self.list.descending, self.now);
                sort(query, Way { falling, now })
            }
            None => query,
        }
    }

    /// Of rows that are at hand, those in whose words the search finds what it looks for.
    pub fn found<R>(&self, mut rows: Vec<R>, words: impl Fn(&R) -> String) -> Vec<R> {
        let sought = Sought::parse(&self.list.q);
        rows.retain(|row| sought.fits(&search_key(&words(row))));
        rows
    }
}
