//! The table of local accounts, and of the synchronization files that were made for them.

use super::model::{AccountState, Cloud, LocalAccount, Properties, Requested, SyncState};
use crate::authz::TenantKind;
use crate::error::{Error, Result};
use crate::kernel::Moment;
use crate::kernel::ids::{PersonId, SmartAccountId};
use crate::platform::db::schema::{local_accounts as accounts, local_sync_files as files, smart_accounts};
use crate::platform::db::{Reads, Tx};
use diesel::prelude::*;

/// The columns of a local account beside those of its tenant.
#[derive(diesel::Queryable)]
struct Kept {
    id: SmartAccountId,
    smart_account: String,
    virtual_account: String,
    email: String,
    state: AccountState,
    reason: String,
    requested_by: Option<PersonId>,
    requested_at: Moment,
    public_key: String,
    cloud: Option<String>,
    sequence: i64,
    last_response: i64,
    sync: SyncState,
    failure: String,
    synced_at: Option<Moment>,
    due_at: Option<Moment>,
    is_scheduled: bool,
    next_run_at: Option<Moment>,
    failed_tries: i32,
    hides_hostnames: bool,
    version: i64,
    next_public_key: String,
}

macro_rules! columns {
    () => {
        (
            accounts::smart_account_id,
            accounts::smart_account,
            accounts::virtual_account,
            accounts::email,
            accounts::state,
            accounts::reason,
            accounts::requested_by,
            accounts::requested_at,
            accounts::public_key,
            accounts::cloud,
            accounts::sequence,
            accounts::last_response,
            accounts::sync,
            accounts::failure,
            accounts::synced_at,
            accounts::due_at,
            accounts::is_scheduled,
            accounts::next_run_at,
            accounts::failed_tries,
            accounts::hides_hostnames,
            accounts::version,
            accounts::next_public_key,
        )
    };
}

impl Kept {
    fn account(self, number: i64, name: String) -> Result<LocalAccount> {
        let cloud: Option<Cloud> = self
            .cloud
            .as_deref()
            .map(serde_json::from_str)
            .transpose()
            .map_err(Error::internal)?;
        Ok(LocalAccount {
            id: self.id,
            number,
            name,
            smart_account: self.smart_account,
            virtual_account: self.virtual_account,
            email: self.email,
            state: self.state,
            reason: self.reason,
            requested_by: self.requested_by,
            requested_at: self.requested_at,
            public_key: self.public_key,
            cloud,
            sequence: self.sequence,
            last_response: self.last_response,
            sync: self.sync,
            failure: self.failure,
            synced_at: self.synced_at,
            due_at: self.due_at,
            is_scheduled: self.is_scheduled,
            next_run_at: self.next_run_at,
            failed_tries: self.failed_tries,
            hides_hostnames: self.hides_hostnames,
            version: self.version,
            next_public_key: (!self.next_public_key.is_empty()).then_some(self.next_public_key),
        })
    }
}

/// The rows of a query over both tables.
macro_rules! both {
    () => {
        accounts::table
            .inner_join(smart_accounts::table.on(smart_accounts::id.eq(accounts::smart_account_id)))
    };
}

macro_rules! row {
    () => {
        (columns!(), smart_accounts::number, smart_accounts::name)
    };
}

fn one((kept, number, name): (Kept, i64, String)) -> Result<LocalAccount> {
    kept.account(number, name)
}

/// Local accounts by name; `only` names those that one may see, none means all.
pub fn list(
    read: &mut dyn Reads,
    only: Option<&[SmartAccountId]>,
    limit: i64,
    offset: i64,
) -> Result<Vec<LocalAccount>> {
    let mut query = both!().into_boxed();
    if let Some(only) = only {
        query = query.filter(accounts::smart_account_id.eq_any(only.to_vec()));
    }
    query
        .order((smart_accounts::name_key.asc(), smart_accounts::id.asc()))
        .limit(limit)
        .offset(offset)
        .select(row!())
        .load::<(Kept, i64, String)>(read.conn())?
        .into_iter()
        .map(one)
        .collect()
}

/// One local account.
pub fn find(read: &mut dyn Reads, id: SmartAccountId) -> Result<LocalAccount> {
    one(both!()
        .filter(accounts::smart_account_id.eq(id))
        .select(row!())
        .first(read.conn())?)
}

/// One local account by its number.
pub fn by_number(read: &mut dyn Reads, number: i64) -> Result<LocalAccount> {
    one(both!()
        .filter(smart_accounts::number.eq(number))
        .select(row!())
        .first(read.conn())?)
}

/// Those whose name looks the same.
pub fn of_name(read: &mut dyn Reads, name_key: &str) -> Result<Vec<LocalAccount>> {
    both!()
        .filter(smart_accounts::name_key.eq(name_key))
        .order(smart_accounts::number.asc())
        .select(row!())
        .load::<(Kept, i64, String)>(read.conn())?
        .into_iter()
        .map(one)
        .collect()
}

/// Everything that a person asked for, by name.
pub fn requested_by(read: &mut dyn Reads, person: PersonId) -> Result<Vec<LocalAccount>> {
    both!()
        .filter(accounts::requested_by.eq(person))
        .order((smart_accounts::name_key.asc(), smart_accounts::id.asc()))
        .select(row!())
        .load::<(Kept, i64, String)>(read.conn())?
        .into_iter()
        .map(one)
        .collect()
}

/// The private half of its key, encrypted.
pub fn sealed_key(read: &mut dyn Reads, id: SmartAccountId) -> Result<String> {
    Ok(accounts::table
        .find(id)
        .select(accounts::sealed_key)
        .first(read.conn())?)
}

/// The account whose files are verified with this key.
pub fn with_key(read: &mut dyn Reads, public_key: &str) -> Result<Option<SmartAccountId>> {
    Ok(accounts::table
        .filter(accounts::public_key.eq(public_key))
        .select(accounts::smart_account_id)
        .first(read.conn())
        .optional()?)
}

/// The same of the key with which it asks to be registered again; "" when it does not.
pub fn next_sealed_key(read: &mut dyn Reads, id: SmartAccountId) -> Result<String> {
    Ok(accounts::table
        .find(id)
        .select(accounts::next_sealed_key)
        .first(read.conn())?)
}

/// A key pair that is to be kept.
#[derive(Debug, Clone)]
pub struct KeptKey {
    /// The public half, base64url.
    pub public: String,
    /// The private half, encrypted.
    pub sealed: String,
}

/// Keeps a request: a Pending tenant and what belongs to a local account beside it.
pub fn insert(
    tx: &mut Tx<'_>,
    at: Moment,
    (id, number): (SmartAccountId, i64),
    asked: &Requested,
    requester: Option<PersonId>,
    key: &KeptKey,
) -> Result<()> {
    diesel::insert_into(smart_accounts::table)
        .values((
            smart_accounts::id.eq(id),
            smart_accounts::number.eq(number),
            smart_accounts::name.eq(asked.name.as_str()),
            smart_accounts::name_key.eq(asked.name.key()),
            smart_accounts::domain.eq(asked.line()),
            smart_accounts::registrable.eq(""),
            smart_accounts::state.eq(AccountState::Pending.of_tenant()),
            smart_accounts::visibility.eq("restricted"),
            smart_accounts::headquarters.eq(""),
            smart_accounts::holds_domain.eq(false),
            smart_accounts::requested_by.eq(requester),
            smart_accounts::created_at.eq(at),
            smart_accounts::version.eq(1),
            smart_accounts::kind.eq(TenantKind::Local),
        ))
        .execute(tx.conn())?;
    diesel::insert_into(accounts::table)
        .values((
            (
                accounts::smart_account_id.eq(id),
                accounts::smart_account.eq(asked.smart_account.as_str()),
                accounts::virtual_account.eq(asked.virtual_account.as_str()),
                accounts::email.eq(asked.email.as_str()),
                accounts::state.eq(AccountState::Pending),
                accounts::reason.eq(""),
                accounts::requested_by.eq(requester),
                accounts::requested_at.eq(at),
                accounts::public_key.eq(&key.public),
                accounts::sealed_key.eq(&key.sealed),
            ),
            (
                accounts::sequence.eq(0),
                accounts::last_response.eq(0),
                accounts::sync.eq(SyncState::Never),
                accounts::failure.eq(""),
                accounts::is_scheduled.eq(true),
                accounts::failed_tries.eq(0),
                accounts::hides_hostnames.eq(false),
                accounts::version.eq(1),
            ),
        ))
        .execute(tx.conn())?;
    Ok(())
}

/// Has host names left out of the synchronization files of a new account.
pub fn hide_hostnames(tx: &mut Tx<'_>, id: SmartAccountId) -> Result<()> {
    diesel::update(accounts::table.find(id))
        .set(accounts::hides_hostnames.eq(true))
        .execute(tx.conn())?;
    Ok(())
}

/// Moves an account from the state and version in which it was read to another, with the reason for it. False when
/// somebody else was faster.
pub fn set_state(tx: &mut Tx<'_>, account: &LocalAccount, to: AccountState, reason: &str) -> Result<bool> {
    let changed = diesel::update(
        accounts::table
            .find(account.id)
            .filter(accounts::version.eq(account.version)),
    )
    .set((
        accounts::state.eq(to),
        accounts::reason.eq(reason),
        accounts::version.eq(accounts::version + 1),
    ))
    .execute(tx.conn())?;
    if changed == 1 {
        diesel::update(smart_accounts::table.find(account.id))
            .set((
                smart_accounts::state.eq(to.of_tenant()),
                smart_accounts::version.eq(smart_accounts::version + 1),
            ))
            .execute(tx.conn())?;
    }
    Ok(changed == 1)
}

/// Keeps until when (wall time) whoever registers an account may be waited for.
pub fn set_lease(tx: &mut Tx<'_>, id: SmartAccountId, until: Moment) -> Result<()> {
    diesel::update(accounts::table.find(id))
        .set(accounts::registering_until.eq(Some(until)))
        .execute(tx.conn())?;
    Ok(())
}

/// Accounts that nobody registers any more, though they are Registering.
pub fn left_registering(read: &mut dyn Reads, wall: Moment) -> Result<Vec<SmartAccountId>> {
    Ok(accounts::table
        .filter(accounts::state.eq(AccountState::Registering))
        .filter(
            accounts::registering_until
                .is_null()
                .or(accounts::registering_until.lt(Some(wall))),
        )
        .select(accounts::smart_account_id)
        .order(accounts::smart_account_id)
        .load(read.conn())?)
}

/// Keeps when the tenant became Active.
pub fn set_activated(tx: &mut Tx<'_>, id: SmartAccountId, at: Moment) -> Result<()> {
    diesel::update(smart_accounts::table.find(id))
        .set(smart_accounts::activated_at.eq(at))
        .execute(tx.conn())?;
    Ok(())
}

/// Keeps the cloud that it is registered with.
pub fn set_cloud(tx: &mut Tx<'_>, id: SmartAccountId, cloud: &Cloud) -> Result<()> {
    let text = serde_json::to_string(cloud).map_err(Error::internal)?;
    diesel::update(accounts::table.find(id))
        .set((
            accounts::cloud.eq(text),
            accounts::version.eq(accounts::version + 1),
        ))
        .execute(tx.conn())?;
    Ok(())
}

/// Keeps the key with which it asks to be registered again.
pub fn set_next_key(tx: &mut Tx<'_>, id: SmartAccountId, key: &KeptKey) -> Result<()> {
    diesel::update(accounts::table.find(id))
        .set((
            accounts::next_public_key.eq(&key.public),
            accounts::next_sealed_key.eq(&key.sealed),
            accounts::version.eq(accounts::version + 1),
        ))
        .execute(tx.conn())?;
    Ok(())
}

/// The next key becomes its key, and synchronization begins from nothing: files of the key before are of no use.
pub fn turn_key(tx: &mut Tx<'_>, id: SmartAccountId) -> Result<()> {
    diesel::delete(files::table.filter(files::smart_account_id.eq(id))).execute(tx.conn())?;
    let (public, sealed): (String, String) = accounts::table
        .find(id)
        .select((accounts::next_public_key, accounts::next_sealed_key))
        .first(tx.conn())?;
    diesel::update(accounts::table.find(id))
        .set((
            accounts::public_key.eq(public),
            accounts::sealed_key.eq(sealed),
            accounts::next_public_key.eq(""),
            accounts::next_sealed_key.eq(""),
            accounts::sequence.eq(0),
            accounts::last_response.eq(0),
            accounts::sync.eq(SyncState::Never),
            accounts::failure.eq(""),
            accounts::failed_tries.eq(0),
            accounts::version.eq(accounts::version + 1),
        ))
        .execute(tx.conn())?;
    Ok(())
}

/// Changes what "Account Properties" lets one change. False when somebody else was faster.
pub fn set_properties(
    tx: &mut Tx<'_>,
    account: &LocalAccount,
    to: &Properties,
    name_key: &str,
) -> Result<bool> {
    let changed = diesel::update(
        accounts::table
            .find(account.id)
            .filter(accounts::version.eq(account.version)),
    )
    .set((
        accounts::email.eq(&to.email),
        accounts::hides_hostnames.eq(to.hides_hostnames),
        accounts::version.eq(accounts::version + 1),
    ))
    .execute(tx.conn())?;
    if changed == 1 {
        diesel::update(smart_accounts::table.find(account.id))
            .set((
                smart_accounts::name.eq(&to.name),
                smart_accounts::name_key.eq(name_key),
                smart_accounts::version.eq(smart_accounts::version + 1),
            ))
            .execute(tx.conn())?;
    }
    Ok(changed == 1)
}

/// How many product instances the last synchronization file that was answered told of; none when none was.
pub fn told(read: &mut dyn Reads, account: &LocalAccount) -> Result<Option<i64>> {
    Ok(files::table
        .filter(
            files::smart_account_id
                .eq(account.id)
                .and(files::sequence.eq(account.last_response)),
        )
        .select(files::devices)
        .first(read.conn())
        .optional()?)
}

/// How many requests wait for a decision.
pub fn count_waiting(read: &mut dyn Reads) -> Result<u64> {
    let found: i64 = accounts::table
        .filter(accounts::state.eq(AccountState::Pending))
        .count()
        .get_result(read.conn())?;
    Ok(u64::try_from(found).unwrap_or_default())
}
