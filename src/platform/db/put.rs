//! Many rows at once.

/// Puts many rows, given as a slice or a vector, into a table. The common connection takes one row at a time; its variants
/// take many: SQLite as many as it has variables for, in one statement, and PostgreSQL by COPY, which neither reads nor plans
/// a statement that is as long as what is put in. A few rows are not worth COPY's further round trips.
#[macro_export]
macro_rules! put_many {
    ($tx:expr, $table:expr, $rows:expr) => {{
        use $crate::platform::db::Conn;
        let rows = $rows;
        match $tx.conn() {
            // One row is a statement that is ready already.
            Conn::Sqlite(c) if rows.len() < 8 => {
                for row in rows.iter() {
                    diesel::insert_into($table).values(row).execute(c)?;
                }
            }
            Conn::Sqlite(c) => {
                // 32,766 variables, and at most 32 columns.
                for some in rows.chunks(1_000) {
                    diesel::insert_into($table).values(some).execute(c)?;
                }
            }
            Conn::Postgres(_) if rows.is_empty() => {}
            Conn::Postgres(c) if rows.len() < 20 => {
                diesel::insert_into($table).values(rows).execute(c)?;
            }
            Conn::Postgres(c) => {
                diesel::copy_from($table).from_insertable(rows).execute(c)?;
            }
        }
    }};
}
