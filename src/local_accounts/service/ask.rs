//! Asking for an account.

use super::keys::sealed;
use crate::authz::Permit;
use crate::authz::action::RequestOnPremAccount;
use crate::error::{Error, Problems, Result};
use crate::kernel::ids::{PersonId, SmartAccountId, VirtualAccountId};
use crate::kernel::{Event, Kind, Moment, Secret, search_key};
use crate::local_accounts::letters;
use crate::local_accounts::model::{AccountState, LocalAccount, Requested};
use crate::local_accounts::store::{self, KeptKey};
use crate::platform::db::{Once, OnceKey, Reads, Recorded, Tx};
use crate::platform::signing::{FileKey, Signing};
use crate::server;
use serde_json::json;

/// Ids, key and time of a new request: made before the transaction, since that may run more than once.
#[derive(Debug, Clone)]
pub struct New {
    pub(super) id: SmartAccountId,
    pub(super) default: VirtualAccountId,
    pub(super) at: Moment,
    pub(super) key: KeptKey,
}

impl New {
    /// The public half of the account's key.
    pub fn public_key(&self) -> &str {
        &self.key.public
    }

    /// The id of the account.
    pub fn id(&self) -> SmartAccountId {
        self.id
    }

    /// The id of its DEFAULT.
    pub fn default(&self) -> VirtualAccountId {
        self.default
    }

    /// For a request that is sent now.
    pub fn make(signing: &Signing, at: Moment) -> Result<Self> {
        let (_, secret) = FileKey::make()?;
        Self::kept(signing, at, &secret)
    }

    /// For an account that has its key already.
    pub fn kept(signing: &Signing, at: Moment, secret: &Secret) -> Result<Self> {
        let id = SmartAccountId::new();
        Ok(Self {
            id,
            default: VirtualAccountId::new(),
            at,
            key: sealed(signing, id, secret)?,
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
    letters::tell_administrators(tx, new.at, &account, permit.who())?;
    let event = requested(&account);
    tx.record(new.at, permit.who(), &event, account)
}

pub(super) fn requested(account: &LocalAccount) -> Event {
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

/// Keeps a request, and the key of its account. A part of the caller's write and of its record.
pub fn keep(
    tx: &mut Tx<'_>,
    new: &New,
    asked: &Requested,
    requester: Option<PersonId>,
) -> Result<LocalAccount> {
    let mut problems = Problems::default();
    against_name(tx, asked.name.as_str(), None, &mut problems)?;
    against_pair(tx, asked, &mut problems)?;
    problems.or_ok()?;
    let number = tx.next_number("local-account", 1)?;
    let hides_hostnames = server::hides_hostnames_by_default(tx)?;
    store::insert(tx, new.at, (new.id, number), asked, requester, &new.key)?;
    if hides_hostnames {
        store::hide_hostnames(tx, new.id)?;
    }
    store::find(tx, new.id)
}

/// Notes when another account has this name. The name of a rejected request is free.
pub(super) fn against_name(
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
                "The On-Prem account {} uses this Cisco Virtual Account of {} already. One Cisco Virtual Account serves one On-Prem account: name another.",
                there.name, there.smart_account
            ),
        );
    }
    Ok(())
}
