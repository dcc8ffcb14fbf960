//! Administrators who let somebody decide in their place for a time.

use crate::access_requests::{letters, model};
use crate::authn::people::{self, Person, PersonState};
use crate::authz::action::DecideAccess;
use crate::authz::delegation::{self, Delegation};
use crate::authz::{Action, Does, Grant, Permit, grants, matrix};
use crate::error::{Error, Problems, Result};
use crate::kernel::ids::{DelegationId, PersonId};
use crate::kernel::{EmailAddress, Event, Kind, Moment};
use crate::platform::db::{Reads, Recorded, Tx};
use crate::platform::mail;
use serde_json::json;
use std::collections::HashMap;

/// A delegation with the people of it.
#[derive(Debug, Clone)]
pub struct StoodIn {
    /// It.
    pub delegation: Delegation,
    /// Who is away.
    pub from: Person,
    /// Who decides meanwhile.
    pub to: Person,
}

/// Those of an account that count now or will.
pub fn delegations<A: Does>(read: &mut dyn Reads, permit: &Permit<A>, now: Moment) -> Result<Vec<StoodIn>> {
    let found = delegation::of_account(read, permit.within().account()?, now)?;
    let ids: Vec<PersonId> = found.iter().flat_map(|one| [one.from, one.to]).collect();
    let people: HashMap<PersonId, Person> = people::find_all(read, &ids)?
        .into_iter()
        .map(|person| (person.id, person))
        .collect();
    Ok(found
        .into_iter()
        .filter_map(|delegation| {
            Some(StoodIn {
                from: people.get(&delegation.from)?.clone(),
                to: people.get(&delegation.to)?.clone(),
                delegation,
            })
        })
        .collect())
}

/// Whether somebody has a right of their own that they could lend.
pub fn may_lend<A: Does>(permit: &Permit<A>, held: &[Grant]) -> bool {
    permit.within().only().is_none_or(|only| !only.is_empty())
        && held
            .iter()
            .any(|grant| matrix::allows(Action::DecideAccess, grant.role))
}

fn check_period(at: Moment, starts_at: Moment, ends_at: Moment) -> Result<()> {
    let mut problems = Problems::default();
    if ends_at <= starts_at || ends_at <= at {
        problems.add(
            "ends",
            "Enter a last day that is not before the first day and not over.",
        );
    } else if ends_at.since(starts_at) > model::LONGEST_DELEGATION {
        problems.add("ends", "Choose a period of at most 90 days.");
    }
    problems.or_ok()
}

/// Names somebody who decides while one is away, within one's own right.
pub fn lend(
    tx: &mut Tx<'_>,
    permit: &Permit<DecideAccess>,
    at: Moment,
    id: DelegationId,
    to: &EmailAddress,
    starts_at: Moment,
    ends_at: Moment,
) -> Result<Recorded<DelegationId>> {
    let account = permit.within().account()?;
    let from = permit.actor()?.person.clone();
    let held = grants::of_person_in(tx, account, from.id)?;
    if !may_lend(permit, &held) {
        return Err(Error::refused(
            "access-requests.nothing-to-lend",
            "Only who can decide access requests by a role of their own can name a delegate.",
        ));
    }
    check_period(at, starts_at, ends_at)?;
    let nobody = || {
        Error::invalid(
            "delegate",
            format!("Nobody with a role in this Smart Account has the address {to}."),
        )
    };
    let to = people::by_email(tx, to)?
        .filter(|person| person.state == PersonState::Active)
        .ok_or_else(nobody)?;
    if to.id == from.id {
        return Err(Error::invalid(
            "delegate",
            "Enter somebody else\u{2019}s address.",
        ));
    }
    if grants::of_person_in(tx, account, to.id)?.is_empty() {
        return Err(Error::invalid(
            "delegate",
            format!(
                "Nobody with a role in this Smart Account has the address {}.",
                to.email
            ),
        ));
    }
    let overlaps = delegation::of_account(tx, account, at)?
        .into_iter()
        .any(|one| one.from == from.id && one.starts_at < ends_at && starts_at < one.ends_at);
    if overlaps {
        return Err(Error::refused(
            "access-requests.delegation-overlaps",
            "You have named a delegate for some of this time. End that delegation first.",
        ));
    }
    let new = Delegation {
        id,
        account,
        from: from.id,
        to: to.id,
        starts_at,
        ends_at,
        created_at: at,
        ended_at: None,
    };
    delegation::lend(tx, &new)?;
    mail::post(
        tx,
        at,
        letters::DELEGATED,
        id.as_str(),
        &json!({ "account": account }),
        &to.name,
        &to.email,
    )?;
    let event = Event::new(
        Kind::AccessDelegated,
        id,
        format!(
            "{} decides access requests on behalf of {} from {} until {}.",
            to.label(),
            from.label(),
            starts_at.words(),
            ends_at.words()
        ),
    )
    .within(account)
    .changed(
        &json!(null),
        &json!({ "delegator": from.label(), "delegate": to.label(), "starts_at": starts_at, "ends_at": ends_at }),
    );
    tx.record(at, permit.who(), &event, id)
}

/// Ends a delegation: one's own, or anybody's for an administrator of the account.
pub fn end_delegation(
    tx: &mut Tx<'_>,
    permit: &Permit<DecideAccess>,
    at: Moment,
    id: DelegationId,
) -> Result<Recorded<()>> {
    let account = permit.within().account()?;
    let found = delegation::find(tx, account, id)?;
    let is_own = permit.who().person == Some(found.from);
    if !is_own && permit.within().only().is_some() {
        return Err(Error::refused(
            "access-requests.not-your-delegation",
            "A delegation is ended by who named the delegate, or by a Smart Account Administrator.",
        ));
    }
    if !delegation::end(tx, account, id, at)? {
        return Err(Error::refused(
            "access-requests.delegation-over",
            "This delegation is over already.",
        ));
    }
    let (from, to) = (people::find(tx, found.from)?, people::find(tx, found.to)?);
    let event = Event::new(
        Kind::AccessDelegationEnded,
        id,
        format!(
            "{} no longer decides access requests on behalf of {}.",
            to.label(),
            from.label()
        ),
    )
    .within(account)
    .changed(&json!({ "ends_at": found.ends_at }), &json!({ "ended_at": at }));
    tx.record(at, permit.who(), &event, ())
}
