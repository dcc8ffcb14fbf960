//! The Virtual Accounts of a request: those that were asked for and those that are given.

use crate::access_requests::model::{self, AccessRequest, Part, Place, ScopeKind};
use crate::access_requests::store;
use crate::authz::Role;
use crate::error::Result;
use crate::kernel::ids::SmartAccountId;
use crate::members::Scope;
use crate::platform::db::Reads;
use crate::virtual_accounts;

pub(super) fn names_of(places: &[Place]) -> Vec<&str> {
    places.iter().map(|place| place.name.as_str()).collect()
}

pub(super) fn wanted_words(role: Role, scope: &Scope, places: &[Place]) -> String {
    model::wanted(role, ScopeKind::of(scope), places)
}

/// The Virtual Accounts of a request.
pub fn places(read: &mut dyn Reads, request: &AccessRequest, part: Part) -> Result<Vec<Place>> {
    Ok(store::places_of(read, &[request.id])?
        .into_iter()
        .filter(|(_, other, _)| *other == part)
        .map(|(_, _, place)| place)
        .collect())
}

/// A scope with the names of its Virtual Accounts, without those that are gone; none when nothing is left.
pub(super) fn still_there(
    read: &mut dyn Reads,
    account: SmartAccountId,
    scope: Scope,
) -> Result<Option<(Scope, Vec<Place>)>> {
    let Scope::These(wanted) = scope else {
        return Ok(Some((scope, Vec::new())));
    };
    let places: Vec<Place> = virtual_accounts::names(read, &[account])?
        .into_iter()
        .filter(|(_, id, _, _)| wanted.contains(id))
        .map(|(_, id, name, _)| Place { id, name })
        .collect();
    let scope = Scope::These(places.iter().map(|place| place.id).collect());
    Ok((!places.is_empty()).then_some((scope, places)))
}

pub(super) fn asked_scope(read: &mut dyn Reads, request: &AccessRequest) -> Result<Scope> {
    let asked = places(read, request, Part::Asked)?;
    Ok(request
        .scope
        .with(asked.into_iter().map(|place| place.id).collect()))
}
