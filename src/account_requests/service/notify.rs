//! Letters about a request, and what the neighbours of a domain are told.

use crate::account_requests::letters;
use crate::account_requests::model::{Creator, Request};
use crate::authn::people::{self, PlatformRole};
use crate::authz::{Role, grants};
use crate::error::{Error, Result};
use crate::kernel::ids::{CreatorId, PersonId, SmartAccountId};
use crate::kernel::{EmailAddress, Moment};
use crate::platform::db::Tx;
use crate::platform::mail;
use crate::smart_accounts::{SmartAccount, State};
use serde_json::json;

pub(super) fn address_of(creator: &Creator) -> Result<EmailAddress> {
    EmailAddress::parse(&creator.email).map_err(Error::internal)
}

pub(super) fn post(
    tx: &mut Tx<'_>,
    at: Moment,
    letter: &'static str,
    request: &Request,
    extra: &serde_json::Value,
    name: &str,
    to: &EmailAddress,
) -> Result<()> {
    mail::post(tx, at, letter, request.id.as_str(), extra, name, to).map(drop)
}

pub(super) fn post_to_creator(
    tx: &mut Tx<'_>,
    at: Moment,
    letter: &'static str,
    creator: CreatorId,
    to: &EmailAddress,
    extra: &serde_json::Value,
) -> Result<()> {
    let name = people::by_email(tx, to)?.map_or_else(String::new, |person| person.name);
    mail::post(tx, at, letter, creator.as_str(), extra, &name, to).map(drop)
}

pub(super) fn post_to_domain_approvers(
    tx: &mut Tx<'_>,
    at: Moment,
    request: &Request,
    again: bool,
) -> Result<()> {
    for approver in people::with_platform_role(tx, PlatformRole::DomainApprover)? {
        // Nobody decides their own request.
        if approver.id != request.requester {
            let extra = json!({ "again": again });
            post(
                tx,
                at,
                letters::DOMAIN,
                request,
                &extra,
                &approver.name,
                &approver.email,
            )?;
        }
    }
    Ok(())
}

/// Tells the administrators of active accounts with the same TLD.
pub(super) fn tell_neighbours(
    tx: &mut Tx<'_>,
    at: Moment,
    request: &Request,
    neighbours: &[SmartAccount],
) -> Result<()> {
    let active: Vec<SmartAccountId> = neighbours
        .iter()
        .filter(|account| account.state == State::Active)
        .map(|account| account.id)
        .collect();
    let mut told: Vec<PersonId> = Vec::new();
    for grant in grants::holders_in(tx, &active, Role::AccountAdmin)? {
        if told.contains(&grant.person) {
            continue;
        }
        told.push(grant.person);
        let person = people::find(tx, grant.person)?;
        let extra = json!({ "account": grant.account });
        post(
            tx,
            at,
            letters::SAME_TLD,
            request,
            &extra,
            &person.name,
            &person.email,
        )?;
    }
    Ok(())
}
