//! Makes throw-away tenants, and takes them away when their time is over.

use super::model::{LICENSES, MOST, Made, MadePerson, PEOPLE, PLACES, Part, Tenant, Wanted};
use super::store;
use crate::authn::{api_client, people};
use crate::authz::Permit;
use crate::authz::action::Operate;
use crate::error::{Error, Result};
use crate::http::Portal;
use crate::http::widgets::counted;
use crate::kernel::ids::{PersonId, SmartAccountId, VirtualAccountId};
use crate::kernel::{Clock, DomainIdentifier, EmailAddress, Event, Kind, Moment, Name, Secret, Who};
use crate::platform::db::{Db, Recorded, Tx, forget_with_everything, off_the_loop};
use crate::platform::jobs::Job;
use crate::platform::token;
use crate::simulator::scenario::PASSWORD;
use crate::simulator::scenario::file::{self, AccountPart, LicensePart, Means, PlacePart, RolePart};
use crate::smart_accounts;
use crate::virtual_accounts;
use chrono::TimeDelta;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::time::Duration;

/// What the record calls them.
const ABOUT: &str = "throw-away tenants";
/// So many are taken away in one go.
const AT_ONCE: i64 = 20;

/// Only a lab's cloud has them: local accounts belong to one in the cloud.
fn has_them(portal: &Portal) -> Result<()> {
    if portal.config.is_lab() && !portal.config.edition.is_on_prem() {
        Ok(())
    } else {
        Err(Error::NotFound)
    }
}

/// Those that there are, each with number, name and domain.
pub async fn list(portal: &Portal) -> Result<Vec<(Tenant, smart_accounts::SmartAccount)>> {
    has_them(portal)?;
    portal
        .db
        .read(|r| {
            let tenants = store::all(r, None)?;
            let ids: Vec<SmartAccountId> = tenants.iter().map(|one| one.account).collect();
            let accounts = smart_accounts::find_many(r, &ids)?;
            Ok(tenants
                .into_iter()
                .filter_map(|tenant| {
                    let account = accounts.iter().find(|one| one.id == tenant.account)?.clone();
                    Some((tenant, account))
                })
                .collect())
        })
        .await
}

/// What one that is about to be made is, with keys and secrets.
struct Plan {
    label: String,
    account: AccountPart,
    people: Vec<(PersonId, MadePerson, &'static str)>,
}

impl Plan {
    fn of(wanted: &Wanted, number: u64) -> Self {
        let label = format!("t{number}-{}", wanted.batch.as_str());
        let people: Vec<(PersonId, MadePerson, &'static str)> = PEOPLE
            .iter()
            .map(|(first, name, role)| {
                let made = MadePerson {
                    email: format!("{first}@{label}.example"),
                    role: *role,
                    client_id: format!("{label}-{first}"),
                    client_secret: format!("lcs_{}", token::random()),
                };
                (PersonId::new(), made, *name)
            })
            .collect();
        let mut account = AccountPart {
            visibility: smart_accounts::Visibility::Restricted,
            headquarters: "1 Sample Street, Springfield".to_owned(),
            ..AccountPart::named(&format!("Throw-away {label}"), &format!("{label}.example"))
        };
        account.roles = people
            .iter()
            .map(|(_, made, _)| RolePart {
                person: made.email.clone(),
                role: made.role,
                virtual_account: String::new(),
            })
            .collect();
        if wanted.part == Part::Licensed {
            account.virtual_accounts = PLACES
                .iter()
                .map(|name| PlacePart::named(name, "Of a throw-away tenant."))
                .collect();
            account.licenses = LICENSES
                .iter()
                .map(|(license, quantity)| LicensePart::of(license, *quantity))
                .collect();
        }
        Self {
            label,
            account,
            people,
        }
    }
}

/// Makes some, all of them or none.
pub async fn make(portal: &Portal, permit: &Permit<Operate>, wanted: Wanted) -> Result<Vec<Made>> {
    has_them(portal)?;
    let hasher = portal.hasher.clone();
    let hash = off_the_loop(move || hasher.hash_now(&Secret::new(PASSWORD))).await?;
    let plans: Vec<Plan> = (1..=wanted.count).map(|n| Plan::of(&wanted, n)).collect();
    let (who, at, wall) = (permit.who().clone(), portal.clock.now(), portal.clock.wall());
    let expires = wall.plus(TimeDelta::seconds(
        i64::try_from(wanted.seconds).unwrap_or(i64::MAX),
    ));
    let signing = portal.signing.clone();
    portal
        .db
        .write(move |tx| {
            let means = Means {
                now: at,
                who: who.clone(),
                signing: &signing,
                hash: &hash,
                at: RefCell::default(),
            };
            if !store::all(tx, Some(wanted.batch.as_str()))?.is_empty() {
                return Err(Error::invalid(
                    "name",
                    "There are throw-away tenants of this name already. Choose another, or remove them.",
                ));
            }
            has_room(tx, plans.len())?;
            let made = plans
                .iter()
                .map(|plan| one(tx, &means, expires, &wanted, plan))
                .collect::<Result<Vec<Made>>>()?;
            let words = format!(
                "{} made under the name {}.",
                counted(
                    made.len() as u64,
                    "throw-away tenant was",
                    "throw-away tenants were"
                ),
                wanted.batch.as_str()
            );
            tx.record(at, &who, &Event::new(Kind::LabTenants, ABOUT, words), made)
        })
        .await
}

/// Whether the lab takes so many more.
pub fn has_room(tx: &mut Tx<'_>, more: usize) -> Result<()> {
    if store::count(tx)? + i64::try_from(more).unwrap_or(i64::MAX) > MOST {
        return Err(Error::refused(
            "lab.too-many-tenants",
            format!("A lab has at most {MOST} throw-away tenants at once."),
        ));
    }
    Ok(())
}

/// Name and domain of one that is about to be made, and the id of its DEFAULT.
pub struct Founding<'a> {
    pub name: &'a str,
    pub domain: &'a str,
    pub default: VirtualAccountId,
}

/// An Active account that goes by itself, with its DEFAULT and nobody in it.
pub fn found(
    tx: &mut Tx<'_>,
    who: &Who,
    at: Moment,
    tenant: &Tenant,
    Founding {
        name,
        domain,
        default,
    }: &Founding<'_>,
) -> Result<smart_accounts::SmartAccount> {
    let draft = smart_accounts::Draft {
        name: Name::parse(name, "Name").map_err(Error::internal)?,
        domain: DomainIdentifier::parse(domain).map_err(Error::internal)?,
        visibility: smart_accounts::Visibility::Restricted,
        headquarters: "1 Sample Street, Springfield".to_owned(),
        requested_by: None,
        detail: smart_accounts::PendingDetail::CustomerAcceptance,
    };
    smart_accounts::request(tx, at, tenant.account, &draft)?;
    let account = smart_accounts::activate(tx, at, tenant.account)?;
    virtual_accounts::create_default(tx, at, tenant.account, *default)?;
    let event = Event::new(
        Kind::AccountCreated,
        tenant.account,
        format!("The Smart Account {name} was made to be thrown away."),
    )
    .within(tenant.account);
    tx.note(at, who, &event)?;
    store::insert(tx, at, tenant)?;
    Ok(account)
}

fn one(tx: &mut Tx<'_>, means: &Means<'_>, expires: Moment, wanted: &Wanted, plan: &Plan) -> Result<Made> {
    let client = Name::parse("Throw-away scripts", "Name").map_err(Error::internal)?;
    let mut people_of = BTreeMap::new();
    for (id, made, called) in &plan.people {
        let email = EmailAddress::parse(&made.email).map_err(Error::internal)?;
        let called = Name::parse(called, "Name").map_err(Error::internal)?;
        people::add(tx, means.now, *id, &email, &called, Some(means.hash), 2)?;
        let (name, secret) = (&made.client_id, &made.client_secret);
        api_client::add(tx, means.now, *id, name, secret, &client, api_client::Scopes::ALL)?;
        people_of.insert(email.key().to_owned(), *id);
    }
    let account = file::write_account(tx, means, &plan.account, &people_of, &plan.label)?;
    let ids: Vec<String> = plan.people.iter().map(|(id, _, _)| id.to_string()).collect();
    store::insert(
        tx,
        means.now,
        &Tenant {
            account: account.id,
            batch: wanted.batch.as_str().to_owned(),
            people: ids.join(" "),
            expires_at: expires,
        },
    )?;
    Ok(Made {
        number: account.number,
        name: account.name,
        domain: account.domain,
        people: plan.people.iter().map(|(_, made, _)| made.clone()).collect(),
    })
}

/// Takes those of a name away.
pub async fn remove(portal: &Portal, permit: &Permit<Operate>, batch: String) -> Result<u64> {
    has_them(portal)?;
    let (who, at) = (permit.who().clone(), portal.clock.now());
    portal
        .db
        .write(move |tx| {
            let tenants = store::all(tx, Some(&batch))?;
            if tenants.is_empty() {
                return Err(Error::NotFound);
            }
            forget(tx, &who, at, &tenants)
        })
        .await
}

/// Takes those of a name away, as a part of the caller's write.
pub fn forget_named(tx: &mut Tx<'_>, who: &Who, at: Moment, batch: &str) -> Result<Recorded<u64>> {
    let tenants = store::all(tx, Some(batch))?;
    forget(tx, who, at, &tenants)
}

fn forget(tx: &mut Tx<'_>, who: &Who, at: Moment, tenants: &[Tenant]) -> Result<Recorded<u64>> {
    for tenant in tenants {
        forget_with_everything(tx, tenant.account)?;
        for id in tenant.people.split(' ').filter_map(|id| id.parse().ok()) {
            people::retire(tx, at, id)?;
        }
    }
    let many = tenants.len() as u64;
    let words = format!(
        "{} removed with everything.",
        counted(many, "throw-away tenant was", "throw-away tenants were")
    );
    tx.record(at, who, &Event::new(Kind::LabTenants, ABOUT, words), many)
}

/// Takes away what is over.
pub fn jobs(db: &Db, clock: &Clock) -> Vec<Job> {
    vec![Job::by_clock(
        "remove throw-away tenants",
        Duration::from_secs(2),
        db,
        clock,
        |db, clock| async move {
            loop {
                let (at, wall) = (clock.now(), clock.wall());
                let over = db.read(move |r| store::over(r, wall, AT_ONCE)).await?;
                if over.is_empty() {
                    return Ok(());
                }
                db.write(move |tx| forget(tx, &Who::portal("throw-away tenants"), at, &over))
                    .await?;
            }
        },
    )]
}
