//! How many rows tables have: for whoever looks after a database.

use super::Reads;
use crate::error::Result;
use diesel::prelude::*;
use diesel::sql_types::BigInt;

#[derive(QueryableByName)]
struct Counted {
    #[diesel(sql_type = BigInt)]
    counted: i64,
}

/// Counts the rows of tables, each under a name for people.
pub fn rows_of(
    read: &mut dyn Reads,
    tables: &[(&'static str, &'static str)],
) -> Result<Vec<(&'static str, i64)>> {
    tables
        .iter()
        .map(|(name, table)| {
            let counted: Counted = diesel::sql_query(format!("SELECT COUNT(*) AS counted FROM {table}"))
                .get_result(read.conn())?;
            Ok((*name, counted.counted))
        })
        .collect()
}
