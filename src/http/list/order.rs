//! In which order a list is sorted, and by what.

use crate::kernel::Moment;
use crate::platform::db::Order;

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

/// The keys of a store that makes the orders by itself, of which there are `N`.
#[allow(
    clippy::indexing_slicing,
    reason = "a constant is made of it: too few do not compile"
)]
pub const fn keys_of<S, Q, const N: usize>(orders: &[Order<S>]) -> [Sort<Q>; N] {
    let mut sorts: [Sort<Q>; N] = [("", by_store::<Q>); N];
    let mut at = 0;
    while at < N {
        sorts[at].0 = orders[at].0;
        at += 1;
    }
    sorts
}

/// The keys of a list whose store makes the orders by itself, by the store's table of them.
macro_rules! sorts_of {
    ($orders:expr) => {
        &$crate::http::list::keys_of::<_, _, { $orders.len() }>($orders)
    };
}
pub(crate) use sorts_of;
