//! In which order a list is sorted, and by what.

use crate::kernel::Moment;

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

/// For a key of which the store makes an order by itself.
pub fn by_store<Q>(query: Q, _: Way) -> Q {
    query
}
