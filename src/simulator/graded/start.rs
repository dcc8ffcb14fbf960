//! Makes what a learner begins with: a throw-away account, and what is in it.

use super::definition::{Definition, Licenses, Names, OnPrem, Placed};
use crate::authn::people;
use crate::authz::action::{AuthorizeOnPrem, CreateTopVirtualAccount, ManageOnPremAccounts};
use crate::authz::{Permit, Role, grants};
use crate::device_managers::{self, Binding};
use crate::error::{Error, Result};
use crate::http::Portal;
use crate::kernel::ids::{DeviceManagerId, PersonId, SmartAccountId, VirtualAccountId};
use crate::kernel::{EmailAddress, Event, Kind, Moment, Name, Who};
use crate::licenses::supply::{self, Told};
use crate::local_accounts::{self, Cloud, Requested, Way};
use crate::orders::{self, Source, ToldLine};
use crate::platform::db::{Tx, off_the_loop};
use crate::simulator::scenario::{self, PlannedDevice, Wire};
use crate::simulator::tenants::{self, Founding, Tenant};
use crate::smart_accounts::{self, SmartAccount};
use crate::sync;
use crate::virtual_accounts::{self, DEFAULT, NewVirtualAccount};
use chrono::TimeDelta;

/// What the record calls whoever makes it.
const BY: &str = "graded labs";
/// So many On-Prem accounts are looked through.
const MOST_ON_PREM: i64 = 10_000;

/// Ids and names of what is about to be made.
#[derive(Clone)]
pub struct Plan {
    pub names: Names,
    pub account: SmartAccountId,
    /// DEFAULT and the others, with their names.
    places: Vec<(VirtualAccountId, String)>,
    lab: Definition,
    /// Portal time, before the learner begins.
    at: Moment,
    devices: Vec<PlannedDevice>,
    orders: Vec<orders::New>,
    /// Who administers the account where the learner does not: id and hash of the password.
    keeper: Option<(PersonId, String)>,
}

impl Plan {
    /// Thinks it out for a learner who begins at a portal time; `hash` is that of everybody's password in a lab.
    pub fn new(lab: &Definition, tag: &str, since: Moment, hash: String) -> Result<Self> {
        let (names, account) = (Names::of(tag), SmartAccountId::new());
        let at = since.plus(-TimeDelta::seconds(1));
        let places: Vec<(VirtualAccountId, String)> = std::iter::once(DEFAULT)
            .chain(lab.start.virtual_accounts.iter().map(String::as_str))
            .map(|name| (VirtualAccountId::new(), name.to_owned()))
            .collect();
        let mut plan = Self {
            names,
            account,
            places,
            lab: lab.clone(),
            at,
            devices: Vec::new(),
            orders: Vec::new(),
            keeper: (lab.start.role != Role::AccountAdmin).then(|| (PersonId::new(), hash)),
        };
        plan.devices = lab
            .start
            .devices
            .iter()
            .map(|one| {
                let place = plan.place(&one.place)?;
                Ok(plan.device(one, (account, place)))
            })
            .collect::<Result<_>>()?;
        plan.orders = plan.orders()?;
        Ok(plan)
    }

    fn place(&self, name: &str) -> Result<VirtualAccountId> {
        let found = self.places.iter().find(|(_, known)| known == name);
        found.map(|(id, _)| *id).ok_or(Error::NotFound)
    }

    fn device(&self, one: &Placed, place: (SmartAccountId, VirtualAccountId)) -> PlannedDevice {
        let (serial, name) = (self.names.fill(&one.serial), self.names.fill(&one.name));
        scenario::planned_device(
            place,
            (&one.pid, &one.product),
            (&serial, &name),
            &one.uses,
            self.at,
            self.at,
        )
    }

    fn orders(&self) -> Result<Vec<orders::New>> {
        let orders = self.lab.start.orders.iter();
        orders
            .map(|one| {
                let told = orders::Told {
                    identifier: self.names.fill(&one.identifier),
                    customer: self.names.account_name(),
                    customer_domain: self.names.account(),
                    order_type: one.order_type.word().to_owned(),
                    lines: one
                        .lines
                        .iter()
                        .map(|(sku, count)| ToldLine {
                            sku: sku.clone(),
                            quantity: count.to_string(),
                            term_months: String::new(),
                        })
                        .collect(),
                    ..orders::Told::default()
                };
                orders::check_order(&told, Source::Scenario, self.at)
            })
            .collect()
    }

    /// Writes it, as a part of the caller's write.
    pub fn write(
        &self,
        tx: &mut Tx<'_>,
        batch: &str,
        learner: PersonId,
        expires_at: Moment,
    ) -> Result<SmartAccount> {
        let (who, at) = (Who::portal(BY), self.at);
        tenants::has_room(tx, 1)?;
        let tenant = Tenant {
            account: self.account,
            batch: batch.to_owned(),
            people: self
                .keeper
                .as_ref()
                .map_or_else(String::new, |(id, _)| id.to_string()),
            expires_at,
        };
        let (name, domain) = (self.names.account_name(), self.names.account());
        let default = self.place(DEFAULT)?;
        let founding = Founding {
            name: &name,
            domain: &domain,
            default,
        };
        let account = tenants::found(tx, &who, at, &tenant, &founding)?;
        grants::give(tx, at, self.account, None, learner, self.lab.start.role)?;
        if let Some((id, hash)) = &self.keeper {
            // An account without an administrator is none that the portal would make.
            let email = EmailAddress::parse(&format!("admin@{domain}")).map_err(Error::internal)?;
            let name = Name::parse("Alex Admin", "Name").map_err(Error::internal)?;
            people::add(tx, at, *id, &email, &name, Some(hash), 2)?;
            grants::give(tx, at, self.account, None, *id, Role::AccountAdmin)?;
        }
        let permit = Permit::<CreateTopVirtualAccount>::by_the_portal_in(self.account, BY);
        for (id, name) in self.places.iter().filter(|(id, _)| *id != default) {
            let new = NewVirtualAccount::named(name, "Of a graded lab.");
            drop(virtual_accounts::create(tx, &permit, at, *id, &new)?);
        }
        let on_prem = self.lab.start.on_prem.as_ref();
        let later = on_prem.filter(|one| !one.knows_licenses);
        self.supply(tx, Vec::new(), |one| !comes_later(later, one))?;
        scenario::write_devices(tx, &self.devices, 0, at)?;
        orders::receive(tx, &who, at, &self.orders)?;
        Ok(account)
    }

    /// Brings some licenses, beside those that are there.
    fn supply(
        &self,
        tx: &mut Tx<'_>,
        mut told: Vec<Told>,
        is_wanted: impl Fn(&Licenses) -> bool,
    ) -> Result<()> {
        let wanted = self.lab.start.licenses.iter().filter(|one| is_wanted(one));
        for (one, n) in wanted.zip(1..) {
            // What a response says is all that there is: more than before goes where it is wanted.
            self.tell(&mut told, one);
            let first = self.place(&one.place)?;
            supply::respond(tx, self.at, &Who::portal(BY), self.account, &[first], n, &told)?;
        }
        Ok(())
    }

    /// Adds licenses to what a response says.
    fn tell(&self, told: &mut Vec<Told>, one: &Licenses) {
        let ends_at = one.ends_in_days.map(|days| self.at.plus(TimeDelta::days(days)));
        let known = told
            .iter_mut()
            .find(|known| known.entitlement == one.entitlement && known.ends_at == ends_at);
        match known {
            Some(known) => known.purchased += one.count,
            None => told.push(Told {
                entitlement: one.entitlement.clone(),
                name: one.name.clone(),
                billing: one.billing,
                purchased: one.count,
                ends_at,
            }),
        }
    }

    /// Makes the On-Prem account, registers and synchronizes it. Not within one transaction: it lies in two databases.
    pub async fn write_on_prem(&self, cloud: &Portal, on_prem: &Portal, email: &str) -> Result<()> {
        let Some(wanted) = self.lab.start.on_prem.clone() else {
            return Ok(());
        };
        let (plan, cloud, on_prem, email) = (self.clone(), cloud.clone(), on_prem.clone(), email.to_owned());
        off_the_loop(move || plan.write_on_prem_now(&cloud, &on_prem, &wanted, &email)).await
    }

    fn write_on_prem_now(
        &self,
        cloud: &Portal,
        on_prem: &Portal,
        wanted: &OnPrem,
        email: &str,
    ) -> Result<()> {
        let (at, name) = (self.at, self.names.on_prem());
        let new = local_accounts::New::make(&on_prem.signing, at)?;
        let account = cloud.db.read_now(|r| smart_accounts::find(r, self.account))?;
        let manager = self.register(cloud, &account, wanted, new.public_key())?;
        let asked = Requested::parse(&name, &account.name, &wanted.virtual_account, email)?;
        let bound = Cloud {
            url: Some(cloud.config.base_url.clone()),
            manager,
            smart_account: account.number,
            smart_account_name: account.name.clone(),
            domain: account.domain.clone(),
            virtual_account: wanted.virtual_account.clone(),
            public_key: cloud.signing.files().public_key().to_owned(),
            registered_at: at,
        };
        let planned: Vec<PlannedDevice> = wanted
            .devices
            .iter()
            .map(|one| self.device(one, (new.id(), new.default())))
            .collect();
        on_prem.db.write_now(|tx| {
            let permit = Permit::<ManageOnPremAccounts>::by_the_portal(BY);
            local_accounts::registered(tx, &permit, &new, &asked, None, &bound)
        })?;
        on_prem.db.write_now(|tx| {
            scenario::write_devices(tx, &planned, 0, at)?;
            tx.record(at, &Who::portal(BY), &begun(&name), ())
        })?;
        let wire = Wire {
            cloud,
            on_prem,
            account: new.id(),
            name: &name,
        };
        wire.synchronize(at)?;
        if wanted.has_lost_file {
            let key = on_prem
                .db
                .read_now(|r| local_accounts::key_of(r, &on_prem.signing, new.id()))?;
            local_accounts::make(&on_prem.db, &Who::portal(BY), at, new.id(), &key, Way::File)?;
        }
        if !wanted.knows_licenses {
            let (mut there, later) = (Vec::new(), Some(wanted));
            for one in self
                .lab
                .start
                .licenses
                .iter()
                .filter(|one| !comes_later(later, one))
            {
                self.tell(&mut there, one);
            }
            cloud.db.write_now(|tx| {
                self.supply(tx, there.clone(), |one| comes_later(later, one))?;
                tx.record(at, &Who::portal(BY), &begun(&name), ())
            })?;
        }
        Ok(())
    }

    /// Makes the server known to the cloud.
    fn register(
        &self,
        cloud: &Portal,
        account: &SmartAccount,
        wanted: &OnPrem,
        public_key: &str,
    ) -> Result<DeviceManagerId> {
        let mut new = device_managers::New {
            id: DeviceManagerId::new(),
            name: self.names.on_prem(),
            binding: Binding::Existing(self.place(&wanted.virtual_account)?),
            public_key: public_key.to_owned(),
            answer: String::new(),
        };
        let registered = sync::Registered {
            manager: new.id,
            name: &new.name,
            public_key,
            virtual_account: &wanted.virtual_account,
        };
        new.answer = sync::answer(cloud.signing.files(), self.at, account, &registered)?;
        cloud.db.write_now(|tx| {
            let permit = Permit::<AuthorizeOnPrem>::by_the_portal_in(self.account, BY);
            device_managers::add(tx, &permit, self.at, &new, None)
        })
    }
}

/// Whether licenses come after the On-Prem account was synchronized.
fn comes_later(later: Option<&OnPrem>, one: &Licenses) -> bool {
    later.is_some_and(|on_prem| on_prem.virtual_account == one.place)
}

/// That an On-Prem account of a learner was filled.
fn begun(name: &str) -> Event {
    Event::new(
        Kind::LabGraded,
        name,
        format!("What {name} begins with in a graded lab was put in place."),
    )
}

/// Takes the On-Prem account of an attempt away, wherever its account in the cloud is.
pub async fn forget_on_prem(on_prem: &Portal, names: &Names, at: Moment) -> Result<()> {
    let name = names.on_prem();
    on_prem
        .db
        .write(move |tx| {
            let Some(found) = local_accounts::list(tx, None, MOST_ON_PREM, 0)?
                .into_iter()
                .find(|one| one.name == name)
            else {
                return Ok(tx.unchanged(()));
            };
            crate::platform::db::forget_tenant(tx, found.id)?;
            let event = Event::new(
                Kind::LabGraded,
                &name,
                format!("{name} went with its graded lab."),
            );
            tx.record(at, &Who::portal(BY), &event, ())
        })
        .await
}
