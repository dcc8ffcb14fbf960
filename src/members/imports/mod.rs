//! Adding many people at once: by a list of addresses or a file, with a report before anything is written.

mod model;
pub(super) mod pages;
mod service;
mod store;

pub use model::{Content, Entry, numbered};
pub(super) use model::{Import, MOST_LINES, Report, Target, Verdict, judge, typed};
pub(super) use service::{Done, Ids, all_good, close, find, forget_before, known, people_of, report};
pub use service::{add, ids};
