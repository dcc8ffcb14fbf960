//! A list, declared once: what it can be asked for, and what its table and its file show.

use super::query::ListQuery;
use super::served::Reading;
use super::shown::Head;
use super::spec::{ColumnSpec, DAY, FilterSpec, ListSpec};
use crate::error::Result;
use crate::http::Param;
use crate::kernel::ids::VirtualAccountId;
use crate::kernel::{Moment, Sought, search_key};
use crate::platform::db::Reads;
use std::collections::HashMap;
use std::str::FromStr;

/// More Virtual Accounts than this make no useful filter of check boxes: their name is typed.
const MOST_OFFERED: usize = 100;

/// Virtual Accounts, each with its name.
pub type Places = Vec<(VirtualAccountId, String)>;

/// A key by which a list can be sorted, and what sorts by it.
pub type Sort<Q> = (&'static str, fn(Q, Way) -> Q);

/// In which order a list is sorted.
#[derive(Debug, Clone, Copy)]
pub struct Way {
    pub falling: bool,
    /// Portal time, for what depends on it.
    pub now: Moment,
}

/// Sorts rows that are at hand; those that are equal keep the order in which they came, or turn it round as well.
pub fn by_key<R, K: Ord>(mut rows: Vec<R>, way: Way, key: impl Fn(&R) -> K) -> Vec<R> {
    rows.sort_by_cached_key(key);
    if way.falling {
        rows.reverse();
    }
    rows
}

/// A list of rows `R`, for whoever holds `P`: a permit, most often. `Q` is what finds the rows: a query of the database,
/// or the rows themselves where they are few.
pub struct List<P: 'static, R: 'static, Q: 'static> {
    /// Its page, with `{said}` for the number of the account. The file stands beside it, with `.csv` behind.
    pub path: &'static str,
    /// What a file of it is called.
    pub file: &'static str,
    /// The most rows of a file.
    pub most_exported: u64,
    /// What a count says: of one row, and of many.
    pub nouns: (&'static str, &'static str),
    /// Where a search looks, as a sentence.
    pub search: &'static str,
    pub filters: &'static [Filter<Q>],
    pub sorts: &'static [Sort<Q>],
    /// One of them, with `-` in front for falling order.
    pub default_sort: &'static str,
    /// In the order of the table and of the file.
    pub columns: &'static [Column<R>],
    /// The Virtual Accounts that one sees, of a list that says where its rows are.
    pub places: Option<fn(&mut dyn Reads, &P) -> Result<Places>>,
    pub rows: Rows<P, R>,
}

/// Where the rows of a list come from.
pub enum Rows<P: 'static, R: 'static> {
    /// The database counts those that are asked for, and gives so many of them, after so many.
    Paged {
        count: fn(&mut dyn Reads, &P, &Asked) -> Result<u64>,
        page: fn(&mut dyn Reads, &P, &Asked, (u64, u64)) -> Result<Vec<R>>,
    },
    /// They are few and are read all at once. Then those that are asked for are taken, in their order.
    Whole {
        all: fn(&mut dyn Reads, &P, Moment) -> Result<Vec<R>>,
        asked: fn(Vec<R>, &Asked) -> Vec<R>,
    },
}

/// What a list can be narrowed by.
pub struct Filter<Q: 'static> {
    key: &'static str,
    label: &'static str,
    /// For the description of the API.
    says: &'static str,
    values: Values,
    /// Whether it may stand several times.
    many: bool,
    apply: fn(Q, &Chosen<'_>) -> Q,
}

#[derive(Clone, Copy)]
enum Values {
    Words(&'static [(&'static str, &'static str)]),
    Day,
    Text,
    Places,
}

impl<Q> Filter<Q> {
    /// Some of these words, each of which has a label.
    pub const fn words(
        key: &'static str,
        label: &'static str,
        says: &'static str,
        words: &'static [(&'static str, &'static str)],
        apply: fn(Q, &Chosen<'_>) -> Q,
    ) -> Self {
        Self::of(key, label, says, Values::Words(words), apply)
    }
    /// A day.
    pub const fn day(
        key: &'static str,
        label: &'static str,
        says: &'static str,
        apply: fn(Q, &Chosen<'_>) -> Q,
    ) -> Self {
        Self::of(key, label, says, Values::Day, apply).once()
    }
    /// A text that is typed.
    pub const fn text(
        key: &'static str,
        label: &'static str,
        says: &'static str,
        apply: fn(Q, &Chosen<'_>) -> Q,
    ) -> Self {
        Self::of(key, label, says, Values::Text, apply)
    }
    /// The Virtual Account, by its id or its name.
    pub const fn places(apply: fn(Q, &Chosen<'_>) -> Q) -> Self {
        Self::of(
            "va",
            "Virtual Account",
            "Id of a Virtual Account.",
            Values::Places,
            apply,
        )
    }
    const fn of(
        key: &'static str,
        label: &'static str,
        says: &'static str,
        values: Values,
        apply: fn(Q, &Chosen<'_>) -> Q,
    ) -> Self {
        Self {
            key,
            label,
            says,
            values,
            many: true,
            apply,
        }
    }
    /// A script may give it once.
    pub const fn once(mut self) -> Self {
        self.many = false;
        self
    }

    fn param(&self) -> Param {
        let param = match self.values {
            Values::Words(words) => Param::choice(self.key, words, self.says),
            Values::Day => Param::day(self.key, self.says),
            Values::Text => Param::text(self.key, self.says),
            Values::Places => Param::id(self.key, self.says),
        };
        if self.many { param.many() } else { param }
    }
}

/// What was chosen of a filter: one value at least.
pub struct Chosen<'a> {
    pub values: Vec<&'a str>,
    /// Of a filter of Virtual Accounts, those that one sees among them: perhaps none.
    pub places: Vec<VirtualAccountId>,
    /// Portal time.
    pub now: Moment,
}

impl Chosen<'_> {
    /// The values as the words that they are.
    pub fn words<T: FromStr>(&self) -> Vec<T> {
        self.values.iter().filter_map(|word| word.parse().ok()).collect()
    }
    pub fn has(&self, value: &str) -> bool {
        self.values.contains(&value)
    }
    /// The day.
    pub fn day(&self) -> Option<chrono::NaiveDate> {
        self.values.first().and_then(|day| day.parse().ok())
    }
}

/// A column of the table, of the file, or of both.
pub struct Column<R: 'static> {
    /// By which it is chosen.
    key: &'static str,
    /// By which it sorts, if the list can be sorted by this.
    sort: &'static str,
    label: &'static str,
    class: &'static str,
    shown: Shown,
    /// What a file says of a row.
    pub(super) text: Option<fn(&R) -> String>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Shown {
    Always,
    AtFirst,
    IfChosen,
    InTheFile,
}

impl<R> Column<R> {
    const fn of(
        key: &'static str,
        label: &'static str,
        shown: Shown,
        text: Option<fn(&R) -> String>,
    ) -> Self {
        Self {
            key,
            sort: key,
            label,
            class: "",
            shown,
            text,
        }
    }
    /// Always in the table, and in the file.
    pub const fn lead(key: &'static str, label: &'static str, text: fn(&R) -> String) -> Self {
        Self::of(key, label, Shown::Always, Some(text))
    }
    /// Always in the table, and in the table alone.
    pub const fn fixed(key: &'static str, label: &'static str) -> Self {
        Self::of(key, label, Shown::Always, None)
    }
    /// In the table alone, until it is chosen away.
    pub const fn table(key: &'static str, label: &'static str) -> Self {
        Self::of(key, label, Shown::AtFirst, None)
    }
    /// In the table until it is chosen away, and in the file.
    pub const fn shown(key: &'static str, label: &'static str, text: fn(&R) -> String) -> Self {
        Self::of(key, label, Shown::AtFirst, Some(text))
    }
    /// The same, and it is a number.
    pub const fn number(key: &'static str, label: &'static str, text: fn(&R) -> String) -> Self {
        let mut column = Self::shown(key, label, text);
        column.class = "num";
        column
    }
    /// In the table once it is chosen, and in the file.
    pub const fn hidden(key: &'static str, label: &'static str, text: fn(&R) -> String) -> Self {
        Self::of(key, label, Shown::IfChosen, Some(text))
    }
    /// In the file alone.
    pub const fn file(label: &'static str, text: fn(&R) -> String) -> Self {
        Self::of("", label, Shown::InTheFile, Some(text))
    }
    /// It sorts by another key than its own.
    pub const fn by(mut self, sort: &'static str) -> Self {
        self.sort = sort;
        self
    }
    /// Its name in a file, and what stands there of a row.
    pub(super) fn cell(&self) -> Option<(&'static str, fn(&R) -> String)> {
        Some((self.label, self.text?))
    }
}

/// What an address, or another part of the program, asks of a list.
pub struct Asked {
    pub list: ListQuery,
    /// The Virtual Accounts that one sees.
    pub places: Places,
    /// Portal time.
    pub now: Moment,
    /// Chosen by the program: shown nowhere.
    also: Vec<(&'static str, String)>,
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

impl<P, R, Q> List<P, R, Q> {
    /// All of it, in its own order: for the program, which narrows it.
    pub fn whole(&self, now: Moment) -> Asked {
        let (path, raw) = (self.path.to_owned(), String::new());
        let only = None;
        self.asked(Reading { path, raw, now, only }, Vec::new())
    }

    /// What an address asks of it.
    pub(super) fn asked(&self, of: Reading, places: Places) -> Asked {
        let offered: Vec<(&str, &str)> = if places.len() > MOST_OFFERED {
            Vec::new()
        } else {
            places
                .iter()
                .map(|(id, name)| (id.as_str(), name.as_str()))
                .collect()
        };
        let filters: Vec<FilterSpec<'_>> = self
            .filters
            .iter()
            .filter(|_| of.only.is_none())
            .map(|filter| FilterSpec {
                key: filter.key,
                label: filter.label,
                values: match filter.values {
                    Values::Words(words) => words,
                    Values::Day => DAY,
                    Values::Text => &[],
                    Values::Places => &offered,
                },
            })
            .collect();
        let in_table = || {
            self.columns.iter().filter(|column| {
                column.shown != Shown::InTheFile && of.only.as_ref().is_none_or(|(key, _)| *key != column.key)
            })
        };
        let columns: Vec<ColumnSpec<'_>> = in_table()
            .filter(|column| column.shown != Shown::Always)
            .map(|column| ColumnSpec {
                key: column.key,
                label: column.label,
                default_on: column.shown == Shown::AtFirst,
            })
            .collect();
        let sorts: Vec<&str> = self.sorts.iter().map(|(key, _)| *key).collect();
        let mut list = ListQuery::parse(
            &of.raw,
            &ListSpec {
                path: of.path.clone(),
                sorts: &sorts,
                default_sort: self.default_sort,
                filters: &filters,
                columns: &columns,
            },
        );
        list.heads = in_table()
            .map(|column| Head {
                key: column.key,
                label: column.label.to_owned(),
                class: column.class,
                by: Some(column.sort).filter(|key| sorts.contains(key)),
                stays: column.shown == Shown::Always,
            })
            .collect();
        for filter in self.filters.iter().filter(|f| matches!(f.values, Values::Places)) {
            list.check_values(filter.key, |wanted| {
                places
                    .iter()
                    .any(|(id, name)| id.as_str() == wanted || name == wanted)
            });
        }
        if of.only.is_some() {
            list.q.clear();
        }
        Asked {
            list,
            places,
            now: of.now,
            also: of.only.into_iter().collect(),
        }
    }

    /// What its operation of the API takes.
    pub(super) fn params(&self) -> Vec<Param> {
        let mut params = vec![Param::text("q", self.search)];
        params.extend(self.filters.iter().map(Filter::param));
        if !self.sorts.is_empty() {
            let keys = self.sorts.iter().map(|(key, _)| *key).collect();
            params.push(Param::sorts(keys, self.default_sort));
        }
        params.extend([Param::PAGE, Param::PER]);
        params
    }
}
