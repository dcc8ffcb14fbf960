//! Statements that a connection keeps ready. diesel takes every UPDATE for one whose text may be another each time, and has the
//! database read it anew.

use diesel::QueryResult;
use diesel::backend::Backend;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::query_dsl::RunQueryDsl;

/// A statement of which the text is the same each time, whatever its values are. The connection keeps each different text until
/// it ends, so a list of values of any length does not belong in here.
pub fn kept_ready<Q>(query: Q) -> KeptReady<Q> {
    KeptReady(query)
}

/// See [`kept_ready`].
#[derive(Debug, Clone, Copy)]
pub struct KeptReady<Q>(Q);

impl<Q, DB> QueryFragment<DB> for KeptReady<Q>
where
    DB: Backend,
    Q: QueryFragment<DB>,
{
    fn walk_ast<'b>(&'b self, out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        self.0.walk_ast(out)
    }
    fn is_safe_to_cache_prepared(&self, _: &DB) -> QueryResult<bool> {
        Ok(true)
    }
}

impl<Q: Query> Query for KeptReady<Q> {
    type SqlType = Q::SqlType;
}

impl<Q> QueryId for KeptReady<Q> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<Q, C> RunQueryDsl<C> for KeptReady<Q> {}
