//! The list of Virtual Accounts: what it is narrowed to and sorted by, and all within reach.

use crate::authz::Within;
use crate::error::Result;
use crate::kernel::ids::{SmartAccountId, VirtualAccountId};
use crate::platform::db::schema::{virtual_account_tags as tags, virtual_accounts};
use crate::platform::db::{Reads, one_of};
use crate::virtual_accounts::model::{AccessLevel, VirtualAccount};
use diesel::dsl::count_star;
use diesel::prelude::*;

/// What a list of Virtual Accounts is narrowed to.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Typed into the search.
    pub typed: String,
    /// Any of these; all when empty.
    pub levels: Vec<AccessLevel>,
    /// Any of these, folded; all when empty.
    pub tags: Vec<String>,
    /// Only nested ones, or only those at the top level.
    pub nested: Option<bool>,
}

impl Filter {
    /// Whether everything is asked for.
    pub fn is_open(&self) -> bool {
        self.typed.is_empty() && self.levels.is_empty() && self.tags.is_empty() && self.nested.is_none()
    }
}

/// By what a list is sorted. The default one comes before the others by name, which settles equals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sort {
    Name,
    Access,
    Created,
}

pub fn count(read: &mut dyn Reads, within: &Within, filter: &Filter) -> Result<u64> {
    let found: i64 = asked!(within, filter).count().get_result(read.conn())?;
    Ok(u64::try_from(found).unwrap_or_default())
}

pub fn page(
    read: &mut dyn Reads,
    within: &Within,
    filter: &Filter,
    sort: Sort,
    descending: bool,
    offset: i64,
    limit: i64,
) -> Result<Vec<VirtualAccount>> {
    use virtual_accounts::{access_level, created_at, is_default, name_key};
    let query = asked!(within, filter).select(columns!());
    let query = match (sort, descending) {
        (Sort::Name, false) => query.order((is_default.desc(), name_key.asc())),
        (Sort::Name, true) => query.order((is_default.asc(), name_key.desc())),
        (Sort::Access, false) => query.order((access_level.desc(), is_default.desc(), name_key.asc())),
        (Sort::Access, true) => query.order((access_level.asc(), is_default.asc(), name_key.desc())),
        (Sort::Created, false) => query.order((created_at.asc(), is_default.desc(), name_key.asc())),
        (Sort::Created, true) => query.order((created_at.desc(), is_default.asc(), name_key.desc())),
    };
    Ok(query.offset(offset).limit(limit).load(read.conn())?)
}

/// The ids of all that are asked for, the default one first, then by name.
pub fn ids(read: &mut dyn Reads, within: &Within, filter: &Filter) -> Result<Vec<VirtualAccountId>> {
    Ok(asked!(within, filter)
        .order((
            virtual_accounts::is_default.desc(),
            virtual_accounts::name_key.asc(),
        ))
        .select(virtual_accounts::id)
        .load(read.conn())?)
}

/// Those within reach, the default one first, then by name.
pub fn list(read: &mut dyn Reads, within: &Within) -> Result<Vec<VirtualAccount>> {
    Ok(asked!(within, &Filter::default())
        .order((
            virtual_accounts::is_default.desc(),
            virtual_accounts::name_key.asc(),
        ))
        .select(columns!())
        .load(read.conn())?)
}

/// How many there are in each of these accounts.
pub fn counts(read: &mut dyn Reads, accounts: &[SmartAccountId]) -> Result<Vec<(SmartAccountId, usize)>> {
    let mut found = Vec::with_capacity(accounts.len());
    for some in accounts.chunks(500) {
        let rows: Vec<(SmartAccountId, i64)> = virtual_accounts::table
            .filter(one_of(virtual_accounts::smart_account_id, some.to_vec()))
            .group_by(virtual_accounts::smart_account_id)
            .select((virtual_accounts::smart_account_id, count_star()))
            .load(read.conn())?;
        let rows = rows
            .into_iter()
            .map(|(id, all)| (id, usize::try_from(all).unwrap_or_default()));
        found.extend(rows);
    }
    Ok(found)
}
