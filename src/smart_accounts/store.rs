//! The table of Smart Accounts.

use super::model::{
    Address, DOMAIN_CHANGE_LIFECYCLE, DomainChange, DomainChangeState, Draft, LIFECYCLE, PendingDetail,
    SmartAccount, State, Visibility,
};
use crate::error::{Error, Result};
use crate::kernel::ids::{AddressId, DomainChangeId, PersonId, SmartAccountId};
use crate::kernel::looks::Look;
use crate::kernel::pasted::line;
use crate::kernel::{DomainIdentifier, Moment, Name, search_key};
use crate::platform::db::schema::{
    account_addresses as addresses, domain_changes as changes, smart_accounts,
};
use crate::platform::db::{OnTaken, Reads, Tx};
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

pub fn find(read: &mut dyn Reads, id: SmartAccountId) -> Result<SmartAccount> {
    Ok(smart_accounts::table
        .find(id)
        .select(columns!())
        .first(read.conn())?)
}

pub fn find_by_number(read: &mut dyn Reads, number: i64) -> Result<SmartAccount> {
    Ok(smart_accounts::table
        .filter(smart_accounts::number.eq(number))
        .select(columns!())
        .first(read.conn())?)
}

/// Every account that was activated, by its number.
pub fn activated(read: &mut dyn Reads, most: i64) -> Result<Vec<SmartAccount>> {
    Ok(smart_accounts::table
        .filter(smart_accounts::state.ne(State::Pending))
        .order(smart_accounts::number.asc())
        .select(columns!())
        .limit(most)
        .load(read.conn())?)
}

pub fn find_many(read: &mut dyn Reads, ids: &[SmartAccountId]) -> Result<Vec<SmartAccount>> {
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

pub fn by_domain(read: &mut dyn Reads, domain: &str) -> Result<Option<SmartAccount>> {
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

pub fn by_domains(read: &mut dyn Reads, domains: &[String]) -> Result<Vec<SmartAccount>> {
    let mut found = Vec::new();
    for some in domains.chunks(500) {
        let rows: Vec<SmartAccount> = smart_accounts::table
            .filter(
                smart_accounts::domain
                    .eq_any(some.to_vec())
                    .and(smart_accounts::holds_domain.eq(true)),
            )
            .select(columns!())
            .load(read.conn())?;
        found.extend(rows);
    }
    Ok(found)
}

/// What may be meant as a whole by a text that was copied: as it is, and without what came along.
fn whole_texts(typed: &str) -> Vec<String> {
    let mut texts = vec![search_key(typed), search_key(&line(typed))];
    texts.dedup();
    texts
}

/// The accounts whose whole name looks like this text, whatever their state. All names are read: they are few, and how a
/// name looks is not kept, since the tables of what looks the same change with each version of Unicode.
pub fn alike(
    read: &mut dyn Reads,
    typed: &str,
    except: Option<SmartAccountId>,
) -> Result<Vec<SmartAccountId>> {
    let looks = [Look::of(typed), Look::of(&line(typed))];
    let all: Vec<(SmartAccountId, String)> = smart_accounts::table
        .select((smart_accounts::id, smart_accounts::name))
        .load(read.conn())?;
    Ok(all
        .into_iter()
        .filter(|(id, name)| {
            let name = Look::of(name);
            Some(*id) != except && looks.iter().any(|look| look.is_like(&name))
        })
        .map(|(id, _)| id)
        .collect())
}

/// A name that looks like another account's, and is written with other characters, is there to be taken for it.
pub fn must_look_different(read: &mut dyn Reads, name: &Name, except: Option<SmartAccountId>) -> Result<()> {
    let alike = alike(read, name.as_str(), except)?;
    let same: i64 = smart_accounts::table
        .filter(
            smart_accounts::id
                .eq_any(alike.clone())
                .and(smart_accounts::name_key.eq(name.key())),
        )
        .count()
        .get_result(read.conn())?;
    if usize::try_from(same).is_ok_and(|same| same < alike.len()) {
        return Err(Error::invalid(
            "name",
            format!(
                "The name of another Smart Account looks like {name} and is written with other characters. Choose a name that can be told apart."
            ),
        ));
    }
    Ok(())
}

pub fn by_exact_name(read: &mut dyn Reads, typed: &str) -> Result<Vec<SmartAccount>> {
    let these = alike(read, typed, None)?;
    Ok(smart_accounts::table
        .filter(
            smart_accounts::id
                .eq_any(these)
                .and(smart_accounts::state.ne(State::Pending)),
        )
        .order(smart_accounts::id.asc())
        .select(columns!())
        .limit(20)
        .load(read.conn())?)
}

pub fn under_registrable(read: &mut dyn Reads, registrable: &str) -> Result<Vec<SmartAccount>> {
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

pub fn requested_by(read: &mut dyn Reads, person: PersonId) -> Result<Vec<SmartAccount>> {
    Ok(smart_accounts::table
        .filter(smart_accounts::requested_by.eq(person))
        .order((smart_accounts::created_at.desc(), smart_accounts::id.desc()))
        .select(columns!())
        .limit(200)
        .load(read.conn())?)
}

/// Unrestricted accounts that contain the text; Restricted ones only when name or domain is the whole text.
pub fn search(read: &mut dyn Reads, typed: &str, most: i64) -> Result<Vec<SmartAccount>> {
    let Some(found) = crate::found!(
        smart_accounts::table,
        typed,
        smart_accounts::name_key,
        smart_accounts::domain,
    ) else {
        return Ok(Vec::new());
    };
    let open = smart_accounts::visibility.eq(Visibility::Unrestricted).and(found);
    let whole = smart_accounts::id
        .eq_any(alike(read, typed, None)?)
        .or(smart_accounts::domain.eq_any(whole_texts(typed)));
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

/// Takes an account out of use, or into use again. Only one can.
pub fn set_state(tx: &mut Tx<'_>, id: SmartAccountId, from: State, to: State) -> Result<bool> {
    LIFECYCLE.must(from, to)?;
    let same = smart_accounts::table.filter(smart_accounts::id.eq(id).and(smart_accounts::state.eq(from)));
    let changed = diesel::update(same)
        .set((
            smart_accounts::state.eq(to),
            smart_accounts::version.eq(smart_accounts::version + 1),
        ))
        .execute(tx.conn())?;
    Ok(changed == 1)
}

/// Gives an account another domain identifier.
pub fn set_domain(tx: &mut Tx<'_>, id: SmartAccountId, to: &DomainIdentifier) -> Result<()> {
    diesel::update(smart_accounts::table.find(id))
        .set((
            smart_accounts::domain.eq(to.as_str()),
            smart_accounts::registrable.eq(to.registrable()),
            smart_accounts::version.eq(smart_accounts::version + 1),
        ))
        .execute(tx.conn())
        .on_taken(|| domain_in_use(to.as_str()))?;
    Ok(())
}

/// Moves the headquarters.
pub fn set_headquarters(tx: &mut Tx<'_>, id: SmartAccountId, address: &str) -> Result<()> {
    diesel::update(smart_accounts::table.find(id))
        .set((
            smart_accounts::headquarters.eq(address),
            smart_accounts::version.eq(smart_accounts::version + 1),
        ))
        .execute(tx.conn())?;
    Ok(())
}

/// The addresses that an account keeps, the oldest first.
pub fn addresses(read: &mut dyn Reads, account: SmartAccountId) -> Result<Vec<Address>> {
    Ok(addresses::table
        .filter(addresses::smart_account_id.eq(account))
        .order((addresses::created_at.asc(), addresses::id.asc()))
        .select((addresses::id, addresses::address))
        .load(read.conn())?)
}

pub fn insert_address(
    tx: &mut Tx<'_>,
    at: Moment,
    account: SmartAccountId,
    id: AddressId,
    address: &str,
) -> Result<()> {
    diesel::insert_into(addresses::table)
        .values((
            addresses::id.eq(id),
            addresses::smart_account_id.eq(account),
            addresses::address.eq(address),
            addresses::created_at.eq(at),
        ))
        .execute(tx.conn())?;
    Ok(())
}

macro_rules! change_columns {
    () => {
        (
            changes::id,
            changes::smart_account_id,
            changes::from_domain,
            changes::to_domain,
            changes::note,
            changes::reasons,
            changes::state,
            changes::reason,
            changes::requested_by,
            changes::requested_at,
            changes::decided_by,
            changes::decided_at,
        )
    };
}

pub fn insert_change(tx: &mut Tx<'_>, new: &DomainChange) -> Result<()> {
    diesel::insert_into(changes::table)
        .values((
            changes::id.eq(new.id),
            changes::smart_account_id.eq(new.account),
            changes::from_domain.eq(&new.from),
            changes::to_domain.eq(&new.to),
            changes::note.eq(&new.note),
            changes::reasons.eq(&new.reasons),
            changes::state.eq(new.state),
            changes::reason.eq(&new.reason),
            changes::requested_by.eq(new.requested_by),
            changes::requested_at.eq(new.requested_at),
        ))
        .execute(tx.conn())
        .on_taken(change_pending)?;
    Ok(())
}

pub fn change_pending() -> Error {
    Error::refused(
        "smart-accounts.domain-change-pending",
        "Another Account Domain Identifier was asked for already and waits for a Domain approver. Withdraw that first.",
    )
}

pub fn change(read: &mut dyn Reads, id: DomainChangeId) -> Result<DomainChange> {
    Ok(changes::table
        .find(id)
        .select(change_columns!())
        .first(read.conn())?)
}

/// The change of an account that waits for a decision.
pub fn pending_change(read: &mut dyn Reads, account: SmartAccountId) -> Result<Option<DomainChange>> {
    Ok(changes::table
        .filter(
            changes::smart_account_id
                .eq(account)
                .and(changes::state.eq(DomainChangeState::Pending)),
        )
        .select(change_columns!())
        .first(read.conn())
        .optional()?)
}

/// Decides a change, or takes it back. Only one can.
pub fn decide_change(
    tx: &mut Tx<'_>,
    id: DomainChangeId,
    to: DomainChangeState,
    by: Option<PersonId>,
    at: Moment,
    reason: &str,
) -> Result<bool> {
    let open = changes::table.filter(
        changes::id
            .eq(id)
            .and(changes::state.eq_any(DOMAIN_CHANGE_LIFECYCLE.before(to))),
    );
    let changed = diesel::update(open)
        .set((
            changes::state.eq(to),
            changes::reason.eq(reason),
            changes::decided_by.eq(by),
            changes::decided_at.eq(Some(at)),
        ))
        .execute(tx.conn())?;
    Ok(changed == 1)
}

/// Changes of all accounts, the newest first.
pub fn list_changes(
    read: &mut dyn Reads,
    state: Option<DomainChangeState>,
    limit: i64,
    offset: i64,
) -> Result<Vec<DomainChange>> {
    let mut query = changes::table.into_boxed();
    if let Some(state) = state {
        query = query.filter(changes::state.eq(state));
    }
    Ok(query
        .order((changes::requested_at.desc(), changes::id.desc()))
        .select(change_columns!())
        .limit(limit)
        .offset(offset)
        .load(read.conn())?)
}

/// How many changes there are of each state, in the order of the states.
pub fn count_changes(read: &mut dyn Reads) -> Result<Vec<(DomainChangeState, u64)>> {
    let mut counts = Vec::with_capacity(DomainChangeState::ALL.len());
    for state in DomainChangeState::ALL {
        let found: i64 = changes::table
            .filter(changes::state.eq(*state))
            .count()
            .get_result(read.conn())?;
        counts.push((*state, u64::try_from(found).unwrap_or_default()));
    }
    Ok(counts)
}
