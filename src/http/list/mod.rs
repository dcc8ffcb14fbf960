//! The query grammar of every list: `?q=&type=stocking&from=2026-11-01&sort=-date&page=2&per=25&col=…`.
//!
//! All keys are optional and filters may come several times. On a page, unknown keys are ignored; bad values are dropped
//! and named in [`ListQuery::dropped`]. A script and a file, on which no message shows, are refused instead
//! ([`ListQuery::understood`]). What equals the default is left out of links, so that they stay short.

mod links;
mod query;
mod shown;
mod spec;

pub use query::{LONGEST, ListQuery, SIZES};
pub use shown::{Pager, SortHead, Tick};
pub use spec::{ColumnSpec, FilterSpec, ListSpec, column, is_day, no_choice, quoted};

#[cfg(test)]
mod tests;
