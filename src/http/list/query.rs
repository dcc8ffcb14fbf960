//! What an address asks of a list.

use super::spec::{FilterSpec, Head, ListSpec, is_day, no_choice, quoted};
use crate::error::{Error, Result};
use crate::kernel::Edition;
use url::form_urlencoded;

/// Rows per page that a reader may choose from.
pub const SIZES: [u64; 4] = [10, 25, 50, 100];

pub(super) const DEFAULT_SIZE: u64 = 25;

/// No name, number or SKU is longer; more would only cost the database time.
pub const LONGEST: usize = 200;

/// A read query. It owns all it needs, so pages can hold it.
#[derive(Debug, Clone)]
pub struct ListQuery {
    pub path: String,
    pub q: String,
    /// Key of the sorting column, without `-`.
    pub sort: String,
    pub descending: bool,
    pub page: u64,
    pub per: u64,
    /// Key and value, in the order of the specification.
    pub filters: Vec<(String, String)>,
    /// Keys of the columns to show, in the order of the specification.
    pub columns: Vec<String>,
    /// Sentences about what was not understood, for a flash.
    pub dropped: Vec<String>,
    /// The first thing that was not understood, by the name of its parameter.
    pub(super) not_understood: Option<String>,
    pub(super) default_sort: String,
    pub(super) columns_given: bool,
    pub(super) known: Vec<Known>,
    pub(super) all_columns: Vec<(String, String, bool)>,
    /// The heads of the table, of a list that is declared.
    pub(super) heads: Vec<Head>,
}

#[derive(Debug, Clone)]
pub(super) struct Known {
    pub(super) key: String,
    pub(super) label: String,
    pub(super) date: bool,
    pub(super) values: Vec<(String, String)>,
}

impl Known {
    pub(super) fn of(spec: &FilterSpec<'_>) -> Self {
        let date = spec.is_date();
        Self {
            key: spec.key.to_owned(),
            label: spec.label.to_owned(),
            date,
            values: if date {
                Vec::new()
            } else {
                spec.values
                    .iter()
                    .map(|(value, label)| ((*value).to_owned(), (*label).to_owned()))
                    .collect()
            },
        }
    }

    /// In the words of an edition.
    pub(super) fn in_words_of(&mut self, edition: Edition) {
        self.label = edition.words(&self.label).into_owned();
        for (_, label) in &mut self.values {
            *label = edition.words(label).into_owned();
        }
    }

    pub(super) fn takes(&self, value: &str) -> bool {
        if self.date {
            is_day(value)
        } else {
            (self.values.is_empty() && value.chars().count() <= LONGEST)
                || self.values.iter().any(|(known, _)| known == value)
        }
    }

    pub(super) fn label_of<'v>(&'v self, value: &'v str) -> &'v str {
        self.values
            .iter()
            .find(|(known, _)| known == value)
            .map_or(value, |(_, label)| label)
    }
}

fn split_sort(sort: &str) -> (&str, bool) {
    sort.strip_prefix('-').map_or((sort, false), |key| (key, true))
}

impl ListQuery {
    /// The list with its filters and columns in the words of an edition.
    #[must_use]
    pub fn in_words_of(mut self, edition: Edition) -> Self {
        if edition.is_on_prem() {
            self.known.iter_mut().for_each(|known| known.in_words_of(edition));
            let heads = self.heads.iter_mut().map(|head| &mut head.label);
            for label in self
                .all_columns
                .iter_mut()
                .map(|(_, label, _)| label)
                .chain(heads)
            {
                *label = edition.words(label).into_owned();
            }
        }
        self
    }

    /// Reads the part of an address after the `?`. Never fails: what it cannot use is named in `dropped`.
    pub fn parse(raw: &str, spec: &ListSpec<'_>) -> Self {
        let (sort, descending) = split_sort(spec.default_sort);
        let mut query = Self {
            path: spec.path.clone(),
            q: String::new(),
            sort: sort.to_owned(),
            descending,
            page: 1,
            per: DEFAULT_SIZE,
            filters: Vec::new(),
            columns: Vec::new(),
            dropped: Vec::new(),
            not_understood: None,
            default_sort: spec.default_sort.to_owned(),
            columns_given: false,
            known: spec.filters.iter().map(Known::of).collect(),
            all_columns: spec
                .columns
                .iter()
                .map(|c| (c.key.to_owned(), c.label.to_owned(), c.default_on))
                .collect(),
            heads: Vec::new(),
        };
        let mut chosen: Vec<(String, String)> = Vec::new();
        let mut columns: Vec<String> = Vec::new();
        for (key, value) in form_urlencoded::parse(raw.as_bytes()) {
            // A form sends its empty fields too.
            let value = value.trim();
            if value.is_empty() {
                continue;
            }
            match key.as_ref() {
                "q" => query.read_search(value),
                "sort" => query.read_sort(value, spec),
                "page" => match value.parse::<u64>() {
                    Ok(page) if page > 0 => query.page = page,
                    _ => query.drop_value("page", "Page", value),
                },
                "per" => match value.parse::<u64>() {
                    Ok(per) if SIZES.contains(&per) => query.per = per,
                    _ => query.drop_value("per", "Rows", value),
                },
                "col" => {
                    if spec.columns.iter().any(|column| column.key == value) {
                        columns.push(value.to_owned());
                    } else if !spec.columns.is_empty() {
                        query.drop_value("col", "Column", value);
                    }
                }
                other => {
                    let Some(known) = query.known.iter().find(|known| known.key == other) else {
                        query.note(|| {
                            format!("{} is nothing that this list can be asked for.", quoted(other))
                        });
                        continue;
                    };
                    if known.takes(value) {
                        chosen.push((other.to_owned(), value.to_owned()));
                    } else {
                        let label = known.label.clone();
                        query.drop_value(other, &label, value);
                    }
                }
            }
        }
        query.put_filters(chosen);
        query.columns_given = !columns.is_empty();
        if query.columns_given {
            query.put_columns(&columns);
        } else {
            query.columns = query.default_columns();
        }
        query
    }

    pub(super) fn read_search(&mut self, value: &str) {
        self.q = value.chars().take(LONGEST).collect();
        if self.q.len() < value.len() {
            self.note(|| format!("“q” has more than {LONGEST} characters."));
            self.dropped
                .push(format!("The search was cut to {LONGEST} characters."));
        }
    }

    pub(super) fn read_sort(&mut self, value: &str, spec: &ListSpec<'_>) {
        let (key, descending) = split_sort(value);
        if spec.sorts.contains(&key) {
            key.clone_into(&mut self.sort);
            self.descending = descending;
        } else {
            self.drop_value("sort", "Sort", value);
        }
    }

    pub(super) fn note(&mut self, says: impl FnOnce() -> String) {
        self.not_understood.get_or_insert_with(says);
    }

    /// For a filter whose choices are too many to be offered, so that any text is taken: notes a value that means
    /// nothing.
    pub fn check_values(&mut self, key: &str, means_something: impl Fn(&str) -> bool) {
        let unknown = self.values(key).into_iter().find(|value| !means_something(value));
        if let Some(says) = unknown.map(|value| no_choice(key, value)) {
            self.note(|| says);
        }
    }

    pub(super) fn drop_value(&mut self, key: &str, label: &str, value: &str) {
        self.note(|| no_choice(key, value));
        self.dropped.push(format!(
            "{label}: {} is not a choice here and was left out.",
            quoted(value)
        ));
    }

    /// One order for all links to the same list, whatever the order of clicks.
    pub(super) fn put_filters(&mut self, chosen: Vec<(String, String)>) {
        self.filters.clear();
        for known in &self.known {
            for (key, value) in &chosen {
                let pair = (key.clone(), value.clone());
                if *key == known.key && !self.filters.contains(&pair) {
                    self.filters.push(pair);
                }
            }
        }
    }

    pub(super) fn put_columns(&mut self, keys: &[String]) {
        self.columns = self
            .all_columns
            .iter()
            .filter(|(key, _, _)| keys.contains(key))
            .map(|(key, _, _)| key.clone())
            .collect();
    }

    pub(super) fn default_columns(&self) -> Vec<String> {
        self.all_columns
            .iter()
            .filter(|(_, _, on)| *on)
            .map(|(key, _, _)| key.clone())
            .collect()
    }

    /// Uses the columns that a person saved, unless the address names its own.
    pub fn use_saved_columns(&mut self, saved: &[String]) {
        if !self.columns_given && !saved.is_empty() {
            self.put_columns(saved);
        }
    }

    pub fn columns_given(&self) -> bool {
        self.columns_given
    }

    pub fn shows(&self, column: &str) -> bool {
        self.columns.iter().any(|shown| shown == column)
    }

    /// All values of a filter.
    pub fn values(&self, key: &str) -> Vec<&str> {
        self.filters
            .iter()
            .filter(|(known, _)| known == key)
            .map(|(_, value)| value.as_str())
            .collect()
    }

    pub fn value(&self, key: &str) -> Option<&str> {
        self.values(key).first().copied()
    }

    /// A filter's day.
    pub fn day(&self, key: &str) -> Option<chrono::NaiveDate> {
        self.value(key).and_then(|value| value.parse().ok())
    }

    /// For a script or a file, which shows no flash: what was not understood is refused, since leaving it out would
    /// mean more rows than were asked for.
    pub fn understood(&self) -> Result<()> {
        match &self.not_understood {
            Some(says) => Err(Error::BadRequest(says.clone().into())),
            None => Ok(()),
        }
    }

    pub fn has(&self, key: &str, value: &str) -> bool {
        self.filters
            .iter()
            .any(|(known, chosen)| known == key && chosen == value)
    }

    /// Whether anything narrows the list.
    pub fn is_filtered(&self) -> bool {
        !self.q.is_empty() || !self.filters.is_empty()
    }

    pub fn filter_count(&self) -> usize {
        self.filters.len()
    }

    /// Rows to skip. Call after [`ListQuery::clamp`].
    pub fn offset(&self) -> u64 {
        (self.page - 1).saturating_mul(self.per)
    }

    pub fn limit(&self) -> u64 {
        self.per
    }

    /// The rows of the page, of a list that is at hand as a whole. Call after [`ListQuery::clamp`].
    pub fn cut<T>(&self, rows: Vec<T>) -> impl Iterator<Item = T> + use<T> {
        let whole = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
        rows.into_iter()
            .skip(whole(self.offset()))
            .take(whole(self.limit()))
    }

    /// A page past the end becomes the last one: for pages. A script that reads page by page is given an empty one, so
    /// that it ends.
    pub fn clamp(&mut self, total: u64) {
        self.page = self.page.min(self.pages(total));
    }

    pub(super) fn pages(&self, total: u64) -> u64 {
        total.div_ceil(self.per).max(1)
    }

    pub(super) fn sort_text(&self) -> String {
        let minus = if self.descending { "-" } else { "" };
        format!("{minus}{}", self.sort)
    }
}
