//! Looks across all tables: an exception to "a table has one owner", since it asks whether the owners agree.

use crate::error::Result;
use crate::platform::db::Reads;
use diesel::RunQueryDsl;
use diesel::sql_types::Text;

#[derive(diesel::QueryableByName)]
struct Found {
    #[diesel(sql_type = Text)]
    what: String,
}

/// What a query finds. The queries are ours and hold nothing that anybody typed.
pub fn find(read: &mut dyn Reads, query: &str) -> Result<Vec<String>> {
    let rows: Vec<Found> = diesel::sql_query(query).load(read.conn())?;
    Ok(rows.into_iter().map(|row| row.what).collect())
}
