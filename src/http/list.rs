//! The query grammar of every list: `?q=&type=stocking&from=2026-11-01&sort=-date&page=2&per=25&col=…`.
//!
//! All keys are optional and filters may come several times. On a page, unknown keys are ignored; bad values are dropped
//! and named in [`ListQuery::dropped`]. A script and a file, on which no message shows, are refused instead
//! ([`ListQuery::understood`]). What equals the default is left out of links, so that they stay short.

use crate::error::{Error, Result};
use crate::kernel::Edition;
use url::form_urlencoded::{self, Serializer};

/// Rows per page that a reader may choose from.
pub const SIZES: [u64; 4] = [10, 25, 50, 100];
const DEFAULT_SIZE: u64 = 25;
/// No name, number or SKU is longer; more would only cost the database time.
pub const LONGEST: usize = 200;

/// What a list understands.
#[derive(Debug, Clone)]
pub struct ListSpec<'a> {
    /// Where the list is served.
    pub path: String,
    /// The keys by which it can be sorted.
    pub sorts: &'a [&'a str],
    /// One of `sorts`, with a leading `-` when descending.
    pub default_sort: &'a str,
    pub filters: &'a [FilterSpec<'a>],
    pub columns: &'a [ColumnSpec<'a>],
}

/// A filter. Without `values` any short text is taken; see [`FilterSpec::date`] for days.
#[derive(Debug, Clone, Copy)]
pub struct FilterSpec<'a> {
    pub key: &'a str,
    pub label: &'a str,
    /// Value and label of each choice.
    pub values: &'a [(&'a str, &'a str)],
}

/// The one value that marks a filter as a day, such as `from=2026-11-01`.
const DAY: &[(&str, &str)] = &[("", "day")];

impl<'a> FilterSpec<'a> {
    /// A filter whose value is a day in the form 2026-11-01.
    pub const fn date(key: &'a str, label: &'a str) -> Self {
        Self {
            key,
            label,
            values: DAY,
        }
    }

    fn is_date(&self) -> bool {
        matches!(self.values, [("", "day")])
    }
}

#[derive(Debug, Clone, Copy)]
pub struct ColumnSpec<'a> {
    pub key: &'a str,
    pub label: &'a str,
    pub default_on: bool,
}

/// A column of a list that is declared as a constant.
pub const fn column(key: &'static str, label: &'static str, default_on: bool) -> ColumnSpec<'static> {
    ColumnSpec {
        key,
        label,
        default_on,
    }
}

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
    not_understood: Option<String>,
    default_sort: String,
    columns_given: bool,
    known: Vec<Known>,
    all_columns: Vec<(String, String, bool)>,
}

#[derive(Debug, Clone)]
struct Known {
    key: String,
    label: String,
    date: bool,
    values: Vec<(String, String)>,
}

impl Known {
    fn of(spec: &FilterSpec<'_>) -> Self {
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
    fn in_words_of(&mut self, edition: Edition) {
        self.label = edition.words(&self.label).into_owned();
        for (_, label) in &mut self.values {
            *label = edition.words(label).into_owned();
        }
    }

    fn takes(&self, value: &str) -> bool {
        if self.date {
            is_day(value)
        } else {
            (self.values.is_empty() && value.chars().count() <= LONGEST)
                || self.values.iter().any(|(known, _)| known == value)
        }
    }

    fn label_of<'v>(&'v self, value: &'v str) -> &'v str {
        self.values
            .iter()
            .find(|(known, _)| known == value)
            .map_or(value, |(_, label)| label)
    }
}

/// A filter as the "Filters" panel shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilterPanel {
    pub key: String,
    pub label: String,
    pub date: bool,
    /// Empty for a date or a free text, whose value is `text`.
    pub choices: Vec<Tick>,
    pub text: String,
}

/// A check box.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tick {
    pub value: String,
    pub label: String,
    pub on: bool,
}

/// An active filter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chip {
    pub label: String,
    pub remove_href: String,
}

/// A column's head that sorts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SortHead {
    pub label: String,
    pub href: String,
    pub dir: Option<Direction>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    Ascending,
    Descending,
}

impl SortHead {
    /// The value of `aria-sort`, for the sorting column only.
    pub fn aria(&self) -> Option<&'static str> {
        self.dir.map(|dir| match dir {
            Direction::Ascending => "ascending",
            Direction::Descending => "descending",
        })
    }

    pub fn icon(&self) -> &'static str {
        match self.dir {
            None => "chevrons-up-down",
            Some(Direction::Ascending) => "arrow-up",
            Some(Direction::Descending) => "arrow-down",
        }
    }
}

/// Where a page stands in its list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pager {
    pub path: String,
    /// Number of the first row, from 1; 0 when there is none.
    pub from: u64,
    pub to: u64,
    pub total: u64,
    pub page: u64,
    pub pages: u64,
    pub per: u64,
    pub prev: Option<String>,
    pub next: Option<String>,
    /// The first, the last, and those around this page.
    pub links: Vec<PageLink>,
    /// What the "Rows" form keeps.
    pub hidden: Vec<(String, String)>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageLink {
    pub number: u64,
    pub href: String,
    pub current: bool,
    /// Pages are left out before this one.
    pub gap_before: bool,
}

impl Pager {
    /// "1–25 of 31".
    pub fn summary(&self) -> String {
        use super::widgets::number;
        if self.total == 0 {
            "0 of 0".to_owned()
        } else {
            format!(
                "{}–{} of {}",
                number(&self.from),
                number(&self.to),
                number(&self.total)
            )
        }
    }

    /// Page sizes, each with whether it is in use.
    pub fn sizes(&self) -> Vec<(u64, bool)> {
        SIZES.iter().map(|size| (*size, *size == self.per)).collect()
    }
}

/// Whether a value is a day in the form 2026-11-01.
pub fn is_day(value: &str) -> bool {
    value.len() == 10 && value.parse::<chrono::NaiveDate>().is_ok()
}

fn split_sort(sort: &str) -> (&str, bool) {
    sort.strip_prefix('-').map_or((sort, false), |key| (key, true))
}

/// A value in a message: short, whatever was sent.
pub fn quoted(value: &str) -> String {
    let mut short: String = value.chars().take(40).collect();
    if short.len() < value.len() {
        short.push('…');
    }
    format!("“{short}”")
}

/// What is said of a value that a parameter does not take.
pub fn no_choice(key: &str, value: &str) -> String {
    format!("“{key}”: {} is not a choice here.", quoted(value))
}

impl ListQuery {
    /// The list with its filters and columns in the words of an edition.
    #[must_use]
    pub fn in_words_of(mut self, edition: Edition) -> Self {
        if edition.is_on_prem() {
            self.known.iter_mut().for_each(|known| known.in_words_of(edition));
            for (_, label, _) in &mut self.all_columns {
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

    fn read_search(&mut self, value: &str) {
        self.q = value.chars().take(LONGEST).collect();
        if self.q.len() < value.len() {
            self.note(|| format!("“q” has more than {LONGEST} characters."));
            self.dropped
                .push(format!("The search was cut to {LONGEST} characters."));
        }
    }

    fn read_sort(&mut self, value: &str, spec: &ListSpec<'_>) {
        let (key, descending) = split_sort(value);
        if spec.sorts.contains(&key) {
            key.clone_into(&mut self.sort);
            self.descending = descending;
        } else {
            self.drop_value("sort", "Sort", value);
        }
    }

    fn note(&mut self, says: impl FnOnce() -> String) {
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

    fn drop_value(&mut self, key: &str, label: &str, value: &str) {
        self.note(|| no_choice(key, value));
        self.dropped.push(format!(
            "{label}: {} is not a choice here and was left out.",
            quoted(value)
        ));
    }

    /// One order for all links to the same list, whatever the order of clicks.
    fn put_filters(&mut self, chosen: Vec<(String, String)>) {
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

    fn put_columns(&mut self, keys: &[String]) {
        self.columns = self
            .all_columns
            .iter()
            .filter(|(key, _, _)| keys.contains(key))
            .map(|(key, _, _)| key.clone())
            .collect();
    }

    fn default_columns(&self) -> Vec<String> {
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

    fn pages(&self, total: u64) -> u64 {
        total.div_ceil(self.per).max(1)
    }

    fn sort_text(&self) -> String {
        let minus = if self.descending { "-" } else { "" };
        format!("{minus}{}", self.sort)
    }

    /// All that is not a default.
    fn pairs(&self) -> Vec<(String, String)> {
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

    fn link(path: &str, pairs: &[(String, String)]) -> String {
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

    fn changed(&self, change: impl FnOnce(&mut Self)) -> String {
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

    pub fn chips(&self) -> Vec<Chip> {
        let mut chips = Vec::new();
        if !self.q.is_empty() {
            chips.push(Chip {
                label: format!("Search: {}", self.q),
                remove_href: self.without_search(),
            });
        }
        for (key, value) in &self.filters {
            if let Some(known) = self.known.iter().find(|known| known.key == *key) {
                chips.push(Chip {
                    label: format!("{}: {}", known.label, known.label_of(value)),
                    remove_href: self.without_filter(key, value),
                });
            }
        }
        chips
    }

    pub fn sort_head(&self, key: &str, label: &str) -> SortHead {
        SortHead {
            label: label.to_owned(),
            href: self.toggle_sort(key),
            dir: (self.sort == key).then_some(if self.descending {
                Direction::Descending
            } else {
                Direction::Ascending
            }),
        }
    }

    /// Hidden fields for a form that sets `except` itself.
    pub fn hidden(&self, except: &[&str]) -> Vec<(String, String)> {
        let mut pairs = self.pairs();
        pairs.retain(|(key, _)| !except.contains(&key.as_str()));
        pairs
    }

    /// Hidden fields for the form that sets all filters.
    pub fn hidden_without_filters(&self) -> Vec<(String, String)> {
        let mut pairs = self.hidden(&["page"]);
        pairs.retain(|(key, _)| self.known.iter().all(|known| known.key != *key));
        pairs
    }

    pub fn panels(&self) -> Vec<FilterPanel> {
        self.known
            .iter()
            .map(|known| FilterPanel {
                key: known.key.clone(),
                label: known.label.clone(),
                date: known.date,
                choices: known
                    .values
                    .iter()
                    .map(|(value, label)| Tick {
                        value: value.clone(),
                        label: label.clone(),
                        on: self.has(&known.key, value),
                    })
                    .collect(),
                text: self.value(&known.key).unwrap_or_default().to_owned(),
            })
            .collect()
    }

    pub fn column_choices(&self) -> Vec<Tick> {
        self.all_columns
            .iter()
            .map(|(key, label, _)| Tick {
                value: key.clone(),
                label: label.clone(),
                on: self.shows(key),
            })
            .collect()
    }

    /// The pager of a list with `total` rows. A page past the end shows as the last one.
    pub fn pager(&self, total: u64) -> Pager {
        let pages = self.pages(total);
        let page = self.page.min(pages);
        let from = if total == 0 { 0 } else { (page - 1) * self.per + 1 };
        let mut links: Vec<PageLink> = Vec::new();
        let near = page.saturating_sub(1).max(1)..=(page + 1).min(pages);
        let mut last = 0;
        for number in std::iter::once(1).chain(near).chain(std::iter::once(pages)) {
            if number <= last {
                continue;
            }
            links.push(PageLink {
                number,
                href: self.at_page(number),
                current: number == page,
                gap_before: number > last + 1,
            });
            last = number;
        }
        Pager {
            path: self.path.clone(),
            from,
            to: (page * self.per).min(total),
            total,
            page,
            pages,
            per: self.per,
            prev: (page > 1).then(|| self.at_page(page - 1)),
            next: (page < pages).then(|| self.at_page(page + 1)),
            links,
            hidden: self.hidden(&["page", "per"]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const FILTERS: &[FilterSpec<'_>] = &[
        FilterSpec {
            key: "assignment",
            label: "Assignment status",
            values: &[("unassigned", "Unassigned"), ("assigned", "Assigned")],
        },
        FilterSpec {
            key: "type",
            label: "Order type",
            values: &[("standard", "Standard"), ("ea", "Enterprise Agreement")],
        },
        FilterSpec {
            key: "customer",
            label: "Customer",
            values: &[],
        },
        FilterSpec::date("from", "From"),
    ];
    const COLUMNS: &[ColumnSpec<'_>] = &[
        ColumnSpec {
            key: "lines",
            label: "Lines",
            default_on: true,
        },
        ColumnSpec {
            key: "status",
            label: "Order status",
            default_on: true,
        },
        ColumnSpec {
            key: "partner",
            label: "Partner",
            default_on: false,
        },
    ];

    fn spec() -> ListSpec<'static> {
        ListSpec {
            path: "/sa/7/orders".to_owned(),
            sorts: &["date", "id"],
            default_sort: "-date",
            filters: FILTERS,
            columns: COLUMNS,
        }
    }

    fn read(raw: &str) -> ListQuery {
        ListQuery::parse(raw, &spec())
    }

    #[test]
    fn nothing_means_defaults_and_a_bare_link() {
        let query = read("");
        assert_eq!((query.sort.as_str(), query.descending), ("date", true));
        assert_eq!((query.page, query.per), (1, 25));
        assert_eq!(query.columns, ["lines", "status"]);
        assert_eq!(query.href(), "/sa/7/orders");
        assert!(!query.is_filtered());
        assert_eq!(read("sort=-date&page=1&per=25&q=&from=").href(), "/sa/7/orders");
        assert_eq!(read("col=status&col=lines").href(), "/sa/7/orders");
    }

    #[test]
    fn reads_every_part() {
        let query = read(
            "q=Harbor%20view+%26&type=ea&type=standard&assignment=unassigned&from=2026-11-01&sort=id&page=3&per=50&col=partner",
        );
        assert_eq!(query.q, "Harbor view &");
        assert_eq!(query.values("type"), ["ea", "standard"]);
        assert_eq!(
            query.day("from").map(|d| d.to_string()).as_deref(),
            Some("2026-11-01")
        );
        assert_eq!((query.sort.as_str(), query.descending), ("id", false));
        assert_eq!((query.offset(), query.limit()), (100, 50));
        assert!(query.shows("partner") && !query.shows("lines"));
        assert!(query.dropped.is_empty());
        assert_eq!(
            query.href(),
            "/sa/7/orders?q=Harbor+view+%26&assignment=unassigned&type=ea&type=standard&from=2026-11-01&sort=id&page=3&per=50&col=partner"
        );
        assert_eq!(
            query.csv_href(),
            "/sa/7/orders.csv?q=Harbor+view+%26&assignment=unassigned&type=ea&type=standard&from=2026-11-01&sort=id&col=partner"
        );
    }

    #[test]
    fn ignores_unknown_keys_and_names_bad_values() {
        let query = read("utm=1&type=lease&sort=colour&page=0&per=26&from=2026-02-30&col=x");
        assert_eq!(query.href(), "/sa/7/orders");
        assert_eq!(query.dropped.len(), 6);
        assert!(query.understood().is_err());
        assert!(query.dropped.iter().any(|d| d.starts_with("Order type: “lease”")));
    }

    #[test]
    fn what_a_script_asks_for_is_understood_or_refused() {
        let refusal = |raw: &str| read(raw).understood().err().map(|e| e.to_string());
        assert_eq!(refusal("type=ea&type=standard&q=x&page=2"), None);
        for (raw, named) in [
            ("utm=1", "“utm”"),
            ("type=lease", "“type”"),
            ("sort=colour", "“sort”"),
            ("page=0", "“page”"),
            ("per=26", "“per”"),
            ("from=2026-02-30", "“from”"),
            ("col=x", "“col”"),
            (&format!("q={}", "x".repeat(LONGEST + 1)), "“q”"),
            (&format!("customer={}", "x".repeat(LONGEST + 1)), "“customer”"),
        ] {
            assert!(refusal(raw).is_some_and(|says| says.starts_with(named)), "{raw}");
        }
        let mut query = read("customer=nobody");
        query.check_values("customer", |value| value == "nobody");
        assert!(query.understood().is_ok());
        query.check_values("customer", |value| value == "somebody");
        assert_eq!(
            query.understood().err().map(|e| e.to_string()).as_deref(),
            Some("“customer”: “nobody” is not a choice here.")
        );
    }

    #[test]
    fn filters_add_replace_and_go() {
        let query = read("assignment=unassigned&page=4&sort=id");
        assert_eq!(
            query.with_filter("assignment", "assigned"),
            "/sa/7/orders?assignment=unassigned&assignment=assigned&sort=id"
        );
        assert_eq!(
            query.only_filter("assignment", "assigned"),
            "/sa/7/orders?assignment=assigned&sort=id"
        );
        assert_eq!(
            query.toggle_filter("assignment", "unassigned"),
            "/sa/7/orders?sort=id"
        );
        assert_eq!(query.clear_href(), "/sa/7/orders?sort=id");
        let chips = query.chips();
        assert_eq!(
            chips.first().map(|c| c.label.as_str()),
            Some("Assignment status: Unassigned")
        );
    }

    #[test]
    fn a_second_click_turns_the_order_round() {
        let query = read("");
        assert_eq!(query.toggle_sort("date"), "/sa/7/orders?sort=date");
        assert_eq!(query.toggle_sort("id"), "/sa/7/orders?sort=id");
        assert_eq!(read("sort=id").toggle_sort("id"), "/sa/7/orders?sort=-id");
        assert_eq!(query.sort_head("date", "Order date").aria(), Some("descending"));
        assert_eq!(query.sort_head("id", "Order").aria(), None);
    }

    #[test]
    fn a_page_past_the_end_is_the_last() {
        let mut query = read("page=9");
        let pager = query.pager(31);
        assert_eq!((pager.from, pager.to, pager.page, pager.pages), (26, 31, 2, 2));
        assert_eq!(pager.prev.as_deref(), Some("/sa/7/orders"));
        assert_eq!(pager.next, None);
        query.clamp(31);
        assert_eq!(query.offset(), 25);
        query.clamp(0);
        assert_eq!(query.offset(), 0);
        assert_eq!(query.pager(0).summary(), "0 of 0");
    }

    #[test]
    fn a_long_list_links_to_its_ends_and_neighbours() {
        let pager = read("page=10").pager(1000);
        let numbers: Vec<_> = pager.links.iter().map(|l| (l.number, l.gap_before)).collect();
        assert_eq!(
            numbers,
            [(1, false), (9, true), (10, false), (11, false), (40, true)]
        );
        assert_eq!(pager.summary(), "226–250 of 1,000");
    }

    #[test]
    fn forms_keep_what_they_do_not_set() {
        let query = read("q=x&type=ea&sort=id&page=2&per=10");
        let keys: Vec<_> = query.hidden(&["q", "page"]).into_iter().map(|(k, _)| k).collect();
        assert_eq!(keys, ["type", "sort", "per"]);
        let keys: Vec<_> = query
            .hidden_without_filters()
            .into_iter()
            .map(|(k, _)| k)
            .collect();
        assert_eq!(keys, ["q", "sort", "per"]);
    }

    #[test]
    fn saved_columns_yield_to_the_address() {
        let saved = ["partner".to_owned(), "gone".to_owned()];
        let mut query = read("");
        query.use_saved_columns(&saved);
        assert_eq!(query.columns, ["partner"]);
        assert_eq!(query.href(), "/sa/7/orders");
        let mut query = read("col=lines");
        query.use_saved_columns(&saved);
        assert_eq!(query.columns, ["lines"]);
    }

    proptest! {
        #[test]
        fn a_links_query_reads_back_as_itself(raw in "[ -~]{0,80}", total in 0_u64..100_000) {
            let first = read(&raw);
            let href = first.href();
            let again = read(href.split_once('?').map_or("", |(_, query)| query));
            prop_assert_eq!(again.href(), href);
            prop_assert!(again.dropped.is_empty());
            let pager = first.pager(total);
            prop_assert!(pager.to <= total && pager.from <= pager.to + 1);
            prop_assert!(pager.page >= 1 && pager.page <= pager.pages);
        }
    }
}
