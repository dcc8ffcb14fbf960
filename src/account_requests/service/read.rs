//! Requests with all that a page or an answer of the API shows of them.

use super::decide::{outcome, seen};
use crate::account_requests::model::{self, Creator, Request, RequestState, Standing, Summary};
use crate::account_requests::store;
use crate::authn::Actor;
use crate::authn::people::{self, Person, PlatformRole};
use crate::authz::action::ViewAccountRequests;
use crate::authz::{Does, Permit, grants};
use crate::error::Result;
use crate::kernel::ids::{AccountRequestId, PersonId, SmartAccountId};
use crate::platform::db::Reads;
use crate::smart_accounts::{self, SmartAccount, State, Visibility};
use std::collections::HashMap;

/// Everything that the page of a request shows.
#[derive(Debug, Clone)]
pub struct Details {
    /// The request.
    pub request: Request,
    /// The account that is, or was, to be.
    pub account: SmartAccount,
    /// Who asked.
    pub requester: Person,
    /// Name of a Smart Account in which the requester has a role, to know them by.
    pub company: Option<String>,
    /// All who were asked, in order.
    pub creators: Vec<Creator>,
    /// How the reader stands to it.
    pub standing: Standing,
    /// What has become of it, in a sentence, once that is known.
    pub outcome: Option<String>,
    /// Who decided, by name.
    pub decider: Option<String>,
    /// How many other accounts have the same TLD.
    pub same_tld: usize,
    /// Accounts with a similar name that everybody may find.
    pub similar: Vec<SmartAccount>,
}

/// One request, for somebody who may see it; "not found" for everybody else.
pub fn details(read: &mut dyn Reads, permit: &Permit<impl Does>, reference: &str) -> Result<Details> {
    let reader = &permit.actor()?.person;
    let (request, standing) = seen(read, reference, reader)?;
    let account = smart_accounts::find(read, request.account)?;
    let requester = people::find(read, request.requester)?;
    let creators = store::creators_of(read, request.id)?;
    let is_open = request.state == RequestState::Pending;
    let outcome = if is_open {
        None
    } else {
        Some(outcome(read, &request)?)
    };
    let decider = match request.decided_by {
        Some(id) => Some(people::find(read, id)?.name),
        None => None,
    };
    let same_tld = smart_accounts::under_registrable(read, &account.registrable)?
        .iter()
        .filter(|other| other.id != account.id)
        .count();
    let similar = if is_open {
        similar_to(read, &account)?
    } else {
        Vec::new()
    };
    let company = company_of(read, &requester)?;
    Ok(Details {
        request,
        account,
        requester,
        company,
        creators,
        standing,
        outcome,
        decider,
        same_tld,
        similar,
    })
}

/// Only accounts that everybody may find: a Restricted one is not given away by its name.
fn similar_to(read: &mut dyn Reads, account: &SmartAccount) -> Result<Vec<SmartAccount>> {
    let mut found: Vec<SmartAccount> = Vec::new();
    for word in model::search_words(&account.name) {
        for other in smart_accounts::search(read, &word, 50)? {
            let fits = other.id != account.id
                && other.visibility == Visibility::Unrestricted
                && other.state == State::Active
                && model::similar(&other.name, &account.name);
            if fits && found.iter().all(|known| known.id != other.id) {
                found.push(other);
            }
        }
    }
    found.truncate(3);
    Ok(found)
}

fn company_of(read: &mut dyn Reads, person: &Person) -> Result<Option<String>> {
    let Some(grant) = grants::of_person(read, person.id)?.into_iter().next() else {
        return Ok(None);
    };
    Ok(Some(smart_accounts::find(read, grant.account)?.name))
}

fn reader(actor: &Actor) -> store::Reader<'_> {
    store::Reader {
        person: actor.person.id,
        email_key: actor.person.email.key(),
        approves_domains: actor.has(PlatformRole::DomainApprover),
        operates: actor.has(PlatformRole::Operator),
    }
}

/// How many there are of each state of the requests that a list shows, in the order of the states.
pub fn counts(
    read: &mut dyn Reads,
    permit: &Permit<ViewAccountRequests>,
) -> Result<Vec<(RequestState, u64)>> {
    let found = store::counts(read, &reader(permit.actor()?))?.into_iter();
    Ok(found
        .map(|(state, number)| (state, u64::try_from(number).unwrap_or_default()))
        .collect())
}

/// Requests that the reader was asked to decide or has sent; for a Domain approver also those whose domain
/// needs one; for the operator all. So many, after so many.
pub fn list(
    read: &mut dyn Reads,
    permit: &Permit<ViewAccountRequests>,
    state: Option<RequestState>,
    some: (u64, u64),
) -> Result<Vec<Summary>> {
    let actor = permit.actor()?;
    let reader = reader(actor);
    let requests = store::list(read, &reader, state, some)?;
    summaries(
        read,
        requests,
        &actor.person,
        reader.approves_domains,
        reader.operates,
    )
}

fn summaries(
    read: &mut dyn Reads,
    requests: Vec<Request>,
    reader: &Person,
    approves_domains: bool,
    operates: bool,
) -> Result<Vec<Summary>> {
    let ids: Vec<AccountRequestId> = requests.iter().map(|request| request.id).collect();
    let accounts: Vec<SmartAccountId> = requests.iter().map(|request| request.account).collect();
    let people_ids: Vec<PersonId> = requests.iter().map(|request| request.requester).collect();
    let mut asked: HashMap<AccountRequestId, Creator> =
        store::creators_by_email(read, &ids, reader.email.key())?
            .into_iter()
            .map(|creator| (creator.request, creator))
            .collect();
    let accounts: HashMap<SmartAccountId, SmartAccount> = smart_accounts::find_many(read, &accounts)?
        .into_iter()
        .map(|account| (account.id, account))
        .collect();
    let requesters: HashMap<PersonId, String> = people::find_all(read, &people_ids)?
        .into_iter()
        .map(|person| (person.id, person.label()))
        .collect();
    Ok(requests
        .into_iter()
        .filter_map(|request| {
            Some(Summary {
                account: accounts.get(&request.account)?.clone(),
                requester: requesters.get(&request.requester)?.clone(),
                standing: Standing {
                    creator: asked.remove(&request.id),
                    is_requester: request.requester == reader.id,
                    approves_domains,
                    operates,
                },
                request,
            })
        })
        .collect())
}

/// The requests that a person has sent, the newest first: for the directory.
pub fn mine(read: &mut dyn Reads, person: &Person) -> Result<Vec<Summary>> {
    let sent = store::sent_by(read, person.id)?;
    summaries(read, sent, person, false, false)
}

/// How many requests wait for the decision of an Account creator with this address.
pub fn waiting_for(read: &mut dyn Reads, email_key: &str) -> Result<i64> {
    store::count_asked(read, email_key)
}

/// How many requests wait for a Domain approver.
pub fn waiting_domains(read: &mut dyn Reads) -> Result<i64> {
    store::count_domains(read)
}
