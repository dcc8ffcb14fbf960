//! Takes over what the command `licentral on-prem` kept in a file of its own before there was an On-Prem portal: the account,
//! its key and its place in the cloud, the numbers of its files, local Virtual Accounts, licenses and product instances. The
//! next synchronization goes on where the last one ended.

mod store;

use super::model::{AccountState, Cloud, LocalAccount, Requested, SyncState};
use super::service::{self, New};
use super::store as accounts;
use super::sync::MadeFile;
use crate::authz::action::{CreateTopVirtualAccount, ManageOnPremAccounts, Transfer};
use crate::authz::{Does, Permit};
use crate::devices::{self, Device, Standing, Usage};
use crate::error::{Error, Result};
use crate::kernel::ids::{DeviceId, VirtualAccountId};
use crate::kernel::{Event, Kind, Moment, Secret};
use crate::licenses::supply::{self, Told};
use crate::licenses::{self, Precedence, TransferLine};
use crate::platform::db::{Db, Tx};
use crate::platform::signing::{FileKey, Signing};
use crate::platform::token;
use crate::virtual_accounts::{self, NewVirtualAccount};
use serde::Deserialize;
use serde_json::json;
use std::collections::{BTreeMap, HashMap};
use std::io::Read as _;
use std::path::Path;

/// So many product instances are put in place at once, and so many lines are transferred.
const AT_ONCE: usize = 100;

/// What an old file says of its account as a whole.
#[derive(Debug, Clone, Deserialize)]
struct Facts {
    state: String,
    public_key: String,
    #[serde(default)]
    next_key: Option<String>,
    cloud: Option<Cloud>,
    sequence: i64,
    last_response: i64,
    sync: SyncState,
    failure: Option<String>,
    synced_at: Option<Moment>,
    due_at: Option<Moment>,
    schedule: Option<serde_json::Value>,
}

/// A local Virtual Account of an old file.
#[derive(Debug, Clone, diesel::Queryable)]
struct OldPlace {
    key: String,
    name: String,
    description: String,
    is_default: bool,
}

/// A product instance of an old file.
#[derive(Debug, Clone, diesel::Queryable)]
struct OldDevice {
    pid: String,
    serial: String,
    hostname: String,
    product: String,
    software: String,
    place: String,
    registered_at: Moment,
    contact_at: Moment,
    /// `[["entitlement", quantity], ...]`
    used: String,
}

/// An old file, as it was read.
#[derive(Debug, Clone)]
pub struct OldFile {
    name: String,
    facts: Facts,
    places: Vec<OldPlace>,
    devices: Vec<OldDevice>,
    licenses: Vec<Told>,
    /// What places other than DEFAULT were given: place, entitlement, quantity.
    shares: Vec<(String, String, i64)>,
    files: Vec<MadeFile>,
}

fn no_old_file(path: &Path, why: &str) -> Error {
    Error::refused(
        "on-prem.no-old-file",
        format!("{} cannot be taken over: {why}", path.display()),
    )
}

impl OldFile {
    /// Reads one. Refuses, in words, what is no such file.
    pub fn read(path: &Path) -> Result<Self> {
        let mut head = [0; 16];
        std::fs::File::open(path)
            .and_then(|mut file| file.read_exact(&mut head))
            .map_err(|e| no_old_file(path, &format!("it cannot be read ({e}).")))?;
        let other = || {
            no_old_file(
                path,
                "it is no file of the command \u{201c}licentral on-prem\u{201d}.",
            )
        };
        if !head.starts_with(b"SQLite format 3") {
            return Err(other());
        }
        let db = Db::open(&format!("sqlite://{}", path.display())).map_err(|why| no_old_file(path, &why))?;
        let found = db.read_now(|r| {
            if store::is_old(r)? {
                store::read(r)
            } else {
                Err(other())
            }
        })?;
        found.ok_or_else(|| no_old_file(path, "there is no account in it."))
    }

    /// Name, Smart Account and Virtual Account, with the address that is to be notified: what a request would ask for.
    pub fn asks(&self, email: &str) -> Result<Requested> {
        let cloud = self.cloud()?;
        Requested::parse(
            &self.name,
            &cloud.smart_account_name,
            &cloud.virtual_account,
            email,
        )
    }

    fn cloud(&self) -> Result<&Cloud> {
        match (self.facts.state.as_str(), &self.facts.cloud) {
            ("active", Some(cloud)) => Ok(cloud),
            (state, _) => Err(Error::refused(
                "on-prem.no-old-file",
                format!(
                    "The account {} in the old file is {state}: only one that is registered and Active is taken over. Request a new account on this server.",
                    self.name
                ),
            )),
        }
    }

    /// The private halves of its key and of the one with which it asks to be registered again, from the files beside it.
    fn keys(&self, path: &Path) -> Result<(Secret, Option<Secret>)> {
        let beside = |more: &str, public: &str| {
            let mut name = path.as_os_str().to_owned();
            name.push(more);
            let secret = Secret::new(std::fs::read_to_string(name).ok()?.trim());
            let key = FileKey::kept(&secret)?;
            (key.public_key() == public).then_some(secret)
        };
        let facts = &self.facts;
        let own = beside(".key", &facts.public_key)
            .or_else(|| beside(".key.next", &facts.public_key))
            .ok_or_else(|| {
                no_old_file(
                    path,
                    &format!(
                        "its key is missing. Bring {}.key with it, into the same folder.",
                        path.display()
                    ),
                )
            })?;
        let next = facts.next_key.as_deref().and_then(|key| beside(".key.next", key));
        Ok((own, next))
    }
}

/// How much was taken over.
#[derive(Debug, Clone)]
pub struct Adopted {
    /// The account, as it is now.
    pub account: LocalAccount,
    /// How many local Virtual Accounts it has.
    pub places: usize,
    /// How many product instances.
    pub devices: usize,
    /// Whether it synchronized by a schedule of its own, which is not taken over.
    pub had_schedule: bool,
}

/// Takes an old file over into the database of an On-Prem server: all of it, or nothing.
pub fn adopt(
    db: &Db,
    signing: &Signing,
    permit: &Permit<ManageOnPremAccounts>,
    at: Moment,
    path: &Path,
    email: &str,
) -> Result<Adopted> {
    let file = OldFile::read(path)?;
    let (asked, cloud) = (file.asks(email)?, file.cloud()?.clone());
    let (own, next) = file.keys(path)?;
    let new = New::kept(signing, at, &own)?;
    let next = next
        .map(|key| service::sealed(signing, new.id(), &key))
        .transpose()?;
    let places: Vec<(VirtualAccountId, &OldPlace)> = file
        .places
        .iter()
        .map(|place| {
            let id = if place.is_default {
                new.default()
            } else {
                VirtualAccountId::new()
            };
            (id, place)
        })
        .collect();
    let by_key: HashMap<&str, VirtualAccountId> = places
        .iter()
        .map(|(id, place)| (place.key.as_str(), *id))
        .collect();
    let placed = file
        .devices
        .iter()
        .map(|one| device(one, &new, &by_key, at))
        .collect::<Result<Vec<_>>>()?;
    db.write_now(|tx| {
        against_a_second_time(tx, &file)?;
        let account = service::keep(tx, &new, &asked, None)?;
        if !accounts::set_state(tx, &account, AccountState::Active, "")? {
            return Err(Error::Stale);
        }
        accounts::set_cloud(tx, account.id, &cloud)?;
        accounts::set_activated(tx, account.id, at)?;
        if let Some(next) = &next {
            accounts::set_next_key(tx, account.id, next)?;
        }
        store::keep(tx, account.id, &file)?;
        virtual_accounts::create_default(tx, at, account.id, new.default())?;
        let create: Permit<CreateTopVirtualAccount> = within(&account);
        for (id, place) in places.iter().filter(|(_, place)| !place.is_default) {
            let named = NewVirtualAccount::named(&place.name, &place.description);
            let _ = virtual_accounts::create(tx, &create, at, *id, &named)?;
        }
        supply(tx, permit, at, &account, &file, &by_key)?;
        for some in placed.chunks(AT_ONCE) {
            devices::place_many(tx, at, permit.who(), account.id, some)?;
        }
        let event = Event::new(
            Kind::LocalAdopted,
            account.number,
            format!(
                "The On-Prem account {} was taken over from a file of the command: {} local Virtual Accounts, {} product instances, the licenses of synchronization {}.",
                account.name,
                places.len(),
                placed.len(),
                file.facts.last_response
            ),
        )
        .within(account.id)
        .with(json!({ "device_manager": cloud.manager, "sequence": file.facts.sequence, "last_response": file.facts.last_response }));
        let account = accounts::find(tx, account.id)?;
        let adopted = Adopted {
            account,
            places: places.len(),
            devices: placed.len(),
            had_schedule: file.facts.schedule.is_some(),
        };
        tx.record(at, permit.who(), &event, adopted)
    })
}

/// What the portal does by itself in the account that it takes over.
fn within<A: Does>(account: &LocalAccount) -> Permit<A> {
    Permit::by_the_portal_in(account.id, "adopt")
}

fn against_a_second_time(tx: &mut Tx<'_>, file: &OldFile) -> Result<()> {
    let manager = file.cloud()?.manager;
    let there = accounts::list(tx, None, i64::MAX, 0)?.into_iter().find(|one| {
        one.public_key == file.facts.public_key
            || one.cloud.as_ref().is_some_and(|cloud| cloud.manager == manager)
    });
    match there {
        Some(there) => Err(Error::refused(
            "on-prem.adopted",
            format!(
                "{} was taken over already: here it is the On-Prem account {}.",
                file.name, there.name
            ),
        )),
        None => Ok(()),
    }
}

/// The licenses of the last response come into DEFAULT; what was given to other local Virtual Accounts goes on to them, as far
/// as there is enough.
fn supply(
    tx: &mut Tx<'_>,
    permit: &Permit<ManageOnPremAccounts>,
    at: Moment,
    account: &LocalAccount,
    file: &OldFile,
    by_key: &HashMap<&str, VirtualAccountId>,
) -> Result<()> {
    let told: Vec<Told> = file
        .licenses
        .iter()
        .filter(|one| one.ends_at.is_none_or(|ends| ends > at))
        .cloned()
        .collect();
    let places: Vec<VirtualAccountId> = virtual_accounts::of_account(tx, account.id)?
        .iter()
        .map(|place| place.id)
        .collect();
    let default = *places.first().ok_or(Error::NotFound)?;
    supply::respond(
        tx,
        at,
        permit.who(),
        account.id,
        &places,
        file.facts.last_response,
        &told,
    )?;
    let mut left: BTreeMap<&str, i64> = BTreeMap::new();
    for one in &told {
        *left.entry(&one.entitlement).or_default() += one.purchased;
    }
    let mut lines = Vec::new();
    for (place, entitlement, quantity) in &file.shares {
        let (Some(to), Some(left)) = (by_key.get(place.as_str()), left.get_mut(entitlement.as_str())) else {
            continue;
        };
        let quantity = (*quantity).min(*left);
        let stock = licenses::stocks_of(tx, account.id, default, std::slice::from_ref(entitlement))?.pop();
        if let (Some(stock), 1..) = (stock, quantity) {
            *left -= quantity;
            lines.push(TransferLine {
                stock: stock.id,
                to: *to,
                quantity,
                term: None,
                only: None,
            });
        }
    }
    let transfer: Permit<Transfer> = within(account);
    for some in lines.chunks(AT_ONCE) {
        let _ = licenses::transfer(tx, &transfer, at, some, Precedence::LongestTermLast, None, None)?;
    }
    Ok(())
}

/// A product instance in its new place. Nobody knows what it would prove itself with: to call again it registers again.
fn device(
    one: &OldDevice,
    new: &New,
    by_key: &HashMap<&str, VirtualAccountId>,
    at: Moment,
) -> Result<(Device, Vec<Usage>)> {
    let used: Vec<(String, i64)> = serde_json::from_str(&one.used).map_err(Error::internal)?;
    let usages: Vec<Usage> = used
        .into_iter()
        .map(|(entitlement, quantity)| Usage {
            entitlement,
            quantity,
            reserved: 0,
            since: one.registered_at,
        })
        .collect();
    let device = Device {
        id: DeviceId::new(),
        account: new.id(),
        virtual_account: by_key.get(one.place.as_str()).copied().unwrap_or(new.default()),
        manager: None,
        pid: one.pid.clone(),
        serial: one.serial.clone(),
        hostname: one.hostname.clone(),
        product: one.product.clone(),
        software: one.software.clone(),
        standing: Standing::Connected,
        is_reserved: false,
        export_controlled: true,
        secret_hash: token::digest(&token::random()),
        token: None,
        licenses: i32::try_from(usages.len()).unwrap_or(i32::MAX),
        registered_at: one.registered_at,
        renewed_at: at,
        contact_at: one.contact_at,
        reported_at: Some(one.contact_at),
        version: 1,
        local_place: String::new(),
        policy: None,
        report_by: None,
        report_key: String::new(),
    };
    Ok((device, usages))
}
