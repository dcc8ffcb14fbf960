//! "Assign to Smart Account and Virtual Account": which orders, and where to.

mod begin;
mod choose;
mod select;

pub use begin::begin;
pub use choose::{choose, draft_of, show};
pub use select::{select, show_select};

/// The steps of the wizard.
pub const STEPS: [&str; 3] = ["Select accounts", "Review", "Confirmation"];

/// The name of the page, as the founding document has it.
pub const TITLE: &str = "Assign to Smart Account and Virtual Account";

/// So many orders that stand in the way are named.
const MOST_NAMED: usize = 50;

/// The longest text that is searched for.
const LONGEST: usize = 200;
