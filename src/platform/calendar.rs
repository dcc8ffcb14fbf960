//! What the portal will do by itself, and when. The rooms know their deadlines; `app` lists them all, and whoever wants to
//! know what comes next asks the list. The jobs do not go by it: they look for what is due themselves.

use super::db::Reads;
use crate::error::Result;
use crate::kernel::Moment;

/// Something that will be due.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Due {
    /// Portal time.
    pub at: Moment,
    /// What happens then: "The request expires".
    pub what: &'static str,
    /// To which thing, as people call it.
    pub about: String,
    /// By which rule.
    pub why: &'static str,
}

/// The next so many things of one room that are due after a time, the first first.
pub type Source = fn(&mut dyn Reads, Moment, i64) -> Result<Vec<Due>>;

/// All of them.
#[derive(Clone, Default)]
pub struct Calendar(Vec<Source>);

impl Calendar {
    /// One more.
    pub fn add(&mut self, source: Source) {
        self.0.push(source);
    }

    /// The next so many things that are due after a time, the first first.
    pub fn after(&self, read: &mut dyn Reads, after: Moment, most: i64) -> Result<Vec<Due>> {
        let mut all = Vec::new();
        for source in &self.0 {
            all.extend(source(read, after, most)?);
        }
        Ok(first(all, most))
    }
}

/// The first so many of those that several have named.
pub fn first(mut all: Vec<Due>, most: i64) -> Vec<Due> {
    all.sort();
    all.truncate(usize::try_from(most).unwrap_or_default());
    all
}

/// Names what these rows hold: a time and a thing.
pub fn each(rows: Vec<(Moment, String)>, what: &'static str, why: &'static str) -> impl Iterator<Item = Due> {
    rows.into_iter()
        .map(move |(at, about)| Due { at, what, about, why })
}
