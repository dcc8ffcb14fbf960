//! Makes a person, an account or a role of the demo, as it would have come about.

use super::cast::Planned;
use super::days_before;
use super::facts::Company;
use crate::authn::{Person, people};
use crate::authz::{Role, grants};
use crate::error::{Error, Result};
use crate::kernel::ids::{SmartAccountId, VirtualAccountId};
use crate::kernel::{DomainIdentifier, Event, Kind, Moment, Name, Who};
use crate::platform::db::Tx;
use crate::smart_accounts::{self, Draft, PendingDetail};
use crate::virtual_accounts;
use chrono::TimeDelta;

pub(super) fn add_person(tx: &mut Tx<'_>, person: &Planned, hash: &str) -> Result<Person> {
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
pub(super) fn make_account(
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

pub(super) fn give(
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
