//! A list, declared once: what it can be asked for, and what its table and its file show.

use super::asked::{Asked, Places};
use super::column::{Column, Shown};
use super::filter::{Filter, Values};
use super::lookup::{Choices, Lookup};
use super::order::Sort;
use super::query::ListQuery;
use super::reading::Reading;
use super::spec::{ColumnSpec, FilterSpec, Head, ListSpec};
use crate::error::Result;
use crate::http::Param;
use crate::kernel::{Edition, Moment};
use crate::platform::db::Reads;

/// A list of rows `R`, for whoever holds `P`: a permit, most often. `Q` is what finds the rows: a query of the database,
/// what the store is asked for, or the rows themselves where they are few.
pub struct List<P: 'static, R: 'static, Q: 'static, C: 'static = ()> {
    /// Its page, with `{said}` for the number of the account. The file stands beside it, with `.csv` behind.
    pub path: &'static str,
    /// What a file of it is called.
    pub file: &'static str,
    /// The most rows of a file.
    pub most_exported: u64,
    /// What a count says: of one row, and of many.
    pub nouns: (&'static str, &'static str),
    /// Where a search looks, as a sentence.
    /// "" when there is none.
    pub search: &'static str,
    pub filters: &'static [Filter<Q>],
    pub sorts: &'static [Sort<Q>],
    /// One of them, with `-` in front for falling order.
    pub default_sort: &'static str,
    /// In the order of the table and of the file.
    pub columns: &'static [Column<R>],
    /// The Virtual Accounts that one sees, of a list that says where its rows are.
    pub places: Option<fn(&mut dyn Reads, &P) -> Result<Places>>,
    /// What the database knows of the values of other filters, by their keys.
    pub known: &'static [(&'static str, Lookup<P>)],
    /// Makes the lines of a file of a row, of a list that says several of one.
    pub apart: Option<fn(R) -> Vec<R>>,
    pub rows: Rows<P, R, C>,
}

/// Where the rows of a list come from.
pub enum Rows<P: 'static, R: 'static, C: 'static = ()> {
    /// The database counts those that are asked for, and gives so many of them, after so many.
    Paged {
        count: fn(&mut dyn Reads, &P, &Asked) -> Result<u64>,
        page: fn(&mut dyn Reads, &P, &Asked, (u64, u64)) -> Result<Vec<R>>,
    },
    /// The same where what is counted says more than how many there are, which its page shows beside the rows.
    Counted {
        counts: fn(&mut dyn Reads, &P, &Asked) -> Result<C>,
        total: fn(&C) -> u64,
        /// For a file nothing is counted.
        page: fn(&mut dyn Reads, &P, &Asked, Option<&C>, (u64, u64)) -> Result<Vec<R>>,
    },
    /// They are a part of the program: the database is not asked.
    AtHand {
        all: fn() -> Vec<R>,
        asked: fn(Vec<R>, &Asked) -> Vec<R>,
    },
    /// They are few and are read all at once. Then those that are asked for are taken, in their order.
    Whole {
        all: fn(&mut dyn Reads, &P, Moment) -> Result<Vec<R>>,
        asked: fn(Vec<R>, &Asked) -> Vec<R>,
    },
}

impl<P, R, Q, C> List<P, R, Q, C> {
    /// What most lists say nothing of: `..List::PLAIN`.
    pub const PLAIN: Self = Self {
        path: "",
        file: "",
        most_exported: u64::MAX,
        nouns: ("row", "rows"),
        search: "",
        filters: &[],
        sorts: &[],
        default_sort: "",
        columns: &[],
        places: None,
        known: &[],
        apart: None,
        rows: Rows::Whole {
            all: |_, _, _| Ok(Vec::new()),
            asked: |rows, _| rows,
        },
    };

    /// All of it, in its own order: for the program, which narrows it.
    pub fn whole(&self, now: Moment) -> Asked {
        self.asked_by("", now)
    }

    /// What an address of the cloud asks for, of a list of which the database need not know anything.
    pub fn asked_by(&self, raw: &str, now: Moment) -> Asked {
        let of = Reading {
            path: self.path.to_owned(),
            raw: raw.to_owned(),
            now,
            edition: Edition::Cloud,
            also: Vec::new(),
            without: Vec::new(),
            is_bare: false,
        };
        self.asked_at(of)
    }

    /// The same of any address.
    pub fn asked_at(&self, of: Reading) -> Asked {
        self.asked(of, Vec::new(), &[])
    }

    /// What an address asks of it.
    pub fn read(&self, read: &mut dyn Reads, permit: &P, of: Reading) -> Result<Asked> {
        let places = match self.places {
            Some(places) => places(read, permit)?,
            None => Vec::new(),
        };
        let mut choices: Vec<(&str, Choices)> = Vec::new();
        for (key, known) in self.known.iter().filter(|(key, _)| !of.without.contains(key)) {
            if let Lookup::Choices(known) = known {
                choices.push((*key, known(read, permit, &of.raw)?));
            }
        }
        let mut asked = self.asked(of, places, &choices);
        for (key, known) in self.known {
            let values = asked.list.values(key);
            if let (Lookup::Meaning(meaning), false) = (known, values.is_empty()) {
                let meant = meaning(read, permit, &values)?;
                asked.meant.push((*key, meant));
            }
        }
        for (key, known) in choices {
            let meant = known.meant(&asked.list.values(key));
            asked.meant.push((key, meant));
        }
        Ok(asked)
    }

    /// What is known of the values of each filter.
    fn choices(&self, places: &Places, choices: &[(&'static str, Choices)]) -> Vec<Option<Choices>> {
        let known = |filter: &Filter<Q>| match filter.values {
            Values::Places => {
                let all = places.iter().map(|(id, name)| (id.to_string(), name.clone()));
                let known: Vec<(String, String)> = all.collect();
                let is_all = !known.is_empty();
                Some(Choices { known, is_all })
            }
            _ => choices
                .iter()
                .find(|(key, _)| *key == filter.key)
                .map(|(_, known)| known.clone()),
        };
        self.filters.iter().map(known).collect()
    }

    fn asked(&self, of: Reading, places: Places, choices: &[(&'static str, Choices)]) -> Asked {
        let all = self.choices(&places, choices);
        let offered: Vec<Vec<(&str, &str)>> = all
            .iter()
            .map(|known| known.as_ref().map(Choices::offered).unwrap_or_default())
            .collect();
        let is_there = |filter: &Filter<Q>, known: Option<&Choices>| {
            let is_empty = known.is_some_and(|all| all.is_all && all.known.is_empty());
            !of.is_bare && !of.without.contains(&filter.key) && !is_empty
        };
        let filters: Vec<FilterSpec<'_>> = self
            .filters
            .iter()
            .zip(all.iter().zip(&offered))
            .filter(|(filter, (known, _))| is_there(filter, known.as_ref()))
            .filter_map(|(filter, (_, offered))| filter.spec(of.edition, offered))
            .collect();
        let in_table = || {
            self.columns
                .iter()
                .filter(|column| column.shown != Shown::InTheFile && !of.without.contains(&column.key))
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
        for (filter, known) in self.filters.iter().zip(&all) {
            if let Some(known) = known {
                list.check_values(filter.key, |wanted| known.has(wanted));
            }
        }
        if of.is_bare {
            list.q.clear();
        }
        if self.search.is_empty() && !list.q.is_empty() {
            list.note(|| "“q”: this list has no search.".to_owned());
            list.q.clear();
        }
        Asked {
            list,
            now: of.now,
            also: of.also,
            meant: Vec::new(),
            places,
        }
    }

    /// The columns of a file: all of them, or those that a list shows.
    fn in_file<'a>(&'a self, of: Option<&'a ListQuery>) -> impl Iterator<Item = &'a Column<R>> {
        self.columns.iter().filter(move |column| {
            let is_shown = |list: &ListQuery| {
                column.key.is_empty() || column.shown == Shown::Always || list.shows(column.key)
            };
            column.is_in_file() && of.is_none_or(is_shown)
        })
    }

    /// The head of a file with all columns, or with those that a list shows.
    pub fn head(&self, of: Option<&ListQuery>, edition: Edition) -> Vec<&'static str> {
        self.in_file(of).map(|column| edition.say(column.label)).collect()
    }

    /// A line of that file.
    pub fn line(&self, of: Option<&ListQuery>, edition: Edition, row: &R) -> Vec<String> {
        self.in_file(of).map(|column| column.text(row, edition)).collect()
    }

    /// What an address can narrow it by.
    pub fn narrowing(&self) -> Vec<Param> {
        let search = Some(self.search).filter(|says| !says.is_empty());
        let mut params: Vec<Param> = search.map(|says| Param::text("q", says)).into_iter().collect();
        params.extend(self.filters.iter().filter_map(Filter::param));
        params
    }

    /// The same, and in which order it comes.
    pub fn without_pages(&self) -> Vec<Param> {
        let mut params = self.narrowing();
        if !self.sorts.is_empty() {
            let keys = self.sorts.iter().map(|(key, _)| *key).collect();
            params.push(Param::sorts(keys, self.default_sort));
        }
        params
    }

    /// What its operation of the API takes.
    pub fn params(&self) -> Vec<Param> {
        let mut params = self.without_pages();
        params.extend([Param::PAGE, Param::PER]);
        params
    }
}
