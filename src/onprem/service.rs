//! What can be done on an On-Prem server. Who may do it is asked by what stands above: a command of whoever owns the
//! file, later a portal.

use super::model::{
    Account, Answered, Cloud, Facts, Frequency, Holding, LocalDevice, LocalPlace, LocalState, Schedule,
    SyncState, next_run,
};
use super::store;
use crate::catalog::Billing;
use crate::devices::{MOST_LICENSES, MOST_QUANTITY, Udi};
use crate::error::{Error, Problems, Result};
use crate::kernel::ids::OnPremAccountId;
use crate::kernel::looks::Look;
use crate::kernel::{Clock, Event, Kind, Moment, Name, Who, search_key, text};
use crate::platform::db::{Db, Reads, Tx};
use crate::platform::signing::{self, FileKey};
use crate::sync::format::{
    self, AuthorizationHeader, FileKind, Limits, Record, RegistrationHeader, ResponseHeader, SyncHeader,
    Writer,
};
use crate::virtual_accounts::DEFAULT;
use chrono::{NaiveDate, NaiveTime};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io::{Read, Seek, SeekFrom, Write};

/// With what files are made.
const SOFTWARE: &str = concat!("licentral on-prem ", env!("CARGO_PKG_VERSION"));

/// An On-Prem server.
#[derive(Debug, Clone)]
pub struct OnPrem {
    db: Db,
    clock: Clock,
    who: Who,
}

/// A product instance that is to be registered.
#[derive(Debug, Clone)]
pub struct NewDevice {
    /// Product id.
    pub pid: String,
    /// Serial number.
    pub serial: String,
    /// Host name, or "".
    pub hostname: String,
    /// What kind of product it is.
    pub product: String,
    /// Which software it runs, or "".
    pub software: String,
    /// The name of a local Virtual Account; none for DEFAULT.
    pub place: Option<String>,
    /// What it uses.
    pub usage: Vec<(String, i64)>,
}

fn account(read: &mut dyn Reads) -> Result<Account> {
    store::account(read)?.ok_or_else(|| {
        Error::refused(
            "onprem.no-account",
            "There is no local account here yet. Make one first: account new --name NAME",
        )
    })
}

fn changeable(read: &mut dyn Reads) -> Result<Account> {
    let account = account(read)?;
    account.must_not_be_inactive()?;
    Ok(account)
}

fn place(read: &mut dyn Reads, id: OnPremAccountId, name: &str) -> Result<LocalPlace> {
    let key = search_key(name);
    store::places(read, id)?
        .into_iter()
        .find(|one| one.key == key)
        .ok_or_else(|| {
            Error::refused(
                "onprem.unknown",
                format!("There is no local Virtual Account called {}.", shown(name)),
            )
        })
}

fn shown(typed: &str) -> String {
    typed.chars().filter(|c| !c.is_control()).take(100).collect()
}

/// A device by its serial number, or by its product id and serial number.
fn device(read: &mut dyn Reads, id: OnPremAccountId, called: &str) -> Result<LocalDevice> {
    let unknown = || {
        Error::refused(
            "onprem.unknown",
            format!(
                "There is no product instance {} here, or more than one. Say its product id and its serial number: \"PID SERIAL\".",
                shown(called)
            ),
        )
    };
    let keys = store::keys_of_serial(read, id, called.trim())?;
    let key = match keys.as_slice() {
        [one] => one.clone(),
        _ => search_key(called),
    };
    store::device(read, id, &key)?.ok_or_else(unknown)
}

fn checked_usage(usage: Vec<(String, i64)>) -> Result<Vec<(String, i64)>> {
    let mut sums = BTreeMap::new();
    for (entitlement, quantity) in usage {
        let good =
            (1..=100).contains(&entitlement.len()) && entitlement.chars().all(|c| c.is_ascii_graphic());
        if !good || !(0..=MOST_QUANTITY).contains(&quantity) {
            return Err(Error::invalid(
                "usage",
                "An entitlement has 1 to 100 visible ASCII characters without spaces, and 0 to 1,000,000 of it are used.",
            ));
        }
        if sums.insert(entitlement, quantity).is_some() {
            return Err(Error::invalid("usage", "A license is named twice."));
        }
    }
    sums.retain(|_, quantity| *quantity > 0);
    if sums.len() > MOST_LICENSES {
        return Err(Error::invalid(
            "usage",
            "A product instance uses at most 100 licenses.",
        ));
    }
    Ok(sums.into_iter().collect())
}

fn removed(device: &LocalDevice) -> Event {
    Event::new(
        Kind::OnPremDevice,
        &device.key,
        format!(
            "The product instance {} {} was removed.",
            device.pid, device.serial
        ),
    )
    .with(json!({ "usage": device.usage }))
}

fn count(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

impl OnPrem {
    /// On an open database of its own.
    pub fn new(db: Db, clock: Clock) -> Self {
        Self {
            db,
            clock,
            who: Who::portal("on-prem"),
        }
    }

    fn now(&self) -> Moment {
        self.clock.now()
    }

    /// Changes the local account's own facts, with a record.
    fn change<T>(&self, f: impl Fn(&mut Tx<'_>, &mut Account) -> Result<(Event, T)>) -> Result<T> {
        let at = self.now();
        self.db.write_now(|tx| {
            let mut one = account(tx)?;
            let (event, value) = f(tx, &mut one)?;
            store::update_account(tx, &one)?;
            tx.record(at, &self.who, &event, value)
        })
    }

    // The account -----------------------------------------------------------------------------------

    /// The local account.
    pub fn account(&self) -> Result<Account> {
        self.db.read_now(|r| account(r))
    }

    /// Makes the local account, with its DEFAULT Virtual Account.
    pub fn create_account(&self, name: &str, key: &FileKey) -> Result<Account> {
        let name = Name::parse(name, "Account Name").map_err(|says| Error::invalid("name", says))?;
        let (id, at) = (OnPremAccountId::new(), self.now());
        let facts = Facts {
            state: LocalState::Pending,
            public_key: key.public_key().to_owned(),
            next_key: None,
            cloud: None,
            sequence: 0,
            last_response: 0,
            sync: SyncState::Never,
            failure: None,
            synced_at: None,
            due_at: None,
            policy: None,
            schedule: None,
            deactivated_for: None,
        };
        self.db.write_now(|tx| {
            if let Some(there) = store::account(tx)? {
                return Err(Error::refused(
                    "onprem.one-account",
                    format!(
                        "The local account {} is here already. Name another file with --data.",
                        there.name
                    ),
                ));
            }
            store::insert_account(tx, id, name.as_str(), &facts)?;
            store::insert_place(
                tx,
                id,
                &LocalPlace {
                    key: search_key(DEFAULT),
                    name: DEFAULT.to_owned(),
                    description: "Bound to the Virtual Account in the cloud.".to_owned(),
                    is_default: true,
                },
            )?;
            let event = Event::new(
                Kind::OnPremAccount,
                id,
                format!("The local account {name} was created."),
            );
            tx.record(at, &self.who, &event, ())
        })?;
        self.account()
    }

    /// Deactivates it: S0, steps 3 to 8.
    pub fn deactivate(&self, reason: &str) -> Result<()> {
        let reason = text::note(reason, "The reason", 1_000)
            .ok()
            .filter(|reason| !reason.is_empty())
            .ok_or_else(|| Error::invalid("reason", "Enter a reason of at most 1,000 characters."))?;
        self.change(|tx, one| {
            one.must_not_be_inactive()?;
            let devices = store::count_devices(tx, one.id)?;
            if devices > 0 {
                return Err(Error::refused(
                    "onprem.has-devices",
                    format!("The local account has {devices} product instances. Remove them, then synchronize, then deactivate it."),
                ));
            }
            let last = store::file(tx, one.id, one.facts.last_response)?;
            // One that was registered again counts from 1, and the cloud still knows what it told before.
            let never_told = one.facts.cloud.is_none() || (one.facts.sequence == 0 && one.facts.synced_at.is_none());
            if !never_told && last.is_none_or(|(_, devices)| devices > 0) {
                return Err(Error::refused(
                    "onprem.not-synchronized",
                    "The cloud has not been told yet that the product instances are gone. Synchronize, then deactivate the account.",
                ));
            }
            one.facts.state = LocalState::Inactive;
            one.facts.schedule = None;
            one.facts.deactivated_for = Some(reason.clone());
            let event = Event::new(Kind::OnPremAccount, one.id, format!("The local account {} was deactivated.", one.name))
                .with(json!({ "reason": reason }));
            Ok((event, ()))
        })
    }

    /// Deletes it. Only an Inactive one.
    pub fn delete(&self) -> Result<String> {
        let at = self.now();
        self.db.write_now(|tx| {
            let one = account(tx)?;
            if one.facts.state != LocalState::Inactive {
                return Err(Error::refused(
                    "onprem.not-inactive",
                    format!(
                        "The local account {} is {}. Deactivate it first.",
                        one.name, one.facts.state
                    ),
                ));
            }
            store::delete_account(tx, one.id)?;
            let event = Event::new(
                Kind::OnPremAccount,
                one.id,
                format!("The local account {} was deleted.", one.name),
            );
            tx.record(at, &self.who, &event, one.name)
        })
    }

    // Registration ----------------------------------------------------------------------------------

    /// What is brought to the cloud to be registered there.
    pub fn registration_file(&self, key: &FileKey) -> Result<String> {
        let one = self.db.read_now(|r| changeable(r))?;
        if let Some(cloud) = &one.facts.cloud {
            return Err(Error::refused(
                "onprem.registered",
                format!(
                    "{} is registered with {} already. After a backup was restored it is registered again, with a new key: register --again",
                    one.name, cloud.smart_account_name
                ),
            ));
        }
        self.registration(one, key)
    }

    fn registration(&self, one: Account, key: &FileKey) -> Result<String> {
        format::text_of(
            &RegistrationHeader {
                name: one.name,
                public_key: key.public_key().to_owned(),
                manager: one.facts.cloud.map(|cloud| cloud.manager),
                software: SOFTWARE.to_owned(),
                created_at: self.now(),
            },
            key,
        )
    }

    /// What is brought to the cloud to be registered there again, with a new key: the way back for a server that was
    /// restored from a backup. Nothing changes here until the authorization for that key comes.
    pub fn registration_again(&self, key: &FileKey) -> Result<String> {
        let one = self.change(|_, one| {
            one.must_not_be_inactive()?;
            one.facts.next_key = Some(key.public_key().to_owned());
            let event = Event::new(
                Kind::OnPremAccount,
                one.id,
                format!("{} asks to be registered again, with a new key.", one.name),
            );
            Ok((event, one.clone()))
        })?;
        self.registration(one, key)
    }

    /// Takes the cloud's answer in.
    pub fn authorize<S: Read + Seek>(&self, file: S, url: Option<&str>) -> Result<Cloud> {
        let opened = format::open(file)?;
        // The file brings the key that it was signed with: who carries it here vouches for it.
        let claimed: AuthorizationHeader = opened.claimed()?;
        let said = opened
            .verify::<AuthorizationHeader>(&claimed.public_key)?
            .check(&Limits::default())?
            .header;
        let cloud = Cloud {
            url: url.map(str::to_owned),
            manager: said.manager,
            smart_account: said.smart_account,
            smart_account_name: said.smart_account_name,
            domain: said.domain,
            virtual_account: said.virtual_account,
            public_key: said.public_key,
            registered_at: said.registered_at,
        };
        self.change(|tx, one| {
            one.must_not_be_inactive()?;
            let is_for = |key: &str| signing::file_key_id(key).as_ref() == Some(&said.key_id);
            let next = one.facts.next_key.clone().filter(|key| is_for(key));
            if next.is_none() && !is_for(&one.facts.public_key) {
                return Err(Error::refused(
                    "onprem.other-file",
                    format!("The authorization is for another On-Prem server: {}, not {}.", said.name, one.name),
                ));
            }
            match &one.facts.cloud {
                Some(there)
                    if next.is_none()
                        && (there.manager != cloud.manager || there.public_key != cloud.public_key) =>
                {
                    return Err(Error::refused(
                        "onprem.registered",
                        format!("{} is registered with {} already.", one.name, there.smart_account_name),
                    ));
                }
                _ => {}
            }
            if let Some(key) = next {
                // Another registration: it counts from 1, and no answer to an older file is taken.
                store::forget_files(tx, one.id)?;
                one.facts.public_key = key;
                one.facts.next_key = None;
                one.facts.sequence = 0;
                one.facts.last_response = 0;
                one.facts.sync = SyncState::Never;
                one.facts.failure = None;
            }
            one.facts.state = LocalState::Active;
            let mut cloud = cloud.clone();
            // Told once where the cloud is, the server keeps it.
            let known = one.facts.cloud.take().and_then(|there| there.url);
            cloud.url = cloud.url.or(known);
            one.facts.cloud = Some(cloud.clone());
            let event = Event::new(
                Kind::OnPremAccount,
                one.id,
                format!("{} was registered with {}, Virtual Account {}.", one.name, cloud.smart_account_name, cloud.virtual_account),
            )
            .with(json!({ "manager": cloud.manager, "smart_account": cloud.smart_account, "domain": cloud.domain }));
            Ok((event, cloud.clone()))
        })
    }

    // Local Virtual Accounts and product instances --------------------------------------------------

    /// The local Virtual Accounts, DEFAULT first.
    pub fn places(&self) -> Result<Vec<LocalPlace>> {
        self.db.read_now(|r| {
            let id = account(r)?.id;
            store::places(r, id)
        })
    }

    /// One more local Virtual Account.
    pub fn add_place(&self, name: &str, description: &str) -> Result<()> {
        let mut problems = Problems::default();
        let name = problems.take("name", Name::parse(name, "Name"));
        let description = problems.take(
            "description",
            text::note(&description.replace('\n', " "), "The description", 2_000),
        );
        problems.or_ok()?;
        let (Some(name), Some(description)) = (name, description) else {
            return Ok(());
        };
        let place = LocalPlace {
            key: name.key(),
            name: name.to_string(),
            description,
            is_default: false,
        };
        let at = self.now();
        self.db.write_now(|tx| {
            let one = changeable(tx)?;
            let there = store::places(tx, one.id)?;
            if Look::of(&place.name).among(there.iter().map(|other| other.name.as_str())).is_some() {
                return Err(Error::refused(
                    "onprem.taken",
                    format!("There is a local Virtual Account called {} already, or one whose name looks the same.", place.name),
                ));
            }
            if there.len() as u64 >= format::MOST_PLACES {
                return Err(Error::refused(
                    "onprem.too-many",
                    "There are as many local Virtual Accounts as a file can hold.",
                ));
            }
            store::insert_place(tx, one.id, &place)?;
            let event = Event::new(
                Kind::OnPremPlace,
                one.id,
                format!("The local Virtual Account {} was created.", place.name),
            );
            tx.record(at, &self.who, &event, ())
        })
    }

    /// Each product instance, with the name of its place.
    pub fn each_device(&self, each: &mut dyn FnMut(&LocalDevice, &str) -> Result<()>) -> Result<()> {
        self.db.read_now(|r| {
            let id = account(r)?.id;
            let names: HashMap<String, String> = store::places(r, id)?
                .into_iter()
                .map(|one| (one.key, one.name))
                .collect();
            store::each_device(r, id, &mut |one| {
                each(&one, names.get(&one.place).map_or("", String::as_str))
            })
        })
    }

    /// Registers product instances: all of them, or none.
    pub fn add_devices(&self, new: &[NewDevice]) -> Result<()> {
        let at = self.now();
        let mut problems = Problems::default();
        let mut made = Vec::with_capacity(new.len());
        for one in new {
            let udi = Udi::parse(&one.pid, &one.serial, &mut problems);
            let mut line = |typed: &str, field: &str, what: &str, most: usize| {
                let said = text::note(typed, what, most).unwrap_or_else(|says| {
                    problems.add(field, says);
                    String::new()
                });
                said.replace(['\n', '\t'], " ")
            };
            let hostname = line(&one.hostname, "hostname", "The host name", 253);
            let mut product = line(&one.product, "product", "The product", 200);
            let software = line(&one.software, "software", "The software version", 100);
            let Some(udi) = udi else { continue };
            if product.is_empty() {
                product.clone_from(&udi.pid);
            }
            made.push((
                one.place.clone().unwrap_or_else(|| DEFAULT.to_owned()),
                LocalDevice {
                    key: udi.key(),
                    pid: udi.pid,
                    serial: udi.serial,
                    hostname,
                    product,
                    software,
                    place: String::new(),
                    registered_at: at,
                    contact_at: at,
                    usage: checked_usage(one.usage.clone())?,
                },
            ));
        }
        problems.or_ok()?;
        self.db.write_now(|tx| {
            let one = changeable(tx)?;
            for (name, device) in &made {
                let mut device = device.clone();
                device.place = place(tx, one.id, name)?.key;
                if store::device(tx, one.id, &device.key)?.is_some() {
                    return Err(Error::refused(
                        "onprem.taken",
                        format!(
                            "The product instance {} {} is registered here already.",
                            device.pid, device.serial
                        ),
                    ));
                }
                store::insert_device(tx, one.id, &device)?;
                tx.note(
                    at,
                    &self.who,
                    &Event::new(
                        Kind::OnPremDevice,
                        &device.key,
                        format!(
                            "The product instance {} {} was registered.",
                            device.pid, device.serial
                        ),
                    )
                    .with(json!({ "virtual_account": name, "usage": device.usage })),
                )?;
            }
            let event = Event::new(
                Kind::OnPremDevice,
                one.id,
                format!("{} product instances were registered.", made.len()),
            );
            tx.record(at, &self.who, &event, ())
        })
    }

    /// Removes one.
    pub fn remove_device(&self, called: &str) -> Result<String> {
        let at = self.now();
        self.db.write_now(|tx| {
            let one = changeable(tx)?;
            let found = device(tx, one.id, called)?;
            store::delete_device(tx, one.id, &found.key)?;
            let name = format!("{} {}", found.pid, found.serial);
            tx.record(at, &self.who, &removed(&found), name)
        })
    }

    /// Removes all of them.
    pub fn remove_all_devices(&self) -> Result<u64> {
        let at = self.now();
        self.db.write_now(|tx| {
            let one = changeable(tx)?;
            let mut all = Vec::new();
            store::each_device(tx, one.id, &mut |device| {
                all.push(device);
                Ok(())
            })?;
            let mut events = Vec::with_capacity(all.len());
            for device in &all {
                store::delete_device(tx, one.id, &device.key)?;
                events.push(removed(device));
            }
            tx.record_all(at, &self.who, &events, all.len() as u64)
        })
    }

    /// Says what one uses now, and with that it has called.
    pub fn device_uses(&self, called: &str, usage: Vec<(String, i64)>) -> Result<()> {
        let (at, usage) = (self.now(), checked_usage(usage)?);
        self.db.write_now(|tx| {
            let one = changeable(tx)?;
            let mut found = device(tx, one.id, called)?;
            let before = std::mem::replace(&mut found.usage, usage.clone());
            found.contact_at = at;
            store::update_device(tx, one.id, &found)?;
            let event = Event::new(
                Kind::OnPremDevice,
                &found.key,
                format!(
                    "The product instance {} {} reported its usage.",
                    found.pid, found.serial
                ),
            )
            .changed(&before, &usage);
            tx.record(at, &self.who, &event, ())
        })
    }

    /// What each local Virtual Account has of each license, and what is used of it.
    pub fn holdings(&self) -> Result<Vec<Holding>> {
        let now = self.now();
        self.db.read_now(|r| holdings(r, now))
    }

    /// Moves a product instance, with what it uses, to another local Virtual Account.
    pub fn transfer_device(&self, called: &str, to: &str) -> Result<()> {
        let at = self.now();
        self.db.write_now(|tx| {
            let one = changeable(tx)?;
            let mut found = device(tx, one.id, called)?;
            let to = place(tx, one.id, to)?;
            if to.key == found.place {
                return Err(Error::refused(
                    "onprem.same-place",
                    format!("It is in {} already.", to.name),
                ));
            }
            let before = std::mem::replace(&mut found.place, to.key.clone());
            store::update_device(tx, one.id, &found)?;
            let event = Event::new(
                Kind::OnPremTransfer,
                &found.key,
                format!(
                    "The product instance {} {} was transferred to {}.",
                    found.pid, found.serial, to.name
                ),
            )
            .changed(&before, &to.key);
            tx.record(at, &self.who, &event, ())
        })
    }

    /// Moves licenses from one local Virtual Account to another: also such that are in use, which leaves a shortage.
    pub fn transfer_licenses(&self, entitlement: &str, quantity: i64, from: &str, to: &str) -> Result<()> {
        if quantity < 1 {
            return Err(Error::invalid("quantity", "Transfer at least one."));
        }
        let at = self.now();
        self.db.write_now(|tx| {
            let one = changeable(tx)?;
            let (from, to) = (place(tx, one.id, from)?, place(tx, one.id, to)?);
            if from.key == to.key {
                return Err(Error::refused(
                    "onprem.same-place",
                    "Choose two different local Virtual Accounts.",
                ));
            }
            let all = holdings(tx, at)?;
            let has = |place: &LocalPlace| {
                all.iter()
                    .find(|one| one.place == place.name && one.entitlement == entitlement)
                    .map_or(0, |one| one.purchased)
            };
            if has(&from) < quantity {
                return Err(Error::refused(
                    "onprem.too-many",
                    format!("{} has {} of {}.", from.name, has(&from), shown(entitlement)),
                ));
            }
            for (place, now) in [(&from, has(&from) - quantity), (&to, has(&to) + quantity)] {
                if !place.is_default {
                    store::set_share(tx, one.id, &place.key, entitlement, now)?;
                }
            }
            let event = Event::new(
                Kind::OnPremTransfer,
                entitlement,
                format!(
                    "{quantity} of {entitlement} were transferred from {} to {}.",
                    from.name, to.name
                ),
            );
            tx.record(at, &self.who, &event, ())
        })
    }

    // Synchronization -------------------------------------------------------------------------------

    /// Writes a synchronization file: everything that is here. `scratch` holds the body while it is made. Returns its
    /// header and its SHA-256.
    pub fn generate<B: Read + Write + Seek>(
        &self,
        key: &FileKey,
        scratch: B,
        out: &mut dyn Write,
    ) -> Result<(SyncHeader, String)> {
        let at = self.now();
        let mut writer = Writer::new(FileKind::Sync, scratch);
        let one = self.db.read_now(|r| {
            let one = account(r)?;
            one.cloud()?;
            let places = store::places(r, one.id)?;
            let names: HashMap<String, String> = places
                .iter()
                .map(|one| (one.key.clone(), one.name.clone()))
                .collect();
            for place in places {
                writer.record(&Record::Place(format::Place {
                    name: place.name,
                    description: place.description,
                }))?;
            }
            store::each_device(r, one.id, &mut |device| {
                writer.record(&Record::Device(format::Device {
                    pid: device.pid,
                    serial: device.serial,
                    hostname: device.hostname,
                    product: device.product,
                    software: device.software,
                    place: names.get(&device.place).cloned().unwrap_or_default(),
                    registered_at: device.registered_at,
                    contact_at: device.contact_at,
                    usage: device.usage,
                }))
            })?;
            Ok(one)
        })?;
        let (mut body, counts) = writer.finish()?;
        body.seek(SeekFrom::Start(0)).map_err(Error::internal)?;
        let cloud = one.cloud()?;
        let header = format::Made {
            manager: cloud.manager,
            smart_account: cloud.smart_account,
            virtual_account: cloud.virtual_account.clone(),
            sequence: one.facts.sequence + 1,
            last_response: one.facts.last_response,
            created_at: at,
            software: SOFTWARE.to_owned(),
        }
        .header(counts);
        let mut hashed = format::Hashed::new(out);
        format::write_file(&mut hashed, &header, key, &mut body)?;
        let sha256 = hashed.sha256();
        // The version tells whether anybody else has made a file meanwhile: then this one is not handed out.
        let version = one.version;
        self.change(|tx, now| {
            if now.version != version {
                return Err(Error::Stale);
            }
            now.facts.sequence = header.sequence;
            now.facts.sync = SyncState::Generated;
            now.facts.failure = None;
            store::insert_file(tx, now.id, header.sequence, &sha256, (count(header.devices), count(header.usages)), at)?;
            let event = Event::new(Kind::OnPremSync, now.id, format!("Synchronization file {} was generated.", header.sequence))
                .with(json!({ "sequence": header.sequence, "devices": header.devices, "usages": header.usages, "sha256": sha256 }));
            Ok((event, ()))
        })?;
        Ok((header, sha256))
    }

    /// Applies a response file: all of it, or nothing.
    pub fn apply<S: Read + Seek>(&self, file: S, limits: &Limits) -> Result<Answered> {
        let one = self.account()?;
        let cloud = one.cloud()?;
        let opened = format::open(file)?;
        let claimed: ResponseHeader = opened.claimed()?;
        let other = |why: String| Error::refused("onprem.other-file", why);
        if claimed.manager != cloud.manager {
            return Err(other(format!(
                "The response is for another On-Prem server: the one that the cloud knows as {}, not {}.",
                claimed.manager, cloud.manager
            )));
        }
        let mut checked = opened
            .verify::<ResponseHeader>(&cloud.public_key)?
            .check(limits)?;
        let said = checked.header.clone();
        let known = self.db.read_now(|r| store::file(r, one.id, said.sequence))?;
        match known {
            Some((sha256, _)) if sha256 == said.request_sha256 => {}
            _ => {
                return Err(other(format!(
                    "The response answers file {}, and this On-Prem server made no such file, or made it otherwise. If it was restored from a backup, register it again: register --again",
                    said.sequence
                )));
            }
        }
        if said.sequence == one.facts.last_response {
            return Ok(Answered::Before);
        }
        if said.sequence < one.facts.last_response {
            return Err(Error::refused(
                "onprem.answered-already",
                format!(
                    "The response answers file {}, and the response to file {} was applied already. Bring the latest response file.",
                    said.sequence, one.facts.last_response
                ),
            ));
        }
        // Licenses are few beside product instances: one line for each term of each license.
        let mut licenses = Vec::new();
        let mut policy = None;
        for record in checked.records()? {
            match record? {
                Record::License(license) => licenses.push(license),
                Record::Policy(said) => policy = Some(said),
                _ => {}
            }
        }
        let at = self.now();
        self.change(|tx, now| {
            if now.facts.last_response >= said.sequence {
                return Err(Error::Stale);
            }
            now.must_not_be_inactive()?;
            store::forget_licenses(tx, now.id)?;
            for (line, license) in (1..).zip(&licenses) {
                store::insert_license(tx, now.id, line, license)?;
            }
            store::answered(tx, now.id, said.sequence, at)?;
            now.facts.last_response = said.sequence;
            // A newer file may be on its way already.
            if now.facts.sequence == said.sequence {
                now.facts.sync = SyncState::Successful;
                now.facts.failure = None;
            }
            now.facts.synced_at = Some(at);
            now.facts.due_at = Some(said.due_at);
            now.facts.policy.clone_from(&policy);
            let event = Event::new(
                Kind::OnPremSync,
                now.id,
                format!("The response to file {} was applied.", said.sequence),
            )
            .with(json!({ "sequence": said.sequence, "licenses": licenses.len(), "due_at": said.due_at }));
            Ok((
                event,
                Answered::Applied {
                    sequence: said.sequence,
                    licenses: licenses.len(),
                    due_at: said.due_at,
                },
            ))
        })
    }

    /// A try over the network begins.
    pub fn sync_begins(&self) -> Result<()> {
        self.change(|_, one| {
            one.cloud()?;
            one.facts.sync = SyncState::InProgress;
            Ok((
                Event::new(
                    Kind::OnPremSync,
                    one.id,
                    "A synchronization over the network began.",
                ),
                (),
            ))
        })
    }

    /// A try came to nothing.
    pub fn sync_failed(&self, why: &str) -> Result<()> {
        let why: String = why.chars().take(1_000).collect();
        self.change(|_, one| {
            one.facts.sync = SyncState::Failed;
            one.facts.failure = Some(why.clone());
            let event = Event::new(Kind::OnPremSync, one.id, format!("Synchronization failed: {why}"))
                .ended(crate::kernel::event::Outcome::Failed);
            Ok((event, ()))
        })
    }

    /// Sets the schedule, or none.
    pub fn schedule(&self, wanted: Option<(NaiveDate, Frequency, NaiveTime)>) -> Result<Option<Moment>> {
        let now = self.now();
        self.change(|_, one| {
            one.cloud()?;
            let before = one.facts.schedule.take();
            if let Some((start, frequency, time)) = wanted {
                let next_at = next_run(start, frequency, time, now)
                    .ok_or_else(|| Error::invalid("start", "The start is too far away."))?;
                one.facts.schedule = Some(Schedule {
                    start,
                    frequency,
                    time,
                    next_at,
                });
            }
            let event = Event::new(
                Kind::OnPremSync,
                one.id,
                "The schedule of the synchronization was changed.",
            )
            .changed(&before, &one.facts.schedule);
            Ok((event, one.facts.schedule.as_ref().map(|one| one.next_at)))
        })
    }

    /// Whether the schedule says that it is time; then the next time is set, whatever becomes of this one.
    pub fn take_turn(&self) -> Result<bool> {
        let now = self.now();
        self.db.write_now(|tx| {
            let mut one = account(tx)?;
            if !one.is_due(now) || one.facts.state != LocalState::Active {
                return Ok(tx.unchanged(false));
            }
            if let Some(schedule) = &mut one.facts.schedule
                && let Some(next) = next_run(schedule.start, schedule.frequency, schedule.time, now)
            {
                schedule.next_at = next;
            }
            store::update_account(tx, &one)?;
            let event = Event::new(Kind::OnPremSync, one.id, "A scheduled synchronization begins.");
            tx.record(now, &self.who, &event, true)
        })
    }

    /// How many product instances there are.
    pub fn count_devices(&self) -> Result<i64> {
        self.db.read_now(|r| {
            let id = account(r)?.id;
            store::count_devices(r, id)
        })
    }
}

fn holdings(read: &mut dyn Reads, now: Moment) -> Result<Vec<Holding>> {
    let id = account(read)?.id;
    let places = store::places(read, id)?;
    let mut names: BTreeMap<String, (String, bool)> = BTreeMap::new();
    let mut bought: BTreeMap<String, i64> = BTreeMap::new();
    for one in store::licenses(read, id)? {
        let is_good = one.ends_at.is_none_or(|ends| ends > now);
        *bought.entry(one.entitlement.clone()).or_default() += if is_good { one.purchased } else { 0 };
        names.insert(one.entitlement, (one.name, one.billing == Billing::Usage));
    }
    let mut shares: BTreeMap<(String, String), i64> = BTreeMap::new();
    let mut given: BTreeMap<String, i64> = BTreeMap::new();
    for (place, entitlement, quantity) in store::shares(read, id)? {
        *given.entry(entitlement.clone()).or_default() += quantity;
        shares.insert((place, entitlement), quantity);
    }
    let mut used: BTreeMap<(String, String), i64> = BTreeMap::new();
    store::each_device(read, id, &mut |device| {
        for (entitlement, quantity) in device.usage {
            *used.entry((device.place.clone(), entitlement)).or_default() += quantity;
        }
        Ok(())
    })?;
    let all: BTreeSet<String> = bought
        .keys()
        .cloned()
        .chain(
            shares
                .keys()
                .chain(used.keys())
                .map(|(_, entitlement)| entitlement.clone()),
        )
        .collect();
    let mut list = Vec::new();
    for place in places {
        for entitlement in &all {
            let key = (place.key.clone(), entitlement.clone());
            let purchased = if place.is_default {
                bought.get(entitlement).copied().unwrap_or(0) - given.get(entitlement).copied().unwrap_or(0)
            } else {
                shares.get(&key).copied().unwrap_or(0)
            };
            let in_use = used.get(&key).copied().unwrap_or(0);
            if purchased == 0 && in_use == 0 && !place.is_default {
                continue;
            }
            let (name, by_usage) = names
                .get(entitlement)
                .cloned()
                .unwrap_or_else(|| (entitlement.clone(), false));
            list.push(Holding {
                place: place.name.clone(),
                entitlement: entitlement.clone(),
                name,
                purchased,
                in_use,
                by_usage,
            });
        }
    }
    Ok(list)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::clock::Setting;
    use crate::kernel::ids::DeviceManagerId;
    use crate::platform::db::migrate;
    use crate::sync::format::{Acknowledged, License, Policy};
    use chrono::TimeDelta;
    use std::io::Cursor;

    struct Here {
        file: std::path::PathBuf,
        clock: Clock,
        inner: OnPrem,
        key: FileKey,
        cloud: FileKey,
        manager: DeviceManagerId,
    }
    impl Drop for Here {
        fn drop(&mut self) {
            for more in ["", "-wal", "-shm"] {
                let _ = std::fs::remove_file(format!("{}{more}", self.file.display()));
            }
        }
    }
    impl Here {
        fn new(name: &str) -> Self {
            let file =
                std::env::temp_dir().join(format!("licentral-onprem-{}-{name}.db", std::process::id()));
            let _ = std::fs::remove_file(&file);
            let url = format!("sqlite://{}", file.display());
            migrate::run(&url).unwrap();
            let clock = Clock::new();
            clock.set(Setting::Frozen {
                at: Moment::parse("2026-11-22T10:00:00Z").unwrap(),
            });
            let here = Self {
                inner: OnPrem::new(Db::open(&url).unwrap(), clock.clone()),
                file,
                clock,
                key: FileKey::make().unwrap().0,
                cloud: FileKey::make().unwrap().0,
                manager: DeviceManagerId::new(),
            };
            here.inner
                .create_account("Smart-On-Prem-Account", &here.key)
                .unwrap();
            here
        }
        fn authorization(&self, key: &FileKey) -> Cursor<Vec<u8>> {
            let header = AuthorizationHeader {
                manager: self.manager,
                name: "Smart-On-Prem-Account".to_owned(),
                key_id: signing::file_key_id(key.public_key()).unwrap(),
                smart_account: 100_001,
                smart_account_name: "XYZ COMPANY".to_owned(),
                domain: "xyz.example".to_owned(),
                virtual_account: "Local-Virtual-Account".to_owned(),
                public_key: self.cloud.public_key().to_owned(),
                registered_at: self.clock.now(),
            };
            Cursor::new(format::text_of(&header, &self.cloud).unwrap().into_bytes())
        }
        fn registered(name: &str) -> Self {
            let here = Self::new(name);
            here.inner.authorize(here.authorization(&here.key), None).unwrap();
            here
        }
        fn add(&self, serial: &str, usage: &[(&str, i64)]) {
            let new = NewDevice {
                pid: "C9200-48P-E".to_owned(),
                serial: serial.to_owned(),
                hostname: String::new(),
                product: String::new(),
                software: String::new(),
                place: None,
                usage: usage.iter().map(|(e, n)| ((*e).to_owned(), *n)).collect(),
            };
            self.inner.add_devices(&[new]).unwrap();
        }
        fn generate(&self) -> (SyncHeader, String, Vec<u8>) {
            let mut out = Vec::new();
            let (header, sha256) = self
                .inner
                .generate(&self.key, Cursor::new(Vec::new()), &mut out)
                .unwrap();
            assert_eq!(crate::platform::token::fingerprint(&out), sha256);
            (header, sha256, out)
        }
        /// What the cloud would answer.
        fn response(&self, sequence: i64, sha256: &str, key: &FileKey, purchased: i64) -> Vec<u8> {
            let mut writer = Writer::new(FileKind::Response, Vec::new());
            for record in [
                Record::License(License {
                    entitlement: "c9200-ne-48".to_owned(),
                    name: "C9200 Network Essentials, 48-port".to_owned(),
                    billing: Billing::Prepaid,
                    purchased,
                    ends_at: None,
                }),
                Record::Acknowledged(Acknowledged {
                    devices: 1,
                    usages: 1,
                }),
                Record::Policy(Policy {
                    due_days: 30,
                    overdue_removal_days: 90,
                }),
            ] {
                writer.record(&record).unwrap();
            }
            let (body, counts) = writer.finish().unwrap();
            let header = ResponseHeader {
                manager: self.manager,
                smart_account: 100_001,
                virtual_account: "Local-Virtual-Account".to_owned(),
                sequence,
                request_sha256: sha256.to_owned(),
                created_at: self.clock.now(),
                due_at: self.clock.now().plus(TimeDelta::days(30)),
                records: counts.packed.records,
                body_bytes: counts.packed.body_bytes,
                unpacked_bytes: counts.packed.unpacked_bytes,
                body_sha256: counts.packed.body_sha256,
            };
            let mut out = Vec::new();
            format::write_file(&mut out, &header, key, &mut body.as_slice()).unwrap();
            out
        }
        fn apply(&self, file: Vec<u8>) -> Result<Answered> {
            self.inner.apply(Cursor::new(file), &Limits::default())
        }
        fn holds(&self, place: &str) -> (i64, i64) {
            self.inner
                .holdings()
                .unwrap()
                .into_iter()
                .find(|one| one.place == place && one.entitlement == "c9200-ne-48")
                .map_or((0, 0), |one| (one.purchased, one.in_use))
        }
        fn state(&self) -> SyncState {
            self.inner.account().unwrap().sync_state(self.clock.now())
        }
    }
    fn code<T: std::fmt::Debug>(result: Result<T>) -> &'static str {
        match result {
            Err(Error::Refused(refusal)) => refusal.code,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn it_registers_by_files_and_only_with_an_authorization_of_its_own() {
        let here = Here::new("register");
        assert_eq!(
            code(
                here.inner
                    .generate(&here.key, Cursor::new(Vec::new()), &mut Vec::new())
            ),
            "onprem.not-registered"
        );
        assert_eq!(
            code(here.inner.create_account("Another", &here.key)),
            "onprem.one-account"
        );
        let text = here.inner.registration_file(&here.key).unwrap();
        let asked = format::open(Cursor::new(text.into_bytes()))
            .unwrap()
            .verify::<RegistrationHeader>(here.key.public_key())
            .unwrap();
        assert_eq!(asked.header.name, "Smart-On-Prem-Account");
        assert_eq!(
            code(here.inner.authorize(here.authorization(&here.cloud), None)),
            "onprem.other-file"
        );
        let mut bent = here.authorization(&here.key).into_inner();
        let middle = bent.len() / 2;
        bent[middle] ^= 1;
        assert!(here.inner.authorize(Cursor::new(bent), None).is_err());
        assert_eq!(here.inner.account().unwrap().facts.state, LocalState::Pending);
        here.inner
            .authorize(here.authorization(&here.key), Some("http://cloud.example"))
            .unwrap();
        let again = here.inner.authorize(here.authorization(&here.key), None).unwrap();
        assert_eq!(again.url.as_deref(), Some("http://cloud.example"), "kept");
        assert_eq!(here.inner.account().unwrap().facts.state, LocalState::Active);
        assert_eq!(code(here.inner.registration_file(&here.key)), "onprem.registered");
    }

    #[test]
    fn a_response_is_applied_once_in_order_and_only_to_the_file_that_was_made() {
        let here = Here::registered("responses");
        assert_eq!(here.state(), SyncState::Never);
        here.add("B2", &[("c9200-ne-48", 2)]);
        here.add("A1", &[("c9200-ne-48", 1)]);
        let (first, first_sha, file) = here.generate();
        assert_eq!(
            (first.sequence, first.last_response, first.devices, first.usages),
            (1, 0, 2, 2)
        );
        let mut read = format::open(Cursor::new(file))
            .unwrap()
            .verify::<SyncHeader>(here.key.public_key())
            .unwrap()
            .check(&Limits::default())
            .unwrap();
        assert_eq!(read.records().unwrap().map(Result::unwrap).count(), 3);
        assert_eq!(here.state(), SyncState::Generated);
        assert_eq!(
            code(here.apply(here.response(1, &"0".repeat(64), &here.cloud, 5))),
            "onprem.other-file"
        );
        assert_eq!(
            code(here.apply(here.response(2, &first_sha, &here.cloud, 5))),
            "onprem.other-file"
        );
        assert_eq!(
            code(here.apply(here.response(1, &first_sha, &here.key, 5))),
            "sync.bad-signature"
        );
        assert_eq!(here.holds("DEFAULT"), (0, 3), "nothing was applied");
        let answer = here.response(1, &first_sha, &here.cloud, 5);
        assert!(matches!(
            here.apply(answer.clone()).unwrap(),
            Answered::Applied {
                sequence: 1,
                licenses: 1,
                ..
            }
        ));
        assert_eq!(here.apply(answer.clone()).unwrap(), Answered::Before);
        assert_eq!(
            (here.holds("DEFAULT"), here.state()),
            ((5, 3), SyncState::Successful)
        );
        // Two files are made; the answer to the second comes first.
        let (second, second_sha, _) = here.generate();
        let (third, third_sha, _) = here.generate();
        assert_eq!(
            (
                second.sequence,
                second.last_response,
                third.sequence,
                third.last_response
            ),
            (2, 1, 3, 1)
        );
        here.apply(here.response(3, &third_sha, &here.cloud, 7)).unwrap();
        assert_eq!(
            code(here.apply(here.response(2, &second_sha, &here.cloud, 1))),
            "onprem.answered-already"
        );
        assert_eq!(code(here.apply(answer)), "onprem.answered-already");
        assert_eq!(here.holds("DEFAULT"), (7, 3));
        here.clock.set(here.clock.advanced(TimeDelta::days(31)));
        assert_eq!(here.state(), SyncState::Overdue);
    }

    #[test]
    fn licenses_and_devices_move_between_local_virtual_accounts() {
        let here = Here::registered("transfers");
        here.inner.add_place("Corporate Network Devices", "").unwrap();
        assert_eq!(
            code(here.inner.add_place("corporate network  DEVICES", "")),
            "onprem.taken"
        );
        here.add("A1", &[("c9200-ne-48", 2)]);
        let (_, sha, _) = here.generate();
        here.apply(here.response(1, &sha, &here.cloud, 5)).unwrap();
        let to = "Corporate Network Devices";
        here.inner
            .transfer_licenses("c9200-ne-48", 4, "DEFAULT", to)
            .unwrap();
        assert_eq!(
            (here.holds("DEFAULT"), here.holds(to)),
            ((1, 2), (4, 0)),
            "short, and it was allowed"
        );
        assert_eq!(
            code(here.inner.transfer_licenses("c9200-ne-48", 2, "DEFAULT", to)),
            "onprem.too-many"
        );
        here.inner.transfer_device("A1", to).unwrap();
        assert_eq!(code(here.inner.transfer_device("A1", to)), "onprem.same-place");
        assert_eq!((here.holds("DEFAULT"), here.holds(to)), ((1, 0), (4, 2)));
        here.inner
            .transfer_licenses("c9200-ne-48", 4, to, "DEFAULT")
            .unwrap();
        assert_eq!((here.holds("DEFAULT"), here.holds(to)), ((5, 0), (0, 2)));
        assert_eq!(code(here.inner.remove_device("nobody")), "onprem.unknown");
    }

    #[test]
    fn it_is_deactivated_when_it_is_empty_and_the_cloud_knows_then_deleted() {
        let here = Here::registered("end");
        here.add("A1", &[]);
        let (_, sha, _) = here.generate();
        here.apply(here.response(1, &sha, &here.cloud, 5)).unwrap();
        assert_eq!(code(here.inner.deactivate("moved")), "onprem.has-devices");
        assert_eq!(here.inner.remove_all_devices().unwrap(), 1);
        assert_eq!(code(here.inner.deactivate("moved")), "onprem.not-synchronized");
        let (_, sha, _) = here.generate();
        assert_eq!(
            code(here.inner.deactivate("moved")),
            "onprem.not-synchronized",
            "not answered yet"
        );
        here.apply(here.response(2, &sha, &here.cloud, 5)).unwrap();
        assert_eq!(code(here.inner.delete()), "onprem.not-inactive");
        assert!(here.inner.deactivate(" ").is_err(), "a reason is needed");
        here.inner.deactivate("moved").unwrap();
        assert_eq!(code(here.inner.add_place("Late", "")), "onprem.inactive");
        assert_eq!(
            code(
                here.inner
                    .generate(&here.key, Cursor::new(Vec::new()), &mut Vec::new())
            ),
            "onprem.inactive"
        );
        here.inner.delete().unwrap();
        assert_eq!(code(here.inner.account()), "onprem.no-account");
    }

    #[test]
    fn the_schedule_gives_one_turn_each_time() {
        let here = Here::registered("schedule");
        let day = |d| NaiveDate::from_ymd_opt(2026, 11, d).unwrap();
        let time = NaiveTime::from_hms_opt(2, 30, 0).unwrap();
        let next = here
            .inner
            .schedule(Some((day(23), Frequency::Daily, time)))
            .unwrap()
            .unwrap();
        assert_eq!(next, Moment::parse("2026-11-23T02:30:00Z").unwrap());
        assert!(!here.inner.take_turn().unwrap());
        // Asleep for three days: one turn, not three.
        here.clock.set(here.clock.advanced(TimeDelta::days(3)));
        assert!(here.inner.take_turn().unwrap());
        assert!(!here.inner.take_turn().unwrap());
        here.inner.schedule(None).unwrap();
        here.clock.set(here.clock.advanced(TimeDelta::days(3)));
        assert!(!here.inner.take_turn().unwrap());
    }
}
