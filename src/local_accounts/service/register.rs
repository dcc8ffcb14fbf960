//! Registering an account with the cloud, over the network or by files.

use super::ask::{New, keep, requested};
use super::keys::{new_key, opened};
use super::{MOST_REASON, SOFTWARE};
use crate::authz::action::ManageOnPremAccounts;
use crate::authz::{Does, Permit, Role, grants};
use crate::error::{Error, Result};
use crate::kernel::event::Outcome;
use crate::kernel::ids::{PersonId, SmartAccountId, VirtualAccountId};
use crate::kernel::{Event, Kind, Moment, Who};
use crate::local_accounts::letters;
use crate::local_accounts::lifecycle::{Move, Next};
use crate::local_accounts::model::{AccountState, Cloud, LocalAccount, Requested};
use crate::local_accounts::store::{self, KeptKey};
use crate::platform::db::{Reads, Recorded, Tx};
use crate::platform::signing::{self, Signing};
use crate::sync::format::{self, AuthorizationHeader, RegistrationHeader};
use crate::virtual_accounts;
use serde_json::json;
use std::io::Cursor;

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
    letters::tell_requester(tx, at, letters::APPROVED, account, permit.who(), "")?;
    let event = registered_event(account, cloud, "registered");
    let account = store::find(tx, account.id)?;
    tx.record(at, permit.who(), &event, account)
}

fn registered_event(account: &LocalAccount, cloud: &Cloud, how: &str) -> Event {
    Event::new(
        Kind::LocalRegistered,
        account.number,
        format!(
            "The On-Prem account {} was {how} with {}, Virtual Account {}.",
            account.name, cloud.smart_account_name, cloud.virtual_account
        ),
    )
    .within(account.id)
    .with(json!({
        "device_manager": cloud.manager,
        "smart_account": cloud.smart_account,
        "domain": cloud.domain,
    }))
}

pub(super) fn step(kind: Kind, account: &LocalAccount, what: &str) -> Event {
    Event::new(
        kind,
        account.number,
        format!("The On-Prem account {} {what}.", account.name),
    )
    .within(account.id)
}

/// What was done and why, in one line of the event log.
pub(super) fn because(what: &str, reason: &str) -> String {
    format!(
        "{what}: \u{201c}{}\u{201d}",
        reason.split_whitespace().collect::<Vec<_>>().join(" ")
    )
}

/// Moves an account that was read in this transaction.
pub(super) fn move_to(tx: &mut Tx<'_>, account: &LocalAccount, to: AccountState, reason: &str) -> Result<()> {
    if store::set_state(tx, account, to, reason)? {
        Ok(())
    } else {
        Err(Error::Stale)
    }
}

/// One move that changes nothing but the state, with its record.
pub(super) fn simply(
    tx: &mut Tx<'_>,
    permit: &Permit<ManageOnPremAccounts>,
    at: Moment,
    id: SmartAccountId,
    (chosen, kind, what): (Move, Kind, &str),
) -> Result<Recorded<LocalAccount>> {
    let account = store::find(tx, id)?;
    let to = chosen.to(&account.name, account.state)?;
    move_to(tx, &account, to, "")?;
    let account = store::find(tx, id)?;
    tx.record(at, permit.who(), &step(kind, &account, what), account)
}

/// Approves a request: from here on the cloud is asked, by whoever was first. `until` is when (wall time) nobody waits any
/// longer for the end of it.
pub fn approve(
    tx: &mut Tx<'_>,
    permit: &Permit<ManageOnPremAccounts>,
    at: Moment,
    id: SmartAccountId,
    until: Moment,
) -> Result<Recorded<LocalAccount>> {
    store::set_lease(tx, id, until)?;
    let what = "was approved and is being registered with the cloud";
    simply(tx, permit, at, id, (Move::Approve, Kind::LocalRegistration, what))
}

/// The registration file is made, to be carried to the cloud by hand.
pub fn generate_file(
    tx: &mut Tx<'_>,
    permit: &Permit<ManageOnPremAccounts>,
    at: Moment,
    id: SmartAccountId,
) -> Result<Recorded<LocalAccount>> {
    let what = "was approved; its registration file was generated";
    simply(
        tx,
        permit,
        at,
        id,
        (Move::GenerateFile, Kind::LocalRegistration, what),
    )
}

/// Gives up a registration that was begun. The key stays, so an authorization that is on its way is of use still.
pub fn start_again(
    tx: &mut Tx<'_>,
    permit: &Permit<ManageOnPremAccounts>,
    at: Moment,
    id: SmartAccountId,
) -> Result<Recorded<LocalAccount>> {
    let what = "is Pending again: its registration was given up";
    simply(
        tx,
        permit,
        at,
        id,
        (Move::StartAgain, Kind::LocalRegistration, what),
    )
}

/// The cloud could not be asked, or said no. Nothing when somebody has moved the account on meanwhile.
pub fn registration_failed(
    tx: &mut Tx<'_>,
    permit: &Permit<ManageOnPremAccounts>,
    at: Moment,
    id: SmartAccountId,
    why: &str,
) -> Result<Recorded<()>> {
    let account = store::find(tx, id)?;
    let why: String = why.chars().take(MOST_REASON).collect();
    match Move::Fail.from(account.state) {
        Some(Next::State(to)) => move_to(tx, &account, to, &why)?,
        Some(Next::Gone) | None if account.next_public_key.is_none() => return Ok(tx.unchanged(())),
        Some(Next::Gone) | None => {}
    }
    let event = step(
        Kind::LocalRegistration,
        &account,
        "could not be registered with the cloud",
    )
    .ended(Outcome::Failed)
    .with(json!({ "reason": why }));
    tx.record(at, permit.who(), &event, ())
}

/// Gives up registrations whose process has stopped: the requests are Pending again.
pub fn give_up(tx: &mut Tx<'_>, at: Moment, wall: Moment) -> Result<Recorded<usize>> {
    const WHY: &str = "It is not known how the registration ended: the process that asked the cloud has stopped. Approve it again; should the cloud have registered it, its authorization file is on the page of the device manager there.";
    let (who, mut events) = (Who::portal("registration"), Vec::new());
    for id in store::left_registering(tx, wall)? {
        let account = store::find(tx, id)?;
        let to = Move::Fail.to(&account.name, account.state)?;
        move_to(tx, &account, to, WHY)?;
        let event = step(
            Kind::LocalRegistration,
            &account,
            "is Pending again: its registration was cut off",
        );
        events.push(event.ended(Outcome::Failed).with(json!({ "reason": WHY })));
    }
    let count = events.len();
    tx.record_all(at, &who, &events, count)
}

/// Makes a key with which an account asks to be registered again; the present one is good until the cloud has taken it.
pub fn ask_again(
    tx: &mut Tx<'_>,
    permit: &Permit<ManageOnPremAccounts>,
    at: Moment,
    id: SmartAccountId,
    key: &KeptKey,
) -> Result<Recorded<LocalAccount>> {
    let account = store::find(tx, id)?;
    Move::ReRegister.to(&account.name, account.state)?;
    if account.next_public_key.is_some() {
        return Ok(tx.unchanged(account));
    }
    store::set_next_key(tx, id, key)?;
    let account = store::find(tx, id)?;
    let event = step(
        Kind::LocalRegistration,
        &account,
        "asks to be registered again, with a new key",
    );
    tx.record(at, permit.who(), &event, account)
}

/// A key for [`ask_again`].
pub fn next_key(signing: &Signing, id: SmartAccountId) -> Result<KeptKey> {
    new_key(signing, id)
}

/// The registration file of an account as it stands: of a request that waits for its authorization, or with the next key
/// of one that is to be registered again.
pub fn registration_file(
    read: &mut dyn Reads,
    signing: &Signing,
    id: SmartAccountId,
    at: Moment,
) -> Result<(LocalAccount, String)> {
    let account = store::find(read, id)?;
    let (key, manager) = match (account.state, &account.next_public_key, &account.cloud) {
        (AccountState::AwaitingFile | AccountState::Registering, ..) => {
            (opened(signing, id, &store::sealed_key(read, id)?)?, None)
        }
        (AccountState::Active, Some(_), Some(cloud)) => (
            opened(signing, id, &store::next_sealed_key(read, id)?)?,
            Some(cloud.manager),
        ),
        (AccountState::Active, ..) => {
            return Err(Error::refused(
                "on-prem.registered",
                format!(
                    "The On-Prem account {} is registered already. To register it with a new key, choose \u{201c}Re-register\u{201d}.",
                    account.name
                ),
            ));
        }
        _ => return Err(Move::Register.refusal(&account.name, account.state)),
    };
    let header = RegistrationHeader {
        name: account.name.clone(),
        public_key: key.public_key().to_owned(),
        manager,
        software: SOFTWARE.to_owned(),
        created_at: at,
    };
    let text = format::text_of(&header, &key)?;
    Ok((account, text))
}

/// Reads an AUTHORIZATION file, or says what it is instead. It is signed with the key that it carries: who brings it here
/// vouches for it, as who brings a registration file to the cloud does.
pub fn read_authorization(typed: &str) -> Result<AuthorizationHeader> {
    // Pasted text may have lost its last line end, or got more of them.
    let text = format!("{}\n", typed.trim_ascii().replace("\r\n", "\n"));
    let opened = format::open(Cursor::new(text.as_bytes()))?;
    let claimed: AuthorizationHeader = opened.claimed()?;
    let read = opened
        .verify::<AuthorizationHeader>(&claimed.public_key)?
        .check(&format::Limits::default())?;
    Ok(read.header)
}

/// What an account needs to become Active: made before the transaction.
#[derive(Debug, Clone)]
pub struct Authorized {
    /// What the file says.
    pub said: AuthorizationHeader,
    /// Where the cloud is, when it is known.
    pub url: Option<String>,
    /// The id of the DEFAULT that may have to be made.
    pub default: VirtualAccountId,
}

impl Authorized {
    fn cloud(&self, known: Option<String>) -> Cloud {
        let said = &self.said;
        Cloud {
            url: self.url.clone().or(known),
            manager: said.manager,
            smart_account: said.smart_account,
            smart_account_name: said.smart_account_name.clone(),
            domain: said.domain.clone(),
            virtual_account: said.virtual_account.clone(),
            public_key: said.public_key.clone(),
            registered_at: said.registered_at,
        }
    }
}

/// Takes the cloud's authorization in, for the first time or again.
pub fn authorize(
    tx: &mut Tx<'_>,
    permit: &Permit<ManageOnPremAccounts>,
    at: Moment,
    id: SmartAccountId,
    by: &Authorized,
) -> Result<Recorded<LocalAccount>> {
    let account = store::find(tx, id)?;
    let is_for = |key: &str| signing::file_key_id(key).as_ref() == Some(&by.said.key_id);
    if account.state == AccountState::Active {
        if account.next_public_key.as_deref().is_some_and(is_for) {
            return turn(tx, permit, at, &account, by);
        }
        if is_for(&account.public_key) {
            return Err(Error::refused(
                "on-prem.registered",
                format!(
                    "This authorization was taken in already: the On-Prem account {} is registered with {}, Cisco Virtual Account {}. Nothing is left to do.",
                    account.name, by.said.smart_account_name, by.said.virtual_account
                ),
            ));
        }
    } else {
        Move::Register.to(&account.name, account.state)?;
    }
    if account.state == AccountState::Active || !is_for(&account.public_key) {
        return Err(not_its_own(tx, &account, &by.said)?);
    }
    become_active(tx, permit, at, &account, by.default, &by.cloud(None))
}

fn turn(
    tx: &mut Tx<'_>,
    permit: &Permit<ManageOnPremAccounts>,
    at: Moment,
    account: &LocalAccount,
    by: &Authorized,
) -> Result<Recorded<LocalAccount>> {
    let cloud = by.cloud(account.cloud.as_ref().and_then(|there| there.url.clone()));
    store::turn_key(tx, account.id)?;
    store::set_cloud(tx, account.id, &cloud)?;
    let event = registered_event(account, &cloud, "registered again");
    let account = store::find(tx, account.id)?;
    tx.record(at, permit.who(), &event, account)
}

/// Why an authorization is not for this account.
fn not_its_own(read: &mut dyn Reads, account: &LocalAccount, said: &AuthorizationHeader) -> Result<Error> {
    let is_theirs = |key: &str| signing::file_key_id(key).as_ref() == Some(&said.key_id);
    let owner = store::list(read, None, i64::MAX, 0)?
        .into_iter()
        .find(|one| is_theirs(&one.public_key) || one.next_public_key.as_deref().is_some_and(is_theirs));
    Ok(match owner {
        Some(other) => Error::refused(
            "on-prem.other-account",
            format!(
                "This authorization is for the On-Prem account {}, not for {}. Upload it there, and here the one that the cloud made for the registration file of {}.",
                other.name, account.name, account.name
            ),
        ),
        None => Error::refused(
            "on-prem.other-key",
            format!(
                "This authorization answers a registration file with another key (for {}, key {}). Download the registration file of {} here once more, register it in the cloud, and upload the authorization file that the cloud gives for it.",
                said.name, said.key_id, account.name
            ),
        ),
    })
}
