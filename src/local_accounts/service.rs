//! What can be done with local accounts: asked for, registered, changed and ended. Each function that changes something is
//! one write.

use super::model::{AccountState, Cloud, LocalAccount, Requested};
use super::store::{self, KeptKey};
use crate::authz::action::{ManageOnPremAccounts, RequestOnPremAccount};
use crate::authz::{Does, Permit, Role, grants};
use crate::error::{Error, Problems, Result};
use crate::kernel::ids::{PersonId, SmartAccountId, VirtualAccountId};
use crate::kernel::{Event, Kind, Moment, Secret, search_key};
use crate::platform::db::{Once, OnceKey, Reads, Recorded, Tx};
use crate::platform::signing::{FileKey, Signing};
use crate::virtual_accounts;
use serde_json::json;

/// For what keys of local accounts are locked.
const LOCK: &str = "local-account";

// Keys ----------------------------------------------------------------------------------------------------------

/// A new key of an account, ready to be kept.
fn new_key(signing: &Signing, id: SmartAccountId) -> Result<KeptKey> {
    let (key, secret) = FileKey::make()?;
    Ok(KeptKey {
        public: key.public_key().to_owned(),
        sealed: signing.lock(LOCK, id.as_str(), secret.reveal())?,
    })
}

fn opened(signing: &Signing, id: SmartAccountId, sealed: &str) -> Result<FileKey> {
    signing
        .unlock(LOCK, id.as_str(), sealed)
        .and_then(|text| FileKey::kept(&Secret::new(text)))
        .ok_or_else(|| Error::internal("the key of a local account cannot be unlocked with this key file"))
}

/// The key with which an account signs its files.
pub fn key_of(read: &mut dyn Reads, signing: &Signing, id: SmartAccountId) -> Result<FileKey> {
    opened(signing, id, &store::sealed_key(read, id)?)
}

// Asking --------------------------------------------------------------------------------------------------------

/// Ids, key and time of a new request: made before the transaction, since that may run more than once.
#[derive(Debug, Clone)]
pub struct New {
    id: SmartAccountId,
    default: VirtualAccountId,
    at: Moment,
    key: KeptKey,
}

impl New {
    /// For a request that is sent now.
    pub fn make(signing: &Signing, at: Moment) -> Result<Self> {
        let id = SmartAccountId::new();
        Ok(Self {
            id,
            default: VirtualAccountId::new(),
            at,
            key: new_key(signing, id)?,
        })
    }
}

/// Asks for a local account.
pub fn request(
    tx: &mut Tx<'_>,
    permit: &Permit<RequestOnPremAccount>,
    new: &New,
    asked: &Requested,
    once: Option<&OnceKey>,
) -> Result<Recorded<LocalAccount>> {
    if let Once::Again(id) = tx.once(once)? {
        let there = store::find(tx, id.parse().map_err(|_| Error::NotFound)?)?;
        return Ok(tx.unchanged(there));
    }
    let requester = permit.who().person;
    let account = keep(tx, new, asked, requester)?;
    tx.made(new.at, once, account.id.as_str())?;
    let event = requested(&account);
    tx.record(new.at, permit.who(), &event, account)
}

fn requested(account: &LocalAccount) -> Event {
    Event::new(
        Kind::LocalRequested,
        account.number,
        format!("The On-Prem account {} was requested.", account.name),
    )
    .within(account.id)
    .with(json!({
        "cisco_smart_account": account.smart_account,
        "cisco_virtual_account": account.virtual_account,
        "email": account.email,
    }))
}

fn keep(tx: &mut Tx<'_>, new: &New, asked: &Requested, requester: Option<PersonId>) -> Result<LocalAccount> {
    let mut problems = Problems::default();
    against_name(tx, asked.name.as_str(), None, &mut problems)?;
    against_pair(tx, asked, &mut problems)?;
    problems.or_ok()?;
    let number = tx.next_number("local-account", 1)?;
    store::insert(tx, new.at, (new.id, number), asked, requester, &new.key)?;
    store::find(tx, new.id)
}

/// Notes when another account has this name. The name of a rejected request is free.
fn against_name(
    read: &mut dyn Reads,
    name: &str,
    own: Option<SmartAccountId>,
    problems: &mut Problems,
) -> Result<()> {
    let taken = store::of_name(read, &search_key(name))?
        .into_iter()
        .find(|one| Some(one.id) != own && one.state != AccountState::Rejected);
    if let Some(there) = taken {
        problems.add(
            "name",
            format!(
                "Another On-Prem account is called {} already ({}). Choose another name.",
                there.name, there.state
            ),
        );
    }
    Ok(())
}

/// Notes when the Virtual Account of the cloud serves another account already.
fn against_pair(read: &mut dyn Reads, asked: &Requested, problems: &mut Problems) -> Result<()> {
    let (smart_account, virtual_account) = (asked.smart_account.key(), asked.virtual_account.key());
    let taken = store::list(read, None, i64::MAX, 0)?.into_iter().find(|one| {
        one.state != AccountState::Rejected
            && search_key(&one.smart_account) == smart_account
            && search_key(&one.virtual_account) == virtual_account
    });
    if let Some(there) = taken {
        problems.add(
            "virtual_account",
            format!(
                "The On-Prem account {} uses this Virtual Account of {} already. One Virtual Account of the cloud serves one On-Prem account: name another.",
                there.name, there.smart_account
            ),
        );
    }
    Ok(())
}

// Registering ---------------------------------------------------------------------------------------------------

/// Makes an account that is registered already, for scenarios and tests.
pub fn registered(
    tx: &mut Tx<'_>,
    permit: &Permit<ManageOnPremAccounts>,
    new: &New,
    asked: &Requested,
    requester: Option<PersonId>,
    cloud: &Cloud,
) -> Result<Recorded<LocalAccount>> {
    let account = keep(tx, new, asked, requester)?;
    tx.note(new.at, permit.who(), &requested(&account))?;
    become_active(tx, permit, new.at, &account, new.default, cloud)
}

/// The first registration: the tenant is Active, its DEFAULT is there, and whoever asked for it administers it.
fn become_active<A: Does>(
    tx: &mut Tx<'_>,
    permit: &Permit<A>,
    at: Moment,
    account: &LocalAccount,
    default: VirtualAccountId,
    cloud: &Cloud,
) -> Result<Recorded<LocalAccount>> {
    move_to(tx, account, AccountState::Active, "")?;
    store::set_cloud(tx, account.id, cloud)?;
    store::set_activated(tx, account.id, at)?;
    virtual_accounts::create_default(tx, at, account.id, default)?;
    if let Some(requester) = account.requested_by {
        grants::give(tx, at, account.id, None, requester, Role::AccountAdmin)?;
    }
    let event = Event::new(
        Kind::LocalRegistered,
        account.number,
        format!(
            "The On-Prem account {} was registered with {}, Virtual Account {}.",
            account.name, cloud.smart_account_name, cloud.virtual_account
        ),
    )
    .within(account.id)
    .with(json!({
        "device_manager": cloud.manager,
        "smart_account": cloud.smart_account,
        "domain": cloud.domain,
    }));
    let account = store::find(tx, account.id)?;
    tx.record(at, permit.who(), &event, account)
}

/// Moves an account that was read in this transaction.
fn move_to(tx: &mut Tx<'_>, account: &LocalAccount, to: AccountState, reason: &str) -> Result<()> {
    if store::set_state(tx, account, to, reason)? {
        Ok(())
    } else {
        Err(Error::Stale)
    }
}
