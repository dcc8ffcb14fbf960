//! The table of local accounts, and of the synchronization files that were made for them.

use super::model::{AccountState, Cloud, LocalAccount, SyncState};
use crate::error::{Error, Result};
use crate::kernel::Moment;
use crate::kernel::ids::{PersonId, SmartAccountId};
use crate::platform::db::Reads;
use crate::platform::db::schema::{local_accounts as accounts, smart_accounts};
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
        })
    }
}

/// Local accounts by name; `only` names those that one may see, none means all.
pub fn list(
    read: &mut dyn Reads,
    only: Option<&[SmartAccountId]>,
    limit: i64,
    offset: i64,
) -> Result<Vec<LocalAccount>> {
    let mut query = accounts::table
        .inner_join(smart_accounts::table.on(smart_accounts::id.eq(accounts::smart_account_id)))
        .into_boxed();
    if let Some(only) = only {
        query = query.filter(accounts::smart_account_id.eq_any(only.to_vec()));
    }
    query
        .order((smart_accounts::name_key.asc(), smart_accounts::id.asc()))
        .limit(limit)
        .offset(offset)
        .select((columns!(), smart_accounts::number, smart_accounts::name))
        .load::<(Kept, i64, String)>(read.conn())?
        .into_iter()
        .map(|(kept, number, name)| kept.account(number, name))
        .collect()
}
