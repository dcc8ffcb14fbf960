//! The table of Smart Accounts.

use super::model::{PendingDetail, SmartAccount, State, Visibility};
use super::service::Draft;
use crate::error::{Error, Result};
use crate::kernel::ids::{PersonId, SmartAccountId};
use crate::kernel::{Moment, Name, search_key};
use crate::platform::db::schema::smart_accounts;
use crate::platform::db::{OnTaken, Reads, Tx, contains};
use diesel::prelude::*;

macro_rules! columns {
    () => {
        (
            smart_accounts::id,
            smart_accounts::number,
            smart_accounts::name,
            smart_accounts::domain,
            smart_accounts::registrable,
            smart_accounts::state,
            smart_accounts::pending_detail,
            smart_accounts::visibility,
            smart_accounts::headquarters,
            smart_accounts::requested_by,
            smart_accounts::created_at,
            smart_accounts::activated_at,
            smart_accounts::version,
        )
    };
}

pub fn insert(tx: &mut Tx<'_>, at: Moment, id: SmartAccountId, number: i64, draft: &Draft) -> Result<()> {
    diesel::insert_into(smart_accounts::table)
        .values((
            smart_accounts::id.eq(id),
            smart_accounts::number.eq(number),
            smart_accounts::name.eq(draft.name.as_str()),
            smart_accounts::name_key.eq(draft.name.key()),
            smart_accounts::domain.eq(draft.domain.as_str()),
            smart_accounts::registrable.eq(draft.domain.registrable()),
            smart_accounts::state.eq(State::Pending),
            smart_accounts::pending_detail.eq(Some(draft.detail)),
            smart_accounts::visibility.eq(draft.visibility),
            smart_accounts::headquarters.eq(&draft.headquarters),
            smart_accounts::holds_domain.eq(true),
            smart_accounts::requested_by.eq(draft.requested_by),
            smart_accounts::created_at.eq(at),
            smart_accounts::version.eq(1),
        ))
        .execute(tx.conn())
        .on_taken(|| domain_in_use(draft.domain.as_str()))?;
    Ok(())
}

pub fn domain_in_use(domain: &str) -> Error {
    Error::refused(
        "smart-accounts.domain-in-use",
        format!(
            "{domain} belongs to a Smart Account already. Find it in the directory and request access to it."
        ),
    )
}

pub fn find(read: &mut impl Reads, id: SmartAccountId) -> Result<SmartAccount> {
    Ok(smart_accounts::table
        .find(id)
        .select(columns!())
        .first(read.conn())?)
}

pub fn find_by_number(read: &mut impl Reads, number: i64) -> Result<SmartAccount> {
    Ok(smart_accounts::table
        .filter(smart_accounts::number.eq(number))
        .select(columns!())
        .first(read.conn())?)
}

pub fn find_many(read: &mut impl Reads, ids: &[SmartAccountId]) -> Result<Vec<SmartAccount>> {
    let mut found = Vec::with_capacity(ids.len());
    for some in ids.chunks(500) {
        let rows: Vec<SmartAccount> = smart_accounts::table
            .filter(smart_accounts::id.eq_any(some.to_vec()))
            .select(columns!())
            .load(read.conn())?;
        found.extend(rows);
    }
    Ok(found)
}

pub fn by_domain(read: &mut impl Reads, domain: &str) -> Result<Option<SmartAccount>> {
    Ok(smart_accounts::table
        .filter(
            smart_accounts::domain
                .eq(domain)
                .and(smart_accounts::holds_domain.eq(true)),
        )
        .select(columns!())
        .first(read.conn())
        .optional()?)
}

pub fn by_exact_name(read: &mut impl Reads, typed: &str) -> Result<Vec<SmartAccount>> {
    Ok(smart_accounts::table
        .filter(
            smart_accounts::name_key
                .eq(search_key(typed))
                .and(smart_accounts::state.ne(State::Pending)),
        )
        .order(smart_accounts::id.asc())
        .select(columns!())
        .limit(20)
        .load(read.conn())?)
}

pub fn under_registrable(read: &mut impl Reads, registrable: &str) -> Result<Vec<SmartAccount>> {
    Ok(smart_accounts::table
        .filter(
            smart_accounts::registrable
                .eq(registrable)
                .and(smart_accounts::holds_domain.eq(true)),
        )
        .order((smart_accounts::name_key.asc(), smart_accounts::id.asc()))
        .select(columns!())
        .limit(200)
        .load(read.conn())?)
}

pub fn requested_by(read: &mut impl Reads, person: PersonId) -> Result<Vec<SmartAccount>> {
    Ok(smart_accounts::table
        .filter(smart_accounts::requested_by.eq(person))
        .order((smart_accounts::created_at.desc(), smart_accounts::id.desc()))
        .select(columns!())
        .limit(200)
        .load(read.conn())?)
}

/// Unrestricted accounts that contain the text; Restricted ones only when name or domain is the whole text.
pub fn search(read: &mut impl Reads, typed: &str, most: i64) -> Result<Vec<SmartAccount>> {
    let key = search_key(typed);
    let pattern = contains(typed);
    let open = smart_accounts::visibility.eq(Visibility::Unrestricted).and(
        smart_accounts::name_key
            .like(pattern.clone())
            .escape('\\')
            .or(smart_accounts::domain.like(pattern).escape('\\')),
    );
    let whole = smart_accounts::name_key
        .eq(key.clone())
        .or(smart_accounts::domain.eq(key));
    Ok(smart_accounts::table
        .filter(smart_accounts::state.ne(State::Pending).and(open.or(whole)))
        .order((smart_accounts::name_key.asc(), smart_accounts::id.asc()))
        .select(columns!())
        .limit(most)
        .load(read.conn())?)
}

pub fn edit(
    tx: &mut Tx<'_>,
    id: SmartAccountId,
    version: i64,
    name: &Name,
    visibility: Visibility,
    headquarters: &str,
) -> Result<bool> {
    let unchanged = smart_accounts::table.filter(
        smart_accounts::id
            .eq(id)
            .and(smart_accounts::version.eq(version))
            .and(smart_accounts::state.eq(State::Active)),
    );
    let changed = diesel::update(unchanged)
        .set((
            smart_accounts::name.eq(name.as_str()),
            smart_accounts::name_key.eq(name.key()),
            smart_accounts::visibility.eq(visibility),
            smart_accounts::headquarters.eq(headquarters),
            smart_accounts::version.eq(smart_accounts::version + 1),
        ))
        .execute(tx.conn())?;
    Ok(changed == 1)
}

pub fn activate(tx: &mut Tx<'_>, at: Moment, id: SmartAccountId) -> Result<bool> {
    let open = smart_accounts::table.filter(
        smart_accounts::id
            .eq(id)
            .and(smart_accounts::state.eq(State::Pending))
            .and(smart_accounts::holds_domain.eq(true)),
    );
    let changed = diesel::update(open)
        .set((
            smart_accounts::state.eq(State::Active),
            smart_accounts::pending_detail.eq(None::<PendingDetail>),
            smart_accounts::activated_at.eq(Some(at)),
            smart_accounts::version.eq(smart_accounts::version + 1),
        ))
        .execute(tx.conn())?;
    Ok(changed == 1)
}

pub fn set_detail(tx: &mut Tx<'_>, id: SmartAccountId, detail: PendingDetail) -> Result<bool> {
    let open = smart_accounts::table.filter(
        smart_accounts::id
            .eq(id)
            .and(smart_accounts::state.eq(State::Pending))
            .and(smart_accounts::holds_domain.eq(true)),
    );
    let changed = diesel::update(open)
        .set((
            smart_accounts::pending_detail.eq(Some(detail)),
            smart_accounts::holds_domain.eq(detail.is_open()),
            smart_accounts::version.eq(smart_accounts::version + 1),
        ))
        .execute(tx.conn())?;
    Ok(changed == 1)
}
