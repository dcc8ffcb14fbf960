//! The query grammar of every list: `?q=&type=stocking&from=2026-11-01&sort=-date&page=2&per=25&col=…`.
//!
//! All keys are optional and filters may come several times. On a page, unknown keys are ignored; bad values are dropped
//! and named in [`ListQuery::dropped`]. A script and a file, on which no message shows, are refused instead
//! ([`ListQuery::understood`]). What equals the default is left out of links, so that they stay short.
//!
//! A [`List`] is declared once, and its page, its file and its operation of the API come of that.

mod asked;
mod by_state;
mod column;
mod declared;
mod filter;
mod links;
mod lookup;
mod order;
mod query;
mod reading;
mod served;
mod shown;
mod spec;

pub use asked::{Asked, Places};
pub use by_state::ByState;
pub use column::Column;
pub use declared::{List, Rows};
pub use filter::{Chosen, Filter};
pub use lookup::{Choices, Lookup};
pub(crate) use order::sorts_of;
pub use order::{Sort, Way, by_key, by_store, keys_of};
pub use query::{LONGEST, ListQuery, SIZES};
pub use reading::Reading;
pub use served::{Anybody, AtLab, ListPage, Listing, Onlooker, ReadBy};
pub use shown::{Pager, SortHead, Tick};
pub use spec::{ColumnSpec, FilterSpec, ListSpec, column, is_day, no_choice, quoted};

#[cfg(test)]
mod tests;
