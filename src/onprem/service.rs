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
            let never_told = one.facts.cloud.is_none() || one.facts.sequence == 0;
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
                    "{} is registered with {} already.",
                    one.name, cloud.smart_account_name
                ),
            ));
        }
        format::text_of(
            &RegistrationHeader {
                name: one.name,
                public_key: key.public_key().to_owned(),
                software: SOFTWARE.to_owned(),
                created_at: self.now(),
            },
            key,
        )
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
        self.change(|_, one| {
            one.must_not_be_inactive()?;
            if signing::file_key_id(&one.facts.public_key).as_ref() != Some(&said.key_id) {
                return Err(Error::refused(
                    "onprem.other-file",
                    format!("The authorization is for another On-Prem server: {}, not {}.", said.name, one.name),
                ));
            }
            match &one.facts.cloud {
                Some(there) if there.manager != cloud.manager || there.public_key != cloud.public_key => {
                    return Err(Error::refused(
                        "onprem.registered",
                        format!("{} is registered with {} already.", one.name, there.smart_account_name),
                    ));
                }
                _ => {}
            }
            one.facts.state = LocalState::Active;
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
            if there.iter().any(|other| other.key == place.key) {
                return Err(Error::refused(
                    "onprem.taken",
                    format!("There is a local Virtual Account called {} already.", place.name),
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
            let event = Event::new(
                Kind::OnPremDevice,
                &found.key,
                format!("The product instance {name} was removed."),
            )
            .with(json!({ "usage": found.usage }));
            tx.record(at, &self.who, &event, name)
        })
    }

    /// Removes all of them.
    pub fn remove_all_devices(&self) -> Result<u64> {
        let mut keys = Vec::new();
        self.each_device(&mut |one, _| {
            keys.push(one.key.clone());
            Ok(())
        })?;
        for key in &keys {
            self.remove_device(key)?;
        }
        Ok(keys.len() as u64)
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
        let header = SyncHeader {
            manager: cloud.manager,
            smart_account: cloud.smart_account,
            virtual_account: cloud.virtual_account.clone(),
            sequence: one.facts.sequence + 1,
            last_response: one.facts.last_response,
            created_at: at,
            software: SOFTWARE.to_owned(),
            places: counts.places,
            devices: counts.devices,
            usages: counts.usages,
            records: counts.packed.records,
            body_bytes: counts.packed.body_bytes,
            unpacked_bytes: counts.packed.unpacked_bytes,
            body_sha256: counts.packed.body_sha256,
        };
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
                    "The response answers file {}, and this On-Prem server made no such file, or made it otherwise.",
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
        let one = self.account()?;
        if !one.is_due(now) || one.facts.state != LocalState::Active {
            return Ok(false);
        }
        self.change(|_, one| {
            if let Some(schedule) = &mut one.facts.schedule
                && let Some(next) = next_run(schedule.start, schedule.frequency, schedule.time, now)
            {
                schedule.next_at = next;
            }
            Ok((
                Event::new(Kind::OnPremSync, one.id, "A scheduled synchronization begins."),
                true,
            ))
        })
    }

    /// How many product instances there are, and how the last lines of the record go.
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
