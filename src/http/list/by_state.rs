//! A list that has a tab for each state, which says how many rows of it there are.

use super::query::ListQuery;
use crate::http::widgets::Tab;

/// How many rows there are of each state, in the order of the states.
#[derive(Debug, Clone)]
pub struct ByState<S> {
    pub each: Vec<(S, u64)>,
    /// The state that is asked for alone.
    pub only: Option<S>,
}

impl<S> Default for ByState<S> {
    fn default() -> Self {
        Self {
            each: Vec::new(),
            only: None,
        }
    }
}

impl<S: Copy + PartialEq> ByState<S> {
    /// How many there are of one state, or of all.
    pub fn of(&self, state: Option<S>) -> u64 {
        let each = self.each.iter();
        each.filter(|(one, _)| state.is_none_or(|state| state == *one))
            .map(|(_, number)| *number)
            .sum()
    }

    /// How many of them are asked for.
    pub fn total(&self) -> u64 {
        self.of(self.only)
    }

    /// A tab for all of them and one for each state, which the filter `status` narrows the list to. `choice` gives the word
    /// and the label of a state.
    pub fn tabs(&self, list: &ListQuery, choice: fn(S) -> (&'static str, &'static str)) -> Vec<Tab> {
        let tab = |label: &str, href: String, state| Tab {
            label: label.to_owned(),
            href,
            current: self.only == state,
            count: Some(self.of(state)),
        };
        let mut tabs = vec![tab("All", list.clear_href(), None)];
        for (state, _) in &self.each {
            let (word, label) = choice(*state);
            tabs.push(tab(label, list.only_filter("status", word), Some(*state)));
        }
        tabs
    }
}
