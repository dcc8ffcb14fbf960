//! One story across both portals of a lab: "Smart-On-Prem-Account" lives on the On-Prem server and is known to the cloud, by
//! one key. What was synchronized between them was really exchanged: files out, responses in.

use super::demo::days_before;
use super::devices;
use super::on_prem::{NAME, PLACE, Plan};
use crate::authn::{Actor, Person, PlatformRole, Via, people};
use crate::authz::action::{CreateTopVirtualAccount, ManageOnPremAccounts, RequestOnPremAccount, Transfer};
use crate::authz::{Permit, Role};
use crate::device_managers;
use crate::error::{Error, Result};
use crate::http::Portal;
use crate::kernel::ids::{SessionId, SmartAccountId, SyncFileId, VirtualAccountId};
use crate::kernel::{EmailAddress, Event, Kind, Moment, Who};
use crate::licenses::{self, Precedence, TransferLine};
use crate::local_accounts::{self, Cloud, LocalAccount, New, Requested, Way};
use crate::members::{self, Scope};
use crate::platform::db::{Reads, Tx};
use crate::smart_accounts;
use crate::sync::format::Limits;
use crate::sync::{self, Sender};
use crate::virtual_accounts::{self, NewVirtualAccount};
use chrono::TimeDelta;
use std::sync::Arc;

/// Local Virtual Accounts beside DEFAULT.
const PLACES: [(&str, &str); 2] = [
    ("Corporate Network Devices", "Switches of the data center."),
    ("Public Network Devices", "Access points of halls and lobbies."),
];

/// What the cloud has for the server: entitlement and how many.
const SUPPLY: &[(&str, i64)] = &[
    ("c9300-na-48", 8),
    ("c9300-dna-a-48", 8),
    ("air-na", 4),
    ("air-dna-a", 4),
];

/// What goes from the local DEFAULT to the others.
const SHARED: &[(&str, usize, i64)] = &[
    ("c9300-na-48", 0, 6),
    ("c9300-dna-a-48", 0, 6),
    ("air-na", 1, 3),
    ("air-dna-a", 1, 3),
];

/// Devices: which place, product, kind, beginning of the name, how many, and what each uses. One access point more than
/// there are licenses.
type Row = (
    usize,
    &'static str,
    &'static str,
    &'static str,
    usize,
    &'static [(&'static str, i64)],
);
const ROWS: &[Row] = &[
    (
        0,
        "C9300-48P-A",
        "C9300 Series Switch",
        "dc-switch",
        5,
        &[("c9300-na-48", 1), ("c9300-dna-a-48", 1)],
    ),
    (
        1,
        "CW9166I-B",
        "CW9166 Access Point",
        "hall-ap",
        4,
        &[("air-na", 1), ("air-dna-a", 1)],
    ),
];

/// The way of the server's files to the cloud.
pub struct Wire<'a> {
    /// Where the files go.
    pub cloud: &'a Portal,
    /// Where they come from.
    pub on_prem: &'a Portal,
    /// Of which local account.
    pub account: SmartAccountId,
    /// Its name.
    pub name: &'a str,
}

impl Wire<'_> {
    /// A file out, and its response in.
    pub fn synchronize(&self, at: Moment) -> Result<()> {
        let key = self
            .on_prem
            .db
            .read_now(|r| local_accounts::key_of(r, &self.on_prem.signing, self.account))?;
        let who = Who::portal("scenario");
        let file = local_accounts::make(&self.on_prem.db, &who, at, self.account, &key, Way::Network)?;
        let sender = Sender {
            who: Who {
                person: None,
                label: format!("{} (device manager)", self.name),
                address: "192.0.2.80".to_owned(),
                request_id: String::new(),
            },
            way: sync::Way::Network,
            limits: Limits::default(),
        };
        let head = self.cloud.db.read_now(|r| sync::Head::read(r, file.head()))?;
        let response = sync::exchange_now(
            &self.cloud.db,
            self.cloud.signing.files(),
            at,
            SyncFileId::new(),
            head,
            &sender,
            &file.bytes,
        )?;
        local_accounts::apply(&self.on_prem.db, &who, at, self.account, &response).map(drop)
    }
}

/// When the account of the story was registered.
pub fn registered_at(now: Moment) -> Moment {
    days_before(now, 12, 10)
}

/// Tells the story, once both portals have their own.
pub fn tell(cloud: &Portal, on_prem: &Portal, plan: &Plan, new: &New) -> Result<()> {
    let (registered_at, synced_at) = plan.times();
    supply(cloud, plan, registered_at)?;
    let facts = cloud_of(cloud, plan, registered_at)?;
    let account = register(on_prem, new, &facts)?;
    let divisions = divide(on_prem, registered_at, account.id)?;
    let wire = Wire {
        cloud,
        on_prem,
        account: account.id,
        name: NAME,
    };
    wire.synchronize(days_before(synced_at, 6, 6))?;
    share(on_prem, days_before(synced_at, 6, 8), account.id, &divisions)?;
    place(on_prem, days_before(synced_at, 5, 9), account.id, &divisions)?;
    wire.synchronize(synced_at)?;
    wait(on_prem, days_before(synced_at, -2, 10))
}

/// Ada gives the server's Virtual Account licenses that nobody uses.
fn supply(cloud: &Portal, plan: &Plan, at: Moment) -> Result<()> {
    cloud.db.write_now(|tx| {
        let manager = device_managers::whose(tx, plan.manager())?.ok_or(Error::NotFound)?;
        let account = manager.account;
        let named = virtual_accounts::names(tx, &[account])?;
        let target = named
            .iter()
            .find(|(_, _, name, _)| name == PLACE)
            .map(|(_, id, _, _)| *id)
            .ok_or_else(|| Error::internal("no Virtual Account for the server"))?;
        let mut lines = Vec::new();
        for (entitlement, wanted) in SUPPLY {
            let mut left = *wanted;
            for (_, id, _, _) in &named {
                if *id == target || left == 0 {
                    continue;
                }
                for stock in of_kind(tx, account, *id, entitlement)? {
                    let take = stock.balance.min(left);
                    if take > 0 {
                        left -= take;
                        lines.push(TransferLine {
                            stock: stock.id,
                            to: target,
                            quantity: take,
                            term: None,
                            only: None,
                        });
                    }
                }
            }
        }
        if lines.is_empty() {
            return Ok(tx.unchanged(None));
        }
        let permit = Permit::<Transfer>::by_the_portal_in(account, "scenario");
        licenses::transfer(tx, &permit, at, &lines, Precedence::LongestTermLast, None, None)
    })?;
    Ok(())
}

/// What lies of a license in a Virtual Account.
fn of_kind(
    tx: &mut Tx<'_>,
    account: SmartAccountId,
    place: VirtualAccountId,
    entitlement: &str,
) -> Result<Vec<licenses::Stock>> {
    licenses::stocks_of(tx, account, place, &[entitlement.to_owned()])
}

/// What the cloud's authorization says.
fn cloud_of(cloud: &Portal, plan: &Plan, registered_at: Moment) -> Result<Cloud> {
    let account = cloud.db.read_now(|r| {
        let manager = device_managers::whose(r, plan.manager())?.ok_or(Error::NotFound)?;
        smart_accounts::find(r, manager.account)
    })?;
    Ok(Cloud {
        url: Some(cloud.config.base_url.clone()),
        manager: plan.manager(),
        smart_account: account.number,
        smart_account_name: account.name,
        domain: account.domain,
        virtual_account: PLACE.to_owned(),
        public_key: cloud.signing.files().public_key().to_owned(),
        registered_at,
    })
}

fn person(read: &mut dyn Reads, email: &str) -> Result<Person> {
    let address = EmailAddress::parse(email).map_err(Error::internal)?;
    people::by_email(read, &address)?.ok_or(Error::NotFound)
}

/// Lara's request was approved.
fn register(on_prem: &Portal, new: &New, cloud: &Cloud) -> Result<LocalAccount> {
    let asked = Requested::parse(NAME, &cloud.smart_account_name, PLACE, super::local::LARA)?;
    on_prem.db.write_now(|tx| {
        let lara = person(tx, super::local::LARA)?.id;
        let permit = Permit::<ManageOnPremAccounts>::by_the_portal("scenario");
        local_accounts::registered(tx, &permit, new, &asked, Some(lara), cloud)
    })
}

/// Two local Virtual Accounts; Ulla works in the second.
fn divide(on_prem: &Portal, at: Moment, account: SmartAccountId) -> Result<Vec<VirtualAccountId>> {
    let ids: Vec<VirtualAccountId> = PLACES.iter().map(|_| VirtualAccountId::new()).collect();
    for ((name, description), id) in PLACES.iter().zip(&ids) {
        let permit = Permit::<CreateTopVirtualAccount>::by_the_portal_in(account, "scenario");
        let new = NewVirtualAccount::named(name, description);
        on_prem
            .db
            .write_now(|tx| virtual_accounts::create(tx, &permit, at, *id, &new))?;
    }
    let works_in = ids.get(1).copied().ok_or(Error::NotFound)?;
    on_prem.db.write_now(|tx| {
        let ulla = person(tx, super::local::ULLA)?.id;
        let scope = Scope::These(vec![works_in]);
        let events = members::give_roles(tx, at, account, ulla, &scope, Role::VirtualUser)?;
        tx.record_all(at, &Who::portal("scenario"), &events, ())
    })?;
    Ok(ids)
}

/// Licenses go where the devices are.
fn share(
    on_prem: &Portal,
    at: Moment,
    account: SmartAccountId,
    divisions: &[VirtualAccountId],
) -> Result<()> {
    on_prem.db.write_now(|tx| {
        let default = default_of(tx, account)?;
        let mut lines = Vec::new();
        for (entitlement, place, quantity) in SHARED {
            let Some(to) = divisions.get(*place) else { continue };
            for stock in of_kind(tx, account, default, entitlement)? {
                let quantity = stock.balance.min(*quantity);
                if quantity > 0 {
                    lines.push(TransferLine {
                        stock: stock.id,
                        to: *to,
                        quantity,
                        term: None,
                        only: None,
                    });
                }
            }
        }
        if lines.is_empty() {
            return Ok(tx.unchanged(None));
        }
        let permit = Permit::<Transfer>::by_the_portal_in(account, "scenario");
        licenses::transfer(tx, &permit, at, &lines, Precedence::LongestTermLast, None, None)
    })?;
    Ok(())
}

fn default_of(tx: &mut Tx<'_>, account: SmartAccountId) -> Result<VirtualAccountId> {
    virtual_accounts::names(tx, &[account])?
        .into_iter()
        .find(|(_, _, name, _)| name == virtual_accounts::DEFAULT)
        .map(|(_, id, _, _)| id)
        .ok_or(Error::NotFound)
}

/// Devices come.
fn place(
    on_prem: &Portal,
    at: Moment,
    account: SmartAccountId,
    divisions: &[VirtualAccountId],
) -> Result<()> {
    let mut planned = Vec::new();
    for (place, pid, product, named, count, uses) in ROWS {
        let Some(division) = divisions.get(*place) else {
            continue;
        };
        for n in 0..*count {
            let hostname = format!("{named}-{:02}.xyz.example", n + 1);
            let serial = format!("OPA27{place}{:05}", 41_001 + n * 7);
            planned.push(devices::one(
                (account, *division),
                (pid, product),
                (&serial, &hostname),
                uses,
                at,
                at.plus(TimeDelta::hours(2)),
            ));
        }
    }
    on_prem.db.write_now(|tx| {
        devices::write_until(tx, &planned, 0, at)?;
        let event = Event::new(
            Kind::ScenarioLoaded,
            account,
            "Product instances were registered.",
        );
        tx.record(at, &Who::portal("scenario"), &event, ())
    })
}

/// Uma asks for an account for a branch; nobody has decided yet.
fn wait(on_prem: &Portal, at: Moment) -> Result<()> {
    let new = New::make(&on_prem.signing, at)?;
    let asked = Requested::parse(
        "Branch-On-Prem-Account",
        "XYZ COMPANY",
        "Branch-Virtual-Account",
        super::local::UMA,
    )?;
    on_prem.db.write_now(|tx| {
        let uma = person(tx, super::local::UMA)?;
        let actor = Actor {
            who: Who {
                person: Some(uma.id),
                label: uma.label(),
                address: "192.0.2.31".to_owned(),
                request_id: String::new(),
            },
            platform: vec![PlatformRole::SystemUser],
            has_second_factor: false,
            via: Via::Session {
                id: SessionId::new(),
                key: String::new(),
                fresh_at: at,
            },
            person: uma,
        };
        let permit: Permit<RequestOnPremAccount> = Permit::ask(Arc::new(actor), None, &[], at)?;
        local_accounts::request(tx, &permit, &new, &asked, None)
    })?;
    Ok(())
}
