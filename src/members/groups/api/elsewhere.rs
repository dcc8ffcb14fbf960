//! The operations on groups in other Smart Accounts.

use super::shapes::{ExternalList, GroupAccess, GroupAsked, GroupAsks, GroupRequest};
use crate::authz::action::{ManageGroups, ViewUsers};
use crate::http::form::PathPart;
use crate::http::{Answer, Api, JsonBody, May, Routes, json, reply};
use crate::kernel::ids::UserGroupId;
use crate::members::access;
use crate::members::groups::operations::{Lookup, ask_now};
use crate::members::groups::service;
use actix_web::http::Method;

/// The operations.
pub(super) fn routes(routes: &mut Routes) {
    routes.api(
        Method::GET,
        "/api/v1/accounts/{said}/user-groups/external",
        Api::says("User groups of other Smart Accounts that have access to this one.")
            .gives::<ExternalList>(200),
        external,
    );
    routes.api(
        Method::GET,
        "/api/v1/accounts/{said}/user-groups/external/{lookup}",
        Api::says("The request of an external user group with this request lookup ID.")
            .gives::<GroupRequest>(200),
        look_up,
    );
    routes.api(
        Method::POST,
        "/api/v1/accounts/{said}/user-groups/external/{lookup}/grant",
        Api::says("Grant Smart Account access to an external user group.")
            .takes::<GroupAccess>()
            .gives::<GroupRequest>(200),
        grant,
    );
    routes.api(
        Method::POST,
        "/api/v1/accounts/{said}/user-groups/external/{lookup}/decline",
        Api::says("Decline the request of an external user group.").gives_nothing(),
        decline,
    );
    routes.api(
        Method::POST,
        "/api/v1/accounts/{said}/user-groups/external/{lookup}/end",
        Api::says("End the access of an external user group.").gives_nothing(),
        end,
    );
    routes.api(
        Method::POST,
        "/api/v1/accounts/{said}/user-groups/{group}/requests",
        Api::says("Request access to another Smart Account for a user group.")
            .takes::<GroupAsks>()
            .gives::<GroupAsked>(201),
        ask,
    );
    routes.api(
        Method::POST,
        "/api/v1/accounts/{said}/user-groups/{group}/requests/{lookup}/end",
        Api::says("End the access of one's user group to another Smart Account, or take the request back.")
            .gives_nothing(),
        end_mine,
    );
}

async fn ask(may: May<ManageGroups>, id: PathPart<UserGroupId>, body: JsonBody<GroupAsks>) -> Answer {
    let group = id.0;
    // Somebody else's group is not there, whatever is asked for it.
    may.reads(move |r, permit| service::one_of_mine(r, permit, group))
        .await?;
    let request = ask_now(&may, group, &body.value.domain, &body.value.note).await?;
    json(
        201,
        &GroupAsked {
            lookup_id: request.lookup_id,
        },
    )
}

async fn end_mine(may: May<ManageGroups>, id: PathPart<UserGroupId>, lookup: PathPart<Lookup>) -> Answer {
    let (id, lookup) = (id.0, lookup.0.0);
    may.does(move |tx, permit, at| service::end_as_owner(tx, permit, at, id, &lookup))
        .await?;
    reply::nothing()
}

async fn external(may: May<ViewUsers>) -> Answer {
    let found = may.reads(move |r, permit| service::external(r, permit)).await?;
    let items: Vec<GroupRequest> = found.into_iter().map(GroupRequest::of).collect();
    json(
        200,
        &ExternalList {
            total: items.len(),
            items,
        },
    )
}

async fn look_up(may: May<ManageGroups>, lookup: PathPart<Lookup>) -> Answer {
    let asked = may
        .reads(move |r, permit| service::look_up(r, permit, &lookup.0.0))
        .await?;
    json(200, &GroupRequest::of(asked))
}

async fn grant(may: May<ManageGroups>, lookup: PathPart<Lookup>, body: JsonBody<GroupAccess>) -> Answer {
    let (role, scope) = (body.value.role, access::of_api(body.value.virtual_accounts));
    let lookup = lookup.0.0;
    let id = lookup.clone();
    may.does(move |tx, permit, at| service::let_in(tx, permit, at, &id, &scope, role))
        .await?;
    let asked = may
        .reads(move |r, permit| service::look_up(r, permit, &lookup))
        .await?;
    json(200, &GroupRequest::of(asked))
}

async fn decline(may: May<ManageGroups>, lookup: PathPart<Lookup>) -> Answer {
    let lookup = lookup.0.0;
    may.does(move |tx, permit, at| service::decline(tx, permit, at, &lookup))
        .await?;
    reply::nothing()
}

async fn end(may: May<ManageGroups>, lookup: PathPart<Lookup>) -> Answer {
    let lookup = lookup.0.0;
    may.does(move |tx, permit, at| service::end_as_target(tx, permit, at, &lookup))
        .await?;
    reply::nothing()
}
