//! Requests with all that a page or an answer of the API shows of them.

use super::decide::seen;
use super::settle::outcome;
use crate::access_requests::model::{self, AccessRequest, AccessState, Part, Place, authority};
use crate::access_requests::store;
use crate::authn::people::{self, Person};
use crate::authz::action::{DecideAccess, ViewAccessRequests, ViewDirectory};
use crate::authz::{Action, Does, Permit, Within, delegation, matrix};
use crate::error::{Error, Result};
use crate::http::list::Asked;
use crate::http::menu::Onlooker;
use crate::kernel::ids::{AccessRequestId, PersonId, SmartAccountId, VirtualAccountId};
use crate::platform::db::{Read, Reads};
use crate::smart_accounts::{self, SmartAccount};
use std::collections::HashMap;

/// Of so many requests at a time is asked what stands in other tables.
const AT_ONCE: usize = 500;

/// A request with all that a page shows of it.
#[derive(Debug, Clone)]
pub struct Details {
    /// The request.
    pub request: AccessRequest,
    /// To which account.
    pub account: SmartAccount,
    /// Who asks.
    pub requester: Person,
    /// The Virtual Accounts that were asked for.
    pub asked: Vec<Place>,
    /// Those that were given.
    pub given: Vec<Place>,
    /// Who decided, by name.
    pub decider: Option<String>,
    /// In whose stead, by name.
    pub on_behalf_of: Option<String>,
    /// What has become of it, in a sentence, once that is known.
    pub outcome: Option<String>,
}

impl Details {
    /// "Virtual Account User of A, B".
    pub fn wanted(&self) -> String {
        model::wanted(self.request.role, self.request.scope, &self.asked)
    }
    /// What was given, in the same words.
    pub fn gift(&self) -> Option<String> {
        Some(model::wanted(
            self.request.given_role?,
            self.request.given_scope?,
            &self.given,
        ))
    }
}

/// Adds to requests what stands in other tables: a few questions for all of them.
fn fill(read: &mut dyn Reads, requests: Vec<AccessRequest>) -> Result<Vec<Details>> {
    let ids: Vec<AccessRequestId> = requests.iter().map(|request| request.id).collect();
    let mut accounts: Vec<SmartAccountId> = requests.iter().map(|request| request.account).collect();
    accounts.sort_unstable();
    accounts.dedup();
    let mut persons: Vec<PersonId> = requests
        .iter()
        .flat_map(|request| [Some(request.requester), request.decided_by, request.on_behalf_of])
        .flatten()
        .collect();
    persons.sort_unstable();
    persons.dedup();
    let accounts: HashMap<SmartAccountId, SmartAccount> = smart_accounts::find_many(read, &accounts)?
        .into_iter()
        .map(|account| (account.id, account))
        .collect();
    let persons: HashMap<PersonId, Person> = people::find_all(read, &persons)?
        .into_iter()
        .map(|person| (person.id, person))
        .collect();
    let mut asked: HashMap<AccessRequestId, Vec<Place>> = HashMap::new();
    let mut given: HashMap<AccessRequestId, Vec<Place>> = HashMap::new();
    for (request, part, place) in store::places_of(read, &ids)? {
        let into = match part {
            Part::Asked => &mut asked,
            Part::Given => &mut given,
        };
        into.entry(request).or_default().push(place);
    }
    let name = |id: Option<PersonId>| id.and_then(|id| persons.get(&id)).map(|p| p.name.clone());
    Ok(requests
        .into_iter()
        .filter_map(|request| {
            Some(Details {
                account: accounts.get(&request.account)?.clone(),
                requester: persons.get(&request.requester)?.clone(),
                asked: asked.remove(&request.id).unwrap_or_default(),
                given: given.remove(&request.id).unwrap_or_default(),
                decider: name(request.decided_by),
                on_behalf_of: name(request.on_behalf_of),
                outcome: None,
                request,
            })
        })
        .collect())
}

pub(super) fn one(read: &mut dyn Reads, request: AccessRequest) -> Result<Details> {
    let outcome = match request.state {
        AccessState::Pending => None,
        _ => Some(outcome(read, &request)?),
    };
    let details = fill(read, vec![request])?.pop().ok_or(Error::NotFound)?;
    Ok(Details { outcome, ..details })
}

/// A request that was changed just now, with all that is shown of it.
pub fn complete(read: &mut dyn Reads, request: AccessRequest) -> Result<Details> {
    one(read, request)
}

/// What somebody has asked for, the newest first; at most 200.
pub fn own(read: &mut dyn Reads, permit: &Permit<ViewDirectory>) -> Result<Vec<Details>> {
    let sent = store::sent_by(read, permit.person()?, None)?;
    fill(read, sent)
}

/// What somebody has asked for and waits for.
pub fn own_pending(read: &mut dyn Reads, person: PersonId) -> Result<Vec<AccessRequest>> {
    store::sent_by(read, person, Some(AccessState::Pending))
}

/// One of the requests that somebody has sent.
pub fn own_one(read: &mut dyn Reads, permit: &Permit<ViewDirectory>, id: AccessRequestId) -> Result<Details> {
    let request = store::find_of(read, permit.person()?, id)?;
    one(read, request)
}

/// How many requests of an account the reader can see: all, or those wholly within their Virtual Accounts.
pub fn count(
    read: &mut dyn Reads,
    permit: &Permit<ViewAccessRequests>,
    pending: bool,
    asked: &Asked,
) -> Result<u64> {
    let only = model::reach(permit.within(), permit.mandates());
    store::count(read, permit.within(), only.as_deref(), pending, asked)
}

/// So many of these, after so many.
pub fn list(
    read: &mut dyn Reads,
    permit: &Permit<ViewAccessRequests>,
    pending: bool,
    asked: &Asked,
    cut: (u64, u64),
) -> Result<Vec<Details>> {
    let only = model::reach(permit.within(), permit.mandates());
    let mut rows = store::list(read, permit.within(), only.as_deref(), pending, asked, cut)?.into_iter();
    let mut filled = Vec::with_capacity(rows.len());
    while rows.len() > 0 {
        filled.extend(fill(read, rows.by_ref().take(AT_ONCE).collect())?);
    }
    Ok(filled)
}

/// One request of an account, and by whose right the reader can decide it.
pub fn details(
    read: &mut dyn Reads,
    permit: &Permit<ViewAccessRequests>,
    id: AccessRequestId,
) -> Result<(Details, Standing)> {
    details_for(read, permit, id)
}

/// The same for who is about to decide it.
pub fn details_to_decide(
    read: &mut dyn Reads,
    permit: &Permit<DecideAccess>,
    id: AccessRequestId,
) -> Result<(Details, Standing)> {
    details_for(read, permit, id)
}

fn details_for<A: Does>(
    read: &mut dyn Reads,
    permit: &Permit<A>,
    id: AccessRequestId,
) -> Result<(Details, Standing)> {
    let (request, asked) = seen(read, permit.within(), permit.mandates(), id)?;
    let own = request.requester == permit.person()?;
    let standing = match authority(permit.within(), permit.mandates(), &[&asked]) {
        _ if own => Standing::Own,
        None => Standing::Beyond,
        Some(right) => Standing::Decides {
            everywhere: right.within().only().is_none(),
            only: right.within().only().map(<[_]>::to_vec).unwrap_or_default(),
            on_behalf_of: match &right {
                model::Authority::Own(_) => None,
                model::Authority::For(mandate) => Some(mandate.from.label()),
            },
        },
    };
    Ok((one(read, request)?, standing))
}

/// How somebody stands to a request that they see.
#[derive(Debug, Clone)]
pub enum Standing {
    /// They sent it.
    Own,
    /// It reaches beyond each of their rights.
    Beyond,
    /// They can decide it.
    Decides {
        /// In the whole account.
        everywhere: bool,
        /// Otherwise in these Virtual Accounts.
        only: Vec<VirtualAccountId>,
        /// In whose stead.
        on_behalf_of: Option<String>,
    },
}

/// How many requests wait for somebody; none for who cannot decide any. Asked on every page.
pub fn waiting(read: &mut Read<'_>, onlooker: &Onlooker<'_>) -> Result<Option<u64>> {
    let account = onlooker.tenant.id;
    let own = if onlooker.actor.has(crate::authn::PlatformRole::Support) {
        return store::count_pending(read, account, None).map(Some);
    } else {
        matrix::by_roles(Action::DecideAccess, onlooker.tenant, onlooker.grants)
    };
    if onlooker.grants.is_empty() {
        return Ok(None);
    }
    if own.as_ref().is_some_and(|within| within.only().is_none()) {
        return store::count_pending(read, account, None).map(Some);
    }
    let mut reach: Vec<Within> = own.into_iter().collect();
    for lent in delegation::lent_to(read, account, onlooker.actor.person.id, onlooker.now)? {
        reach.extend(matrix::by_roles(
            Action::DecideAccess,
            onlooker.tenant,
            &lent.grants,
        ));
    }
    if reach.is_empty() {
        return Ok(None);
    }
    let mut only = Vec::new();
    for within in &reach {
        match within.only() {
            None => return store::count_pending(read, account, None).map(Some),
            Some(some) => only.extend_from_slice(some),
        }
    }
    store::count_pending(read, account, Some(&only)).map(Some)
}
