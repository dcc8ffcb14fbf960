//! The table of registration tokens. Whatever shows them begins with the account; a token that a device brings is
//! found by its hash alone, since the token says whose it is.

use super::model::{State, Token};
use crate::authz::Within;
use crate::error::Result;
use crate::http::list::{Asked, Chosen, Filter, Sort};
use crate::kernel::ids::{PersonId, RegistrationTokenId, SmartAccountId, VirtualAccountId};
use crate::kernel::{Moment, Who, search_key};
use crate::platform::db::schema::registration_tokens as tokens;
use crate::platform::db::{Backend, KeepReady, Reads, Tx, by, cut};
use diesel::prelude::*;

macro_rules! columns {
    () => {
        (
            tokens::id,
            tokens::smart_account_id,
            tokens::virtual_account_id,
            tokens::description,
            tokens::sealed,
            tokens::export_controlled,
            tokens::expires_at,
            tokens::max_uses,
            tokens::uses,
            tokens::created_at,
            tokens::created_by,
            tokens::creator,
            tokens::revoked_at,
            tokens::revoked_by,
            tokens::version,
        )
    };
}

/// A query of the table, put together as it is asked for.
pub type Query = tokens::BoxedQuery<'static, Backend>;

/// By what they can be sorted. Ties are broken by the id, which sorts by when it was made.
pub const SORTS: &[Sort<Query>] = &[
    ("created", |query, way| by(query, tokens::created_at, way.falling)),
    ("expires", |query, way| by(query, tokens::expires_at, way.falling)),
    ("uses", |query, way| by(query, tokens::uses, way.falling)),
];

pub const FILTERS: &[Filter<Query>] = &[
    Filter::words("status", "Status", "How it stands.", State::CHOICES, in_states),
    Filter::places(|query, chosen| match chosen.places.as_slice() {
        [one] => query.filter(tokens::virtual_account_id.eq(*one)),
        some => query.filter(tokens::virtual_account_id.eq_any(some.to_vec())),
    }),
];

/// The states are conditions on the row and the clock.
fn in_states(query: Query, chosen: &Chosen<'_>) -> Query {
    use diesel::expression::AsExpression;
    let asked =
        |state: State| AsExpression::<diesel::sql_types::Bool>::as_expression(chosen.has(state.word()));
    let used_up = tokens::max_uses
        .is_not_null()
        .and(tokens::max_uses.assume_not_null().le(tokens::uses));
    let left = tokens::max_uses
        .is_null()
        .or(tokens::max_uses.assume_not_null().gt(tokens::uses));
    query.filter(
        tokens::revoked_at
            .is_not_null()
            .and(asked(State::Revoked))
            .or(tokens::revoked_at
                .is_null()
                .and(used_up)
                .and(asked(State::Exhausted)))
            .or(tokens::revoked_at
                .is_null()
                .and(left)
                .and(tokens::expires_at.le(chosen.now))
                .and(asked(State::Expired)))
            .or(tokens::revoked_at
                .is_null()
                .and(left)
                .and(tokens::expires_at.gt(chosen.now))
                .and(asked(State::Active))),
    )
}

/// What lies within reach and is asked for: a part of the description, or of who made it, or the whole text.
fn wanted(within: &Within, asked: &Asked) -> Result<Query> {
    let mut query = tokens::table
        .filter(tokens::smart_account_id.eq(within.account()?))
        .into_boxed();
    if let Some(only) = within.only() {
        query = query.filter(tokens::virtual_account_id.eq_any(only.to_vec()));
    }
    if let Some(found) = crate::found!(tokens::table, &asked.list.q, tokens::search_key) {
        // A whole text is the token itself.
        let hash = super::model::Written::parse(&asked.list.q).map_or_else(String::new, |one| one.hash());
        query = query.filter(found.or(tokens::token_hash.eq(hash)));
    }
    Ok(asked.filtered(FILTERS, query))
}

/// How many there are.
pub fn count(read: &mut dyn Reads, within: &Within, asked: &Asked) -> Result<u64> {
    let found: i64 = wanted(within, asked)?.count().get_result(read.conn())?;
    Ok(u64::try_from(found).unwrap_or_default())
}

/// So many of them, after so many.
pub fn page(read: &mut dyn Reads, within: &Within, asked: &Asked, some: (u64, u64)) -> Result<Vec<Token>> {
    let query = asked.sorted(SORTS, wanted(within, asked)?);
    let query = by(query, tokens::id, asked.list.descending).select(columns!());
    Ok(cut(query, some).load(read.conn())?)
}

/// These of an account, in no particular order; those that are not there are left out.
pub fn these(
    read: &mut dyn Reads,
    account: SmartAccountId,
    ids: &[RegistrationTokenId],
) -> Result<Vec<Token>> {
    Ok(tokens::table
        .filter(
            tokens::smart_account_id
                .eq(account)
                .and(tokens::id.eq_any(ids.to_vec())),
        )
        .select(columns!())
        .load(read.conn())?)
}

/// What somebody made in one go: between the first id and the last, at one time.
pub fn made_together(
    read: &mut dyn Reads,
    account: SmartAccountId,
    by: Option<PersonId>,
    first: RegistrationTokenId,
    last: RegistrationTokenId,
) -> Result<Vec<RegistrationTokenId>> {
    let all: Vec<(RegistrationTokenId, Moment, Option<PersonId>)> = tokens::table
        .filter(
            tokens::smart_account_id
                .eq(account)
                .and(tokens::id.between(first, last)),
        )
        .order(tokens::id.asc())
        .select((tokens::id, tokens::created_at, tokens::created_by))
        .load(read.conn())?;
    let at = all.iter().find(|(id, ..)| *id == first).map(|(_, at, _)| *at);
    Ok(all
        .into_iter()
        .filter(|(_, made, who)| Some(*made) == at && *who == by)
        .map(|(id, ..)| id)
        .collect())
}

/// The one with this hash, whose ever it is: it stands in the token.
pub fn by_hash(read: &mut dyn Reads, hash: &str) -> Result<Option<Token>> {
    Ok(tokens::table
        .filter(tokens::token_hash.eq(hash))
        .select(columns!())
        .first(read.conn())
        .optional()?)
}

/// Keeps a new one.
pub fn insert(tx: &mut Tx<'_>, token: &Token, hash: &str, short: &str) -> Result<()> {
    // The beginning of the text, which lists show, holds nothing of the secret.
    let words = format!(
        "{} {} {}",
        token.description,
        token.creator,
        short.trim_end_matches('\u{2026}')
    );
    let key: String = search_key(&words).chars().take(1_000).collect();
    diesel::insert_into(tokens::table)
        .values((
            tokens::id.eq(token.id),
            tokens::smart_account_id.eq(token.account),
            tokens::virtual_account_id.eq(token.virtual_account),
            tokens::description.eq(&token.description),
            tokens::search_key.eq(key),
            tokens::token_hash.eq(hash),
            tokens::sealed.eq(&token.sealed),
            tokens::export_controlled.eq(token.export_controlled),
            tokens::expires_at.eq(token.expires_at),
            tokens::max_uses.eq(token.max_uses),
            tokens::uses.eq(token.uses),
            tokens::created_at.eq(token.created_at),
            tokens::created_by.eq(token.created_by),
            tokens::creator.eq(token.creator.chars().take(500).collect::<String>()),
            tokens::revoked_at.eq(token.revoked_at),
            tokens::revoked_by.eq(&token.revoked_by),
            tokens::version.eq(token.version),
        ))
        .execute(tx.conn())?;
    Ok(())
}

/// Counts one use, when one is left at this time: whoever comes too late changes nothing.
pub fn set_uses(tx: &mut Tx<'_>, account: SmartAccountId, id: RegistrationTokenId, uses: i64) -> Result<()> {
    diesel::update(tokens::table.filter(tokens::id.eq(id).and(tokens::smart_account_id.eq(account))))
        .set(tokens::uses.eq(uses))
        .execute(tx.conn())?;
    Ok(())
}

pub fn count_use(tx: &mut Tx<'_>, id: RegistrationTokenId, at: Moment) -> Result<bool> {
    let open = tokens::table.filter(
        tokens::id
            .eq(id)
            .and(tokens::revoked_at.is_null())
            .and(tokens::expires_at.gt(at))
            .and(
                tokens::max_uses
                    .is_null()
                    .or(tokens::max_uses.assume_not_null().gt(tokens::uses)),
            ),
    );
    let counted = diesel::update(open)
        .set((
            tokens::uses.eq(tokens::uses + 1),
            tokens::version.eq(tokens::version + 1),
        ))
        .kept_ready()
        .execute(tx.conn())?;
    Ok(counted == 1)
}

/// Takes one back, unless somebody has done so already.
pub fn revoke(
    tx: &mut Tx<'_>,
    account: SmartAccountId,
    id: RegistrationTokenId,
    at: Moment,
    who: &Who,
) -> Result<bool> {
    let there = tokens::table.filter(
        tokens::id
            .eq(id)
            .and(tokens::smart_account_id.eq(account))
            .and(tokens::revoked_at.is_null()),
    );
    let changed = diesel::update(there)
        .set((
            tokens::revoked_at.eq(Some(at)),
            tokens::revoked_by.eq(who.label.chars().take(500).collect::<String>()),
            tokens::version.eq(tokens::version + 1),
        ))
        .execute(tx.conn())?;
    Ok(changed == 1)
}

/// Forgets those of a Virtual Account; says how many there were.
pub fn forget(tx: &mut Tx<'_>, account: SmartAccountId, place: VirtualAccountId) -> Result<u64> {
    let gone = diesel::delete(
        tokens::table.filter(
            tokens::smart_account_id
                .eq(account)
                .and(tokens::virtual_account_id.eq(place)),
        ),
    )
    .execute(tx.conn())?;
    Ok(gone as u64)
}
