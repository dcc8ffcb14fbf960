//! Sorting one way or the other, and taking a part of what is sorted.

use diesel::ExpressionMethods;
use diesel::dsl::{Asc, Desc};
use diesel::query_dsl::methods::{LimitDsl, OffsetDsl, ThenOrderDsl};

/// Sorts by a column, behind what it is sorted by already.
pub fn by<Q, C>(query: Q, column: C, descending: bool) -> Q
where
    C: ExpressionMethods,
    Q: ThenOrderDsl<Asc<C>, Output = Q> + ThenOrderDsl<Desc<C>, Output = Q>,
{
    if descending {
        ThenOrderDsl::<Desc<C>>::then_order_by(query, column.desc())
    } else {
        ThenOrderDsl::<Asc<C>>::then_order_by(query, column.asc())
    }
}

/// A key by which a store sorts, and what it does to a query; `true` turns it round.
pub type Order<Q> = (&'static str, fn(Q, bool) -> Q);

/// Sorts by one of these keys: by the first, when there is none of that name.
pub fn ordered<Q>(query: Q, orders: &[Order<Q>], (key, descending): (&str, bool)) -> Q {
    let named = orders.iter().find(|(name, _)| *name == key);
    match named.or(orders.first()) {
        Some((_, order)) => order(query, descending),
        None => query,
    }
}

/// So many rows, after so many.
pub fn cut<Q>(query: Q, (limit, offset): (u64, u64)) -> Q
where
    Q: LimitDsl<Output = Q> + OffsetDsl<Output = Q>,
{
    let whole = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
    OffsetDsl::offset(LimitDsl::limit(query, whole(limit)), whole(offset))
}
