//! Searching, the same on both databases.

use super::Conn;
use diesel::expression::BoxableExpression;
use diesel::sql_types::Bool;

/// What a query is written for when it is put together as it runs: either database.
pub type Backend = <Conn as diesel::Connection>::Backend;

/// A condition on the rows of a table, for `filter`.
pub type Condition<'a, Table> = Box<dyn BoxableExpression<Table, Backend, SqlType = Bool> + 'a>;

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

/// Puts two conditions together; where there is none yet, the second stands alone.
pub fn either<'a, Table: 'a>(
    one: Option<Condition<'a, Table>>,
    other: Condition<'a, Table>,
) -> Condition<'a, Table> {
    use diesel::BoolExpressionMethods;
    match one {
        Some(one) => Box::new(one.or(other)),
        None => other,
    }
}

/// As [`either`], and both have to hold.
pub fn both<'a, Table: 'a>(
    one: Option<Condition<'a, Table>>,
    other: Condition<'a, Table>,
) -> Condition<'a, Table> {
    use diesel::BoolExpressionMethods;
    match one {
        Some(one) => Box::new(one.and(other)),
        None => other,
    }
}

/// The condition that what was typed into a search box ([`Sought`](crate::kernel::Sought)) is found in these columns of
/// a table, which hold search keys; none when nothing is looked for. Each word may stand in another column, or where
/// another condition looks for its pattern.
#[macro_export]
macro_rules! found {
    ($table:ty, $typed:expr, $($column:expr),+ $(; $pattern:ident => $also:expr)? $(,)?) => {{
        use $crate::platform::db::{Condition, both, contains, either};
        let sought = $crate::kernel::Sought::parse($typed);
        let mut found: Option<Condition<'_, $table>> = None;
        for words in sought.alternatives() {
            let mut all: Option<Condition<'_, $table>> = None;
            for word in words {
                let mut somewhere: Option<Condition<'_, $table>> = None;
                $(
                    let here: Condition<'_, $table> = Box::new($column.like(contains(word)).escape('\\'));
                    somewhere = Some(either(somewhere, here));
                )+
                $(
                    let $pattern = contains(word);
                    let here: Condition<'_, $table> = Box::new($also);
                    somewhere = Some(either(somewhere, here));
                )?
                all = somewhere.map(|here| both(all.take(), here));
            }
            found = all.map(|all| either(found.take(), all)).or(found);
        }
        found
    }};
}

#[cfg(test)]
mod tests {
    #[test]
    fn what_is_typed_is_no_pattern() {
        assert_eq!(super::contains(r"50%_\A"), r"%50\%\_\\a%");
    }
}
