//! The tables of Virtual Accounts and of their tags.

use super::model::{AccessLevel, Details, Node, VirtualAccount};
use super::service::NewVirtualAccount;
use crate::authz::Within;
use crate::error::{Error, Result};
use crate::kernel::ids::{SmartAccountId, VirtualAccountId};
use crate::kernel::looks::Look;
use crate::kernel::{Moment, search_key};
use crate::platform::db::schema::{virtual_account_tags as tags, virtual_accounts};
use crate::platform::db::{OnTaken, Reads, Tx, one_of};
use diesel::dsl::count_star;
use diesel::prelude::*;

macro_rules! columns {
    () => {
        (
            virtual_accounts::id,
            virtual_accounts::smart_account_id,
            virtual_accounts::name,
            virtual_accounts::description,
            virtual_accounts::access_level,
            virtual_accounts::is_default,
            virtual_accounts::parent_id,
            virtual_accounts::preferred_end_date,
            virtual_accounts::tags,
            virtual_accounts::created_at,
            virtual_accounts::version,
            virtual_accounts::number,
        )
    };
}

/// The Virtual Accounts within reach.
macro_rules! reached {
    ($within:expr) => {{
        let within: &Within = $within;
        let mut query = virtual_accounts::table
            .filter(virtual_accounts::smart_account_id.eq(within.account()?))
            .into_boxed();
        if let Some(only) = within.only() {
            query = query.filter(virtual_accounts::id.eq_any(only.to_vec()));
        }
        query
    }};
}

fn name_taken(name: &str) -> Error {
    Error::invalid(
        "name",
        format!(
            "A Virtual Account with the name {name}, or with one that looks the same, is there already. Choose another name."
        ),
    )
}

/// Two names that nobody can tell apart are one name.
fn must_look_different(
    read: &mut dyn Reads,
    account: SmartAccountId,
    name: &str,
    except: Option<VirtualAccountId>,
) -> Result<()> {
    let look = Look::of(name);
    let others: Vec<(VirtualAccountId, String)> = virtual_accounts::table
        .filter(virtual_accounts::smart_account_id.eq(account))
        .select((virtual_accounts::id, virtual_accounts::name))
        .load(read.conn())?;
    let others = others.iter().filter(|(id, _)| Some(*id) != except);
    match look.among(others.map(|(_, name)| name.as_str())) {
        Some(_) => Err(name_taken(name)),
        None => Ok(()),
    }
}

/// What a search looks in.
fn found_by(name: &str, description: &str, tags: &[String]) -> String {
    let text = format!("{name} {description} {}", tags.join(" "));
    search_key(&text).chars().take(4000).collect()
}

pub fn insert(
    tx: &mut Tx<'_>,
    at: Moment,
    account: SmartAccountId,
    id: VirtualAccountId,
    parent: Option<VirtualAccountId>,
    new: &NewVirtualAccount,
    is_default: bool,
) -> Result<()> {
    must_look_different(tx, account, &new.name, None)?;
    let number = tx.next_number("virtual-account", 1)?;
    diesel::insert_into(virtual_accounts::table)
        .values((
            virtual_accounts::id.eq(id),
            virtual_accounts::smart_account_id.eq(account),
            virtual_accounts::name.eq(&new.name),
            virtual_accounts::name_key.eq(search_key(&new.name)),
            virtual_accounts::description.eq(&new.description),
            virtual_accounts::access_level.eq(new.access_level),
            virtual_accounts::is_default.eq(is_default),
            virtual_accounts::parent_id.eq(parent),
            virtual_accounts::preferred_end_date.eq(new.preferred_end_date),
            virtual_accounts::tags.eq(new.tags.join("\n")),
            virtual_accounts::created_at.eq(at),
            virtual_accounts::version.eq(1),
            virtual_accounts::number.eq(number),
            virtual_accounts::search_key.eq(found_by(&new.name, &new.description, &new.tags)),
        ))
        .execute(tx.conn())
        .on_taken(|| name_taken(&new.name))?;
    put_tags(tx, account, id, &new.tags)
}

/// The tags once more, for lists that are narrowed by them.
fn put_tags(tx: &mut Tx<'_>, account: SmartAccountId, id: VirtualAccountId, list: &[String]) -> Result<()> {
    diesel::delete(tags::table.filter(tags::virtual_account_id.eq(id))).execute(tx.conn())?;
    for tag in list {
        diesel::insert_into(tags::table)
            .values((
                tags::smart_account_id.eq(account),
                tags::virtual_account_id.eq(id),
                tags::tag.eq(tag),
                tags::tag_key.eq(search_key(tag)),
            ))
            .execute(tx.conn())?;
    }
    Ok(())
}

/// Changes what can be edited. Nothing when somebody has changed it since `version`.
pub fn update(
    tx: &mut Tx<'_>,
    account: SmartAccountId,
    id: VirtualAccountId,
    version: i64,
    details: &Details,
) -> Result<bool> {
    let name = details.name.as_str();
    must_look_different(tx, account, name, Some(id))?;
    let same = virtual_accounts::table.filter(
        virtual_accounts::smart_account_id
            .eq(account)
            .and(virtual_accounts::id.eq(id))
            .and(virtual_accounts::version.eq(version)),
    );
    let changed = diesel::update(same)
        .set((
            virtual_accounts::name.eq(name),
            virtual_accounts::name_key.eq(details.name.key()),
            virtual_accounts::description.eq(&details.description),
            virtual_accounts::access_level.eq(details.access_level),
            virtual_accounts::preferred_end_date.eq(details.preferred_end_date),
            virtual_accounts::tags.eq(details.tags.join("\n")),
            virtual_accounts::search_key.eq(found_by(name, &details.description, &details.tags)),
            virtual_accounts::version.eq(virtual_accounts::version + 1),
        ))
        .execute(tx.conn())
        .on_taken(|| name_taken(name))?;
    if changed == 1 {
        put_tags(tx, account, id, &details.tags)?;
    }
    Ok(changed == 1)
}

macro_rules! this {
    ($account:expr, $id:expr) => {
        virtual_accounts::table.filter(
            virtual_accounts::smart_account_id
                .eq($account)
                .and(virtual_accounts::id.eq($id)),
        )
    };
}

/// The one within reach with this number.
pub fn numbered(read: &mut dyn Reads, within: &Within, number: i64) -> Result<VirtualAccount> {
    virtual_accounts::table
        .filter(
            virtual_accounts::smart_account_id
                .eq(within.account()?)
                .and(virtual_accounts::number.eq(number))
                .and(virtual_accounts::number.gt(0)),
        )
        .select(columns!())
        .first(read.conn())
        .optional()?
        .filter(|one: &VirtualAccount| within.covers(one.id))
        .ok_or(Error::NotFound)
}

/// Those within reach with one of these names, in no particular order.
pub fn named(read: &mut dyn Reads, within: &Within, names: &[&str]) -> Result<Vec<VirtualAccount>> {
    let keys: Vec<String> = names.iter().map(|name| search_key(name)).collect();
    let mut found: Vec<VirtualAccount> = Vec::new();
    for some in keys.chunks(400) {
        found.extend(
            virtual_accounts::table
                .filter(
                    virtual_accounts::smart_account_id
                        .eq(within.account()?)
                        .and(virtual_accounts::name_key.eq_any(some.to_vec())),
                )
                .select(columns!())
                .load::<VirtualAccount>(read.conn())?,
        );
    }
    found.retain(|one| within.covers(one.id));
    Ok(found)
}

pub fn set_parent(
    tx: &mut Tx<'_>,
    account: SmartAccountId,
    id: VirtualAccountId,
    parent: Option<VirtualAccountId>,
) -> Result<()> {
    diesel::update(this!(account, id))
        .set((
            virtual_accounts::parent_id.eq(parent),
            virtual_accounts::version.eq(virtual_accounts::version + 1),
        ))
        .execute(tx.conn())?;
    Ok(())
}

pub fn set_default(tx: &mut Tx<'_>, account: SmartAccountId, id: VirtualAccountId, to: bool) -> Result<()> {
    diesel::update(this!(account, id))
        .set((
            virtual_accounts::is_default.eq(to),
            virtual_accounts::version.eq(virtual_accounts::version + 1),
        ))
        .execute(tx.conn())?;
    Ok(())
}

pub fn delete(tx: &mut Tx<'_>, account: SmartAccountId, id: VirtualAccountId) -> Result<()> {
    diesel::delete(tags::table.filter(tags::virtual_account_id.eq(id))).execute(tx.conn())?;
    let gone = diesel::delete(this!(account, id)).execute(tx.conn())?;
    if gone == 1 { Ok(()) } else { Err(Error::NotFound) }
}

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

/// What lies within reach and is asked for.
macro_rules! asked {
    ($within:expr, $filter:expr) => {{
        let (within, filter): (&Within, &Filter) = ($within, $filter);
        let account = within.account()?;
        let mut query = virtual_accounts::table
            .filter(virtual_accounts::smart_account_id.eq(account))
            .into_boxed();
        if let Some(only) = within.only() {
            query = query.filter(virtual_accounts::id.eq_any(only.to_vec()));
        }
        if let Some(found) = crate::found!(
            virtual_accounts::table,
            &filter.typed,
            virtual_accounts::search_key
        ) {
            query = query.filter(found);
        }
        if !filter.levels.is_empty() {
            query = query.filter(virtual_accounts::access_level.eq_any(filter.levels.clone()));
        }
        if !filter.tags.is_empty() {
            let tagged = tags::table
                .filter(
                    tags::smart_account_id
                        .eq(account)
                        .and(tags::tag_key.eq_any(filter.tags.clone())),
                )
                .select(tags::virtual_account_id);
            query = query.filter(virtual_accounts::id.eq_any(tagged));
        }
        match filter.nested {
            Some(true) => query = query.filter(virtual_accounts::parent_id.is_not_null()),
            Some(false) => query = query.filter(virtual_accounts::parent_id.is_null()),
            None => {}
        }
        query
    }};
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

/// Those with these ids, in no particular order.
pub fn find_many(
    read: &mut dyn Reads,
    account: SmartAccountId,
    ids: &[VirtualAccountId],
) -> Result<Vec<VirtualAccount>> {
    let mut found = Vec::with_capacity(ids.len());
    for some in ids.chunks(500) {
        let rows: Vec<VirtualAccount> = virtual_accounts::table
            .filter(
                virtual_accounts::smart_account_id
                    .eq(account)
                    .and(one_of(virtual_accounts::id, some.to_vec())),
            )
            .select(columns!())
            .load(read.conn())?;
        found.extend(rows);
    }
    Ok(found)
}

/// The tree, as far as one may see it: the default one first, then by name.
pub fn nodes(read: &mut dyn Reads, within: &Within) -> Result<Vec<(Node, String)>> {
    let rows: Vec<(VirtualAccountId, Option<VirtualAccountId>, String)> = asked!(within, &Filter::default())
        .order((
            virtual_accounts::is_default.desc(),
            virtual_accounts::name_key.asc(),
        ))
        .select((
            virtual_accounts::id,
            virtual_accounts::parent_id,
            virtual_accounts::name,
        ))
        .load(read.conn())?;
    Ok(rows
        .into_iter()
        .map(|(id, parent, name)| (Node { id, parent }, name))
        .collect())
}

/// These of the tree, in no particular order.
pub fn nodes_of(
    read: &mut dyn Reads,
    within: &Within,
    ids: &[VirtualAccountId],
) -> Result<Vec<(Node, String)>> {
    let rows: Vec<(VirtualAccountId, Option<VirtualAccountId>, String)> = asked!(within, &Filter::default())
        .filter(one_of(virtual_accounts::id, ids.to_vec()))
        .select((
            virtual_accounts::id,
            virtual_accounts::parent_id,
            virtual_accounts::name,
        ))
        .load(read.conn())?;
    Ok(rows
        .into_iter()
        .map(|(id, parent, name)| (Node { id, parent }, name))
        .collect())
}

/// The whole tree of an account.
pub fn whole_tree(read: &mut dyn Reads, account: SmartAccountId) -> Result<Vec<Node>> {
    let rows: Vec<(VirtualAccountId, Option<VirtualAccountId>)> = virtual_accounts::table
        .filter(virtual_accounts::smart_account_id.eq(account))
        .select((virtual_accounts::id, virtual_accounts::parent_id))
        .load(read.conn())?;
    Ok(rows.into_iter().map(|(id, parent)| Node { id, parent }).collect())
}

/// Those of these below which others are nested, and how many.
pub fn nested_below(
    read: &mut dyn Reads,
    account: SmartAccountId,
    ids: &[VirtualAccountId],
) -> Result<Vec<(VirtualAccountId, usize)>> {
    let mut parents: Vec<VirtualAccountId> = Vec::new();
    for some in ids.chunks(500) {
        let rows: Vec<Option<VirtualAccountId>> = virtual_accounts::table
            .filter(
                virtual_accounts::smart_account_id
                    .eq(account)
                    .and(virtual_accounts::parent_id.eq_any(some.to_vec())),
            )
            .select(virtual_accounts::parent_id)
            .load(read.conn())?;
        parents.extend(rows.into_iter().flatten());
    }
    Ok(ids
        .iter()
        .map(|id| (*id, parents.iter().filter(|parent| *parent == id).count()))
        .filter(|(_, count)| *count > 0)
        .collect())
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

/// All of a tenant, the default one first, then by name.
pub fn of_account(read: &mut dyn Reads, account: SmartAccountId) -> Result<Vec<VirtualAccount>> {
    Ok(virtual_accounts::table
        .filter(virtual_accounts::smart_account_id.eq(account))
        .order((
            virtual_accounts::is_default.desc(),
            virtual_accounts::name_key.asc(),
        ))
        .select(columns!())
        .load(read.conn())?)
}

pub fn find(read: &mut dyn Reads, within: &Within, id: VirtualAccountId) -> Result<VirtualAccount> {
    if !within.covers(id) {
        return Err(Error::NotFound);
    }
    Ok(this!(within.account()?, id)
        .select(columns!())
        .first(read.conn())?)
}

pub fn default_of(read: &mut dyn Reads, account: SmartAccountId) -> Result<VirtualAccount> {
    Ok(virtual_accounts::table
        .filter(
            virtual_accounts::smart_account_id
                .eq(account)
                .and(virtual_accounts::is_default.eq(true)),
        )
        .select(columns!())
        .first(read.conn())?)
}

/// Every tag in use within reach, each once however it is written, in order.
pub fn tags_in_use(read: &mut dyn Reads, within: &Within) -> Result<Vec<String>> {
    let mut query = tags::table
        .filter(tags::smart_account_id.eq(within.account()?))
        .into_boxed();
    if let Some(only) = within.only() {
        query = query.filter(tags::virtual_account_id.eq_any(only.to_vec()));
    }
    let mut rows: Vec<(String, String)> = query
        .select((tags::tag_key, tags::tag))
        .distinct()
        .order((tags::tag_key.asc(), tags::tag.asc()))
        .load(read.conn())?;
    rows.dedup_by(|a, b| a.0 == b.0);
    Ok(rows.into_iter().map(|(_, tag)| tag).collect())
}

/// The Virtual Accounts of an account that have one of these tags.
pub fn tagged(
    read: &mut dyn Reads,
    account: SmartAccountId,
    keys: &[String],
) -> Result<Vec<VirtualAccountId>> {
    Ok(tags::table
        .filter(
            tags::smart_account_id
                .eq(account)
                .and(tags::tag_key.eq_any(keys.to_vec())),
        )
        .select(tags::virtual_account_id)
        .distinct()
        .load(read.conn())?)
}

/// Those within reach: the default one, then the others by name, at most `limit` of them.
pub fn first(read: &mut dyn Reads, within: &Within, limit: usize) -> Result<Vec<(VirtualAccountId, String)>> {
    Ok(reached!(within)
        .order((
            virtual_accounts::is_default.desc(),
            virtual_accounts::name_key.asc(),
        ))
        .select((virtual_accounts::id, virtual_accounts::name))
        .limit(i64::try_from(limit).unwrap_or(i64::MAX))
        .load(read.conn())?)
}

/// Those within reach that have one of these ids or names.
pub fn called(
    read: &mut dyn Reads,
    within: &Within,
    words: &[String],
) -> Result<Vec<(VirtualAccountId, String)>> {
    if words.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<VirtualAccountId> = words.iter().filter_map(|word| word.parse().ok()).collect();
    let names: Vec<String> = words.iter().map(|word| search_key(word)).collect();
    Ok(reached!(within)
        .filter(
            virtual_accounts::id
                .eq_any(ids)
                .or(virtual_accounts::name_key.eq_any(names)),
        )
        .select((virtual_accounts::id, virtual_accounts::name))
        .load(read.conn())?)
}

/// The first of an account, the default one and then by name.
pub fn first_of(
    read: &mut dyn Reads,
    account: SmartAccountId,
    limit: usize,
) -> Result<Vec<(VirtualAccountId, String)>> {
    Ok(virtual_accounts::table
        .filter(virtual_accounts::smart_account_id.eq(account))
        .order((
            virtual_accounts::is_default.desc(),
            virtual_accounts::name_key.asc(),
        ))
        .select((virtual_accounts::id, virtual_accounts::name))
        .limit(i64::try_from(limit).unwrap_or(i64::MAX))
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

pub fn names(
    read: &mut dyn Reads,
    accounts: &[SmartAccountId],
) -> Result<Vec<(SmartAccountId, VirtualAccountId, String, AccessLevel)>> {
    let mut found = Vec::new();
    for some in accounts.chunks(500) {
        let rows: Vec<(SmartAccountId, VirtualAccountId, String, AccessLevel)> = virtual_accounts::table
            .filter(virtual_accounts::smart_account_id.eq_any(some.to_vec()))
            .order((
                virtual_accounts::is_default.desc(),
                virtual_accounts::name_key.asc(),
            ))
            .select((
                virtual_accounts::smart_account_id,
                virtual_accounts::id,
                virtual_accounts::name,
                virtual_accounts::access_level,
            ))
            .load(read.conn())?;
        found.extend(rows);
    }
    Ok(found)
}
