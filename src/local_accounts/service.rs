//! What can be done with local accounts: asked for, registered, changed and ended. Each function that changes something is
//! one write.

use super::letters;
use super::lifecycle::{Move, Next};
use super::model::{AccountState, Cloud, LocalAccount, Properties, Requested};
use super::store::{self, KeptKey};
use crate::authz::action::{EditAccount, ManageOnPremAccounts, RequestOnPremAccount};
use crate::authz::{Does, Permit, Role, grants};
use crate::devices;
use crate::error::{Error, Problems, Refusal, Result};
use crate::http::widgets::counted;
use crate::kernel::event::Outcome;
use crate::kernel::ids::{PersonId, SmartAccountId, VirtualAccountId};
use crate::kernel::{Event, Kind, Moment, Secret, Who, search_key, text};
use crate::platform::db::{Once, OnceKey, Reads, Recorded, Tx, forget_tenant};
use crate::platform::signing::{self, FileKey, Signing};
use crate::server;
use crate::sync::format::{self, AuthorizationHeader, RegistrationHeader};
use crate::virtual_accounts;
use serde_json::json;
use std::io::Cursor;

/// How long a reason may be, in characters.
pub const MOST_REASON: usize = 1_000;
/// With what registration files are made.
const SOFTWARE: &str = concat!("Licentral On-Prem ", env!("CARGO_PKG_VERSION"));
/// For what keys of local accounts are locked.
const LOCK: &str = "local-account";

// Keys ----------------------------------------------------------------------------------------------------------

/// A new key of an account, ready to be kept.
fn new_key(signing: &Signing, id: SmartAccountId) -> Result<KeptKey> {
    let (_, secret) = FileKey::make()?;
    sealed(signing, id, &secret)
}

/// The key with this text, ready to be kept with an account.
pub fn sealed(signing: &Signing, id: SmartAccountId, secret: &Secret) -> Result<KeptKey> {
    let key = FileKey::kept(secret).ok_or_else(|| Error::internal("the text of a key cannot be read"))?;
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

/// The key of the account whose files are verified with this one, where this server has it.
pub fn key_with(read: &mut dyn Reads, signing: &Signing, public_key: &str) -> Result<Option<FileKey>> {
    match store::with_key(read, public_key)? {
        Some(id) => key_of(read, signing, id).map(Some),
        None => Ok(None),
    }
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
                "The On-Prem account {} uses this Cisco Virtual Account of {} already. One Cisco Virtual Account serves one On-Prem account: name another.",
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

fn step(kind: Kind, account: &LocalAccount, what: &str) -> Event {
    Event::new(
        kind,
        account.number,
        format!("The On-Prem account {} {what}.", account.name),
    )
    .within(account.id)
}

/// What was done and why, in one line of the event log.
fn because(what: &str, reason: &str) -> String {
    format!(
        "{what}: \u{201c}{}\u{201d}",
        reason.split_whitespace().collect::<Vec<_>>().join(" ")
    )
}

/// Moves an account that was read in this transaction.
fn move_to(tx: &mut Tx<'_>, account: &LocalAccount, to: AccountState, reason: &str) -> Result<()> {
    if store::set_state(tx, account, to, reason)? {
        Ok(())
    } else {
        Err(Error::Stale)
    }
}

/// One move that changes nothing but the state, with its record.
fn simply(
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

// Deciding ------------------------------------------------------------------------------------------------------

/// A reason that somebody typed; it is not optional.
pub fn reason(typed: &str) -> Result<String, String> {
    text::note(typed, "The reason", MOST_REASON).and_then(|reason| {
        if reason.is_empty() {
            Err("Enter a reason. The requester is sent it by email.".to_owned())
        } else {
            Ok(reason)
        }
    })
}

/// Rejects a request.
pub fn reject(
    tx: &mut Tx<'_>,
    permit: &Permit<ManageOnPremAccounts>,
    at: Moment,
    id: SmartAccountId,
    reason: &str,
) -> Result<Recorded<LocalAccount>> {
    let account = store::find(tx, id)?;
    let to = Move::Reject.to(&account.name, account.state)?;
    move_to(tx, &account, to, reason)?;
    letters::tell_requester(tx, at, letters::REJECTED, &account, permit.who(), reason)?;
    let event = step(Kind::LocalRejected, &account, &because("was rejected", reason))
        .with(json!({ "reason": reason }));
    let account = store::find(tx, id)?;
    tx.record(at, permit.who(), &event, account)
}

// Ending --------------------------------------------------------------------------------------------------------

/// Whether the cloud still believes that product instances are here: it was told of some and not, since, that they are
/// gone.
pub fn cloud_is_behind(read: &mut dyn Reads, account: &LocalAccount) -> Result<bool> {
    let never_told = account.cloud.is_none() || (account.sequence == 0 && account.synced_at.is_none());
    Ok(!never_told && store::told(read, account)?.is_none_or(|devices| devices > 0))
}

/// What stands in the way of deactivating an account, and the way out.
pub fn against_deactivation(read: &mut dyn Reads, account: &LocalAccount) -> Result<Option<Refusal>> {
    let devices = devices::count_in(read, account.id)?;
    if devices > 0 {
        return Ok(Some(Refusal {
            code: "on-prem.has-devices",
            says: format!(
                "The On-Prem account {} still has {}. Remove them from all its local Virtual Accounts, then synchronize, then deactivate it.",
                account.name,
                counted(devices, "product instance", "product instances")
            )
            .into(),
        }));
    }
    if cloud_is_behind(read, account)? {
        return Ok(Some(Refusal {
            code: "on-prem.not-synchronized",
            says: format!(
                "The cloud has not been told yet that the product instances of {} are gone. Synchronize it, then deactivate it.",
                account.name
            )
            .into(),
        }));
    }
    Ok(None)
}

/// Takes an account out of use.
pub fn deactivate(
    tx: &mut Tx<'_>,
    permit: &Permit<ManageOnPremAccounts>,
    at: Moment,
    id: SmartAccountId,
    reason: &str,
) -> Result<Recorded<LocalAccount>> {
    let account = store::find(tx, id)?;
    let to = Move::Deactivate.to(&account.name, account.state)?;
    if let Some(refusal) = against_deactivation(tx, &account)? {
        return Err(Error::Refused(refusal));
    }
    move_to(tx, &account, to, reason)?;
    letters::tell_requester(tx, at, letters::DEACTIVATED, &account, permit.who(), reason)?;
    let event = step(
        Kind::LocalDeactivated,
        &account,
        &because("was deactivated", reason),
    )
    .with(json!({ "reason": reason }));
    let account = store::find(tx, id)?;
    tx.record(at, permit.who(), &event, account)
}

/// Takes it into use again.
pub fn activate(
    tx: &mut Tx<'_>,
    permit: &Permit<ManageOnPremAccounts>,
    at: Moment,
    id: SmartAccountId,
) -> Result<Recorded<LocalAccount>> {
    simply(
        tx,
        permit,
        at,
        id,
        (Move::Activate, Kind::LocalActivated, "was activated"),
    )
}

/// Deletes an account with all that is in it; the record stays.
pub fn delete(
    tx: &mut Tx<'_>,
    permit: &Permit<ManageOnPremAccounts>,
    at: Moment,
    id: SmartAccountId,
) -> Result<Recorded<String>> {
    let account = store::find(tx, id)?;
    if Move::Delete.from(account.state) != Some(Next::Gone) {
        return Err(Move::Delete.refusal(&account.name, account.state));
    }
    forget_tenant(tx, id)?;
    let event = step(Kind::LocalDeleted, &account, "was deleted").with(json!({
        "cisco_smart_account": account.smart_account,
        "cisco_virtual_account": account.virtual_account,
    }));
    tx.record(at, permit.who(), &event, account.name)
}

// Properties ----------------------------------------------------------------------------------------------------

/// Changes what "Account Properties" lets one change. `version` is the one that the form was made from.
pub fn edit(
    tx: &mut Tx<'_>,
    permit: &Permit<EditAccount>,
    at: Moment,
    version: i64,
    to: &Properties,
) -> Result<Recorded<LocalAccount>> {
    let account = store::find(tx, permit.within().account()?)?;
    if account.version != version {
        return Err(Error::Stale);
    }
    let before = Properties::of(&account);
    if before == *to {
        return Ok(tx.unchanged(account));
    }
    let mut problems = Problems::default();
    against_name(tx, &to.name, Some(account.id), &mut problems)?;
    problems.or_ok()?;
    if !store::set_properties(tx, &account, to, &search_key(&to.name))? {
        return Err(Error::Stale);
    }
    let what = match (before.hides_hostnames, to.hides_hostnames) {
        (false, true) => "leaves host names out of its synchronization files from now on",
        (true, false) => "sends host names with its synchronization files again",
        _ => "has other properties",
    };
    let event = step(Kind::LocalChanged, &account, what).changed(&before, to);
    let account = store::find(tx, account.id)?;
    tx.record(at, permit.who(), &event, account)
}
