//! Makes the parts of an account out of the rows of tables, one after the other.

use super::columns::{KINDS, device, license, place, user};
use super::model::{Likeness, MOST_NOTES, Wanted};
use super::words::{day, role, whole};
use crate::authz::Role;
use crate::catalog::{self, Billing, Term};
use crate::kernel::table::{Found, Row, Table};
use crate::kernel::{EmailAddress, Moment, Name, search_key};
use crate::simulator::scenario::file::{
    AccountPart, DevicePart, LicensePart, PersonPart, PlacePart, RolePart, UsePart,
};
use crate::virtual_accounts;
use std::collections::{BTreeSet, HashMap};

/// An account on its way.
pub struct Making<'a> {
    wanted: &'a Wanted,
    domain: String,
    now: Moment,
    account: AccountPart,
    people: Vec<PersonPart>,
    notes: Vec<String>,
    more_notes: usize,
    /// By their keys: what they are called.
    places: HashMap<String, String>,
    /// By the keys of addresses as they stand in the tables.
    addresses: HashMap<String, String>,
    /// By serial and product id as they stand in the tables: which product instance.
    devices: HashMap<String, usize>,
    subscriptions: HashMap<String, String>,
    /// By the keys of their names.
    licenses: HashMap<String, String>,
}

impl<'a> Making<'a> {
    pub fn new(wanted: &'a Wanted, domain: &str, now: Moment) -> Self {
        let default = virtual_accounts::DEFAULT;
        Self {
            wanted,
            domain: domain.to_owned(),
            now,
            account: AccountPart::named(wanted.name.trim(), domain),
            people: Vec::new(),
            notes: Vec::new(),
            more_notes: 0,
            places: HashMap::from([(search_key(default), default.to_owned())]),
            addresses: HashMap::new(),
            devices: HashMap::new(),
            subscriptions: HashMap::new(),
            licenses: HashMap::new(),
        }
    }

    pub fn take(&mut self, n: usize, table: &Table) {
        let label = KINDS.get(n).map_or("", |kind| kind.label);
        for row in &table.rows {
            let cell = |meaning: usize| table.cell(row, meaning).trim();
            let taken = match n {
                0 => self.place_row(&cell),
                1 => self.user_row(&cell),
                2 | 3 => self.license_row(&cell),
                _ => self.device_row(&cell),
            };
            if let Err(says) = taken {
                self.leave_out(label, row, &says);
            }
        }
    }

    fn leave_out(&mut self, label: &str, row: &Row, says: &str) {
        if self.notes.len() < MOST_NOTES {
            self.notes.push(format!("{label}, line {}: {says}", row.line));
        } else {
            self.more_notes += 1;
        }
    }

    /// What a Virtual Account is called here; it is made when it is new.
    fn place(&mut self, name: &str) -> Result<String, String> {
        if name.is_empty() {
            return Ok(String::new());
        }
        if let Some(known) = self.places.get(&search_key(name)) {
            return Ok(known.clone());
        }
        let called = if self.wanted.replace {
            format!("Virtual Account {:02}", self.places.len())
        } else {
            Name::parse(name, "Virtual Account")?.to_string()
        };
        self.places.insert(search_key(name), called.clone());
        self.account.virtual_accounts.push(PlacePart::named(&called, ""));
        Ok(called)
    }

    fn place_row<'c>(&mut self, cell: &dyn Fn(usize) -> &'c str) -> Result<(), String> {
        let name = cell(place::NAME);
        if name.is_empty() {
            return Err("it has no name.".to_owned());
        }
        let called = self.place(name)?;
        let within = match cell(place::WITHIN) {
            above if search_key(above) == search_key(name) => String::new(),
            above => self.place(above)?,
        };
        let tags = virtual_accounts::parse_tags(cell(place::TAGS))?;
        let replace = self.wanted.replace;
        let Some(part) = self
            .account
            .virtual_accounts
            .iter_mut()
            .find(|one| one.name == called)
        else {
            return Ok(());
        };
        // DEFAULT is nobody's part, and lies within nothing.
        if search_key(&within) != search_key(virtual_accounts::DEFAULT) {
            part.within = within;
        }
        if !replace {
            part.description = cell(place::DESCRIPTION).chars().take(200).collect();
            part.tags = tags;
        }
        Ok(())
    }

    fn user_row<'c>(&mut self, cell: &dyn Fn(usize) -> &'c str) -> Result<(), String> {
        let typed = EmailAddress::parse(cell(user::EMAIL))?;
        let place = self.place(cell(user::PLACE))?;
        let role = role(cell(user::ROLE), !place.is_empty())?;
        let email = match self.addresses.get(typed.key()) {
            Some(known) => known.clone(),
            None => {
                let n = self.people.len() + 1;
                let (email, name) = if self.wanted.replace {
                    (format!("person-{n:03}@{}", self.domain), format!("Person {n:03}"))
                } else {
                    let name = Name::parse(cell(user::NAME), "Name").map_or_else(
                        |_| typed.as_str().split('@').next().unwrap_or_default().to_owned(),
                        |name| name.to_string(),
                    );
                    (typed.to_string(), name)
                };
                self.addresses.insert(typed.key().to_owned(), email.clone());
                self.people.push(PersonPart {
                    email: email.clone(),
                    name,
                    access_level: 2,
                    platform_roles: Vec::new(),
                    invited: false,
                    since: String::new(),
                });
                email
            }
        };
        let virtual_account = if role.is_over_account() {
            String::new()
        } else {
            place
        };
        let same = |one: &RolePart| one.person == email && one.virtual_account == virtual_account;
        if !self.account.roles.iter().any(same) {
            self.account.roles.push(RolePart {
                person: email,
                role,
                virtual_account,
            });
        }
        Ok(())
    }

    /// What programs know a license by, and what people call it: of the catalog, or one of the account's own.
    fn license(&mut self, name: &str, entitlement: &str) -> Result<(String, String), String> {
        // As a key, or as the tag that programs of the vendor know it by.
        let tagged = catalog::entitlement_of(entitlement);
        let known = catalog::entitlement(&tagged).map(|one| one.key.to_owned());
        // "…, 48-port license" of an export is "…, 48-port" of the catalog.
        let short = search_key(name).trim_end_matches(" license").to_owned();
        let by_name = || {
            let found = catalog::entitlement_named(name).or_else(|| catalog::entitlement_named(&short));
            found.map(|one| one.key.to_owned())
        };
        if let Some(key) = known.or_else(by_name) {
            return Ok((key, String::new()));
        }
        let called = if name.is_empty() { entitlement } else { name };
        if called.is_empty() {
            return Err("it names no license.".to_owned());
        }
        let called: String = called.chars().filter(|c| !c.is_control()).take(120).collect();
        let next = self.licenses.len() + 1;
        let key = self
            .licenses
            .entry(search_key(&called))
            .or_insert_with(|| {
                let slug: String = search_key(&called)
                    .chars()
                    .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
                    .take(60)
                    .collect();
                format!("own-{next}-{}", slug.trim_matches('-'))
            })
            .clone();
        Ok((key, called))
    }

    fn license_row<'c>(&mut self, cell: &dyn Fn(usize) -> &'c str) -> Result<(), String> {
        if matches!(
            cell(license::STATUS).to_ascii_lowercase().as_str(),
            "expired" | "canceled" | "cancelled"
        ) {
            return Err(format!("it is {}.", cell(license::STATUS)));
        }
        let quantity = whole(cell(license::QUANTITY)).ok_or("its quantity is no whole number above 0.")?;
        let (key, name) = self.license(cell(license::NAME), cell(license::ENTITLEMENT))?;
        let (starts, ends) = (day(cell(license::STARTS))?, day(cell(license::ENDS))?);
        if ends.is_some_and(|ends| ends < self.now) {
            return Err("its term is over.".to_owned());
        }
        let subscription = self.subscription(cell(license::SUBSCRIPTION));
        let text = |at: Option<Moment>| at.map_or_else(String::new, Moment::rfc3339);
        let part = LicensePart {
            virtual_account: self.place(cell(license::PLACE))?,
            name,
            billing: match search_key(cell(license::BILLING)).as_str() {
                billing if billing.contains("usage") || billing.contains("postpaid") => Billing::Usage,
                _ => Billing::Prepaid,
            },
            term: match (&ends, subscription.is_empty()) {
                (None, _) => Term::Perpetual,
                (Some(_), true) => Term::Term,
                (Some(_), false) => Term::Subscription,
            },
            starts: if ends.is_some() {
                text(starts)
            } else {
                String::new()
            },
            ends: text(ends),
            tags: if subscription.is_empty() {
                Vec::new()
            } else {
                vec![subscription]
            },
            ..LicensePart::of(&key, quantity)
        };
        self.account.licenses.push(part);
        Ok(())
    }

    /// A subscription goes along as a license tag.
    fn subscription(&mut self, id: &str) -> String {
        if id.is_empty() || !self.wanted.replace {
            return id.chars().filter(|c| *c != ',').take(40).collect();
        }
        let next = self.subscriptions.len() + 1;
        self.subscriptions
            .entry(search_key(id))
            .or_insert_with(|| format!("Subscription {next}"))
            .clone()
    }

    fn device_row<'c>(&mut self, cell: &dyn Fn(usize) -> &'c str) -> Result<(), String> {
        let graphic =
            |text: &str| -> String { text.chars().filter(char::is_ascii_graphic).take(60).collect() };
        let (serial, pid) = (graphic(cell(device::SERIAL)), graphic(cell(device::PID)));
        if serial.is_empty() {
            return Err("it has no serial number.".to_owned());
        }
        let pid = if pid.is_empty() { "UNKNOWN".to_owned() } else { pid };
        let uses = if cell(device::LICENSE).is_empty() {
            None
        } else {
            let (license, name) = self.license(cell(device::LICENSE), cell(device::LICENSE))?;
            let quantity = whole(cell(device::QUANTITY)).unwrap_or(1).min(1_000_000);
            Some((license, name, quantity))
        };
        let at = match self.devices.get(&search_key(&format!("{pid} {serial}"))) {
            Some(at) => *at,
            None => {
                let n = self.devices.len() + 1;
                let host: String = cell(device::HOST)
                    .chars()
                    .filter(|c| !c.is_control())
                    .take(200)
                    .collect();
                let part = DevicePart {
                    virtual_account: self.place(cell(device::PLACE))?,
                    serial: if self.wanted.replace {
                        format!("SIM{n:07}")
                    } else {
                        serial.clone()
                    },
                    hostname: if self.wanted.replace && !host.is_empty() {
                        format!("device-{n:04}.{}", self.domain)
                    } else {
                        host
                    },
                    product: cell(device::PRODUCT)
                        .chars()
                        .filter(|c| !c.is_control())
                        .take(100)
                        .collect(),
                    software: cell(device::SOFTWARE)
                        .chars()
                        .filter(|c| !c.is_control())
                        .take(60)
                        .collect(),
                    export_controlled: true,
                    registered: String::new(),
                    renewed: String::new(),
                    last_contact: String::new(),
                    uses: Vec::new(),
                    pid: pid.clone(),
                };
                self.devices.insert(
                    search_key(&format!("{pid} {serial}")),
                    self.account.product_instances.len(),
                );
                self.account.product_instances.push(part);
                n - 1
            }
        };
        let (Some((license, name, quantity)), Some(part)) =
            (uses, self.account.product_instances.get_mut(at))
        else {
            return Ok(());
        };
        let is_full = part.uses.len() >= 100;
        match part.uses.iter_mut().find(|one| one.license == license) {
            Some(known) => known.quantity = known.quantity.saturating_add(quantity).min(1_000_000),
            None if !is_full => part.uses.push(UsePart {
                license: license.clone(),
                quantity,
            }),
            None => return Err("it uses more licenses than a product instance can.".to_owned()),
        }
        self.is_counted(&license, name)
    }

    /// A license of one's own that is used and lies nowhere cannot be counted.
    fn is_counted(&mut self, license: &str, name: String) -> Result<(), String> {
        if catalog::entitlement(license).is_some()
            || self.account.licenses.iter().any(|one| one.license == license)
        {
            return Ok(());
        }
        if let Some(part) = self
            .account
            .product_instances
            .iter_mut()
            .rev()
            .find(|one| one.uses.iter().any(|used| used.license == license))
        {
            part.uses.retain(|used| used.license != license);
        }
        Err(format!(
            "{name} is neither among the licenses nor in the catalog, so its use is not counted."
        ))
    }

    pub fn done(mut self, found: Vec<(usize, Found)>) -> Likeness {
        let is_led = self
            .account
            .roles
            .iter()
            .any(|one| one.role == Role::AccountAdmin);
        if !is_led {
            let email = format!("admin@{}", self.domain);
            self.people.push(PersonPart {
                email: email.clone(),
                name: "Account Administrator".to_owned(),
                access_level: 2,
                platform_roles: Vec::new(),
                invited: false,
                since: String::new(),
            });
            self.account.roles.push(RolePart {
                person: email,
                role: Role::AccountAdmin,
                virtual_account: String::new(),
            });
        }
        // A device that uses a license of one's own in a Virtual Account that has none of it: it is counted there all the same.
        let at = |place: &str| {
            search_key(if place.is_empty() {
                virtual_accounts::DEFAULT
            } else {
                place
            })
        };
        let lies: BTreeSet<(String, String)> = self
            .account
            .licenses
            .iter()
            .map(|one| (at(&one.virtual_account), one.license.clone()))
            .collect();
        let mut notes = Vec::new();
        for part in &mut self.account.product_instances {
            let place = at(&part.virtual_account);
            part.uses.retain(|used| {
                let good = catalog::entitlement(&used.license).is_some()
                    || lies.contains(&(place.clone(), used.license.clone()));
                if !good {
                    notes.push(format!(
                        "{}: {} lies in another Virtual Account, so its use is not counted.",
                        part.serial, used.license
                    ));
                }
                good
            });
        }
        self.more_notes += notes.len().saturating_sub(MOST_NOTES);
        self.notes.extend(notes.into_iter().take(MOST_NOTES));
        Likeness {
            account: self.account,
            people: self.people,
            notes: self.notes,
            more_notes: self.more_notes,
            found,
        }
    }
}
