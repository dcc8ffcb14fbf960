//! The tables of grants and links, and the few facts of a tenant that every decision needs.

use super::delegation::Delegation;
use super::grants::{Grant, Held, Role};
use super::links::{Link, NewLink, Purpose};
use super::within::Tenant;
use crate::error::{Error, Result};
use crate::kernel::ids::{DelegationId, GrantId, LinkId, PersonId, SmartAccountId, VirtualAccountId};
use crate::kernel::{Moment, search_key};
use crate::platform::db::schema::{
    access_delegations as delegations, grants, links, smart_accounts, virtual_accounts,
};
use crate::platform::db::{Reads, Tx};
use diesel::prelude::*;

macro_rules! tenant_columns {
    () => {
        (
            smart_accounts::id,
            smart_accounts::number,
            smart_accounts::name,
            smart_accounts::domain,
            smart_accounts::state,
            smart_accounts::kind,
            smart_accounts::needs_second_factor,
        )
    };
}

pub fn tenant(read: &mut dyn Reads, id: SmartAccountId) -> Result<Option<Tenant>> {
    Ok(smart_accounts::table
        .find(id)
        .select(tenant_columns!())
        .first(read.conn())
        .optional()?)
}

pub fn tenant_by_number(read: &mut dyn Reads, number: i64) -> Result<Option<Tenant>> {
    Ok(smart_accounts::table
        .filter(smart_accounts::number.eq(number))
        .select(tenant_columns!())
        .first(read.conn())
        .optional()?)
}

pub fn set_needs_second_factor(tx: &mut Tx<'_>, id: SmartAccountId, needs: bool) -> Result<()> {
    diesel::update(smart_accounts::table.find(id))
        .set(smart_accounts::needs_second_factor.eq(needs))
        .execute(tx.conn())?;
    Ok(())
}

pub fn number_of(read: &mut dyn Reads, named: &str, by_name: bool) -> Result<Option<i64>> {
    let all = smart_accounts::table.select(smart_accounts::number);
    let found = if by_name {
        all.filter(smart_accounts::name_key.eq(search_key(named)))
            .order(smart_accounts::number.asc())
            .first(read.conn())
            .optional()?
    } else {
        // A domain that was called off or taken away may stand in another row as well.
        all.filter(smart_accounts::domain.eq(named.to_ascii_lowercase()))
            .order((smart_accounts::holds_domain.desc(), smart_accounts::number.desc()))
            .first(read.conn())
            .optional()?
    };
    Ok(match found {
        Some(number) => Some(number),
        None => named.parse().ok(),
    })
}

macro_rules! grant_columns {
    () => {
        (
            grants::id,
            grants::smart_account_id,
            grants::virtual_account_id,
            grants::person_id,
            grants::role,
            grants::created_at,
            grants::source,
        )
    };
}

pub fn grants_in(read: &mut dyn Reads, account: SmartAccountId, person: PersonId) -> Result<Vec<Grant>> {
    Ok(grants::table
        .filter(
            grants::smart_account_id
                .eq(account)
                .and(grants::person_id.eq(person)),
        )
        .select(grant_columns!())
        .load(read.conn())?)
}

pub fn grants_of(read: &mut dyn Reads, person: PersonId) -> Result<Vec<Grant>> {
    Ok(grants::table
        .filter(grants::person_id.eq(person))
        .order(grants::created_at.asc())
        .select(grant_columns!())
        .load(read.conn())?)
}

pub fn grants_of_many(read: &mut dyn Reads, people: &[PersonId]) -> Result<Vec<Grant>> {
    let mut found = Vec::new();
    for some in people.chunks(500) {
        let rows: Vec<Grant> = grants::table
            .filter(grants::person_id.eq_any(some.to_vec()))
            .select(grant_columns!())
            .load(read.conn())?;
        found.extend(rows);
    }
    Ok(found)
}

pub fn held_by(read: &mut dyn Reads, people: &[PersonId]) -> Result<Vec<Held>> {
    Ok(grants::table
        .inner_join(smart_accounts::table.on(smart_accounts::id.eq(grants::smart_account_id)))
        .left_join(virtual_accounts::table.on(virtual_accounts::id.nullable().eq(grants::virtual_account_id)))
        .filter(grants::person_id.eq_any(people.to_vec()))
        .order((
            smart_accounts::name_key.asc(),
            grants::scope.asc(),
            grants::id.asc(),
        ))
        .select((
            grants::person_id,
            smart_accounts::number,
            smart_accounts::name,
            virtual_accounts::name.nullable(),
            grants::role,
        ))
        .load(read.conn())?)
}

pub fn grants_in_account(read: &mut dyn Reads, account: SmartAccountId) -> Result<Vec<Grant>> {
    Ok(grants::table
        .filter(grants::smart_account_id.eq(account))
        .order(grants::created_at.asc())
        .select(grant_columns!())
        .load(read.conn())?)
}

pub fn grants_through(read: &mut dyn Reads, account: SmartAccountId, group: &str) -> Result<Vec<Grant>> {
    Ok(grants::table
        .filter(grants::source.eq(group).and(grants::smart_account_id.eq(account)))
        .select(grant_columns!())
        .load(read.conn())?)
}

pub fn grants_on(read: &mut dyn Reads, account: SmartAccountId, id: VirtualAccountId) -> Result<Vec<Grant>> {
    Ok(grants::table
        .filter(
            grants::smart_account_id
                .eq(account)
                .and(grants::virtual_account_id.eq(id)),
        )
        .order(grants::created_at.asc())
        .select(grant_columns!())
        .load(read.conn())?)
}

/// Who holds a role over a whole account.
pub fn people_over(read: &mut dyn Reads, account: SmartAccountId) -> Result<Vec<PersonId>> {
    Ok(grants::table
        .filter(
            grants::smart_account_id
                .eq(account)
                .and(grants::virtual_account_id.is_null()),
        )
        .select(grants::person_id)
        .load(read.conn())?)
}

/// Who holds a role on which Virtual Account: on these, or on any of the account.
pub fn people_within(
    read: &mut dyn Reads,
    account: SmartAccountId,
    ids: Option<&[VirtualAccountId]>,
) -> Result<Vec<(VirtualAccountId, PersonId)>> {
    let mut query = grants::table
        .filter(
            grants::smart_account_id
                .eq(account)
                .and(grants::virtual_account_id.is_not_null()),
        )
        .into_boxed();
    if let Some(ids) = ids {
        query = query.filter(grants::virtual_account_id.eq_any(ids.to_vec()));
    }
    let rows: Vec<(Option<VirtualAccountId>, PersonId)> = query
        .select((grants::virtual_account_id, grants::person_id))
        .load(read.conn())?;
    Ok(rows
        .into_iter()
        .filter_map(|(id, person)| id.map(|id| (id, person)))
        .collect())
}

pub fn holders_in(read: &mut dyn Reads, accounts: &[SmartAccountId], role: Role) -> Result<Vec<Grant>> {
    let mut found = Vec::new();
    for some in accounts.chunks(500) {
        let rows: Vec<Grant> = grants::table
            .filter(
                grants::smart_account_id
                    .eq_any(some.to_vec())
                    .and(grants::role.eq(role))
                    .and(grants::virtual_account_id.is_null()),
            )
            .order(grants::created_at.asc())
            .select(grant_columns!())
            .load(read.conn())?;
        found.extend(rows);
    }
    Ok(found)
}

pub fn put_grant(
    tx: &mut Tx<'_>,
    at: Moment,
    account: SmartAccountId,
    virtual_account: Option<VirtualAccountId>,
    person: PersonId,
    role: Role,
    source: &str,
) -> Result<()> {
    let scope = virtual_account.map_or_else(String::new, |id| id.to_string());
    let there = grants::table.filter(
        grants::smart_account_id
            .eq(account)
            .and(grants::person_id.eq(person))
            .and(grants::scope.eq(&scope))
            .and(grants::source.eq(source)),
    );
    if diesel::update(there)
        .set(grants::role.eq(role))
        .execute(tx.conn())?
        == 0
    {
        insert_grants(tx, at, account, source, &[(virtual_account, person, role)])?;
    }
    Ok(())
}

pub fn insert_grants(
    tx: &mut Tx<'_>,
    at: Moment,
    account: SmartAccountId,
    source: &str,
    new: &[(Option<VirtualAccountId>, PersonId, Role)],
) -> Result<()> {
    let rows: Vec<_> = new
        .iter()
        .map(|(virtual_account, person, role)| {
            (
                grants::id.eq(GrantId::new()),
                grants::smart_account_id.eq(account),
                grants::virtual_account_id.eq(*virtual_account),
                grants::scope.eq(virtual_account.map_or_else(String::new, |id| id.to_string())),
                grants::person_id.eq(*person),
                grants::role.eq(*role),
                grants::created_at.eq(at),
                grants::source.eq(source),
            )
        })
        .collect();
    crate::put_many!(tx, grants::table, &rows);
    Ok(())
}

pub fn delete_grant(tx: &mut Tx<'_>, account: SmartAccountId, id: GrantId) -> Result<()> {
    let gone =
        diesel::delete(grants::table.filter(grants::smart_account_id.eq(account).and(grants::id.eq(id))))
            .execute(tx.conn())?;
    if gone == 1 { Ok(()) } else { Err(Error::NotFound) }
}

macro_rules! link_columns {
    () => {
        (
            links::id,
            links::purpose,
            links::about_id,
            links::email_key,
            links::expires_at,
            links::used_at,
            links::ended_at,
        )
    };
}

pub fn insert_links(
    tx: &mut Tx<'_>,
    at: Moment,
    purpose: Purpose,
    expires: Moment,
    new: &[NewLink<'_>],
) -> Result<()> {
    let rows: Vec<_> = new
        .iter()
        .map(|link| {
            (
                links::id.eq(link.id),
                links::purpose.eq(purpose),
                links::about_id.eq(link.about_id),
                links::email_key.eq(link.to.key()),
                links::created_at.eq(at),
                links::expires_at.eq(expires),
            )
        })
        .collect();
    crate::put_many!(tx, links::table, &rows);
    Ok(())
}

pub fn link(read: &mut dyn Reads, id: LinkId) -> Result<Option<Link>> {
    Ok(links::table
        .find(id)
        .select(link_columns!())
        .first(read.conn())
        .optional()?)
}

pub fn open_link_about(read: &mut dyn Reads, purpose: Purpose, about_id: &str) -> Result<Option<Link>> {
    Ok(links::table
        .filter(
            links::purpose
                .eq(purpose)
                .and(links::about_id.eq(about_id))
                .and(links::used_at.is_null())
                .and(links::ended_at.is_null()),
        )
        .order(links::created_at.desc())
        .select(link_columns!())
        .first(read.conn())
        .optional()?)
}

pub fn use_link(tx: &mut Tx<'_>, id: LinkId, now: Moment) -> Result<bool> {
    let open = links::table.filter(
        links::id
            .eq(id)
            .and(links::used_at.is_null())
            .and(links::ended_at.is_null())
            .and(links::expires_at.gt(now)),
    );
    Ok(diesel::update(open)
        .set(links::used_at.eq(Some(now)))
        .execute(tx.conn())?
        == 1)
}

pub fn end_links_about(tx: &mut Tx<'_>, about_id: &str, at: Moment) -> Result<()> {
    diesel::update(
        links::table.filter(
            links::about_id
                .eq(about_id)
                .and(links::used_at.is_null())
                .and(links::ended_at.is_null()),
        ),
    )
    .set(links::ended_at.eq(Some(at)))
    .execute(tx.conn())?;
    Ok(())
}

macro_rules! delegation_columns {
    () => {
        (
            delegations::id,
            delegations::smart_account_id,
            delegations::delegator_id,
            delegations::delegate_id,
            delegations::starts_at,
            delegations::ends_at,
            delegations::created_at,
            delegations::ended_at,
        )
    };
}

pub fn insert_delegation(tx: &mut Tx<'_>, new: &Delegation) -> Result<()> {
    diesel::insert_into(delegations::table)
        .values((
            delegations::id.eq(new.id),
            delegations::smart_account_id.eq(new.account),
            delegations::delegator_id.eq(new.from),
            delegations::delegate_id.eq(new.to),
            delegations::starts_at.eq(new.starts_at),
            delegations::ends_at.eq(new.ends_at),
            delegations::created_at.eq(new.created_at),
        ))
        .execute(tx.conn())?;
    Ok(())
}

pub fn end_delegation(
    tx: &mut Tx<'_>,
    account: SmartAccountId,
    id: DelegationId,
    at: Moment,
) -> Result<bool> {
    let open = delegations::table.filter(
        delegations::smart_account_id
            .eq(account)
            .and(delegations::id.eq(id))
            .and(delegations::ended_at.is_null())
            .and(delegations::ends_at.gt(at)),
    );
    Ok(diesel::update(open)
        .set(delegations::ended_at.eq(Some(at)))
        .execute(tx.conn())?
        == 1)
}

pub fn delegation(read: &mut dyn Reads, account: SmartAccountId, id: DelegationId) -> Result<Delegation> {
    Ok(delegations::table
        .filter(
            delegations::smart_account_id
                .eq(account)
                .and(delegations::id.eq(id)),
        )
        .select(delegation_columns!())
        .first(read.conn())?)
}

pub fn delegations(read: &mut dyn Reads, account: SmartAccountId, now: Moment) -> Result<Vec<Delegation>> {
    Ok(delegations::table
        .filter(
            delegations::smart_account_id
                .eq(account)
                .and(delegations::ended_at.is_null())
                .and(delegations::ends_at.gt(now)),
        )
        .order((delegations::starts_at.asc(), delegations::id.asc()))
        .select(delegation_columns!())
        .limit(500)
        .load(read.conn())?)
}

pub fn delegations_to(
    read: &mut dyn Reads,
    account: SmartAccountId,
    person: PersonId,
    now: Moment,
) -> Result<Vec<Delegation>> {
    Ok(delegations::table
        .filter(
            delegations::smart_account_id
                .eq(account)
                .and(delegations::delegate_id.eq(person))
                .and(delegations::ended_at.is_null())
                .and(delegations::starts_at.le(now))
                .and(delegations::ends_at.gt(now)),
        )
        .order(delegations::id.asc())
        .select(delegation_columns!())
        .limit(20)
        .load(read.conn())?)
}
