//! Statements that a connection keeps ready. diesel takes every UPDATE, and all that is written as SQL, for one whose text may be
//! another each time, and has the database read it anew: one way to the server and back more.

use diesel::QueryResult;
use diesel::backend::Backend;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId, SqlQuery, UpdateStatement};
use diesel::query_dsl::RunQueryDsl;
use diesel::query_source::QuerySource;

/// For statements of which the text is the same each time, whatever their values are.
pub trait KeepReady: Sized {
    /// The same statement, kept ready. The connection keeps each different text until it ends, so one with a list of values of
    /// any length stays as it is.
    fn kept_ready(self) -> KeptReady<Self>;
}

impl<T: QuerySource, U, V, R> KeepReady for UpdateStatement<T, U, V, R> {
    fn kept_ready(self) -> KeptReady<Self> {
        KeptReady(self)
    }
}

impl KeepReady for SqlQuery {
    fn kept_ready(self) -> KeptReady<Self> {
        KeptReady(self)
    }
}

/// See [`KeepReady::kept_ready`].
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
