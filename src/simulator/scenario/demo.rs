//! The scenario `demo`: the cast of the documentation and what they work with. Everything is planned first
//! (ids and times), then written in one transaction.

use super::year;
use super::{devices, mark, orders, tokens};
use crate::access_requests::{self, ScopeKind, Wish};
use crate::account_requests::{self, Customers, ForCustomer, Sending};
use crate::authn::{Actor, Person, PlatformRole, Via, people};
use crate::authz::{Does, Permit, Role, grants};
use crate::error::{Error, Result};
use crate::http::widgets::counted;
use crate::kernel::ids::{LicenseStockId, LinkId, PersonId, SmartAccountId, UserGroupId, VirtualAccountId};
use crate::kernel::{DomainIdentifier, EmailAddress, Event, Kind, Moment, Name, Who};
use crate::licenses;
use crate::members;
use crate::platform::db::{Db, Tx};
use crate::platform::mail;
use crate::platform::signing::Signing;
use crate::smart_accounts::{self, Draft, PendingDetail, Visibility};
use crate::virtual_accounts::{self, NewVirtualAccount, Place};
use chrono::TimeDelta;
use std::sync::Arc;

/// Somebody of the cast: address, name, access level, role over the portal, days since they came.
type Character = (&'static str, &'static str, i32, Option<PlatformRole>, i64);

const OLGA: Character = (
    "olga@licensing.example",
    "Olga Brandt",
    0,
    Some(PlatformRole::Operator),
    380,
);

/// Runs the customer account that has nobody of the cast in it.
const JUNE: &str = "june@fairwater.example";

/// Asked for access and was given it.
const ROSA: &str = "rosa@xyz.example";

/// Everyone. The first twelve are the cast.
const CAST: &[Character] = &[
    OLGA,
    (
        "sam@licensing.example",
        "Sam Ortega",
        0,
        Some(PlatformRole::Support),
        380,
    ),
    (
        "drew@licensing.example",
        "Drew Tanaka",
        0,
        Some(PlatformRole::DomainApprover),
        379,
    ),
    ("ada@xyz.example", "Ada Marsh", 2, None, 372),
    ("bob@xyz.example", "Bob Ferrant", 0, None, 371),
    ("cy@xyz.example", "Cy Okafor", 1, None, 371),
    ("vera@xyz.example", "Vera Lindholm", 0, None, 366),
    ("dan@xyz.example", "Dan Reyes", 2, None, 362),
    ("una@xyz.example", "Una Castell", 0, None, 362),
    ("pat@bramwell.example", "Pat Quill", 2, None, 340),
    ("eve@harborview.example", "Eve Harrow", 0, None, 210),
    ("noa@newcomer.example", "Noa Winter", 0, None, 6),
    (JUNE, "June Fairley", 0, None, 45),
    (ROSA, "Rosa Klein", 0, None, 150),
];

/// Name, domain, visibility, headquarters, days since it became Active.
type Company = (&'static str, &'static str, Visibility, &'static str, i64);

const XYZ: Company = (
    "XYZ COMPANY",
    "xyz.example",
    Visibility::Unrestricted,
    "1200 Harbor Street\nSuite 400\nSpringfield, OR 97477\nUnited States",
    372,
);
const BRAMWELL: Company = (
    "Bramwell Distribution",
    "bramwell.example",
    Visibility::Unrestricted,
    "8 Canal Wharf\nLeeds LS11 5PS\nUnited Kingdom",
    340,
);
const HARBORVIEW: Company = (
    "Harborview Clinics",
    "harborview.example",
    Visibility::Restricted,
    "77 Lakeside Avenue\nBurlington, VT 05401\nUnited States",
    210,
);

/// What became of a request that Pat sent.
#[derive(Debug, Clone, Copy)]
enum Fate {
    /// The customer created the account, so many days ago.
    Approved(i64),
    /// The Domain approver said no, so many days ago, for this reason.
    Denied(i64, &'static str),
    /// Pat took it back, so many days ago.
    Withdrawn(i64),
    /// It waits.
    Open,
}

/// A request: name, domain, Account creator, note to the approver, note to the customer, days since it was sent.
type Asked = (
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    i64,
    Fate,
);

/// What Pat asked for, the oldest first.
const REQUESTS: &[Asked] = &[
    (
        "Orchard Lane Schools",
        "orchardlane.example",
        "head.office@orchardlane.example",
        "",
        "Your licenses need a Smart Account. Please create it.",
        121,
        Fate::Withdrawn(120),
    ),
    (
        "Bluewater Marine",
        "bluewater.example",
        "chandler@harbormail.example",
        "The customer uses a mail provider; the domain is theirs.",
        "",
        91,
        Fate::Denied(
            89,
            "The domain belongs to another company. Ask the customer for the domain of their own organization.",
        ),
    ),
    (
        "Fairwater Foods",
        "fairwater.example",
        JUNE,
        "",
        "Welcome to your Smart Account. The licenses of your order follow as soon as it is there.",
        46,
        Fate::Approved(44),
    ),
    (
        "Meridian Labs",
        "meridianlabs.example",
        "it.lead@meridianlabs.example",
        "",
        "Please create the account so that your order can be assigned to it.",
        2,
        Fate::Open,
    ),
    (
        "Kestrel Freight",
        "kestrelfreight.example",
        "operations@kestrel-group.example",
        "Kestrel Freight and Kestrel Group are one company; the customer confirmed the domain by phone.",
        "",
        1,
        Fate::Open,
    ),
];

/// What became of a request for access to XYZ COMPANY.
#[derive(Debug, Clone, Copy)]
enum Answer {
    /// Somebody gave what was asked, so many days ago.
    Approved(&'static str, i64),
    /// Ada said no, so many days ago, for this reason.
    Declined(i64, &'static str),
    /// The requester took it back, so many days ago.
    Withdrawn(i64),
    /// It waits.
    Open,
}

/// A request for access: who, role, name of a Virtual Account or "" for all, note, days since it was sent.
type Wanted = (&'static str, Role, &'static str, &'static str, i64, Answer);

/// Who asked for access to XYZ COMPANY, the oldest first.
const WANTED: &[Wanted] = &[
    (
        ROSA,
        Role::VirtualUser,
        "Corporate Network Devices",
        "I joined the network team in Springfield.",
        149,
        Answer::Approved("dan@xyz.example", 148),
    ),
    (
        "pat@bramwell.example",
        Role::AccountUser,
        "",
        "To look after the licenses that we sold you.",
        96,
        Answer::Declined(95, "Partners see their orders in their own Smart Account."),
    ),
    (JUNE, Role::AccountViewer, "", "", 40, Answer::Withdrawn(39)),
    (
        "vera@xyz.example",
        Role::AccountUser,
        "",
        "I take over the license transfers from Cy next month.",
        5,
        Answer::Open,
    ),
    (
        "noa@newcomer.example",
        Role::VirtualViewer,
        "Public Network Devices",
        "We audit the guest networks this quarter.",
        2,
        Answer::Open,
    ),
    (
        "pat@bramwell.example",
        Role::VirtualUser,
        "Corporate Network Devices",
        "We replace the switches on the third floor and register them for you.",
        1,
        Answer::Open,
    ),
];

/// License tags of XYZ COMPANY: Virtual Account, entitlements, tags.
type Tagging = (&'static str, &'static [&'static str], &'static [&'static str]);
const LICENSE_TAGS: &[Tagging] = &[
    (
        "Corporate Network Devices",
        &["c9300-na-48", "c9300-dna-a-48", "c9500-na-48y", "c9500-dna-a-48y"],
        &["Campus core"],
    ),
    (
        "Corporate Network Devices",
        &["c9200-ne-24", "c9200-dna-e-24"],
        &["Refresh 2027", "Cost center 4100"],
    ),
    (
        "Public Network Devices",
        &["air-na", "air-dna-a"],
        &["Cost center 4200"],
    ),
];

/// A Virtual Account: name, description, tags, the one above it, days since it was created.
type Division = (
    &'static str,
    &'static str,
    &'static [&'static str],
    Option<&'static str>,
    i64,
);

/// The Virtual Accounts of XYZ COMPANY beside DEFAULT. One is named after the one above it.
const DIVISIONS: &[Division] = &[
    (
        "Corporate Network Devices",
        "Switches, routers and wireless of the offices.",
        &["Offices", "Campus"],
        None,
        370,
    ),
    (
        "Public Network Devices",
        "What guests and the public reach.",
        &["Guest access", "DMZ"],
        None,
        369,
    ),
    (
        "Local-Virtual-Account",
        "Served by the On-Prem server in the Springfield data center.",
        &["Data center", "Springfield"],
        None,
        301,
    ),
    (
        "Branch Offices",
        "The small sites of the Northwest: one switch and one access point each.",
        &["Offices", "Northwest"],
        Some("Corporate Network Devices"),
        184,
    ),
];

/// Who holds what in XYZ COMPANY: address, role, name of the Virtual Account.
const ROLES: &[(&str, Role, Option<&str>)] = &[
    ("ada@xyz.example", Role::AccountAdmin, None),
    ("bob@xyz.example", Role::AccountApprover, None),
    ("cy@xyz.example", Role::AccountUser, None),
    ("vera@xyz.example", Role::AccountViewer, None),
    (
        "dan@xyz.example",
        Role::VirtualAdmin,
        Some("Corporate Network Devices"),
    ),
    (
        "una@xyz.example",
        Role::VirtualUser,
        Some("Public Network Devices"),
    ),
];

/// Somebody with an id and a time of arrival.
#[derive(Debug, Clone)]
pub struct Planned {
    /// Their id.
    pub id: PersonId,
    email: EmailAddress,
    name: Name,
    level: i32,
    platform: Option<PlatformRole>,
    since: Moment,
}

impl Planned {
    fn of(now: Moment, (email, name, level, platform, days): Character) -> Result<Self> {
        Ok(Self {
            id: PersonId::new(),
            email: EmailAddress::parse(email).map_err(Error::internal)?,
            name: Name::parse(name, "Name").map_err(Error::internal)?,
            level,
            platform,
            since: days_before(now, days, 8),
        })
    }
    /// Name and address, as the record keeps them.
    pub fn label(&self) -> String {
        format!("{} ({})", self.name, self.email)
    }
    /// Their name.
    pub fn name(&self) -> &str {
        self.name.as_str()
    }
    /// As one who asks: what they may is decided by the roles that they hold.
    fn actor(&self, tx: &mut Tx<'_>) -> Result<Arc<Actor>> {
        Ok(Arc::new(Actor {
            person: people::find(tx, self.id)?,
            platform: self.platform.into_iter().collect(),
            via: Via::Client {
                id: "scenario".to_owned(),
                may_write: true,
                is_subscribed: true,
            },
            who: self.who(if self.email.domain() == XYZ.1 {
                year::OFFICE
            } else {
                year::PARTNER
            }),
        }))
    }
    fn permit<A: Does>(&self, tx: &mut Tx<'_>, at: Moment) -> Result<Permit<A>> {
        let held = grants::of_person(tx, self.id)?;
        Permit::ask(self.actor(tx)?, None, &held, at)
    }
    fn permit_in<A: Does>(&self, tx: &mut Tx<'_>, account: SmartAccountId, at: Moment) -> Result<Permit<A>> {
        let number = smart_accounts::find(tx, account)?.number;
        let (tenant, held) = grants::standing(tx, number, self.id)?.ok_or(Error::NotFound)?;
        Permit::ask(self.actor(tx)?, Some(&tenant), &held, at)
    }
    /// As one who did something.
    pub fn who(&self, address: &str) -> Who {
        Who {
            person: Some(self.id),
            label: self.label(),
            address: address.to_owned(),
            request_id: String::new(),
        }
    }
}

/// Was invited two days ago.
const INVITED: &str = "ivo@xyz.example";

/// The plan: every id and every time.
#[derive(Debug, Clone)]
pub struct Demo {
    /// When the portal starts.
    pub now: Moment,
    people: Vec<Planned>,
    /// XYZ COMPANY.
    pub xyz: SmartAccountId,
    /// Of XYZ COMPANY: DEFAULT first.
    pub divisions: Vec<(VirtualAccountId, &'static str)>,
    /// Of the others: account and its DEFAULT.
    others: Vec<(Company, SmartAccountId, VirtualAccountId)>,
    requests: Vec<(Asked, Sending, VirtualAccountId)>,
    wanted: Vec<(Wanted, access_requests::Sending)>,
    year: Vec<year::Happened>,
    /// Of the user group, and of the person who was invited.
    group: UserGroupId,
    invited: Vec<(PersonId, LinkId)>,
    orders: Vec<orders::Planned>,
    tokens: Vec<tokens::Planned>,
    devices: Vec<devices::Planned>,
}

/// So many days ago, at an hour of the day.
pub fn days_before(now: Moment, days: i64, hour: i64) -> Moment {
    let midnight = now.plus(-TimeDelta::microseconds(
        now.utc().timestamp_micros().rem_euclid(86_400_000_000),
    ));
    // Today's hours may still lie ahead.
    let at = midnight.plus(TimeDelta::days(-days) + TimeDelta::hours(hour));
    at.min(now)
}

impl Demo {
    /// Thinks everything out.
    pub fn plan(now: Moment, signing: &Signing) -> Result<Self> {
        let people: Vec<Planned> = CAST
            .iter()
            .map(|character| Planned::of(now, *character))
            .collect::<Result<_>>()?;
        let mut divisions = vec![(VirtualAccountId::new(), virtual_accounts::DEFAULT)];
        divisions.extend(
            DIVISIONS
                .iter()
                .map(|(name, ..)| (VirtualAccountId::new(), *name)),
        );
        let others = [BRAMWELL, HARBORVIEW]
            .into_iter()
            .map(|company| (company, SmartAccountId::new(), VirtualAccountId::new()))
            .collect();
        let requests = REQUESTS
            .iter()
            .map(|asked| {
                (
                    *asked,
                    Sending::new(days_before(now, asked.5, 9)),
                    VirtualAccountId::new(),
                )
            })
            .collect();
        let wanted = WANTED
            .iter()
            .map(|wanted| {
                (
                    *wanted,
                    access_requests::Sending::new(days_before(now, wanted.4, 10)),
                )
            })
            .collect();
        let xyz = SmartAccountId::new();
        let mut demo = Self {
            now,
            people,
            xyz,
            devices: devices::plan(now, xyz, &divisions),
            tokens: tokens::plan(now, signing, &divisions)?,
            divisions,
            others,
            requests,
            wanted,
            year: Vec::new(),
            group: UserGroupId::new(),
            invited: members::new_ids(2),
            orders: orders::plan(now)?,
        };
        demo.year = year::plan(now, &demo);
        Ok(demo)
    }

    /// Somebody of the cast.
    pub fn person(&self, email: &str) -> Result<&Planned> {
        self.people
            .iter()
            .find(|p| p.email.as_str() == email)
            .ok_or_else(|| Error::internal(format!("{email} is not in the cast")))
    }

    /// A Virtual Account of XYZ COMPANY.
    fn division(&self, name: &str) -> Result<VirtualAccountId> {
        self.divisions
            .iter()
            .find(|(_, known)| *known == name)
            .map(|(id, _)| *id)
            .ok_or_else(|| Error::internal(format!("{name} is not in the plan")))
    }

    /// Writes all of it, or nothing.
    /// `more` comes after the demo and before its mark.
    pub fn write(
        &self,
        db: &Db,
        hash: &str,
        name: &str,
        more: impl Fn(&mut Tx<'_>) -> Result<()>,
    ) -> Result<String> {
        db.write_now(|tx| {
            if people::count(tx)? > 0 {
                // Another process was quicker.
                return Ok(tx.unchanged(String::new()));
            }
            for person in &self.people {
                add_person(tx, person, hash)?;
            }
            self.xyz_company(tx)?;
            self.group_and_invitation(tx)?;
            self.other_companies(tx)?;
            self.requests(tx)?;
            self.access(tx)?;
            self.write_orders(tx)?;
            self.license_tags(tx)?;
            tokens::write(tx, self, &self.tokens)?;
            // What was written long ago went out long ago. Only the letters of what is still open are delivered.
            mail::sent_long_ago(tx, days_before(self.now, 7, 0))?;
            self.clients(tx)?;
            for happened in &self.year {
                tx.note(happened.at, &happened.who, &happened.event)?;
            }
            more(tx)?;
            let words = format!(
                "The scenario {name} was loaded: {}.",
                counted(people::count(tx)?.unsigned_abs(), "person", "people")
            );
            mark(tx, self.now, name, &words)
        })
    }

    /// The right of somebody of the cast to do a thing in an account.
    pub fn permit_of<A: Does>(
        &self,
        tx: &mut Tx<'_>,
        email: &str,
        account: SmartAccountId,
        at: Moment,
    ) -> Result<Permit<A>> {
        self.person(email)?.permit_in(tx, account, at)
    }

    fn write_orders(&self, tx: &mut Tx<'_>) -> Result<()> {
        let (_, bramwell, _) = *self.others.first().ok_or_else(|| Error::internal("no partner"))?;
        let places = orders::Places {
            xyz: (self.xyz, &self.divisions),
            bramwell,
        };
        // In the order in which it happened: what is in use grows with what was bought.
        let mut next = 0;
        for order in &self.orders {
            next = devices::write_until(tx, &self.devices, next, order.at())?;
            orders::write(tx, self, std::slice::from_ref(order), &places)?;
        }
        devices::write_until(tx, &self.devices, next, self.now).map(drop)
    }

    fn license_tags(&self, tx: &mut Tx<'_>) -> Result<()> {
        let at = days_before(self.now, 12, 14);
        let permit = self.permit_of(tx, "ada@xyz.example", self.xyz, at)?;
        for (division, entitlements, tags) in LICENSE_TAGS {
            let place = self.division(division)?;
            let ids: Vec<LicenseStockId> = licenses::stocks_in(tx, self.xyz, place)?
                .into_iter()
                .filter(|stock| entitlements.contains(&stock.entitlement.as_str()))
                .map(|stock| stock.id)
                .collect();
            let tags: Vec<String> = tags.iter().map(|tag| (*tag).to_owned()).collect();
            let _ = licenses::change_tags(tx, &permit, at, &ids, &tags, &[])?;
        }
        Ok(())
    }

    fn xyz_company(&self, tx: &mut Tx<'_>) -> Result<()> {
        let ada = self.person("ada@xyz.example")?;
        let portal = Who::portal("scenario");
        let (default, _) = *self
            .divisions
            .first()
            .ok_or_else(|| Error::internal("no DEFAULT"))?;
        make_account(tx, self.now, XYZ, self.xyz, default, &portal)?;
        for (at, (email, role, division)) in (0_i64..).zip(ROLES) {
            if at == 1 {
                self.divisions_by(tx, ada)?;
            }
            let person = self.person(email)?;
            let within = division.map(|name| self.division(name)).transpose()?;
            let at = person.since.plus(TimeDelta::minutes(17 + 3 * at));
            let who = if person.id == ada.id {
                portal.clone()
            } else {
                ada.who(year::OFFICE)
            };
            give(tx, at, &who, self.xyz, within.zip(*division), person, *role)?;
        }
        Ok(())
    }

    fn divisions_by(&self, tx: &mut Tx<'_>, ada: &Planned) -> Result<()> {
        for (name, says, tags, parent, days) in DIVISIONS {
            let id = self.division(name)?;
            let at = days_before(self.now, *days, 10);
            let place = match parent {
                None => Place::Top(ada.permit_in(tx, self.xyz, at)?),
                Some(above) => Place::Below(ada.permit_in(tx, self.xyz, at)?, self.division(above)?),
            };
            let new = NewVirtualAccount::named(name, says).tagged(tags);
            let _ = virtual_accounts::create_at(tx, &place, at, id, &new, None)?;
        }
        Ok(())
    }

    /// A user group with two people, and somebody who was invited and has not accepted yet.
    fn group_and_invitation(&self, tx: &mut Tx<'_>) -> Result<()> {
        let ada = self.person("ada@xyz.example")?;
        let made = days_before(self.now, 40, 9);
        let permit = ada.permit_in(tx, self.xyz, made)?;
        let corporate = self.division("Corporate Network Devices")?;
        let new = members::NewGroup {
            id: self.group,
            name: Name::parse("Network operations", "Name").map_err(Error::internal)?,
            description: "Looks after the corporate network.".to_owned(),
            access: Some((members::Scope::These(vec![corporate]), Role::VirtualUser)),
        };
        let _ = members::create_group(tx, &permit, made, &new, None)?;
        let lines = members::numbered(0, ["cy@xyz.example", "una@xyz.example"].map(str::to_owned).into());
        let joined = made.plus(TimeDelta::minutes(6));
        let _ = members::add_to_group(tx, &permit, joined, self.group, &lines, &self.invited, false)?;
        let asked = days_before(self.now, 2, 10);
        let permit = ada.permit_in(tx, self.xyz, asked)?;
        let invited = members::NewUsers {
            places: None,
            role: Some(Role::AccountViewer),
            lines: members::numbered(0, vec![INVITED.to_owned()]),
            table: None,
        };
        members::add_users(tx, &permit, asked, &invited, &self.invited, false).map(drop)
    }

    fn other_companies(&self, tx: &mut Tx<'_>) -> Result<()> {
        let portal = Who::portal("scenario");
        for (company, id, default) in &self.others {
            let (_, domain, _, _, days) = *company;
            make_account(tx, self.now, *company, *id, *default, &portal)?;
            let at = days_before(self.now, days, 9);
            for person in &self.people {
                if person.email.domain() == domain {
                    give(tx, at, &portal, *id, None, person, Role::AccountAdmin)?;
                }
            }
        }
        Ok(())
    }

    /// Requests in every state, through the room's own services: the rules hold here as well.
    fn requests(&self, tx: &mut Tx<'_>) -> Result<()> {
        let pat = self.person("pat@bramwell.example")?;
        let pat_now = people::find(tx, pat.id)?;
        for ((name, domain, creator, to_approver, to_customer, days, fate), sending, default) in
            &self.requests
        {
            let asked =
                ForCustomer::parse(name, domain, Customers::parse(creator), to_approver, to_customer)?;
            let permit = pat.permit(tx, days_before(self.now, *days, 9))?;
            let sent = account_requests::send(tx, &permit, &pat_now, sending, &asked, None)?;
            let reference = sent.value().reference.clone();
            match fate {
                Fate::Approved(days) => {
                    let june = self.person(JUNE)?;
                    let (at, person) = (days_before(self.now, *days, 11), people::find(tx, june.id)?);
                    let permit = june.permit(tx, at)?;
                    let _ = account_requests::approve(tx, &permit, &person, at, *default, &reference)?;
                }
                Fate::Denied(days, reason) => {
                    let drew = self.person("drew@licensing.example")?;
                    let (at, person) = (days_before(self.now, *days, 15), people::find(tx, drew.id)?);
                    let permit = drew.permit(tx, at)?;
                    let _ = account_requests::deny(tx, &permit, &person, at, &reference, reason)?;
                }
                Fate::Withdrawn(days) => {
                    let at = days_before(self.now, *days, 10);
                    let permit = pat.permit(tx, at)?;
                    let _ = account_requests::withdraw(tx, &permit, &pat_now, at, &reference)?;
                }
                Fate::Open => {}
            }
        }
        Ok(())
    }

    /// Requests for access to XYZ COMPANY, through the room's own services as well.
    fn access(&self, tx: &mut Tx<'_>) -> Result<()> {
        for ((email, role, place, note, days, answer), sending) in &self.wanted {
            let asking = self.person(email)?;
            let person = people::find(tx, asking.id)?;
            let wish = if place.is_empty() {
                Wish {
                    scope: ScopeKind::Account,
                    role: *role,
                    places: Vec::new(),
                    names: Vec::new(),
                }
            } else {
                Wish {
                    scope: ScopeKind::VirtualAccounts,
                    role: *role,
                    places: vec![self.division(place)?],
                    names: Vec::new(),
                }
            };
            let permit = asking.permit(tx, days_before(self.now, *days, 10))?;
            let sent = access_requests::send(tx, &permit, &person, *sending, XYZ.1, &wish, note, None)?;
            let id = sent.value().id;
            match answer {
                Answer::Approved(by, days) => {
                    let at = days_before(self.now, *days, 14);
                    let permit = self.person(by)?.permit_in(tx, self.xyz, at)?;
                    let scope = wish.scope.with(wish.places.clone());
                    let _ = access_requests::approve(tx, &permit, at, id, &scope, wish.role)?;
                }
                Answer::Declined(days, reason) => {
                    let at = days_before(self.now, *days, 16);
                    let permit = self.person("ada@xyz.example")?.permit_in(tx, self.xyz, at)?;
                    let _ = access_requests::decline(tx, &permit, at, id, reason)?;
                }
                Answer::Withdrawn(days) => {
                    let at = days_before(self.now, *days, 9);
                    let permit = asking.permit(tx, at)?;
                    let _ = access_requests::withdraw(tx, &permit, at, id)?;
                }
                Answer::Open => {}
            }
        }
        Ok(())
    }

    /// Keys for scripts, with a secret that everybody knows: a lab has nothing to hide.
    fn clients(&self, tx: &mut Tx<'_>) -> Result<()> {
        for (id, email) in [
            ("demo-ada", "ada@xyz.example"),
            ("demo-pat", "pat@bramwell.example"),
            (OPERATORS_CLIENT, OLGA.0),
        ] {
            let person = self.person(email)?;
            let at = person.since.plus(TimeDelta::hours(26));
            super::add_client(
                tx,
                at,
                id,
                person.id,
                &person.name.to_string(),
                &person.who(year::OFFICE),
            )?;
        }
        Ok(())
    }
}

/// The API client with which `licentral lab` speaks, unless it is told otherwise.
const OPERATORS_CLIENT: &str = "demo-olga";

/// The scenario `empty`: somebody who can operate the portal.
pub fn write_operator(db: &Db, now: Moment, hash: &str) -> Result<String> {
    let olga = Planned {
        since: now,
        ..Planned::of(now, OLGA)?
    };
    db.write_now(|tx| {
        if people::count(tx)? > 0 {
            return Ok(tx.unchanged(String::new()));
        }
        add_person(tx, &olga, hash)?;
        super::add_client(
            tx,
            now,
            OPERATORS_CLIENT,
            olga.id,
            &olga.name.to_string(),
            &Who::portal("scenario"),
        )?;
        let words = format!("The portal is empty but for its operator, {}.", olga.email);
        mark(tx, now, "empty", &words)
    })
}

fn add_person(tx: &mut Tx<'_>, person: &Planned, hash: &str) -> Result<Person> {
    let added = people::add(
        tx,
        person.since,
        person.id,
        &person.email,
        &person.name,
        Some(hash),
        person.level,
    )?;
    if let Some(role) = person.platform {
        people::give_platform_role(tx, person.id, role)?;
    }
    let event = Event::new(
        Kind::PersonAdded,
        person.id,
        format!("The user account of {} was created.", person.label()),
    );
    tx.note(person.since, &Who::portal("scenario"), &event)?;
    Ok(added)
}

fn draft((name, domain, visibility, headquarters, _): Company) -> Result<Draft> {
    Ok(Draft {
        name: Name::parse(name, "Smart Account Name").map_err(Error::internal)?,
        domain: DomainIdentifier::parse(domain).map_err(Error::internal)?,
        visibility,
        headquarters: headquarters.to_owned(),
        requested_by: None,
        detail: PendingDetail::CustomerAcceptance,
    })
}

/// An Active account with its DEFAULT Virtual Account.
fn make_account(
    tx: &mut Tx<'_>,
    now: Moment,
    company: Company,
    id: SmartAccountId,
    default: VirtualAccountId,
    who: &Who,
) -> Result<()> {
    let active = days_before(now, company.4, 8).plus(TimeDelta::minutes(5));
    let asked = active.plus(TimeDelta::minutes(-200));
    let account = smart_accounts::request(tx, asked, id, &draft(company)?)?;
    let says = |what: &str| format!("The Smart Account {} {what}.", account.name);
    let created = Event::new(Kind::AccountCreated, account.number, says("was requested")).within(id);
    tx.note(asked, who, &created)?;
    smart_accounts::activate(tx, active, id)?;
    virtual_accounts::create_default(tx, active, id, default)?;
    let activated = Event::new(Kind::AccountActivated, account.number, says("became Active"))
        .within(id)
        .changed(&smart_accounts::State::Pending, &smart_accounts::State::Active);
    tx.note(active, who, &activated)
}

fn give(
    tx: &mut Tx<'_>,
    at: Moment,
    who: &Who,
    account: SmartAccountId,
    within: Option<(VirtualAccountId, &str)>,
    person: &Planned,
    role: Role,
) -> Result<()> {
    grants::give(tx, at, account, within.map(|(id, _)| id), person.id, role)?;
    let mut event = Event::new(
        Kind::RoleGranted,
        person.id,
        match within {
            Some((_, name)) => format!("{} was given the role {role} in {name}.", person.label()),
            None => format!("{} was given the role {role}.", person.label()),
        },
    )
    .within(account)
    .changed(&None::<Role>, &Some(role));
    event.virtual_account = within.map(|(id, _)| id);
    tx.note(at, who, &event)
}
