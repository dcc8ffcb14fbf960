//! Letters about a request: who is asked to decide, and what is put into the mail.

use crate::access_requests::model::AccessRequest;
use crate::access_requests::store;
use crate::authn::people::{self, Person, PersonState};
use crate::authz::links::{self, Purpose};
use crate::authz::{Role, delegation, grants};
use crate::error::{Error, Result};
use crate::kernel::ids::{LinkId, PersonId, VirtualAccountId};
use crate::kernel::{EmailAddress, Moment};
use crate::members::Scope;
use crate::platform::db::{Reads, Tx};
use crate::platform::mail;
use crate::smart_accounts;
use serde_json::json;
use std::collections::HashMap;

/// Those who can decide a request: administrators of the account, those of all its Virtual Accounts, and
/// whoever stands in for one of them now.
fn approvers(
    read: &mut dyn Reads,
    request: &AccessRequest,
    asked: &Scope,
    at: Moment,
) -> Result<Vec<Person>> {
    let mut ids: Vec<PersonId> = grants::holders_in(read, &[request.account], Role::AccountAdmin)?
        .into_iter()
        .map(|grant| grant.person)
        .collect();
    if let Scope::These(places) = asked {
        let mut reach: HashMap<PersonId, Vec<VirtualAccountId>> = HashMap::new();
        for grant in grants::in_account(read, request.account)? {
            if let (Some(place), Role::VirtualAdmin) = (grant.virtual_account, grant.role) {
                reach.entry(grant.person).or_default().push(place);
            }
        }
        ids.extend(
            reach
                .into_iter()
                .filter(|(_, theirs)| places.iter().all(|place| theirs.contains(place)))
                .map(|(person, _)| person),
        );
    }
    for one in delegation::of_account(read, request.account, at)? {
        let is_member = !grants::of_person_in(read, request.account, one.to)?.is_empty();
        if one.counts(at) && ids.contains(&one.from) && is_member {
            ids.push(one.to);
        }
    }
    ids.sort_unstable();
    ids.dedup();
    let mut found = people::find_all(read, &ids)?;
    found.retain(|person| person.state == PersonState::Active && person.id != request.requester);
    found.sort_by_key(|person| person.id);
    Ok(found)
}

/// Writes to all who can decide, each with a link of their own. How many they are is known here alone, so the
/// links get their ids here: when the transaction is run again, others.
pub(super) fn ask_approvers(
    tx: &mut Tx<'_>,
    at: Moment,
    letter: &'static str,
    request: &AccessRequest,
    asked: &Scope,
) -> Result<Vec<String>> {
    let mut asked_of = Vec::new();
    for person in approvers(tx, request, asked, at)? {
        let link = LinkId::new();
        links::make(
            tx,
            at,
            link,
            Purpose::DecideAccess,
            request.id.as_str(),
            &person.email,
            request.expires_at,
        )?;
        let extra = json!({ "link": link });
        post(tx, at, letter, request, &extra, &person.name, &person.email)?;
        asked_of.push(person.email.to_string());
    }
    Ok(asked_of)
}

pub(super) fn post(
    tx: &mut Tx<'_>,
    at: Moment,
    letter: &'static str,
    request: &AccessRequest,
    extra: &serde_json::Value,
    name: &str,
    to: &EmailAddress,
) -> Result<()> {
    mail::post(tx, at, letter, request.id.as_str(), extra, name, to).map(drop)
}

/// The request behind an emailed link and the number of its account.
pub fn by_link(read: &mut dyn Reads, about_id: &str) -> Result<(AccessRequest, i64)> {
    let id = about_id.parse().map_err(|_| Error::NotFound)?;
    let request = store::find(read, id)?;
    let number = smart_accounts::find(read, request.account)?.number;
    Ok((request, number))
}
