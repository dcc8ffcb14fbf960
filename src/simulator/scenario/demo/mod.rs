//! The scenario `demo`: the cast of the documentation and what they work with. Everything is planned first
//! (ids and times), then written in one transaction.

mod cast;
mod facts;
mod make;

pub use cast::Planned;
use cast::{CAST, JUNE, OLGA};
use facts::{
    Answer, Asked, BRAMWELL, Company, DIVISIONS, Fate, HARBORVIEW, LICENSE_TAGS, REQUESTS, ROLES, WANTED,
    Wanted, XYZ,
};
use make::{add_person, give, make_account};

use crate::access_requests::{self, ScopeKind, Wish};
use crate::account_requests::{self, Customers, ForCustomer, Sending};
use crate::authn::people;
use crate::authz::{Does, Permit, Role};
use crate::error::{Error, Result};
use crate::http::widgets::counted;
use crate::kernel::ids::{LicenseStockId, LinkId, PersonId, SmartAccountId, UserGroupId, VirtualAccountId};
use crate::kernel::{Moment, Name, Who};
use crate::licenses;
use crate::members;
use crate::platform::db::{Db, Tx};
use crate::platform::mail;
use crate::platform::signing::Signing;
use crate::simulator::scenario::year;
use crate::simulator::scenario::{devices, mark, orders, tokens};
use crate::virtual_accounts::{self, NewVirtualAccount, Place};
use chrono::TimeDelta;

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
            crate::simulator::scenario::add_client(
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
        crate::simulator::scenario::add_client(
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
