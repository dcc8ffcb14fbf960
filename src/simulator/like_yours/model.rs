//! Makes an account of exported tables. What stands in them is replaced, if that is asked for, before anything of it is kept.

use crate::kernel::table::Found;
use crate::simulator::scenario::file::{AccountPart, PersonPart};

/// Rows of one table at most.
pub const MOST_ROWS: usize = 20_000;
/// So many rows that were left out are told.
pub const MOST_NOTES: usize = 40;

/// What is asked for.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// Of the account.
    pub name: String,
    /// Of the account.
    pub domain: String,
    /// Names, addresses and serial numbers are replaced.
    pub replace: bool,
    /// The text of each table of [`KINDS`](super::columns::KINDS); empty where there is none.
    pub texts: [String; 5],
    /// Columns that were chosen: the key of a meaning, a colon, and which column from 1.
    pub columns: Vec<String>,
}

/// An account that is to be made.
#[derive(Debug, Clone)]
pub struct Likeness {
    /// The account.
    pub account: AccountPart,
    /// Who is to be in it.
    pub people: Vec<PersonPart>,
    /// Rows that were left out, and why.
    pub notes: Vec<String>,
    /// How many rows were left out beyond those.
    pub more_notes: usize,
    /// How each table was read: which of [`KINDS`](super::columns::KINDS).
    pub found: Vec<(usize, Found)>,
}
