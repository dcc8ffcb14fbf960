//! Searching and counting, the same on both databases.

use super::Conn;
use diesel::sql_types::BigInt;

/// The pattern "contains this text" for a column that holds a search key. Use with `.like(..).escape('\\')`.
pub fn contains(typed: &str) -> String {
    let mut pattern = String::from("%");
    for c in crate::kernel::search_key(typed).chars() {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern
}

/// Sums a `BigInt` column as a `BigInt`: both databases would rather answer with another type.
pub fn count_of(column: &'static str) -> diesel::expression::SqlLiteral<BigInt> {
    diesel::dsl::sql::<BigInt>(match column {
        "events" => "CAST(COALESCE(SUM(events), 0) AS BIGINT)",
        _ => "COUNT(*)",
    })
}

#[expect(dead_code, reason = "keeps the connection type in the docs of this module")]
type Any = Conn;
