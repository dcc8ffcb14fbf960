//! The operations on groups in other Smart Accounts.

use super::shapes::{ExternalList, GroupAccess, GroupAsked, GroupAsks, GroupRequest};
use crate::authz::action::{ManageGroups, ViewUsers};
use crate::error::Error;
use crate::http::form::PathPart;
use crate::http::{Answer, JsonBody, May, json, reply};
use crate::kernel::ids::UserGroupId;
use crate::members::access;
use crate::members::groups::pages::{Lookup, read_asking};
use crate::members::groups::service;

pub(super) async fn ask(
    may: May<ManageGroups>,
    id: PathPart<UserGroupId>,
    body: JsonBody<GroupAsks>,
) -> Answer {
    let (permit, group) = (may.permit.clone(), id.0);
    // Somebody else's group is not there, whatever is asked for it.
    may.portal
        .db
        .read(move |r| service::one_of_mine(r, &permit, group))
        .await?;
    let asking = read_asking(&body.value.domain, &body.value.note).map_err(Error::Invalid)?;
    let (permit, at, id) = (may.permit.clone(), may.portal.clock.now(), id.0);
    let request = may
        .portal
        .db
        .write(move |tx| service::ask(tx, &permit, at, id, &asking))
        .await?;
    may.portal.jobs.nudge();
    json(
        201,
        &GroupAsked {
            lookup_id: request.lookup_id,
        },
    )
}

pub(super) async fn end_mine(
    may: May<ManageGroups>,
    id: PathPart<UserGroupId>,
    lookup: PathPart<Lookup>,
) -> Answer {
    let (permit, at, id, lookup) = (may.permit.clone(), may.portal.clock.now(), id.0, lookup.0.0);
    may.portal
        .db
        .write(move |tx| service::end_as_owner(tx, &permit, at, id, &lookup))
        .await?;
    may.portal.jobs.nudge();
    reply::nothing()
}

pub(super) async fn external(may: May<ViewUsers>) -> Answer {
    let permit = may.permit.clone();
    let found = may.portal.db.read(move |r| service::external(r, &permit)).await?;
    let items: Vec<GroupRequest> = found.into_iter().map(GroupRequest::of).collect();
    json(
        200,
        &ExternalList {
            total: items.len(),
            items,
        },
    )
}

pub(super) async fn look_up(may: May<ManageGroups>, lookup: PathPart<Lookup>) -> Answer {
    let permit = may.permit.clone();
    let asked = may
        .portal
        .db
        .read(move |r| service::look_up(r, &permit, &lookup.0.0))
        .await?;
    json(200, &GroupRequest::of(asked))
}

pub(super) async fn grant(
    may: May<ManageGroups>,
    lookup: PathPart<Lookup>,
    body: JsonBody<GroupAccess>,
) -> Answer {
    let (role, scope) = (body.value.role, access::of_api(body.value.virtual_accounts));
    let (permit, at, lookup) = (may.permit.clone(), may.portal.clock.now(), lookup.0.0);
    let id = lookup.clone();
    may.portal
        .db
        .write(move |tx| service::let_in(tx, &permit, at, &id, &scope, role))
        .await?;
    may.portal.jobs.nudge();
    let permit = may.permit.clone();
    let asked = may
        .portal
        .db
        .read(move |r| service::look_up(r, &permit, &lookup))
        .await?;
    json(200, &GroupRequest::of(asked))
}

pub(super) async fn decline(may: May<ManageGroups>, lookup: PathPart<Lookup>) -> Answer {
    let (permit, at, lookup) = (may.permit.clone(), may.portal.clock.now(), lookup.0.0);
    may.portal
        .db
        .write(move |tx| service::decline(tx, &permit, at, &lookup))
        .await?;
    may.portal.jobs.nudge();
    reply::nothing()
}

pub(super) async fn end(may: May<ManageGroups>, lookup: PathPart<Lookup>) -> Answer {
    let (permit, at, lookup) = (may.permit.clone(), may.portal.clock.now(), lookup.0.0);
    may.portal
        .db
        .write(move |tx| service::end_as_target(tx, &permit, at, &lookup))
        .await?;
    may.portal.jobs.nudge();
    reply::nothing()
}
