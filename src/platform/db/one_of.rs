//! A column is one of some values, in a statement that the database knows already. diesel's own `eq_any` is another statement
//! for each number of values and is prepared anew each time, on SQLite; here the values are filled up to few lengths.

use super::conn::Conn;
use diesel::QueryResult;
use diesel::expression::{AppearsOnTable, Expression, SelectableExpression, ValidGrouping};
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::serialize::ToSql;
use diesel::sql_types::{Bool, Text};

type Backend = <Conn as diesel::Connection>::Backend;

/// The condition that a column is one of these, at most some hundreds. With none of them it is never so.
pub fn one_of<C, V>(column: C, values: Vec<V>) -> OneOf<C, V> {
    OneOf { column, values }
}

/// See [`one_of`].
#[derive(Debug, Clone)]
pub struct OneOf<C, V> {
    column: C,
    values: Vec<V>,
}

impl<C: ValidGrouping<By>, V, By> ValidGrouping<By> for OneOf<C, V> {
    type IsAggregate = C::IsAggregate;
}
impl<C, V> QueryId for OneOf<C, V> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}
impl<C: Expression<SqlType = Text>, V> Expression for OneOf<C, V> {
    type SqlType = Bool;
}
impl<C, V, QS> AppearsOnTable<QS> for OneOf<C, V>
where
    Self: Expression,
    C: AppearsOnTable<QS>,
{
}
impl<C, V, QS> SelectableExpression<QS> for OneOf<C, V>
where
    Self: AppearsOnTable<QS>,
    C: SelectableExpression<QS>,
{
}
impl<C, V> QueryFragment<Backend> for OneOf<C, V>
where
    C: QueryFragment<Backend>,
    V: ToSql<Text, Backend>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Backend>) -> QueryResult<()> {
        let Some(last) = self.values.last() else {
            out.push_sql("1 = 0");
            return Ok(());
        };
        self.column.walk_ast(out.reborrow())?;
        out.push_sql(" IN (");
        let filled = self.values.len().next_power_of_two();
        for at in 0..filled {
            if at > 0 {
                out.push_sql(", ");
            }
            out.push_bind_param::<Text, _>(self.values.get(at).unwrap_or(last))?;
        }
        out.push_sql(")");
        Ok(())
    }
}
