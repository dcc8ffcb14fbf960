//! What a list can be asked for: its filters, its columns and its orders.

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
pub(super) const DAY: &[(&str, &str)] = &[("", "day")];

impl<'a> FilterSpec<'a> {
    /// A filter whose value is a day in the form 2026-11-01.
    pub const fn date(key: &'a str, label: &'a str) -> Self {
        Self {
            key,
            label,
            values: DAY,
        }
    }

    pub(super) fn is_date(&self) -> bool {
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

/// Whether a value is a day in the form 2026-11-01.
pub fn is_day(value: &str) -> bool {
    value.len() == 10 && value.parse::<chrono::NaiveDate>().is_ok()
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

/// A column's head.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    pub key: &'static str,
    pub label: String,
    /// Of its cell; "" for none.
    pub class: &'static str,
    /// By what it sorts, if it does.
    pub by: Option<&'static str>,
    /// Whether it cannot be chosen away.
    pub stays: bool,
}
