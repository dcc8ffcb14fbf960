//! Parts of words are found by an index of trigrams, each three characters in a row. It says too much and never too
//! little: what it finds is held against the search key itself (LIKE), which stays the one that decides.
//!
//! On SQLite the index is a table of its own (`migrations/sqlite/2026-11-28-000040_trigrams`) and is asked first here. On
//! PostgreSQL it is an index of the table (pg_trgm) and asked by the database, where its extensions may be added.

use super::conn::Conn;
use super::tx::Reads;
use crate::error::{Error, Result};
use crate::kernel::Sought;
use crate::kernel::ids::SmartAccountId;
use diesel::expression::{AppearsOnTable, Expression, SelectableExpression, ValidGrouping};
use diesel::prelude::*;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::sql_types::{BigInt, Bool, Text};

/// More than these are not looked up one by one: then the list is walked in its order, and a page of it is soon full.
const MOST_FEW: i64 = 2_000;
/// An account that has no more of a kind is read whole: what the index knows of it lies between what it knows of the others,
/// and the more those have, the longer it takes to get there.
const SMALL: i64 = 250;
/// So many trigrams of one word are looked at, spread over it.
const MOST_OF_A_WORD: usize = 16;
/// So many of them are asked for together: the rarest. A trigram that nearly everything holds costs as much as there is, and
/// tells nothing.
const MOST_ASKED: usize = 3;
/// How rare a trigram is, is guessed from where this many of it end.
const SAMPLE: i64 = 64;
/// Of the numbers of the index: how many bits count within a kind of an account's things. The account is above bit 32.
const KIND_BITS: u32 = 30;

/// What is in the index, with its number there.
#[derive(Debug, Clone, Copy)]
pub enum Indexed {
    /// `devices`, by id.
    Devices = 0,
    /// `order_views`, by the id of the order.
    Orders = 1,
}

/// What the index has found: ids, as a list in JSON. A statement that is given them stays the same text, however many they
/// are, and the index is not asked again by it.
#[derive(Debug, Clone)]
pub struct Few {
    things: String,
}

#[derive(QueryableByName)]
struct Found {
    #[diesel(sql_type = Text)]
    thing: String,
}

/// Asks the index of an account which few rows can be meant by what was typed. None: they are many, or it cannot say.
pub fn few(read: &mut dyn Reads, what: Indexed, account: SmartAccountId, typed: &str) -> Result<Option<Few>> {
    let Some(alternatives) = alternatives(&Sought::parse(typed)) else {
        return Ok(None);
    };
    let Conn::Sqlite(conn) = read.conn() else {
        return Ok(None);
    };
    let first = i64::from(what as u8) << KIND_BITS;
    let last = first + (1 << KIND_BITS) - 1;
    if is_small(conn, account, (first, last))? {
        return Ok(None);
    }
    let mut asked = Vec::with_capacity(alternatives.len());
    for all in alternatives {
        let rarest = rarest(conn, account, (first, last), all)?;
        asked.push(format!("({})", rarest.join(" AND ")));
    }
    let asked = asked.join(" OR ");
    let found: Vec<Found> = diesel::sql_query(
        "SELECT o.thing FROM trigrams_accounts a CROSS JOIN trigrams t CROSS JOIN trigrams_of o ON o.number = t.rowid \
         WHERE a.smart_account_id = ? AND t.trigrams MATCH ? \
         AND t.rowid BETWEEN (a.ordinal << 32) + ? AND (a.ordinal << 32) + ? LIMIT ?",
    )
    .bind::<Text, _>(account.to_string())
    .bind::<Text, _>(&asked)
    .bind::<BigInt, _>(first)
    .bind::<BigInt, _>(last)
    .bind::<BigInt, _>(MOST_FEW + 1)
    .load(conn)?;
    if i64::try_from(found.len()).is_ok_and(|all| all > MOST_FEW) {
        return Ok(None);
    }
    let things: Vec<&str> = found.iter().map(|one| one.thing.as_str()).collect();
    Ok(Some(Few {
        things: serde_json::to_string(&things).map_err(Error::internal)?,
    }))
}

#[derive(QueryableByName)]
struct Counted {
    #[diesel(sql_type = BigInt)]
    things: i64,
}

/// Whether an account has but a few things of one kind. One that is not in the index has none.
fn is_small(conn: &mut SqliteConnection, account: SmartAccountId, (first, last): (i64, i64)) -> Result<bool> {
    let counted: Counted = diesel::sql_query(
        "SELECT COUNT(*) AS things FROM (SELECT 1 FROM trigrams_accounts a CROSS JOIN trigrams_of o \
         WHERE a.smart_account_id = ? AND o.number BETWEEN (a.ordinal << 32) + ? AND (a.ordinal << 32) + ? LIMIT ?)",
    )
    .bind::<Text, _>(account.to_string())
    .bind::<BigInt, _>(first)
    .bind::<BigInt, _>(last)
    .bind::<BigInt, _>(SMALL + 1)
    .get_result(conn)?;
    Ok(counted.things <= SMALL)
}

#[derive(QueryableByName)]
struct Trigram {
    #[diesel(sql_type = Text)]
    trigram: String,
}

/// The rarest of these trigrams among an account's things of one kind, by a sample of each: the sooner a full sample ends, the
/// more there are; what does not fill one is rarer than all that do.
fn rarest(
    conn: &mut SqliteConnection,
    account: SmartAccountId,
    (first, last): (i64, i64),
    trigrams: Vec<String>,
) -> Result<Vec<String>> {
    if trigrams.len() <= MOST_ASKED {
        return Ok(trigrams);
    }
    let found: Vec<Trigram> = diesel::sql_query(
        "SELECT j.value AS trigram FROM trigrams_accounts a CROSS JOIN json_each(?) j WHERE a.smart_account_id = ? ORDER BY (\
         SELECT CASE WHEN COUNT(*) < ?3 THEN 9223372036854775807 - COUNT(*) ELSE MAX(s.number) END FROM (\
         SELECT t.rowid AS number FROM trigrams t WHERE t.trigrams MATCH j.value \
         AND t.rowid BETWEEN (a.ordinal << 32) + ? AND (a.ordinal << 32) + ? LIMIT ?3) s) DESC LIMIT ?",
    )
    .bind::<Text, _>(serde_json::to_string(&trigrams).map_err(Error::internal)?)
    .bind::<Text, _>(account.to_string())
    .bind::<BigInt, _>(SAMPLE)
    .bind::<BigInt, _>(first)
    .bind::<BigInt, _>(last)
    .bind::<BigInt, _>(i64::try_from(MOST_ASKED).unwrap_or(i64::MAX))
    .load(conn)?;
    Ok(found.into_iter().map(|one| one.trigram).collect())
}

/// What was typed as the index understands it: trigrams, in quotes, of which all stand in what is meant, for each
/// alternative. None when an alternative is too short for any trigram.
fn alternatives(sought: &Sought) -> Option<Vec<Vec<String>>> {
    let alternatives: Option<Vec<Vec<String>>> = sought
        .alternatives()
        .iter()
        .map(|words| {
            let mut all: Vec<String> = words.iter().flat_map(|word| trigrams(word)).collect();
            all.sort_unstable();
            all.dedup();
            (!all.is_empty()).then_some(all)
        })
        .collect();
    alternatives.filter(|all| !all.is_empty())
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
        out.push_sql(" IN (SELECT value FROM json_each(");
        out.push_bind_param::<Text, _>(&self.few.things)?;
        out.push_sql("))");
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
        assert_eq!(alternatives(&Sought::parse("ab")), None);
        assert!(trigrams(&"x".repeat(200)).len() <= MOST_OF_A_WORD);
    }
}
