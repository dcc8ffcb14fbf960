//! Parts of words are found by an index of trigrams, each three characters in a row. It says too much and never too
//! little: what it finds is held against the search key itself (LIKE), which stays the one that decides.
//!
//! On SQLite the index is a table of its own (`migrations/sqlite/2026-11-28-000040_trigrams`) and is asked first here. On
//! PostgreSQL it is an index of the table (pg_trgm) and asked by the database, where its extensions may be added.

use super::conn::Conn;
use super::tx::Reads;
use crate::error::Result;
use crate::kernel::Sought;
use crate::kernel::ids::SmartAccountId;
use diesel::expression::{AppearsOnTable, Expression, SelectableExpression, ValidGrouping};
use diesel::prelude::*;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::sql_types::{BigInt, Bool, Text};

/// More than these are not looked up one by one: then the list is walked in its order, and a page of it is soon full.
const FEW: i64 = 2_000;
/// So many trigrams of one word are looked for, spread over it.
const MOST_OF_A_WORD: usize = 16;
/// Of the numbers of the index: how many bits count within an account, and within a kind of it.
const ACCOUNT_BITS: u32 = 32;
const KIND_BITS: u32 = 30;

/// What is in the index, with its number there.
#[derive(Debug, Clone, Copy)]
pub enum Indexed {
    /// `devices`, by id.
    Devices = 0,
    /// `order_views`, by the id of the order.
    Orders = 1,
}

/// What to ask the index for, and in which piece of it.
#[derive(Debug, Clone)]
pub struct Few {
    asked: String,
    from: i64,
    until: i64,
}

#[derive(QueryableByName)]
struct Found {
    #[diesel(sql_type = BigInt)]
    ordinal: i64,
    #[diesel(sql_type = BigInt)]
    found: i64,
}

/// Asks the index of an account whether few rows can be meant by what was typed. None: many, or it cannot say.
pub fn few(read: &mut dyn Reads, what: Indexed, account: SmartAccountId, typed: &str) -> Result<Option<Few>> {
    let Some(asked) = asked(&Sought::parse(typed)) else {
        return Ok(None);
    };
    let Conn::Sqlite(conn) = read.conn() else {
        return Ok(None);
    };
    let first = i64::from(what as u8) << KIND_BITS;
    let last = first + (1 << KIND_BITS) - 1;
    let known: Option<Found> = diesel::sql_query(
        "SELECT ordinal, (SELECT COUNT(*) FROM (SELECT 1 FROM trigrams WHERE trigrams MATCH ? \
         AND rowid BETWEEN (ordinal << 32) + ? AND (ordinal << 32) + ? LIMIT ?)) AS found \
         FROM trigrams_accounts WHERE smart_account_id = ?",
    )
    .bind::<Text, _>(&asked)
    .bind::<BigInt, _>(first)
    .bind::<BigInt, _>(last)
    .bind::<BigInt, _>(FEW + 1)
    .bind::<Text, _>(account.to_string())
    .get_result(conn)
    .optional()?;
    // An account that is not in the index has nothing in it.
    let Found { ordinal, found } = known.unwrap_or(Found { ordinal: 0, found: 0 });
    let base = ordinal << ACCOUNT_BITS;
    Ok((found <= FEW).then_some(Few {
        asked,
        from: base + first,
        until: base + last,
    }))
}

/// What was typed as the index understands it; none when a part of it is too short for any trigram.
fn asked(sought: &Sought) -> Option<String> {
    let alternatives: Option<Vec<String>> = sought
        .alternatives()
        .iter()
        .map(|words| {
            let all: Vec<String> = words.iter().flat_map(|word| trigrams(word)).collect();
            (!all.is_empty()).then(|| format!("({})", all.join(" AND ")))
        })
        .collect();
    alternatives
        .filter(|all| !all.is_empty())
        .map(|all| all.join(" OR "))
}

/// The trigrams of a word, in quotes; of a long one as many as tell it from others.
fn trigrams(word: &str) -> Vec<String> {
    let letters: Vec<char> = word.chars().collect();
    let all: Vec<&[char]> = letters.windows(3).collect();
    let step = all.len().div_ceil(MOST_OF_A_WORD).max(1);
    all.into_iter()
        .step_by(step)
        .map(|three| {
            let three: String = three.iter().collect();
            format!("\"{}\"", three.replace('"', "\"\""))
        })
        .collect()
}

impl Few {
    /// The condition that a row is one of them, by the column that the index knows it by.
    pub fn among<C>(&self, column: C) -> Among<C> {
        Among {
            column,
            few: self.clone(),
        }
    }
}

/// A column is one of what the index has found.
#[derive(Debug, Clone)]
pub struct Among<C> {
    column: C,
    few: Few,
}

impl<C: ValidGrouping<By>, By> ValidGrouping<By> for Among<C> {
    type IsAggregate = C::IsAggregate;
}

impl<C> QueryId for Among<C> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}
impl<C: Expression> Expression for Among<C> {
    type SqlType = Bool;
}
impl<C, QS> AppearsOnTable<QS> for Among<C>
where
    Self: Expression,
    C: AppearsOnTable<QS>,
{
}
impl<C, QS> SelectableExpression<QS> for Among<C>
where
    Self: AppearsOnTable<QS>,
    C: SelectableExpression<QS>,
{
}
type Backend = <Conn as diesel::Connection>::Backend;
impl<C: QueryFragment<Backend>> QueryFragment<Backend> for Among<C> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Backend>) -> QueryResult<()> {
        self.column.walk_ast(out.reborrow())?;
        out.push_sql(
            " IN (SELECT trigrams_of.thing FROM trigrams CROSS JOIN trigrams_of ON trigrams_of.number = trigrams.rowid \
             WHERE trigrams MATCH ",
        );
        out.push_bind_param::<Text, _>(&self.few.asked)?;
        out.push_sql(" AND trigrams.rowid BETWEEN ");
        out.push_bind_param::<BigInt, _>(&self.few.from)?;
        out.push_sql(" AND ");
        out.push_bind_param::<BigInt, _>(&self.few.until)?;
        out.push_sql(")");
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_is_typed_is_an_operator() {
        for (word, wanted) in [
            ("abcd", &["\"abc\"", "\"bcd\""][..]),
            ("ab", &[]),
            ("a\"b", &["\"a\"\"b\""]),
            ("or*", &["\"or*\""]),
        ] {
            assert_eq!(trigrams(word), wanted, "{word}");
        }
        assert_eq!(asked(&Sought::parse("ab")), None);
        assert!(trigrams(&"x".repeat(200)).len() <= MOST_OF_A_WORD);
    }
}
