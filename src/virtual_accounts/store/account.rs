//! One Virtual Account, or some that are known by id, number or name: written and found.

use crate::authz::Within;
use crate::error::{Error, Result};
use crate::kernel::ids::{SmartAccountId, VirtualAccountId};
use crate::kernel::looks::Look;
use crate::kernel::{Moment, search_key};
use crate::platform::db::schema::{virtual_account_tags as tags, virtual_accounts};
use crate::platform::db::{OnTaken, Reads, Tx, one_of};
use crate::virtual_accounts::model::{Details, VirtualAccount};
use crate::virtual_accounts::service::NewVirtualAccount;
use diesel::prelude::*;

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
